"""From a folder to a network: the fast path where the configuration is known, Transformers' own forward elsewhere."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from maft.serve.adapters import adapt, read_adapter
from maft.serve.backends import DecoderBackend, DecoderNetwork, Network
from maft.serve.decoder import Decoder
from maft.serve.folders import is_adapter, read_tensors
from maft.serve.generic import GenericNetwork
from maft.serve.precision import Precision
from maft.serve.shape import DecoderShape, decoder_shape, unsupported_feature
from maft.serve.weights import TensorSource, assemble

log = logging.getLogger("maft.serve")


@dataclass
class Loader:
    """Loads versions one at a time; keeps one decoder per shape, so that versions of a shape share a batch."""

    precision: Precision
    device: torch.device
    cache_bytes: int
    allow_fast: bool = True
    decoders: dict[DecoderShape, DecoderBackend] = field(default_factory=dict)

    def load(self, folder: Path, base: tuple[Path, Network] | None) -> Network:
        """The network of a folder. An adapter needs the base it belongs to. Raises whatever is wrong with the folder."""
        if not is_adapter(folder):
            return self.load_full(folder)
        if base is None:
            raise ValueError("an adapter cannot be the base")
        return self.load_adapter(folder, *base)

    def load_full(self, folder: Path) -> Network:
        from transformers import AutoConfig

        config: Any = AutoConfig.from_pretrained(folder, trust_remote_code=False, local_files_only=True)
        reason = unsupported_feature(config) if self.allow_fast else "the fast path is switched off"
        if reason is not None:
            log.info("%s: computed by Transformers itself (%s)", folder.name, reason)
            return GenericNetwork(self.load_module(folder), self.cache_positions(config))
        shape = decoder_shape(config)
        source = TensorSource(read_tensors(folder), self.precision.compute, self.device)
        weights = assemble(source, shape)
        if shape not in self.decoders:
            decoder = Decoder(config, shape, self.precision, self.device)
            self.decoders[shape] = DecoderBackend(decoder, self.cache_bytes)
        return DecoderNetwork(self.decoders[shape], weights)

    def load_module(self, folder: Path) -> Any:
        from transformers import AutoModelForCausalLM

        model = AutoModelForCausalLM.from_pretrained(
            folder, dtype=self.precision.compute, use_safetensors=True, trust_remote_code=False, local_files_only=True
        )
        return model.to(self.device).eval()

    def load_adapter(self, folder: Path, base_folder: Path, base: Network) -> Network:
        if isinstance(base, DecoderNetwork):
            backend = self.decoders[base.decoder.shape]
            return DecoderNetwork(backend, adapt(base.weights, base.decoder.shape, folder))
        read_adapter(folder)
        from peft import PeftModel

        # A copy of its own: PEFT would put its layers into the base's modules and so disturb every other version.
        wrapped: Any = PeftModel.from_pretrained(self.load_module(base_folder), folder)
        model = wrapped.merge_and_unload()
        return GenericNetwork(model.eval(), self.cache_positions(model.config))

    def cache_positions(self, config: Any) -> int:
        """Positions of all rows that the memory for keys and values holds."""
        text = config.get_text_config()
        heads = getattr(text, "num_key_value_heads", None) or getattr(text, "num_attention_heads", 16)
        head = getattr(text, "head_dim", None) or getattr(text, "hidden_size", 1024) // text.num_attention_heads
        layers = getattr(text, "num_hidden_layers", 24)
        return max(2048, self.cache_bytes // (2 * layers * heads * head * self.precision.compute.itemsize))
