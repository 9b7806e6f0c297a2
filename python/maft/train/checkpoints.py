"""Checkpoints: trainable weights, optimizer and position as safetensors and JSON (no pickles), published whole.

`<workDirectory>/checkpoint-<step>/` holds `weights.safetensors`, `optimizer.safetensors`, `position.json` and, written
last, `COMPLETE` with the SHA-256 of the others: a folder without it, or whose files differ, is not a checkpoint.
No generator's state is stored: every step seeds its own draws (`loop.py`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from maft.model_folder.digests import file_digest
from maft.train import folders
from maft.train.errors import BadJob

KEPT = 2
MOMENTS = ("step", "exp_avg", "exp_avg_sq")


@dataclass
class Position:
    """Where a training stands after `step` steps, all attempts together."""

    job_id: str
    step: int = 0
    tokens: int = 0
    """Completion tokens trained on."""
    seconds: float = 0.0
    losses: list[float] = field(default_factory=list)
    """One per step."""


def trainable(model: torch.nn.Module) -> dict[str, torch.nn.Parameter]:
    return {name: parameter for name, parameter in model.named_parameters() if parameter.requires_grad}


def write_checkpoint(
    folder: Path, position: Position, model: torch.nn.Module, optimizer: torch.optim.Optimizer
) -> None:
    parameters = trainable(model)
    save_file({name: value.detach().contiguous() for name, value in parameters.items()}, folder / "weights.safetensors")
    # Parts that text never reaches (a vision tower) get no gradient, and so no moments.
    moments = {
        f"{moment}/{name}": optimizer.state[parameter][moment].contiguous()
        for name, parameter in parameters.items()
        if optimizer.state.get(parameter)
        for moment in MOMENTS
    }
    save_file(moments, folder / "optimizer.safetensors")
    (folder / "position.json").write_text(json.dumps(asdict(position)), encoding="utf-8")
    digests = {path.name: file_digest(path) for path in sorted(folder.iterdir())}
    (folder / "COMPLETE").write_text(json.dumps(digests), encoding="utf-8")


def save_checkpoint(
    work_directory: Path, position: Position, model: torch.nn.Module, optimizer: torch.optim.Optimizer
) -> None:
    """If another attempt at this job was first, keeps its checkpoint and drops ours, which is equal."""
    with folders.folder_in_progress(work_directory, "checkpoint") as folder:
        write_checkpoint(folder, position, model, optimizer)
        folders.publish(folder, work_directory / f"checkpoint-{position.step}")
    for old in steps_newest_first(work_directory)[KEPT:]:
        folders.remove(work_directory / f"checkpoint-{old}")


def steps_newest_first(work_directory: Path) -> list[int]:
    names = [re.fullmatch(r"checkpoint-(\d+)", path.name) for path in work_directory.glob("checkpoint-*")]
    return sorted((int(match[1]) for match in names if match), reverse=True)


def is_complete(folder: Path) -> bool:
    """Whether the marker is there and every file is the one it speaks of."""
    try:
        digests: dict[str, str] = json.loads((folder / "COMPLETE").read_text(encoding="utf-8"))
        return all(file_digest(folder / name) == digest for name, digest in digests.items())
    except (OSError, ValueError, AttributeError):
        return False


def complete_checkpoints(work_directory: Path) -> Iterator[Path]:
    """Newest first."""
    for step in steps_newest_first(work_directory):
        folder = work_directory / f"checkpoint-{step}"
        if is_complete(folder):
            yield folder
        else:
            print(f"Checkpoint {folder} is torn and not used.", flush=True)
            # Its name has to be free for the whole one that is going to be written.
            folders.remove(folder)


def restore(folder: Path, model: torch.nn.Module, optimizer: torch.optim.Optimizer, job_id: str) -> Position:
    """Restores weights and moments. Raises FileNotFoundError if another attempt removes the folder meanwhile."""
    position = Position(**json.loads((folder / "position.json").read_text(encoding="utf-8")))
    if position.job_id != job_id:
        raise BadJob(f"{folder} belongs to job {position.job_id}, not to {job_id}. Give each job a workDirectory.")
    weights, moments = load_file(folder / "weights.safetensors"), load_file(folder / "optimizer.safetensors")
    with torch.no_grad():
        for name, parameter in trainable(model).items():
            parameter.copy_(weights[name])
            if f"{MOMENTS[0]}/{name}" not in moments:
                continue
            optimizer.state[parameter] = {
                # The step count, too: AdamW's fused form has it on the device, and its plain form reads it anywhere.
                moment: moments[f"{moment}/{name}"].to(parameter.device)
                for moment in MOMENTS
            }
    return position


def resume(work_directory: Path, model: torch.nn.Module, optimizer: torch.optim.Optimizer, job_id: str) -> Position:
    """The newest complete checkpoint, or the beginning."""
    folders.sweep(work_directory, "checkpoint")
    folders.sweep(work_directory, "removed")
    for folder in complete_checkpoints(work_directory):
        try:
            return restore(folder, model, optimizer, job_id)
        except FileNotFoundError:
            continue
    return Position(job_id)
