"""`python maft_module.py maft.serve ARGUMENT…`: as `python -m maft.serve`, without the current folder on the path.

With `-m`, a file `torch.py` in the folder where somebody starts the program would be imported in place of torch. Python
has a switch against that from 3.11 on.
"""

from __future__ import annotations

import runpy
import sys

if __name__ == "__main__":
    if not getattr(sys.flags, "safe_path", False):
        # This file's own folder: the package is found by PYTHONPATH, like everywhere.
        del sys.path[0]
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
