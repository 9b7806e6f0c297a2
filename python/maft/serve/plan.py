"""Rows of several weight versions in one step: only work that differs by version is done per version.

With some nine rows per version a small decoder spends its time in starting operations, not in arithmetic. So the rows
of all versions go through a layer together, sorted by version, and only the projections are split. Where the versions
are small, not even these: see `stack.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from maft.serve.weights import DecoderWeights, Linear, LowRank


@dataclass(frozen=True)
class Part:
    """Consecutive rows that share one weight matrix, and the adapters on some of them (first row, last row, update)."""

    rows: int
    linear: Linear
    updates: list[tuple[int, int, LowRank]]
    minimum: int
    """Fewer tokens than this are padded with zeros: small products take other kernels, whose last bit differs."""


@dataclass(frozen=True)
class Stacked:
    """One matrix of several versions, [versions, inputs, outputs], for input [versions, places, inputs]."""

    weight: Tensor


Grouped = list[Part] | Stacked


def group(linears: list[Linear], counts: list[int], minimum: int) -> list[Part]:
    """Neighbours with the same matrix become one part: adapters of one base cost one multiplication with the base."""
    parts: list[Part] = []
    for linear, count in zip(linears, counts, strict=True):
        if parts and parts[-1].linear.weight is linear.weight:
            start = parts[-1].rows
            parts[-1] = Part(start + count, linear, parts[-1].updates, minimum)
        else:
            start = 0
            parts.append(Part(count, linear, [], minimum))
        parts[-1].updates.extend((start, start + count, update) for update in linear.updates)
    return parts


def apply_part(inputs: Tensor, part: Part) -> Tensor:
    rows = len(inputs)
    outputs = functional.linear(pad_rows(inputs, part.minimum), part.linear.weight, part.linear.bias)[:rows]
    for first, last, update in part.updates:
        reduced = functional.linear(pad_rows(inputs[first:last], part.minimum), update.down)
        change = functional.linear(reduced, update.up)[: last - first]
        outputs[first:last, :, update.start : update.end] += change
    return outputs


def pad_rows(inputs: Tensor, minimum: int) -> Tensor:
    """[rows, tokens, inputs] with zero rows added if there are fewer than `minimum` tokens in all."""
    missing = -(-minimum // inputs.shape[1]) - inputs.shape[0]
    return functional.pad(inputs, (0, 0, 0, 0, 0, missing)) if missing > 0 else inputs


def apply(inputs: Tensor, grouped: Grouped) -> Tensor:
    """[rows, tokens, inputs] -> [rows, tokens, outputs]; of a stack, [versions, places, ...]"""
    if isinstance(grouped, Stacked):
        return torch.bmm(inputs, grouped.weight)
    if len(grouped) == 1:
        return apply_part(inputs, grouped[0])
    pieces = torch.split(inputs, [part.rows for part in grouped])
    return torch.cat([apply_part(piece, part) for piece, part in zip(pieces, grouped, strict=True)])


@dataclass(frozen=True)
class BlockPlan:
    input_norm: Tensor
    query_key_value: Grouped
    output: Grouped
    middle_norm: Tensor
    gate_up: Grouped
    down: Grouped


@dataclass(frozen=True)
class Plan:
    """The versions of one step with their row counts; rows must come in this order."""

    embedding: Grouped
    blocks: list[BlockPlan]
    norm: Tensor
    head: Grouped


def norm_rows(versions: list[DecoderWeights], counts: list[int]) -> list[Tensor]:
    """All norm vectors in the order of their use: [hidden] for one version, [rows, 1, hidden] for several."""
    if len(versions) == 1:
        return versions[0].norms()
    stacked = torch.stack([torch.stack(version.norms()) for version in versions], dim=1)
    rows = torch.tensor(counts, device=stacked.device)
    return list(stacked.repeat_interleave(rows, dim=1).unsqueeze(2).unbind())


def make_plan(versions: list[DecoderWeights], counts: list[int], minimum: int = 1) -> Plan:
    """Versions in the order of the rows, each with its number of rows."""
    norms = norm_rows(versions, counts)
    blocks = []
    for layer in range(len(versions[0].blocks)):
        own = [version.blocks[layer] for version in versions]
        blocks.append(
            BlockPlan(
                input_norm=norms[2 * layer],
                query_key_value=group([block.query_key_value for block in own], counts, minimum),
                output=group([block.output for block in own], counts, minimum),
                middle_norm=norms[2 * layer + 1],
                gate_up=group([block.gate_up for block in own], counts, minimum),
                down=group([block.down for block in own], counts, minimum),
            )
        )
    return Plan(
        embedding=group([Linear(version.embedding) for version in versions], counts, minimum),
        blocks=blocks,
        norm=norms[-1],
        head=group([version.head for version in versions], counts, minimum),
    )


def embed(tokens: Tensor, grouped: Grouped) -> Tensor:
    if isinstance(grouped, Stacked):
        return grouped.weight[torch.arange(len(tokens)).unsqueeze(1), tokens]
    pieces = torch.split(tokens, [part.rows for part in grouped])
    embedded = [functional.embedding(piece, part.linear.weight) for piece, part in zip(pieces, grouped, strict=True)]
    return embedded[0] if len(embedded) == 1 else torch.cat(embedded)
