"""A request to generate, and the rows of the batch it becomes: one per sample."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from maft.serve.draw import Sampling, row_key

if TYPE_CHECKING:
    from maft.serve.versions import Version


@dataclass(frozen=True)
class GenerationSettings:
    """What a caller may set, validated."""

    max_tokens: int
    temperature: float
    top_p: float
    seed: int
    samples: int = 1
    stop: tuple[str, ...] = ()
    logprobs: int | None = None
    """Report log-probabilities of the drawn tokens and of this many likeliest ones; None for no report."""


#: Replaces minus infinity for masked tokens: JSON has no infinities, and OpenAI and vLLM write this.
LOWEST_LOGPROB = -9999.0


@dataclass(frozen=True)
class TokenLogprobs:
    """Natural logarithms under the model itself: temperature and top_p do not enter."""

    token: int
    logprob: float
    top: list[tuple[int, float]]


@dataclass
class Row:
    """One completion in the making. Owned by the engine's thread until its generation is done."""

    generation: Generation
    sampling: Sampling
    tokens: list[int] = field(default_factory=list)
    logprobs: list[TokenLogprobs] = field(default_factory=list)
    finish_reason: str | None = None
    """`stop` (end token or stop string), `length`, or None while it runs."""
    text: str | None = None
    """Set where a stop string cut the text; otherwise the tokens say it all."""


@dataclass
class Generation:
    """All samples of one prompt. `done` is called once, by `answer`, with an error or None."""

    version: Version
    prompt: list[int]
    settings: GenerationSettings
    done: Callable[[Exception | None], None]
    rows: list[Row] = field(init=False)
    cancelled: bool = False
    """Set by the caller, from any thread, when nobody waits any more; the engine then drops the rows."""
    answered: bool = False

    def __post_init__(self) -> None:
        settings = self.settings
        self.rows = [
            Row(self, Sampling(settings.temperature, settings.top_p, row_key(settings.seed, sample)))
            for sample in range(settings.samples)
        ]

    def finished(self) -> bool:
        return all(row.finish_reason is not None for row in self.rows)

    def answer(self, error: Exception | None) -> None:
        """Runs on the engine's thread. A caller that left or was answered before is not told again."""
        if not (self.answered or self.cancelled):
            self.answered = True
            self.done(error)


def check_end(row: Row, end_tokens: frozenset[int]) -> None:
    """Sets `finish_reason` after a token was appended, if that token was the last."""
    settings = row.generation.settings
    if row.tokens[-1] in end_tokens:
        row.finish_reason = "stop"
    elif settings.stop and (cut := row.generation.version.tokenizer.find_stop(row.tokens, settings.stop)) is not None:
        row.finish_reason, row.text = "stop", cut
    elif len(row.tokens) >= settings.max_tokens:
        row.finish_reason = "length"
