"""Any other causal model, through its Transformers forward: slower, and one batch per version.

Rows that are admitted together form a group with one cache, padded on the left; a finished row leaves its group, new
rows form a new group once they are enough, and the groups of a version take turns within a step.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from maft.language_head import head_logits
from maft.serve.backends import Backend, planned_length
from maft.serve.rows import Row


class Group:
    """Rows that were admitted together, and their cache."""

    def __init__(self, model: Any, rows: Sequence[Row]) -> None:
        self.model = model
        self.rows = list(rows)
        device = model.device
        prompts = [row.generation.prompt for row in rows]
        width = max(len(prompt) for prompt in prompts)
        padding = [width - len(prompt) for prompt in prompts]
        tokens = [[0] * pad + prompt for pad, prompt in zip(padding, prompts, strict=True)]
        self.mask = torch.tensor([[0] * pad + [1] * (width - pad) for pad in padding], device=device)
        positions = (self.mask.cumsum(-1) - 1).clamp(min=0)
        self.cache: Any = None
        self.first = self.run(torch.tensor(tokens, device=device), positions)

    def run(self, tokens: Tensor, positions: Tensor) -> Tensor:
        output = self.model(
            input_ids=tokens,
            attention_mask=self.mask,
            position_ids=positions,
            past_key_values=self.cache,
            use_cache=True,
            logits_to_keep=1,
        )
        self.cache = output.past_key_values
        logits: Tensor = output.logits[:, -1]
        return logits

    def step(self) -> Tensor:
        tokens = torch.tensor([[row.tokens[-1]] for row in self.rows], device=self.mask.device)
        self.mask = torch.cat((self.mask, self.mask.new_ones(len(self.rows), 1)), dim=1)
        return self.run(tokens, self.mask.sum(-1, keepdim=True) - 1)

    def keep(self, indices: list[int]) -> None:
        chosen = torch.tensor(indices, device=self.mask.device)
        self.rows = [self.rows[index] for index in indices]
        self.mask = self.mask[chosen]
        # Not batch_select_indices: the layers of hybrid models (Qwen3.5, LFM2) have no such method.
        self.cache.reorder_cache(chosen)


class GenericBackend:
    """The groups of one version."""

    def __init__(self, model: Any, memory_bytes: int) -> None:
        self.model = model
        self.memory_bytes = memory_bytes
        self.bytes_per_position = bytes_per_position(model)
        self.groups: list[Group] = []

    @property
    def rows(self) -> list[Row]:
        return [row for group in self.groups for row in group.rows]

    def bytes_with(self, joining: Sequence[Row]) -> int:
        planned = [planned_length(each) for each in [*self.rows, *joining]]
        return len(planned) * max(planned, default=0) * self.bytes_per_position

    def welcomes(self, waiting: int) -> bool:
        """Rows that join are a group of their own from then on, with a forward pass of its own in every step: so they join
        when they are at least half as many as those that run. One by one, each would compute alone."""
        return 2 * waiting >= len(self.rows)

    def compact(self) -> None:
        """Nothing to do: a row that ends takes its keys and values with it."""

    def admit(self, rows: Sequence[Row]) -> Tensor:
        self.groups.append(Group(self.model, rows))
        return self.groups[-1].first

    def step(self) -> Tensor:
        return torch.cat([group.step() for group in self.groups])

    def remove(self, finished: Sequence[int]) -> None:
        gone = set(finished)
        start = 0
        for group in self.groups:
            size = len(group.rows)
            kept = [index for index in range(size) if start + index not in gone]
            if kept and len(kept) < size:
                group.keep(kept)
            elif not kept:
                group.rows = []
            start += size
        self.groups = [group for group in self.groups if group.rows]

    def erase(self, broken: Sequence[int]) -> None:
        """Nothing to do, likewise."""

    def reset(self) -> None:
        self.groups = []


class GenericNetwork:
    """One version of a model that the fast path does not know."""

    def __init__(self, model: Any, memory_bytes: int) -> None:
        self.model = model
        self.backend: Backend = GenericBackend(model, memory_bytes)
        self.vocabulary = int(model.config.get_text_config().vocab_size)
        self.max_positions = int(getattr(model.config.get_text_config(), "max_position_embeddings", None) or 2**20)

    def hidden(self, tokens: Sequence[int]) -> Tensor:
        inputs = torch.tensor([list(tokens)], device=self.model.device)
        output = self.model(input_ids=inputs, output_hidden_states=True, use_cache=False, logits_to_keep=1)
        states: Tensor = output.hidden_states[-1][0]
        return states

    def hidden_batch(self, texts: Sequence[Sequence[int]]) -> list[Tensor]:
        # One by one: padding means different things to different architectures, and all layers' states are held.
        return [self.hidden(text) for text in texts]

    def logits(self, hidden: Tensor) -> Tensor:
        return head_logits(self.model, hidden)


def bytes_per_position(model: Any) -> int:
    """Keys and values of one token of one row, in all layers."""
    text: Any = model.config.get_text_config()
    heads = text.num_attention_heads
    key_value_heads: int = getattr(text, "num_key_value_heads", None) or heads
    head_size: int = getattr(text, "head_dim", None) or text.hidden_size // heads
    return 2 * int(text.num_hidden_layers) * key_value_heads * head_size * int(model.dtype.itemsize)
