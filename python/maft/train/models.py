"""Model folders in: safetensors only, local only, no code from the folder."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, cast

import torch
from transformers import AutoConfig, AutoTokenizer, PreTrainedTokenizerBase

from maft.causal_model import load_causal_model
from maft.chat_tokens import ChatTokens
from maft.end_tokens import end_tokens
from maft.model_folder.check import require_model
from maft.model_folder.digests import require_unchanged
from maft.model_folder.errors import UnusableFolder
from maft.out_of_memory import is_out_of_memory
from maft.peft_adapters import linear_modules, put_adapter
from maft.train.checkpoints import trainable
from maft.train.errors import BadJob, is_no_space
from maft.train.job import Lora, TrainingJob
from maft.train.placement import Placement

# Above this many parameters activations, not weights, are what fills the memory; recomputing them changes no result.
CHECKPOINTED_PARAMETERS = 300_000_000


def refuse_unusable(folder: Path, role: str) -> None:
    """Raises BadJob with one sentence if server and trainer would not read the same model from the folder."""
    try:
        require_model(folder)
    except UnusableFolder as error:
        raise BadJob(f"{role} {folder} cannot be loaded: {error}.") from error


def is_adapter(folder: Path) -> bool:
    return (folder / "adapter_config.json").is_file()


def load_tokenizer(base: Path) -> PreTrainedTokenizerBase:
    """Raises BadJob if the base has no tokenizer or no chat template."""
    refuse_unusable(base, "base")
    try:
        tokenizer: Any = AutoTokenizer.from_pretrained(base, local_files_only=True, trust_remote_code=False)
    except (OSError, ValueError, KeyError) as error:
        raise BadJob(f"base {base}: cannot load its tokenizer: {error}") from error
    if not tokenizer.chat_template:
        raise BadJob(f"base {base} has no chat template: agents are asked and trained in chats.")
    return cast(PreTrainedTokenizerBase, tokenizer)


def load_chat_tokens(base: Path) -> ChatTokens:
    """As `load_tokenizer`."""
    tokenizer = load_tokenizer(base)
    return ChatTokens(tokenizer, end_tokens(base, tokenizer.eos_token_id))


def load_full(folder: Path, role: str, dtype: torch.dtype) -> tuple[Any, torch.dtype]:
    """The model and the type its folder stores. Raises BadJob unless it is a whole, plain model."""
    try:
        model = load_causal_model(folder, dtype=dtype)
        stored = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False).dtype
    except Exception as error:  # Half a dozen libraries parse here, each with its own errors.
        if is_out_of_memory(error) or is_no_space(error):
            raise
        raise BadJob(f"{role} {folder} cannot be loaded: {error}") from error
    return model, stored if isinstance(stored, torch.dtype) else torch.float32


def refuse_tokens_without_rows(model: Any, tokens: Iterable[int]) -> None:
    """Raises BadJob for a training text with a token that the model has no embedding for (a special one, spelled out)."""
    rows = model.get_input_embeddings().num_embeddings
    if (highest := max(tokens, default=0)) >= rows:
        raise BadJob(f"A training text holds the token {highest}, and the base has embeddings for {rows} tokens only.")


def beside_text_model(model: Any) -> str | None:
    """A pattern of the modules that text never reaches (a vision tower); None for a plain language model."""
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


def fingerprint(model: Any, stored: torch.dtype) -> list[tuple[str, int]]:
    """A checksum of each trainable tensor as it will be stored: a change too small for the stored type does not count.

    Sums of bit patterns: as quick as reading the weights once, and without a copy of them.
    """
    bits = {1: torch.uint8, 2: torch.int16, 4: torch.int32, 8: torch.int64}[stored.itemsize]
    return [
        (name, int(parameter.detach().to(stored).contiguous().view(bits).sum(dtype=torch.int64)))
        for name, parameter in trainable(model).items()
    ]


def adapted_modules(model: Any) -> list[str]:
    """All linear modules but the head, by their names. PEFT's `all-linear` would add the weights of a mixture's experts, at twice
    the rank, by patterns that neither the server nor vLLM takes: experts that are one tensor stay as they are."""
    head = model.get_output_embeddings()
    heads = {name for name, module in model.named_modules() if module is head}
    return [name for name in linear_modules(model) if name not in heads]


def new_adapter(model: Any, lora: Lora, seed: int) -> Any:
    from peft import LoraConfig, get_peft_model

    config = LoraConfig(
        r=lora.rank,
        lora_alpha=lora.alpha,  # type: ignore[arg-type]  # PEFT declares an int and computes with any number
        lora_dropout=lora.dropout,
        target_modules=adapted_modules(model),
        exclude_modules=beside_text_model(model),
        task_type="CAUSAL_LM",
    )
    # The A matrices are drawn here.
    torch.manual_seed(seed)
    return get_peft_model(model, config)


def continued_adapter(model: Any, folder: Path, lora: Lora) -> Any:
    try:
        adapted = put_adapter(model, folder, dropout=lora.dropout)
    except (OSError, ValueError, RuntimeError, KeyError, TypeError) as error:
        if is_out_of_memory(error):
            raise
        raise BadJob(f"startFrom {folder} cannot be loaded: {error}") from error
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
    """The model to train, on its device, and the type in which its weights are to be stored.

    Raises ChangedFiles if the weights to start from are not those that were published.
    """
    for folder in {job.base, job.start_from}:
        if require_unchanged(folder) is None:
            print(f"{folder} records no digest: its files are taken as they are.", flush=True)
    if job.lora is not None:
        model, stored = load_adapted(job, job.lora, placement), torch.float32
    elif is_adapter(job.start_from):
        raise BadJob(f'startFrom {job.start_from} is an adapter, but weights are "full".')
    else:
        model, stored = load_full(job.start_from, "startFrom", torch.float32)
    model.to(placement.device)
    model.config.use_cache = False
    if model.num_parameters() > CHECKPOINTED_PARAMETERS:
        model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
    return model.train(), stored
