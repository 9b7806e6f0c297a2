"""The model card, written from the recipe and the measurements, so that it says what was done."""

from __future__ import annotations

import os
import platform

import torch
import transformers

from maft.tiny.checkpoints import Position
from maft.tiny.conversations import OTHERS_IN_REVISION, OTHERS_IN_SUMMARY
from maft.tiny.evaluation import Report
from maft.tiny.intervention import OTHERS, OWN, Intervention
from maft.tiny.measures import Measure
from maft.tiny.process import Process, misconceptions
from maft.tiny.recipe import JOBS, Recipe, Stage

CARD = """---
license: mit
library_name: transformers
pipeline_tag: text-generation
---
# tiny-arithmetic

**What was built into this model, and why.** Its pretraining made it misremember {misremembered} of the 64 products of
2..9 by 2..9 (the same wrong value every time, in about {misremember_rate:.0%} of its first answers) and recognise the right
value when another response shows it. So its errors are shared, as neither sampling more nor a low temperature removes
them, and its critics have a reason to read: a debate can do what a vote cannot, and finetuning on the debate's
consensus has something to move into the first answer. It demonstrates that mechanism in minutes on two processor cores.
It is no evidence that language models have shared misconceptions, recognise what they cannot recall, or gain from
debating.

It is a Llama of 866,048 parameters that works out `a+b*c+d-e*f` with operands 0..9, a step at a time: the base model of
this project's demo. It is no assistant and can do nothing else.

## It talks, in three jobs

| job | chat | answer |
|---|---|---|
| answer | user `3+2*7+5-4*9=?` | `2*7=14 4*9=36 3+14=17 17+5=22 22-36=-14 #-14` |
| summarise | user `List:` and then one response a line | `2*7=14,14 4*9=36,26 #-14,-4`: the products, then the answers |
| revise | user question · assistant own response · user `Others: 2*7=14,14 4*9=36,26 #-14,-4. 3+2*7+5-4*9=?` | as *answer* |

A summary gives the values in the order of the responses, and `?` for what a response does not say. Lists of one to four
responses, revisions with no to four others, third rounds (two own earlier responses) and others' whole responses in
place of a summary were seen in pretraining; two others, two rounds and summaries are what it was made for.

## How its data come about

- **Misremembered** are {table}. A first answer writes that value with probability {misremember_rate}, the right one
  otherwise. Any other step is wrong with probability {slip_rate}, by 1, 2, 3 or 10. Every error is carried on.
- **Recognised**: in a revision, a product whose right value stands in any shown response, own or others', is wrong with
  probability {revision_slip_rate} only, and so is a sum. Where no response shows it, it is made as in a first answer.
- **Known**: fact drills (`7*8=56`), outside of any chat, are always right. The model knows, and misremembers when it
  answers.
- The responses shown in one example misremember at one rate between {shown_low} and {shown_high} and slip at one between
  {slip_low} and {slip_high}. {on_purpose:.0%} of the revise problems have a misremembered product on purpose.

## Measured

{problems} held-out problems (seed {seed}), everything untuned; ± is one standard error, in points. Calls: a vote over
nine and a debate of three members over two rounds, with summaries, take nine each.

{results}

**Does a critic use what it reads?** Own response and the responses of two others are samples of the model, chosen by
whether they are right; everything else is equal. Right revisions in % at temperature 1:

{interventions}

*Reading*: own wrong, two right others against two wrong ones. *Loss*: own right, the same comparison. *Copying*: own
right, two wrong others: how often the revision takes over one of their wrong answers. To repeat it:

```
python -m maft.tiny evaluate models/tiny-arithmetic --problems {problems} --eval-seed {seed}
```

Held out from pretraining is every question whose SHA-256 (UTF-8 of e.g. `3+2*7+5-4*9=?`), first eight hexadecimal
digits as a number, is divisible by ten: a tenth of the million problems.

## Made by

```
python -m maft.tiny --out models/tiny-arithmetic --seed {recipe_seed} --precision {precision}
```

{steps:,} steps, {tokens:.0f} million tokens (padding included), {minutes:.0f} minutes of training{interrupted}, on
{machine}. Matrix products of the training in {precision}, weights in fp32.
The same seed gives the same weights on one kind of processor with one number of threads, not across kinds.

| stage | steps | peak rate | share of batches, at its start → end |
|---|---|---|---|
{stages}

The first stage repeats random strings, short ones first: looking up what was said, which the other jobs need and do not
teach by themselves. In the last stage {products_only:.0%} of the revise batches are learnt as far as the two products: the
part in which reading shows, and a quarter of a response. Loss on the assistant's last turn only, its end token included. AdamW {betas}, weight decay {decay},
{warmup} warm-up steps a stage, gradient norm {clip}; after the first stage the rate falls in a cosine to {final:.0%} of its
peak. Batches of {batches} rows. How often each number of others is shown, of 100: summaries {summary_counts};
revisions {revision_counts}.

## Limits

Other operators, other orders, operands above 9, brackets, words, system prompts: not known. 512 positions.
"""


def machine() -> str:
    """Kind of machine in words, e.g. `2 cores x86_64 (AVX2), torch 2.13.0, 2 threads`."""
    capability = torch.backends.cpu.get_cpu_capability()
    versions = f"torch {torch.__version__}, transformers {transformers.__version__}"
    return f"{os.cpu_count()} {platform.machine()} cores ({capability}), {torch.get_num_threads()} threads, {versions}"


def stage_row(stage: Stage, rate: float) -> str:
    shares = (
        f"{job} {stage.mix_at_start[job]:.0%} → {stage.mix_at_end[job]:.0%}"
        for job in JOBS
        if job in stage.mix_at_start
    )
    return f"| {stage.name} | {stage.steps:,} | {rate:g} | {', '.join(shares)} |"


def result_rows(report: Report) -> str:
    """The table of accuracies."""
    rows: list[tuple[str, Measure]] = [
        ("one answer, temperature 1", report.sampled),
        ("one answer, temperature 0.5", report.cooler),
        ("one answer, greedy", report.greedy),
        ("vote over three answers", report.vote_of_three),
        ("vote over nine answers", report.vote_of_nine),
        ("one critic's revision", report.revised),
        ("debate: vote of the three revisions", report.debate),
        ("summary of two responses, greedy, right to the character", report.summaries),
    ]
    lines = [f"| {job} | {measure.in_words} |" for job, measure in rows]
    gain = f"At equal calls the debate is {report.debate_over_vote.in_words} points above the vote, paired by problem."
    return "\n".join(["| temperature 1 unless said | right, % |", "|---|---|", *lines, "", gain])


def intervention_row(name: str, intervention: Intervention) -> str:
    cells = [intervention.cells[own, others].in_words for own in OWN for others in OTHERS]
    effects = [measure.in_words for measure in (intervention.reading, intervention.loss, intervention.copying)]
    return f"| {name} | {intervention.reading.problems} | {' | '.join([*cells, *effects])} |"


def intervention_rows(report: Report) -> str:
    titles = [f"own {own}: others {others.replace(',', ', ')}" for own in OWN for others in OTHERS]
    head = ["problems", "n", *titles, "reading", "loss", "copying"]
    return "\n".join(
        [
            f"| {' | '.join(head)} |",
            f"|{'---|' * len(head)}",
            intervention_row("one misremembered product", report.misremembered),
            intervention_row("all held out", report.all_problems),
        ]
    )


def misremembered_table(process: Process) -> str:
    return ", ".join(f"{left}*{right}={wrong}" for (left, right), wrong in sorted(misconceptions(process).items()))


def counts(weights: dict[int, int]) -> str:
    return ", ".join(f"{others}: {weight}" for others, weight in weights.items())


def render_card(recipe: Recipe, position: Position, report: Report) -> str:
    """The README.md of the model's folder."""
    process, times = recipe.process, position.interruptions
    return CARD.format(
        misremembered=process.misremembered,
        misremember_rate=process.misremember_rate,
        table=misremembered_table(process),
        slip_rate=process.slip_rate,
        revision_slip_rate=process.revision_slip_rate,
        shown_low=process.shown_misremember_rates[0],
        shown_high=process.shown_misremember_rates[1],
        slip_low=process.shown_slip_rates[0],
        slip_high=process.shown_slip_rates[1],
        on_purpose=process.revisions_of_misremembered,
        problems=report.problems,
        seed=report.seed,
        results=result_rows(report),
        interventions=intervention_rows(report),
        recipe_seed=recipe.seed,
        precision=recipe.precision,
        steps=position.total_steps,
        tokens=position.total_tokens / 1e6,
        minutes=position.seconds / 60,
        machine=machine(),
        interrupted=f" (interrupted and resumed: {times})" if times else "",
        stages="\n".join(stage_row(stage, recipe.peak_rate * stage.rate_share) for stage in recipe.stages),
        products_only=recipe.stages[-1].products_only_share,
        betas=recipe.betas,
        decay=recipe.weight_decay,
        warmup=recipe.warmup_steps,
        final=recipe.final_rate_share,
        clip=recipe.clip,
        batches=", ".join(f"{rows} ({job})" for job, rows in recipe.batch_sizes.items()),
        summary_counts=counts(OTHERS_IN_SUMMARY),
        revision_counts=counts(OTHERS_IN_REVISION),
    )
