"""Connections that cannot block the server: silent ones are closed, and their number is capped below the limit of files."""

from __future__ import annotations

import asyncio
import errno
import logging
import resource
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

log = logging.getLogger("maft.serve")

#: Longest silence, seconds, within a request, or on a connection without one.
SILENT_SECONDS = 20.0
#: Files besides the connections: weights while they are loaded, pipes, libraries.
RESERVED_FILES = 256
MOST_CONNECTIONS = 16_384
#: Enough for any number of connections; some systems report an infinite limit and then refuse it.
MOST_FILES = 65_536
#: After these errors asyncio accepts no connection for a second.
LACKS = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
#: Shortest time between two log lines about this, seconds.
TOLD_EVERY_SECONDS = 60.0

BUSY_BODY = b'{"error": {"message": "Too many connections are open.", "code": "too_many_connections"}}'
BUSY = (
    b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nConnection: close\r\nContent-Type: application/json\r\n"
    b"Content-Length: %d\r\n\r\n%s" % (len(BUSY_BODY), BUSY_BODY)
)


def raise_file_limit() -> int:
    """Raises the number of files that this process may open as far as it may; returns it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, MOST_FILES)
    if soft != resource.RLIM_INFINITY and soft < most:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
            soft = most
        except (ValueError, OSError):
            pass  # a sandbox may forbid it: the cap below follows the present limit
    return MOST_FILES if soft == resource.RLIM_INFINITY else soft


def most_connections(files: int) -> int:
    """How many connections a process may hold if it may open this many files."""
    return min(MOST_CONNECTIONS, max(files // 2, files - RESERVED_FILES))


class PatientProtocol(H11Protocol):
    """uvicorn's protocol, which waits for ever for a request that was begun and not finished."""

    most = most_connections(1024)

    def connection_made(self, transport: Any) -> None:
        self.opened = self.last_heard = self.loop.time()
        super().connection_made(transport)
        self.watch = self.loop.call_later(SILENT_SECONDS, self.close_if_silent)
        if len(self.connections) > self.most:
            self.make_room()

    def data_received(self, data: bytes) -> None:
        self.last_heard = self.loop.time()
        super().data_received(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self.watch.cancel()
        super().connection_lost(exc)

    def awaits_request(self) -> bool:
        """Whether the other side has yet to send a request, or the rest of one."""
        return self.cycle is None or self.cycle.response_complete or self.cycle.more_body

    def is_idle(self) -> bool:
        """Between two requests; uvicorn closes such a connection by itself after a while."""
        return self.cycle is not None and self.cycle.response_complete and not self.conn.trailing_data[0]

    def close_if_silent(self) -> None:
        silent = self.loop.time() - self.last_heard
        if self.awaits_request() and not self.is_idle() and silent >= SILENT_SECONDS:
            self.transport.abort()
            return
        self.watch = self.loop.call_later(max(1.0, SILENT_SECONDS - silent), self.close_if_silent)

    def make_room(self) -> None:
        """Closes the oldest connection without a request in work; if all have one, the newcomer."""
        others = [each for each in self.connections if isinstance(each, PatientProtocol) and each is not self]
        waiting = [each for each in others if each.awaits_request()]
        oldest = min(waiting, key=lambda each: each.last_heard, default=None)
        if oldest is not None:
            oldest.transport.abort()
            self.connections.discard(oldest)
            return
        self.transport.write(BUSY)
        self.transport.close()


class BriefAboutAccepts:
    """The event loop's handler of errors. By itself asyncio tells every connection that it cannot accept with a traceback,
    thousands a second if many come at once, which fills the disk with the log."""

    def __init__(self) -> None:
        self.told = float("-inf")

    def __call__(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if not (isinstance(error, OSError) and error.errno in LACKS and "accept" in context["message"]):
            loop.default_exception_handler(context)
        elif loop.time() - self.told >= TOLD_EVERY_SECONDS:
            self.told = loop.time()
            log.warning("connections wait to be accepted: %s", error)


def bounded_protocol() -> type[PatientProtocol]:
    """The protocol of a server in this process, whose limit of files is raised first."""
    PatientProtocol.most = most_connections(raise_file_limit())
    return PatientProtocol
