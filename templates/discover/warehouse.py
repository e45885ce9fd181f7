"""Tables of a warehouse that dbt has an adapter for, by information_schema."""

import re
from collections.abc import Callable, Iterator
from typing import Any

from pipewright_dbt import batches, connection, quoted
from store import Column, Store, Table

MOST_ROWS = 100_000
SYSTEM = ("information_schema", "pg_catalog", "sys", "performance_schema", "mysql", "pg_toast")


def tables(
    asked: dict[str, Any], store: Store, warn: Callable[..., None], progress: Callable[..., None]
) -> Iterator[Table]:
    with connection(asked["adapter"], asked["profile"]) as adapter:
        catalogs = asked["adapter"] in ("duckdb", "postgres", "redshift", "snowflake")
        here = " where table_catalog = current_database()" if catalogs else ""
        try:
            listed = rows(
                adapter,
                "select table_schema, table_name, table_type from information_schema.tables"
                f"{here} order by 1, 2",
            )
            described = rows(
                adapter,
                "select table_schema, table_name, column_name, data_type, is_nullable, "
                f"numeric_precision, numeric_scale from information_schema.columns{here} "
                "order by table_schema, table_name, ordinal_position",
            )
        except Exception as e:
            raise SystemExit(f"its catalogue can't be read: {type(e).__name__}") from None
        own = default_schema(adapter)
        columns: dict[tuple[str, str], list[Column]] = {}
        for schema, name, column, kind, nullable, precision, scale in described:
            columns.setdefault((schema, name), []).append(
                Column(column, str(kind), of_warehouse(str(kind), precision, scale), required=str(nullable).upper() == "NO")
            )
        for schema, name, column, position in declared_keys(adapter):
            for found in columns.get((schema, name), []):
                if found.name == column:
                    found.primary_key = int(position)
        for schema, name, kind in listed:
            if schema.lower() in SYSTEM or not columns.get((schema, name)):
                continue
            shown = name if schema.lower() == own.lower() else f"{schema}.{name}"
            table = read(adapter, schema, name, shown, columns[schema, name], store, warn)
            if table:
                table.kind = "view" if "VIEW" in str(kind).upper() else "table"
                progress(shown)
                yield table


def rows(adapter: Any, sql: str) -> list[Any]:
    return [row for _, part in batches(adapter, sql) for row in part]


def declared_keys(adapter: Any) -> list[Any]:
    """Primary keys, where the warehouse has the standard's views of them."""
    try:
        return rows(
            adapter,
            "select k.table_schema, k.table_name, k.column_name, k.ordinal_position "
            "from information_schema.table_constraints as c "
            "inner join information_schema.key_column_usage as k "
            "on k.constraint_schema = c.constraint_schema "
            "and k.constraint_name = c.constraint_name and k.table_name = c.table_name "
            "where c.constraint_type = 'PRIMARY KEY'",
        )
    except Exception:  # an adapter's own
        return []


def default_schema(adapter: Any) -> str:
    return str(adapter.config.credentials.schema or "")


def read(
    adapter: Any, schema: str, name: str, shown: str, columns: list[Column], store: Store, warn: Callable[..., None]
) -> Table | None:
    relation = f"{quoted(adapter, schema)}.{quoted(adapter, name)}"
    selected = ", ".join(quoted(adapter, c.name) for c in columns)
    filling = store.table()
    try:
        ((count,),) = rows(adapter, f"select count(*) from {relation}")
        for _, part in batches(adapter, f"select {selected} from {relation} limit {MOST_ROWS}"):
            names = [c.name for c in columns]
            filling.add("", [dict(zip(names, row, strict=True)) for row in part])
    except Exception as e:  # an adapter's own
        warn("table-skipped", f"`{ascii(shown)[1:-1]}` is left out: {type(e).__name__}")
        return None
    filling.columns = [c.name for c in columns]
    filling.done()
    other = None if shown == name else schema
    table = Table(name, f'"{filling.relation}"', columns, other, rows=int(count))
    table.whole = int(count) <= MOST_ROWS
    return table


def of_warehouse(declared: str, precision: Any, scale: Any) -> str | None:
    kind = declared.lower()
    inside = re.search(r"\((\d+)(?:,\s*(\d+))?\)", kind)
    if re.match(r"numeric|decimal|number|bignumeric|money", kind):
        if inside:
            precision, scale = int(inside[1]), int(inside[2] or 0)
        if precision is not None and int(precision) <= 38:
            return f"decimal({int(precision)},{int(scale or 0)})"
        return "decimal(38,9)"
    if kind.startswith("interval"):
        return "text"
    if kind.startswith("timestamp") or kind.startswith("datetime"):
        zoned = "with time zone" in kind or kind in ("timestamptz", "timestamp_tz", "timestamp_ltz")
        return "timestamptz" if zoned else "timestamp"
    for pattern, data_type in (
        (r".*\[\]$|array|struct|map|json|variant|object|super|record|list", "json"),
        (r"u?hugeint", "decimal(38,0)"),
        (r"ubigint|bigint unsigned", "decimal(20,0)"),
        (r"u?(tiny|small|medium|big)?int|integer|int\d+|byteint|serial|bigserial", "integer"),
        (r"float|double|real", "float"),
        (r"bool|bit$", "boolean"),
        (r"date$", "date"),
        (r"time\b", "time"),
        (r"blob|bytea|binary|varbinary|bytes", "binary"),
    ):
        if re.match(pattern, kind):
            return data_type
    return "text"
