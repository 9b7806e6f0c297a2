"""Full models through Transformers: one way for the server and the trainer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from maft.model_folder.check import require_model
from maft.model_folder.errors import UnusableFolder


def load_causal_model(folder: Path, **options: Any) -> Any:
    """The model of a folder, local and without code from it. Raises UnusableFolder, or any error of Transformers."""
    from transformers import AutoModelForCausalLM

    require_model(folder)
    loaded: Any = AutoModelForCausalLM.from_pretrained(
        folder,
        use_safetensors=True,
        trust_remote_code=False,
        local_files_only=True,
        output_loading_info=True,
        **options,
    )
    model, info = loaded
    # Missing weights would silently be random.
    if info["missing_keys"]:
        raise UnusableFolder(f"it lacks weights: {', '.join(sorted(info['missing_keys'])[:5])}")
    refuse_ignored(model, info["unexpected_keys"])
    return model


def refuse_ignored(model: Any, unexpected: Any) -> None:
    """Transformers leaves out what an architecture does not know. A part that no text reaches may be; half of a module that
    the model has (a bias that the configuration switches off) is a contradiction."""
    modules = {name for name, _ in model.named_modules()}
    halves = sorted(name for name in unexpected if name.rpartition(".")[0] in modules)
    if halves:
        raise UnusableFolder(f"it stores {', '.join(halves[:3])}, which its config.json does not provide for")
