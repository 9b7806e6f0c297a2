"""An adapter fits its base in every tensor, or server and trainer refuse it by name; none is served as the base model."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file, save_file
from serve_fixtures import write_adapter, write_lively
from training_jobs import example, job_record, run_here, write_training_set

from maft.model_folder.adapters import excluded_prefixes, refuse_patterns, targeted_modules
from maft.model_folder.errors import UnusableFolder
from maft.serve import loading
from maft.serve.loading import Loader
from maft.train.errors import BadJob
from maft.train.job import Lora
from maft.train.models import continued_adapter, load_full

WEIGHTS, CONFIG = "adapter_model.safetensors", "adapter_config.json"
TEXT = [5, 9, 7, 11]
FIRST = "base_model.model.model.layers.0.self_attn.q_proj"


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_lively(tmp_path_factory.mktemp("adapters") / "base")


@pytest.fixture(scope="module")
def whole(base: Path) -> Path:
    return write_adapter(base, base.parent / "whole")


def change_tensors(folder: Path, change: Callable[[dict[str, torch.Tensor]], object]) -> None:
    tensors = load_file(folder / WEIGHTS)
    change(tensors)
    save_file(tensors, folder / WEIGHTS, metadata={"format": "pt"})


def change_config(folder: Path, **changes: Any) -> None:
    config = json.loads((folder / CONFIG).read_text())
    (folder / CONFIG).write_text(json.dumps({**config, **changes}))


def keep(folder: Path, wanted: Callable[[str], bool]) -> None:
    change_tensors(folder, lambda tensors: [tensors.pop(name) for name in list(tensors) if not wanted(name)])


def renamed(folder: Path) -> None:
    tensors = {name.replace("model.layers", "model.blocks"): each for name, each in load_file(folder / WEIGHTS).items()}
    save_file(tensors, folder / WEIGHTS)


def only_lora_a(folder: Path) -> None:
    keep(folder, lambda name: "lora_A" in name)


def stray_tensor(folder: Path) -> None:
    change_tensors(folder, lambda tensors: tensors.update({"stray.weight": torch.ones(3)}))


def half_of_the_tensors(folder: Path) -> None:
    keep(folder, lambda name: "layers.0" in name)


def one_tensor_missing(folder: Path) -> None:
    keep(folder, lambda name: name != f"{FIRST}.lora_B.weight")


def other_rank(folder: Path) -> None:
    change_config(folder, r=8)


def narrowed_targets(folder: Path) -> None:
    change_config(folder, target_modules=["q_proj"])


def target_that_the_base_lacks(folder: Path) -> None:
    config = json.loads((folder / CONFIG).read_text())
    change_config(folder, target_modules=[*config["target_modules"], "w1"])


def of_another_base(folder: Path) -> None:
    shutil.rmtree(folder)
    write_adapter(write_lively(folder.parent / "wider", hidden=64), folder)


def regular_expression(folder: Path) -> None:
    change_config(folder, target_modules=r"(([a-z_.0-9])+)+!")


def excluded_by_regular_expression(folder: Path) -> None:
    change_config(folder, exclude_modules=r"(([a-z_.0-9])+)+!")


def rank_pattern_by_regular_expression(folder: Path) -> None:
    change_config(folder, rank_pattern={r"(([a-z_.0-9])+)+!": 4})


def torn(folder: Path) -> None:
    (folder / WEIGHTS).write_bytes((folder / WEIGHTS).read_bytes()[:-10])


def without_weights(folder: Path) -> None:
    (folder / WEIGHTS).unlink()


REFUSED = {
    renamed: "model.blocks.0.mlp.down_proj.lora_A.weight belongs to no module",
    only_lora_a: "lacks lora_B of model.layers.0.",
    stray_tensor: "tensor stray.weight belongs to no module",
    half_of_the_tensors: "lacks lora_A of model.layers.1.",
    one_tensor_missing: "lacks lora_B of model.layers.0.self_attn.q_proj",
    other_rank: "rank 8 on this base needs",
    narrowed_targets: "is of a module that target_modules leaves out",
    target_that_the_base_lacks: "target_modules names w1",
    of_another_base: "on this base needs",
    regular_expression: "a pattern as target_modules: only a list of names",
    excluded_by_regular_expression: "a pattern as exclude_modules",
    rank_pattern_by_regular_expression: "in rank_pattern: only names",
    torn: "adapter_model.safetensors is torn",
    without_weights: "holds no adapter_model.safetensors",
}


def changed(whole: Path, folder: Path, change: Callable[[Path], None]) -> Path:
    shutil.copytree(whole, folder)
    change(folder)
    return folder


def served(base: Path, folder: Path, *, fast: bool = True) -> torch.Tensor:
    loader = Loader(torch.float32, torch.device("cpu"), 2**28, fast)
    with torch.inference_mode():
        network = loader.load(folder, (base, loader.load(base, None)))
        return network.logits(network.hidden(TEXT))


def trained_on(base: Path, folder: Path) -> torch.Tensor:
    model, _ = load_full(base, "base", torch.float32)
    with torch.inference_mode():
        adapted = continued_adapter(model, folder, Lora(rank=4, alpha=8, dropout=0)).eval()
        logits: torch.Tensor = adapted(torch.tensor([TEXT])).logits[0]
    return logits


def test_server_and_trainer_give_an_adapted_model_the_same_logits(base: Path, whole: Path) -> None:
    logits = served(base, whole)
    torch.testing.assert_close(logits, served(base, whole, fast=False), rtol=1e-3, atol=1e-3)
    torch.testing.assert_close(logits, trained_on(base, whole), rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("change", REFUSED, ids=lambda change: change.__name__)
def test_an_adapter_that_does_not_fit_is_refused_by_name_by_server_and_trainer(
    base: Path, whole: Path, tmp_path: Path, change: Any
) -> None:
    folder = changed(whole, tmp_path / "adapter", change)
    for fast in (True, False):
        with pytest.raises(UnusableFolder) as by_server:
            served(base, folder, fast=fast)
        assert REFUSED[change] in str(by_server.value)
    with pytest.raises(BadJob) as by_trainer:
        trained_on(base, folder)
    assert str(by_trainer.value) == f"startFrom {folder} cannot be loaded: {by_server.value}"


@pytest.mark.parametrize("change", [renamed, only_lora_a], ids=lambda change: change.__name__)
def test_adapters_of_other_kinds_are_held_to_what_peft_could_use_of_them(
    base: Path, tmp_path: Path, change: Any
) -> None:
    folder = write_adapter(base, tmp_path / "dora", use_dora=True)
    served(base, folder)
    change(folder)
    with pytest.raises(UnusableFolder, match="does not fit the base"):
        served(base, folder)


def test_an_adapter_of_the_embedding_is_trained_on_and_refused_by_name_where_it_is_not_served(
    base: Path, tmp_path: Path
) -> None:
    config = LoraConfig(r=4, lora_alpha=8, target_modules=["q_proj", "embed_tokens"], task_type="CAUSAL_LM")
    model, _ = load_full(base, "base", torch.float32)
    get_peft_model(model, config).save_pretrained(tmp_path / "adapter", save_embedding_layers=False)
    trained_on(base, tmp_path / "adapter")
    with pytest.raises(UnusableFolder, match="embed_tokens, which is not a linear module"):
        served(base, tmp_path / "adapter")


def test_a_training_that_starts_from_an_adapter_that_fits_nothing_fails(
    base: Path, whole: Path, tmp_path: Path
) -> None:
    folder = changed(whole, tmp_path / "adapter", renamed)
    data = write_training_set(tmp_path / "set.jsonl", [example(1)])
    lora = {"lora": {"rank": 4, "alpha": 8, "dropout": 0}}
    record = job_record(base, data, tmp_path, weights=lora, startFrom=str(folder))
    code, events = run_here(tmp_path, record)
    assert code == 2 and "belongs to no module of the base" in events[-1]["message"]


def test_an_adapter_whose_update_is_lost_on_the_way_is_never_served(
    base: Path, whole: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loading, "adapt", lambda weights, shape, folder: weights)
    with pytest.raises(UnusableFolder, match="says what the base says"):
        served(base, whole)


def test_an_adapter_that_was_not_trained_yet_may_say_what_the_base_says(
    base: Path, whole: Path, tmp_path: Path
) -> None:
    def untrained(folder: Path) -> None:
        change_tensors(folder, lambda tensors: [each.zero_() for name, each in tensors.items() if "lora_B" in name])

    served(base, changed(whole, tmp_path / "adapter", untrained))


def test_modules_that_the_trainer_left_out_are_read_without_evaluating_a_pattern() -> None:
    written = r"model\.vision_tower(\..+)?|model\.projector(\..+)?"
    refuse_patterns({"exclude_modules": written})
    assert excluded_prefixes(written) == ["model.vision_tower", "model.projector"]
    modules = ["model.text.q_proj", "model.vision_tower.q_proj", "model.projector"]
    found = targeted_modules({"target_modules": ["q_proj"], "exclude_modules": written}, modules)
    assert found == ["model.text.q_proj"]
