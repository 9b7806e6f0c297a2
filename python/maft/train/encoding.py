"""Examples as tokens. The chat template is a token fact: training sees the bytes that inference saw, or fails."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from transformers import PreTrainedTokenizerBase

from maft.train.errors import BadJob
from maft.train.examples import TrainingExample


@dataclass(frozen=True)
class EncodedExample:
    """`tokens[completion_start:]` is learnt: the completion and its end-of-turn token, nothing before or after."""

    key: str
    tokens: tuple[int, ...]
    completion_start: int
    weight: float

    @property
    def completion_tokens(self) -> int:
        return len(self.tokens) - self.completion_start


def render(tokenizer: PreTrainedTokenizerBase, chats: list[Any], *, generation_prompt: bool) -> list[list[int]]:
    """Token ids of each chat, as `apply_chat_template` gives them one by one; all at once is several times faster."""
    texts = tokenizer.apply_chat_template(chats, tokenize=False, add_generation_prompt=generation_prompt)
    ids: list[list[int]] = tokenizer(texts, add_special_tokens=False)["input_ids"]
    return ids


def render_or_explain(
    tokenizer: PreTrainedTokenizerBase, examples: list[TrainingExample], chats: list[Any], *, generation_prompt: bool
) -> list[list[int]]:
    """As `render`; raises BadJob that names the first example whose chat the template refuses."""
    try:
        return render(tokenizer, chats, generation_prompt=generation_prompt)
    except Exception:  # noqa: BLE001  # templates are programs of the model's makers and raise whatever they like
        return [
            render_one(tokenizer, example, chat, generation_prompt=generation_prompt)
            for example, chat in zip(examples, chats, strict=False)
        ]


def render_one(
    tokenizer: PreTrainedTokenizerBase, example: TrainingExample, chat: Any, *, generation_prompt: bool
) -> list[int]:
    try:
        return render(tokenizer, [chat], generation_prompt=generation_prompt)[0]
    except Exception as error:
        raise BadJob(f"The base model's chat template refuses the chat of {example.name}: {error}") from error


def last_stop(tokens: list[int], stop_ids: frozenset[int]) -> int | None:
    """Index of the last end-of-turn token."""
    return next((index for index in reversed(range(len(tokens))) if tokens[index] in stop_ids), None)


def encode_example(
    example: TrainingExample, prompt: list[int], whole: list[int], stop_ids: frozenset[int]
) -> EncodedExample:
    """Raises BadJob where prompt and completion do not join at a token border, or the end of the turn is not learnt."""
    if whole[: len(prompt)] != prompt:
        raise BadJob(
            f"The tokens of prompt and generation prompt are no prefix of those of the whole chat for {example.name}: "
            "training would see other tokens than inference. The chat template does not suit finetuning."
        )
    end = last_stop(whole, stop_ids)
    if end is None or end < len(prompt):
        raise BadJob(
            f"No end-of-turn token follows the completion of {example.name}: the model would never learn to stop. "
            f"The template must close a turn with one of the tokens {sorted(stop_ids)}."
        )
    # What a template writes after the end of the turn (a line break, mostly) is never generated, so never learnt.
    return EncodedExample(example.key, tuple(whole[: end + 1]), len(prompt), example.weight)


def refuse_too_long(example: TrainingExample, encoded: EncodedExample, max_length: int) -> None:
    """Cutting would cut off the very answer that is trained on; selection has left such examples out already."""
    if len(encoded.tokens) > max_length:
        raise BadJob(f"The example of {example.name} has {len(encoded.tokens)} tokens, maxLength is {max_length}.")


def encode_examples(
    examples: list[TrainingExample], tokenizer: PreTrainedTokenizerBase, stop_ids: frozenset[int], max_length: int
) -> list[EncodedExample]:
    """The examples as tokens, in their order. Raises BadJob that names the first example that cannot be trained on."""
    prompts = [list(example.messages) for example in examples]
    wholes = [
        [*prompt, {"role": "assistant", "content": example.completion}]
        for prompt, example in zip(prompts, examples, strict=False)
    ]
    prompt_ids = render_or_explain(tokenizer, examples, prompts, generation_prompt=True)
    whole_ids = render_or_explain(tokenizer, examples, wholes, generation_prompt=False)
    encoded = []
    for example, prompt, whole in zip(examples, prompt_ids, whole_ids, strict=False):
        encoded.append(encode_example(example, prompt, whole, stop_ids))
        refuse_too_long(example, encoded[-1], max_length)
    return encoded
