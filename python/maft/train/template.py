"""The template process: imports torch once and forks a child per job, so that six trainings pay one cold start.

It never runs a kernel and starts no thread, so that a fork is a clean copy. It is the only writer of the events
descriptor: each child writes to its own pipe, and the template passes whole lines on with the job's id, so that
neither long lines nor a child killed in the middle of one can spoil another's. Children keep the events descriptor
open without using it: the reader sees its end only when the template *and* all of its children are gone.
"""

from __future__ import annotations

import gc
import json
import os
import selectors
import signal
import sys
import traceback
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from maft.train.errors import Interrupted
from maft.train.events import EventWriter, write_all
from maft.train.stopping import StopRequest, stop_on_signals, stop_when_closed

IMPORT_WATCH_SECONDS = 0.25


@contextmanager
def stopping_at_hang_up(descriptor: int) -> Generator[None]:
    """While the template imports, it reads no requests: a timer looks whether the parent hung up meanwhile. (A thread
    would do, too, and be torn by the fork.)"""
    import select

    poller = select.poll()
    poller.register(descriptor, 0)

    def look(*_: object) -> None:
        if poller.poll(0):
            os._exit(Interrupted.exit_code)

    signal.signal(signal.SIGALRM, look)
    signal.setitimer(signal.ITIMER_REAL, IMPORT_WATCH_SECONDS, IMPORT_WATCH_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)


@dataclass
class Pipe:
    """The reading end of a child's pipe, cut into lines. What a killed child left unfinished is never passed on."""

    descriptor: int
    pending: bytearray = field(default_factory=bytearray)
    ended: bool = False

    def read_lines(self) -> list[bytes]:
        block = os.read(self.descriptor, 1 << 16)
        self.ended = not block
        *lines, rest = (bytes(self.pending) + block).split(b"\n")
        self.pending = bytearray(rest)
        return lines


@dataclass
class Child:
    """A forked training. `lifeline` is the end of a pipe that only the template holds: it closes when we die."""

    id: str
    pid: int
    events: Pipe
    stderr: Pipe
    lifeline: int

    @property
    def ended(self) -> bool:
        return self.events.ended and self.stderr.ended

    def send(self, number: signal.Signals) -> None:
        """To the whole group. The pid is ours until we reap it, so it cannot be another process's by now."""
        try:
            os.killpg(self.pid, number)
        except ProcessLookupError:
            # Forked a moment ago and not yet the leader of its group.
            os.kill(self.pid, number)


class Template:
    def __init__(self, requests_fd: int, events_fd: int) -> None:
        self.requests = Pipe(requests_fd)
        self.events_fd = events_fd
        self.children: dict[str, Child] = {}
        self.selector = selectors.DefaultSelector()
        self.selector.register(requests_fd, selectors.EVENT_READ)

    def say(self, **fields: Any) -> None:
        """One line to the worker; a worker that is gone ends the template, whose end ends the children."""
        try:
            write_all(self.events_fd, (json.dumps(fields) + "\n").encode())
        except OSError:
            os._exit(Interrupted.exit_code)

    def serve(self) -> int:
        """Until the worker closes our stdin. Children see our end by their lifelines, checkpoint, and go as well."""
        while not self.requests.ended:
            ready = {key.fd for key, _ in self.selector.select()}
            for child in list(self.children.values()):
                self.pass_on(child, ready)
            if self.requests.descriptor in ready:
                for line in self.requests.read_lines():
                    self.handle(json.loads(line))
        return 0

    def handle(self, request: dict[str, str]) -> None:
        """Requests come from our own adapter: anything malformed is a bug and may end the template with a traceback."""
        for mode in ("run", "check"):
            if mode in request:
                self.start(request["id"], Path(request[mode]), only_check=mode == "check")
        if "stop" in request and request["stop"] in self.children:
            self.children[request["stop"]].send(signal.SIGTERM)
        elif "kill" in request and request["kill"] in self.children:
            self.children[request["kill"]].send(signal.SIGKILL)

    def pass_on(self, child: Child, ready: set[int]) -> None:
        for pipe, name in ((child.events, "event"), (child.stderr, "stderr")):
            if pipe.descriptor in ready and not pipe.ended:
                for line in pipe.read_lines():
                    value = json.loads(line) if name == "event" else line.decode(errors="replace")
                    self.say(**{"id": child.id, name: value})
                if pipe.ended:
                    self.selector.unregister(pipe.descriptor)
        if child.ended:
            self.reap(child)

    def reap(self, child: Child) -> None:
        _, status = os.waitpid(child.pid, 0)
        for descriptor in (child.events.descriptor, child.stderr.descriptor, child.lifeline):
            os.close(descriptor)
        del self.children[child.id]
        code = os.waitstatus_to_exitcode(status)
        name = signal.Signals(-code).name if code < 0 else None
        self.say(id=child.id, exit={"code": code if code >= 0 else None, "signal": name})

    def start(self, job_id: str, job_path: Path, *, only_check: bool) -> None:
        with stopping_at_hang_up(self.requests.descriptor):
            preload_for(job_path)
        events, stderr, lifeline = os.pipe(), os.pipe(), os.pipe()
        sys.stderr.flush()
        pid = os.fork()
        if pid == 0:
            self.become_child(job_path, (events[1], stderr[1], lifeline[0]), only_check)
        for descriptor in (events[1], stderr[1], lifeline[0]):
            os.close(descriptor)
        child = Child(job_id, pid, Pipe(events[0]), Pipe(stderr[0]), lifeline[1])
        self.children[job_id] = child
        for pipe in (child.events, child.stderr):
            self.selector.register(pipe.descriptor, selectors.EVENT_READ)
        self.say(id=job_id, pid=pid)

    def become_child(self, job_path: Path, descriptors: tuple[int, int, int], only_check: bool) -> None:
        """Never returns: a child must not run on in the template's loop, whatever happens."""
        events, stderr, lifeline = descriptors
        code = 1
        try:
            os.setsid()
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            # stdout belongs to libraries; whatever they print helps to read an error.
            os.dup2(stderr, 1)
            os.dup2(stderr, 2)
            keep_only({0, 1, 2, events, lifeline, self.events_fd})
            code = run_child(job_path, events, lifeline, only_check=only_check)
        except BaseException:  # noqa: BLE001
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)


def keep_only(kept: set[int]) -> None:
    """Closes the template's other descriptors: a sibling's lifeline held here would outlive the template."""
    low = 0
    for descriptor in [*sorted(kept), os.sysconf("SC_OPEN_MAX") if sys.platform == "darwin" else 65_536]:
        # closerange(0, 0) would close everything: its upper end, -1, becomes the largest unsigned number.
        if low < descriptor:
            os.closerange(low, descriptor)
        low = descriptor + 1


def run_child(job_path: Path, events: int, lifeline: int, *, only_check: bool) -> int:
    from maft.train.run import check, run

    stop = StopRequest()
    stop_on_signals(stop)
    stop_when_closed(lifeline, stop)
    return (check if only_check else run)(
        job_path, EventWriter(events, lambda: stop.request("nobody reads the events")), stop
    )


def preload() -> str:
    """Imports what every job needs, lazy corners included; says which accelerator a job with `auto` would take."""
    import torch._dynamo  # noqa: F401  torch.optim imports it at the first optimizer, 1-2 s per child otherwise
    import transformers.models.auto.modeling_auto
    import transformers.models.auto.tokenization_auto
    import transformers.models.llama.modeling_llama  # noqa: F401

    import maft.train.run  # noqa: F401
    from maft.nvidia_driver import finds_cuda_before_forking

    return "cuda" if finds_cuda_before_forking() else "cpu"


def preload_for(job_path: Path) -> None:
    """Imports the modules for this job's kind of model, so later children have them, too. The child reports any error."""
    from importlib import import_module

    try:
        job = json.loads(job_path.read_text(encoding="utf-8"))
        model_type = json.loads((Path(job["base"]) / "config.json").read_text(encoding="utf-8"))["model_type"]
        import_module(f"transformers.models.{model_type}.modeling_{model_type}")
        if job["weights"] != "full":
            import_module("peft")
    except Exception:  # noqa: BLE001
        return


def serve(events_fd: int) -> int:
    """Reads requests on stdin until it closes."""
    with stopping_at_hang_up(0):
        accelerator = preload()
    # Children then share these pages with us instead of copying them at their first collection.
    gc.collect()
    gc.freeze()
    template = Template(0, events_fd)
    template.say(ready=True, accelerator=accelerator, threads=thread_count())
    return template.serve()


def thread_count() -> int | None:
    """Threads of this process; None if the platform does not tell. With more than one, a fork is not safe."""
    tasks = Path("/proc/self/task")
    return len(list(tasks.iterdir())) if tasks.is_dir() else None
