"""Versions that do not fit into memory together give way to each other."""

from __future__ import annotations

import asyncio
import shutil
import weakref
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from engine_fixtures import Asked, ScriptedBackend, version_over
from serve_fixtures import write_lively

from maft.serve.engine import Engine
from maft.serve.errors import NoMemory
from maft.serve.metrics import Metrics
from maft.serve.versions import Versions

NAMES = ("one", "two", "three")


class Weights:
    """Refers to itself, as modules do."""

    def __init__(self) -> None:
        self.own = self


class CrowdedLoader:
    """Memory for the base and so many versions."""

    def __init__(self, room: int, cache: int) -> None:
        self.room = room
        self.cache = cache
        self.held: weakref.WeakSet[Weights] = weakref.WeakSet()

    def lacks_room(self) -> bool:
        """Whether keys and values lack the room of `cache` versions."""
        return len(self.held) > 1 + self.room - self.cache

    def load(self, folder: Path, base: Any) -> Any:
        weights = Weights()
        self.held.add(weights)
        if len(self.held) > 1 + self.room:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")
        return weights


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("versions")
    base = write_lively(directory / "base")
    for name in NAMES:
        shutil.copytree(base, directory / name)
    return directory


def crowded(models: Path, room: int, cache: int = 0) -> Versions:
    loader: Any = CrowdedLoader(room, cache)
    return Versions(loader, Metrics(), base=models / "base", base_name="base", models=models, most=16)


def test_idle_versions_go_where_memory_does_not_suffice_for_another(models: Path) -> None:
    async def use_all() -> list[str]:
        versions = crowded(models, room=1)
        for name in (*NAMES, NAMES[0]):
            async with versions.use(name):
                assert name in versions.loaded
        return list(versions.loaded)

    assert asyncio.run(use_all()) == [NAMES[0]]


def test_a_version_is_refused_only_where_all_others_are_in_use(models: Path) -> None:
    async def use_too_many() -> None:
        versions = crowded(models, room=2)
        async with versions.use("one"), versions.use("two"):
            with pytest.raises(NoMemory, match="`three`.*out of memory") as refused:
                await versions.acquire("three")
            assert refused.value.status == 503 and refused.value.retry_after
        async with versions.use("three"):
            assert "three" in versions.loaded

    asyncio.run(use_too_many())


def test_idle_versions_go_until_keys_and_values_have_the_room_they_were_promised(models: Path) -> None:
    async def use_all() -> list[list[str]]:
        versions = crowded(models, room=3, cache=2)
        seen = []
        for name in NAMES:
            async with versions.use(name):
                assert versions.task is not None
                await versions.task
                seen.append(list(versions.loaded))
        return seen

    assert asyncio.run(use_all()) == [["one"], ["two"], ["three"]]


def test_a_batch_that_ran_out_of_memory_costs_the_idle_versions_and_no_others(models: Path) -> None:
    async def run_out() -> None:
        versions = crowded(models, room=3)
        loop = asyncio.get_running_loop()
        for name in ("one", "two"):
            async with versions.use(name):
                pass
        backend = ScriptedBackend()
        backend.failing, backend.error = "step", torch.OutOfMemoryError("CUDA out of memory")
        make_room = partial(loop.call_soon_threadsafe, versions.evict_all_idle)
        engine = Engine(Metrics(), max_batch=8, max_queue=8, make_room=make_room)
        async with versions.use("three"):
            asked = Asked(engine, version_over(backend), 3)
            await asyncio.to_thread(engine.take_turn)
            await asyncio.sleep(0)
            assert list(versions.loaded) == ["three"]
        assert isinstance(asked.told[0], NoMemory)

    asyncio.run(run_out())
