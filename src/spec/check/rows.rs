//! What can be wrong in what is done to rows, and in what is computed from a group of them.

use super::columns::call;
use super::models::{Checking, Form};
use crate::spec::{Function, Measure};
use crate::vocabulary::Diagnostic;

impl Checking<'_, '_> {
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
