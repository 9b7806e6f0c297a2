"""What one request may ask for, checked before anything is computed of it. Everything here is a 400 that names the field."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from maft.serve.errors import BadRequest

if TYPE_CHECKING:
    from maft.serve.versions import Version

#: Bytes of a body.
MAX_BODY_BYTES = 16 * 2**20
#: Texts, messages or prompts.
MAX_TEXTS = 2048
#: Characters of all texts together.
MAX_CHARACTERS = 2**22
#: Tokens of all texts together that are scored or embedded.
MAX_READ_TOKENS = 2**20
#: Log-probabilities of tokens that were given: one per token, and one per likeliest alternative.
MAX_READ_LOGPROBS = 2**19
#: Log-probabilities of tokens that may be drawn.
MAX_DRAWN_LOGPROBS = 2**21
#: Tokens of which /tokenize shows the texts as well.
MAX_SHOWN_TOKENS = 2**16

Text = str | Sequence[int]


def require_at_most(most: int, found: int, what: str, param: str) -> None:
    if found > most:
        raise BadRequest(f"{found} {what} are more than one request may have ({most}).", param=param, code="too_large")


def characters_of(texts: Sequence[Text]) -> int:
    """Characters of the texts; a token counts as one."""
    return sum(len(text) for text in texts)


def require_sizes(texts: Sequence[Text], param: str) -> int:
    """Before a model is looked for: the number of texts and their size. Returns their characters."""
    require_at_most(MAX_TEXTS, len(texts), "texts", param)
    characters = characters_of(texts)
    require_at_most(MAX_CHARACTERS, characters, "characters", param)
    return characters


def require_context(version: Version, characters: int, param: str) -> None:
    """Before a text is tokenized: no token is longer than the longest of the vocabulary."""
    positions = version.network.max_positions
    most = positions * version.tokenizer.longest_piece
    if characters > most:
        raise BadRequest(
            f"The model's context is {positions} tokens, at most {most} characters; {param} has {characters}.",
            code="context_length_exceeded",
            param=param,
        )


def require_read(texts: Sequence[Sequence[int]], top: int | None, param: str) -> None:
    """Before texts are read; `top` likeliest tokens are reported at each place, or with None no token at all."""
    tokens = sum(len(text) for text in texts)
    require_at_most(MAX_READ_TOKENS, tokens, "tokens", param)
    if top is not None:
        require_at_most(MAX_READ_LOGPROBS, tokens * (1 + top), "log-probabilities of tokens", param)


def require_drawn(completions: int, tokens: int, top: int | None) -> None:
    """Before completions are drawn; `top` is that of `require_read`."""
    if top is not None:
        asked = completions * tokens * (1 + top)
        require_at_most(MAX_DRAWN_LOGPROBS, asked, "log-probabilities (n · max_tokens · alternatives)", "logprobs")
