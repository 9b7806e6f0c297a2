"""Programs of `maft` forked from one process that has imported torch and Transformers: each is a process of its own,
with its own pipes and exit code, and the seconds that the imports take are paid once for all of them.

Nothing but the imports differs from `python -m`, which the tests of starting, ending and dying together with a parent use.
Not `multiprocessing`'s fork server: a process has only one of those, and that of these tests is the grader's.
"""

from __future__ import annotations

import atexit
import functools
import gc
import json
import os
import resource
import runpy
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, TextIO

PYTHON_FOLDER = Path(__file__).resolve().parents[2] / "python"
#: What servers and trainers import, also while they load a model and work.
PRELOADED = [
    "maft.serve.server",
    "maft.train.run",
    "peft",
    "torch._dynamo",
    "transformers.models.auto.modeling_auto",
    "transformers.models.auto.tokenization_auto",
    "transformers.models.gpt2.modeling_gpt2",
    "transformers.models.llama.modeling_llama",
]
#: What libraries read once, when they are imported: no threads, which a fork would tear, and none that waits actively.
ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "OMP_WAIT_POLICY": "PASSIVE",
    "GOMP_SPINCOUNT": "1000",
    "OPENBLAS_NUM_THREADS": "1",
    "TOKENIZERS_PARALLELISM": "false",
}
MOST_DESCRIPTORS = 8


class ForkedProgram:
    """As `subprocess.Popen` of `python -m MODULE`, as far as the tests need that.

    `reading`: the program's descriptors that this process reads; the others are those of this process. `files`: limits
    (soft, hard) of its open files.
    """

    def __init__(
        self,
        module: str,
        arguments: Sequence[str],
        *,
        reading: Sequence[int] = (1,),
        files: tuple[int, int] | None = None,
    ) -> None:
        pipes = {descriptor: os.pipe() for descriptor in reading}
        (input_, writing), (status, telling) = os.pipe(), os.pipe()
        self.stdin = os.fdopen(writing, "w", encoding="utf-8")
        self.readers: dict[int, TextIO] = {at: os.fdopen(pipe[0], encoding="utf-8") for at, pipe in pipes.items()}
        self.status = os.fdopen(status, "rb")
        self.code: int | None = None
        theirs = [telling, input_, *(pipe[1] for pipe in pipes.values())]
        request = {"module": module, "arguments": [*arguments], "places": [0, *reading], "files": files}
        self.pid = forks().start(request, theirs)
        for descriptor in theirs:
            os.close(descriptor)

    @property
    def stdout(self) -> TextIO:
        return self.readers[1]

    @property
    def stderr(self) -> TextIO | None:
        return self.readers.get(2)

    def send_signal(self, number: signal.Signals) -> None:
        if self.code is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        try:
            self.send_signal(signal.SIGKILL)
        except ProcessLookupError:
            pass  # ended by itself

    def wait(self, timeout: float = 120) -> int:
        """Its exit code, or the signal's number below zero."""
        if self.code is None:
            assert select.select([self.status], [], [], timeout)[0], f"still running after {timeout} seconds"
            self.code = int(self.status.read())
        return self.code

    def close(self) -> None:
        """Kills it where it still runs."""
        self.kill()
        self.wait()
        self.status.close()
        for pipe in (self.stdin, *self.readers.values()):
            pipe.close()


class Forks:
    """The process that forks, and the socket by which it is asked to. It ends, and all that it forked, when that closes."""

    def __init__(self) -> None:
        self.socket, theirs = socket.socketpair()
        path = os.pathsep.join((str(PYTHON_FOLDER), str(Path(__file__).parent)))
        self.process = subprocess.Popen(
            [sys.executable, __file__, str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            env={**os.environ, **ENVIRONMENT, "PYTHONPATH": path},
        )
        theirs.close()

    def start(self, request: dict[str, Any], descriptors: list[int]) -> int:
        """The process id."""
        socket.send_fds(self.socket, [json.dumps(request).encode() + b"\n"], descriptors)
        answer = self.socket.recv(100)
        assert answer, f"the process that forks ended with exit code {self.process.wait()}"
        return int(answer)

    def close(self) -> None:
        self.socket.close()
        self.process.wait()


@functools.cache
def forks() -> Forks:
    started = Forks()
    atexit.register(started.close)
    return started


# -- the process that forks ------------------------------------------------------------------------------------------


def serve(requests: socket.socket) -> None:
    """Until the other end closes. It runs no kernel and starts no thread, so that a fork is a clean copy."""
    for name in PRELOADED:
        import_module(name)
    # What is imported stays for good: no fork looks through it, and so copies it, in its collections.
    gc.collect()
    gc.freeze()
    #: Where the exit code of each running program is told.
    telling: dict[int, int] = {}
    signal.signal(signal.SIGCHLD, lambda *_: reap(telling))
    while True:
        content, descriptors, _, _ = socket.recv_fds(requests, 2**16, MOST_DESCRIPTORS)
        if not content:
            break
        # A program that ends at once is reaped when it is known.
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGCHLD])
        if (pid := os.fork()) == 0:
            requests.close()
            run(json.loads(content), descriptors[1:])
        telling[pid] = descriptors[0]
        for descriptor in descriptors[1:]:
            os.close(descriptor)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGCHLD])
        requests.send(str(pid).encode())
    for pid in telling:
        os.kill(pid, signal.SIGKILL)


def reap(telling: dict[int, int]) -> None:
    while telling:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == 0:
            return
        descriptor = telling.pop(pid)
        os.write(descriptor, str(os.waitstatus_to_exitcode(status)).encode())
        os.close(descriptor)


def run(request: dict[str, Any], descriptors: list[int]) -> None:
    """In the fork: `python -m module arguments`. Never returns."""
    code = 1
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGCHLD])
        for place, descriptor in zip(request["places"], descriptors, strict=True):
            os.dup2(descriptor, place)
            os.close(descriptor)
        if request["files"] is not None:
            resource.setrlimit(resource.RLIMIT_NOFILE, tuple(request["files"]))
        sys.argv = [request["module"], *request["arguments"]]
        runpy.run_module(request["module"], run_name="__main__", alter_sys=True)
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:  # noqa: BLE001
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])))
