"""Everything that readers require before they load a folder."""

from __future__ import annotations

from pathlib import Path

from maft.model_folder.coherence import refuse_contradictions
from maft.model_folder.errors import UnusableFolder
from maft.model_folder.vocabulary import TOKENIZERS, refuse_tokens_without_rows
from maft.model_folder.weight_files import read_json, refuse_dangling_links, stored_tensors


def require_model(folder: Path) -> None:
    """Raises UnusableFolder with one sentence unless `folder` is a whole, plain model of safetensors."""
    if not folder.is_dir():
        raise UnusableFolder("it is not a folder: give the folder of a Hugging Face model")
    refuse_dangling_links(folder)
    if not (folder / "config.json").is_file():
        raise UnusableFolder("it is not a model folder: it has no config.json")
    tensors = stored_tensors(folder)
    refuse_contradictions(folder, read_json(folder, "config.json"), tensors)
    refuse_tokens_without_rows(folder, tensors)


def require_base(folder: Path) -> None:
    """As `require_model`, and requires a tokenizer."""
    require_model(folder)
    if not any((folder / name).is_file() for name in TOKENIZERS):
        raise UnusableFolder("it holds no tokenizer")
