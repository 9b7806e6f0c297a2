"""One worker process: compares the pairs that come through its pipe, one after the other."""

from __future__ import annotations

import resource
import signal
import sys
from multiprocessing.connection import Connection

from maft.grade.checker import Checker
from maft.grade.verdict import Verdict


def work(pipe: Connection, time_limit: float, memory_limit_bytes: int) -> None:
    """
    Receives (a, b), sends a `Verdict`; sends None first, when it is ready. Ends when the pipe closes. The pool kills it
    after `time_limit` seconds with one pair; should the pool be gone by then, an alarm does it later.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    _limit_memory(memory_limit_bytes)
    checker = Checker()
    pipe.send(None)
    while True:
        try:
            a, b = pipe.recv()
        except (EOFError, OSError):
            return
        signal.setitimer(signal.ITIMER_REAL, 2 * time_limit + 1)
        verdict = _checked(checker, a, b)
        signal.setitimer(signal.ITIMER_REAL, 0)
        pipe.send(verdict)


def _checked(checker: Checker, a: str, b: str) -> Verdict:
    try:
        return checker.check(a, b)
    except MemoryError:
        return Verdict(equal=False, reason="memory limit")
    except Exception as error:  # sympy raises anything on strange input: such a pair is not equal, and says why
        return Verdict(equal=False, reason=f"cannot be compared: {type(error).__name__}")


def _limit_memory(memory_limit_bytes: int) -> None:
    # macOS does not enforce it; there the time limit must suffice.
    if sys.platform == "linux":
        resource.setrlimit(resource.RLIMIT_AS, (memory_limit_bytes, memory_limit_bytes))
