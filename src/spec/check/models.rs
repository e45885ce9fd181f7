//! What can be wrong in one model.

use std::collections::BTreeSet;

use super::columns::{World, in_scope};
use super::{Found, joins, near};
use crate::spec::{Model, Rules};
use crate::sql::{Checked, ScopeRelation, Text, check_expression, expression};
use crate::vocabulary::{Diagnostic, Dialect, Name, Relation, TableRef, Window};

/// What an expression may be.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Form {
    /// Of one row.
    Scalar,
    /// Of one row, and true or false.
    Condition,
    /// Of a group.
    Aggregate,
}

/// A model, its path in the document, and what it can name.
pub(super) struct Checking<'a, 'f> {
    pub(super) model: &'a Model,
    pub(super) path: &'a str,
    pub(super) scope: Vec<(&'a str, &'a ScopeRelation)>,
    pub(super) rules: &'a Rules,
    pub(super) found: &'a mut Found<'f>,
}

pub(super) fn check(model: &Model, path: &str, world: &World<'_>, found: &mut Found<'_>) {
    if model.sql.is_some() {
        whole_sql(model, path, found);
        reads(model, path, world, found);
        return;
    }
    if !reads(model, path, world, found) {
        return;
    }
    let mut seen = BTreeSet::from([model.name.clone()]);
    let from = world.relation(&model.from, &mut seen);
    let joined = world.joined(model, &mut seen);
    joins::check(model, &from, &joined, path, world.rules, found);
    let scope = in_scope(model, &from, &joined);
    let mut checking = Checking { model, path, scope, rules: world.rules, found };
    checking.parts();
    checking.dedupe();
    checking.set_aside(world);
    checking.columns();
    checking.groups();
    super::result::check(model, path, world, found);
}

/// What a model reads must be there.
fn reads(model: &Model, path: &str, world: &World<'_>, found: &mut Found<'_>) -> bool {
    let mut there = true;
    match &model.from {
        Relation::Table(table) if !world.contracts.contains_key(table) => {
            let known: Vec<String> = world.contracts.keys().map(TableRef::to_string).collect();
            let fault = Diagnostic::error("unknown-table", format!("no contract describes `{table}`"));
            found.at(&format!("{path}.from"), near(fault, &table.to_string(), known.iter().map(String::as_str)));
            there = false;
        }
        Relation::Model(name) => there = known_model(name, &format!("{path}.from"), world, found),
        Relation::Table(_) => {}
    }
    for (i, join) in model.joins.iter().enumerate() {
        there &= known_model(&join.to, &format!("{path}.joins.{i}.to"), world, found);
    }
    joins::names(model, path, found);
    there
}

fn known_model(name: &Name, path: &str, world: &World<'_>, found: &mut Found<'_>) -> bool {
    let there = world.models.contains_key(name);
    if !there {
        let fault = Diagnostic::error("unknown-model", format!("there is no model `{name}`"));
        found.at(path, near(fault, name.as_str(), world.models.keys().map(|n| n.as_str())));
    }
    there
}

fn whole_sql(model: &Model, path: &str, found: &mut Found<'_>) {
    let others = [
        ("joins", model.joins.is_empty()),
        ("where", model.filters.is_empty()),
        ("window", model.window.is_none()),
        ("dedupe", model.dedupe.is_none()),
        ("set_aside", model.set_aside.is_empty()),
        ("group_by", model.group_by.is_empty()),
        ("measures", model.measures.is_empty()),
        ("fill", model.fill.is_none()),
        ("having", model.having.is_empty()),
        ("windowed", model.windowed.is_empty()),
        ("top", model.top.is_none()),
    ];
    for (field, _) in others.into_iter().filter(|(_, empty)| !empty) {
        let fault =
            Diagnostic::error("sql-and-more", format!("`sql` is the whole query, and `{field}` stands beside it"));
        found.at(&format!("{path}.{field}"), fault.next("say it in the SQL, or leave `sql` out"));
    }
}

impl Checking<'_, '_> {
    pub(super) fn fault(&mut self, path: &str, fault: Diagnostic) {
        self.found.at(&format!("{}.{path}", self.path), fault);
    }

    /// An expression of the document; the place of what is wrong in it is its path.
    pub(super) fn expression(&mut self, path: &str, text: &str, form: Form) -> Option<Checked> {
        let whole = format!("{}.{path}", self.path);
        let place = Text::new(self.found.file, &whole, text);
        // Read as ANSI SQL; the generated model is read in each target's dialect later.
        let checked = expression(&place, super::columns::ANSI)
            .and_then(|e| check_expression(&place, &e, &self.scope, &[Dialect::Postgres]));
        let checked = match checked {
            Ok(checked) => checked,
            Err(faults) => {
                for fault in faults {
                    self.within(path, text, fault);
                }
                return None;
            }
        };
        let fault = if checked.subquery {
            Some(
                Diagnostic::error("subquery", "an expression has no query of its own")
                    .next("join a model, or use `sql`"),
            )
        } else if checked.windows {
            Some(Diagnostic::error("window-function", "an expression has no window function").next("use `sql`"))
        } else if checked.aggregates && form != Form::Aggregate {
            Some(
                Diagnostic::error("aggregate", "an aggregate stands where one row is looked at")
                    .next("make it a measure, or filter in a model that reads this one"),
            )
        } else if form == Form::Condition && (checked.column_type.is_text() || checked.column_type.is_temporal()) {
            Some(Diagnostic::error("type-clash", format!("a condition is due, and this is {}", checked.column_type)))
        } else {
            None
        };
        if let Some(fault) = fault {
            self.fault(path, fault);
        }
        Some(checked)
    }

    /// A fault inside an expression: where in the text is said in words, the place is that of the field.
    fn within(&mut self, path: &str, text: &str, fault: Diagnostic) {
        let column = fault.place.as_ref().and_then(|p| p.column).filter(|c| *c > 1 && !text.contains('\n'));
        let why = match (&fault.why, column) {
            (None, Some(column)) => Some(format!("at character {column} of `{}`", shortened(text))),
            (why, _) => why.clone(),
        };
        self.fault(path, Diagnostic { why, place: None, ..fault });
    }

    fn parts(&mut self) {
        for (i, filter) in self.model.filters.iter().enumerate() {
            self.expression(&format!("where.{i}"), filter, Form::Condition);
        }
        if let Some(window) = &self.model.window {
            self.window(window, "window.column");
        }
    }

    /// The column of a window.
    pub(super) fn window(&mut self, window: &Window, at: &str) {
        if window.last.is_some() == window.this.is_some() && (window.last.is_some() || window.until.is_none()) {
            let fault = Diagnostic::error("window-shape", "a window starts somewhere, at one place");
            self.fault(at, fault.next("one of `last: 30 days` and `this: month`, or `until: day` alone"));
        }
        // The base's column where it has one, however many others do.
        let base = self.scope.first().filter(|(_, r)| r.columns.iter().any(|(n, _)| window.column == *n.as_str()));
        let column = base.map_or_else(|| window.column.to_string(), |(name, _)| format!("{name}.{}", window.column));
        let Some(checked) = self.expression(at, &column, Form::Scalar) else { return };
        if !checked.column_type.is_not_temporal() {
            return;
        }
        let fault = Diagnostic::error(
            "not-temporal",
            format!("a window needs a date or timestamp, and `{}` is {}", window.column, checked.column_type),
        );
        let columns = self.scope.iter().flat_map(|(_, r)| &r.columns);
        let dated: Vec<&str> = columns.filter(|(_, t)| t.is_temporal()).map(|(n, _)| n.as_str()).collect();
        let fault = if dated.is_empty() { fault } else { fault.next(format!("one of `{}`", dated.join("`, `"))) };
        self.fault(at, fault);
    }

    fn columns(&mut self) {
        let staging = matches!(self.model.from, Relation::Table(_));
        for (name, rule) in &self.model.columns {
            let path = format!("columns.{name}");
            let checked = match &rule.expr {
                Some(expr) => self.expression(&format!("{path}.expr"), expr, Form::Scalar),
                // The column itself: its name is an expression.
                None => self.expression(&path, name.as_str(), Form::Scalar),
            };
            let of = checked.and_then(|c| c.column_type.exact());
            if rule.clean.is_none() && !rule.args.is_empty() {
                let fault = Diagnostic::error("arguments", "arguments without a cleaning rule").next("add `clean`");
                self.fault(&format!("{path}.args"), fault);
            }
            if let Err((field, fault)) = self.rules.cleaner(rule, of, &|_| None) {
                self.fault(&format!("{path}.{field}"), fault);
            }
            if let Err(fault) = rule.mask.as_ref().map_or(Ok(()), |mask| self.rules.mask(mask).map(|_| ())) {
                self.fault(&format!("{path}.mask"), fault);
            }
        }
        if staging && !self.model.joins.is_empty() {
            let fault = Diagnostic::error("staging-join", "a staging model reads one table")
                .next("join in a model that reads this one");
            self.fault("joins", fault);
        }
    }

    fn groups(&mut self) {
        let model = self.model;
        if model.group_by.is_empty() && model.measures.is_empty() {
            return;
        }
        if model.measures.is_empty() {
            let fault = Diagnostic::error("no-measures", "a model that groups computes nothing")
                .next("add `measures`, or leave `group_by` out");
            self.fault("group_by", fault);
        }
        if !model.columns.is_empty() {
            let fault = Diagnostic::error(
                "columns-and-groups",
                "the columns of a model that groups are its groups and measures",
            )
            .next("leave `columns` out");
            self.fault("columns", fault);
        }
        if matches!(model.from, Relation::Table(_)) {
            let fault = Diagnostic::error("staging-group", "a staging model passes rows on")
                .next("group in a model that reads this one");
            self.fault("group_by", fault);
        }
        let mut names = BTreeSet::new();
        for (i, group) in model.group_by.iter().enumerate() {
            let path = format!("group_by.{}", group.name);
            if !names.insert(&group.name) {
                self.fault(&path, Diagnostic::error("duplicate-column", format!("`{}` is there twice", group.name)));
            }
            match &group.expr {
                Some(expr) => drop(self.expression(&format!("group_by.{i}.expr"), expr, Form::Scalar)),
                None => drop(self.expression(&format!("group_by.{i}.name"), group.name.as_str(), Form::Scalar)),
            }
        }
        for (i, measure) in model.measures.iter().enumerate() {
            if !names.insert(&measure.name) {
                let path = format!("measures.{i}.name");
                self.fault(&path, Diagnostic::error("duplicate-column", format!("`{}` is there twice", measure.name)));
            }
            let Some((function, text)) = measure.function() else {
                let fault =
                    Diagnostic::error("measure-function", format!("`{}` names no function, or several", measure.name))
                        .next("exactly one of count, count_distinct, sum, avg, min, max, median, first, last, expr");
                self.fault(&format!("measures.{i}"), fault);
                continue;
            };
            self.measure(i, measure, function, text);
        }
    }
}

fn shortened(text: &str) -> String {
    if text.chars().count() <= 80 { text.to_owned() } else { text.chars().take(80).chain(['…']).collect() }
}
