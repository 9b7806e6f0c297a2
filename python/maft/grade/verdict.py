"""A pair of answers and its verdict: the lines that go in and out."""

from __future__ import annotations

import json
from dataclasses import dataclass


@dataclass(frozen=True)
class Pair:
    # Chosen by the caller; the verdict repeats it.
    id: int
    a: str
    b: str


@dataclass(frozen=True)
class Verdict:
    equal: bool
    # Why a pair could not be compared, such as `time limit`.
    reason: str | None = None


def pair_of(line: bytes) -> Pair:
    """Raises `ValueError` for anything but `{"id": 1, "a": "…", "b": "…"}`."""
    given = json.loads(line)
    match given:
        case {"id": int(identifier), "a": str(a), "b": str(b)}:
            return Pair(identifier, a, b)
    raise ValueError('a line must be {"id": <integer>, "a": <string>, "b": <string>}')


def line_of(pair: Pair, verdict: Verdict) -> str:
    reason = {} if verdict.reason is None else {"reason": verdict.reason}
    return json.dumps({"id": pair.id, "equal": verdict.equal, **reason})
