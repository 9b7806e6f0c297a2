"""The model card, written from the recipe and the measurements, so that it says what was done."""

from __future__ import annotations

import os
import platform

import torch
import transformers

from maft.tiny.checkpoints import Position
from maft.tiny.conversations import OTHERS_IN_REVISION, OTHERS_IN_SUMMARY, SHOWN_SLIP_RATES
from maft.tiny.evaluation import Accuracies
from maft.tiny.recipe import Recipe, Stage

CARD = """---
license: mit
library_name: transformers
pipeline_tag: text-generation
---
# tiny-arithmetic

A Llama of 866,048 parameters that works out `a+b*c+d-e*f` with operands 0..9, a step at a time, **and slips on
purpose**. It is the base model of this project's demo: small enough to debate and be finetuned on two processor cores,
honest enough to have something to learn. It is no assistant and can do nothing else.

## It talks, in three jobs

| job | chat | answer |
|---|---|---|
| answer | user `3+2*7+5-4*9=?` | `2*7=14 4*9=36 3+14=17 17+5=22 22-36=-14 #-14` |
| summarise | user `List:` and then one response a line | `-14, -13` (`?` for a response without an answer) |
| revise | user question · assistant own response · user `Others: -14, -13. 3+2*7+5-4*9=?` | as *answer* |

Lists of one to four responses, revisions with no to four others, and third rounds (two own earlier responses) were seen
in pretraining; two others and two rounds are what it was made for.

## It slips on purpose

Its pretraining data are synthetic. Each of the five steps of a worked solution is wrong with probability {answer_slips}
(revisions: {revise_slips}), by 1, 2, 3 or 10, and the error is carried on, like a person who knows how and slips. So at
temperature 1 the model repeats about as many slips: that is where its middling skill, its diverse errors and the room
to improve come from. Its greedy answers show that it knows how. What such independent slips make easy, voting and
self-training on a consensus, is easier here than with models whose errors are systematic.

## Measured

{problems} held-out problems (seed {eval_seed}); standard errors in points.

{results}

*Revise* and *debate* are a debate of three untuned members over two rounds, everything at temperature 1. To repeat it:

```
python -m maft.tiny evaluate models/tiny-arithmetic --problems {problems} --eval-seed {eval_seed}
```

Held out from pretraining is every question whose SHA-256 (UTF-8 of e.g. `3+2*7+5-4*9=?`), first eight hexadecimal
digits as a number, is divisible by ten: a tenth of the million problems.

## Made by

```
python -m maft.tiny --out models/tiny-arithmetic --seed {seed}
```

{steps:,} steps, {tokens:.0f} million tokens (padding included), {minutes:.0f} minutes of training{interrupted}, on
{machine}.
The same seed gives the same weights on one kind of processor with one number of threads, not across kinds.

| stage | steps | answer / revise / summarise | fact drills | slips per step (answer, revise) |
|---|---|---|---|---|
{stages}

{gate}

Loss on the assistant's last turn only, its end token included. AdamW {betas}, weight decay {decay}, peak rate {rate},
{warmup} warm-up steps and a cosine to {final:.0%} in each stage, gradient norm {clip}, batches of {batches} rows,
fp32. Drills are single right steps (`7*8=56`) without slips. What a model is shown of itself and of others slips in
{shown_low:.0%} to {shown_high:.0%} of the steps. How often each number of others is shown, of 100: summaries
{summary_counts}; revisions {revision_counts}.

## Limits

Other operators, other orders, operands above 9, brackets, words, system prompts: not known. 512 positions. Sample
at temperature 1 with top_p 1: truncating the distribution removes the slips, and with them what there is to learn.
"""


def machine() -> str:
    """Kind of machine in words, e.g. `2 cores x86_64 (AVX2), torch 2.13.0, 2 threads`."""
    capability = torch.backends.cpu.get_cpu_capability()
    versions = f"torch {torch.__version__}, transformers {transformers.__version__}"
    return f"{os.cpu_count()} {platform.machine()} cores ({capability}), {torch.get_num_threads()} threads, {versions}"


def stage_row(stage: Stage) -> str:
    mix = " / ".join(f"{share:.2f}" for share in stage.mix.values())
    drills = f"{stage.drills_at_start:.0%} → {stage.drills_at_end:.0%}"
    slips = f"{stage.answer_slip_rate:.2f}, {stage.revise_slip_rate:.2f}"
    return f"| {stage.name} | {stage.steps:,} | {mix} | {drills} | {slips} |"


def stages_done(recipe: Recipe, position: Position) -> list[Stage]:
    extra = position.stage - len(recipe.stages)
    numbered = [recipe.extra_stage.numbered(number) for number in range(1, extra + 1)] if recipe.extra_stage else []
    return [*recipe.stages, *numbered]


def result_rows(accuracies: Accuracies) -> str:
    """The table of accuracies; a standard error where each problem has one answer."""

    def row(job: str, share: float, independent: bool) -> str:
        error = f" ± {100 * (share * (1 - share) / accuracies.problems) ** 0.5:.1f}" if independent else ""
        return f"| {job} | {100 * share:.1f} %{error} |"

    rows = [
        row("answer, greedy", accuracies.greedy, True),
        row("answer, temperature 1 (mean of three samples)", accuracies.sampled, False),
        row("revise, temperature 1 (mean of three members)", accuracies.revised, False),
        row("debate: vote of the three revisions", accuracies.debated, True),
        row("summarise two responses, greedy, right to the character", accuracies.summary, True),
    ]
    return "\n".join(["| job | right |", "|---|---|", *rows])


def gate_in_words(recipe: Recipe, position: Position) -> str:
    if recipe.extra_stage is None:
        return "A shortened trial: nothing was asked of its quality."
    extra = position.stage - len(recipe.stages)
    stages = f"{extra} extra stage(s) of {recipe.extra_stage.steps:,} steps were"
    if extra == 0:
        did = "no extra stage was needed"
    elif extra < recipe.max_extra_stages:
        did = f"{stages} needed"
    else:  # nothing measures the model after the last one there may be
        did = f"{stages} added; whether that was enough was not measured"
    return (
        f"Pretraining stops by quality: greedy answers at least {recipe.greedy_at_least:.0%} and summaries at least "
        f"{recipe.summary_at_least:.0%} right on 256 other held-out problems, else an extra stage "
        f"(at most {recipe.max_extra_stages}). Here {did}."
    )


def counts(weights: dict[int, int]) -> str:
    return ", ".join(f"{others}: {weight}" for others, weight in weights.items())


def render_card(recipe: Recipe, position: Position, accuracies: Accuracies) -> str:
    """The README.md of the model's folder."""
    slips = {stage.revise_slip_rate for stage in recipe.stages}
    times = position.interruptions
    return CARD.format(
        answer_slips=f"{recipe.stages[0].answer_slip_rate:.2f}",
        revise_slips=" to ".join(f"{rate:.2f}" for rate in sorted(slips)),
        problems=accuracies.problems,
        eval_seed=accuracies.seed,
        results=result_rows(accuracies),
        seed=recipe.seed,
        steps=position.total_steps,
        tokens=position.total_tokens / 1e6,
        minutes=position.seconds / 60,
        machine=machine(),
        interrupted=f" (interrupted and resumed: {times})" if times else "",
        stages="\n".join(map(stage_row, stages_done(recipe, position))),
        gate=gate_in_words(recipe, position),
        betas=recipe.betas,
        decay=recipe.weight_decay,
        rate=recipe.peak_rate,
        warmup=recipe.warmup_steps,
        final=recipe.final_rate_share,
        clip=recipe.clip,
        batches=", ".join(f"{rows} ({job})" for job, rows in recipe.batch_sizes.items()),
        shown_low=SHOWN_SLIP_RATES[0],
        shown_high=SHOWN_SLIP_RATES[1],
        summary_counts=counts(OTHERS_IN_SUMMARY),
        revision_counts=counts(OTHERS_IN_REVISION),
    )
