"""Where each running row stands in a step: sorted by version, or side by side in a stack of versions."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from maft.serve.plan import Plan, make_plan
from maft.serve.stack import Stack
from maft.serve.weights import DecoderWeights

#: A stack computes for versions and places without a row as well. Beyond these ratios that costs more than it saves.
MOST_VERSIONS_PER_RUNNING = 2
MOST_PLACES_PER_ROW = 4


@dataclass(frozen=True)
class Composition:
    """Which rows run, and where; rebuilt when a row comes or goes. A place is an entry of the step's input."""

    plan: Plan
    shape: tuple[int, int]
    """The step's input: [rows, 1], or [versions, places per version] of a stack."""
    order: Tensor | None
    """The slot at each place; None where places are slots. Places without a row repeat slot 0, and are left aside."""
    back: Tensor | None
    """The place of each slot."""


def sorted_by_version(versions: list[DecoderWeights], minimum: int, device: torch.device) -> Composition:
    """For rows in the order of their slots, each with its version."""
    order = sorted(range(len(versions)), key=lambda row: versions[row].order())
    plan = make_plan(*run_lengths([versions[row] for row in order]), minimum)
    if order == sorted(order):
        return Composition(plan, (len(order), 1), None, None)
    ordered = torch.tensor(order, device=device)
    return Composition(plan, (len(order), 1), ordered, ordered.argsort())


def side_by_side(versions: list[DecoderWeights], minimum: int, stack: Stack) -> Composition | None:
    """As `sorted_by_version`, but in a stack; None where that is impossible or does not pay."""
    slots: dict[DecoderWeights, list[int]] = {}
    for slot, version in enumerate(versions):
        slots.setdefault(version, []).append(slot)
    positions = stack.hold(list(slots)) if len(slots) > 1 else None
    if positions is None:
        return None
    first, height = min(positions), max(positions) - min(positions) + 1
    width = max(minimum, *map(len, slots.values()))
    if height > MOST_VERSIONS_PER_RUNNING * len(slots) or height * width > MOST_PLACES_PER_ROW * len(versions):
        return None
    order, back = [0] * (height * width), [0] * len(versions)
    for position, own in zip(positions, slots.values(), strict=True):
        for place, slot in enumerate(own, (position - first) * width):
            order[place], back[slot] = slot, place
    plan = stack.plan(first, first + height)
    return Composition(plan, (height, width), torch.tensor(order), torch.tensor(back))


def run_lengths(versions: list[DecoderWeights]) -> tuple[list[DecoderWeights], list[int]]:
    """Versions of sorted rows, each once, with its number of rows."""
    distinct: list[DecoderWeights] = []
    counts: list[int] = []
    for version in versions:
        if distinct and distinct[-1] is version:
            counts[-1] += 1
        else:
            distinct.append(version)
            counts.append(1)
    return distinct, counts
