"""The requests as OpenAI and vLLM define them. Fields that would change the answer and are not supported are refused."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SkipValidation,
    field_validator,
)

from maft.serve.limits import MAX_TEXTS

MAX_SAMPLES = 128
MAX_LOGPROBS = 100
#: Longer stop strings would be looked for in the whole text at every step.
MAX_STOP_CHARACTERS = 1024
#: A wrong name is repeated in the refusal.
MAX_NAME_CHARACTERS = 1024


class Message(BaseModel):
    """One turn of a chat. Content in parts is accepted if all parts are text."""

    model_config = ConfigDict(extra="ignore")
    role: Literal["system", "user", "assistant", "developer", "tool"]
    content: str

    @field_validator("content", mode="before")
    @classmethod
    def join_parts(cls, value: Any) -> Any:
        if not isinstance(value, list):
            return value
        if not all(isinstance(part, dict) and isinstance(part.get("text"), str) for part in value):
            raise ValueError("only text parts are supported")
        return "".join(part["text"] for part in value)


Messages = Annotated[list[Message], Field(min_length=1, max_length=MAX_TEXTS, fail_fast=True)]


def only(*neutral: Any) -> AfterValidator:
    """Refuses a field unless it is left out, null, or has a value that changes nothing here."""

    def check(value: Any) -> Any:
        if value is not None and value not in neutral:
            raise ValueError("this value is not supported here (leave the field out)")
        return value

    return AfterValidator(check)


#: Fields that must be refused, because ignoring them would silently give a different answer.
Off = Annotated[Any, only(False, 0, "", [], {})]
On = Annotated[Any, only(True)]
One = Annotated[Any, only(1)]


Name = Annotated[str, Field(max_length=MAX_NAME_CHARACTERS)]
Stop = Annotated[str, Field(max_length=MAX_STOP_CHARACTERS)]


def as_texts(value: Any) -> list[str | list[int]]:
    """A text, token ids, or a list of either. By hand: pydantic would try each type on every element of a long list, and
    keep an error for each."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, list) and value and all(type(each) is int for each in value):
        value = [value]
    if not isinstance(value, list) or not all(is_text(each) for each in value):
        raise ValueError("must be a text, a list of token ids, or a list of either")
    return value


def is_text(value: Any) -> bool:
    if isinstance(value, list):
        return all(type(token) is int and token >= 0 for token in value)
    return isinstance(value, str)


Texts = Annotated[list[str | list[int]], SkipValidation, BeforeValidator(as_texts)]


class Sampling(BaseModel):
    """Fields shared by completions and chat completions."""

    model_config = ConfigDict(extra="ignore")
    model: Name
    max_tokens: Annotated[int, Field(ge=1)] | None = None
    temperature: Annotated[float, Field(ge=0, le=100)] | None = 1.0
    top_p: Annotated[float, Field(gt=0, le=1)] | None = 1.0
    n: Annotated[int, Field(ge=1, le=MAX_SAMPLES)] | None = 1
    seed: Annotated[int, Field(ge=-(2**63), lt=2**63)] | None = None
    stop: Stop | Annotated[list[Stop], Field(max_length=16)] | None = None
    stream: bool | None = False
    # How tokens are drawn:
    frequency_penalty: Off = None
    presence_penalty: Off = None
    repetition_penalty: One = None
    length_penalty: One = None
    top_k: Annotated[Any, only(0, -1)] = None
    min_p: Off = None
    logit_bias: Off = None
    bad_words: Off = None
    allowed_token_ids: Off = None
    logits_processors: Off = None
    best_of: One = None
    use_beam_search: Off = None
    # How the text is shaped:
    response_format: dict[str, Any] | None = None
    structured_outputs: Off = None
    guided_json: Off = None
    guided_regex: Off = None
    guided_choice: Off = None
    guided_grammar: Off = None
    suffix: Off = None
    # Where it ends, and what of it is shown:
    ignore_eos: Off = None
    min_tokens: Off = None
    stop_token_ids: Off = None
    include_stop_str_in_output: Off = None
    skip_special_tokens: On = None
    return_tokens_as_token_ids: Off = None
    # What the prompt is:
    truncate_prompt_tokens: Off = None

    @field_validator("stream")
    @classmethod
    def no_stream(cls, value: bool | None) -> bool | None:
        if value:
            raise ValueError("streaming is not supported: send the request without stream")
        return value

    @field_validator("stop")
    @classmethod
    def no_empty_stop(cls, value: str | list[str] | None) -> str | list[str] | None:
        if value is not None and not all([value] if isinstance(value, str) else value):
            raise ValueError("a stop string must not be empty")
        return value

    @field_validator("response_format")
    @classmethod
    def text_only(cls, value: Any) -> Any:
        if value is not None and value.get("type") != "text":
            raise ValueError("only the type text is supported")
        return value

    def stop_strings(self) -> tuple[str, ...]:
        if self.stop is None:
            return ()
        return (self.stop,) if isinstance(self.stop, str) else tuple(self.stop)


class Templating(BaseModel):
    """How a chat becomes a prompt: the tokenizer's own template, without tools."""

    chat_template: Off = None
    chat_template_kwargs: Off = None
    continue_final_message: Off = None
    documents: Off = None
    tools: Off = None
    functions: Off = None
    reasoning_effort: Off = None


class ChatRequest(Sampling, Templating):
    """POST /v1/chat/completions"""

    add_generation_prompt: On = None
    add_special_tokens: Off = None
    echo: Off = None
    messages: Messages
    max_completion_tokens: Annotated[int, Field(ge=1)] | None = None
    logprobs: bool | None = False
    top_logprobs: Annotated[int, Field(ge=0, le=MAX_LOGPROBS)] | None = None


class CompletionRequest(Sampling):
    """POST /v1/completions; `max_tokens: 0` with `echo` or `prompt_logprobs` only scores."""

    prompt: Texts
    max_tokens: Annotated[int, Field(ge=0)] | None = 16
    logprobs: Annotated[int, Field(ge=0, le=MAX_LOGPROBS)] | None = None
    prompt_logprobs: Annotated[int, Field(ge=0, le=MAX_LOGPROBS)] | None = None
    echo: bool | None = False
    add_special_tokens: On = None
    prompt_embeds: Off = None


class EmbeddingRequest(BaseModel):
    """POST /v1/embeddings"""

    model_config = ConfigDict(extra="ignore")
    model: Name
    input: Texts
    encoding_format: Literal["float", "base64"] | None = "float"
    dimensions: None = None
    truncate_prompt_tokens: Off = None
    add_special_tokens: On = None


class TokenizeRequest(Templating):
    """POST /tokenize: `prompt` or `messages`"""

    model_config = ConfigDict(extra="ignore")
    model: Name | None = None
    prompt: str | None = None
    messages: Messages | None = None
    add_generation_prompt: bool = True
    add_special_tokens: bool | None = None
    #: The prompt is a message's content: special tokens that it spells are ordinary text, and none are put around it.
    split_special_tokens: bool | None = None
    return_token_strs: bool | None = False
