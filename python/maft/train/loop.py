"""The training loop, one for tiny and real models, full weights and LoRA. Tests show it equal to TRL's trainers."""

from __future__ import annotations

import hashlib
import math
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

import torch

from maft.out_of_memory import is_out_of_memory
from maft.train.activations import tokens_per_forward
from maft.train.checkpoints import Position, resume, save_checkpoint, trainable
from maft.train.encoding import EncodedExample
from maft.train.errors import BadJob
from maft.train.events import EventWriter
from maft.train.loss import example_losses, summed_losses
from maft.train.placement import Placement
from maft.train.preferences import divergence, preference_losses, with_reference
from maft.train.schedule import Plan
from maft.train.stopping import StopRequest

Result = TypeVar("Result")
CLIP_NORM = 1.0
# A checkpoint is not due before training has gone on for this many times what the last one took to write: of a large
# model one takes minutes on a slow disk, and training would do little else.
CHECKPOINT_SPACING = 10


def split_rows(batch: list[EncodedExample], tokens_per_forward: int) -> list[list[EncodedExample]]:
    """Parts of a batch that fit into one forward pass each; at least one row per part."""
    # A preference is read with its other completion beside it.
    sequences = 2 if any(example.beside for example in batch) else 1
    rows = max(1, tokens_per_forward // (sequences * max(example.longest for example in batch)))
    return [batch[start : start + rows] for start in range(0, len(batch), rows)]


def build_optimizer(model: torch.nn.Module, weight_decay: float) -> torch.optim.AdamW:
    """AdamW; norms and biases do not decay. The fused form is the same arithmetic in one pass over the weights."""
    parameters = list(trainable(model).values())
    groups = [
        {"params": [parameter for parameter in parameters if parameter.ndim >= 2], "weight_decay": weight_decay},
        {"params": [parameter for parameter in parameters if parameter.ndim < 2], "weight_decay": 0.0},
    ]
    fused = parameters[0].device.type in ("cpu", "cuda")
    return torch.optim.AdamW([group for group in groups if group["params"]], lr=0.0, fused=fused)


def step_seed(seed: int, step: int) -> int:
    """Seeds LoRA's dropout and any other draw inside the model: a resumed step draws the same as an undisturbed one."""
    return int.from_bytes(hashlib.sha256(f"step/{seed}/{step}".encode()).digest()[:7], "big")


class TrainingLoop:
    """One training, from wherever its newest checkpoint stands to its last step."""

    def __init__(self, plan: Plan, model: Any, placement: Placement, *, events: EventWriter, stop: StopRequest) -> None:
        self.plan, self.model, self.placement = plan, model, placement
        self.events, self.stop = events, stop
        self.tokens_per_forward = tokens_per_forward(model, placement.device)
        if plan.job.preference is not None:
            # Before a checkpoint puts other weights into the model: the reference is what training starts from.
            self.plan = replace(plan, examples=self.with_reference(plan.examples))
        self.optimizer = build_optimizer(model, plan.job.weight_decay)
        self.position = resume(plan.job.work_directory, model, self.optimizer, plan.job.job_id)
        self.checkpointed_step = self.position.step
        self.checkpointed_at = time.monotonic()
        self.checkpoint_seconds = 0.0

    def with_reference(self, examples: list[EncodedExample]) -> list[EncodedExample]:
        """Without dropout, a part at a time, so a requested stop need not wait for the whole set."""
        self.model.eval()
        measured: list[EncodedExample] = []
        for part in split_rows(examples, self.tokens_per_forward):
            self.stop.raise_if_requested()
            measured += with_reference(part, self.measure)
        self.model.train()
        return measured

    def run(self) -> Position:
        """Raises BadJob if the loss is not a number, Interrupted (after a checkpoint) if it has to stop."""
        for step, batch in self.plan.batches(self.position.step):
            began = time.monotonic()
            loss = self.take_step(step, batch)
            self.position.seconds += time.monotonic() - began
            self.position.step = step + 1
            self.position.tokens += sum(example.completion_tokens for example in batch)
            self.position.losses.append(loss)
            self.report(loss, self.plan.learning_rate(step))
            self.checkpoint_if_due()
        return self.position

    def take_step(self, step: int, batch: list[EncodedExample]) -> float:
        """Gradients, clipping, update; the loss before the update."""
        loss = self.backward_within_memory(step, batch)
        norm = torch.nn.utils.clip_grad_norm_(trainable(self.model).values(), CLIP_NORM)
        if not (math.isfinite(loss) and math.isfinite(float(norm))):
            raise BadJob(
                f"The loss is {loss} and the gradient's norm {float(norm)} at step {step + 1} of {self.plan.steps}. "
                "Lower learningRate, or look at the weights it started from."
            )
        for group in self.optimizer.param_groups:
            group["lr"] = self.plan.learning_rate(step)
        self.optimizer.step()
        return loss

    def backward_within_memory(self, step: int, batch: list[EncodedExample]) -> float:
        return self.within_memory(batch, lambda: self.backward(step, batch))

    def within_memory(self, batch: list[EncodedExample], compute: Callable[[], Result]) -> Result:
        """Halves the rows per forward pass until they fit; raises torch's error if not even one does."""
        while True:
            try:
                return compute()
            except RuntimeError as error:
                if not is_out_of_memory(error) or len(split_rows(batch, self.tokens_per_forward)) == len(batch):
                    raise
            self.tokens_per_forward //= 2
            print(f"Out of memory: now {self.tokens_per_forward} tokens per forward pass.", file=sys.stderr)
            if self.placement.device.type == "cuda":
                torch.cuda.empty_cache()

    def backward(self, step: int, batch: list[EncodedExample]) -> float:
        """Gradients of Σ weight · (mean token loss of the example) / (weight of a batch); returns that loss."""
        torch.manual_seed(step_seed(self.plan.job.seed, step))
        self.optimizer.zero_grad(set_to_none=True)
        batch_weight = self.plan.batch_weight(batch)
        preference = self.plan.job.preference
        apart = divergence(batch, self.measure) if preference is not None and preference.kind == "kto" else 0.0
        loss = 0.0
        for rows in split_rows(batch, self.tokens_per_forward):
            weights = torch.tensor([row.weight / batch_weight for row in rows], device=self.placement.device)
            with self.autocast():
                part = (self.losses(rows, apart) * weights).sum()
            part.backward()
            loss += float(part.detach())
        return loss

    def losses(self, rows: list[EncodedExample], apart: float) -> torch.Tensor:
        """One loss per example; `apart` is the whole batch's divergence from the reference, for KTO."""
        preference = self.plan.job.preference
        if preference is None:
            return example_losses(self.model, rows, self.placement.device)
        return preference_losses(preference, rows, self.log_probabilities, apart)

    def log_probabilities(self, rows: list[EncodedExample]) -> torch.Tensor:
        """Of each completion as a whole, [rows], in fp32."""
        return -summed_losses(self.model, rows, self.placement.device)[0]

    def measure(self, rows: list[EncodedExample]) -> torch.Tensor:
        """The same without gradients, in as many forward passes as fit."""

        def compute() -> torch.Tensor:
            with torch.no_grad(), self.autocast():
                return torch.cat([self.log_probabilities(part) for part in split_rows(rows, self.tokens_per_forward)])

        return self.within_memory(rows, compute)

    def autocast(self) -> Any:
        enabled = self.placement.precision == "bf16"
        return torch.autocast(self.placement.device.type, dtype=torch.bfloat16, enabled=enabled)

    def report(self, loss: float, learning_rate: float) -> None:
        self.events.write(
            "step",
            step=self.position.step,
            steps=self.plan.steps,
            loss=loss,
            learningRate=learning_rate,
            tokens=self.position.tokens,
            seconds=self.position.seconds,
        )

    def checkpoint_if_due(self) -> None:
        """After the last step there is nothing left to resume; a stop is then as good as done."""
        if self.position.step == self.plan.steps:
            return
        if time.monotonic() - self.checkpointed_at >= self.checkpoint_interval():
            self.checkpoint()
        if self.stop.reason is not None:
            if self.checkpointed_step != self.position.step:
                self.checkpoint()
            self.stop.raise_if_requested()

    def checkpoint_interval(self) -> float:
        """Seconds of training between two checkpoints; a job that says 0 wants one after every step."""
        asked = self.plan.job.checkpoint_every_seconds
        return max(asked, CHECKPOINT_SPACING * self.checkpoint_seconds) if asked > 0 else 0.0

    def checkpoint(self) -> None:
        began = time.monotonic()
        self.events.write("saving", step=self.position.step)
        save_checkpoint(self.plan.job.work_directory, self.position, self.model, self.optimizer)
        self.checkpointed_step, self.checkpointed_at = self.position.step, time.monotonic()
        self.checkpoint_seconds = self.checkpointed_at - began
        self.events.write("checkpoint", step=self.position.step)
