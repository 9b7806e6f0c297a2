"""Small jobs on a random Llama, and the trainer run on them as a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TextIO

from forked_programs import ForkedProgram

from maft.train.job import TrainingJob, parse_job

ROOT = Path(__file__).parents[2]
#: The descriptor of a forked trainer's events, beyond those that it opens itself.
EVENTS = 100
QUESTION = "3+2*7+5-4*9=?"
RESPONSE = "2*7=14 4*9=36 3+14=17 17+5=22 22-36=-14 #-14"


def example(index: int, **changes: Any) -> dict[str, Any]:
    line = {
        "problemId": f"arithmetic-{index:06d}", "iteration": 1, "agent": "critic-1", "member": 1, "round": 2,
        "set": "corrected", "messages": [{"role": "user", "content": f"{index}+{QUESTION}"}],
        "completion": RESPONSE, "weight": 1,
    }  # fmt: skip
    return {**line, **changes}


def write_training_set(path: Path, examples: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(line) + "\n" for line in examples), encoding="utf-8")
    return path


def parsed(record: dict[str, Any]) -> TrainingJob:
    return parse_job(json.dumps(record))


def job_record(base: Path, training_set: Path, folder: Path, **changes: Any) -> dict[str, Any]:
    """A job whose work and output lie in `folder`."""
    record = {
        "jobId": "0123456789abcdef", "base": str(base), "servedBase": "served-base", "startFrom": str(base),
        "trainingSet": str(training_set), "workDirectory": str(folder / "work"),
        "outputDirectory": str(folder / "output"), "leaveOutSpelledTokens": False, "weights": "full", "epochs": 2, "learningRate": 1e-3,
        "batchSize": 4, "maxLength": 200, "schedule": "linear", "warmupShare": 0.1, "weightDecay": 0.01, "seed": 3,
        "checkpointEverySeconds": 1000, "device": "cpu", "threads": 1,
    }  # fmt: skip
    return {**record, **changes}


def write_job(folder: Path, record: dict[str, Any]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "job.json"
    path.write_text(json.dumps(record), encoding="utf-8")
    return path


class Trainer:
    """`python -m maft.train`, with a pipe of events and, as its stdin, the pipe by which it notices our death.

    `forked`: with the imports done before (`forked_programs.py`)."""

    def __init__(self, *arguments: str, forked: bool = False) -> None:
        self.process: subprocess.Popen[str] | ForkedProgram
        self.events: TextIO
        if forked:
            told = [*arguments, "--events-fd", str(EVENTS)]
            self.process = ForkedProgram("maft.train", told, reading=(2, EVENTS))
            self.events = self.process.readers[EVENTS]
        else:
            self.start_afresh(arguments)

    def start_afresh(self, arguments: Sequence[str]) -> None:
        reading, writing = os.pipe()
        environment = {**os.environ, "PYTHONPATH": str(ROOT / "python")}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "maft.train", *arguments, "--events-fd", str(writing)],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
            pass_fds=(writing,), env=environment,
        )  # fmt: skip
        os.close(writing)
        self.events = os.fdopen(reading, encoding="utf-8")

    def next(self) -> dict[str, Any]:
        line = self.events.readline()
        assert line, f"The trainer ended: {self.process.stderr and self.process.stderr.read()}"
        event: dict[str, Any] = json.loads(line)
        return event

    def wait_for(self, name: str, count: int = 1) -> None:
        """Until the event has come `count` times."""
        for _ in range(count):
            while self.next().get("event") != name:
                pass

    def send(self, **request: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()

    def run_forked(self, job: Path, *, kill_at_step: int | None = None) -> tuple[Any, list[dict[str, Any]]]:
        """As a template: forks a child for the job, maybe kills it, and waits. Its exit and its events."""
        self.send(run=str(job), id=str(job))
        events: list[dict[str, Any]] = []
        while True:
            message = self.next()
            if "exit" in message:
                return message["exit"], events
            if "event" in message:
                events.append(message["event"])
                if sum(event["event"] == "step" for event in events) == kill_at_step:
                    self.send(kill=str(job))

    def finish(self) -> tuple[int, list[dict[str, Any]]]:
        """Exit code and the events not read yet."""
        events = [json.loads(line) for line in self.events]
        code = self.process.wait()
        self.close()
        return code, events

    def close(self) -> None:
        for stream in (self.events, self.process.stdin, self.process.stderr):
            if stream is not None:
                stream.close()


def run_process(folder: Path, record: dict[str, Any]) -> tuple[int, list[dict[str, Any]]]:
    return Trainer("--job", str(write_job(folder, record)), "--parent-fd", "0").finish()


def run_here(folder: Path, record: dict[str, Any]) -> tuple[int, list[dict[str, Any]]]:
    """In this process, for what needs no process: the cold start of torch is paid once."""
    from maft.train.events import EventWriter
    from maft.train.run import run
    from maft.train.stopping import StopRequest

    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "events.jsonl").open("w+", encoding="utf-8") as file:
        code = run(write_job(folder, record), EventWriter(file.fileno(), lambda: None), StopRequest())
        return code, [json.loads(line) for line in (folder / "events.jsonl").read_text(encoding="utf-8").splitlines()]
