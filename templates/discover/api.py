"""An API's tables: from an OpenAPI document, a GraphQL schema, or simply an answer."""

import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urljoin

import yaml
from pipewright_api import Api, Trouble, origin
from pipewright_files import flat
from pipewright_load import WORKSPACE
from requests import RequestException
from store import Column, Store, Table, keys

MOST_PAGES, MOST_ROWS, MOST_BYTES = 20, 100_000, 64 << 20
LISTS = ("data", "items", "results", "records", "value", "values", "rows", "entries", "content")
NEXT = ("next", "next_url", "nextUrl", "next_page", "nextPage", "next_link", "nextLink", "href")
CURSORS = (
    "next_cursor", "nextCursor", "next_page_token", "nextPageToken", "next_token", "nextToken",
    "end_cursor", "endCursor", "continuation_token", "cursor", "after",
)  # fmt: skip
PAGES = ("page", "page_number", "pageNumber", "page_no", "p")
OFFSETS = ("offset", "skip", "start", "start_index")
LIMITS = ("limit", "per_page", "page_size", "pageSize", "perPage", "top", "take", "count", "size", "first")
SINCE = ("updated_since", "modified_since", "updated_after", "modified_after", "changed_since", "since")


def tables(
    asked: dict[str, Any], store: Store, warn: Callable[..., None], progress: Callable[..., None]
) -> Iterator[Table]:
    auth = asked.get("auth") or {}
    api = Api(asked["url"], auth.get("kind", ""), auth.get("env", ""), auth.get("name", ""))
    try:
        if asked["kind"] == "graphql":
            from graph import found
        else:
            from openapi import found
        for name, reading, declared, parameters in found(api, asked, warn):
            progress(name)
            table = read(api, name, reading, declared, parameters, store, warn)
            if table:
                yield table
    except Trouble as e:
        raise SystemExit(f"the API can't be read: {e}") from None


def get(api: Api, url: str) -> Any:
    """A document, whole; credentials go only to the API's own host."""
    try:
        response = api.client.session.get(
            url, auth=api.client.auth if origin(url) == origin(api.url) else None
        )
    except RequestException as e:
        raise Trouble(f"no answer: {type(e).__name__}") from None
    if response.status_code >= 400:
        raise Trouble(f"it answers {response.status_code}")
    if len(response.content) > MOST_BYTES:
        raise Trouble("its answer is larger than 64 MB")
    return response


def document(api: Api, where: str) -> str:
    """The text of a schema: a file of the workspace, or an address."""
    if "://" in where:
        return get(api, where).text
    path = WORKSPACE / where
    if not path.is_file():
        raise SystemExit(f"{where}: no such file")
    return path.read_text(encoding="utf-8-sig")


def parsed(text: str) -> Any:
    try:
        return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except (yaml.YAMLError, ValueError, RecursionError):
        raise Trouble("the document is neither JSON nor YAML") from None


def rows_at(answer: Any) -> str | None:
    """Where the rows are: the answer itself, or the one list of objects in it."""
    if isinstance(answer, list):
        return ""
    if not isinstance(answer, dict):
        return None
    known = [k for k in LISTS if isinstance(answer.get(k), list)]
    lists = known or [
        k for k, v in answer.items() if isinstance(v, list) and v and isinstance(v[0], dict)
    ]
    if len(lists) >= 1:
        return lists[0]
    for key in (*LISTS, "_embedded"):
        inner = rows_at(answer[key]) if isinstance(answer.get(key), dict) else None
        if inner:
            return f"{key}.{inner}"
    return None


def leaves(answer: Any, path: str = "") -> Iterator[tuple[str, str, Any]]:
    if isinstance(answer, dict) and path.count(".") < 3:
        for key, value in answer.items():
            here = f"{path}.{key}" if path else key
            if isinstance(value, dict):
                yield from leaves(value, here)
            elif re.fullmatch(r"[\w$@.-]+", key):
                yield here, key, value


def paging(api: Api, path: str, data: str, parameters: list[str], warn: Callable[..., None]) -> str:
    """How the API pages, seen in its first answer and proven by its second."""
    first = get(api, urljoin(api.base, path))
    try:
        answer = first.json()
    except ValueError:
        raise Trouble("its answer is no JSON") from None
    if first.links.get("next"):
        return "link"
    rows = picked(answer, data)
    outside = [x for x in leaves(answer) if not data or not x[0].startswith(data)] if data else []
    for where, key, value in outside:
        parent = where.rpartition(".")[0].rpartition(".")[2].lower()
        points = key in NEXT[:-1] or (key == "href" and parent == "next") or key == "@odata.nextLink"
        if points and isinstance(value, str) and ("/" in value or value.startswith("?")):
            return f"next|{'$.' + repr(where) if '@' in where else where}"
    cursors = [(w, k, v) for w, k, v in outside if v and isinstance(v, (str, int)) and not isinstance(v, bool)]
    for where, key, _ in cursors:
        if key in CURSORS or (key == "next" and "cursor" in where):
            wanted = [p for p in parameters if re.search("cursor|token|after", p)]
            guesses = {"next_page_token": "page_token", "nextPageToken": "pageToken", "after": "after"}
            return f"cursor|{where}|{wanted[0] if wanted else guesses.get(key, 'cursor')}"
    return counted(api, path, data, parameters, rows, answer, warn)


def picked(answer: Any, data: str) -> list[Any]:
    for key in filter(None, data.split(".")):
        answer = answer.get(key) if isinstance(answer, dict) else None
    return answer if isinstance(answer, list) else [] if answer is None else [answer]


def counted(
    api: Api, path: str, data: str, parameters: list[str], rows: list[Any], answer: Any, warn: Callable[..., None]
) -> str:
    """Paging by numbers: what the document names, else what the second answer shows."""
    if not rows or not isinstance(rows[0], dict):
        return "single"
    told = {k for _, k, _ in leaves(answer)}
    limit = next((p for p in LIMITS if p in parameters), None)
    sep = "&" if "?" in path else "?"

    def second(query: str) -> list[Any] | None:
        try:
            return picked(get(api, urljoin(api.base, f"{path}{sep}{query}")).json(), data)
        except (Trouble, ValueError):
            return None

    size = len(rows)
    for name in OFFSETS:
        if name in parameters or (name in told and not parameters):
            by = limit or "limit"
            more = second(f"{name}={size}&{by}={size}")
            if more is not None and more != rows:
                return f"offset|{name}|{by}|{size}"
    for name in PAGES:
        if name in parameters or not parameters:
            zero = second(f"{name}=0")
            if zero is not None and zero != rows and zero and second(f"{name}=1") not in (None, rows):
                return f"page|{name}|0" if second(f"{name}=1") != zero else "single"
            more = second(f"{name}=2")
            if more is not None and more != rows and (not more or isinstance(more[0], dict)):
                return f"page|{name}|1"
            if not parameters:
                break
    if told & {"total", "total_count", "totalCount", "has_more", "hasMore", "total_pages"}:
        warn("paging-unknown", f"`{path}`: it tells of more pages, but not how they are asked for")
    return "single"


def read(
    api: Api,
    name: str,
    reading: dict[str, str],
    declared: list[Column],
    parameters: list[str],
    store: Store,
    warn: Callable[..., None],
) -> Table | None:
    filling = store.table()
    pages, whole = 0, True
    try:
        if "paging" not in reading:
            reading["paging"] = paging(api, name, reading.get("data", ""), parameters, warn)
        for rows in api.pages(name, reading):
            filling.add("", [flat(row) for row in rows])
            pages += 1
            if pages == MOST_PAGES or filling.rows >= MOST_ROWS:
                whole = False
                break
    except Trouble as e:
        warn("table-skipped", f"`{name}` is left out: {e}")
        return None
    filling.columns = list(dict.fromkeys([c.name for c in declared] + filling.columns))
    nested = [c for c in filling.columns if any(o.startswith(f"{c}__") for o in filling.columns)]
    filling.columns = [c for c in filling.columns if c not in nested or filling.kinds.get(c)]
    if not filling.columns:
        warn("table-skipped", f"`{name}` is left out: it has no rows, and nothing tells its columns")
        return None
    filling.done()
    types, _ = filling.judged()
    said = {c.name: c for c in declared}
    columns = []
    for column in filling.columns:
        own = said.get(column) or Column(column)
        own.type = agreed(own, types[column], bool(filling.kinds.get(column)))
        columns.append(own)
    if not whole:
        warn("rows-estimated", f"`{name}`: only its first {pages} pages were read")
    for since in SINCE:
        if since in parameters:
            reading["since"] = since
            break
    words = [w for w in re.split(r"[^A-Za-z0-9]+", name.partition("?")[0]) if not re.fullmatch(r"v\d+|api|", w)]
    table = Table(name, f'"{filling.relation}"', columns, reading=reading, whole=whole)
    table.label = words[-1] if words else None
    table.estimated = not whole
    keys(store, table, [])
    return table


def agreed(column: Column, judged: str, filled: bool) -> str:
    """What the schema says, where the values agree with it; else what the values are."""
    said = column.type
    if said is None or not filled:
        return said or judged
    if said == "float":
        return judged if judged.startswith("decimal") else "float" if judged == "integer" else judged
    if said == "text":
        return judged if judged in ("date", "timestamp", "timestamptz", "time") else "text"
    return judged
