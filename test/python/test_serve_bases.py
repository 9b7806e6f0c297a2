"""One server for a mixed society: several base models, and every adapter over the base it was trained on."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import torch
from serve_fixtures import ask, command, environment, running_server, text_of, write_adapter, write_lively

from maft.serve.errors import BrokenModel
from maft.serve.loading import Loader
from maft.serve.metrics import Metrics
from maft.serve.versions import Versions


def test_further_bases_are_offered_and_each_answers_with_its_own_weights(tmp_path: Path) -> None:
    first = write_lively(tmp_path / "first", seed=0)
    second = write_lively(tmp_path / "second", seed=1)
    with running_server(first, "--base-name", "first", "--also", f"org/second={second}") as client:
        names = [model["id"] for model in client.get("/v1/models").json()["data"]]
        assert names == ["first", "org/second"]
        assert client.get("/v1/models/org/second").json()["id"] == "org/second"
        own = [text_of(ask(client, name, seed=3, temperature=0)) for name in names]
    with running_server(second, "--base-name", "org/second") as client:
        assert text_of(ask(client, "org/second", seed=3, temperature=0)) == own[1]
    assert own[0] != own[1]


def test_an_adapter_is_put_over_the_base_it_names(tmp_path: Path) -> None:
    first = write_lively(tmp_path / "first", seed=0)
    second = write_lively(tmp_path / "second", seed=1)
    models = tmp_path / "models"
    for name, base in (("over-first", first), ("over-second", second)):
        adapter = write_adapter(base, models / name, seed=5)
        config = json.loads((adapter / "adapter_config.json").read_text())
        config["base_model_name_or_path"] = base.name
        (adapter / "adapter_config.json").write_text(json.dumps(config))
    with running_server(first, "--also", f"second={second}", "--models", str(models)) as client:
        said = {name: text_of(ask(client, name, temperature=0)) for name in ("over-first", "over-second")}
    shutil.rmtree(models / "over-first")
    with running_server(second, "--models", str(models)) as client:
        assert text_of(ask(client, "over-second", temperature=0)) == said["over-second"]
    assert said["over-first"] != said["over-second"]


def test_an_adapter_of_an_unknown_base_is_put_over_the_only_one_and_never_over_one_of_several(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    first, second = (write_lively(tmp_path / name, seed=seed) for seed, name in enumerate(("first", "second")))
    write_adapter(first, tmp_path / "models" / "tuned")  # names its base by the path it was trained from
    loader = Loader(torch.float32, torch.device("cpu"), 2**28)
    options: dict[str, Any] = {"base": first, "base_name": "first", "models": tmp_path / "models", "most": 4}
    alone = Versions(loader, Metrics(), **options)
    for _ in range(2):
        alone.load_now("tuned")
    assert caplog.text.count(f"tuned belongs to the base {first}") == 1

    async def ask_several() -> None:
        with pytest.raises(BrokenModel, match=f"`{first}`.*'first', 'second'"):
            await Versions(loader, Metrics(), **options, further={"second": second}).acquire("tuned")

    asyncio.run(ask_several())


def test_a_further_base_that_is_no_model_is_refused_before_anything_is_loaded(tmp_path: Path) -> None:
    first = write_lively(tmp_path / "first")
    for extra, words in ((f"b={tmp_path / 'nowhere'}", "is not a folder"), ("b", "must be NAME=FOLDER")):
        ended = subprocess.run(command(first, "--also", extra), capture_output=True, text=True, env=environment())
        assert ended.returncode == 2 and words in ended.stderr
