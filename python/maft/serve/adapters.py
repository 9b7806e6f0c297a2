"""Plain LoRA adapters: as updates beside the base's matrices, or merged into a copy of them. PEFT merges all others."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor

from maft.serve.shape import DecoderShape
from maft.serve.weights import FUSED, Block, DecoderWeights, Linear, LowRank

#: Fields of adapter_config.json that must be absent, empty or false: each means arithmetic that is not done here.
REFUSED = (
    "use_dora",
    "modules_to_save",
    "layers_to_transform",
    "rank_pattern",
    "alpha_pattern",
    "target_parameters",
    "trainable_token_indices",
    "fan_in_fan_out",
    "lora_bias",
    "alora_invocation_tokens",
    "megatron_config",
    "layer_replication",
    "use_qalora",
)
#: A base up to this size is copied and merged: two more small multiplications per projection cost more than memory.
MERGE_BELOW_BYTES = 256 * 2**20


def read_config(folder: Path) -> dict[str, Any]:
    """adapter_config.json. Raises ValueError where the weights are not safetensors: pickles are never loaded."""
    if not (folder / "adapter_model.safetensors").is_file():
        raise ValueError("it holds no adapter_model.safetensors: pickled weights are never loaded")
    config: dict[str, Any] = json.loads((folder / "adapter_config.json").read_text(encoding="utf-8"))
    return config


def is_plain_lora(config: dict[str, Any]) -> bool:
    """Whether `adapt` knows all the arithmetic that this configuration asks for."""
    plain = config.get("peft_type") == "LORA" and config.get("bias", "none") == "none"
    return plain and not any(config.get(name) for name in REFUSED)


def adapter_scale(config: dict[str, Any]) -> float:
    rank = config["r"]
    return float(config["lora_alpha"]) / (math.sqrt(rank) if config.get("use_rslora") else rank)


class AdapterSource:
    """An adapter's pairs of matrices by module; counts what was taken, so that nothing is ignored silently."""

    def __init__(self, folder: Path, like: Tensor) -> None:
        config = read_config(folder)
        self.tensors = load_file(folder / "adapter_model.safetensors")
        self.scale = adapter_scale(config)
        self.like = like
        self.taken = 0

    def pair(self, layer: int, module: str) -> tuple[Tensor, Tensor] | None:
        """A and scaled B of a module, or None where the adapter leaves it alone."""
        prefix = f"base_model.model.model.layers.{layer}.{module}"
        down, up = (self.tensors.get(f"{prefix}.lora_{side}.weight") for side in "AB")
        if down is None or up is None:
            return None
        self.taken += 2
        return down.to(self.like), (up.double() * self.scale).to(self.like)


def widths(shape: DecoderShape, name: str) -> tuple[int, ...]:
    """Output columns of each module of a fused projection."""
    keys = shape.key_value_heads * shape.head_size
    sizes = {
        "query_key_value": (shape.heads * shape.head_size, keys, keys),
        "output": (shape.hidden,),
        "gate_up": (shape.intermediate, shape.intermediate),
        "down": (shape.hidden,),
    }
    return sizes[name]


def updates_of(source: AdapterSource, shape: DecoderShape, layer: int, name: str) -> tuple[LowRank, ...]:
    updates, start = [], 0
    for module, width in zip(FUSED[name], widths(shape, name), strict=True):
        if (pair := source.pair(layer, module)) is not None:
            updates.append(LowRank(start, start + width, *pair))
        start += width
    return tuple(updates)


def adapt(base: DecoderWeights, shape: DecoderShape, folder: Path) -> DecoderWeights:
    """A version made of the base and an adapter. The base's own tensors are shared where untouched, never changed."""
    source = AdapterSource(folder, base.norm)
    merge = parameter_bytes(base) <= MERGE_BELOW_BYTES
    blocks: list[Block] = []
    for layer, block in enumerate(base.blocks):
        changed: dict[str, Any] = {}
        for name in FUSED:
            linear: Linear = getattr(block, name)
            updated = replace(linear, updates=updates_of(source, shape, layer, name))
            changed[name] = merged(updated) if merge else updated
        blocks.append(replace(block, **changed))
    if source.taken != len(source.tensors):
        raise ValueError("the adapter changes modules that are not served (embeddings, head) or of another base")
    return replace(base, blocks=blocks)


def merged(linear: Linear) -> Linear:
    if not linear.updates:
        return linear
    weight = linear.weight.to(torch.float64, copy=True)  # a copy even of float64: the base keeps its own
    for update in linear.updates:
        weight[update.start : update.end] += update.up.double() @ update.down.double()
    return Linear(weight.to(linear.weight.dtype), linear.bias)


def parameter_bytes(weights: DecoderWeights) -> int:
    matrices = [getattr(block, name).weight for block in weights.blocks for name in FUSED]
    return sum(torch.numel(each) * each.element_size() for each in [weights.embedding, *matrices])
