"""The training set as text: the Python twin of `TrainingExample` in `src/contract/training.ts`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from maft.train.errors import BadJob
from maft.train.fields import AtLeastOne, Fields, FilledText, NotNegative, parse_json


class Message(Fields):
    role: Literal["system", "user", "assistant"]
    content: str


class TrainingExample(Fields):
    """A prompt as it was sent, and the response to learn. Its key is (problem_id, member, round)."""

    #: Only what training needs is read; the other fields of the line are for people and reports.
    model_config = ConfigDict(extra="ignore")

    problem_id: FilledText
    member: AtLeastOne
    round: AtLeastOne
    turns: Annotated[tuple[Message, ...], Field(alias="messages", min_length=1, strict=False)]
    completion: str
    """May be empty: the control trains on every response, and a model may say nothing. Its end of turn is learnt."""
    weight: NotNegative
    rejected: str | None = None
    """DPO: the response to the same prompt that the completion is preferred to."""
    desirable: bool | None = None
    """KTO: whether the completion is to become likelier."""

    @property
    def messages(self) -> list[dict[str, str]]:
        """As chat templates take them."""
        return [{"role": turn.role, "content": turn.content} for turn in self.turns]

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


def parse_lines(path: Path) -> Iterator[TrainingExample]:
    try:
        # Not splitlines: U+2028 and its like stand unescaped inside JSON strings that Node wrote.
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise BadJob(f"Cannot read the training set {path}: {error}") from error
    for number, line in enumerate(lines, start=1):
        if line.strip():
            yield parse_json(TrainingExample, line, f"{path.name}:{number}")


def read_training_set(path: Path, loss: str = "supervised") -> list[TrainingExample]:
    """All examples with a weight above 0 (the others would train nothing), in the order of the file.

    Raises BadJob for a line that is not an example or was selected for another loss, for two lines with one key (the order
    of training depends on the key), and for an empty set: an agent without examples must not be trained.
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
