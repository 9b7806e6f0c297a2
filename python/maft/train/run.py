"""One training from job file to published weights. Start here."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from transformers.utils import logging

from maft.train.checkpoints import Position
from maft.train.encoding import without_spelled_tokens
from maft.train.errors import TrainingFailure, classify
from maft.train.events import EventWriter
from maft.train.examples import read_training_set
from maft.train.job import TrainingJob, read_job
from maft.train.loop import TrainingLoop
from maft.train.models import fingerprint, load_chat_tokens, load_model, refuse_tokens_without_rows
from maft.train.placement import choose_placement, peak_memory_bytes
from maft.train.preferences import encode_for
from maft.train.publishing import Record, publish_model, published_record
from maft.train.schedule import Plan
from maft.train.stopping import StopRequest

PACKAGES = ("torch", "transformers", "tokenizers", "safetensors", "peft")


def versions() -> dict[str, str]:
    found = {"python": sys.version.split()[0]}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def train(job: TrainingJob, events: EventWriter, stop: StopRequest) -> Record:
    """Raises any error; `run` classifies it."""
    chats = load_chat_tokens(job.base)
    given = read_training_set(job.training_set, job.loss)
    texts = without_spelled_tokens(given, chats) if job.leave_out_spelled_tokens else given
    examples = encode_for(job, texts, chats)
    placement = choose_placement(job.device, job.threads)
    stop.raise_if_requested()
    model, stored = load_model(job, placement)
    before = fingerprint(model, stored)
    refuse_tokens_without_rows(model, (token for each in examples for token in (*each.tokens, *each.beside)))
    stop.raise_if_requested()
    loop = TrainingLoop(Plan(job, examples), model, placement, events=events, stop=stop)
    started = opening(loop, too_long=len(texts) - len(examples), spelled=len(given) - len(texts))
    events.write("started", **started)
    position = loop.run()
    ended = {**summary(position, peak_memory_bytes(placement)), "unchanged": fingerprint(model, stored) == before}
    return publish_model(job, model, stored, Record(started, ended))


def opening(loop: TrainingLoop, *, too_long: int, spelled: int) -> dict[str, Any]:
    """The fields of the `started` event."""
    return {
        "pid": os.getpid(),
        "device": loop.placement.name,
        "precision": loop.placement.precision,
        "examples": len(loop.plan.examples),
        "tooLong": too_long,
        "spelled": spelled,
        "steps": loop.plan.steps,
        "resumedFromStep": loop.position.step,
        "versions": versions(),
    }


def summary(position: Position, peak_gpu_memory_bytes: int | None) -> dict[str, Any]:
    """The fields of the `finished` event, but for the digest."""
    return {
        "steps": position.step,
        "tokens": position.tokens,
        "seconds": position.seconds,
        "peakGpuMemoryBytes": peak_gpu_memory_bytes,
        "lossCurve": [{"step": index + 1, "loss": loss} for index, loss in enumerate(position.losses)],
    }


def train_once(job: TrainingJob, events: EventWriter, stop: StopRequest) -> Record:
    """The unfetched result of an earlier attempt, or a new training."""
    earlier = published_record(job)
    if earlier is None:
        return train(job, events, stop)
    events.write("started", **earlier.started)
    return earlier


def run(job_path: Path, events: EventWriter, stop: StopRequest) -> int:
    """Runs one job to its end, good or bad, says so in an event, and returns the exit code."""

    def perform() -> None:
        record = train_once(read_job(job_path), events, stop)
        events.write("finished", **record.finished)

    return reported(perform, events)


def check(job_path: Path, events: EventWriter, stop: StopRequest) -> int:
    """Reads everything a training would read except the weights; reports what it would refuse, and returns the exit code."""

    def perform() -> None:
        job = read_job(job_path)
        encode_for(job, read_training_set(job.training_set, job.loss), load_chat_tokens(job.base))
        choose_placement(job.device, job.threads)

    return reported(perform, events)


def reported(perform: Callable[[], None], events: EventWriter) -> int:
    logging.set_verbosity_error()
    try:
        perform()
        return 0
    except Exception as error:  # noqa: BLE001  # for any error the parent gets an event and an exit code
        failure = classify(error)
        if failure.exit_code == TrainingFailure.exit_code:
            traceback.print_exc()
        print(failure, file=sys.stderr, flush=True)
        events.write("failed", kind=failure.kind, message=str(failure))
        return failure.exit_code
