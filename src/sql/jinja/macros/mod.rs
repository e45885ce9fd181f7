//! Files of macros and generic tests. What they hold is SQL with a few forms of Jinja that can be proved harmless:
//! `macro`, `test`, `if`, `set`, `return`, `adapter.dispatch` to a macro of the project, parameters, and what models
//! may call. Anything else is refused, and every way through every macro must be SQL.

mod read;
mod uses;
mod write;

use std::collections::BTreeMap;

use super::expr::Expr;
use super::{Chunk, Inside, LONGEST, MacroShape, Macros, Parameter, REF_SCHEMA, Rendered, Stop, Stub};
use crate::sql::resolve::{ColumnType, Scope, resolve};
use crate::sql::text::Text;
use crate::vocabulary::{Diagnostic, Dialect};
use read::File;
use uses::Use;
use write::Writer;

/// One file of macros.
#[derive(Clone, Debug)]
pub struct MacroFile {
    definitions: Vec<Definition>,
}

#[derive(Clone, Debug)]
struct Definition {
    name: String,
    parameters: Vec<Parameter>,
    test: bool,
    body: Vec<Node>,
    at: usize,
    /// How its parameters are used: as SQL, or handed on.
    uses: Vec<(String, Use)>,
}

#[derive(Clone, Debug)]
enum Node {
    Literal(usize, usize),
    Print(Expr, usize, usize),
    Set(String, Expr),
    /// `{% set name %}…{% endset %}`.
    SetBlock(String, Vec<Node>),
    /// Branches with their conditions; none for `else`.
    If(Vec<(Option<Expr>, Vec<Node>)>),
}

/// What dbt itself would be bent by.
const TAKEN: &[&str] = &[
    "ref",
    "source",
    "config",
    "var",
    "env_var",
    "return",
    "run_query",
    "statement",
    "adapter",
    "is_incremental",
    "generate_alias_name",
    "generate_database_name",
    "create_table_as",
    "create_view_as",
    "run_hooks",
    "get_create_sql",
    "drop_relation",
    "rename_relation",
    "truncate_relation",
    "get_merge_sql",
    "test_unique",
    "test_not_null",
    "test_relationships",
    "test_accepted_values",
    "set_sql_header",
    "snapshot_merge_sql",
    "copy_grants",
    "apply_grants",
];
/// Reads the macros of a file.
///
/// # Errors
/// Everything that is not one of the forms allowed, with line and column.
pub fn read(text: &Text<'_>) -> Result<MacroFile, Vec<Diagnostic>> {
    if text.sql.len() > LONGEST {
        let what = format!("the file has {} bytes, the most is {LONGEST}", text.sql.len());
        return Err(vec![Stop::new("sql-too-long", what, 0, 1).placed(text)]);
    }
    let mut reader = File::new(text.sql);
    match reader.file() {
        Ok(()) => Ok(MacroFile { definitions: reader.definitions }),
        Err(stop) => Err(vec![stop.placed(text)]),
    }
}

/// What can be called, over all files. A parameter is text if it is only ever printed between quotes, and SQL
/// otherwise; where it is handed on, that is decided by who takes it.
pub fn link<'f>(files: impl IntoIterator<Item = &'f MacroFile>) -> Macros {
    let definitions: Vec<&Definition> = files.into_iter().flat_map(|f| &f.definitions).filter(|d| !d.test).collect();
    let shape = |d: &&Definition| (d.name.clone(), MacroShape { parameters: d.parameters.clone(), returns: None });
    let mut macros: Macros = definitions.iter().map(shape).collect();
    loop {
        let mut changed = false;
        for definition in &definitions {
            for (i, parameter) in definition.parameters.iter().enumerate() {
                let sql = definition.uses.iter().any(|(name, usage)| *name == parameter.name && usage.is_sql(&macros));
                if let Some(shape) = macros.get_mut(&definition.name)
                    && sql
                    && shape.parameters[i].literal
                {
                    shape.parameters[i].literal = false;
                    changed = true;
                }
            }
        }
        if !changed {
            return macros;
        }
    }
}

impl MacroFile {
    /// Names of the macros.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.definitions.iter().filter(|d| !d.test).map(|d| d.name.as_str())
    }

    /// Names of the generic tests, with their parameters after `model` and `column_name`.
    pub fn tests(&self) -> impl Iterator<Item = (&str, Vec<&Parameter>)> {
        self.definitions.iter().filter(|d| d.test).map(|d| {
            let own = d.parameters.iter().filter(|p| p.name != "model" && p.name != "column_name");
            (d.name.as_str(), own.collect())
        })
    }

    /// Whether a generic test needs a column.
    pub fn needs_column(&self, test: &str) -> bool {
        let needs = |p: &Parameter| p.name == "column_name" && !p.optional;
        self.definitions.iter().any(|d| d.test && d.name == test && d.parameters.iter().any(needs))
    }

    /// Proves every way through every macro in every dialect that it can be called in; gives the types of the values.
    ///
    /// # Errors
    /// Calls that are not allowed and ways that are no SQL.
    pub fn prove(
        &self,
        text: &Text<'_>,
        known: &Macros,
        dialects: &[Dialect],
    ) -> Result<BTreeMap<String, ColumnType>, Vec<Diagnostic>> {
        let mut found: Vec<Diagnostic> = Vec::new();
        let mut returns = BTreeMap::new();
        for definition in &self.definitions {
            if let Some(stop) = definition.name_fault(known) {
                found.push(stop.placed(text));
                continue;
            }
            let mut value: Option<ColumnType> = None;
            for variant in 0..most_ways(&definition.body) {
                let rendered = match definition.render(text.sql, variant, known) {
                    Ok(Some(rendered)) => rendered,
                    Ok(None) => continue,
                    Err(stop) => {
                        found.push(stop.placed(text));
                        continue;
                    }
                };
                for dialect in definition.dialects(dialects, known) {
                    match crate::sql::parse(text, &rendered, dialect) {
                        Err(faults) => {
                            // The same fault in every target is one fault.
                            let known = |d: &Diagnostic| found.iter().any(|f| f.code == d.code && f.place == d.place);
                            let new: Vec<Diagnostic> = faults.into_iter().filter(|d| !known(d)).collect();
                            found.extend(new);
                        }
                        Ok(parsed) if !definition.test => {
                            let resolved = resolve(text, &rendered, &parsed, &<Scope>::default());
                            let ty =
                                resolved.ok().and_then(|r| Some(r.columns.first()?.column_type)).unwrap_or_default();
                            value = Some(match value {
                                Some(value) if value != ty => value.either(ty),
                                _ => ty,
                            });
                        }
                        Ok(_) => {}
                    }
                }
            }
            returns.insert(definition.name.clone(), value.unwrap_or_default());
        }
        found.sort();
        found.dedup();
        if found.is_empty() { Ok(returns) } else { Err(found) }
    }
}

/// How many ways lead through a node, each `if` taken by itself.
fn ways(node: &Node) -> usize {
    match node {
        Node::If(branches) => {
            let inner = branches.iter().map(|(_, body)| most_ways(body)).max().unwrap_or(1);
            let open = usize::from(branches.last().is_some_and(|(condition, _)| condition.is_some()));
            (branches.len() + open).max(inner)
        }
        Node::SetBlock(_, body) => most_ways(body),
        _ => 1,
    }
}

fn most_ways(nodes: &[Node]) -> usize {
    nodes.iter().map(ways).max().unwrap_or(1)
}

/// `duckdb__digits` is the body of `digits` for DuckDB.
fn of_dialect(name: &str) -> Option<(&str, &str)> {
    name.split_once("__").filter(|(head, tail)| !head.is_empty() && !tail.is_empty())
}

impl Definition {
    fn name_fault(&self, known: &Macros) -> Option<Stop> {
        let stop = |what: String| Stop::new("macro-name", what, self.at, 2);
        if TAKEN.contains(&self.name.as_str()) {
            return Some(stop(format!("`{}` would take the place of a part of dbt", self.name)));
        }
        match of_dialect(&self.name) {
            Some((_, base)) if !known.contains_key(base) => Some(
                stop(format!("`{}` is a body of `{base}`, which is not there", self.name))
                    .why("it would take the place of a part of dbt")
                    .next(format!("add a macro `{base}` that dispatches to it, or rename it")),
            ),
            _ => None,
        }
    }

    /// The dialects that it can be called in.
    fn dialects(&self, all: &[Dialect], known: &Macros) -> Vec<Dialect> {
        match of_dialect(&self.name) {
            None => all.to_vec(),
            Some(("default", base)) => {
                all.iter().copied().filter(|d| !known.contains_key(&format!("{d}__{base}"))).collect()
            }
            Some((dialect, _)) => all.iter().copied().filter(|d| d.as_str() == dialect).collect(),
        }
    }

    /// One way through it as a query; none where it prints nothing.
    fn render(&self, source: &str, variant: usize, known: &Macros) -> Result<Option<Rendered>, Stop> {
        let mut out = Rendered::default();
        let names = self.parameters.iter().map(|p| (p.name.clone(), p.name.clone())).collect();
        out.chunks.push(Chunk { out: 0, source: self.at, width: Some(2) });
        let mut body = Rendered::default();
        let mut writer = Writer { stub: Stub { macros: known, out: &mut body, inside: Inside::Code }, names, source };
        writer.nodes(&self.body, variant)?;
        let trimmed = body.sql.trim_start().to_ascii_lowercase();
        if trimmed.is_empty() {
            return Ok(None);
        }
        let query = self.test
            || trimmed.starts_with("select ")
            || trimmed.starts_with("select\n")
            || trimmed.starts_with("with ");
        let (head, tail) = match query {
            true => ("", String::new()),
            false => ("select\n", format!("\nas value_of from {REF_SCHEMA}.any_model")),
        };
        out.sql.push_str(head);
        out.chunks.extend(body.chunks.iter().map(|c| Chunk { out: c.out + head.len(), ..*c }));
        out.sql.push_str(&body.sql);
        out.chunks.push(Chunk { out: out.sql.len(), source: self.at, width: Some(2) });
        out.sql.push_str(&tail);
        out.returns = body.returns;
        Ok(Some(out))
    }
}
