"""From a folder to a network: the fast path where the configuration is known, Transformers' own forward elsewhere."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from maft.serve.adapters import adapt, is_plain_lora, read_config
from maft.serve.backends import DecoderBackend, DecoderNetwork, Network
from maft.serve.decoder import Decoder
from maft.serve.folders import is_adapter, read_tensors
from maft.serve.generic import GenericNetwork
from maft.serve.invariance import make_invariant
from maft.serve.memory import free_memory
from maft.serve.shape import DecoderShape, decoder_shape, unsupported_feature
from maft.serve.weights import TensorSource, assemble

log = logging.getLogger("maft.serve")


@dataclass
class Loader:
    """Loads versions one at a time; keeps one decoder per shape, so that versions of a shape share a batch."""

    dtype: torch.dtype | None
    """None: float32 where that is batch-invariant on this machine, else float64."""
    device: torch.device
    cache_bytes: int
    """For keys and values of all versions together."""
    allow_fast: bool = True
    decoders: dict[DecoderShape, DecoderBackend] = field(default_factory=dict)

    def load(self, folder: Path, base: tuple[Path, Network] | None) -> Network:
        """The network of a folder. An adapter needs the base it belongs to. Raises whatever is wrong with the folder."""
        if not is_adapter(folder):
            return self.load_full(folder)
        if base is None:
            raise ValueError("an adapter cannot be the base")
        return self.load_adapter(folder, *base)

    def lacks_room(self) -> bool:
        """Whether less memory is free than keys and values may still take, so that a batch would run out of it.

        Only of a GPU: a computer's memory belongs to other programs as well, and evicting does not bring theirs back.
        """
        if self.device.type != "cuda":
            return False
        held = sum(backend.decoder.cache.bytes_held() for backend in self.decoders.values())
        return free_memory(self.device) < self.cache_bytes - held

    def load_full(self, folder: Path) -> Network:
        from transformers import AutoConfig

        config: Any = AutoConfig.from_pretrained(folder, trust_remote_code=False, local_files_only=True)
        reason = unsupported_feature(config) if self.allow_fast else "the fast path is switched off"
        if reason is not None:
            log.info("%s: computed by Transformers itself (%s)", folder.name, reason)
            return GenericNetwork(self.load_module(folder), self.cache_bytes)
        shape = decoder_shape(config)
        tensors = read_tensors(folder)
        if shape not in self.decoders:
            self.decoders[shape] = DecoderBackend(self.make_decoder(config, tensors), self.cache_bytes)
        backend = self.decoders[shape]
        return DecoderNetwork(backend, assemble(TensorSource(tensors, backend.decoder.dtype, self.device), shape))

    @torch.inference_mode()
    def make_decoder(self, config: Any, tensors: Mapping[str, torch.Tensor]) -> Decoder:
        """The decoder of a shape; the first weights of that shape serve to try out how it rounds."""
        shape = decoder_shape(config)
        decoder = Decoder(config, shape, self.dtype or torch.float32, self.device)
        if self.dtype is not None:
            return decoder
        if make_invariant(decoder, assemble(TensorSource(tensors, decoder.dtype, self.device), shape)):
            log.info("float32 is batch-invariant here (at least %d rows per product)", decoder.minimum_rows)
            return decoder
        log.warning("float32 depends on the batch on this machine: computing in float64")
        return Decoder(config, shape, torch.float64, self.device)

    def load_module(self, folder: Path) -> Any:
        from transformers import AutoModelForCausalLM

        dtype = self.generic_dtype()
        model: Any = AutoModelForCausalLM.from_pretrained(
            folder,
            dtype=dtype,
            # The default, a grouped product over all experts, takes no float64.
            experts_implementation="eager" if dtype == torch.float64 else None,
            use_safetensors=True,
            trust_remote_code=False,
            local_files_only=True,
        )
        return model.to(self.device).eval()

    def generic_dtype(self) -> torch.dtype:
        """Transformers' own kernels were not tried out: only float64 keeps batches from showing in the text."""
        return self.dtype or torch.float64

    def load_adapter(self, folder: Path, base_folder: Path, base: Network) -> Network:
        config = read_config(folder)
        if not isinstance(base, DecoderNetwork):
            return GenericNetwork(self.merge(folder, base_folder).eval(), self.cache_bytes)
        decoder = base.decoder
        if is_plain_lora(config):
            weights = adapt(base.weights, decoder.shape, folder)
        else:
            log.info("%s: merged by PEFT into a copy of the base", folder.name)
            tensors = self.merge(folder, base_folder).state_dict()
            weights = assemble(TensorSource(tensors, decoder.dtype, self.device), decoder.shape)
        return DecoderNetwork(self.decoders[decoder.shape], weights)

    def merge(self, folder: Path, base_folder: Path) -> Any:
        """A copy of the base with the adapter merged. PEFT on the base itself would disturb every other version."""
        from peft import PeftModel

        wrapped: Any = PeftModel.from_pretrained(self.load_module(base_folder), folder)
        return wrapped.merge_and_unload()
