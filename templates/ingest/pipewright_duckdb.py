"""DuckDB files as sources, opened read-only."""

from collections.abc import Iterator
from typing import Any

import duckdb
import pyarrow as pa
from pipewright_load import WORKSPACE, Table
from pipewright_reader import Part, Reader

BATCH = 50_000


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def attached(path: str) -> duckdb.DuckDBPyConnection:
    """A session of its own with the file in it: nothing that is stored there reaches farther."""
    found = WORKSPACE / path
    if not found.is_file():
        raise SystemExit(f"{path}: no such DuckDB file")
    db = duckdb.connect()
    db.execute("set autoinstall_known_extensions = false; set TimeZone = 'UTC'")
    file = str(found).replace("'", "''")
    try:
        db.execute(f"attach '{file}' as source (read_only)")
    except duckdb.Error as e:
        why = "another program has it open" if "lock" in str(e) else "it is no DuckDB file"
        raise SystemExit(f"{path}: {why}") from None
    db.execute("set enable_external_access = false")
    return db


class DuckDb(Reader):
    """A DuckDB file."""

    def __init__(self, path: str) -> None:
        self.path = path

    def parts(self, table: Table, since: Any) -> Iterator[Part]:
        def selected(name: str, kind: str) -> str:
            cast = "::varchar" if kind == "text" else ""
            return f"{quoted(name)}{cast} as {quoted(name)}"

        names = ", ".join(selected(c.source or c.name, c.type) for c in table.columns)
        schema, name = quoted(table.source_schema or "main"), quoted(table.source)
        at = 1
        with attached(self.path) as db:
            found = db.sql(f"select {names} from source.{schema}.{name}")  # noqa: S608
            for batch in found.to_arrow_reader(BATCH):
                yield Part(table.source, pa.Table.from_batches([batch]), at)
                at += len(batch)
