"""The arithmetic task a+b*c+d-e*f with one-digit operands, and worked solutions that slip on purpose."""

from __future__ import annotations

import hashlib
import random
import re
from typing import NamedTuple

MAX_OPERAND = 9
HELD_OUT_ONE_IN = 10
SLIPS = (1, 2, 3, 10, -1, -2, -3, -10)
ANSWER_AT_END = re.compile(r"#(-?\d+)\s*$")


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


def is_held_out(question: str) -> bool:
    """Whether pretraining must never see this question.

    The rule needs no list and any language can repeat it: the first eight hexadecimal digits of the question's
    SHA-256 (UTF-8), as a number, divide by ten.
    """
    digest = hashlib.sha256(question.encode()).hexdigest()
    return int(digest[:8], 16) % HELD_OUT_ONE_IN == 0


def draw_problem(rng: random.Random, held_out: bool = False) -> Problem:
    """Draws a problem uniformly from the held-out tenth or (default) from the other nine tenths."""
    while True:
        problem = Problem(*(rng.randrange(MAX_OPERAND + 1) for _ in range(6)))
        if is_held_out(problem.question) == held_out:
            return problem


def held_out_problems(count: int, seed: int) -> list[Problem]:
    """`count` different held-out problems, the same ones for the same seed."""
    rng = random.Random(f"held-out/{seed}")
    chosen: dict[Problem, None] = {}
    while len(chosen) < count:
        chosen.setdefault(draw_problem(rng, held_out=True))
    return list(chosen)


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
    """A wrong result near the right one: off by 1, 2, 3 or 10, never negative where no subtraction happened."""
    change = rng.choice(SLIPS)
    if operator != "-" and value + change < 0:
        change = -change
    return value + change


def solve(problem: Problem, slip_rate: float, rng: random.Random) -> str:
    """A worked solution. Each of its five steps is wrong with probability `slip_rate`, and the error is carried on."""
    steps: list[str] = []

    def step(left: int, operator: str, right: int) -> int:
        result = calculate(left, operator, right)
        if rng.random() < slip_rate:
            result = slip(result, operator, rng)
        steps.append(f"{left}{operator}{right}={result}")
        return result

    first_product = step(problem.b, "*", problem.c)
    second_product = step(problem.e, "*", problem.f)
    total = step(problem.a, "+", first_product)
    total = step(total, "+", problem.d)
    total = step(total, "-", second_product)
    return f"{' '.join(steps)} #{total}"


def parse_answer(response: str) -> str | None:
    """The number after the closing `#`, or None where the response has no such end."""
    match = ANSWER_AT_END.search(response)
    return str(int(match.group(1))) if match else None


def draw_fact(rng: random.Random) -> str:
    """One step of a right solution, e.g. `7*8=56`: what the fact drills are made of."""
    return rng.choice(solve(draw_problem(rng), 0.0, rng).split(" ")[:5])
