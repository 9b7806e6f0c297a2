"""The loss of completions, without a tensor of logits for all their tokens at once."""

from __future__ import annotations

import inspect
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

from maft.language_head import causal_model, head_logits, layers_below_head
from maft.train.encoding import EncodedExample

IGNORED = -100
# Logits held at the same time, 256 MiB in fp32. With a vocabulary of 150,000 they are those of 441 tokens. More are computed in
# parts, and again in the backward pass; src/domain/model-memory.ts counts with this number.
LOGITS_AT_ONCE = 2**26


def pad_right(rows: list[list[int]], filler: int) -> Tensor:
    width = max(map(len, rows))
    return torch.tensor([row + [filler] * (width - len(row)) for row in rows])


def example_losses(model: Any, rows: list[EncodedExample], device: torch.device) -> Tensor:
    """Mean loss per completion token of each example, [rows], in fp32."""
    sums, counts = summed_losses(model, rows, device)
    return sums / counts


def summed_losses(model: Any, rows: list[EncodedExample], device: torch.device) -> tuple[Tensor, Tensor]:
    """Sum over the completion tokens of each example, and how many these are, [rows] each."""
    # Padding tokens are masked and never a label, so any id does; 0 exists in every vocabulary.
    tokens = pad_right([list(row.tokens) for row in rows], 0).to(device)
    mask = pad_right([[1] * len(row.tokens) for row in rows], 0).to(device)
    learnt = [[IGNORED] * row.completion_start + list(row.tokens[row.completion_start :]) for row in rows]
    # The first position that predicts a learnt token.
    first = min(row.completion_start for row in rows) - 1
    targets = pad_right(learnt, IGNORED).to(device)[:, first + 1 :]
    inputs = {"input_ids": tokens, "attention_mask": mask, "use_cache": False}
    if targets.numel() * vocabulary_of(model) <= LOGITS_AT_ONCE:
        losses = losses_at_once(model, inputs, targets)
    else:
        losses = losses_in_parts(model, inputs, targets)
    return losses.sum(dim=1), (targets != IGNORED).sum(dim=1)


def vocabulary_of(model: Any) -> int:
    return int(model.get_output_embeddings().weight.shape[0])


def losses_at_once(model: Any, inputs: dict[str, Any], targets: Tensor) -> Tensor:
    """Of the last `targets.shape[1]` tokens, [rows, targets]; 0 where nothing is learnt."""
    # Logits of the prompts are thrown away.
    options = {"logits_to_keep": targets.shape[1] + 1} if keeps_some_logits(model) else {}
    logits = model(**inputs, **options).logits
    predicted = logits[:, -targets.shape[1] - 1 : -1].float()
    return token_losses(predicted.reshape(-1, predicted.shape[-1]), targets.reshape(-1)).view(targets.shape)


def losses_in_parts(model: Any, inputs: dict[str, Any], targets: Tensor) -> Tensor:
    """The same, from the logits of the learnt tokens only, some at a time."""
    predicting = last_hidden_states(model, inputs)[:, -targets.shape[1] - 1 : -1]
    is_learnt = targets != IGNORED
    hidden, learnt = predicting[is_learnt], targets[is_learnt]
    tokens = max(1, LOGITS_AT_ONCE // vocabulary_of(model))

    def part_losses(states: Tensor, wanted: Tensor) -> Tensor:
        return token_losses(head_logits(model, states).float(), wanted)

    parts = [
        # Without this the backward pass would need all logits after all. The head draws nothing at random.
        checkpoint(part_losses, states, wanted, use_reentrant=False, preserve_rng_state=False)
        for states, wanted in zip(hidden.split(tokens), learnt.split(tokens), strict=True)
    ]
    losses = torch.zeros(targets.shape, device=targets.device)
    return losses.masked_scatter(is_learnt, torch.cat(parts))


def token_losses(logits: Tensor, targets: Tensor) -> Tensor:
    return functional.cross_entropy(logits, targets, ignore_index=IGNORED, reduction="none")


def last_hidden_states(model: Any, inputs: dict[str, Any]) -> Tensor:
    """What the head reads, [rows, tokens, hidden]; the head itself computes one token per row."""
    found: list[Tensor] = []

    def keep(_module: Any, _inputs: Any, output: Any) -> None:
        found.append(output.last_hidden_state)

    # By the model's own forward: what it gives its layers (masks, types of tokens) is the architecture's matter.
    hook = layers_below_head(model).register_forward_hook(keep)
    try:
        model(**inputs, **({"logits_to_keep": 1} if keeps_some_logits(model) else {}))
    finally:
        hook.remove()
    return found[-1]


def keeps_some_logits(model: Any) -> bool:
    return "logits_to_keep" in inspect.signature(causal_model(model).forward).parameters
