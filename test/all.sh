#!/bin/sh
# Everything. What uses one core stands beside something else that does: lint, types and format beside the making of .venv,
# most tests of the model server beside Python's others. Then the TypeScript tests, which use all cores.
set -eu

python_tests() {
  node dist/src/cli/main.js python -m pytest -q "$@"
}

npm run check &
checks=$!
serving=
trap 'kill "$checks" $serving 2>/dev/null || true' EXIT

npm run check:python
python_tests test/python/test_serve_[!b]*.py &
serving=$!
python_tests test/python --ignore-glob='*/test_serve_[!b]*.py'
wait "$serving"
wait "$checks"
trap - EXIT

npm run test:typescript
