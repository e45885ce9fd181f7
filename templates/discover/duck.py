"""Tables and views of a DuckDB file."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import duckdb
from pipewright_duckdb import attached
from store import Column, Store, Table, quoted


def tables(
    asked: dict[str, Any], store: Store, warn: Callable[..., None], progress: Callable[..., None]
) -> Iterator[Table]:
    store.db = attached(asked["path"])
    db = store.db
    mine = "database_name = 'source' and not internal"
    found = db.execute(
        f"select schema_name, table_name, 'table' from duckdb_tables() where {mine} union all "
        f"select schema_name, view_name, 'view' from duckdb_views() where {mine} order by 1, 2"
    ).fetchall()
    for schema, name, kind in found:
        shown = name if schema == "main" else f"{schema}.{name}"
        relation = f"source.{quoted(schema)}.{quoted(name)}"
        try:
            db.execute(f"select * from {relation} limit 0")
        except duckdb.Error as e:
            warn("table-skipped", f"`{ascii(shown)[1:-1]}` is left out: {type(e).__name__}")
            continue
        progress(shown)
        columns = [
            Column(column, declared, of_duckdb(declared), required=not nullable, description=comment)
            for column, declared, nullable, comment in db.execute(
                "select column_name, data_type, is_nullable, comment from duckdb_columns() "
                "where database_name = 'source' and schema_name = ? and table_name = ? "
                "order by column_index",
                [schema, name],
            ).fetchall()
        ]
        by_name = {c.name: c for c in columns}
        foreign = []
        for rule, own, other, to in db.execute(
            "select constraint_type, constraint_column_names, referenced_table, "
            "referenced_column_names from duckdb_constraints() where database_name = 'source' "
            "and schema_name = ? and table_name = ?",
            [schema, name],
        ).fetchall():
            if rule == "PRIMARY KEY":
                for position, column in enumerate(own, 1):
                    by_name[column].primary_key = position
            elif rule == "UNIQUE" and len(own) == 1:
                by_name[own[0]].unique = True
            elif rule == "FOREIGN KEY":
                # DuckDB has them within a schema only.
                own_schema = None if schema == "main" else schema
                foreign.append(
                    {"columns": own, "schema": own_schema, "table": other, "to": to or None}
                )
        (about,) = db.execute(
            "select comment from (select comment, schema_name as s, table_name as t, database_name as d "
            "from duckdb_tables() union all select comment, schema_name, view_name, database_name "
            "from duckdb_views()) where d = 'source' and s = ? and t = ?",
            [schema, name],
        ).fetchone()
        table = Table(name, relation, columns, None if schema == "main" else schema, kind=kind)
        table.description, table.foreign_keys = about, foreign
        yield table


def of_duckdb(declared: str) -> str:
    number = re.fullmatch(r"DECIMAL\((\d+),(\d+)\)", declared)
    if number:
        return f"decimal({number[1]},{number[2]})"
    if declared.endswith("]") or declared.startswith(("STRUCT", "MAP", "UNION", "JSON", "VARIANT")):
        return "json"
    if declared.startswith("TIMESTAMP"):
        return "timestamptz" if "ZONE" in declared else "timestamp"
    return {
        "HUGEINT": "decimal(38,0)", "UHUGEINT": "decimal(38,0)", "UBIGINT": "decimal(20,0)",
        "BIGINT": "integer", "INTEGER": "integer", "SMALLINT": "integer", "TINYINT": "integer",
        "UINTEGER": "integer", "USMALLINT": "integer", "UTINYINT": "integer", "FLOAT": "float",
        "DOUBLE": "float", "BOOLEAN": "boolean", "DATE": "date", "TIME": "time", "BLOB": "binary",
    }.get(declared, "text")  # fmt: skip
