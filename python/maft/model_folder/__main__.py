"""python -m maft.model_folder FOLDER...: whether server and trainer will take these base models.

Exit code 0, or 2 with one sentence on stderr for each folder that they refuse.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from maft.model_folder.check import require_base
from maft.model_folder.errors import UnusableFolder


def main(folders: Sequence[str]) -> int:
    code = 0
    for folder in folders:
        try:
            require_base(Path(folder))
        except (UnusableFolder, OSError) as error:
            print(f"{folder}: {error}", file=sys.stderr)
            code = 2
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
