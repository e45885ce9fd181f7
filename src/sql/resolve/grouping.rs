//! What a grouped select may say outside of aggregates.

use sqlparser::ast::{Expr, GroupByExpr, GroupByWithModifier, Ident};

use super::relation::{Env, lower};
use super::{Named, Resolver, call};
use crate::vocabulary::{Diagnostic, Dialect};

/// What a select groups by.
#[derive(Debug, Default)]
pub(super) struct Grouping {
    /// The expressions as written, and those that an alias or a position stands for.
    pub expressions: Vec<Expr>,
    /// They are what totals are over: null in the rows of totals.
    pub totals: bool,
}

impl Grouping {
    /// Whether an expression is one that is grouped by.
    pub fn holds(&self, expr: &Expr) -> bool {
        self.expressions.iter().any(|g| g == expr || same_name(g, expr))
    }
}

/// The expressions of `group by`; none where it is `all` or cubes.
pub(super) fn expressions(group_by: &GroupByExpr) -> Option<&[Expr]> {
    match group_by {
        GroupByExpr::Expressions(list, modifiers) if modifiers.is_empty() => {
            let plain = |e: &Expr| !matches!(e, Expr::GroupingSets(_) | Expr::Cube(_) | Expr::Rollup(_));
            list.iter().all(plain).then_some(list.as_slice())
        }
        _ => None,
    }
}

/// What is grouped by that rows of totals leave null: `rollup (a, b)`, `cube (a, b)`, what is not in each of the
/// `grouping sets`, all of `… with rollup`.
pub(super) fn nulled(group_by: &GroupByExpr) -> Vec<Expr> {
    let GroupByExpr::Expressions(list, modifiers) = group_by else { return Vec::new() };
    let of_modifiers = modifiers.iter().flat_map(|m| match m {
        GroupByWithModifier::Rollup | GroupByWithModifier::Cube => list.clone(),
        GroupByWithModifier::GroupingSets(sets) => of_total(sets),
        GroupByWithModifier::Totals => Vec::new(),
    });
    list.iter().flat_map(of_total).chain(of_modifiers).collect()
}

fn of_total(expr: &Expr) -> Vec<Expr> {
    match expr {
        Expr::Rollup(sets) | Expr::Cube(sets) => sets.iter().flatten().cloned().collect(),
        Expr::GroupingSets(sets) => {
            let everywhere = |e: &&Expr| !sets.iter().all(|set| set.contains(e));
            sets.iter().flatten().filter(everywhere).cloned().collect()
        }
        _ => Vec::new(),
    }
}

/// Whether an expression has an aggregate that is none of a window's.
pub(in crate::sql) fn aggregates(expr: &Expr) -> bool {
    crate::sql::parse::any_expression(expr, call::is_aggregate)
}

fn same_name(a: &Expr, b: &Expr) -> bool {
    let last = |e: &Expr| match e {
        Expr::Identifier(i) => Some((None, lower(i))),
        Expr::CompoundIdentifier(parts) => {
            let [.., qualifier, column] = parts.as_slice() else { return None };
            Some((Some(lower(qualifier)), lower(column)))
        }
        _ => None,
    };
    match (last(a), last(b)) {
        (Some((qa, a)), Some((qb, b))) => a == b && (qa.is_none() || qb.is_none() || qa == qb),
        _ => false,
    }
}

impl<R: Named> Resolver<'_, R> {
    /// Whether columns may stand beside what is grouped by: where the dialect takes any value of the group, or knows
    /// that there is one only.
    pub(super) fn lenient_groups(&self, env: &Env<'_>) -> bool {
        // A primary key that is grouped by gives all columns of its table.
        let named = |c: &String| {
            let groups = env.grouping.map(|g| g.expressions.as_slice()).unwrap_or_default();
            groups.iter().any(|e| super::projection::implied_name(e) == *c)
        };
        let keyed = || env.rels.iter().any(|r| r.table.open || r.table.keys.iter().any(|k| k.iter().all(named)));
        !self.strict
            && (self.reads_as(&[Dialect::MySql, Dialect::Sqlite]) || self.reads_as(&[Dialect::Postgres]) && keyed())
    }

    /// A column of a grouped select that stands outside of aggregates and is not grouped by.
    pub(super) fn grouped(&mut self, column: &Ident, env: &Env<'_>) {
        if env.grouping.is_none_or(|g| g.totals) || env.free.get() || self.lenient_groups(env) {
            return;
        }
        let name = lower(column);
        // Behind the groups, what the select gives goes by that name.
        if !self.strict && env.aliases_everywhere && env.aliases.iter().any(|(alias, _)| *alias == name) {
            return;
        }
        let fault = Diagnostic::error("not-grouped", format!("`{name}` is neither grouped by nor aggregated"))
            .why("a group has many values of it")
            .next(format!("add `{name}` to `group by`, or aggregate it: `max({name})`"));
        self.fault(fault, column.span.start, name.chars().count());
    }
}
