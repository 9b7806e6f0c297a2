"""Models that Transformers computes itself: rows that come and go, and one distribution for sampling and scoring."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import model_families
import pytest
import torch
from transformers import AutoConfig, AutoModelForCausalLM

from maft.serve.generic import GenericBackend, GenericNetwork, Group, bytes_per_position
from maft.serve.loading import Loader
from maft.serve.scoring import score_texts

SIZES = {**model_families.SIZES, "num_hidden_layers": 4}
HYBRIDS: dict[str, dict[str, Any]] = {
    "qwen3_5_text": model_families.LINEAR,
    "lfm2": {"layer_types": ["conv", "full_attention", "conv", "full_attention"]},
    "gemma3_text": {"sliding_window": 4},
}


def make_model(family: str, dtype: torch.dtype = torch.float64, **extra: Any) -> Any:
    torch.manual_seed(0)
    config = AutoConfig.for_model(family, **{**SIZES, **extra})
    return AutoModelForCausalLM.from_config(config).to(dtype).eval()


def row(prompt: list[int]) -> Any:
    return SimpleNamespace(generation=SimpleNamespace(prompt=prompt), tokens=[])


def trace(model: Any, prompts: list[list[int]], drop: int | None = None) -> list[torch.Tensor]:
    """Logits of the last prompt's row, after the prompt and after each of three tokens; `drop` leaves after the first."""
    group = Group(model, [row(prompt) for prompt in prompts])
    logits = [group.first[-1]]
    for step, token in enumerate((22, 23, 24)):
        if step == 1 and drop is not None:
            group.keep([place for place in range(len(prompts)) if place != drop])
        for each in group.rows:
            each.tokens.append(token)
        logits.append(group.step()[-1])
    return logits


@pytest.mark.parametrize("family", HYBRIDS)
@torch.inference_mode()
def test_a_row_of_a_hybrid_model_goes_on_as_before_when_another_ends(family: str) -> None:
    model = make_model(family, **HYBRIDS[family])
    last = [17, 18, 19, 20, 21]
    alone = trace(model, [last])
    together = trace(model, [[5, 6, 7], [8, 9, 10, 11, 12, 13, 14, 15, 16], last], drop=1)
    torch.testing.assert_close(torch.stack(together), torch.stack(alone), atol=1e-6, rtol=0)


@pytest.mark.parametrize("family", ["qwen3_moe", "qwen3"])
@torch.inference_mode()
def test_experts_are_computed_in_float64_too_and_a_row_does_not_feel_its_company(family: str, tmp_path: Path) -> None:
    make_model(family, torch.float32, **HEADS.get(family, {})).save_pretrained(tmp_path)
    network = Loader(None, torch.device("cpu"), 2**28).load_full(tmp_path)
    assert isinstance(network, GenericNetwork) and network.model.dtype == torch.float64
    last = [17, 18, 19, 20, 21]
    together = trace(network.model, [[5, 6, 7], [8, 9, 10, 11, 12, 13, 14, 15, 16], last], drop=1)
    torch.testing.assert_close(torch.stack(together), torch.stack(trace(network.model, [last])), atol=1e-12, rtol=0)


@torch.inference_mode()
def test_memory_is_counted_as_keys_and_values_take_it_whatever_the_size_of_a_head() -> None:
    model = make_model("qwen3", torch.float32, head_dim=16)
    group = Group(model, [row([5, 6, 7])] * 2)
    taken = sum(layer.keys.nbytes + layer.values.nbytes for layer in group.cache.layers)
    assert taken == 2 * 3 * bytes_per_position(model)


HEADS: dict[str, dict[str, Any]] = {
    "granite": {"logits_scaling": 8.0},
    "gemma2": {"query_pre_attn_scalar": 8, "final_logit_softcapping": 1.0},
    "cohere": {"logit_scale": 0.3},
    "qwen3_moe": {"num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 16},
    "llama4_text": {"num_local_experts": 2, "intermediate_size_mlp": 32},
    "lfm2": HYBRIDS["lfm2"],
}


@pytest.mark.parametrize("family", HEADS)
@torch.inference_mode()
def test_scoring_and_sampling_are_one_distribution(family: str) -> None:
    model = make_model(family, torch.float32, **HEADS[family])
    model.get_output_embeddings().weight.mul_(40)  # fresh weights hardly feel a scale or a cap
    text = [5, 6, 7, 8, 9, 10, 11]
    own = model(torch.tensor([text])).logits[0].double().log_softmax(-1)
    for _ in range(2):  # scoring leaves the model as it was
        scored = score_texts(GenericNetwork(model, 2**20), [text], 3)[0]
        assert scored.tokens == text[1:]
        expected = [float(own[place, token]) for place, token in enumerate(text[1:])]
        assert scored.logprobs == pytest.approx(expected, abs=1e-4)
    drawn_from = Group(model, [row(text)]).first[0].double().log_softmax(-1)
    torch.testing.assert_close(drawn_from, own[-1], atol=1e-4, rtol=0)


@torch.inference_mode()
def test_rows_join_in_numbers_so_that_few_groups_take_turns() -> None:
    backend = GenericBackend(make_model("qwen3"), 2**28)
    assert backend.welcomes(1), "nobody is there yet"
    backend.admit([row([5, 6, 7])] * 8)
    assert [backend.welcomes(waiting) for waiting in (1, 3, 4, 8)] == [False, False, True, True]
