"""Progress lines of pretraining: step, loss per job, tokens/s, time left."""

from __future__ import annotations

import time
from collections import defaultdict

from maft.tiny.recipe import Stage

LINE_EVERY = 25


class Progress:
    """Collects the losses of one stage and speaks up every 25 steps."""

    def __init__(self, stage: Stage, first_step: int) -> None:
        self.stage, self.first_step, self.started = stage, first_step, time.monotonic()
        self.losses: dict[str, list[float]] = defaultdict(list)
        self.tokens = 0

    def add(self, job: str, loss: float, tokens: int) -> None:
        self.losses[job].append(loss)
        self.tokens += tokens

    def line_when_due(self, step: int) -> str | None:
        """The line after `step` steps of the stage, or None between lines; losses are means since the last line."""
        if step % LINE_EVERY and step != self.stage.steps:
            return None
        seconds = time.monotonic() - self.started
        left = seconds / (step - self.first_step) * (self.stage.steps - step)
        means = " ".join(f"{job} {sum(values) / len(values):.3f}" for job, values in sorted(self.losses.items()))
        self.losses.clear()
        speed = f"{self.tokens / seconds:.0f} tokens/s"
        where = f"{self.stage.name} {step}/{self.stage.steps}"
        return f"{where} | loss {means} | {speed} | {left / 60:.1f} min left in stage"
