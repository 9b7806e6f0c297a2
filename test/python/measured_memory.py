"""Bytes that tensors really take on a CPU, for `test/domain/memory.test.ts`: cases as JSON on stdin, results on stdout.

A case: a configuration (`model_type` and its fields), `rank` of the adapter or null for full weights, `tokens` of one
example, `answer` of them its completion, whether activations are computed again (`checkpointed`), and, if not the trainer's
own number, how many logits are held at once (`logitsAtOnce`).
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import torch
from torch.multiprocessing.reductions import StorageWeakRef
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from transformers import AutoConfig, AutoModelForCausalLM

from maft.serve.cache import KeyValueCache
from maft.serve.shape import decoder_shape
from maft.train import loss
from maft.train.activations import kept_bytes_per_token
from maft.train.encoding import EncodedExample
from maft.train.job import Lora
from maft.train.loop import build_optimizer
from maft.train.models import new_adapter


class LivingBytes(TorchDispatchMode):
    """The most bytes that the storages made under it take at any moment."""

    def __init__(self, known: Any) -> None:
        super().__init__()
        self.ignored = {tensor.untyped_storage()._cdata for tensor in known}
        self.living: dict[int, tuple[StorageWeakRef, int]] = {}
        self.peak = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        for tensor in tree_leaves(result):
            if isinstance(tensor, torch.Tensor):
                storage = tensor.untyped_storage()
                if storage._cdata not in self.ignored and storage._cdata not in self.living:
                    self.living[storage._cdata] = (StorageWeakRef(storage), storage.nbytes())
        self.living = {key: each for key, each in self.living.items() if not each[0].expired()}
        self.peak = max(self.peak, sum(size for _, size in self.living.values()))
        return result


def size(tensors: Any) -> int:
    """Of distinct storages: tied weights count once."""
    return sum({t.untyped_storage().data_ptr(): t.untyped_storage().nbytes() for t in tensors}.values())


USUAL_LOGITS_AT_ONCE = loss.LOGITS_AT_ONCE


def measure(case: dict[str, Any]) -> dict[str, int]:
    torch.manual_seed(0)
    loss.LOGITS_AT_ONCE = case.get("logitsAtOnce", USUAL_LOGITS_AT_ONCE)
    config = AutoConfig.for_model(**case["config"])
    model: Any = AutoModelForCausalLM.from_config(config, dtype=torch.float32)
    base = size(model.parameters())
    if case["rank"] is not None:
        model = new_adapter(model, Lora(rank=case["rank"], alpha=2.0, dropout=0.0), 0)
    model.config.use_cache = False
    if case["checkpointed"]:
        model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
    model.train()
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = build_optimizer(model, 0.01)
    tokens = tuple(index % config.vocab_size for index in range(case["tokens"]))
    row = EncodedExample("0", tokens, case["tokens"] - case["answer"], 1.0)

    kept = kept_bytes_per_token(model, torch.device("cpu"))

    def step() -> int:
        known = [*model.parameters(), *model.buffers(), *(each.grad for each in trained if each.grad is not None)]
        with LivingBytes(known) as living:
            loss.example_losses(model, [row], torch.device("cpu")).sum().backward()
        return living.peak

    step()
    gradients = size(parameter.grad for parameter in trained)
    optimizer.step()
    state = size(each for states in optimizer.state.values() for each in states.values())
    # Gradients are there already: what is left is what a forward and a backward pass need beside them.
    peak = step()
    with tempfile.TemporaryDirectory() as folder:
        model.save_pretrained(folder, **({} if case["rank"] is None else {"save_embedding_layers": False}))
        stored = sum(file.stat().st_size for file in Path(folder).glob("*.safetensors"))
    cache = KeyValueCache(decoder_shape(config), torch.float32, torch.device("cpu"))
    cache.reserve(4, 128)
    return {
        "base": base,
        "trained": size(trained),
        "gradients": gradients,
        "optimizer": state,
        "pass": peak,
        "kept": kept,
        "stored": stored,
        "cache": size(cache.layers) // (4 * 128),
    }


if __name__ == "__main__":
    torch.set_num_threads(1)
    json.dump([measure(case) for case in json.load(sys.stdin)], sys.stdout)
