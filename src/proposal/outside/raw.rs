//! dbt's own SQL and YAML, as a coding agent writes them, become a pipeline: a spec whose models are the queries as they
//! were written, over the staging models that they read, with their tests; unit tests and macros stand beside it.

mod properties;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use regex::Regex;
use serde_json::{Map, Value};

use super::forms::{Handed, Taken, by_itself};
use super::origin::Origin;
use crate::proposal::{Artifact, Because, Macro, MacroForm};
use crate::spec::{Ingest, Mode, Model, Spec};
use crate::vocabulary::{Diagnostic, Fault, Name, Outcome, Place, Relation, TableRef, nearest};
use crate::workspace::Workspace;
pub(super) use properties::is_properties;

/// Files of a dbt project that were handed in together.
#[derive(Debug, Default)]
pub(super) struct Project<'a> {
    /// `*.sql`.
    pub(super) sql: Vec<&'a Handed>,
    /// dbt's YAML.
    pub(super) yaml: Vec<(&'a Handed, Value)>,
}

impl Project<'_> {
    pub(super) fn is_empty(&self) -> bool {
        self.sql.is_empty() && self.yaml.is_empty()
    }
}

/// A query as it was handed in.
struct Query<'a> {
    handed: &'a Handed,
    name: Name,
    reads: Vec<Relation>,
}

/// Makes the pipeline.
pub(super) fn read(project: &Project<'_>, workspace: &Workspace) -> Outcome<Taken> {
    let (mut faults, mut taken) = (Vec::new(), Taken::default());
    let (mut queries, mut macros) = (Vec::new(), Vec::new());
    for handed in &project.sql {
        match kind(handed) {
            Ok(Sql::Macro(name, form)) => macros.push((*handed, name, form)),
            Ok(Sql::Model(name)) => queries.push(Query { handed, name, reads: reads(&handed.text) }),
            Err(fault) => faults.push(fault),
        }
    }
    let mut described = properties::Read::default();
    for (handed, value) in &project.yaml {
        properties::read(handed, value, &mut described, &mut faults);
    }
    let known: BTreeSet<&Name> = queries.iter().map(|q| &q.name).collect();
    for (name, (file, path)) in &described.models {
        if !known.contains(name) {
            faults.push(no_query(name, &known).at(Place::path(file, format!("{path}.name"))));
        }
    }
    unknown_models(&queries, workspace, &mut faults);
    Fault::unless_empty(faults)?;
    taken.findings.append(&mut described.findings);
    for (handed, name, form) in macros {
        let text = handed.text.clone();
        taken.proposals.push(by_itself(Because::Spec(name.to_string()), Artifact::Macro(Macro { name, form, text })));
        let parts = vec![("text".to_owned(), handed.file.clone(), String::new())];
        taken.origins.push(Origin { file: handed.file.clone(), path: String::new(), parts });
    }
    let pipeline = queries.first().map(|_| pipeline(&queries));
    for (test, file, path) in std::mem::take(&mut described.unit_tests) {
        taken.proposals.push(by_itself(Because::Spec(test.model.to_string()), Artifact::UnitTest(test)));
        taken.origins.push(Origin { file, path, parts: Vec::new() });
    }
    if let Some(name) = pipeline {
        let (spec, origin) = spec(name, queries, described, workspace);
        taken.proposals.insert(0, by_itself(Because::Spec(spec.name.to_string()), Artifact::PipelineSpec(spec)));
        taken.origins.insert(0, origin);
    }
    Ok(taken)
}

/// What a file of SQL is.
enum Sql {
    Model(Name),
    Macro(Name, MacroForm),
}

fn kind(handed: &Handed) -> Result<Sql, Diagnostic> {
    let path = handed.file.replace('\\', "/");
    let stem = path.rsplit('/').next().unwrap_or(&path).trim_end_matches(".sql");
    let at = |fault: Diagnostic| fault.at(Place::file(&handed.file));
    let named = |stem: &str| {
        Name::parse(stem).map_err(|why| {
            at(Diagnostic::error("invalid-name", format!("the file is called `{}`", stem.escape_debug())).why(why))
        })
    };
    let folder = |name: &str| path.split('/').any(|part| part == name);
    let holds =
        |word: &str| handed.text.contains(&format!("{{% {word} ")) || handed.text.contains(&format!("{{%- {word} "));
    if holds("snapshot") || folder("snapshots") {
        let fault = Diagnostic::error("raw-unknown", "a snapshot is not handed in as SQL");
        return Err(at(fault.next("name the model under `history` of a pipeline spec")));
    }
    if holds("macro") {
        return Ok(Sql::Macro(named(stem)?, MacroForm::Macro));
    }
    if holds("test") || holds("data_test") {
        return Ok(Sql::Macro(named(stem)?, MacroForm::GenericTest));
    }
    if folder("tests") || folder("analyses") || folder("seeds") {
        let fault = Diagnostic::error("raw-unknown", "this is no model, macro or generic test");
        return Err(at(fault.next("say it as a data test of a model, or leave the file out")));
    }
    let name = named(stem)?;
    if name.as_str().starts_with("stg_") {
        let fault =
            Diagnostic::error("raw-staging", format!("`{name}` is a staging model, and those follow from contracts"));
        let fault =
            fault.why("every pipeline reads the same staging models; they are generated where a model reads one");
        return Err(at(fault.next("leave the file out, and say what is cleaned under `columns` of a pipeline spec")));
    }
    Ok(Sql::Model(name))
}

fn no_query(name: &Name, known: &BTreeSet<&Name>) -> Diagnostic {
    let near = nearest(name.as_str(), known.iter().map(|n| n.as_str()));
    let fault = Diagnostic::error("unknown-model", format!("there is no query of `{name}`"));
    match near.first() {
        Some(near) => fault.next(format!("did you mean `{near}`?")),
        None => fault.next(format!("hand in {name}.sql together with this file")),
    }
}

/// Models that a query reads and that nothing builds: none handed in, none of the workspace, no table's staging model.
fn unknown_models(queries: &[Query<'_>], workspace: &Workspace, faults: &mut Vec<Diagnostic>) {
    let mut known: BTreeSet<Name> = workspace.specs.values().flat_map(|s| &s.models).map(|m| m.name.clone()).collect();
    known.extend(workspace.contracts.keys().map(TableRef::staging_model));
    known.extend(queries.iter().map(|q| q.name.clone()));
    for (text, query) in queries.iter().map(|q| (&q.handed.text, q)) {
        let handed_in = |name: &Name| workspace.handed_in.values().any(|t| t.contains(&format!("\"{name}\"")));
        let unknown = |name: &&Name| !known.contains(*name) && !handed_in(name);
        for name in query.reads.iter().filter_map(model).filter(unknown) {
            let near = nearest(name.as_str(), known.iter().map(Name::as_str));
            let fault = Diagnostic::error("unknown-model", format!("there is no model `{name}`"));
            let fault = match near.as_slice() {
                [] => fault.next("hand it in together with this one"),
                near => fault.next(format!("did you mean `{}`?", near.join("`, `"))),
            };
            let at = text.find(name.as_str()).unwrap_or_default();
            let (line, start) = (text[..at].matches('\n').count() + 1, text[..at].rfind('\n').map_or(0, |i| i + 1));
            let column = text[start..at].chars().count() + 1;
            faults.push(fault.at(Place::span(&query.handed.file, text, line, column, name.as_str().len())));
        }
    }
}

/// What a query reads, in its order, each once.
fn reads(sql: &str) -> Vec<Relation> {
    static READS: OnceLock<Option<Regex>> = OnceLock::new();
    let pattern = r#"\b(ref|source)\s*\(\s*['"]([^'"]+)['"]\s*(?:,\s*['"]([^'"]+)['"]\s*)?\)"#;
    let Some(pattern) = READS.get_or_init(|| Regex::new(pattern).ok()) else { return Vec::new() };
    let mut out = Vec::new();
    for found in pattern.captures_iter(sql) {
        let relation = match (&found[1], found.get(3)) {
            ("source", Some(table)) => {
                format!("{}.{}", &found[2], table.as_str()).parse::<TableRef>().ok().map(Relation::Table)
            }
            ("ref", None) => Name::parse(&found[2]).ok().map(Relation::Model),
            _ => None,
        };
        out.extend(relation.filter(|r| !out.contains(r)));
    }
    out
}

/// The model that no other reads names the pipeline; the first of them in the alphabet.
fn pipeline(queries: &[Query<'_>]) -> Name {
    let read: BTreeSet<&Name> = queries.iter().flat_map(|q| &q.reads).filter_map(model).collect();
    let last = queries.iter().map(|q| &q.name).filter(|name| !read.contains(name)).min();
    last.or(queries.iter().map(|q| &q.name).min()).cloned().unwrap_or_else(|| Name::from_text("handed in", "pipeline"))
}

fn model(relation: &Relation) -> Option<&Name> {
    match relation {
        Relation::Model(name) => Some(name),
        Relation::Table(_) => None,
    }
}

fn spec(
    name: Name,
    mut queries: Vec<Query<'_>>,
    mut described: properties::Read,
    workspace: &Workspace,
) -> (Spec, Origin) {
    queries.sort_by(|a, b| a.name.cmp(&b.name));
    let tables = staged(&queries, workspace);
    let shared = |name: &Name| workspace.specs.values().flat_map(|s| &s.models).find(|m| m.name == *name).cloned();
    let landed =
        |table: &TableRef| workspace.specs.values().flat_map(|s| &s.ingest).find(|i| i.table == *table).cloned();
    let fresh = |table: &TableRef| {
        let has_key = workspace.contracts.get(table).is_some_and(|c| !c.key().is_empty());
        let mode = if has_key { Mode::Merge } else { Mode::Replace };
        Ingest { table: table.clone(), mode, key: Vec::new(), cursor: None, window: None }
    };
    let mut models: Vec<Model> = tables
        .iter()
        .map(|table| {
            let name = table.staging_model();
            shared(&name).unwrap_or_else(|| Model::new(name, Relation::Table(table.clone())))
        })
        .collect();
    let file = queries.first().map_or_else(String::new, |q| q.handed.file.clone());
    let mut origin = Origin { file, path: String::new(), parts: Vec::new() };
    let mut description = None;
    for query in queries {
        let from = query.reads.first().cloned().unwrap_or_else(|| Relation::Model(query.name.clone()));
        // A table that is read past its staging model is found by the gate, in the query.
        let from = match from {
            Relation::Table(table) => Relation::Model(table.staging_model()),
            from => from,
        };
        let mut model = Model::new(query.name.clone(), from);
        let path = format!("models.{}", query.name);
        origin.parts.push((path.clone(), query.handed.file.clone(), String::new()));
        if let Some((yaml, at)) = described.models.get(&query.name) {
            origin.parts.push((path.clone(), yaml.clone(), at.clone()));
        }
        for part in ["sql", "from"] {
            origin.parts.push((format!("{path}.{part}"), query.handed.file.clone(), String::new()));
        }
        if let Some(said) = described.said.remove(&query.name) {
            (model.description, model.materialization, model.columns) =
                (said.description, said.materialization, said.columns);
        }
        if query.name == name {
            description = model.description.clone();
        }
        model.sql = Some(format!("{}\n", query.handed.text.trim_end()));
        models.push(model);
    }
    let mut tests = Vec::new();
    for (i, (test, file, path)) in described.tests.into_iter().enumerate() {
        origin.parts.push((format!("tests.{i}"), file, path));
        tests.push(test);
    }
    let spec = Spec {
        ingest: tables.iter().map(|t| landed(t).unwrap_or_else(|| fresh(t))).collect(),
        models,
        tests,
        description,
        version: 1,
        name,
        requirement: None,
        owner: None,
        schedule: None,
        history: Vec::new(),
        alerts: Vec::new(),
        approvals: Vec::new(),
        answers: Vec::new(),
        read_by: None,
        trace: Vec::new(),
        assumed: Vec::new(),
        warnings: Vec::new(),
    };
    (spec, origin)
}

/// The tables whose staging models the queries read, in order.
fn staged(queries: &[Query<'_>], workspace: &Workspace) -> Vec<TableRef> {
    let by_model: BTreeMap<Name, &TableRef> = workspace.contracts.keys().map(|t| (t.staging_model(), t)).collect();
    let read: BTreeSet<&Name> = queries.iter().flat_map(|q| &q.reads).filter_map(model).collect();
    let mut tables: BTreeSet<&TableRef> = read.into_iter().filter_map(|name| by_model.get(name).copied()).collect();
    // One that is read past its staging model is found by the gate, in the query.
    tables.extend(queries.iter().flat_map(|q| &q.reads).filter_map(|relation| match relation {
        Relation::Table(table) => workspace.contracts.get_key_value(table).map(|(table, _)| table),
        Relation::Model(_) => None,
    }));
    tables.into_iter().cloned().collect()
}

/// Text of a field.
pub(super) fn text<'v>(map: &'v Map<String, Value>, key: &str) -> Option<&'v str> {
    map.get(key).and_then(Value::as_str)
}
