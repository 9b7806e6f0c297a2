"""Random models of some thousand parameters with the tiny model's tokenizer."""

from __future__ import annotations

from pathlib import Path

import torch
from transformers import Gemma3Config, Gemma3ForConditionalGeneration, LlamaConfig, LlamaForCausalLM

from maft.tiny.vocabulary import build_tokenizer


def write_tiny_llama(folder: Path, seed: int = 0, hidden: int = 32) -> Path:
    """Two layers, the same weights for the same seed."""
    tokenizer = build_tokenizer()
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=hidden,
        intermediate_size=2 * hidden,
        num_hidden_layers=2,
        num_attention_heads=2,
        max_position_embeddings=512,
        tie_word_embeddings=True,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        LlamaForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def write_tiny_gemma(folder: Path) -> Path:
    """A random Gemma 3 that could also see: no text reaches its vision tower."""
    tokenizer = build_tokenizer()
    plain = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}
    text = {"num_key_value_heads": 1, "head_dim": 8, "vocab_size": len(tokenizer), "sliding_window": 16}
    config = Gemma3Config(
        text_config={**plain, **text, "bos_token_id": None},
        vision_config={**plain, "image_size": 28, "patch_size": 14},
        mm_tokens_per_image=1,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        Gemma3ForConditionalGeneration(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder
