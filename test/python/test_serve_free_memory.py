"""The memory that keys and values may take, by machines and containers written down as the kernel writes them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from maft.serve.memory import free_host_memory

GIB = 2**30


def write_machine(root: Path, group: str = "/") -> Path:
    """A machine whose memory is full of files' caches."""
    (root / "proc/self").mkdir(parents=True)
    (root / "proc/meminfo").write_text(f"MemTotal: {64 * 2**20} kB\nMemFree: 1000 kB\nMemAvailable: {32 * 2**20} kB\n")
    (root / "proc/self/cgroup").write_text(f"4:memory:/old\n0::{group}\n")
    return root


def write_group(folder: Path, limit: object, used: int, cached: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "memory.max").write_text(f"{limit}\n")
    (folder / "memory.current").write_text(f"{used}\n")
    (folder / "memory.stat").write_text(f"anon 5\ninactive_file {cached}\n")


def test_caches_of_files_count_as_free(tmp_path: Path) -> None:
    assert free_host_memory(write_machine(tmp_path)) == 32 * GIB


def test_a_container_has_what_its_limit_leaves(tmp_path: Path) -> None:
    root = write_machine(tmp_path)
    write_group(root / "sys/fs/cgroup", 8 * GIB, used=6 * GIB, cached=3 * GIB)
    assert free_host_memory(root) == 5 * GIB
    write_group(root / "sys/fs/cgroup", "max", used=6 * GIB, cached=3 * GIB)
    assert free_host_memory(root) == 32 * GIB


def test_the_limit_of_an_outer_group_holds_too(tmp_path: Path) -> None:
    root = write_machine(tmp_path, "/user/job")
    write_group(root / "sys/fs/cgroup/user/job", 8 * GIB, used=GIB, cached=0)
    write_group(root / "sys/fs/cgroup/user", 4 * GIB, used=2 * GIB, cached=0)
    assert free_host_memory(root) == 2 * GIB


def test_a_system_without_proc_is_asked_for_its_free_pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sysconf", {"SC_AVPHYS_PAGES": 1000, "SC_PAGE_SIZE": 4096}.__getitem__)
    assert free_host_memory(tmp_path) == 4_096_000


def test_this_machine_has_memory_left() -> None:
    assert free_host_memory() > 0
