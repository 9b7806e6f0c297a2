"""Whether torch can use the installed NVIDIA driver; `python -m maft.nvidia_driver` says it as JSON, for `maft doctor`.

Without this check, a driver too old for the pinned torch's CUDA would silently mean training on the CPU.
"""

from __future__ import annotations

import json
import subprocess
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path

import torch

#: As in `src/machine/setup/install-packages.ts`; the last is WSL's.
DRIVER_FILES = ("/proc/driver/nvidia/version", "/dev/nvidiactl", "/usr/lib/wsl/lib/libcuda.so.1")


def finds_cuda(files: Sequence[str] = DRIVER_FILES) -> bool:
    """Decides `device: auto`. Writes a line to stderr if there is a driver that torch cannot use."""
    return is_usable(why_no_cuda(), files)


def finds_cuda_before_forking(files: Sequence[str] = DRIVER_FILES) -> bool:
    """As `finds_cuda`, asked in a separate process: after looking for CUDA here, a forked child could not use it.
    (torch's check by NVML needs no CUDA, but counts GPUs whose driver is too old for it.)"""
    if not has_driver(files):
        return False
    asked = subprocess.run(
        [sys.executable, str(Path(__file__).parents[1] / "maft_module.py"), "maft.nvidia_driver"],
        capture_output=True,
        text=True,
        check=False,
    )
    if asked.returncode != 0:
        last_words = asked.stderr.strip().splitlines()[-1:] or [f"exit code {asked.returncode}"]
        return is_usable(f"asking failed: {last_words[0]}", files)
    return is_usable(json.loads(asked.stdout)["reason"], files)


def has_driver(files: Sequence[str]) -> bool:
    return any(Path(file).exists() for file in files)


def is_usable(reason: str | None, files: Sequence[str]) -> bool:
    """False if there is a reason; writes it to stderr if a driver is installed."""
    if reason is not None and has_driver(files):
        print(f"an NVIDIA driver is there, but torch cannot use it ({reason}): this runs on the CPU", file=sys.stderr)
    return reason is None


def why_no_cuda() -> str | None:
    """None if torch can use CUDA; else the reason, in torch's own words if it gives one."""
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
