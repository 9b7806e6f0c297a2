"""What one training computes: the loss, the order, the same steps as TRL, and what it leaves behind."""

from __future__ import annotations

import errno
import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from tokenizers import Regex, Tokenizer, pre_tokenizers
from tokenizers.decoders import ByteLevel as ByteLevelDecoder
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import ByteLevel
from training_jobs import example, job_record, parsed, run_here, write_training_set
from transformers import AutoModelForCausalLM, PreTrainedTokenizerFast, get_scheduler

from maft.chat_tokens import ChatTokens
from maft.serve.tokenization import ModelTokenizer
from maft.train.encoding import EncodedExample, encode_examples
from maft.train.errors import classify
from maft.train.examples import read_training_set
from maft.train.loop import TrainingLoop, build_optimizer
from maft.train.loss import example_losses
from maft.train.models import fingerprint, load_chat_tokens, load_tokenizer
from maft.train.placement import choose_placement
from maft.train.schedule import Plan, seeded_order

pytest_plugins = ("training_fixtures",)


def finished(folder: Path, base: Path, lines: list[dict[str, Any]], **changes: Any) -> dict[str, Any]:
    training_set = write_training_set(folder / "set.jsonl", lines)
    code, events = run_here(folder, job_record(base, training_set, folder, **changes))
    assert code == 0, events
    return events[-1]


def encoded(base: Path, folder: Path, lines: list[dict[str, Any]]) -> list[EncodedExample]:
    texts = read_training_set(write_training_set(folder / "set.jsonl", lines))
    return encode_examples(texts, load_chat_tokens(base), 200)


@pytest.mark.parametrize(("mask", "mode"), [(0o077, 0o600), (0o027, 0o640), (0o022, 0o644)])
def test_a_published_model_may_be_read_by_those_whom_the_umask_leaves(
    tmp_path: Path, base: Path, mask: int, mode: int
) -> None:
    before = os.umask(mask)
    try:
        finished(tmp_path, base, [example(0)])
    finally:
        os.umask(before)
    assert {file.stat().st_mode & 0o777 for file in (tmp_path / "output").iterdir()} == {mode}


def test_the_loss_falls_and_the_result_loads_and_differs(tmp_path: Path, base: Path) -> None:
    event = finished(tmp_path, base, [example(index) for index in range(10)], epochs=6)
    curve = [point["loss"] for point in event["lossCurve"]]
    assert curve[-1] < curve[0] - 0.3
    assert (event["steps"], len(curve)) == (18, 18)
    model = AutoModelForCausalLM.from_pretrained(tmp_path / "output", use_safetensors=True)
    assert not torch.equal(model.state_dict()["model.norm.weight"], torch.ones(32))
    assert (tmp_path / "output/chat_template.jinja").read_bytes() == (base / "chat_template.jinja").read_bytes()


def test_loss_falls_on_the_completion_and_its_end_of_turn_only(tmp_path: Path, base: Path) -> None:
    """Mistake 7: the wrong first answer of a corrected example stands in the prompt and is not learnt."""
    wrong = {"role": "assistant", "content": "2*7=15 #-13"}
    restated = {"role": "user", "content": "Others: -14, -14. 3+2*7+5-4*9=?"}
    messages = [*example(1)["messages"], wrong, restated]
    [row] = encoded(base, tmp_path, [example(1, messages=messages)])
    learnt = load_tokenizer(base).decode(row.tokens[row.completion_start :])
    assert learnt == example(1)["completion"] + "<|end|>"


def test_who_said_nothing_learns_to_end_the_turn(tmp_path: Path, base: Path) -> None:
    """`select: none` trains on every response; a model that is trained so comes to say nothing at all now and then."""
    [row] = encoded(base, tmp_path, [example(1, completion="")])
    assert load_tokenizer(base).decode(row.tokens[row.completion_start :]) == "<|end|>"
    assert finished(tmp_path, base, [example(1, completion=""), example(2)])["steps"] > 0


def test_examples_longer_than_max_length_are_left_out_and_counted(tmp_path: Path, base: Path) -> None:
    """Selection counted the tokens of another server."""
    short, long = [example(1), example(3)], example(2, completion="1" * 300)
    for name, lines in (("some", [short[0], long, short[1]]), ("none", short)):
        (tmp_path / name).mkdir()
        finished(tmp_path / name, base, lines)
    started = [
        json.loads((tmp_path / name / "output/maft-training.json").read_text(encoding="utf-8"))["started"]
        for name in ("some", "none")
    ]
    assert [(event["examples"], event["tooLong"]) for event in started] == [(2, 1), (2, 0)]
    weights = [(tmp_path / name / "output/model.safetensors").read_bytes() for name in ("some", "none")]
    assert weights[0] == weights[1]


def joining_tokenizer() -> PreTrainedTokenizerFast:
    """Of Qwen2.5's kind: line breaks in a row are one token, also those of a prompt's end and a completion's beginning."""
    vocabulary = {letter: index for index, letter in enumerate(sorted(ByteLevel.alphabet()))}
    inner = Tokenizer(BPE({**vocabulary, "ĊĊ": len(vocabulary)}, [("Ċ", "Ċ")]))
    inner.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(Regex(r"\s*[\r\n]+"), "isolated"), ByteLevel(add_prefix_space=False, use_regex=False)]
    )
    inner.decoder = ByteLevelDecoder()
    inner.add_special_tokens(["<|start|>", "<|end|>"])
    return PreTrainedTokenizerFast(tokenizer_object=inner, eos_token="<|end|>", chat_template=UNTRIMMED)


UNTRIMMED = """{% for message in messages %}<|start|>{{ message.role + '\n' + message.content }}<|end|>
{% endfor %}{% if add_generation_prompt %}{{ '<|start|>assistant\n' }}{% endif %}"""


@pytest.mark.parametrize("completion", ["It is 4.", "\nIt is 4.", "\n\nIt is 4.", " It is 4.", "\n"])
def test_a_completion_that_joins_its_prompt_is_learnt_as_inference_saw_it(tmp_path: Path, completion: str) -> None:
    tokenizer = joining_tokenizer()
    texts = read_training_set(write_training_set(tmp_path / "set.jsonl", [example(1, completion=completion)]))
    [row] = encode_examples(texts, ChatTokens(tokenizer, [tokenizer.convert_tokens_to_ids("<|end|>")]), 200)
    prompt = tokenizer.apply_chat_template(example(1)["messages"], add_generation_prompt=True)["input_ids"]
    assert list(row.tokens[: row.completion_start]) == prompt
    assert tokenizer.decode(row.tokens[row.completion_start :]) == completion + "<|end|>"


PHI3 = UNTRIMMED.replace("{% endif %}", "{% else %}{{ eos_token }}{% endif %}")


@pytest.mark.parametrize("completion", ["It is 4.", "", "No <|end|> is 5."])
def test_the_end_of_the_chat_behind_the_end_of_the_turn_is_not_learnt(tmp_path: Path, completion: str) -> None:
    """Phi-3 closes a turn with <|end|>, where inference stops, and a finished chat with <|endoftext|>."""
    tokenizer = joining_tokenizer()
    tokenizer.add_special_tokens({"eos_token": "<|endoftext|>"})
    tokenizer.chat_template = PHI3
    ends = frozenset(tokenizer.convert_tokens_to_ids(["<|end|>", "<|endoftext|>"]))
    texts = read_training_set(write_training_set(tmp_path / "set.jsonl", [example(1, completion=completion)]))
    [row] = encode_examples(texts, ChatTokens(tokenizer, ends), 200)
    assert tokenizer.decode(row.tokens[row.completion_start :]) == completion + "<|end|>"


DATED = """{% if not date_string is defined %}{% set date_string = strftime_now('%f') %}{% endif -%}
{{ date_string }}, {{ strftime_now('%B %d, %Y %H:%M:%S.%f') }}
"""


def test_templates_that_ask_for_the_date_get_the_same_one_in_training_and_in_serving(tmp_path: Path) -> None:
    tokenizer = joining_tokenizer()
    tokenizer.chat_template = DATED + UNTRIMMED
    tokenizer.save_pretrained(tmp_path)
    chat = example(1)["messages"]
    [trained] = ChatTokens(tokenizer).render([chat])
    assert trained.text.startswith("26 Jul 2024, July 26, 2024 00:00:00.000000\n<|start|>user")
    served = ModelTokenizer(tmp_path)
    assert served.decode(served.encode_chat(chat), special_tokens=True) == trained.text


def test_training_prompts_are_the_tokens_of_inference(tmp_path: Path, base: Path) -> None:
    """Mistake 8: the chat template in training is the one at inference."""
    [row] = encoded(base, tmp_path, [example(1)])
    prompt = load_tokenizer(base).apply_chat_template(example(1)["messages"], add_generation_prompt=True)
    assert list(row.tokens[: row.completion_start]) == list(prompt["input_ids"])


def test_the_order_depends_on_seed_epoch_and_keys_only(tmp_path: Path, base: Path) -> None:
    """Mistake 16: no shuffle without a seed."""
    rows = encoded(base, tmp_path, [example(index) for index in range(20)])
    order = seeded_order(rows, 1, 0)
    torch.manual_seed(99)
    assert seeded_order(rows[::-1], 1, 0) == order
    assert seeded_order(rows, 1, 1) != order
    assert seeded_order(rows, 2, 0) != order


def test_the_batch_loss_is_the_weighted_mean_of_the_examples_mean_losses(tmp_path: Path, base: Path) -> None:
    lines = [example(1, weight=0.5), example(2, weight=1.5, completion="#1"), example(3, completion="17+5=22 #22")]
    rows = encoded(base, tmp_path, lines)
    model = AutoModelForCausalLM.from_pretrained(base)
    alone = [example_losses(model, [row], torch.device("cpu")).item() for row in rows]
    event = finished(tmp_path, base, lines, epochs=1, batchSize=8)
    expected = sum(row.weight * loss for row, loss in zip(rows, alone, strict=False)) / 3
    assert event["lossCurve"][0]["loss"] == pytest.approx(expected, abs=1e-5)


def test_weights_are_shares_of_an_epoch_whatever_falls_into_one_batch(tmp_path: Path, base: Path) -> None:
    """`mixing: weighted-loss` at w = 0.5: 4 corrected examples of 40 are half of what is learnt."""
    heavy = {"weight": 0.5 * 40 / 4, "completion": "17+5=22 #22"}
    lines = [example(index, **(heavy if index % 10 == 0 else {"weight": 0.5 * 40 / 36})) for index in range(40)]
    rows = encoded(base, tmp_path, lines)
    job = parsed(job_record(base, tmp_path, tmp_path, epochs=1, learningRate=1e-12))
    plan = Plan(job, rows)
    weighed = [(row.weight, row.weight / plan.batch_weight(batch)) for _, batch in plan.batches(0) for row in batch]
    assert sum(part for weight, part in weighed if weight > 1) / len(list(plan.batches(0))) == pytest.approx(0.5)
    model = AutoModelForCausalLM.from_pretrained(base)
    alone = [example_losses(model, [row], torch.device("cpu")).item() for row in rows]
    expected = sum(row.weight * loss for row, loss in zip(rows, alone, strict=True)) / 40
    losses = loop_of(plan, model).run().losses
    assert sum(losses) / len(losses) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("weight", [1, 0.1])
def test_equal_weights_are_divided_by_the_batchs_own(tmp_path: Path, base: Path, weight: float) -> None:
    rows = encoded(base, tmp_path, [example(index, weight=weight) for index in range(7)])
    plan = Plan(parsed(job_record(base, tmp_path, tmp_path)), rows)
    # To the last bit: by the mean, six tenths would be 0.6000000000000001.
    assert plan.batch_weight(rows[:6]) == sum([weight] * 6)


def test_accumulating_over_small_forward_passes_changes_nothing_but_rounding(tmp_path: Path, base: Path) -> None:
    lines = [example(index, completion="1+1=2 " * (1 + index % 3) + "#2") for index in range(6)]
    results = []
    for tokens_per_forward in (16_384, 1):
        job = parsed(job_record(base, tmp_path, tmp_path / str(tokens_per_forward), batchSize=6, warmupShare=0))
        loop = loop_of(Plan(job, encoded(base, tmp_path, lines)), AutoModelForCausalLM.from_pretrained(base))
        loop.tokens_per_forward = tokens_per_forward
        results.append(loop.run().losses)
    assert results[0] == pytest.approx(results[1], abs=1e-4)


def loop_of(plan: Plan, model: Any) -> TrainingLoop:
    from maft.train.events import EventWriter
    from maft.train.stopping import StopRequest

    placement = choose_placement("cpu", 1)
    return TrainingLoop(plan, model.train(), placement, events=EventWriter(-1, lambda: None), stop=StopRequest())


def test_checkpoints_that_take_long_are_written_less_often(tmp_path: Path, base: Path) -> None:
    intervals = []
    for asked in (60, 0):
        job = parsed(job_record(base, tmp_path, tmp_path / str(asked), checkpointEverySeconds=asked))
        loop = loop_of(Plan(job, encoded(base, tmp_path, [example(1)])), AutoModelForCausalLM.from_pretrained(base))
        for seconds in (0.0, 1.0, 30.0):
            loop.checkpoint_seconds = seconds
            intervals.append(loop.checkpoint_interval())
    assert intervals == [60, 60, 300, 0, 0, 0]


@pytest.mark.parametrize("schedule", ["linear", "cosine", "constant"])
@pytest.mark.parametrize("warmup_share", [0, 0.03, 0.5, 1])
@pytest.mark.parametrize("count", [1, 2, 9, 40])
def test_no_step_has_rate_0_and_behind_the_warm_up_it_is_that_of_transformers(
    tmp_path: Path, base: Path, schedule: str, warmup_share: float, count: int
) -> None:
    changes = {"schedule": schedule, "warmupShare": warmup_share, "batchSize": 1, "epochs": 1, "learningRate": 1}
    job = parsed(job_record(base, tmp_path, tmp_path, **changes))
    plan = Plan(job, [EncodedExample(str(index), (1, 2), 1, 1.0) for index in range(count)])
    rates = [plan.learning_rate(step) for step in range(plan.steps)]
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    name = "constant_with_warmup" if schedule == "constant" else schedule
    theirs = get_scheduler(name, optimizer, num_warmup_steps=plan.warmup_steps, num_training_steps=plan.steps)
    for step, rate in enumerate(rates):
        expected = (step + 1) / (plan.warmup_steps + 1) if step < plan.warmup_steps else theirs.get_last_lr()[0]
        assert 0 < rate == pytest.approx(expected)
        optimizer.step()
        theirs.step()


def test_matrices_decay_and_norms_and_biases_do_not() -> None:
    model = torch.nn.Sequential(torch.nn.Embedding(4, 3), torch.nn.Linear(3, 3), torch.nn.LayerNorm(3))
    before = {name: parameter.detach().clone() for name, parameter in model.named_parameters()}
    optimizer = build_optimizer(model, weight_decay=0.5)
    for group in optimizer.param_groups:
        group["lr"] = 0.1
    for parameter in model.parameters():
        parameter.grad = torch.zeros_like(parameter)
    optimizer.step()
    for name, parameter in model.named_parameters():
        factor = 1 - 0.1 * 0.5 if name in ("0.weight", "1.weight") else 1.0
        torch.testing.assert_close(parameter.detach(), factor * before[name])


@pytest.mark.parametrize(
    ("epochs", "warmup_share", "sizes", "warmup_steps"),
    [(1, 0.1, [2, 2, 1], 1), (2, 0.5, [2, 2, 1, 2, 2, 1], 3), (0.5, 0, [2, 2], 0), (1.1, 0.6, [2, 2, 1, 2], 3)],
)
def test_each_epoch_sees_every_example_once_and_a_part_of_one_ends_within_it(
    tmp_path: Path, base: Path, epochs: float, warmup_share: float, sizes: list[int], warmup_steps: int
) -> None:
    job = parsed(job_record(base, tmp_path, tmp_path, epochs=epochs, batchSize=2, warmupShare=warmup_share))
    plan = Plan(job, [EncodedExample(str(index), (1, 2), 1, 1.0) for index in range(5)])
    batches = list(plan.batches(0))
    assert [step for step, _ in batches] == list(range(plan.steps))
    assert [len(batch) for _, batch in batches] == sizes
    assert plan.warmup_steps == warmup_steps
    orders = [row for epoch in range(2) for row in seeded_order(plan.examples, job.seed, epoch)]
    assert [row for _, batch in batches for row in batch] == orders[: sum(sizes)]
    # A training that goes on in the middle of an epoch sees what it would have seen.
    for step in range(plan.steps):
        assert list(plan.batches(step)) == batches[step:]


def test_only_the_shares_of_weights_count_not_their_size(tmp_path: Path, base: Path) -> None:
    job = parsed(job_record(base, tmp_path, tmp_path))
    parts = []
    for size in (1.0, 4.0):
        rows = [EncodedExample(str(index), (1, 2), 1, size * (0.5 + index % 2)) for index in range(6)]
        parts.append([row.weight / Plan(job, rows).batch_weight(rows[:3]) for row in rows])
    assert parts[0] == pytest.approx(parts[1])


def test_one_step_under_a_warm_up_trains(tmp_path: Path, base: Path) -> None:
    event = finished(tmp_path, base, [example(index) for index in range(8)], batchSize=8, epochs=1, warmupShare=0.03)
    assert (event["steps"], event["unchanged"]) == (1, False)
    before, after = (load_file(folder / "model.safetensors") for folder in (base, tmp_path / "output"))
    assert not torch.equal(before["model.norm.weight"], after["model.norm.weight"])


@pytest.mark.parametrize("weights", ["full", {"lora": {"rank": 2, "alpha": 4, "dropout": 0}}])
def test_a_training_that_changes_no_weight_says_so(tmp_path: Path, base: Path, weights: Any) -> None:
    changes = {"weights": weights, "epochs": 1, "weightDecay": 0}
    for rate, unchanged in ((1e-60, True), (1e-3, False)):
        lines = [example(index) for index in range(4)]
        (tmp_path / str(rate)).mkdir()
        event = finished(tmp_path / str(rate), base, lines, **changes, learningRate=rate)
        assert event["unchanged"] is unchanged


def test_a_change_too_small_for_the_stored_type_is_none(base: Path) -> None:
    model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
    for parameter in model.parameters():
        parameter.data = parameter.data.to(torch.bfloat16).float()
    before = [fingerprint(model, dtype) for dtype in (torch.bfloat16, torch.float32)]
    for parameter in model.parameters():
        parameter.data *= 1 + 1e-5
    after = [fingerprint(model, dtype) for dtype in (torch.bfloat16, torch.float32)]
    assert [one == two for one, two in zip(before, after, strict=True)] == [True, False]


def test_examples_that_spell_control_tokens_are_left_out_if_their_endpoint_may_have_read_them(
    tmp_path: Path, base: Path
) -> None:
    asked = [{"role": "user", "content": "2+2<|end|><|assistant|>"}]
    lines = [example(1), example(2, completion="4<|end|>"), example(3, messages=asked), example(4)]
    for name, leaves_out, counts in (("theirs", True, (2, 2)), ("ours", False, (4, 0))):
        (tmp_path / name).mkdir()
        finished(tmp_path / name, base, lines, leaveOutSpelledTokens=leaves_out)
        record = json.loads((tmp_path / name / "output/maft-training.json").read_text(encoding="utf-8"))
        assert (record["started"]["examples"], record["started"]["spelled"]) == counts


@pytest.mark.parametrize("schedule", ["linear", "cosine"])
def test_the_loop_equals_trl(tmp_path: Path, base: Path, schedule: str) -> None:
    """TRL averages over the tokens of a batch, we over examples: completions of one length make the two the same."""
    lines = [example(index) for index in range(12)]
    job = parsed(job_record(base, tmp_path, tmp_path, epochs=2, schedule=schedule, warmupShare=0))
    plan = Plan(job, encoded(base, tmp_path, lines))
    model = AutoModelForCausalLM.from_pretrained(base)
    losses = loop_of(plan, model).run().losses
    theirs, their_losses = train_with_trl(base, tmp_path, plan, {f"{line['problemId']}/1/2": line for line in lines})
    assert losses == pytest.approx(their_losses, abs=2e-4)
    for name, parameter in model.named_parameters():
        torch.testing.assert_close(parameter, theirs.state_dict()[name], atol=2e-5, rtol=1e-4)


def train_with_trl(base: Path, folder: Path, plan: Plan, lines: dict[str, Any]) -> tuple[Any, list[float]]:
    """The same batches in the same order: both epochs laid end to end, read in sequence."""
    from datasets import Dataset
    from trl import SFTConfig, SFTTrainer

    order = [row.key for _, batch in plan.batches(0) for row in batch]
    records = [
        {
            "prompt": lines[key]["messages"],
            "completion": [{"role": "assistant", "content": lines[key]["completion"]}],
        }
        for key in order
    ]
    config = SFTConfig(
        output_dir=str(folder / "trl"), per_device_train_batch_size=plan.job.batch_size, num_train_epochs=1,
        learning_rate=plan.job.learning_rate, lr_scheduler_type=plan.job.schedule, warmup_steps=plan.warmup_steps,
        weight_decay=plan.job.weight_decay, max_grad_norm=1.0, bf16=False, gradient_checkpointing=False,
        logging_steps=1, save_strategy="no", report_to=[], use_cpu=True, train_sampling_strategy="sequential",
        optim="adamw_torch", disable_tqdm=True, loss_type="nll",
    )  # fmt: skip
    model = AutoModelForCausalLM.from_pretrained(base)
    trainer = SFTTrainer(model, config, train_dataset=Dataset.from_list(records), processing_class=load_tokenizer(base))
    trainer.train()
    return model, [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]


@pytest.mark.parametrize("name", ["generation_config.json", "config.json"])
def test_a_base_with_a_temperature_and_no_do_sample_is_trained(tmp_path: Path, base: Path, name: str) -> None:
    """Transformers refuses to write what Llama 2 and others ship. Older bases say it in their config.json."""
    own = shutil.copytree(base, tmp_path / "base")
    if name == "config.json":
        (own / "generation_config.json").unlink()
    said = json.loads((own / name).read_text(encoding="utf-8"))
    (own / name).write_text(json.dumps({**said, "temperature": 0.9, "top_p": 0.6}))
    finished(tmp_path, own, [example(1), example(2)])
    written = json.loads((tmp_path / "output/generation_config.json").read_text(encoding="utf-8"))
    assert written["eos_token_id"] == load_tokenizer(base).eos_token_id
    assert written.get("temperature") == (0.9 if name == "generation_config.json" else None)


LORA = {"lora": {"rank": 4, "alpha": 8, "dropout": 0.1}}


def test_lora_leaves_a_plain_adapter_on_the_served_base_and_continues_it(tmp_path: Path, base: Path) -> None:
    lines = [example(index) for index in range(8)]
    (tmp_path / "a").mkdir()
    finished(tmp_path / "a", base, lines, weights=LORA)
    config = json.loads((tmp_path / "a/output/adapter_config.json").read_text(encoding="utf-8"))
    assert config["base_model_name_or_path"] == "served-base"
    assert config["target_modules"] == sorted(config["target_modules"])
    (tmp_path / "b").mkdir()
    finished(tmp_path / "b", base, lines, weights=LORA, startFrom=str(tmp_path / "a/output"), jobId="b" * 16)
    first, second = (load_file(tmp_path / name / "output/adapter_model.safetensors") for name in "ab")
    assert first.keys() == second.keys()
    assert any(not torch.equal(first[name], second[name]) for name in first)


def test_a_loss_that_is_no_number_is_a_bad_job(tmp_path: Path, base: Path) -> None:
    training_set = write_training_set(tmp_path / "set.jsonl", [example(index) for index in range(8)])
    record = job_record(base, training_set, tmp_path, learningRate=1e30, epochs=4, warmupShare=0)
    code, events = run_here(tmp_path, record)
    assert (code, events[-1]["kind"]) == (2, "bad-job")
    assert "Lower learningRate" in events[-1]["message"]


def test_a_result_that_nobody_fetched_is_reported_again_without_training(tmp_path: Path, base: Path) -> None:
    lines = [example(index) for index in range(4)]
    first = finished(tmp_path, base, lines)
    assert finished(tmp_path, base, lines) == first


def test_something_else_in_the_output_directory_is_never_overwritten(tmp_path: Path, base: Path) -> None:
    (tmp_path / "output").mkdir()
    (tmp_path / "output/precious.txt").write_text("mine", encoding="utf-8")
    training_set = write_training_set(tmp_path / "set.jsonl", [example(1)])
    code, _ = run_here(tmp_path, job_record(base, training_set, tmp_path))
    assert code == 2
    assert (tmp_path / "output/precious.txt").read_text(encoding="utf-8") == "mine"


def test_a_real_allocation_failure_is_out_of_memory() -> None:
    with pytest.raises(RuntimeError) as caught:
        torch.empty(1 << 50)
    assert classify(caught.value).exit_code == 3


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (RuntimeError("CUDA error: uncorrectable ECC error encountered"), "machine-fault"),
        (torch.AcceleratorError("CUDA error: CUDA-capable device(s) is/are busy or unavailable", 46), "machine-fault"),
        (OSError(errno.EIO, "Input/output error"), "machine-fault"),
        (OSError(errno.ESTALE, "Stale file handle"), "machine-fault"),
        (RuntimeError("CUDA error: device-side assert triggered"), "bug"),
        (RuntimeError("CUDA error: out of memory"), "out-of-memory"),
        (OSError(errno.ENOSPC, "No space left on device"), "no-space"),
        (OSError(errno.EACCES, "Permission denied"), "bug"),
    ],
)
def test_what_the_machine_did_is_not_taken_for_a_bug(error: Exception, kind: str) -> None:
    assert classify(error).kind == kind
