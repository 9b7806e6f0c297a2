"""Choosing the next token: in float64, by inverse CDF, with uniforms that are a function of (seed, sample, position).

Nothing here depends on the other rows of the batch or on what was drawn before: there is no generator to share.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy
import torch
from torch import Tensor

#: Logits are rounded to this many decimals first. Two tokens whose logits are equal on paper then also tie in the
#: machine, whatever the last bits say, and the lower token id wins.
DECIMALS = 9

#: Below this a temperature means the likeliest token: dividing by it would leave the numbers a float can hold.
LOWEST_TEMPERATURE = 1e-5

#: Replaces the token of a row whose logits are not a distribution: one is NaN or infinite, or all are minus infinity.
NO_TOKEN = -1

GOLDEN = numpy.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True)
class Sampling:
    """How one row is drawn."""

    temperature: float
    top_p: float
    key: int
    """64 bits from `row_key`."""


def row_key(seed: int, sample: int) -> int:
    """64 bits for sample `sample` (0..n-1) of a request with this seed."""
    return int.from_bytes(hashlib.sha256(f"{seed}/{sample}".encode()).digest()[:8], "little")


def uniforms(keys: Sequence[int], positions: Sequence[int]) -> numpy.ndarray:
    """Numbers in [0, 1) with 53 bits each, one per row: splitmix64 of key and position."""
    state = numpy.array(keys, dtype=numpy.uint64)
    with numpy.errstate(over="ignore"):
        state += (numpy.array(positions, dtype=numpy.uint64) + numpy.uint64(1)) * GOLDEN
        state = (state ^ (state >> numpy.uint64(30))) * numpy.uint64(0xBF58476D1CE4E5B9)
        state = (state ^ (state >> numpy.uint64(27))) * numpy.uint64(0x94D049BB133111EB)
    state ^= state >> numpy.uint64(31)
    numbers: numpy.ndarray = (state >> numpy.uint64(11)).astype(numpy.float64) * 2.0**-53
    return numbers


def keep_nucleus(probabilities: Tensor, top_p: Tensor) -> Tensor:
    """Zeroes what lies outside the smallest set of likeliest tokens whose share reaches top_p ([rows, 1])."""
    ordered, indices = probabilities.sort(dim=-1, descending=True, stable=True)
    before = ordered.cumsum(-1) - ordered
    return probabilities.scatter(-1, indices, ordered.masked_fill(before >= top_p, 0.0))


def invert(probabilities: Tensor, draws: Tensor) -> Tensor:
    """The token whose share of [0, 1) holds the draw; shares need not sum to one. [rows]"""
    cumulative = probabilities.cumsum(-1)
    total = cumulative[:, -1:].contiguous()
    tokens = torch.searchsorted(cumulative, draws.unsqueeze(1) * total, right=True)
    # A draw that rounding lifted onto the total belongs to the last token that has any share at all.
    last = torch.searchsorted(cumulative, total)
    # A search for NaN shares finds nothing; clamp it, because reading beyond the vocabulary ends a GPU's context.
    return torch.minimum(tokens, last).squeeze(1).clamp(max=probabilities.shape[-1] - 1)


def draw(logits: Tensor, rows: Sequence[Sampling], positions: Sequence[int]) -> Tensor:
    """The next token of each row, or NO_TOKEN, [rows], from rounded float64 logits [rows, vocabulary]."""
    # One maximum finds all that is wrong: NaN and infinity win it, and of minus infinities nothing else is left. Some
    # of them are no fault: a model masks parts of its vocabulary so.
    usable = logits.amax(-1).abs() < math.inf
    return choose(logits, rows, positions).where(usable, NO_TOKEN)


def choose(logits: Tensor, rows: Sequence[Sampling], positions: Sequence[int]) -> Tensor:
    """As `draw`, for logits that are a distribution; of others, some token of the vocabulary."""
    greedy = [row.temperature < LOWEST_TEMPERATURE for row in rows]
    if all(greedy):
        return logits.argmax(-1)
    device = logits.device
    divisors = [1.0 if likeliest else row.temperature for row, likeliest in zip(rows, greedy, strict=True)]
    temperatures = torch.tensor(divisors, dtype=logits.dtype, device=device)
    probabilities = (logits / temperatures.unsqueeze(1)).softmax(-1)
    if any(row.top_p < 1 for row in rows):
        # A sum that rounding lifts to 1 before the last token must not cut a row that keeps all of them.
        shares = [row.top_p if row.top_p < 1 else math.inf for row in rows]
        top_p = torch.tensor(shares, dtype=logits.dtype, device=device)
        probabilities = keep_nucleus(probabilities, top_p.unsqueeze(1))
    draws = torch.from_numpy(uniforms([row.key for row in rows], positions)).to(device, logits.dtype)
    tokens = invert(probabilities, draws)
    if not any(greedy):
        return tokens
    return torch.where(torch.tensor(greedy, device=device), logits.argmax(-1), tokens)


def for_drawing(logits: Tensor) -> Tensor:
    return logits.double().round(decimals=DECIMALS)
