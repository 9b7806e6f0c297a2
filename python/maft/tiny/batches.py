"""One batch of one step: which job, its examples, its tensors. A function of seed, stage and step alone."""

from __future__ import annotations

import random
from dataclasses import dataclass

import torch

from maft.tiny.conversations import (
    Conversation,
    answer_conversation,
    draw_shape,
    revision_conversation,
    summary_conversation,
)
from maft.tiny.drills import fact_drill, look_up_drill, repeat_drill
from maft.tiny.process import Process
from maft.tiny.recipe import DRILLS, Recipe, Stage
from maft.tiny.vocabulary import IGNORED, MAX_POSITIONS, PAD, ConversationEncoder


@dataclass(frozen=True)
class Batch:
    """`tokens` and `labels` are [rows, positions] of int64, padded on the right; labels are not shifted."""

    job: str
    tokens: torch.Tensor
    labels: torch.Tensor


def draw_job(stage: Stage, step: int, rng: random.Random) -> str:
    mix = stage.mix(step)
    return rng.choices(list(mix), list(mix.values()))[0]


def draw_conversations(job: str, rows: range, stage: Stage, process: Process, rng: random.Random) -> list[Conversation]:
    if job == "answer":
        return [answer_conversation(process, rng) for _ in rows]
    shape = draw_shape(job, stage.products_only_share, rng)
    if job == "revise":
        return [revision_conversation(shape, process, rng) for _ in rows]
    return [summary_conversation(shape, process, rng) for _ in rows]


def draw_drills(
    job: str, rows: range, longest: int, process: Process, rng: random.Random
) -> list[list[tuple[str, bool]]]:
    if job == "facts":
        return [fact_drill(process, rng) for _ in rows]
    draw = repeat_drill if job == "repeat" else look_up_drill
    return [draw(longest, rng) for _ in rows]


def pad(rows: list[list[int]], filler: int) -> torch.Tensor:
    """Right-pads to the longest row. Raises ValueError if a row does not fit the model's positions."""
    width = max(map(len, rows))
    if width > MAX_POSITIONS:
        raise ValueError(f"An example has {width} tokens, the model has {MAX_POSITIONS} positions.")
    return torch.tensor([row + [filler] * (width - len(row)) for row in rows])


def make_batch(recipe: Recipe, stage: Stage, step: int, encoder: ConversationEncoder) -> Batch:
    """The batch of one step. No generator's state is kept between steps, so a resumed run draws the same ones."""
    rng = random.Random(f"pretraining/{recipe.seed}/{stage.name}/{step}")
    job = draw_job(stage, step, rng)
    rows = range(recipe.batch_sizes[job])
    if job in DRILLS:
        drills = draw_drills(job, rows, stage.longest_string(step), recipe.process, rng)
        pairs = [encoder.encode_drill(drill) for drill in drills]
    else:
        pairs = [encoder.encode(chat) for chat in draw_conversations(job, rows, stage, recipe.process, rng)]
    tokens = pad([tokens for tokens, _ in pairs], encoder.ids[PAD])
    return Batch(job, tokens, pad([labels for _, labels in pairs], IGNORED))
