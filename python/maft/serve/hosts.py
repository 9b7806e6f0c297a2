"""Names by which this server may be called: a web page can point its own name at any address, and would then be let in."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterable
from typing import Any

from maft.serve.bodies import reply
from maft.serve.errors import WrongHost

ANY = "*"


def known_names(bound: str, allowed: Iterable[str]) -> frozenset[str]:
    """The names of a server that listens on the address `bound`, beside all addresses written as numbers."""
    names = {"localhost", bound.lower(), *(name.lower() for name in allowed)}
    if not is_loopback(bound):
        names.add(socket.gethostname().lower())
    return frozenset(names)


def is_loopback(host: str) -> bool:
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def name_of(host: str) -> str:
    """The name in a `Host` header, without port and brackets."""
    host = host.strip().lower()
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0] if host.count(":") == 1 else host


def is_number(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


class KnownHosts:
    """Answers 421 to requests for another host, before anything else of them is looked at."""

    def __init__(self, app: Any, names: frozenset[str]) -> None:
        self.app = app
        self.names = names

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http" and (host := self.unknown_host(scope["headers"])) is not None:
            error = WrongHost(host)
            await reply(error.body(), error.status, {"Connection": "close"})(scope, receive, send)
            return
        await self.app(scope, receive, send)

    def unknown_host(self, headers: Iterable[tuple[bytes, bytes]]) -> str | None:
        """The host that a request names, if it is not one of ours. HTTP/1.0 names none; no browser speaks it."""
        for key, value in headers:
            if key == b"host":
                name = name_of(value.decode("latin-1"))
                known = ANY in self.names or name in self.names or is_number(name)
                return None if known else name
        return None
