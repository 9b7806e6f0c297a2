"""How many tokens one forward pass may read.

A GPU that runs out of memory says so, and the pass is halved. A processor's system ends the process instead, perhaps another
one, so there it is counted beforehand, from the model alone: what is free would differ from one start to the next, and with it
how sums are rounded.
"""

from __future__ import annotations

from typing import Any

import torch

from maft.train.loss import last_hidden_states

# Padded tokens in one forward pass; a larger batch is accumulated over several.
TOKENS_PER_FORWARD = 16_384
# What a forward pass on a processor may keep for the backward pass, bytes; src/domain/model-memory.ts counts with this number.
KEPT_ON_PROCESSOR = 2 * 2**30
# Long enough that what does not grow with the tokens is little beside what does.
TRIED_TOKENS = 32


def tokens_per_forward(model: Any, device: torch.device) -> int:
    """At least 1: a single example is read in one pass, however long it is."""
    if device.type == "cuda":
        return TOKENS_PER_FORWARD
    return max(1, min(TOKENS_PER_FORWARD, KEPT_ON_PROCESSOR // kept_bytes_per_token(model, device)))


def kept_bytes_per_token(model: Any, device: torch.device) -> int:
    """Bytes of activations that autograd keeps of a short text, per token."""
    known = {each.untyped_storage()._cdata for each in (*model.parameters(), *model.buffers())}
    kept: dict[int, int] = {}

    def note(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if storage._cdata not in known:
            kept[storage._cdata] = storage.nbytes()
        return tensor

    tokens = torch.zeros(1, TRIED_TOKENS, dtype=torch.long, device=device)
    inputs = {"input_ids": tokens, "attention_mask": torch.ones_like(tokens), "use_cache": False}
    with torch.random.fork_rng(devices=[]), torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        states = last_hidden_states(model, inputs)
    # The states hold the graph, and so every storage that was counted, until here.
    return max(1, sum(kept.values()) // states.shape[1])
