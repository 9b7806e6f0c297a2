"""The data process: how worked solutions come about, with misconceptions that all members share, with slips, and with
the right value recognised when it is shown.

This is what the demo's base model is pretrained to imitate. Its numbers are the recipe's.
"""

from __future__ import annotations

import functools
import random
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass

from maft.tiny.problems import Pair, Problem, calculate, draw_problem, draw_problem_with, slip

FACTORS = range(2, 10)
MISCONCEPTIONS = (1, 2, 10, -1, -2, -10)
PRODUCT_STEP = re.compile(r"(\d)\*(\d)=(-?\d+)")


@dataclass(frozen=True)
class Process:
    """Probabilities of one solution's errors. Every error is carried on to the answer."""

    misremembered: int = 20
    """Products of 2..9 times 2..9, as ordered pairs, that have one fixed wrong value."""
    misconceptions_seed: int = 0
    misremember_rate: float = 0.7
    """A misremembered product gets its wrong value with this probability, the right one otherwise."""
    slip_rate: float = 0.04
    """Any other step of a first answer is wrong with this probability."""
    revision_slip_rate: float = 0.03
    """The same for the sums of a revision and for its products whose right value is shown."""
    shown_misremember_rates: tuple[float, float] = (0.35, 0.9)
    """Range that the rate of the responses shown in one example is drawn from: members get better and worse."""
    shown_slip_rates: tuple[float, float] = (0.02, 0.12)
    revisions_of_misremembered: float = 0.6
    """Share of the revise problems that have a misremembered product on purpose."""


@functools.cache
def misconceptions(process: Process) -> dict[Pair, int]:
    """The misremembered products and their wrong values: off by 1, 2 or 10, never negative."""
    rng = random.Random(f"misconceptions/{process.misconceptions_seed}")
    pairs = [(left, right) for left in FACTORS for right in FACTORS]
    wrong: dict[Pair, int] = {}
    for left, right in rng.sample(pairs, process.misremembered):
        change = rng.choice(MISCONCEPTIONS)
        wrong[left, right] = left * right + (change if left * right + change >= 0 else -change)
    return wrong


def misremembered_in(problem: Problem, process: Process) -> int:
    """How many of the problem's two products are misremembered."""
    return sum(pair in misconceptions(process) for pair in problem.products)


def products_said(response: str) -> list[tuple[Pair, int]]:
    """The products a response begins with, at most two, and the values that it gives them."""
    steps = map(PRODUCT_STEP.fullmatch, response.split(" ")[:2])
    return [((int(step[1]), int(step[2])), int(step[3])) for step in steps if step]


def worked_solution(problem: Problem, product: Callable[[Pair], int], sum_slip_rate: float, rng: random.Random) -> str:
    """Both products, three sums, the answer; `product` says what each product is taken for."""
    steps: list[str] = []

    def step(left: int, operator: str, right: int, result: int) -> int:
        steps.append(f"{left}{operator}{right}={result}")
        return result

    def add(left: int, operator: str, right: int) -> int:
        result = calculate(left, operator, right)
        return step(left, operator, right, slip(result, operator, rng) if rng.random() < sum_slip_rate else result)

    first, second = (step(pair[0], "*", pair[1], product(pair)) for pair in problem.products)
    total = add(add(add(problem.a, "+", first), "+", problem.d), "-", second)
    return f"{' '.join(steps)} #{total}"


def recall(pair: Pair, wrong: dict[Pair, int], rates: tuple[float, float], rng: random.Random) -> int:
    """A product from memory; `rates` are those of misremembering and of slipping."""
    right = pair[0] * pair[1]
    if pair in wrong:
        return wrong[pair] if rng.random() < rates[0] else right
    return slip(right, "*", rng) if rng.random() < rates[1] else right


def first_answer(problem: Problem, process: Process, rng: random.Random) -> str:
    """A solution from memory."""
    wrong, rates = misconceptions(process), (process.misremember_rate, process.slip_rate)
    return worked_solution(problem, lambda pair: recall(pair, wrong, rates, rng), process.slip_rate, rng)


def shown_responses(problem: Problem, count: int, process: Process, rng: random.Random) -> list[str]:
    """`count` solutions as members of one society may have written them, at error rates drawn for this example."""
    rates = rng.uniform(*process.shown_misremember_rates), rng.uniform(*process.shown_slip_rates)
    wrong = misconceptions(process)
    return [worked_solution(problem, lambda pair: recall(pair, wrong, rates, rng), rates[1], rng) for _ in range(count)]


def revision(problem: Problem, shown: Collection[str], process: Process, rng: random.Random) -> str:
    """A solution by someone who has read `shown` (own and others' responses) and recognises a right product there.

    A product whose right value no shown response gives is made as in a first answer.
    """
    said = {product for response in shown for product in products_said(response)}
    wrong, from_memory = misconceptions(process), (process.misremember_rate, process.slip_rate)
    recognised = (process.revision_slip_rate, process.revision_slip_rate)

    def product(pair: Pair) -> int:
        rates = recognised if (pair, pair[0] * pair[1]) in said else from_memory
        return recall(pair, wrong, rates, rng)

    return worked_solution(problem, product, process.revision_slip_rate, rng)


def draw_revision_problem(process: Process, rng: random.Random) -> Problem:
    if rng.random() < process.revisions_of_misremembered:
        return draw_problem_with(rng.choice(list(misconceptions(process))), rng)
    return draw_problem(rng)
