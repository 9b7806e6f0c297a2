"""The finished model as a folder that appears whole, and the digest that names what it says."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import GenerationConfig

from maft.model_folder.digests import RECORD, combined, file_digests
from maft.model_folder.vocabulary import TOKENIZER_FILES
from maft.train import folders
from maft.train.errors import BadJob
from maft.train.job import TrainingJob

# Files of the base that the server needs beside the weights, byte for byte as the base has them.
COPIED = (*TOKENIZER_FILES, "generation_config.json")


def write_adapter(model: Any, folder: Path, served_base: str) -> None:
    """A plain PEFT folder. PEFT writes its training path as the base's name, and a set of modules in whatever order
    this process hashes strings; servers compare the name, and the digest must not depend on the order."""
    # Embeddings are never trained here; looking whether they were would ask for the served base by its name.
    model.save_pretrained(folder, save_embedding_layers=False)
    path = folder / "adapter_config.json"
    config = json.loads(path.read_text(encoding="utf-8"))
    config["base_model_name_or_path"] = served_base
    if isinstance(config["target_modules"], list):
        config["target_modules"] = sorted(config["target_modules"])
    path.write_text(json.dumps(config, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    (folder / "README.md").unlink(missing_ok=True)


def writable(found: GenerationConfig) -> GenerationConfig:
    """`found`, or its tokens alone if transformers refuses to write the rest (a temperature without do_sample)."""
    try:
        found.validate(strict=True)
        return found
    except ValueError:
        ends: Any = {name: getattr(found, name) for name in ("bos_token_id", "eos_token_id", "pad_token_id")}
        return GenerationConfig(**ends)


def write_full(model: Any, folder: Path, base: Path, stored: torch.dtype) -> None:
    model.config.use_cache = True
    model.generation_config = writable(model.generation_config)
    model.to(stored).save_pretrained(folder)
    for name in COPIED:
        if (base / name).is_file():
            shutil.copyfile(base / name, folder / name)


def write_model(job: TrainingJob, model: Any, folder: Path, stored: torch.dtype) -> None:
    if job.lora is not None:
        write_adapter(model, folder, job.served_base)
    else:
        write_full(model, folder, job.base, stored)


@dataclass(frozen=True)
class Record:
    """A training's report: the fields of its `started` and `finished` events."""

    started: dict[str, Any]
    finished: dict[str, Any]


def publish_model(job: TrainingJob, model: Any, stored: torch.dtype, record: Record) -> Record:
    """Writes the output directory; returns `record` with the digest in it, or that of an attempt that was faster."""
    target = job.output_directory
    folders.sweep(target.parent, job.job_id)
    with folders.folder_in_progress(target.parent, job.job_id) as folder:
        write_model(job, model, folder, stored)
        digests = file_digests(folder)
        whole = Record(record.started, {"digest": combined(digests), **record.finished})
        written = {"jobId": job.job_id, "files": digests, **asdict(whole)}
        (folder / RECORD).write_text(json.dumps(written, indent=1), encoding="utf-8")
        readable = 0o666 & ~current_umask()
        for file in folder.iterdir():
            file.chmod(readable)  # safetensors writes for the owner alone, whatever the umask allows others.
        if folders.publish(folder, target):
            return whole
    faster = published_record(job)
    if faster is None:
        raise BadJob(f"outputDirectory {target} is gone again while it was being published.")
    return faster


def current_umask() -> int:
    """The mask of this process; it can only be read by setting it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def published_record(job: TrainingJob) -> Record | None:
    """What an earlier attempt at this very job left in the output directory; None if there is nothing yet.

    Raises BadJob if something else is there: nothing is ever overwritten.
    """
    target = job.output_directory
    if not target.exists() or (target.is_dir() and not any(target.iterdir())):
        return None
    try:
        found = json.loads((target / RECORD).read_text(encoding="utf-8"))
        if found["jobId"] == job.job_id and found["finished"]["digest"] == combined(file_digests(target)):
            return Record(found["started"], found["finished"])
    except (OSError, ValueError, KeyError, TypeError):
        pass
    raise BadJob(f"outputDirectory {target} exists and does not hold the result of this job. Give another one.")
