"""The six trainings of a demo iteration through the trainer's template, beside the same steps in one plain torch loop.

`PYTHONPATH=python python bench/training.py [--examples 200] [--repeats 3]` prints JSON. `ratio` is the trainer's best way
over the plain loop's best number of threads, each timed from the start of its Python process to its end: start-up,
loading and tokenising included on both sides; the trainer also writes checkpoints, weights and digests.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

AGENTS = ("generation-1", "generation-2", "generation-3", "critic-1", "critic-2", "critic-3")
# (jobs at a time, torch threads each)
WAYS = ((1, 1), (1, 2), (2, 1))


def write_base(folder: Path) -> None:
    """The demo's model with random weights: what it knows does not change how fast it learns."""
    from maft.tiny.model import build_model
    from maft.tiny.vocabulary import build_tokenizer

    build_model(seed=0).save_pretrained(folder)
    build_tokenizer().save_pretrained(folder)


def write_training_set(path: Path, agent: str, count: int) -> None:
    from maft.tiny.conversations import Shape, answer_conversation, revision_conversation
    from maft.tiny.process import Process

    rng, process = random.Random(agent), Process()
    with path.open("w", encoding="utf-8") as file:
        for index in range(count):
            critic = agent.startswith("critic")
            chat = revision_conversation(Shape(others=2), process, rng) if critic else answer_conversation(process, rng)
            *prompt, answer = chat.messages
            line = {"problemId": f"arithmetic-{index:06d}", "member": 1, "round": 2 if critic else 1, "weight": 1}
            file.write(json.dumps({**line, "messages": prompt, "completion": answer["content"]}) + "\n")


def write_job(folder: Path, agent: str, threads: int, out: Path) -> Path:
    job = {
        "jobId": f"{AGENTS.index(agent):016x}", "base": str(folder / "base"), "servedBase": "base",
        "startFrom": str(folder / "base"), "trainingSet": str(folder / f"{agent}.jsonl"),
        "workDirectory": str(out / f"{agent}.work"), "outputDirectory": str(out / agent), "weights": "full",
        "epochs": 2, "learningRate": 1e-4, "batchSize": 16, "maxLength": 512, "schedule": "linear", "warmupShare": 0,
        "weightDecay": 0.01, "seed": 0, "checkpointEverySeconds": 30, "device": "cpu", "threads": threads,
        "leaveOutSpelledTokens": False,
    }  # fmt: skip
    path = out / f"{agent}.json"
    path.write_text(json.dumps(job), encoding="utf-8")
    return path


def run_template(folder: Path, jobs_at_a_time: int, threads: int) -> float:
    """Seconds from starting the template to its end; raises where a training fails."""
    out = Path(tempfile.mkdtemp(dir=folder))
    waiting = [write_job(folder, agent, threads, out) for agent in AGENTS]
    reading, writing = os.pipe()
    began = time.monotonic()
    command = [sys.executable, "-m", "maft.train", "--template", "--events-fd", str(writing)]
    template = subprocess.Popen(command, stdin=subprocess.PIPE, pass_fds=(writing,))
    os.close(writing)
    assert template.stdin is not None

    def start_next() -> None:
        assert template.stdin is not None
        if waiting:
            job = waiting.pop(0)
            template.stdin.write((json.dumps({"run": str(job), "id": job.stem}) + "\n").encode())
            template.stdin.flush()

    for _ in range(jobs_at_a_time):
        start_next()
    left = len(AGENTS)
    with os.fdopen(reading, encoding="utf-8") as lines:
        for line in lines:
            message = json.loads(line)
            if "exit" in message:
                if message["exit"]["code"] != 0:
                    raise RuntimeError(f"training failed: {message}")
                left -= 1
                start_next()
            if left == 0:
                template.stdin.close()
    template.wait()
    return time.monotonic() - began


def cpu_seconds() -> float:
    """Of all processes that have ended under this one: what a busy machine cannot stretch much."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def run_plain(folder: Path, threads: int) -> float:
    began = time.monotonic()
    command = [sys.executable, __file__, "--plain-loop", str(folder), "--threads", str(threads)]
    subprocess.run(command, check=True)
    return time.monotonic() - began


def plain_loop(folder: Path, threads: int) -> None:
    """What one would write in a notebook: load, tokenise, train, six times over; nothing is saved."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()
    torch.set_num_threads(threads)
    tokenizer = AutoTokenizer.from_pretrained(folder / "base")
    for agent in AGENTS:
        model = AutoModelForCausalLM.from_pretrained(folder / "base")
        model.train()
        lines = [json.loads(line) for line in (folder / f"{agent}.jsonl").read_text(encoding="utf-8").splitlines()]
        rows = [encode(tokenizer, line) for line in lines]
        train_plainly(model, rows)


def encode(tokenizer: Any, line: dict[str, Any]) -> tuple[list[int], int]:
    def ids(chat: list[dict[str, str]], generation_prompt: bool) -> list[int]:
        text = tokenizer.apply_chat_template(chat, tokenize=False, add_generation_prompt=generation_prompt)
        return list(tokenizer(text, add_special_tokens=False)["input_ids"])

    answer = {"role": "assistant", "content": line["completion"]}
    return ids([*line["messages"], answer], False), len(ids(line["messages"], True))


def train_plainly(model: Any, rows: list[tuple[list[int], int]]) -> None:
    import torch

    steps = 2 * -(-len(rows) // 16)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1 - step / steps)
    for epoch in range(2):
        order = random.Random(epoch).sample(rows, len(rows))
        for start in range(0, len(order), 16):
            batch = order[start : start + 16]
            width = max(len(tokens) for tokens, _ in batch)
            tokens = torch.tensor([row + [0] * (width - len(row)) for row, _ in batch])
            mask = torch.tensor([[1] * len(row) + [0] * (width - len(row)) for row, _ in batch])
            labels = torch.tensor([[-100] * first + row[first:] + [-100] * (width - len(row)) for row, first in batch])
            model(input_ids=tokens, attention_mask=mask, labels=labels).loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            optimizer.zero_grad()


def timed(run: Callable[[], float]) -> dict[str, float]:
    before = cpu_seconds()
    return {"seconds": run(), "cpuSeconds": cpu_seconds() - before}


def rounds(folder: Path, repeats: int, most_threads: int) -> dict[str, list[dict[str, float]]]:
    """The ways take turns, so that a busy minute falls on all of them."""
    taken: dict[str, list[dict[str, float]]] = {}
    for _ in range(repeats):
        for threads in range(1, most_threads + 1):
            way = f"plain loop, threads {threads}"
            taken.setdefault(way, []).append(timed(partial(run_plain, folder, threads)))
        for jobs, threads in [way for way in WAYS if way[1] <= most_threads]:
            way = f"trainer, jobs at a time {jobs}, threads {threads}"
            taken.setdefault(way, []).append(timed(partial(run_template, folder, jobs, threads)))
    return taken


def cpu_ratio(ways: dict[str, dict[str, float]]) -> float:
    """Work against work: what remains comparable on a machine whose load changes between the rounds."""
    plain, ours = (
        [value["cpuSeconds"] for way, value in ways.items() if way.startswith(kind)] for kind in ("plain", "tr")
    )
    return round(min(ours) / min(plain), 2)


def measure(examples: int, repeats: int, most_threads: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_base(folder / "base")
        for agent in AGENTS:
            write_training_set(folder / f"{agent}.jsonl", agent, examples)
        taken = rounds(folder, repeats, most_threads)
    ways = {
        way: {unit: round(statistics.median(value[unit] for value in values), 2) for unit in ("seconds", "cpuSeconds")}
        for way, values in taken.items()
    }
    plain = min(value["seconds"] for way, value in ways.items() if way.startswith("plain"))
    ratios = {way: round(value["seconds"] / plain, 2) for way, value in ways.items() if way.startswith("trainer")}
    return {
        "benchmark": "training", "cores": os.cpu_count(), "loadAverage": os.getloadavg()[0],
        "examplesPerAgent": examples, "repeats": repeats, "medians": ways, "ratios": ratios,
        "ratio": min(ratios.values()), "limit": 1.3, "cpuRatio": cpu_ratio(ways),
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--examples", type=int, default=200, help="per agent")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--most-threads", type=int, default=2, help="1 on a machine that is busy with other work")
    parser.add_argument("--plain-loop", type=Path, metavar="FOLDER", help=argparse.SUPPRESS)
    parser.add_argument("--threads", type=int, default=1, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.plain_loop:
        plain_loop(arguments.plain_loop, arguments.threads)
    else:
        print(json.dumps(measure(arguments.examples, arguments.repeats, arguments.most_threads), indent=2))


if __name__ == "__main__":
    main()
