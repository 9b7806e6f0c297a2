"""A speaker that follows the data process without a model: what evaluation measures is then known beforehand."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence

from maft.tiny.conversations import summarise
from maft.tiny.problems import Problem
from maft.tiny.process import Process, first_answer, misconceptions, revision, worked_solution
from maft.tiny.speaker import Messages


def problem_of(question: str) -> Problem:
    return Problem(*map(int, re.findall(r"\d", question)))


class ProcessSpeaker:
    """`reads` False: its critics answer as if they had read nothing. `misremembers` False: its errors are slips alone,
    made by sampling and not by greedy answers. `follows` True: its critics take over the first other's answer."""

    def __init__(self, seed: int = 0, reads: bool = True, misremembers: bool = True, follows: bool = False) -> None:
        self.rng, self.reads, self.misremembers, self.follows = random.Random(seed), reads, misremembers, follows
        self.process = Process() if misremembers else Process(misremembered=1, misremember_rate=0, slip_rate=0.1)

    def say(self, chats: Sequence[Messages], temperature: float) -> list[str]:
        return [self.respond([message["content"] for message in chat], temperature) for chat in chats]

    def respond(self, turns: list[str], temperature: float) -> str:
        if turns[0].startswith("List:"):
            return summarise(turns[0].split("\n")[1:])
        problem = problem_of(turns[0])
        if len(turns) == 1:
            return self.greedy(problem) if temperature == 0 else first_answer(problem, self.process, self.rng)
        summary = turns[2].removeprefix("Others: ").split(". ")[0]
        if self.follows:
            answer = summary.split("#")[1].split(",")[0]
            return f"#{answer}"
        if not self.reads:
            return first_answer(problem, self.process, self.rng)
        return revision(problem, [turns[1], *as_responses(summary)], self.process, self.rng)

    def greedy(self, problem: Problem) -> str:
        """The most probable solution: every misremembered product wrong, no slip."""
        wrong = misconceptions(self.process) if self.misremembers else {}
        return worked_solution(problem, lambda pair: wrong.get(pair, pair[0] * pair[1]), 0, self.rng)


def as_responses(summary: str) -> list[str]:
    """The products that a summary says, as one response begins with them: `2*7=14,24 4*9=36,26` gives two."""
    products = re.findall(r"(\d\*\d)=([\d,-]+)", summary)
    values = [said.split(",") for _, said in products]
    return [
        " ".join(f"{pair}={value}" for (pair, _), value in zip(products, one, strict=True))
        for one in zip(*values, strict=True)
    ]
