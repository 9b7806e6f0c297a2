"""Weight versions by name: loaded on first use, evicted when unused and room is needed; the base always stays.

All bookkeeping happens on the event loop (no locks); only the loading itself runs in a thread of its own, so that the
engine goes on meanwhile.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from maft.serve.backends import Network
from maft.serve.errors import BrokenModel, ModelNotFound
from maft.serve.folders import end_tokens, has_tokenizer, is_model_folder, is_model_name, published
from maft.serve.loading import Loader
from maft.serve.metrics import Metrics
from maft.serve.tokenization import ModelTokenizer

log = logging.getLogger("maft.serve")


@dataclass(eq=False)
class Version:
    """One loaded version; compared by identity."""

    name: str
    network: Network
    tokenizer: ModelTokenizer
    end_tokens: frozenset[int]
    users: int = 0
    """Requests that hold it now."""


class Versions:
    """`use(name)` gives a version for the time of one request."""

    def __init__(self, loader: Loader, metrics: Metrics, *, base: Path, base_name: str, models: Path | None, most: int):
        self.loader = loader
        self.metrics = metrics
        self.base_folder = base
        self.models = models
        self.most = most
        self.thread = ThreadPoolExecutor(1, thread_name_prefix="loader")
        #: Least recently used first.
        self.loaded: dict[str, Version] = {}
        #: Who waits for a place or for a load, in the order of arrival.
        self.pending: dict[str, asyncio.Future[None]] = {}
        self.queue: deque[str] = deque()
        self.loading: str | None = None
        tokenizer = ModelTokenizer(base)
        ends = end_tokens(base, frozenset())
        self.base = Version(base_name, loader.load(base, None), tokenizer, ends)
        metrics.loaded.set(1)

    def names(self) -> list[str]:
        """The base, then every version that is on disk."""
        return [self.base.name, *(name for name in published(self.models) if name != self.base.name)]

    @asynccontextmanager
    async def use(self, name: str) -> AsyncIterator[Version]:
        """The version of that name, kept in memory until the block ends. Raises ModelNotFound, BrokenModel."""
        version = await self.acquire(name)
        try:
            yield version
        finally:
            version.users -= 1
            self.advance()

    async def acquire(self, name: str) -> Version:
        while True:
            if name == self.base.name:
                found: Version | None = self.base
            else:
                # Who waits for a place comes before newcomers to the version that has to give way.
                found = None if name == self.giving_way() else self.loaded.get(name)
            if found is not None:
                found.users += 1
                if name in self.loaded:
                    self.loaded[name] = self.loaded.pop(name)
                return found
            self.folder(name)
            await asyncio.shield(self.request(name))

    def folder(self, name: str) -> Path:
        """Raises ModelNotFound where there is no such version."""
        if self.models is None or not is_model_name(name) or not is_model_folder(self.models / name):
            raise ModelNotFound(name)
        return self.models / name

    def giving_way(self) -> str | None:
        """The version that must go next: somebody waits for a place and none is unused."""
        waits = any(name not in self.loaded for name in self.queue)
        if not waits or len(self.loaded) + (self.loading is not None) < self.most:
            return None
        return next(iter(self.loaded), None)

    def request(self, name: str) -> asyncio.Future[None]:
        if name not in self.pending:
            self.pending[name] = asyncio.get_running_loop().create_future()
            self.queue.append(name)
            self.advance()
        return self.pending[name]

    def advance(self) -> None:
        """Starts the next load where there is a place for it; called whenever something changed."""
        if not self.queue or self.loading is not None:
            return
        if self.queue[0] in self.loaded:
            self.settle(self.queue.popleft(), None)
            return self.advance()
        if len(self.loaded) >= self.most and not self.evict():
            return
        self.loading = self.queue.popleft()
        asyncio.get_running_loop().create_task(self.load(self.loading))

    def evict(self) -> bool:
        for name, version in self.loaded.items():
            if version.users == 0:
                del self.loaded[name]
                self.metrics.evictions.inc()
                log.info("evicted %s", name)
                return True
        return False

    async def load(self, name: str) -> None:
        error: Exception | None = None
        try:
            loop = asyncio.get_running_loop()
            self.loaded[name] = await loop.run_in_executor(self.thread, self.load_now, name)
            self.metrics.loads.inc()
        except Exception as reason:  # noqa: BLE001 - whatever is wrong with the folder, its callers are told
            log.warning("cannot load %s: %s", name, reason)
            error = reason if isinstance(reason, ModelNotFound) else BrokenModel(name, str(reason) or repr(reason))
        self.loading = None
        self.metrics.loaded.set(1 + len(self.loaded))
        self.settle(name, error)
        self.advance()

    def settle(self, name: str, error: Exception | None) -> None:
        future = self.pending.pop(name)
        if future.done():
            return
        if error is None:
            future.set_result(None)
        else:
            future.set_exception(error)

    def load_now(self, name: str) -> Version:
        """In the loader's thread."""
        folder = self.folder(name)
        network = self.loader.load(folder, (self.base_folder, self.base.network))
        tokenizer = ModelTokenizer(folder) if has_tokenizer(folder) else self.base.tokenizer
        return Version(name, network, tokenizer, end_tokens(folder, self.base.end_tokens))
