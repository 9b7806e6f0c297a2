"""What the engine needs from a backend that computes logits, and the fast path's backend."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from torch import Tensor

from maft.serve.decoder import Decoder
from maft.serve.rows import Row
from maft.serve.weights import DecoderWeights


class Backend(Protocol):
    """Rows in a fixed order: `admit` appends, `step` reads the last token of each, `remove` drops and reorders.

    All of it runs on the engine's thread.
    """

    memory_bytes: int
    """What keys and values may take: those of all backends of the server together."""

    @property
    def rows(self) -> list[Row]: ...

    def bytes_with(self, joining: Sequence[Row]) -> int:
        """Bytes that keys and values of the present rows and these may come to take; 0 if there are none."""
        ...

    def welcomes(self, waiting: int) -> bool:
        """Whether this many rows should join now rather than later."""
        ...

    def compact(self) -> None:
        """Gives back memory that the present rows do not need."""
        ...

    def admit(self, rows: Sequence[Row]) -> Tensor:
        """Reads prompts; logits [rows, vocabulary] of the first tokens."""
        ...

    def step(self) -> Tensor:
        """Reads each row's newest token; logits [rows, vocabulary] of the next ones."""
        ...

    def remove(self, finished: Sequence[int]) -> None:
        """Drops rows by their place; the others may change places."""
        ...

    def erase(self, broken: Sequence[int]) -> None:
        """Clears keys and values of rows to be removed because they hold NaN."""
        ...

    def reset(self) -> None:
        """Drops all rows and what they hold, after an error."""
        ...


class Network(Protocol):
    """A loaded version's weights, as the scoring and the engine see them."""

    backend: Backend
    vocabulary: int
    max_positions: int

    def hidden(self, tokens: Sequence[int]) -> Tensor:
        """Last hidden states [tokens, hidden] of one text."""
        ...

    def hidden_batch(self, texts: Sequence[Sequence[int]]) -> list[Tensor]:
        """As `hidden`, for several texts in one pass."""
        ...

    def logits(self, hidden: Tensor) -> Tensor:
        """[tokens, vocabulary] from hidden states [tokens, hidden]."""
        ...


class DecoderBackend:
    """The fast path: rows of all versions of one shape in one batch."""

    def __init__(self, decoder: Decoder, memory_bytes: int) -> None:
        self.decoder = decoder
        self.memory_bytes = memory_bytes
        self.present: list[Row] = []

    @property
    def rows(self) -> list[Row]:
        return self.present

    def bytes_with(self, joining: Sequence[Row]) -> int:
        planned = [planned_length(each) for each in [*self.rows, *joining]]
        return self.decoder.cache.bytes_after(len(planned), max(planned)) if planned else 0

    def welcomes(self, waiting: int) -> bool:
        return True

    def compact(self) -> None:
        self.decoder.compact()

    def admit(self, rows: Sequence[Row]) -> Tensor:
        weights = [weights_of(row) for row in rows]
        logits = self.decoder.admit([row.generation.prompt for row in rows], weights)
        self.present.extend(rows)
        return logits

    def step(self) -> Tensor:
        return self.decoder.step([row.tokens[-1] for row in self.rows])

    def remove(self, finished: Sequence[int]) -> None:
        self.present = [self.present[row] for row in self.decoder.remove(finished)]

    def erase(self, broken: Sequence[int]) -> None:
        self.decoder.cache.erase(broken)

    def reset(self) -> None:
        self.present = []
        self.decoder.reset()


class DecoderNetwork:
    """One version on the fast path."""

    def __init__(self, backend: DecoderBackend, weights: DecoderWeights) -> None:
        self.backend: Backend = backend
        self.decoder = backend.decoder
        self.weights = weights
        self.vocabulary = self.decoder.shape.vocabulary
        self.max_positions = self.decoder.shape.max_positions

    def hidden(self, tokens: Sequence[int]) -> Tensor:
        return self.decoder.score([tokens], self.weights)[0]

    def hidden_batch(self, texts: Sequence[Sequence[int]]) -> list[Tensor]:
        return self.decoder.score(texts, self.weights)

    def logits(self, hidden: Tensor) -> Tensor:
        return self.decoder.logits(hidden, self.weights)


def weights_of(row: Row) -> DecoderWeights:
    network = row.generation.version.network
    assert isinstance(network, DecoderNetwork)
    return network.weights


def planned_length(row: Row) -> int:
    return len(row.generation.prompt) + row.generation.settings.max_tokens
