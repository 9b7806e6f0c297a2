"""The routes of the model server. Each validates, takes a version for its time, lets the engine work, and shapes the answer.

Plain Starlette: at a thousand short requests a second, a framework's dependency solving and response models would cost as
much as the tiny model's own arithmetic.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from typing import Any, TypeVar

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from maft.serve import answers, limits
from maft.serve.aside import tokenizing, writing
from maft.serve.bodies import large_reply, parse, reply
from maft.serve.decoder import prompt_chunks
from maft.serve.engine import Engine
from maft.serve.errors import BadRequest, NotFinite, ServeError, ShuttingDown
from maft.serve.metrics import Metrics
from maft.serve.requests import generate, require_length, require_queue, settings_for, tokens_of
from maft.serve.rows import Generation
from maft.serve.schemas import ChatRequest, CompletionRequest, EmbeddingRequest, TokenizeRequest
from maft.serve.scoring import NoNumbers, ScoredText, embed_texts, on_threads, score_texts
from maft.serve.versions import Version, Versions

log = logging.getLogger("maft.serve")
#: Padded tokens of the texts that one job reads: more at once falls out of a small machine's caches and is slower.
TOKENS_PER_JOB = 2048

Result = TypeVar("Result")
Handler = Callable[[Request], Awaitable[Response]]


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
        characters = limits.require_sizes([message.content for message in body.messages], "messages")
        require_queue(self.engine, body.n or 1)
        async with self.versions.use(body.model) as version:
            limits.require_context(version, characters, "messages")
            messages = [message.model_dump() for message in body.messages]
            # Even a model's own tokenizer may know tokens that the model has no embedding for.
            encoded = await tokenizing.run(characters, partial(version.tokenizer.encode_chat, messages))
            prompt = tokens_of(version, encoded, "messages")
            asked = body.max_completion_tokens or body.max_tokens
            logprobs = (body.top_logprobs or 0) if body.logprobs else None
            settings = settings_for(body, version, prompt, asked, logprobs, "messages")
            limits.require_drawn(settings.samples, settings.max_tokens, logprobs)
            generation = await unless_disconnected(request, generate(self.engine, version, prompt, settings))
            size = 0 if logprobs is None else answers.drawn_logprobs([generation])
            return await answered(size, partial(answers.chat_answer, generation))

    async def completions(self, request: Request) -> Response:
        body = await parse(request, CompletionRequest)
        limits.require_sizes(body.prompt, "prompt")
        if body.max_tokens != 0:
            require_queue(self.engine, len(body.prompt) * (body.n or 1))
        async with self.versions.use(body.model) as version:
            prompts = await self.tokens_of_each(version, body.prompt, "prompt")
            return await unless_disconnected(request, self.complete(body, version, prompts))

    async def tokens_of_each(self, version: Version, texts: list[str | list[int]], param: str) -> list[list[int]]:
        """The tokens of each text. Raises BadRequest if there are no texts, or one exceeds the model's context."""
        if not texts:
            raise BadRequest(f"{param} is an empty list.", param=param)
        for text in texts:
            limits.require_context(version, len(text), param)
        characters = limits.characters_of(texts)
        return await tokenizing.run(characters, lambda: [tokens_of(version, text, param) for text in texts])

    async def complete(self, body: CompletionRequest, version: Version, prompts: list[list[int]]) -> Response:
        scored: list[ScoredText] | None = None
        if body.prompt_logprobs is not None or (body.echo and body.logprobs is not None):
            top = max(body.prompt_logprobs or 0, (body.logprobs or 0) if body.echo else 0)
            limits.require_read(prompts, top, "prompt")
            scored = await self.read(version, prompts, "prompt", partial(score_texts, version.network, top=top))
        generations: list[Generation] = []
        if body.max_tokens != 0:
            every = [
                settings_for(body, version, prompt, body.max_tokens, body.logprobs, "prompt") for prompt in prompts
            ]
            limits.require_drawn(
                sum(each.samples for each in every), max(each.max_tokens for each in every), body.logprobs
            )
            waits = [generate(self.engine, version, *pair) for pair in zip(prompts, every, strict=True)]
            generations = await all_or_none(waits)
        elif scored is None and not body.echo:
            raise BadRequest("max_tokens 0 makes sense with prompt_logprobs or echo only.", param="max_tokens")
        given = sum(len(prompt) for prompt in prompts) if body.echo or scored is not None else 0
        drawn = 0 if body.logprobs is None else answers.drawn_logprobs(generations)
        size = given * (1 + (body.prompt_logprobs or 0)) * (body.n or 1) + drawn
        return await answered(size, partial(answers.completion_answer, body, version, prompts, scored, generations))

    async def read(
        self, version: Version, texts: list[list[int]], param: str, job: Callable[[list[list[int]]], list[Result]]
    ) -> list[Result]:
        """The job's result for each text. In several jobs, so that a long list lets the running rows step in between."""
        for text in texts:
            require_length(version, text, param)
        results: dict[int, Result] = {}
        for places in prompt_chunks(texts, TOKENS_PER_JOB, one_width=False):
            work = partial(job, [texts[place] for place in places])
            future = self.engine.compute(partial(on_threads, self.read_threads, work))
            try:
                results.update(zip(places, await asyncio.wrap_future(future), strict=True))
            except NoNumbers:
                raise NotFinite(version.name) from None
        return [results[place] for place in range(len(texts))]

    async def embeddings(self, request: Request) -> Response:
        body = await parse(request, EmbeddingRequest)
        limits.require_sizes(body.input, "input")
        async with self.versions.use(body.model) as version:
            texts = await self.tokens_of_each(version, body.input, "input")
            limits.require_read(texts, None, "input")
            work = self.read(version, texts, "input", partial(embed_texts, version.network))
            vectors = await unless_disconnected(request, work)
            tokens = sum(len(text) for text in texts)
            packed = body.encoding_format == "base64"
            size = sum(len(vector) for vector in vectors)
            return await answered(size, partial(answers.embedding_answer, version.name, vectors, tokens, packed))

    async def tokenize(self, request: Request) -> Response:
        body = await parse(request, TokenizeRequest)
        if (body.prompt is None) == (body.messages is None):
            raise BadRequest("Give either prompt or messages.", param="prompt")
        param = "prompt" if body.messages is None else "messages"
        contents = [body.prompt or ""] if body.messages is None else [each.content for each in body.messages]
        characters = limits.require_sizes(contents, param)
        async with self.versions.use(body.model or self.versions.base.name) as version:
            tokens = await tokenizing.run(characters, partial(tokens_asked, body, version))
            if body.return_token_strs:
                limits.require_at_most(limits.MAX_SHOWN_TOKENS, len(tokens), "tokens with texts", param)
            return await answered(len(tokens), partial(answers.tokens_answer, version, tokens, body))


async def answered(size: int, answer: Callable[[], answers.Json]) -> Response:
    """An answer; built and written in a thread if it has many numbers (`size`)."""
    if size <= writing.inline:
        return reply(answer())
    return await writing.run(size, lambda: large_reply(answer()))


def tokens_asked(body: TokenizeRequest, version: Version) -> list[int]:
    tokenizer = version.tokenizer
    if body.messages is not None:
        chat = tokenizer.encode_chat([message.model_dump() for message in body.messages], body.add_generation_prompt)
        before, after = tokenizer.around() if body.add_special_tokens else ([], [])
        return [*before, *chat, *after]
    if body.split_special_tokens:
        return tokenizer.encode_said(body.prompt or "")
    return tokenizer.encode(body.prompt or "", body.add_special_tokens is not False)


async def all_or_none(waits: list[Coroutine[Any, Any, Generation]]) -> list[Generation]:
    """Results in order; the first error cancels the rest."""
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    try:
        return list(await asyncio.gather(*tasks))
    finally:
        for task in tasks:
            task.cancel()


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


def create_app(versions: Versions, engine: Engine, metrics: Metrics, read_threads: int) -> Starlette:
    """The application over running parts."""
    api = Api(versions, engine, metrics, read_threads)
    handlers: list[tuple[str, str, Handler]] = [
        ("GET", "/health", api.health),
        ("GET", "/metrics", api.show_metrics),
        ("GET", "/v1/models", api.models),
        ("GET", "/v1/models/{name:path}", api.model),
        ("POST", "/v1/chat/completions", api.chat),
        ("POST", "/v1/completions", api.completions),
        ("POST", "/v1/embeddings", api.embeddings),
        ("POST", "/tokenize", api.tokenize),
    ]
    routes = [
        Route(path, guarded(path, handler, metrics), methods=[method], include_in_schema=False)
        for method, path, handler in handlers
    ]
    return Starlette(routes=routes, exception_handlers={404: unknown_route, 405: wrong_method})


async def unknown_route(request: Request, error: Exception) -> Response:
    return reply(BadRequest(f"There is no {request.url.path}.", code="unknown_url").body(), 404)


async def wrong_method(request: Request, error: Exception) -> Response:
    return reply(BadRequest(f"{request.url.path} does not take {request.method}.", code="wrong_method").body(), 405)
