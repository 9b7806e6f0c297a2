"""Why a training ends without a result; each class is one exit code and one `kind` of the `failed` event."""

from __future__ import annotations

import errno
from typing import ClassVar

from maft.lost_device import device_is_lost, is_assertion
from maft.model_folder.errors import ChangedFiles
from maft.out_of_memory import is_out_of_memory

NO_SPACE_ERRNOS = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
# A network file system that went away for a while, a disk that did.
MACHINE_ERRNOS = {errno.EIO, errno.ESTALE, errno.ENOTCONN, errno.ETIMEDOUT}
# The safetensors writer and torch report these by text only.
NO_SPACE_TEXTS = ("No space left on device", "os error 28", "Disk quota exceeded", "File too large")


class TrainingFailure(Exception):
    """A bug, unless a subclass says otherwise. The message says what was attempted, on what, and what to do."""

    kind: ClassVar[str] = "bug"
    exit_code: ClassVar[int] = 1


class BadJob(TrainingFailure):
    """The job or a file it names is wrong. The same job fails again; its author fixes it."""

    kind = "bad-job"
    exit_code = 2


class OutOfMemory(TrainingFailure):
    """The device's memory does not suffice, even one example at a time."""

    kind = "out-of-memory"
    exit_code = 3


class NoSpace(TrainingFailure):
    """A file could not be written for want of space. The same job goes on once there is room."""

    kind = "no-space"
    exit_code = 4


class Interrupted(TrainingFailure):
    """Asked to stop, or the parent is gone. The same job resumes from its newest checkpoint."""

    kind = "interrupted"
    exit_code = 5


class MachineFault(TrainingFailure):
    """The GPU or the disk failed. The same job resumes from its newest checkpoint, perhaps on another machine."""

    kind = "machine-fault"
    exit_code = 6


class ChangedWeights(TrainingFailure):
    """Weights to start from are not those that were published. A person restores them; until then the job waits."""

    kind = "changed-weights"
    exit_code = 7


def is_machine_fault(error: BaseException) -> bool:
    if isinstance(error, OSError):
        return error.errno in MACHINE_ERRNOS
    return device_is_lost(error) and not is_assertion(error)


def is_no_space(error: BaseException) -> bool:
    if isinstance(error, OSError) and error.errno in NO_SPACE_ERRNOS:
        return True
    return any(text in str(error) for text in NO_SPACE_TEXTS)


def classify(error: BaseException) -> TrainingFailure:
    """The failure to report for the error that ended the training."""
    if isinstance(error, TrainingFailure):
        return error
    if isinstance(error, ChangedFiles):
        return ChangedWeights(str(error))
    if is_out_of_memory(error):
        return OutOfMemory(f"Out of memory, one example at a time. Lower maxLength or train LoRA. ({error})")
    if is_no_space(error):
        return NoSpace(f"No space left to write checkpoints or weights. Free some, then run the job again. ({error})")
    if is_machine_fault(error):
        return MachineFault(f"The GPU or the disk failed. The same job goes on at its newest checkpoint. ({error})")
    return TrainingFailure(f"{type(error).__name__}: {error}")
