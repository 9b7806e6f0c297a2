"""The turns of a debate between untuned members, for many problems at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from maft.tiny.conversations import revision_prompt, summary_prompt
from maft.tiny.problems import Problem, parse_answer
from maft.tiny.speaker import Messages, Speaker

MEMBERS = 3
CALLS = 3 * MEMBERS
"""Of one debate: a first answer, a summary and a revision from each member."""


def user(content: str) -> dict[str, str]:
    return {"role": "user", "content": content}


def assistant(content: str) -> dict[str, str]:
    return {"role": "assistant", "content": content}


def is_right(problem: Problem, response: str) -> bool:
    return parse_answer(response) == str(problem.value)


def vote(responses: Sequence[str]) -> str | None:
    """The most frequent answer; of equals the one given first. Responses without an answer do not vote."""
    counts = Counter(answer for answer in map(parse_answer, responses) if answer is not None)
    return counts.most_common(1)[0][0] if counts else None


@dataclass(frozen=True)
class Reading:
    """What one critic has before it: the problem, its own response, the others'."""

    problem: Problem
    own: str
    others: tuple[str, ...]


def first_answers(speaker: Speaker, problems: Sequence[Problem], temperature: float) -> list[str]:
    return speaker.say([[user(problem.question)] for problem in problems], temperature)


def summaries(speaker: Speaker, lists: Sequence[Sequence[str]], temperature: float) -> list[str]:
    chats: list[Messages] = [[user(summary_prompt(list(responses)))] for responses in lists]
    return speaker.say(chats, temperature)


def revisions(speaker: Speaker, readings: Sequence[Reading], temperature: float = 1.0) -> list[str]:
    """Each critic's second answer, after the model's own summary of what the others said.

    Equal lists share one summary, so that critics that differ in their own response only read the same text.
    """
    lists = list(dict.fromkeys(reading.others for reading in readings))
    texts = dict(zip(lists, summaries(speaker, lists, temperature), strict=True))
    chats = [
        [
            user(reading.problem.question),
            assistant(reading.own),
            user(revision_prompt(reading.problem.question, texts[reading.others])),
        ]
        for reading in readings
    ]
    return speaker.say(chats, temperature)


def debate(speaker: Speaker, problems: Sequence[Problem], first: Sequence[Sequence[str]]) -> list[list[str]]:
    """The second round after `first`, which holds the members' first answers per problem; the same order."""
    readings = [
        Reading(problem, own, tuple(response for other, response in enumerate(responses) if other != member))
        for problem, responses in zip(problems, first, strict=True)
        for member, own in enumerate(responses)
    ]
    said = iter(revisions(speaker, readings))
    return [[next(said) for _ in responses] for responses in first]
