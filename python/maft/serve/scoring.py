"""Reading texts instead of writing them: log-probabilities of given tokens, and embeddings. Many texts in one pass."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import TypeVar

import torch
from torch import Tensor

from maft.serve.backends import Network
from maft.serve.rows import LOWEST_LOGPROB

#: Log-probabilities held at once: a large vocabulary times many tokens does not fit into memory.
MAX_LOGITS = 2**26


class NoNumbers(Exception):
    """The weights give NaN for a text: a failed training, or too narrow a precision."""


Ranked = list[tuple[int, float, int]]
Result = TypeVar("Result")


@dataclass(frozen=True)
class ScoredText:
    """A model's scores of a text's tokens, each given all before it. Every list begins with the second token, because the
    first has nothing before it.

    Lists, not objects per token: the thread that would make those is the one that computes.
    """

    tokens: list[int]
    logprobs: list[float]
    """Natural logarithms."""
    ranks: list[int]
    """1 is the likeliest token."""
    top: list[Ranked] | None
    """The likeliest tokens at each place as (token, logprob, rank), best first; None where they were not asked for."""

    def part(self, start: int, end: int) -> ScoredText:
        """Places `start` up to `end`."""
        place = slice(start, end)
        top = None if self.top is None else self.top[place]
        return ScoredText(self.tokens[place], self.logprobs[place], self.ranks[place], top)


def on_threads(threads: int, job: Callable[[], Result]) -> Result:
    """Runs a job with this many torch threads, then restores the calling thread's number."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        return job()
    finally:
        torch.set_num_threads(before)


def score_texts(network: Network, texts: Sequence[Sequence[int]], top: int) -> list[ScoredText]:
    """One entry per text, with the `top` likeliest tokens of each place. Raises NoNumbers."""
    before = [hidden[:-1] for hidden in network.hidden_batch(texts)]
    targets = torch.tensor([token for text in texts for token in text[1:]], device=before[0].device)
    together = score_targets(network, torch.cat(before), targets, top)
    ends = list(accumulate(len(text) - 1 for text in texts))
    return [together.part(start, end) for start, end in zip([0, *ends], ends, strict=False)]


def score_targets(network: Network, hidden: Tensor, targets: Tensor, top: int) -> ScoredText:
    """The target tokens, each from the hidden state of the token before it."""
    scored = ScoredText(targets.tolist(), [], [], [] if top > 0 else None)
    step = max(1, MAX_LOGITS // network.vocabulary)
    for start in range(0, len(targets), step):
        part = slice(start, start + step)
        logprobs = network.logits(hidden[part]).double().log_softmax(-1)
        own = logprobs.gather(1, targets[part].unsqueeze(1))
        scored.ranks.extend(((logprobs > own).sum(-1) + 1).tolist())
        # One NaN among the logits makes all of a row's logarithms NaN.
        scored.logprobs.extend(without_nan(own.squeeze(1)).clamp(min=LOWEST_LOGPROB).tolist())
        if scored.top is not None:
            scored.top.extend(likeliest(logprobs, top))
    return scored


def likeliest(logprobs: Tensor, count: int) -> list[Ranked]:
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
    """The same numbers. Raises NoNumbers if one of them is NaN."""
    if bool(numbers.isnan().any()):
        raise NoNumbers()
    return numbers
