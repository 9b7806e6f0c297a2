#!/bin/sh
# Everything. The Python tests use one core each way they are cut: the model server's beside the rest and the static
# checks. Then the TypeScript tests, which use all cores.
set -eu

python_tests() {
  node dist/src/cli/main.js python -m pytest -q "$@"
}

# Makes or completes .venv first: both halves need it.
npm run check:python

python_tests test/python/test_serve_*.py &
serving=$!
trap 'kill "$serving" 2>/dev/null || true' EXIT
npm run check
python_tests test/python --ignore-glob='*/test_serve_*.py'
wait "$serving"
trap - EXIT

npm run test:typescript
