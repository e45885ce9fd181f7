//! Tables whose columns a condition demands a value of: a left join to one of them keeps no row that an inner one drops.

use sqlparser::ast::{BinaryOperator, Expr};

use super::Assembly;
use super::columns::Scope;
use crate::sql::{self, Text};
use crate::vocabulary::{Dialect, TableRef};

impl<'a> Assembly<'_, 'a> {
    /// The joined tables that the conditions demand, and those on the way to them.
    pub(super) fn demanded(&self, scope: &Scope<'a>, filters: &[String]) -> Vec<&'a TableRef> {
        let mut columns = Vec::new();
        for filter in filters {
            if let Ok(expr) = sql::expression(&Text::new("", "", filter), Dialect::DuckDb) {
                rejects_null(&expr, &mut columns);
            }
        }
        let called = |t: &TableRef| match self.scan.twice.get(t) {
            Some(_) => t.table.clone(),
            None => t.staging_model(),
        };
        let holder = |(of, column): &(Option<String>, String)| {
            let mut tables = scope.tables().into_iter();
            match of {
                Some(of) => tables.find(|t| called(t) == of.as_str()),
                None => tables.find(|t| self.contract(t).is_some_and(|c| c.column(column).is_some())),
            }
        };
        let mut out: Vec<&'a TableRef> = columns.iter().filter_map(holder).collect();
        for edge in scope.joined.iter().rev() {
            if out.contains(&edge.to) {
                out.push(edge.from);
            }
        }
        out
    }
}

/// Columns without a value of which an expression does not hold, each with the relation that is named before it.
fn rejects_null(expr: &Expr, out: &mut Vec<(Option<String>, String)>) {
    use BinaryOperator::{And, Eq, Gt, GtEq, Lt, LtEq, NotEq};
    let mut column = |expr: &Expr| match expr {
        Expr::Identifier(name) => out.push((None, name.value.clone())),
        Expr::CompoundIdentifier(names) => {
            if let [of, name] = &names[..] {
                out.push((Some(of.value.clone()), name.value.clone()));
            }
        }
        _ => {}
    };
    match expr {
        Expr::Nested(inner) => rejects_null(inner, out),
        Expr::BinaryOp { left, op: And, right } => {
            rejects_null(left, out);
            rejects_null(right, out);
        }
        Expr::BinaryOp { left, op: Eq | NotEq | Gt | GtEq | Lt | LtEq, right } => {
            column(left);
            column(right);
        }
        Expr::InList { expr, .. } | Expr::Between { expr, .. } | Expr::IsNotNull(expr) => column(expr),
        // A column that is a condition itself.
        Expr::Identifier(_) | Expr::CompoundIdentifier(_) => column(expr),
        _ => {}
    }
}
