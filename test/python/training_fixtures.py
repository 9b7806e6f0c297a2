"""A plugin of the trainer's tests: one random base model for all of them."""

from __future__ import annotations

from pathlib import Path

import pytest
from tiny_llama import write_tiny_llama


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_llama(tmp_path_factory.mktemp("models") / "base")
