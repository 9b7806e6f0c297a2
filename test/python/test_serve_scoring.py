"""What is read where a model masks a part of its vocabulary."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import torch

from maft.serve.rows import LOWEST_LOGPROB
from maft.serve.scoring import score_texts


def test_a_masked_token_has_a_logprob_that_json_can_write() -> None:
    masked = torch.tensor([0.0, 1.0, -torch.inf, -torch.inf])
    network: Any = SimpleNamespace(
        vocabulary=4,
        hidden_batch=lambda texts: [torch.zeros(len(text), 1) for text in texts],
        logits=lambda hidden: masked.expand(len(hidden), 4),
    )
    [scored] = score_texts(network, [[0, 1, 2]], top=4)
    assert scored.tokens == [1, 2]
    assert scored.ranks == [1, 3]
    assert scored.logprobs[1] == LOWEST_LOGPROB
    assert scored.top is not None
    assert [value for _, value, _ in scored.top[1][2:]] == [LOWEST_LOGPROB] * 2
    json.dumps([scored.logprobs, scored.top], allow_nan=False)
