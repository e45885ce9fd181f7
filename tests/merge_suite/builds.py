"""Reads projects from stdin, builds their models over empty tables in DuckDB, and compiles their Python and YAML.

In: {"texts": [text], "projects": [{"tables": ddl, "models": {name: text}}], "python": [text], "yaml": [text]}, where a
text is its place in `texts`. Out: {"projects": [{model: [column]} or message], "python": [message], "yaml": [message]}.
"""

import json
import sys

import duckdb
import jinja2
import yaml


class Macro(jinja2.Undefined):
    """A macro of the project: its first argument stands for what it gives."""

    def __call__(self, *args, **kwargs):
        return args[0] if args else "null"

    def __getattr__(self, name):
        raise AttributeError(name)


class Dbt:
    def dateadd(self, part, number, moment):
        return f"({moment} + interval ({number}) {part})"

    def __getattr__(self, name):
        return lambda *args, **kwargs: args[0] if args else "varchar"


def rendered(text, refs):
    def ref(name):
        refs.append(name)
        return f'"{name}"'

    environment = jinja2.Environment(undefined=Macro)
    environment.globals.update(
        ref=ref,
        source=lambda schema, table: f'raw_{schema}."{table}"',
        config=lambda *args, **kwargs: "",
        is_incremental=lambda: False,
        as_of=lambda: "timestamp '2026-03-31'",
        dbt=Dbt(),
        this='"this"',
    )
    return environment.from_string(text).render()


def built(tables, models):
    connection = duckdb.connect()
    connection.execute(tables)
    columns, waiting = {}, {}
    for name, text in models.items():
        refs = []
        waiting[name] = (rendered(text, refs), refs)
    while waiting:
        ready = [name for name, (_, refs) in waiting.items() if not any(ref in waiting for ref in refs)]
        if not ready:
            raise ValueError(f"models in a circle: {sorted(waiting)}")
        for name in ready:
            sql, _ = waiting.pop(name)
            try:
                connection.execute(f'create table "{name}" as {sql}')
            except Exception as error:
                raise ValueError(f"{name}: {error}\n{sql}") from error
            columns[name] = [row[0] for row in connection.execute(f'describe "{name}"').fetchall()]
    return columns


def tried(work, *args):
    try:
        return work(*args)
    except Exception as error:
        return str(error)


class Unique(yaml.SafeLoader):
    """YAML with each key once."""

    def construct_mapping(self, node, deep=False):
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        if len(keys) != len(set(map(str, keys))):
            raise ValueError(f"a key stands twice among {keys}, {node.start_mark}")
        return super().construct_mapping(node, deep)


def read_yaml(text):
    yaml.load(text, Unique)
    return ""


def read_python(text):
    compile(text, "merged.py", "exec")
    return ""


given = json.load(sys.stdin)
texts = given["texts"]
json.dump(
    {
        "projects": [
            tried(built, project["tables"], {name: texts[at] for name, at in project["models"].items()})
            for project in given["projects"]
        ],
        "python": [tried(read_python, texts[at]) for at in given["python"]],
        "yaml": [tried(read_yaml, texts[at]) for at in given["yaml"]],
    },
    sys.stdout,
)
