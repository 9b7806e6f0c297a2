"""What the base model can do, measured on held-out problems the way a debate uses it."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from maft.tiny.conversations import summarise
from maft.tiny.debates import CALLS, MEMBERS, debate, first_answers, is_right, summaries, vote
from maft.tiny.intervention import Intervention, intervene
from maft.tiny.measures import Measure, difference, mean
from maft.tiny.problems import Problem, held_out_problems
from maft.tiny.process import Process, misremembered_in
from maft.tiny.speaker import Speaker

SAMPLES = 16
COOLER = 0.5


@dataclass(frozen=True)
class Report:
    """Points of 100. One answer: `greedy`, `sampled` (temperature 1), `cooler` (0.5). At temperature 1: the votes over
    three and nine first answers, one critic's answer (`revised`), the vote of three critics (`debate`, nine calls).
    `summaries`: greedy summaries of two responses that are right to the character."""

    problems: int
    seed: int
    greedy: Measure
    sampled: Measure
    cooler: Measure
    vote_of_three: Measure
    vote_of_nine: Measure
    revised: Measure
    debate: Measure
    debate_over_vote: Measure
    """At equal calls, paired by problem."""
    summaries: Measure
    misremembered: Intervention
    """On problems with exactly one misremembered product."""
    all_problems: Intervention

    def as_json(self) -> dict[str, object]:
        return {
            "problems": self.problems,
            "seed": self.seed,
            "answers": {
                "greedy": self.greedy.as_json(),
                "temperature1": self.sampled.as_json(),
                "temperature0.5": self.cooler.as_json(),
            },
            "voteOfThree": self.vote_of_three.as_json(),
            "voteOfNine": self.vote_of_nine.as_json(),
            "revised": self.revised.as_json(),
            "debate": self.debate.as_json(),
            "debateOverVoteAtEqualCalls": self.debate_over_vote.as_json(),
            "summariesExact": self.summaries.as_json(),
            "interventionOneMisremembered": self.misremembered.as_json(),
            "interventionAllHeldOut": self.all_problems.as_json(),
        }


def held_out_with_one_misremembered(count: int, seed: int, process: Process) -> list[Problem]:
    """`count` different held-out problems with exactly one misremembered product, the same ones for the same seed."""
    return held_out_problems(count, seed, lambda problem: misremembered_in(problem, process) == 1)


def shares_right(problems: list[Problem], samples: list[list[str]]) -> list[float]:
    """Per problem the share of its responses that are right."""
    return [
        sum(is_right(problem, response) for response in responses) / len(responses)
        for problem, responses in zip(problems, samples, strict=True)
    ]


def votes_right(problems: list[Problem], samples: list[list[str]]) -> list[float]:
    pairs = zip(problems, samples, strict=True)
    return [float(vote(responses) == str(problem.value)) for problem, responses in pairs]


def sample(speaker: Speaker, problems: list[Problem]) -> list[list[str]]:
    """Sixteen first answers per problem at temperature 1."""
    said = iter(first_answers(speaker, [problem for problem in problems for _ in range(SAMPLES)], temperature=1.0))
    return [[next(said) for _ in range(SAMPLES)] for _ in problems]


def one_answer(speaker: Speaker, problems: list[Problem], temperature: float) -> Measure:
    return mean(shares_right(problems, [[text] for text in first_answers(speaker, problems, temperature)]))


def exact_summaries(speaker: Speaker, samples: list[list[str]]) -> Measure:
    pairs = [responses[:2] for responses in samples]
    said = summaries(speaker, pairs, temperature=0)
    return mean([float(text == summarise(pair)) for text, pair in zip(said, pairs, strict=True)])


def evaluate(speaker: Speaker, count: int, seed: int = 0) -> Report:
    """Measures the jobs on `count` held-out problems, and the critics on as many more with a misremembered product.

    Problems and samples follow from `seed`; torch's global generator is left as it was.
    """
    problems = held_out_problems(count, seed)
    misremembered = held_out_with_one_misremembered(count, seed, Process())
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        samples = sample(speaker, problems)
        second = debate(speaker, problems, [responses[:MEMBERS] for responses in samples])
        debated, voted = votes_right(problems, second), votes_right(problems, [said[:CALLS] for said in samples])
        return Report(
            problems=count,
            seed=seed,
            greedy=one_answer(speaker, problems, 0),
            sampled=mean(shares_right(problems, samples)),
            cooler=one_answer(speaker, problems, COOLER),
            vote_of_three=mean(votes_right(problems, [said[:MEMBERS] for said in samples])),
            vote_of_nine=mean(voted),
            revised=mean(shares_right(problems, second)),
            debate=mean(debated),
            debate_over_vote=difference(debated, voted),
            summaries=exact_summaries(speaker, samples),
            misremembered=intervene(speaker, misremembered, sample(speaker, misremembered)),
            all_problems=intervene(speaker, problems, samples),
        )
