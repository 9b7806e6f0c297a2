"""Which number format the forward pass uses, and why."""

from __future__ import annotations

import torch

from maft.nvidia_driver import finds_cuda

NAMES = {"float32": torch.float32, "float64": torch.float64, "bfloat16": torch.bfloat16}


def choose_device(name: str) -> torch.device:
    if name == "auto":
        return torch.device("cuda" if finds_cuda() else "cpu")
    return torch.device(name)


def choose_precision(name: str, device: torch.device, stored: torch.dtype | None) -> torch.dtype | None:
    """None if the loader has to find out: on a CPU, float32 if that is batch-invariant here (see `invariance.py`).

    `auto` on a GPU computes in the format the checkpoint is stored in.
    """
    if name != "auto":
        return NAMES[name]
    return None if device.type == "cpu" else stored or torch.float32
