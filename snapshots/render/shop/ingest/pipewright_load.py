"""What the ingestion scripts here share: a source's table as typed Arrow batches, loaded by dlt."""

import argparse
import calendar
import json
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, timezone
from decimal import Context, Decimal
from pathlib import Path
from typing import Any
from urllib.parse import quote

WORKSPACE = Path(__file__).resolve().parent.parent
os.environ.setdefault("RUNTIME__DLTHUB_TELEMETRY", "false")
# Two workspaces never share state, and nothing is written to the home directory.
os.environ.setdefault("DLT_DATA_DIR", str(WORKSPACE / ".pipewright" / "state" / "dlt"))

import dlt  # noqa: E402  (reads the environment while it is imported)
import pyarrow as pa  # noqa: E402
import pyarrow.compute as pc  # noqa: E402
import sqlalchemy as sa  # noqa: E402
from dlt.destinations.exceptions import DatabaseUndefinedRelation  # noqa: E402

BATCH = 50_000
WIDE = Context(prec=76)
FLOAT_SLACK = Decimal("1e-14")
EPOCH_MILLIS = 95_617_584_000


@dataclass(frozen=True)
class Column:
    """A column as the contract has it: its safe name, what the source calls it, its dlt type."""

    name: str
    type: str
    source: str = ""
    precision: int | None = None
    scale: int | None = None
    nullable: bool = True
    description: str = ""

    def hint(self) -> dict[str, Any]:
        hint = {"name": self.name, "data_type": self.type, "nullable": self.nullable}
        if self.type == "decimal":
            hint |= {"precision": self.precision or 38, "scale": self.scale or 0}
        if self.type in ("timestamp", "time"):
            hint |= {"timezone": False, "precision": 6}
        if self.description:
            hint["description"] = self.description
        return hint

    def arrow(self) -> pa.DataType:
        if self.type == "decimal":
            return pa.decimal128(self.precision or 38, self.scale or 0)
        return ARROW[self.type]


@dataclass(frozen=True)
class Window:
    """Half-open, in calendar units: a month before 31 March is 28 or 29 February.

    It ends at as_of, or at the start of the unit `until` that as_of is in. It starts so long
    before its end, or at the start of the unit `this` that as_of is in, or never.
    """

    column: str
    months: int = 0
    weeks: int = 0
    days: int = 0
    hours: int = 0
    this: str | None = None
    until: str | None = None

    def start(self, as_of: datetime) -> datetime:
        if self.this:
            return floor(as_of, self.this)
        end = self.end(as_of)
        if not (self.months or self.weeks or self.days or self.hours):
            return datetime.min
        year, month = divmod(end.year * 12 + end.month - 1 - self.months, 12)
        if year < datetime.min.year:
            return datetime.min
        day = min(end.day, calendar.monthrange(year, month + 1)[1])
        start = end.replace(year=year, month=month + 1, day=day)
        return start - timedelta(weeks=self.weeks, days=self.days, hours=self.hours)

    def end(self, as_of: datetime) -> datetime:
        return floor(as_of, self.until) if self.until else as_of


def floor(moment: datetime, unit: str) -> datetime:
    """The start of the unit that a moment is in; weeks start on Monday."""
    hour = moment.replace(minute=0, second=0, microsecond=0)
    day = hour.replace(hour=0)
    month = day.replace(day=1)
    return {
        "hour": hour,
        "day": day,
        "week": day - timedelta(days=day.weekday()),
        "month": month,
        "quarter": month.replace(month=month.month - (month.month - 1) % 3),
        "year": month.replace(month=1),
    }[unit]


@dataclass(frozen=True)
class Cursor:
    """Only rows changed since the last run, and `lag` before it for rows that arrive late."""

    column: str
    lag: timedelta = timedelta(0)


@dataclass(frozen=True)
class Table:
    """One landing table.

    `mode` is replace, or merge: on `key`, else by the moments of the window's or cursor's column.
    `altered`: the landed table took changes of the source; columns that are `gone` stay in it.
    """

    name: str
    source: str
    columns: tuple[Column, ...]
    mode: str
    key: tuple[str, ...] = ()
    source_schema: str | None = None
    reading: dict[str, str] = field(default_factory=dict)
    window: Window | None = None
    cursor: Cursor | None = None
    altered: bool = False
    gone: tuple[Column, ...] = ()


@dataclass(frozen=True)
class Pipeline:
    """Tables of one source into one schema; where from and where to, by target."""

    name: str
    schema: str
    tables: tuple[Table, ...]
    sources: dict[str, Callable[..., Any]]
    targets: dict[str, Callable[..., Any]]


ARROW = {
    "bigint": pa.int64(),
    "double": pa.float64(),
    "bool": pa.bool_(),
    "date": pa.date32(),
    "time": pa.time64("us"),
    "timestamp": pa.timestamp("us"),
    "text": pa.string(),
    "json": pa.string(),
    "binary": pa.binary(),
}
ISO = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d)?)(?:\.(\d+))?\s*(Z|[+-]\d\d(?::?\d\d)?)?)?"
)


def to_timestamp(value: Any) -> datetime:
    """A moment in UTC, without zone. SQLite has no such type: its texts are ISO 8601.

    A number counts seconds since 1970, or milliseconds where seconds would be past the year 5000.
    """
    if isinstance(value, str):
        match = ISO.fullmatch(value.strip())
        if not match:
            raise ValueError(value)
        day, clock, fraction, zone = match.groups()
        zone = {None: "", "Z": "+00:00"}.get(zone, zone)
        zone = f"{zone}:00" if len(zone) == len("+00") else zone
        zone = f"{zone[:3]}:{zone[3:]}" if len(zone) == len("+0000") else zone
        clock = clock or "00:00:00"
        clock = clock if len(clock) == len("00:00:00") else f"{clock}:00"
        value = datetime.fromisoformat(f"{day}T{clock}.{(fraction or '')[:6]:0<6}{zone}")
    elif isinstance(value, date) and not isinstance(value, datetime):
        value = datetime.combine(value, time())
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        unit = "seconds" if abs(value) < EPOCH_MILLIS else "milliseconds"
        value = datetime(1970, 1, 1) + timedelta(**{unit: value})
    elif not isinstance(value, datetime):
        raise TypeError(value)
    return value.astimezone(timezone.utc).replace(tzinfo=None) if value.tzinfo else value


def to_date(value: Any) -> date:
    moment = to_timestamp(value)
    if moment.time() != time():
        raise ValueError(value)
    return moment.date()


def to_decimal(column: Column) -> Callable[..., Decimal]:
    exponent = Decimal(1).scaleb(-(column.scale or 0))

    def convert(value: Any) -> Decimal:
        # repr() of a float is the shortest text that means it: 19.99, not 19.98999999999999843
        exact = Decimal(repr(value) if isinstance(value, float) else value)
        rounded = exact.quantize(exponent, context=WIDE)
        # A float may miss the digits that were meant by its last bit, and by no more.
        slack = abs(exact) * FLOAT_SLACK if isinstance(value, float) else 0
        if WIDE.subtract(rounded, exact).copy_abs() > slack:
            raise ValueError(value)  # more digits than the contract allows
        return rounded

    return convert


def to_bool(value: Any) -> bool:
    if value in (0, 1):
        return bool(value)
    return {"true": True, "t": True, "1": True, "false": False, "f": False, "0": False}[
        str(value).lower()
    ]


def to_integer(value: Any) -> int:
    if isinstance(value, bool) or int(value) != value and not isinstance(value, str):
        raise ValueError(value)
    return int(value)


def to_time(value: Any) -> time:
    if isinstance(value, timedelta):  # MySQL's, which may be more than a day
        if not timedelta(0) <= value < timedelta(days=1):
            raise ValueError(value)
        return (datetime.min + value).time()
    return time.fromisoformat(value.strip()) if isinstance(value, str) else value


def to_binary(value: Any) -> bytes:
    if not isinstance(value, (bytes, bytearray, memoryview)):
        raise TypeError(value)
    return bytes(value)


def to_text(value: Any) -> str:
    if isinstance(value, (dict, list)):
        return json.dumps(value, ensure_ascii=False, default=str)
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)


def converter(column: Column) -> Callable[..., Any] | None:
    if column.type == "decimal":
        return to_decimal(column)
    return {
        "bigint": to_integer,
        "double": float,
        "timestamp": to_timestamp,
        "date": to_date,
        "time": to_time,
        "bool": to_bool,
        "text": to_text,
        "json": to_text,
        "binary": to_binary,
    }.get(column.type)


def array(column: Column, values: list[Any]) -> pa.Array:
    """The values in the contract's type, or an error: never a rounded, cut or guessed value."""
    kind = column.arrow()
    texts = all(isinstance(v, str) or v is None for v in values)
    if texts and column.type in ("timestamp", "date"):
        for plain in (kind, pa.timestamp("us", "UTC")):  # plain ISO: many times as fast
            try:
                return pa.array(values, pa.string()).cast(plain).cast(kind)
            except pa.ArrowInvalid:
                pass
    if texts and column.type == "text":
        return pa.array(values, kind)
    convert = converter(column)
    return pa.array(
        [None if v is None else convert(v) for v in values] if convert else values, kind
    )


def batch(table: Table, rows: list[Any]) -> pa.Table:
    arrays, fields = [], []
    for position, column in enumerate(table.columns):
        where = f"{table.source}.{column.source or column.name}"
        try:
            values = array(column, [row[position] for row in rows])
        except (ArithmeticError, KeyError, TypeError, ValueError) as e:
            # Not the value itself: it may be personal.
            error = f"{where}: a value does not fit {column.arrow()}: {type(e).__name__}"
            raise SystemExit(error) from None
        if not column.nullable and values.null_count:
            raise SystemExit(f"{where}: NULL, where the contract requires a value")
        arrays.append(values)
        fields.append(pa.field(column.name, column.arrow(), column.nullable))
    return pa.Table.from_arrays(arrays, schema=pa.schema(fields))


def selected(column: Column, source: Any, dialect: str) -> Any:
    """The value as the server itself has it, where a driver would round, cut or rewrite it."""
    add = source.op("+")
    forms = {
        "postgresql": {
            "json": sa.cast(sa.func.to_json(source), sa.Text),
            "decimal": sa.cast(source, sa.Numeric),  # money, too
            # For a driver, infinity is the year 9999.
            **dict.fromkeys(("text", "date", "time", "timestamp"), sa.cast(source, sa.Text)),
        },
        "mysql": {
            # Bits are bytes otherwise, and floats are shown with six digits.
            **dict.fromkeys(("bigint", "bool", "decimal"), add(sa.literal_column("0"))),
            "double": add(sa.literal_column("0e0")),
            **dict.fromkeys(("text", "json"), sa.cast(source, sa.CHAR)),
        },
    }
    return forms.get(dialect, {}).get(column.type, source)


def query(table: Table, dialect: str, as_of: datetime, since: datetime | int | None) -> sa.Select:
    """The query: physical names quoted by the driver's own rules, safe names by position."""
    names = [c.source or c.name for c in table.columns]
    relation = sa.table(
        sa.sql.quoted_name(table.source, quote=True),
        *(sa.column(sa.sql.quoted_name(n, quote=True)) for n in names),
        schema=table.source_schema and sa.sql.quoted_name(table.source_schema, quote=True),
    )
    columns = dict(
        zip((c.name for c in table.columns), (relation.c[n] for n in names), strict=True)
    )
    found = sa.select(*(selected(c, columns[c.name], dialect) for c in table.columns))

    def text(name: str) -> Any:
        # SQLite compares texts: bring every ISO form to one, in whole seconds, as the bounds are.
        if dialect != "sqlite":
            return columns[name]
        return sa.func.coalesce(sa.func.datetime(columns[name]), columns[name])

    def bound(value: Any) -> Any:
        return value.strftime("%Y-%m-%d %H:%M:%S") if dialect == "sqlite" else value

    if table.window:
        name = table.window.column
        start, end = table.window.start(as_of), table.window.end(as_of)
        found = found.where(text(name) >= bound(start), text(name) < bound(end))
    if table.cursor and isinstance(since, datetime):
        name = table.cursor.column
        found = found.where(sa.or_(text(name) >= bound(since), columns[name].is_(None)))
    elif table.cursor and since is not None:
        name = table.cursor.column
        found = found.where(sa.or_(columns[name] >= since, columns[name].is_(None)))
    return found


SESSION = {
    "mysql": ("set session transaction read only", "set time_zone = '+00:00'"),
    "postgresql": (
        "set transaction read only",
        "set time zone 'UTC'",
        "set datestyle = 'ISO, YMD'",
        "set intervalstyle = 'postgres'",
    ),
}
DRIVERS = {
    "postgres": "postgresql+psycopg2",
    "postgresql": "postgresql+psycopg2",
    "mysql": "mysql+pymysql",
    "mariadb": "mysql+pymysql",
}
TLS = {
    "disabled": None,
    "preferred": None,
    "required": {"verify_mode": "none"},
    "verify_ca": {"verify_mode": "required", "check_hostname": False},
    "verify_identity": {"verify_mode": "required", "check_hostname": True},
}


def engine_of(url: str) -> sa.Engine:
    """Addresses as other programs write them, too: postgres://, mysql://, ssl-mode."""
    scheme, separator, rest = url.strip().partition("://")
    driver = DRIVERS.get(scheme.partition("+")[0].lower(), scheme)
    address = sa.make_url(f"{driver}{separator}{rest}")
    if not driver.startswith("mysql"):
        return sa.create_engine(address)
    said = {name.replace("-", "_"): value for name, value in address.query.items()}
    mode = said.pop("ssl_mode", said.pop("sslmode", "preferred")).lower()
    files = {n: said.pop(f"ssl_{n}") for n in ("ca", "cert", "key") if f"ssl_{n}" in said}
    tls = {**(TLS[mode] or {}), **files}
    arguments = {"ssl": tls} if tls else {}
    return sa.create_engine(address.set(query=said), connect_args=arguments)


def rows(table: Table, url: Any, as_of: datetime, landed_until: Any) -> Iterator[pa.Table]:
    # Two pipelines may share a landing table: each goes on where it was itself, never beyond.
    state = dlt.current.resource_state() if table.cursor else {}
    own = state.get("cursor")
    since = None
    if landed_until is not None and own is not None:
        since = min(landed_until, to_timestamp(own) if isinstance(own, str) else own)
    if isinstance(since, datetime):
        since = (since - table.cursor.lag).replace(microsecond=0)
    if not isinstance(url, str):
        # No database that SQLAlchemy speaks to: a reader of its own, such as that of files.
        yield batch(table, [])
        for loaded in url.rows(table, as_of, since):
            advance(table, state, loaded)
            yield loaded
        return
    engine = engine_of(url)
    try:
        with engine.connect() as source:
            for statement in SESSION.get(engine.dialect.name, ()):
                source.exec_driver_sql(statement)
            source.execution_options(stream_results=True, yield_per=BATCH)
            yield batch(table, [])  # so that replacing by nothing empties the table
            found = source.execute(query(table, engine.dialect.name, as_of, since))
            for partition in found.partitions(BATCH):
                loaded = batch(table, partition)
                advance(table, state, loaded)
                yield loaded
    finally:
        engine.dispose()


def advance(table: Table, state: dict[str, Any], loaded: pa.Table) -> None:
    if table.cursor:
        last = pc.max(loaded[table.cursor.column]).as_py()
        last = last.isoformat() if isinstance(last, date) else last
        state["cursor"] = max(filter(None, (state.get("cursor"), last)), default=None)


def landed(pipeline: dlt.Pipeline, table: Table) -> datetime | int | None:
    """How far the landing table goes, asked of itself: it may have been emptied, or lost.

    A window is read as a whole, so that a rerun of an old day is right: no cursor then.
    """
    if not table.cursor or table.window:
        return None
    with pipeline.sql_client() as client:
        name = client.make_qualified_table_name(table.name)
        column = client.escape_column_name(table.cursor.column)
        try:
            last = client.execute_sql(f"select max({column}) from {name}")[0][0]  # noqa: S608
        except DatabaseUndefinedRelation:
            return None
    if isinstance(last, date) and not isinstance(last, datetime):
        last = to_timestamp(last)
    if not isinstance(last, datetime):
        return last if last is None else int(last)
    return to_timestamp(last)


def resource(table: Table, url: Any, as_of: datetime, landed_until: Any) -> Any:
    """A dlt resource that yields the table's rows, typed by its contract."""
    hints: dict[str, Any] = {
        "write_disposition": table.mode,
        "primary_key": list(table.key) or None,
    }
    if table.mode == "merge" and not table.key:
        # No key: rows of the same moment are replaced together.
        hints["merge_key"] = [(table.window or table.cursor).column]
    return dlt.resource(
        rows(table, url, as_of, landed_until),
        name=table.name,
        columns=[c.hint() for c in (*table.columns, *table.gone)],
        # Columns may be added: the contract decides. What the DDL altered, dlt remembers otherwise.
        schema_contract={"data_type": "evolve" if table.altered else "freeze"},
        **hints,
    )


def moment(text: str) -> datetime:
    """`2026-03-31`, or a timestamp; a zone is brought to UTC; whole seconds."""
    try:
        return to_timestamp(text).replace(microsecond=0)
    except ValueError as e:
        raise argparse.ArgumentTypeError(f"{text!r} is neither a date nor a timestamp") from e


def duckdb(default: str) -> Any:
    path = Path(os.environ.get("PIPEWRIGHT_DUCKDB_PATH") or WORKSPACE / default)
    return dlt.destinations.duckdb(str(path))


def sqlite(path: str) -> str:
    found = (WORKSPACE / path).resolve()
    if not found.is_file():  # SQLite would create an empty one
        raise SystemExit(f"{path}: no such SQLite file")
    return f"sqlite:///file:{quote(str(found))}?mode=ro&uri=true"


def snowflake(prefix: str) -> Any:
    """The variables that dbt/profiles.yml reads, too."""
    names = {
        "host": "ACCOUNT",
        "username": "USER",
        "private_key_path": "PRIVATE_KEY_PATH",
        "role": "ROLE",
        "warehouse": "WAREHOUSE",
        "database": "DATABASE",
    }
    return dlt.destinations.snowflake(
        credentials={k: os.environ[f"{prefix}_{v}"] for k, v in names.items()}
    )


def postgres(variable: str) -> Any:
    return dlt.destinations.postgres(credentials=os.environ[variable])


def load(spec: Pipeline, target: str, as_of: datetime) -> dict[str, Any]:
    pipeline = dlt.pipeline(
        pipeline_name=f"{spec.name}__{target}",
        destination=spec.targets[target](),
        dataset_name=spec.schema,
    )
    pipeline.drop()  # what an earlier run left here; the warehouse is what counts
    url = spec.sources[target]()
    resources = [resource(t, url, as_of, landed(pipeline, t)) for t in spec.tables]
    info = pipeline.run(
        dlt.source(lambda: resources, name=spec.name)(), loader_file_format="parquet"
    )
    info.raise_on_failed_jobs()
    counts = pipeline.last_trace.last_normalize_info.row_counts
    return {"loads": info.loads_ids, "rows": {t.name: counts[t.name] for t in spec.tables}}


def main(*specs: Pipeline, about: str | None) -> None:
    parser = argparse.ArgumentParser(
        description=about, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--target", choices=sorted(specs[0].targets), default="dev")
    parser.add_argument("--as-of", type=moment, required=True)
    args = parser.parse_args()
    loads, rows = [], {}
    for spec in specs:
        done = load(spec, args.target, args.as_of)
        loads += done["loads"]
        # Tables of two sources may share a name.
        rows |= {t if len(specs) == 1 else f"{spec.schema}.{t}": n for t, n in done["rows"].items()}
    print(json.dumps({"loads": loads, "rows": rows}))
