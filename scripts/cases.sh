#!/usr/bin/env bash
# Runs practice requirements: cases.sh PIPEWRIGHT CASES_DIR [ID ...]; CASES_DIR holds make_shop.py, run_cases.py, shop.yml.
set -euo pipefail
here="$(cd "$(dirname "$0")/.." && pwd)"
bin="$1" cases="$2"
shift 2
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
python="$("$here/scripts/judges.sh")/python"
"$python" "$cases/make_shop.py" "$work/shop.sqlite"
only=()
for id in "$@"; do only+=(--only "$id"); done
"$python" "$cases/run_cases.py" "$cases/shop.yml" --source shop="$work/shop.sqlite" --bin "$bin" "${only[@]}"
