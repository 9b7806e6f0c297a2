"""What counts as a GPU that failed: one answer for the server, which ends, and the trainer, whose job is run again."""

from __future__ import annotations

from maft.out_of_memory import is_out_of_memory

#: By its name, to avoid importing torch; before torch 2.8 it was a plain RuntimeError, recognised by its message.
CLASS = "AcceleratorError"


def device_is_lost(error: BaseException) -> bool:
    """Whether every later kernel of this process will fail too, as after an assertion on a GPU."""
    named = any(kind.__name__ == CLASS for kind in type(error).__mro__)
    said = isinstance(error, RuntimeError) and "CUDA error" in str(error)
    return (named or said) and not is_out_of_memory(error)


def is_assertion(error: BaseException) -> bool:
    """A kernel that refused its input, such as a token the model has no embedding for; it would refuse it again."""
    return device_is_lost(error) and "device-side assert" in str(error)
