"""From a validated HTTP request to work for the engine, and the limits of one request."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Sequence

from maft.serve.engine import Engine
from maft.serve.errors import BadRequest
from maft.serve.rows import Generation, GenerationSettings
from maft.serve.schemas import Sampling
from maft.serve.versions import Version


def tokens_of(version: Version, text: str | Sequence[int], param: str) -> list[int]:
    """Token ids of a text, or given ids checked. Raises BadRequest naming `param`."""
    tokens = version.tokenizer.encode(text) if isinstance(text, str) else list(text)
    if not tokens:
        raise BadRequest(f"{param} has no tokens.", param=param)
    if max(tokens) >= version.network.vocabulary:
        raise BadRequest(f"Token id {max(tokens)} is outside the vocabulary.", param=param)
    return tokens


def require_length(version: Version, tokens: Sequence[int], param: str, room: int = 0) -> None:
    """Raises BadRequest unless the tokens and `room` more fit into the model's positions."""
    most = version.network.max_positions
    if len(tokens) + room > most:
        raise BadRequest(
            f"The model's context is {most} tokens; {param} has {len(tokens)}"
            + (f", {room} were asked for." if room else "."),
            code="context_length_exceeded",
            param=param,
        )


def require_queue(engine: Engine, completions: int) -> None:
    """Raises BadRequest for more completions than the queue can ever hold: trying later would not help."""
    if completions > engine.max_queue:
        raise BadRequest(
            f"{completions} completions are asked for at once; at most {engine.max_queue} may wait (--max-queue).",
            param="n",
        )


def settings_for(
    request: Sampling, version: Version, prompt: Sequence[int], asked: int | None, logprobs: int | None, param: str
) -> GenerationSettings:
    """What the engine needs to know. Without a limit, a completion may fill the context.

    A limit beyond the context is cut to it, as long as there is room for one token: callers send one limit for prompts
    of any length, and a completion that hits the end says so with `finish_reason: length`.
    """
    require_length(version, prompt, param, room=1)
    room = version.network.max_positions - len(prompt)
    seed = secrets.randbits(63) if request.seed is None else request.seed
    return GenerationSettings(
        max_tokens=min(asked or room, room),
        temperature=1.0 if request.temperature is None else request.temperature,
        top_p=1.0 if request.top_p is None else request.top_p,
        seed=seed,
        samples=request.n or 1,
        stop=request.stop_strings(),
        logprobs=logprobs,
    )


async def generate(engine: Engine, version: Version, prompt: list[int], settings: GenerationSettings) -> Generation:
    """Waits for all samples. Cancelling the wait drops the rows."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[None] = loop.create_future()

    def settle(error: Exception | None) -> None:
        if future.done():
            return
        if error is None:
            future.set_result(None)
        else:
            future.set_exception(error)

    def done(error: Exception | None) -> None:
        loop.call_soon_threadsafe(settle, error)

    generation = Generation(version, prompt, settings, done)
    engine.submit(generation)
    try:
        await future
    except asyncio.CancelledError:
        generation.cancelled = True
        raise
    return generation
