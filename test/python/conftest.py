"""Before any test imports torch: one thread, as the models are tiny and the machine has others to serve. Servers and
trainers set the number of their threads themselves."""

import os

from forked_programs import ENVIRONMENT

for name, value in ENVIRONMENT.items():
    os.environ.setdefault(name, value)
