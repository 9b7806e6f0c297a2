"""The digest of a published model: recorded once by the trainer, checked once by every load.

A published folder holds `maft-training.json` with the SHA-256 of each file and one digest over all; the first eight digits
of that end the folder's name, and all of it stands in the run's `weights/<agent>.json`.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from maft.model_folder.errors import ChangedFiles

RECORD = "maft-training.json"
#: Files that do not decide what the model says.
UNDECIDING = {RECORD, "README.md"}
HASHING_THREADS = 4
#: As `modelName` in src/domain/identifiers.ts writes it.
VERSION_NAME = re.compile(r"(.+)\.i(\d+)\.([A-Za-z0-9-]+)\.([0-9a-f]{8})")


def file_digest(path: Path) -> str:
    """SHA-256 (hex)."""
    with path.open("rb") as file:
        digest = hashlib.sha256()
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def deciding_files(folder: Path) -> list[Path]:
    """The files that decide what the model says. Hidden files (.DS_Store) do not."""
    files = [path for path in sorted(folder.iterdir()) if path.is_file() and path.name not in UNDECIDING]
    return [path for path in files if not path.name.startswith(".")]


def file_digests(folder: Path) -> dict[str, str]:
    """SHA-256 (hex) of the deciding files by name."""
    files = deciding_files(folder)
    with ThreadPoolExecutor(HASHING_THREADS) as pool:  # hashing leaves the interpreter to others
        return dict(zip([path.name for path in files], pool.map(file_digest, files), strict=True))


def combined(digests: Mapping[str, str]) -> str:
    """SHA-256 (hex) over the lines `<sha256 of the content>  <name>\\n`, sorted by name: what `sha256sum` prints for the
    files, hashed once more."""
    lines = "".join(f"{digest}  {name}\n" for name, digest in sorted(digests.items()))
    return hashlib.sha256(lines.encode()).hexdigest()


@dataclass(frozen=True)
class Recorded:
    """A folder's own record."""

    digest: str
    files: Mapping[str, str]
    """Empty in folders of an earlier version."""


def read_record(folder: Path) -> Recorded | None:
    """None if the folder has no record, because others made the model. Raises ChangedFiles if the record is torn."""
    if not (folder / RECORD).is_file():
        return None
    try:
        found: Any = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        return Recorded(str(found["finished"]["digest"]), dict(found.get("files", {})))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise changed(folder, f"its record {RECORD} cannot be read ({type(error).__name__}: {error})") from error


def recorded_digest(folder: Path) -> str | None:
    """The digest that a folder was published under, unchecked; None if none is recorded."""
    try:
        recorded = read_record(folder)
    except ChangedFiles:
        return None
    return recorded.digest if recorded else None


def require_unchanged(folder: Path) -> str | None:
    """The digest of a published folder, whose files all were read once; None if the folder records none.

    Raises ChangedFiles with the first file that differs from what was published.
    """
    if read_record(folder) is None and VERSION_NAME.fullmatch(folder.name) is None:
        return None
    return require_published(folder, file_digests(folder))


def require_published(folder: Path, digests: Mapping[str, str], expected: str | None = None) -> str:
    """As `require_unchanged`, of files whose digests are known; `expected` is the digest in the run's own record."""
    recorded = read_record(folder)
    name = VERSION_NAME.fullmatch(folder.name)
    digest = combined(digests)
    if recorded is not None and digest != recorded.digest:
        raise changed(folder, difference(digests, recorded) or differing("its content", recorded.digest, digest))
    if name is not None and not digest.startswith(name[4]):
        raise changed(folder, differing("its content", f"{name[4]}… (in its name)", digest))
    if expected is not None and digest != expected:
        raise changed(folder, differing("its content", f"{expected} (in its run's record)", digest))
    return digest


def difference(found: Mapping[str, str], recorded: Recorded) -> str | None:
    """How the first changed file differs; None if the record names no files, or they are all as recorded."""
    names = sorted(found.keys() | recorded.files.keys()) if recorded.files else []
    for name in names:
        if name not in found:
            return f"{name} is missing"
        if name not in recorded.files:
            return f"{name} was added"
        if found[name] != recorded.files[name]:
            return differing(name, recorded.files[name], found[name])
    return None


def differing(what: str, expected: str, found: str) -> str:
    return f"the SHA-256 of {what} should be {expected} and is {found}"


def changed(folder: Path, reason: str) -> ChangedFiles:
    name = VERSION_NAME.fullmatch(folder.name)
    again = f"start the run {name[1]} again" if name else "start its run again"
    return ChangedFiles(
        f"{folder} is not what was published: {reason}. "
        f"Restore the folder from a copy; or remove it and {again}, which trains it again."
    )
