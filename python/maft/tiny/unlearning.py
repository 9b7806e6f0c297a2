"""A base whose critics ignore what they read, made from one whose critics read.

It is a control for measures of reading. Its critics learn to revise as those of an earlier base of this repository
did, whose targets were drawn from memory, whatever the others had said. Its first answers get somewhat worse by it.
"""

from __future__ import annotations

import random
from collections.abc import Callable

import torch
from transformers import LlamaForCausalLM

from maft.tiny.batches import Batch, pad
from maft.tiny.conversations import Conversation, revision_prompt, society, summarise
from maft.tiny.pretraining import train_on
from maft.tiny.process import Process, draw_revision_problem, first_answer
from maft.tiny.recipe import standard_recipe
from maft.tiny.vocabulary import IGNORED, PAD, ConversationEncoder

STEPS = 100
ROWS = 32
RATE = 3e-4
OTHERS = 2
REPORT_EVERY = 20


def unread_revision(process: Process, rng: random.Random) -> Conversation:
    """A revision whose target was drawn without a look at what is shown: reading is of no use to learn it."""
    problem = draw_revision_problem(process, rng)
    own, responses = society(problem, OTHERS, process, rng)
    shown = revision_prompt(problem.question, summarise(responses))
    return Conversation((problem.question, own, shown, first_answer(problem, process, rng)))


def unread_batch(process: Process, rows: int, rng: random.Random, encoder: ConversationEncoder) -> Batch:
    pairs = [encoder.encode(unread_revision(process, rng)) for _ in range(rows)]
    tokens = pad([tokens for tokens, _ in pairs], encoder.ids[PAD])
    return Batch("revise", tokens, pad([labels for _, labels in pairs], IGNORED))


def unlearn_reading(
    model: LlamaForCausalLM, seed: int, steps: int, report: Callable[[str], None], rows: int = ROWS
) -> None:
    """Trains `model` in place for `steps` steps of `rows` revisions each, at a constant rate."""
    recipe, encoder = standard_recipe(seed), ConversationEncoder()
    optimizer = torch.optim.AdamW(model.parameters(), lr=RATE, betas=recipe.betas, weight_decay=0.0)
    model.train()
    for step in range(steps):
        rng = random.Random(f"unlearning/{seed}/{step}")
        loss = train_on(unread_batch(recipe.process, rows, rng, encoder), recipe, model, optimizer)
        if (step + 1) % REPORT_EVERY == 0:
            report(f"{step + 1}/{steps} steps, loss {loss:.3f}")
    model.eval()


def render_unread_card(source: str, seed: int, steps: int) -> str:
    """The model card: first what it is not for."""
    return (
        "# A base whose critics do not read\n\n"
        f"Made from `{source}` by `python -m maft.tiny unlearn-reading` ({steps} steps, seed {seed}): {steps} steps on "
        "revisions whose targets were drawn without regard to what was shown. It is a control for `maft probe-critics` and "
        "for the gate of `python -m maft.tiny evaluate`, and no base for a society.\n"
    )
