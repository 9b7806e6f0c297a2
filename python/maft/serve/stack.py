"""Small versions of one shape as one model: their matrices stacked, so that one product serves the rows of all.

Seven versions of nine rows each spend most of a step on starting seven times as many products as one version needs.
"""

from __future__ import annotations

from weakref import WeakKeyDictionary

import torch
from torch import Tensor

from maft.serve.plan import BlockPlan, Plan, Stacked
from maft.serve.weights import DecoderWeights

#: Versions of at most `SMALL_PARAMETERS` are stacked, so all copies together take at most 256 MiB.
CAPACITY = 16


class Stack:
    """Copies of weights, each at a position that its version keeps. Versions that were unloaded make room by themselves."""

    def __init__(self) -> None:
        #: Least recently held first.
        self.positions: WeakKeyDictionary[DecoderWeights, int] = WeakKeyDictionary()
        #: In the order of `tensors_of`, each [CAPACITY, ...]. A system gives memory to the positions in use only.
        self.tensors: list[Tensor] = []

    def hold(self, versions: list[DecoderWeights]) -> list[int] | None:
        """The positions of these versions, copied to where they are missing; None if they cannot be stacked."""
        if len(versions) > CAPACITY or not all(is_plain(version) for version in versions):
            return None
        for version in versions:  # all of them first: a newcomer takes the place of one that does not run
            if version in self.positions:
                self.positions[version] = self.positions.pop(version)
        for version in versions:
            if version not in self.positions:
                self.copy(version)
        return [self.positions[version] for version in versions]

    def copy(self, version: DecoderWeights) -> None:
        own = tensors_of(version)
        if not self.tensors:
            self.tensors = [each.new_empty(CAPACITY, *each.shape) for each in own]
        taken = set(self.positions.values())
        position = next((place for place in range(CAPACITY) if place not in taken), None)
        if position is None:
            oldest = next(iter(self.positions))
            position = self.positions.pop(oldest)
        for stacked, each in zip(self.tensors, own, strict=True):
            stacked[position].copy_(each)
        self.positions[version] = position

    def plan(self, first: int, last: int) -> Plan:
        """For input [last - first, places]: the versions at positions `first` to `last - 1`."""
        embedding, norms, head, *matrices = (each[first:last] for each in self.tensors)
        norm = [each.unsqueeze(1) for each in norms.unbind(1)]
        blocks = [
            BlockPlan(norm[2 * layer], Stacked(own[0]), Stacked(own[1]), norm[2 * layer + 1], *map(Stacked, own[2:]))
            for layer, own in enumerate(zip(*[iter(matrices)] * 4, strict=True))
        ]
        return Plan(Stacked(embedding), blocks, norm[-1], Stacked(head))


def is_plain(version: DecoderWeights) -> bool:
    """Whether each projection is one matrix and nothing else."""
    linears = [each for block in version.blocks for each in block.projections()]
    return all(linear.bias is None and not linear.updates for linear in [version.head, *linears])


def tensors_of(version: DecoderWeights) -> list[Tensor]:
    """Embedding [vocabulary, hidden], norms [norms, hidden], then matrices [inputs, outputs]: the head, four per layer."""
    linears = [version.head, *(each for block in version.blocks for each in block.projections())]
    return [version.embedding, torch.stack(version.norms()), *(linear.weight.t() for linear in linears)]
