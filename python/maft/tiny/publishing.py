"""The model as an ordinary Hugging Face folder."""

from __future__ import annotations

import shutil
from pathlib import Path
from uuid import uuid4

from transformers import LlamaForCausalLM

from maft.tiny.errors import FolderTaken
from maft.tiny.vocabulary import build_tokenizer


def refuse_taken(out: Path) -> None:
    """Raises FolderTaken if `out` exists and is not empty: checked before the hour of training, not after it."""
    if out.exists() and any(out.iterdir()):
        raise FolderTaken(f"{out} exists and is not empty. Give another folder, or remove it first.")


def publish(model: LlamaForCausalLM, out: Path, card: str) -> None:
    """Writes weights, tokenizer and model card beside `out` and moves the whole into place at once."""
    refuse_taken(out)
    temporary = out.parent / f".{out.name}.{uuid4().hex}"
    temporary.mkdir(parents=True)
    try:
        model.save_pretrained(temporary)
        build_tokenizer().save_pretrained(temporary)
        (temporary / "README.md").write_text(card, encoding="utf-8")
        for file in temporary.iterdir():
            file.chmod(0o644)  # The weights are written for their owner alone; a shipped file must be readable by all.
        temporary.replace(out)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
