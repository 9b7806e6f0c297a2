"""Examples as tokens. The chat template is a token fact: training sees the tokens that inference saw, or fails."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from transformers import PreTrainedTokenizerBase

from maft.chat_template import render_chats
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


@dataclass(frozen=True)
class RenderedChat:
    """A chat as the template writes it, and as tokens."""

    text: str
    tokens: list[int]


def tokenize(tokenizer: PreTrainedTokenizerBase, texts: list[str]) -> list[list[int]]:
    """Token ids of texts that the template has written, special tokens included."""
    ids: list[list[int]] = tokenizer(texts, add_special_tokens=False)["input_ids"]
    return ids


def render(tokenizer: PreTrainedTokenizerBase, chats: list[Any], *, generation_prompt: bool) -> list[RenderedChat]:
    """Each chat as the template writes it alone; all at once is several times faster."""
    texts = render_chats(tokenizer, chats, generation_prompt=generation_prompt)
    return [RenderedChat(text, tokens) for text, tokens in zip(texts, tokenize(tokenizer, texts), strict=True)]


def render_or_explain(
    tokenizer: PreTrainedTokenizerBase, examples: list[TrainingExample], chats: list[Any], *, generation_prompt: bool
) -> list[RenderedChat]:
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
) -> RenderedChat:
    try:
        return render(tokenizer, [chat], generation_prompt=generation_prompt)[0]
    except Exception as error:
        raise BadJob(f"The base model's chat template refuses the chat of {example.name}: {error}") from error


def tokens_as_asked(tokenizer: PreTrainedTokenizerBase, prompt: RenderedChat, whole: RenderedChat) -> list[int] | None:
    """The whole chat, its first tokens being those of the prompt; None where its text does not begin with the prompt's.

    A tokenizer may join the beginning of a completion (a line break, mostly) to the end of the prompt. Inference never
    saw the joined token, so the completion is then tokenized by itself.
    """
    if whole.tokens[: len(prompt.tokens)] == prompt.tokens:
        return whole.tokens
    if not whole.text.startswith(prompt.text):
        return None
    tokens = prompt.tokens + tokenize(tokenizer, [whole.text[len(prompt.text) :]])[0]
    # Some tokenizers put a space before whatever a text begins with.
    return tokens if plain_text(tokenizer, tokens) == plain_text(tokenizer, whole.tokens) else None


def plain_text(tokenizer: PreTrainedTokenizerBase, tokens: list[int]) -> str:
    return str(tokenizer.decode(tokens, skip_special_tokens=False, clean_up_tokenization_spaces=False))


def end_of_turn(
    tokenizer: PreTrainedTokenizerBase, tokens: list[int], start: int, stop_ids: frozenset[int]
) -> int | None:
    """Index of the token at or after `start` that inference would stop at.

    The last end token, unless only blanks separate it from an earlier one: some templates close a turn, and then the
    whole chat (Phi-3). A completion that itself spells out an end token goes on behind it, and so is learnt whole.
    """
    stops = [index for index in range(start, len(tokens)) if tokens[index] in stop_ids]
    while len(stops) > 1 and not plain_text(tokenizer, tokens[stops[-2] + 1 : stops[-1]]).strip():
        stops.pop()
    return stops[-1] if stops else None


def encode_example(
    tokenizer: PreTrainedTokenizerBase,
    example: TrainingExample,
    chats: tuple[RenderedChat, RenderedChat],
    stop_ids: frozenset[int],
) -> EncodedExample:
    """`chats` are prompt and whole. Raises BadJob where they say different things, or no end of the turn is learnt."""
    prompt, whole = chats
    tokens = tokens_as_asked(tokenizer, prompt, whole)
    if tokens is None:
        raise BadJob(
            f"Prompt and generation prompt are no prefix of the whole chat for {example.name}: training would see "
            "another text than inference. The chat template does not suit finetuning."
        )
    start = len(prompt.tokens)
    end = end_of_turn(tokenizer, tokens, start, stop_ids)
    if end is None:
        raise BadJob(
            f"No end-of-turn token follows the completion of {example.name}: the model would never learn to stop. "
            f"The template must close a turn with one of the tokens {sorted(stop_ids)}."
        )
    # What a template writes after the end of the turn (a line break, mostly) is never generated, so never learnt.
    return EncodedExample(example.key, tuple(tokens[: end + 1]), start, example.weight)


def leave_out_too_long(
    examples: list[TrainingExample], encoded: list[EncodedExample], max_length: int
) -> list[EncodedExample]:
    """Cutting would cut off the very answer that is trained on. Selection counts the tokens of inference, which differ
    where a server counts otherwise; raises BadJob where nothing would be left."""
    kept = [row for row in encoded if len(row.tokens) <= max_length]
    if not kept:
        raise BadJob(
            f"The example of {examples[0].name} has {len(encoded[0].tokens)} tokens, maxLength is {max_length}."
        )
    return kept


def encode_examples(
    examples: list[TrainingExample], tokenizer: PreTrainedTokenizerBase, stop_ids: frozenset[int], max_length: int
) -> list[EncodedExample]:
    """The examples as tokens, in their order, without those longer than `max_length`.

    Raises BadJob that names the first example that cannot be trained on.
    """
    prompts = [list(example.messages) for example in examples]
    wholes = [
        [*prompt, {"role": "assistant", "content": example.completion}]
        for prompt, example in zip(prompts, examples, strict=False)
    ]
    rendered_prompts = render_or_explain(tokenizer, examples, prompts, generation_prompt=True)
    rendered_wholes = render_or_explain(tokenizer, examples, wholes, generation_prompt=False)
    encoded = [
        encode_example(tokenizer, example, chats, stop_ids)
        for example, chats in zip(examples, zip(rendered_prompts, rendered_wholes, strict=True), strict=True)
    ]
    return leave_out_too_long(examples, encoded, max_length)
