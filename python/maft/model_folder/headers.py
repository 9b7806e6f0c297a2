"""Headers of safetensors files: names, types, shapes and places of tensors, without the tensors."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from maft.model_folder.errors import UnusableFolder

#: The format's own limit.
MAX_HEADER_BYTES = 100_000_000
BLOCK_BYTES = 1 << 22


@dataclass(frozen=True)
class StoredTensor:
    """Where one tensor lies; `start` and `end` count bytes from the beginning of the file."""

    file: Path
    dtype: str
    shape: tuple[int, ...]
    start: int
    end: int


def read_header(file: Path) -> dict[str, StoredTensor]:
    """Tensors of a file by name. Raises UnusableFolder if the file is torn or is not a safetensors file."""
    with file.open("rb") as opened:
        size = int.from_bytes(opened.read(8), "little")
        if not 2 <= size <= MAX_HEADER_BYTES:
            raise UnusableFolder(f"its {file.name} is not a safetensors file, or is torn")
        text = opened.read(size)
    try:
        header: Mapping[str, Any] = json.loads(text)
        offset = 8 + size
        tensors = {
            name: StoredTensor(
                file, each["dtype"], tuple(each["shape"]), *(offset + end for end in each["data_offsets"])
            )
            for name, each in header.items()
            if name != "__metadata__"
        }
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UnusableFolder(f"its {file.name} is not a safetensors file, or is torn") from error
    end = max((each.end for each in tensors.values()), default=offset)
    if file.stat().st_size != end:
        raise UnusableFolder(f"its {file.name} is torn: {file.stat().st_size} bytes, and its header says {end}")
    return tensors


def equal(left: StoredTensor, right: StoredTensor) -> bool:
    """Whether two tensors hold the same numbers, byte for byte."""
    if (left.dtype, left.shape) != (right.dtype, right.shape):
        return False
    with left.file.open("rb") as first, right.file.open("rb") as second:
        first.seek(left.start)
        second.seek(right.start)
        for _ in range(math.ceil((left.end - left.start) / BLOCK_BYTES)):
            count = min(BLOCK_BYTES, left.end - first.tell())
            if first.read(count) != second.read(count):
                return False
    return True


def is_zero(tensor: StoredTensor) -> bool:
    """Whether all bytes are 0, which in every format is the number 0."""
    with tensor.file.open("rb") as opened:
        opened.seek(tensor.start)
        while (left := tensor.end - opened.tell()) > 0:
            if any(opened.read(min(BLOCK_BYTES, left))):
                return False
    return True
