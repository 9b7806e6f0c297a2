"""What pretraining does, as data: stages, shares, rates. The numbers of the shipped model live here and in Process."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
from dataclasses import dataclass, field

from maft.tiny.process import Process

DRILLS = ("facts", "look-up", "repeat")
JOBS = ("answer", "revise", "summarise", *DRILLS)
LONGEST_STRING = 24


@dataclass(frozen=True)
class Stage:
    """One stretch of training with its own learning-rate schedule. Shares are of the batches, one job each."""

    name: str
    steps: int
    mix_at_start: dict[str, float]
    mix_at_end: dict[str, float]
    mix_moves_until: float = 0.62
    """The mix moves in a straight line and stands still after this share of the steps."""
    string_length_at_start: int = 24
    """Greatest length of a drill's random string at the start; it grows by one every `growth_steps` steps to 24."""
    growth_steps: int = 40
    decays: bool = True
    """Whether the learning rate falls after warm-up."""
    rate_share: float = 1.0
    """Multiplies the recipe's peak rate."""
    products_only_share: float = 0.0
    """Share of the revise batches that are learnt as far as the two products."""

    def mix(self, step: int) -> dict[str, float]:
        moved = min(1.0, step / max(1.0, self.mix_moves_until * self.steps))
        return {job: self.mix_at_start[job] * (1 - moved) + self.mix_at_end[job] * moved for job in self.mix_at_start}

    def longest_string(self, step: int) -> int:
        return min(LONGEST_STRING, self.string_length_at_start + step // self.growth_steps)


@dataclass(frozen=True)
class Recipe:
    """Everything that decides the weights, together with the machine and its thread count."""

    seed: int
    stages: tuple[Stage, ...]
    precision: str = "fp32"
    """Of the matrix products in training, fp32 or bf16; the weights are fp32 always."""
    process: Process = field(default_factory=Process)
    batch_sizes: dict[str, int] = field(
        default_factory=lambda: {"answer": 64, "revise": 40, "summarise": 40, "facts": 64, "look-up": 48, "repeat": 96}
    )
    """Rows per batch: about the same number of tokens whatever the job."""
    peak_rate: float = 3e-3
    final_rate_share: float = 0.05
    warmup_steps: int = 100
    betas: tuple[float, float] = (0.9, 0.98)
    weight_decay: float = 0.01
    clip: float = 1.0

    def learning_rate(self, stage: Stage, step: int) -> float:
        """Linear warm-up, then the stage's peak, or a cosine down to 5 % of it."""
        peak = self.peak_rate * stage.rate_share
        warmup = min(self.warmup_steps, stage.steps // 10)
        if step < warmup:
            return peak * (step + 1) / warmup
        if not stage.decays:
            return peak
        progress = (step - warmup) / max(1, stage.steps - warmup)
        cosine = 0.5 * (1 + math.cos(math.pi * progress))
        return peak * (self.final_rate_share + (1 - self.final_rate_share) * cosine)

    @property
    def digest(self) -> str:
        """Names the recipe, so that a checkpoint of another one is refused."""
        text = json.dumps(dataclasses.asdict(self), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def standard_recipe(seed: int = 0, steps_scale: float = 1.0, precision: str = "fp32") -> Recipe:
    """The shipped model's recipe. First looking up, by itself; then everything, the drills giving way to the jobs; then
    mostly revisions, at a lower rate, so that critics read themselves as well as the others."""

    def steps(count: int) -> int:
        return max(1, round(count * steps_scale))

    look_up = Stage(
        "look-up",
        steps(750),
        {"repeat": 1.0},
        {"repeat": 1.0},
        string_length_at_start=6,
        growth_steps=steps(40),
        decays=False,
    )
    start = {"answer": 0.20, "revise": 0.15, "summarise": 0.12, "facts": 0.38, "look-up": 0.15}
    end = {"answer": 0.30, "revise": 0.46, "summarise": 0.19, "facts": 0.03, "look-up": 0.02}
    jobs = Stage("jobs", steps(2800), start, end)
    critics = {"answer": 0.25, "revise": 0.60, "summarise": 0.12, "facts": 0.03}
    reading = Stage("reading", steps(600), critics, critics, rate_share=1 / 3, products_only_share=0.5)
    return Recipe(seed, (look_up, jobs, reading), precision)
