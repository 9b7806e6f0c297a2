"""The step from last hidden states to logits, as the model's own forward takes it.

Some architectures scale or cap what the output embedding gives (Granite, Gemma 2, Cohere), so that multiplying by its weights
is not enough.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from transformers.modeling_outputs import BaseModelOutputWithPast


class GivenStates(BaseModelOutputWithPast):
    """Last hidden states as if the layers had computed them; all other layer outputs are None."""

    def __getattr__(self, name: str) -> None:
        if name.startswith("__"):
            raise AttributeError(name)


def causal_model(model: Any) -> Any:
    """The model of Transformers itself, which an adapter may stand around."""
    return model.get_base_model() if hasattr(model, "get_base_model") else model


def layers_below_head(model: Any) -> Any:
    """Everything of a causal model but its head; an adapter's layers are among them."""
    plain = causal_model(model)
    # Llama 4 names as its base model what it does not have.
    return plain.base_model if plain.base_model is not plain else plain.model


@contextmanager
def layers_give(model: Any, hidden: Tensor) -> Generator[None]:
    """The layers below the model's head are left out: the head reads `hidden` [1, tokens, hidden]."""
    layers = layers_below_head(model)
    states: Any = hidden

    def given(*_: Any, **__: Any) -> GivenStates:
        return GivenStates(last_hidden_state=states)

    layers.forward = given
    try:
        yield
    finally:
        del layers.forward  # the earlier value is the class's own


def head_logits(model: Any, hidden: Tensor) -> Tensor:
    """Logits [tokens, vocabulary] of last hidden states [tokens, hidden]."""
    with layers_give(model, hidden.unsqueeze(0)):
        tokens = torch.zeros(1, len(hidden), dtype=torch.long, device=hidden.device)
        logits: Tensor = model(input_ids=tokens, use_cache=False).logits[0]
    return logits
