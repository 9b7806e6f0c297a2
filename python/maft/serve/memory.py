"""How much memory a server may still take: the device's, the machine's, or what a container leaves of it."""

from __future__ import annotations

import os
from pathlib import Path

import torch

#: macOS does not tell.
ASSUMED_BYTES = 4 * 2**30


def free_memory(device: torch.device) -> int:
    """Bytes free on the device; on a GPU, plus the unused ones that torch keeps for itself."""
    if device.type == "cuda":
        kept = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return torch.cuda.mem_get_info(device)[0] + kept
    return free_host_memory()


def free_host_memory(root: Path = Path("/")) -> int:
    """Bytes available without swapping. File caches count as free: they give way."""
    try:
        available = figures(root / "proc/meminfo")["MemAvailable"] * 1024
    except (OSError, KeyError):
        return free_pages()
    return min([available, *left_in_groups(root)])


def free_pages() -> int:
    try:
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError):
        return ASSUMED_BYTES


def left_in_groups(root: Path) -> list[int]:
    """Bytes left of each limit on this process: version 2 control groups, including the outer ones."""
    try:
        lines = (root / "proc/self/cgroup").read_text().splitlines()
        own = next(line.removeprefix("0::/") for line in lines if line.startswith("0::/"))
    except (OSError, StopIteration):
        return []
    top = root / "sys/fs/cgroup"
    groups = [group for group in (top / own, *(top / own).parents) if group.is_relative_to(top)]
    return [left for group in groups if (left := left_in_group(group)) is not None]


def left_in_group(group: Path) -> int | None:
    """None if the group has no limit."""
    try:
        limit = (group / "memory.max").read_text().strip()
        used = int((group / "memory.current").read_text()) - figures(group / "memory.stat")["inactive_file"]
    except (OSError, KeyError):
        return None
    return None if limit == "max" else max(0, int(limit) - used)


def figures(path: Path) -> dict[str, int]:
    """Lines of a name, maybe with a colon, and a number."""
    lines = [line.split() for line in path.read_text().splitlines()]
    return {line[0].rstrip(":"): int(line[1]) for line in lines if len(line) > 1 and line[1].isdigit()}
