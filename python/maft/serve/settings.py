"""The command line of `python -m maft.serve`, parsed once."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from maft.serve.errors import NoSuchModelFolder
from maft.serve.folders import is_model_name


@dataclass(frozen=True)
class ServeSettings:
    """Everything that decides how one server runs."""

    base: Path
    base_name: str
    further: tuple[tuple[str, Path], ...]
    """Names and folders of base models beside the first."""
    models: Path | None
    host: str
    port: int
    allowed_hosts: tuple[str, ...]
    """Names, beside the usual ones, by which requests may call this server."""
    threads: int
    read_threads: int
    max_batch: int
    max_queue: int
    max_loaded: int
    cache_bytes: int | None
    device: str
    precision: str
    exit_with_parent: bool
    fast_path: bool
    measurements: Path | None
    """Where it is kept between starts what was measured of this machine."""


def positive(text: str) -> int:
    if (number := int(text)) < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


def gibibytes(text: str) -> int:
    """In bytes."""
    if not 0 < (number := float(text)) < float("inf"):
        raise argparse.ArgumentTypeError("must be more than 0")
    return int(number * 2**30)


def port_number(text: str) -> int:
    if not 0 <= (number := int(text)) < 65536:
        raise argparse.ArgumentTypeError("must be from 0 (any free port) to 65535")
    return number


def available_cores() -> int:
    """Cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def further_base(text: str) -> tuple[str, Path]:
    name, _, folder = text.partition("=")
    if not folder or not is_base_name(name):
        raise argparse.ArgumentTypeError(f"`{text}` must be NAME=FOLDER with a name of [A-Za-z0-9._-/]")
    return name, Path(folder)


def is_base_name(name: str) -> bool:
    return all(is_model_name(part) for part in name.split("/"))


def parser() -> argparse.ArgumentParser:
    add = argparse.ArgumentParser(
        prog="python -m maft.serve",
        description="OpenAI-compatible server over a base model and any number of weight versions.",
    )
    add.add_argument("--base", type=Path, required=True, help="folder of the base model (Hugging Face, safetensors)")
    add.add_argument("--base-name", help="name requests call the base by (default: the folder's name)")
    add.add_argument(
        "--also", type=further_base, action="append", default=[], metavar="NAME=FOLDER",
        help="a further base model, for societies whose members have different ones; may be repeated",
    )  # fmt: skip
    add.add_argument("--models", type=Path, help="directory of versions: DIR/<name> is loaded when first asked for")
    add.add_argument("--host", default="127.0.0.1")
    add.add_argument("--port", type=port_number, default=8000, help="0 takes a free one; the ready line says which")
    add.add_argument(
        "--allow-host", action="append", default=[], metavar="NAME",
        help="a name by which requests may call this server beside localhost, its own and addresses; may be repeated; "
        "* for any",
    )  # fmt: skip
    add.add_argument("--threads", type=positive, default=available_cores(), help="torch threads on the CPU")
    add.add_argument(
        "--read-threads",
        type=positive,
        default=available_cores(),
        help="torch threads while texts are scored or embedded: unlike decoding, that is large products",
    )
    add.add_argument("--max-batch", type=positive, default=128, help="completions written at the same time")
    add.add_argument("--max-queue", type=positive, default=4096, help="completions that may wait before 429")
    add.add_argument("--max-loaded", type=positive, default=16, help="versions in memory beside the base")
    add.add_argument(
        "--cache-gib", type=gibibytes, help="for keys and values of all rows (default: a quarter of free memory)"
    )
    add.add_argument("--device", choices=["auto", "cpu", "cuda"], default="auto")
    add.add_argument("--precision", choices=["auto", "float32", "float64", "bfloat16"], default="auto")
    add.add_argument("--exit-with-parent", action="store_true", help="stop when standard input closes")
    add.add_argument("--no-fast-path", action="store_true", help="compute everything by Transformers' own forward")
    add.add_argument(
        "--measurements",
        type=Path,
        metavar="DIR",
        help="keeps here what was measured of this machine's kernels, seconds at each start otherwise",
    )
    return add


def parse_settings(arguments: Sequence[str]) -> ServeSettings:
    """Raises SystemExit(2) on bad arguments, NoSuchModelFolder if the base has an impossible name."""
    given = parser().parse_args(arguments)
    base_name = given.base_name or given.base.resolve().name
    if not is_base_name(base_name):
        raise NoSuchModelFolder(f"`{base_name}` is not a model name; give one with --base-name ([A-Za-z0-9._-]).")
    return ServeSettings(
        base=given.base,
        base_name=base_name,
        further=tuple(given.also),
        models=given.models,
        host=given.host,
        port=given.port,
        allowed_hosts=tuple(given.allow_host),
        threads=given.threads,
        read_threads=given.read_threads,
        max_batch=given.max_batch,
        max_queue=given.max_queue,
        max_loaded=given.max_loaded,
        cache_bytes=given.cache_gib,
        device=given.device,
        precision=given.precision,
        exit_with_parent=given.exit_with_parent,
        fast_path=not given.no_fast_path,
        measurements=given.measurements,
    )
