"""What pretraining does, as data: stages, shares, rates. The numbers of the shipped model live here alone."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Stage:
    """One cosine schedule. `mix` holds the shares of the jobs among the batches that are not drills."""

    name: str
    steps: int
    mix: dict[str, float]
    drills_at_start: float
    drills_at_end: float
    answer_slip_rate: float
    revise_slip_rate: float
    short_lists_at_start: float = 0.0
    """Share of summary batches whose responses are cut to their last steps: counting lines is learnt from near before
    it is done from afar. Falls linearly to 0."""

    def drill_share(self, step: int) -> float:
        """Share of drill batches at a step: falls linearly over the stage."""
        return self.drills_at_start + (self.drills_at_end - self.drills_at_start) * step / max(1, self.steps)

    def short_list_share(self, step: int) -> float:
        return self.short_lists_at_start * (1 - step / max(1, self.steps))

    def numbered(self, number: int) -> Stage:
        """The same stage under a name of its own, hence with batches of its own."""
        return dataclasses.replace(self, name=f"{self.name}-{number}")


@dataclass(frozen=True)
class Recipe:
    """Everything that decides the weights, together with the machine and its thread count."""

    seed: int
    stages: tuple[Stage, ...]
    extra_stage: Stage | None
    """Repeated until the quality below is reached on held-out problems; None: no gate."""
    batch_sizes: dict[str, int] = field(
        default_factory=lambda: {"answer": 64, "revise": 48, "summarise": 32, "drill": 64}
    )
    """Rows per batch: about the same number of tokens whatever the job."""
    facts_per_drill: int = 10
    max_extra_stages: int = 3
    greedy_at_least: float = 0.92
    summary_at_least: float = 0.92
    peak_rate: float = 3e-3
    final_rate_share: float = 0.05
    warmup_steps: int = 100
    betas: tuple[float, float] = (0.9, 0.98)
    weight_decay: float = 0.01
    clip: float = 1.0

    def learning_rate(self, stage: Stage, step: int) -> float:
        """Linear warm-up, then a cosine down to 5 % of the peak."""
        warmup = min(self.warmup_steps, stage.steps // 10)
        if step < warmup:
            return self.peak_rate * (step + 1) / warmup
        progress = (step - warmup) / max(1, stage.steps - warmup)
        cosine = 0.5 * (1 + math.cos(math.pi * progress))
        return self.peak_rate * (self.final_rate_share + (1 - self.final_rate_share) * cosine)

    @property
    def digest(self) -> str:
        """Names the recipe, so that a checkpoint of another one is refused."""
        text = json.dumps(dataclasses.asdict(self), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def standard_recipe(seed: int = 0, steps_scale: float = 1.0) -> Recipe:
    """The shipped model's recipe. With a scale below 1 (tests) the gate on quality is off: it could not be reached."""

    def stage(name: str, steps: int, mix: tuple[float, float, float], **settings: float) -> Stage:
        jobs = dict(zip(("answer", "revise", "summarise"), mix, strict=True))
        return Stage(name, max(1, round(steps * steps_scale)), jobs, drills_at_end=0.0, **settings)

    # The first stage teaches how; the second, with more slips, makes the skill middling again (a model that knows all
    # facts is as good as its slips are rare) and teaches to summarise, which comes last.
    later = {"drills_at_start": 0.05, "answer_slip_rate": 0.12, "revise_slip_rate": 0.10, "short_lists_at_start": 0.6}
    first = stage(
        "stage-1", 3500, (0.50, 0.38, 0.12), drills_at_start=0.50, answer_slip_rate=0.10, revise_slip_rate=0.06
    )
    second = stage("stage-2", 1500, (0.32, 0.26, 0.42), **later)
    extra = stage("extra", 1000, (0.32, 0.26, 0.42), **later)
    return Recipe(seed, (first, second), extra if steps_scale >= 1 else None)
