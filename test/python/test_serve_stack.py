"""Small versions of one shape run as one batched model, and no bit of a row shows it."""

from __future__ import annotations

import gc
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from serve_fixtures import write_adapter, write_lively
from tiny_llama import write_tiny_llama

from maft.serve import weights
from maft.serve.composition import side_by_side
from maft.serve.decoder import Decoder
from maft.serve.loading import Loader
from maft.serve.stack import CAPACITY, Stack, tensors_of
from maft.serve.weights import DecoderWeights

CPU = torch.device("cpu")
PROMPTS = [[7, 1, 2], list(range(40)), [5], [3] * 21, [9, 8] * 30, [4, 4], list(range(17)), [1, 6]]


class Society:
    """A base and the weights of seven more versions of its shape, as a server holds them."""

    def __init__(self, folder: Path) -> None:
        base = write_lively(folder / "base", hidden=128)
        self.loader = Loader(None, CPU, 2**28)
        network: Any = self.loader.load_full(base)
        self.decoder: Decoder = network.decoder
        others = [write_lively(folder / str(seed), seed=seed, hidden=128) for seed in range(1, 8)]
        loaded: list[Any] = [self.loader.load_full(other) for other in others]
        self.versions: list[DecoderWeights] = [network.weights, *(each.weights for each in loaded)]


@pytest.fixture(scope="module")
def society(tmp_path_factory: pytest.TempPathFactory) -> Society:
    found = Society(tmp_path_factory.mktemp("society"))
    if not found.decoder.stacks:
        pytest.skip("on this machine a stacked product rounds as no other does, and nothing is stacked")
    return found


@torch.inference_mode()
def decode(decoder: Decoder, prompts: list[list[int]], versions: list[DecoderWeights], steps: int = 4) -> torch.Tensor:
    """Logits [rows, steps, vocabulary]; what a row reads depends on its prompt alone."""
    decoder.reset()
    decoder.admit(prompts, versions)
    tokens = [[(len(prompt) + 3 * step) % 11 for prompt in prompts] for step in range(steps)]
    return torch.stack([decoder.step(each) for each in tokens], dim=1)


def shape_of(decoder: Decoder) -> tuple[int, int]:
    assert decoder.composition is not None
    return decoder.composition.shape


def test_rows_of_several_versions_are_one_product_and_each_has_the_bits_it_has_alone(society: Society) -> None:
    decoder, versions = society.decoder, society.versions
    alone = [decode(decoder, [prompt], [version])[0] for prompt, version in zip(PROMPTS, versions, strict=True)]
    together = decode(decoder, PROMPTS, versions)
    assert shape_of(decoder) == (8, decoder.minimum_rows)
    assert [torch.equal(one, other) for one, other in zip(alone, together, strict=True)] == [True] * 8


def test_a_row_has_the_same_bits_whatever_versions_and_rows_stand_beside_it(society: Society) -> None:
    decoder, versions = society.decoder, society.versions
    alone = decode(decoder, [PROMPTS[1]], [versions[3]])[0]
    for company in ([3, 0], [0, 3, 3, 3, 7], [6, 5, 3, 1, 2, 1, 2], [3, *[place % 8 for place in range(40)]]):
        prompts = [PROMPTS[1] if version == 3 else PROMPTS[place % 8] for place, version in enumerate(company)]
        together = decode(decoder, prompts, [versions[each] for each in company])
        assert torch.equal(together[company.index(3)], alone), company


def test_rows_that_leave_and_others_that_join_change_no_bit_of_a_row_that_stays(society: Society) -> None:
    decoder, versions = society.decoder, society.versions
    alone = decode(decoder, [PROMPTS[3]], [versions[2]], steps=6)[0]
    decoder.reset()
    with torch.inference_mode():
        decoder.admit(PROMPTS[:4], [versions[0], versions[1], versions[0], versions[2]])
        seen = []
        for step in range(6):
            if step == 2:
                decoder.remove([0, 1])  # the row moves to another slot
            if step == 4:
                decoder.admit(PROMPTS[4:6], [versions[5], versions[0]])
            place = 3 if step < 2 else 0 if len(decoder.lengths) < 2 else decoder.versions.index(versions[2])
            seen.append(decoder.step([(len(PROMPTS[3]) + 3 * step) % 11] * len(decoder.lengths))[place])
    assert torch.equal(torch.stack(seen), alone)


def test_few_rows_beside_many_are_not_padded_to_as_many(society: Society) -> None:
    decoder, versions = society.decoder, society.versions
    decode(decoder, [[5, 3]] * 64, [versions[0]] * 57 + versions[1:], steps=1)
    assert shape_of(decoder) == (64, 1)


def test_one_version_alone_is_not_stacked(society: Society) -> None:
    decode(society.decoder, PROMPTS[:2], [society.versions[0]] * 2, steps=1)
    assert shape_of(society.decoder) == (2, 1)
    assert society.decoder.stack.tensors == []


def copies(version: DecoderWeights, count: int) -> list[DecoderWeights]:
    return [replace(version) for _ in range(count)]


def test_a_version_that_was_unloaded_makes_room_and_the_others_stay_where_they_are(society: Society) -> None:
    stack, (first, second, third) = Stack(), copies(society.versions[0], 3)
    assert stack.hold([first, second]) == [0, 1]
    del first
    gc.collect()
    assert stack.hold([second, third]) == [1, 0]


def test_a_full_stack_gives_up_the_version_that_ran_longest_ago_and_never_one_that_runs(society: Society) -> None:
    stack, versions = Stack(), copies(society.versions[0], CAPACITY + 1)
    assert stack.hold(versions[:CAPACITY]) == list(range(CAPACITY))
    stack.hold([versions[0]])
    assert stack.hold([versions[2], versions[CAPACITY]]) == [2, 1]
    assert stack.hold(versions) is None


def test_a_new_version_at_the_place_of_another_brings_its_own_numbers(society: Society) -> None:
    stack, (kept, gone) = Stack(), copies(society.versions[0], 2)
    stack.hold([kept, gone])
    del gone
    stack.hold([kept, society.versions[1]])
    for stacked, own in zip(stack.tensors, tensors_of(society.versions[1]), strict=True):
        assert torch.equal(stacked[1], own)


def test_adapters_and_biases_are_not_stacked(tmp_path: Path, society: Society, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("maft.serve.adapters.MERGE_BELOW_BYTES", 0)
    base = write_lively(tmp_path / "base", hidden=128)
    network: Any = society.loader.load_full(base)
    adapted: Any = society.loader.load(write_adapter(base, tmp_path / "adapter"), (base, network))
    assert adapted.decoder is society.decoder
    assert side_by_side([network.weights, adapted.weights], 4, Stack()) is None
    head = replace(network.weights.head, bias=torch.zeros(society.decoder.shape.vocabulary))
    assert side_by_side([network.weights, replace(network.weights, head=head)], 4, Stack()) is None


@pytest.mark.parametrize(
    ("dtype", "most", "by_inputs"), [("float32", 2**22, True), ("float64", 2**22, False), ("float32", 2**10, False)]
)
def test_only_a_small_model_in_float32_is_laid_out_by_inputs_and_others_keep_one_copy_of_a_tied_head(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dtype: str, most: int, by_inputs: bool
) -> None:
    monkeypatch.setattr(weights, "SMALL_PARAMETERS", most)
    network: Any = Loader(getattr(torch, dtype), CPU, 2**28).load_full(write_tiny_llama(tmp_path / "base"))
    made: DecoderWeights = network.weights
    assert {not each.weight.is_contiguous() for each in made.blocks[0].projections()} == {by_inputs}
    assert (made.head.weight is made.embedding) != by_inputs
