"""Adapters through PEFT: one way for the server, which merges them, and the trainer, which trains them on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from maft.model_folder.adapters import changes_embeddings, is_plain_lora, read_adapter_config, require_fitting
from maft.model_folder.errors import UnusableFolder


def linear_modules(model: torch.nn.Module) -> dict[str, tuple[int, int]]:
    """Outputs and inputs of every linear module by name; GPT-2's store theirs the other way round."""
    from transformers.pytorch_utils import Conv1D

    shapes: dict[str, tuple[int, int]] = {}
    for name, module in model.named_modules():
        if isinstance(module, torch.nn.Linear):
            shapes[name] = (module.out_features, module.in_features)
        elif isinstance(module, Conv1D):
            inputs, outputs = module.weight.shape
            shapes[name] = (outputs, inputs)
    return shapes


def put_adapter(model: Any, folder: Path, *, dropout: float | None = None) -> Any:
    """The model under the adapter of a folder; trainable with that dropout, or frozen. The model itself is changed.

    Raises UnusableFolder if a tensor does not fit or a target is missing: PEFT itself only warns, and leaves it out.
    """
    from peft import MODEL_TYPE_TO_PEFT_MODEL_MAPPING, PeftConfig, PeftModel

    found = read_adapter_config(folder)
    if is_plain_lora(found) and not changes_embeddings(folder):
        require_fitting(folder, found, linear_modules(model))
    config: Any = PeftConfig.from_pretrained(str(folder))
    config.inference_mode = dropout is None
    if dropout is not None:
        config.lora_dropout = dropout
    kind: Any = MODEL_TYPE_TO_PEFT_MODEL_MAPPING.get(config.task_type, PeftModel)
    adapted = kind(model, config)
    result = adapted.load_adapter(
        str(folder),
        "default",
        is_trainable=dropout is not None,
        local_files_only=True,
        # Adapters of an older release of Transformers, as PEFT's own `from_pretrained` reads them.
        key_mapping=getattr(model, "_checkpoint_conversion_mapping", {}),
    )
    for what, names in (("lacks", result.missing_keys), ("has no place for", result.unexpected_keys)):
        if names:
            raise UnusableFolder(f"it does not fit the base, which {what} {sorted(names)[0]}")
    return adapted
