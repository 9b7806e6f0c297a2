"""Weight versions by name: loaded on first use, evicted when unused and room is needed; the base always stays.

All bookkeeping happens on the event loop (no locks); only the loading itself runs in a separate thread, so the
engine continues meanwhile.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from maft.model_folder.digests import recorded_digest, require_unchanged
from maft.model_folder.errors import ChangedFiles
from maft.out_of_memory import is_out_of_memory
from maft.serve.backends import Network
from maft.serve.errors import BrokenModel, ChangedModel, ModelNotFound, NoMemory
from maft.serve.failures import end_if_device_is_lost, release_memory
from maft.serve.folders import (
    base_of_adapter,
    end_tokens,
    has_tokenizer,
    is_adapter,
    is_model_folder,
    is_model_name,
    published,
)
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


def base_version(name: str, folder: Path, network: Network) -> Version:
    tokenizer = ModelTokenizer(folder)
    return Version(name, network, tokenizer, end_tokens(folder, tokenizer.end_token, frozenset()))


def tell_unrecorded(name: str, digest: str | None) -> None:
    if digest is None:
        log.info("%s records no digest: its files are taken as they are", name)


class Versions:
    """`use(name)` gives a version for the time of one request."""

    def __init__(
        self,
        loader: Loader,
        metrics: Metrics,
        *,
        base: Path,
        base_name: str,
        models: Path | None,
        most: int,
        further: Mapping[str, Path] | None = None,
    ):
        self.loader = loader
        self.metrics = metrics
        #: Folders of all base models by name.
        self.base_folders = {base_name: base, **(further or {})}
        self.models = models
        self.most = most
        self.thread = ThreadPoolExecutor(1, thread_name_prefix="loader")
        #: Least recently used first.
        self.loaded: dict[str, Version] = {}
        #: Callers waiting, by version, in the order in which the versions were first asked for.
        self.pending: dict[str, list[asyncio.Future[Version]]] = {}
        self.loading: str | None = None
        self.task: asyncio.Task[None] | None = None
        tell_unrecorded(base_name, require_unchanged(base))
        self.base = base_version(base_name, base, loader.load(base, None))
        #: Base models that were asked for, or whose adapters were; they stay.
        self.bases = {base_name: self.base}
        #: Adapters over a base that has another name here; each is logged once.
        self.renamed: set[str] = set()
        metrics.loaded.set(1)

    def names(self) -> list[str]:
        """The bases, then every version on disk."""
        return [*self.base_folders, *(name for name in published(self.models) if name not in self.base_folders)]

    @asynccontextmanager
    async def use(self, name: str) -> AsyncGenerator[Version]:
        """The version of that name, kept in memory until the block ends. Raises ModelNotFound, BrokenModel, NoMemory."""
        version = await self.acquire(name)
        try:
            yield version
        finally:
            self.release(version)

    async def acquire(self, name: str) -> Version:
        if name == self.base.name:
            self.base.users += 1
            return self.base
        self.folder(name)
        # Callers waiting for a place come before newcomers to the version that has to give way.
        if name in self.loaded and name != self.giving_way():
            self.loaded[name] = self.loaded.pop(name)
            self.loaded[name].users += 1
            return self.loaded[name]
        future: asyncio.Future[Version] = asyncio.get_running_loop().create_future()
        self.pending.setdefault(name, []).append(future)
        self.advance()
        try:
            return await future
        except asyncio.CancelledError:
            if not future.cancelled() and future.exception() is None:
                self.release(future.result())  # handed over in the very moment of leaving
            raise

    def release(self, version: Version) -> None:
        version.users -= 1
        self.advance()

    def folder(self, name: str) -> Path:
        """Raises ModelNotFound if there is no such version."""
        if name in self.base_folders:
            return self.base_folders[name]
        if self.models is None or not is_model_name(name) or not is_model_folder(self.models / name):
            raise ModelNotFound(name)
        return self.models / name

    def digest(self, name: str) -> str | None:
        """The digest that a version was published under, and that loading it checks; None if its folder records none.

        Raises ModelNotFound."""
        return recorded_digest(self.folder(name))

    def giving_way(self) -> str | None:
        """The version to evict next, if a caller waits for a place and none is free."""
        if all(name in self.loaded for name in self.pending) or len(self.loaded) < self.most:
            return None
        return next(iter(self.loaded), None)

    def advance(self) -> None:
        """Hands out or starts to load the version with the longest wait; called after every change."""
        if self.loading is not None or not self.pending:
            return
        name = next(iter(self.pending))
        if name in self.loaded:
            self.hand_out(name)
            self.advance()
        elif len(self.loaded) < self.most or self.evict():
            self.loading = name
            self.task = asyncio.get_running_loop().create_task(self.load(name))

    def hand_out(self, name: str) -> None:
        """Counts the users before the version can be evicted, so every waiting caller gets it."""
        version = self.loaded[name]
        for future in self.pending.pop(name, []):
            if not future.done():
                version.users += 1
                future.set_result(version)

    def evict(self) -> bool:
        for name, version in self.loaded.items():
            if version.users == 0:
                del self.loaded[name]
                self.metrics.evictions.inc()
                log.info("evicted %s", name)
                return True
        return False

    def evict_all_idle(self) -> None:
        """Frees memory after a batch ran out of it. Versions in use stay: most likely they are asked for again soon."""
        while self.evict():
            pass
        self.metrics.loaded.set(1 + len(self.loaded))
        self.thread.submit(release_memory)
        self.advance()

    async def load(self, name: str) -> None:
        try:
            self.loaded[name] = await self.load_making_room(name)
            self.metrics.loads.inc()
            self.hand_out(name)
            await self.leave_room()
        except Exception as error:  # noqa: BLE001 - callers get any error of the folder
            end_if_device_is_lost(error)
            log.warning("cannot load %s: %s", name, error)
            self.refuse(name, error)
        self.loading = None
        self.metrics.loaded.set(1 + len(self.loaded))
        self.advance()

    async def load_making_room(self, name: str) -> Version:
        """If memory is short, evicts idle versions one by one; raises the last attempt's error."""
        loop = asyncio.get_running_loop()
        while True:
            try:
                return await loop.run_in_executor(self.thread, self.load_now, name)
            except Exception as error:
                if not (is_out_of_memory(error) and self.evict()):
                    raise
                log.info("no memory for %s: trying again", name)
            # Not above: the error still holds the loaded part of the version.
            await loop.run_in_executor(self.thread, release_memory)

    async def leave_room(self) -> None:
        """Evicts idle versions one by one while keys and values lack the memory reserved for them."""
        loop = asyncio.get_running_loop()
        while await loop.run_in_executor(self.thread, self.loader.lacks_room) and self.evict():
            await loop.run_in_executor(self.thread, release_memory)

    def refuse(self, name: str, error: Exception) -> None:
        told: Exception
        if isinstance(error, ModelNotFound):
            told = error
        elif isinstance(error, ChangedFiles):
            told = ChangedModel(name, str(error))
        elif is_out_of_memory(error):
            told = NoMemory(f"There is not enough memory for the model `{name}` beside those in use: {error}")
        else:
            told = BrokenModel(name, str(error) or repr(error))
        for future in self.pending.pop(name, []):
            if not future.done():
                future.set_exception(told)

    def load_now(self, name: str) -> Version:
        """In the loader's thread."""
        if name in self.base_folders:
            return self.load_base(name)
        folder = self.folder(name)
        tell_unrecorded(name, require_unchanged(folder))
        base = self.load_base(self.base_name_of(name, folder))
        network = self.loader.load(folder, (self.base_folders[base.name], base.network))
        own = ModelTokenizer(folder) if has_tokenizer(folder) else None
        ends = end_tokens(folder, own.end_token if own else None, base.end_tokens)
        return Version(name, network, own or base.tokenizer, ends)

    def base_name_of(self, name: str, folder: Path) -> str:
        """The base of a version. A single base may have had another name at training; with several, raises
        ValueError rather than guess."""
        if not is_adapter(folder):
            return self.base.name
        named = base_of_adapter(folder)
        if named in self.base_folders:
            return named
        if len(self.base_folders) > 1:
            raise ValueError(
                f"it belongs to the base `{named}`, and here are {', '.join(map(repr, self.base_folders))}"
            )
        if name not in self.renamed:
            self.renamed.add(name)
            log.warning("%s belongs to the base %s: put over %s, the only one here", name, named, self.base.name)
        return self.base.name

    def load_base(self, name: str) -> Version:
        """A base by name, loaded once."""
        if name not in self.bases:
            folder = self.base_folders[name]
            tell_unrecorded(name, require_unchanged(folder))
            self.bases[name] = base_version(name, folder, self.loader.load(folder, None))
        return self.bases[name]
