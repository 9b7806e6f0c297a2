"""On a CPU the same request with the same seed gives the same text, whatever it is batched with.

REQUESTS=10000 python -m pytest test/python/test_serve_determinism.py     # the full run (default 100)
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from serve_fixtures import running_server, write_adapter, write_lively

REQUESTS = int(os.environ.get("REQUESTS", "100"))
NAMES = ("base", "full-1", "full-2", "adapter-1")


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shape of the tiny model's layers (hidden 128), in random weights."""
    directory = tmp_path_factory.mktemp("models")
    base = write_lively(directory / "base", hidden=128)
    write_lively(directory / "full-1", seed=1, hidden=128)
    write_lively(directory / "full-2", seed=2, hidden=128)
    write_adapter(base, directory / "adapter-1")
    return directory


@pytest.fixture(scope="module")
def client(models: Path) -> Iterator[httpx.Client]:
    with running_server(models / "base", "--models", str(models)) as running:
        yield running


def make_requests(count: int) -> list[dict[str, Any]]:
    """Prompts of 1 to 120 characters and, one in four, of up to 450, where attention blocks its sums in another way; all
    versions, several ways to draw; each with a seed of its own."""
    draws = random.Random(0)
    made = []
    for seed in range(count):
        content = "".join(
            draws.choice("0123456789+-*=? #") for _ in range(draws.randint(1, draws.choice([120, 120, 120, 450])))
        )
        body = {"model": draws.choice(NAMES), "messages": [{"role": "user", "content": content}], "seed": seed}
        body |= {"max_tokens": draws.randint(1, 30), "temperature": draws.choice([1, 1, 1, 0.7, 0])}
        made.append({**body, "top_p": draws.choice([1, 1, 0.9]), "n": draws.choice([1, 1, 1, 2])})
    return made


def texts(client: httpx.Client, bodies: list[dict[str, Any]], at_once: int, order: list[int]) -> dict[int, list[str]]:
    """Texts by index of the request, sent in this order with so many in flight."""

    def send(index: int) -> tuple[int, list[str]]:
        response = client.post("/v1/chat/completions", json=bodies[index])
        assert response.status_code == 200, response.text
        return index, [choice["message"]["content"] for choice in response.json()["choices"]]

    with ThreadPoolExecutor(at_once) as pool:
        return dict(pool.map(send, order))


def test_texts_do_not_depend_on_order_or_company(client: httpx.Client) -> None:
    bodies = make_requests(REQUESTS)
    forward = list(range(REQUESTS))
    shuffled = random.Random(1).sample(forward, REQUESTS)
    crowded = texts(client, bodies, 64, forward)
    other_crowd = texts(client, bodies, 23, shuffled)
    alone = texts(client, bodies, 1, shuffled[: REQUESTS // 10])
    assert len({text for each in crowded.values() for text in each}) > REQUESTS // 2, "the texts hardly differ at all"
    assert [index for index in forward if crowded[index] != other_crowd[index]] == []
    assert [index for index in alone if crowded[index] != alone[index]] == []


def test_a_restarted_server_gives_the_same_texts(client: httpx.Client, models: Path) -> None:
    bodies = make_requests(40)
    before = texts(client, bodies, 8, list(range(40)))
    with running_server(models / "base", "--models", str(models), "--max-batch", "5", "--max-loaded", "1") as other:
        assert texts(other, bodies, 40, list(range(40))) == before


def test_two_threads_are_as_steady_as_one(models: Path) -> None:
    bodies = make_requests(60)
    with running_server(models / "base", "--models", str(models), "--threads", "2") as two_threads:
        crowded = texts(two_threads, bodies, 30, list(range(60)))
        alone = texts(two_threads, bodies, 1, list(range(60)))
    assert crowded == alone


def test_log_probabilities_do_not_depend_on_company(client: httpx.Client) -> None:
    bodies = [{**body, "logprobs": True, "top_logprobs": 2, "n": 1} for body in make_requests(60)]

    def logprobs(index: int) -> list[float]:
        choice = client.post("/v1/chat/completions", json=bodies[index]).json()["choices"][0]
        return [entry["logprob"] for entry in choice["logprobs"]["content"]]

    alone = [logprobs(index) for index in range(30)]
    with ThreadPoolExecutor(60) as pool:
        together = list(pool.map(logprobs, range(60)))[:30]
    for one, other in zip(alone, together, strict=True):
        assert one == pytest.approx(other, abs=1e-9)
