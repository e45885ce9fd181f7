#!/usr/bin/env python3
"""A source of N tables with 10 columns each, as contracts, and a pipeline that lands and stages all of them.

make_source.py FOLDER N writes FOLDER/source.sqlite (empty tables), FOLDER/contracts/source/*.odcs.yaml and
FOLDER/spec.json, a proposal for `pipewright propose --from`. The same N gives the same bytes.
"""

import json
import sqlite3
import sys
from pathlib import Path

# Name, type of the source, logical type, further lines of the contract.
COLUMNS = [
    ("id", "INTEGER", "integer", ["primaryKey: true", "primaryKeyPosition: 1", "required: true", "unique: true"]),
    ("parent_id", "INTEGER", "integer", None),
    ("email", "TEXT", "string", ["tags: [pii.email]"]),
    ("label", "TEXT", "string", ["description: What people call it.", "required: true"]),
    ("status", "TEXT", "string", ["required: true", "enum: [{value: closed}, {value: open}, {value: pending}]"]),
    ("amount", "DECIMAL(12,2)", "number", ["required: true"]),
    ("quantity", "INTEGER", "integer", []),
    ("is_active", "BOOLEAN", "boolean", ["required: true"]),
    ("created_at", "TIMESTAMP", "timestamp", ["required: true"]),
    ("updated_at", "TIMESTAMP", "timestamp", ["required: true"]),
]


def contract(i: int) -> str:
    lines = [
        "apiVersion: v3.2.0",
        "kind: DataContract",
        f"id: source.entity_{i}",
        f"name: source entity_{i}",
        "version: 1.0.0",
        "status: active",
        "description:",
        f"  purpose: Entities of kind {i}.",
        "servers:",
        "  - server: source",
        "    type: custom",
        "    environment: dev",
        "schema:",
        f"  - name: entity_{i}",
        f"    physicalName: entity_{i}",
        "    physicalType: table",
        "    logicalType: object",
        "    properties:",
    ]
    for name, physical, logical, more in COLUMNS:
        # Each entity but the first points to the one before it.
        if more is None:
            more = ["relationships:", "  - type: foreignKey", f"    to: entity_{i - 1}.id"] if i else []
        lines += [f"      - name: {name}", f"        physicalType: {physical}", f"        logicalType: {logical}"]
        lines += [f"        {line}" for line in more]
    lines += [
        "    customProperties:",
        "      - {property: pipewright.cursor, value: updated_at}",
        "      - {property: pipewright.profile, value: {rows: 1000, sample: 1000, method: all}}",
    ]
    return "\n".join(lines) + "\n"


def spec(n: int) -> dict:
    tables = [f"entity_{i}" for i in range(n)]
    return {
        "version": 1,
        "name": "everything",
        "description": "Land and stage every table of the source.",
        "schedule": {"cron": "0 6 * * *"},
        "ingest": [{"table": f"source.{t}", "mode": "merge", "key": ["id"], "cursor": "updated_at"} for t in tables],
        "models": [{"name": f"stg_source__{t}", "from": f"source.{t}"} for t in tables],
    }


def main() -> None:
    folder, n = Path(sys.argv[1]), int(sys.argv[2])
    contracts = folder / "contracts" / "source"
    contracts.mkdir(parents=True, exist_ok=True)
    columns = ", ".join(f'"{name}" {physical}' for name, physical, _, _ in COLUMNS)
    with sqlite3.connect(folder / "source.sqlite") as source:
        source.execute("begin")
        for i in range(n):
            source.execute(f'create table if not exists "entity_{i}" ({columns}, primary key ("id"))')
    for i in range(n):
        (contracts / f"entity_{i}.odcs.yaml").write_text(contract(i), encoding="utf-8")
    proposal = {"by": "bench", "because": {"words": "every table"}, "artifact": {"kind": "pipeline_spec", **spec(n)}}
    (folder / "spec.json").write_text(json.dumps({"proposals": [proposal]}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
