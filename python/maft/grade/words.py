"""
The parts of an answer that are not mathematics: words, units, number bases, dots. Math-Verify silently drops them (it reads
`2\\text{ hours } 30\\text{ minutes}` as 2), so they are compared here, as text, and only the rest is handed on.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from latex2sympy2_extended.math_normalization import units_regex_pattern

_TEXT = re.compile(r"\\(?:text|textbf|textit|textrm|mbox|mathrm|mathbf|mathit)\s?\{([^{}]*)\}(\^\{?\d\}?)?")
_CONJUNCTION = re.compile(r"[\s,]*(?:and|or)\s*", re.IGNORECASE)
_UNIT = re.compile(rf"(?:(?:{units_regex_pattern}|square|cubic|per|dollars?|cents?)\b[\s/.^\d]*)+", re.IGNORECASE)
#: Times of day change the number before them, though Math-Verify lists them among the units.
_TIME = re.compile(r"[ap]\.?\s?m\.?", re.IGNORECASE)
_BASE = re.compile(r"(?<![\w\\}])[0-9A-Z]*\d[0-9A-Z]*_\{?\d+\}?")
_DOTS = re.compile(r"\\(?:cdots|ldots|dots|vdots|ddots)|…|\.\.\.")


@dataclass(frozen=True)
class Parts:
    # Mathematics between words, in order; with n words there are n + 1 pieces, some of them empty.
    pieces: tuple[str, ...]
    words: tuple[str, ...]
    # After everything else; may be missing on one side.
    unit: str | None


def spelling(answer: str) -> str:
    """Removes what never matters in an answer: spaces, the commands around words, braces around one sign, case of words."""
    plain = re.sub(r"\s+|\\[,;:! ]", "", _TEXT.sub(r"\1\2", answer))
    plain = re.sub(r"([_^])\{(\w)\}", r"\1\2", plain)
    return plain if _has_mathematics(plain) else plain.casefold()


def _has_mathematics(plain: str) -> bool:
    # A single letter is a variable.
    return len(plain) == 1 or bool(re.search(r"[0-9\\^_=<>+*/]", plain))


def is_text(answer: str) -> bool:
    """Whether an answer can be compared by its spelling only: dots and number bases mean nothing to Math-Verify."""
    return bool(_DOTS.search(answer) or _BASE.search(answer))


def parts_of(answer: str) -> Parts:
    pieces: list[str] = []
    words: list[str] = []
    rest = 0
    piece = ""
    for match in _TEXT.finditer(answer):
        piece += answer[rest : match.start()]
        rest = match.end()
        text, power = match.group(1).strip(), match.group(2) or ""
        if len(text) <= 1:
            # `2+\pi\text{i}`, `\mathrm{d}x`
            piece += f" {text}{power} "
        elif _CONJUNCTION.fullmatch(text):
            piece += ","
        else:
            pieces.append(piece)
            words.append(_folded(text) + power)
            piece = ""
    pieces.append(piece + answer[rest:])
    unit = None
    if words and not pieces[-1].strip(" .") and any(map(str.strip, pieces)) and _is_unit(words[-1]):
        unit = words.pop()
        pieces.pop()
    return Parts(tuple(each.strip() for each in pieces), tuple(words), unit)


def _folded(text: str) -> str:
    return re.sub(r"[\s.,;:]+", " ", text.casefold()).strip()


def _is_unit(word: str) -> bool:
    return bool(_UNIT.fullmatch(word)) and not _TIME.fullmatch(word.replace(" ", ""))


def differ(a: Parts, b: Parts) -> bool:
    """Whether the parts that are not mathematics tell two answers apart; a unit may be missing, but not differ."""
    units = {each.unit and re.sub(r"s\b", "", each.unit) for each in (a, b)} - {None}
    return a.words != b.words or len(units) > 1
