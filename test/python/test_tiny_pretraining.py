"""The recipe in small: same seed, same weights; interrupted or not; and what is published loads as any model does."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM, AutoTokenizer

from maft.tiny import __main__ as command
from maft.tiny import evaluation, pretraining
from maft.tiny.card import render_card
from maft.tiny.checkpoints import newest_checkpoint
from maft.tiny.errors import BrokenCheckpoint, FolderTaken, RecipeMismatch
from maft.tiny.evaluation import Accuracies, evaluate, vote
from maft.tiny.model import build_model
from maft.tiny.pretraining import Workplace, pretrain
from maft.tiny.publishing import publish
from maft.tiny.recipe import Recipe, standard_recipe
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
    """Three steps and two, four rows each."""
    recipe = standard_recipe(seed, steps_scale=0.001)
    first, second = (
        dataclasses.replace(stage, steps=steps) for stage, steps in zip(recipe.stages, (3, 2), strict=True)
    )
    return dataclasses.replace(recipe, stages=(first, second), batch_sizes=dict.fromkeys(recipe.batch_sizes, 4))


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
    with pytest.raises(BrokenCheckpoint, match="is no checkpoint"):
        pretrain(small_recipe(), workplace(tmp_path))


@pytest.mark.parametrize(("verdicts", "expected_stages"), [([True], 2), ([False, True], 3), ([False] * 9, 5)])
def test_extra_stages_follow_until_the_quality_is_there_three_at_most(tmp_path, monkeypatch, verdicts, expected_stages):
    recipe = small_recipe()
    recipe = dataclasses.replace(recipe, extra_stage=dataclasses.replace(recipe.stages[1], name="extra", steps=1))
    answers = iter(verdicts)
    monkeypatch.setattr(pretraining, "passes_gate", lambda *_: next(answers))
    _, position = pretrain(recipe, workplace(tmp_path))
    assert position.stage == expected_stages


def test_rates_warm_up_and_fall_to_a_twentieth_in_every_stage():
    recipe = standard_recipe()
    for stage in recipe.stages:
        rates = [recipe.learning_rate(stage, step) for step in range(stage.steps)]
        assert max(rates) == recipe.peak_rate and rates.index(max(rates)) in (99, 100)
        assert rates[-1] == pytest.approx(recipe.peak_rate * 0.05, rel=0.01)
        assert stage.drill_share(0) > stage.drill_share(stage.steps) == 0


def test_a_published_folder_loads_without_remote_code_and_evaluates(tmp_path, monkeypatch):
    monkeypatch.setattr(evaluation, "MAX_NEW_TOKENS", 4)
    model, recipe = build_model(3), small_recipe()
    accuracies = evaluate(model, build_tokenizer(), count=2)
    out = tmp_path / "model"
    publish(model, out, render_card(recipe, pretraining.Position(recipe.digest, stage=2), accuracies))
    loaded = AutoModelForCausalLM.from_pretrained(out, use_safetensors=True)
    assert same(weights_of(loaded), weights_of(model))
    assert sum(file.stat().st_size for file in out.iterdir()) <= 5_000_000
    assert not list(out.glob("*.bin")) and (out / "README.md").read_text().startswith("---\nlicense: mit")
    assert evaluate(loaded, AutoTokenizer.from_pretrained(out), count=2) == accuracies
    with pytest.raises(FolderTaken, match="not empty"):
        publish(model, out, "again")


def test_the_card_tells_of_interruptions_and_extra_stages():
    recipe = standard_recipe()
    accuracies = Accuracies(greedy=0.5, sampled=0.4, revised=0.4, summary=0.5, debated=0.4, problems=100, seed=0)
    position = pretraining.Position(recipe.digest, stage=3, seconds=3600, interruptions=2)
    card = render_card(recipe, position, accuracies)
    assert "1 extra stage(s) of 1,000 steps" in card and "| extra-1 |" in card and "resumed: 2" in card
    assert "| answer, greedy | 50.0 % ± 5.0 |" in card


def test_the_vote_counts_parsed_answers_only_and_takes_the_first_of_equals():
    assert vote(["1", "2", "2"]) == "2"
    assert vote(["3", "1", "2"]) == "3"
    assert vote([None, None, "4"]) == "4"
    assert vote([None, None]) is None


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
