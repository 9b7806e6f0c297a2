"""Each architecture with random weights, through a training of an adapter and into the server: both compute the same model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from model_families import FAMILIES, random_model
from training_jobs import example, job_record, run_here, write_training_set

from maft.peft_adapters import put_adapter
from maft.serve.loading import Loader
from maft.serve.scoring import score_texts
from maft.tiny.vocabulary import build_tokenizer
from maft.train.models import load_full

TEXT = [5, 9, 7, 11, 8, 6]


def write_base(family: str, folder: Path) -> Path:
    tokenizer = build_tokenizer()
    ends = {"pad_token_id": tokenizer.pad_token_id, "bos_token_id": None, "eos_token_id": tokenizer.eos_token_id}
    random_model(family, vocab_size=len(tokenizer), **ends).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def log_probabilities(model: Any) -> list[float]:
    with torch.inference_mode():
        scores = model(torch.tensor([TEXT])).logits[0].double().log_softmax(-1)
    return [float(scores[place, token]) for place, token in enumerate(TEXT[1:])]


@pytest.mark.parametrize("family", FAMILIES)
def test_an_adapter_learns_and_is_served_as_it_was_trained(family: str, tmp_path: Path) -> None:
    base = write_base(family, tmp_path / "base")
    lines = [example(index, completion="17+5=22 #22") for index in range(6)]
    lora = {"lora": {"rank": 4, "alpha": 8, "dropout": 0}}
    changes = {"weights": lora, "epochs": 4, "learningRate": 3e-3, "batchSize": 6, "warmupShare": 0}
    training_set = write_training_set(tmp_path / "set.jsonl", lines)
    code, events = run_here(tmp_path, job_record(base, training_set, tmp_path, **changes))
    assert code == 0, events[-1]
    curve = [point["loss"] for point in events[-1]["lossCurve"]]
    assert curve[-1] < curve[0]

    loader = Loader(torch.float32, torch.device("cpu"), 2**26)
    served_base = loader.load(base, None)
    served = loader.load(tmp_path / "output", (base, served_base))
    trained = put_adapter(load_full(base, "base", torch.float32)[0].eval(), tmp_path / "output").eval()
    own = log_probabilities(trained)
    assert score_texts(served, [TEXT], 0)[0].logprobs == pytest.approx(own, abs=2e-4)
    of_base = score_texts(served_base, [TEXT], 0)[0].logprobs
    assert max(abs(one - other) for one, other in zip(of_base, own, strict=True)) > 1e-2
