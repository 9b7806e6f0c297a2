"""What `maft export-data` writes, as its users read it: loaded with `datasets`, and prepared by TRL's own trainers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from datasets import Dataset, Value, load_dataset
from transformers import AutoModelForCausalLM
from trl import DPOConfig, DPOTrainer, KTOConfig, KTOTrainer, SFTConfig, SFTTrainer
from trl.data_utils import is_conversational

from maft.train.models import load_tokenizer

pytest_plugins = ("training_fixtures",)

#: Of test/domain/preferences.test.ts, which checks that the exporter writes exactly these files.
EXPORTED = Path(__file__).parents[1] / "fixtures" / "exported"
COLUMNS = {
    "sft": ["prompt", "completion"],
    "dpo": ["prompt", "chosen", "rejected"],
    "kto": ["prompt", "completion", "label"],
    "rewards": ["prompt", "completion", "reward"],
}
TRAINERS = {"sft": (SFTTrainer, SFTConfig), "dpo": (DPOTrainer, DPOConfig), "kto": (KTOTrainer, KTOConfig)}


def loaded(kind: str, cache: Path) -> Dataset:
    return load_dataset("json", data_files=str(EXPORTED / f"{kind}.jsonl"), split="train", cache_dir=str(cache))


@pytest.mark.parametrize("kind", COLUMNS)
def test_every_format_loads_with_datasets_and_is_conversational_to_trl(kind: str, tmp_path: Path) -> None:
    data = loaded(kind, tmp_path)
    assert data.column_names == COLUMNS[kind]
    assert all(is_conversational(row) for row in data)
    verdicts = {"kto": ("label", "bool"), "rewards": ("reward", "float64")}
    if kind in verdicts:
        column, stored = verdicts[kind]
        assert data.features[column] == Value(stored)
        assert set(data[column]) == {True, False}


@pytest.mark.parametrize("kind", TRAINERS)
def test_trl_trains_on_it_and_learns_the_exported_completions(kind: str, tmp_path: Path, base: Path) -> None:
    trainer_class, config_class = TRAINERS[kind]
    settings: dict[str, Any] = {
        "output_dir": str(tmp_path), "max_steps": 1, "per_device_train_batch_size": 2, "bf16": False, "use_cpu": True,
        "report_to": [], "save_strategy": "no", "disable_tqdm": True, "gradient_checkpointing": False,
    }  # fmt: skip
    tokenizer = load_tokenizer(base)
    trainer = trainer_class(
        AutoModelForCausalLM.from_pretrained(base),
        args=config_class(**settings),
        train_dataset=loaded(kind, tmp_path),
        processing_class=tokenizer,
    )
    trainer.train()
    assert trainer.state.global_step == 1
    text = tokenizer.decode(next(iter(trainer.get_train_dataloader()))["input_ids"][0])
    assert "critic-" in text and text.startswith("<|user|>p")
