"""python -m maft.export {peft,merged}: writes the weights of one tuned agent into an empty folder.

Exit code 0, or 2 with one sentence on stderr.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from maft.export.folders import BaseName, write_merged, write_peft
from maft.model_folder.errors import ChangedFiles, UnusableFolder


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m maft.export", description=__doc__)
    parser.add_argument("form", choices=("peft", "merged"))
    parser.add_argument("--weights", type=Path, required=True, help="folder of the model version in the store")
    parser.add_argument("--digest", help="SHA-256 (hex) that the run recorded for it")
    parser.add_argument("--base", type=Path, help="folder of the base model; full weights can do without")
    parser.add_argument("--base-name", default="", help="the base as others resolve it")
    parser.add_argument("--base-revision", help="its commit on the Hub")
    parser.add_argument("--out", type=Path, required=True, help="an empty folder")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str]) -> int:
    job = parse(arguments)
    try:
        if job.form == "peft":
            write_peft(job.weights, job.base, job.out, BaseName(job.base_name, job.base_revision), digest=job.digest)
        else:
            write_merged(job.weights, job.base, job.out, digest=job.digest)
    except UnusableFolder as error:
        print(f"{job.weights} on the base {job.base} cannot be exported: {error}.", file=sys.stderr)
        return 2
    except (ChangedFiles, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
