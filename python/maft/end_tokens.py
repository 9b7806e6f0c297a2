"""The tokens that end a turn: one answer for the server, which stops there, and the trainer, which teaches to."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

CONFIGURATIONS = ("generation_config.json", "config.json")


def end_tokens(folder: Path, tokenizer_end: int | None) -> frozenset[int]:
    """The tokenizer's end token, and those that the configurations of a model folder add (Gemma, Llama 3)."""
    ids: set[int | None] = {tokenizer_end}
    for path in (folder / name for name in CONFIGURATIONS):
        if path.is_file():
            found: Any = json.loads(path.read_text(encoding="utf-8")).get("eos_token_id")
            ids.update(found if isinstance(found, list) else [found])
    return frozenset(value for value in ids if value is not None)
