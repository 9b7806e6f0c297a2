"""Events as JSON lines on a separate file descriptor, never stdout, because libraries print there."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import Any


class EventWriter:
    """The only writer of its descriptor, so that no line is ever mixed with another's, however long it is."""

    def __init__(self, descriptor: int, when_nobody_reads: Callable[[], None]) -> None:
        self.descriptor = descriptor
        self.when_nobody_reads = when_nobody_reads

    def write(self, event: str, **fields: Any) -> None:
        """One line. A reader that is gone means the parent is gone; the training then stops at its next boundary."""
        line = json.dumps({"event": event, **fields}, allow_nan=False) + "\n"
        try:
            write_all(self.descriptor, line.encode())
        except OSError:
            self.when_nobody_reads()


def write_all(descriptor: int, data: bytes) -> None:
    """`os.write` may write less than it is given."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]
