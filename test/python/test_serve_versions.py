"""Versions that do not fit into memory together give way to each other."""

from __future__ import annotations

import asyncio
import shutil
import weakref
from pathlib import Path
from typing import Any

import pytest
import torch
from serve_fixtures import write_lively

from maft.serve.errors import BrokenModel
from maft.serve.metrics import Metrics
from maft.serve.versions import Versions

NAMES = ("one", "two", "three")


class Weights:
    """Refers to itself, as modules do."""

    def __init__(self) -> None:
        self.own = self


class CrowdedLoader:
    """Memory for the base and so many versions."""

    def __init__(self, room: int) -> None:
        self.room = room
        self.held: weakref.WeakSet[Weights] = weakref.WeakSet()

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


def crowded(models: Path, room: int) -> Versions:
    loader: Any = CrowdedLoader(room)
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
            with pytest.raises(BrokenModel, match="out of memory"):
                await versions.acquire("three")
        async with versions.use("three"):
            assert "three" in versions.loaded

    asyncio.run(use_too_many())
