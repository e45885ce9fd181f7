//! What tells the rows of a result apart, as far as a query shows it.

use std::collections::BTreeSet;
use std::rc::Rc;

use sqlparser::ast::{BinaryOperator, Expr, Select, SelectItem, WindowType};

use super::joins::{Key, column_of, conjuncts};
use super::projection::implied_name;
use super::query::position_of;
use super::relation::{Column, Env, Table, lower};
use crate::sql::parse::any_expression;

/// `where rank = 1` over `row_number() over (partition by …)` leaves one row for each partition.
pub(super) fn first_of_each(filter: &Expr, env: &mut Env<'_>) {
    let Some(key) = partition_of_first(filter, env, &[]) else { return };
    env.keys.insert(0, key);
    if let [rel] = env.rels.as_mut_slice() {
        let mut table = Table::clone(&rel.table);
        for column in &mut table.columns {
            (column.value.repeated, column.value.fan_out) = (0, None);
        }
        table.fan_out = None;
        rel.table = Rc::new(table);
        env.fan_out = None;
    }
}

/// The partition of which a condition keeps the first row. `named` are the partitions of the select list.
pub(super) fn partition_of_first(condition: &Expr, env: &Env<'_>, named: &[(&str, &Key)]) -> Option<Key> {
    let mut parts = Vec::new();
    conjuncts(condition, &mut parts);
    parts.into_iter().find_map(|part| {
        let Expr::BinaryOp { left, op: BinaryOperator::Eq, right } = part else { return None };
        if position_of(right) != Some(1) {
            return None;
        }
        if let Some(source) = column_of(left, env) {
            return passed_partition(&source, env);
        }
        if let Expr::Identifier(ident) = left.as_ref() {
            return named.iter().find(|(name, _)| *name == lower(ident)).map(|(_, key)| (*key).clone());
        }
        partition(left, env)
    })
}

/// The partition that a column of a table is the number in.
pub(super) fn passed_partition((rel, column): &(usize, String), env: &Env<'_>) -> Option<Key> {
    let table = &env.rels[*rel].table;
    let partition = table.columns.iter().find(|c| c.name == *column)?.partition.as_ref()?;
    Some(partition.iter().map(|c| (*rel, c.clone())).collect())
}

/// The columns of `row_number() over (partition by a, b …)`.
pub(super) fn partition(expr: &Expr, env: &Env<'_>) -> Option<Key> {
    let Expr::Function(function) = expr else { return None };
    let Some(WindowType::WindowSpec(window)) = &function.over else { return None };
    if !function.name.to_string().eq_ignore_ascii_case("row_number") {
        return None;
    }
    window.partition_by.iter().map(|e| column_of(e, env)).collect()
}

/// The columns that hold what is grouped by; none where one of them is not in the result.
pub(super) fn group_keys(select: &Select, list: Option<&[Expr]>, columns: &[Column]) -> Vec<BTreeSet<String>> {
    let Some(list) = list else { return Vec::new() };
    let named: Option<BTreeSet<String>> = list
        .iter()
        .map(|expr| {
            if let Some(n) = position_of(expr) {
                return columns.get(n.wrapping_sub(1)).map(|c| c.name.clone());
            }
            let at = select.projection.iter().position(|item| match item {
                SelectItem::ExprWithAlias { expr: e, alias } => {
                    e == expr || matches!(expr, Expr::Identifier(i) if lower(i) == lower(alias))
                }
                SelectItem::UnnamedExpr(e) => {
                    e == expr || implied_name(e) == implied_name(expr) && !implied_name(e).is_empty()
                }
                _ => false,
            });
            at.and_then(|i| columns.get(i)).map(|c| c.name.clone())
        })
        .collect();
    named.into_iter().collect()
}

/// The columns that tell the rows of a `distinct` apart: what is computed from others of them tells nothing more, and a
/// hash of them all tells as much.
pub(super) fn telling(select: &Select, columns: &[Column], env: &Env<'_>) -> Vec<BTreeSet<String>> {
    let all = || columns.iter().map(|c| c.name.clone());
    if select.projection.len() != columns.len() {
        return vec![all().collect()];
    }
    let written = |item: &SelectItem| match item {
        SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => Some(expr.clone()),
        _ => None,
    };
    let Some(items) = select.projection.iter().map(written).collect::<Option<Vec<Expr>>>() else {
        return vec![all().collect()];
    };
    let is_name = |e: &Expr| matches!(e, Expr::Identifier(_) | Expr::CompoundIdentifier(_));
    let names: Vec<&Expr> = items.iter().filter(|e| is_name(e)).collect();
    let one = env.rels.len() == 1;
    let kept = |e: &Expr| names.iter().any(|n| *n == e || one && implied_name(n) == implied_name(e));
    let more = |e: &Expr| match e {
        Expr::Function(f) => f.over.is_some() || is_chance(f),
        e => is_query(e) || is_name(e) && !kept(e),
    };
    let told: BTreeSet<String> =
        items.iter().zip(all()).filter(|(e, _)| is_name(e) || any_expression(e, more)).map(|(_, name)| name).collect();
    if told.is_empty() {
        return vec![all().collect()];
    }
    let hashes = |e: &Expr| match e {
        Expr::Function(f) => HASHES.contains(&super::call::name_of(f).as_str()),
        _ => false,
    };
    let holds = |e: &Expr, name: &Expr| any_expression(e, |part| part == name);
    let of_all = |e: &Expr| told.len() == names.len() && any_expression(e, hashes) && names.iter().all(|n| holds(e, n));
    let hash = items.iter().zip(all()).find(|(e, _)| of_all(e)).map(|(_, name)| BTreeSet::from([name]));
    [told].into_iter().chain(hash).collect()
}

/// Functions that give another value for another argument, for all that matters.
const HASHES: &[&str] =
    &["md5", "sha1", "sha2", "sha256", "sha512", "hash", "farm_fingerprint", "xxhash64", "sha1_hex", "sha2_hex"];

fn is_query(expr: &Expr) -> bool {
    matches!(expr, Expr::Subquery(_) | Expr::Exists { .. } | Expr::InSubquery { .. })
}

/// Whether a function gives something else each time.
fn is_chance(function: &sqlparser::ast::Function) -> bool {
    let name = super::call::name_of(function);
    matches!(
        name.as_str(),
        "random" | "rand" | "uuid" | "newid" | "gen_random_uuid" | "generate_uuid" | "uuid_string" | "nextval"
    )
}

/// Keys of what is read, under the names that the result gives their columns.
pub(super) fn passed_keys(
    keys: &[Key],
    plain: &[Option<(usize, String)>],
    columns: &[Column],
) -> Vec<BTreeSet<String>> {
    let name = |wanted: &(usize, String)| {
        let at = plain.iter().position(|p| p.as_ref() == Some(wanted))?;
        Some(columns[at].name.clone())
    };
    keys.iter().filter_map(|key| key.iter().map(&name).collect::<Option<BTreeSet<String>>>()).collect()
}

/// Notes which columns a condition leaves without null: what is compared, or tested for it.
pub(super) fn fill(filter: &Expr, env: &mut Env<'_>) {
    let mut parts = Vec::new();
    conjuncts(filter, &mut parts);
    for part in parts {
        for (rel, column) in tested(part, env) {
            if let Some(i) = env.rels[rel].position(&column) {
                env.rels[rel].filled.insert(i);
            }
        }
    }
}

/// The columns that must not be null for a condition to be true.
pub(super) fn tested(condition: &Expr, env: &Env<'_>) -> Vec<(usize, String)> {
    let of = |exprs: &[&Expr]| exprs.iter().filter_map(|e| column_of(e, env)).collect();
    match condition {
        Expr::Nested(inner) => tested(inner, env),
        Expr::IsNotNull(e) | Expr::IsTrue(e) | Expr::IsFalse(e) => of(&[e]),
        Expr::BinaryOp {
            left,
            op:
                BinaryOperator::Eq
                | BinaryOperator::NotEq
                | BinaryOperator::Lt
                | BinaryOperator::LtEq
                | BinaryOperator::Gt
                | BinaryOperator::GtEq,
            right,
        } => of(&[left, right]),
        Expr::Between { expr, .. }
        | Expr::InList { expr, .. }
        | Expr::InSubquery { expr, .. }
        | Expr::Like { expr, .. }
        | Expr::ILike { expr, .. } => of(&[expr]),
        Expr::Identifier(_) | Expr::CompoundIdentifier(_) => of(&[condition]),
        Expr::UnaryOp { op: sqlparser::ast::UnaryOperator::Not, expr } => of(&[expr]),
        _ => Vec::new(),
    }
}
