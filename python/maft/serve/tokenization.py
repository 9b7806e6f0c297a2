"""Text to tokens and back, by the tokenizer that a model folder ships.

A prompt that callers wrote as one text may spell out special tokens (`<|end|>`) and means them. Messages of a chat never
do: see `maft.chat_tokens`.
"""

from __future__ import annotations

from pathlib import Path

from maft.chat_template import Message
from maft.chat_tokens import ChatTokens
from maft.control_tokens import UnsplittableText
from maft.end_tokens import end_tokens
from maft.serve.errors import BadRequest
from maft.serve.stored_config import read_tokenizer

#: Normalizers may compose or drop a few characters before tokens are looked up.
SHORTEST_BOUND = 16


class ModelTokenizer:
    """A Hugging Face tokenizer with the few methods the server needs."""

    def __init__(self, folder: Path) -> None:
        tokenizer = read_tokenizer(folder)
        self.inner = tokenizer
        self.chats = ChatTokens(tokenizer, end_tokens(folder, tokenizer.eos_token_id))
        self.known_pieces: dict[int, str] = {}
        #: Characters of the longest token: a text with more than this many per position does not fit the context.
        self.longest_piece = max(SHORTEST_BOUND, *map(len, tokenizer.get_vocab()))

    @property
    def end_token(self) -> int | None:
        """The tokenizer's end token; None if it has none."""
        token: int | None = self.inner.eos_token_id
        return token

    def encode(self, text: str, special_tokens: bool = True) -> list[int]:
        return self.chats.encode(text, special_tokens)

    def encode_said(self, text: str) -> list[int]:
        """The content of a message by itself, without control tokens. Raises BadRequest if that is impossible."""
        try:
            return self.chats.encode_said(text)
        except UnsplittableText as error:
            raise BadRequest(str(error), param="prompt") from error

    def decode(self, tokens: list[int], special_tokens: bool = False) -> str:
        text = self.inner.decode(tokens, skip_special_tokens=not special_tokens, clean_up_tokenization_spaces=False)
        return str(text)

    def encode_chat(self, messages: list[Message], generation_prompt: bool = True) -> list[int]:
        """The chat as the template writes it. Raises BadRequest if there is no template or it refuses."""
        if self.inner.chat_template is None:
            raise BadRequest("This model's tokenizer has no chat template: use /v1/completions.", param="messages")
        try:
            return self.chats.encode_prompt(messages, generation_prompt=generation_prompt)
        except UnsplittableText as error:
            raise BadRequest(str(error), param="messages") from error
        except Exception as error:  # templates raise any error; the caller's messages are at fault
            raise BadRequest(f"The chat template refuses these messages: {error}", param="messages") from error

    def around(self) -> tuple[list[int], list[int]]:
        """The tokens that the tokenizer puts before and after every text."""
        alone, whole = self.encode("0", special_tokens=False), self.encode("0")
        start = next((place for place in range(len(whole)) if whole[place : place + len(alone)] == alone), 0)
        return whole[:start], whole[start + len(alone) :]

    def piece(self, token: int) -> str:
        """A token's text by itself, special ones included; a space that only stands between words is not part of it
        (decoders of SentencePiece's kind). Remembered: scoring asks for the same tokens again and again."""
        known = self.known_pieces.get(token)
        if known is None:
            known = self.known_pieces[token] = self.decode([token], special_tokens=True)
        return known

    def pieces(self, tokens: list[int]) -> list[str]:
        """What each token adds to the text of those before it, special ones included: joined, they are the text.

        Of a character made of several tokens the last one has it, and the others have nothing.
        """
        pieces: list[str] = []
        context, told = 0, 0  # tokens[context:told] are in the text already, and say how the next one continues it
        for end in range(1, len(tokens) + 1):
            before = self.decode(tokens[context:told], special_tokens=True)
            text = self.decode(tokens[context:end], special_tokens=True)
            if text.endswith("\ufffd") and end < len(tokens):
                pieces.append("")
            else:
                pieces.append(text[len(before) :])
                context, told = told, end
        return pieces

    def find_stop(self, tokens: list[int], stop: tuple[str, ...]) -> str | None:
        """The text up to the first stop string, or None if there is none yet. Looks at the tail first: it is short."""
        tail = self.decode(tokens[-(4 * max(len(each) for each in stop) + 8) :])
        if not any(each in tail for each in stop):
            return None
        text = self.decode(tokens)
        found = [position for each in stop if (position := text.find(each)) >= 0]
        return text[: min(found)] if found else None
