"""The engine without models: a backend whose rows draw token 1 for ever and that fails where a test says so."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor

from maft.serve.backends import planned_length
from maft.serve.engine import Engine
from maft.serve.metrics import Metrics
from maft.serve.rows import Generation, GenerationSettings, Row
from maft.serve.versions import Version


class ScriptedBackend:
    """`failing` names the move that raises once: admit, step, or remove (after the rows are gone)."""

    def __init__(self, memory_bytes: int = 2**20) -> None:
        self.memory_bytes = memory_bytes
        self.rows: list[Row] = []
        #: Most rows at any time.
        self.largest = 0
        self.failing: str | None = None
        self.error: Exception = RuntimeError("scripted")
        #: Fewer rows than this do not join those that run.
        self.least_joining = 1
        #: The engine waits before each step until this is set.
        self.go = threading.Event()
        self.go.set()

    def fail_if(self, move: str) -> None:
        if self.failing == move:
            self.failing = None
            raise self.error

    def bytes_with(self, joining: Sequence[Row]) -> int:
        """A byte per position, every row as long as the longest."""
        planned = [planned_length(row) for row in [*self.rows, *joining]]
        return len(planned) * max(planned, default=0)

    def welcomes(self, waiting: int) -> bool:
        return not self.rows or waiting >= self.least_joining

    def compact(self) -> None:
        pass

    def admit(self, rows: Sequence[Row]) -> Tensor:
        self.fail_if("admit")
        self.rows.extend(rows)
        self.largest = max(self.largest, len(self.rows))
        return self.logits(len(rows))

    def step(self) -> Tensor:
        self.go.wait(timeout=20)
        self.fail_if("step")
        return self.logits(len(self.rows))

    def remove(self, finished: Sequence[int]) -> None:
        self.rows = [row for place, row in enumerate(self.rows) if place not in set(finished)]
        self.fail_if("remove")

    def erase(self, broken: Sequence[int]) -> None:
        pass

    def reset(self) -> None:
        self.rows = []

    @staticmethod
    def logits(rows: int) -> Tensor:
        return torch.tensor([[0.0, 9.0]]).expand(rows, 2)


def version_over(backend: Any) -> Version:
    network: Any = SimpleNamespace(backend=backend)
    tokenizer: Any = None
    return Version("x", network, tokenizer, frozenset())


class Asked:
    """A generation and what became of it."""

    def __init__(self, engine: Engine, version: Version, tokens: int, prompt: int = 3, samples: int = 1) -> None:
        self.told: list[Exception | None] = []
        self.event = threading.Event()
        settings = GenerationSettings(tokens, 0.0, 1.0, 1, samples)
        self.generation = Generation(version, [1] * prompt, settings, self.done)
        engine.submit(self.generation)

    def done(self, error: Exception | None) -> None:
        self.told.append(error)
        self.event.set()

    def outcome(self) -> str:
        """`ok`, or the error's message. Fails where nothing is said for long."""
        assert self.event.wait(timeout=20), "never answered"
        return "ok" if self.told[0] is None else str(self.told[0])


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.005)


@contextlib.contextmanager
def running_engine(max_batch: int = 8) -> Iterator[Engine]:
    engine = Engine(Metrics(), max_batch=max_batch, max_queue=1000)
    engine.thread.start()
    try:
        yield engine
    finally:
        engine.stop()
