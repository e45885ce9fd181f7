//! Transformation: dbt models, laid out by templates from resolved queries, and the macros that they call.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::because::Maker;
use super::cleaning;
use super::models::{Body, Query, Resolved, Target};
use super::{Agent, Brief};
use crate::plan::{Role, Task};
use crate::proposal::{Artifact, DbtModel, Layer, Macro, MacroForm, ModelColumn, Proposal};
use crate::spec::JoinKind;
use crate::sql::lower::{Code, WIDTH, date_add};
use crate::template;
use crate::vocabulary::{DataType, Fault, Name, Outcome, Span, Unit, Window};

pub(super) const AGENT: Agent = Agent {
    role: Role::Transformation,
    about: "writes the dbt models and the macros that they call",
    needs: &["contracts", "spec"],
    gives: &["DbtModel", "Macro"],
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
                for name in model.macros.iter().cloned().chain(called(&model.body)) {
                    macros.entry(name).or_insert(&model.name);
                }
                let artifact = Artifact::DbtModel(dbt_model(model, sql));
                proposals.push(maker.of_spec(&format!("models.{}", model.name), why(model), artifact));
            }
            Err(fault) => faults.extend(fault.diagnostics),
        }
    }
    let project = &brief.context.config.name;
    let mut done = BTreeSet::new();
    for (name, model) in macros {
        match files(&name, project) {
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

fn dbt_model(model: &Resolved, sql: String) -> DbtModel {
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
fn called(body: &Body) -> Vec<Name> {
    let Body::Sql(sql) = body else { return Vec::new() };
    let cleaners = cleaning::names().into_iter().map(|rule| format!("clean_{rule}"));
    let all = ["as_of", "week_start", "percentile"].into_iter().map(str::to_owned).chain(cleaners);
    all.filter(|name| sql.contains(&format!("{name}("))).filter_map(|name| Name::parse(&name).ok()).collect()
}

/// The file of a macro, and those of the helpers that it calls itself.
fn files(name: &Name, project: &Name) -> Outcome<Vec<Macro>> {
    let Some(rule) = name.as_str().strip_prefix("clean_").and_then(cleaning::rule) else {
        return Ok(vec![helper(name, project)?]);
    };
    let mut files = vec![rule.cleaner(project)?];
    for used in rule.uses.iter().chain(rule.test.iter().flat_map(|t| &t.uses)) {
        files.push(helper(used, project)?);
    }
    Ok(files)
}

fn helper(name: &Name, project: &Name) -> Outcome<Macro> {
    let text = template::render(&format!("dbt/macros/{name}.sql"), BTreeMap::from([("project", project)]))?;
    Ok(Macro { name: name.clone(), form: MacroForm::Macro, text })
}

#[derive(Serialize)]
struct Staging<'a> {
    source: &'a Name,
    table: &'a Name,
    step: &'static str,
    select: Vec<String>,
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
}

#[derive(Default, Serialize)]
struct Step<'a> {
    name: &'static str,
    select: Vec<String>,
    from: String,
    joins: Vec<Join<'a>>,
    r#where: Vec<String>,
    group_by: Vec<String>,
}

#[derive(Serialize)]
struct Join<'a> {
    kind: &'static str,
    alias: &'a Name,
    on: Vec<String>,
}

/// The text of a model.
fn sql(model: &Resolved) -> Outcome<String> {
    match &model.body {
        Body::Sql(sql) => Ok(sql.clone()),
        Body::Staging { table, targets } => {
            let cleans = targets.iter().any(|t| matches!(t.code, Code::Jinja(_)));
            let step = if cleans { "cleaned" } else { "renamed" };
            let select = select(targets);
            template::render(
                "dbt/models/staging.sql",
                Staging { source: &table.source, table: &table.table, step, select },
            )
        }
        Body::Query(query) => template::render("dbt/models/mart.sql", mart(query)),
    }
}

fn mart<'a>(query: &'a Query) -> Mart<'a> {
    let mut last = query.base.alias.to_string();
    let mut steps: Vec<Step<'a>> = Vec::new();
    let mut push = |step: Step<'a>| {
        let from = std::mem::replace(&mut last, step.name.to_owned());
        steps.push(Step { from, ..step });
    };
    if !query.joins.is_empty() {
        let joins = query.joins.iter().map(|join| Join {
            kind: if join.kind == JoinKind::Left { "left" } else { "inner" },
            alias: &join.source.alias,
            on: join.on.iter().map(|(ours, theirs)| format!("{ours} = {theirs}")).collect(),
        });
        let joins = joins.collect();
        push(Step { name: "joined", select: select(&query.joined), joins, ..Step::default() });
    }
    let conditions = conditions(query);
    if !conditions.is_empty() {
        let name = if query.filters.is_empty() { "in_window" } else { "filtered" };
        push(Step { name, select: vec!["select *".into()], r#where: conditions, ..Step::default() });
    }
    if let Some(dedupe) = &query.dedupe {
        match &dedupe.place {
            Some(place) => {
                push(Step { name: "numbered", select: select_beside(std::slice::from_ref(place)), ..Step::default() });
                let first = Code::text(format!("{} = 1", place.name));
                let stays = Code::Chain("or", std::iter::once(first).chain(dedupe.keep.iter().cloned()).collect());
                let stays = stays.lines(8, 0);
                push(Step { name: "deduplicated", select: select(&dedupe.columns), r#where: stays, ..Step::default() });
            }
            None => {
                push(Step { name: "deduplicated", select: vec!["select distinct *".into()], ..Step::default() });
            }
        }
    }
    if !query.places.is_empty() {
        push(Step { name: "ordered", select: select_beside(&query.places), ..Step::default() });
    }
    if !query.measures.is_empty() || !query.groups.is_empty() {
        let targets: Vec<Target> = query.groups.iter().chain(&query.measures).cloned().collect();
        let groups: Vec<&Code> = query.groups.iter().map(|g| &g.code).collect();
        push(Step { name: "aggregated", select: select(&targets), group_by: group_by(&groups), ..Step::default() });
    } else if !query.columns.is_empty() {
        push(Step { name: "selected", select: select(&query.columns), ..Step::default() });
    }
    let sources = std::iter::once(&query.base).chain(query.joins.iter().map(|j| &j.source));
    let sources = sources.map(|s| Source { alias: &s.alias, model: &s.model }).collect();
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

/// Window and conditions, one a line, `and` before all but the first.
fn conditions(query: &Query) -> Vec<String> {
    let window = query.window.iter().flat_map(|(window, column, data_type)| bounds(window, column, *data_type));
    let conditions: Vec<Code> = window.chain(query.filters.iter().cloned()).collect();
    if let [only] = conditions.as_slice() {
        return only.lines(10, 0);
    }
    let mut lines = Vec::new();
    for (i, condition) in conditions.iter().enumerate() {
        let head = if i == 0 { "" } else { "and " };
        let mut next = condition.lines(8 + head.len(), 0).into_iter();
        lines.extend(next.next().map(|first| format!("{head}{first}")));
        lines.extend(next);
    }
    lines
}

/// `[as_of − last, as_of)` over a column; days for a date.
fn bounds(window: &Window, column: &Code, data_type: Option<DataType>) -> [Code; 2] {
    let as_of = Code::Jinja("as_of()".into());
    let last = window.last.unwrap_or(Span { count: 1, unit: Unit::Day });
    let start = date_add(last.unit.as_str(), -i64::from(last.count), &as_of);
    let bound =
        |code: Code| if data_type == Some(DataType::Date) { Code::cast(code, Code::text("date")) } else { code };
    [(" >= ", start), (" < ", as_of)].map(|(word, end)| Code::Seq(vec![column.clone(), Code::text(word), bound(end)]))
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
