"""DPO (arXiv 2305.18290) and KTO (arXiv 2402.01306): losses on what is preferred, beside the weights training started from.

Both compare log-probabilities of whole completions with those under the reference model, which is the agent as it was
loaded: its start weights, a fresh adapter being no change at all. They are computed once, before the first step, so that
no second model lies in memory. A test shows both losses equal to TRL's.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace

import torch
from torch.nn import functional

from maft.chat_tokens import ChatTokens
from maft.train.encoding import EncodedExample, encode_all, encode_examples, leave_out_too_long
from maft.train.examples import TrainingExample
from maft.train.job import Preference, TrainingJob

LogProbabilities = Callable[[list[EncodedExample]], torch.Tensor]


def encode_for(job: TrainingJob, examples: list[TrainingExample], chats: ChatTokens) -> list[EncodedExample]:
    """The examples as tokens, each with the other completion that the job's loss looks at. Raises as `encode_examples`."""
    if job.preference is None:
        return encode_examples(examples, chats, job.max_length)
    chosen = encode_all(examples, chats)
    if job.preference.kind == "dpo":
        rejected = encode_all([each.model_copy(update={"completion": each.rejected or ""}) for each in examples], chats)
        pairs = [replace(row, beside=other.tokens) for row, other in zip(chosen, rejected, strict=True)]
        return leave_out_too_long(examples, pairs, job.max_length)
    labelled = [replace(row, desirable=bool(each.desirable)) for row, each in zip(chosen, examples, strict=True)]
    return mismatched(leave_out_too_long(examples, labelled, job.max_length), job)


def mismatched(rows: list[EncodedExample], job: TrainingJob) -> list[EncodedExample]:
    """Beside each example its prompt with the completion of another one, drawn once, as TRL pairs them by rotation.

    The other completion is read and never learnt, so it may be cut; if all examples share one prompt there is none.
    """
    order = sorted(rows, key=lambda row: hashlib.sha256(f"mismatch/{job.seed}/{row.key}".encode()).digest())
    place = {row.key: index for index, row in enumerate(order)}

    def beside(row: EncodedExample) -> tuple[int, ...]:
        prompt = row.tokens[: row.completion_start]
        following = (order[(place[row.key] + step) % len(order)] for step in range(1, len(order)))
        other = next((each for each in following if each.tokens[: each.completion_start] != prompt), None)
        return () if other is None else (*prompt, *other.tokens[other.completion_start :])[: job.max_length]

    return [replace(row, beside=beside(row)) for row in rows]


def with_reference(rows: list[EncodedExample], log_probabilities: LogProbabilities) -> list[EncodedExample]:
    """The rows with the present model's log-probabilities of their completions."""
    own = log_probabilities(rows).tolist()
    besides = [row.other for row in rows if row.beside]
    others = iter(log_probabilities(besides).tolist() if besides else [])
    return [
        replace(row, reference=(mine, next(others) if row.beside else 0.0)) for row, mine in zip(rows, own, strict=True)
    ]


def references(rows: list[EncodedExample], device: torch.device) -> tuple[torch.Tensor, torch.Tensor]:
    own, other = torch.tensor([row.reference for row in rows], device=device).T
    return own, other


def dpo_losses(rows: list[EncodedExample], log_probabilities: LogProbabilities, beta: float) -> torch.Tensor:
    """-log σ(β (log-ratio of the chosen - log-ratio of the rejected)), [rows]."""
    chosen, rejected = log_probabilities([*rows, *(row.other for row in rows)]).chunk(2)
    reference_of_chosen, reference_of_rejected = references(rows, chosen.device)
    return -functional.logsigmoid(beta * ((chosen - reference_of_chosen) - (rejected - reference_of_rejected)))


def kto_losses(
    rows: list[EncodedExample], log_probabilities: LogProbabilities, beta: float, divergence: float
) -> torch.Tensor:
    """1 - σ(± β (log-ratio - divergence)), + for desirable examples, [rows]."""
    own = log_probabilities(rows)
    gain = own - references(rows, own.device)[0] - divergence
    signs = torch.tensor([1.0 if row.desirable else -1.0 for row in rows], device=own.device)
    return 1 - torch.sigmoid(beta * signs * gain)


def divergence(rows: list[EncodedExample], log_probabilities: LogProbabilities) -> float:
    """KTO's estimate of KL(model, reference), at least 0: the mean log-ratio of mismatched completions of a batch."""
    compared = [row for row in rows if row.beside]
    if not compared:
        return 0.0
    now = log_probabilities([row.other for row in compared])
    return max(0.0, float((now - references(compared, now.device)[1]).mean()))


def preference_losses(
    preference: Preference, rows: list[EncodedExample], log_probabilities: LogProbabilities, kl: float
) -> torch.Tensor:
    if preference.kind == "dpo":
        return dpo_losses(rows, log_probabilities, preference.beta)
    return kto_losses(rows, log_probabilities, preference.beta, kl)
