"""`maft.serve` over a base whose loading never ends, as that of a large model on a slow disk takes minutes."""

from __future__ import annotations

import sys
import time
from typing import Any

from maft.serve import __main__, server


def load(*_: object) -> Any:
    print("loading", flush=True)
    time.sleep(600)


if __name__ == "__main__":
    server.load_base = load
    sys.exit(__main__.main(sys.argv[1:]))
