//! What tells the rows of a result apart, as far as a query shows it.

use std::collections::BTreeSet;
use std::rc::Rc;

use sqlparser::ast::{BinaryOperator, Expr, Select, SelectItem, WindowType};

use super::joins::{Key, MOST_TELLING, column_of, conjuncts};
use super::left_out;
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
            (column.value.repeated, column.value.fan_out, column.value.looked_up) = (0, None, None);
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

/// The columns that hold what is grouped by, those that others of them decide left out. What is not in the result is
/// marked as such.
pub(super) fn group_keys(
    select: &Select,
    list: Option<&[Expr]>,
    columns: &[Column],
    env: &Env<'_>,
    strict: bool,
) -> Vec<BTreeSet<String>> {
    let Some(list) = list else { return Vec::new() };
    let named = |expr: &Expr| {
        if let Some(n) = position_of(expr) {
            let item = select.projection.get(n.wrapping_sub(1));
            return columns.get(n.wrapping_sub(1)).map(|c| (c.name.clone(), item.and_then(|i| source_of(i, env))));
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
        match at.and_then(|i| Some((columns.get(i)?, &select.projection[i]))) {
            Some((column, item)) => Some((column.name.clone(), source_of(item, env).or_else(|| column_of(expr, env)))),
            None => Some((left_out::marked(&implied_name(expr)), column_of(expr, env))),
        }
    };
    let Some(mut by) = list.iter().map(named).collect::<Option<Vec<_>>>() else { return Vec::new() };
    // What a key of the same table stands beside is decided by it.
    for i in (0..by.len()).rev().filter(|_| !strict) {
        let Some(source) = &by[i].1 else { continue };
        let others: Key = by.iter().enumerate().filter(|(j, _)| *j != i).filter_map(|(_, b)| b.1.clone()).collect();
        if env.decided(&others).contains(source) {
            by.remove(i);
        }
    }
    let key: BTreeSet<String> = by.into_iter().map(|(name, _)| name).collect();
    let unsure = left_out::is_short(&key) && key.len() > MOST_TELLING;
    if unsure { Vec::new() } else { vec![key] }
}

fn source_of(item: &SelectItem, env: &Env<'_>) -> Option<(usize, String)> {
    match item {
        SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => column_of(expr, env),
        _ => None,
    }
}

impl Env<'_> {
    /// A key without the columns that a join holds equal to others of it.
    pub fn named_once(&self, key: &Key) -> Key {
        let again =
            |c: &(usize, String)| self.equal.iter().any(|(from, to)| to == c && from.0 < c.0 && key.contains(from));
        key.iter().filter(|c| !again(c)).cloned().collect()
    }

    /// Columns that have one value wherever these have: by keys of their tables, and by what joins hold equal.
    pub fn decided(&self, by: &Key) -> Key {
        let mut out = by.clone();
        loop {
            let before = out.len();
            for (from, to) in &self.equal {
                if out.contains(from) {
                    out.insert(to.clone());
                }
            }
            for (i, rel) in self.rels.iter().enumerate() {
                let has = |name: &String| out.contains(&(i, name.clone()));
                if rel.table.keys.iter().any(|key| !key.is_empty() && key.iter().all(has)) {
                    out.extend(rel.table.columns.iter().map(|c| (i, c.name.clone())));
                }
            }
            if out.len() == before {
                return out;
            }
        }
    }
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
    // What a key of the same table stands beside is decided by it.
    let mut sources: Vec<Option<(usize, String)>> = items.iter().map(|e| column_of(e, env)).collect();
    let mut decided = vec![false; items.len()];
    for i in (0..items.len()).rev() {
        let Some(source) = sources[i].take() else { continue };
        let others: Key = sources.iter().flatten().cloned().collect();
        decided[i] = env.decided(&others).contains(&source);
        sources[i] = Some(source).filter(|_| !decided[i]);
    }
    let told: BTreeSet<String> = items
        .iter()
        .zip(all())
        .enumerate()
        .filter(|(i, (e, _))| !decided[*i] && (is_name(e) || any_expression(e, more)))
        .map(|(_, (_, name))| name)
        .collect();
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

/// Takes what a condition leaves one value of out of the keys: `dbt_valid_to is null`, `kind = 'home'`.
pub(super) fn settle(filter: &Expr, env: &mut Env<'_>) {
    let mut parts = Vec::new();
    conjuncts(filter, &mut parts);
    for part in parts {
        let one = match part {
            Expr::IsNull(e) => column_of(e, env),
            Expr::BinaryOp { left, op: BinaryOperator::Eq, right } if matches!(right.as_ref(), Expr::Value(_)) => {
                column_of(left, env)
            }
            _ => None,
        };
        let Some(one) = one else { continue };
        env.keys.iter_mut().filter(|k| k.len() > 1).for_each(|k| {
            k.remove(&one);
        });
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
