"""Exercises without a chat: right facts, and looking up what was said before in the same row.

Reading the others' responses is looking up. Learnt along with everything else it never came; learnt first, from short
rows to long ones, it comes within minutes, and the rest is then learnt several times faster.
"""

from __future__ import annotations

import random

from maft.tiny.problems import calculate, draw_problem
from maft.tiny.process import Process, misconceptions

ALPHABET = "0123456789+-*=#, "
SHORTEST_STRING = 3
ROW_PER_STRING = 3
FACTS_PER_DRILL = 10
FACTS_SAID_AGAIN = (4, 10)
LARGEST_RANDOM_VALUE = 99

Drill = list[tuple[str, bool]]
"""Pieces of text in a row, and whether each is learnt."""


def draw_fact(process: Process, rng: random.Random) -> tuple[str, int]:
    """One step of a right solution, e.g. `7*8` and 56; a third of the products are misremembered ones."""
    problem = draw_problem(rng)
    first, second = (left * right for left, right in problem.products)
    total = problem.a + first
    sums = [(problem.a, "+", first), (total, "+", problem.d), (total + problem.d, "-", second)]
    left, operator, right = rng.choice([*((pair[0], "*", pair[1]) for pair in problem.products), *sums])
    if operator == "*" and rng.random() < 1 / 3:
        left, right = rng.choice(list(misconceptions(process)))
    return f"{left}{operator}{right}", calculate(left, operator, right)


def fact_drill(process: Process, rng: random.Random) -> Drill:
    """Right facts only: the model knows every product, and misremembers when it answers."""
    facts = [draw_fact(process, rng) for _ in range(FACTS_PER_DRILL)]
    return [piece for step, result in facts for piece in ((f"{step}=", False), (f"{result} ", True))]


def repeat_drill(longest: int, rng: random.Random) -> Drill:
    """A random string of 3 to `longest` characters, then the same again to the end of a row of fixed length."""
    string = "".join(rng.choices(ALPHABET, k=rng.randint(SHORTEST_STRING, longest)))
    row = (string * (ROW_PER_STRING * longest))[: ROW_PER_STRING * longest]
    return [(string, False), (row[len(string) :], True)]


def said_again_drill(rng: random.Random) -> Drill:
    """Products with random values, and the same ones again in another order: the values are learnt the second time."""
    pairs = rng.sample([(left, right) for left in range(10) for right in range(10)], rng.randint(*FACTS_SAID_AGAIN))
    said = [(f"{left}*{right}=", f"{rng.randint(0, LARGEST_RANDOM_VALUE)} ") for left, right in pairs]
    again = rng.sample(said, len(said))
    first_time = "".join(step + value for step, value in said)
    return [(first_time, False), *(piece for step, value in again for piece in ((step, False), (value, True)))]


def look_up_drill(longest: int, rng: random.Random) -> Drill:
    return repeat_drill(longest, rng) if rng.random() < 0.5 else said_again_drill(rng)
