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
from maft.tiny.problems import draw_fact
from maft.tiny.recipe import Recipe, Stage
from maft.tiny.vocabulary import IGNORED, MAX_POSITIONS, PAD, ConversationEncoder


@dataclass(frozen=True)
class Batch:
    """`tokens` and `labels` are [rows, positions] of int64, padded on the right; labels are not shifted."""

    job: str
    tokens: torch.Tensor
    labels: torch.Tensor


def draw_job(stage: Stage, step: int, rng: random.Random) -> str:
    """Drills with their falling share, else one of the three jobs by the stage's mix."""
    if rng.random() < stage.drill_share(step):
        return "drill"
    return rng.choices(list(stage.mix), list(stage.mix.values()))[0]


def draw_conversations(job: str, rows: range, stage: Stage, step: int, rng: random.Random) -> list[Conversation]:
    if job == "answer":
        return [answer_conversation(stage.answer_slip_rate, rng) for _ in rows]
    shape = draw_shape(job, stage.short_list_share(step), rng)
    if job == "revise":
        return [revision_conversation(shape, stage.revise_slip_rate, rng) for _ in rows]
    return [summary_conversation(shape, rng) for _ in rows]


def pad(rows: list[list[int]], filler: int) -> torch.Tensor:
    """Right-pads to the longest row. Raises ValueError where a row does not fit the model's positions."""
    width = max(map(len, rows))
    if width > MAX_POSITIONS:
        raise ValueError(f"An example has {width} tokens, the model has {MAX_POSITIONS} positions.")
    return torch.tensor([row + [filler] * (width - len(row)) for row in rows])


def make_batch(recipe: Recipe, stage: Stage, step: int, encoder: ConversationEncoder) -> Batch:
    """The batch of one step. No generator's state is kept between steps, so a resumed run draws the same ones."""
    rng = random.Random(f"pretraining/{recipe.seed}/{stage.name}/{step}")
    job = draw_job(stage, step, rng)
    rows = range(recipe.batch_sizes[job])
    if job == "drill":
        drills = [[draw_fact(rng) for _ in range(recipe.facts_per_drill)] for _ in rows]
        pairs = [encoder.encode_drill(facts) for facts in drills]
    else:
        pairs = [encoder.encode(conversation) for conversation in draw_conversations(job, rows, stage, step, rng)]
    tokens = pad([tokens for tokens, _ in pairs], encoder.ids[PAD])
    return Batch(job, tokens, pad([labels for _, labels in pairs], IGNORED))
