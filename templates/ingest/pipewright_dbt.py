"""Any warehouse that dbt has an adapter for, read through that adapter."""

import json
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from pipewright_load import WORKSPACE, Table
from pipewright_reader import Part, Reader

BATCH = 10_000
NUMBERS = ("port", "threads", "timeout", "retries", "idle", "seconds")


def profile(adapter: str, fields: dict[str, str]) -> dict[str, Any]:
    """dbt's own profile: its values are the environment's, so no secret is in a file."""
    output: dict[str, Any] = {"type": adapter, "threads": 1}
    for name, variable in fields.items():
        if not os.environ.get(variable):
            raise SystemExit(f"the environment variable {variable} is not set")
        number = " | as_number" if name.endswith(NUMBERS) else ""
        output[name] = f"{{{{ env_var('{variable}'){number} }}}}"
    if "dataset" not in output:  # BigQuery's word for it
        output.setdefault("schema", "main" if adapter == "duckdb" else "public")
    return {"source": {"target": "source", "outputs": {"source": output}}}


@contextmanager
def connection(adapter: str, fields: dict[str, str]) -> Iterator[Any]:
    """The adapter, connected."""
    os.environ["DBT_SEND_ANONYMOUS_USAGE_STATS"] = "false"
    if not re.fullmatch(r"[a-z0-9_]+", adapter) or not find_spec(f"dbt.adapters.{adapter}"):
        raise SystemExit(
            f"the runtime's dbt has no adapter `{adapter}`: name a Python that has it as "
            "`runtime.python`"
        )
    from dbt.adapters.factory import get_adapter_by_type  # noqa: PLC0415  (takes a while)
    from dbt.cli.main import dbtRunner  # noqa: PLC0415

    with tempfile.TemporaryDirectory() as folder:
        project = {"name": "pipewright_source", "version": "1.0.0", "profile": "source"}
        Path(folder, "dbt_project.yml").write_text(json.dumps(project))  # JSON is YAML
        Path(folder, "profiles.yml").write_text(json.dumps(profile(adapter, fields)))
        where = ["--project-dir", folder, "--profiles-dir", folder]
        where += ["--log-path", folder, "--target-path", folder]
        os.chdir(WORKSPACE)  # a path in a profile is seen from the workspace
        done = dbtRunner().invoke(["--quiet", "parse", *where])
        if not done.success:
            why = type(done.exception).__name__
            raise SystemExit(f"dbt can't use the profile of `{adapter}`: {why}")
        found = get_adapter_by_type(adapter)
        with found.connection_named("pipewright"):
            try:
                if adapter == "duckdb":  # what is stored there reaches no farther
                    list(batches(found, "set enable_external_access = false"))
                yield found
            finally:
                found.cleanup_connections()


def quoted(adapter: Any, name: str) -> str:
    mark = adapter.quote("x")[0]
    return mark + name.replace(mark, mark * 2) + mark


def batches(adapter: Any, sql: str) -> Iterator[tuple[list[str], list[Any]]]:
    """What a query gives, part by part where the adapter has cursors."""
    if not hasattr(adapter.connections, "add_query"):
        _, found = adapter.execute(sql, fetch=True)
        yield list(found.column_names), [tuple(row) for row in found.rows]
        return
    _, cursor = adapter.connections.add_query(sql, auto_begin=False)
    names = [column[0] for column in cursor.description or ()]
    if not names:
        return
    while rows := cursor.fetchmany(BATCH):
        yield names, list(rows)


class Dbt(Reader):
    """A warehouse. `fields` are those of its dbt profile, with the variables that hold them."""

    def __init__(self, adapter: str, fields: dict[str, str]) -> None:
        self.adapter, self.fields = adapter, fields

    def parts(self, table: Table, since: Any) -> Iterator[Part]:
        with connection(self.adapter, self.fields) as adapter:
            names = [c.source or c.name for c in table.columns]
            columns = ", ".join(quoted(adapter, n) for n in names)
            own = str(adapter.config.credentials.schema or "")
            where, name = quoted(adapter, table.source_schema or own), quoted(adapter, table.source)
            at = 1
            sql = f"select {columns} from {where}.{name}"  # noqa: S608
            try:
                for _, rows in batches(adapter, sql):
                    found = [dict(zip(names, row, strict=True)) for row in rows]
                    yield Part(table.source, found, at)
                    at += len(rows)
            except Exception as e:  # an adapter's own: its text may hold values
                raise SystemExit(f"{table.source}: {type(e).__name__}") from None
