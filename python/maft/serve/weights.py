"""The tensors of one weight version, arranged for the fast path: fused projections, low-rank updates beside them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor

from maft.serve.shape import DecoderShape


@dataclass(frozen=True)
class LowRank:
    """An adapter's update of some output columns: y[:, start:end] += (x A^T) B^T, the scale already in B."""

    start: int
    end: int
    down: Tensor
    """A: [rank, inputs]"""
    up: Tensor
    """B: [end - start, rank]"""


@dataclass(frozen=True)
class Linear:
    """One projection: [outputs, inputs], a bias or none, and the adapters on it. The weight may be shared."""

    weight: Tensor
    bias: Tensor | None = None
    updates: tuple[LowRank, ...] = ()


@dataclass(frozen=True)
class Block:
    input_norm: Tensor
    query_key_value: Linear
    output: Linear
    middle_norm: Tensor
    gate_up: Linear
    down: Linear

    def projections(self) -> tuple[Linear, ...]:
        """In the order of their use."""
        return self.query_key_value, self.output, self.gate_up, self.down


@dataclass(frozen=True)
class DecoderWeights:
    """One version. Compared by identity: two versions are two, even with equal numbers."""

    embedding: Tensor
    blocks: list[Block] = field(repr=False)
    norm: Tensor
    head: Linear

    def norms(self) -> list[Tensor]:
        """Every norm vector in the order of its use."""
        inner = [norm for block in self.blocks for norm in (block.input_norm, block.middle_norm)]
        return [*inner, self.norm]

    def order(self) -> tuple[int, int]:
        """Sort key of rows: versions next to those they share matrices with."""
        return id(self.blocks[0].output.weight), id(self)

    __hash__ = object.__hash__

    def __eq__(self, other: object) -> bool:
        return self is other


#: Models of at most this many parameters are small: what their products cost is started, not computed.
SMALL_PARAMETERS = 4 * 2**20

#: Per fused projection: which modules it is made of, in order of its output columns.
FUSED = {
    "query_key_value": ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"),
    "output": ("self_attn.o_proj",),
    "gate_up": ("mlp.gate_proj", "mlp.up_proj"),
    "down": ("mlp.down_proj",),
}


class TensorSource:
    """A checkpoint's tensors by name, converted on the way out; remembers which were asked for."""

    def __init__(self, tensors: Mapping[str, Tensor], dtype: torch.dtype, device: torch.device) -> None:
        self.tensors = tensors
        self.dtype = dtype
        self.device = device
        self.used: set[str] = set()

    def take(self, name: str) -> Tensor:
        """Raises KeyError with the name if the checkpoint has no such tensor."""
        self.used.add(name)
        return self.tensors[name].to(self.device, self.dtype).contiguous()

    def take_optional(self, name: str) -> Tensor | None:
        return self.take(name) if name in self.tensors else None

    def unused(self) -> list[str]:
        """Unused tensors: weights that the fast path would silently ignore (buffers excepted)."""
        return sorted(name for name in self.tensors.keys() - self.used if not name.endswith("rotary_emb.inv_freq"))


def is_small(shape: DecoderShape, dtype: torch.dtype, device: torch.device) -> bool:
    """Whether weights are laid out by inputs, and may be stacked. On a CPU in float32 only: the others have other kernels."""
    return device.type == "cpu" and dtype == torch.float32 and shape.parameters() <= SMALL_PARAMETERS


def by_inputs(weight: Tensor) -> Tensor:
    """The same matrix [outputs, inputs], stored as [inputs, outputs]: a product of few rows is up to three times as
    fast so, and its bits are those of many rows from two or four rows on, not from 32."""
    return weight.t().contiguous().t()


def fuse(source: TensorSource, prefix: str, modules: tuple[str, ...]) -> Linear:
    weights = [source.take(f"{prefix}.{module}.weight") for module in modules]
    biases = [source.take_optional(f"{prefix}.{module}.bias") for module in modules]
    if all(bias is None for bias in biases):
        return Linear(torch.cat(weights))
    filled = [weights[i].new_zeros(len(weights[i])) if bias is None else bias for i, bias in enumerate(biases)]
    return Linear(torch.cat(weights), torch.cat(filled))


def assemble(source: TensorSource, shape: DecoderShape) -> DecoderWeights:
    """The weights of a full checkpoint. Raises KeyError for a missing tensor, ValueError for one too many."""
    small = is_small(shape, source.dtype, source.device)
    blocks = []
    for layer in range(shape.layers):
        prefix = f"model.layers.{layer}"
        fused = {name: fuse(source, prefix, modules) for name, modules in FUSED.items()}
        if small:
            fused = {name: Linear(by_inputs(linear.weight), linear.bias) for name, linear in fused.items()}
        input_norm = source.take(f"{prefix}.input_layernorm.weight")
        middle_norm = source.take(f"{prefix}.post_attention_layernorm.weight")
        blocks.append(Block(input_norm=input_norm, middle_norm=middle_norm, **fused))
    embedding = source.take("model.embed_tokens.weight")
    if shape.tied:
        source.used.add("lm_head.weight")
    head = embedding if shape.tied else source.take("lm_head.weight")
    head = by_inputs(head) if small else head
    weights = DecoderWeights(embedding, blocks, source.take("model.norm.weight"), Linear(head))
    if source.unused():
        raise ValueError(f"tensors that a decoder of this kind does not have: {', '.join(source.unused()[:3])}")
    return weights
