"""The task: problems, the held-out tenth that pretraining never sees, steps, answers."""

from __future__ import annotations

import hashlib
import random

import pytest

from maft.tiny.problems import (
    Problem,
    calculate,
    draw_problem,
    draw_problem_with,
    held_out_problems,
    is_held_out,
    parse_answer,
    slip,
)


def test_an_unknown_operator_is_refused():
    with pytest.raises(ValueError, match="Unknown operator"):
        calculate(1, "/", 1)


def test_a_slip_is_always_wrong_and_never_makes_a_product_negative():
    rng = random.Random(3)
    assert all(slip(value, "*", rng) not in (value, -1, -2, -3) for value in range(20) for _ in range(50))


def test_the_held_out_tenth_is_the_documented_rule_and_about_a_tenth():
    def by_the_rule(question: str) -> bool:
        return int(hashlib.sha256(question.encode()).hexdigest()[:8], 16) % 10 == 0

    rng = random.Random(5)
    questions = [Problem(*(rng.randrange(10) for _ in range(6))).question for _ in range(5000)]
    assert [is_held_out(question) for question in questions] == [by_the_rule(question) for question in questions]
    assert sum(map(is_held_out, questions)) / len(questions) == pytest.approx(0.1, abs=0.02)


def test_a_problem_drawn_with_a_product_has_it_in_either_place_and_is_not_held_out():
    rng = random.Random(6)
    drawn = [draw_problem_with((7, 8), rng) for _ in range(300)]
    assert all((7, 8) in problem.products and not is_held_out(problem.question) for problem in drawn)
    in_front = sum(problem.products[0] == (7, 8) for problem in drawn) / len(drawn)
    assert in_front == pytest.approx(0.5, abs=0.1)
    assert len({problem.a for problem in drawn}) == 10


def test_evaluation_problems_are_held_out_different_and_the_same_for_a_seed():
    problems = held_out_problems(300, seed=7)
    assert all(is_held_out(problem.question) for problem in problems)
    assert len(set(problems)) == 300
    assert problems == held_out_problems(300, seed=7)
    assert problems != held_out_problems(300, seed=8)
    assert all(problem.a == 3 for problem in held_out_problems(20, 7, lambda problem: problem.a == 3))


def test_a_drawn_problem_is_on_the_asked_side_of_the_line():
    rng = random.Random(8)
    assert not any(is_held_out(draw_problem(rng).question) for _ in range(300))
    assert all(is_held_out(draw_problem(rng, held_out=True).question) for _ in range(30))


def test_answers_are_parsed_from_the_end_only():
    assert parse_answer("2*7=14 #-14") == "-14"
    assert parse_answer("#7 and more") is None
    assert parse_answer("2*7=14 4*9=36") is None
    assert parse_answer("") is None
    assert parse_answer("#-0") == "0"
