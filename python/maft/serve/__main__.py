"""python -m maft.serve --base FOLDER [--models DIR] [--port 0] ... (see --help)"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from maft.serve.errors import BaseTooLarge, CannotListen, NoSuchModelFolder
from maft.serve.folders import require_base
from maft.serve.settings import parse_settings


def main(arguments: Sequence[str]) -> int:
    """Exit codes: 0 stopped as asked, 1 failed, 2 bad input (one sentence on stderr)."""
    try:
        settings = parse_settings(arguments)
        for folder in (settings.base, *(folder for _, folder in settings.further)):
            require_base(folder)  # before the seconds that importing torch takes
        wait_without_spinning()
        from maft.serve.server import serve

        return serve(settings)
    except NoSuchModelFolder as error:
        print(error, file=sys.stderr)
        return 2
    except (BaseTooLarge, CannotListen) as error:
        print(error, file=sys.stderr)
        return 1


def wait_without_spinning() -> None:
    """Threads that spin while they wait take the cores from clients and workers on a small machine.

    GNU's library spins a thousand times, some microseconds, and then sleeps: what it does by itself where more threads
    than cores run. To sleep at once costs more than the wait it saves.
    """
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ["OMP_WAIT_POLICY"] = "PASSIVE"
        os.environ.setdefault("GOMP_SPINCOUNT", "1000")


if __name__ == "__main__":
    code = main(sys.argv[1:])
    sys.stdout.flush()
    sys.stderr.flush()
    # Unloading torch can take seconds on a busy machine, and there is nothing left to save.
    os._exit(code)
