"""Which number formats the forward pass uses, and why."""

from __future__ import annotations

from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class Precision:
    """`compute` for projections, `attention` for scores and for stored keys and values."""

    compute: torch.dtype
    attention: torch.dtype


NAMES = {"float32": torch.float32, "float64": torch.float64, "bfloat16": torch.bfloat16}


def choose_device(name: str) -> torch.device:
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    return torch.device(name)


def choose_precision(name: str, device: torch.device, stored: torch.dtype | None) -> Precision:
    """`auto`: on a GPU as the checkpoint is stored, on the CPU what gives the same text in every batch."""
    if name != "auto":
        return Precision(NAMES[name], NAMES[name])
    if device.type == "cpu":
        return Precision(torch.float32, torch.float64)
    kept = stored or torch.float32
    return Precision(kept, kept)
