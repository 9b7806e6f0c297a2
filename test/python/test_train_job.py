"""The job file and the training set at the border: what is wrong is named, and nothing is guessed."""

from __future__ import annotations

import errno
import fcntl
import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest
from training_jobs import ROOT, example, job_record, parsed, run_here, write_training_set

from maft.train.errors import BadJob, MachineFault
from maft.train.folders import folder_in_progress
from maft.train.job import Lora, Preference, read_job

pytest_plugins = ("training_fixtures",)
FIXTURE = ROOT / "test/fixtures/training-job.json"


def fixture() -> dict[str, Any]:
    record: dict[str, Any] = json.loads(FIXTURE.read_text(encoding="utf-8"))
    return record


def test_the_shared_fixture_is_a_job() -> None:
    job = parsed(fixture())
    assert job.lora == Lora(rank=16, alpha=32, dropout=0.05)
    assert (job.schedule, job.served_base, job.threads, job.learning_rate) == ("cosine", "base", 2, 0.0002)


@pytest.mark.parametrize("name", [name for name in fixture() if name != "loss"])
def test_a_missing_field_is_named(name: str) -> None:
    record = fixture()
    del record[name]
    with pytest.raises(BadJob, match=f"job.{name}: missing"):
        parsed(record)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("jobId", "xyz"), ("epochs", 0), ("epochs", "2"), ("learningRate", float("nan")), ("batchSize", 1.5),
        ("batchSize", True), ("schedule", "step"), ("warmupShare", 2), ("weightDecay", -1), ("device", "tpu"),
        ("threads", 0), ("weights", "half"), ("base", ""), ("seed", None),
        ("leaveOutSpelledTokens", 1),
    ],
)  # fmt: skip
def test_a_wrong_value_is_named_with_its_field(name: str, value: object) -> None:
    with pytest.raises(BadJob, match=f"job.{name}: .*, got"):
        parsed({**fixture(), name: value})


def test_a_job_may_name_a_loss_on_preferences() -> None:
    assert parsed(fixture()).loss == "supervised"
    job = parsed({**fixture(), "loss": {"kto": {"beta": 0.2}}})
    assert (job.loss, job.preference) == ("kto", Preference("kto", 0.2))
    for wrong in ("dpo", {}, {"dpo": {"beta": 0}}, {"dpo": {}}, {"dpo": {"beta": 1}, "kto": {"beta": 1}}, {"ipo": {}}):
        with pytest.raises(BadJob, match="job.loss"):
            parsed({**fixture(), "loss": wrong})


def test_unknown_fields_are_refused() -> None:
    with pytest.raises(BadJob, match="job.learning_rate: unknown field"):
        parsed({**fixture(), "learning_rate": 1})
    with pytest.raises(BadJob, match="job.weights.lora.r: unknown field"):
        parsed({**fixture(), "weights": {"lora": {"r": 1, "alpha": 1, "dropout": 0}}})


def failure(folder: Path, base: Path, lines: list[dict[str, Any]], **changes: Any) -> str:
    """The message with which a job is refused (exit code 2)."""
    training_set = write_training_set(folder / "set.jsonl", lines)
    code, events = run_here(folder, job_record(base, training_set, folder, **changes))
    assert code == 2
    assert events[-1]["kind"] == "bad-job"
    assert not (folder / "output").exists()
    return str(events[-1]["message"])


def test_a_set_of_examples_longer_than_max_length_is_refused_and_never_cut(tmp_path: Path, base: Path) -> None:
    message = failure(tmp_path, base, [example(2, completion="1" * 300)])
    assert "problem arithmetic-000002, member 1, round 2 has" in message
    assert "maxLength is 200" in message


def test_empty_training_sets_and_broken_lines_are_refused(tmp_path: Path, base: Path) -> None:
    assert "is empty" in failure(tmp_path, base, [])
    assert "is empty" in failure(tmp_path, base, [example(1, weight=0)])
    assert "set.jsonl:2.completion: must be a valid string, got null" in failure(
        tmp_path, base, [example(1), example(2, completion=None)]
    )
    assert "holds problem arithmetic-000001, member 1, round 2 twice" in failure(
        tmp_path, base, [example(1), example(1)]
    )
    assert "Cannot read the training set" in failure(tmp_path, base, [example(1)], trainingSet=str(tmp_path / "none"))


def test_folders_that_are_no_plain_model_are_refused(tmp_path: Path, base: Path) -> None:
    assert "it is not a model folder: it has no config.json" in failure(
        tmp_path, base, [example(1)], startFrom=str(tmp_path)
    )
    pickled = tmp_path / "pickled"
    pickled.mkdir()
    (pickled / "config.json").write_bytes((base / "config.json").read_bytes())
    (pickled / "pytorch_model.bin").write_bytes(b"\x80\x04.")
    assert "pickled weights" in failure(tmp_path, base, [example(1)], startFrom=str(pickled))
    (pickled / "model.safetensors").write_bytes(b"torn")
    assert "not a safetensors file, or is torn" in failure(tmp_path, base, [example(1)], startFrom=str(pickled))


def test_code_in_a_model_folder_is_never_run(tmp_path: Path, base: Path) -> None:
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    for file in base.iterdir():
        (foreign / file.name).write_bytes(file.read_bytes())
    config = json.loads((base / "config.json").read_text(encoding="utf-8"))
    config.update(model_type="foreign", auto_map={"AutoConfig": "code.C", "AutoModelForCausalLM": "code.M"})
    (foreign / "config.json").write_text(json.dumps(config), encoding="utf-8")
    (foreign / "code.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')", encoding="utf-8")
    assert "cannot be loaded" in failure(tmp_path, base, [example(1)], startFrom=str(foreign))
    assert not (tmp_path / "ran").exists()


def test_a_chat_that_the_template_refuses_is_named(tmp_path: Path, base: Path) -> None:
    system = example(2, messages=[{"role": "system", "content": "Be brief."}, {"role": "user", "content": "1+1"}])
    assert "refuses the chat of problem arithmetic-000002" in failure(tmp_path, base, [example(1), system])


def test_a_template_that_does_not_end_the_turn_is_refused_by_name(tmp_path: Path, base: Path) -> None:
    endless = copy_with_template(base, tmp_path / "endless", "{% for m in messages %}{{ m.content }}{% endfor %}")
    assert "No end-of-turn token follows an answer" in failure(tmp_path, endless, [example(1)])


def copy_with_template(base: Path, folder: Path, template: str) -> Path:
    folder.mkdir()
    for file in base.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    (folder / "chat_template.jinja").write_text(template, encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("[" * 100_000 + "]" * 100_000, "recursion limit exceeded"),
        ('{"jobId": "' + "0" * 2**20 + '"}', "larger than 1 MB"),
        ("\x00", "not JSON"),
    ],
)
def test_nonsense_as_a_job_is_one_sentence(content: str, words: str, tmp_path: Path) -> None:
    job = tmp_path / "job.json"
    job.write_text(content)
    with pytest.raises(BadJob, match=words):
        read_job(job)


def test_a_device_that_never_ends_is_no_job() -> None:
    with pytest.raises(BadJob, match="larger than 1 MB"):
        read_job(Path("/dev/zero"))


def test_a_store_without_locks_is_trouble_of_the_machine_not_a_bug(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_locks(descriptor: int, operation: int) -> None:
        raise OSError(errno.ENOTSUP, "Operation not supported")

    monkeypatch.setattr(fcntl, "flock", no_locks)
    with pytest.raises(MachineFault, match=r"has no locks .* Set MAFT_STORE"), folder_in_progress(tmp_path, "test"):
        pass


def test_the_benchmark_writes_jobs_that_the_trainer_takes(tmp_path: Path) -> None:
    file = Path(__file__).parents[2] / "bench" / "training.py"
    spec = importlib.util.spec_from_file_location("bench_training", file)
    assert spec is not None and spec.loader is not None
    bench = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(bench)
    out = tmp_path / "out"
    out.mkdir()
    assert read_job(bench.write_job(tmp_path, "critic-1", 1, out)).epochs == 2
