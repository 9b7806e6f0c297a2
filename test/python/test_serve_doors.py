"""Who may start work on a loopback server, and that connections which never ask for anything do not block it."""

from __future__ import annotations

import asyncio
import errno
import json
import resource
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from serve_fixtures import ask, error_of, fork, running_server, write_lively

from maft.serve import connections
from maft.serve.hosts import known_names, name_of

CHAT = {"model": "base", "messages": [{"role": "user", "content": "1+2"}], "max_tokens": 1}
ROUTES = ("/v1/chat/completions", "/v1/completions", "/v1/embeddings", "/tokenize")
FILES = 128


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_lively(tmp_path_factory.mktemp("doors") / "base")


@pytest.fixture(scope="module")
def client(base: Path) -> Iterator[httpx.Client]:
    with running_server(base, "--allow-host", "models.internal") as running:
        yield running


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
def test_what_a_web_page_may_post_anywhere_is_not_taken(client: httpx.Client, route: str, kind: str) -> None:
    response = client.post(route, content=json.dumps(CHAT), headers={"Content-Type": kind} if kind else {})
    assert (response.status_code, error_of(response)["code"]) == (415, "unsupported_media_type")


def test_json_is_taken_with_parameters_and_in_any_case(client: httpx.Client) -> None:
    headers = {"Content-Type": "Application/JSON; charset=utf-8"}
    response = client.post("/v1/chat/completions", content=json.dumps(CHAT), headers=headers)
    assert response.status_code == 200


def test_a_browser_that_asks_first_is_allowed_nothing(client: httpx.Client) -> None:
    asking = {"Origin": "http://evil.example", "Access-Control-Request-Method": "POST"}
    asking["Access-Control-Request-Headers"] = "content-type"
    response = client.options("/v1/chat/completions", headers=asking)
    assert response.status_code == 405
    assert not [name for name in response.headers if name.startswith("access-control-")]


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8000", "127.0.0.1.evil.example", "localhost.evil", ""])
@pytest.mark.parametrize("path", ["/health", "/v1/models", "/nothing"])
def test_another_name_in_host_is_refused_at_every_route(client: httpx.Client, host: str, path: str) -> None:
    """A page that has given its own name this address (DNS rebinding) is of the same origin to its browser."""
    response = client.get(path, headers={"Host": host})
    assert (response.status_code, error_of(response)["code"]) == (421, "wrong_host")
    assert client.post("/v1/chat/completions", json=CHAT, headers={"Host": host}).status_code == 421


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:80", "127.0.0.1:1", "[::1]:8000", "models.internal:8000"])
def test_its_own_names_and_those_it_was_given_are_known(client: httpx.Client, host: str) -> None:
    assert client.post("/v1/chat/completions", json=CHAT, headers={"Host": host}).status_code == 200


def test_a_server_for_other_machines_knows_its_machine_too() -> None:
    assert socket.gethostname().lower() in known_names("0.0.0.0", ())
    assert known_names("127.0.0.1", ()) == {"localhost", "127.0.0.1"}
    assert [name_of(host) for host in ("a:1", "[::1]:2", "::1", "A")] == ["a", "::1", "::1", "a"]


@pytest.fixture(scope="module")
def narrow(base: Path) -> Iterator[str]:
    """The address of a server that may open few files."""
    server, ready = fork(base, files=(FILES, FILES))
    yield f"http://127.0.0.1:{ready['port']}"
    server.close()


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\n",
        b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n",
    ],
    ids=["silent", "half a head", "idle"],
)
def test_more_connections_than_files_that_ask_for_nothing_do_not_block_it(narrow: str, sent: bytes) -> None:
    address = httpx.URL(narrow)
    held = []
    try:
        for _ in range(2 * FILES):
            held.append(socket.create_connection((address.host, address.port), timeout=20))
            held[-1].sendall(sent)
        with httpx.Client(base_url=narrow, timeout=60) as client:
            assert client.get("/health").status_code == 200
            assert ask(client)["choices"]
    finally:
        for each in held:
            each.close()


def test_connections_that_find_no_free_file_are_told_in_one_line_not_with_a_traceback_each(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def flood() -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(connections.BriefAboutAccepts())
        server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0, backlog=200)
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        with socket.create_connection(server.sockets[0].getsockname()):
            # Fewer than are open by now: each of the 200 attempts to accept the connection fails.
            resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
            try:
                await asyncio.sleep(0.05)
            finally:
                resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        loop.call_exception_handler({"message": "something else", "exception": OSError(errno.EMFILE, "elsewhere")})
        server.close()

    asyncio.run(flood())
    lack, other = [record.getMessage() for record in caplog.records]
    assert lack.startswith("connections wait to be accepted: ") and "Too many open files" in lack
    assert other.startswith("something else")


def test_a_body_that_stops_half_way_gives_its_place_to_others(narrow: str) -> None:
    address = httpx.URL(narrow)
    head = (
        b"POST /tokenize HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"
    )
    held = [socket.create_connection((address.host, address.port), timeout=20) for _ in range(FILES)]
    try:
        for each in held:
            each.sendall(head)
        assert httpx.get(f"{narrow}/health", timeout=60).status_code == 200
    finally:
        for each in held:
            each.close()


def test_the_limit_of_files_is_raised_as_far_as_it_may_be(base: Path) -> None:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    most = connections.MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, connections.MOST_FILES)
    server, _ = fork(base, files=(200, hard))
    try:
        line = next(x for x in Path(f"/proc/{server.pid}/limits").read_text().splitlines() if "open files" in x)
        assert int(line.split()[3]) == most
    finally:
        server.close()


def test_a_request_that_never_comes_is_no_longer_waited_for(monkeypatch: pytest.MonkeyPatch, base: Path) -> None:
    import uvicorn

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()

    async def wait_for_the_end(sent: bytes) -> bytes:
        server = uvicorn.Server(uvicorn.Config(app, http=connections.PatientProtocol, lifespan="off", port=0))
        listener = socket.create_server(("127.0.0.1", 0))
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        reader, writer = await asyncio.open_connection(*listener.getsockname())
        writer.write(sent)
        try:
            return await asyncio.wait_for(reader.read(), 20)
        except ConnectionResetError:
            return b""
        finally:
            writer.close()
            server.should_exit = True
            await serving

    monkeypatch.setattr(connections, "SILENT_SECONDS", 0.2)
    for sent in (b"", b"GET / HTTP/1.1\r\nHost:"):
        assert asyncio.run(wait_for_the_end(sent)) == b""
