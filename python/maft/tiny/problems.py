"""The arithmetic task a+b*c+d-e*f with one-digit operands: problems, the held-out rule, right and wrong steps."""

from __future__ import annotations

import hashlib
import random
import re
from collections.abc import Callable
from typing import NamedTuple

MAX_OPERAND = 9
HELD_OUT_ONE_IN = 10
SLIPS = (1, 2, 3, 10, -1, -2, -3, -10)
ANSWER_AT_END = re.compile(r"#(-?\d+)\s*$")

Pair = tuple[int, int]
"""The factors of a product, in the order in which they are written."""


class Problem(NamedTuple):
    """One problem a+b*c+d-e*f; each operand lies in 0..9."""

    a: int
    b: int
    c: int
    d: int
    e: int
    f: int

    @property
    def question(self) -> str:
        return f"{self.a}+{self.b}*{self.c}+{self.d}-{self.e}*{self.f}=?"

    @property
    def value(self) -> int:
        return self.a + self.b * self.c + self.d - self.e * self.f

    @property
    def products(self) -> tuple[Pair, Pair]:
        return (self.b, self.c), (self.e, self.f)


def is_held_out(question: str) -> bool:
    """Whether pretraining must never see this question.

    The rule needs no list and any language can repeat it: the first eight hexadecimal digits of the question's
    SHA-256 (UTF-8), as a number, divide by ten.
    """
    digest = hashlib.sha256(question.encode()).hexdigest()
    return int(digest[:8], 16) % HELD_OUT_ONE_IN == 0


def draw_operands(rng: random.Random) -> Problem:
    return Problem(*(rng.randrange(MAX_OPERAND + 1) for _ in range(6)))


def draw_problem(rng: random.Random, held_out: bool = False) -> Problem:
    """Draws a problem uniformly from the held-out tenth or (default) from the other nine tenths."""
    while True:
        problem = draw_operands(rng)
        if is_held_out(problem.question) == held_out:
            return problem


def held_out_problems(count: int, seed: int, wanted: Callable[[Problem], bool] = lambda _: True) -> list[Problem]:
    """`count` different held-out problems that are `wanted`, the same ones for the same seed."""
    rng = random.Random(f"held-out/{seed}")
    chosen: dict[Problem, None] = {}
    while len(chosen) < count:
        problem = draw_problem(rng, held_out=True)
        if wanted(problem):
            chosen.setdefault(problem)
    return list(chosen)


def draw_problem_with(pair: Pair, rng: random.Random) -> Problem:
    """Draws a problem that is not held out, with `pair` as one of its two products."""
    while True:
        drawn = draw_operands(rng)
        in_front = rng.random() < 0.5
        problem = drawn._replace(b=pair[0], c=pair[1]) if in_front else drawn._replace(e=pair[0], f=pair[1])
        if not is_held_out(problem.question):
            return problem


def calculate(left: int, operator: str, right: int) -> int:
    """The right result of one step; raises ValueError for an operator the task does not have."""
    if operator == "*":
        return left * right
    if operator == "+":
        return left + right
    if operator == "-":
        return left - right
    raise ValueError(f'Unknown operator "{operator}". Use one of * + -')


def slip(value: int, operator: str, rng: random.Random) -> int:
    """A wrong result near the right one: off by 1, 2, 3 or 10, never negative without a subtraction."""
    change = rng.choice(SLIPS)
    if operator != "-" and value + change < 0:
        change = -change
    return value + change


def parse_answer(response: str) -> str | None:
    """The number after the closing `#`, or None if the response has no such end."""
    match = ANSWER_AT_END.search(response)
    return str(int(match.group(1))) if match else None
