"""
python -m maft.grade [--workers N] [--time-limit SECONDS]: pairs as JSON lines on stdin, a verdict for each on stdout.

    {"id": 1, "a": "\\\\frac{1}{2}", "b": "0.5"}   ->   {"id": 1, "equal": true}

Verdicts come as they are found, not in order. Ends when stdin does and all verdicts are out. Exit codes: 0 done · 2 a line
that is no pair · 3 workers cannot start (their errors are on stderr).
"""

from __future__ import annotations

import argparse
import os
import sys

from maft.grade.pool import Pool, PoolSettings, WorkersFail
from maft.grade.verdict import line_of, pair_of


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m maft.grade", description="Equality of mathematical answers.")
    parser.add_argument("--workers", type=int, default=max(1, min(4, os.cpu_count() or 1)))
    parser.add_argument("--time-limit", type=float, default=5.0, help="seconds one pair may take")
    parser.add_argument("--memory-limit", type=int, default=2048, help="MiB one worker may take (Linux)")
    options = parser.parse_args()
    pool = Pool(PoolSettings(options.workers, options.time_limit, options.memory_limit * 2**20))
    try:
        serve(pool, sys.stdin.fileno())
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    except WorkersFail as error:
        print(error, file=sys.stderr)
        return 3
    except BrokenPipeError:
        # The caller is gone.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    finally:
        pool.close()
    return 0


def serve(pool: Pool, source: int) -> None:
    """Reads pairs and writes verdicts until the source has ended and every pair has its verdict."""
    rest, ended = b"", False
    while not ended or pool.busy:
        verdicts, readable = pool.wait([] if ended else [source])
        for pair, verdict in verdicts:
            print(line_of(pair, verdict), flush=True)
        if readable:
            chunk = os.read(source, 2**16)
            ended = chunk == b""
            *lines, rest = (rest + chunk + (b"\n" if ended else b"")).split(b"\n")
            for line in lines:
                if line.strip():
                    pool.add(pair_of(line))


if __name__ == "__main__":
    sys.exit(main())
