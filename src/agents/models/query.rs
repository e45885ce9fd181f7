//! A model over models: joins, window, conditions, then groups and measures or columns, each lowered against what the
//! models that it reads hold.

use std::collections::BTreeSet;

use indexmap::IndexMap;

use super::result::Shaping;
use super::rows::{Rows, grain, joined};
use super::{Body, Column, Joined, Models, Part, Query, Resolved, Target, Written, describe, simple_first};
use crate::agents::schema::named;
use crate::plan::Context;
use crate::proposal::Layer;
use crate::spec::Materialization;
use crate::sql::lower::{Lowered, ScopeColumn, lower};
use crate::vocabulary::{Diagnostic, Name};

pub(super) fn resolve(
    context: &Context<'_>,
    models: &Models,
    all: &[Written<'_>],
    faults: &mut Vec<Diagnostic>,
) -> Option<Resolved> {
    let written = &all[0];
    let model = written.model;
    let crate::vocabulary::Relation::Model(from) = &model.from else { return None };
    let intermediate = model.name.as_str().starts_with("int_");
    let layer = if intermediate { Layer::Intermediate } else { Layer::Marts };
    let usual = if intermediate { Materialization::View } else { Materialization::Table };
    let mut resolved = Resolved {
        name: model.name.clone(),
        layer,
        pipelines: Written::pipelines(all),
        description: String::new(),
        materialization: model.materialization.unwrap_or(usual),
        columns: None,
        grain: Vec::new(),
        from: Some(from.clone()),
        body: Body::Sql(String::new()),
        macros: BTreeSet::new(),
        part: Part::GoesOn,
    };
    let before = faults.len();
    contradictions(written, faults);
    if let Some(sql) = &model.sql {
        let text = model.description.clone().unwrap_or_else(|| format!("{} by its own query.", model.name));
        resolved.description = describe::sentence(&text);
        resolved.body = Body::Sql(format!("{}\n", sql.trim_end()));
        // What its columns mean; their types are the query's own.
        let column = |(name, rule): (&Name, &crate::spec::ColumnRule)| Column {
            name: name.clone(),
            description: describe::sentence(&rule.description.clone().unwrap_or_else(|| format!("{name}."))),
            data_type: None,
            nullable: true,
            pii: None,
            cleaned: None,
            landed: false,
        };
        resolved.columns = (!model.columns.is_empty()).then(|| model.columns.iter().map(column).collect());
        return (faults.len() == before).then_some(resolved);
    }
    let base = models.get(from.as_str())?;
    let mut work = Work { context, models, written, faults, macros: BTreeSet::new(), columns: Vec::new() };
    let query = work.query(base)?;
    resolved.macros = work.macros;
    resolved.columns = work.columns.last().cloned().flatten();
    if faults.len() > before {
        return None;
    }
    resolved.grain = grain(model, base, models, &query);
    // The one row of each `per` is told by it.
    if let Some(top) = model.top.as_ref().filter(|t| t.rows == 1 && !t.per.is_empty()) {
        resolved.grain = top.per.clone();
    }
    resolved.description = describe::query(model, base, &resolved.grain);
    resolved.body = Body::Query(Box::new(query));
    Some(resolved)
}

/// Fields that exclude each other.
fn contradictions(written: &Written<'_>, faults: &mut Vec<Diagnostic>) {
    let model = written.model;
    let grouping = !model.group_by.is_empty() || !model.measures.is_empty();
    let rest = [
        ("joins", !model.joins.is_empty()),
        ("where", !model.filters.is_empty()),
        ("window", model.window.is_some()),
        ("dedupe", model.dedupe.is_some()),
        ("columns", model.columns.values().any(|rule| !rule.is_description())),
        ("group_by", !model.group_by.is_empty()),
        ("measures", !model.measures.is_empty()),
        ("fill", model.fill.is_some()),
        ("having", !model.having.is_empty()),
        ("windowed", !model.windowed.is_empty()),
        ("top", model.top.is_some()),
    ];
    for (field, there) in rest {
        if model.sql.is_some() && there {
            let fault = Diagnostic::error("model-shape", format!("a model with `sql` has no `{field}`"));
            faults.push(fault.at(written.place(field)).next("say it in the query, or leave `sql` out"));
        }
    }
    if model.sql.is_none() && grouping && !model.columns.is_empty() {
        let fault = Diagnostic::error("model-shape", "the columns of a model that groups are its groups and measures");
        faults.push(fault.at(written.place("columns")).next("move them to `group_by` or `measures`"));
    }
}

pub(super) struct Work<'a, 'b> {
    pub(super) context: &'a Context<'a>,
    pub(super) models: &'a Models,
    pub(super) written: &'a Written<'b>,
    pub(super) faults: &'a mut Vec<Diagnostic>,
    pub(super) macros: BTreeSet<Name>,
    /// The columns of the result, once they are known.
    columns: Vec<Option<Vec<Column>>>,
}

impl<'a> Work<'a, '_> {
    fn query(&mut self, base: &'a Resolved) -> Option<Query> {
        let model = self.written.model;
        let sources = self.sources(base)?;
        let (mut rows, joins) = self.rows(&sources)?;
        let window = model.window.as_ref().and_then(|window| self.window(window, "window", &mut rows));
        let filters = self.conditions(&model.filters, "where", &mut rows);
        let dedupe = model.dedupe.as_ref().and_then(|dedupe| self.dedupe(dedupe, base, &mut rows));
        let (mut groups, mut measures, mut columns) = (Vec::new(), Vec::new(), Vec::new());
        let (mut result, mut places) = (Vec::new(), Vec::new());
        if model.group_by.is_empty() && model.measures.is_empty() {
            columns = self.select(&mut rows, &mut result);
        } else {
            groups = self.groups(&mut rows, &mut result);
            (measures, places) = self.measures(base, &groups, &mut rows, &mut result);
        }
        // Where every column passes and some of them are unknown, so is the result.
        let known = rows.scope.open.is_empty() || !(groups.is_empty() && measures.is_empty() && columns.is_empty());
        let order: Vec<&Name> = groups.iter().chain(&measures).chain(&columns).map(|t| &t.name).collect();
        result.sort_by_key(|c: &Column| order.iter().position(|name| **name == c.name));
        let dedupe = dedupe.map(|dedupe| dedupe.of(&mut rows));
        let joined = if joins.iter().any(Joined::adds) { joined(&rows) } else { Vec::new() };
        let mut sources = sources.into_iter();
        let source = sources.next()?.0;
        let after = Vec::new();
        let mut query =
            Query { base: source, joins, joined, window, filters, dedupe, places, groups, measures, columns, after };
        let grain = grain(model, base, self.models, &query);
        let written = self.written;
        let place = |rest: &str| written.place(rest);
        let (faults, macros) = (&mut *self.faults, &mut self.macros);
        let mut shaping = Shaping { model, grain, columns: known.then_some(result), place: &place, faults, macros };
        query.after = shaping.steps();
        self.columns.push(shaping.columns);
        self.unique(&self.columns.last().cloned().flatten().unwrap_or_default());
        Some(query)
    }

    fn groups(&mut self, rows: &mut Rows<'_>, result: &mut Vec<Column>) -> Vec<Target> {
        let mut targets = Vec::new();
        for (i, group) in self.written.model.group_by.iter().enumerate() {
            let expr = group.expr.as_deref().unwrap_or(group.name.as_str());
            let Some(lowered) = self.scalar(expr, &format!("group_by.{i}"), rows) else { continue };
            let read = only(&lowered, rows);
            let description = match (&group.description, lowered.plain, read) {
                (Some(text), ..) => describe::sentence(text),
                (None, true, Some(column)) => column.description.clone(),
                (None, _, read) => describe::group(expr, read.map(|c| c.name.as_str()), lowered.data_type),
            };
            targets.push(Target { name: group.name.clone(), code: lowered.code.clone() });
            result.push(derived(&group.name, description, &lowered, rows));
        }
        simple_first(targets)
    }

    /// The columns of a model that does not group. Where none are named all pass, and joined ones are written out.
    fn select(&mut self, rows: &mut Rows<'_>, result: &mut Vec<Column>) -> Vec<Target> {
        if self.written.model.columns.is_empty() {
            for (at, column) in rows.columns.iter().enumerate().filter(|(at, _)| !rows.scope.columns[*at].hidden) {
                rows.used.insert(at);
                let ScopeColumn { sql, nullable, .. } = &rows.scope.columns[at];
                let name = named(sql);
                result.push(Column { name, nullable: *nullable, landed: false, ..(*column).clone() });
            }
            return Vec::new();
        }
        let mut targets = Vec::new();
        for (name, rule) in &self.written.model.columns {
            let at = format!("columns.{name}");
            let Some(lowered) = self.scalar(rule.expr.as_deref().unwrap_or(name.as_str()), &at, rows) else { continue };
            let description = match (only(&lowered, rows).filter(|_| lowered.plain), &rule.expr) {
                (Some(column), _) => column.description.clone(),
                (None, Some(expr)) => format!("Computed as `{expr}`."),
                (None, None) => format!("{name} of {}.", self.written.model.name),
            };
            let mut column = derived(name, description, &lowered, rows);
            let mut code = lowered.code;
            match self.context.config.cleaner(rule, column.data_type) {
                Err((field, fault)) => self.faults.push(fault.at(self.place(&format!("{at}.{field}")))),
                Ok(Some(used)) => {
                    code = used.rule.call(&code, &used.arguments);
                    self.macros.insert(used.rule.macro_name());
                    column.clean(used);
                }
                Ok(None) => {}
            }
            match self.context.config.rules.hider(rule, column.data_type) {
                Err(fault) => self.faults.push(fault.at(self.place(&format!("{at}.mask")))),
                Ok(Some(mask)) => {
                    code = mask.call(&code, &IndexMap::new());
                    self.macros.insert(mask.macro_name());
                    let description = mask.description.clone();
                    column = Column { data_type: Some(mask.gives), pii: None, cleaned: None, description, ..column };
                }
                Ok(None) => {}
            }
            if let Some(text) = &rule.description {
                column.description = describe::sentence(text);
            }
            targets.push(Target { name: name.clone(), code });
            result.push(column);
        }
        simple_first(targets)
    }

    fn unique(&mut self, result: &[Column]) {
        let mut seen = BTreeSet::new();
        for column in result.iter().filter(|c| !seen.insert(&c.name)) {
            let what = format!("`{}` has two columns `{}`", self.written.model.name, column.name);
            self.faults.push(Diagnostic::error("column-twice", what).at(self.place("")).next("rename one of them"));
        }
    }

    /// An expression without aggregates.
    pub(super) fn scalar(&mut self, text: &str, at: &str, rows: &mut Rows<'_>) -> Option<Lowered> {
        let lowered = self.lower(text, at, rows)?;
        if lowered.aggregate {
            let fault = Diagnostic::error("aggregate", "an aggregate can't stand here").at(self.place(at));
            self.faults.push(fault.next("aggregates are `measures`"));
            return None;
        }
        Some(lowered)
    }

    pub(super) fn lower(&mut self, text: &str, at: &str, rows: &mut Rows<'_>) -> Option<Lowered> {
        match lower(text, &rows.scope) {
            Ok(lowered) => {
                rows.used.extend(&lowered.uses);
                self.calls(&lowered);
                Some(lowered)
            }
            Err(fault) => {
                self.faults.push(fault.at(self.place(at)));
                None
            }
        }
    }

    /// Keeps the macros that an expression calls.
    pub(super) fn calls(&mut self, lowered: &Lowered) {
        self.macros.extend(lowered.macros.iter().filter_map(|m| Name::parse(m).ok()));
    }

    pub(super) fn place(&self, rest: &str) -> crate::vocabulary::Place {
        self.written.place(rest)
    }
}

/// The one column that an expression reads.
fn only<'m>(lowered: &Lowered, rows: &Rows<'m>) -> Option<&'m Column> {
    let mut uses = lowered.uses.iter();
    uses.next().filter(|_| uses.next().is_none()).map(|at| rows.columns[*at])
}

/// A column of which nothing but the name is known.
pub(super) fn unknown_column(name: &Name) -> Column {
    Column {
        name: name.clone(),
        description: String::new(),
        data_type: None,
        nullable: true,
        pii: None,
        cleaned: None,
        landed: false,
    }
}

/// A column of the result. Personal data stays personal whatever is computed from it.
pub(super) fn derived(name: &Name, description: String, lowered: &Lowered, rows: &Rows<'_>) -> Column {
    Column {
        name: name.clone(),
        description,
        data_type: lowered.data_type,
        nullable: lowered.nullable,
        pii: lowered.uses.iter().find_map(|at| rows.columns[*at].pii.clone()),
        cleaned: None,
        landed: false,
    }
}
