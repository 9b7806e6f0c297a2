#!/bin/sh
# Everything. Static checks and the Python tests use a core each, so they run side by side; the TypeScript tests use all.
set -eu

npm run check:python

npm run check &
checks=$!
trap 'kill "$checks" 2>/dev/null || true' EXIT
npm run test:python
wait "$checks"
trap - EXIT

npm run test:typescript
