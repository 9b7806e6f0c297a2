"""`python -m maft.train`: one job, or a template process that forks one child per job."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

DESCRIPTION = """Supervised finetuning of one agent from a job file (src/contract/training-job.ts).

  --job JOB.json     train once
  --check JOB.json   say whether the job could be trained: all but the weights
  --template         import torch once, then fork a child for each job named on stdin (CPU only)
"""
EXIT_CODES = """exit codes: 0 finished · 1 bug · 2 bad job, never retry · 3 out of memory · 4 no space left
            5 interrupted (SIGTERM, or the parent is gone) · 6 the GPU or the disk failed: run the same job again, it
            resumes · 7 weights to start from are not those that were published: restore them

Events are JSON lines on --events-fd. A template also reads {"run": JOB.json, "id": ID}, {"check": …}, {"stop": ID} and {"kill": ID},
and its events are {"id": ID, ...} with "pid", "event", "stderr" or "exit"; the end of its stdin ends it and its children."""


def prepare_environment() -> None:
    """Before torch is imported: nothing from the network, no thread pools that a fork would tear, repeatable kernels."""
    os.environ.update(HF_HUB_OFFLINE="1", HF_HUB_DISABLE_TELEMETRY="1")
    os.environ.update(TOKENIZERS_PARALLELISM="false", TQDM_DISABLE="1")
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        "python -m maft.train", None, DESCRIPTION, EXIT_CODES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    mode = parser.add_mutually_exclusive_group(required=True)
    mode.add_argument("--job", type=Path, metavar="JOB.json", help="train this job")
    mode.add_argument("--check", type=Path, metavar="JOB.json", help="check this job, without its weights")
    mode.add_argument("--template", action="store_true", help="serve jobs from stdin, one forked child each")
    parser.add_argument("--events-fd", type=int, default=2, metavar="FD", help="where events go (default: stderr)")
    parser.add_argument(
        "--parent-fd", type=int, metavar="FD", help="stop when this pipe, held open by the parent, closes (usually 0)"
    )
    return parser.parse_args()


def run_one(job: Path, events_fd: int, parent_fd: int | None, *, only_check: bool) -> int:
    from maft.train.events import EventWriter
    from maft.train.stopping import StopRequest, stop_on_signals, stop_when_closed

    stop = StopRequest()
    stop_on_signals(stop)
    if parent_fd is not None:
        stop_when_closed(parent_fd, stop)
    # After the watches: importing torch takes seconds, in which the parent may die as well.
    from maft.train.run import check, run

    return (check if only_check else run)(
        job, EventWriter(events_fd, lambda: stop.request("nobody reads the events")), stop
    )


def main() -> int:
    arguments = parse_arguments()
    prepare_environment()
    if arguments.template:
        from maft.train.template import serve

        return serve(arguments.events_fd)
    job = arguments.job or arguments.check
    return run_one(job, arguments.events_fd, arguments.parent_fd, only_check=arguments.check is not None)


if __name__ == "__main__":
    sys.exit(main())
