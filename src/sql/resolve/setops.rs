//! Set operations and `values`.

use std::collections::BTreeSet;
use std::rc::Rc;

use sqlparser::ast::{SetExpr, SetOperator, SetQuantifier, Spanned, Values};
use sqlparser::tokenizer::Location;

use super::column_type::{ColumnType, Family};
use super::facts::Fact;
use super::relation::{Column, Ctes, Env, Table};
use super::value::Value;
use super::{Named, Resolver, Usage};
use crate::vocabulary::{Diagnostic, Dialect};

impl<R: Named> Resolver<'_, R> {
    pub(super) fn values(&mut self, values: &Values, ctes: &Ctes<'_>, parent: Option<&Env<'_>>) -> Rc<Table> {
        let env = Env::within(Some(ctes), parent);
        let mut columns: Vec<Column> = Vec::new();
        // Snowflake and Databricks count from another number than DuckDB and PostgreSQL.
        let dialect = self.dialect;
        let name = |i: usize| match dialect {
            Some(Dialect::Databricks) => format!("col{}", i + 1),
            Some(Dialect::DuckDb) => format!("col{i}"),
            Some(Dialect::MySql) => format!("column_{i}"),
            _ => format!("column{}", i + 1),
        };
        for row in &values.rows {
            for (i, expr) in row.iter().enumerate() {
                let value = self.expr(expr, &env);
                match columns.get_mut(i) {
                    Some(column) => column.value = std::mem::take(&mut column.value).either(&value),
                    None => columns.push(Column { name: name(i), value, partition: None }),
                }
            }
        }
        for column in &mut columns {
            column.value.literal = None;
        }
        Rc::new(Table { columns, single: values.rows.len() < 2, ..Table::default() })
    }

    pub(super) fn set_operation(
        &mut self,
        left: &Rc<Table>,
        right: &Rc<Table>,
        op: SetOperator,
        quantifier: SetQuantifier,
        body: &SetExpr,
    ) -> Rc<Table> {
        let at = location(body);
        let by_name =
            matches!(quantifier, SetQuantifier::ByName | SetQuantifier::AllByName | SetQuantifier::DistinctByName);
        let all = matches!(quantifier, SetQuantifier::All | SetQuantifier::AllByName);
        let open = left.open || right.open;
        if left.columns.len() != right.columns.len() && !open && !by_name {
            let what = format!("{} columns are put under {}", right.columns.len(), left.columns.len());
            let fault =
                Diagnostic::error("union-columns", what).next("give both sides the same columns in the same order");
            self.fault(fault, at, 6);
        }
        // With columns that nobody declared, places say nothing.
        let shifted = open && !by_name;
        let mut columns = Vec::new();
        for (i, column) in left.columns.iter().enumerate() {
            let other = match by_name {
                true => right.position(&column.name).map(|i| &right.columns[i]),
                false if left.open => None,
                false => right.columns.get(i).filter(|_| !right.open),
            };
            let mut value = column.value.clone();
            match other {
                Some(other) => {
                    if value.clashes(&other.value) && !open && self.refuses_branches() {
                        let what = format!("`{}` is {} above and {} here", column.name, value.ty, other.value.ty);
                        self.fault(Diagnostic::error("type-clash", what).next("cast one side"), at, 6);
                    } else if op == SetOperator::Union && !open && self.makes_texts(&value, &other.value) {
                        let (above, here) = (value.ty, other.value.ty);
                        self.noted.push(Fact::Mixed { at, column: column.name.clone(), above, here });
                    }
                    let nullable = match op {
                        SetOperator::Union => either_null(value.nullable, other.value.nullable),
                        _ => value.nullable,
                    };
                    value = match op {
                        SetOperator::Union => value.either(&other.value),
                        // The right side only decides which rows are in.
                        _ => {
                            self.read(Usage::Filter, &other.value);
                            value
                        }
                    };
                    value = value.nullable(nullable);
                }
                None if shifted || (by_name && right.open) => {
                    value = Value { ty: ColumnType::Unknown, ..value }.nullable(None);
                }
                None => value = value.nullable(Some(true)),
            }
            columns.push(Column { name: column.name.clone(), value, partition: None });
        }
        if by_name {
            let new = right.columns.iter().filter(|c| left.position(&c.name).is_none());
            let new: Vec<Column> = new.cloned().collect();
            columns.extend(new.into_iter().map(|c| {
                let value = match left.open {
                    true => Value { ty: ColumnType::Unknown, ..c.value }.nullable(None),
                    false => c.value.nullable(Some(true)),
                };
                Column { value, ..c }
            }));
        }
        if !all {
            // Rows that a join repeats are one row again.
            columns.iter_mut().for_each(|c| (c.value.repeated, c.value.fan_out, c.value.looked_up) = (0, None, None));
        }
        let names: BTreeSet<String> = columns.iter().map(|c| c.name.clone()).collect();
        let keys = match (op, all) {
            (SetOperator::Union, true) => Vec::new(),
            (SetOperator::Except | SetOperator::Minus | SetOperator::Intersect, _) if !left.keys.is_empty() => {
                left.keys.clone()
            }
            _ if open || all => Vec::new(),
            _ => vec![names],
        };
        Rc::new(Table {
            columns,
            keys,
            open,
            base: left.base.filter(|_| left.open && left.base == right.base),
            fan_out: left.fan_out.or(right.fan_out).filter(|_| all),
            ..Table::default()
        })
    }
}

impl<R: Named> Resolver<'_, R> {
    /// Whether a union of two values gives texts although one of them is none, or moments of texts, without a word.
    fn makes_texts(&self, above: &Value, here: &Value) -> bool {
        let silent = [Dialect::DuckDb, Dialect::MySql, Dialect::Sqlite];
        // A literal takes the type of the other side.
        let typed = |v: &Value| !v.sources.is_empty();
        let one_text = above.ty.is_text() != here.ty.is_text();
        // Snowflake reads the texts as moments, by the format that the session has.
        let moment = |v: &Value| v.ty.family() == Some(Family::Temporal);
        let reads = self.reads_as(&[Dialect::Snowflake]) && !self.strict && (moment(above) || moment(here));
        (self.reads_as(&silent) || reads) && one_text && typed(above) && typed(here) && above.clashes(here)
    }
}

/// Whether a value is null where either of two can be the answer.
pub(super) fn either_null(a: Option<bool>, b: Option<bool>) -> Option<bool> {
    super::value::strict(a, b)
}

fn location(body: &SetExpr) -> Location {
    match body {
        SetExpr::Select(select) => select.select_token.0.span.start,
        SetExpr::Query(query) => location(&query.body),
        SetExpr::SetOperation { left, .. } => location(left),
        other => other.span().start,
    }
}
