"""A plain Llama is read without Transformers' model code, and exactly as Transformers reads it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from serve_fixtures import environment
from tiny_llama import write_tiny_llama
from transformers import AutoConfig, AutoTokenizer
from transformers.models.llama.modeling_llama import LlamaRotaryEmbedding

from maft.serve.decoder import rotary_frequencies
from maft.serve.shape import decoder_shape, unsupported_feature
from maft.serve.stored_config import plain_llama, read_config, read_tokenizer

STARTED = """
import sys
from pathlib import Path

import torch

import maft.serve.server
from maft.serve.loading import Loader
from maft.serve.versions import base_version

folder = Path(sys.argv[1])
base_version("base", folder, Loader(torch.float32, torch.device("cpu"), 2**20).load(folder, None))
print([name for name in ("torch._dynamo", "transformers.models.llama", "transformers.generation.utils") if name in sys.modules])
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_tiny_llama(tmp_path / "base")


def change(folder: Path, name: str, edit: Callable[[dict[str, Any]], object]) -> None:
    stored = json.loads((folder / name).read_text(encoding="utf-8"))
    edit(stored)
    (folder / name).write_text(json.dumps(stored), encoding="utf-8")


def test_a_server_of_a_plain_llama_imports_no_code_of_models(folder: Path) -> None:
    started = [sys.executable, "-c", STARTED, str(folder)]
    assert subprocess.run(started, env=environment(), capture_output=True, text=True).stdout == "[]\n"


def test_the_configuration_of_a_plain_llama_says_what_transformers_says(folder: Path) -> None:
    own, theirs = plain_llama(folder), AutoConfig.from_pretrained(folder)
    assert own is not None
    assert decoder_shape(own) == decoder_shape(theirs)
    assert unsupported_feature(own) == unsupported_feature(theirs)
    assert own.dtype == theirs.dtype
    frequencies, scaling = rotary_frequencies(own)
    rotary = LlamaRotaryEmbedding(theirs)
    assert torch.equal(frequencies, rotary.inv_freq)
    assert scaling == rotary.attention_scaling


def test_the_bundled_model_is_a_plain_llama() -> None:
    assert plain_llama(Path(__file__).parents[2] / "models" / "tiny-arithmetic") is not None


CHANGES: dict[str, Callable[[dict[str, Any]], object]] = {
    "no number of heads for keys": lambda config: config.pop("num_key_value_heads"),
    "no head size": lambda config: config.pop("head_dim"),
    "no word on ties": lambda config: config.pop("tie_word_embeddings"),
    "rotary settings of Transformers 4": lambda config: config.update(
        rope_theta=config.pop("rope_parameters")["rope_theta"], rope_scaling=None
    ),
    "other rotary settings": lambda config: config["rope_parameters"].update(rope_type="linear", factor=2.0),
    "another activation": lambda config: config.update(hidden_act="gelu"),
    "another family": lambda config: config.update(model_type="mistral", sliding_window=None),
    "quantised": lambda config: config.update(quantization_config={"quant_method": "fp8"}),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_configuration_that_leaves_something_open_is_left_to_transformers(folder: Path, name: str) -> None:
    change(folder, "config.json", CHANGES[name])
    assert plain_llama(folder) is None
    assert decoder_shape(read_config(folder)).layers == 2


def test_a_configuration_that_is_none_is_refused_as_transformers_refuses_it(folder: Path) -> None:
    (folder / "config.json").write_text("[]", encoding="utf-8")
    assert plain_llama(folder) is None
    (folder / "config.json").write_text("{", encoding="utf-8")
    with pytest.raises(OSError, match="not a valid JSON file"):
        read_config(folder)


@pytest.mark.parametrize("missing", [None, "config.json"], ids=["of a model", "of an adapter"])
def test_the_tokenizer_is_the_one_that_transformers_would_take(folder: Path, missing: str | None) -> None:
    theirs = AutoTokenizer.from_pretrained(folder)
    if missing is not None:
        (folder / missing).unlink()
    own = read_tokenizer(folder)
    assert (type(own), own.get_vocab(), own.eos_token_id) == (type(theirs), theirs.get_vocab(), theirs.eos_token_id)
    assert own.chat_template == theirs.chat_template


def test_a_tokenizer_with_a_class_of_its_own_is_left_to_transformers(folder: Path) -> None:
    change(folder, "tokenizer_config.json", lambda config: config.update(tokenizer_class="LlamaTokenizer"))
    assert type(read_tokenizer(folder)) is type(AutoTokenizer.from_pretrained(folder))
