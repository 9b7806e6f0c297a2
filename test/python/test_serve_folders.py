"""One reader of model folders: server and trainer give the same weights, or both refuse with the same sentence."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from serve_fixtures import write_lively
from tokenizers import AddedToken
from transformers import AutoModelForCausalLM, AutoTokenizer, Qwen3Config, Qwen3ForCausalLM

from maft.model_folder.__main__ import main as check_folders
from maft.serve.errors import NoSuchModelFolder
from maft.serve.folders import require_base
from maft.serve.loading import Loader
from maft.tiny.vocabulary import build_tokenizer
from maft.train.errors import BadJob
from maft.train.models import load_full, load_tokenizer

WEIGHTS, INDEX = "model.safetensors", "model.safetensors.index.json"
HEAD, EMBEDDING = "lm_head.weight", "model.embed_tokens.weight"
TEXT = [5, 9, 7, 11]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_lively(tmp_path_factory.mktemp("folders") / "base")


def change_tensors(folder: Path, change: Callable[[dict[str, torch.Tensor]], object]) -> None:
    tensors = load_file(folder / WEIGHTS)
    change(tensors)
    save_file(tensors, folder / WEIGHTS, metadata={"format": "pt"})


def change_config(folder: Path, **changes: Any) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, **changes}))


def split(folder: Path) -> None:
    AutoModelForCausalLM.from_pretrained(folder).save_pretrained(folder / "parts", max_shard_size="10KB")
    (folder / WEIGHTS).unlink()
    for part in (folder / "parts").glob("model*"):
        part.rename(folder / part.name)
    shutil.rmtree(folder / "parts")


def as_saved(folder: Path) -> None:
    """Nothing is changed."""


def tied_head_of_its_own(folder: Path) -> None:
    change_tensors(folder, lambda tensors: tensors.update({HEAD: 2 * tensors[EMBEDDING]}))


def tied_head_that_is_the_embedding(folder: Path) -> None:
    change_tensors(folder, lambda tensors: tensors.update({HEAD: tensors[EMBEDDING].clone()}))


def untied_head(folder: Path) -> None:
    tied_head_of_its_own(folder)
    change_config(folder, tie_word_embeddings=False)


def untied_without_head(folder: Path) -> None:
    change_config(folder, tie_word_embeddings=False)


def only_the_head(folder: Path) -> None:
    change_tensors(folder, lambda tensors: tensors.update({HEAD: tensors.pop(EMBEDDING)}))


def whole_beside_older_index(folder: Path) -> None:
    shutil.copy(folder / WEIGHTS, folder / "newer")
    split(folder)
    (folder / "newer").rename(folder / WEIGHTS)


def shard_gone(folder: Path) -> None:
    split(folder)
    next(folder.glob("model-*")).unlink()


def shards_without_index(folder: Path) -> None:
    split(folder)
    (folder / INDEX).unlink()


def index_of_another_save(folder: Path) -> None:
    split(folder)
    index = json.loads((folder / INDEX).read_text())
    index["weight_map"]["model.layers.7.mlp.up_proj.weight"] = sorted(index["weight_map"].values())[0]
    (folder / INDEX).write_text(json.dumps(index))


def index_that_names_the_one_file(folder: Path) -> None:
    names = dict.fromkeys(load_file(folder / WEIGHTS), WEIGHTS)
    (folder / INDEX).write_text(json.dumps({"weight_map": names}))


def index_that_leaves_the_folder(folder: Path) -> None:
    shutil.move(folder / WEIGHTS, folder.parent / "outside.safetensors")
    names = dict.fromkeys(load_file(folder.parent / "outside.safetensors"), "../outside.safetensors")
    (folder / INDEX).write_text(json.dumps({"weight_map": names}))


def biases_that_are_switched_off(folder: Path) -> None:
    biases = {f"model.layers.{layer}.self_attn.q_proj.bias": torch.ones(32) for layer in range(2)}
    change_tensors(folder, lambda tensors: tensors.update(biases))


def biases_that_are_missing(folder: Path) -> None:
    change_config(folder, attention_bias=True)


def names_without_model(folder: Path) -> None:
    def rename(tensors: dict[str, torch.Tensor]) -> None:
        for name in list(tensors):
            tensors[name.removeprefix("model.")] = tensors.pop(name)

    change_tensors(folder, rename)


def surplus_layer(folder: Path) -> None:
    change_config(folder, num_hidden_layers=1)


def token_without_a_row(folder: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(folder)
    tokenizer.add_tokens(["hello"])
    tokenizer.save_pretrained(folder)


def special_token_without_a_row(folder: Path) -> None:
    """Gemma 3's text-only models ship one for images."""
    tokenizer = AutoTokenizer.from_pretrained(folder)
    tokenizer.add_tokens([AddedToken("<image>", special=True)], special_tokens=True)
    tokenizer.save_pretrained(folder)


def consolidated_alone(folder: Path) -> None:
    (folder / WEIGHTS).rename(folder / "consolidated.safetensors")


def dangling_link(folder: Path) -> None:
    (folder / WEIGHTS).unlink()
    (folder / WEIGHTS).symlink_to("../../blobs/0123")


def dangling_configuration(folder: Path) -> None:
    (folder / "config.json").unlink()
    (folder / "config.json").symlink_to("../../blobs/0123")


def link_to_a_file(folder: Path) -> None:
    (folder / WEIGHTS).rename(folder / "blob")
    (folder / WEIGHTS).symlink_to("blob")


def torn(folder: Path) -> None:
    (folder / WEIGHTS).write_bytes((folder / WEIGHTS).read_bytes()[:-100])


def torn_in_its_header(folder: Path) -> None:
    (folder / WEIGHTS).write_bytes((folder / WEIGHTS).read_bytes()[:100])


def pickled(folder: Path) -> None:
    (folder / WEIGHTS).unlink()
    (folder / "pytorch_model.bin").write_bytes(b"")


def another_family(folder: Path) -> None:
    """Computed by Transformers in the server as well."""
    tokenizer = build_tokenizer()
    plain = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}
    config = Qwen3Config(
        **plain, num_key_value_heads=1, head_dim=8, vocab_size=len(tokenizer), tie_word_embeddings=True
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        Qwen3ForCausalLM(config).save_pretrained(folder)


def other_family_with_a_head_of_its_own(folder: Path) -> None:
    another_family(folder)
    tied_head_of_its_own(folder)


def other_family_that_lacks_weights(folder: Path) -> None:
    another_family(folder)
    change_tensors(folder, lambda tensors: tensors.pop("model.norm.weight"))


def other_family_with_biases_that_are_switched_off(folder: Path) -> None:
    another_family(folder)
    bias = {"model.layers.0.self_attn.q_proj.bias": torch.ones(16)}
    change_tensors(folder, lambda tensors: tensors.update(bias))


READ = [
    as_saved,
    split,
    tied_head_that_is_the_embedding,
    untied_head,
    index_that_names_the_one_file,
    special_token_without_a_row,
    link_to_a_file,
    another_family,
]
REFUSED = {
    tied_head_of_its_own: "config.json says tie_word_embeddings",
    untied_without_head: "lacks lm_head.weight",
    only_the_head: "lacks model.embed_tokens.weight",
    whole_beside_older_index: "remove those of the older save",
    shard_gone: "which is missing: copy the whole model",
    shards_without_index: "holds parts",
    index_of_another_save: "is of another save",
    index_that_leaves_the_folder: "not a safetensors file of the folder",
    biases_that_are_switched_off: "set attention_bias",
    biases_that_are_missing: "lacks model.layers.0.self_attn.k_proj.bias",
    names_without_model: 'named without "model."',
    surplus_layer: "does not have: model.layers.1.",
    token_without_a_row: "has the token 'hello'",
    consolidated_alone: "Mistral's own form",
    dangling_link: "which does not exist: copy the file itself",
    dangling_configuration: "its config.json is a link",
    torn: "is torn",
    torn_in_its_header: "is torn",
    pickled: "pickled weights, which are never loaded",
    other_family_with_a_head_of_its_own: "config.json says tie_word_embeddings",
}
#: Only the loading itself can tell: which tensors an architecture has is known to Transformers alone.
REFUSED_WHEN_LOADED = {
    other_family_that_lacks_weights: "lacks weights: model.norm.weight",
    other_family_with_biases_that_are_switched_off: "q_proj.bias, which its config.json does not provide for",
}


def made(whole: Path, folder: Path, change: Callable[[Path], None]) -> Path:
    shutil.copytree(whole, folder)
    change(folder)
    return folder


def served(folder: Path) -> torch.Tensor:
    network = Loader(torch.float32, torch.device("cpu"), 2**28).load(folder, None)
    with torch.inference_mode():
        return network.logits(network.hidden(TEXT))


def trained(folder: Path) -> torch.Tensor:
    load_tokenizer(folder)
    model, _ = load_full(folder, "base", torch.float32)
    with torch.inference_mode():
        logits: torch.Tensor = model(torch.tensor([TEXT])).logits[0]
    return logits


@pytest.mark.parametrize("change", READ, ids=lambda change: change.__name__)
def test_server_and_trainer_read_the_same_weights(whole: Path, tmp_path: Path, change: Any) -> None:
    folder = made(whole, tmp_path / "model", change)
    require_base(folder)
    assert check_folders([str(folder)]) == 0
    torch.testing.assert_close(served(folder), trained(folder), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("change", "words"),
    [*REFUSED.items(), *REFUSED_WHEN_LOADED.items()],
    ids=lambda each: getattr(each, "__name__", ""),
)
def test_server_and_trainer_refuse_with_the_same_sentence(whole: Path, tmp_path: Path, change: Any, words: str) -> None:
    folder = made(whole, tmp_path / "model", change)
    with pytest.raises(ValueError) as by_server:
        served(folder)
    with pytest.raises(BadJob) as by_trainer:
        trained(folder)
    sentence = str(by_server.value)
    assert words in sentence and "\n" not in sentence
    assert str(by_trainer.value).rstrip(".") == f"base {folder} cannot be loaded: {sentence}"


@pytest.mark.parametrize("change", REFUSED, ids=lambda change: change.__name__)
def test_the_check_before_a_run_refuses_what_they_refuse(
    whole: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], change: Any
) -> None:
    folder = made(whole, tmp_path / "model", change)
    assert check_folders([str(folder)]) == 2
    assert REFUSED[change] in capsys.readouterr().err
    with pytest.raises(NoSuchModelFolder, match="cannot be loaded"):
        require_base(folder)
