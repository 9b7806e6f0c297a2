"""
Whether two answers are the same expression: asks Math-Verify in both directions (its `verify` is not symmetric), about
the parts that it reads whole. A wrong "equal" makes a wrong consensus, so parts it does not read are compared as text, and
numbers it rounds are compared exactly.
"""

from __future__ import annotations

import logging
import re
from functools import lru_cache
from typing import Any

import sympy
from math_verify import ExprExtractionConfig, LatexExtractionConfig, parse, verify

from maft.grade.verdict import Verdict
from maft.grade.words import differ, is_text, parts_of, spelling

_UNESCAPED_DOLLAR = re.compile(r"(?<!\\)\$")
# In ASCII digits, and written in one way only: equal if the texts are.
_WHOLE_NUMBER = re.compile(r"0|-?[1-9][0-9]{0,17}")


class Checker:
    """
    Compares answers; keeps the last expressions parsed, because a reference meets many answers. It may hang or use up all
    memory (a power tower is enough), so callers run it in a process that can be killed.
    """

    def __init__(self) -> None:
        # It warns that its own time limit (an alarm, for main threads only) is off, which is why there are processes.
        logging.getLogger("math_verify").setLevel(logging.ERROR)
        self._expressions = lru_cache(maxsize=4096)(_expressions)

    def check(self, a: str, b: str) -> Verdict:
        if _WHOLE_NUMBER.fullmatch(a) and _WHOLE_NUMBER.fullmatch(b):
            # Most answers to MATH are plain integers, and Math-Verify takes milliseconds to reach the same verdict.
            return Verdict(equal=a == b)
        if a.strip() and spelling(a) == spelling(b):
            return Verdict(equal=True)
        if is_text(a) or is_text(b):
            return Verdict(equal=False, reason="compared as text")
        sides = {"a": parts_of(a), "b": parts_of(b)}
        if differ(sides["a"], sides["b"]):
            return Verdict(equal=False, reason="other words")
        return self._pieces(sides["a"].pieces, sides["b"].pieces)

    def _pieces(self, a: tuple[str, ...], b: tuple[str, ...]) -> Verdict:
        for one, other in zip(a, b, strict=True):
            if one == other and len(a) > 1:
                continue
            expressions = {"a": self._expressions(one), "b": self._expressions(other)}
            for name, found in expressions.items():
                if not found:
                    return Verdict(equal=False, reason=f"no expression in {name}")
            if not same(expressions["a"], expressions["b"]):
                return Verdict(equal=False)
        return Verdict(equal=True)


def same(a: list[Any], b: list[Any]) -> bool:
    agrees = all if _is_order_beside_set(a[0], b[0]) else any
    if not agrees(_verified(*pair) for pair in ((a, b), (b, a))):
        return False
    return _is_same_value(a[0], b[0]) and not _is_equation_and_its_side(a[0], b[0])


def _is_order_beside_set(a: Any, b: Any) -> bool:
    """`(3, 1)` beside a set: one direction compares in order and the other does not, so both have to agree."""
    return any(
        isinstance(one, sympy.FiniteSet) and isinstance(other, sympy.Tuple | sympy.Interval)
        for one, other in ((a, b), (b, a))
    )


#: Math-Verify rounds to six decimals; exact values have to agree in as many digits as this.
_EXACT_DIGITS = 40
_ROUNDED_SHARE = 1e-5


def _is_same_value(a: Any, b: Any) -> bool:
    """Of two numbers: decimals may be rounded, in relation to their size; exact values must be the same."""
    if not all(isinstance(each, sympy.Expr) and each.is_number for each in (a, b)):
        return True
    a, b = a.doit(), b.doit()
    if a == b:
        return True
    is_rounded = a.has(sympy.Float) or b.has(sympy.Float)
    share = _ROUNDED_SHARE if is_rounded else 10 ** -(_EXACT_DIGITS - 10)
    size = max(abs(sympy.N(a, _EXACT_DIGITS)), abs(sympy.N(b, _EXACT_DIGITS)))
    return bool(abs(sympy.N(a - b, _EXACT_DIGITS)) <= share * size)


def _is_equation_and_its_side(a: Any, b: Any) -> bool:
    """`x = 5` and `5` are the same answer, `7 = 11a + c` and `11a + c` are not."""
    for equation, other in ((a, b), (b, a)):
        if isinstance(equation, sympy.Eq) and isinstance(other, sympy.Expr):
            return not any(_is_quantity(side) for side in equation.args)
    return False


def _is_quantity(side: Any) -> bool:
    """Whether this is a named quantity (`x`, `AB`, `|AB|`, `V_1 : V_2`), not a condition (`11a + c`)."""
    return bool(side.free_symbols or side.atoms(sympy.core.function.AppliedUndef)) and not side.has(sympy.Add)


_PLAIN = re.compile(r"[-+]?[\d\s.,/*+()%^-]+")


def _expressions(answer: str) -> list[Any]:
    """
    A bare expression goes in between dollar signs; a text that marks its mathematics goes in unchanged. If Math-Verify
    cannot read an expression as LaTeX, it takes the first number it finds, which counts only if nothing else is there.
    """
    text = answer.replace("\\$", "").strip()
    if not text:
        return []
    is_marked = _UNESCAPED_DOLLAR.search(text) or "\\boxed" in text
    configs = [LatexExtractionConfig(), *([ExprExtractionConfig()] if _PLAIN.fullmatch(text) else [])]
    without_limit: Any = None  # declared as int; the pool around keeps the time
    return parse(text if is_marked else f"${text}$", configs, parsing_timeout=without_limit)


def _verified(gold: list[Any], target: list[Any]) -> bool:
    return verify(gold, target, timeout_seconds=None)
