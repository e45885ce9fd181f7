"""Files of a folder or a bucket, sorted into tables, with how each is read."""

import csv
import io
import json
import os
import re
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import duckdb
import pyarrow as pa
from pipewright_files import (
    FILE_MODIFIED,
    FILE_NAME,
    WILD,
    File,
    Files,
    Trouble,
    matcher,
    unpacked,
    with_columns,
)
from store import Column, Store, Table, keys

FORMATS = {
    "csv": "csv", "tsv": "csv", "tab": "csv", "psv": "csv", "txt": "csv",
    "json": "json", "geojson": "json", "jsonl": "jsonl", "ndjson": "jsonl",
    "parquet": "parquet", "pq": "parquet", "parq": "parquet",
    "xlsx": "excel", "xlsm": "excel", "xlsb": "excel", "xls": "excel", "ods": "excel",
}  # fmt: skip
MOST_BYTES, MOST_ROWS, HEAD = 512 << 20, 2_000_000, 1 << 20
DATE = re.compile(r"\d{4}-\d{2}-\d{2}|(19|20)\d{6}|\d{4}_\d{2}_\d{2}")
HIVE = re.compile(r"([A-Za-z][A-Za-z0-9_]*)=([^/]+)")
GENERIC = {"part", "data", "file", "export", "chunk", "batch", "out", "output", "dump", ""}


def kind(path: str) -> tuple[str, str] | None:
    """The format by the name, and the ending that says it."""
    found = re.search(r"\.(\w+)(\.gz)?$", path.lower())
    if not found or found[1] not in FORMATS:
        return None
    return FORMATS[found[1]], found[0]


def escaped(text: str) -> str:
    return re.sub(r"[*?{\[]", r"[\g<0>]", text)


def wild(stem: str) -> str:
    """A name without what differs from day to day: `orders_2026-03-31` is `orders_*`."""
    token = r"[0-9]{2,}|[0-9]|[0-9a-f]{8,}|[0-9]{8}T[0-9]+Z?|c000|v[0-9]+"
    parts = re.split(r"([-_. ]+)", stem)
    marked = ["*" if re.fullmatch(token, p, re.I) else escaped(p) for p in parts]
    return re.sub(r"\*([-_. ]+\*)+", "*", "".join(marked))


def grouped(files: list[File], own: str) -> dict[str, list[File]]:
    """Patterns and their files. What the source's own pattern says about a part stays so."""
    last = own.rpartition("/")[2]
    named = bool(WILD.search(last)) and bool(re.search(r"[A-Za-z]{2,}", WILD.sub("", last.split(".")[0])))
    if own and (named or not WILD.search(last)) and "**" not in last and last:
        return {own: files}
    folders = own.rpartition("/")[0].removesuffix("**").strip("/") if own else ""
    out: dict[str, list[File]] = {}
    for file in files:
        *dirs, name = file.path.split("/")
        form, ending = kind(file.path)  # type: ignore[misc]
        base = wild(name[: -len(ending)]) + escaped(name[-len(ending) :])
        generic = re.sub(r"[^a-z]", "", wild(name[: -len(ending)]).lower()) in GENERIC
        if folders and "**" not in own:
            path = folders
        else:
            path = "/".join(folder(d, i, dirs, generic) for i, d in enumerate(dirs))
        out.setdefault(f"{path}/{base}" if path else base, []).append(file)
    return out


def folder(name: str, at: int, folders: list[str], generic: bool) -> str:
    """A folder of a path: a day and `year=2026` are columns, and so is who it comes from."""
    if hive := HIVE.fullmatch(name):
        return f"{escaped(hive[1])}={{{hive[1]}}}"
    if DATE.fullmatch(name):
        return "{date}"
    if any(DATE.fullmatch(f) for f in folders[at + 1 :]) and not generic:
        return "{vendor}" if DATE.fullmatch(folders[at + 1]) else escaped(name)
    return escaped(name)


def encoding(head: bytes, cut: bool) -> str:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    if head[:400].count(0) > len(head[:400]) // 4:
        return "utf-16-le" if head[1:2] == b"\0" else "utf-16-be"
    try:
        head[: -4 if cut and len(head) > 4 else None].decode("utf-8")
    except UnicodeDecodeError as e:
        if not (cut and e.start > len(head) - 8):
            return "latin-1"
    return "utf-8"


def sniffed(text: str, ending: str) -> dict[str, str]:
    """How a CSV is written: DuckDB tells, from its beginning."""
    form = {"format": "csv", "delimiter": "\t" if ending.startswith(".t") else ",", "quote": '"', "header": "true"}
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "head.csv")
        with open(path, "w", encoding="utf-8", newline="") as out:
            out.write(text)
        try:
            found = duckdb.connect().execute(
                "select Delimiter, Quote, Escape, HasHeader, Columns from sniff_csv(?, null_padding = false)",
                [path],
            ).fetchone()
        except duckdb.Error:
            found = None
    if found:
        delimiter, quote, escape, header, columns = found
        quote = "" if quote == "(empty)" else quote
        # DuckDB leaves the quote empty where the beginning holds none.
        form |= {"delimiter": delimiter, "quote": quote or '"'}
        if escape not in ("(empty)", "", quote, '"', None):
            form["escape"] = escape
        form["header"] = "true" if header else "false"
        if len(columns) == 1 and ending.startswith((".csv", ".tsv")):
            form["delimiter"] = "," if ending.startswith(".csv") else "\t"
    first = next(csv.reader(io.StringIO(text), delimiter=form["delimiter"]), [])
    if form["header"] == "false" and looks_like_header(first):
        form["header"] = "true"
    elif form["header"] == "true" and any(re.fullmatch(r"-?\d+([.,]\d+)?|\d{4}-\d\d-\d\d.*", c) for c in first):
        form["header"] = "false"
    return form


def looks_like_header(cells: list[str]) -> bool:
    """All of them different short words that could be names, where all else are texts as well."""
    words = [c.strip().lower() for c in cells]
    plain = all(re.fullmatch(r"[a-z_][\w .#/()-]{0,60}", w) for w in words)
    typical = {"id", "name", "date", "email", "status", "type", "code", "country", "city", "currency", "amount"}
    hints = any(w in typical or w.endswith(("_id", "_at", "_name", " id", "_date", "_code")) for w in words)
    return bool(words) and plain and len(set(words)) == len(words) and hints


def head(source: Files, file: File) -> bytes:
    try:
        with source.store.open(file) as packed:
            return unpacked(packed).read(HEAD)
    except Trouble:
        raise
    except Exception:
        return b""


def form_of(source: Files, files: list[File], warn: Callable[..., None]) -> dict[str, str]:
    """How a table's files are read: as the newest that holds something, in an encoding for all."""
    form, ending = kind(files[0].path)  # type: ignore[misc]
    if form in ("parquet", "excel"):
        return {"format": form}
    found: dict[str, str] | None = None
    encodings: dict[str, list[str]] = {}
    for file in reversed(files[-50:]):
        try:
            start = head(source, file)
        except Trouble:
            continue
        if not start.strip():
            continue
        written = encoding(start, len(start) == HEAD)
        if any(b > 127 for b in start) or written.startswith("utf-16"):
            encodings.setdefault(written, []).append(file.path)
        text = start.decode(written, "replace").lstrip("\ufeff")
        if found is None and form == "csv":
            found = sniffed(text, ending)
        elif found is None:
            found = {"format": form}
            lines = [line for line in text.split("\n") if line.strip()]
            if form == "json" and len(lines) > 1 and all(x.lstrip().startswith("{") for x in lines[:5]):
                if re.match(r"\s*\{.*\}\s*$", lines[0]):
                    found["format"] = "jsonl"
            if form == "json" and found["format"] == "json" and text.lstrip().startswith("{"):
                lists = re.match(r'\s*\{\s*"(data|items|results|rows|records|value)"\s*:\s*\[', text)
                if lists:
                    found["data"] = lists[1]
    found = found or {"format": form}
    if encodings:
        most = max(encodings, key=lambda e: (len(encodings[e]), e))
        found["encoding"] = most
        for other in (e for e in encodings if e != most):
            warn("mixed-encodings", f"{named(encodings[other])} is written in {other}, not in {most}")
    return found


def named(paths: list[str]) -> str:
    shown = ", ".join(f"`{ascii(p)[1:-1]}`" for p in paths[:3])
    return shown if len(paths) <= 3 else f"{shown} and {len(paths) - 3} more"


def tables(
    asked: dict[str, Any], store: Store, warn: Callable[..., None], progress: Callable[..., None]
) -> Iterator[Table]:
    source = Files(asked["path"], asked.get("credentials_env") or "AWS")
    pattern = source.pattern
    wanted = matcher(pattern if pattern and not pattern.endswith("/") else pattern + "**/*")
    files, unknown = [], []
    for file in source.store.files():
        if wanted.fullmatch(file.path):
            (files if kind(file.path) else unknown).append(file)
    if unknown:
        endings = Counter(re.search(r"(\.\w+)?$", f.path)[0] or "none" for f in unknown)  # type: ignore[index]
        told = ", ".join(f"{n} of {ending}" for ending, n in sorted(endings.items())[:5])
        warn("files-skipped", f"{len(unknown)} files are of no kind that is read here: {told}")
    own = pattern if pattern and not pattern.endswith("/") else (pattern + "**/*" if pattern else "")
    for name, members in sorted(grouped(files, own).items()):
        by_kind: dict[str, list[File]] = {}
        for file in members:
            by_kind.setdefault(kind(file.path)[0], []).append(file)  # type: ignore[index]
        if len(by_kind) > 1:
            most = max(by_kind, key=lambda k: len(by_kind[k]))
            rest = [f.path for k, fs in by_kind.items() if k != most for f in fs]
            warn("files-skipped", f"{named(rest)} is no {most}, as the other files of `{name}` are")
            members = by_kind[most]
        order = matcher(name)
        members.sort(key=lambda f: (order.fullmatch(f.path) or {"date": ""})["date"] if "{date}" in name else "")
        progress(f"{name}: {len(members)} files")
        form = form_of(source, members, warn)
        for sheet in sheets(source, members, form, warn):
            own_form = form | ({"sheet": sheet} if sheet is not None else {})
            table = read(source, name, members, own_form, store, warn)
            if table:
                yield table


def sheets(
    source: Files, files: list[File], form: dict[str, str], warn: Callable[..., None]
) -> list[str | None]:
    if form["format"] != "excel":
        return [None]
    from python_calamine import CalamineWorkbook, SheetTypeEnum

    found: dict[str, None] = {}
    for file in files[-50:]:
        try:
            with source.store.open(file) as raw:
                book = CalamineWorkbook.from_filelike(io.BytesIO(unpacked(raw).read()))
                found |= dict.fromkeys(s.name for s in book.sheets_metadata if s.typ == SheetTypeEnum.WorkSheet)
        except Exception as e:
            why = str(e) if isinstance(e, Trouble) else "it can't be read as Excel"
            warn("file-skipped", f"{named([file.path])} is left out: {why}")
    return list(found)


def read(
    source: Files, name: str, files: list[File], form: dict[str, str], store: Store, warn: Callable[..., None]
) -> Table | None:
    filling = store.table()
    total = sum(f.size for f in files)
    each = None if total <= MOST_BYTES else max(1000, MOST_ROWS // len(files))
    captured = matcher(name)
    own: list[str] = []
    having: dict[str, list[str]] = {}
    empty: list[str] = []
    read_bytes, good = 0, 0
    typed: dict[str, pa.DataType] = {}
    declared: dict[str, set[str]] = {}
    for file in files:
        fixed = (captured.fullmatch(file.path) or re.match("", "")).groupdict() | {  # type: ignore[union-attr]
            FILE_NAME: file.path,
            FILE_MODIFIED: file.modified.isoformat(sep=" "),
        }
        own = list(fixed)
        bad: list[str] = []
        names: dict[str, None] = {}
        rows_before, cut = filling.rows, False
        try:
            for _, rows in source.read(file, form, bad):
                if isinstance(rows, pa.Table):
                    for field in rows.schema if form["format"] == "parquet" else ():
                        typed[field.name] = field.type
                        declared.setdefault(field.name, set()).add(of_arrow(field.type))
                    names |= dict.fromkeys(rows.column_names)
                    rows = plain(rows)
                else:
                    names |= dict.fromkeys(n for row in rows for n in row)
                filling.add(file.path, with_columns(rows, fixed))
                if each and filling.rows - rows_before >= each:
                    cut = True
                    break
        except Trouble as e:
            warn("file-skipped", f"{named([file.path])} is left out: {e}", "mend the file: a load stops at it")
            continue
        if bad:
            told = f"{named([file.path])}: {bad[0]}" + (f"; {len(bad)} such rows" if len(bad) > 1 else "")
            warn("ragged-rows", told, "mend the file: a load stops at it")
        good += 1
        read_bytes += file.size if not cut else 0
        if not names:
            empty.append(file.path)
        for column in names:
            having.setdefault(column, []).append(file.path)
    if empty:
        warn("empty-file", f"{named(empty)} holds no rows")
    shown = name if "sheet" not in form else f"{name}#{form['sheet']}"
    if not having:
        if good:
            warn("table-skipped", f"`{shown}` is left out: none of its files holds a column")
        return None
    filling.columns = [c for c in filling.columns if c not in own] + own
    nested = [c for c in filling.columns if any(o.startswith(f"{c}__") for o in filling.columns)]
    filling.columns = [c for c in filling.columns if c not in nested or filling.kinds.get(c)]
    filling.done()
    # What all files declare alike is so, whatever its values look like.
    alike = {name for name, kinds in declared.items() if len(kinds) == 1}
    types, differing = filling.judged(known={*alike, FILE_NAME, FILE_MODIFIED})
    filled = good - len(empty)
    for column, paths in having.items():
        if len(paths) < filled:
            lacking = [f.path for f in files if f.path not in set(paths) and f.path not in set(empty)]
            warn("column-missing", f"`{ascii(column)[1:-1]}` of `{shown}` is not in {named(lacking)}")
    for column, by_type in differing.items():
        told = "; ".join(f"{kind} in {named(paths)}" for kind, paths in sorted(by_type.items()))
        warn("type-changes", f"`{ascii(column)[1:-1]}` of `{shown}` is {told}; read as {types[column]}")
    types |= {FILE_NAME: "text", FILE_MODIFIED: "timestamp"}
    columns = [
        Column(c, declared_of(typed.get(c)), of_arrow(typed[c]) if c in typed and c not in differing else types[c])
        for c in filling.columns
    ]
    for column in columns:
        column.required = column.name in own
    rows = None
    if each:
        share = max(read_bytes, 1) / max(total, 1)
        rows = max(filling.rows, int(filling.rows / share)) if read_bytes else filling.rows
        warn("rows-estimated", f"`{shown}`: only the first rows of its files were read; rows are estimated")
    table = Table(shown, f'"{filling.relation}"', columns, reading=form, rows=rows, whole=not each, bytes=total)
    table.label, table.estimated = label(name, form.get("sheet")), bool(each)
    keys(store, table, own)
    return table


def label(pattern: str, sheet: str | None) -> str | None:
    """`orders` for `{vendor}/{date}/orders_*.csv`; none where the pattern has no word of its own."""
    if sheet and not re.fullmatch(r"(sheet|tabelle|feuil|hoja|blatt|foglio)\s*\d*", sheet, re.I):
        return sheet
    *folders, name = pattern.split("/")
    ending = kind(pattern)
    for part in [name[: -len(ending[1])] if ending else name, *reversed(folders)]:
        if re.search(r"=\{", part):
            continue
        words = re.sub(r"[^A-Za-z0-9]+", "_", WILD.sub(" ", part)).strip("_")
        if re.sub(r"[^a-z]", "", words.lower()) not in GENERIC:
            return words
    return None


def plain(rows: pa.Table) -> pa.Table:
    """Values of any type as DuckDB writes them as text."""
    nested = (pa.types.is_struct, pa.types.is_list, pa.types.is_large_list, pa.types.is_map)
    for i, field in enumerate(rows.schema):
        if any(is_kind(field.type) for is_kind in nested):
            texts = [None if v is None else json.dumps(v, default=str) for v in rows.column(i).to_pylist()]
            rows = rows.set_column(i, field.name, pa.array(texts, pa.string()))
        elif pa.types.is_timestamp(field.type) and field.type.tz:
            utc = rows.column(i).cast(pa.timestamp("us", "UTC"), safe=False)
            texts = [None if v is None else v.isoformat() for v in utc.to_pylist()]
            rows = rows.set_column(i, field.name, pa.array(texts, pa.string()))
        elif not pa.types.is_string(field.type) and not pa.types.is_binary(field.type):
            try:
                rows = rows.set_column(i, field.name, rows.column(i).cast(pa.string()))
            except pa.ArrowException:
                pass
    return rows


def declared_of(kind: pa.DataType | None) -> str:
    return "" if kind is None else str(kind)


def of_arrow(kind: pa.DataType) -> str:
    is_kind = pa.types
    if is_kind.is_dictionary(kind):
        return of_arrow(kind.value_type)
    if is_kind.is_boolean(kind):
        return "boolean"
    if is_kind.is_uint64(kind):
        return "decimal(20,0)"
    if is_kind.is_integer(kind):
        return "integer"
    if is_kind.is_floating(kind):
        return "float"
    if is_kind.is_decimal(kind):
        return f"decimal({min(kind.precision, 38)},{max(kind.scale, 0)})"
    if is_kind.is_date(kind):
        return "date"
    if is_kind.is_timestamp(kind):
        return "timestamptz" if kind.tz else "timestamp"
    if is_kind.is_time(kind):
        return "time"
    if is_kind.is_binary(kind) or is_kind.is_large_binary(kind) or is_kind.is_fixed_size_binary(kind):
        return "binary"
    if is_kind.is_nested(kind):
        return "json"
    return "text"
