"""Looks at a source that is no SQL server. Asked and answering in lines of JSON, one each.

The first line says which source; after it come `tables`, `sample`, `distinct`, `repeats`, `orphans`.
Nothing is written to the source, and no SQL comes from outside: only names, which are quoted here.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

# The program's own answers; what libraries print goes where it harms nobody.
ANSWERS = os.fdopen(os.dup(1), "w", encoding="utf-8")
os.dup2(2, 1)

import duckdb  # noqa: E402
import pipewright_load  # noqa: E402

pipewright_load.WORKSPACE = Path.cwd()  # before the readers take it
from store import Store, Table, cells, quoted  # noqa: E402

BATCH = 1000


def say(answer: dict[str, Any]) -> None:
    print(json.dumps(answer, ensure_ascii=True, default=str), file=ANSWERS, flush=True)


def progress(line: str) -> None:
    say({"progress": line})


class Probe:
    """The tables of one source."""

    def __init__(self, source: dict[str, Any]) -> None:
        self.store = Store()
        self.warnings: list[dict[str, str]] = []
        self.tables: dict[tuple[str | None, str], Table] = {}
        kind = source["kind"]
        if kind == "files":
            from files import tables
        elif kind in ("rest", "graphql"):
            from api import tables
        elif kind == "dbt":
            from warehouse import tables
        else:
            from duck import tables
        for table in tables(source, self.store, self.warn, progress):
            self.tables[table.schema, table.name] = table

    def named(self, key: list[str | None]) -> Table:
        return self.tables[tuple(key)]

    def warn(self, code: str, what: str, next: str | None = None) -> None:
        self.warnings.append({"code": code, "what": what, "next": next or ""})

    def answer_tables(self, _: dict[str, Any]) -> dict[str, Any]:
        found = []
        for table in sorted(self.tables.values(), key=lambda t: (t.schema or "", t.name)):
            found.append(
                {
                    "schema": table.schema,
                    "name": table.name,
                    "label": table.label,
                    "description": table.description,
                    "kind": table.kind,
                    "reading": table.reading,
                    "foreign_keys": table.foreign_keys,
                    "columns": [vars(c) for c in table.columns],
                }
            )
        return {"tables": found, "warnings": self.warnings}

    def answer_sample(self, asked: dict[str, Any]) -> dict[str, Any]:
        table = self.named(asked["table"])
        size, seed = int(asked["size"]), int(asked["seed"])
        try:
            (there,) = self.store.db.execute(f"select count(*) from {table.relation}").fetchone()
        except duckdb.Error as e:  # a view of the source
            return {"why": f"{type(e).__name__} while it was counted"}
        picked, method = table.relation, asked["method"]
        by = next((c.name for c in table.columns if c.name == asked.get("by")), None)
        number = "row_number() over ()"
        if there <= size:
            method = "all" if table.whole else "first"
        elif method == "stratified" and by:
            picked = (
                f"(select * from {picked} qualify row_number() over (partition by {quoted(by)} order by "
                f"hash({number}, {seed})) <= greatest(1, {size} * count(*) over (partition by "
                f"{quoted(by)}) // {there}))"
            )
        elif method == "systematic":
            step = -(-there // size)
            picked = f"(select * from {picked} qualify ({number} + {seed}) % {step} = 0)"
        elif method != "first":
            picked, method = (
                f"(select * from {picked} using sample reservoir({size} rows) repeatable ({seed}))",
                "reservoir",
            )
        found = self.store.db.execute(f"select {cells(table)} from {picked} limit {size}")
        while rows := found.fetchmany(BATCH):
            say({"cells": rows})
        return {
            "rows": table.rows if table.rows is not None else there,
            "estimated": table.estimated,
            "method": method,
            "bytes": table.bytes,
        }

    def answer_distinct(self, asked: dict[str, Any]) -> dict[str, Any]:
        table, name = self.named(asked["table"]), quoted(asked["column"])
        found = self.store.db.execute(
            f"select distinct {name}::varchar from {table.relation} where {name} is not null "
            f"order by all limit {int(asked['limit']) + 1}"
        ).fetchall()
        values = [row[0] for row in found]
        return {"values": values if table.whole and len(values) <= asked["limit"] else None}

    def answer_repeats(self, asked: dict[str, Any]) -> dict[str, Any]:
        table, name = self.named(asked["table"]), quoted(asked["column"])
        if not table.whole:
            return {"repeats": None}
        (repeats,) = self.store.db.execute(
            f"select count(*) - count(distinct nullif({name}::varchar, '')) from {table.relation}"
        ).fetchone()
        return {"repeats": repeats}

    def answer_orphans(self, asked: dict[str, Any]) -> dict[str, Any]:
        table, other = self.named(asked["table"]), self.named(asked["other"])
        name, key = quoted(asked["column"]), quoted(asked["key"])
        if not other.whole:
            return {"orphans": None}
        filled, lost = self.store.db.execute(
            f"select count(v), count(v) filter (v not in (select {key}::varchar from {other.relation} "
            f"where {key} is not null)) from (select nullif({name}::varchar, '') as v from "
            f"{table.relation})"
        ).fetchone()
        return {"orphans": lost if filled else None}


def main() -> None:
    probe = None
    for line in sys.stdin:
        asked = json.loads(line)
        try:
            if probe is None:
                probe = Probe(asked)
                say({"ready": True})
            else:
                say(getattr(probe, f"answer_{asked['do']}")(asked))
        except SystemExit as e:
            say({"fault": str(e)})
        except Exception as e:
            import traceback

            traceback.print_exc()
            say({"fault": f"{type(e).__name__} while it was read"})


if __name__ == "__main__":
    main()
