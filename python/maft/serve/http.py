"""The routes. Each validates, takes a version for its time, lets the engine work, and shapes the answer.

Plain Starlette routes in a FastAPI application: at a thousand short requests a second, dependency solving and response
models would cost as much as the tiny model's own arithmetic.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from typing import Any, TypeVar

from fastapi import FastAPI
from pydantic import BaseModel, ValidationError
from pydantic_core import to_json
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from maft.serve import answers
from maft.serve.decoder import prompt_chunks
from maft.serve.engine import Engine
from maft.serve.errors import BadRequest, BodyTooLarge, NotFinite, ServeError, ShuttingDown
from maft.serve.metrics import Metrics
from maft.serve.requests import generate, require_length, require_queue, settings_for, tokens_of
from maft.serve.rows import Generation, Row
from maft.serve.schemas import ChatRequest, CompletionRequest, EmbeddingRequest, TokenizeRequest
from maft.serve.scoring import NoNumbers, ScoredText, embed_texts, on_threads, score_texts
from maft.serve.versions import Version, Versions

log = logging.getLogger("maft.serve")
MAX_BODY_BYTES = 16 * 2**20
#: Padded tokens of the texts that one job reads: more at once falls out of a small machine's caches and is slower.
MAX_READ_TOKENS = 2048

Parsed = TypeVar("Parsed", bound=BaseModel)
Result = TypeVar("Result")
Handler = Callable[[Request], Awaitable[Response]]


async def parse(request: Request, schema: type[Parsed]) -> Parsed:
    """The body as `schema`. Raises BadRequest that names the first wrong field."""
    body = await body_of(request)
    try:
        return schema.model_validate_json(body)
    except ValidationError as error:
        raise refusal(error) from error


async def body_of(request: Request) -> bytes:
    """Raises BodyTooLarge as soon as that is known: whoever sends may say how much, and may say nothing."""
    size = int(request.headers.get("content-length", 0))
    parts: list[bytes] = []
    if size <= MAX_BODY_BYTES:
        size = 0
        async for part in request.stream():
            parts.append(part)
            size += len(part)
            if size > MAX_BODY_BYTES:
                break
    if size > MAX_BODY_BYTES:
        raise BodyTooLarge(f"At most {MAX_BODY_BYTES} bytes of a body are read.", code="body_too_large")
    return b"".join(parts)


def refusal(error: ValidationError) -> BadRequest:
    first = error.errors(include_url=False, include_context=False)[0]
    if first["type"] == "json_invalid":
        return BadRequest(f"The body is not JSON: {first['msg']}.", code="invalid_json")
    if not first["loc"]:
        return BadRequest("The body must be a JSON object.", code="invalid_json")
    name = str(first["loc"][0])
    path = ".".join(
        str(part) for part in first["loc"] if not str(part).startswith(("list[", "constrained-", "function-"))
    )
    return BadRequest(f"{path}: {first['msg']}.", param=name, code=first["type"])


def reply(content: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    # Five times as fast as the standard library's: in scoring each of thousands of tokens has an entry.
    return Response(to_json(content), status, headers, media_type="application/json")


async def unless_disconnected(request: Request, work: Coroutine[Any, Any, Result]) -> Result:
    """Runs `work`, cancelled when the caller goes away. Raises ClientDisconnect then."""
    task = asyncio.ensure_future(work)
    gone = asyncio.ensure_future(request.receive())
    try:
        await asyncio.wait((task, gone), return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise ClientDisconnect()
        return task.result()
    finally:
        gone.cancel()
        if not task.done():
            task.cancel()


class Api:
    """The handlers; one instance per server."""

    def __init__(self, versions: Versions, engine: Engine, metrics: Metrics, read_threads: int) -> None:
        self.versions = versions
        self.engine = engine
        self.metrics = metrics
        self.read_threads = read_threads

    async def health(self, request: Request) -> Response:
        if self.engine.stopping or not self.engine.thread.is_alive():
            raise ShuttingDown()
        return reply({"status": "ok"})

    async def show_metrics(self, request: Request) -> Response:
        return Response(self.metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")

    async def models(self, request: Request) -> Response:
        most = self.versions.base.network.max_positions
        data = [
            {"id": name, "object": "model", "created": 0, "owned_by": "maft", "max_model_len": most}
            for name in self.versions.names()
        ]
        return reply({"object": "list", "data": data})

    async def model(self, request: Request) -> Response:
        name = request.path_params["name"]
        digest = await asyncio.to_thread(self.versions.digest, name)
        return reply({"id": name, "object": "model", "created": 0, "owned_by": "maft", "digest": digest})

    async def chat(self, request: Request) -> Response:
        body = await parse(request, ChatRequest)
        async with self.versions.use(body.model) as version:
            encoded = version.tokenizer.encode_chat([message.model_dump() for message in body.messages])
            # Its own tokenizer, too, may know tokens that a model has no embedding for.
            prompt = tokens_of(version, encoded, "messages")
            asked = body.max_completion_tokens or body.max_tokens
            logprobs = (body.top_logprobs or 0) if body.logprobs else None
            settings = settings_for(body, version, prompt, asked, logprobs, "messages")
            require_queue(self.engine, settings.samples)
            generation = await unless_disconnected(request, generate(self.engine, version, prompt, settings))
            return reply(answers.chat_answer(generation))

    async def completions(self, request: Request) -> Response:
        body = await parse(request, CompletionRequest)
        async with self.versions.use(body.model) as version:
            prompts = [tokens_of(version, prompt, "prompt") for prompt in body.prompts()]
            if not prompts:
                raise BadRequest("prompt is an empty list.", param="prompt")
            return reply(await unless_disconnected(request, self.complete(body, version, prompts)))

    async def complete(self, body: CompletionRequest, version: Version, prompts: list[list[int]]) -> answers.Json:
        scored: list[ScoredText] | None = None
        if body.prompt_logprobs is not None or (body.echo and body.logprobs is not None):
            top = max(body.prompt_logprobs or 0, (body.logprobs or 0) if body.echo else 0)
            scored = await self.read(version, prompts, "prompt", partial(score_texts, version.network, top=top))
        generations: list[Generation] = []
        if body.max_tokens != 0:
            every = [
                settings_for(body, version, prompt, body.max_tokens, body.logprobs, "prompt") for prompt in prompts
            ]
            require_queue(self.engine, len(prompts) * (body.n or 1))
            waits = [generate(self.engine, version, *pair) for pair in zip(prompts, every, strict=True)]
            generations = await all_or_none(waits)
        elif scored is None and not body.echo:
            raise BadRequest("max_tokens 0 makes sense with prompt_logprobs or echo only.", param="max_tokens")
        return completion_answer(body, version, prompts, scored, generations)

    async def read(
        self, version: Version, texts: list[list[int]], param: str, job: Callable[[list[list[int]]], list[Result]]
    ) -> list[Result]:
        """The job's result for each text. In several jobs, so that a long list lets the running rows step in between."""
        for text in texts:
            require_length(version, text, param)
        results: dict[int, Result] = {}
        for places in prompt_chunks(texts, MAX_READ_TOKENS, one_width=False):
            work = partial(job, [texts[place] for place in places])
            future = self.engine.compute(partial(on_threads, self.read_threads, work))
            try:
                results.update(zip(places, await asyncio.wrap_future(future), strict=True))
            except NoNumbers:
                raise NotFinite(version.name) from None
        return [results[place] for place in range(len(texts))]

    async def embeddings(self, request: Request) -> Response:
        body = await parse(request, EmbeddingRequest)
        async with self.versions.use(body.model) as version:
            texts = [tokens_of(version, text, "input") for text in body.inputs()]
            if not texts:
                raise BadRequest("input is an empty list.", param="input")
            work = self.read(version, texts, "input", partial(embed_texts, version.network))
            vectors = await unless_disconnected(request, work)
            tokens = sum(len(text) for text in texts)
            answer = answers.embedding_answer(version.name, vectors, tokens, body.encoding_format == "base64")
            return reply(answer)

    async def tokenize(self, request: Request) -> Response:
        body = await parse(request, TokenizeRequest)
        async with self.versions.use(body.model or self.versions.base.name) as version:
            if (body.prompt is None) == (body.messages is None):
                raise BadRequest("Give either prompt or messages.", param="prompt")
            if body.messages is not None:
                messages = [message.model_dump() for message in body.messages]
                text = version.tokenizer.render(messages, body.add_generation_prompt)
                tokens = version.tokenizer.encode(text, bool(body.add_special_tokens))
            else:
                tokens = version.tokenizer.encode(body.prompt or "", body.add_special_tokens is not False)
            pieces = version.tokenizer.pieces(tokens) if body.return_token_strs else None
            most = version.network.max_positions
            return reply({"count": len(tokens), "max_model_len": most, "tokens": tokens, "token_strs": pieces})


async def all_or_none(waits: list[Coroutine[Any, Any, Generation]]) -> list[Generation]:
    """Results in order; the first error cancels the rest."""
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    try:
        return list(await asyncio.gather(*tasks))
    finally:
        for task in tasks:
            task.cancel()


def completion_answer(
    body: CompletionRequest,
    version: Version,
    prompts: list[list[int]],
    scored: list[ScoredText] | None,
    generations: list[Generation],
) -> answers.Json:
    """Choices in the order of the prompts, the samples of each together."""
    choices: list[answers.Json] = []
    for place, prompt in enumerate(prompts):
        shown = version.tokenizer.decode(prompt, special_tokens=True) if body.echo else ""
        read = None if scored is None else scored[place]
        rows = generations[place].rows if generations else [None]
        for row in rows:
            choice: answers.Json = {
                "index": len(choices),
                "text": shown + (answers.row_text(row) if row is not None else ""),
                "logprobs": text_logprobs(body, version, prompt, read, row),
                "finish_reason": row.finish_reason if row is not None else "length",
            }
            if body.prompt_logprobs is not None and read is not None:
                choice["prompt_logprobs"] = answers.prompt_logprobs(version.tokenizer, read, body.prompt_logprobs)
            choices.append(choice)
    answer = answers.envelope("text_completion", "cmpl", version.name)
    prompt_tokens = sum(len(prompt) for prompt in prompts)
    return {**answer, "choices": choices, "usage": answers.usage(generations, prompt_tokens)}


def text_logprobs(
    body: CompletionRequest, version: Version, prompt: list[int], read: ScoredText | None, row: Row | None
) -> answers.Json | None:
    """Of all tokens of a choice's text: the prompt's where that is repeated, then those that were drawn."""
    if body.logprobs is None or (row is None and not body.echo):
        return None
    repeated = answers.as_drawn(read, body.logprobs) if body.echo and read is not None else []
    tokens = [*(prompt if body.echo else []), *(row.tokens if row is not None else [])]
    return answers.completion_logprobs(
        version.tokenizer, tokens, [*repeated, *(row.logprobs if row is not None else [])]
    )


def guarded(route: str, handler: Handler, metrics: Metrics) -> Handler:
    """Turns every error into OpenAI's shape and counts the answer."""

    async def handle(request: Request) -> Response:
        try:
            response = await handler(request)
        except ServeError as error:
            headers = {} if error.retry_after is None else {"Retry-After": str(error.retry_after)}
            response = reply(error.body(), error.status, headers)
        except ClientDisconnect:
            response = Response(status_code=499)
        except Exception as error:
            log.exception("%s failed", route)
            response = reply(ServeError(f"{type(error).__name__}: {error}").body(), 500)
        metrics.requests.labels(route, str(response.status_code)).inc()
        return response

    return handle


def create_app(versions: Versions, engine: Engine, metrics: Metrics, read_threads: int) -> FastAPI:
    """The application over running parts."""
    api = Api(versions, engine, metrics, read_threads)
    app = FastAPI(title="maft.serve", openapi_url=None, docs_url=None, redoc_url=None)
    routes: list[tuple[str, str, Handler]] = [
        ("GET", "/health", api.health),
        ("GET", "/metrics", api.show_metrics),
        ("GET", "/v1/models", api.models),
        ("GET", "/v1/models/{name:path}", api.model),
        ("POST", "/v1/chat/completions", api.chat),
        ("POST", "/v1/completions", api.completions),
        ("POST", "/v1/embeddings", api.embeddings),
        ("POST", "/tokenize", api.tokenize),
    ]
    for method, path, handler in routes:
        app.add_route(path, guarded(path, handler, metrics), methods=[method])
    app.add_exception_handler(404, unknown_route)
    app.add_exception_handler(405, wrong_method)
    return app


async def unknown_route(request: Request, error: Exception) -> Response:
    return reply(BadRequest(f"There is no {request.url.path}.", code="unknown_url").body(), 404)


async def wrong_method(request: Request, error: Exception) -> Response:
    return reply(BadRequest(f"{request.url.path} does not take {request.method}.", code="wrong_method").body(), 405)
