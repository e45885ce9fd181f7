#!/usr/bin/env bash
# `check` beside the tools that people use instead: check.sh PIPEWRIGHT [N…] [FOLDER:DIALECT…], on generated projects of N
# models and on copies of dbt projects.
# Needs python3, git, GNU time and the judges (scripts/judges.sh). RUNS runs each, the least is shown; seconds and MB.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
pipewright="$(cd "$(dirname "$1")" && pwd)/$(basename "$1")"
shift
sizes=("$@")
[ ${#sizes[@]} -gt 0 ] || sizes=(100 1000 10000)
runs="${RUNS:-3}"
judges="${PIPEWRIGHT_JUDGES:-$("$here/../scripts/judges.sh")}"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
export GIT_AUTHOR_NAME=Bench GIT_AUTHOR_EMAIL=bench@example.com GIT_COMMITTER_NAME=Bench GIT_COMMITTER_EMAIL=bench@example.com
export GIT_CONFIG_GLOBAL=/dev/null DBT_SEND_ANONYMOUS_USAGE_STATS=false

# What sqlfluff and sqruff need to render the same files: linter DIALECT.
linter() {
    printf '[sqlfluff]\ndialect = %s\ntemplater = jinja\n\n[sqlfluff:templater:jinja]\napply_dbt_builtins = true\nload_macros_from_path = macros\n' "$1"
}

# least NAME RUNS COMMAND...: the least seconds of some runs, and the most memory. Findings are no failure.
least() {
    local name="$1" count="$2" best="" most=0 seconds kilobytes
    shift 2
    for _ in $(seq "$count"); do
        /usr/bin/time -f '%e %M' -o "$work/time" "$@" > "$work/said" 2>&1 || true
        read -r seconds kilobytes < <(tail -1 "$work/time")
        best="$(printf '%s\n%s\n' "$seconds" "${best:-$seconds}" | sort -g | head -1)"
        [ "$kilobytes" -gt "$most" ] && most="$kilobytes"
    done
    printf '%-34s %8s s %6d MB\n' "$name" "$best" "$((most / 1024))"
}

# again FILE COMMAND...: what a look takes after FILE changed, as `--watch` says it: the least of RUNS changes.
again() {
    local file="$1" best="" took before
    shift
    "$@" --watch > "$work/watched" 2> "$work/watching" &
    until grep -q Watching "$work/watching"; do sleep 0.1; done
    for _ in $(seq "$runs"); do
        before="$(grep -c ' ms)' "$work/watched" || true)"
        sleep 1
        printf '%s\n' '-- changed' >> "$file"
        until [ "$(grep -c ' ms)' "$work/watched" || true)" -gt "$before" ]; do sleep 0.1; done
        took="$(sed -n 's/.*(\([0-9]*\) ms)$/\1/p' "$work/watched" | tail -1)"
        best="$(printf '%s\n%s\n' "$took" "${best:-$took}" | sort -g | head -1)"
    done
    kill $!
    wait $! 2> "$work/said" || true
    printf '%-34s %8s ms\n' "one file changed, ${*: -1}" "$best"
}

"$pipewright" --version
"$judges/sqruff" --version
"$judges/sqlfluff" --version
for size in "${sizes[@]}"; do
    if [[ "$size" = *:* ]]; then
        project="$work/$(basename "${size%:*}")"
        cp -r "${size%:*}" "$project"
        find "$project" -name '.sqlfluff*' -delete
        linter "${size##*:}" > "$project/.sqlfluff"
        linter "${size##*:}" > "$project/.sqruff"
        mkdir -p "$project/macros"
        printf '\n%s: %s files of SQL\n' "$(basename "$project")" "$(find "$project/models" -name '*.sql' | wc -l)"
        cd "$project"
        least "check" "$runs" "$pipewright" check --against none
        least "sqruff lint" 1 "$judges/sqruff" lint models
        least "sqlfluff lint, two processes" 1 "$judges/sqlfluff" lint models -p 2 --disable-progress-bar
        cd - > /dev/null
        continue
    fi
    project="$work/$size"
    python3 "$here/make_project.py" "$size" "$project"
    linter duckdb > "$project/.sqlfluff"
    linter duckdb > "$project/.sqruff"
    git -C "$project" init -q -b main
    git -C "$project" add -A
    git -C "$project" commit -qm "A project"
    git -C "$project" checkout -qb change
    model="$project/models/marts/area_0/fct_orders_0.sql"
    sed -i 's/10000/20000/' "$model"
    printf '\n%s models\n' "$size"
    cd "$project"
    least "check" "$runs" "$pipewright" check --against none
    least "check --against main" "$runs" "$pipewright" check --against main
    again "$model" "$pipewright" check --against none
    again "$model" "$pipewright" check --against main
    [ "$size" -gt 1000 ] || least "sqruff lint" "$runs" "$judges/sqruff" lint models
    [ "$size" -gt 1000 ] || least "sqlfluff lint, two processes" 1 "$judges/sqlfluff" lint models -p 2 --disable-progress-bar
    [ "$size" -gt 1000 ] || least "dbt parse" 1 "$judges/dbt" parse --profiles-dir . --no-partial-parse
    cd - > /dev/null
done
