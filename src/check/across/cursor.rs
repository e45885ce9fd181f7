//! What ingestion goes by, and what an incremental model goes by.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex::Regex;

use super::Seen;
use crate::check::Analysis;
use crate::check::python::{Does, Expr, File, Kind, argument, each_statement, within};
use crate::dbt::{Body, Kind as NodeKind, NodeId};
use crate::sql::{Text, Usage};
use crate::vocabulary::Diagnostic;

/// `where updated_at > (select max(updated_at) from …)`, with the names around it.
static WATERMARK: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let name = r#"(?:["`\w]+\.)*["`]?(\w+)["`]?"#;
    Regex::new(&format!(
        r"(?is){name}\s*>=?\s*\(?\s*(?:coalesce\s*\(\s*)?\(?\s*select\s+(?:\w+\s*\(\s*)*max\s*\(\s*{name}"
    ))
    .ok()
});

/// A table that is loaded by a cursor.
struct Loaded {
    table: String,
    cursor: String,
    place: String,
}

/// Incremental models that filter by another column than their source is loaded by.
pub(super) fn look(seen: &Seen<'_>, found: &mut Vec<Diagnostic>) {
    let Some(watermark) = WATERMARK.as_ref() else { return };
    let loaded = loaded(seen);
    if loaded.is_empty() {
        return;
    }
    for analysis in &seen.projects {
        of_project(seen, analysis, watermark, &loaded, found);
    }
}

fn of_project(seen: &Seen<'_>, analysis: &Analysis, watermark: &Regex, loaded: &[Loaded], found: &mut Vec<Diagnostic>) {
    for (id, node) in analysis.project.nodes.iter().enumerate() {
        let Body::Sql { incremental: Some(sql), .. } = &node.body else { continue };
        let Some(seen_in) = watermark.captures(&sql.sql) else { continue };
        let (Some(filter), Some(own)) = (seen_in.get(1), seen_in.get(2)) else { continue };
        let mut roots: BTreeSet<(NodeId, String)> = BTreeSet::new();
        if !sources(analysis, id as NodeId, &own.as_str().to_lowercase(), &mut roots, 0) {
            continue;
        }
        let [(source, column)] = roots.iter().collect::<Vec<_>>().as_slice().to_vec()[..] else { continue };
        let source = &analysis.project.nodes[*source as usize];
        let fits = |l: &&Loaded| l.table == source.identifier || l.table == source.name.to_lowercase();
        let by: Vec<&Loaded> = loaded.iter().filter(fits).collect();
        if by.is_empty() || by.iter().any(|l| l.cursor == *column) {
            continue;
        }
        let at = node.text.find(filter.as_str()).unwrap_or(0);
        let what = format!(
            "this filters by `{column}`, and `{}`{} is loaded by `{}` ({})",
            source.name,
            seen.says(analysis),
            by[0].cursor,
            by[0].place
        );
        let fault = Diagnostic::warning("cursor-mismatch", what)
            .why("a row that changes later is loaded again, and never seen here: its old values stay in the table")
            .next(format!("filter by `{}`, or load by `{column}`", by[0].cursor));
        found.push(fault.at(Text::new(&node.path, "", &node.text).place(at, filter.as_str().len())));
    }
}

/// The columns of sources that a column comes from; whether that is known.
fn sources(analysis: &Analysis, id: NodeId, column: &str, out: &mut BTreeSet<(NodeId, String)>, depth: usize) -> bool {
    let Some(node) = analysis.project.nodes.get(id as usize).filter(|_| depth < 40) else { return false };
    if node.kind == NodeKind::Source {
        out.insert((id, column.to_owned()));
        return true;
    }
    let Some(resolved) = analysis.shapes.get(id as usize).and_then(|s| s.known()) else { return false };
    let Some(of) = resolved.columns.iter().find(|c| c.name == column) else { return false };
    let from: Vec<_> = of.sources.iter().filter(|s| s.usage == Usage::Value && s.relation != id).collect();
    !from.is_empty() && from.iter().all(|s| sources(analysis, s.relation, &s.column, out, depth + 1))
}

fn loaded(seen: &Seen<'_>) -> Vec<Loaded> {
    let mut out = Vec::new();
    for file in seen.python.iter().filter(|f| f.imports.has("dlt")) {
        each_statement(&file.body, &mut |statement| {
            crate::check::python::each_own(statement, &mut |e| within(e, &mut |e| of_call(file, e, &mut out)));
            let Does::Function(function) = &statement.does else { return };
            let resource = function.decorators.iter().find_map(|d| {
                let (called, arguments) = d.call().map_or((d, [].as_slice()), |(f, a)| (f, a));
                let path = file.imports.stands_for(called)?;
                (path == "dlt.resource").then(|| {
                    let name = argument(arguments, "name", None).and_then(Expr::text);
                    name.unwrap_or(function.name).to_lowercase()
                })
            });
            let Some(table) = resource else { return };
            let cursor = function.parameters.iter().filter_map(|p| p.default.as_ref()).find_map(|d| cursor(file, d));
            out.extend(cursor.map(|cursor| Loaded { table, cursor, place: place(file, function.at) }));
        });
    }
    for (path, text) in
        seen.repository.files.range("pipelines/".to_owned()..).take_while(|(p, _)| p.starts_with("pipelines/"))
    {
        let Ok(serde_yaml::Value::Mapping(spec)) = serde_yaml::from_str(text) else { continue };
        let Some(serde_yaml::Value::Sequence(all)) = spec.get("ingest") else { continue };
        for one in all {
            let text = |key: &str| one.get(key).and_then(|v| v.as_str());
            if let (Some(table), Some(cursor)) = (text("table"), text("cursor")) {
                let table = table.rsplit('.').next().unwrap_or(table).to_lowercase();
                out.push(Loaded { table, cursor: cursor.to_lowercase(), place: path.clone() });
            }
        }
    }
    out
}

/// `sql_table(table="orders", incremental=…)`, `source.orders.apply_hints(incremental=…)`.
fn of_call(file: &File<'_>, expr: &Expr<'_>, out: &mut Vec<Loaded>) {
    let Some((function, arguments)) = expr.call() else { return };
    let Some(cursor) = argument(arguments, "incremental", None).and_then(|e| cursor(file, e)) else { return };
    let named = argument(arguments, "table", None).or_else(|| argument(arguments, "name", None)).and_then(Expr::text);
    let table = named.map(str::to_lowercase).or_else(|| {
        let Kind::Attribute(object, "apply_hints", _) = &function.kind else { return None };
        match &object.kind {
            Kind::Attribute(_, name, _) => Some(name.to_lowercase()),
            Kind::Index(_, keys) => keys.first().and_then(Expr::text).map(str::to_lowercase),
            _ => None,
        }
    });
    out.extend(table.map(|table| Loaded { table, cursor, place: place(file, expr.at) }));
}

/// The tables that Python files load by dlt, with the files.
pub(super) fn tables_of(seen: &Seen<'_>) -> Vec<(String, String)> {
    let mut out = Vec::new();
    for file in seen.python.iter().filter(|f| f.imports.has("dlt")) {
        each_statement(&file.body, &mut |statement| {
            crate::check::python::each_own(statement, &mut |e| {
                within(e, &mut |e| {
                    let Some((function, arguments)) = e.call() else { return };
                    if file.imports.stands_for(function).is_some_and(|p| p.ends_with("sql_table")) {
                        let table = argument(arguments, "table", None).and_then(Expr::text);
                        out.extend(table.map(|t| (t.to_lowercase(), file.path.to_owned())));
                    }
                });
            });
        });
    }
    out
}

/// The column of `dlt.sources.incremental("updated_at")`.
fn cursor(file: &File<'_>, expr: &Expr<'_>) -> Option<String> {
    let (function, arguments) = expr.call()?;
    file.imports.stands_for(function).filter(|p| p == "dlt.sources.incremental")?;
    argument(arguments, "cursor_path", Some(0)).and_then(Expr::text).map(str::to_lowercase)
}

fn place(file: &File<'_>, at: crate::check::python::Span) -> String {
    format!("{}:{}", file.path, file.place(at).line.unwrap_or(1))
}
