"""Batched generation from a chat model, as far as measuring the tiny one needs it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol, cast

import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from maft.chat_template import render_chats

Messages = list[dict[str, str]]
MAX_NEW_TOKENS = 96


class Speaker(Protocol):
    """Answers chats; temperature 0 is greedy."""

    def say(self, chats: Sequence[Messages], temperature: float) -> list[str]: ...


class ModelSpeaker:
    """A model that speaks with its own key-value cache; prompts are padded on the left."""

    def __init__(self, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, batch: int = 256) -> None:
        self.generate: Callable[..., torch.Tensor] = cast(Any, model.eval()).generate
        self.tokenizer, self.batch = tokenizer, batch

    @torch.inference_mode()
    def say(self, chats: Sequence[Messages], temperature: float) -> list[str]:
        """One response per chat, without the end token. Samples are drawn from torch's global generator."""
        responses: list[str] = []
        sampling: dict[str, Any] = {"do_sample": False}
        if temperature > 0:
            sampling = {"do_sample": True, "temperature": temperature, "top_k": 0, "top_p": 1.0}
        for start in range(0, len(chats), self.batch):
            texts = render_chats(self.tokenizer, list(chats[start : start + self.batch]), generation_prompt=True)
            prompts = self.tokenizer(texts, padding=True, return_tensors="pt")
            output = self.generate(**prompts, max_new_tokens=MAX_NEW_TOKENS, **sampling)
            answers = output[:, prompts.input_ids.shape[1] :]
            responses += self.tokenizer.batch_decode(answers, skip_special_tokens=True)
        return responses
