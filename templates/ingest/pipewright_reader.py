"""What readers share that are no databases: rows as found, brought to the contract's types."""

import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
from pipewright_load import Column, Table, array

FAULTS = (ArithmeticError, AttributeError, KeyError, TypeError, ValueError)
ORDER = "pipewright order"  # a space: no column of a contract has one


@dataclass(frozen=True)
class Part:
    """Rows of one place, a file or a page, under the names that the source has for columns."""

    place: str
    rows: pa.Table | list[dict[str, Any]]
    first: int = 1  # number of its first row, as a person counts them in that place

    def values(self, name: str) -> Any:
        if isinstance(self.rows, list):
            return [row.get(name) for row in self.rows]
        return self.rows.column(name) if name in self.rows.column_names else None


def text(values: Any) -> bool:
    return pa.types.is_string(values.type) or pa.types.is_large_string(values.type)


def typed(column: Column, values: Any) -> pa.Array:
    """The values in the contract's type, or an error: never a rounded, cut or guessed value."""
    if isinstance(values, list):
        return array(column, values)
    kind = column.arrow()
    if not (text(values) and column.type in ("text", "json")):
        if text(values):
            trimmed = pc.utf8_trim_whitespace(values)
            # In a number or a date, nothing written is no value.
            values = pc.if_else(pc.equal(trimmed, ""), pa.scalar(None, trimmed.type), trimmed)
        elif column.type in ("text", "json", "bool"):
            return array(column, values.to_pylist())
        if column.type in ("bool", "timestamp", "time", "date", "decimal") and text(values):
            return array(column, values.to_pylist())
    try:
        return pc.cast(values, kind)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return array(column, values.to_pylist())


def misfit(column: Column, values: Any) -> int:
    """Which row it was."""
    for i, value in enumerate(values if isinstance(values, list) else values.to_pylist()):
        try:
            array(column, [value])
        except FAULTS:
            return i
    return 0


def conform(table: Table, part: Part) -> pa.Table:
    """The contract's columns of a part. What else is in it is left where it is."""
    arrays, fields = [], []
    count = len(part.rows)
    for column in table.columns:
        name = column.source or column.name
        values = part.values(name)
        if values is None:
            values = [None] * count
        try:
            found = typed(column, values)
        except FAULTS as e:
            row = part.first + misfit(column, values)
            # Not the value itself: it may be personal.
            told = f"`{name}` does not fit {column.arrow()}: {type(e).__name__}"
            raise SystemExit(f"{part.place}: row {row}: {told}") from None
        if isinstance(found, pa.ChunkedArray):
            found = found.combine_chunks()
        if not column.nullable and found.null_count:
            row = part.first + pc.index(pc.is_null(found), True).as_py()
            raise SystemExit(
                f"{part.place}: row {row}: `{name}` has no value, where the contract requires one"
            )
        arrays.append(found)
        fields.append(pa.field(column.name, column.arrow(), column.nullable))
    return pa.Table.from_arrays(arrays, schema=pa.schema(fields))


def within(table: Table, rows: pa.Table, as_of: datetime, since: Any) -> pa.Table:
    """Only rows of the table's window, and those changed since the last run."""
    if table.window:
        found = rows[table.window.column]
        start, end = table.window.start(as_of), table.window.end(as_of)
        moments = pc.cast(found, pa.timestamp("us"))
        inside = pc.and_(
            pc.greater_equal(moments, pa.scalar(start, pa.timestamp("us"))),
            pc.less(moments, pa.scalar(end, pa.timestamp("us"))),
        )
        return rows.filter(inside)
    if table.cursor and since is not None:
        found = rows[table.cursor.column]
        if isinstance(since, datetime):
            found, since = pc.cast(found, pa.timestamp("us")), pa.scalar(since, pa.timestamp("us"))
        return rows.filter(pc.or_kleene(pc.greater_equal(found, since), pc.is_null(found)))
    return rows


def last_of_each(table: Table, parts: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """Of rows with the same key only the one that comes last: it is the newest."""
    key = ", ".join(f'"{name}"' for name in table.key)
    with tempfile.TemporaryDirectory() as folder:
        with duckdb.connect(str(Path(folder) / "rows.duckdb")) as db:
            count = 0
            for part in parts:
                order = pa.array(range(count, count + len(part)), pa.int64())
                db.register("part", part.append_column(ORDER, order))
                verb = "insert into rows" if count else "create or replace table rows as"
                db.execute(f"{verb} select * from part")  # noqa: S608
                count += len(part)
            if not count:
                return
            found = db.sql(
                f'select * exclude "{ORDER}" from rows qualify row_number() '  # noqa: S608
                f'over (partition by {key} order by "{ORDER}" desc) = 1'
            )
            schema = pa.schema([pa.field(c.name, c.arrow(), c.nullable) for c in table.columns])
            for batch in found.to_arrow_reader(50_000):
                yield pa.Table.from_batches([batch]).cast(schema)


class Reader:
    """A source that is no database. A kind of source says how its parts are found."""

    def parts(self, table: Table, since: Any) -> Iterator[Part]:
        raise NotImplementedError

    def rows(self, table: Table, as_of: datetime, since: Any) -> Iterator[pa.Table]:
        found = (
            within(table, conform(table, part), as_of, since) for part in self.parts(table, since)
        )
        yield from last_of_each(table, found) if table.mode == "merge" and table.key else found
