"""Text to tokens and back, whatever else a tokenizer's file says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from maft.serve.tokenization import ModelTokenizer
from maft.tiny.vocabulary import build_tokenizer

STORED = {
    "truncation": {"direction": "Right", "max_length": 8, "strategy": "LongestFirst", "stride": 0},
    "padding": {
        "strategy": {"Fixed": 64}, "direction": "Left", "pad_to_multiple_of": None,
        "pad_id": 0, "pad_type_id": 0, "pad_token": "<pad>",
    },
}  # fmt: skip


def change_json(path: Path, changes: dict[str, Any]) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text(encoding="utf-8")), **changes}), encoding="utf-8")


@pytest.mark.parametrize("name", STORED)
def test_prompts_are_neither_cut_nor_padded_as_the_tokenizer_was_in_its_training(tmp_path: Path, name: str) -> None:
    build_tokenizer().save_pretrained(tmp_path)
    messages = [{"role": "user", "content": "1+2*3+4-5*6=?"}]
    whole = ModelTokenizer(tmp_path).encode_chat(messages)
    change_json(tmp_path / "tokenizer.json", {name: STORED[name]})
    assert 8 < len(whole) < 64
    assert ModelTokenizer(tmp_path).encode_chat(messages) == whole
