"""Examples as tokens: the prompt as it was served, the response as it was generated, and the end of the turn.

The chat template writes the prompt alone. Many templates would change a finished assistant's turn (Qwen3 puts an empty
`<think>` block before it, others trim it) into a text that the model did not generate.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace

from maft.chat_template import ANSWER
from maft.chat_tokens import CLOSED, OPEN, ChatTokens, RenderedChat
from maft.control_tokens import MarkedText, UnsplittableText
from maft.train.errors import BadJob
from maft.train.examples import TrainingExample


@dataclass(frozen=True)
class EncodedExample:
    """`tokens[completion_start:]` is learnt: the completion and its end-of-turn token, nothing before or after."""

    key: str
    tokens: tuple[int, ...]
    completion_start: int
    weight: float
    beside: tuple[int, ...] = ()
    """The prompt with another completion. DPO: the rejected one. KTO: another example's, to estimate a divergence with."""
    desirable: bool = True
    reference: tuple[float, float] = (0.0, 0.0)
    """DPO, KTO: log-probabilities of both completions under the weights that training started from."""

    @property
    def completion_tokens(self) -> int:
        return len(self.tokens) - self.completion_start

    @property
    def longest(self) -> int:
        return max(len(self.tokens), len(self.beside))

    @property
    def other(self) -> EncodedExample:
        """The same prompt with the other completion."""
        return replace(self, tokens=self.beside, beside=())


def closing_token(chats: ChatTokens) -> int:
    """The token that ends an assistant's turn, as the template writes it behind an answer.

    Raises BadJob with the reason if no text response can be the turn that the model generates.
    """
    try:
        [opened], [closed] = chats.render([OPEN]), chats.render([CLOSED], generation_prompt=False)
    except Exception as error:
        raise BadJob(f"The base model's chat template refuses a question and an answer: {error}") from error
    before, found, after = closed.text.rpartition(ANSWER)
    if not found or OPEN[0]["content"] not in opened.text:
        raise BadJob("The base model's chat template leaves out what messages say: nothing could be asked or learnt.")
    refuse_header(chats, before[len(os.path.commonprefix([before, opened.text])) :])
    end = end_of_turn(chats, chats.encode(after, special_tokens=False))
    if end is None:
        raise BadJob(
            "No end-of-turn token follows an answer in the base model's chat template: the model would never learn to "
            f"stop. It must close a turn with one of the tokens {sorted(chats.ends)}."
        )
    return end


def refuse_header(chats: ChatTokens, header: str) -> None:
    """`header` stands between generation prompt and answer: the model generates it, and its text does not hold it."""
    inside = [chats.control[token] for token in chats.encode(header, special_tokens=False) if token in chats.control]
    if inside:
        raise BadJob(
            f"The base model's chat template writes {', '.join(dict.fromkeys(inside))} between the generation prompt and "
            "an answer: the model generates these tokens, and the text of a response does not hold them, so that "
            "training could not show it what it generates. Choose a base without such headers."
        )


def end_of_turn(chats: ChatTokens, tokens: list[int]) -> int | None:
    """The token that inference would stop at, of those behind an answer.

    The last end token, unless only blanks separate it from an earlier one: some templates close a turn, and then the
    whole chat (Phi-3).
    """
    stops = [index for index, token in enumerate(tokens) if token in chats.ends]
    while len(stops) > 1 and not chats.decode(tokens[stops[-2] + 1 : stops[-1]]).strip():
        stops.pop()
    return tokens[stops[-1]] if stops else None


def render_or_explain(chats: ChatTokens, examples: list[TrainingExample]) -> list[RenderedChat]:
    """Prompts and responses; raises BadJob that names the first example whose chat the template refuses."""
    try:
        return render(chats, examples)
    except Exception:  # noqa: BLE001  # templates are programs of the model's makers and may raise any error
        return [render_one(chats, example) for example in examples]


def render(chats: ChatTokens, examples: list[TrainingExample]) -> list[RenderedChat]:
    prompts = [list(example.messages) for example in examples]
    return chats.render(prompts, responses=[example.completion for example in examples])


def render_one(chats: ChatTokens, example: TrainingExample) -> RenderedChat:
    try:
        return render(chats, [example])[0]
    except Exception as error:
        raise BadJob(f"The base model's chat template refuses the chat of {example.name}: {error}") from error


def prompt_and_response(chats: ChatTokens, rendered: RenderedChat) -> tuple[list[int], list[int]] | None:
    """Their tokens; None if a response by itself has another text than after the prompt.

    A tokenizer may join the beginning of a response (a line break, mostly) to the end of the prompt. Inference never
    saw the joined token, so the response is then tokenized by itself.
    """
    prompt = chats.encode_marked(rendered.prompt)
    both = MarkedText(rendered.prompt.text + rendered.response.text, rendered.prompt.spelled)
    whole = chats.encode_marked(both)
    if whole[: len(prompt)] == prompt:
        return prompt, whole[len(prompt) :]
    response = chats.encode_marked(rendered.response)
    # Some tokenizers put a space before a text.
    return (prompt, response) if chats.decode(prompt + response) == chats.decode(whole) else None


def encode_example(
    chats: ChatTokens, example: TrainingExample, rendered: RenderedChat, end_of_turn: int
) -> EncodedExample:
    """Raises BadJob if the response has no tokens of its own after this prompt."""
    try:
        tokens = prompt_and_response(chats, rendered)
    except UnsplittableText as error:
        raise BadJob(f"{example.name} cannot be trained on: {error}") from error
    if tokens is None:
        raise BadJob(
            f"The tokenizer joins prompt and response of {example.name}, and the response by itself is another text: "
            "training would see another text than inference. The tokenizer does not suit finetuning."
        )
    prompt, response = tokens
    return EncodedExample(example.key, (*prompt, *response, end_of_turn), len(prompt), example.weight)


def leave_out_too_long(
    examples: list[TrainingExample], encoded: list[EncodedExample], max_length: int
) -> list[EncodedExample]:
    """Drops long examples, because cutting would remove the very answer that is trained on. Selection counted the tokens of
    inference, which may differ if a server counts otherwise. Raises BadJob if nothing would be left."""
    kept = [row for row in encoded if row.longest <= max_length]
    if not kept:
        raise BadJob(f"The example of {examples[0].name} has {encoded[0].longest} tokens, maxLength is {max_length}.")
    return kept


def texts_of(example: TrainingExample) -> list[str]:
    return [*(each["content"] for each in example.messages), example.completion, example.rejected or ""]


def without_spelled_tokens(examples: list[TrainingExample], chats: ChatTokens) -> list[TrainingExample]:
    """Those in which neither a message nor the response spells a control token.

    Another server may have read such a message as control tokens, so the response would answer a different prompt from the
    one that training sees. Raises BadJob if nothing would be left.
    """
    kept = [example for example in examples if not any(map(chats.spells_control, texts_of(example)))]
    if not kept:
        raise BadJob(
            f"All {len(examples)} examples spell control tokens of the base model ({', '.join(chats.control.values())[:200]}), "
            "which their endpoint may have read as such. Serve the base with maft.serve, or change the prompts."
        )
    return kept


def encode_examples(examples: list[TrainingExample], chats: ChatTokens, max_length: int) -> list[EncodedExample]:
    """The examples as tokens, in their order, without those longer than `max_length`.

    Raises BadJob that names the first example that cannot be trained on.
    """
    return leave_out_too_long(examples, encode_all(examples, chats), max_length)


def encode_all(examples: list[TrainingExample], chats: ChatTokens) -> list[EncodedExample]:
    """As `encode_examples`, without the length limit."""
    end = closing_token(chats)
    rendered = render_or_explain(chats, examples)
    return [encode_example(chats, *each, end) for each in zip(examples, rendered, strict=True)]
