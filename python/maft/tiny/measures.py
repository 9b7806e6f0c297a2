"""Means over problems in percentage points, with their standard errors."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Measure:
    """A mean over `problems` problems in percentage points; None if nothing could be measured."""

    points: float | None
    standard_error: float | None
    problems: int

    @property
    def in_words(self) -> str:
        if self.points is None or self.standard_error is None:
            return "not measured"
        return f"{self.points:.1f} ± {self.standard_error:.1f}"

    def as_json(self) -> dict[str, float | int | None]:
        return {"points": self.points, "standardError": self.standard_error, "problems": self.problems}


def mean(values: Sequence[float]) -> Measure:
    """The mean of one value per problem (0..1, or -1..1 for a difference) and its standard error."""
    count = len(values)
    if count == 0:
        return Measure(None, None, 0)
    middle = sum(values) / count
    variance = sum((value - middle) ** 2 for value in values) / max(1, count - 1)
    return Measure(round(100 * middle, 2), round(100 * math.sqrt(variance / count), 2), count)


def difference(left: Sequence[float], right: Sequence[float]) -> Measure:
    """The mean of left minus right, paired by problem."""
    return mean([a - b for a, b in zip(left, right, strict=True)])
