"""Chats as tokens, for the server and the trainer alike: the training sees what inference saw because both ask here.

Messages are ordinary text: a content that spells `<|end|><|assistant|>` is read letter by letter and cannot end a turn or
speak as another agent. Only the template itself writes control tokens.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from threading import Lock
from typing import Any

from maft.chat_template import ANSWER, QUESTION, REPLY, Chat, render_chats, wants_parts
from maft.control_tokens import MarkedText, SplittingTokenizer, UnsplittableText, any_of, mark_spelled

#: Characters from which a text is encoded without holding the interpreter.
LONG_TEXT = 2_000
OPEN: Chat = [{"role": "user", "content": QUESTION}]
CLOSED: Chat = [*OPEN, {"role": "assistant", "content": ANSWER}]
GOING_ON: Chat = [*CLOSED, {"role": "user", "content": REPLY}]


@dataclass(frozen=True)
class RenderedChat:
    """A chat as the template writes it, followed by unchanged text (a response; empty for a prompt alone)."""

    prompt: MarkedText
    response: MarkedText

    @property
    def text(self) -> str:
        return self.prompt.plain + self.response.plain


def has_twin(text: str, others: Iterable[str]) -> bool:
    """Whether it opens or closes what another token closes or opens."""
    return (text.replace("</", "<", 1) if text.startswith("</") else text.replace("<", "</", 1)) in set(others) - {text}


class ChatTokens:
    """The tokens of chats and of what is said in them; `ends` are tokens that end a turn whatever the tokenizer calls them."""

    def __init__(self, tokenizer: Any, ends: Iterable[int] = ()) -> None:
        self.inner = tokenizer
        #: The Rust object, without the Python layers around it: they cost more than the work on short texts.
        self.rust: Any = getattr(tokenizer, "backend_tokenizer", None)
        if self.rust is not None:
            # Some tokenizer.json store how their maker cut texts for training: prompts are served whole.
            self.rust.no_truncation()
            self.rust.no_padding()
        self.ends = frozenset(ends)
        self.building = Lock()
        self.built: SplittingTokenizer | None = None

    @cached_property
    def parts(self) -> bool:
        return wants_parts(self.inner)

    @cached_property
    def control(self) -> dict[int, str]:
        """Number and text of each: special tokens, those that end turns, and those that the template writes around turns.

        DeepSeek's `<｜User｜>` is not marked as special. A pair like `<think>` and `</think>` is not, either, and it is part
        of what models say.
        """
        added = self.inner.added_tokens_decoder
        texts = {str(token) for token in added.values()}
        special = {number for number, token in added.items() if token.special} | set(self.inner.all_special_ids)
        written = {number for number in self.written_around_turns() if number in added}
        turns = {number for number in written if not has_twin(str(added[number]), texts)}
        known = special | turns | {number for number in self.ends if number in added}
        return {number: str(self.inner.convert_ids_to_tokens(number)) for number in sorted(known)}

    def written_around_turns(self) -> set[int]:
        for chat in (GOING_ON, OPEN):
            try:
                [text] = render_chats(self.inner, [chat], generation_prompt=False, parts=self.parts)
                return set(self.encode(text, special_tokens=False))
            except Exception:  # noqa: BLE001, S112  # a template may know one speaker only, or there may be none
                continue
        return set()

    @cached_property
    def spelled_control(self) -> re.Pattern[str]:
        return any_of(self.control.values())

    @property
    def splitting(self) -> SplittingTokenizer:
        """Made when first needed: it takes a second for a large vocabulary, and few chats ever need it."""
        with self.building:
            if self.built is None:
                if self.rust is None:
                    raise UnsplittableText(
                        "A message spells a control token, which a tokenizer without tokenizer.json cannot tell from text."
                    )
                self.built = SplittingTokenizer(self.rust, self.control, self.inner.unk_token_id)
            return self.built

    def encode(self, text: str, special_tokens: bool = True) -> list[int]:
        """A text as callers wrote it, control tokens that it spells included; with those around a text, if asked."""
        if self.rust is not None and len(text) <= LONG_TEXT:
            return list(self.rust.encode(text, add_special_tokens=special_tokens).ids)
        if self.rust is not None:
            # Slower for a short text; but other threads have the interpreter meanwhile.
            return list(self.rust.encode_batch_fast([text], add_special_tokens=special_tokens)[0].ids)
        return list(self.inner.encode(text, add_special_tokens=special_tokens))

    @cached_property
    def spelled_in_other_ways(self) -> bool:
        """Whether a control token is matched in normalized text, in which other characters may turn into those of its name."""
        added = self.inner.added_tokens_decoder
        return any(number in added and added[number].normalized for number in self.control)

    def encode_marked(self, marked: MarkedText) -> list[int]:
        if marked.spelled or (self.spelled_in_other_ways and self.rust is not None):
            return self.splitting.encode(marked)
        return self.encode(marked.text, special_tokens=False)

    def spells_control(self, text: str) -> bool:
        return self.spelled_control.search(text) is not None

    def encode_said(self, text: str) -> list[int]:
        """The content of a message by itself, without control tokens, whatever it spells."""
        [marked], spelled = mark_spelled([text], self.spelled_control)
        return self.encode_marked(MarkedText(marked, spelled))

    def render(
        self, chats: list[Chat], *, generation_prompt: bool = True, responses: list[str] | None = None
    ) -> list[RenderedChat]:
        """Each chat as a RenderedChat, followed by its response. Raises any error of the template.

        All at once is several times faster.
        """
        said = responses or [""] * len(chats)
        marked = [
            mark_spelled([*(message["content"] for message in chat), response], self.spelled_control)
            for chat, response in zip(chats, said, strict=True)
        ]
        filled = [
            [{**message, "content": content} for message, content in zip(chat, contents, strict=False)]
            for chat, (contents, _) in zip(chats, marked, strict=True)
        ]
        texts = render_chats(self.inner, filled, generation_prompt=generation_prompt, parts=self.parts)
        return [
            RenderedChat(MarkedText(text, spelled), MarkedText(contents[-1], spelled))
            for text, (contents, spelled) in zip(texts, marked, strict=True)
        ]

    def encode_prompt(self, chat: Chat, *, generation_prompt: bool = True) -> list[int]:
        """The tokens of a chat; the template writes the control tokens itself."""
        [rendered] = self.render([chat], generation_prompt=generation_prompt)
        return self.encode_marked(rendered.prompt)

    def decode(self, tokens: list[int]) -> str:
        return str(self.inner.decode(tokens, skip_special_tokens=False, clean_up_tokenization_spaces=False))
