"""The loss in parts: the same numbers, and never the logits of a whole batch in memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from model_families import FAMILIES, VOCABULARY, random_model
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from maft.train import loss
from maft.train.encoding import EncodedExample
from maft.train.job import Lora
from maft.train.models import new_adapter

ROWS = [
    EncodedExample("a", tuple(range(3, 20)), 9, 1.0),
    EncodedExample("b", tuple(range(30, 37)), 4, 1.0),
    EncodedExample("c", tuple(range(40, 55)), 6, 1.0),
]
CPU = torch.device("cpu")


def gradients(model: Any) -> dict[str, torch.Tensor]:
    model.zero_grad()
    losses = loss.example_losses(model, ROWS, CPU)
    losses.mean().backward()
    found = {name: each.grad.clone() for name, each in model.named_parameters() if each.grad is not None}
    return {"losses": losses.detach(), **found}


@pytest.mark.parametrize(
    "adapt",
    [lambda model: model, lambda model: new_adapter(model, Lora(rank=4, alpha=8.0, dropout=0.0), 0)],
    ids=["full", "lora"],
)
@pytest.mark.parametrize("family", FAMILIES)
def test_losses_and_gradients_in_parts_are_those_at_once(
    family: str, adapt: Callable[[Any], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    model = adapt(random_model(family).train())
    at_once = gradients(model)
    # Five tokens at a time: no part ends where a row does.
    monkeypatch.setattr(loss, "LOGITS_AT_ONCE", 5 * VOCABULARY)
    in_parts = gradients(model)
    assert in_parts.keys() == at_once.keys()
    for name, expected in at_once.items():
        torch.testing.assert_close(in_parts[name], expected, atol=1e-5, rtol=1e-4, msg=name)


def test_recomputed_activations_and_a_loss_in_parts_go_together(monkeypatch: pytest.MonkeyPatch) -> None:
    model = random_model("qwen2").train()
    at_once = gradients(model)
    model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
    monkeypatch.setattr(loss, "LOGITS_AT_ONCE", 5 * VOCABULARY)
    in_parts = gradients(model)
    for name, expected in at_once.items():
        torch.testing.assert_close(in_parts[name], expected, atol=1e-5, rtol=1e-4, msg=name)


class LargestTensor(TorchDispatchMode):
    """The most elements of any tensor made under it."""

    elements = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        made = [each.numel() for each in tree_leaves(result) if isinstance(each, torch.Tensor)]
        self.elements = max([self.elements, *made])
        return result


def test_no_tensor_holds_the_logits_of_an_answer_of_700_tokens_with_a_vocabulary_of_150000() -> None:
    vocabulary, tokens, answer = 150_000, 2_048, 700
    model = random_model("llama", vocab_size=vocabulary, max_position_embeddings=tokens, num_hidden_layers=1).train()
    row = EncodedExample("a", tuple(index % vocabulary for index in range(tokens)), tokens - answer, 1.0)
    with LargestTensor() as largest:
        loss.example_losses(model, [row], CPU).sum().backward()
    assert largest.elements <= loss.LOGITS_AT_ONCE < vocabulary * answer
