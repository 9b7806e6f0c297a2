"""Reading texts instead of writing them: log-probabilities of given tokens, and embeddings. Many texts in one pass."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeVar

import torch
from torch import Tensor

from maft.serve.backends import Network
from maft.serve.rows import LOWEST_LOGPROB

#: Log-probabilities held at once: a large vocabulary times many tokens does not fit into memory.
MAX_LOGITS = 2**26


class NoNumbers(Exception):
    """What the weights give for a text is NaN: a training gone wrong, or a precision too narrow for them."""


class ScoredToken(NamedTuple):
    """Natural logarithm and rank (1 = likeliest) of a token given all before it; `top` holds (token, value, rank).

    A tuple: one is made for every token that is read, and the thread that makes them is the one that computes.
    """

    token: int
    logprob: float
    rank: int
    top: Sequence[tuple[int, float, int]] = ()


Scored = list[ScoredToken | None]
Result = TypeVar("Result")


def on_threads(threads: int, job: Callable[[], Result]) -> Result:
    """Runs a job with so many torch threads; the calling thread has as many as before afterwards."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        return job()
    finally:
        torch.set_num_threads(before)


def score_texts(network: Network, texts: Sequence[Sequence[int]], top: int) -> list[Scored]:
    """For each text one entry per token; the first token has nothing before it and is None. Raises NoNumbers."""
    before = [hidden[:-1] for hidden in network.hidden_batch(texts)]
    targets = torch.tensor([token for text in texts for token in text[1:]], device=before[0].device)
    scored = score_targets(network, torch.cat(before), targets, top)
    results: list[Scored] = []
    start = 0
    for text in texts:
        results.append([None, *scored[start : start + len(text) - 1]])
        start += len(text) - 1
    return results


def score_targets(network: Network, hidden: Tensor, targets: Tensor, top: int) -> list[ScoredToken]:
    """One entry per target token, from the hidden state of the token before it."""
    scored: list[ScoredToken] = []
    step = max(1, MAX_LOGITS // network.vocabulary)
    for start in range(0, len(targets), step):
        part = slice(start, start + step)
        logprobs = network.logits(hidden[part]).double().log_softmax(-1)
        own = logprobs.gather(1, targets[part].unsqueeze(1))
        ranks = ((logprobs > own).sum(-1) + 1).tolist()
        # One NaN among the logits makes all of a row's logarithms NaN.
        values = without_nan(own.squeeze(1)).clamp(min=LOWEST_LOGPROB).tolist()
        columns = (targets[part].tolist(), values, ranks)
        if top == 0:
            scored.extend(map(ScoredToken, *columns))
        else:
            scored.extend(map(ScoredToken, *columns, likeliest(logprobs, top)))
    return scored


def likeliest(logprobs: Tensor, count: int) -> list[list[tuple[int, float, int]]]:
    """For each row of [tokens, vocabulary] the likeliest tokens, best first, as (token, value, rank)."""
    values, indices = logprobs.clamp(min=LOWEST_LOGPROB).topk(min(count, logprobs.shape[-1]), dim=-1)
    ranks = range(1, values.shape[-1] + 1)
    return [
        list(zip(tokens, numbers, ranks, strict=True))
        for tokens, numbers in zip(indices.tolist(), values.tolist(), strict=True)
    ]


def embed_texts(network: Network, texts: Sequence[Sequence[int]]) -> list[list[float]]:
    """The mean of the last hidden states over all tokens of each text; not normalised to length one. Raises NoNumbers."""
    return [without_nan(hidden.double().mean(0)).tolist() for hidden in network.hidden_batch(texts)]


def without_nan(numbers: Tensor) -> Tensor:
    """The same numbers. Raises NoNumbers where one of them is NaN."""
    if bool(numbers.isnan().any()):
        raise NoNumbers()
    return numbers
