"""Which decoders the fast path computes itself, read strictly from a configuration: unknown features are refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

#: Families whose block is RMSNorm, rotary attention, SwiGLU, in this order and with these tensor names.
FAMILIES = ("llama", "qwen2", "mistral")
#: Rotary variants whose frequencies do not depend on the sequence: the Transformers code makes the table once.
STATIC_ROTARY = ("default", "linear", "llama3")


@dataclass(frozen=True)
class DecoderShape:
    """All fields of a configuration that decide the arithmetic. Equal shapes can share one batch."""

    layers: int
    hidden: int
    heads: int
    key_value_heads: int
    head_size: int
    intermediate: int
    vocabulary: int
    max_positions: int
    epsilon: float
    tied: bool
    rotary: str
    """The rotary parameters as text: a part of the shape because all rows of a batch share one table."""

    def parameters(self) -> int:
        """Numbers in the matrices; norms and biases are not worth counting."""
        attention = self.head_size * (2 * self.heads + 2 * self.key_value_heads)
        per_layer = self.hidden * (attention + 3 * self.intermediate)
        return self.layers * per_layer + self.vocabulary * self.hidden * (1 if self.tied else 2)


def unsupported_feature(config: Any) -> str | None:
    """Why the fast path does not take this configuration, or None if it does."""
    if config.model_type not in FAMILIES:
        return f"model type {config.model_type}"
    if config.hidden_act != "silu":
        return f"activation {config.hidden_act}"
    if getattr(config, "use_sliding_window", config.model_type == "mistral") and config.sliding_window:
        return "sliding-window attention"
    if getattr(config, "quantization_config", None) is not None:
        return "quantised weights"
    rotary = rotary_parameters(config).get("rope_type", "default")
    return None if rotary in STATIC_ROTARY else f"rotary type {rotary}"


def rotary_parameters(config: Any) -> Mapping[str, Any]:
    return getattr(config, "rope_parameters", None) or {}


def decoder_shape(config: Any) -> DecoderShape:
    """The shape of a configuration for which `unsupported_feature` is None."""
    return DecoderShape(
        layers=config.num_hidden_layers,
        hidden=config.hidden_size,
        heads=config.num_attention_heads,
        key_value_heads=config.num_key_value_heads,
        head_size=getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads,
        intermediate=config.intermediate_size,
        vocabulary=config.vocab_size,
        max_positions=config.max_position_embeddings,
        epsilon=config.rms_norm_eps,
        tied=bool(config.tie_word_embeddings),
        rotary=repr(sorted(rotary_parameters(config).items())),
    )
