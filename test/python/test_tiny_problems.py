"""The task and its worked solutions: right without slips, wrong in the stated share, never from the held-out tenth."""

from __future__ import annotations

import hashlib
import random

import pytest

from maft.tiny.batches import make_batch
from maft.tiny.conversations import Shape, answer_conversation, revision_conversation, summarise, summary_conversation
from maft.tiny.problems import (
    Problem,
    calculate,
    draw_fact,
    draw_problem,
    held_out_problems,
    is_held_out,
    parse_answer,
    slip,
    solve,
)
from maft.tiny.recipe import standard_recipe
from maft.tiny.vocabulary import IGNORED, ConversationEncoder


def steps_of(solution: str) -> list[tuple[int, str, int, int]]:
    """The five steps as (left, operator, right, result)."""
    steps = []
    for step in solution.split(" ")[:5]:
        question, result = step.split("=")
        position = next(index for index, character in enumerate(question) if character in "*+-" and index > 0)
        steps.append((int(question[:position]), question[position], int(question[position + 1 :]), int(result)))
    return steps


def test_a_solution_without_slips_is_written_as_documented():
    problem = Problem(3, 2, 7, 5, 4, 9)
    assert problem.question == "3+2*7+5-4*9=?"
    assert solve(problem, 0.0, random.Random(0)) == "2*7=14 4*9=36 3+14=17 17+5=22 22-36=-14 #-14"


def test_a_solution_without_slips_is_right():
    rng = random.Random(1)
    for _ in range(2000):
        problem = draw_problem(rng)
        assert parse_answer(solve(problem, 0.0, rng)) == str(problem.value)


def test_a_slip_is_carried_on_to_the_end():
    rng = random.Random(2)
    for _ in range(500):
        problem = draw_problem(rng)
        solution = solve(problem, 0.3, rng)
        first, second, third, fourth, fifth = steps_of(solution)
        assert (first[0], first[2], second[0], second[2]) == (problem.b, problem.c, problem.e, problem.f)
        assert (third[0], third[2]) == (problem.a, first[3])
        assert (fourth[0], fourth[2]) == (third[3], problem.d)
        assert (fifth[0], fifth[2]) == (fourth[3], second[3])
        assert parse_answer(solution) == str(fifth[3])


def test_slips_come_in_the_stated_share_and_are_always_wrong():
    rng = random.Random(3)
    steps = [step for _ in range(4000) for step in steps_of(solve(draw_problem(rng), 0.10, rng))]
    wrong = sum(calculate(*step[:3]) != step[3] for step in steps) / len(steps)
    assert wrong == pytest.approx(0.10, abs=0.01)
    assert all(slip(value, "*", rng) not in (value, -1, -2, -3) for value in range(20) for _ in range(50))


def test_an_unknown_operator_is_refused():
    with pytest.raises(ValueError, match="Unknown operator"):
        calculate(1, "/", 1)


def test_a_fact_of_the_drills_is_right():
    rng = random.Random(4)
    for _ in range(500):
        left, operator, right, result = steps_of(draw_fact(rng))[0]
        assert calculate(left, operator, right) == result


def test_the_held_out_tenth_is_the_documented_rule_and_about_a_tenth():
    def by_the_rule(question: str) -> bool:
        return int(hashlib.sha256(question.encode()).hexdigest()[:8], 16) % 10 == 0

    rng = random.Random(5)
    questions = [Problem(*(rng.randrange(10) for _ in range(6))).question for _ in range(5000)]
    assert [is_held_out(question) for question in questions] == [by_the_rule(question) for question in questions]
    assert sum(map(is_held_out, questions)) / len(questions) == pytest.approx(0.1, abs=0.02)


def test_no_job_ever_draws_a_held_out_problem():
    rng, shape = random.Random(6), Shape(others=2)
    for _ in range(400):
        assert not is_held_out(answer_conversation(0.1, rng).turns[0])
        assert not is_held_out(revision_conversation(shape, 0.05, rng).turns[0])
        first_response = summary_conversation(shape, rng).turns[0].split("\n")[1]
        assert first_response  # Its question is not shown; draw_problem is the only source of problems.
        assert not is_held_out(draw_problem(rng).question)


def test_evaluation_problems_are_held_out_different_and_the_same_for_a_seed():
    problems = held_out_problems(300, seed=7)
    assert all(is_held_out(problem.question) for problem in problems)
    assert len(set(problems)) == 300
    assert problems == held_out_problems(300, seed=7)
    assert problems != held_out_problems(300, seed=8)


def test_answers_are_parsed_from_the_end_only():
    assert parse_answer("2*7=14 #-14") == "-14"
    assert parse_answer("#7 and more") is None
    assert parse_answer("2*7=14 4*9=36") is None
    assert parse_answer("") is None
    assert parse_answer("#-0") == "0"


def test_a_summary_lists_the_answers_in_order_and_a_question_mark_for_none():
    assert summarise(["1+1=2 #2", "broken off", "#-14"]) == "2, ?, -14"


def test_broken_responses_occur_and_never_show_a_number_sign():
    rng = random.Random(8)
    conversations = [summary_conversation(Shape(others=4), rng) for _ in range(400)]
    broken = [
        response
        for conversation in conversations
        for response in conversation.turns[0].split("\n")[1:]
        if parse_answer(response) is None
    ]
    assert 5 < len(broken) < 80
    assert all("#" not in response and response for response in broken)


def test_a_revision_ends_with_the_question_after_the_others_answers():
    conversation = revision_conversation(Shape(others=2), 0.05, random.Random(9))
    question, _, asked_again, _ = conversation.turns
    assert asked_again.startswith("Others: ") and asked_again.endswith(f". {question}")
    assert asked_again.count(",") == 1
    alone = revision_conversation(Shape(others=0), 0.05, random.Random(9))
    assert alone.turns[2] == alone.turns[0]
    third_round = revision_conversation(Shape(others=1, rounds=2), 0.05, random.Random(9))
    assert [message["role"] for message in third_round.messages] == ["user", "assistant"] * 3


def test_short_lists_keep_the_end_of_each_response():
    whole = summary_conversation(Shape(others=3), random.Random(10))
    short = summary_conversation(Shape(others=3, parts=2), random.Random(10))
    assert short.turns[1] == whole.turns[1]
    for line, cut in zip(whole.turns[0].split("\n")[1:], short.turns[0].split("\n")[1:], strict=True):
        assert cut == " ".join(line.split(" ")[-2:])


def test_a_batch_follows_from_seed_stage_and_step_alone():
    encoder, recipe = ConversationEncoder(), standard_recipe(seed=11)
    stage = recipe.stages[0]
    again = [make_batch(recipe, stage, step, encoder) for step in (5, 6)]
    for step, expected in zip((6, 5), reversed(again), strict=True):
        batch = make_batch(recipe, stage, step, encoder)
        assert batch.job == expected.job and batch.tokens.equal(expected.tokens)
    other_seed = make_batch(standard_recipe(seed=12), stage, 5, encoder)
    other_stage = make_batch(recipe, recipe.stages[1], 5, encoder)
    assert not any(
        batch.tokens.shape == again[0].tokens.shape and batch.tokens.equal(again[0].tokens)
        for batch in (other_seed, other_stage)
    )


def test_every_batch_fits_the_positions_and_learns_something_in_each_row():
    encoder, recipe = ConversationEncoder(), standard_recipe()
    jobs = set()
    for stage in recipe.stages:
        for step in range(0, stage.steps, 40):
            batch = make_batch(recipe, stage, step, encoder)
            jobs.add(batch.job)
            assert batch.tokens.shape == batch.labels.shape and batch.tokens.shape[1] <= 512
            assert (batch.labels != IGNORED).any(dim=1).all()
    assert jobs == {"answer", "revise", "summarise", "drill"}
