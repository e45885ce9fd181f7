#!/usr/bin/env bash
# The figures of docs/benchmarks.md: run.sh PIPEWRIGHT. Needs bash, python3, git and GNU time.
# SIZES and RUNS set how much is measured; AIRFLOW_PYTHON names a Python with Airflow, that of the runtime if none.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
pipewright="$(cd "$(dirname "$1")" && pwd)/$(basename "$1")"
sizes=(${SIZES:-100 1000 10000})
runs="${RUNS:-3}"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
export GIT_AUTHOR_NAME=Bench GIT_AUTHOR_EMAIL=bench@example.com GIT_COMMITTER_NAME=Bench GIT_COMMITTER_EMAIL=bench@example.com
export GIT_CONFIG_GLOBAL=/dev/null

# A workspace of $2 tables in $1, committed.
workspace() {
    mkdir -p "$1"
    python3 "$here/make_source.py" "$1" "$2"
    cd "$1"
    git init -q -b main
    printf 'source.sqlite\nspec.json\n' > .gitignore
    "$pipewright" init --source source=sqlite:source.sqlite --target duckdb --quiet > "$work/said" 2>&1 || { cat "$work/said"; exit 1; }
    git add -A
    git commit -qm "A workspace"
    cd - > /dev/null
}

# measure NAME COMMAND...: one line `NAME seconds cpu_seconds megabytes` more.
measure() {
    local name="$1"
    shift
    /usr/bin/time -f '%e %U %S %M' -o "$work/time" "$@" > "$work/said" 2>&1 || { cat "$work/said"; exit 1; }
    awk -v name="$name" 'END { printf "%s %.2f %.2f %.0f\n", name, $1, $2 + $3, $4 / 1024 }' "$work/time" >> "$work/figures"
}

# The same files by git alone: what the change in $1 wrote, copied into an empty repository under $2 and committed.
git_alone() {
    mkdir -p "$2/plain"
    git -C "$1" diff -z --name-only main HEAD | git -C "$1" checkout-index -z --stdin --prefix="$2/plain/"
    git init -q "$2/repository"
    measure git_alone sh -c 'cp -R "$1/." "$2" && cd "$2" && git add -A && git commit -qm "The same files"' - "$2/plain" "$2/repository"
    find "$2/plain" -type f | wc -l > "$work/files"
}

echo "machine: $(nproc) cores, $(awk -F': ' '/model name/ {print $2; exit}' /proc/cpuinfo), $(awk '/MemTotal/ {printf "%.0f GB", $2/1048576}' /proc/meminfo), load $(cut -d' ' -f1 /proc/loadavg)"
echo "versions: $("$pipewright" --version), $(git --version), $(python3 --version); median of $runs"
echo
echo "| tables | files | propose, s | MB | git alone, s | ratio | second propose, s | regenerate, s | check, s |"
echo "|--:|--:|--:|--:|--:|--:|--:|--:|--:|"
for size in "${sizes[@]}"; do
    : > "$work/figures"
    for run in $(seq "$runs"); do
        # Each in new folders: ext4 is slow to make files where others were just deleted.
        shop="$work/shop.$size.$run"
        workspace "$shop" "$size"
        measure propose "$pipewright" -C "$shop" propose --from "$shop/spec.json" --quiet
        measure again "$pipewright" -C "$shop" propose --from "$shop/spec.json" --quiet
        measure regenerate "$pipewright" -C "$shop" regenerate --quiet
        measure check "$pipewright" -C "$shop" check --quiet
        git_alone "$shop" "$work/alone.$size.$run"
    done
    python3 - "$size" "$(cat "$work/files")" "$work/figures" <<'PYTHON'
import collections, statistics, sys
seen = collections.defaultdict(list)
for line in open(sys.argv[3]):
    name, seconds, _, megabytes = line.split()
    seen[name].append((float(seconds), int(megabytes)))
second = {name: statistics.median(s for s, _ in all) for name, all in seen.items()}
memory = max(m for _, m in seen["propose"])
print(f"| {int(sys.argv[1]):,} | {int(sys.argv[2]):,} | {second['propose']:.2f} | {memory} | {second['git_alone']:.2f} | "
      f"{second['propose'] / second['git_alone']:.1f} | {second['again']:.2f} | {second['regenerate']:.2f} | {second['check']:.2f} |")
PYTHON
done

# 998 models, their ingestion and their tests are 1,000 tasks.
python="${AIRFLOW_PYTHON:-$(ls -d "${XDG_CACHE_HOME:-$HOME/.cache}"/pipewright/runtime/airflow-*/bin/python 2> /dev/null | tail -1 || true)}"
if [ -z "$python" ]; then
    printf '\nNot measured: the import of a DAG, because no Airflow is there (`pipewright setup --with airflow`).\n'
    exit 0
fi
workspace "$work/shop" 998
printf 'airflow:\n  granularity: model\n' >> "$work/shop/pipewright.yml"
git -C "$work/shop" commit -qam "A task a model"
"$pipewright" -C "$work/shop" propose --from "$work/shop/spec.json" --quiet > /dev/null
export AIRFLOW_HOME="$work/airflow" AIRFLOW__CORE__LOAD_EXAMPLES=False
"$python" "$here/dag_import.py" smallest "$work/shop/dags/everything.py" "$work/smallest.py" > /dev/null
printf '\nAirflow %s, CPU seconds\n\n| file | tasks | Airflow itself | added by the file | ratio |\n|---|--:|--:|--:|--:|\n' \
    "$("$python" -c 'import importlib.metadata as m; print(m.version("apache-airflow-core"))')"
"$python" "$here/dag_import.py" "$work/smallest.py" "$work/shop/dags/everything.py"
