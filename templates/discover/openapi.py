"""What an OpenAPI 3 document, or an answer, says of the lists that an API gives."""

import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urljoin, urlsplit

from api import LIMITS, OFFSETS, PAGES, Trouble, document, get, parsed, rows_at
from pipewright_api import Api, origin
from store import Column

DEEPEST = 12
Found = tuple[str, dict[str, str], list[Column], list[str]]


def found(api: Api, asked: dict[str, Any], warn: Callable[..., None]) -> Iterator[Found]:
    where = asked.get("openapi")
    if where:
        try:
            spec = parsed(document(api, where))
        except Trouble as e:
            raise SystemExit(f"{where}: {e}") from None
        if not is_openapi(spec):
            raise SystemExit(f"{where}: no OpenAPI 3 document")
        yield from of_document(spec, asked["url"], asked["url"], warn)
        return
    text = get(api, asked["url"]).text
    try:
        answer = json.loads(text)
    except ValueError:
        answer = parsed(text)
    if is_openapi(answer):
        yield from of_document(answer, asked["url"], None, warn)
        return
    data = rows_at(answer)
    if data is None and not isinstance(answer, dict):
        raise Trouble("its answer holds no rows")
    parts = urlsplit(asked["url"])
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    yield path, {"format": "api"} | ({"data": data} if data else {}), [], []


def is_openapi(spec: Any) -> bool:
    if isinstance(spec, dict) and "swagger" in spec:
        raise SystemExit("the document is Swagger 2: convert it to OpenAPI 3")
    return isinstance(spec, dict) and str(spec.get("openapi", "")).startswith("3")


def of_document(
    spec: dict[str, Any], place: str, base: str | None, warn: Callable[..., None]
) -> Iterator[Found]:
    """Every list that can be had without an argument."""
    servers = [s.get("url") for s in spec.get("servers") or [] if isinstance(s, dict)]
    server = urljoin(place, servers[0] or "/") if servers else urljoin(place, "/")
    if base is None and origin(server) != origin(place):
        scheme, host, _ = origin(server)
        raise SystemExit(
            f"the document says that the API is at {scheme}://{host}: name that address as `url`, "
            "and the document as `openapi`"
        )
    root = urlsplit(base or server).path.rstrip("/")
    left = []
    for path, item in (spec.get("paths") or {}).items():
        item = resolved(spec, item)
        call = item.get("get") if isinstance(item, dict) else None
        if not isinstance(call, dict):
            continue
        asked = [resolved(spec, p) for p in [*item.get("parameters", []), *call.get("parameters", [])]]
        names = [p["name"] for p in asked if isinstance(p, dict) and p.get("in") == "query"]
        needed = [p["name"] for p in asked if isinstance(p, dict) and p.get("required")]
        if "{" in path or any(n not in (*PAGES, *OFFSETS, *LIMITS) for n in needed):
            left.append(path)
            continue
        data, row = list_of(spec, schema_of(spec, call))
        if row is None:
            continue
        columns = list(columns_of(spec, row))
        yield root + path, {"format": "api"} | ({"data": data} if data else {}), columns, names
    if left:
        shown = ", ".join(f"`{p}`" for p in sorted(left)[:5])
        warn("table-skipped", f"{len(left)} paths need an argument and are left out: {shown}")


def resolved(spec: dict[str, Any], node: Any) -> Any:
    for _ in range(DEEPEST):
        if not isinstance(node, dict) or "$ref" not in node:
            return node
        found: Any = spec
        for key in str(node["$ref"]).removeprefix("#/").split("/"):
            key = key.replace("~1", "/").replace("~0", "~")
            found = found.get(key) if isinstance(found, dict) else None
        node = found
    return None


def schema_of(spec: dict[str, Any], call: dict[str, Any]) -> Any:
    answers = call.get("responses") or {}
    answer = resolved(spec, answers.get("200") or answers.get(200) or answers.get("default"))
    for kind, content in ((answer or {}).get("content") or {}).items():
        if "json" in kind and isinstance(content, dict):
            return content.get("schema")
    return None


def merged(spec: dict[str, Any], schema: Any, depth: int = 0) -> dict[str, Any]:
    """A schema with its references and `allOf` put together."""
    schema = resolved(spec, schema)
    if not isinstance(schema, dict) or depth > DEEPEST:
        return {}
    out = dict(schema)
    for part in schema.get("allOf") or []:
        part = merged(spec, part, depth + 1)
        out["properties"] = {**part.get("properties", {}), **out.get("properties", {})}
        out["required"] = [*part.get("required", []), *out.get("required", [])]
        out.setdefault("type", part.get("type"))
        out.setdefault("items", part.get("items"))
    return out


def kinds(schema: dict[str, Any]) -> list[str]:
    kind = schema.get("type")
    return [k for k in (kind if isinstance(kind, list) else [kind]) if isinstance(k, str)]


def list_of(spec: dict[str, Any], schema: Any, depth: int = 0) -> tuple[str, dict[str, Any] | None]:
    """Where the rows are in an answer, and the schema of one."""
    schema = merged(spec, schema)
    if "array" in kinds(schema) or "items" in schema:
        row = merged(spec, schema.get("items"))
        return "", row if row.get("properties") else None
    if depth < 2:
        names = list(schema.get("properties") or {})
        for name in sorted(names, key=lambda n: n not in ("data", "items", "results", "value")):
            inner = merged(spec, schema["properties"][name])
            if "array" in kinds(inner) or (inner.get("properties") and name in ("data", "_embedded")):
                data, row = list_of(spec, inner, depth + 1)
                if row is not None:
                    return f"{name}.{data}" if data else name, row
    return "", None


def columns_of(spec: dict[str, Any], row: dict[str, Any], prefix: str = "", depth: int = 0) -> Iterator[Column]:
    for name, schema in (row.get("properties") or {}).items():
        schema = merged(spec, schema)
        if schema.get("writeOnly"):
            continue
        full = f"{prefix}{name}"
        nullable = bool(schema.get("nullable")) or "null" in kinds(schema)
        if schema.get("properties") and depth < 4:
            yield from columns_of(spec, schema, f"{full}__", depth + 1)
            continue
        column = Column(full, declared(schema), data_type(schema))
        column.required = not prefix and not nullable and name in (row.get("required") or [])
        column.description = schema.get("description") if isinstance(schema.get("description"), str) else None
        yield column


def declared(schema: dict[str, Any]) -> str:
    kind = next((k for k in kinds(schema) if k != "null"), "")
    return f"{kind}({schema['format']})" if kind and isinstance(schema.get("format"), str) else kind


def data_type(schema: dict[str, Any]) -> str | None:
    kind = next((k for k in kinds(schema) if k != "null"), None)
    if kind == "string":
        formats = {"date": "date", "date-time": "timestamptz", "time": "time"}
        return formats.get(schema.get("format", ""), "text")
    return {
        "integer": "integer", "number": "float", "boolean": "boolean", "object": "json", "array": "json",
    }.get(kind or "")  # fmt: skip
