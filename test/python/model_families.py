"""Random models of two small layers, one per architecture."""

from __future__ import annotations

from typing import Any

import torch
from transformers import AutoConfig, AutoModelForCausalLM

VOCABULARY = 60
SIZES = {
    "vocab_size": VOCABULARY,
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 8,
    "max_position_embeddings": 128,
    "pad_token_id": 0,
    "eos_token_id": 1,
    "bos_token_id": 2,
}
LINEAR = {
    "linear_num_value_heads": 4,
    "linear_num_key_heads": 2,
    "linear_key_head_dim": 8,
    "linear_value_head_dim": 8,
}
EXPERTS = {"num_experts_per_tok": 2}
#: Architectures as people finetune them, and those that do something to what the head gives.
FAMILIES: dict[str, dict[str, Any]] = {
    "llama": {},
    "mistral": {"sliding_window": 8},
    "qwen2": {},
    "qwen3": {},
    "phi3": {},
    "gemma2": {"query_pre_attn_scalar": 8, "final_logit_softcapping": 1.0, "sliding_window": 8},
    "gemma3_text": {"sliding_window": 8},
    "gpt_oss": {**EXPERTS, "num_local_experts": 4, "sliding_window": 8},
    "qwen3_moe": {**EXPERTS, "num_experts": 4, "moe_intermediate_size": 16},
    "mixtral": {**EXPERTS, "num_local_experts": 4},
    "granite": {"logits_scaling": 8.0},
    "cohere": {"logit_scale": 0.3},
    "lfm2": {"layer_types": ["conv", "full_attention"]},
    "qwen3_5_text": {
        "layer_types": ["linear_attention", "full_attention"],
        **LINEAR,
    },
}


def random_model(family: str, **changes: Any) -> Any:
    """The same weights for the same family; its head is large, because fresh weights hardly feel a scale or a cap."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        config = AutoConfig.for_model(family, **{**SIZES, **FAMILIES[family], **changes})
        model: Any = AutoModelForCausalLM.from_config(config, attn_implementation="eager")
    model.get_output_embeddings().weight.data.mul_(20)
    return model
