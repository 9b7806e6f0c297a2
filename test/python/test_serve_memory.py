"""Memory for keys and values: never more than allowed, given back when rows end, and nobody waits for ever for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from engine_fixtures import Asked, ScriptedBackend, version_over
from serve_fixtures import write_lively

from maft.serve.backends import DecoderBackend
from maft.serve.cache import KeyValueCache, rounded_positions
from maft.serve.decoder import round_up
from maft.serve.engine import Engine
from maft.serve.loading import Loader
from maft.serve.metrics import Metrics
from maft.serve.versions import Version

#: 2 layers, keys and values, 2 heads of size 16, float32.
BYTES_PER_POSITION = 2 * 2 * 2 * 16 * 4
#: Eight rows of up to 128 positions, or four of up to 256.
BUDGET = 8 * 128 * BYTES_PER_POSITION


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_lively(tmp_path_factory.mktemp("memory") / "base")


class Served:
    """An engine that the test turns by hand, over two versions of one shape."""

    def __init__(self, folder: Path, budget: int = BUDGET) -> None:
        loader = Loader(torch.float32, torch.device("cpu"), budget)
        self.budget = budget
        tokenizer: Any = None
        self.versions = [Version(name, loader.load(folder, None), tokenizer, frozenset()) for name in "ab"]
        backend = self.versions[0].network.backend
        assert isinstance(backend, DecoderBackend)
        self.backend = backend
        self.engine = Engine(Metrics(), max_batch=64, max_queue=1000)

    def ask(self, count: int, prompt: int, tokens: int, version: int = 0) -> list[Asked]:
        return [Asked(self.engine, self.versions[version], tokens, prompt) for _ in range(count)]

    def turn(self) -> int:
        """Rows in the batch during one turn. Fails where more memory is held than is allowed."""
        with torch.inference_mode():
            self.engine.take_turn()
        if len(self.backend.rows) > 1:
            assert self.allocated() <= self.budget
        return len(self.backend.rows)

    def allocated(self) -> int:
        return sum(layer.nbytes for layer in self.backend.decoder.cache.layers)

    def until_idle(self) -> int:
        """The largest batch until nothing is left."""
        largest = 0
        while self.engine.arrivals or self.engine.waiting_rows or self.engine.backends:
            largest = max(largest, self.turn())
        assert self.allocated() == 0
        return largest


def test_what_ran_before_does_not_decide_how_many_rows_run_now(folder: Path) -> None:
    served = Served(folder)
    for prompt, at_once in ((80, 8), (190, 4), (80, 8), (300, 2), (80, 8)):
        asked = served.ask(16, prompt, 5)
        assert served.until_idle() == at_once
        assert all(each.outcome() == "ok" for each in asked)


def test_a_long_row_gets_the_memory_of_rows_that_ended_and_nobody_overtakes_it(folder: Path) -> None:
    served = Served(folder)
    served.ask(5, 80, 4)
    lasting = served.ask(3, 80, 40)
    assert served.turn() == 8
    long = served.ask(1, 190, 5)[0]
    others = served.ask(20, 80, 4, version=1)
    while not any(each.generation.rows[0].tokens for each in others):
        served.turn()
    assert long.generation.rows[0].tokens
    assert not any(each.event.is_set() for each in lasting), "it waited for rows that did not stand in its way"
    served.until_idle()
    assert all(each.outcome() == "ok" for each in [*lasting, long, *others])


def test_a_row_beyond_all_memory_runs_alone(folder: Path) -> None:
    served = Served(folder, 256 * BYTES_PER_POSITION)
    asked = [*served.ask(2, 20, 5), *served.ask(1, 400, 90, version=1), *served.ask(2, 20, 5)]
    alone = False
    while served.engine.arrivals or served.engine.waiting_rows or served.engine.backends:
        rows = served.turn()
        if any(len(row.generation.prompt) == 400 for row in served.backend.rows):
            alone = True
            assert rows == 1
    assert alone and all(each.outcome() == "ok" for each in asked)


def test_backends_share_one_allowance() -> None:
    backends = [ScriptedBackend(memory_bytes=100) for _ in range(3)]
    versions = [version_over(backend) for backend in backends]
    engine = Engine(Metrics(), max_batch=64, max_queue=1000)
    asked = [Asked(engine, version, tokens=5, prompt=20) for version in versions for _ in range(4)]
    while engine.arrivals or engine.waiting_rows or engine.backends:
        engine.take_turn()
        assert 25 * sum(len(backend.rows) for backend in backends) <= 100
    assert all(each.outcome() == "ok" for each in asked)


def test_a_cache_grows_rarely_and_keeps_little_empty() -> None:
    sizes = [rounded_positions(positions) for positions in range(1, 4097)]
    assert all(positions <= size <= max(96, 1.34 * positions) for positions, size in enumerate(sizes, 1))
    assert len(set(sizes)) <= 25


def test_attention_spans_the_whole_cache_unless_much_of_it_is_empty() -> None:
    shape: Any = None
    cache = KeyValueCache(shape, torch.float32, torch.device("cpu"))
    for needed in range(16, 2049, 16):
        cache.positions = rounded_positions(needed)
        span = cache.span(needed)
        assert span in (needed, cache.positions) and span == round_up(span)
        assert span == cache.positions or 3 * cache.positions > 4 * needed
    # A long row is gone: the others do not read what it left.
    cache.positions = 2048
    assert cache.span(112) == 112
