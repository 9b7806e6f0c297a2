"""The job file: the Python twin of `src/contract/training-job.ts`, parsed once and strictly."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from maft.train.errors import BadJob
from maft.train.fields import Fields

SCHEDULES = ("linear", "cosine", "constant")
DEVICES = ("auto", "cpu", "cuda", "mps")
PREFERENCES = ("dpo", "kto")
FIELDS = (
    "jobId", "base", "servedBase", "startFrom", "trainingSet", "workDirectory", "outputDirectory", "leaveOutSpelledTokens",
    "weights", "epochs",
    "learningRate", "batchSize", "maxLength", "schedule", "warmupShare", "weightDecay", "seed",
    "checkpointEverySeconds", "device", "threads",
)  # fmt: skip
#: A job that is not for preferences says nothing of them.
OPTIONAL_FIELDS = ("loss",)
LARGEST_JOB_BYTES = 2**20


@dataclass(frozen=True)
class Lora:
    """A low-rank adapter on every linear layer."""

    rank: int
    alpha: float
    dropout: float


@dataclass(frozen=True)
class Preference:
    """A loss on what is preferred to what, instead of on a completion alone."""

    kind: str
    """`dpo` or `kto`."""
    beta: float
    """What moving away from the weights it started from costs."""


@dataclass(frozen=True)
class TrainingJob:
    """One training; the fields are explained in the TypeScript contract."""

    job_id: str
    base: Path
    served_base: str
    start_from: Path
    training_set: Path
    work_directory: Path
    output_directory: Path
    leave_out_spelled_tokens: bool
    lora: Lora | None
    """None trains the full weights."""
    preference: Preference | None
    """None is supervised: the completion's own loss."""
    epochs: float
    learning_rate: float
    batch_size: int
    max_length: int
    schedule: str
    warmup_share: float
    weight_decay: float
    seed: int
    checkpoint_every_seconds: float
    device: str
    threads: int

    @property
    def loss(self) -> str:
        return "supervised" if self.preference is None else self.preference.kind


def parse_weights(value: Any, place: str) -> Lora | None:
    if value == "full":
        return None
    if not isinstance(value, dict):
        raise BadJob(f'{place}.weights: expected "full" or {{"lora": …}}, got {json.dumps(value)}')
    outer = Fields(value, f"{place}.weights")
    outer.refuse_others(("lora",))
    fields = Fields(outer.value("lora"), f"{place}.weights.lora")
    fields.refuse_others(("rank", "alpha", "dropout"))
    return Lora(fields.integer("rank", 1), fields.positive("alpha"), fields.share("dropout", below_one=True))


def parse_loss(fields: Fields) -> Preference | None:
    if "loss" not in fields.record:
        return None
    outer = Fields(fields.value("loss"), f"{fields.place}.loss")
    outer.refuse_others(PREFERENCES)
    if len(outer.record) != 1:
        raise fields.complain("loss", 'one of {"dpo": …} and {"kto": …}')
    [kind] = outer.record
    inner = Fields(outer.value(kind), f"{fields.place}.loss.{kind}")
    inner.refuse_others(("beta",))
    return Preference(kind, inner.positive("beta"))


def parse_job_id(fields: Fields) -> str:
    job_id = fields.text("jobId")
    if not re.fullmatch(r"[0-9a-f]{16,64}", job_id):
        raise fields.complain("jobId", "16 to 64 hexadecimal digits")
    return job_id


def parse_job(value: Any, place: str = "job") -> TrainingJob:
    """Raises BadJob that names the first wrong field."""
    fields = Fields(value, place)
    fields.refuse_others((*FIELDS, *OPTIONAL_FIELDS))
    return TrainingJob(
        job_id=parse_job_id(fields),
        base=Path(fields.filled_text("base")),
        served_base=fields.filled_text("servedBase"),
        start_from=Path(fields.filled_text("startFrom")),
        training_set=Path(fields.filled_text("trainingSet")),
        work_directory=Path(fields.filled_text("workDirectory")),
        output_directory=Path(fields.filled_text("outputDirectory")),
        leave_out_spelled_tokens=fields.flag("leaveOutSpelledTokens"),
        lora=parse_weights(fields.value("weights"), place),
        preference=parse_loss(fields),
        epochs=fields.positive("epochs"),
        learning_rate=fields.positive("learningRate"),
        batch_size=fields.integer("batchSize", 1),
        max_length=fields.integer("maxLength", 1),
        schedule=fields.choice("schedule", SCHEDULES),
        warmup_share=fields.share("warmupShare"),
        weight_decay=fields.not_negative("weightDecay"),
        seed=fields.integer("seed", 0),
        checkpoint_every_seconds=fields.not_negative("checkpointEverySeconds"),
        device=fields.choice("device", DEVICES),
        threads=fields.integer("threads", 1),
    )


def read_job(path: Path) -> TrainingJob:
    """Raises BadJob where the file cannot be read, is larger than any job, is not JSON, or is not a job."""
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_JOB_BYTES + 1)
        text = content.decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadJob(f"Cannot read the job file {path}: {error}") from error
    if len(content) > LARGEST_JOB_BYTES:
        raise BadJob(f"The job file {path} is larger than 1 MB, which no job is")
    try:
        return parse_job(json.loads(text))
    except json.JSONDecodeError as error:
        raise BadJob(f"The job file {path} is not JSON: {error}") from error
    except RecursionError as error:
        raise BadJob(f"The job file {path} is nested too deep to be a job") from error
