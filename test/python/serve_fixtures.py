"""Real processes of `maft.serve` for the tests, on free loopback ports, over small random models."""

from __future__ import annotations

import contextlib
import functools
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import torch
from forked_programs import PYTHON_FOLDER, ForkedProgram
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file, save_file
from tiny_llama import write_tiny_llama
from transformers import AutoModelForCausalLM


def write_lively(folder: Path, seed: int = 0, hidden: int = 32) -> Path:
    """A random model with opinions: fresh weights give every token about the same share, whatever was said before."""
    write_tiny_llama(folder, seed=seed, hidden=hidden)
    tensors = load_file(folder / "model.safetensors")
    for name, tensor in tensors.items():
        tensors[name] = tensor * (12.0 if tensor.dim() == 2 else 1.0)
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    return folder


def write_adapter(base: Path, folder: Path, seed: int = 0, **extra: Any) -> Path:
    """A LoRA adapter whose update is not zero, as PEFT saves it."""
    torch.manual_seed(seed)
    config = LoraConfig(r=4, lora_alpha=8, target_modules="all-linear", task_type="CAUSAL_LM", **extra)
    model = get_peft_model(AutoModelForCausalLM.from_pretrained(base), config)
    for name, parameter in model.named_parameters():
        if "lora_" in name:
            torch.nn.init.normal_(parameter, std=0.1)
    model.save_pretrained(folder)
    return folder


def write_models(directory: Path) -> Path:
    """base, full-1, full-2, adapter-1, and folders that are broken on purpose. Returns the base."""
    base = write_lively(directory / "base")
    write_lively(directory / "full-1", seed=1)
    write_lively(directory / "full-2", seed=2)
    write_adapter(base, directory / "adapter-1")
    broken = directory / "pickled"
    broken.mkdir()
    (broken / "config.json").write_text((base / "config.json").read_text())
    torch.save({}, broken / "pytorch_model.bin")
    torn = directory / "torn"
    torn.mkdir()
    (torn / "config.json").write_text((base / "config.json").read_text())
    save_file({"model.norm.weight": torch.ones(32)}, torn / "model.safetensors")
    return base


@functools.cache
def measurements() -> tempfile.TemporaryDirectory[str]:
    """What the servers of all tests remember of this machine, until the end of this process."""
    return tempfile.TemporaryDirectory()


def arguments_for(base: Path, *extra: str) -> list[str]:
    threads = [] if "--threads" in extra else ["--threads", "1"]
    return ["--base", str(base), "--port", "0", "--measurements", measurements().name, *threads, *extra]


def command(base: Path, *extra: str) -> list[str]:
    return [sys.executable, "-m", "maft.serve", *arguments_for(base, *extra)]


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(PYTHON_FOLDER)}


def fork(base: Path, *extra: str, files: tuple[int, int] | None = None) -> tuple[ForkedProgram, dict[str, Any]]:
    """A server and its ready line. `files`: limits (soft, hard) of its open files."""
    server = ForkedProgram("maft.serve", arguments_for(base, *extra), files=files)
    line = server.stdout.readline()
    assert line, f"the server ended with exit code {server.wait()}"
    return server, json.loads(line)


@contextlib.contextmanager
def running_server(base: Path, *extra: str) -> Iterator[httpx.Client]:
    server, ready = fork(base, *extra)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{ready['port']}", timeout=120) as client:
            yield client
    finally:
        server.close()


def ask(client: httpx.Client, model: str = "base", content: str = "1+2", **extra: Any) -> Any:
    """A chat completion that must succeed; returns the parsed answer."""
    body = {"model": model, "messages": [{"role": "user", "content": content}], "max_tokens": 8, **extra}
    response = client.post("/v1/chat/completions", json=body)
    assert response.status_code == 200, response.text
    return response.json()


def text_of(answer: Any) -> str:
    return str(answer["choices"][0]["message"]["content"])


def error_of(response: httpx.Response) -> Any:
    return response.json()["error"]
