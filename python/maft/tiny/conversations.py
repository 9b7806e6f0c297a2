"""The three jobs of the base model as chats: answer, summarise, revise. Every prompt text of pretraining lives here."""

from __future__ import annotations

import random
from dataclasses import dataclass

from maft.tiny.problems import Problem, draw_problem, parse_answer
from maft.tiny.process import Process, draw_revision_problem, first_answer, products_said, revision, shown_responses

UNKNOWN_VALUE = "?"
# Societies of three (two others) are the main job. The rest is there so that other societies work as well.
OTHERS_IN_SUMMARY = {1: 12, 2: 66, 3: 12, 4: 10}
OTHERS_IN_REVISION = {0: 3, 1: 14, 2: 64, 3: 12, 4: 7}
THIRD_ROUND_SHARE = 0.06
WITHOUT_SUMMARY_SHARE = 0.04
BROKEN_RESPONSE_SHARE = 0.02


@dataclass(frozen=True)
class Conversation:
    """A chat whose last message is the assistant's; only that one is learnt."""

    turns: tuple[str, ...]
    """Contents of the messages; user and assistant alternate, and the user begins."""
    whole: bool = True
    """False: the last turn is the beginning of one; it has no end to be learnt."""

    @property
    def messages(self) -> list[dict[str, str]]:
        roles = ("user", "assistant")
        return [{"role": roles[index % 2], "content": content} for index, content in enumerate(self.turns)]


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
    products_only: bool = False
    """Whether a revision is learnt as far as its two products: the part in which reading shows, and a quarter of it."""


def draw_shape(job: str, products_only_share: float, rng: random.Random) -> Shape:
    """The shape of one batch of the job `summarise` or `revise`. A third round is always summarised: the whole
    responses of four others, twice, would not fit the model's positions."""
    weights = OTHERS_IN_SUMMARY if job == "summarise" else OTHERS_IN_REVISION
    others = rng.choices(list(weights), list(weights.values()))[0]
    third_round = rng.random() < THIRD_ROUND_SHARE
    summarised = third_round or rng.random() >= WITHOUT_SUMMARY_SHARE
    products_only = job == "revise" and products_only_share > 0 and rng.random() < products_only_share
    return Shape(others, 2 if third_round else 1, summarised, products_only)


def summary_prompt(responses: list[str]) -> str:
    """What the summariser is asked: a list of responses, one a line."""
    return "\n".join(["List:", *responses])


def product_summary(responses: list[str], position: int) -> str | None:
    """`2*7=14,24`: the values that the responses give their first or second product; None if all broke off before."""
    said = [dict(enumerate(products_said(response))).get(position) for response in responses]
    pairs = [product[0] for product in said if product is not None]
    if not pairs:
        return None
    values = [str(product[1]) if product is not None and product[0] == pairs[0] else UNKNOWN_VALUE for product in said]
    return f"{pairs[0][0]}*{pairs[0][1]}={','.join(values)}"


def summarise(responses: list[str]) -> str:
    """The right summary: per product the values in the order of the responses, then the answers, as in
    `2*7=14,14 4*9=36,26 #-14,-4`; `?` for what a response does not say."""
    products = [product_summary(responses, position) for position in (0, 1)]
    answers = ",".join(parse_answer(response) or UNKNOWN_VALUE for response in responses)
    return " ".join([*filter(None, products), f"#{answers}"])


def revision_prompt(question: str, summary: str) -> str:
    """What a critic is asked after its own response. The question stands at the end again: copying it from there is
    what the model learns within minutes; from the far first turn it did not (loss 0.42 against 0.12)."""
    return f"Others: {summary}. {question}" if summary else question


def break_off(response: str, rng: random.Random) -> str:
    """Now and then a response ends before its answer, as one cut at its greatest length does."""
    if rng.random() >= BROKEN_RESPONSE_SHARE:
        return response
    return response[: rng.randrange(1, response.index("#"))].rstrip()


def society(problem: Problem, others: int, process: Process, rng: random.Random) -> tuple[str, list[str]]:
    """One member's own response and those of `others` others; only the latter may break off."""
    own, *responses = shown_responses(problem, others + 1, process, rng)
    return own, [break_off(response, rng) for response in responses]


def answer_conversation(process: Process, rng: random.Random) -> Conversation:
    problem = draw_problem(rng)
    return Conversation((problem.question, first_answer(problem, process, rng)))


def summary_conversation(shape: Shape, process: Process, rng: random.Random) -> Conversation:
    _, responses = society(draw_problem(rng), shape.others, process, rng)
    return Conversation((summary_prompt(responses), summarise(responses)))


def revision_conversation(shape: Shape, process: Process, rng: random.Random) -> Conversation:
    """Question, own response, then what the others say and the question again: once, or (rarely) twice."""
    problem = draw_revision_problem(process, rng)
    turns, shown = [problem.question], list[str]()
    for _ in range(shape.rounds):
        own, responses = society(problem, shape.others, process, rng)
        shown += [own, *responses]
        summary = "\n".join(responses) if not shape.summarised else summarise(responses) if responses else ""
        turns += [own, revision_prompt(problem.question, summary)]
    revised = revision(problem, shown, process, rng)
    if shape.products_only:
        first, second, *_ = revised.split(" ")
        return Conversation((*turns, f"{first} {second} "), whole=False)
    return Conversation((*turns, revised))
