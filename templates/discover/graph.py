"""What a GraphQL schema says of the lists that an API gives, and the query for each."""

import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

from api import Trouble, document
from graphql import (
    GraphQLError,
    GraphQLField,
    GraphQLObjectType,
    GraphQLSchema,
    build_client_schema,
    build_schema,
    get_introspection_query,
    get_named_type,
    get_nullable_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
    is_object_type,
    is_required_argument,
)
from openapi import Found
from pipewright_api import Api
from requests import RequestException
from store import Column

PAGE, DEEPEST = 100, 3
SCALARS = {
    "Int": "integer", "BigInt": "integer", "Long": "integer", "Float": "float", "Boolean": "boolean",
    "ID": "text", "String": "text", "UUID": "text", "Date": "date", "DateTime": "timestamptz",
    "Timestamp": "timestamptz", "JSON": "json", "JSONObject": "json",
}  # fmt: skip


def found(api: Api, asked: dict[str, Any], warn: Callable[..., None]) -> Iterator[Found]:
    schema = read(api, asked)
    if schema.query_type is None:
        raise Trouble("the schema has no queries")
    left = []
    parts = urlsplit(asked["url"])
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    for name, field in schema.query_type.fields.items():
        rows = rows_of(field)
        if rows is None:
            continue
        paging = {"first", "after", "limit", "offset", "skip", "take", "page"}
        if any(is_required_argument(a) and n not in paging for n, a in field.args.items()):
            left.append(name)
            continue
        inside, row = rows
        columns = list(columns_of(row))
        if not columns:
            continue
        wrapper = get_named_type(field.type)
        connection = bool(inside) and is_object_type(wrapper) and "pageInfo" in wrapper.fields
        variables, arguments, how = paging_of(name, field, connection)
        body = nested(inside, selection(row), connection)
        query = f"query{variables} {{ {name}{arguments} {{ {body} }} }}"
        data = ".".join(["data", name, *inside])
        if inside[-1:] == ["edges"]:
            data += "[*].node"
        reading = {"format": "api", "path": path, "query": query, "data": data, "paging": how}
        yield name, reading, columns, list(field.args)
    if left:
        shown = ", ".join(f"`{n}`" for n in left[:5])
        warn("table-skipped", f"{len(left)} queries need an argument and are left out: {shown}")


def read(api: Api, asked: dict[str, Any]) -> GraphQLSchema:
    try:
        if where := asked.get("schema"):
            text = document(api, where)
            try:
                told = json.loads(text)
            except ValueError:
                return build_schema(text)
        else:
            response = api.client.session.post(
                asked["url"], json={"query": get_introspection_query()}, auth=api.client.auth
            )
            if response.status_code >= 400:
                raise Trouble(f"it answers {response.status_code} when asked for its schema")
            told = response.json()
        told = told.get("data", told)
        if not isinstance(told, dict) or "__schema" not in told:
            raise Trouble("it does not tell its schema: name a file of it as `schema`")
        return build_client_schema(told)
    except RequestException as e:
        raise Trouble(f"no answer: {type(e).__name__}") from None
    except (GraphQLError, TypeError, ValueError, AttributeError, RecursionError):
        if where := asked.get("schema"):
            raise SystemExit(f"{where}: it is neither SDL nor the answer to an introspection query") from None
        raise Trouble("its schema can't be read") from None


def rows_of(field: GraphQLField) -> tuple[list[str], GraphQLObjectType] | None:
    """The fields between a query and its rows, and the type of a row."""
    named, outer = get_named_type(field.type), get_nullable_type(field.type)
    if not is_object_type(named):
        return None
    if is_list_type(outer):
        return [], named
    for name in ("nodes", "items", "edges", "data", "results"):
        inner = named.fields.get(name)
        if inner is not None and is_list_type(get_nullable_type(inner.type)):
            row = get_named_type(inner.type)
            if name == "edges":
                row = get_named_type(row.fields["node"].type) if is_object_type(row) and "node" in row.fields else None
            if is_object_type(row):
                return [name], row
    return None


def usable(row: GraphQLObjectType) -> Iterator[tuple[str, Any]]:
    for name, field in row.fields.items():
        if not any(is_required_argument(a) for a in field.args.values()):
            yield name, field


def selection(row: GraphQLObjectType, depth: int = 1) -> str:
    out = []
    for name, field in usable(row):
        named = get_named_type(field.type)
        if is_leaf_type(named):
            out.append(name)
        elif is_object_type(named) and depth < DEEPEST and not is_list_type(get_nullable_type(field.type)):
            inner = selection(named, depth + 1)
            if inner:
                out.append(f"{name} {{ {inner} }}")
    return " ".join(out)


def columns_of(row: GraphQLObjectType, prefix: str = "", depth: int = 1) -> Iterator[Column]:
    for name, field in usable(row):
        named = get_named_type(field.type)
        a_list = is_list_type(get_nullable_type(field.type))
        if is_leaf_type(named):
            kind = "json" if a_list else SCALARS.get(named.name, "text" if hasattr(named, "values") else None)
            column = Column(f"{prefix}{name}", str(field.type), kind)
            column.required = not prefix and is_non_null_type(field.type)
            column.description = field.description
            yield column
        elif is_object_type(named) and depth < DEEPEST and not a_list:
            yield from columns_of(named, f"{prefix}{name}__", depth + 1)


def nested(inside: list[str], body: str, connection: bool) -> str:
    if inside == ["edges"]:
        body = f"edges {{ node {{ {body} }} }}"
    elif inside:
        body = f"{inside[0]} {{ {body} }}"
    return f"{body} pageInfo {{ hasNextPage endCursor }}" if connection else body


def paging_of(name: str, field: GraphQLField, connection: bool) -> tuple[str, str, str]:
    """The variables, the arguments, and how dlt goes from page to page."""
    args = field.args
    size = next((n for n in ("first", "limit", "take", "pageSize", "perPage") if n in args), None)
    if connection and "after" in args:
        first = f"first: {PAGE}, " if "first" in args else ""
        info = f"data.{name}.pageInfo"
        kind = args["after"].type
        return (
            f"($after: {str(kind).rstrip('!')})",
            f"({first}after: $after)",
            f"cursor|{info}.endCursor|variables.after|{info}.hasNextPage",
        )
    offset = next((n for n in ("offset", "skip") if n in args), None)
    if offset and size:
        return (
            "($offset: Int!, $limit: Int!)",
            f"({offset}: $offset, {size}: $limit)",
            f"offset|variables.offset|variables.limit|{PAGE}",
        )
    if "page" in args:
        rest = f", {size}: {PAGE}" if size else ""
        return "($page: Int!)", f"(page: $page{rest})", "page|variables.page|1"
    return "", f"({size}: {PAGE})" if size and is_required_argument(args[size]) else "", "single"
