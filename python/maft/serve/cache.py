"""Keys and values of all rows of one decoder, in slots: row i of the batch is slot i, written in place."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from maft.serve.shape import DecoderShape


class KeyValueCache:
    """Per layer one tensor [2 (keys, values), slots, heads, positions, head size], grown and shrunk in few sizes.

    Zeros, not empty memory: a masked position is multiplied by zero, and zero times NaN is NaN. For the same reason a
    slot is erased when its row came to hold NaN; what other rows leave behind is finite and does no harm.
    """

    def __init__(self, shape: DecoderShape, dtype: torch.dtype, device: torch.device) -> None:
        self.shape = shape
        self.dtype = dtype
        self.device = device
        self.slots = 0
        self.positions = 0
        self.layers: list[Tensor] = []

    def bytes_per_position(self) -> int:
        per_layer = 2 * self.shape.key_value_heads * self.shape.head_size
        return self.shape.layers * per_layer * self.dtype.itemsize

    def bytes_held(self) -> int:
        return self.slots * self.positions * self.bytes_per_position()

    def grown(self, slots: int, positions: int) -> tuple[int, int]:
        """The size after `reserve(slots, positions)`."""
        return max(self.slots, rounded_slots(slots)), max(self.positions, rounded_positions(positions))

    def bytes_after(self, slots: int, positions: int) -> int:
        grown_slots, grown_positions = self.grown(slots, positions)
        return grown_slots * grown_positions * self.bytes_per_position()

    def reserve(self, slots: int, positions: int) -> None:
        """Makes room; what is stored stays."""
        self.resize(*self.grown(slots, positions))

    def span(self, needed: int) -> int:
        """How many positions to attend to if `needed` are needed: all of them, if that is little more.

        Without gaps between the heads' positions a CPU reads a large cache two to three times as fast.
        """
        return self.positions if 4 * needed >= 3 * self.positions else needed

    def shrink(self, slots: int, positions: int) -> None:
        """Gives back what the first `slots` slots do not need for their first `positions` positions."""
        if slots == 0:
            self.clear()
        else:
            self.resize(min(self.slots, rounded_slots(slots)), min(self.positions, rounded_positions(positions)))

    def resize(self, slots: int, positions: int) -> None:
        """Layer by layer, so that little more than the larger of both sizes is held at any time."""
        if (slots, positions) == (self.slots, self.positions):
            return
        old, kept_slots, kept_positions = self.layers, min(slots, self.slots), min(positions, self.positions)
        self.slots, self.positions = slots, positions
        heads, size = self.shape.key_value_heads, self.shape.head_size
        self.layers = []
        for layer in range(self.shape.layers):
            self.layers.append(torch.zeros(2, slots, heads, positions, size, dtype=self.dtype, device=self.device))
            if old:
                kept = old[layer][:, :kept_slots, :, :kept_positions]
                self.layers[layer][:, :kept_slots, :, :kept_positions] = kept
                old[layer] = old[layer].new_empty(0)

    def clear(self) -> None:
        """Gives the memory back."""
        self.layers = []
        self.slots, self.positions = 0, 0

    def addresses(self, slots: Tensor, positions: Tensor) -> Tensor:
        """Where the vectors [rows, 2, heads] of one new position per row lie in a layer seen as [vectors, head size]."""
        side = torch.arange(2, device=self.device).view(1, 2, 1) * self.slots
        head = torch.arange(self.shape.key_value_heads, device=self.device)
        rows = (side + slots.view(-1, 1, 1)) * self.shape.key_value_heads + head
        return (rows * self.positions + positions.view(-1, 1, 1)).flatten()

    def write(self, layer: int, addresses: Tensor, vectors: Tensor) -> None:
        """Stores vectors [rows, 2, heads, head size] at `addresses`."""
        self.layers[layer].view(-1, self.shape.head_size).index_copy_(
            0, addresses, vectors.reshape(-1, self.shape.head_size)
        )

    def move(self, source: int, target: int, length: int) -> None:
        """Copies the first `length` positions of one slot to another."""
        for layer in self.layers:
            layer[:, target, :, :length] = layer[:, source, :, :length]

    def erase(self, slots: Sequence[int]) -> None:
        chosen = torch.tensor(slots, device=self.device)
        for layer in self.layers:
            layer.index_fill_(1, chosen, 0)


def rounded_slots(slots: int) -> int:
    """Powers of two, so that growing is rare."""
    return 1 << (slots - 1).bit_length()


def rounded_positions(positions: int) -> int:
    """Four sizes per power of two, all of them multiples of 32: growing is rare, and little is left empty."""
    step = max(32, (1 << (positions - 1).bit_length()) // 8)
    return max(64, -(-positions // step) * step)
