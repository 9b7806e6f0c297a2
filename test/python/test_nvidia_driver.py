"""A driver that torch cannot use is said; no driver, or a GPU that works, is not."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest
import torch
from training_jobs import ROOT

from maft import nvidia_driver
from maft.nvidia_driver import DRIVER_FILES, finds_cuda
from maft.serve.precision import choose_device
from maft.train.placement import choose_placement

TOO_OLD = (
    "CUDA initialization: The NVIDIA driver on your system is too old (found version 11040). Please update your GPU\n"
    "driver by downloading and installing a new version from the URL: http://www.nvidia.com/Download/index.aspx"
)


def refuse(patch: pytest.MonkeyPatch, said: str | None, cuda: str | None = "13.0") -> None:
    """Torch as it is where there is no CUDA for it."""

    def is_available() -> bool:
        if said is not None:
            warnings.warn(said, stacklevel=1)
        return False

    patch.setattr(torch.cuda, "is_available", is_available)
    patch.setattr(torch.version, "cuda", cuda)


@pytest.fixture
def driver(tmp_path: Path) -> str:
    file = tmp_path / "version"
    file.touch()
    return str(file)


@pytest.mark.parametrize(
    ("said", "cuda", "reason"),
    [
        (TOO_OLD, "13.0", "The NVIDIA driver on your system is too old (found version 11040)"),
        (None, "13.0", "it sees no device for its CUDA 13.0"),
        (None, None, "this torch was built without CUDA"),
    ],
)
def test_a_driver_that_torch_cannot_use_is_one_line(
    said: str | None,
    cuda: str | None,
    reason: str,
    driver: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    refuse(monkeypatch, said, cuda)
    assert not finds_cuda([driver])
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith("an NVIDIA driver is there, but torch cannot use it (") and reason in line


def test_nothing_is_said_without_a_driver_or_where_torch_can_use_it(
    driver: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    refuse(monkeypatch, None)
    assert not finds_cuda([str(tmp_path / "none")])
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert finds_cuda([driver])
    assert capsys.readouterr().err == ""


def test_server_and_trainer_say_it_where_the_device_is_auto_only(
    driver: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    refuse(monkeypatch, None)
    monkeypatch.setattr(nvidia_driver.finds_cuda, "__defaults__", ((driver,),))
    assert choose_device("cpu").type == choose_placement("cpu", 1).name == "cpu"
    assert capsys.readouterr().err == ""
    assert choose_device("auto").type == choose_placement("auto", 1).name == "cpu"
    assert len(capsys.readouterr().err.splitlines()) == 2


def test_doctor_looks_for_the_same_files() -> None:
    source = (ROOT / "src/setup/pip-install.ts").read_text(encoding="utf-8")
    assert [file for file in DRIVER_FILES if f"'{file}'" not in source] == []
