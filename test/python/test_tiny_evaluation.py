"""What evaluation and its gate say of speakers whose behaviour is known: no model is needed to test a measure."""

from __future__ import annotations

import dataclasses
import json

import pytest
from tiny_process_speaker import ProcessSpeaker

from maft.tiny.debates import Reading, debate, revisions, vote
from maft.tiny.evaluation import Report, evaluate, held_out_with_one_misremembered
from maft.tiny.gate import failures, with_gate
from maft.tiny.intervention import OTHERS, OWN, intervene, pools
from maft.tiny.measures import Measure, difference, mean
from maft.tiny.problems import Problem, held_out_problems, is_held_out
from maft.tiny.process import Process, misremembered_in

PROBLEM = Problem(3, 2, 7, 5, 4, 9)


@pytest.fixture(scope="module")
def reader() -> Report:
    """Of the data process itself: what a model that learnt it perfectly would score."""
    return evaluate(ProcessSpeaker(), count=300)


def test_the_process_itself_passes_the_gate(reader):
    assert with_gate(reader)["gate"] == {"passes": True, "failed": []}
    assert reader.misremembered.reading.points > 40
    assert reader.debate_over_vote.points > 10


def test_critics_that_do_not_read_fail_by_their_reading_and_their_debate():
    report = evaluate(ProcessSpeaker(reads=False), count=200)
    failed = failures(report)
    assert abs(report.misremembered.reading.points) < 3 * report.misremembered.reading.standard_error
    assert any(
        sentence.startswith("Critics do not read on problems with a misremembered product") for sentence in failed
    )
    assert any(sentence.startswith("Critics do not read over all held-out problems") for sentence in failed)
    assert any("not clearly better than an untuned vote" in sentence for sentence in failed)
    assert len(failed) == 3


def test_critics_that_follow_whatever_they_read_fail_by_the_right_answers_they_give_up():
    failed = failures(evaluate(ProcessSpeaker(follows=True), count=100))
    assert sum(sentence.startswith("Critics give up right answers") for sentence in failed) == 2
    assert not any("do not read" in sentence for sentence in failed)


def test_errors_that_are_sampling_noise_fail_by_the_greedy_answers():
    """The first bundled base: independent slips that greedy decoding does not make, critics that ignore the others."""
    failed = failures(evaluate(ProcessSpeaker(reads=False, misremembers=False), count=100))
    assert any(
        sentence.startswith("Errors are sampling noise: greedy answers are right in 100.0") for sentence in failed
    )
    assert any(sentence.startswith("Critics do not read") for sentence in failed)


def measured(points: float | None, error: float | None = 1.0) -> Measure:
    return Measure(points, error, 0 if points is None else 100)


def changed(report: Report, **values: Measure) -> Report:
    """The report with other readings (`reading`, `reading_all`, `loss`, `loss_all`) or other fields."""
    one = dataclasses.replace(
        report.misremembered,
        reading=values.pop("reading", measured(42)),
        loss=values.pop("loss", measured(3)),
    )
    everywhere = dataclasses.replace(
        report.all_problems,
        reading=values.pop("reading_all", measured(20)),
        loss=values.pop("loss_all", measured(3)),
    )
    fields = {
        "greedy": measured(62),
        "sampled": measured(58),
        "summaries": measured(99),
        "debate_over_vote": measured(15),
    }
    return dataclasses.replace(report, misremembered=one, all_problems=everywhere, **(fields | values))


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"reading": measured(25)}, None),
        (
            {"reading": measured(24.9)},
            "Critics do not read on problems with a misremembered product: 24.9 ± 1.0 points",
        ),
        ({"reading": measured(None, None)}, "could not be measured"),
        ({"reading_all": measured(15)}, None),
        ({"reading_all": measured(14.9)}, "Critics do not read over all held-out problems: 14.9 ± 1.0 points"),
        ({"loss": measured(10)}, None),
        ({"loss": measured(10.1)}, "they lose 10.1 ± 1.0 points, at most 10 are allowed"),
        ({"loss_all": measured(10.1)}, "over all held-out problems: they lose 10.1"),
        ({"greedy": measured(68)}, None),
        ({"greedy": measured(68.1)}, "greedy answers are right in 68.1 ± 1.0 %, samples at temperature 1 in 58.0"),
        ({"greedy": measured(47.9)}, "Errors are sampling noise"),
        ({"summaries": measured(95)}, None),
        ({"summaries": measured(94.9)}, "Summaries are right to the character in 94.9 ± 1.0 %; 95 % are needed"),
        ({"debate_over_vote": measured(2.0, 1.0)}, None),
        ({"debate_over_vote": measured(1.9, 1.0)}, "An untuned debate is not clearly better"),
        ({"debate_over_vote": measured(-15, 2.0)}, "An untuned debate is not clearly better"),
    ],
)
def test_each_requirement_has_its_limit_and_one_sentence(reader, values, sentence):
    failed = failures(changed(reader, **values))
    assert len(failed) == (0 if sentence is None else 1)
    assert sentence is None or sentence in failed[0]


def test_the_report_is_json_with_all_six_cells_of_both_interventions(reader):
    report = json.loads(json.dumps(with_gate(reader)))
    for name in ("interventionOneMisremembered", "interventionAllHeldOut"):
        intervention = report[name]
        assert {own: set(cells) for own, cells in intervention["rightByOwnAndOthers"].items()} == {
            own: set(OTHERS) for own in OWN
        }
        assert 0 < intervention["problems"] <= intervention["problemsAsked"] == 300
        for effect in ("reading", "copying", "lossOfRightOwnAnswers"):
            assert set(intervention[effect]) == {"points", "standardError", "problems"}
    assert set(report["answers"]) == {"greedy", "temperature1", "temperature0.5"}


def test_cells_differ_by_what_the_others_say_alone_and_take_samples_in_which_right_and_wrong_are_known():
    right, wrong = [f"{n} #-14" for n in range(4)], [f"{n} #7" for n in range(4)]
    (pool,) = pools([PROBLEM], [[*right, *wrong]])
    assert pool.reading(("wrong", "right,right")) == Reading(PROBLEM, "2 #7", ("0 #-14", "1 #-14"))
    assert pool.reading(("wrong", "wrong,wrong")) == Reading(PROBLEM, "2 #7", ("0 #7", "1 #7"))
    assert sorted(pool.reading(("right", "right,wrong")).others) == ["0 #-14", "1 #7"]
    assert pools([PROBLEM], [[*right, "#7", "no answer"]]) == []


class Listener(ProcessSpeaker):
    """Remembers every chat."""

    def say(self, chats, temperature):
        self.heard = [*getattr(self, "heard", []), *chats]
        return super().say(chats, temperature)


def test_critics_that_read_the_same_responses_read_the_same_summary():
    listener = Listener()
    others = ("2*7=14 4*9=36 #-14", "2*7=24 4*9=36 #-4")
    revisions(listener, [Reading(PROBLEM, own, others) for own in ("#1", "#2")])
    summary, *critics = listener.heard
    assert summary[0]["content"] == "List:\n" + "\n".join(others)
    assert [chat[1]["content"] for chat in critics] == ["#1", "#2"]
    assert {chat[2]["content"] for chat in critics} == {f"Others: 2*7=14,24 4*9=36,36 #-14,-4. {PROBLEM.question}"}


def test_a_member_reads_the_others_and_not_itself():
    listener = Listener()
    second = debate(listener, [PROBLEM], [["#1", "#2", "#3"]])
    lists = [chat[0]["content"] for chat in listener.heard if len(chat) == 1]
    assert lists == ["List:\n#2\n#3", "List:\n#1\n#3", "List:\n#1\n#2"]
    assert len(second) == 1 and len(second[0]) == 3


def test_nothing_measured_is_said_as_such():
    assert intervene(ProcessSpeaker(), [PROBLEM], [["#1"] * 16]).reading == Measure(None, None, 0)
    assert Measure(None, None, 0).in_words == "not measured"


def test_means_and_paired_differences_carry_their_standard_error():
    assert mean([1, 0, 1, 0]) == Measure(50.0, 28.87, 4)
    assert difference([1, 1, 0, 1], [0, 0, 0, 1]) == Measure(50.0, 28.87, 4)
    assert mean([]) == Measure(None, None, 0)


def test_the_vote_counts_answers_only_and_takes_the_first_of_equals():
    assert vote(["#1", "#2", "#2"]) == "2"
    assert vote(["#3", "#1", "#2"]) == "3"
    assert vote(["none", "?", "#4"]) == "4"
    assert vote(["none", "?"]) is None


def test_everything_is_measured_on_held_out_problems():
    listener = Listener()
    evaluate(listener, count=30)
    asked = [chat[0]["content"] for chat in listener.heard if not chat[0]["content"].startswith("List:")]
    assert asked and all(map(is_held_out, asked))
    chosen = held_out_with_one_misremembered(30, 0, Process())
    assert all(misremembered_in(problem, Process()) == 1 for problem in chosen)
    assert held_out_problems(30, 0) != chosen
