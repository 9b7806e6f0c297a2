"""DPO and KTO: what is compared with what, the reference they start from, and the same losses and weights as TRL."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from datasets import Dataset
from safetensors.torch import load_file
from training_jobs import example, job_record, parsed, run_here, write_training_set
from transformers import AutoModelForCausalLM
from trl import DPOConfig, DPOTrainer, KTOConfig, KTOTrainer

from maft.train.encoding import EncodedExample
from maft.train.events import EventWriter
from maft.train.examples import read_training_set
from maft.train.job import TrainingJob
from maft.train.loop import TrainingLoop
from maft.train.models import load_chat_tokens, load_model, load_tokenizer
from maft.train.placement import choose_placement
from maft.train.preferences import encode_for, kto_losses
from maft.train.schedule import Plan
from maft.train.stopping import StopRequest

pytest_plugins = ("training_fixtures",)

WRONG = "2*7=15 4*9=36 3+15=18 #-13"
BETA = 0.3
#: A rate at which the losses move away from where they start within a few steps.
SETTINGS = {"batchSize": 4, "epochs": 1, "learningRate": 3e-3, "warmupShare": 0, "weightDecay": 0}
LORA = {"lora": {"rank": 4, "alpha": 8, "dropout": 0.0}}


def pairs() -> list[dict[str, Any]]:
    """Of uneven lengths, so that sums and means differ."""
    return [
        example(index, rejected=WRONG[: 10 + index], completion="17+5=22 " * (index % 3) + "#22") for index in range(12)
    ]


def labels() -> list[dict[str, Any]]:
    return [
        example(index, desirable=index % 3 > 0, completion="17+5=22 " * (index % 4) + f"#{index}")
        for index in range(12)
    ]


def prepared(
    folder: Path, base: Path, lines: list[dict[str, Any]], **changes: Any
) -> tuple[TrainingJob, list[EncodedExample]]:
    training_set = write_training_set(folder / "set.jsonl", lines)
    job = parsed(job_record(base, training_set, folder, **{**SETTINGS, **changes}))
    return job, encode_for(job, read_training_set(training_set, job.loss), load_chat_tokens(base))


def loop_of(job: TrainingJob, rows: list[EncodedExample], model: Any) -> TrainingLoop:
    quiet = EventWriter(-1, lambda: None)
    return TrainingLoop(Plan(job, rows), model.train(), choose_placement("cpu", 1), events=quiet, stop=StopRequest())


def their_training(
    trainer_class: Any, config_class: Any, base: Path, folder: Path, records: list[dict[str, Any]]
) -> Any:
    config = config_class(
        output_dir=str(folder / "trl"), per_device_train_batch_size=SETTINGS["batchSize"], num_train_epochs=1,
        learning_rate=SETTINGS["learningRate"], lr_scheduler_type="linear", beta=BETA, max_grad_norm=1.0, bf16=False,
        gradient_checkpointing=False, logging_steps=1, save_strategy="no", report_to=[], use_cpu=True,
        train_sampling_strategy="sequential", optim="adamw_torch", disable_tqdm=True, warmup_steps=0, weight_decay=0.0,
        max_length=None,
    )  # fmt: skip
    model = AutoModelForCausalLM.from_pretrained(base)
    trainer = trainer_class(
        model, args=config, train_dataset=Dataset.from_list(records), processing_class=load_tokenizer(base)
    )
    trainer.train()
    return model, [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]


def equal(ours: Any, losses: list[float], theirs: Any, their_losses: list[float]) -> None:
    assert losses == pytest.approx(their_losses, abs=1e-5)
    assert max(losses) - min(losses) > 1e-3
    for name, parameter in ours.named_parameters():
        # A thirtieth of a step: Adam makes a whole one of whatever sign a gradient next to nothing has.
        torch.testing.assert_close(parameter, theirs.state_dict()[name], atol=1e-4, rtol=1e-4)


def in_order(job: TrainingJob, rows: list[EncodedExample], lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The lines as the loop sees them, each with its prompt and completion as TRL names them."""
    by_key = {f"{line['problemId']}/1/2": line for line in lines}
    order = [by_key[row.key] for _, batch in Plan(job, rows).batches(0) for row in batch]
    said = [{"role": "assistant", "content": line["completion"]} for line in order]
    return [{**line, "prompt": line["messages"], "completion": [each]} for line, each in zip(order, said, strict=True)]


def test_dpo_equals_trl(tmp_path: Path, base: Path) -> None:
    job, rows = prepared(tmp_path, base, pairs(), loss={"dpo": {"beta": BETA}})
    model = AutoModelForCausalLM.from_pretrained(base)
    losses = loop_of(job, rows, model).run().losses
    records = [
        {
            "prompt": line["prompt"],
            "chosen": line["completion"],
            "rejected": [{"role": "assistant", "content": line["rejected"]}],
        }
        for line in in_order(job, rows, pairs())
    ]
    equal(model, losses, *their_training(DPOTrainer, DPOConfig, base, tmp_path, records))


def test_kto_equals_trl(tmp_path: Path, base: Path) -> None:
    """TRL pairs prompts with the completions of others by rotating each batch; here, so that both read the same, too."""
    job, rows = prepared(tmp_path, base, labels(), loss={"kto": {"beta": BETA}})
    rotated = [
        replace(row, beside=(*row.tokens[: row.completion_start], *before.tokens[before.completion_start :]))
        for _, batch in Plan(job, rows).batches(0)
        for row, before in zip(batch, [batch[-1], *batch[:-1]], strict=True)
    ]
    model = AutoModelForCausalLM.from_pretrained(base)
    losses = loop_of(job, rotated, model).run().losses
    records = [
        {"prompt": line["prompt"], "completion": line["completion"], "label": line["desirable"]}
        for line in in_order(job, rows, labels())
    ]
    equal(model, losses, *their_training(KTOTrainer, KTOConfig, base, tmp_path, records))


@pytest.mark.parametrize("weights", ["full", LORA])
def test_the_first_loss_is_that_of_no_change_at_all(tmp_path: Path, base: Path, weights: Any) -> None:
    """The reference is the model that training starts from: log 2 and 1/2 on the first batch, whatever the example."""
    for kind, lines, expected in (("dpo", pairs(), 0.693147), ("kto", labels(), 0.5)):
        job, rows = prepared(tmp_path, base, lines, loss={kind: {"beta": BETA}}, weights=weights)
        loop = loop_of(job, rows, load_model(job, choose_placement("cpu", 1))[0])
        assert loop.take_step(0, loop.plan.examples[:4]) == pytest.approx(expected, abs=1e-5)


def test_a_fresh_adapters_reference_is_the_base_with_the_adapter_off(tmp_path: Path, base: Path) -> None:
    job, rows = prepared(tmp_path, base, pairs(), loss={"dpo": {"beta": BETA}}, weights=LORA)
    model, _ = load_model(job, choose_placement("cpu", 1))
    loop = loop_of(job, rows, model)
    loop.run()
    with model.disable_adapter():
        off = loop.measure(rows)
    assert [row.reference[0] for row in loop.plan.examples] == pytest.approx(off.tolist(), abs=1e-4)
    assert float((loop.measure(rows) - off).abs().max()) > 0.01


def test_a_continued_adapters_reference_is_what_it_starts_from(tmp_path: Path, base: Path) -> None:
    """As in TRL, which copies the adapter: the base alone would be the reference of an agent that nobody trains."""
    changes = {"loss": {"dpo": {"beta": BETA}}, "weights": LORA}
    code, events = run_here(tmp_path, job_record(base, write_training_set(tmp_path / "set.jsonl", pairs()), tmp_path, **{**SETTINGS, **changes}))  # fmt: skip
    assert code == 0, events
    job, rows = prepared(tmp_path, base, pairs(), **changes, startFrom=str(tmp_path / "output"), workDirectory=str(tmp_path / "next"))  # fmt: skip
    loop = loop_of(job, rows, load_model(job, choose_placement("cpu", 1))[0])
    assert loop.take_step(0, loop.plan.examples[:4]) == pytest.approx(0.693147, abs=1e-5)


def test_a_resumed_training_keeps_the_reference_it_began_with(tmp_path: Path, base: Path) -> None:
    job, rows = prepared(tmp_path, base, pairs(), loss={"dpo": {"beta": BETA}}, checkpointEverySeconds=0)
    first = loop_of(job, rows, AutoModelForCausalLM.from_pretrained(base))
    first.run()
    again = loop_of(job, rows, AutoModelForCausalLM.from_pretrained(base))
    assert again.position.step > 0
    assert again.plan.examples == first.plan.examples


def test_forward_passes_that_hold_less_change_nothing_but_rounding(tmp_path: Path, base: Path) -> None:
    for kind, lines in (("dpo", pairs()), ("kto", labels())):
        results = []
        for name, tokens_per_forward in (("large", 16_384), ("small", 1)):
            (tmp_path / kind / name).mkdir(parents=True)
            job, rows = prepared(tmp_path / kind / name, base, lines, loss={kind: {"beta": BETA}})
            loop = loop_of(job, rows, AutoModelForCausalLM.from_pretrained(base))
            loop.tokens_per_forward = tokens_per_forward
            results.append(loop.run().losses)
        assert results[0] == pytest.approx(results[1], abs=1e-4)


def test_kto_pulls_both_kinds_of_examples_apart(tmp_path: Path, base: Path) -> None:
    job, rows = prepared(tmp_path, base, labels(), loss={"kto": {"beta": BETA}}, epochs=6)
    model = AutoModelForCausalLM.from_pretrained(base)
    loop = loop_of(job, rows, model)
    loop.run()
    gains = [now - row.reference[0] for now, row in zip(loop.measure(rows).tolist(), loop.plan.examples, strict=True)]
    mean = {kind: sum(g for g, row in zip(gains, rows, strict=True) if row.desirable is kind) for kind in (True, False)}
    assert mean[True] / 8 > mean[False] / 4


def test_a_mismatched_completion_is_another_prompts(tmp_path: Path, base: Path) -> None:
    _, rows = prepared(tmp_path, base, labels(), loss={"kto": {"beta": BETA}})
    completions = {row.tokens[row.completion_start :]: row.tokens[: row.completion_start] for row in rows}
    for row in rows:
        assert row.beside[: row.completion_start] == row.tokens[: row.completion_start]
        assert row.beside[row.completion_start :] in completions
        assert row.beside != row.tokens
    same_prompt = [example(1, member=member, desirable=True) for member in (1, 2)]
    _, alike = prepared(tmp_path, base, same_prompt, loss={"kto": {"beta": BETA}})
    assert [row.beside for row in alike] == [(), ()]


def test_a_pair_with_one_side_too_long_is_left_out_and_counted(tmp_path: Path, base: Path) -> None:
    lines = [*pairs(), example(99, rejected="1+1=2 " * 60)]
    training_set = write_training_set(tmp_path / "set.jsonl", lines)
    record = job_record(base, training_set, tmp_path, **{**SETTINGS, "loss": {"dpo": {"beta": 0.1}}})
    code, events = run_here(tmp_path, record)
    assert (code, events[0]["examples"], events[0]["tooLong"]) == (0, 12, 1)
    before, after = (load_file(folder / "model.safetensors") for folder in (base, tmp_path / "output"))
    assert not torch.equal(before["model.norm.weight"], after["model.norm.weight"])


@pytest.mark.parametrize(("loss", "fields"), [({}, {"rejected": "#1"}), ({"dpo": {"beta": 1}}, {}), ({"kto": {"beta": 1}}, {"rejected": "#1"})])  # fmt: skip
def test_a_set_that_was_selected_for_another_loss_is_refused(
    tmp_path: Path, base: Path, loss: dict[str, Any], fields: dict[str, str]
) -> None:
    training_set = write_training_set(tmp_path / "set.jsonl", [example(1, **fields)])
    code, events = run_here(tmp_path, job_record(base, training_set, tmp_path, **({"loss": loss} if loss else {})))
    assert (code, events[-1]["kind"]) == (2, "bad-job")
    assert "selected for" in json.dumps(events[-1])


def test_kto_losses_are_those_of_the_paper() -> None:
    rows = [EncodedExample(str(index), (1, 2), 1, 1.0, desirable=index == 0, reference=(-2.0, 0.0)) for index in (0, 1)]
    losses = kto_losses(rows, lambda given: torch.tensor([-1.0] * len(given)), 0.5, 0.25)
    assert losses.tolist() == pytest.approx([1 - torch.sigmoid(torch.tensor(sign * 0.375)).item() for sign in (1, -1)])
