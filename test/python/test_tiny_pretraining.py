"""The recipe in small: same seed, same weights; interrupted or not; and what is published loads as any model does."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from tiny_process_speaker import ProcessSpeaker
from transformers import AutoModelForCausalLM, AutoTokenizer

from maft.tiny import __main__ as command
from maft.tiny import pretraining, speaker
from maft.tiny.card import render_card
from maft.tiny.checkpoints import newest_checkpoint
from maft.tiny.errors import BrokenCheckpoint, FolderTaken, RecipeMismatch
from maft.tiny.evaluation import evaluate
from maft.tiny.model import build_model
from maft.tiny.pretraining import Workplace, pretrain
from maft.tiny.process import misconceptions
from maft.tiny.publishing import publish
from maft.tiny.recipe import Recipe, standard_recipe
from maft.tiny.speaker import ModelSpeaker
from maft.tiny.vocabulary import build_tokenizer

Weights = dict[str, torch.Tensor]


class Killed(Exception):
    """Stands for the end of the process."""


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def small_recipe(seed: int = 0) -> Recipe:
    """Two steps, two and one, four rows each."""
    recipe = standard_recipe(seed, steps_scale=0.001)
    stages = (dataclasses.replace(stage, steps=steps) for stage, steps in zip(recipe.stages, (2, 2, 1), strict=True))
    return dataclasses.replace(recipe, stages=tuple(stages), batch_sizes=dict.fromkeys(recipe.batch_sizes, 4))


def workplace(folder: Path, lines: list[str] | None = None) -> Workplace:
    return Workplace(folder, checkpoint_every=2, report=(lines if lines is not None else []).append)


def weights_of(model: torch.nn.Module) -> Weights:
    return {name: value.clone() for name, value in model.state_dict().items()}


def same(left: Weights, right: Weights) -> bool:
    return left.keys() == right.keys() and all(torch.equal(left[name], right[name]) for name in left)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Weights:
    torch.set_num_threads(1)
    model, position = pretrain(small_recipe(), workplace(tmp_path_factory.mktemp("undisturbed")))
    assert position.total_steps == 5
    return weights_of(model)


def test_the_same_seed_gives_the_same_weights_and_another_seed_others(tmp_path, undisturbed):
    again, _ = pretrain(small_recipe(), workplace(tmp_path / "again"))
    other, _ = pretrain(small_recipe(seed=1), workplace(tmp_path / "other"))
    assert same(weights_of(again), undisturbed)
    assert not same(weights_of(other), undisturbed)
    assert not same(weights_of(build_model(0)), undisturbed)


@pytest.mark.parametrize("fatal_step", [1, 3, 4, 5])
def test_a_run_killed_at_any_step_and_resumed_equals_the_undisturbed_one(
    tmp_path, monkeypatch, undisturbed, fatal_step
):
    steps, train_on = iter(range(1, 100)), pretraining.train_on

    def dies(*arguments):
        if next(steps) == fatal_step:
            raise Killed
        return train_on(*arguments)

    lines: list[str] = []
    with monkeypatch.context() as patched, pytest.raises(Killed):
        patched.setattr(pretraining, "train_on", dies)
        pretrain(small_recipe(), workplace(tmp_path, lines))
    model, position = pretrain(small_recipe(), workplace(tmp_path, lines))
    assert same(weights_of(model), undisturbed)
    assert position.interruptions == (0 if fatal_step == 1 else 1)
    assert any("resuming" in line for line in lines) == (fatal_step > 1)


def test_a_finished_run_is_not_trained_again(tmp_path, monkeypatch, undisturbed):
    pretrain(small_recipe(), workplace(tmp_path))
    monkeypatch.setattr(pretraining, "train_on", None)
    model, position = pretrain(small_recipe(), workplace(tmp_path))
    assert position.total_steps == 5 and same(weights_of(model), undisturbed)


def test_checkpoints_of_another_recipe_and_broken_ones_are_refused(tmp_path):
    pretrain(small_recipe(), workplace(tmp_path))
    with pytest.raises(RecipeMismatch, match="another recipe or seed"):
        pretrain(small_recipe(seed=1), workplace(tmp_path))
    newest = newest_checkpoint(tmp_path)
    newest.write_bytes(newest.read_bytes()[:1000])
    with pytest.raises(BrokenCheckpoint, match=newest.name):
        pretrain(small_recipe(), workplace(tmp_path))
    save_file({"x": torch.zeros(1)}, newest)
    with pytest.raises(BrokenCheckpoint, match="is not a checkpoint"):
        pretrain(small_recipe(), workplace(tmp_path))


def test_an_interruption_after_the_last_step_is_none(tmp_path):
    pretrain(small_recipe(), workplace(tmp_path))
    assert pretrain(small_recipe(), workplace(tmp_path))[1].interruptions == 0


def test_bf16_trains_close_to_fp32_and_leaves_the_weights_in_fp32(tmp_path, undisturbed):
    recipe = dataclasses.replace(small_recipe(), precision="bf16")
    weights = weights_of(pretrain(recipe, workplace(tmp_path))[0])
    assert all(value.dtype == torch.float32 for value in weights.values())
    assert not same(weights, undisturbed)
    assert recipe.digest != small_recipe().digest
    difference = max(float((weights[name] - undisturbed[name]).abs().max()) for name in weights)
    assert 0 < difference < 0.05


def test_rates_warm_up_and_fall_to_a_twentieth_except_while_looking_up_is_learnt():
    recipe = standard_recipe()
    look_up, jobs, reading = (
        [recipe.learning_rate(stage, step) for step in range(stage.steps)] for stage in recipe.stages
    )
    assert look_up[0] < recipe.peak_rate / 50 and jobs[0] < recipe.peak_rate / 50
    assert set(look_up[100:]) == {recipe.peak_rate}
    assert max(jobs) == recipe.peak_rate and jobs.index(max(jobs)) in (99, 100)
    assert jobs[-1] == pytest.approx(recipe.peak_rate * 0.05, rel=0.01)
    assert max(reading) == pytest.approx(recipe.peak_rate / 3) and reading[-1] == pytest.approx(
        max(reading) / 20, rel=0.01
    )


def test_a_published_folder_loads_without_remote_code_and_says_the_same(tmp_path, monkeypatch):
    monkeypatch.setattr(speaker, "MAX_NEW_TOKENS", 4)
    model, recipe = build_model(3), small_recipe()
    report = evaluate(ModelSpeaker(model, build_tokenizer()), count=2)
    assert report.all_problems.reading.points is None
    out = tmp_path / "model"
    passing = evaluate(ProcessSpeaker(), count=40)
    publish(model, out, render_card(recipe, pretraining.Position(recipe.digest, stage=3), passing))
    loaded = AutoModelForCausalLM.from_pretrained(out, use_safetensors=True)
    assert same(weights_of(loaded), weights_of(model))
    assert sum(file.stat().st_size for file in out.iterdir()) <= 5_000_000
    assert not list(out.glob("*.bin")) and (out / "README.md").read_text().startswith("---\nlicense: mit")
    assert evaluate(ModelSpeaker(loaded, AutoTokenizer.from_pretrained(out)), count=2) == report
    with pytest.raises(FolderTaken, match="not empty"):
        publish(model, out, "again")


def test_the_card_says_first_what_was_built_in_and_that_it_is_no_evidence_about_language_models():
    recipe, report = standard_recipe(), evaluate(ProcessSpeaker(), count=40)
    position = pretraining.Position(recipe.digest, stage=3, seconds=3600, interruptions=2)
    card = render_card(recipe, position, report)
    first = " ".join(card.split("# tiny-arithmetic\n\n")[1].split("\n\n")[0].split())
    assert "misremember 20 of the 64 products" in first and "recognise the right value" in first
    assert "demonstrates that mechanism" in first and "no evidence that language models" in first
    assert "resumed: 2" in card and "| jobs | 2,800 | 0.003 |" in card
    assert f"| one answer, greedy | {report.greedy.in_words} |" in card
    assert f"| one misremembered product | {report.misremembered.reading.problems} |" in card
    assert all(f"{left}*{right}={wrong}" in card for (left, right), wrong in misconceptions(recipe.process).items())


def test_a_model_that_misses_the_gate_is_not_published_and_can_still_be_looked_at(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(speaker, "MAX_NEW_TOKENS", 4)
    monkeypatch.setattr("maft.tiny.recipe.standard_recipe", lambda seed, scale, precision: small_recipe(seed))
    out, work = tmp_path / "model", tmp_path / "work"
    trial = ["--out", str(out), "--work", str(work), "--steps-scale", "0.001", "--threads", "1"]
    assert command.main(trial) == 2
    said = capsys.readouterr()
    assert '"gate": {"passes": false' in said.out
    assert "was not written: the model misses the gate." in said.err
    assert "Summaries are right to the character in 0.0" in said.err and "Traceback" not in said.err
    assert not out.exists() and newest_checkpoint(work) is not None
    assert command.main(["export", str(work), str(tmp_path / "look"), "--threads", "1"]) == 0
    assert (tmp_path / "look" / "model.safetensors").is_file()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["evaluate", "{folder}"], "holds no config.json"),
        (["export", "{folder}", "{folder}/out"], "holds no checkpoint"),
        (["--out", "{folder}"], "not empty"),
    ],
)
def test_what_the_user_can_put_right_is_one_line_and_exit_code_2(tmp_path, capsys, arguments, message):
    (tmp_path / "something").write_text("here")
    assert command.main([argument.format(folder=tmp_path) for argument in [*arguments]]) == 2
    captured = capsys.readouterr().err
    assert message in captured and "Traceback" not in captured


@pytest.mark.parametrize("arguments", [[], ["--out", "x", "--steps-scale", "0"], ["--out", "x", "--threads", "none"]])
def test_bad_options_exit_with_code_2(arguments, capsys):
    with pytest.raises(SystemExit) as stopped:
        command.main(arguments)
    assert stopped.value.code == 2
    assert "usage:" in capsys.readouterr().err
