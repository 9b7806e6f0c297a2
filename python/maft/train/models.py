"""Model folders in: safetensors only, local only, no code from the folder."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import torch
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer, PreTrainedTokenizerBase

from maft.out_of_memory import is_out_of_memory
from maft.train.errors import BadJob, is_no_space
from maft.train.job import Lora, TrainingJob
from maft.train.placement import Placement

PICKLED = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl")
# Above this many parameters activations, not weights, are what fills a GPU; recomputing them changes no result.
CHECKPOINTED_PARAMETERS = 300_000_000


def refuse_missing(folder: Path, role: str, config: str, weights: tuple[str, ...]) -> None:
    """Raises BadJob where `folder` lacks the configuration or has no safetensors, and says which it is."""
    if not (folder / config).is_file():
        raise BadJob(f"{role} {folder} is no model folder: it has no {config}.")
    if any((folder / name).is_file() for name in weights):
        return
    if any(path for pattern in PICKLED for path in folder.glob(pattern)):
        raise BadJob(f"{role} {folder} has pickled weights; only safetensors are loaded. Convert them first.")
    raise BadJob(f"{role} {folder} is no model folder: it has none of {', '.join(weights)}.")


def refuse_no_model(folder: Path, role: str) -> None:
    refuse_missing(folder, role, "config.json", ("model.safetensors", "model.safetensors.index.json"))


def is_adapter(folder: Path) -> bool:
    return (folder / "adapter_config.json").is_file()


def load_tokenizer(base: Path) -> PreTrainedTokenizerBase:
    """Raises BadJob where the base has no tokenizer or no chat template."""
    refuse_no_model(base, "base")
    try:
        tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(
            base, local_files_only=True, trust_remote_code=False
        )
    except (OSError, ValueError, KeyError) as error:
        raise BadJob(f"base {base}: cannot load its tokenizer: {error}") from error
    if not tokenizer.chat_template:
        raise BadJob(f"base {base} has no chat template: agents are asked and trained in chats.")
    return tokenizer


def load_full(folder: Path, role: str, dtype: torch.dtype) -> tuple[Any, torch.dtype]:
    """The model and the type its folder stores. Raises BadJob for anything that is no whole, plain model."""
    refuse_no_model(folder, role)
    plain: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
    try:
        config = AutoConfig.from_pretrained(folder, **plain)
        loaded: Any = AutoModelForCausalLM.from_pretrained(
            folder, config=config, dtype=dtype, use_safetensors=True, output_loading_info=True, **plain
        )
    except Exception as error:  # Half a dozen libraries parse here, each with classes of its own.
        if is_out_of_memory(error) or is_no_space(error):
            raise
        raise BadJob(f"{role} {folder}: cannot load it: {error}") from error
    model, info = loaded
    # Missing weights would silently be random ones.
    if info["missing_keys"]:
        raise BadJob(f"{role} {folder} lacks weights: {', '.join(sorted(info['missing_keys'])[:5])}")
    stored = AutoConfig.from_pretrained(folder, **plain).dtype
    return model, stored if isinstance(stored, torch.dtype) else torch.float32


def beside_text_model(model: Any) -> str | None:
    """A pattern of the modules that no text reaches (a vision tower); None for a plain language model."""
    text, head = model.get_decoder(), model.get_output_embeddings()
    around = {name: module for name, module in model.named_modules() if module is not text and text in module.modules()}
    beside = [
        f"{name}.{child_name}".lstrip(".")
        for name, module in around.items()
        for child_name, child in module.named_children()
        if child not in {text, head, *around.values()}
        and any(isinstance(each, torch.nn.Linear) for each in child.modules())
    ]
    return "|".join(rf"{re.escape(name)}(\..+)?" for name in beside) or None


def new_adapter(model: Any, lora: Lora, seed: int) -> Any:
    from peft import LoraConfig, get_peft_model

    config = LoraConfig(
        r=lora.rank,
        lora_alpha=lora.alpha,  # type: ignore[arg-type]  # PEFT declares an int and computes with any number
        lora_dropout=lora.dropout,
        target_modules="all-linear",
        exclude_modules=beside_text_model(model),
        task_type="CAUSAL_LM",
    )
    # The A matrices are drawn here.
    torch.manual_seed(seed)
    return get_peft_model(model, config)


def continued_adapter(model: Any, folder: Path, lora: Lora) -> Any:
    from peft import LoraConfig, PeftModel

    refuse_missing(folder, "startFrom", "adapter_config.json", ("adapter_model.safetensors",))
    try:
        config = LoraConfig.from_pretrained(str(folder))
        config.lora_dropout = lora.dropout
        adapted = PeftModel.from_pretrained(model, str(folder), config=config, is_trainable=True, local_files_only=True)
    except (OSError, ValueError, RuntimeError, KeyError, TypeError) as error:
        if is_out_of_memory(error):
            raise
        raise BadJob(f"startFrom {folder}: cannot load the adapter: {error}") from error
    found: Any = adapted.peft_config["default"]
    if (found.r, found.lora_alpha) != (lora.rank, lora.alpha):
        raise BadJob(
            f"startFrom {folder} is an adapter of rank {found.r} and alpha {found.lora_alpha}; "
            f"the job asks for rank {lora.rank} and alpha {lora.alpha:g}."
        )
    return adapted


def load_adapted(job: TrainingJob, lora: Lora, placement: Placement) -> Any:
    """The frozen base under a trainable adapter of fp32: a fresh one, or the one of the previous iteration."""
    if job.start_from != job.base and not is_adapter(job.start_from):
        raise BadJob(f"startFrom {job.start_from} is no adapter; LoRA starts from the base or from an adapter on it.")
    dtype = torch.bfloat16 if placement.precision == "bf16" else torch.float32
    model, _ = load_full(job.base, "base", dtype)
    if is_adapter(job.start_from):
        return continued_adapter(model, job.start_from, lora)
    return new_adapter(model, lora, job.seed)


def load_model(job: TrainingJob, placement: Placement) -> tuple[Any, torch.dtype]:
    """The model to train, on its device, and the type in which its weights are to be stored."""
    if job.lora is not None:
        model, stored = load_adapted(job, job.lora, placement), torch.float32
    elif is_adapter(job.start_from):
        raise BadJob(f'startFrom {job.start_from} is an adapter, but weights are "full".')
    else:
        model, stored = load_full(job.start_from, "startFrom", torch.float32)
    model.to(placement.device)
    model.config.use_cache = False
    if placement.device.type == "cuda" and model.num_parameters() > CHECKPOINTED_PARAMETERS:
        model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
    return model.train(), stored
