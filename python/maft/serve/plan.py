"""Rows of several weight versions in one step: what differs per version is done per version, everything else once.

With some nine rows per version a small decoder spends its time in starting operations, not in arithmetic. So the rows
of all versions go through a layer together, sorted by version, and only the projections are split.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as functional
from torch import Tensor

from maft.serve.weights import DecoderWeights, Linear, LowRank


@dataclass(frozen=True)
class Part:
    """Consecutive rows that share one weight matrix, and the adapters on some of them (first row, last row, update)."""

    rows: int
    linear: Linear
    updates: list[tuple[int, int, LowRank]]


Grouped = list[Part]


def group(linears: list[Linear], counts: list[int]) -> Grouped:
    """Neighbours with the same matrix become one part: adapters of one base cost one multiplication with the base."""
    parts: Grouped = []
    for linear, count in zip(linears, counts, strict=True):
        if parts and parts[-1].linear.weight is linear.weight:
            start = parts[-1].rows
            parts[-1] = Part(start + count, linear, parts[-1].updates)
        else:
            start = 0
            parts.append(Part(count, linear, []))
        parts[-1].updates.extend((start, start + count, update) for update in linear.updates)
    return parts


def apply_part(inputs: Tensor, part: Part) -> Tensor:
    outputs = functional.linear(inputs, part.linear.weight, part.linear.bias)
    for first, last, update in part.updates:
        change = functional.linear(functional.linear(inputs[first:last], update.down), update.up)
        outputs[first:last, ..., update.start : update.end] += change
    return outputs


def apply(inputs: Tensor, grouped: Grouped) -> Tensor:
    """[rows, tokens, inputs] -> [rows, tokens, outputs]"""
    if len(grouped) == 1:
        return apply_part(inputs, grouped[0])
    pieces = inputs.split([part.rows for part in grouped])
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


def norms(vectors: list[Tensor], counts: Tensor) -> Tensor:
    """One norm vector for all rows, or one per row ([rows, 1, hidden]) where the versions differ."""
    if all(vector is vectors[0] for vector in vectors):
        return vectors[0]
    return torch.stack(vectors).repeat_interleave(counts, dim=0).unsqueeze(1)


def make_plan(versions: list[DecoderWeights], counts: list[int]) -> Plan:
    """Versions in the order of the rows, each with its number of rows."""
    device_counts = torch.tensor(counts, device=versions[0].norm.device)
    blocks = []
    for layer in range(len(versions[0].blocks)):
        own = [version.blocks[layer] for version in versions]
        blocks.append(
            BlockPlan(
                input_norm=norms([block.input_norm for block in own], device_counts),
                query_key_value=group([block.query_key_value for block in own], counts),
                output=group([block.output for block in own], counts),
                middle_norm=norms([block.middle_norm for block in own], device_counts),
                gate_up=group([block.gate_up for block in own], counts),
                down=group([block.down for block in own], counts),
            )
        )
    return Plan(
        embedding=group([Linear(version.embedding) for version in versions], counts),
        blocks=blocks,
        norm=norms([version.norm for version in versions], device_counts),
        head=group([version.head for version in versions], counts),
    )


def embed(tokens: Tensor, grouped: Grouped) -> Tensor:
    pieces = tokens.split([part.rows for part in grouped])
    embedded = [functional.embedding(piece, part.linear.weight) for piece, part in zip(pieces, grouped, strict=True)]
    return embedded[0] if len(embedded) == 1 else torch.cat(embedded)
