"""Whether two answers are the same expression: Math-Verify, asked in both directions (its `verify` is not symmetric)."""

from __future__ import annotations

import logging
import re
from functools import lru_cache
from typing import Any

from math_verify import parse, verify

from maft.grade.verdict import Verdict

_UNESCAPED_DOLLAR = re.compile(r"(?<!\\)\$")
# In ASCII digits, and written in one way only: equal where the texts are.
_WHOLE_NUMBER = re.compile(r"0|-?[1-9][0-9]{0,17}")


class Checker:
    """
    Compares answers; keeps the last expressions parsed, because a reference meets many answers. It may hang or eat all
    memory (a power tower is enough): whoever calls it runs it in a process that can be killed.
    """

    def __init__(self) -> None:
        # It warns that its own time limit (an alarm, for main threads only) is off, which is why there are processes.
        logging.getLogger("math_verify").setLevel(logging.ERROR)
        self._expressions = lru_cache(maxsize=4096)(_expressions)

    def check(self, a: str, b: str) -> Verdict:
        if _WHOLE_NUMBER.fullmatch(a) and _WHOLE_NUMBER.fullmatch(b):
            # Most answers to MATH are these, and Math-Verify takes milliseconds to come to the same verdict.
            return Verdict(equal=a == b)
        sides = {"a": self._expressions(a), "b": self._expressions(b)}
        for name, expressions in sides.items():
            if not expressions:
                return Verdict(equal=False, reason=f"no expression in {name}")
        return Verdict(equal=_verified(sides["a"], sides["b"]) or _verified(sides["b"], sides["a"]))


def _expressions(answer: str) -> list[Any]:
    """A bare expression goes in between dollar signs, a text that marks its mathematics itself as it is."""
    text = answer.replace("\\$", "").strip()
    if not text:
        return []
    is_marked = _UNESCAPED_DOLLAR.search(text) or "\\boxed" in text
    return parse(text if is_marked else f"${text}$", parsing_timeout=None)


def _verified(gold: list[Any], target: list[Any]) -> bool:
    return bool(verify(gold, target, timeout_seconds=None))
