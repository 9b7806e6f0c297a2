"""Control tokens: they say who speaks and where a turn ends. Only a template writes them, never the content of a message."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

#: Where the one-character marks begin that stand for spelled control tokens while a template is at work (Unicode's private
#: plane 15, which texts do not use).
FIRST_MARK = 0xF0000
LAST_MARK = 0xFFFFD


class UnsplittableText(ValueError):
    """A text spells a control token, and this kind of tokenizer cannot read it as ordinary text."""


@dataclass(frozen=True)
class MarkedText:
    """A text with a mark in place of every control token that a message spells; `spelled` says what each stands for."""

    text: str
    spelled: Mapping[str, str]

    @property
    def plain(self) -> str:
        """The text as it is."""
        return "".join(self.spelled.get(character, character) for character in self.text) if self.spelled else self.text


def any_of(texts: Iterable[str]) -> re.Pattern[str]:
    """Matches the longest of the texts at each place, as tokenizers do; nothing if there are none."""
    ordered = sorted(set(texts), key=len, reverse=True)
    return re.compile("|".join(map(re.escape, ordered)) or r"(?!)")


def mark_spelled(texts: list[str], pattern: re.Pattern[str]) -> tuple[list[str], dict[str, str]]:
    """The texts with marks in place of what `pattern` finds in them, and what each mark stands for."""
    found = sorted({match.group() for text in texts for match in pattern.finditer(text)})
    if not found:
        return texts, {}
    used = {character for text in texts for character in text if ord(character) >= FIRST_MARK}
    free = (chr(code) for code in range(FIRST_MARK, LAST_MARK + 1) if chr(code) not in used)
    marks = dict(zip(found, free, strict=False))
    if len(marks) < len(found):
        raise UnsplittableText("The messages use all of Unicode's private plane 15.")
    return [pattern.sub(lambda match: marks[match.group()], text) for text in texts], {
        mark: text for text, mark in marks.items()
    }


class SplittingTokenizer:
    """A twin of a fast tokenizer that knows each control token by a secret name only: what spells one is ordinary text.

    Everything else is as in the original, so that a text around a spelled token has the tokens it would have anyway.
    """

    def __init__(self, rust: Any, control: Mapping[int, str], unknown: int | None) -> None:
        from tokenizers import Tokenizer

        state = json.loads(rust.to_str())
        # A message cannot spell a name that it cannot guess.
        key = secrets.token_hex(8)
        self.names = {text: f"\U00100000{key}{number}\U00100001" for number, text in control.items()}
        rename(state, self.names)
        self.twin: Any = Tokenizer.from_str(json.dumps(state))
        added = [str(each["content"]) for each in json.loads(rust.to_str())["added_tokens"]]
        self.added = any_of(added)
        #: Tokens that a model's vocabulary lacks are numbered anew in the twin.
        self.numbers = {self.twin.token_to_id(self.names.get(text, text)): rust.token_to_id(text) for text in added}
        self.control = frozenset(control) - {unknown}

    def encode(self, marked: MarkedText) -> list[int]:
        """Raises UnsplittableText if a spelled control token still becomes one token."""
        written = sum(match.group() in self.names for match in self.added.finditer(marked.text))
        named = self.added.sub(lambda match: self.names.get(match.group(), match.group()), marked.text)
        whole = MarkedText(named, marked.spelled).plain
        ids = [self.numbers.get(number, number) for number in self.twin.encode(whole, add_special_tokens=False).ids]
        if written < sum(number in self.control for number in ids):
            raise UnsplittableText("A message spells a control token that this tokenizer cannot read as ordinary text.")
        return ids


def rename(state: dict[str, Any], names: Mapping[str, str]) -> None:
    """Gives tokens other names in a tokenizer's own JSON, wherever it mentions them."""
    model = state["model"]
    for token in state["added_tokens"]:
        token["content"] = names.get(token["content"], token["content"])
    if isinstance(model.get("vocab"), dict):
        model["vocab"] = {names.get(token, token): number for token, number in model["vocab"].items()}
    elif isinstance(model.get("vocab"), list):  # Unigram: pairs of text and score
        model["vocab"] = [[names.get(token, token), score] for token, score in model["vocab"]]
    if model.get("unk_token") is not None:
        model["unk_token"] = names.get(model["unk_token"], model["unk_token"])
    if "merges" in model:
        model["merges"] = [merge for merge in model["merges"] if merged(merge) not in names]
    # It writes the tokens around a whole text, which chats never ask for, and would look for their names.
    state["post_processor"] = None


def merged(merge: str | list[str]) -> str:
    return "".join(merge.split(" ", 1) if isinstance(merge, str) else merge)
