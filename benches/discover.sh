#!/usr/bin/env bash
# Discovery of many tables on a local PostgreSQL: discover.sh PIPEWRIGHT [TABLES]. Needs bash, python3, git, GNU time and
# PostgreSQL's programs; starts a server of its own on a throwaway folder. Where CODEGEN names a folder that holds the
# dbt package dbt-labs/codegen, and DBT a dbt with dbt-postgres, `generate_source` is measured beside it.
set -euo pipefail
pipewright="$(cd "$(dirname "$1")" && pwd)/$(basename "$1")"
tables="${2:-1000}"
rows="${ROWS:-1000}"
runs="${RUNS:-3}"
bin="$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -1)"
work="$(mktemp -d)"
as=()
if [ "$(id -u)" = 0 ]; then
    as=(setpriv --reuid postgres --regid postgres --clear-groups)
    chown postgres "$work"
fi
port="$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')"
cd "$work"
"${as[@]}" "$bin/initdb" -A trust -U bench --no-sync -D "$work/data" > /dev/null
"${as[@]}" "$bin/pg_ctl" -D "$work/data" -l "$work/data.log" -w -o "-h 127.0.0.1 -p $port -k $work -c fsync=off" start > /dev/null
trap '"${as[@]}" "$bin/pg_ctl" -D "$work/data" -m immediate stop > /dev/null; rm -rf "$work"' EXIT
{
    for i in $(seq "$tables"); do
        echo "create table entity_$i (id bigint primary key, customer_id bigint not null, status varchar(20) not null, amount numeric(12,2), email text, note text, created_at timestamptz not null, updated_at timestamptz not null);"
        echo "insert into entity_$i select i, i % 97, (array['new','paid','sent'])[1 + i % 3], i * 1.25, 'user' || i || '@example.com', md5(i::text), timestamptz '2026-01-01' + i * interval '1 minute', timestamptz '2026-01-02' + i * interval '1 minute' from generate_series(1, $rows) i;"
    done
    echo "analyze;"
} | psql -q -h 127.0.0.1 -p "$port" -U bench postgres
export SHOP_URL="postgresql://bench@127.0.0.1:$port/postgres" GIT_CONFIG_GLOBAL=/dev/null

# measure NAME COMMAND...: one line `NAME seconds megabytes` more.
measure() {
    local name="$1"
    shift
    /usr/bin/time -f '%e %M' -o "$work/time" "$@" > "$work/said" 2>&1 || { cat "$work/said"; exit 1; }
    awk -v name="$name" 'END { printf "%s %.2f %.0f\n", name, $1, $2 / 1024 }' "$work/time" >> "$work/figures"
}

echo "machine: $(nproc) cores, load $(cut -d' ' -f1 /proc/loadavg); $("$pipewright" --version), $("$bin/postgres" --version); $tables tables of $rows rows; median of $runs"
: > "$work/figures"
for run in $(seq "$runs"); do
    shop="$work/shop.$run"
    mkdir "$shop"
    git -C "$shop" init -q -b main
    "$pipewright" -C "$shop" init --source shop=postgres:SHOP_URL --target duckdb --quiet
    measure catalog_alone "$pipewright" -C "$shop" discover --no-profile --quiet
    rm -rf "$shop/contracts" "$shop/.pipewright/base/contracts"
    measure with_profiles "$pipewright" -C "$shop" discover --quiet
done
if [ -n "${CODEGEN:-}" ] && [ -n "${DBT:-}" ]; then
    project="$work/codegen"
    mkdir -p "$project"
    cat > "$project/dbt_project.yml" <<'YAML'
name: bench
version: "1.0"
profile: bench
YAML
    printf 'packages:\n  - local: %s\n' "$(cd "$CODEGEN" && pwd)" > "$project/packages.yml"
    cat > "$project/profiles.yml" <<YAML
bench:
  target: dev
  outputs:
    dev: {type: postgres, host: 127.0.0.1, port: $port, user: bench, password: "", dbname: postgres, schema: public, threads: 4}
YAML
    export DBT_SEND_ANONYMOUS_USAGE_STATS=false
    cd "$project"
    "$DBT" deps --profiles-dir . > "$work/said" 2>&1 || { cat "$work/said"; exit 1; }
    for run in $(seq "$runs"); do
        measure codegen "$DBT" -q run-operation generate_source --profiles-dir . \
            --args '{schema_name: public, generate_columns: true, include_data_types: true, include_descriptions: true}'
    done
    cd "$work"
fi
python3 - "$work/figures" <<'PYTHON'
import collections, statistics, sys
seen = collections.defaultdict(list)
for line in open(sys.argv[1]):
    name, seconds, megabytes = line.split()
    seen[name].append((float(seconds), int(megabytes)))
second = {name: statistics.median(s for s, _ in all) for name, all in seen.items()}
print("| what | s | peak, MB |\n|---|--:|--:|")
for name, all in seen.items():
    print(f"| {name.replace('_', ' ')} | {second[name]:.2f} | {max(m for _, m in all)} |")
if "codegen" in second:
    print(f"\ncodegen takes {second['codegen'] / second['catalog_alone']:.1f} times as long as the catalog alone")
else:
    print("\nNot measured: dbt-codegen, because CODEGEN and DBT name none.")
PYTHON
