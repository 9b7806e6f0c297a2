"""Which files of a folder are its weights."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from maft.model_folder.errors import UnusableFolder
from maft.model_folder.headers import StoredTensor, read_header

SINGLE = "model.safetensors"
INDEX = "model.safetensors.index.json"
ADAPTER = "adapter_model.safetensors"
PICKLED = (".bin", ".pt", ".pth", ".ckpt", ".pkl")


def read_json(folder: Path, name: str) -> dict[str, Any]:
    """A JSON object of the folder. Raises UnusableFolder if the file holds anything else."""
    try:
        found = json.loads((folder / name).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise UnusableFolder(f"its {name} cannot be read: {error}") from error
    if not isinstance(found, dict):
        raise UnusableFolder(f"its {name} is not a JSON object")
    return found


def refuse_dangling_links(folder: Path) -> None:
    """A copied download cache without its link targets looks like a model folder but holds nothing."""
    for path in sorted(folder.iterdir()):
        if path.is_symlink() and not path.exists() and path.suffix in (".safetensors", ".json", ".jinja", ".model"):
            raise UnusableFolder(
                f"its {path.name} is a link to {os.readlink(path)}, which does not exist: copy the file itself there"
            )


def weight_files(folder: Path) -> list[Path]:
    """The safetensors files that hold the model, in order. Raises UnusableFolder if there are none, or if it is not clear
    which they are."""
    refuse_dangling_links(folder)
    single, index = folder / SINGLE, folder / INDEX
    if not index.is_file():
        if single.is_file():
            return [single]
        raise UnusableFolder(f"it {why_no_weights(folder)}")
    names = sorted(set(weight_map(folder).values()))
    if single.is_file() and names != [SINGLE]:
        raise UnusableFolder(f"it holds {SINGLE} and {INDEX}, which names other files: remove those of the older save")
    for name in names:
        if os.path.basename(name) != name or not name.endswith(".safetensors"):
            raise UnusableFolder(f"its {INDEX} names {name!r}, which is not a safetensors file of the folder")
        if not (folder / name).is_file():
            raise UnusableFolder(f"its {INDEX} names {name}, which is missing: copy the whole model")
    return [folder / name for name in names]


def weight_map(folder: Path) -> dict[str, str]:
    """The index: the file of every tensor."""
    found = read_json(folder, INDEX).get("weight_map")
    if not isinstance(found, dict) or not found or not all(isinstance(name, str) for name in found.values()):
        raise UnusableFolder(f"its {INDEX} names no files (weight_map)")
    return found


def why_no_weights(folder: Path) -> str:
    names = sorted(path.name for path in folder.iterdir())
    others = [name for name in names if name.endswith(".safetensors")]
    if any(name.startswith("consolidated") for name in others):
        return (
            f"holds {others[0]} and no {SINGLE}: weights in Mistral's own form; take the Hugging Face form of the model"
        )
    if any("-of-" in name for name in others):
        return f"holds parts ({others[0]}) and no {INDEX}, which says what is in which part: copy the whole model"
    if others:
        return f"holds no {SINGLE} (but {others[0]}): save the model with save_pretrained"
    if any(name.endswith(PICKLED) for name in names):
        return "holds no *.safetensors but pickled weights, which are never loaded: convert them"
    return f"holds no {SINGLE}"


def stored_tensors(folder: Path) -> dict[str, StoredTensor]:
    """All tensors of a model by name, from the headers. Raises UnusableFolder if files and index do not agree."""
    files = weight_files(folder)
    tensors: dict[str, StoredTensor] = {}
    for file in files:
        header = read_header(file)
        if doubled := sorted(header.keys() & tensors.keys()):
            raise UnusableFolder(f"it holds {doubled[0]} twice, in {tensors[doubled[0]].file.name} and in {file.name}")
        tensors.update(header)
    if (folder / INDEX).is_file():
        indexed = weight_map(folder)
        for name in sorted(tensors.keys() | indexed.keys()):
            found = tensors[name].file.name if name in tensors else None
            if found != indexed.get(name):
                raise UnusableFolder(
                    f"its {INDEX} is of another save: it has {name} in {indexed.get(name)}, not {found}"
                )
    return tensors
