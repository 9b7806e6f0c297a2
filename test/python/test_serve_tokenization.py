"""Text to tokens and back, whatever else a tokenizer's file says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tokenizers import Tokenizer, decoders
from tokenizers.models import BPE
from transformers import PreTrainedTokenizerFast

from maft.serve.answers import row_text
from maft.serve.folders import end_tokens
from maft.serve.rows import Generation, GenerationSettings, check_end
from maft.serve.tokenization import ModelTokenizer
from maft.serve.versions import Version
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


def test_pieces_are_what_each_token_adds_to_the_text(tmp_path: Path) -> None:
    """Of SentencePiece's kind: a word's token holds the space before it, which the decoder drops at the beginning."""
    letters = ["<unk>", "▁one", "▁two", "s", *(f"<0x{byte:02X}>" for byte in "é".encode())]
    inner = Tokenizer(BPE({letter: index for index, letter in enumerate(letters)}, [], byte_fallback=True))
    inner.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    PreTrainedTokenizerFast(tokenizer_object=inner).save_pretrained(tmp_path)
    tokenizer = ModelTokenizer(tmp_path)
    pieces = tokenizer.pieces([1, 2, 3, 4, 5, 1])
    assert pieces == ["one", " two", "s", "", "é", " one"]
    assert "".join(pieces) == tokenizer.decode([1, 2, 3, 4, 5, 1])


def write_configuration(folder: Path, name: str, ends: object) -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(json.dumps({"eos_token_id": ends}), encoding="utf-8")


def test_a_turn_ends_with_the_tokenizers_token_and_those_of_both_configurations(tmp_path: Path) -> None:
    tokenizer = build_tokenizer()
    write_configuration(tmp_path, "config.json", 50)
    assert end_tokens(tmp_path, None, frozenset([9])) == {50}
    write_configuration(tmp_path, "generation_config.json", [51, 52])
    tokenizer.save_pretrained(tmp_path)
    end_token = ModelTokenizer(tmp_path).end_token
    assert end_token == tokenizer.eos_token_id
    assert end_tokens(tmp_path, end_token, frozenset([9])) == {end_token, 50, 51, 52}


def test_an_adapter_ends_its_turns_as_its_base_does_and_as_its_own_tokenizer_says(tmp_path: Path) -> None:
    (tmp_path / "adapter_config.json").write_text("{}")
    assert end_tokens(tmp_path, None, frozenset([9])) == {9}
    assert end_tokens(tmp_path, 3, frozenset([9])) == {3, 9}


@pytest.mark.parametrize("special", [True, False])
def test_the_end_token_is_no_part_of_the_text_whatever_its_tokenizer_calls_it(tmp_path: Path, special: bool) -> None:
    build_tokenizer().save_pretrained(tmp_path)
    path = tmp_path / "tokenizer.json"
    added = json.loads(path.read_text(encoding="utf-8"))["added_tokens"]
    end = {"id": len(build_tokenizer()), "content": "<turn>", "single_word": False, "lstrip": False, "rstrip": False}
    change_json(path, {"added_tokens": [*added, {**end, "normalized": False, "special": special}]})
    tokenizer: Any = ModelTokenizer(tmp_path)
    network: Any = None
    version = Version("one", network, tokenizer, frozenset([len(build_tokenizer())]))
    [row] = Generation(version, [1], GenerationSettings(8, 1.0, 1.0, 0), lambda error: None).rows
    row.tokens = tokenizer.encode("1+2<turn>")
    check_end(row, version.end_tokens)
    assert (row_text(row), row.finish_reason) == ("1+2", "stop")
