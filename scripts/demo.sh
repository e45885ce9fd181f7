#!/usr/bin/env bash
# The main job on a sample shop, from an empty folder: demo.sh PIPEWRIGHT. Keeps the workspace and says where it is.
set -euo pipefail
here="$(cd "$(dirname "$0")/.." && pwd)"
bin="$(cd "$(dirname "$1")" && pwd)"
export PATH="$bin:$PATH"

bold= plain=
if [ -t 1 ]; then bold=$'\033[1m' plain=$'\033[0m'; fi
show() {
  printf '\n%s$ %s%s\n' "$bold" "$1" "$plain"
  eval "$1"
}

pipewright setup --with airflow
python="$(pipewright setup --json --quiet | sed -n 's/.*"bin": "\(.*\)".*/\1/p' | head -n 1)/python"
work="$(mktemp -d)/shop"
mkdir -p "$work" && cd "$work"
python3 "$here/fixtures/shop/make_shop.py" shop.sqlite
git init -q -b main
printf 'shop.sqlite\n' > .gitignore

show 'pipewright init --source shop=sqlite:shop.sqlite --target duckdb'
show 'pipewright discover'
show 'git add -A && git -c user.name=Demo -c user.email=demo@example.com commit -qm "A workspace over the shop" && git log --oneline'
show 'pipewright propose "Move last 30 days of customer orders from MySQL to Snowflake, clean the phone numbers, and create a daily summary table" --as-of 2026-03-31'
show 'pipewright diff --summary'
show 'pipewright diff | grep -A 32 "^diff.*marts/daily_customer_orders.sql"'
show 'pipewright pr'
show 'pipewright run --as-of 2026-03-31'
show 'pipewright run --as-of 2026-03-31 --via airflow'
query='select * from marts.daily_customer_orders order by order_date desc limit 5'
show "$python -c 'import duckdb; print(duckdb.connect(\"warehouse.duckdb\").sql(\"$query\"))'"
show 'pipewright rollback'
show 'pipewright log'
printf '\nThe workspace is %s\n' "$work"
