"""A pool of worker processes with a time limit per pair, enforced by killing the worker that compares it."""

from __future__ import annotations

import multiprocessing
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkServerProcess
from typing import Any

from maft.grade.verdict import Pair, Verdict
from maft.grade.worker import work


@dataclass(frozen=True)
class PoolSettings:
    workers: int
    # Seconds one pair may take, on the clock.
    time_limit: float
    memory_limit_bytes: int


class WorkersFail(Exception):
    """Worker processes end before they are ready, again and again: Math-Verify is missing, or there is no memory."""


@dataclass
class Worker:
    process: ForkServerProcess
    pipe: Connection
    ready: bool = False
    pair: Pair | None = None
    # On the monotonic clock; only while there is a pair.
    deadline: float = float("inf")


class Pool:
    """
    Verdicts come in the order in which they are found. A pair that exceeds the limit, or kills its worker, costs that
    worker and gets a verdict with the reason; its replacement is forked from a process that has everything loaded.
    """

    def __init__(self, settings: PoolSettings) -> None:
        self._settings = settings
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(["maft.grade.preloaded"])
        self._waiting: deque[Pair] = deque()
        self._startup_failures = 0
        self._workers = [self._start() for _ in range(settings.workers)]

    @property
    def busy(self) -> bool:
        return bool(self._waiting) or any(worker.pair is not None for worker in self._workers)

    def add(self, pair: Pair) -> None:
        self._waiting.append(pair)

    def wait(self, others: list[int]) -> tuple[list[tuple[Pair, Verdict]], bool]:
        """
        Hands pairs to idle workers, then waits until a verdict is there, a limit has passed or one of `others` (file
        descriptors) can be read. Returns the verdicts, and whether one of the others is ready.
        """
        self._dispatch()
        pipes: dict[Any, Worker] = {worker.pipe: worker for worker in self._workers}
        deadline = min((worker.deadline for worker in self._workers), default=float("inf"))
        timeout = None if deadline == float("inf") else max(0.0, deadline - time.monotonic())
        readable = wait([*pipes, *others], timeout)
        verdicts = [each for pipe in readable if pipe in pipes for each in self._received(pipes[pipe])]
        verdicts += self._overdue()
        return verdicts, any(other in readable for other in others)

    def close(self) -> None:
        for worker in self._workers:
            worker.process.kill()
        for worker in self._workers:
            worker.process.join()

    def _dispatch(self) -> None:
        for worker in self._workers:
            if not self._waiting:
                return
            if worker.ready and worker.pair is None:
                pair = self._waiting.popleft()
                worker.pair, worker.deadline = pair, time.monotonic() + self._settings.time_limit
                try:
                    worker.pipe.send((pair.a, pair.b))
                except OSError:
                    # It died between two pairs, so neither is to blame: the next wait reads its end.
                    worker.pair, worker.deadline = None, float("inf")
                    self._waiting.appendleft(pair)

    def _received(self, worker: Worker) -> Iterator[tuple[Pair, Verdict]]:
        try:
            verdict: Verdict | None = worker.pipe.recv()
        except (EOFError, OSError):
            if not worker.ready:
                self._startup_failures += 1
                if self._startup_failures > 2 * self._settings.workers:
                    raise WorkersFail("worker processes end before they are ready") from None
            yield from self._replace(worker, Verdict(equal=False, reason="the checker died"))
            return
        if verdict is None:
            worker.ready = True
            self._startup_failures = 0
        elif worker.pair is not None:
            pair, worker.pair, worker.deadline = worker.pair, None, float("inf")
            yield pair, verdict

    def _overdue(self) -> list[tuple[Pair, Verdict]]:
        late = [worker for worker in self._workers if worker.deadline <= time.monotonic()]
        return [each for worker in late for each in self._replace(worker, Verdict(equal=False, reason="time limit"))]

    def _replace(self, worker: Worker, verdict: Verdict) -> Iterator[tuple[Pair, Verdict]]:
        worker.process.kill()
        worker.process.join()
        worker.pipe.close()
        self._workers[self._workers.index(worker)] = self._start()
        if worker.pair is not None:
            yield worker.pair, verdict

    def _start(self) -> Worker:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(
            target=work, args=(theirs, self._settings.time_limit, self._settings.memory_limit_bytes), daemon=True
        )
        process.start()
        # Only the worker may hold its end, so that its death closes the pipe.
        theirs.close()
        return Worker(process=process, pipe=ours)
