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
checks=$!
background=$checks

npm run check:python

npm run test:python > "$logs/python" 2>&1 &
python=$!
background="$background $python"

failed=
npm run test:typescript || failed="$failed test:typescript"
wait "$checks" || failed="$failed check"
wait "$python" || failed="$failed test:python"
cat "$logs/check" "$logs/python"
if [ -n "$failed" ]; then
  echo "failed:$failed" >&2
  exit 1
fi
