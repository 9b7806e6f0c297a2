"""A published model is served and trained on only as it was published."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from serve_fixtures import ask, error_of, running_server, write_lively
from training_jobs import example, job_record, run_here, write_training_set

from maft.model_folder.digests import RECORD, require_unchanged
from maft.model_folder.errors import ChangedFiles

WEIGHTS = "model.safetensors"
LORA = {"lora": {"rank": 4, "alpha": 8, "dropout": 0}}


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_lively(tmp_path_factory.mktemp("digests") / "base")


@pytest.fixture(scope="module")
def published(base: Path) -> Path:
    """What the trainer publishes, under the name that the run gives it."""
    return publish(base, "full")


@pytest.fixture(scope="module")
def client(base: Path, published: Path) -> Iterator[httpx.Client]:
    with running_server(base, "--models", str(published.parent)) as running:
        yield running


def train(base: Path, folder: Path, **changes: Any) -> tuple[int, list[dict[str, Any]]]:
    folder.mkdir(exist_ok=True)
    data = write_training_set(folder / "set.jsonl", [example(1)])
    return run_here(folder, job_record(base, data, folder, epochs=1, servedBase="base", **changes))


def publish(base: Path, agent: str, **changes: Any) -> Path:
    code, events = train(base, base.parent / f"training-{agent}", **changes)
    assert code == 0
    target: Path = base.parent / "models" / f"demo.v2.i1.{agent}.{events[-1]['digest'][:8]}"
    target.parent.mkdir(exist_ok=True)
    return (base.parent / f"training-{agent}" / "output").rename(target)


def flip_a_bit(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[-5] ^= 1
    file.write_bytes(content)


def copy_of(published: Path, folder: Path) -> Path:
    return Path(shutil.copytree(published, folder / published.name))


def bit_flipped(folder: Path) -> None:
    flip_a_bit(folder / WEIGHTS)


def file_missing(folder: Path) -> None:
    (folder / "generation_config.json").unlink()


def file_added(folder: Path) -> None:
    (folder / "chat_template.json").write_text("{}")


def record_torn(folder: Path) -> None:
    (folder / RECORD).write_text((folder / RECORD).read_text()[:100])


def record_of_another_model(folder: Path) -> None:
    bit_flipped(folder)
    recorded = json.loads((folder / RECORD).read_text())
    recorded["finished"]["digest"] = "0" * 64
    (folder / RECORD).write_text(json.dumps(recorded))


def record_gone_and_bit_flipped(folder: Path) -> None:
    (folder / RECORD).unlink()
    bit_flipped(folder)


CHANGED: dict[Callable[[Path], None], str] = {
    bit_flipped: f"the SHA-256 of {WEIGHTS} should be",
    file_missing: "generation_config.json is missing",
    file_added: "chat_template.json was added",
    record_torn: f"its record {RECORD} cannot be read",
    record_of_another_model: f"the SHA-256 of {WEIGHTS} should be",
    record_gone_and_bit_flipped: "the SHA-256 of its content should be",
}


@pytest.mark.parametrize("change", CHANGED, ids=lambda change: change.__name__)
def test_whatever_of_a_published_folder_changes_is_named_with_its_cure(
    published: Path, tmp_path: Path, change: Any
) -> None:
    folder = copy_of(published, tmp_path)
    assert require_unchanged(folder)
    change(folder)
    with pytest.raises(ChangedFiles) as error:
        require_unchanged(folder)
    assert CHANGED[change] in str(error.value)
    assert str(error.value).endswith("or remove it and start the run demo.v2 again, which trains it again.")


def test_a_folder_that_was_published_under_another_digest_is_told_by_its_name(published: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(published, tmp_path / "demo.v2.i1.full.01234567"))
    with pytest.raises(ChangedFiles, match=r"should be 01234567… \(in its name\)"):
        require_unchanged(folder)


def test_what_does_not_decide_what_a_model_says_may_change(published: Path, tmp_path: Path) -> None:
    folder = copy_of(published, tmp_path)
    (folder / "README.md").write_text("# A card")
    (folder / ".DS_Store").write_bytes(b"\0")
    assert require_unchanged(folder) == require_unchanged(published)


def test_a_record_without_the_files_digests_is_checked_as_a_whole(published: Path, tmp_path: Path) -> None:
    """Of an earlier version."""
    folder = copy_of(published, tmp_path)
    recorded = json.loads((folder / RECORD).read_text())
    del recorded["files"]
    (folder / RECORD).write_text(json.dumps(recorded))
    assert require_unchanged(folder)
    flip_a_bit(folder / WEIGHTS)
    with pytest.raises(ChangedFiles, match="SHA-256 of its content"):
        require_unchanged(folder)


def test_the_server_tells_the_digest_that_it_checks_or_that_none_is_recorded(
    client: httpx.Client, published: Path
) -> None:
    recorded = json.loads((published / RECORD).read_text())["finished"]["digest"]
    assert client.get(f"/v1/models/{published.name}").json()["digest"] == recorded
    assert client.get("/v1/models/base").json()["digest"] is None
    assert ask(client, published.name)["choices"]


@pytest.mark.parametrize("weights", ["full", LORA], ids=["full", "lora"])
def test_a_version_with_one_bit_flipped_is_an_outage_and_the_others_are_served(
    client: httpx.Client, base: Path, weights: Any
) -> None:
    folder = publish(base, "flipped", weights=weights, seed=7)
    (file,) = folder.glob("*.safetensors")
    flip_a_bit(file)
    body = {"model": folder.name, "messages": [{"role": "user", "content": "1+2"}]}
    response = client.post("/v1/chat/completions", json=body)
    assert (response.status_code, error_of(response)["code"]) == (503, "model_changed")
    # Longer than a run waits for: it pauses at once.
    assert int(response.headers["retry-after"]) > 600
    assert f"the SHA-256 of {file.name} should be" in error_of(response)["message"]
    assert ask(client, "base")["choices"]
    shutil.rmtree(folder)
    shutil.rmtree(base.parent / "training-flipped")


@pytest.mark.parametrize("weights", ["full", LORA], ids=["full", "lora"])
def test_a_training_does_not_start_from_weights_with_one_bit_flipped(base: Path, tmp_path: Path, weights: Any) -> None:
    code, events = train(base, tmp_path / "first", weights=weights)
    assert code == 0
    start = (tmp_path / "first" / "output").rename(tmp_path / "first" / "start")
    (file,) = start.glob("*.safetensors")
    flip_a_bit(file)
    code, events = train(base, tmp_path / "second", weights=weights, startFrom=str(start))
    assert (code, events[-1]["kind"]) == (7, "changed-weights")
    assert f"the SHA-256 of {file.name} should be" in events[-1]["message"]
