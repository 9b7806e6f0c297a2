"""The job file: the Python twin of `src/contract/training-job.ts`, parsed once and strictly."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BeforeValidator, Discriminator, Field, Tag, model_validator

from maft.train.errors import BadJob
from maft.train.fields import FORM, AtLeastOne, Count, Fields, FilledText, NotNegative, Positive, Share, parse_json

LARGEST_JOB_BYTES = 2**20


def refuse_empty(value: Any) -> Any:
    """An empty path would mean the current folder."""
    if value == "":
        raise ValueError("must be a path that is not empty")
    return value


Folder = Annotated[Path, BeforeValidator(refuse_empty)]


class Lora(Fields):
    """A low-rank adapter on every linear layer."""

    rank: AtLeastOne
    alpha: Positive
    dropout: Annotated[float, Field(ge=0, lt=1)]


class Adapter(Fields):
    lora: Lora


class PreferenceSettings(Fields):
    beta: Positive


class PreferenceLoss(Fields):
    """One of the losses on preferences."""

    dpo: PreferenceSettings | None = None
    kto: PreferenceSettings | None = None

    def chosen(self) -> dict[str, PreferenceSettings]:
        """By name, as they are written."""
        return {name: settings for name in ("dpo", "kto") if (settings := getattr(self, name)) is not None}

    @model_validator(mode="after")
    def is_one(self) -> PreferenceLoss:
        if len(self.chosen()) != 1:
            raise ValueError('must be one of {"dpo": …} and {"kto": …}')
        return self


class Preference(NamedTuple):
    """A loss on preferences between completions, instead of on one completion alone."""

    kind: str
    """`dpo` or `kto`."""
    beta: float
    """What moving away from the weights it started from costs."""


def form_of_weights(value: Any) -> str:
    return f"{FORM}full" if isinstance(value, str) else f"{FORM}adapter"


Weights = Annotated[
    Annotated[Literal["full"], Tag(f"{FORM}full")] | Annotated[Adapter, Tag(f"{FORM}adapter")],
    Discriminator(form_of_weights),
]


class TrainingJob(Fields):
    """One training; the fields are explained in the TypeScript contract."""

    job_id: Annotated[str, Field(pattern="^[0-9a-f]{16,64}$")]
    base: Folder
    served_base: FilledText
    start_from: Folder
    training_set: Folder
    work_directory: Folder
    output_directory: Folder
    leave_out_spelled_tokens: bool
    weights: Weights
    preference_loss: Annotated[PreferenceLoss | None, Field(alias="loss")] = None
    """A job that is not for preferences says nothing of them."""
    epochs: Positive
    learning_rate: Positive
    batch_size: AtLeastOne
    max_length: AtLeastOne
    schedule: Literal["linear", "cosine", "constant"]
    warmup_share: Share
    weight_decay: NotNegative
    seed: Count
    checkpoint_every_seconds: NotNegative
    device: Literal["auto", "cpu", "cuda", "mps"]
    threads: AtLeastOne

    @property
    def lora(self) -> Lora | None:
        """None trains the full weights."""
        return self.weights.lora if isinstance(self.weights, Adapter) else None

    @property
    def preference(self) -> Preference | None:
        """None is supervised: the completion's own loss."""
        loss = self.preference_loss
        if loss is None:
            return None
        [(kind, settings)] = loss.chosen().items()
        return Preference(kind, settings.beta)

    @property
    def loss(self) -> str:
        return "supervised" if self.preference is None else self.preference.kind


def parse_job(text: str) -> TrainingJob:
    """Raises BadJob that names the wrong fields."""
    return parse_json(TrainingJob, text, "job")


def read_job(path: Path) -> TrainingJob:
    """Raises BadJob if the file cannot be read, is larger than any job, is not JSON, or is not a job."""
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_JOB_BYTES + 1)
        text = content.decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadJob(f"Cannot read the job file {path}: {error}") from error
    if len(content) > LARGEST_JOB_BYTES:
        raise BadJob(f"The job file {path} is larger than 1 MB, which no job is")
    return parse_job(text)
