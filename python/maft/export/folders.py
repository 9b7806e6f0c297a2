"""Folders of exported models. What is written was verified: files are hashed while they are copied, and adapters are merged
from the verified copy, so weights that change meanwhile are refused."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from pathlib import Path
from typing import NamedTuple

from maft.model_folder.adapters import CONFIG, read_adapter_config
from maft.model_folder.digests import deciding_files, require_published
from maft.model_folder.errors import UnusableFolder
from maft.model_folder.vocabulary import TOKENIZER_FILES

BLOCK_BYTES = 1 << 20
#: The terms of a base, which go where its weights go.
TERMS = ("LICENSE*", "LICENCE*", "NOTICE*", "USE_POLICY*")


class BaseName(NamedTuple):
    """A base model as somebody elsewhere resolves it: a name on the Hub with its commit, or the name of a folder."""

    name: str
    revision: str | None = None


def is_adapter(folder: Path) -> bool:
    return (folder / CONFIG).is_file()


def copy_verified(weights: Path, target: Path, digest: str | None) -> None:
    """Copies the files that decide what the model says. Raises ChangedFiles if they are not those that were published.

    `digest` is the one that the run recorded; None in records of older versions.
    """
    copied = {path.name: copy_hashed(path, target / path.name) for path in deciding_files(weights)}
    require_published(weights, copied, digest)


def copy_hashed(source: Path, target: Path) -> str:
    """SHA-256 (hex) of what was written."""
    hashed = hashlib.sha256()
    with source.open("rb") as reading, target.open("wb") as writing:
        while block := reading.read(BLOCK_BYTES):
            hashed.update(block)
            writing.write(block)
    return hashed.hexdigest()


def copy_from_base(base: Path, target: Path, names: tuple[str, ...] = ()) -> None:
    """The named files as far as the base has them, and its terms."""
    terms = [path for pattern in TERMS for path in base.glob(pattern) if path.is_file()]
    for path in [base / name for name in names] + terms:
        if path.is_file():
            shutil.copyfile(path, target / path.name)


def write_peft(weights: Path, base: Path, target: Path, base_name: BaseName, *, digest: str | None) -> None:
    """The adapter with the tokenizer and chat template of its base, which it names as others resolve it."""
    copy_verified(weights, target, digest)
    config = read_adapter_config(target)
    config["base_model_name_or_path"] = base_name.name
    config["revision"] = base_name.revision
    (target / CONFIG).write_text(json.dumps(config, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    copy_from_base(base, target, TOKENIZER_FILES)


def write_merged(weights: Path, base: Path | None, target: Path, *, digest: str | None) -> None:
    """A whole model: full weights as they are, or the adapter merged into its base in the base's own number format."""
    if not is_adapter(weights):
        copy_verified(weights, target, digest)
        if base is not None:
            copy_from_base(base, target)
        return
    if base is None:
        raise UnusableFolder("it is an adapter, and its base was not given")
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=f"{target.name}.adapter-") as adapter:
        copy_verified(weights, Path(adapter), digest)
        merge(Path(adapter), base, target)
    copy_from_base(base, target)


def merge(adapter: Path, base: Path, target: Path) -> None:
    import torch

    from maft.causal_model import load_causal_model
    from maft.peft_adapters import put_adapter
    from maft.train.publishing import current_umask, write_full

    model = load_causal_model(base, dtype="auto")
    stored = model.dtype
    with torch.no_grad():
        merged = put_adapter(model, adapter).merge_and_unload()
    write_full(merged, target, base, stored)
    for file in target.iterdir():
        file.chmod(
            0o666 & ~current_umask()
        )  # safetensors writes for the owner alone, whatever the umask allows others.
