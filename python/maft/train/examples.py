"""The training set as text: the Python twin of `TrainingExample` in `src/contract/training.ts`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from maft.train.errors import BadJob
from maft.train.fields import Fields

ROLES = ("system", "user", "assistant")


@dataclass(frozen=True)
class TrainingExample:
    """A prompt as it was sent, and the response to learn. Its key is (problem_id, member, round)."""

    problem_id: str
    member: int
    round: int
    messages: tuple[dict[str, str], ...]
    completion: str
    weight: float
    rejected: str | None = None
    """DPO: the response to the same prompt that the completion is preferred to."""
    desirable: bool | None = None
    """KTO: whether the completion is to become likelier."""

    @property
    def loss(self) -> str:
        """What it was selected for."""
        return "dpo" if self.rejected is not None else "supervised" if self.desirable is None else "kto"

    @property
    def key(self) -> str:
        return f"{self.problem_id}/{self.member}/{self.round}"

    @property
    def name(self) -> str:
        """For messages to people."""
        return f"problem {self.problem_id}, member {self.member}, round {self.round}"


def parse_message(value: object, place: str) -> dict[str, str]:
    fields = Fields(value, place)
    return {"role": fields.choice("role", ROLES), "content": fields.text("content")}


def parse_example(value: object, place: str) -> TrainingExample:
    """Only what training needs is read; the other fields of the line are for people and reports."""
    fields = Fields(value, place)
    messages = fields.value("messages")
    if not isinstance(messages, list) or not messages:
        raise fields.complain("messages", "a list of messages that is not empty")
    return TrainingExample(
        problem_id=fields.filled_text("problemId"),
        member=fields.integer("member", 1),
        round=fields.integer("round", 1),
        messages=tuple(parse_message(message, f"{place}.messages[{index}]") for index, message in enumerate(messages)),
        # May be empty: the control trains on every response, and a model may say nothing. Its end of turn is learnt.
        completion=fields.text("completion"),
        weight=fields.not_negative("weight"),
        rejected=fields.text("rejected") if "rejected" in fields.record else None,
        desirable=fields.flag("desirable") if "desirable" in fields.record else None,
    )


def parse_lines(path: Path) -> Iterator[TrainingExample]:
    try:
        # Not splitlines: U+2028 and its like stand unescaped inside JSON strings that Node wrote.
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise BadJob(f"Cannot read the training set {path}: {error}") from error
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                yield parse_example(json.loads(line), f"{path.name}:{number}")
            except json.JSONDecodeError as error:
                raise BadJob(f"{path.name}:{number}: not JSON: {error}") from error


def read_training_set(path: Path, loss: str = "supervised") -> list[TrainingExample]:
    """All examples with a weight above 0 (the others would train nothing), in the order of the file.

    Raises BadJob for a line that is none, for one that was selected for another loss, for two lines with one key (the
    order of training goes by the key), and for an empty set: an agent without examples is not trained at all, so nobody
    should have asked.
    """
    examples: dict[str, TrainingExample] = {}
    for example in parse_lines(path):
        if example.loss != loss:
            raise BadJob(
                f"The training set {path} holds {example.name}, selected for {example.loss}; the job is {loss}."
            )
        if example.key in examples:
            raise BadJob(f"The training set {path} holds {example.name} twice.")
        examples[example.key] = example
    kept = [example for example in examples.values() if example.weight > 0]
    if not kept:
        raise BadJob(f"The training set {path} is empty: an agent without examples keeps its weights.")
    return kept
