"""Whether torch can use the NVIDIA driver that is there; `python -m maft.nvidia_driver` says it as JSON, for `maft doctor`.

A driver older than the pinned torch's CUDA asks for would otherwise mean a training on the CPU that nobody asked for.
"""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path

import torch

#: As in `src/setup/pip-install.ts`; the last is WSL's.
DRIVER_FILES = ("/proc/driver/nvidia/version", "/dev/nvidiactl", "/usr/lib/wsl/lib/libcuda.so.1")


def finds_cuda(files: Sequence[str] = DRIVER_FILES) -> bool:
    """What `device: auto` goes by. A line on stderr where there is a driver and torch cannot use it."""
    reason = why_no_cuda()
    if reason is not None and any(Path(file).exists() for file in files):
        print(f"an NVIDIA driver is there, but torch cannot use it ({reason}): this runs on the CPU", file=sys.stderr)
    return reason is None


def why_no_cuda() -> str | None:
    """None where torch can use CUDA; else the reason, in torch's own words where it has some."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        if torch.cuda.is_available():
            return None
    if torch.version.cuda is None:
        return "this torch was built without CUDA"
    said = [str(warning.message) for warning in caught]
    return first_sentence(said[0]) if said else f"it sees no device for its CUDA {torch.version.cuda}"


def first_sentence(words: str) -> str:
    """`CUDA initialization: The NVIDIA driver on your system is too old (found version 11040). Please …` up to the stop."""
    return " ".join(words.split()).split(". ")[0].removesuffix(".")


if __name__ == "__main__":
    print(json.dumps({"reason": why_no_cuda()}))
