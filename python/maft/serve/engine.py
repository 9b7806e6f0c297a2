"""The one thread that computes: rows join between two steps, every running row gets one token per step.

Waiting rows are admitted round robin over the versions, so that no version starves, and a row that finishes frees its
place at once. Rows of versions that share a shape run in one batch (see `plan.py`); other backends take turns.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from functools import partial
from typing import Any

import torch
from torch import Tensor

from maft.out_of_memory import is_out_of_memory
from maft.serve.backends import Backend
from maft.serve.draw import NO_TOKEN, draw, for_drawing
from maft.serve.errors import NoMemory, NotFinite, Overloaded, ServeError, ShuttingDown
from maft.serve.failures import end_if_device_is_lost, end_process
from maft.serve.metrics import Metrics
from maft.serve.rows import LOWEST_LOGPROB, Generation, Row, TokenLogprobs, check_end
from maft.serve.versions import Version

log = logging.getLogger("maft.serve")


class Engine:
    """`submit` and `compute` may be called from any thread; everything else happens on the engine's own."""

    def __init__(
        self, metrics: Metrics, *, max_batch: int, max_queue: int, make_room: Callable[[], object] = lambda: None
    ) -> None:
        self.metrics = metrics
        #: Called on the engine's thread when memory ran out, to free some for the next attempt.
        self.make_room = make_room
        self.max_batch = max_batch
        self.max_queue = max_queue
        self.arrivals: deque[Generation] = deque()
        self.jobs: deque[tuple[Callable[[], Any], Future[Any]]] = deque()
        self.waiting: dict[Version, deque[Row]] = {}
        self.waiting_rows = 0
        self.backends: list[Backend] = []
        self.wake = threading.Event()
        self.stopping = False
        self.thread = threading.Thread(target=self.run, name="engine", daemon=True)

    # -- any thread -------------------------------------------------------------------------------------------------

    def submit(self, generation: Generation) -> None:
        """Queues a generation. Raises Overloaded or ShuttingDown; after that `done` is called exactly once."""
        self.refuse_overload(len(generation.rows))
        self.arrivals.append(generation)
        self.wake.set()

    def compute(self, job: Callable[[], Any]) -> Future[Any]:
        """Runs `job` between two steps, one job per step. Raises as `submit`."""
        self.refuse_overload(1)
        future: Future[Any] = Future()
        self.jobs.append((job, future))
        self.wake.set()
        return future

    def refuse_overload(self, rows: int) -> None:
        if self.stopping:
            raise ShuttingDown()
        arriving = sum(len(generation.rows) for generation in tuple(self.arrivals))
        waiting = self.waiting_rows + arriving + len(self.jobs)
        if waiting + rows > self.max_queue:
            raise Overloaded(f"{waiting} completions are waiting already; at most {self.max_queue} may.")

    def refuse_everything(self) -> None:
        """Makes the thread fail what is unfinished, and end. Does not wait for it."""
        self.stopping = True
        self.wake.set()

    def stop(self) -> None:
        """As `refuse_everything`, and waits for the step in hand."""
        self.refuse_everything()
        if self.thread.is_alive():
            self.thread.join(timeout=5)

    # -- the engine's thread ----------------------------------------------------------------------------------------

    def run(self) -> None:
        try:
            self.work()
        except Exception:
            if not self.stopping:  # without this thread every request would wait for ever
                log.exception("the engine failed outside of any batch")
                end_process("the engine's thread ended")
            raise

    @torch.inference_mode()
    def work(self) -> None:
        while not self.stopping:
            if not (self.arrivals or self.jobs or self.waiting_rows or self.backends):
                self.wake.wait()
            self.wake.clear()
            self.take_turn()
        self.fail_everything()

    def take_turn(self) -> None:
        self.take_arrivals()
        self.run_one_job()
        self.drop_cancelled()
        self.admit()
        for backend in list(self.backends):
            self.guarded(backend, partial(self.step, backend))
        self.backends = [backend for backend in self.backends if backend.rows]

    def take_arrivals(self) -> None:
        while self.arrivals:
            generation = self.arrivals.popleft()
            queue = self.waiting.setdefault(generation.version, deque())
            queue.extend(generation.rows)
            self.waiting_rows += len(generation.rows)
        self.metrics.queue.set(self.waiting_rows)

    def run_one_job(self) -> None:
        if not self.jobs:
            return
        job, future = self.jobs.popleft()
        if not future.set_running_or_notify_cancel():
            return
        try:
            future.set_result(job())
        except Exception as error:  # noqa: BLE001 - the job's caller gets the error
            end_if_device_is_lost(error)
            future.set_exception(self.failure(error) if is_out_of_memory(error) else error)

    def drop_cancelled(self) -> None:
        for version, queue in self.waiting.items():
            if any(row.generation.cancelled for row in queue):
                self.waiting[version] = deque(row for row in queue if not row.generation.cancelled)
                self.metrics.cancelled.inc(len(queue) - len(self.waiting[version]))
        self.waiting_rows = sum(len(queue) for queue in self.waiting.values())
        for backend in self.backends:
            gone = [place for place, row in enumerate(backend.rows) if row.generation.cancelled]
            if gone:
                self.metrics.cancelled.inc(len(gone))
                self.guarded(backend, partial(backend.remove, gone))

    def admit(self) -> None:
        """Fills free places, one row per version in turn. No row overtakes one that waits for memory."""
        free = self.max_batch - sum(len(backend.rows) for backend in self.backends)
        admitted: dict[Backend, list[Row]] = {}
        waiting = {version: queue for version, queue in self.waiting.items() if queue}
        turns = deque(version for version in waiting if version.network.backend.welcomes(len(waiting[version])))
        later = [version for version in waiting if version not in turns]
        while free > 0 and turns:
            version = turns[0]
            row, backend = self.waiting[version][0], version.network.backend
            if not self.has_room(row, backend, admitted):
                break
            admitted.setdefault(backend, []).append(row)
            self.waiting[version].popleft()
            free -= 1
            turns.rotate(-1)
            if not self.waiting[version]:
                turns.pop()
        # The current version is first next time, so a row that waits for memory stays first.
        self.waiting = {version: self.waiting[version] for version in [*turns, *later]}
        self.waiting_rows = sum(len(queue) for queue in self.waiting.values())
        for backend, rows in admitted.items():
            self.guarded(backend, partial(self.start, backend, rows), rows)

    def has_room(self, row: Row, backend: Backend, admitted: dict[Backend, list[Row]]) -> bool:
        """If no row runs at all, one is always admitted: nothing else would ever make room."""
        if not admitted and not any(each.rows for each in self.backends):
            return True
        joining = {**admitted, backend: [*admitted.get(backend, ()), row]}
        if self.fits(joining, backend.memory_bytes):
            return True
        for each in self.backends:
            self.guarded(each, each.compact)
        return self.fits(joining, backend.memory_bytes)

    def fits(self, joining: dict[Backend, list[Row]], memory_bytes: int) -> bool:
        """Whether the memory holds keys and values of all rows of all backends, these among them."""
        together = {*self.backends, *joining}
        return sum(each.bytes_with(joining.get(each, ())) for each in together) <= memory_bytes

    def start(self, backend: Backend, rows: list[Row]) -> None:
        if backend not in self.backends:
            self.backends.append(backend)
        first = len(backend.rows)
        logits = backend.admit(rows)
        self.metrics.prompt_tokens.inc(sum(len(row.generation.prompt) for row in rows))
        self.advance(backend, rows, logits, first)

    def step(self, backend: Backend) -> None:
        if backend.rows:
            self.metrics.batch_size.observe(len(backend.rows))
            self.advance(backend, backend.rows, backend.step(), 0)

    def advance(self, backend: Backend, rows: list[Row], logits: Tensor, first: int) -> None:
        """Draws one token for each of `rows`, which begin at place `first`, and retires finished rows."""
        rounded = for_drawing(logits)
        tokens = draw(rounded, [row.sampling for row in rows], [len(row.tokens) for row in rows]).tolist()
        self.record_logprobs(rows, rounded, tokens)
        finished: list[int] = []
        broken: list[int] = []
        for place, (row, token) in enumerate(zip(rows, tokens, strict=True), first):
            if token == NO_TOKEN:
                broken.append(place)
                continue
            row.tokens.append(token)
            check_end(row, row.generation.version.end_tokens)
            if row.finish_reason is not None:
                finished.append(place)
        self.metrics.completion_tokens.inc(len(tokens) - len(broken))
        if finished or broken:
            self.retire(backend, finished, broken)

    def retire(self, backend: Backend, finished: list[int], broken: list[int]) -> None:
        """Drops rows by their place, and answers those whose generation is done or cannot be."""
        done, failed = (generations_of([backend.rows[place] for place in places]) for places in (finished, broken))
        if broken:
            backend.erase(broken)
        backend.remove([*finished, *broken])
        for generation in failed:
            log.warning("%s: the model's logits are not finite", generation.version.name)
            self.fail([generation], NotFinite(generation.version.name))
        for generation in done:
            if generation.finished():
                generation.answer(None)

    @staticmethod
    def record_logprobs(rows: list[Row], logits: Tensor, tokens: list[int]) -> None:
        wanted = [place for place, row in enumerate(rows) if row.generation.settings.logprobs is not None]
        if not wanted:
            return
        logprobs = logits[torch.tensor(wanted, device=logits.device)].log_softmax(-1).clamp(min=LOWEST_LOGPROB)
        for place, own in zip(wanted, logprobs, strict=True):
            count = rows[place].generation.settings.logprobs or 0
            values, indices = own.sort(descending=True, stable=True)
            top = list(zip(indices[:count].tolist(), values[:count].tolist(), strict=True))
            rows[place].logprobs.append(TokenLogprobs(tokens[place], float(own[tokens[place]]), top))

    # -- trouble ----------------------------------------------------------------------------------------------------

    def guarded(self, backend: Backend, action: Callable[[], None], joining: Sequence[Row] = ()) -> None:
        """An error while computing fails the rows of that backend and nothing else."""
        # Noted before: a row that the action dropped before it failed must be answered, too.
        concerned = [*backend.rows, *joining]
        try:
            action()
        except Exception as error:
            end_if_device_is_lost(error)
            log.exception("the batch failed; its requests are answered with an error")
            backend.reset()
            # Makes room before telling the callers: the versions they use are not idle yet, and stay for their next attempt.
            self.fail(generations_of(concerned), self.failure(error))

    def failure(self, error: Exception) -> ServeError:
        """The error for the callers. If memory ran out, asks for room first."""
        message = f"Computing failed: {type(error).__name__}: {error}"
        if not is_out_of_memory(error):
            return ServeError(message)
        self.make_room()
        return NoMemory(message)

    def fail(self, generations: list[Generation], error: ServeError) -> None:
        """Answers all callers not answered yet; `cancelled` drops those of their rows that still wait or run elsewhere."""
        for generation in generations:
            generation.answer(error)
            generation.cancelled = True

    def fail_everything(self) -> None:
        waiting = [row.generation for queue in self.waiting.values() for row in queue]
        running = [row.generation for backend in self.backends for row in backend.rows]
        everything = {id(each): each for each in [*self.arrivals, *waiting, *running]}
        self.fail(list(everything.values()), ShuttingDown())
        for _, future in self.jobs:
            if future.set_running_or_notify_cancel():
                future.set_exception(ShuttingDown())


def generations_of(rows: Sequence[Row]) -> list[Generation]:
    """Each once."""
    return list({id(row.generation): row.generation for row in rows}.values())
