"""Every request is answered once, whatever fails; and an engine that cannot go on takes the process with it."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
import torch
from engine_fixtures import Asked, ScriptedBackend, running_engine, until, version_over
from serve_fixtures import write_lively

from maft.serve import failures
from maft.serve.loading import Loader
from maft.serve.versions import Version

# The thread that would have ended the process ends by itself.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")


def test_rows_that_the_backend_dropped_before_it_failed_are_answered() -> None:
    backend = ScriptedBackend()
    version = version_over(backend)
    with running_engine() as engine:
        backend.go.clear()
        short, long = Asked(engine, version, 3), Asked(engine, version, 50)
        backend.failing = "remove"
        backend.go.set()
        assert "scripted" in short.outcome() and "scripted" in long.outcome()
        assert Asked(engine, version, 2).outcome() == "ok"
    assert len(short.told) == len(long.told) == 1


@pytest.mark.parametrize("move", ["admit", "step"])
def test_a_batch_that_fails_is_told_and_the_next_request_is_served(move: str) -> None:
    backend, other = ScriptedBackend(), ScriptedBackend()
    with running_engine() as engine:
        other.go.clear()
        beside = Asked(engine, version_over(other), 5)
        backend.failing = move
        failing = Asked(engine, version_over(backend), 5, samples=3)
        other.go.set()
        assert "scripted" in failing.outcome()
        assert beside.outcome() == "ok"
        assert Asked(engine, version_over(backend), 5).outcome() == "ok"


def test_a_backend_that_fails_to_drop_who_left_fails_its_rows_and_nobody_else() -> None:
    backend = ScriptedBackend()
    version = version_over(backend)
    with running_engine() as engine:
        backend.go.clear()
        leaving, staying = Asked(engine, version, 50), Asked(engine, version, 50)
        leaving.generation.cancelled = True
        backend.failing = "remove"
        backend.go.set()
        assert "scripted" in staying.outcome()
        assert Asked(engine, version, 2).outcome() == "ok"
    assert leaving.told == []


def test_weights_that_are_no_numbers_fail_their_own_requests_and_leave_nothing_to_the_next(tmp_path: Path) -> None:
    folder = write_lively(tmp_path / "base")
    loader = Loader(torch.float32, torch.device("cpu"), 2**28)
    networks: list[Any] = [loader.load(folder, None) for _ in range(2)]
    networks[1].weights.embedding.fill_(float("nan"))
    tokenizer: Any = None
    names = ("good", "bad")
    good, bad = (Version(name, each, tokenizer, frozenset()) for name, each in zip(names, networks, strict=True))
    with running_engine() as engine:
        alone = Asked(engine, good, 20)
        assert alone.outcome() == "ok"
        lasting = Asked(engine, good, 400)
        for _ in range(5):
            assert "`bad`" in Asked(engine, bad, 3, prompt=200).outcome()
            after = Asked(engine, good, 20)  # in the place, and the slot, of the row that failed
            assert after.outcome() == "ok"
            assert after.generation.rows[0].tokens == alone.generation.rows[0].tokens
        assert lasting.outcome() == "ok"


@pytest.fixture
def ended(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Set when the process would have ended; the thread then ends in its place."""
    event = threading.Event()

    def leave(code: int) -> None:
        assert code == 1
        event.set()
        raise SystemExit

    monkeypatch.setattr(failures.os, "_exit", leave)
    return event


def test_an_engine_that_fails_outside_of_a_batch_ends_the_process(
    ended: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = ScriptedBackend()
    monkeypatch.setattr(backend, "reset", lambda: 1 / 0)
    backend.failing = "step"
    with running_engine() as engine:
        Asked(engine, version_over(backend), 5)
        assert ended.wait(timeout=20)


def test_an_accelerator_error_ends_the_process_and_want_of_memory_does_not(ended: threading.Event) -> None:
    backend = ScriptedBackend()
    version = version_over(backend)
    with running_engine() as engine:
        for error in (
            torch.OutOfMemoryError("CUDA out of memory"),
            torch.AcceleratorError("CUDA error: out of memory"),
            RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
            RuntimeError("CUDA error: CUBLAS_STATUS_NOT_INITIALIZED when calling `cublasCreate(handle)`"),
            RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"),
        ):
            backend.failing, backend.error = "step", error
            assert str(error) in Asked(engine, version, 5).outcome()
        assert not ended.is_set()
        backend.failing, backend.error = "step", torch.AcceleratorError("CUDA error: device-side assert triggered")
        Asked(engine, version, 5)
        assert ended.wait(timeout=20)


def test_a_job_that_loses_the_accelerator_ends_the_process(ended: threading.Event) -> None:
    def job() -> None:
        raise torch.AcceleratorError("CUDA error: an illegal memory access was encountered")

    with running_engine() as engine:
        engine.compute(job)
        assert ended.wait(timeout=20)


def test_rows_that_a_backend_does_not_want_yet_wait_until_it_does_and_others_go_on() -> None:
    with running_engine() as engine:
        patient, other = ScriptedBackend(), ScriptedBackend()
        patient.least_joining = 2
        patient.go.clear()
        version = version_over(patient)
        first = Asked(engine, version, tokens=3)
        until(lambda: len(patient.rows) == 1)
        single, elsewhere = Asked(engine, version, tokens=3), Asked(engine, version_over(other), tokens=2)
        patient.go.set()
        assert [first.outcome(), elsewhere.outcome(), single.outcome()] == ["ok"] * 3
        assert patient.largest == 1, "the single one did not wait"

        patient.go.clear()
        Asked(engine, version, tokens=50)
        until(lambda: len(patient.rows) == 1)
        two = [Asked(engine, version, tokens=3), Asked(engine, version, tokens=3)]
        patient.go.set()
        assert [each.outcome() for each in two] == ["ok", "ok"]
        assert patient.largest == 3
