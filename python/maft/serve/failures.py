"""Failures of the machine rather than of a request, and the end of the process when it cannot go on.

A supervisor restarts the server; a process that lives but computes nothing would never be noticed.
"""

from __future__ import annotations

import gc
import logging
import os
from typing import NoReturn

import torch

from maft.lost_device import device_is_lost

log = logging.getLogger("maft.serve")


def release_memory() -> None:
    """Modules refer to themselves in circles, and torch keeps what was freed for itself."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def end_if_device_is_lost(error: BaseException) -> None:
    if device_is_lost(error):
        end_process(f"the accelerator cannot be used any more: {error}")


def end_process(reason: str) -> NoReturn:
    """At once, with exit code 1: nothing here can be answered any more, and nothing is left to save."""
    log.critical("ending the process: %s", reason)
    os._exit(1)
