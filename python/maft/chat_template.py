"""Chats as a tokenizer's template writes them: one way for the server and the trainer, the same whenever it is called."""

from __future__ import annotations

from datetime import datetime
from typing import Any

#: The day it is in every chat. Some templates write a date into the prompt (Llama 3.1 and later, Granite, gpt-oss): with
#: that of the day, a request would say something else tomorrow, and training something else than inference. This one is
#: what Llama's own template falls back to where nobody tells it the date.
DATE = "26 Jul 2024"


def frozen_now(form: str) -> str:
    """In place of the function by which templates ask for the time."""
    return datetime.strptime(DATE, "%d %b %Y").strftime(form)


def render_chats(tokenizer: Any, chats: list[Any], *, generation_prompt: bool) -> list[str]:
    """Each chat as text. Raises whatever the template raises: templates are programs of the model's makers."""
    texts: list[str] = tokenizer.apply_chat_template(
        chats, tokenize=False, add_generation_prompt=generation_prompt, date_string=DATE, strftime_now=frozen_now
    )
    return texts
