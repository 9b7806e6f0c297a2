"""Reading texts instead of writing them: log-probabilities of given tokens, and embeddings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from maft.serve.backends import Network

#: Logits of this many tokens at once: a large vocabulary times a long text does not fit into memory.
LOGIT_TOKENS = 512


@dataclass(frozen=True)
class ScoredToken:
    """Natural logarithm and rank (1 = likeliest) of a token given all before it; `top` holds (token, value, rank)."""

    token: int
    logprob: float
    rank: int
    top: list[tuple[int, float, int]]


def score_tokens(network: Network, tokens: Sequence[int], top: int) -> list[ScoredToken | None]:
    """One entry per token; the first has nothing before it and is None."""
    hidden = network.hidden(tokens)[:-1]
    targets = torch.tensor(tokens[1:], device=hidden.device)
    scored: list[ScoredToken | None] = [None]
    for start in range(0, len(targets), LOGIT_TOKENS):
        part = slice(start, start + LOGIT_TOKENS)
        logprobs = network.logits(hidden[part]).double().log_softmax(-1)
        wanted = targets[part]
        own = logprobs.gather(1, wanted.unsqueeze(1))
        ranks = (logprobs > own).sum(-1) + 1
        values, indices = logprobs.topk(min(top, logprobs.shape[-1]), dim=-1)
        likeliest = zip(indices.tolist(), values.tolist(), strict=True)
        for row, (ids, numbers) in enumerate(likeliest):
            best = [(token, value, place + 1) for place, (token, value) in enumerate(zip(ids, numbers, strict=True))]
            scored.append(ScoredToken(int(wanted[row]), float(own[row]), int(ranks[row]), best))
    return scored


def embed_texts(network: Network, texts: Sequence[Sequence[int]]) -> list[list[float]]:
    """The mean of the last hidden states over all tokens of each text; not normalised to length one."""
    return [network.hidden(text).double().mean(0).tolist() for text in texts]
