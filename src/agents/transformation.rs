//! Transformation: dbt models, laid out by templates from resolved queries, and the macros that they call.

mod result;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::because::Maker;
use super::models::{Body, Joined, Query, Resolved, Target};
use super::{Agent, Brief, conditions, history, rules};
use crate::plan::{Role, Task};
use crate::proposal::{Artifact, DbtModel, Layer, ModelColumn, Proposal};
use crate::spec::{JoinKind, Rules};
use crate::sql::lower::{Code, WIDTH};
use crate::template;
use crate::vocabulary::{ArtifactKind, Dialect, Fault, Name, Outcome};

pub(super) const AGENT: Agent = Agent {
    role: Role::Transformation,
    about: "writes the dbt models, the macros that they call, and snapshots",
    needs: &["contracts", "spec"],
    gives: &[ArtifactKind::DbtModel, ArtifactKind::Snapshot, ArtifactKind::Macro],
    propose,
};

fn propose(task: &Task, brief: &Brief<'_>) -> Outcome<Vec<Proposal>> {
    let spec = brief.context.spec;
    let maker = Maker { task, spec, role: Role::Transformation };
    let mut faults = Vec::new();
    let mut proposals = Vec::new();
    let mut macros: BTreeMap<Name, &Name> = BTreeMap::new();
    for model in brief.models.of(spec) {
        match sql(model) {
            Ok(sql) => {
                for name in model.macros.iter().cloned().chain(called(&model.body, &brief.context.config.rules)) {
                    macros.entry(name).or_insert(&model.name);
                }
                let artifact = Artifact::DbtModel(dbt_model(model, sql, readers(brief, model)));
                proposals.push(maker.of_spec(&format!("models.{}", model.name), why(model), artifact));
            }
            Err(fault) => faults.extend(fault.diagnostics),
        }
    }
    let (snapshots, wrong) = history::snapshots(brief);
    faults.extend(wrong);
    for (i, snapshot) in snapshots {
        let why = match &snapshot.updated_at {
            Some(column) => format!("a row of `{}` whose `{column}` is later is another state", snapshot.of),
            None => format!("a row of `{}` that differs in any column is another state", snapshot.of),
        };
        proposals.push(maker.of_spec(&format!("history.{i}"), why, Artifact::Snapshot(snapshot)));
    }
    let mut done = BTreeSet::new();
    for (name, model) in macros {
        match rules::files(&name, brief.context.config) {
            Ok(files) => {
                for file in files.into_iter().filter(|f| done.insert(f.name.clone())) {
                    let why = format!("`{model}` calls it");
                    proposals.push(maker.of_spec(&format!("models.{model}"), why, Artifact::Macro(file)));
                }
            }
            Err(fault) => faults.extend(fault.diagnostics),
        }
    }
    Fault::unless_empty(faults)?;
    Ok(proposals)
}

/// Who may read a model, where a target has grants.
fn readers(brief: &Brief<'_>, model: &Resolved) -> Vec<Name> {
    let files = |d: &Dialect| matches!(d, Dialect::DuckDb | Dialect::Sqlite);
    let written = brief.context.spec.models.iter().find(|m| m.name == model.name);
    match written {
        Some(written) if !brief.context.config.target_dialects().iter().all(files) => written.readers.clone(),
        _ => Vec::new(),
    }
}

fn dbt_model(model: &Resolved, sql: String, readers: Vec<Name>) -> DbtModel {
    let column = |c: &super::models::Column| ModelColumn {
        name: c.name.clone(),
        description: c.description.clone(),
        data_type: c.data_type,
    };
    DbtModel {
        name: model.name.clone(),
        layer: model.layer.clone(),
        pipelines: model.pipelines.clone(),
        description: model.description.clone(),
        materialization: model.materialization,
        sql,
        columns: model.columns.iter().flatten().map(column).collect(),
        grain: model.grain.clone(),
        readers,
    }
}

fn why(model: &Resolved) -> String {
    let grain = model.grain.iter().map(|g| format!("`{g}`")).collect::<Vec<_>>().join(", ");
    match (&model.layer, grain.is_empty()) {
        (Layer::Staging(table), _) => format!("{table} as it was landed: renamed, cast, cleaned"),
        (_, false) => format!("one row per {grain}"),
        (_, true) => "what tells its rows apart is not known".to_owned(),
    }
}

/// The macros of the project that a query of a spec calls itself.
fn called(body: &Body, rules: &Rules) -> Vec<Name> {
    let Body::Sql(sql) = body else { return Vec::new() };
    let ours =
        ["as_of", "week_start", "local_time", "percentile"].into_iter().filter_map(|name| Name::parse(name).ok());
    let all = ours.chain(rules.cleaning().map(|rule| rule.macro_name()));
    all.filter(|name| sql.contains(&format!("{name}("))).collect()
}

#[derive(Serialize)]
struct Staging<'a> {
    source: &'a Name,
    table: &'a Name,
    step: &'static str,
    select: Vec<String>,
    reason: Vec<String>,
}

#[derive(Serialize)]
struct Mart<'a> {
    sources: Vec<Source<'a>>,
    steps: Vec<Step<'a>>,
    last: String,
}

#[derive(Serialize)]
struct Source<'a> {
    alias: &'a Name,
    model: &'a Name,
    r#where: Vec<String>,
}

#[derive(Default, Serialize)]
struct Step<'a> {
    name: Cow<'static, str>,
    select: Vec<String>,
    from: String,
    joins: Vec<Join<'a>>,
    r#where: Vec<String>,
    group_by: Vec<String>,
}

#[derive(Serialize)]
struct Join<'a> {
    kind: &'static str,
    alias: Cow<'a, str>,
    on: Vec<String>,
}

/// The text of a model.
fn sql(model: &Resolved) -> Outcome<String> {
    match &model.body {
        Body::Sql(sql) => Ok(sql.clone()),
        Body::Staging { table, targets, reason } => {
            let cleans = targets.iter().any(|t| matches!(t.code, Code::Jinja(_)));
            let step = if cleans { "cleaned" } else { "renamed" };
            let select = select(targets);
            let reason = reason.iter().flat_map(|reason| select_beside(std::slice::from_ref(reason))).collect();
            template::render(
                "dbt/models/staging.sql",
                Staging { source: &table.source, table: &table.table, step, select, reason },
            )
        }
        Body::Query(query) => template::render("dbt/models/mart.sql", mart(query)),
    }
}

fn mart<'a>(query: &'a Query) -> Mart<'a> {
    let mut last = query.base.alias.to_string();
    let mut steps: Vec<Step<'a>> = Vec::new();
    let mut push = |step: Step<'a>| {
        let from = std::mem::replace(&mut last, step.name.to_string());
        steps.push(Step { from, ..step });
    };
    if query.joins.iter().any(Joined::adds) {
        let joins = query.joins.iter().filter(|join| join.adds()).map(|join| Join {
            kind: if join.kind == JoinKind::Left { "left" } else { "inner" },
            alias: join.source.alias.as_str().into(),
            on: conditions::on(join.on.iter().map(|(ours, theirs)| Code::text(format!("{ours} = {theirs}")))),
        });
        let joins = joins.collect();
        let r#where = conditions::of_matches(query);
        push(Step { name: "joined".into(), select: select(&query.joined), joins, r#where, ..Step::default() });
    }
    let conditions = conditions::of_query(query);
    if !conditions.is_empty() {
        let filters = !query.filters.is_empty() || query.joins.iter().any(|join| !join.adds());
        let name = if filters { "filtered" } else { "in_window" };
        push(Step { name: name.into(), select: vec!["select *".into()], r#where: conditions, ..Step::default() });
    }
    if let Some(dedupe) = &query.dedupe {
        match &dedupe.place {
            Some(place) => {
                push(Step {
                    name: "numbered".into(),
                    select: select_beside(std::slice::from_ref(place)),
                    ..Step::default()
                });
                let first = Code::text(format!("{} = 1", place.name));
                let stays = Code::Chain("or", std::iter::once(first).chain(dedupe.keep.iter().cloned()).collect());
                let stays = conditions::under_where(stays.lines(8, 0));
                push(Step {
                    name: "deduplicated".into(),
                    select: select(&dedupe.columns),
                    r#where: stays,
                    ..Step::default()
                });
            }
            None => {
                push(Step { name: "deduplicated".into(), select: vec!["select distinct *".into()], ..Step::default() });
            }
        }
    }
    if !query.places.is_empty() {
        push(Step { name: "ordered".into(), select: select_beside(&query.places), ..Step::default() });
    }
    if !query.measures.is_empty() || !query.groups.is_empty() {
        let targets: Vec<Target> = query.groups.iter().chain(&query.measures).cloned().collect();
        let groups: Vec<&Code> = query.groups.iter().map(|g| &g.code).collect();
        push(Step {
            name: "aggregated".into(),
            select: select(&targets),
            group_by: group_by(&groups),
            ..Step::default()
        });
    } else if !query.columns.is_empty() {
        push(Step { name: "selected".into(), select: select(&query.columns), ..Step::default() });
    }
    steps.extend(result::steps(&query.after, &mut last));
    let base = Source { alias: &query.base.alias, model: &query.base.model, r#where: Vec::new() };
    let joined = query.joins.iter().map(|join| Source {
        alias: &join.source.alias,
        model: &join.source.model,
        r#where: conditions::of_join(join),
    });
    let sources = std::iter::once(base).chain(joined).collect();
    Mart { sources, steps, last }
}

/// The lines of `select …`; one column stands beside the word.
fn select(targets: &[Target]) -> Vec<String> {
    if let [only] = targets {
        let lines = column(only, 11, "");
        return lines.into_iter().enumerate().map(|(i, l)| if i == 0 { format!("select {l}") } else { l }).collect();
    }
    std::iter::once("select".to_owned()).chain(columns(targets)).collect()
}

/// The lines of a select of everything there is and more.
fn select_beside(targets: &[Target]) -> Vec<String> {
    ["select", "    *,"].into_iter().map(str::to_owned).chain(columns(targets)).collect()
}

fn columns(targets: &[Target]) -> Vec<String> {
    let mut out = Vec::new();
    for (i, target) in targets.iter().enumerate() {
        let comma = if i + 1 < targets.len() { "," } else { "" };
        out.extend(column(target, 8, comma).into_iter().map(|line| format!("    {line}")));
    }
    out
}

fn column(target: &Target, indent: usize, comma: &str) -> Vec<String> {
    let mut alias = format!(" as {}", target.name);
    // A column that keeps its name needs no other.
    if matches!(&target.code, Code::Text(text) if text.rsplit('.').next() == Some(target.name.as_str())) {
        alias.clear();
    }
    let mut lines = target.code.lines(indent, alias.chars().count() + comma.len());
    if let Some(last) = lines.last_mut() {
        last.push_str(&alias);
        last.push_str(comma);
    }
    lines
}

fn group_by(groups: &[&Code]) -> Vec<String> {
    let flat = groups.iter().map(|g| g.flat()).collect::<Vec<_>>().join(", ");
    if groups.is_empty() || flat.chars().count() + 13 <= WIDTH {
        return groups.first().map(|_| flat).into_iter().collect();
    }
    let mut out = Vec::new();
    for (i, group) in groups.iter().enumerate() {
        let mut lines = group.lines(8, 1);
        if let Some(last) = lines.last_mut().filter(|_| i + 1 < groups.len()) {
            last.push(',');
        }
        out.extend(lines);
    }
    out
}
