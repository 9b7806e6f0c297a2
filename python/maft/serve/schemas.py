"""The requests as OpenAI and vLLM define them. Fields that would change the answer and are not supported are refused."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator

MAX_SAMPLES = 128
MAX_LOGPROBS = 100


class Message(BaseModel):
    """One turn of a chat. Content in parts is accepted where all parts are text."""

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


def only(*neutral: Any) -> AfterValidator:
    """Refuses a field unless it is left out, null, or has a value that changes nothing here."""

    def check(value: Any) -> Any:
        if value is not None and value not in neutral:
            raise ValueError("this value is not supported here (leave the field out)")
        return value

    return AfterValidator(check)


#: Fields that are named because leaving them aside would silently give another answer than the one asked for.
Off = Annotated[Any, only(False, 0, "", [], {})]
On = Annotated[Any, only(True)]
One = Annotated[Any, only(1)]


class Sampling(BaseModel):
    """What completions and chat completions have in common."""

    model_config = ConfigDict(extra="ignore")
    model: str
    max_tokens: Annotated[int, Field(ge=1)] | None = None
    temperature: Annotated[float, Field(ge=0, le=100)] | None = 1.0
    top_p: Annotated[float, Field(gt=0, le=1)] | None = 1.0
    n: Annotated[int, Field(ge=1, le=MAX_SAMPLES)] | None = 1
    seed: Annotated[int, Field(ge=-(2**63), lt=2**63)] | None = None
    stop: str | Annotated[list[str], Field(max_length=16)] | None = None
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
    # What the text is made to be:
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
    messages: Annotated[list[Message], Field(min_length=1)]
    max_completion_tokens: Annotated[int, Field(ge=1)] | None = None
    logprobs: bool | None = False
    top_logprobs: Annotated[int, Field(ge=0, le=MAX_LOGPROBS)] | None = None


TokenIds = list[Annotated[int, Field(ge=0)]]


class CompletionRequest(Sampling):
    """POST /v1/completions; `max_tokens: 0` with `echo` or `prompt_logprobs` only scores."""

    prompt: str | TokenIds | list[str] | list[TokenIds]
    max_tokens: Annotated[int, Field(ge=0)] | None = 16
    logprobs: Annotated[int, Field(ge=0, le=MAX_LOGPROBS)] | None = None
    prompt_logprobs: Annotated[int, Field(ge=0, le=MAX_LOGPROBS)] | None = None
    echo: bool | None = False
    add_special_tokens: On = None
    prompt_embeds: Off = None

    def prompts(self) -> list[str | list[int]]:
        if isinstance(self.prompt, str):
            return [self.prompt]
        if self.prompt and all(isinstance(each, int) for each in self.prompt):
            return [self.prompt]  # type: ignore[list-item]
        return list(self.prompt)  # type: ignore[arg-type]


class EmbeddingRequest(BaseModel):
    """POST /v1/embeddings"""

    model_config = ConfigDict(extra="ignore")
    model: str
    input: str | TokenIds | list[str] | list[TokenIds]
    encoding_format: Literal["float", "base64"] | None = "float"
    dimensions: None = None
    truncate_prompt_tokens: Off = None
    add_special_tokens: On = None

    def inputs(self) -> list[str | list[int]]:
        if isinstance(self.input, str):
            return [self.input]
        if self.input and all(isinstance(each, int) for each in self.input):
            return [self.input]  # type: ignore[list-item]
        return list(self.input)  # type: ignore[arg-type]


class TokenizeRequest(Templating):
    """POST /tokenize: `prompt` or `messages`"""

    model_config = ConfigDict(extra="ignore")
    model: str | None = None
    prompt: str | None = None
    messages: Annotated[list[Message], Field(min_length=1)] | None = None
    add_generation_prompt: bool = True
    add_special_tokens: bool | None = None
    return_token_strs: bool | None = False
