#!/usr/bin/env bash
# Installs the linters that judge generated files, from the hashed lock, and prints the folder of their programs.
set -euo pipefail
here="$(cd "$(dirname "$0")/.." && pwd)"
lock="$here/runtime/judges.txt"
key="$( (cat "$lock"; python3 --version) | sha256sum | cut -c1-16)"
venv="${PIPEWRIGHT_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/pipewright}/judges/$key"
if [ ! -e "$venv/.complete" ]; then
  rm -rf "$venv" && mkdir -p "$(dirname "$venv")"
  python3 -m venv "$venv" >&2
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r "$lock" >&2
  touch "$venv/.complete"
fi
echo "$venv/bin"
