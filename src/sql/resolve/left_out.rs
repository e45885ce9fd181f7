//! Keys of which a query leaves columns out. Its rows are told apart by what can't be named any more, so a join on
//! other columns meets several of them: what `select customer_id, amount from orders` gives has many rows a customer.

use std::collections::BTreeSet;

use sqlparser::ast::{BinaryOperator, Expr, Select, SelectItem, UnaryOperator, Value as Literal};

use super::joins::{Key, MOST_TELLING, column_of, conjuncts};
use super::relation::{Column, Env};
use crate::sql::parse::any_expression;

/// Stands before the name of a column that was left out, so that no name is equal to it.
const MARK: char = '\u{1}';

/// The name of a column that is left out.
pub(super) fn marked(name: &str) -> String {
    if name.starts_with(MARK) { name.to_owned() } else { format!("{MARK}{name}") }
}

/// Whether columns of a key are left out.
pub(super) fn is_short(key: &BTreeSet<String>) -> bool {
    key.first().is_some_and(|name| name.starts_with(MARK))
}

/// A column of a key as people know it.
pub(super) fn shown(name: &str) -> &str {
    name.trim_start_matches(MARK)
}

/// Keys under the names that a result gives their columns, where none of them is whole. Of relations of which a
/// condition may have picked one row of many, nothing is said.
pub(super) fn passed(
    env: &Env<'_>,
    plain: &[Option<(usize, String)>],
    columns: &[Column],
    select: &Select,
) -> Vec<BTreeSet<String>> {
    // What is computed from a column may tell as much.
    let computed = |wanted: &(usize, String)| {
        select.projection.iter().any(|item| match item {
            SelectItem::UnnamedExpr(e) | SelectItem::ExprWithAlias { expr: e, .. } => {
                any_expression(e, |part| column_of(part, env).as_ref() == Some(wanted))
            }
            SelectItem::ExprWithAliases { .. } => true,
            _ => false,
        })
    };
    let name = |wanted: &(usize, String)| match plain.iter().position(|p| p.as_ref() == Some(wanted)) {
        Some(at) => Some(columns[at].name.clone()),
        None => (!env.picked.contains(&wanted.0) && !computed(wanted)).then(|| marked(&wanted.1)),
    };
    let short = |k: &&Key| !k.is_empty() && k.len() <= MOST_TELLING;
    env.keys.iter().filter(short).filter_map(|key| key.iter().map(name).collect()).collect()
}

/// The relations of which a condition may pick one row of many: the current one, that of a kind, the greatest.
pub(super) fn picked(condition: &Expr, env: &Env<'_>) -> BTreeSet<usize> {
    let mut parts = Vec::new();
    conjuncts(condition, &mut parts);
    let ranges: Vec<Vec<usize>> = parts.iter().filter_map(|part| range(part, env)).collect();
    let spans = ranges.iter().enumerate().filter(|(i, r)| ranges[..*i].contains(r)).flat_map(|(_, r)| r.clone());
    parts.into_iter().flat_map(|part| picked_by(part, env)).chain(spans).collect()
}

/// The two relations of which a condition holds columns against each other, one greater than the other.
fn range(part: &Expr, env: &Env<'_>) -> Option<Vec<usize>> {
    use BinaryOperator::{Gt, GtEq, Lt, LtEq};
    let part = super::joins::bare(part);
    if let Expr::BinaryOp { op: BinaryOperator::Or, left, .. } = part {
        return range(left, env);
    }
    let Expr::BinaryOp { left, op: Gt | GtEq | Lt | LtEq, right } = part else { return None };
    let mut rels = BTreeSet::new();
    for side in [left, right] {
        any_expression(side, |e| {
            rels.extend(column_of(e, env).map(|c| c.0));
            false
        });
    }
    (rels.len() == 2).then(|| rels.into_iter().collect())
}

fn picked_by(part: &Expr, env: &Env<'_>) -> Vec<usize> {
    let of = |e: &Expr| column_of(e, env);
    let any = |e: &Expr| of(e).map(|c| c.0).into_iter().collect::<Vec<usize>>();
    let named =
        |e: &Expr, words: &[&str]| of(e).filter(|(_, name)| has(name, words)).map(|c| c.0).into_iter().collect();
    match part {
        Expr::Nested(inner) => picked_by(inner, env),
        Expr::IsTrue(e) => named(e, ONE),
        Expr::Identifier(_) | Expr::CompoundIdentifier(_) => named(part, ONE),
        Expr::IsNull(e) => named(e, ENDS),
        Expr::InSubquery { expr, negated: false, .. } => match expr.as_ref() {
            Expr::Tuple(items) => items.iter().flat_map(any).collect(),
            e => any(e),
        },
        Expr::Exists { negated: true, .. } => (0..env.rels.len()).collect(),
        Expr::UnaryOp { op: UnaryOperator::Not, expr } if matches!(expr.as_ref(), Expr::Exists { .. }) => {
            (0..env.rels.len()).collect()
        }
        Expr::BinaryOp { left, op, right } => match (of(left), of(right)) {
            (Some(a), None) if *op == BinaryOperator::Eq && picks(&a.1, right) => vec![a.0],
            (None, Some(b)) if *op == BinaryOperator::Eq && picks(&b.1, left) => vec![b.0],
            _ => Vec::new(),
        },
        Expr::Between { expr, low, high, .. } => {
            let columns: BTreeSet<usize> = [expr, low, high].into_iter().filter_map(|e| of(e)).map(|c| c.0).collect();
            if columns.len() > 1 { columns.into_iter().collect() } else { Vec::new() }
        }
        _ => Vec::new(),
    }
}

/// Whether a condition may leave out all but one of the rows that a key of several columns tells apart: one that holds
/// something equal, or picks. Ranges of numbers, and that there is a value, leave many.
pub(super) fn narrows(condition: &Expr, env: &Env<'_>) -> bool {
    let mut parts = Vec::new();
    conjuncts(condition, &mut parts);
    let many = |part: &Expr| match part {
        Expr::IsNotNull(_) => true,
        Expr::BinaryOp { left, op, right } => match op {
            BinaryOperator::NotEq => true,
            BinaryOperator::Gt | BinaryOperator::GtEq | BinaryOperator::Lt | BinaryOperator::LtEq => {
                [left, right].into_iter().any(|e| matches!(e.as_ref(), Expr::Value(_)))
            }
            _ => false,
        },
        _ => false,
    };
    !parts.into_iter().all(many) || super::versions::settles(condition, env, 0)
}

/// Of these there is one for each, where names are to be believed.
const ONE: &[&str] = &[
    "active",
    "current",
    "primary",
    "default",
    "latest",
    "main",
    "first",
    "last",
    "newest",
    "preferred",
    "recent",
    "top",
];
/// Rows are numbered by these.
const NUMBERS: &[&str] =
    &["rn", "rank", "num", "number", "seq", "sequence", "row", "version", "position", "line", "index", "rnk", "nr"];
/// Of each kind there may be one.
const KINDS: &[&str] =
    &["type", "kind", "role", "attribute", "field", "key", "metric", "property", "label", "level", "name"];
/// When a version ends.
const ENDS: &[&str] = &["to", "until", "end", "ended", "expires", "expired", "expiry"];

fn has(name: &str, words: &[&str]) -> bool {
    name.to_ascii_lowercase().split(|c: char| !c.is_ascii_alphanumeric()).any(|w| words.contains(&w))
}

/// Whether a name is that of the greatest or least of many.
pub(super) fn is_extreme(name: &str) -> bool {
    has(name, &["max", "min", "latest", "last", "first", "newest", "oldest", "recent", "earliest"])
}

/// Whether holding a column equal to something may leave one row of many.
fn picks(name: &str, value: &Expr) -> bool {
    match value {
        Expr::Value(v) => match &v.value {
            Literal::SingleQuotedString(text) => has(name, KINDS) || has(text, ONE) || has(name, ONE),
            Literal::Boolean(yes) => *yes && has(name, ONE),
            Literal::Number(number, _) => number == "1" && (has(name, NUMBERS) || has(name, ONE)),
            _ => false,
        },
        Expr::Subquery(_) => true,
        _ => false,
    }
}
