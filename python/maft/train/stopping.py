"""How a training learns that it has to end: SIGTERM, SIGINT, or the death of its parent."""

from __future__ import annotations

import os
import signal
import threading
import time

from maft.train.errors import Interrupted

# A parent's death has to show within 2 s; a step or a checkpoint of a large model may take longer than that.
ORPHAN_GRACE_SECONDS = 1.5


class StopRequest:
    """Set from signal handlers and threads, looked at between steps."""

    def __init__(self) -> None:
        self.reason: str | None = None

    def request(self, reason: str) -> None:
        self.reason = self.reason or reason

    def raise_if_requested(self) -> None:
        """Raises Interrupted; called at every boundary where nothing is half done."""
        if self.reason is not None:
            raise Interrupted(f"Stopped: {self.reason}. The same job resumes from its newest checkpoint.")


def stop_on_signals(stop: StopRequest) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda received, _: stop.request(f"received {signal.Signals(received).name}"))


def stop_when_closed(descriptor: int, stop: StopRequest) -> None:
    """Watches a pipe whose other end only the parent holds and never writes to: its end is the parent's end."""
    threading.Thread(target=_wait_for_end, args=(descriptor, stop), name="parent-watch", daemon=True).start()


def _wait_for_end(descriptor: int, stop: StopRequest) -> None:
    try:
        while os.read(descriptor, 4096):
            pass
    except OSError:
        pass
    stop.request("the parent process is gone")
    time.sleep(ORPHAN_GRACE_SECONDS)
    os._exit(Interrupted.exit_code)
