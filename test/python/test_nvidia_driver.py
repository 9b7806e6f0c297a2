"""A driver that torch cannot use is said; no driver, or a GPU that works, is not."""

from __future__ import annotations

import os
import sys
import warnings
from pathlib import Path

import pytest
import torch
from training_jobs import ROOT

from maft import nvidia_driver
from maft.nvidia_driver import DRIVER_FILES, finds_cuda, finds_cuda_before_forking
from maft.serve.precision import choose_device
from maft.train.__main__ import prepare_environment
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


@pytest.mark.parametrize(
    ("answer", "usable", "said"),
    [
        ("""echo '{"reason": null}'""", True, ""),
        ("""echo '{"reason": "too old"}'""", False, "cannot use it (too old)"),
        ("echo 'Illegal instruction' >&2; exit 132", False, "(asking failed: Illegal instruction)"),
    ],
)
def test_who_forks_has_another_process_look(
    answer: str,
    usable: bool,
    said: str,
    driver: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    python = tmp_path / "python"
    python.write_text(f"#!/bin/sh\n{answer}\n", encoding="utf-8")
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    assert finds_cuda_before_forking([driver]) is usable
    assert said in capsys.readouterr().err
    assert not finds_cuda_before_forking([str(tmp_path / "none")])


def test_a_training_counts_no_gpu_whose_driver_is_too_old(
    driver: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """NVML is the driver's own and counts its GPUs, whatever torch's CUDA asks for."""
    monkeypatch.setattr(os, "environ", os.environ.copy())
    prepare_environment()
    monkeypatch.setattr(torch.cuda, "_device_count_nvml", lambda: 1)

    def count() -> int:
        warnings.warn(TOO_OLD, stacklevel=1)
        return 0

    monkeypatch.setattr(torch._C, "_cuda_getDeviceCount", count, raising=False)
    monkeypatch.setattr(nvidia_driver.finds_cuda, "__defaults__", ((driver,),))
    assert choose_placement("auto", 1).name == "cpu"
    assert "this runs on the CPU" in capsys.readouterr().err


def test_doctor_looks_for_the_same_files() -> None:
    source = (ROOT / "src/machine/setup/install-packages.ts").read_text(encoding="utf-8")
    assert [file for file in DRIVER_FILES if f"'{file}'" not in source] == []
