"""REST and GraphQL APIs as tables: pages of JSON, by dlt's REST client."""

import os
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

from dlt.sources.helpers.requests import Client
from dlt.sources.helpers.rest_client import RESTClient
from dlt.sources.helpers.rest_client.auth import APIKeyAuth, BearerTokenAuth, HttpBasicAuth
from dlt.sources.helpers.rest_client.paginators import (
    BasePaginator,
    HeaderLinkPaginator,
    JSONLinkPaginator,
    JSONResponseCursorPaginator,
    OffsetPaginator,
    PageNumberPaginator,
    SinglePagePaginator,
)
from pipewright_files import flat
from pipewright_load import Table
from pipewright_reader import Part, Reader
from requests import HTTPError, PreparedRequest, RequestException, Response
from requests.adapters import HTTPAdapter

CONNECT, READ = 10, 60
TRIES, LONGEST_WAIT = 5, 120


class Trouble(Exception):
    """What is wrong with an answer, without a word of what stands in it."""


class Exact(Response):
    """Numbers keep every digit."""

    def json(self, **kwargs: Any) -> Any:
        return super().json(parse_float=Decimal, **kwargs)


def origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or {"http": 80, "https": 443}.get(parts.scheme)


class OneHost(HTTPAdapter):
    """Credentials go where they were meant to go: no redirect and no next page leads elsewhere."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.origin = origin(url)

    def send(self, request: PreparedRequest, *args: Any, **kwargs: Any) -> Response:
        asked = origin(request.url or "")
        if asked != self.origin:
            raise Trouble(f"it leads to another host, {asked[0]}://{asked[1]}:{asked[2]}")
        response = super().send(request, *args, **kwargs)
        response.__class__ = Exact
        return response


class Api(Reader):
    """An API at one host. `auth` is bearer, basic, header or query; the secret is in `env`."""

    def __init__(self, url: str, auth: str = "", env: str = "", name: str = "") -> None:
        self.url = url
        session = Client(
            request_timeout=(CONNECT, READ),
            raise_for_status=False,
            request_max_attempts=TRIES,
            request_max_retry_delay=LONGEST_WAIT,
        ).session
        session.trust_env = False  # no netrc: only the credentials that are named
        session.mount("http://", OneHost(url))
        session.mount("https://", OneHost(url))
        scheme, host, port = origin(url)
        self.base = f"{scheme}://{f'[{host}]' if host and ':' in host else host}:{port}"
        self.client = RESTClient(self.base, auth=credentials(auth, env, name), session=session)

    def pages(self, table: str, reading: dict[str, str], since: Any = None) -> Iterator[list[Any]]:
        """The rows of each page."""
        asked: dict[str, Any] = {"params": {}}
        if "query" in reading:
            asked = {"method": "POST", "json": {"query": reading["query"], "variables": {}}}
            table = reading["path"]
        elif since is not None and "since" in reading:
            text = since.isoformat() + "Z" if isinstance(since, datetime) else str(since)
            asked["params"][reading["since"]] = text
        before = None
        try:
            for page in self.client.paginate(
                table,
                paginator=paginator(reading),
                data_selector=reading.get("data") or "$",
                **asked,
            ):
                refused = page.response.json() if "query" in reading else {}
                if isinstance(refused, dict) and refused.get("errors"):
                    raise Trouble("the query is refused")
                rows = [row for row in page if row is not None]
                if rows and rows == before:
                    raise Trouble("a page repeats the one before it: its paging is another")
                before = rows
                yield rows
        except HTTPError as e:
            raise Trouble(f"it answers {e.response.status_code}") from None
        except RequestException as e:  # its text may hold a key of the query string
            raise Trouble(f"no answer: {type(e).__name__}") from None
        except ValueError:
            raise Trouble("its answer is no JSON of the form that was found") from None

    def parts(self, table: Table, since: Any) -> Iterator[Part]:
        count = 0
        try:
            for number, rows in enumerate(self.pages(table.source, table.reading, since), 1):
                yield Part(f"{table.source} page {number}", [flat(row) for row in rows])
                count += 1
        except Trouble as e:
            raise SystemExit(f"{table.source} page {count + 1}: {e}") from None


def credentials(auth: str, env: str, name: str) -> Any:
    if not auth:
        return None
    secret = os.environ.get(env, "")
    if not secret:
        raise SystemExit(f"the environment variable {env} is not set")
    if auth == "bearer":
        return BearerTokenAuth(token=secret)
    if auth == "basic":
        user, _, password = secret.partition(":")
        return HttpBasicAuth(username=user, password=password)
    return APIKeyAuth(name=name, api_key=secret, location="query" if auth == "query" else "header")


def paginator(reading: dict[str, str]) -> BasePaginator:
    """How the next page is found: `how:where:parameter`, as it was seen when it was discovered."""
    how, *rest = reading.get("paging", "single").split("|")
    body = "query" in reading
    if how == "link":
        return HeaderLinkPaginator()
    if how == "next":
        return JSONLinkPaginator(next_url_path=rest[0])
    if how == "cursor":
        where = {"cursor_body_path": rest[1]} if body else {"cursor_param": rest[1]}
        more = dict(enumerate(rest)).get(2)
        return JSONResponseCursorPaginator(cursor_path=rest[0], has_more_path=more, **where)
    if how == "page":
        where = {"page_body_path": rest[0]} if body else {"page_param": rest[0]}
        return PageNumberPaginator(base_page=int(rest[1]), total_path=None, **where)
    if how == "offset":
        where = {"offset_param": rest[0], "limit_param": rest[1]}
        if body:
            where = {"offset_body_path": rest[0], "limit_body_path": rest[1]}
        return OffsetPaginator(limit=int(rest[2]), total_path=None, **where)
    return SinglePagePaginator()
