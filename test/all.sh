#!/bin/sh
# Everything. What uses one core stands beside something else that does: lint, types and format beside the making of .venv,
# then the Python tests beside the TypeScript ones, which wait for real servers much of the time. What ran in the
# background says what it has to say at the end.
set -eu

logs=$(mktemp -d)
background=
trap 'kill $background 2>/dev/null || true; rm -rf "$logs"' EXIT
trap 'exit 130' INT TERM

npm run check > "$logs/check" 2>&1 &
check=$!
background=$check

# Makes .venv, and says how far it is.
node dist/src/cli/main.js python --version

npm run check:python > "$logs/check-python" 2>&1 &
check_python=$!
npm run test:python > "$logs/python" 2>&1 &
python=$!
background="$check $check_python $python"

failed=
npm run test:typescript || failed="$failed test:typescript"
wait "$check" || failed="$failed check"
wait "$check_python" || failed="$failed check:python"
wait "$python" || failed="$failed test:python"
cat "$logs/check" "$logs/check-python" "$logs/python"
if [ -n "$failed" ]; then
  echo "failed:$failed" >&2
  exit 1
fi
