"""Which examples each step sees, and at what rate: functions of the job and the step alone, without any state."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from maft.train.encoding import EncodedExample
from maft.train.job import TrainingJob


def seeded_order(examples: list[EncodedExample], seed: int, epoch: int) -> list[EncodedExample]:
    """A shuffle without a generator: by the hash of (seed, epoch, example), so it depends on no earlier draw and not
    on the order of the file."""
    return sorted(examples, key=lambda example: hashlib.sha256(f"order/{seed}/{epoch}/{example.key}".encode()).digest())


@dataclass(frozen=True)
class Plan:
    """The whole course of a training, known before its first step. Steps count from 0; the last batch of an epoch may
    be smaller; a fractional number of epochs ends within its last one."""

    job: TrainingJob
    examples: list[EncodedExample]

    @property
    def steps_per_epoch(self) -> int:
        return math.ceil(len(self.examples) / self.job.batch_size)

    @property
    def steps(self) -> int:
        return math.ceil(self.job.epochs * self.steps_per_epoch)

    @property
    def warmup_steps(self) -> int:
        return math.ceil(self.job.warmup_share * self.steps)

    @cached_property
    def mean_weight(self) -> float | None:
        """Of all examples; None if they weigh the same."""
        weights = [example.weight for example in self.examples]
        return None if len(set(weights)) == 1 else math.fsum(weights) / len(weights)

    def batch_weight(self, batch: list[EncodedExample]) -> float:
        """The divisor of a batch's weighted losses: the average weight of this many examples over the whole set.

        If divided by its own weight, a batch with several heavy examples would count each for less; weights are shares of
        an epoch.
        """
        if self.mean_weight is None:
            return sum(example.weight for example in batch)
        return len(batch) * self.mean_weight

    def batches(self, first_step: int) -> Iterator[tuple[int, list[EncodedExample]]]:
        """(step, batch) from `first_step` to the last step."""
        order: list[EncodedExample] = []
        for step in range(first_step, self.steps):
            epoch, position = divmod(step, self.steps_per_epoch)
            if position == 0 or step == first_step:
                order = seeded_order(self.examples, self.job.seed, epoch)
            yield step, order[position * self.job.batch_size : (position + 1) * self.job.batch_size]

    def learning_rate(self, step: int) -> float:
        """The Hugging Face schedules: up in `warmup_steps`, then constant, or down linearly or as half a cosine.

        Theirs begin a warm-up at rate 0, and a training of one step would change nothing. No step here has rate 0: the
        warm-up reaches the full rate one step after its last one, and a decay would reach 0 one step after the end.
        """
        if step < self.warmup_steps:
            return self.job.learning_rate * (step + 1) / (self.warmup_steps + 1)
        progress = (step - self.warmup_steps) / max(1, self.steps - self.warmup_steps)
        if self.job.schedule == "linear":
            return self.job.learning_rate * (1 - progress)
        if self.job.schedule == "cosine":
            return self.job.learning_rate * 0.5 * (1 + math.cos(math.pi * progress))
        return self.job.learning_rate
