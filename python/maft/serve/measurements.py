"""What `invariance.py` found out, kept between starts: it costs seconds and stays the same on one machine.

One small file per set of circumstances, which it repeats in full: everything known to choose the kernels (processor,
torch and its libraries, threads, variables of the environment), the shape, the format of the numbers, and the sources
of the check and of what it checks. Anything else, damage included, is measured again and written anew.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import platform
import tempfile
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

import torch

from maft.serve.decoder import Decoder
from maft.serve.invariance import MINIMUM_ROWS, make_invariant
from maft.serve.weights import DecoderWeights

log = logging.getLogger("maft.serve")

#: The check, and all that computes what it compares.
SOURCES = (
    "invariance.py",
    "decoder.py",
    "composition.py",
    "plan.py",
    "stack.py",
    "cache.py",
    "weights.py",
    "shape.py",
)
#: Environment variables by which torch's libraries choose kernels and threads.
CHOOSING = ("ATEN_", "DNNL_", "GOMP_", "KMP_", "MKL_", "OMP_", "ONEDNN_", "OPENBLAS_", "TORCH_")
#: What tells one kind of processor from another in Linux' description of them.
PROCESSOR = (
    "vendor_id",
    "cpu family",
    "model",
    "model name",
    "stepping",
    "flags",
    "CPU part",
    "Features",
    "cache size",
)


def make_invariant_once(decoder: Decoder, weights: DecoderWeights, folder: Path | None) -> bool:
    """As `make_invariant`, remembered in `folder` (None: measured every time)."""
    if folder is None:
        return make_invariant(decoder, weights)
    known = circumstances(decoder)
    file = folder / f"batch-invariance-{digest(json.dumps(known, sort_keys=True).encode())[:16]}.json"
    record = recall(file, known)
    if record is None:
        found = make_invariant(decoder, weights)
        rows = decoder.minimum_rows if found else None
        keep(file, {"circumstances": known, "minimumRows": rows, "stacks": decoder.stacks})
        return found
    if record["minimumRows"] is None:
        return False
    decoder.minimum_rows, decoder.stacks = record["minimumRows"], record["stacks"]
    return True


def circumstances(decoder: Decoder) -> dict[str, Any]:
    """All that the outcome depends on, as JSON."""
    return {
        "shape": asdict(decoder.shape),
        "dtype": str(decoder.dtype),
        "processor": processor(),
        "capability": torch.backends.cpu.get_cpu_capability(),
        "torch": digest(torch.__config__.show().encode()),
        "threads": torch.__config__.parallel_info(),
        "environment": {name: os.environ[name] for name in sorted(os.environ) if name.startswith(CHOOSING)},
        "sources": sources(),
    }


def recall(file: Path, known: dict[str, Any]) -> dict[str, Any] | None:
    """The record of an earlier start under the same circumstances; None if it is missing or damaged."""
    try:
        record: Any = json.loads(file.read_bytes())
        rows, stacks = record["minimumRows"], record["stacks"]
        whole = record["circumstances"] == known and rows in (*MINIMUM_ROWS, None) and isinstance(stacks, bool)
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    return record if whole else None


def keep(file: Path, record: dict[str, Any]) -> None:
    """Writes the record whole or not at all, even over a damaged file. A read-only folder only costs the next start time."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.NamedTemporaryFile("w", dir=file.parent, prefix=".", encoding="utf-8", delete=False) as written:
            try:
                json.dump(record, written, indent=1)
                written.close()
                os.replace(written.name, file)
            except BaseException:
                os.unlink(written.name)
                raise
    except OSError as error:
        log.info("what was measured cannot be kept for the next start (%s)", error)


@cache
def sources() -> str:
    folder = Path(__file__).parent
    return digest(b"\0".join((folder / name).read_bytes() for name in SOURCES))


@cache
def processor() -> str:
    """The kind of this machine's processor."""
    try:
        first = Path("/proc/cpuinfo").read_text(encoding="utf-8").split("\n\n")[0]
    except OSError:
        return f"{platform.machine()} {platform.processor()}"
    lines = (line.split(":", 1) for line in first.splitlines() if ":" in line)
    return digest(repr([(name.strip(), said) for name, said in lines if name.strip() in PROCESSOR]).encode())


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
