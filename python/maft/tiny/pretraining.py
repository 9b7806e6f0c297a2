"""The training loop: stages in order, one job a step, a checkpoint now and then, resumable to the byte."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch.nn import functional
from transformers import LlamaForCausalLM

from maft.tiny.batches import Batch, make_batch
from maft.tiny.checkpoints import Position, load_optimizer, load_weights, newest_checkpoint, save_checkpoint
from maft.tiny.errors import RecipeMismatch
from maft.tiny.model import build_model
from maft.tiny.progress import Progress
from maft.tiny.recipe import Recipe, Stage
from maft.tiny.vocabulary import IGNORED, ConversationEncoder


@dataclass(frozen=True)
class Workplace:
    """Where checkpoints go, how often (steps), and the listener for progress."""

    folder: Path
    checkpoint_every: int
    report: Callable[[str], None]


def build_optimizer(recipe: Recipe, model: torch.nn.Module) -> torch.optim.AdamW:
    return torch.optim.AdamW(
        model.parameters(), lr=recipe.peak_rate, betas=recipe.betas, weight_decay=recipe.weight_decay, fused=True
    )


def train_on(batch: Batch, recipe: Recipe, model: LlamaForCausalLM, optimizer: torch.optim.Optimizer) -> float:
    """One optimiser step; returns the mean loss in nats per learnt token.

    Rows are padded on the right and attention is causal, so no mask is needed; the output layer runs on learnt
    positions only.
    """
    targets = batch.labels[:, 1:]
    learnt = targets != IGNORED
    with torch.autocast("cpu", torch.bfloat16, enabled=recipe.precision == "bf16"):
        hidden = model.model(input_ids=batch.tokens, use_cache=False).last_hidden_state[:, :-1]
        logits = model.lm_head(hidden[learnt])
    loss = functional.cross_entropy(logits.float(), targets[learnt])
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), recipe.clip)
    optimizer.step()
    return loss.item()


def run_stage(recipe: Recipe, stage: Stage, model: LlamaForCausalLM, position: Position, place: Workplace) -> None:
    """Trains one stage from `position.step` to its end, moving `position` along."""
    optimizer, encoder = build_optimizer(recipe, model), ConversationEncoder()
    newest = newest_checkpoint(place.folder)
    if position.step and newest:
        load_optimizer(newest, model, optimizer)
    model.train()
    progress, started, seconds_before = Progress(stage, position.step), time.monotonic(), position.seconds
    while position.step < stage.steps:
        batch = make_batch(recipe, stage, position.step, encoder)
        for group in optimizer.param_groups:
            group["lr"] = recipe.learning_rate(stage, position.step)
        loss = train_on(batch, recipe, model, optimizer)
        position.step += 1
        position.total_steps += 1
        position.total_tokens += batch.tokens.numel()
        position.seconds = seconds_before + time.monotonic() - started
        progress.add(batch.job, loss, batch.tokens.numel())
        if line := progress.line_when_due(position.step):
            place.report(line)
        if position.step == stage.steps or position.step % place.checkpoint_every == 0:
            save_checkpoint(place.folder, position, model, optimizer)


def restore(recipe: Recipe, model: LlamaForCausalLM, place: Workplace) -> Position:
    """Resumes from the newest checkpoint, if any. Raises RecipeMismatch for one of another recipe."""
    newest = newest_checkpoint(place.folder)
    if newest is None:
        return Position(recipe=recipe.digest)
    position = load_weights(newest, model)
    if position.recipe != recipe.digest:
        raise RecipeMismatch(f"{newest} was made by another recipe or seed. Give --work another folder, or remove it.")
    if position.total_steps < sum(stage.steps for stage in recipe.stages):
        position.interruptions += 1
    place.report(f"resuming after {position.total_steps} steps ({newest})")
    return position


def pretrain(recipe: Recipe, place: Workplace) -> tuple[LlamaForCausalLM, Position]:
    """Runs the recipe, or the rest of it; returns the model and where the run stands."""
    model = build_model(recipe.seed)
    position = restore(recipe, model, place)
    for stage in recipe.stages[position.stage :]:
        run_stage(recipe, stage, model, position, place)
        position.stage, position.step = position.stage + 1, 0
    return model.eval(), position
