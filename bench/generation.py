"""How much of a plain loop's speed the server keeps: 64 debate requests over seven models, both ways, side by side.

    python bench/generation.py [--model models/tiny-arithmetic] [--threads 1] [--repetitions 7]

The plain loop is what one would write by hand for exactly this job: the same weights in float32, fused projections, a
preallocated cache, one batch per model, no server, no HTTP, no text. The server gets the same 64 requests at once over
HTTP. A second plain loop is given all 64 as one batch of the base: what the job would cost if the seven were one model.
Repetitions alternate, so that a busy machine slows all. Prints one JSON object.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.nn import functional

ROOT = Path(__file__).resolve().parent.parent
VERSIONS = ["base", *(f"{role}-{member}" for role in ("generation", "critic") for member in (1, 2, 3))]
REQUESTS = 64
MAX_TOKENS = 96
SOLUTION = "2*7=14 4*9=36 3+14=17 17+5=22 22-36=-14 #-14"
QUESTION = "3+2*7+5-4*9=?"


@dataclass
class Job:
    """One request: what the server is sent, and the tokens that the plain loop is given."""

    version: str
    messages: list[dict[str, str]]
    tokens: list[int]
    seed: int


def debate_messages(version: str) -> list[dict[str, str]]:
    """What an agent of that role is sent in a debate."""
    if version == "base":
        return [{"role": "user", "content": f"List:\n{SOLUTION}\n{SOLUTION}"}]
    question = {"role": "user", "content": QUESTION}
    if version.startswith("generation"):
        return [question]
    again = {"role": "user", "content": f"Others: -14, -13. {QUESTION}"}
    return [question, {"role": "assistant", "content": SOLUTION}, again]


def make_jobs(tokenizer: Any) -> list[Job]:
    jobs = []
    for index in range(REQUESTS):
        version = VERSIONS[index % len(VERSIONS)]
        messages = debate_messages(version)
        text = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
        tokens = tokenizer(text, add_special_tokens=False)["input_ids"]
        jobs.append(Job(version, messages, tokens, seed=index))
    return jobs


def make_versions(model: Path, directory: Path) -> None:
    """Seven folders whose weights differ a little, as tuned ones do."""
    for index, version in enumerate(VERSIONS):
        shutil.copytree(model, directory / version)
        tensors = load_file(model / "model.safetensors")
        noise = torch.Generator().manual_seed(index)
        for name, tensor in tensors.items() if index else ():
            tensors[name] = tensor + 1e-4 * torch.randn(tensor.shape, generator=noise)
        save_file(tensors, directory / version / "model.safetensors", metadata={"format": "pt"})


# -- the plain loop -----------------------------------------------------------------------------------------------------


class PlainModel:
    """A Llama in float32 with fused projections; only what this benchmark needs."""

    def __init__(self, folder: Path) -> None:
        tensors = load_file(folder / "model.safetensors")
        config = json.loads((folder / "config.json").read_text())
        self.heads = config["num_attention_heads"]
        self.hidden = config["hidden_size"]
        self.size = self.hidden // self.heads
        assert config["num_key_value_heads"] == self.heads, "the plain loop knows no grouped heads"
        self.embedding = tensors["model.embed_tokens.weight"]
        self.head = tensors.get("lm_head.weight", self.embedding)
        self.norm = tensors["model.norm.weight"]
        self.layers = [plain_layer(tensors, f"model.layers.{i}") for i in range(config["num_hidden_layers"])]
        angles = torch.outer(torch.arange(512.0), 10_000.0 ** (-torch.arange(0, self.size, 2) / self.size))
        self.cosine = torch.cat((angles.cos(), angles.cos()), -1)
        self.sine = torch.cat((-angles.sin(), angles.sin()), -1)

    def forward(self, tokens: Tensor, positions: Tensor, cache: list[Tensor], start: int, mask: Tensor) -> Tensor:
        """Logits [rows, vocabulary] of the last token; `cache` is [2, rows, heads, columns, size] per layer."""
        rows, width = tokens.shape
        x = functional.embedding(tokens, self.embedding)
        cosine, sine = self.cosine[positions].unsqueeze(2), self.sine[positions].unsqueeze(2)
        for layer, stored in zip(self.layers, cache, strict=True):
            h = functional.rms_norm(x, (self.hidden,), layer["input"], 1e-6)
            fused = functional.linear(h, layer["qkv"]).view(rows, width, 3 * self.heads, self.size)
            turned = fused[:, :, : 2 * self.heads]
            turned = turned * cosine + turned.roll(self.size // 2, -1) * sine
            stored[0, :, :, start : start + width] = turned[:, :, self.heads :].transpose(1, 2)
            stored[1, :, :, start : start + width] = fused[:, :, 2 * self.heads :].transpose(1, 2)
            keys, values = stored[:, :, :, : start + width]
            queries = turned[:, :, : self.heads].transpose(1, 2)
            mixed = functional.scaled_dot_product_attention(queries, keys, values, attn_mask=mask)
            x = x + functional.linear(mixed.transpose(1, 2).reshape(rows, width, -1), layer["output"])
            h = functional.rms_norm(x, (self.hidden,), layer["middle"], 1e-6)
            gate, up = functional.linear(h, layer["gate_up"]).chunk(2, -1)
            x = x + functional.linear(functional.silu(gate) * up, layer["down"])
        return functional.linear(functional.rms_norm(x[:, -1], (self.hidden,), self.norm, 1e-6), self.head)


def plain_layer(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    def weight(name: str) -> Tensor:
        return tensors[f"{prefix}.{name}.weight"]

    return {
        "input": weight("input_layernorm"),
        "middle": weight("post_attention_layernorm"),
        "qkv": torch.cat([weight(f"self_attn.{each}_proj") for each in "qkv"]),
        "output": weight("self_attn.o_proj"),
        "gate_up": torch.cat([weight("mlp.gate_proj"), weight("mlp.up_proj")]),
        "down": weight("mlp.down_proj"),
    }


def plain_batch(model: PlainModel, prompts: list[list[int]], end: int) -> int:
    """Completes one batch; returns how many tokens were drawn, end tokens included. Columns are shared: left padding."""
    width = max(len(prompt) for prompt in prompts)
    rows, columns = len(prompts), width + MAX_TOKENS
    padding = torch.tensor([width - len(prompt) for prompt in prompts])
    tokens = torch.tensor([[0] * (width - len(prompt)) + prompt for prompt in prompts])
    positions = (torch.arange(width) - padding.unsqueeze(1)).clamp(min=0)
    visible = torch.arange(columns) >= padding.unsqueeze(1)
    mask = torch.zeros(rows, 1, 1, columns).masked_fill_(~visible[:, None, None], float("-inf"))
    causal = torch.full((width, width), float("-inf")).triu(1)
    first = (mask[..., :width] + causal).masked_fill(torch.eye(width, dtype=torch.bool), 0.0)
    cache = [torch.zeros(2, rows, model.heads, columns, model.size) for _ in model.layers]
    logits = model.forward(tokens, positions, cache, 0, first)
    running = torch.ones(rows, dtype=torch.bool)
    drawn = 0
    for step in range(MAX_TOKENS):
        chosen = torch.multinomial(logits.softmax(-1), 1)
        drawn += int(running.sum())
        running &= chosen.squeeze(1) != end
        if step + 1 == MAX_TOKENS or not bool(running.any()):
            break
        column = width + step
        logits = model.forward(chosen, (column - padding).unsqueeze(1), cache, column, mask[..., : column + 1])
    return drawn


@torch.inference_mode()
def run_one_model(model: PlainModel, jobs: list[Job], end: int) -> tuple[int, float]:
    """As `run_plain`, with all requests in one batch of one model."""
    start = time.perf_counter()
    return plain_batch(model, [job.tokens for job in jobs], end), time.perf_counter() - start


@torch.inference_mode()
def run_plain(models: dict[str, PlainModel], jobs: list[Job], end: int) -> tuple[int, float]:
    """Completion tokens and seconds."""
    start = time.perf_counter()
    drawn = 0
    for version, model in models.items():
        drawn += plain_batch(model, [job.tokens for job in jobs if job.version == version], end)
    return drawn, time.perf_counter() - start


# -- the server ---------------------------------------------------------------------------------------------------------


class Connection:
    """One kept-alive HTTP connection: what an undici or httpx pool does, at the least cost for the shared cores."""

    async def open(self, port: int) -> Connection:
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", port)
        return self

    async def post(self, body: bytes) -> dict[str, Any]:
        kind = f"Content-Type: application/json\r\nContent-Length: {len(body)}"
        head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\n{kind}\r\n\r\n"
        self.writer.write(head.encode() + body)
        answer = await self.reader.readuntil(b"\r\n\r\n")
        length = next(line for line in answer.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        parsed: dict[str, Any] = json.loads(await self.reader.readexactly(int(length.split(b":")[1])))
        if "error" in parsed:
            raise RuntimeError(parsed["error"]["message"])
        return parsed


def request_body(job: Job) -> bytes:
    sampling = {"temperature": 1, "top_p": 1, "max_tokens": MAX_TOKENS, "seed": job.seed}
    return json.dumps({"model": job.version, "messages": job.messages, **sampling}).encode()


async def run_server(port: int, bodies: list[bytes]) -> tuple[int, float]:
    """Completion tokens and seconds, all requests sent at once over connections that are open already."""
    connections = [await Connection().open(port) for _ in bodies]
    start = time.perf_counter()
    posts = [connection.post(body) for connection, body in zip(connections, bodies, strict=True)]
    answers = await asyncio.gather(*posts)
    seconds = time.perf_counter() - start
    for connection in connections:
        connection.writer.close()
    return sum(answer["usage"]["completion_tokens"] for answer in answers), seconds


def start_server(directory: Path, threads: int, extra: list[str]) -> tuple[subprocess.Popen[bytes], int]:
    command = [sys.executable, "-m", "maft.serve", "--base", str(directory / "base"), "--models", str(directory)]
    command += ["--port", "0", "--threads", str(threads), "--exit-with-parent", *extra]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "python"), "OMP_NUM_THREADS": str(threads)}
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment)
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise RuntimeError(f"the server ended with exit code {process.wait()}")
    return process, json.loads(line)["port"]


async def measure(arguments: argparse.Namespace, directory: Path) -> dict[str, Any]:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(arguments.model)
    jobs = make_jobs(tokenizer)
    models = {version: PlainModel(directory / version) for version in VERSIONS}
    process, port = start_server(directory, arguments.threads, arguments.server_argument)
    try:
        bodies = [request_body(job) for job in jobs]
        await run_server(port, bodies)
        run_plain(models, jobs, tokenizer.eos_token_id)
        runs = []
        for _ in range(arguments.repetitions):
            plain = run_plain(models, jobs, tokenizer.eos_token_id)
            one_model = run_one_model(models["base"], jobs, tokenizer.eos_token_id)
            runs.append((await run_server(port, bodies), plain, one_model))
    finally:
        process.terminate()
        process.wait()
    return summary(runs, arguments)


def summary(runs: list[tuple[tuple[int, float], ...]], arguments: argparse.Namespace) -> dict[str, Any]:
    """`runs`: tokens and seconds of the server, of the plain loop and of the one-model loop."""
    rates = [[tokens / seconds for tokens, seconds in run] for run in runs]
    ratios = [server / plain for server, plain, _ in rates]
    of_one_model = [server / one_model for server, _, one_model in rates]
    return {
        "server_tokens_per_second": round(statistics.median(rate[0] for rate in rates)),
        "plain_loop_tokens_per_second": round(statistics.median(rate[1] for rate in rates)),
        "one_model_loop_tokens_per_second": round(statistics.median(rate[2] for rate in rates)),
        "one_model_ratio": round(statistics.median(of_one_model), 3),
        "one_model_ratio_range": [round(min(of_one_model), 3), round(max(of_one_model), 3)],
        "ratio": round(statistics.median(ratios), 3),
        "ratio_range": [round(min(ratios), 3), round(max(ratios), 3)],
        "required_ratio": 0.7,
        "requests": REQUESTS,
        "versions": len(VERSIONS),
        "completion_tokens": runs[-1][0][0],
        "threads": arguments.threads,
        "repetitions": arguments.repetitions,
        "model": arguments.model.name,
        "torch": torch.__version__,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, default=ROOT / "models" / "tiny-arithmetic")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--repetitions", type=int, default=7)
    parser.add_argument("--server-argument", action="append", default=[], help="passed on to maft.serve")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    with tempfile.TemporaryDirectory() as name:
        make_versions(arguments.model, Path(name))
        print(json.dumps(asyncio.run(measure(arguments, Path(name)))))


if __name__ == "__main__":
    main()
