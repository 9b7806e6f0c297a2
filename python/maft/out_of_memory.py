"""What counts as memory that ran out: one answer for the server, which makes room, and the trainer, which halves a batch."""

from __future__ import annotations

TEXTS = (
    "out of memory",
    "can't allocate memory",
    "not enough memory",
    # CUDA's libraries take memory when they are first used; if there is none, cuBLAS raises the second message.
    "cublas_status_alloc_failed",
    "cublas_status_not_initialized",
    "cudnn_status_alloc_failed",
)


def is_out_of_memory(error: BaseException) -> bool:
    """CUDA raises its own class (a RuntimeError), the CPU allocator a plain RuntimeError, Python a MemoryError."""
    if isinstance(error, MemoryError):
        return True
    return isinstance(error, RuntimeError) and any(text in str(error).lower() for text in TEXTS)
