//! What can be wrong in the steps after the groups: `fill`, `having`, `windowed`, `top`. They name columns of the result.

use std::collections::BTreeSet;

use super::columns::World;
use super::models::{Checking, Form};
use super::{Found, near};
use crate::spec::{Fill, Model, Over, Top, Windowed};
use crate::sql::{ColumnType, ScopeRelation};
use crate::vocabulary::{DataType, Diagnostic, Name, Relation, Unit};

/// A result with what is computed from its rows.
pub(super) fn given(model: &Model, mut rows: ScopeRelation) -> ScopeRelation {
    for windowed in &model.windowed {
        let ty = windowed.over().map_or(ColumnType::Unknown, |(over, of)| match over {
            Over::Rank => DataType::Integer.into(),
            Over::Running | Over::MovingSum | Over::Previous | Over::Change => column(&rows, of).unwrap_or_default(),
            Over::MovingAverage | Over::Growth | Over::Share => ColumnType::Number,
        });
        rows.columns.push((windowed.name.to_string(), ty));
    }
    // The one row of each `per` is told by it.
    if let Some(top) = model.top.as_ref().filter(|t| t.rows == 1 && !t.per.is_empty()) {
        rows.keys.insert(0, top.per.iter().map(Name::to_string).collect());
    }
    rows
}

fn column(of: &ScopeRelation, name: &Name) -> Option<ColumnType> {
    of.columns.iter().find(|(n, _)| name == n.as_str()).map(|(_, t)| *t)
}

pub(super) fn check(model: &Model, path: &str, world: &World<'_>, found: &mut Found<'_>) {
    let steps = [
        ("fill", model.fill.is_some()),
        ("having", !model.having.is_empty()),
        ("windowed", !model.windowed.is_empty()),
        ("top", model.top.is_some()),
    ];
    if matches!(model.from, Relation::Table(_)) {
        for (field, _) in steps.into_iter().filter(|(_, there)| *there) {
            let fault = Diagnostic::error("staging-result", format!("a staging model has no `{field}`"));
            found.at(&format!("{path}.{field}"), fault.next("say it in a model that reads this one"));
        }
        return;
    }
    if steps.iter().all(|(_, there)| !there) {
        return;
    }
    let rows = world.rows(model, &mut BTreeSet::from([model.name.clone()]));
    if let Some(fill) = &model.fill {
        check_fill(model, fill, path, &rows, found);
    }
    if let Some(fill) = &model.fill {
        let no_columns = ScopeRelation { keys: Vec::new(), columns: Vec::new(), ..rows.clone() };
        let mut checking =
            Checking { model, path, scope: vec![(model.name.as_str(), &no_columns)], rules: world.rules, found };
        for (field, end) in [("fill.from", &fill.from), ("fill.to", &fill.to)] {
            if let Some(text) = end {
                checking.expression(field, text, Form::Scalar);
            }
        }
    }
    let mut so_far = ScopeRelation { keys: Vec::new(), ..rows };
    for (i, windowed) in model.windowed.iter().enumerate() {
        let mut checking =
            Checking { model, path, scope: vec![(model.name.as_str(), &so_far)], rules: world.rules, found };
        checking.windowed(windowed, i, &so_far);
        so_far.columns.extend(given(&only(model, windowed), so_far.clone()).columns.pop());
    }
    let mut checking = Checking { model, path, scope: vec![(model.name.as_str(), &so_far)], rules: world.rules, found };
    for (i, condition) in model.having.iter().enumerate() {
        checking.expression(&format!("having.{i}"), condition, Form::Condition);
    }
    if let Some(top) = &model.top {
        checking.top(top, &so_far);
    }
}

/// The model with one of its windowed measures.
fn only(model: &Model, windowed: &Windowed) -> Model {
    let mut alone = Model::new(model.name.clone(), model.from.clone());
    alone.windowed = vec![windowed.clone()];
    alone
}

fn check_fill(model: &Model, fill: &Fill, path: &str, rows: &ScopeRelation, found: &mut Found<'_>) {
    let at = format!("{path}.fill.over");
    if !model.group_by.iter().any(|g| g.name == fill.over) {
        let fault = Diagnostic::error("fill-over", format!("`{}` is no group of the model", fill.over));
        let fault = near(fault, fill.over.as_str(), model.group_by.iter().map(|g| g.name.as_str()));
        found.at(&at, fault);
        return;
    }
    let Some(ty) = column(rows, &fill.over) else { return };
    if ty.is_not_temporal() {
        let what = format!("periods are filled over a date or timestamp, and `{}` is {ty}", fill.over);
        found.at(&at, Diagnostic::error("not-temporal", what));
    } else if fill.every == Unit::Hour && ty.exact() == Some(DataType::Date) {
        let what = format!("`{}` holds days, no hours", fill.over);
        found.at(&format!("{path}.fill.every"), Diagnostic::error("fill-every", what).next("`day` or longer"));
    }
}

impl Checking<'_, '_> {
    fn windowed(&mut self, windowed: &Windowed, i: usize, rows: &ScopeRelation) {
        let at = |field: &str| format!("windowed.{i}.{field}");
        if column(rows, &windowed.name).is_some() {
            let fault = Diagnostic::error("duplicate-column", format!("`{}` is there twice", windowed.name));
            self.fault(&at("name"), fault.next("rename one of them"));
        }
        let Some((over, of)) = windowed.over() else {
            let fault =
                Diagnostic::error("windowed-function", format!("`{}` names no function, or several", windowed.name));
            let next = "exactly one of running, moving_average, moving_sum, previous, change, growth, share, rank";
            self.fault(&format!("windowed.{i}"), fault.next(next));
            return;
        };
        if let Some(ty) = self.named(of, &at(over.field()), rows) {
            let numeric = !matches!(over, Over::Previous | Over::Rank);
            if numeric && ty.clashes(DataType::Integer.into()) {
                let what = format!("`{}` needs a number, and `{of}` is {ty}", over.field());
                self.fault(&at(over.field()), Diagnostic::error("type-clash", what).next("name a column of numbers"));
            }
        }
        for (n, per) in windowed.per.iter().enumerate() {
            self.named(per, &at(&format!("per.{n}")), rows);
        }
        let before = matches!(over, Over::Previous | Over::Change | Over::Growth);
        let misplaced = [
            ("order", windowed.order.is_some() && !over.ordered(), "it looks at no row before"),
            ("back", windowed.back.is_some() && !before, "only previous, change and growth look back"),
            ("rows", windowed.rows.is_some() && !over.moving(), "only moving_average and moving_sum take it"),
            ("ascending", windowed.ascending && over != Over::Rank, "only rank takes it"),
            (
                "percent",
                windowed.percent && !matches!(over, Over::Growth | Over::Share),
                "only growth and share take it",
            ),
        ];
        for (field, _, why) in misplaced.into_iter().filter(|(_, there, _)| *there) {
            let fault = Diagnostic::error("windowed-field", format!("`{}` has no `{field}`", over.field()));
            self.fault(&at(field), fault.why(why).next("leave it out"));
        }
        if over.moving() && windowed.rows.is_none_or(|rows| rows < 2) {
            let fault = Diagnostic::error("windowed-field", format!("a `{}` is over 2 rows or more", over.field()));
            self.fault(&at("rows"), fault.next("`rows: 7`"));
        }
        if windowed.back == Some(0) {
            let fault = Diagnostic::error("windowed-field", "`back` is at least 1: 0 rows before is the row itself");
            self.fault(&at("back"), fault.next("leave it out for the row before"));
        }
        match &windowed.order {
            Some(order) => drop(self.named(order, &at("order"), rows)),
            None if over.ordered() && !rows.open && default_order(self.model, rows).is_none() => {
                let what = format!("nothing says which row is before which for `{}`", windowed.name);
                let fault = Diagnostic::error("windowed-order", what).why("no group is a date or timestamp");
                self.fault(&format!("windowed.{i}"), fault.next("name `order`, a column of the result"));
            }
            None => {}
        }
    }

    fn top(&mut self, top: &Top, rows: &ScopeRelation) {
        if top.rows == 0 {
            self.fault("top.rows", Diagnostic::error("empty", "the first 0 rows are none").next("1 or more"));
        }
        if top.by.is_empty() {
            let fault = Diagnostic::error("empty", "nothing says which rows are first");
            self.fault("top.by", fault.next("`by: [{by: revenue, direction: desc}]`"));
        }
        for (i, order) in top.by.iter().enumerate() {
            self.expression(&format!("top.by.{i}.by"), &order.by, Form::Scalar);
        }
        for (i, per) in top.per.iter().enumerate() {
            self.named(per, &format!("top.per.{i}"), rows);
        }
    }

    /// The type of a column of the result; a fault where there is none of that name.
    fn named(&mut self, name: &Name, path: &str, rows: &ScopeRelation) -> Option<ColumnType> {
        let ty = column(rows, name);
        if ty.is_none() && !rows.open {
            let fault = Diagnostic::error("unknown-column", format!("the result has no column `{name}`"));
            self.fault(path, near(fault, name.as_str(), rows.columns.iter().map(|(n, _)| n.as_str())));
        }
        ty
    }
}

/// The first date or timestamp among the groups; one of a type that is not known may be it.
fn default_order<'m>(model: &'m Model, rows: &ScopeRelation) -> Option<&'m Name> {
    let groups = || model.group_by.iter().map(|g| &g.name);
    let is = |name: &&Name, test: fn(&ColumnType) -> bool| column(rows, name).as_ref().is_some_and(test);
    groups().find(|g| is(g, |t| t.is_temporal())).or_else(|| groups().find(|g| is(g, |t| *t == ColumnType::Unknown)))
}
