"""Adapter folders: whether every tensor fits the base and every target is there. An adapter that fits nothing would be
served as the base, and trained on from zero."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from maft.model_folder.errors import UnusableFolder
from maft.model_folder.headers import StoredTensor, is_zero, read_header
from maft.model_folder.weight_files import ADAPTER, PICKLED, read_json, refuse_dangling_links

CONFIG = "adapter_config.json"
NAME = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*")
TENSOR = re.compile(r"base_model\.model\.([^ ]+)\.lora_([AB])\.weight")
#: What the trainer writes behind the name of a module whose inside is left alone, in `exclude_modules`.
AND_INSIDE = r"(\..+)?"

#: Fields that must be absent, empty or false in a plain LoRA: each means other tensors or other arithmetic.
NOT_PLAIN = (
    "use_dora",
    "modules_to_save",
    "layers_to_transform",
    "rank_pattern",
    "alpha_pattern",
    "target_parameters",
    "trainable_token_indices",
    "fan_in_fan_out",
    "lora_bias",
    "alora_invocation_tokens",
    "megatron_config",
    "layer_replication",
    "use_qalora",
)

Config = Mapping[str, Any]
Shape = tuple[int, ...]


def read_adapter_config(folder: Path) -> dict[str, Any]:
    """adapter_config.json. Raises UnusableFolder if it asks for patterns, or the folder has no safetensors."""
    refuse_dangling_links(folder)
    if not (folder / CONFIG).is_file():
        raise UnusableFolder(f"it is not an adapter: it has no {CONFIG}")
    if not (folder / ADAPTER).is_file():
        pickled = any(path.name.endswith(PICKLED) for path in folder.iterdir())
        more = ": pickled weights are never loaded, convert them" if pickled else ""
        raise UnusableFolder(f"it holds no {ADAPTER}{more}")
    config = read_json(folder, CONFIG)
    refuse_patterns(config)
    return config


def refuse_patterns(config: Config) -> None:
    """PEFT takes regular expressions in these fields, and one can hold the interpreter for ever: lists of names only."""
    for field in ("target_modules", "exclude_modules", "modules_to_save", "layers_pattern", "target_parameters"):
        found = config.get(field)
        if isinstance(found, str) and not (field == "exclude_modules" and excluded_prefixes(found)):
            raise UnusableFolder(f"its {CONFIG} has a pattern as {field}: only a list of names is taken")
        if isinstance(found, list):
            refuse_no_names(field, found)
    for field in ("rank_pattern", "alpha_pattern"):
        refuse_no_names(field, config.get(field) or {})


def refuse_no_names(field: str, found: Iterable[Any]) -> None:
    for name in found:
        if not (isinstance(name, str) and NAME.fullmatch(name)):
            raise UnusableFolder(f"its {CONFIG} has {str(name)[:80]!r} in {field}: only names of modules are taken")


def excluded_prefixes(pattern: str) -> list[str]:
    """The modules in an `exclude_modules` that the trainer wrote; empty for any other pattern, which is not evaluated."""
    parts = pattern.split("|")
    while parts and not all(part.endswith(AND_INSIDE) for part in parts):
        return []
    names = [part.removesuffix(AND_INSIDE).replace("\\", "") for part in parts]
    return names if all(NAME.fullmatch(name) for name in names) else []


def is_plain_lora(config: Config) -> bool:
    """LoRA on linear modules and nothing else: A and B, one rank, one scale."""
    plain = config.get("peft_type") == "LORA" and config.get("bias", "none") == "none"
    return plain and not any(config.get(name) for name in NOT_PLAIN)


def require_fitting(folder: Path, config: Config, modules: Mapping[str, tuple[int, int]]) -> None:
    """Raises UnusableFolder, naming the first tensor or module, unless a plain LoRA adapter fits the base exactly.

    `modules` are the base's linear modules by name: outputs and inputs.
    """
    tensors = read_header(folder / ADAPTER)
    rank = config.get("r")
    targets = targeted_modules(config, modules)
    for name, tensor in sorted(tensors.items()):
        match = TENSOR.fullmatch(name)
        if match is None or match[1] not in modules:
            raise UnusableFolder(
                f"its tensor {name} belongs to no module of the base: it is of another base, or renamed"
            )
        if match[1] not in targets:
            raise UnusableFolder(f"its tensor {name} is of a module that target_modules leaves out")
        outputs, inputs = modules[match[1]]
        fitting = (rank, inputs) if match[2] == "A" else (outputs, rank)
        if tensor.shape != fitting:
            raise UnusableFolder(
                f"its tensor {name} has the shape {list(tensor.shape)}, and rank {rank} on this base needs {list(fitting)}"
            )
    for module in targets:
        for side in "AB":
            if f"base_model.model.{module}.lora_{side}.weight" not in tensors:
                raise UnusableFolder(f"it lacks lora_{side} of {module}, which its target_modules names")


def targeted_modules(config: Config, modules: Iterable[str]) -> list[str]:
    """The base's modules that an adapter's configuration names. Raises UnusableFolder for a target that is not a module."""
    names = config.get("target_modules") or []
    left_out = config.get("exclude_modules") or []
    inside = excluded_prefixes(left_out) if isinstance(left_out, str) else []
    ends: list[str] = [] if isinstance(left_out, str) else left_out
    candidates = [
        module
        for module in modules
        if not any(is_meant(module, name) for name in ends)
        and not any(module == prefix or module.startswith(f"{prefix}.") for prefix in inside)
    ]
    if absent := [name for name in names if not any(is_meant(module, name) for module in candidates)]:
        raise UnusableFolder(f"its target_modules names {absent[0]}, which is not a linear module of the base's layers")
    return [module for module in candidates if any(is_meant(module, name) for name in names)]


def is_meant(module: str, name: str) -> bool:
    return module == name or module.endswith(f".{name}")


def changes_embeddings(folder: Path) -> bool:
    """Whether the adapter has tensors for an embedding, whose shapes are others; PEFT knows them, the fast path does not."""
    return any(".lora_embedding_" in name for name in read_header(folder / ADAPTER))


def changes_something(folder: Path) -> bool:
    """Whether one of the adapter's B matrices is not zero throughout."""
    tensors: Mapping[str, StoredTensor] = read_header(folder / ADAPTER)
    return any(not is_zero(tensor) for name, tensor in tensors.items() if ".lora_B." in name)
