"""The next token is a function of the row's own logits, seed, sample and position, with the right frequencies."""

from __future__ import annotations

import hashlib

import pytest
import torch

from maft.serve.draw import (
    LOWEST_TEMPERATURE,
    NO_TOKEN,
    Sampling,
    choose,
    draw,
    for_drawing,
    invert,
    keep_nucleus,
    row_key,
    uniforms,
)


def sampling(seed: int = 0, temperature: float = 1.0, top_p: float = 1.0) -> Sampling:
    return Sampling(temperature, top_p, row_key(seed, 0))


def test_uniforms_fill_the_unit_interval_evenly() -> None:
    numbers = uniforms([row_key(seed, 0) for seed in range(100) for _ in range(100)], list(range(100)) * 100)
    counts, _ = torch.histogram(torch.from_numpy(numbers), bins=20, range=(0.0, 1.0))
    expected = len(numbers) / 20
    assert ((counts - expected) ** 2 / expected).sum() < 45  # chi-square, 19 degrees of freedom: p about 0.0007


def splitmix64(key: int, position: int) -> int:
    """Steele et al. 2014, in Python's unbounded integers."""
    state = (key + (position + 1) * 0x9E3779B97F4A7C15) % 2**64
    state = (state ^ state >> 30) * 0xBF58476D1CE4E5B9 % 2**64
    state = (state ^ state >> 27) * 0x94D049BB133111EB % 2**64
    return state ^ state >> 31


def test_a_uniform_is_the_first_53_bits_of_splitmix64_of_key_and_position() -> None:
    keys, positions = [row_key(seed, 1) for seed in range(20)], list(range(0, 2000, 100))
    expected = [(splitmix64(*each) >> 11) / 2**53 for each in zip(keys, positions, strict=True)]
    assert uniforms(keys, positions).tolist() == expected
    assert row_key(7, 2) == int.from_bytes(hashlib.sha256(b"7/2").digest()[:8], "little")


def test_samples_and_positions_have_numbers_of_their_own() -> None:
    keys = [row_key(seed, sample) for seed in range(20) for sample in range(5)]
    drawn = {number for position in range(20) for number in uniforms(keys, [position] * len(keys)).tolist()}
    assert len(drawn) == 20 * len(keys)


def test_tokens_come_as_often_as_the_model_says() -> None:
    probabilities = torch.tensor([0.5, 0.2, 0.2, 0.1], dtype=torch.float64)
    rows = [sampling(seed) for seed in range(4000)]
    tokens = draw(for_drawing(probabilities.log().expand(4000, 4)), rows, [3] * 4000)
    shares = tokens.bincount(minlength=4) / 4000
    torch.testing.assert_close(shares.double(), probabilities, atol=0.03, rtol=0)


def test_a_low_temperature_sharpens_and_a_high_one_flattens() -> None:
    logits = for_drawing(torch.tensor([[1.0, 0.0]]).expand(2000, 2))
    shares = [
        float((draw(logits, [sampling(seed, temperature) for seed in range(2000)], [0] * 2000) == 0).double().mean())
        for temperature in (0.25, 1.0, 4.0)
    ]
    assert shares[0] > 0.95 > shares[1] > 0.65 > shares[2] > 0.5


def test_temperature_zero_takes_the_likeliest_and_of_equal_ones_the_first() -> None:
    logits = for_drawing(torch.tensor([[0.0, 2.0, 2.0], [3.0, 1.0, 2.0]]))
    assert draw(logits, [sampling(1, 0.0), sampling(2, 0.0)], [0, 0]).tolist() == [1, 0]


def test_noise_in_the_last_bits_changes_nothing() -> None:
    logits = torch.randn(500, 50, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    logits[:, 7] = logits[:, 3]  # equal on paper
    noisy = logits * (1 + 1e-14 * torch.randn(500, 50, generator=torch.Generator().manual_seed(1)))
    rows = [sampling(seed, 0.0 if seed % 2 else 1.0, 0.9 if seed % 3 else 1.0) for seed in range(500)]
    first = draw(for_drawing(logits), rows, [0] * 500)
    assert torch.equal(first, draw(for_drawing(noisy), rows, [0] * 500))


def test_top_p_keeps_the_smallest_set_that_reaches_it() -> None:
    logits = for_drawing(torch.tensor([[0.4, 0.3, 0.2, 0.1]]).log().expand(2000, 4))
    kept = {
        top_p: set(draw(logits, [sampling(seed, 1.0, top_p) for seed in range(2000)], [0] * 2000).tolist())
        for top_p in (0.05, 0.4001, 0.85, 1.0)
    }
    assert kept == {0.05: {0}, 0.4001: {0, 1}, 0.85: {0, 1, 2}, 1.0: {0, 1, 2, 3}}


def test_the_nucleus_ends_with_the_token_that_reaches_top_p_exactly() -> None:
    # Halves and quarters are exact in binary: the first token reaches 0.5, the first two reach 0.75.
    probabilities = torch.tensor([[0.25, 0.5, 0.125, 0.125]], dtype=torch.float64).expand(5, 4)
    shares = torch.tensor([[0.25], [0.5], [0.75], [0.8], [1.0]], dtype=torch.float64)
    kept = keep_nucleus(probabilities, shares) > 0
    assert [row.nonzero().flatten().tolist() for row in kept] == [[1], [1], [0, 1], [0, 1, 2], [0, 1, 2, 3]]


def test_a_draw_on_the_border_of_two_tokens_belongs_to_the_second() -> None:
    probabilities = torch.tensor([[0.25, 0.5, 0.0, 0.25]], dtype=torch.float64).expand(4, 4)
    draws = torch.tensor([0.0, 0.25, 0.75, 1.0], dtype=torch.float64)
    # 1 is outside of [0, 1): what rounding lifts there is the last token with any share.
    assert invert(probabilities, draws).tolist() == [0, 1, 3, 3]


def test_a_draw_is_a_share_of_what_the_nucleus_left() -> None:
    probabilities = torch.tensor([[0.1, 0.3, 0.0]], dtype=torch.float64).expand(4, 3)
    draws = torch.tensor([0.0, 0.2, 0.3, 0.99], dtype=torch.float64)
    assert invert(probabilities, draws).tolist() == [0, 0, 1, 1]


def test_logits_that_differ_by_less_than_a_billionth_tie_and_by_more_do_not() -> None:
    logits = for_drawing(torch.tensor([[0.0, 4e-10], [0.0, 1e-9]], dtype=torch.float64))
    assert draw(logits, [sampling(temperature=0.0)] * 2, [0, 0]).tolist() == [0, 1]


def test_the_lowest_temperature_is_still_divided_by() -> None:
    logits = for_drawing(torch.tensor([[0.0, LOWEST_TEMPERATURE]]).expand(100, 2))
    rows = [sampling(seed, LOWEST_TEMPERATURE) for seed in range(100)]
    assert set(draw(logits, rows, [0] * 100).tolist()) == {0, 1}


@pytest.mark.parametrize("top_p", [0.9, 1.0])
def test_what_is_no_distribution_reads_nothing_beyond_the_vocabulary(top_p: float) -> None:
    logits = torch.full((3, 5), float("nan"), dtype=torch.float64)
    assert all(0 <= token < 5 for token in choose(logits, [sampling(top_p=top_p)] * 3, [0] * 3).tolist())


def test_a_row_is_drawn_alike_alone_and_among_others() -> None:
    logits = for_drawing(torch.randn(64, 101, generator=torch.Generator().manual_seed(2)))
    rows = [sampling(seed, (0.0, 0.7, 1.0)[seed % 3], (1.0, 0.9)[seed % 2]) for seed in range(64)]
    together = draw(logits, rows, list(range(64)))
    alone = [draw(logits[row : row + 1], [rows[row]], [row]).item() for row in range(64)]
    assert together.tolist() == alone


def test_a_token_without_any_probability_is_never_drawn() -> None:
    logits = torch.full((1000, 4), float("-inf"), dtype=torch.float64)
    logits[:, 2] = 0.0
    assert set(draw(logits, [sampling(seed) for seed in range(1000)], [0] * 1000).tolist()) == {2}


@pytest.mark.parametrize("temperature", [9e-6, 1e-307, 5e-324])
@pytest.mark.parametrize("top_p", [0.9, 1.0])
def test_a_temperature_too_low_to_divide_by_takes_the_likeliest(temperature: float, top_p: float) -> None:
    logits = for_drawing(torch.tensor([[1.0, 20.0, 3.0], [1.0, 1.0, 1.0]]))
    assert draw(logits, [sampling(3, temperature, top_p), sampling(4)], [0, 0])[0] == 1


@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_logits_that_are_no_distribution_give_no_token_and_leave_the_other_rows_alone(temperature: float) -> None:
    nan, infinity = float("nan"), float("inf")
    rows = [[nan] * 3, [1.0, nan, 2.0], [1.0, infinity, 2.0], [-infinity] * 3, [-infinity, 1.0, -infinity]]
    drawn = draw(for_drawing(torch.tensor(rows)), [sampling(3, temperature, 0.9)] * 5, [0] * 5)
    assert drawn.tolist() == [NO_TOKEN] * 4 + [1]
