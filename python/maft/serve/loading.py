"""From a folder to a network: the fast path if the configuration is known, otherwise Transformers' own forward."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from maft.causal_model import load_causal_model
from maft.model_folder.adapters import changes_something, is_plain_lora, read_adapter_config
from maft.model_folder.check import require_model
from maft.model_folder.errors import UnusableFolder
from maft.peft_adapters import put_adapter
from maft.serve.adapters import adapt
from maft.serve.backends import DecoderBackend, DecoderNetwork, Network
from maft.serve.decoder import Decoder
from maft.serve.folders import is_adapter, read_tensors
from maft.serve.measurements import make_invariant_once
from maft.serve.memory import free_memory
from maft.serve.shape import DecoderShape, decoder_shape, unsupported_feature
from maft.serve.stored_config import read_config
from maft.serve.weights import TensorSource, assemble

log = logging.getLogger("maft.serve")
#: Tokens that every model has, to try an adapter on.
TRIED = [3, 1, 2]


@dataclass
class Loader:
    """Loads versions one at a time; keeps one decoder per shape, so that versions of a shape share a batch."""

    dtype: torch.dtype | None
    """None: float32 where that is batch-invariant on this machine, else float64."""
    device: torch.device
    cache_bytes: int
    """For keys and values of all versions together."""
    allow_fast: bool = True
    measurements: Path | None = None
    """Where it is kept whether float32 is batch-invariant; None: tried out for each shape."""
    decoders: dict[DecoderShape, DecoderBackend] = field(default_factory=dict)

    def load(self, folder: Path, base: tuple[Path, Network] | None) -> Network:
        """The network of a folder. An adapter needs its base. Raises if anything is wrong with the folder."""
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
        require_model(folder)
        config = read_config(folder)
        reason = unsupported_feature(config) if self.allow_fast else "the fast path is switched off"
        if reason is not None:
            log.info("%s: computed by Transformers itself (%s)", folder.name, reason)
            return generic_network(self.load_module(folder), self.cache_bytes)
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
        weights = assemble(TensorSource(tensors, decoder.dtype, self.device), shape)
        if make_invariant_once(decoder, weights, self.measurements):
            log.info("float32 is batch-invariant here (at least %d rows per product)", decoder.minimum_rows)
            return decoder
        log.warning(
            "float32 depends on the batch on this machine: computing in float64, which is slower. With `server: {precision: float32}` "
            "in config.yaml texts may differ from one time to the next."
        )
        return Decoder(config, shape, torch.float64, self.device)

    def load_module(self, folder: Path) -> Any:
        dtype = self.generic_dtype()
        # The default, a grouped product over all experts, takes no float64.
        experts = "eager" if dtype == torch.float64 else None
        return load_causal_model(folder, dtype=dtype, experts_implementation=experts).to(self.device).eval()

    def generic_dtype(self) -> torch.dtype:
        """Transformers' own kernels were not tried out: only float64 keeps batches from showing in the text."""
        return self.dtype or torch.float64

    def load_adapter(self, folder: Path, base_folder: Path, base: Network) -> Network:
        config = read_adapter_config(folder)
        if not isinstance(base, DecoderNetwork):
            return generic_network(self.merge(folder, base_folder).eval(), self.cache_bytes)
        decoder = base.decoder
        if is_plain_lora(config):
            weights = adapt(base.weights, decoder.shape, folder)
        else:
            log.info("%s: merged by PEFT into a copy of the base", folder.name)
            tensors = self.merge(folder, base_folder).state_dict()
            weights = assemble(TensorSource(tensors, decoder.dtype, self.device), decoder.shape)
        network = DecoderNetwork(self.decoders[decoder.shape], weights)
        self.require_change(folder, base.logits(base.hidden(TRIED)), network.logits(network.hidden(TRIED)))
        return network

    def merge(self, folder: Path, base_folder: Path) -> Any:
        """A copy of the base with the adapter merged. PEFT on the base itself would disturb every other version."""
        model = self.load_module(base_folder)
        tried = torch.tensor([TRIED], device=self.device)
        with torch.inference_mode():
            before = model(tried).logits
        merged: Any = put_adapter(model, folder).merge_and_unload()
        with torch.inference_mode():
            self.require_change(folder, before, merged(tried).logits)
        return merged

    def require_change(self, folder: Path, before: torch.Tensor, after: torch.Tensor) -> None:
        """A guard after the checks of names and shapes: an adapter that is not zero must change the weights.

        Narrow formats may round a small update away, which is no fault of the folder. Raises UnusableFolder.
        """
        if not torch.equal(before, after) or not changes_something(folder):
            return
        if before.dtype.itemsize < 4:
            log.warning("%s changes nothing in %s: its updates are too small for it", folder.name, before.dtype)
            return
        raise UnusableFolder("its updates are not zero, and yet it says what the base says: nothing of it was used")


def generic_network(model: Any, cache_bytes: int) -> Network:
    """Imported on first use: the models' code in Transformers costs more than all else of a start with a small model."""
    from maft.serve.generic import GenericNetwork

    return GenericNetwork(model, cache_bytes)
