//! What can be wrong in what is done to rows, and in what is computed from a group of them.

use std::collections::BTreeSet;

use super::columns::{World, call};
use super::models::{Checking, Form};
use crate::spec::{Function, Measure};
use crate::vocabulary::{Diagnostic, Relation};

/// The column of the rows that are set aside that says why they are.
pub const REASON: &str = "set_aside_reason";

impl Checking<'_, '_> {
    /// Conditions over what the staging model gives, each with a reason of its own.
    pub(super) fn set_aside(&mut self, world: &World<'_>) {
        let model = self.model;
        if model.set_aside.is_empty() {
            return;
        }
        let Relation::Table(table) = &model.from else {
            let fault = Diagnostic::error("set-aside", "only a staging model sets rows aside");
            self.fault("set_aside", fault.next("write it into the staging model of the table that the rows are of"));
            return;
        };
        let given = world.model(model, &mut BTreeSet::from([model.name.clone()]));
        let mut reasons = BTreeSet::new();
        for (i, rows) in model.set_aside.iter().enumerate() {
            let reason = format!("set_aside.{i}.reason");
            if rows.reason.trim().is_empty() {
                self.fault(&reason, Diagnostic::error("set-aside", "nothing says why such rows are set aside"));
            } else if !reasons.insert(rows.reason.trim()) {
                let fault = Diagnostic::error("set-aside", format!("`{}` is the reason of others too", rows.reason));
                self.fault(&reason, fault.next("join the conditions with `or`, or say what differs"));
            } else if rows.reason.contains(['\\', '{', '}']) || rows.reason.contains(char::is_control) {
                let fault = Diagnostic::error("set-aside", "a backslash, a brace or a line break stands in the reason");
                self.fault(&reason, fault.why("it stands in the generated SQL, where these mean something"));
            }
            let scope = vec![(table.table.as_str(), &given)];
            let (path, rules) = (self.path, self.rules);
            let mut checking = Checking { model, path, scope, rules, found: self.found };
            checking.expression(&format!("set_aside.{i}.where"), &rows.filter, Form::Condition);
        }
        if given.columns.iter().any(|(name, _)| name == REASON) {
            let fault = Diagnostic::error("set-aside", format!("there is a column `{REASON}` already"));
            self.fault("set_aside", fault.next("clean that column under another name"));
        }
    }

    pub(super) fn dedupe(&mut self) {
        let Some(dedupe) = &self.model.dedupe else { return };
        if dedupe.by.is_empty() {
            let fault = Diagnostic::error("dedupe-by", "nothing says which rows are the same thing");
            self.fault("dedupe.by", fault.next("name columns, or `*` for rows that are alike in everything"));
        }
        if dedupe.whole() {
            if !dedupe.keep.is_empty() {
                let fault = Diagnostic::error("dedupe-keep", "rows that are alike in everything have no order");
                self.fault("dedupe.keep", fault.next("leave `keep` out"));
            }
            return;
        }
        for (i, by) in dedupe.by.iter().enumerate() {
            self.expression(&format!("dedupe.by.{i}"), by, Form::Scalar);
        }
        for (i, order) in dedupe.keep.iter().enumerate() {
            self.expression(&format!("dedupe.keep.{i}.by"), &order.by, Form::Scalar);
        }
    }

    pub(super) fn measure(&mut self, i: usize, measure: &Measure, function: Function, text: &str) {
        let field = match function {
            Function::Count => "count",
            Function::CountDistinct => "count_distinct",
            Function::Sum => "sum",
            Function::Avg => "avg",
            Function::Min => "min",
            Function::Max => "max",
            Function::Median => "median",
            Function::First => "first",
            Function::Last => "last",
            Function::Expr => "expr",
        };
        let path = format!("measures.{i}.{field}");
        self.order(i, measure, function);
        if let Some(condition) = &measure.filter {
            let path = format!("measures.{i}.where");
            if function == Function::Expr {
                let what = format!("`{}` has an expression and a condition", measure.name);
                let next = "write the condition into it: `sum(case when … then amount end)`";
                self.fault(&path, Diagnostic::error("measure-where", what).next(next));
            } else {
                self.expression(&path, condition, Form::Condition);
            }
        }
        if function == Function::Expr {
            let checked = self.expression(&path, text, Form::Aggregate);
            if checked.is_some_and(|c| !c.aggregates) {
                let fault = Diagnostic::error("no-aggregate", format!("`{}` aggregates nothing", measure.name))
                    .next("`sum(amount) / count(*)`");
                self.fault(&path, fault);
            }
            return;
        }
        if text.trim() == "*" {
            if function != Function::Count {
                self.fault(
                    &path,
                    Diagnostic::error("sql-syntax", format!("`{field}` of `*`")).next("only `count` takes `*`"),
                );
            }
            return;
        }
        // The inner expression by itself, so that `count: a) + sum(b` is none; then what the function makes of it.
        if self.expression(&path, text, Form::Scalar).is_some() {
            self.expression(&path, &call(function, text), Form::Aggregate);
        }
    }

    /// `first` and `last` are of an order, and nothing else is.
    fn order(&mut self, i: usize, measure: &Measure, function: Function) {
        let ordered = matches!(function, Function::First | Function::Last);
        let path = format!("measures.{i}.by");
        match &measure.by {
            Some(by) if ordered => drop(self.expression(&path, by, Form::Scalar)),
            Some(_) => {
                let fault = Diagnostic::error("measure-by", format!("`{}` needs no order", measure.name))
                    .next("`by` belongs to `first` and `last`");
                self.fault(&path, fault);
            }
            None if ordered => {
                let what = format!("nothing says which row comes first for `{}`", measure.name);
                self.fault(&path, Diagnostic::error("measure-by", what).next("add `by`, a date or a number"));
            }
            None => {}
        }
    }
}
