#!/bin/sh
# Makes requirements.txt and requirements-cuda.txt from requirements.in: one lock for all platforms and Python versions,
# with hashes, without addresses. Keeps the versions of the files as they are; remove a file to take the newest ones.
set -eu
cd "$(dirname "$0")"

lock=$(mktemp)
trap 'rm -f "$lock"' EXIT
cat requirements.txt requirements-cuda.txt > "$lock" 2>/dev/null || true
uv pip compile requirements.in --output-file "$lock" \
  --universal --python-version 3.10 --generate-hashes --no-annotate --no-header --quiet

{
  echo '# Made from requirements.in by `npm run lock:python`: every package at the version it was tested with, and its hashes.'
  echo '# Any edit makes the next command install what changed.'
  awk '/^[A-Za-z]/ { cuda = /^(cuda-|nvidia-|triton==)/ } !cuda' "$lock"
} > requirements.txt
{
  echo '# Made from requirements.in by `npm run lock:python`: the CUDA libraries, installed only where torch asks for them (on'
  echo '# Linux; the CPU-only wheel of torch does not).'
  awk '/^[A-Za-z]/ { cuda = /^(cuda-|nvidia-|triton==)/ } cuda' "$lock"
} > requirements-cuda.txt
