"""The data process: misconceptions all members share, slips, recognition of what is shown, drills, summaries."""

from __future__ import annotations

import random
from collections import Counter, defaultdict

import pytest

from maft.tiny.batches import make_batch
from maft.tiny.conversations import (
    Shape,
    answer_conversation,
    break_off,
    draw_shape,
    revision_conversation,
    summarise,
    summary_conversation,
    summary_prompt,
)
from maft.tiny.drills import ALPHABET, draw_fact, fact_drill, look_up_drill, repeat_drill, said_again_drill
from maft.tiny.problems import Problem, calculate, draw_problem, draw_problem_with, is_held_out, parse_answer
from maft.tiny.process import (
    Process,
    draw_revision_problem,
    first_answer,
    misconceptions,
    misremembered_in,
    products_said,
    revision,
    shown_responses,
    worked_solution,
)
from maft.tiny.recipe import DRILLS, LONGEST_STRING, standard_recipe
from maft.tiny.vocabulary import IGNORED, ConversationEncoder

PROCESS = Process()
WRONG = misconceptions(PROCESS)
FAULTLESS = Process(misremember_rate=0, slip_rate=0, revision_slip_rate=0)


def steps_of(solution: str) -> list[tuple[int, str, int, int]]:
    """The five steps as (left, operator, right, result)."""
    steps = []
    for step in solution.split(" ")[:5]:
        question, result = step.split("=")
        position = next(index for index, character in enumerate(question) if character in "*+-" and index > 0)
        steps.append((int(question[:position]), question[position], int(question[position + 1 :]), int(result)))
    return steps


def test_a_faultless_solution_is_written_as_documented_and_right():
    problem, rng = Problem(3, 2, 7, 5, 4, 9), random.Random(0)
    assert problem.question == "3+2*7+5-4*9=?"
    assert first_answer(problem, FAULTLESS, rng) == "2*7=14 4*9=36 3+14=17 17+5=22 22-36=-14 #-14"
    for _ in range(500):
        drawn = draw_problem(rng)
        assert parse_answer(first_answer(drawn, FAULTLESS, rng)) == str(drawn.value)


def test_twenty_of_the_64_products_have_one_wrong_value_each_by_1_2_or_10_for_every_seed():
    for seed in range(20):
        wrong = misconceptions(Process(misconceptions_seed=seed))
        assert len(wrong) == 20 and all(2 <= factor <= 9 for pair in wrong for factor in pair)
        assert all(abs(value - left * right) in (1, 2, 10) and value >= 0 for (left, right), value in wrong.items())
    assert misconceptions(Process(misconceptions_seed=1)) != WRONG
    assert misconceptions(Process()) == WRONG


def test_an_error_is_carried_on_to_the_answer():
    rng = random.Random(2)
    for _ in range(300):
        problem = draw_problem(rng)
        solution = first_answer(problem, Process(slip_rate=0.3), rng)
        first, second, third, fourth, fifth = steps_of(solution)
        assert ((first[0], first[2]), (second[0], second[2])) == problem.products
        assert (third[0], third[2]) == (problem.a, first[3])
        assert (fourth[0], fourth[2]) == (third[3], problem.d)
        assert (fifth[0], fifth[2]) == (fourth[3], second[3])
        assert parse_answer(solution) == str(fifth[3])


def product_values(pair: tuple[int, int], write, count: int = 400) -> Counter[int]:
    """Values that `write` (problem -> solution) gives to a product of many problems."""
    rng = random.Random(str(pair))
    said = [products_said(write(draw_problem_with(pair, rng))) for _ in range(count)]
    return Counter(value for products in said for seen, value in products[:2] if seen == pair)


def test_a_misremembered_product_has_its_one_wrong_value_in_seven_of_ten_answers_and_never_another():
    rng = random.Random(4)
    seen = Counter[bool]()
    for pair, wrong in WRONG.items():
        values = product_values(pair, lambda problem: first_answer(problem, PROCESS, rng), count=100)
        assert set(values) <= {wrong, pair[0] * pair[1]}
        seen.update({False: values[wrong], True: values[pair[0] * pair[1]]})
    assert seen[False] / seen.total() == pytest.approx(0.7, abs=0.03)


def test_other_steps_slip_in_one_of_25():
    rng = random.Random(5)
    slips, steps = 0, 0
    for _ in range(3000):
        for left, operator, right, result in steps_of(first_answer(draw_problem(rng), PROCESS, rng)):
            if operator != "*" or (left, right) not in WRONG:
                slips, steps = slips + (result != calculate(left, operator, right)), steps + 1
    assert slips / steps == pytest.approx(0.04, abs=0.006)


def test_members_of_one_society_share_their_misconceptions():
    """Of two wrong answers to one problem, a misremembered product makes far more agree than slips do."""
    rng = random.Random(6)
    agree: dict[int, list[bool]] = defaultdict(list)
    for _ in range(1500):
        problem = draw_problem(rng)
        answers = [parse_answer(first_answer(problem, PROCESS, rng)) for _ in range(2)]
        if str(problem.value) not in answers:
            agree[misremembered_in(problem, PROCESS)].append(answers[0] == answers[1])
    assert sum(agree[1]) / len(agree[1]) > 0.6
    assert sum(agree[0]) / max(1, len(agree[0])) < 0.4


@pytest.mark.parametrize("teller", ["own", "other", "summary order"])
def test_a_right_value_anywhere_in_what_is_shown_is_recognised(teller):
    rng = random.Random(7)
    pair, wrong = next(iter(WRONG.items()))
    right = f"{pair[0]}*{pair[1]}={pair[0] * pair[1]}"
    shown = {
        "own": [right, f"{pair[0]}*{pair[1]}={wrong}"],
        "other": [f"{pair[0]}*{pair[1]}={wrong}", f"{pair[0]}*{pair[1]}={wrong}", right],
        "summary order": [f"1*1=1 {right}"],
    }[teller]
    values = product_values(pair, lambda problem: revision(problem, shown, PROCESS, rng))
    assert values[pair[0] * pair[1]] / values.total() == pytest.approx(0.97, abs=0.025)


@pytest.mark.parametrize("shown", [[], ["wrong only"], ["the other order"]])
def test_where_nobody_shows_the_right_value_a_product_is_made_as_in_a_first_answer(shown):
    rng = random.Random(8)
    pair, wrong = next((pair, value) for pair, value in WRONG.items() if pair[0] != pair[1])
    text = {"wrong only": f"{pair[0]}*{pair[1]}={wrong}", "the other order": f"{pair[1]}*{pair[0]}={pair[0] * pair[1]}"}
    values = product_values(pair, lambda problem: revision(problem, [text[name] for name in shown], PROCESS, rng))
    assert values[wrong] / values.total() == pytest.approx(0.7, abs=0.07)


def test_shown_responses_of_one_example_have_one_rate_each_and_examples_differ():
    rng = random.Random(9)
    pair = next(iter(WRONG))
    shares = []
    for _ in range(60):
        problem = draw_problem_with(pair, rng)
        responses = shown_responses(problem, 40, PROCESS, rng)
        said = [dict(products_said(response)).get(pair) for response in responses]
        shares.append(said.count(WRONG[pair]) / len(said))
    assert min(shares) < 0.5 and max(shares) > 0.75
    assert 0.55 < sum(shares) / len(shares) < 0.7


def test_six_of_ten_revise_problems_have_a_misremembered_product_on_purpose():
    rng = random.Random(10)
    having = sum(misremembered_in(draw_revision_problem(PROCESS, rng), PROCESS) > 0 for _ in range(1500)) / 1500
    by_chance = 1 - 0.8**2
    assert having == pytest.approx(0.6 + 0.4 * by_chance, abs=0.04)


def test_no_chat_is_about_a_held_out_problem():
    rng = random.Random(11)
    for _ in range(300):
        assert not is_held_out(answer_conversation(PROCESS, rng).turns[0])
        revised = revision_conversation(Shape(others=2), PROCESS, rng)
        assert not is_held_out(revised.turns[0]) and revised.turns[2].endswith(revised.turns[0])
        solution = summary_conversation(Shape(others=1), PROCESS, rng).turns[0].split("\n")[1]
        if parse_answer(solution) is not None:
            first, second, third, fourth, _ = steps_of(solution)
            problem = Problem(third[0], first[0], first[2], fourth[2], second[0], second[2])
            assert not is_held_out(problem.question)


@pytest.mark.parametrize(
    ("responses", "summary"),
    [
        (
            [
                "2*7=14 4*9=36 3+14=17 17+5=22 22-36=-14 #-14",
                "2*7=14 4*9=26 3+14=17 17+5=22 22-26=-4 #-4",
            ],
            "2*7=14,14 4*9=36,26 #-14,-4",
        ),
        (["2*7=14 4*9=36 3+14=17 17+5=22 22-36=-14 #-14"], "2*7=14 4*9=36 #-14"),
        (["2*7=14 4*9", "2*7=24 4*9=36 3+24=27 27+5=32 32-36=-4 #-4"], "2*7=14,24 4*9=?,36 #?,-4"),
        (["2*7=14 2*7=14 1+14=15 15+0=15 15-14=1 #1"], "2*7=14 2*7=14 #1"),
        (["2*", "2*7=14"], "2*7=?,14 #?,?"),
        (["2*", "?"], "#?,?"),
    ],
)
def test_a_summary_says_every_value_of_each_product_and_every_answer_in_order(responses, summary):
    assert summarise(responses) == summary


def test_a_summary_holds_each_members_own_values():
    rng = random.Random(12)
    for _ in range(300):
        problem, count = draw_problem(rng), rng.randint(1, 4)
        responses = shown_responses(problem, count, PROCESS, rng)
        first, second, answers = summarise(responses).split(" ")
        assert answers == "#" + ",".join(str(parse_answer(response)) for response in responses)
        for said, position in ((first, 0), (second, 1)):
            values = [str(steps_of(response)[position][3]) for response in responses]
            assert said.split("=")[1].split(",") == values


def test_one_response_in_fifty_breaks_off_before_its_number_sign():
    rng = random.Random(13)
    solution = worked_solution(Problem(3, 2, 7, 5, 4, 9), lambda pair: pair[0] * pair[1], 0, rng)
    broken = [text for text in (break_off(solution, rng) for _ in range(3000)) if text != solution]
    assert 30 < len(broken) < 95
    assert all("#" not in text and text and solution.startswith(text) for text in broken)


def test_a_revision_ends_with_the_question_after_what_the_others_say():
    rng = random.Random(14)
    conversation = revision_conversation(Shape(others=2), PROCESS, rng)
    question, _, asked_again, _ = conversation.turns
    assert asked_again.startswith("Others: ") and asked_again.endswith(f". {question}")
    assert asked_again.count(",") == 3
    alone = revision_conversation(Shape(others=0), PROCESS, rng)
    assert alone.turns[2] == alone.turns[0]
    third_round = revision_conversation(Shape(others=1, rounds=2), PROCESS, rng)
    assert [message["role"] for message in third_round.messages] == ["user", "assistant"] * 3
    whole = revision_conversation(Shape(others=2, summarised=False), PROCESS, rng)
    assert whole.turns[2].count("\n") == 1 and whole.turns[2].endswith(f". {whole.turns[0]}")
    assert summary_prompt(["1", "2"]) == "List:\n1\n2"


def test_products_alone_are_the_beginning_of_the_same_revision_without_an_end():
    whole = revision_conversation(Shape(others=2), PROCESS, random.Random(21))
    beginning = revision_conversation(Shape(others=2, products_only=True), PROCESS, random.Random(21))
    assert whole.turns[:-1] == beginning.turns[:-1]
    assert beginning.turns[-1] == " ".join(whole.turns[-1].split(" ")[:2]) + " "
    encoder = ConversationEncoder()
    tokens, labels = encoder.encode(beginning)
    assert labels[-1] == tokens[-1] == encoder.ids[" "]
    assert [label for label in labels if label != IGNORED] == encoder.encode_text(beginning.turns[-1])
    shares = [draw_shape("revise", 0.5, random.Random(seed)).products_only for seed in range(400)]
    assert 0.4 < sum(shares) / 400 < 0.6
    assert not any(draw_shape("summarise", 0.5, random.Random(seed)).products_only for seed in range(50))


def text_of(drill: list[tuple[str, bool]]) -> str:
    return "".join(text for text, _ in drill)


def test_a_fact_is_right_and_a_third_of_the_products_are_misremembered_ones():
    rng = random.Random(15)
    products, misremembered = 0, 0
    for _ in range(3000):
        text, result = draw_fact(PROCESS, rng)
        left, operator, right, value = steps_of(f"{text}={result}")[0]
        assert calculate(left, operator, right) == value
        products, misremembered = products + (operator == "*"), misremembered + ((left, right) in WRONG)
    by_chance = 2 / 3 * 0.2
    assert misremembered / products == pytest.approx(1 / 3 + by_chance, abs=0.06)
    drill = fact_drill(PROCESS, rng)
    assert [learnt for _, learnt in drill] == [False, True] * 10


def test_a_repeat_says_a_random_string_again_to_the_end_of_a_row_three_strings_long():
    rng = random.Random(16)
    for longest in (6, 24):
        for _ in range(200):
            (string, first_learnt), (again, learnt) = repeat_drill(longest, rng)
            assert (first_learnt, learnt) == (False, True)
            assert 3 <= len(string) <= longest and set(string) <= set(ALPHABET)
            assert len(string + again) == 3 * longest
            assert (string + again) == (string * (3 * longest))[: 3 * longest]


def test_what_is_said_again_has_the_value_of_the_first_time():
    rng = random.Random(17)
    for _ in range(100):
        (first_time, _), *pieces = said_again_drill(rng)
        values = dict(fact.split("=") for fact in first_time.strip().split(" "))
        again = text_of(pieces).strip().split(" ")
        assert dict(fact.split("=") for fact in again) == values and len(again) == len(values)
        assert [learnt for _, learnt in pieces] == [False, True] * len(values)
    halves = sum(look_up_drill(24, rng)[0][0].count("=") > 3 for _ in range(300)) / 300
    assert 0.35 < halves < 0.65


def test_looking_up_comes_first_and_short_strings_before_long_ones():
    look_up, jobs, _ = standard_recipe().stages
    assert set(look_up.mix(0)) == {"repeat"}
    lengths = [look_up.longest_string(step) for step in range(look_up.steps)]
    assert (lengths[0], lengths[39], lengths[40], lengths[-1]) == (6, 6, 7, LONGEST_STRING)
    assert lengths == sorted(lengths) and max(lengths) == LONGEST_STRING
    assert {jobs.longest_string(step) for step in (0, 1000)} == {LONGEST_STRING}


def test_the_mix_moves_in_a_straight_line_for_62_percent_of_the_steps():
    _, jobs, _ = standard_recipe().stages
    assert jobs.mix(0) == jobs.mix_at_start
    assert jobs.mix(round(0.31 * jobs.steps))["revise"] == pytest.approx((0.15 + 0.46) / 2)
    assert jobs.mix(round(0.62 * jobs.steps)) == pytest.approx(jobs.mix_at_end) == jobs.mix(jobs.steps)
    assert all(sum(jobs.mix(step).values()) == pytest.approx(1) for step in range(0, jobs.steps, 100))


def test_a_batch_follows_from_seed_stage_and_step_alone():
    encoder, recipe = ConversationEncoder(), standard_recipe(seed=11)
    for stage in recipe.stages:
        again = [make_batch(recipe, stage, step, encoder) for step in (5, 6)]
        for step, expected in zip((6, 5), reversed(again), strict=True):
            batch = make_batch(recipe, stage, step, encoder)
            assert batch.job == expected.job and batch.tokens.equal(expected.tokens)
        other_seed = make_batch(standard_recipe(seed=12), stage, 5, encoder)
        assert not (other_seed.tokens.shape == again[0].tokens.shape and other_seed.tokens.equal(again[0].tokens))


def test_every_batch_fits_the_positions_and_learns_something_in_each_row():
    encoder, recipe = ConversationEncoder(), standard_recipe()
    jobs = set()
    for stage in recipe.stages:
        for step in range(0, stage.steps, 50):
            batch = make_batch(recipe, stage, step, encoder)
            jobs.add(batch.job)
            assert batch.tokens.shape == batch.labels.shape and batch.tokens.shape[1] <= 512
            assert (batch.labels != IGNORED).any(dim=1).all()
    assert jobs == {"answer", "revise", "summarise", *DRILLS}


@pytest.mark.parametrize(
    ("shape", "longest"),
    [(Shape(others=4, rounds=2), 400), (Shape(others=4, summarised=False), 400), (Shape(others=2, rounds=2), 320)],
)
def test_the_longest_chats_leave_room_in_512_positions(shape, longest):
    rng, encoder = random.Random(18), ConversationEncoder()
    lengths = [len(encoder.encode(revision_conversation(shape, PROCESS, rng))[0]) for _ in range(200)]
    assert max(lengths) < longest
