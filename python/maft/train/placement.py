"""Where a training runs and how precisely."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from maft.nvidia_driver import finds_cuda
from maft.train.errors import BadJob


@dataclass(frozen=True)
class Placement:
    device: torch.device
    name: str
    """For the record, such as `cpu` or `cuda (NVIDIA H100)`."""
    precision: str
    """`fp32`; `bf16` means weights of fp32 (of a LoRA: the adapter's) under bf16 autocast."""


def choose_placement(device: str, threads: int) -> Placement:
    """`auto` is CUDA if available, else the CPU: Apple's GPU is less repeatable and must be chosen by name.

    CPUs compute in fp32: bf16 is eight times slower on those without it in hardware, and would make weights depend on
    the kind of processor that trained them. Raises BadJob for a missing device.
    """
    torch.set_num_threads(threads)
    make_repeatable()
    if device == "cuda" or (device == "auto" and finds_cuda()):
        if not torch.cuda.is_available():
            raise BadJob("device: cuda was asked for, but torch sees no CUDA device. Set device to auto or cpu.")
        precision = "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "fp32"
        return Placement(torch.device("cuda", 0), f"cuda ({torch.cuda.get_device_name(0)})", precision)
    if device == "mps":
        if not torch.backends.mps.is_available():
            raise BadJob("device: mps was asked for, but torch sees no Apple GPU. Set device to auto or cpu.")
        return Placement(torch.device("mps"), "mps", "fp32")
    return Placement(torch.device("cpu"), "cpu", "fp32")


def make_repeatable() -> None:
    """Deterministic kernels where torch has them; a warning on stderr names those that it lacks.

    That makes a CPU repeatable, not a GPU: with `warn_only` the backward passes of its attention stay as they are.
    """
    torch.use_deterministic_algorithms(True, warn_only=True)
    # Filling every new tensor with NaN is for finding bugs in kernels; it costs time in each step.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]


def peak_memory_bytes(placement: Placement) -> int | None:
    """Of the GPU; None if there is none to measure."""
    return torch.cuda.max_memory_allocated(placement.device) if placement.device.type == "cuda" else None
