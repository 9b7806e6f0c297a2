"""What `python -m maft.export` writes loads elsewhere and answers as the server does; changed weights are not exported."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import torch
from peft import AutoPeftModelForCausalLM
from safetensors.torch import load_file, save_file
from serve_fixtures import ask, running_server, text_of, write_adapter
from transformers import AutoModelForCausalLM, AutoTokenizer

from maft.export.__main__ import main
from maft.model_folder.digests import RECORD, combined, file_digests
from maft.train.publishing import write_full

BUNDLED = Path(__file__).parents[2] / "models" / "tiny-arithmetic"
#: Of the random update: enough to change what is answered.
SHARE = 1.5
QUESTIONS = ["3+2*7+5-4*9=?", "1+8*4+2-7*5=?"]


def publish(folder: Path, agent: str) -> Path:
    """As the trainer does: a record with all digests, and the name that ends with the first of them."""
    digests = file_digests(folder)
    digest = combined(digests)
    (folder / RECORD).write_text(json.dumps({"files": digests, "finished": {"digest": digest}}))
    return folder.rename(folder.with_name(f"demo.i1.{agent}.{digest[:8]}"))


def digest_of(published: Path) -> str:
    return str(json.loads((published / RECORD).read_text())["finished"]["digest"])


def shaken(folder: Path) -> Path:
    """Other full weights than the bundled model's, stored as the trainer stores them."""
    model: Any = AutoModelForCausalLM.from_pretrained(BUNDLED)
    torch.manual_seed(0)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.2 * parameter.std())
    folder.mkdir()
    write_full(model, folder, BUNDLED, torch.float32)
    return folder


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    publish(shaken(folder / "full"), "generation-1")
    publish(adapter_on(BUNDLED, folder / "adapter"), "critic-1")
    return folder


def adapter_on(base: Path, folder: Path) -> Path:
    write_adapter(base, folder)
    (folder / "README.md").unlink(missing_ok=True)
    tensors = {name: tensor * SHARE for name, tensor in load_file(folder / "adapter_model.safetensors").items()}
    save_file(tensors, folder / "adapter_model.safetensors", metadata={"format": "pt"})
    return folder


@pytest.fixture(scope="module")
def client(models: Path) -> Iterator[httpx.Client]:
    with running_server(BUNDLED, "--models", str(models)) as running:
        yield running


def published(models: Path, agent: str) -> Path:
    return next(models.glob(f"demo.i1.{agent}.*"))


def exported(form: str, weights: Path, out: Path, *, base: Path = BUNDLED, **extra: str) -> Path:
    out.mkdir()
    options = [part for name, value in extra.items() for part in (f"--{name.replace('_', '-')}", value)]
    arguments = [form, "--weights", str(weights), "--digest", digest_of(weights), "--base", str(base)]
    assert main([*arguments, "--out", str(out), *options]) == 0
    return out


def greedy(model: Any, folder: Path) -> list[str]:
    """Answers as a user elsewhere gets them: the folder's own tokenizer, template and generation configuration."""
    tokenizer: Any = AutoTokenizer.from_pretrained(folder)
    answers = []
    for question in QUESTIONS:
        chat = [{"role": "user", "content": question}]
        prompt = tokenizer.apply_chat_template(chat, add_generation_prompt=True, return_tensors="pt", return_dict=True)
        written = model.generate(**prompt, do_sample=False, max_new_tokens=60)
        answers.append(tokenizer.decode(written[0, prompt["input_ids"].shape[1] :], skip_special_tokens=True))
    return answers


def served(client: httpx.Client, model: str) -> list[str]:
    return [text_of(ask(client, model, question, temperature=0, max_tokens=60)) for question in QUESTIONS]


@pytest.mark.parametrize("agent", ["generation-1", "critic-1"])
def test_a_merged_folder_answers_greedily_as_the_server_does(
    agent: str, models: Path, client: httpx.Client, tmp_path: Path
) -> None:
    weights = published(models, agent)
    folder = exported("merged", weights, tmp_path / agent)
    answers = greedy(AutoModelForCausalLM.from_pretrained(folder), folder)
    assert answers == served(client, weights.name)
    assert answers != served(client, BUNDLED.name)
    assert sorted(path.name for path in folder.iterdir()) == [
        "chat_template.jinja", "config.json", "generation_config.json", "model.safetensors", "tokenizer.json",
        "tokenizer_config.json",
    ]  # fmt: skip
    assert [path.name for path in tmp_path.iterdir()] == [agent]


def test_peft_loads_an_exported_adapter_by_what_it_says_alone(
    models: Path, client: httpx.Client, tmp_path: Path
) -> None:
    weights = published(models, "critic-1")
    folder = exported("peft", weights, tmp_path / "critic-1", base_name=str(BUNDLED))
    assert greedy(AutoPeftModelForCausalLM.from_pretrained(folder), folder) == served(client, weights.name)


def test_an_adapter_names_its_base_and_the_commit_of_it(models: Path, tmp_path: Path) -> None:
    name = {"base_name": "owner/name", "base_revision": "0" * 40}
    folder = exported("peft", published(models, "critic-1"), tmp_path / "critic-1", **name)
    config = json.loads((folder / "adapter_config.json").read_text())
    assert (config["base_model_name_or_path"], config["revision"]) == ("owner/name", "0" * 40)


def test_an_adapter_is_merged_in_the_number_format_of_its_base_for_those_whom_the_umask_lets_read(
    tmp_path: Path,
) -> None:
    base = tmp_path / "base"
    shutil.copytree(BUNDLED, base)
    (base / "LICENSE").write_text("terms")
    AutoModelForCausalLM.from_pretrained(BUNDLED, dtype=torch.bfloat16).save_pretrained(base)
    weights = publish(adapter_on(base, tmp_path / "adapter"), "critic-1")
    mask = os.umask(0o027)
    folder = exported("merged", weights, tmp_path / "merged", base=base)
    os.umask(mask)
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o640}
    assert {tensor.dtype for tensor in load_file(folder / "model.safetensors").values()} == {torch.bfloat16}
    assert str(tmp_path) not in (folder / "config.json").read_text()
    assert (folder / "LICENSE").read_text() == "terms"


@pytest.mark.parametrize("form", ["peft", "merged"])
def test_weights_that_are_not_those_published_are_refused_by_the_first_changed_file(
    form: str, models: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    weights = published(models, "critic-1")
    changed = shutil.copytree(weights, tmp_path / weights.name)
    config = changed / "adapter_config.json"
    config.write_text(config.read_text().replace('"lora_alpha": 8', '"lora_alpha": 9'))
    (tmp_path / "out").mkdir()
    arguments = [form, "--weights", str(changed), "--base", str(BUNDLED), "--out", str(tmp_path / "out")]
    assert main(arguments) == 2
    said = capsys.readouterr().err
    assert f"{changed} is not what was published: the SHA-256 of adapter_config.json should be" in said
    assert "Traceback" not in said


def test_weights_of_another_training_under_the_same_name_are_refused(
    models: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    weights = published(models, "generation-1")
    arguments = ["merged", "--weights", str(weights), "--digest", digest_of(weights)[:8] + "0" * 56]
    assert main([*arguments, "--out", str(tmp_path)]) == 2
    assert "(in its run's record)" in capsys.readouterr().err


def test_an_adapter_that_does_not_fit_its_base_is_refused_in_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    weights = publish(adapter_on(BUNDLED, tmp_path / "adapter"), "critic-1")
    other = shutil.copytree(BUNDLED, tmp_path / "other")
    (other / "model.safetensors").unlink()
    (tmp_path / "out").mkdir()
    capsys.readouterr()
    assert main(["merged", "--weights", str(weights), "--base", str(other), "--out", str(tmp_path / "out")]) == 2
    said = capsys.readouterr().err.strip().split("\n")
    assert len(said) == 1 and "cannot be exported: it holds no model.safetensors" in said[0]
