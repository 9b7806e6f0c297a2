"""Whether float32 is batch-invariant on this machine is found out once, and again where anything may have changed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from serve_fixtures import write_lively

from maft.serve import measurements
from maft.serve.decoder import Decoder
from maft.serve.loading import Loader
from maft.serve.weights import DecoderWeights


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_lively(tmp_path_factory.mktemp("measurements") / "base")


def decoder_of(folder: Path, kept: Path | None) -> Decoder:
    """As a server that starts; `kept` are its measurements."""
    network: Any = Loader(None, torch.device("cpu"), 2**28, measurements=kept).load_full(folder)
    decoder: Decoder = network.decoder
    return decoder


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> list[int | None]:
    """Answers in the place of the kernels, used up one by one: least numbers of rows, None for float64."""
    answers: list[int | None] = []

    def answer(decoder: Decoder, weights: DecoderWeights) -> bool:
        rows = answers.pop(0)
        decoder.minimum_rows = rows or 32
        return rows is not None

    monkeypatch.setattr(measurements, "make_invariant", answer)
    return answers


def test_a_second_start_computes_as_the_first_without_measuring_again(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = decoder_of(folder, tmp_path / "kept")
    monkeypatch.setattr(measurements, "make_invariant", lambda *_: pytest.fail("measured again"))
    second = decoder_of(folder, tmp_path / "kept")
    assert (second.dtype, second.minimum_rows) == (first.dtype, first.minimum_rows)


@pytest.mark.parametrize(("found", "dtype"), [(4, torch.float32), (12, torch.float32), (None, torch.float64)])
def test_either_outcome_is_remembered(
    folder: Path, tmp_path: Path, measured: list[int | None], found: int | None, dtype: torch.dtype
) -> None:
    measured.append(found)
    for _ in range(2):
        decoder = decoder_of(folder, tmp_path)
        assert (decoder.dtype, decoder.minimum_rows) == (dtype, found or 1)
    assert measured == []


def test_without_a_folder_every_start_measures(folder: Path, measured: list[int | None]) -> None:
    measured += [4, 12]
    assert [decoder_of(folder, None).minimum_rows for _ in range(2)] == [4, 12]


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[: len(text) // 2],
        lambda text: "",
        lambda text: "[" * 100_000,
        lambda text: "null",
        lambda text: json.dumps({**json.loads(text), "minimumRows": 5}),
        lambda text: json.dumps({**json.loads(text), "minimumRows": [4]}),
        lambda text: json.dumps({"minimumRows": 4}),
        lambda text: text.replace("torch.float32", "torch.float64"),
    ],
    ids=["torn", "empty", "deep", "no record", "no such number", "no number", "of what?", "of something else"],
)
def test_a_damaged_record_is_measured_again_and_written_anew(
    folder: Path, tmp_path: Path, measured: list[int | None], damage: Callable[[str], str]
) -> None:
    measured += [4, 12]
    decoder_of(folder, tmp_path)
    [file] = tmp_path.iterdir()
    file.write_text(damage(file.read_text()))
    for _ in range(2):
        assert decoder_of(folder, tmp_path).minimum_rows == 12
    assert list(tmp_path.iterdir()) == [file]


CHANGES: dict[str, Callable[[pytest.MonkeyPatch], None]] = {
    "a variable that chooses kernels": lambda patch: patch.setenv("ATEN_CPU_CAPABILITY", "default"),
    "another build of torch": lambda patch: patch.setattr(torch.__config__, "show", lambda: "another"),
    "other threads": lambda patch: patch.setattr(torch.__config__, "parallel_info", lambda: "another"),
    "another processor": lambda patch: patch.setattr(measurements, "processor", lambda: "another"),
    "another check": lambda patch: patch.setattr(measurements, "sources", lambda: "another"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_other_circumstances_are_measured_for_themselves(
    folder: Path, tmp_path: Path, measured: list[int | None], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    measured += [4, 12]
    decoder_of(folder, tmp_path)
    with monkeypatch.context() as patch:
        CHANGES[name](patch)
        assert decoder_of(folder, tmp_path).minimum_rows == 12
    assert decoder_of(folder, tmp_path).minimum_rows == 4


def test_the_threads_in_use_are_among_the_circumstances(folder: Path, measured: list[int | None]) -> None:
    measured.append(4)
    decoder = decoder_of(folder, None)
    before = torch.get_num_threads()
    known = measurements.circumstances(decoder)
    try:
        torch.set_num_threads(before + 1)
        assert measurements.circumstances(decoder) != known
    finally:
        torch.set_num_threads(before)
    assert measurements.circumstances(decoder) == known


def test_models_of_another_shape_are_measured_for_themselves(tmp_path: Path, measured: list[int | None]) -> None:
    measured += [4, 12]
    folders = [write_lively(tmp_path / str(hidden), hidden=hidden) for hidden in (32, 64)]
    for _ in range(2):
        assert [decoder_of(folder, tmp_path / "kept").minimum_rows for folder in folders] == [4, 12]


def test_a_folder_that_cannot_be_written_costs_the_next_start_its_time_only(
    folder: Path, tmp_path: Path, measured: list[int | None]
) -> None:
    measured += [4, 12]
    (tmp_path / "kept").write_text("a file where the folder would be")
    assert [decoder_of(folder, tmp_path / "kept").minimum_rows for _ in range(2)] == [4, 12]
