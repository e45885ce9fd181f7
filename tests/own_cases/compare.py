"""Whether what was built holds what a case says must come out."""
import collections
import dataclasses
import datetime
import decimal
import itertools
import pathlib
import re
import sqlite3

import duckdb

TYPES = [
    (r"TIMESTAMP|DATETIME", "TIMESTAMP"),
    (r"DATE", "DATE"),
    (r".*INT", "BIGINT"),
    (r"DEC|NUM", "DECIMAL(18,4)"),
    (r"REAL|DOUB|FLO", "DOUBLE"),
    (r"BOOL", "BOOLEAN"),
]


def quoted(name):
    return '"' + name.replace('"', '""') + '"'


def load(path):
    """The SQLite source as tables of DuckDB, typed as they are declared: reference queries run over it."""
    con, source = duckdb.connect(), sqlite3.connect(path)
    for (table,) in source.execute("select name from sqlite_master where type = 'table'").fetchall():
        columns = [
            (c[1], next((t for p, t in TYPES if re.match(p, c[2].upper())), "VARCHAR"))
            for c in source.execute(f"pragma table_info({quoted(table)})").fetchall()
        ]
        con.execute(f"create table {quoted(table)} ({', '.join(f'{quoted(n)} {t}' for n, t in columns)})")
        rows = source.execute(f"select * from {quoted(table)}").fetchall()
        if rows:
            con.executemany(f"insert into {quoted(table)} values ({', '.join('?' * len(columns))})", rows)
    return con


def plain(value):
    """A value so that what people would call the same compares the same."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (int, float, decimal.Decimal)):
        return f"{float(value):.2f}".replace("-0.00", "0.00")
    if isinstance(value, datetime.datetime):
        value = value.replace(tzinfo=None)
        return str(value.date()) if value.time() == datetime.time() else str(value)
    return None if value is None else str(value)


def table(con, query):
    """The number of rows, and each column's values in their order."""
    found = con.execute(query)
    names = [d[0] for d in found.description]
    rows = [[plain(v) for v in row] for row in found.fetchall()]
    return len(rows), {n: [r[i] for r in rows] for i, n in enumerate(names)}


@dataclasses.dataclass
class Built:
    """What became of a case."""

    database: str
    package: str
    answer: dict
    tests: list
    clone: pathlib.Path

    def delivered(self):
        """Each delivered relation: its name, rows and columns."""
        with duckdb.connect(self.database) as con:
            for d in self.answer.get("deliverables", []):
                name = f"{self.package}__{d['schema']}.{d['model']}"
                yield d["model"], *table(con, f"select * from {name}")


def check(case, built, source):
    """Why the case failed; None if it passed."""
    checks = (gold, each, test, masked, history, dag)
    return next((why for c in checks if (why := c(case, built, source))), None)


def gold(case, built, source):
    """One delivered table holds the rows of one of the reference queries, whatever its columns are called."""
    queries = case.get("gold", [])
    nearest = []
    for query in [queries] if isinstance(queries, str) else queries:
        count, want = table(source, query)
        if not count:
            return "the reference query has no rows, and proves nothing"
        why = "nothing was delivered"
        for name, rows, have in built.delivered():
            why = differs(name, count, want, rows, have)
            if why is None:
                return None
        nearest.append(why)
    return nearest[0] if nearest else None


def each(case, built, source):
    """Each of several queries gives the rows of a delivered table: the rows that go on, and those set aside."""
    whys = (gold({"gold": query}, built, source) for query in case.get("each", []))
    return next((why for why in whys if why), None)


def differs(name, count, want, rows, have):
    if rows != count:
        return f"{name} has {rows} rows for {count}; its columns are {list(have)}"
    bag = collections.Counter
    fits = {c: [h for h, values in have.items() if bag(values) == bag(w)] for c, w in want.items()}
    missing = [c for c, hs in fits.items() if not hs]
    if missing:
        shown = {c: sorted(want[c], key=str)[:4] for c in missing}
        return f"{name}: no column holds {shown}; there are { {h: sorted(v, key=str)[:4] for h, v in have.items()} }"
    rows_of = bag(zip(*want.values()))
    for choice in itertools.islice(itertools.product(*fits.values()), 5000):
        if bag(zip(*(have[c] for c in choice))) == rows_of:
            return None
    return f"{name}: every column is there, but not in the same rows"


def test(case, built, source):
    """The run's tests hold one on that column, with that status and, where said, that many failures."""
    wanted = case.get("test", [])
    for t in [wanted] if isinstance(wanted, dict) else wanted:
        counts = t.get("failures")
        counts = counts if isinstance(counts, list) or counts is None else [counts]
        hits = [
            x
            for x in built.tests
            if t["column"].lower() in str(x["column"] or x["name"]).lower()
            and x["status"] == t["status"]
            and (counts is None or x["failures"] in counts)
        ]
        if not hits:
            near = [(x["name"], x["status"], x["failures"]) for x in built.tests if t["column"] in x["name"]]
            return f"no test is {t}; there are {near or [x['name'] for x in built.tests]}"
    return None


def masked(case, built, source):
    """A delivered table has all rows and none of the raw values of those columns."""
    if "masked" not in case:
        return None
    relation = quoted(case["masked"]["table"])
    raw = set()
    for column in case["masked"]["columns"]:
        found = source.execute(f"select {quoted(column)} from {relation} where {quoted(column)} is not null").fetchall()
        raw |= {str(v).strip().lower() for (v,) in found}
    (count,) = source.execute(f"select count(*) from {relation}").fetchone()
    nearest = "nothing was delivered"
    for name, rows, have in built.delivered():
        leaks = {c: v for c, values in have.items() for v in values if v is not None and v.strip().lower() in raw}
        shown = {plain(v).strip().lower() for c in case["masked"].get("shown", []) for (v,) in
                 source.execute(f"select {quoted(c)} from {relation} where {quoted(c)} is not null").fetchall()}
        hidden = shown - {v.strip().lower() for values in have.values() for v in values if v is not None}
        if rows == count and not leaks and not hidden:
            return None
        nearest = f"{name} has {rows} rows for {count}, shows {leaks}, hides {sorted(hidden)[:3]}"
    return nearest


def history(case, built, source):
    """A delivered table keeps when each version was valid."""
    if not case.get("history"):
        return None
    if any({"dbt_valid_from", "dbt_valid_to"} <= set(have) for _, _, have in built.delivered()):
        return None
    return "no delivered table keeps history"


def dag(case, built, source):
    """A DAG of the case compiles and holds each of the texts."""
    if "dag" not in case:
        return None
    texts = []
    for file in (built.clone / "dags").rglob("*.py"):
        texts.append(file.read_text())
        compile(texts[-1], str(file), "exec")
    if any(all(s in t for s in case["dag"]) for t in texts):
        return None
    return f"no DAG holds {case['dag']}"
