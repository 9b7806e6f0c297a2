"""Reading a JSON object strictly: every complaint names the field, what is allowed, and what was there."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

from maft.train.errors import BadJob

LARGEST_SAFE_INTEGER = 2**53 - 1


def shown(value: Any) -> str:
    """The value as it stands in the file, shortened."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 80 else f"{text[:77]}..."


class Fields:
    """The fields of one JSON object at `place` (such as `job` or `train.jsonl:7`). Every method raises BadJob."""

    def __init__(self, record: Any, place: str) -> None:
        if not isinstance(record, dict):
            raise BadJob(f"{place}: expected an object, got {shown(record)}")
        self.record: dict[str, Any] = record
        self.place = place

    def refuse_others(self, known: Sequence[str]) -> None:
        """Raises BadJob where the object has a field that is not in `known`."""
        for name in self.record:
            if name not in known:
                raise BadJob(f"{self.place}.{name}: unknown field; known are {', '.join(known)}")

    def value(self, name: str) -> Any:
        if name not in self.record:
            raise BadJob(f"{self.place}.{name}: missing")
        return self.record[name]

    def complain(self, name: str, expected: str) -> BadJob:
        return BadJob(f"{self.place}.{name}: expected {expected}, got {shown(self.record.get(name))}")

    def text(self, name: str) -> str:
        value = self.value(name)
        if not isinstance(value, str):
            raise self.complain(name, "a string")
        return value

    def filled_text(self, name: str) -> str:
        if not self.text(name):
            raise self.complain(name, "a string that is not empty")
        return self.text(name)

    def flag(self, name: str) -> bool:
        value = self.value(name)
        if not isinstance(value, bool):
            raise self.complain(name, "true or false")
        return value

    def choice(self, name: str, allowed: Sequence[str]) -> str:
        value = self.value(name)
        if value not in allowed:
            raise self.complain(name, f"one of {', '.join(allowed)}")
        return str(value)

    def integer(self, name: str, minimum: int) -> int:
        """Whole numbers as JSON writers spell them: `2` and `2.0` are one value."""
        value = self.number(name)
        if value != int(value) or not minimum <= value <= LARGEST_SAFE_INTEGER:
            raise self.complain(name, f"a whole number of at least {minimum}")
        return int(value)

    def number(self, name: str) -> float:
        value = self.value(name)
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise self.complain(name, "a number")
        return value

    def positive(self, name: str) -> float:
        if self.number(name) <= 0:
            raise self.complain(name, "a number above 0")
        return float(self.number(name))

    def share(self, name: str, *, below_one: bool = False) -> float:
        value = self.number(name)
        if not 0 <= value <= 1 or (below_one and value == 1):
            raise self.complain(name, "a number from 0 to below 1" if below_one else "a number from 0 to 1")
        return float(value)

    def not_negative(self, name: str) -> float:
        if self.number(name) < 0:
            raise self.complain(name, "a number of at least 0")
        return float(self.number(name))
