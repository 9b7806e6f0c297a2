"""What a base model must be able to do before a debate between its copies can show anything.

A model whose critics ignore what they read, or follow whatever they read, makes every table about debating
meaningless; one such base was shipped once. The limits are in percentage points.
"""

from __future__ import annotations

from pathlib import Path

from maft.tiny.errors import GateFailed
from maft.tiny.evaluation import Report
from maft.tiny.intervention import Intervention
from maft.tiny.measures import Measure

READING_MISREMEMBERED = 25.0
READING_ALL = 15.0
LOSS_AT_MOST = 10.0
GREEDY_WITHIN = 10.0
SUMMARIES = 95.0
CLEARLY = 1.96
"""Standard errors between the debate's gain and nothing."""


def reading_failure(intervention: Intervention, where: str, needed: float) -> str | None:
    measure = intervention.reading
    if measure.points is None:
        return (
            f"Whether critics read {where} could not be measured: not one of {intervention.asked} problems had three "
            "right and three wrong responses among its samples."
        )
    if measure.points >= needed:
        return None
    return f"Critics do not read {where}: {measure.in_words} points, at least {needed:g} are needed."


def loss_failure(intervention: Intervention, where: str) -> str | None:
    points = intervention.loss.points
    if points is None or points <= LOSS_AT_MOST:
        return None
    return (
        f"Critics give up right answers when others are wrong {where}: they lose {intervention.loss.in_words} points, "
        f"at most {LOSS_AT_MOST:g} are allowed."
    )


def greedy_failure(greedy: Measure, sampled: Measure) -> str | None:
    if greedy.points is None or sampled.points is None or abs(greedy.points - sampled.points) <= GREEDY_WITHIN:
        return None
    return (
        f"Errors are sampling noise: greedy answers are right in {greedy.in_words} %, samples at temperature 1 in "
        f"{sampled.in_words} %; they may differ by {GREEDY_WITHIN:g} points."
    )


def summary_failure(summaries: Measure) -> str | None:
    if summaries.points is not None and summaries.points >= SUMMARIES:
        return None
    return f"Summaries are right to the character in {summaries.in_words} %; {SUMMARIES:g} % are needed."


def debate_failure(gain: Measure) -> str | None:
    if gain.points is not None and gain.standard_error is not None and gain.points > CLEARLY * gain.standard_error:
        return None
    return (
        "An untuned debate is not clearly better than an untuned vote at equal calls: "
        f"{gain.in_words} points, more than {CLEARLY} standard errors are needed."
    )


def failures(report: Report) -> list[str]:
    """One sentence per requirement that the model misses; empty if it passes."""
    misremembered, everywhere = "on problems with a misremembered product", "over all held-out problems"
    checks = [
        reading_failure(report.misremembered, misremembered, READING_MISREMEMBERED),
        reading_failure(report.all_problems, everywhere, READING_ALL),
        loss_failure(report.misremembered, misremembered),
        loss_failure(report.all_problems, everywhere),
        greedy_failure(report.greedy, report.sampled),
        summary_failure(report.summaries),
        debate_failure(report.debate_over_vote),
    ]
    return [sentence for sentence in checks if sentence is not None]


def with_gate(report: Report) -> dict[str, object]:
    """The report as JSON with its verdict."""
    failed = failures(report)
    return {**report.as_json(), "gate": {"passes": not failed, "failed": failed}}


def refuse_failing(report: Report, out: Path, work: Path) -> None:
    """Raises GateFailed, one line per missed requirement, for a model that must not be published."""
    failed = failures(report)
    if failed:
        raise GateFailed(
            "\n".join(
                [
                    f"{out} was not written: the model misses the gate.",
                    *failed,
                    f"To look at it all the same: python -m maft.tiny export {work} FOLDER",
                ]
            )
        )
