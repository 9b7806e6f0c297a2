"""On a processor, a forward pass reads as many tokens as its activations have room for."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from model_families import FAMILIES, random_model
from training_jobs import example, job_record, run_here, write_training_set

from maft.train import activations
from maft.train.activations import TOKENS_PER_FORWARD, kept_bytes_per_token, tokens_per_forward

pytest_plugins = ("training_fixtures",)
CPU = torch.device("cpu")


@pytest.mark.parametrize("family", FAMILIES)
def test_what_is_kept_is_counted_for_every_family_and_grows_with_its_layers(family: str) -> None:
    model = random_model(family).train()
    kept = kept_bytes_per_token(model, CPU)
    assert 2 * 32 * 4 < kept < 200_000
    assert tokens_per_forward(model, CPU) == TOKENS_PER_FORWARD
    if hasattr(model, "gradient_checkpointing_enable"):
        model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
        assert kept_bytes_per_token(model, CPU) < kept


def test_counting_leaves_the_random_numbers_of_a_training_alone() -> None:
    model = random_model("llama").train()
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    kept_bytes_per_token(model, CPU)
    assert torch.equal(torch.rand(3), expected)


def test_a_larger_model_reads_a_batch_in_parts_and_learns_the_same(
    tmp_path: Path, base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    training_set = write_training_set(tmp_path / "set.jsonl", [example(index) for index in range(8)])
    losses = []
    for name, room in (("roomy", 2**31), ("narrow", 2**20)):
        monkeypatch.setattr(activations, "KEPT_ON_PROCESSOR", room)
        code, events = run_here(tmp_path / name, job_record(base, training_set, tmp_path / name, batchSize=8, epochs=1))
        assert code == 0
        losses.append(events[-1]["lossCurve"][0]["loss"])
    assert losses[0] == pytest.approx(losses[1], abs=1e-5)
