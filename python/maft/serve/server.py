"""One server process: parts put together, the ready line, and an orderly end."""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import os
import signal
import socket
import sys
import threading
from functools import partial
from typing import Any

import torch
import uvicorn

from maft.out_of_memory import is_out_of_memory
from maft.serve.connections import BriefAboutAccepts, bounded_protocol
from maft.serve.engine import Engine
from maft.serve.errors import BaseTooLarge, CannotListen, NoSuchModelFolder
from maft.serve.hosts import KnownHosts, known_names
from maft.serve.http import create_app
from maft.serve.loading import Loader
from maft.serve.memory import free_memory
from maft.serve.metrics import Metrics
from maft.serve.precision import choose_device, choose_precision
from maft.serve.settings import ServeSettings
from maft.serve.stored_config import read_config
from maft.serve.versions import Versions

log = logging.getLogger("maft.serve")

#: Longest wait for an orderly end (the process must exit within 2 s of the parent's death).
LAST_RESORT_SECONDS = 1.8
#: Requests in flight get this long to finish; less than uvicorn's own second, after which connections are cut.
GRACE_SECONDS = 0.6


def serve(settings: ServeSettings) -> int:
    """Runs until SIGTERM, SIGINT or the parent's death. Raises NoSuchModelFolder or BaseTooLarge if the base
    cannot be loaded."""
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    torch.set_num_threads(settings.threads)
    torch.set_grad_enabled(False)
    # The engine's thread and the event loop share the interpreter: five milliseconds, the default, are whole steps.
    sys.setswitchinterval(0.0005)
    return asyncio.run(run(settings))


def make_loader(settings: ServeSettings) -> Loader:
    device = choose_device(settings.device)
    precision = choose_precision(settings.precision, device, read_config(settings.base).dtype)
    memory = settings.cache_bytes or free_memory(device) // 4
    log.info("keys and values may take %.2f GiB of the %s's memory", memory / 2**30, device.type)
    return Loader(precision, device, memory, settings.fast_path, settings.measurements)


def load_base(settings: ServeSettings, metrics: Metrics) -> Versions:
    try:
        return Versions(
            make_loader(settings),
            metrics,
            base=settings.base,
            base_name=settings.base_name,
            further=dict(settings.further),
            models=settings.models,
            most=settings.max_loaded,
        )
    except Exception as error:
        if is_out_of_memory(error):
            raise BaseTooLarge(
                f"The memory does not suffice to load {settings.base}. Free some, or give a smaller model. ({error})"
            ) from error
        raise NoSuchModelFolder(f"{settings.base} cannot be loaded as a model: {error}") from error


async def run(settings: ServeSettings) -> int:
    metrics = Metrics()
    listener = listen(settings.host, settings.port)
    if settings.exit_with_parent:  # before the base is loaded, which may take minutes
        threading.Thread(target=watch_parent, daemon=True).start()
    versions = load_base(settings, metrics)
    # Everything imported so far stays for good: to look through it all, at every full collection, halts the server for
    # a quarter of a second.
    gc.collect()
    gc.freeze()
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(BriefAboutAccepts())
    make_room = partial(loop.call_soon_threadsafe, versions.evict_all_idle)
    engine = Engine(metrics, max_batch=settings.max_batch, max_queue=settings.max_queue, make_room=make_room)
    names = known_names(settings.host, settings.allowed_hosts)
    app = KnownHosts(create_app(versions, engine, metrics, settings.read_threads), names)
    server = QuietServer(
        uvicorn.Config(
            app,
            http=bounded_protocol(),
            log_level="warning",
            access_log=False,
            timeout_graceful_shutdown=1,
            timeout_keep_alive=75,
        )
    )
    engine.thread.start()

    def stop() -> None:
        """Refuses new connections at once, and answers 503 to requests that do not finish within the grace period."""
        server.should_exit = True
        loop.call_later(GRACE_SECONDS, engine.refuse_everything)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    announce(listener, versions)
    try:
        await server.serve(sockets=[listener])
    finally:
        engine.stop()
        versions.thread.shutdown(wait=False, cancel_futures=True)
    return 0


class QuietServer(uvicorn.Server):
    """Leaves signals to us: uvicorn would raise the signal again after an orderly end, and so exit with its number."""

    def install_signal_handlers(self) -> None:
        pass

    def capture_signals(self) -> Any:
        import contextlib

        return contextlib.nullcontext()


def listen(host: str, port: int) -> socket.socket:
    """A bound, listening socket: the ready line may come before uvicorn runs, connections then wait a moment. Raises CannotListen."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        raise CannotListen(
            f"Cannot listen on {host}:{port}: {error.strerror}. Give another --port (0: a free one)."
        ) from error
    listener.listen(2048)
    return listener


def announce(listener: socket.socket, versions: Versions) -> None:
    ready = {"event": "ready", "port": listener.getsockname()[1], "models": versions.names()}
    print(json.dumps(ready), flush=True)


def watch_parent() -> None:
    """Blocks on standard input, which the parent holds open: its end means that the parent is gone."""
    # Not sys.stdin: a thread that holds its lock while the interpreter ends crashes it.
    while os.read(0, 4096):
        pass
    # The kernel's own alarm kills by default, so no orphan stays if anything hangs here.
    signal.setitimer(signal.ITIMER_REAL, LAST_RESORT_SECONDS)
    # As if by a signal: an orderly end, or an immediate one if nothing is served yet.
    os.kill(os.getpid(), signal.SIGTERM)
