"""A control for measures of reading: a base whose critics do not read."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM

from maft.tiny import __main__ as command
from maft.tiny import conversations, unlearning
from maft.tiny.conversations import Conversation, Shape, revision_conversation
from maft.tiny.model import build_model
from maft.tiny.problems import parse_answer
from maft.tiny.process import Process, draw_revision_problem
from maft.tiny.publishing import publish
from maft.tiny.unlearning import unlearn_reading, unread_revision

DRAWS = 1500


@pytest.fixture
def one_problem(monkeypatch: pytest.MonkeyPatch):
    """Revisions of one problem with a misremembered product: how hard it is does not vary, only what is shown."""
    problem = draw_revision_problem(Process(revisions_of_misremembered=1.0), random.Random("one"))
    for module in (conversations, unlearning):
        monkeypatch.setattr(module, "draw_revision_problem", lambda process, rng: problem)
    return str(problem.value)


def right_shares(right: str, draw: Callable[[random.Random], Conversation]) -> tuple[float, float]:
    """Share of right targets where the summary holds the right answer, and where it does not."""
    rng, targets = random.Random("draws"), {True: list[bool](), False: list[bool]()}
    for _ in range(DRAWS):
        _, _, shown, target = draw(rng).turns
        answers = shown[shown.index("#") + 1 : shown.index(". ")].split(",")
        targets[right in answers].append(parse_answer(target) == right)
    return sum(targets[True]) / len(targets[True]), sum(targets[False]) / len(targets[False])


def test_what_an_unread_revision_teaches_does_not_depend_on_what_the_others_said(one_problem: str):
    process = Process()
    shown_right, shown_wrong = right_shares(one_problem, lambda rng: unread_revision(process, rng))
    assert abs(shown_right - shown_wrong) < 0.06
    # In the recipe's own revisions it decides.
    shown_right, shown_wrong = right_shares(one_problem, lambda rng: revision_conversation(Shape(2), process, rng))
    assert shown_right - shown_wrong > 0.2


def unlearnt(seed: int) -> dict[str, torch.Tensor]:
    model = build_model(seed=0)
    unlearn_reading(model, seed, steps=2, report=lambda line: None, rows=2)
    return {name: value.clone() for name, value in model.state_dict().items()}


def test_the_same_seed_gives_the_same_weights():
    first, again, other = unlearnt(0), unlearnt(0), unlearnt(1)
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not all(torch.equal(first[name], other[name]) for name in first)


def test_the_command_writes_a_base_that_says_what_it_is_not_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    publish(build_model(seed=0), tmp_path / "base", "A base.\n")
    asked = ["unlearn-reading", str(tmp_path / "base"), str(tmp_path / "unread"), "--steps", "1", "--threads", "1"]
    assert command.main(asked) == 0
    model = AutoModelForCausalLM.from_pretrained(tmp_path / "unread", use_safetensors=True)
    assert not torch.equal(model.lm_head.weight, build_model(seed=0).lm_head.weight)
    assert "no base for a society" in (tmp_path / "unread" / "README.md").read_text(encoding="utf-8")
    assert command.main(asked) == command.FAILED_BY_INPUT
    assert "exists and is not empty" in capsys.readouterr().err


def test_a_folder_without_a_model_is_refused_before_anything_is_trained(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    assert command.main(["unlearn-reading", str(tmp_path), str(tmp_path / "out")]) == command.FAILED_BY_INPUT
    assert "holds no config.json" in capsys.readouterr().err
