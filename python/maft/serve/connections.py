"""Connections that cannot block the server: silent ones are closed, and their number is capped below the limit of files."""

from __future__ import annotations

import resource
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

#: Of a request that has begun, or of a connection without one, so much may pass without a byte.
SILENT_SECONDS = 20.0
#: Files beside the connections: weights while they are loaded, pipes, libraries.
RESERVED_FILES = 256
MOST_CONNECTIONS = 16_384
#: Enough for any number of connections; some systems call their limit infinite and refuse what that would be.
MOST_FILES = 65_536

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
            pass  # a sandbox that fixes it: the cap below follows the limit as it is
    return MOST_FILES if soft == resource.RLIM_INFINITY else soft


def most_connections(files: int) -> int:
    """How many connections a process may hold that may open so many files."""
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
        """The oldest connection without a request in work gives way; where all have one, the newcomer does."""
        others = [each for each in self.connections if isinstance(each, PatientProtocol) and each is not self]
        waiting = [each for each in others if each.awaits_request()]
        oldest = min(waiting, key=lambda each: each.last_heard, default=None)
        if oldest is not None:
            oldest.transport.abort()
            self.connections.discard(oldest)
            return
        self.transport.write(BUSY)
        self.transport.close()


def bounded_protocol() -> type[PatientProtocol]:
    """The protocol of a server in this process, whose limit of files is raised first."""
    PatientProtocol.most = most_connections(raise_file_limit())
    return PatientProtocol
