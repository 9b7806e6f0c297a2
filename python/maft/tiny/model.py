"""The network: a Llama of 866,048 parameters with standard configuration, so that every Llama loader takes it."""

from __future__ import annotations

import torch
from transformers import GenerationConfig, LlamaConfig, LlamaForCausalLM

from maft.tiny.vocabulary import END, MAX_POSITIONS, PAD, build_vocabulary


def build_config() -> LlamaConfig:
    ids = build_vocabulary()
    return LlamaConfig(
        vocab_size=len(ids),
        hidden_size=128,
        intermediate_size=384,
        num_hidden_layers=4,
        num_attention_heads=4,
        num_key_value_heads=4,
        max_position_embeddings=MAX_POSITIONS,
        rope_parameters={"rope_type": "default", "rope_theta": 10_000.0},
        tie_word_embeddings=True,
        pad_token_id=ids[PAD],
        bos_token_id=None,
        eos_token_id=ids[END],
        dtype="float32",
    )


def build_model(seed: int) -> LlamaForCausalLM:
    """Fresh weights, the same ones for the same seed; the global generator is left as it was."""
    config = build_config()
    # The fused kernel gains less than a tenth at these lengths on a CPU; the plain one differs less between versions.
    config._attn_implementation = "eager"
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = LlamaForCausalLM(config)
    model.generation_config = GenerationConfig(
        do_sample=True, pad_token_id=config.pad_token_id, eos_token_id=config.eos_token_id, max_new_tokens=128
    )
    return model
