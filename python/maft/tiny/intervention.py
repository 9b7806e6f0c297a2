"""Does a critic use what it reads? The same critic, problem and own response; what the others say is exchanged.

Right and wrong responses are the model's own samples. A problem takes part if its samples hold three of each, so
all six cells are measured on the same problems.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from maft.tiny.debates import Reading, is_right, revisions
from maft.tiny.measures import Measure, difference, mean
from maft.tiny.problems import Problem, parse_answer
from maft.tiny.speaker import Speaker

OWN = ("wrong", "right")
OTHERS = ("right,right", "right,wrong", "wrong,wrong")
Cell = tuple[str, str]
"""How the critic's own response is, and how the two others' are."""


@dataclass(frozen=True)
class Intervention:
    """`cells`: share of right revisions. `reading`: own wrong, two right others against two wrong ones.
    `copying`: own right, others wrong: share of revisions that take over a wrong answer of theirs.
    `loss`: own right, two right others against two wrong ones: what wrong others cost a critic that was right."""

    asked: int
    cells: dict[Cell, Measure]
    reading: Measure
    copying: Measure
    loss: Measure

    def as_json(self) -> dict[str, object]:
        cells = {own: {others: self.cells[own, others].as_json() for others in OTHERS} for own in OWN}
        return {
            "problemsAsked": self.asked,
            "problems": self.reading.problems,
            "rightByOwnAndOthers": cells,
            "reading": self.reading.as_json(),
            "copying": self.copying.as_json(),
            "lossOfRightOwnAnswers": self.loss.as_json(),
        }


@dataclass(frozen=True)
class Pool:
    """Three right and three wrong responses to one problem: two to show of each, one to be the critic's own."""

    problem: Problem
    right: list[str]
    wrong: list[str]

    def reading(self, cell: Cell) -> Reading:
        own, others = cell
        kinds = {"right": self.right, "wrong": self.wrong}
        first, second = others.split(",")
        shown = (kinds[first][0], kinds[second][1])
        # Neither place is always the wrong one's.
        mixed = first != second and sum(self.problem) % 2 == 1
        return Reading(self.problem, kinds[own][2], shown[::-1] if mixed else shown)


def pools(problems: Sequence[Problem], samples: Sequence[Sequence[str]]) -> list[Pool]:
    """The problems whose samples hold three right and three wrong responses."""
    found = []
    for problem, responses in zip(problems, samples, strict=True):
        right = [response for response in responses if is_right(problem, response)]
        wrong = [response for response in responses if not is_right(problem, response)]
        if min(len(right), len(wrong)) >= 3:
            found.append(Pool(problem, right[:3], wrong[:3]))
    return found


def copied(pool: Pool, response: str) -> bool:
    answer = parse_answer(response)
    return answer is not None and answer in map(parse_answer, pool.wrong[:2])


def intervene(speaker: Speaker, problems: Sequence[Problem], samples: Sequence[Sequence[str]]) -> Intervention:
    """Six revisions per problem at temperature 1; `samples` holds the model's own first answers per problem."""
    taking_part = pools(problems, samples)
    cells: list[Cell] = [(own, others) for own in OWN for others in OTHERS]
    said = iter(revisions(speaker, [pool.reading(cell) for cell in cells for pool in taking_part]))
    responses = {cell: [next(said) for _ in taking_part] for cell in cells}
    right = {
        cell: [float(is_right(pool.problem, text)) for pool, text in zip(taking_part, texts, strict=True)]
        for cell, texts in responses.items()
    }
    spoilt = responses["right", "wrong,wrong"]
    return Intervention(
        asked=len(problems),
        cells={cell: mean(values) for cell, values in right.items()},
        reading=difference(right["wrong", "right,right"], right["wrong", "wrong,wrong"]),
        copying=mean([float(copied(pool, text)) for pool, text in zip(taking_part, spoilt, strict=True)]),
        loss=difference(right["right", "right,right"], right["right", "wrong,wrong"]),
    )
