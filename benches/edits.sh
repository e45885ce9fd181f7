#!/usr/bin/env bash
# Regeneration of files that people edited: edits.sh PIPEWRIGHT [TABLES…]. One pipeline over N tables, every tenth column of
# its script changed by hand, columns added to three contracts, then `regenerate`. Needs python3, git and GNU time.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
pipewright="$(cd "$(dirname "$1")" && pwd)/$(basename "$1")"
shift
sizes=("$@")
[ ${#sizes[@]} -gt 0 ] || sizes=(250 1000 4000)
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
export GIT_AUTHOR_NAME=Bench GIT_AUTHOR_EMAIL=bench@example.com GIT_COMMITTER_NAME=Bench GIT_COMMITTER_EMAIL=bench@example.com
export GIT_CONFIG_GLOBAL=/dev/null

echo "| tables | lines of the edited script | lines of its DDL | regenerate, s | CPU, s | peak, MB |"
echo "|--:|--:|--:|--:|--:|--:|"
for size in "${sizes[@]}"; do
    shop="$work/$size"
    mkdir "$shop"
    python3 "$here/make_source.py" "$shop" "$size"
    cd "$shop"
    git init -q -b main
    printf 'source.sqlite\nspec.json\n' > .gitignore
    "$pipewright" init --source source=sqlite:source.sqlite --target duckdb --quiet
    git add -A && git commit -qm "A workspace"
    "$pipewright" propose --from spec.json --quiet > "$work/said" 2>&1
    script=ingest/everything.py
    sed -i '0~10s/$/  # looked at by hand/; s/^TABLES = (/# Ours: all of them.\nTABLES = (/' "$script"
    for table in 0 1 2; do
        sed -i 's/^      - name: status$/      - name: channel\n        physicalType: TEXT\n        logicalType: string\n&/' \
            "contracts/source/entity_$table.odcs.yaml"
    done
    git add -A && git commit -qm "Edited by hand"
    /usr/bin/time -f '%e %U %S %M' -o "$work/time" "$pipewright" regenerate --quiet > "$work/said" 2>&1 || { cat "$work/said"; exit 1; }
    # Both are in it, and nothing is in conflict.
    grep -q 'Column("channel"' "$script" && [ "$(grep -c 'looked at by hand' "$script")" -gt "$size" ]
    ! grep -q '^<<<<<<<' "$script"
    tail -1 "$work/time" | awk -v n="$size" -v py="$(wc -l < "$script")" -v ddl="$(cat ddl/everything/*.sql | wc -l)" \
        '{ printf "| %d | %d | %d | %.1f | %.1f | %.0f |\n", n, py, ddl, $1, $2 + $3, $4 / 1024 }'
    cd - > /dev/null
done
