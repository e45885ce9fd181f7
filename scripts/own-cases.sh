#!/usr/bin/env bash
# Runs our own cases and says of each why it failed: own-cases.sh PIPEWRIGHT [SCHEMA[/ID] ...]
# KEEP=DIR leaves what was made; DRY=1 only proposes; VERBOSE=1 shows what the words became.
set -euo pipefail
here="$(cd "$(dirname "$0")/.." && pwd)"
bin="$1"
shift
python="$("$bin" --json setup 2>/dev/null | python3 -c 'import json, sys; print(json.load(sys.stdin)["core"]["bin"])')/python"
more=(--bin "$bin")
[ -z "${KEEP:-}" ] || more+=(--keep "$KEEP")
[ -z "${DRY:-}" ] || more+=(--dry)
[ -z "${VERBOSE:-}" ] || more+=(--verbose)
[ "$#" -gt 0 ] || set -- $(cd "$here/fixtures/cases" && echo *)
failed=0
for schema in $(printf '%s\n' "${@%%/*}" | sort -u); do
  only=()
  for word in "$@"; do
    [ "$word" = "$schema" ] && only=() && break
    [ "${word%%/*}" = "$schema" ] && only+=(--only "${word#*/}")
  done
  "$python" "$here/tests/own_cases/run.py" "$here/fixtures/cases/$schema" "${more[@]}" "${only[@]}" || failed=1
done
exit "$failed"
