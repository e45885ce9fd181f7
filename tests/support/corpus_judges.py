"""Holds what the corpus of SQL states against two judges: sqlglot (types and lineage of every dialect) and DuckDB
(types of its own queries). Where sqlglot says something else, a line `-- sqlglot: …` in the query's case says who is
right and why; a difference without such a line, and such a line without a difference, are failures.

Run in the root of the repository; prints the share of columns with a type, ours and sqlglot's, by dialect."""

import glob
import os
import re
import sys

import duckdb
from sqlglot import exp, parse_one
from sqlglot.errors import SqlglotError
from sqlglot.lineage import lineage
from sqlglot.optimizer.annotate_types import annotate_types
from sqlglot.optimizer.qualify import qualify
from sqlglot.schema import MappingSchema

DIALECTS = ["duckdb", "postgres", "snowflake", "bigquery", "redshift", "databricks", "mysql"]
NESTED = {
    "array<text>": {"postgres": "text[]", "duckdb": "text[]", "*": "array<string>"},
    "map<text>": {"duckdb": "map(text, text)", "*": "map<string, string>"},
    "struct": {"duckdb": "struct(city text, zip bigint)", "bigquery": "struct<city string, zip int64>", "*": "struct<city: string, zip: bigint>"},
    "array<struct>": {"*": "array<struct<sku string, qty int64>>"},
}
PLAIN = {
    "integer": {"bigquery": "int64", "*": "bigint"},
    "float": {"bigquery": "float64", "postgres": "double precision", "redshift": "double precision", "*": "double"},
    "text": {"bigquery": "string", "databricks": "string", "*": "text"},
    "timestamp": {"bigquery": "datetime", "snowflake": "timestamp_ntz", "databricks": "timestamp_ntz", "mysql": "datetime", "*": "timestamp"},
    "boolean": {"bigquery": "bool", "*": "boolean"},
    "json": {"snowflake": "variant", "databricks": "variant", "redshift": "super", "postgres": "jsonb", "*": "json"},
}


def type_in(dialect, name):
    if name.startswith("decimal") and dialect == "bigquery":
        return name.replace("decimal", "numeric")
    names = NESTED.get(name) or PLAIN.get(name) or {"*": name}
    return names.get(dialect, names["*"])


def tables(dialect):
    out = {}
    for line in open("fixtures/sql/corpus/tables.txt"):
        if line.startswith("#") or " = " not in line:
            continue
        name, columns = line.strip().split(" = ")
        dialects, _, name = name.rpartition(": ")
        if dialects and dialect not in dialects.split():
            continue
        columns = [c.split(" ", 1) for c in re.split(r", (?=\w+ )", columns) if c != "?"]
        out[name] = {c: type_in(dialect, t.rstrip("!")) for c, t in columns}
    return out


def cases(dialect):
    for case in open(f"fixtures/sql/corpus/{dialect}.sql").read().strip().split("\n\n"):
        name, *lines = case.split("\n")
        excuse = [l for l in lines if l.startswith("-- sqlglot:")]
        yield name[3:], "\n".join(l for l in lines if l not in excuse), bool(excuse)


def ours(dialect):
    text = open(f"snapshots/sql/corpus_{dialect}.snap").read().split("---\n", 2)[2]
    out = {}
    for block in text.strip().split("\n\n"):
        name, *lines = block.split("\n")
        columns = []
        for line in lines:
            if " <- " not in line + " " or "<-" not in line:
                continue
            left, _, sources = line.strip().partition(" <-")
            column, _, kind = left.partition(" ")
            sources = {s.strip() for s in sources.split(", ") if s.strip()}
            # sqlglot does not tell uses apart: what a window or an order reads is among its sources.
            columns.append((column, kind.rstrip("!?"), {s.split(" ")[-1] for s in sources}))
        out[name] = columns
    return out


def kind_of(name):
    """The family of a type, ours or sqlglot's."""
    name = name.lower()
    for kind, words in {
        "array": r"^(array|list)|\[\]$",
        "struct": r"^(struct|object\()",
        "map": r"^map",
        "unknown": r"^(unknown|null|)$",
        "number": r"^(number|decimal|numeric|bignumeric|bigdecimal|dec)",
        "integer": r"^(u?(tiny|small|big|huge|medium)?int|int64|integer|long|signed|unsigned)",
        "float": r"^(float|double|real)",
        "text": r"^(text|varchar|string|char|longtext|nvarchar)",
        "boolean": r"^bool",
        "moment with zone": r"^(timestamptz|timestamp_?ltz|timestamp_?tz|timestamp with time zone)",
        "moment": r"^(timestamp|datetime)",
        "date or timestamp": r"^date or",
        "date": r"^date",
        "time": r"^time",
        "interval": r"^interval",
        "json": r"^(json|variant|super|object)",
        "binary": r"^(binary|bytes|blob|varbyte|bytea)",
    }.items():
        if kind == "date or timestamp" and name.startswith("date or"):
            return kind
        if kind != "date or timestamp" and re.search(words, name):
            return kind
    return name


def same(dialect, a, b):
    a, b = kind_of(a), kind_of(b)
    zoned = {"moment", "moment with zone"}
    # `timestamp` is a moment with a zone in BigQuery and Databricks.
    return a == b or dialect in ("bigquery", "databricks") and {a, b} <= zoned or {a, b} <= {"number", "integer"} and dialect == "snowflake"


def sqlglot_reads(sql, dialect, schema):
    tree = qualify(parse_one(sql, dialect=dialect), schema=schema, dialect=dialect, validate_qualify_columns=False)
    typed = annotate_types(tree.copy(), schema=schema, dialect=dialect)
    columns = []
    for select in typed.selects:
        name = select.alias_or_name
        sources = set()
        for node in lineage(name, tree.copy(), schema=schema, dialect=dialect).walk():
            if not node.downstream and isinstance(node.source, exp.Table) and node.source.db.lower() == "shop":
                column = node.name.split(".")[-1].strip('`"')
                sources.add(f"{node.source.name}.{column}".lower())
        columns.append((name.lower(), select.type.sql(dialect) if select.type else "unknown", sources))
    return columns


def duckdb_reads():
    connection = duckdb.connect()
    connection.execute("create schema shop")
    for name, columns in tables("duckdb").items():
        columns = columns or {"a": "text", "b": "bigint", "d": "bigint"}
        connection.execute(f"create table shop.{name} ({', '.join(f'{c} {t}' for c, t in columns.items())})")
    return lambda sql: [(r[0].lower(), r[1]) for r in connection.execute(f"describe {sql}").fetchall()]


def main():
    wrong = []
    print(f"{'dialect':<12}{'queries':>8}{'columns':>9}{'typed':>7}{'sqlglot typed':>15}{'types differ':>14}{'lineage differs':>17}{'sqlglot fails':>15}")
    totals = [0] * 7
    describe = duckdb_reads()
    for dialect in DIALECTS:
        schema = MappingSchema({"shop": {n: c for n, c in tables(dialect).items() if c}}, dialect=dialect)
        stated = ours(dialect)
        row = [0] * 7
        for name, sql, excused in cases(dialect):
            mine = stated[name]
            row[0] += 1
            row[1] += len(mine)
            row[2] += sum(kind_of(t) != "unknown" for _, t, _ in mine)
            differences = []
            try:
                theirs = sqlglot_reads(sql, dialect, schema)
            except (SqlglotError, ValueError, KeyError, AttributeError, TypeError, RecursionError) as error:
                row[6] += 1
                theirs = None
                differences.append(f"sqlglot fails: {type(error).__name__}")
            if theirs is not None:
                row[3] += sum(kind_of(t) != "unknown" for _, t, _ in theirs)
                if len(theirs) != len(mine):
                    differences.append(f"{len(mine)} columns, sqlglot has {len(theirs)}")
                for (column, kind, sources), (_, their_kind, their_sources) in zip(mine, theirs):
                    both = "unknown" not in (kind_of(kind), kind_of(their_kind))
                    if both and not same(dialect, kind, their_kind):
                        row[4] += 1
                        differences.append(f"{column} is {kind}, sqlglot: {their_kind}")
                    if sources != their_sources:
                        row[5] += 1
                        differences.append(f"{column} <- {sorted(sources)}, sqlglot: {sorted(their_sources)}")
            if bool(differences) != excused:
                wrong.append((dialect, name, differences or ["sqlglot says the same, and the case excuses it"]))
            elif os.environ.get("SHOW"):
                print(dialect, name, differences)
            if dialect == "duckdb":
                try:
                    said = describe(sql)
                except duckdb.Error:
                    continue
                for (column, kind, _), (their_name, their_kind) in zip(mine, said):
                    known = kind_of(kind) != "unknown" and mine and len(mine) == len(said)
                    if known and (not same(dialect, kind, their_kind) or column and column != their_name):
                        wrong.append((dialect, name, [f"{column} is {kind}, DuckDB: {their_name} {their_kind}"]))
        totals = [a + b for a, b in zip(totals, row)]
        print(f"{dialect:<12}{row[0]:>8}{row[1]:>9}{row[2]:>7}{row[3]:>15}{row[4]:>14}{row[5]:>17}{row[6]:>15}")
    row = totals
    print(f"{'in all':<12}{row[0]:>8}{row[1]:>9}{row[2]:>7}{row[3]:>15}{row[4]:>14}{row[5]:>17}{row[6]:>15}")
    for dialect, name, differences in wrong:
        print(f"{dialect}: {name}", file=sys.stderr)
        for difference in differences:
            print(f"    {difference}", file=sys.stderr)
    sys.exit(bool(wrong))


main()
