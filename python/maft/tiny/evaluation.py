"""What the base model can do, measured on held-out problems the way a debate uses it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, cast

import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from maft.chat_template import render_chats
from maft.tiny.conversations import revision_prompt, summarise, summary_prompt
from maft.tiny.problems import Problem, held_out_problems, parse_answer

Messages = list[dict[str, str]]
MAX_NEW_TOKENS = 96
MEMBERS = 3


@dataclass(frozen=True)
class Accuracies:
    """Shares in 0..1. `greedy`, `sampled`: one answer, greedy and at temperature 1. `revised`: one critic's answer at
    temperature 1 after the others' summary (mean over three members). `summary`: greedy summaries of two sampled
    responses that are right to the character. `debated`: vote of the three critics (ties: lowest member)."""

    greedy: float
    sampled: float
    revised: float
    summary: float
    debated: float
    problems: int
    seed: int


class Speaker:
    """Batched generation with the model's own key-value cache; prompts are padded on the left."""

    def __init__(self, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, batch: int = 128) -> None:
        self.generate: Callable[..., torch.Tensor] = cast(Any, model).generate
        self.tokenizer, self.batch = tokenizer, batch

    @torch.inference_mode()
    def say(self, chats: list[Messages], sample: bool) -> list[str]:
        """One response per chat, without the end token. Sampling is at temperature 1 from the global generator."""
        responses: list[str] = []
        for start in range(0, len(chats), self.batch):
            batch = chats[start : start + self.batch]
            texts = render_chats(self.tokenizer, batch, generation_prompt=True)
            prompts = self.tokenizer(texts, padding=True, return_tensors="pt")
            settings: dict[str, Any] = {"temperature": 1.0, "top_k": 0, "top_p": 1.0} if sample else {}
            output = self.generate(**prompts, do_sample=sample, max_new_tokens=MAX_NEW_TOKENS, **settings)
            answers = output[:, prompts.input_ids.shape[1] :]
            responses += self.tokenizer.batch_decode(answers, skip_special_tokens=True)
        return responses


def user(content: str) -> dict[str, str]:
    return {"role": "user", "content": content}


def assistant(content: str) -> dict[str, str]:
    return {"role": "assistant", "content": content}


def share_right(problems: list[Problem], responses: list[str]) -> float:
    pairs = zip(problems, responses, strict=True)
    return sum(parse_answer(response) == str(problem.value) for problem, response in pairs) / len(problems)


def vote(answers: list[str | None]) -> str | None:
    """The most frequent answer; of equals the one given first. Unparsable answers do not vote."""
    counts = Counter(answer for answer in answers if answer is not None)
    return counts.most_common(1)[0][0] if counts else None


def debate(speaker: Speaker, problems: list[Problem]) -> tuple[list[list[str]], list[list[str]]]:
    """Two rounds of three untuned members at temperature 1: responses per member, [first round, second round]."""
    questions = [problem.question for problem in problems]
    first = [speaker.say([[user(question)] for question in questions], sample=True) for _ in range(MEMBERS)]
    second: list[list[str]] = []
    for member in range(MEMBERS):
        others = [first[other] for other in range(MEMBERS) if other != member]
        lists = [[user(summary_prompt(list(responses)))] for responses in zip(*others, strict=True)]
        summaries = speaker.say(lists, sample=True)
        turns = zip(questions, first[member], summaries, strict=True)
        chats = [
            [user(question), assistant(own), user(revision_prompt(question, text))] for question, own, text in turns
        ]
        second.append(speaker.say(chats, sample=True))
    return first, second


def evaluate(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, count: int = 256, seed: int = 0) -> Accuracies:
    """Measures the jobs on `count` held-out problems; problems and samples follow from `seed`."""
    model.eval()
    problems, speaker = held_out_problems(count, seed), Speaker(model, tokenizer)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        greedy = speaker.say([[user(problem.question)] for problem in problems], sample=False)
        first, second = debate(speaker, problems)
        pairs = [list(pair) for pair in zip(first[0], first[1], strict=True)]
        summaries = speaker.say([[user(summary_prompt(pair))] for pair in pairs], sample=False)
    votes = [vote([parse_answer(response) for response in responses]) for responses in zip(*second, strict=True)]
    return Accuracies(
        greedy=share_right(problems, greedy),
        sampled=sum(share_right(problems, responses) for responses in first) / MEMBERS,
        revised=sum(share_right(problems, responses) for responses in second) / MEMBERS,
        summary=sum(said == summarise(pair) for said, pair in zip(summaries, pairs, strict=True)) / count,
        debated=sum(answer == str(problem.value) for answer, problem in zip(votes, problems, strict=True)) / count,
        problems=count,
        seed=seed,
    )


def as_json(accuracies: Accuracies) -> dict[str, float | int]:
    return {name: round(value, 4) for name, value in asdict(accuracies).items()}
