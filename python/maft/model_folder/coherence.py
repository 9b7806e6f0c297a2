"""Whether the stored tensors are those that the configuration describes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from maft.model_folder.errors import UnusableFolder
from maft.model_folder.headers import StoredTensor, equal

#: Families whose block is RMSNorm, rotary attention, SwiGLU, with these tensor names: the server computes them itself.
FAMILIES = ("llama", "qwen2", "mistral")
EMBEDDING = "model.embed_tokens.weight"
HEAD = "lm_head.weight"
ATTENTION = ("q_proj", "k_proj", "v_proj", "o_proj")
FEED_FORWARD = ("gate_proj", "up_proj", "down_proj")

Config = Mapping[str, Any]
Tensors = Mapping[str, StoredTensor]


def refuse_contradictions(folder: Path, config: Config, tensors: Tensors) -> None:
    """Raises UnusableFolder if readers would disagree on what the folder says."""
    refuse_second_head(folder, config, tensors)
    if config.get("model_type") in FAMILIES and not config.get("quantization_config"):
        refuse_other_tensors(config, tensors)


def refuse_second_head(folder: Path, config: Config, tensors: Tensors) -> None:
    """A stored head although the configuration ties it to the embedding: Transformers uses it, others do not."""
    heads = [name for name in tensors if name == HEAD or name.endswith("." + HEAD)]
    embeddings = [name for name in tensors if name.endswith("embed_tokens.weight")]
    if len(heads) != 1 or len(embeddings) != 1 or not is_tied(folder, config):
        return
    if not equal(tensors[heads[0]], tensors[embeddings[0]]):
        raise UnusableFolder(
            f"its config.json says tie_word_embeddings, yet {heads[0]} differs from {embeddings[0]}: "
            "set tie_word_embeddings to false if the head is meant, else remove the head"
        )


def is_tied(folder: Path, config: Config) -> bool:
    if "tie_word_embeddings" in config:
        return bool(config["tie_word_embeddings"])
    if config.get("model_type") in FAMILIES:
        return False
    # The default is the architecture's, which only Transformers knows; such a folder is rare, and the import takes seconds.
    from transformers import AutoConfig

    known: Any = AutoConfig.from_pretrained(folder, trust_remote_code=False, local_files_only=True)
    return bool(getattr(known.get_text_config(), "tie_word_embeddings", False))


def refuse_other_tensors(config: Config, tensors: Tensors) -> None:
    """Missing tensors would be random numbers for one reader; surplus ones are used by one reader and ignored by the other."""
    expected = expected_tensors(config)
    missing = sorted(expected - tensors.keys())
    surplus = sorted(name for name in tensors.keys() - expected if not name.endswith("rotary_emb.inv_freq"))
    if EMBEDDING.removeprefix("model.") in tensors and EMBEDDING not in tensors:
        raise UnusableFolder(
            'its tensors are named without "model.": it was saved without its head; load it as a causal language model '
            "and save that"
        )
    if missing:
        raise UnusableFolder(f"it lacks {listed(missing)}")
    if biases := [name for name in surplus if name.endswith(".bias")]:
        raise UnusableFolder(
            f"it stores {listed(biases)}, which its config.json does not provide for: set attention_bias (or mlp_bias) "
            "there if the model was trained with them, else remove them"
        )
    if surplus and surplus != [HEAD]:
        raise UnusableFolder(f"it stores tensors that a model of this kind does not have: {listed(surplus)}")


def expected_tensors(config: Config) -> set[str]:
    names = {EMBEDDING, "model.norm.weight"}
    if not config.get("tie_word_embeddings", False):
        names.add(HEAD)
    biased = biased_modules(config)
    for layer in range(int(config.get("num_hidden_layers", 32))):
        prefix = f"model.layers.{layer}"
        names.update(f"{prefix}.{norm}.weight" for norm in ("input_layernorm", "post_attention_layernorm"))
        for part, modules in (("self_attn", ATTENTION), ("mlp", FEED_FORWARD)):
            names.update(f"{prefix}.{part}.{module}.weight" for module in modules)
            names.update(f"{prefix}.{part}.{module}.bias" for module in modules if module in biased)
    return names


def biased_modules(config: Config) -> set[str]:
    """The projections that have a bias, by family."""
    if config["model_type"] == "qwen2":
        return {"q_proj", "k_proj", "v_proj"}
    if config["model_type"] == "mistral":
        return set()
    attention = ATTENTION if config.get("attention_bias") else ()
    return {*attention, *(FEED_FORWARD if config.get("mlp_bias") else ())}


def listed(names: list[str], shown: int = 3) -> str:
    more = f" and {len(names) - shown} more" if len(names) > shown else ""
    return ", ".join(names[:shown]) + more
