"""A model's configuration and tokenizer; of a plain Llama, without the models' code in Transformers.

Whatever asks `AutoConfig` or `AutoTokenizer` imports that code and torch's compiler with it: half of the processor time
that a start with a small model takes. A `config.json` that says everything itself (as Transformers 5 writes it) needs
no defaults from there. Anything else is left to Transformers.
"""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch

STORED_TYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
#: Values without which a configuration is not whole.
COUNTS = (
    "num_hidden_layers",
    "hidden_size",
    "num_attention_heads",
    "num_key_value_heads",
    "head_dim",
    "intermediate_size",
    "vocab_size",
    "max_position_embeddings",
)


def read_config(folder: Path) -> Any:
    """The configuration of a full model. Raises what Transformers raises if it takes none of this kind."""
    if (plain := plain_llama(folder)) is not None:
        return plain
    from transformers import AutoConfig

    return AutoConfig.from_pretrained(folder, trust_remote_code=False, local_files_only=True)


def plain_llama(folder: Path) -> SimpleNamespace | None:
    """The configuration of a Llama with the usual rotary frequencies that leaves nothing to defaults, or None."""
    stored = stored_object(folder / "config.json")
    if stored.get("model_type") != "llama" or "quantization_config" in stored:
        return None
    counts = [stored.get(name) for name in COUNTS]
    numbers = (stored.get("rms_norm_eps"), usual_rotary_base(stored.get("rope_parameters")))
    whole = (
        all(type(count) is int and count > 0 for count in counts)
        and all(type(number) is float for number in numbers)
        and isinstance(stored.get("tie_word_embeddings"), bool)
        and stored.get("hidden_act") == "silu"
        and stored["hidden_size"] % stored["num_attention_heads"] == 0
        and stored["num_attention_heads"] % stored["num_key_value_heads"] == 0
        and stored.get("dtype") in STORED_TYPES
    )
    return SimpleNamespace(**{**stored, "dtype": STORED_TYPES[stored["dtype"]]}) if whole else None


def usual_rotary_base(stored: Any) -> Any:
    """The base of the rotary frequencies; None if anything else belongs to them."""
    usual = (
        isinstance(stored, dict) and stored.keys() == {"rope_theta", "rope_type"} and stored["rope_type"] == "default"
    )
    return stored["rope_theta"] if usual else None


def read_tokenizer(folder: Path) -> Any:
    """The tokenizer of a folder. Raises what Transformers raises if it cannot be read."""
    of_plain_model = plain_llama(folder) is not None or not (folder / "config.json").exists()  # an adapter's
    if of_plain_model and names_no_class(folder):
        # What AutoTokenizer takes for such a folder, after its imports.
        from transformers import PreTrainedTokenizerFast

        return PreTrainedTokenizerFast.from_pretrained(folder, local_files_only=True)
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(folder, trust_remote_code=False, local_files_only=True)


def names_no_class(folder: Path) -> bool:
    """Whether the tokenizer is all in its `tokenizer.json`, with no class of its own."""
    stored = stored_object(folder / "tokenizer_config.json")
    return stored.get("tokenizer_class") == "TokenizersBackend" and "auto_map" not in stored


def stored_object(file: Path) -> dict[str, Any]:
    """A JSON object, or an empty one if the file is missing or holds anything else: Transformers says what is wrong."""
    try:
        stored: Any = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return stored if isinstance(stored, dict) else {}
