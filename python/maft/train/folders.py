"""Folders that appear whole or not at all, even with other writers beside us and if we are killed.

Each attempt writes under its own name and publishes by one rename onto a missing name. A lock on the folder shows
that its writer lives; the kernel drops it at any death, so leftovers of dead writers can be recognised and removed.
"""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from maft.train.errors import MachineFault

PREFIX = ".writing-"
#: flock is not supported, or the server behind a network mount has no more locks.
NO_LOCK_ERRNOS = {errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOLCK}


def lock(folder: Path) -> int | None:
    """An open, locked descriptor of the folder; None if another process holds it or the folder is gone."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # A sweeper may have removed the folder between open and lock.
        if folder.exists():
            return descriptor
    except OSError as error:
        if error.errno in NO_LOCK_ERRNOS:
            os.close(descriptor)
            raise MachineFault(
                f"The file system of {folder.parent} has no locks (flock: {os.strerror(error.errno or 0)}). "
                "Set MAFT_STORE to a folder on another one, then resume."
            ) from error
    os.close(descriptor)
    return None


def create_locked(parent: Path, purpose: str) -> tuple[Path, int]:
    parent.mkdir(parents=True, exist_ok=True)
    for _ in range(10):
        folder = parent / f"{PREFIX}{purpose}-{uuid4().hex}"
        folder.mkdir()
        descriptor = lock(folder)
        if descriptor is not None:
            return folder, descriptor
    raise MachineFault(f"No folder in {parent} could be locked in ten tries: other processes remove it. Try again.")


@contextmanager
def folder_in_progress(parent: Path, purpose: str) -> Generator[Path]:
    """A new folder in `parent` for one attempt; removed at the end unless it was published."""
    folder, descriptor = create_locked(parent, purpose)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(descriptor)


def publish(folder: Path, target: Path) -> bool:
    """Makes the written folder visible as `target`, durably; False if `target` is there already (and stays)."""
    for entry in [*folder.iterdir(), folder]:
        synchronise(entry)
    try:
        folder.rename(target)
    except OSError:
        if target.exists():
            return False
        raise
    synchronise(target.parent)
    return True


def synchronise(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove(folder: Path) -> None:
    """Removes a published folder, its name first, so half of it is never read. Tolerates a faster remover."""
    doomed = folder.with_name(f"{PREFIX}removed-{uuid4().hex}")
    try:
        folder.rename(doomed)
    except FileNotFoundError:
        return
    shutil.rmtree(doomed, ignore_errors=True)


def sweep(parent: Path, purpose: str) -> None:
    """Removes the leftovers of killed attempts in `parent`; folders whose writer lives stay."""
    for folder in parent.glob(f"{PREFIX}{purpose}-*"):
        descriptor = lock(folder)
        if descriptor is not None:
            shutil.rmtree(folder, ignore_errors=True)
            os.close(descriptor)
