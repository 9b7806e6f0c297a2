"""Dying and going on: real SIGKILLs, real disks' limits, two attempts at once; the weights come out the same."""

from __future__ import annotations

import json
import resource
import shutil
import signal
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file
from training_jobs import Trainer, example, job_record, run_here, run_process, write_job, write_training_set

from maft.train import folders
from maft.train.checkpoints import complete_checkpoints, is_complete

pytest_plugins = ("training_fixtures",)

LORA = {"lora": {"rank": 4, "alpha": 8, "dropout": 0.2}}


def prepare(folder: Path, base: Path, **changes: Any) -> dict[str, Any]:
    folder.mkdir(parents=True, exist_ok=True)
    preferred = {"dpo": {"rejected": "2*7=15 #-13"}, "kto": {"desirable": True}}
    fields = preferred.get(next(iter(changes.get("loss", {})), ""), {})
    training_set = write_training_set(folder / "set.jsonl", [example(index, **fields) for index in range(30)])
    return job_record(base, training_set, folder, **changes)


def digest(events: list[dict[str, Any]]) -> str:
    assert events[-1]["event"] == "finished", events[-1]
    return str(events[-1]["digest"])


@pytest.mark.parametrize(
    ("weights", "loss"), [("full", {}), (LORA, {}), (LORA, {"dpo": {"beta": 0.1}}), ("full", {"kto": {"beta": 0.1}})]
)
def test_kill_and_resume_gives_the_same_bytes(
    tmp_path: Path, base: Path, template: Trainer, weights: object, loss: dict[str, Any]
) -> None:
    """Killed twice, wherever it then is, a checkpoint half written included; equal to a run that nobody disturbed."""
    changes: dict[str, Any] = {"weights": weights, **({"loss": loss} if loss else {})}
    _, undisturbed = run_here(tmp_path / "a", prepare(tmp_path / "a", base, **changes))
    job = write_job(tmp_path / "b", prepare(tmp_path / "b", base, **changes, epochs=2, checkpointEverySeconds=0))
    for step in (3, 4):
        exit_, _ = template.run_forked(job, kill_at_step=step)
        assert exit_["signal"] == "SIGKILL"
    exit_, events = template.run_forked(job)
    assert exit_["code"] == 0
    assert events[0]["resumedFromStep"] >= 5
    assert digest(events) == digest(undisturbed)
    curves = [[point["loss"] for point in run[-1]["lossCurve"]] for run in (events, undisturbed)]
    assert curves[0] == curves[1]
    assert len(list((tmp_path / "b/work").glob("checkpoint-*"))) == 2
    assert not list((tmp_path / "b").rglob(f"{folders.PREFIX}*"))


def test_sigterm_checkpoints_and_exits_with_5(tmp_path: Path, base: Path) -> None:
    record = prepare(tmp_path, base, epochs=2000)
    trainer = Trainer("--job", str(write_job(tmp_path, record)), "--parent-fd", "0", forked=True)
    trainer.wait_for("step", 3)
    trainer.process.send_signal(signal.SIGTERM)
    code, events = trainer.finish()
    assert code == 5
    assert [event["event"] for event in events[-2:]] == ["checkpoint", "failed"]
    [newest] = complete_checkpoints(tmp_path / "work")
    assert newest.name == f"checkpoint-{events[-2]['step']}"


def test_a_dead_parent_ends_the_training(tmp_path: Path, base: Path) -> None:
    record = prepare(tmp_path, base, epochs=2000)
    trainer = Trainer("--job", str(write_job(tmp_path, record)), "--parent-fd", "0", forked=True)
    trainer.wait_for("step")
    assert trainer.process.stdin is not None
    trainer.process.stdin.close()
    assert trainer.process.wait(timeout=30) == 5
    trainer.close()


@pytest.mark.parametrize("weights", ["full", LORA])
def test_weights_that_no_text_reaches_have_no_moments_and_are_resumed(
    tmp_path: Path, seeing_base: Path, weights: object
) -> None:
    _, undisturbed = run_here(tmp_path / "a", prepare(tmp_path / "a", seeing_base, weights=weights))
    record = prepare(tmp_path / "b", seeing_base, weights=weights, checkpointEverySeconds=0)
    run_here(tmp_path / "b", record)
    shutil.rmtree(tmp_path / "b/output")
    _, events = run_here(tmp_path / "b", record)
    assert events[0]["resumedFromStep"] == events[0]["steps"] - 1
    assert digest(events) == digest(undisturbed)


def test_an_adapter_changes_only_what_reads_text(tmp_path: Path, seeing_base: Path) -> None:
    run_here(tmp_path, prepare(tmp_path, seeing_base, weights=LORA))
    names = load_file(tmp_path / "output/adapter_model.safetensors")
    assert all(".language_model.layers." in name for name in names)


def test_torn_checkpoints_are_never_trusted(tmp_path: Path, base: Path) -> None:
    _, undisturbed = run_here(tmp_path / "a", prepare(tmp_path / "a", base))
    record = prepare(tmp_path / "b", base, checkpointEverySeconds=0)
    run_here(tmp_path / "b", record)
    shutil.rmtree(tmp_path / "b/output")
    newest, older = complete_checkpoints(tmp_path / "b/work")
    weights = newest / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\x00")
    assert not is_complete(newest)
    (tmp_path / "b/work/checkpoint-99").mkdir()
    _, events = run_here(tmp_path / "b", record)
    assert events[0]["resumedFromStep"] == int(older.name.split("-")[1])
    assert digest(events) == digest(undisturbed)


def test_a_checkpoint_of_another_job_is_refused(tmp_path: Path, base: Path) -> None:
    run_here(tmp_path, prepare(tmp_path, base, checkpointEverySeconds=0))
    other = prepare(tmp_path, base, jobId="f" * 16, outputDirectory=str(tmp_path / "other"))
    code, events = run_here(tmp_path, other)
    assert code == 2
    assert "belongs to job 0123456789abcdef" in events[-1]["message"]


def test_two_attempts_at_once_give_one_result(tmp_path: Path, base: Path, template: Trainer) -> None:
    job = str(write_job(tmp_path, prepare(tmp_path, base, checkpointEverySeconds=0)))
    for name in "ab":
        template.send(run=job, id=name)
    messages = read_until_exits(template, 2)
    assert [message["exit"]["code"] for message in messages if "exit" in message] == [0, 0]
    digests = [message["event"]["digest"] for message in messages if "digest" in message.get("event", {})]
    assert digests == [digests[0]] * 2
    assert not list(tmp_path.rglob(f"{folders.PREFIX}*"))


def read_until_exits(template: Trainer, count: int) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = []
    while sum("exit" in message for message in messages) < count:
        messages.append(template.next())
    return messages


def test_no_space_left_is_exit_code_4_and_loses_nothing(tmp_path: Path, base: Path) -> None:
    """A limit on the size of files stands for the full disk: the same refusal in the middle of a write."""
    record = prepare(tmp_path, base, checkpointEverySeconds=0)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
    try:
        code, events = run_here(tmp_path, record)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert (code, events[-1]["kind"]) == (4, "no-space")
    assert list(complete_checkpoints(tmp_path / "work")) == []
    assert run_here(tmp_path, record)[0] == 0


def test_a_forked_training_gives_the_weights_of_a_fresh_process(tmp_path: Path, base: Path, template: Trainer) -> None:
    _, alone = run_process(tmp_path / "a", prepare(tmp_path / "a", base))
    _, forked = template.run_forked(write_job(tmp_path / "b", prepare(tmp_path / "b", base)))
    assert digest(forked) == digest(alone)


def test_children_end_with_a_killed_template(tmp_path: Path, base: Path) -> None:
    """The end of the events shows that all of them are gone; each has left a checkpoint."""
    template = Trainer("--template", forked=True)
    template.next()
    for name in "ab":
        record = prepare(tmp_path / name, base, epochs=5000)
        template.send(run=str(write_job(tmp_path / name, record)), id=name)
    started: set[str] = set()
    while len(started) < 2:
        message = template.next()
        if message.get("event", {}).get("event") == "step":
            started.add(message["id"])
    template.process.kill()
    # Reads to the end of the events: it comes only when no child holds them any more.
    template.finish()
    for name in "ab":
        assert len(list(complete_checkpoints(tmp_path / name / "work"))) == 1


def test_one_child_can_be_stopped_or_killed_and_the_others_go_on(tmp_path: Path, base: Path, template: Trainer) -> None:
    requests = {"stopped": "stop", "killed": "kill", "whole": None}
    for name in requests:
        record = prepare(tmp_path / name, base, epochs=20 if name == "whole" else 5000)
        template.send(run=str(write_job(tmp_path / name, record)), id=name)
    exits: dict[str, Any] = {}
    while len(exits) < 3:
        message = template.next()
        request = requests.get(message["id"]) if message.get("event", {}).get("event") == "step" else None
        if request is not None:
            template.send(**{request: message["id"]})
            requests[message["id"]] = None
        if "exit" in message:
            exits[message["id"]] = message["exit"]
    assert exits == {
        "stopped": {"code": 5, "signal": None},
        "killed": {"code": None, "signal": "SIGKILL"},
        "whole": {"code": 0, "signal": None},
    }


def test_the_record_of_the_result_names_its_job(tmp_path: Path, base: Path) -> None:
    run_here(tmp_path, prepare(tmp_path, base))
    record = json.loads((tmp_path / "output/maft-training.json").read_text(encoding="utf-8"))
    assert record["jobId"] == "0123456789abcdef"
