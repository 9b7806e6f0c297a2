"""Chats as a tokenizer's template writes them: one way for the server and the trainer, the same whenever it is called."""

from __future__ import annotations

from datetime import datetime
from typing import Any

Message = dict[str, str]
Chat = list[Message]

#: The date in every chat. Some templates write one into the prompt (Llama 3.1 and later, Granite, gpt-oss): with today's
#: date, a request would differ tomorrow, and training would differ from inference. Llama's own template falls back to this
#: date.
DATE = "26 Jul 2024"

#: Contents that show what a template does with its input; no template has a reason to change them.
QUESTION, ANSWER, REPLY = "Zwei-plus-zwei", "Vier-ist-es", "Danke-sehr"


def frozen_now(form: str) -> str:
    """In place of the function by which templates ask for the time."""
    return datetime.strptime(DATE, "%d %b %Y").strftime(form)


def apply_template(tokenizer: Any, chats: list[Any], *, generation_prompt: bool) -> list[str]:
    texts: list[str] = tokenizer.apply_chat_template(
        chats, tokenize=False, add_generation_prompt=generation_prompt, date_string=DATE, strftime_now=frozen_now
    )
    return texts


def in_parts(chat: Chat) -> list[dict[str, Any]]:
    """The chat with each content as a list of one part, as templates of models that see want it."""
    return [{**message, "content": [{"type": "text", "text": message["content"]}]} for message in chat]


def wants_parts(tokenizer: Any) -> bool:
    """Whether the template writes contents only if they come as parts: given a string, it would write nothing of it."""
    for parts in (False, True):
        chat: Any = [{"role": "user", "content": QUESTION}]
        try:
            [text] = apply_template(tokenizer, [in_parts(chat) if parts else chat], generation_prompt=True)
        except Exception:  # noqa: BLE001, S112  # templates are programs of the model's makers and raise what they like
            continue
        if QUESTION in text:
            return parts
    return False


def render_chats(tokenizer: Any, chats: list[Chat], *, generation_prompt: bool, parts: bool = False) -> list[str]:
    """Each chat as text. Raises whatever the template raises: templates are programs of the model's makers."""
    given: list[Any] = [in_parts(chat) for chat in chats] if parts else chats
    return apply_template(tokenizer, given, generation_prompt=generation_prompt)
