"""A plugin of the trainer's tests: one random base model for all of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tiny_llama import write_tiny_gemma, write_tiny_llama
from training_jobs import Trainer


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_llama(tmp_path_factory.mktemp("models") / "base")


@pytest.fixture(scope="session")
def seeing_base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_gemma(tmp_path_factory.mktemp("models") / "seeing-base")


@pytest.fixture(scope="session")
def template() -> Iterator[Trainer]:
    """One for all tests that need processes to kill: each cold start of torch costs seconds."""
    trainer = Trainer("--template")
    assert trainer.next() == {"ready": True, "accelerator": "cpu", "threads": 1}
    yield trainer
    assert trainer.process.stdin is not None
    trainer.process.stdin.close()
    assert trainer.finish() == (0, [])
