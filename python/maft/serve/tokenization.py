"""Text to tokens and back, by the tokenizer that a model folder ships.

A text that spells out a special token (`<|end|>`) is read as that token, in a chat as well: templates write theirs into
the same text. Nothing is taken out of what callers send.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from maft.chat_template import render_chats
from maft.serve.errors import BadRequest

Message = dict[str, str]
#: Characters from which a text is encoded without holding the interpreter.
LONG_TEXT = 2_000
#: Normalizers may compose or drop a few characters before tokens are looked up.
SHORTEST_BOUND = 16


class ModelTokenizer:
    """A Hugging Face tokenizer with the few moves the server needs."""

    def __init__(self, folder: Path) -> None:
        from transformers import AutoTokenizer

        self.inner: Any = AutoTokenizer.from_pretrained(folder, trust_remote_code=False, local_files_only=True)
        #: The Rust object, without the Python layers around it: they cost more than the work on short texts.
        self.rust: Any = getattr(self.inner, "backend_tokenizer", None)
        if self.rust is not None:
            # Some tokenizer.json store how their maker cut texts for training: prompts are served whole.
            self.rust.no_truncation()
            self.rust.no_padding()
        self.known_pieces: dict[int, str] = {}
        #: Characters of the longest token: no text of more than so many per position fits a context.
        self.longest_piece = max(SHORTEST_BOUND, *map(len, self.inner.get_vocab()))

    @property
    def end_token(self) -> int | None:
        """What ends a text, as the tokenizer says; None where it says nothing."""
        token: int | None = self.inner.eos_token_id
        return token

    def encode(self, text: str, special_tokens: bool = True) -> list[int]:
        if self.rust is not None and len(text) <= LONG_TEXT:
            return list(self.rust.encode(text, add_special_tokens=special_tokens).ids)
        if self.rust is not None:
            # Slower for a short text; but other threads have the interpreter meanwhile.
            return list(self.rust.encode_batch_fast([text], add_special_tokens=special_tokens)[0].ids)
        return list(self.inner.encode(text, add_special_tokens=special_tokens))

    def decode(self, tokens: list[int], special_tokens: bool = False) -> str:
        text = self.inner.decode(tokens, skip_special_tokens=not special_tokens, clean_up_tokenization_spaces=False)
        return str(text)

    def render(self, messages: list[Message], generation_prompt: bool = True) -> str:
        """The chat as the template writes it. Raises BadRequest where there is none or it refuses."""
        if self.inner.chat_template is None:
            raise BadRequest("This model's tokenizer has no chat template: use /v1/completions.", param="messages")
        try:
            return render_chats(self.inner, [messages], generation_prompt=generation_prompt)[0]
        except Exception as error:  # templates raise what they like; the caller's messages are what is wrong
            raise BadRequest(f"The chat template refuses these messages: {error}", param="messages") from error

    def encode_chat(self, messages: list[Message], generation_prompt: bool = True) -> list[int]:
        # The template writes the special tokens itself.
        return self.encode(self.render(messages, generation_prompt), special_tokens=False)

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
        """The text up to the first stop string, or None where there is none yet. Looks at the tail first: it is short."""
        tail = self.decode(tokens[-(4 * max(len(each) for each in stop) + 8) :])
        if not any(each in tail for each in stop):
            return None
        text = self.decode(tokens)
        found = [position for each in stop if (position := text.find(each)) >= 0]
        return text[: min(found)] if found else None
