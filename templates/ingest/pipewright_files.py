"""Files as tables: local or in S3-compatible storage, found by a pattern, read as pinned."""

import csv
import gzip
import io
import json
import os
import re
import shutil
import sys
import tempfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
from pipewright_load import WORKSPACE, Table
from pipewright_reader import Part, Reader

BATCH = 50_000
FILE_NAME, FILE_MODIFIED = "file_name", "file_modified_at"
WILD = re.compile(r"\*\*/|\*|\?|\[(.)\]|\{([A-Za-z][A-Za-z0-9_]*)\}")


class Trouble(Exception):
    """What is wrong with one file, without a word of what stands in it."""


@dataclass(frozen=True)
class File:
    """A file that a pattern found."""

    path: str  # relative to the root, `/` between folders
    size: int
    modified: datetime
    version: str  # changes when the file does


def split(path: str) -> tuple[str, str]:
    """The folder before the first wildcard, and the pattern below it."""
    head, _, rest = path.partition("://") if path.startswith("s3://") else ("", "", path)
    parts = rest.split("/")
    fixed = next((i for i, part in enumerate(parts) if WILD.search(part)), len(parts))
    if fixed == len(parts) and not path.endswith("/") and re.search(r"\.\w+$", parts[-1]):
        fixed -= 1  # one file
    root = "/".join(parts[:fixed])
    return (f"s3://{root}" if head else root or ("/" if rest.startswith("/") else ".")), "/".join(
        parts[fixed:]
    )


def matcher(pattern: str) -> re.Pattern[str]:
    """`*` and `?` stay in a folder, `**/` goes through folders, `{name}` is a column of its own."""
    out, at, names = "", 0, set()
    for wild in WILD.finditer(pattern):
        out += re.escape(pattern[at : wild.start()])
        literal, name = wild.groups()
        if literal:
            out += re.escape(literal)
        elif name and name in names:
            out += f"(?P={name})"
        elif name:
            names.add(name)
            out += f"(?P<{name}>[^/]+)"
        else:
            out += {"**/": "(?:[^/]+/)*", "*": "[^/]*", "?": "[^/]"}[wild.group()]
        at = wild.end()
    return re.compile(out + re.escape(pattern[at:]), re.DOTALL)


class Local:
    """A folder. Hidden files, those begun with `_`, and links that lead out of it are no data."""

    def __init__(self, root: str) -> None:
        self.root = (WORKSPACE / root).resolve()

    def files(self) -> Iterator[File]:
        if not self.root.is_dir():
            raise SystemExit(f"{self.root.name}: no such folder")
        for folder, folders, names in os.walk(self.root):
            folders[:] = sorted(f for f in folders if not f.startswith((".", "_")))
            for name in sorted(names):
                path = Path(folder, name)
                if name.startswith((".", "_", "~$")) or not path.is_file():
                    continue
                if path.is_symlink() and not path.resolve().is_relative_to(self.root):
                    continue
                found = path.stat()
                modified = datetime.fromtimestamp(found.st_mtime, timezone.utc)
                yield File(
                    path.relative_to(self.root).as_posix(),
                    found.st_size,
                    modified.replace(tzinfo=None),
                    f"{found.st_mtime_ns}-{found.st_size}",
                )

    def open(self, file: File) -> BinaryIO:
        return (self.root / file.path).open("rb")

    def changed(self, file: File) -> bool:
        try:
            found = (self.root / file.path).stat()
        except OSError:
            return True
        return f"{found.st_mtime_ns}-{found.st_size}" != file.version


class S3:
    """A prefix of a bucket. Keys and endpoint come from the variables with the given prefix."""

    def __init__(self, root: str, credentials: str) -> None:
        import boto3  # noqa: PLC0415  (only where S3 is read)
        from botocore.config import Config  # noqa: PLC0415

        def value(name: str) -> str | None:
            return os.environ.get(f"{credentials}_{name}") or None

        self.bucket, _, self.prefix = root.removeprefix("s3://").partition("/")
        self.prefix += "/" if self.prefix and not self.prefix.endswith("/") else ""
        self.client = boto3.client(
            "s3",
            endpoint_url=value("ENDPOINT_URL"),
            aws_access_key_id=value("ACCESS_KEY_ID"),
            aws_secret_access_key=value("SECRET_ACCESS_KEY"),
            aws_session_token=value("SESSION_TOKEN"),
            region_name=value("REGION") or "us-east-1",
            config=Config(connect_timeout=10, read_timeout=60, retries={"max_attempts": 4}),
        )

    def files(self) -> Iterator[File]:
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

        try:
            yield from self.listed()
        except ClientError as e:
            raise SystemExit(f"{self.bucket}: {e.response['Error']['Code']}") from None
        except BotoCoreError as e:
            raise SystemExit(f"{self.bucket}: {type(e).__name__}") from None

    def listed(self) -> Iterator[File]:
        pages = self.client.get_paginator("list_objects_v2")
        for page in pages.paginate(Bucket=self.bucket, Prefix=self.prefix):
            for found in page.get("Contents", ()):
                path = found["Key"].removeprefix(self.prefix)
                hidden = any(part.startswith((".", "_", "~$")) for part in path.split("/"))
                if path and not path.endswith("/") and not hidden:
                    modified = found["LastModified"].astimezone(timezone.utc)
                    yield File(path, found["Size"], modified.replace(tzinfo=None), found["ETag"])

    def open(self, file: File) -> BinaryIO:
        from botocore.exceptions import ClientError  # noqa: PLC0415

        whole = tempfile.TemporaryFile()
        try:
            found = self.client.get_object(
                Bucket=self.bucket, Key=self.prefix + file.path, IfMatch=file.version
            )
        except ClientError as e:
            code = e.response["Error"]["Code"]
            changed = code in ("PreconditionFailed", "NoSuchKey", "412", "404")
            raise Trouble("it changed while it was read" if changed else code) from None
        shutil.copyfileobj(found["Body"], whole)
        whole.seek(0)
        return whole

    def changed(self, file: File) -> bool:
        return False  # what was opened is one version of it


def unpacked(raw: BinaryIO) -> BinaryIO:
    magic = raw.read(2)
    raw.seek(0)
    return gzip.open(raw) if magic == b"\x1f\x8b" else raw  # type: ignore[return-value]


def distinct(names: list[str]) -> list[str]:
    """Header cells as column names: none empty, none twice."""
    out: list[str] = []
    for i, name in enumerate(names):
        base = name.strip().lstrip("\ufeff") or f"column_{i + 1}"
        own, n = base, 1
        while own in out:
            n += 1
            own = f"{base}_{n}"
        out.append(own)
    return out


def read_csv(raw: BinaryIO, form: dict[str, str], bad: list[str]) -> Iterator[tuple[int, pa.Table]]:
    """Rows as texts. What can't be one is told in `bad`: the first such row, by its number."""
    encoding = form.get("encoding", "utf-8")
    wrapped = io.TextIOWrapper(
        raw, encoding="utf-8-sig" if encoding == "utf-8" else encoding, newline=""
    )
    quote = form.get("quote", '"')
    reader = csv.reader(
        wrapped,
        delimiter=form.get("delimiter", ","),
        quotechar=quote or None,
        quoting=csv.QUOTE_MINIMAL if quote else csv.QUOTE_NONE,
        escapechar=form.get("escape") or None,
    )
    first = next((row for row in reader if row), None)
    if first is None:
        return
    header = form.get("header", "true") == "true"
    names = distinct(first) if header else [f"column_{i + 1}" for i in range(len(first))]
    wrapped.detach()
    raw.seek(0)

    def invalid(row: pa_csv.InvalidRow) -> str:
        told = f"{row.actual_columns} values in {row.expected_columns} columns"
        bad.append(f"row {row.number}: {told}")
        return "skip"

    batches = pa_csv.open_csv(
        raw,
        pa_csv.ReadOptions(
            use_threads=False,
            block_size=4 << 20,
            column_names=names,
            skip_rows_after_names=int(header),
            encoding={"utf-8": "utf8"}.get(encoding, encoding),
        ),
        pa_csv.ParseOptions(
            delimiter=form.get("delimiter", ","),
            quote_char=quote or False,
            double_quote=not form.get("escape"),
            escape_char=form.get("escape") or False,
            newlines_in_values=True,
            invalid_row_handler=invalid,
        ),
        pa_csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()),
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
            null_values=[""],
        ),
    )
    at = 1 + int(header)
    for batch in batches:
        yield at, pa.Table.from_batches([batch])
        at += len(batch)


def flat(row: Any, prefix: str = "") -> dict[str, Any]:
    """Objects in an object become columns `outer__inner`; a list stays one value, as JSON."""
    if not isinstance(row, dict):
        return {prefix or "value": row}
    out: dict[str, Any] = {}
    for name, value in row.items():
        full = f"{prefix}__{name}" if prefix else name
        out |= flat(value, full) if isinstance(value, dict) and value else {full: value}
    return out


def read_json(raw: BinaryIO, form: dict[str, str]) -> Iterator[tuple[int, list[dict[str, Any]]]]:
    """A list of objects, or an object a line. Numbers keep every digit."""
    encoding = form.get("encoding", "utf-8")
    whole = io.TextIOWrapper(raw, encoding="utf-8-sig" if encoding == "utf-8" else encoding)

    def lines() -> Iterator[tuple[int, Any]]:
        for number, line in enumerate(whole, 1):
            if line.strip():
                try:
                    yield number, json.loads(line, parse_float=Decimal)
                except ValueError:
                    raise Trouble(f"line {number} is no JSON") from None

    if form["format"] == "json":
        try:
            found = json.load(whole, parse_float=Decimal)
        except json.JSONDecodeError as e:
            raise Trouble(f"it is no JSON: line {e.lineno}, column {e.colno}") from None
        for name in filter(None, form.get("data", "").split(".")):
            found = found.get(name) if isinstance(found, dict) else None
        found = found if isinstance(found, list) else [] if found is None else [found]
        rows: Iterator[tuple[int, Any]] = iter(enumerate(found, 1))
    else:
        rows = lines()
    first, batch = 1, []
    for number, row in rows:
        if not batch:
            first = number
        batch.append(flat(row))
        if len(batch) == BATCH:
            yield first, batch
            batch = []
    if batch:
        yield first, batch


def read_parquet(raw: BinaryIO) -> Iterator[tuple[int, pa.Table]]:
    at = 1
    for batch in pq.ParquetFile(raw).iter_batches(BATCH):
        yield at, pa.Table.from_batches([batch])
        at += len(batch)


def read_excel(raw: BinaryIO, form: dict[str, str]) -> Iterator[tuple[int, list[dict[str, Any]]]]:
    """The rows of one sheet: the first that is not empty holds the names."""
    from python_calamine import CalamineWorkbook  # noqa: PLC0415  (only where Excel is read)

    book = CalamineWorkbook.from_filelike(io.BytesIO(raw.read()))
    if form.get("sheet") not in book.sheet_names:
        return
    rows = book.get_sheet_by_name(form["sheet"]).to_python(skip_empty_area=False)

    def cell(value: Any) -> Any:
        if isinstance(value, float) and value.is_integer():
            return int(value)  # Excel has no other numbers than floats
        return None if value == "" else value

    at = next((i for i, row in enumerate(rows) if any(cell(v) is not None for v in row)), None)
    if at is None:
        return
    header = form.get("header", "true") == "true"
    width = max(i for row in rows for i, v in enumerate(row, 1) if cell(v) is not None)
    heads = [str(v) for v in rows[at][:width]] if header else [""] * width
    names = distinct(heads)
    at += int(header)
    found = [dict(zip(names, map(cell, row), strict=False)) for row in rows[at:]]
    while found and all(v is None for v in found[-1].values()):
        found.pop()
    for start in range(0, len(found), BATCH):
        yield at + 1 + start, found[start : start + BATCH]


class Files(Reader):
    """A folder or a prefix of a bucket. Its tables are patterns of files below it."""

    def __init__(self, path: str, credentials: str = "AWS") -> None:
        root, self.pattern = split(path)
        self.store = S3(root, credentials) if root.startswith("s3://") else Local(root)

    def matching(self, pattern: str) -> Iterator[tuple[File, dict[str, str]]]:
        """Files of a table with what their paths say, the newest last."""
        found = matcher(pattern)
        rows = [(f, m.groupdict()) for f in self.store.files() if (m := found.fullmatch(f.path))]
        dated = "{date}" in pattern
        return iter(
            sorted(rows, key=lambda f: (f[1]["date"] if dated else f[0].modified, f[0].path))
        )

    def read(
        self, file: File, form: dict[str, str], bad: list[str]
    ) -> Iterator[tuple[int, pa.Table | list[dict[str, Any]]]]:
        """Its rows with the number of the first of them, as texts or as the file has them."""
        kind = form["format"]
        try:
            with self.store.open(file) as packed:
                raw = unpacked(packed)
                if kind == "csv":
                    yield from read_csv(raw, form, bad)
                elif kind == "parquet":
                    yield from read_parquet(raw)  # type: ignore[arg-type]
                elif kind == "excel":
                    yield from read_excel(raw, form)
                else:
                    yield from read_json(raw, form)
        except UnicodeError:
            raise Trouble(f"it is not written in {form.get('encoding', 'utf-8')}") from None
        except (EOFError, gzip.BadGzipFile, zlib.error):
            raise Trouble("its gzip is cut short or damaged") from None
        except (pa.ArrowException, csv.Error, OSError, ValueError) as e:
            # Only the kind of error: its text may hold what stands in the file.
            said = "no UTF-8" if "UTF8" in str(e) else type(e).__name__
            raise Trouble(f"it can't be read as {kind}: {said}") from None
        except Exception as e:  # a library's own, such as calamine's
            if isinstance(e, Trouble):
                raise
            raise Trouble(f"it can't be read as {kind}: {type(e).__name__}") from None
        if self.store.changed(file):
            raise Trouble("it changed while it was read")

    def parts(self, table: Table, since: Any) -> Iterator[Part]:
        by_file = table.cursor is not None and table.cursor.column == FILE_MODIFIED
        known = {c.source or c.name for c in table.columns}
        found = 0
        pattern = table.source.rpartition("#")[0] if "sheet" in table.reading else table.source
        for file, said in self.matching(pattern):
            found += 1
            if by_file and isinstance(since, datetime) and file.modified < since:
                continue
            fixed = said | {FILE_NAME: file.path, FILE_MODIFIED: file.modified}
            fixed = {name: value for name, value in fixed.items() if name in known}
            bad: list[str] = []
            try:
                for first, rows in self.read(file, table.reading, bad):
                    tell_new(file, known, rows)
                    yield Part(file.path, with_columns(rows, fixed), first)
            except Trouble as e:
                raise SystemExit(f"{file.path}: {e}") from None
            if bad:
                raise SystemExit(f"{file.path}: {bad[0]}")
        if not found:
            raise SystemExit(f"{table.source}: no file matches")


def with_columns(rows: Any, fixed: dict[str, Any]) -> Any:
    """The rows with what is said of the whole file."""
    if isinstance(rows, list):
        return [row | fixed for row in rows]
    for name, value in fixed.items():
        if name in rows.column_names:
            rows = rows.drop_columns([name])
        rows = rows.append_column(name, pa.repeat(pa.scalar(value), len(rows)))
    return rows


def tell_new(file: File, known: set[str], rows: Any) -> None:
    names = rows[0].keys() if isinstance(rows, list) else rows.column_names
    for name in (n for n in names if n not in known):
        print(f"{file.path}: `{name}` is not in the contract, and is left out", file=sys.stderr)
