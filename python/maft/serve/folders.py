"""Model folders on disk: what a name may be, and which of the two kinds a folder is. Only safetensors count."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from maft import end_tokens as end_of_turn
from maft.model_folder import check
from maft.model_folder.errors import UnusableFolder
from maft.model_folder.weight_files import weight_files
from maft.serve.errors import NoSuchModelFolder

if TYPE_CHECKING:
    from torch import Tensor

#: No separators and no leading dot: a name can never leave the models directory nor mean a hidden folder.
NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,254}")


def is_model_name(name: str) -> bool:
    return NAME.fullmatch(name) is not None


def is_adapter(folder: Path) -> bool:
    return (folder / "adapter_config.json").is_file()


def is_model_folder(folder: Path) -> bool:
    return is_adapter(folder) or (folder / "config.json").is_file()


def published(directory: Path | None) -> list[str]:
    """Names of the versions that can be loaded now, sorted."""
    if directory is None or not directory.is_dir():
        return []
    return sorted(entry.name for entry in directory.iterdir() if is_model_name(entry.name) and is_model_folder(entry))


def base_of_adapter(folder: Path) -> str | None:
    """The base an adapter says it belongs to, by the name under which that is served; None for full weights."""
    if not is_adapter(folder):
        return None
    config: Any = json.loads((folder / "adapter_config.json").read_text(encoding="utf-8"))
    return config.get("base_model_name_or_path")


def require_base(folder: Path) -> None:
    """Raises NoSuchModelFolder with one sentence unless the folder is a full model with safetensors weights."""
    try:
        check.require_base(folder)
    except UnusableFolder as error:
        raise NoSuchModelFolder(f"{folder} cannot be loaded as a model: {error}.") from error


def read_tensors(folder: Path) -> Mapping[str, Tensor]:
    """All tensors of a full checkpoint that `require_model` has found whole, on the CPU."""
    from safetensors.torch import load_file

    tensors: dict[str, Tensor] = {}
    for file in weight_files(folder):
        tensors.update(load_file(file))
    return tensors


def has_tokenizer(folder: Path) -> bool:
    return (folder / "tokenizer_config.json").is_file() or (folder / "tokenizer.json").is_file()


def end_tokens(folder: Path, tokenizer_end: int | None, fallback: frozenset[int]) -> frozenset[int]:
    """What ends a turn of this folder's model; `tokenizer_end` is the end token of the tokenizer it ships, if it does.

    An adapter adds to its base's, the fallback, and never takes away.
    """
    found = end_of_turn.end_tokens(folder, tokenizer_end)
    return found | fallback if is_adapter(folder) else found or fallback
