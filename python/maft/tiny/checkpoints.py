"""Checkpoints of pretraining as safetensors (no pickles): weights, AdamW's moments, and where the run stands."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from uuid import uuid4

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from maft.tiny.errors import BrokenCheckpoint

KEPT = 2


@dataclass
class Position:
    """Where a run stands: `step` steps of stage number `stage` are done, after `seconds` of training in all."""

    recipe: str
    stage: int = 0
    step: int = 0
    total_steps: int = 0
    total_tokens: int = 0
    seconds: float = 0.0
    interruptions: int = 0


def newest_checkpoint(folder: Path) -> Path | None:
    return max(folder.glob("step-*.safetensors"), default=None)


def save_checkpoint(folder: Path, position: Position, model: torch.nn.Module, optimizer: torch.optim.Optimizer) -> Path:
    """Writes under a temporary name, then renames, so a torn file is never taken for whole."""
    tensors = {f"weights/{name}": value.detach().contiguous() for name, value in model.named_parameters()}
    for name, parameter in model.named_parameters():
        for key, value in optimizer.state.get(parameter, {}).items():
            tensors[f"{key}/{name}"] = value.contiguous()
    folder.mkdir(parents=True, exist_ok=True)
    temporary, final = folder / f".{uuid4().hex}.tmp", folder / f"step-{position.total_steps:06d}.safetensors"
    save_file(tensors, temporary, metadata={"position": json.dumps(asdict(position))})
    os.replace(temporary, final)
    for old in sorted(folder.glob("step-*.safetensors"))[:-KEPT]:
        old.unlink()
    return final


def read_checkpoint(path: Path) -> tuple[Position, dict[str, torch.Tensor]]:
    """Where the run stood, and the tensors by name. Raises BrokenCheckpoint for a file that cannot be read."""
    try:
        with safe_open(path, framework="pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}
            position = Position(**json.loads(file.metadata()["position"]))
    except (SafetensorError, TypeError, KeyError) as error:
        raise BrokenCheckpoint(
            f"{path} is not a checkpoint ({error}). Remove it: the one before it goes on."
        ) from error
    return position, tensors


def load_weights(path: Path, model: torch.nn.Module) -> Position:
    """Copies the checkpoint's weights into `model`; returns where the run stood."""
    position, tensors = read_checkpoint(path)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.copy_(tensors[f"weights/{name}"])
    return position


def load_optimizer(path: Path, model: torch.nn.Module, optimizer: torch.optim.Optimizer) -> None:
    """Gives AdamW its step counts and moments back."""
    _, tensors = read_checkpoint(path)
    for name, parameter in model.named_parameters():
        optimizer.state[parameter] = {key: tensors[f"{key}/{name}"] for key in ("step", "exp_avg", "exp_avg_sq")}
