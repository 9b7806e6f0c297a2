"""The server as a process: what it says, how it ends, and that it never outlives who started it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
import torch
from forked_programs import ForkedProgram
from serve_fixtures import (
    arguments_for,
    command,
    environment,
    fork,
    running_server,
    text_of,
    write_adapter,
    write_lively,
)
from transformers import GPT2Config, GPT2LMHeadModel

from maft.serve import server
from maft.serve.errors import BaseTooLarge
from maft.serve.metrics import Metrics
from maft.serve.settings import parse_settings
from maft.tiny.vocabulary import build_tokenizer

CHAT = {"model": "base", "messages": [{"role": "user", "content": "1+2"}], "max_tokens": 500, "n": 32}


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_lively(tmp_path_factory.mktemp("process") / "base")


def refusal(folder: Path, *extra: str) -> tuple[int, str]:
    server = ForkedProgram("maft.serve", arguments_for(folder, *extra), reading=(1, 2))
    try:
        assert server.stderr is not None
        return server.wait(), server.stderr.read().strip()
    finally:
        server.close()


def test_a_folder_that_is_no_model_is_one_sentence_and_exit_code_2(tmp_path: Path) -> None:
    (tmp_path / "pickled").mkdir()
    (tmp_path / "pickled" / "config.json").write_text("{}")
    (tmp_path / "pickled" / "pytorch_model.bin").write_bytes(b"")
    for folder, words in (("nowhere", "is not a folder"), (".", "no config.json"), ("pickled", "pickled weights")):
        asked = command(tmp_path / folder, "--base-name", "base")
        ended = subprocess.run(asked, capture_output=True, text=True, env=environment(), timeout=120)
        message = ended.stderr.strip()
        assert ended.returncode == 2 and words in message and "\n" not in message


def test_a_torn_checkpoint_is_one_sentence_and_exit_code_2(base: Path, tmp_path: Path) -> None:
    for file in base.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes()[: 1000 if file.suffix == ".safetensors" else None])
    code, message = refusal(tmp_path, "--base-name", "base")
    assert code == 2 and "cannot be loaded" in message.splitlines()[-1] and "Traceback" not in message


def test_a_taken_port_is_said_plainly(base: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        code, message = refusal(base, "--port", port)
    assert code == 1 and port in message.splitlines()[-1] and "Traceback" not in message


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_with_exit_code_0_and_answers_who_waits(base: Path, number: signal.Signals) -> None:
    server, ready = fork(base)
    url = f"http://127.0.0.1:{ready['port']}/v1/chat/completions"
    with ThreadPoolExecutor(8) as pool:
        answers = [pool.submit(httpx.post, url, json=CHAT, timeout=60) for _ in range(8)]
        time.sleep(0.3)
        server.send_signal(number)
        assert server.wait(timeout=20) == 0
        for answer in answers:
            try:
                assert answer.result().status_code in (200, 503)
            except httpx.TransportError:
                pass  # not accepted any more
    server.close()


def test_the_ready_line_names_port_and_models_and_it_ends_when_its_parent_is_killed(base: Path) -> None:
    """`python -m maft.serve` itself, without what other tests prepare for it."""
    script = (
        "import subprocess, sys, time\n"
        "child = subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)\n"
        "print(child.stdout.readline(), end=''); print(child.pid, flush=True); time.sleep(600)\n"
    )
    served = command(base, "--models", str(base.parent), "--base-name", "org/name", "--exit-with-parent")
    arguments = [sys.executable, "-c", script, *served]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True, env=environment()) as parent:
        assert parent.stdout is not None
        try:
            ready = json.loads(parent.stdout.readline())
            child = int(parent.stdout.readline())
            assert ready["event"] == "ready" and ready["models"] == ["org/name", "base"]
            assert httpx.get(f"http://127.0.0.1:{ready['port']}/health", timeout=30).status_code == 200
        finally:
            parent.kill()
    deadline = time.monotonic() + 10
    while is_alive(child) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not is_alive(child)


def test_it_ends_when_its_parent_is_gone_while_the_base_is_loaded(base: Path) -> None:
    """Loading stands still here; of a large model on a slow disk it takes minutes."""
    server = ForkedProgram("endless_loading", arguments_for(base, "--exit-with-parent"))
    assert server.stdout.readline() == "loading\n"
    server.stdin.close()
    assert server.wait(timeout=10) != 0
    server.close()


def test_a_base_that_does_not_fit_is_no_broken_folder(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def load(_: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")

    monkeypatch.setattr(server, "make_loader", load)
    with pytest.raises(BaseTooLarge, match="Free some, or give a smaller model"):
        server.load_base(parse_settings(["--base", str(base)]), Metrics())


def is_alive(pid: int) -> bool:
    """A process that ended but was not waited for by its new parent counts as ended."""
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False


def test_any_other_causal_model_is_served_by_transformers_itself(tmp_path: Path) -> None:
    torch.manual_seed(0)
    tokenizer = build_tokenizer()
    config = GPT2Config(vocab_size=len(tokenizer), n_embd=32, n_layer=2, n_head=2, n_positions=256)
    model = GPT2LMHeadModel(config)
    model.generation_config.eos_token_id = [tokenizer.eos_token_id]
    model.save_pretrained(tmp_path / "base")
    tokenizer.save_pretrained(tmp_path / "base")
    write_adapter(tmp_path / "base", tmp_path / "adapter-1")
    bodies = [
        {**CHAT, "model": ("base", "adapter-1")[seed % 2], "max_tokens": 4 + seed, "seed": seed, "n": 1}
        for seed in range(20)
    ]
    with running_server(tmp_path / "base", "--models", str(tmp_path)) as client:
        answers = [client.post("/v1/chat/completions", json=body) for body in bodies]
        assert all(answer.status_code == 200 for answer in answers), answers[0].text
        alone = [text_of(answer.json()) for answer in answers]
        with ThreadPoolExecutor(20) as pool:
            crowd = list(pool.map(lambda body: client.post("/v1/chat/completions", json=body).json(), bodies))
    assert [text_of(answer) for answer in crowd] == alone


def test_the_fast_path_and_transformers_write_the_same_texts(base: Path) -> None:
    bodies = [{**CHAT, "max_tokens": 20, "n": 1, "seed": seed} for seed in range(20)]

    def write(*extra: str) -> list[str]:
        with running_server(base, "--precision", "float64", *extra) as client:
            return [text_of(client.post("/v1/chat/completions", json=body).json()) for body in bodies]

    assert write() == write("--no-fast-path")
