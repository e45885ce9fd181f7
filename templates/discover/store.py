"""What was read, as tables of a DuckDB of the probe's own: there it is sampled, counted and compared."""

import json
import re
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

FLUSH_ROWS, FLUSH_PARTS = 100_000, 400
PLACE = "pipewright place"  # a space and no quote: no source's own column by chance
LONGEST = 200  # characters of a text that are looked at


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


@dataclass
class Column:
    """A column as it was found. `type` is Pipewright's; none where its values are to tell."""

    name: str
    declared: str = ""
    type: str | None = None
    required: bool = False
    unique: bool = False
    primary_key: int | None = None
    key_evidence: str | None = None  # why it is taken for the key, where that is not declared
    description: str | None = None


@dataclass
class Table:
    """A table: what it is called, how it is read, and where its rows are in the DuckDB."""

    name: str
    relation: str
    columns: list[Column]
    schema: str | None = None  # where it is not the connection's own
    label: str | None = None  # what it could be called
    description: str | None = None
    kind: str = "table"
    reading: dict[str, str] = field(default_factory=dict)
    foreign_keys: list[dict[str, Any]] = field(default_factory=list)
    rows: int | None = None  # known, or estimated; else counted
    estimated: bool = False
    whole: bool = True  # all rows are there, not only the first
    bytes: int | None = None


def text_of(value: Any) -> tuple[str | None, str]:
    """A value as text, and of which kind it is."""
    if value is None:
        return None, ""
    if isinstance(value, bool):
        return ("true" if value else "false"), "boolean"
    if isinstance(value, int):
        return str(value), "number"
    if isinstance(value, float):
        return repr(value), "number"
    if isinstance(value, Decimal):
        return format(value, "f") if abs(value.adjusted()) < 40 else str(value), "number"
    if isinstance(value, (dict, list)):
        return json.dumps(value, ensure_ascii=False, default=str), "json"
    if isinstance(value, datetime) and value.tzinfo:
        return value.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ"), "text"
    if isinstance(value, (date, datetime, time)):
        return str(value), "text"
    return str(value), "text"


class Store:
    """Tables of texts, and what their values can be."""

    def __init__(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.db = duckdb.connect(str(Path(self.folder.name) / "probe.duckdb"))
        self.db.execute("set enable_external_access = false")
        self.count = 0

    def table(self) -> "Filling":
        self.count += 1
        return Filling(self, f"read_{self.count}")


class Filling:
    """A table that is being filled, from places whose columns may differ."""

    def __init__(self, store: Store, relation: str) -> None:
        self.store, self.relation = store, relation
        self.columns: list[str] = []
        self.kinds: dict[str, set[str]] = {}
        self.rows = 0
        self.waiting: list[pa.Table] = []

    def add(self, place: str, rows: pa.Table | list[dict[str, Any]]) -> None:
        if isinstance(rows, list):
            names = list(dict.fromkeys(name for row in rows for name in row))
            arrays = []
            for name in names:
                pairs = [text_of(row.get(name)) for row in rows]
                self.kinds.setdefault(name, set()).update(k for _, k in pairs if k)
                arrays.append(pa.array([v for v, _ in pairs], pa.string()))
            rows = pa.table(arrays, names=names) if names else pa.table({})
        self.columns += [n for n in rows.column_names if n not in self.columns]
        if not rows.num_rows:
            return
        self.rows += rows.num_rows
        self.waiting.append(rows.append_column(PLACE, pa.repeat(pa.scalar(place), rows.num_rows)))
        if len(self.waiting) >= FLUSH_PARTS or sum(map(len, self.waiting)) >= FLUSH_ROWS:
            self.flush()

    def flush(self) -> None:
        if not self.waiting:
            return
        db, relation = self.store.db, quoted(self.relation)
        part = pa.concat_tables(self.waiting, promote_options="permissive")
        self.waiting = []
        db.execute(f"create table if not exists {relation} ({quoted(PLACE)} varchar)")
        there = {row[0] for row in db.execute(f"describe {relation}").fetchall()}
        for name in part.column_names:
            if name not in there:
                db.execute(f"alter table {relation} add column {quoted(name)} varchar")
        db.register("part", part)
        names = ", ".join(quoted(n) for n in part.column_names)
        casts = ", ".join(f"cast({quoted(n)} as varchar)" for n in part.column_names)
        db.execute(f"insert into {relation} ({names}) select {casts} from part")
        db.unregister("part")

    def done(self) -> None:
        self.flush()
        relation = quoted(self.relation)
        names = [f"{quoted(n)} varchar" for n in [PLACE, *self.columns]]
        self.store.db.execute(f"create table if not exists {relation} ({', '.join(names)})")
        there = {row[0] for row in self.store.db.execute(f"describe {relation}").fetchall()}
        for name in (n for n in self.columns if n not in there):
            self.store.db.execute(f"alter table {relation} add column {quoted(name)} varchar")

    def judged(self, known: Iterable[str] = ()) -> tuple[dict[str, str], dict[str, dict[str, list[str]]]]:
        """The narrowest type of each column but those known, and of those that differ which places have which."""
        types: dict[str, str] = {}
        differing: dict[str, dict[str, list[str]]] = {}
        for name in (n for n in self.columns if n not in known):
            found = self.store.db.execute(counts_sql(name, self.relation)).fetchall()
            kinds = self.kinds.get(name, set())
            total = [sum(row[i] or 0 for row in found) for i in range(1, SUMS + 1)]
            total += [max((row[i] or 0 for row in found), default=0) for i in (SUMS + 1, SUMS + 2)]
            types[name] = judge(total, kinds)
            by_type: dict[str, list[str]] = {}
            for row in found:
                if row[1]:
                    by_type.setdefault(family(judge(list(row[1:]), kinds)), []).append(row[0])
            if len(by_type) > 1:
                differing[name] = by_type
        return types, differing


NUMBER = r"-?(0|[1-9][0-9]*)"
SUMS = 10


def counts_sql(name: str, relation: str) -> str:
    """Of each place: how many values are of each class, and how many digits its numbers have at most.

    A value is of one class only; what does not begin like one of a class is not matched with it.
    """
    value = f"nullif(trim({quoted(name)}), '')"
    clock = r"[0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]+)?)?"
    day = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
    words = {
        "date": f"regexp_full_match(v, '{day}') and try_cast(v as date) is not null",
        "moment": f"regexp_full_match(v, '{day}[T ]{clock}') and try_cast(v as timestamp) is not null",
        "zoned": f"regexp_full_match(v, '{day}[T ]{clock} ?(Z|[+-][0-9]{{2}}:?[0-9]{{2}})')"
        " and try_cast(v as timestamptz) is not null",
        "clock": "regexp_full_match(v, '[0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]+)?')",
        "boolean": "lower(v) in ('true', 'false')",
        "integer": "regexp_full_match(v, '-?(0|[1-9][0-9]{0,17})')",
        "big": "regexp_full_match(v, '-?[1-9][0-9]{18,37}')",
        "decimal": f"regexp_full_match(v, '{NUMBER}[.][0-9]+')",
        "float": f"regexp_full_match(v, '{NUMBER}([.][0-9]+)?[eE][+-]?[0-9]+')",
    }

    def first_of(*kinds: str) -> str:
        return "case " + " ".join(f"when {words[kind]} then '{kind}'" for kind in kinds) + " else 'text' end"

    classes = ("integer", "big", "decimal", "float", "boolean", "date", "moment", "zoned", "clock")
    counts = ", ".join(f"count(*) filter (c = '{kind}')" for kind in classes)
    numbers = "filter (c in ('integer', 'big', 'decimal'))"
    return f"""
        select place, count(v), {counts},
            max(length(split_part(ltrim(v, '-'), '.', 1))) {numbers}, max(length(split_part(v, '.', 2))) {numbers}
        from (
            select place, v, case
                when f in (84, 116, 70, 102) then {first_of("boolean")}
                when f <> 45 and (f < 48 or f > 57) then 'text'
                when v[5] = '-' and v[8] = '-' then {first_of("date", "moment", "zoned")}
                when v[3] = ':' then {first_of("clock")}
                else {first_of("integer", "big", "decimal", "float")} end as c
            from (
                select place, v, ascii(v) as f
                from (select {quoted(PLACE)} as place, {value} as v from {quoted(relation)})
            )
        )
        group by place order by place"""


def judge(counts: list[int], kinds: set[str]) -> str:
    filled, integers, big, decimals, floats, booleans, dates, moments, zoned, times = counts[:SUMS]
    digits, scale = (n or 0 for n in counts[SUMS:])
    texts = not kinds or "text" in kinds
    if not filled:
        return "json" if kinds == {"json"} else "text"
    if kinds and "text" in kinds and len(kinds) > 1:
        return "text"
    if kinds == {"json"}:
        return "json"
    if kinds != {"text"}:
        if integers == filled:
            return "integer"
        if integers + big + decimals == filled and scale <= 9 and digits + scale <= 38:
            return f"decimal({18 if digits + scale <= 15 else 38},{scale})"
        if integers + big + decimals + floats == filled:
            return "float"
        if booleans == filled:
            return "boolean"
    if texts:
        if dates == filled:
            return "date"
        if zoned == filled:
            return "timestamptz"
        if dates + moments == filled:
            return "timestamp"
        if times == filled:
            return "time"
    return "text"


def family(data_type: str) -> str:
    """Types between which a difference is nothing to tell."""
    return "number" if re.match("integer|decimal|float", data_type) else data_type


def cells(table: Table) -> str:
    """A select list whose values JSON can hold: numbers, texts cut short, and a mark for bytes."""
    out = []
    for column in table.columns:
        name = quoted(column.name)
        kind = column.type or "text"
        if kind in ("integer", "boolean"):
            integer = f"try_cast({name} as boolean)::int" if kind == "boolean" else f"try_cast({name} as hugeint)"
            out.append(f"coalesce({integer}::varchar, {name}::varchar)")
        elif kind == "binary":
            out.append(f"case when {name} is null then null else '' end")
        elif kind == "text":
            out.append(f"substr({name}::varchar, 1, {LONGEST})")
        else:
            # What is no text has no empty one.
            out.append(f"nullif(substr({name}::varchar, 1, {LONGEST}), '')")
    return ", ".join(out)


def about(rows: int) -> str:
    """A number as evidence tells it: one digit of many, so that it does not change with each row."""
    unit = 10 ** (len(str(rows)) - 1)
    return str(rows) if rows < 20 else f"{rows // unit * unit:,} and more"


def keys(store: Store, table: Table, folders: Iterable[str]) -> None:
    """A key that nobody declares: `id`, or the table's own `order_id`, if it never repeats."""
    if not table.whole:
        return
    stem = re.sub(r"[^a-z0-9]+", "_", table.name.lower().rpartition("/")[2].split(".")[0]).strip("_")
    stems = {stem, stem.rstrip("s"), stem.removesuffix("es"), re.sub("ies$", "y", stem)}
    wanted = {"id", *(f"{s}_id" for s in stems), *(f"{s}_no" for s in stems)}
    found = next((c for c in table.columns if c.name.lower() in wanted), None)
    if not found:
        return
    for by in ([], [c for c in table.columns if c.name in folders and c.name == "vendor"]):
        names = [*by, found]
        values = ", ".join(quoted(c.name) for c in names)
        filled = " and ".join(f"{quoted(c.name)}::varchar <> ''" for c in names)
        rows, distinct = store.db.execute(
            f"select count(*), count(distinct ({values})) filter ({filled}) from {table.relation}"
        ).fetchone()
        if rows and rows == distinct:
            for position, column in enumerate(names, 1):
                column.required, column.primary_key = True, position
                column.unique = len(names) == 1
                together = f"together with {by[0].name} " if by else ""
                column.key_evidence = f"named for it; never empty and {together}no value twice in {about(rows)} rows"
            return
    (empty,) = store.db.execute(
        f"select count(*) filter (coalesce({quoted(found.name)}::varchar, '') = '') from {table.relation}"
    ).fetchone()
    # It repeats, such as where a later file has a row anew: no key by itself, but it may be made one.
    found.required = found.required or not empty
