"""What sqlglot says of queries: for each, the columns with their types and the columns that they are made from.

Reads {"schemas": {dialect: {table: {column: type}}}, "queries": [{"dialect", "sql"}]} from stdin, writes a list of
{"columns": [{"name", "type", "sources"}]} or {"error"}."""

import json
import sys

from sqlglot import exp, parse_one
from sqlglot.errors import SqlglotError
from sqlglot.lineage import lineage
from sqlglot.optimizer.annotate_types import annotate_types
from sqlglot.optimizer.qualify import qualify
from sqlglot.schema import MappingSchema


def read(sql, dialect, schema):
    tree = qualify(
        parse_one(sql, dialect=dialect),
        schema=schema,
        dialect=dialect,
        validate_qualify_columns=False,
        infer_schema=True,
    )
    typed = annotate_types(tree.copy(), schema=schema, dialect=dialect)
    columns = []
    for select in typed.selects:
        name = select.alias_or_name
        sources = set()
        for node in lineage(name, tree.copy(), schema=schema, dialect=dialect, copy=True).walk():
            if not node.downstream and isinstance(node.source, exp.Table):
                sources.add(f"{node.source.name}.{node.name.split('.')[-1].strip('`').strip(chr(34))}".lower())
        kind = select.type.sql(dialect) if select.type else "UNKNOWN"
        columns.append({"name": name.lower(), "type": kind.lower(), "sources": sorted(sources)})
    return {"columns": columns}


def main():
    given = json.load(sys.stdin)
    schemas = {d: MappingSchema({"shop": tables}, dialect=d) for d, tables in given["schemas"].items()}
    out = []
    for query in given["queries"]:
        try:
            out.append(read(query["sql"], query["dialect"], schemas[query["dialect"]]))
        except (SqlglotError, ValueError, KeyError, AttributeError, RecursionError, TypeError) as error:
            out.append({"error": f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"})
    json.dump(out, sys.stdout)


main()
