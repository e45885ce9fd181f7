#!/usr/bin/env bash
# Profiles of one long table: profile.sh PIPEWRIGHT PYTHON [ROWS]; PYTHON has the package duckdb. Needs bash, GNU time, git,
# PostgreSQL's programs and the runtime (`pipewright setup`). The same ROWS rows (1,000,000) of 20 columns as SQLite, PostgreSQL, DuckDB, CSV and Parquet: as sampled
# usually, and every row of it.
set -euo pipefail
pipewright="$(cd "$(dirname "$1")" && pwd)/$(basename "$1")"
python="$2"
rows="${3:-1000000}"
runs="${RUNS:-3}"
bin="$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -1)"
work="$(mktemp -d)"
as=()
if [ "$(id -u)" = 0 ]; then
    as=(setpriv --reuid postgres --regid postgres --clear-groups)
    chown postgres "$work"
    chmod 755 "$work"
fi
port="$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')"
cd "$work"
"${as[@]}" "$bin/initdb" -A trust -U bench --no-sync -D "$work/data" > /dev/null
"${as[@]}" "$bin/pg_ctl" -D "$work/data" -l "$work/data.log" -w -o "-h 127.0.0.1 -p $port -k $work -c fsync=off" start > /dev/null
trap '"${as[@]}" "$bin/pg_ctl" -D "$work/data" -m immediate stop > /dev/null; rm -rf "$work"' EXIT
export SHOP_URL="postgresql://bench@127.0.0.1:$port/postgres" GIT_CONFIG_GLOBAL=/dev/null

shop="$work/shop"
"$python" - "$rows" <<'PYTHON'
import sys
import duckdb
rows = int(sys.argv[1])
c = duckdb.connect("events.duckdb")
c.execute(f"""create table events as select i as event_id, i % 50000 as customer_id,
    'user' || (i % 50000) || '@example.com' as email, '+1415555' || lpad((i % 10000)::varchar, 4, '0') as phone,
    ['new', 'paid', 'sent', 'back'][1 + (hash(i) % 4)::int] as status, ['DE', 'FR', 'US', 'IN', 'BR'][1 + (hash(i * 7) % 5)::int] as country,
    ((hash(i * 3) % 1000000)::bigint / 100)::decimal(12, 2) as amount, (hash(i * 5) % 9)::integer as pieces,
    (hash(i * 11) % 100000)::double / 1000 as weight, hash(i * 13) % 2 = 0 as is_gift,
    date '2025-01-01' + (i % 400)::integer as day, timestamp '2025-01-01' + to_seconds(i) as created_at,
    timestamp '2025-01-02' + to_seconds(i) as updated_at, md5(i::varchar) as token,
    case when i % 3 = 0 then null else 'note ' || (i % 1000) end as note, 'SKU-' || lpad((i % 5000)::varchar, 6, '0') as sku,
    '10.0.' || (i % 256) || '.' || (i % 200) as address_of_host, (i % 97)::integer as shop_id,
    case when i % 10 = 0 then null else (hash(i) % 500)::integer end as points, 'Street ' || (i % 999) as line
    from range({rows}) t(i)""")
c.execute("copy events to 'events.csv' (header)")
c.execute("copy events to 'events.parquet'")
c.close()
PYTHON
python3 - "$rows" <<'PYTHON'
import csv, sqlite3
c = sqlite3.connect("events.sqlite")
with open("events.csv", newline="") as file:
    rows = csv.reader(file)
    names = next(rows)
    types = dict(event_id="integer primary key", customer_id="integer", amount="decimal(12,2)", pieces="integer", weight="real",
                 is_gift="boolean", day="date", created_at="timestamp", updated_at="timestamp", shop_id="integer", points="integer")
    c.execute(f"create table events ({', '.join(f'{n} {types.get(n, chr(116) + chr(101) + chr(120) + chr(116))}' for n in names)})")
    def values(row):
        return [None if v == "" else {"true": 1, "false": 0}.get(v, v) for v in row]
    c.executemany(f"insert into events values ({', '.join('?' * len(names))})", map(values, rows))
c.commit()
PYTHON
psql -q "$SHOP_URL" -c "create table events (event_id bigint primary key, customer_id bigint, email text, phone text, status text, country text,
    amount numeric(12,2), pieces integer, weight double precision, is_gift boolean, day date, created_at timestamp, updated_at timestamp,
    token text, note text, sku text, address_of_host text, shop_id integer, points integer, line text)" \
    -c "\\copy events from 'events.csv' csv header" -c "analyze events"
mkdir csv parquet
mv events.csv csv/
mv events.parquet parquet/
echo "machine: $(nproc) cores, load $(cut -d' ' -f1 /proc/loadavg); $("$pipewright" --version); $rows rows of 20 columns; median of $runs"
: > "$work/figures"
for source in sqlite:events.sqlite postgres:SHOP_URL duckdb:events.duckdb files:csv/ files:parquet/; do
    name="${source#files:}"
    name="${name%%:*}"
    for how in usual every_row; do
        for run in $(seq "$runs"); do
            rm -rf "$shop" && mkdir "$shop"
            git -C "$shop" init -q -b main
            path="${source#*:}"
            case "$source" in postgres:*) ;; *) path="../$path" ;; esac
            "$pipewright" -C "$shop" init --source "one=${source%%:*}:$path" --target duckdb --quiet
            more=()
            [ "$how" = usual ] || more=(--sample "$rows")
            /usr/bin/time -f '%e %M' -o "$work/time" "$pipewright" -C "$shop" discover --quiet "${more[@]}" > "$work/said" 2>&1 || { cat "$work/said"; exit 1; }
            awk -v name="${name%/}" -v how="$how" 'END { printf "%s %s %.2f %.0f\n", name, how, $1, $2 / 1024 }' "$work/time" >> "$work/figures"
        done
    done
done
python3 - "$work/figures" <<'PYTHON'
import collections, statistics, sys
seen = collections.defaultdict(list)
for line in open(sys.argv[1]):
    name, how, seconds, megabytes = line.split()
    seen[name, how].append((float(seconds), int(megabytes)))
print("| source | usual, s | peak, MB | every row, s | peak, MB |\n|---|--:|--:|--:|--:|")
for name in dict.fromkeys(n for n, _ in seen):
    cells = []
    for how in ("usual", "every_row"):
        all = seen[name, how]
        cells += [f"{statistics.median(s for s, _ in all):.1f}", str(max(m for _, m in all))]
    print(f"| {name} | {' | '.join(cells)} |")
PYTHON
