"""The fast path computes what Transformers and PEFT compute, row by row, whatever stands beside a row."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from peft import PeftModel
from serve_fixtures import write_adapter
from transformers import AutoModelForCausalLM, LlamaConfig, MistralConfig, Qwen2Config

from maft.serve import adapters
from maft.serve.backends import DecoderNetwork
from maft.serve.generic import GenericNetwork
from maft.serve.loading import Loader
from maft.serve.shape import unsupported_feature

SIZES = {"vocab_size": 50, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4}
CONFIGS: dict[str, Any] = {
    "tied llama": LlamaConfig(**SIZES, num_key_value_heads=4, tie_word_embeddings=True, max_position_embeddings=256),
    "grouped heads, own head": LlamaConfig(**SIZES, num_key_value_heads=2, max_position_embeddings=256),
    "biases": LlamaConfig(**SIZES, attention_bias=True, mlp_bias=True, max_position_embeddings=256),
    "head size of its own": LlamaConfig(**SIZES, head_dim=16, max_position_embeddings=256),
    "llama3 rotary": LlamaConfig(
        **SIZES,
        max_position_embeddings=256,
        rope_parameters={
            "rope_type": "llama3",
            "rope_theta": 10000.0,
            "factor": 8.0,
            "low_freq_factor": 1.0,
            "high_freq_factor": 4.0,
            "original_max_position_embeddings": 64,
        },
    ),
    "qwen2": Qwen2Config(**SIZES, num_key_value_heads=2, max_position_embeddings=256),
    "mistral": MistralConfig(**SIZES, num_key_value_heads=2, sliding_window=None, max_position_embeddings=256),
}


def write_model(config: Any, folder: Path, seed: int = 0) -> Path:
    torch.manual_seed(seed)
    model = AutoModelForCausalLM.from_config(config)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name.endswith("bias") or "norm" in name:  # fresh ones are all zeros or ones, and would hide a mistake
                parameter.add_(0.3 * torch.randn_like(parameter))
    model.save_pretrained(folder)
    return folder


def load(folder: Path, dtype: torch.dtype | None = torch.float32, fast: bool = True) -> Any:
    return Loader(dtype, torch.device("cpu"), 2**28, fast).load_full(folder)


@torch.inference_mode()
def reference(model: Any, tokens: list[int]) -> torch.Tensor:
    return model(input_ids=torch.tensor([tokens])).logits[0]


@pytest.mark.parametrize("name", CONFIGS)
@torch.inference_mode()
def test_prompts_and_steps_give_the_logits_of_transformers(name: str, tmp_path: Path) -> None:
    folder = write_model(CONFIGS[name], tmp_path / "model")
    network = load(folder)
    assert isinstance(network, DecoderNetwork)
    model = AutoModelForCausalLM.from_pretrained(folder).eval()
    texts = [[7] * 3 + [1, 2, 3], list(range(40)) * 3, [5]]
    logits = [network.decoder.admit(texts, [network.weights] * 3)]
    for token in (9, 11):
        logits.append(network.decoder.step([token] * 3))
    for row, text in enumerate(texts):
        expected = reference(model, [*text, 9, 11])[-3:]
        torch.testing.assert_close(torch.stack([each[row] for each in logits]), expected, atol=2e-5, rtol=1e-4)


@torch.inference_mode()
def test_scoring_gives_the_logits_of_transformers_at_every_position(tmp_path: Path) -> None:
    folder = write_model(CONFIGS["grouped heads, own head"], tmp_path / "model")
    network = load(folder)
    text = list(range(45))
    ours = network.logits(network.hidden(text))[: len(text)]
    expected = reference(AutoModelForCausalLM.from_pretrained(folder).eval(), text)
    torch.testing.assert_close(ours, expected, atol=2e-5, rtol=1e-4)


@torch.inference_mode()
def test_hidden_states_have_one_entry_per_token(tmp_path: Path) -> None:
    network = load(write_model(CONFIGS["tied llama"], tmp_path / "model"))
    assert network.hidden([1, 2, 3]).shape == (3, 32)


@torch.inference_mode()
def test_a_row_has_the_same_bits_alone_and_among_rows_of_other_versions_that_come_and_go(tmp_path: Path) -> None:
    loader = Loader(None, torch.device("cpu"), 2**28)
    folders = [write_model(CONFIGS["tied llama"], tmp_path / str(seed), seed) for seed in range(3)]
    networks: list[Any] = [loader.load_full(folder) for folder in folders]
    decoder = networks[0].decoder
    weights = [network.weights for network in networks]
    alone = [decoder.admit([[1, 2, 3]], [weights[1]])[0], *(decoder.step([token])[0] for token in (4, 5, 6))]
    decoder.reset()

    decoder.admit([[9] * 20, [8] * 33], [weights[0], weights[2]])
    decoder.step([1, 1])
    together = [decoder.admit([[1, 2, 3], [4] * 70], [weights[1], weights[0]])[0]]
    together.append(decoder.step([1, 1, 4, 1])[2])
    place = decoder.remove([0]).index(2)  # the last row takes the free place
    together.append(decoder.step([5 if row == place else 1 for row in range(3)])[place])
    place = decoder.remove([row for row in range(3) if row != place]).index(place)
    together.append(decoder.step([6])[place])
    # Where float32 is not invariant on a machine, float64 takes its place, whose noise moves no draw (invariance.py).
    noise = 0.0 if alone[0].dtype is torch.float32 else 1e-12
    for before, after in zip(alone, together, strict=True):
        torch.testing.assert_close(after, before, atol=noise, rtol=0)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("merge", [True, False])
@torch.inference_mode()
def test_an_adapter_computes_what_peft_computes_and_leaves_the_base_as_it_was(
    merge: bool, dtype: torch.dtype, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adapters, "MERGE_BELOW_BYTES", 2**40 if merge else 0)
    folder = write_model(CONFIGS["grouped heads, own head"], tmp_path / "base")
    adapter = write_adapter(folder, tmp_path / "adapter")
    loader = Loader(dtype, torch.device("cpu"), 2**28)
    base: Any = loader.load(folder, None)
    adapted: Any = loader.load(adapter, (folder, base))
    assert merge or adapted.weights.blocks[0].down.weight is base.weights.blocks[0].down.weight
    text = list(range(30))
    logits = base.decoder.admit([text] * 3, [base.weights, adapted.weights, base.weights])
    plain = reference(AutoModelForCausalLM.from_pretrained(folder).eval(), text)[-1]
    tuned = reference(PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(folder), adapter).eval(), text)[-1]
    assert (plain - tuned).abs().max() > 0.01
    torch.testing.assert_close(logits.float(), torch.stack([plain, tuned, plain]), atol=2e-5, rtol=1e-4)


@torch.inference_mode()
def test_an_adapter_that_is_not_plain_lora_is_merged_by_peft(tmp_path: Path) -> None:
    folder = write_model(CONFIGS["grouped heads, own head"], tmp_path / "base")
    adapter = write_adapter(folder, tmp_path / "adapter", use_dora=True)
    loader = Loader(torch.float32, torch.device("cpu"), 2**28)
    base = loader.load(folder, None)
    adapted: Any = loader.load(adapter, (folder, base))
    assert isinstance(adapted, DecoderNetwork)
    text = list(range(30))
    tuned = reference(PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(folder), adapter).eval(), text)[-1]
    logits = adapted.decoder.admit([text], [adapted.weights])[0]
    torch.testing.assert_close(logits, tuned, atol=2e-5, rtol=1e-4)


def test_a_pickled_adapter_is_refused(tmp_path: Path) -> None:
    folder = write_model(CONFIGS["tied llama"], tmp_path / "base")
    adapter = write_adapter(folder, tmp_path / "adapter")
    (adapter / "adapter_model.safetensors").rename(adapter / "adapter_model.bin")
    loader = Loader(torch.float32, torch.device("cpu"), 2**28)
    base = loader.load(folder, None)
    with pytest.raises(ValueError, match="pickled"):
        loader.load(adapter, (folder, base))


def test_what_the_fast_path_does_not_know_is_refused_by_name() -> None:
    dynamic = LlamaConfig(**SIZES, rope_parameters={"rope_type": "dynamic", "rope_theta": 1e4, "factor": 2.0})
    assert unsupported_feature(dynamic) == "rotary type dynamic"
    assert unsupported_feature(MistralConfig(**SIZES, sliding_window=64)) == "sliding-window attention"
    assert unsupported_feature(LlamaConfig(**SIZES, hidden_act="gelu")) == "activation gelu"


@torch.inference_mode()
def test_the_generic_path_scores_like_transformers(tmp_path: Path) -> None:
    folder = write_model(
        MistralConfig(**SIZES, num_key_value_heads=2, sliding_window=8, max_position_embeddings=256), tmp_path / "model"
    )
    network = load(folder)
    assert isinstance(network, GenericNetwork)
    text = list(range(30))
    expected = reference(AutoModelForCausalLM.from_pretrained(folder).eval(), text)
    torch.testing.assert_close(network.logits(network.hidden(text)), expected, atol=2e-5, rtol=1e-4)


def test_a_checkpoint_with_tensors_that_would_be_ignored_is_refused(tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    folder = write_model(CONFIGS["tied llama"], tmp_path / "model")
    tensors = {**load_file(folder / "model.safetensors"), "model.layers.0.self_attn.q_norm.weight": torch.ones(8)}
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ValueError, match="q_norm"):
        load(folder)


@torch.inference_mode()
def test_steps_in_bfloat16_are_as_exact_as_prompts_where_scores_are_large(tmp_path: Path) -> None:
    """As in Qwen2, whose queries and keys carry large constants."""
    sizes = {"vocab_size": 512, "hidden_size": 256, "intermediate_size": 512, "num_hidden_layers": 4}
    heads = {"num_attention_heads": 2, "num_key_value_heads": 1}
    config = Qwen2Config(**sizes, **heads, max_position_embeddings=512, tie_word_embeddings=True)
    torch.manual_seed(0)
    model: Any = AutoModelForCausalLM.from_config(config)
    for name, parameter in model.named_parameters():
        if parameter.dim() == 2:
            parameter.normal_(0, 0.06)
        if name.endswith(("q_proj.bias", "k_proj.bias")):
            parameter.zero_().view(-1, 128)[:, [60, 62]] = 20.0
    model.bfloat16().save_pretrained(tmp_path)
    text = torch.randint(512, (200,), generator=torch.Generator().manual_seed(1)).tolist()
    exact = reference(AutoModelForCausalLM.from_pretrained(tmp_path, dtype=torch.float32), text).log_softmax(-1)
    network = load(tmp_path, torch.bfloat16)
    read = network.logits(network.hidden(text)).float().log_softmax(-1)
    network.decoder.admit([text[:40]], [network.weights])
    stepped = torch.stack([network.decoder.step([token])[0] for token in text[40:]]).float().log_softmax(-1)
    off_read, off_stepped = (divergence(exact[40:], each) for each in (read[40:], stepped))
    assert off_stepped < 1.5 * off_read, (off_stepped, off_read)


def divergence(first: torch.Tensor, second: torch.Tensor) -> float:
    """Mean KL divergence in nats per position."""
    return float((first.exp() * (first - second)).sum(-1).mean())
