#!/usr/bin/env bash
# Drift of one table among many, found and followed: drift.sh PIPEWRIGHT [TABLES]. Needs bash, python3, git and GNU time.
# A source of TABLES tables (1,000) is staged by one pipeline; then a column of one table is renamed. Measured: looking
# for drift with and without rows where nothing changed, finding it, and making the branch that follows.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
pipewright="$(cd "$(dirname "$1")" && pwd)/$(basename "$1")"
tables="${2:-1000}"
runs="${RUNS:-3}"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
export GIT_AUTHOR_NAME=Bench GIT_AUTHOR_EMAIL=bench@example.com GIT_COMMITTER_NAME=Bench GIT_COMMITTER_EMAIL=bench@example.com
export GIT_CONFIG_GLOBAL=/dev/null

# measure NAME COMMAND...: one line `NAME seconds megabytes` more.
measure() {
    local name="$1"
    shift
    /usr/bin/time -f '%e %M' -o "$work/time" "$@" > "$work/said" 2>&1 || { cat "$work/said"; exit 1; }
    awk -v name="$name" 'END { printf "%s %.2f %.0f\n", name, $1, $2 / 1024 }' "$work/time" >> "$work/figures"
}

echo "machine: $(nproc) cores, load $(cut -d' ' -f1 /proc/loadavg); $("$pipewright" --version); $tables tables; median of $runs"
: > "$work/figures"
for run in $(seq "$runs"); do
    shop="$work/shop.$run"
    mkdir "$shop"
    python3 "$here/make_source.py" "$shop" "$tables"
    rm -rf "$shop/contracts"
    git -C "$shop" init -q -b main
    printf 'source.sqlite\nspec.json\n' > "$shop/.gitignore"
    "$pipewright" -C "$shop" init --source source=sqlite:source.sqlite --target duckdb --quiet
    "$pipewright" -C "$shop" discover --quiet > "$work/said" 2>&1 || { cat "$work/said"; exit 1; }
    git -C "$shop" add -A
    git -C "$shop" commit -qm "A workspace"
    "$pipewright" -C "$shop" propose --from "$shop/spec.json" --quiet > "$work/said" 2>&1 || { cat "$work/said"; exit 1; }
    measure connection_alone python3 -c "
import sqlite3, sys
c = sqlite3.connect(sys.argv[1])
for (name,) in c.execute(\"select name from sqlite_master where type = 'table'\").fetchall():
    c.execute(f'pragma table_info(\"{name}\")').fetchall()
    c.execute(f'pragma foreign_key_list(\"{name}\")').fetchall()" "$shop/source.sqlite"
    measure nothing_changed "$pipewright" -C "$shop" drift --quiet
    measure nothing_changed_catalog "$pipewright" -C "$shop" drift --no-profile --quiet
    python3 -c "
import sqlite3, sys
c = sqlite3.connect(sys.argv[1])
c.execute('alter table entity_7 rename column amount to amount_total')
c.commit()" "$shop/source.sqlite"
    measure found "$pipewright" -C "$shop" drift --no-profile --quiet
    measure followed "$pipewright" -C "$shop" drift --fix --no-profile --quiet
    git -C "$shop" diff --name-only HEAD~1 | grep -vc '^.pipewright/base/' > "$work/files"
done
python3 - "$work/figures" "$(cat "$work/files")" <<'PYTHON'
import collections, statistics, sys
seen = collections.defaultdict(list)
for line in open(sys.argv[1]):
    name, seconds, megabytes = line.split()
    seen[name].append((float(seconds), int(megabytes)))
print("| what | s | peak, MB |\n|---|--:|--:|")
for name, all in seen.items():
    print(f"| {name.replace('_', ' ')} | {statistics.median(s for s, _ in all):.2f} | {max(m for _, m in all)} |")
print(f"\nfiles that the branch touches: {sys.argv[2]}")
PYTHON
