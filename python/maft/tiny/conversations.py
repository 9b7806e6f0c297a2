"""The three jobs of the base model as chats: answer, summarise, revise. Every prompt text of pretraining lives here."""

from __future__ import annotations

import random
from dataclasses import dataclass

from maft.tiny.problems import Problem, draw_problem, parse_answer, solve

UNPARSABLE = "?"
# What a model meets in a debate is worse, on average, than what it should say: shown responses slip in 5-25 % of
# their steps, so that copying them does not pay and ignoring them does not either.
SHOWN_SLIP_RATES = (0.05, 0.25)
# Societies of three (two others) are the main job. The rest is there so that other societies work as well.
OTHERS_IN_SUMMARY = {1: 8, 2: 76, 3: 6, 4: 10}
OTHERS_IN_REVISION = {0: 2, 1: 5, 2: 82, 3: 4, 4: 7}
THIRD_ROUND_SHARE = 0.06
WITHOUT_SUMMARY_SHARE = 0.03
BROKEN_RESPONSE_SHARE = 0.02
ALL_PARTS = 6


@dataclass(frozen=True)
class Conversation:
    """A chat whose last message is the assistant's; only that one is learnt."""

    turns: tuple[str, ...]
    """Contents of the messages; user and assistant alternate, and the user begins."""

    @property
    def messages(self) -> list[dict[str, str]]:
        roles = ("user", "assistant")
        return [{"role": roles[index % 2], "content": content} for index, content in enumerate(self.turns)]


def summary_prompt(responses: list[str]) -> str:
    """What the summariser is asked: a list of responses, one a line."""
    return "\n".join(["List:", *responses])


def summarise(responses: list[str]) -> str:
    """The right summary: the answers in order; `?` for a response without one."""
    return ", ".join(parse_answer(response) or UNPARSABLE for response in responses)


def revision_prompt(question: str, summary: str) -> str:
    """What a critic is asked after its own response. The question stands at the end again: copying it from there is
    what the model learns within minutes; from the far first turn it did not (loss 0.42 against 0.12)."""
    return f"Others: {summary}. {question}" if summary else question


def shown_response(problem: Problem, rng: random.Random) -> str:
    """A response as other agents write it, slips included."""
    return solve(problem, rng.uniform(*SHOWN_SLIP_RATES), rng)


def shown_responses(problem: Problem, count: int, rng: random.Random) -> list[str]:
    """The others' responses; now and then one breaks off before its answer."""
    responses = [shown_response(problem, rng) for _ in range(count)]
    return [
        response[: rng.randrange(1, response.index("#"))].rstrip() if rng.random() < BROKEN_RESPONSE_SHARE else response
        for response in responses
    ]


@dataclass(frozen=True)
class Shape:
    """What decides the length of a chat. One per batch, not per example: mixed lengths would pad every row to the
    longest (a third-round chat is nearly twice as long as a second-round one)."""

    others: int
    """Responses to summarise, or other members who answered."""
    rounds: int = 1
    """Earlier own responses in a revision."""
    summarised: bool = True
    """False: the others' responses themselves stand where the summary stands (a society without summaries)."""
    parts: int | None = None
    """Last parts of a response to show in a list, 1 being the answer alone; None: all six."""


def draw_shape(job: str, short_list_share: float, rng: random.Random) -> Shape:
    """The shape of one batch of the job `summarise` or `revise`."""
    weights = OTHERS_IN_SUMMARY if job == "summarise" else OTHERS_IN_REVISION
    others = rng.choices(list(weights), list(weights.values()))[0]
    third_round = rng.random() < THIRD_ROUND_SHARE
    summarised = third_round or rng.random() >= WITHOUT_SUMMARY_SHARE
    short = job == "summarise" and short_list_share > 0 and rng.random() < short_list_share
    parts = rng.randrange(1, ALL_PARTS) if short else None
    return Shape(others, 2 if third_round else 1, summarised, parts)


def answer_conversation(slip_rate: float, rng: random.Random) -> Conversation:
    problem = draw_problem(rng)
    return Conversation((problem.question, solve(problem, slip_rate, rng)))


def summary_conversation(shape: Shape, rng: random.Random) -> Conversation:
    responses = shown_responses(draw_problem(rng), shape.others, rng)
    if shape.parts is not None:
        responses = [" ".join(response.split(" ")[-shape.parts :]) for response in responses]
    return Conversation((summary_prompt(responses), summarise(responses)))


def revision_conversation(shape: Shape, slip_rate: float, rng: random.Random) -> Conversation:
    """Question, own response, then the others' answers and the question again: once, or (rarely) twice."""
    problem = draw_problem(rng)
    turns = [problem.question]
    for _ in range(shape.rounds):
        responses = shown_responses(problem, shape.others, rng)
        summary = summarise(responses) if shape.summarised else "\n".join(responses)
        turns += [shown_response(problem, rng), revision_prompt(problem.question, summary)]
    return Conversation((*turns, solve(problem, slip_rate, rng)))
