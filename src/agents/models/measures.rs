//! What a model computes for each group of rows.

use super::query::{Work, derived};
use super::rows::Rows;
use super::{Column, Target, describe, unused};
use crate::agents::models::Resolved;
use crate::spec::{Function, Measure};
use crate::sql::lower::{Code, Lowered, aggregate};
use crate::vocabulary::{DataType, Diagnostic};

/// What an aggregate over one column is called in SQL, and whether it takes different values only.
fn called(function: Function) -> (&'static str, bool) {
    match function {
        Function::Count => ("count", false),
        Function::CountDistinct => ("count", true),
        Function::Sum => ("sum", false),
        Function::Avg => ("avg", false),
        Function::Min => ("min", false),
        Function::Median => ("median", false),
        Function::Max | Function::First | Function::Last | Function::Expr => ("max", false),
    }
}

impl<'a> Work<'a, '_> {
    /// The aggregates, and the places of rows in their group that `first` and `last` go by.
    pub(super) fn measures(
        &mut self,
        base: &Resolved,
        groups: &[Target],
        rows: &mut Rows<'a>,
        result: &mut Vec<Column>,
    ) -> (Vec<Target>, Vec<Target>) {
        let (mut targets, mut places) = (Vec::new(), Vec::new());
        for (i, measure) in self.written.model.measures.iter().enumerate() {
            let at = format!("measures.{i}");
            let Some((function, expr)) = measure.function() else {
                let fault = Diagnostic::error("measure", format!("`{}` names no function, or several", measure.name));
                let next = "one of count, count_distinct, sum, avg, min, max, median, first, last, expr";
                self.faults.push(fault.at(self.place(&at)).next(next));
                continue;
            };
            let lowered = match function {
                Function::Expr => self.expression(measure, expr, &at, rows),
                Function::First | Function::Last => {
                    self.placed(base, measure, function, expr, &at, groups, &mut places, rows)
                }
                _ => self.measure(measure, function, expr, &at, rows),
            };
            let Some(lowered) = lowered else { continue };
            let text = measure.description.as_deref().map(describe::sentence);
            let description = text.unwrap_or_else(|| describe::measure(measure, function, expr, base));
            let mut column = derived(&measure.name, description, &lowered, rows);
            // Counts, sums and means tell nothing about one person; a smallest and a largest value do.
            column.pii = column.pii.filter(|_| {
                !matches!(function, Function::Count | Function::CountDistinct | Function::Sum | Function::Avg)
            });
            // Without groups there is one row, also over no rows.
            column.nullable |= self.written.model.group_by.is_empty()
                && !matches!(function, Function::Count | Function::CountDistinct);
            targets.push(Target { name: measure.name.clone(), code: lowered.code });
            result.push(column);
        }
        (targets, places)
    }

    fn expression(&mut self, measure: &Measure, expr: &str, at: &str, rows: &mut Rows<'a>) -> Option<Lowered> {
        if measure.filter.is_some() {
            let fault =
                Diagnostic::error("measure-where", format!("`{}` has an expression and a condition", measure.name));
            let next = "write the condition into it: `sum(case when … then amount end)`";
            self.faults.push(fault.at(self.place(&format!("{at}.where"))).next(next));
            return None;
        }
        let lowered = self.lower(expr, at, rows)?;
        if lowered.bare || !lowered.aggregate {
            let fault = Diagnostic::error("aggregate", format!("`{expr}` is not one value for each group"));
            let next = "every column of it stands in count, sum, avg, min, max, median or percentile";
            self.faults.push(fault.at(self.place(at)).next(next));
            return None;
        }
        Some(lowered)
    }

    /// The condition of one measure.
    fn condition(&mut self, measure: &Measure, at: &str, rows: &mut Rows<'a>) -> Option<Option<Lowered>> {
        match &measure.filter {
            None => Some(None),
            Some(text) => self.scalar(text, &format!("{at}.where"), rows).map(Some),
        }
    }

    fn measure(
        &mut self,
        measure: &Measure,
        function: Function,
        expr: &str,
        at: &str,
        rows: &mut Rows<'a>,
    ) -> Option<Lowered> {
        let (name, distinct) = called(function);
        let condition = self.condition(measure, at, rows)?;
        let mut argument = if expr.trim() == "*" { None } else { Some(self.scalar(expr, at, rows)?) };
        let numeric = matches!(function, Function::Sum | Function::Avg | Function::Median);
        if let Some(argument) = argument.as_ref().filter(|a| numeric && a.data_type.is_some_and(|t| !t.is_numeric())) {
            let to = argument.data_type.map(|t| t.to_string()).unwrap_or_default();
            let fault = Diagnostic::error("measure-type", format!("`{expr}` is {to}, and {name} needs a number"));
            self.faults.push(fault.at(self.place(at)));
            return None;
        }
        if let Some(condition) = condition {
            // `*` of anything but a count stays the fault that it is.
            let one = (function == Function::Count).then(|| Lowered::constant("1", DataType::Integer));
            argument = argument.or(one).map(|value| only_where(&[&condition], value));
        }
        let lowered = aggregate(name, distinct, argument).map_err(|why| {
            let fault = Diagnostic::error("measure", format!("`{expr}` can't be the argument of {name}"));
            self.faults.push(fault.at(self.place(at)).why(why));
        });
        let lowered = lowered.ok()?;
        self.calls(&lowered);
        Some(lowered)
    }

    /// The value in the first or last row of the group: rows are numbered, and the one at place 1 has it.
    #[allow(clippy::too_many_arguments)]
    fn placed(
        &mut self,
        base: &Resolved,
        measure: &Measure,
        function: Function,
        expr: &str,
        at: &str,
        groups: &[Target],
        places: &mut Vec<Target>,
        rows: &mut Rows<'a>,
    ) -> Option<Lowered> {
        let last = function == Function::Last;
        let Some(by) = &measure.by else {
            let what = format!("nothing says which row is the {} one", if last { "last" } else { "first" });
            self.faults
                .push(Diagnostic::error("measure-by", what).at(self.place(at)).next("add `by`, a date or number"));
            return None;
        };
        let condition = self.condition(measure, at, rows)?;
        let value = self.scalar(expr, at, rows)?;
        let by = self.scalar(by, &format!("{at}.by"), rows)?;
        let mut order = Vec::new();
        if let Some(condition) = &condition {
            let whens = vec![(condition.code.clone(), Code::text("0"))];
            let first = Code::Case { operand: None, whens, otherwise: Some(Box::new(Code::text("1"))) };
            order.push(first.ordered(false, false));
        }
        order.push(by.code.clone().ordered(last, by.nullable));
        let ties = self.ties(base, rows, last);
        // Without a key the value itself decides between rows of one moment.
        let ties = if ties.is_empty() { vec![value.code.clone().ordered(last, value.nullable)] } else { ties };
        order.extend(ties.into_iter().filter(|o| !order.contains(o)).collect::<Vec<_>>());
        let place = Code::Over {
            call: Box::new(Code::text("row_number()")),
            partition: groups.iter().map(|g| g.code.clone()).collect(),
            order,
            frame: String::new(),
        };
        let at_place = places.iter().find(|p| p.code == place).map(|p| p.name.clone()).unwrap_or_else(|| {
            let taken = |n: &str| rows.has(n) || places.iter().any(|p| p.name == *n);
            let name = unused(if last { "last_place" } else { "first_place" }, taken);
            places.push(Target { name: name.clone(), code: place });
            name
        });
        let mut is_there = Lowered::constant("", DataType::Boolean);
        is_there.code = Code::text(format!("{at_place} = 1"));
        let conditions: Vec<&Lowered> = std::iter::once(&is_there).chain(&condition).collect();
        let boolean = value.data_type == Some(DataType::Boolean);
        let value = only_where(&conditions, value);
        if boolean {
            // Not every database has the largest of true and false.
            let code = Code::Jinja(format!("dbt.bool_or({})", value.code.argument()));
            return Some(Lowered { code, aggregate: true, bare: false, ..value });
        }
        aggregate("max", false, Some(value)).ok()
    }
}

/// `case when conditions then value end`.
fn only_where(conditions: &[&Lowered], value: Lowered) -> Lowered {
    let mut codes: Vec<Code> = conditions
        .iter()
        .map(|c| match &c.code {
            Code::Chain("or", _) if conditions.len() > 1 => c.code.clone().nested(),
            code => code.clone(),
        })
        .collect();
    let when = if codes.len() == 1 { codes.remove(0) } else { Code::Chain("and", codes) };
    let code = Code::Case { operand: None, whens: vec![(when, value.code.clone())], otherwise: None };
    let mut out = Lowered { code, nullable: true, plain: false, ..value };
    for condition in conditions {
        out.uses.extend(&condition.uses);
        out.macros.extend(&condition.macros);
        out.aggregate |= condition.aggregate;
    }
    out
}
