"""Plain LoRA adapters: as updates beside the base's matrices, or merged into a copy of them. PEFT merges all others."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor

from maft.model_folder.adapters import read_adapter_config, require_fitting
from maft.model_folder.weight_files import ADAPTER
from maft.serve.shape import DecoderShape
from maft.serve.weights import FUSED, Block, DecoderWeights, Linear, LowRank

#: A base up to this size is copied and merged: two more small multiplications per projection cost more than memory.
MERGE_BELOW_BYTES = 256 * 2**20


def adapter_scale(config: dict[str, Any]) -> float:
    rank = config["r"]
    return float(config["lora_alpha"]) / (math.sqrt(rank) if config.get("use_rslora") else rank)


class AdapterSource:
    """The pairs of matrices of an adapter that fits, by module."""

    def __init__(self, folder: Path, config: dict[str, Any], like: Tensor) -> None:
        self.tensors = load_file(folder / ADAPTER)
        self.scale = adapter_scale(config)
        self.like = like

    def pair(self, layer: int, module: str) -> tuple[Tensor, Tensor] | None:
        """A and scaled B of a module, or None if the adapter does not change it."""
        prefix = f"base_model.model.model.layers.{layer}.{module}"
        down, up = (self.tensors.get(f"{prefix}.lora_{side}.weight") for side in "AB")
        if down is None or up is None:
            return None
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


def linear_modules(shape: DecoderShape) -> dict[str, tuple[int, int]]:
    """Outputs and inputs of every module of the layers that an adapter may change, by name."""
    inputs = {"output": shape.heads * shape.head_size, "down": shape.intermediate}
    return {
        f"model.layers.{layer}.{module}": (width, inputs.get(name, shape.hidden))
        for layer in range(shape.layers)
        for name, modules in FUSED.items()
        for module, width in zip(modules, widths(shape, name), strict=True)
    }


def updates_of(source: AdapterSource, shape: DecoderShape, layer: int, name: str) -> tuple[LowRank, ...]:
    updates: list[LowRank] = []
    start = 0
    for module, width in zip(FUSED[name], widths(shape, name), strict=True):
        if (pair := source.pair(layer, module)) is not None:
            updates.append(LowRank(start, start + width, *pair))
        start += width
    return tuple(updates)


def adapt(base: DecoderWeights, shape: DecoderShape, folder: Path) -> DecoderWeights:
    """A version made of the base and a plain LoRA adapter. Untouched tensors are shared with the base, whose own are never changed.

    Raises UnusableFolder if a tensor does not fit or a target is missing.
    """
    config = read_adapter_config(folder)
    require_fitting(folder, config, linear_modules(shape))
    source = AdapterSource(folder, config, base.norm)
    merge = parameter_bytes(base) <= MERGE_BELOW_BYTES
    blocks: list[Block] = []
    for layer, block in enumerate(base.blocks):
        changed: dict[str, Any] = {}
        for name in FUSED:
            linear: Linear = getattr(block, name)
            updated = replace(linear, updates=updates_of(source, shape, layer, name))
            changed[name] = merged(updated) if merge else updated
        blocks.append(replace(block, **changed))
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
