"""Sizes first: what one request asks for is bounded before anything of it is computed, and the others are answered."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from pydantic import ValidationError
from pydantic_core import to_json
from serve_fixtures import ask, error_of, running_server, write_lively

from maft.serve import limits
from maft.serve.bodies import FEW, MANY, refusal, written
from maft.serve.schemas import ChatRequest, CompletionRequest

JSON = {"Content-Type": "application/json"}
#: A megabyte that a tokenizer reads for many seconds.
LONG = "1+2 " * 2**18


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    with running_server(write_lively(tmp_path_factory.mktemp("limits") / "base")) as running:
        yield running


def chat(content: str, **extra: Any) -> dict[str, Any]:
    return {"model": "base", "messages": [{"role": "user", "content": content}], **extra}


TOO_LARGE: dict[str, tuple[str, dict[str, Any], str, str]] = {
    "a long message": ("/v1/chat/completions", chat(LONG), "messages", "context_length_exceeded"),
    "a long prompt": ("/v1/completions", {"model": "base", "prompt": LONG}, "prompt", "context_length_exceeded"),
    "a long input": ("/v1/embeddings", {"model": "base", "input": ["1", LONG]}, "input", "context_length_exceeded"),
    "long token ids": (
        "/v1/completions",
        {"model": "base", "prompt": [5] * 2**20},
        "prompt",
        "context_length_exceeded",
    ),
    "many prompts": ("/v1/completions", {"model": "base", "prompt": ["1"] * 3000}, "prompt", "too_large"),
    "many inputs": ("/v1/embeddings", {"model": "base", "input": ["1"] * 3000}, "input", "too_large"),
    "many messages": (
        "/v1/chat/completions",
        {"model": "base", "messages": [{"role": "user", "content": "1"}] * 100_000},
        "messages",
        "too_long",
    ),
    "a huge text": ("/tokenize", {"prompt": "1" * 2**23}, "prompt", "too_large"),
    "texts of many tokens": ("/tokenize", {"prompt": "1" * 2**17, "return_token_strs": True}, "prompt", "too_large"),
    "many log-probabilities of prompts": (
        "/v1/completions",
        {"model": "base", "prompt": [[5] * 500] * 20, "max_tokens": 0, "prompt_logprobs": 100},
        "prompt",
        "too_large",
    ),
    "many log-probabilities of answers": (
        "/v1/chat/completions",
        chat("1", n=128, max_tokens=500, logprobs=True, top_logprobs=100),
        "logprobs",
        "too_large",
    ),
    "a long stop string": ("/v1/chat/completions", chat("1", stop="x" * 2000), "stop", "string_too_long"),
    "a long name": ("/v1/chat/completions", {**chat("1"), "model": "x" * 2**20}, "model", "string_too_long"),
}


@pytest.mark.parametrize("name", TOO_LARGE)
def test_what_is_too_large_is_a_400_that_names_the_field(client: httpx.Client, name: str) -> None:
    route, body, field, code = TOO_LARGE[name]
    response = client.post(route, json=body)
    assert response.status_code == 400, response.text[:300]
    assert (error_of(response)["param"], error_of(response)["code"]) == (field, code)
    assert len(response.content) < 2_000


@pytest.mark.parametrize(
    ("route", "body"),
    [
        ("/v1/completions", {"prompt": ["1"] * 3000}),
        ("/v1/embeddings", {"input": ["1"] * 3000}),
        ("/v1/chat/completions", {"messages": [{"role": "user", "content": "1" * (limits.MAX_CHARACTERS + 1)}]}),
        ("/tokenize", {"prompt": "1" * (limits.MAX_CHARACTERS + 1)}),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_sizes_come_before_the_model_at_every_route(client: httpx.Client, route: str, body: dict[str, Any]) -> None:
    response = client.post(route, json={"model": "nobody", **body})
    assert (response.status_code, error_of(response)["code"]) == (400, "too_large")


#: Large, and allowed; or wrong only at its end.
HEAVY: dict[str, tuple[str, bytes]] = {
    "a text of a megabyte": ("/tokenize", to_json({"prompt": LONG})),
    "sixteen megabytes of text": ("/tokenize", to_json({"prompt": "1" * (2**24 - 20)})),
    "sixteen megabytes of token ids": ("/v1/completions", b'{"model":"base","prompt":[' + b"5," * 2**22 + b"5]}"),
    "sixteen megabytes that are no tokens": (
        "/v1/completions",
        b'{"model":"base","prompt":[' + b"1.5," * 2**21 + b"5]}",
    ),
    "sixteen megabytes of wrong messages": (
        "/v1/chat/completions",
        b'{"model":"base","messages":[' + b"{}," * 2**22 + b"{}]}",
    ),
    "half a million log-probabilities": (
        "/v1/completions",
        to_json({"model": "base", "prompt": [[5] * 500] * 10, "max_tokens": 0, "prompt_logprobs": 100}),
    ),
    "a long list of embeddings": ("/v1/embeddings", to_json({"model": "base", "input": ["12345"] * 2000})),
}


def test_everybody_else_is_answered_while_large_requests_are_worked_on(client: httpx.Client) -> None:
    def send(name: str) -> int:
        route, body = HEAVY[name]
        return client.post(route, content=body, headers=JSON).status_code

    with ThreadPoolExecutor(len(HEAVY)) as pool:
        started = time.monotonic()
        sent = {name: pool.submit(send, name) for name in HEAVY}
        waits = []
        with httpx.Client(base_url=client.base_url, timeout=120) as other:
            while not all(future.done() for future in sent.values()):
                asked = time.monotonic()
                assert other.get("/health").status_code == 200
                waits.append(time.monotonic() - asked)
                ask(other, max_tokens=1)
    # In relation to each other, for machines differ: work on the event loop makes one wait of nearly all of it.
    assert max(waits) < (time.monotonic() - started) / 2, waits
    codes = {name: future.result() for name, future in sent.items()}
    assert set(codes.values()) == {200, 400}, codes


def test_a_long_list_that_is_wrong_is_refused_at_its_first_wrong_element() -> None:
    for schema, body in (
        (CompletionRequest, {"model": "m", "prompt": [1.5] * 1000}),
        (ChatRequest, {"model": "m", "messages": [{}] * 1000}),
    ):
        with pytest.raises(ValidationError) as error:
            schema.model_validate_json(json.dumps(body))
        assert error.value.error_count() <= 2
        assert refusal(error.value).param in ("prompt", "messages")


@pytest.mark.parametrize(
    "content",
    [
        {},
        [],
        {"a": [], "b": {}, "c": None, "d": "\u2603"},
        [{"embedding": [0.5] * (2 * MANY + 1)}] * 3,
        {"data": [{"index": index, "tokens": [1, 2]} for index in range(3 * FEW + 1)]},
        {"choices": [{"prompt_logprobs": [None, *[{"1": {"logprob": -0.5}}] * 100]}]},
    ],
    ids=range(6),
)
def test_an_answer_written_in_parts_is_the_answer(content: Any) -> None:
    assert b"".join(written(content)) == to_json(content)
