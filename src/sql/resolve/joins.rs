//! FROM: what is joined to what, on which columns, and which rows that repeats.

use std::collections::BTreeSet;
use std::rc::Rc;

use sqlparser::ast::{
    BinaryOperator, Expr, Join, JoinConstraint, JoinOperator, TableAlias, TableFactor, TableWithJoins,
};
use sqlparser::tokenizer::Location;

use super::relation::{Column, Ctes, Env, Rel, Table, anything, lower};
use super::value::Value;
use super::{Fact, FanOut, Named, Resolver, Usage};

/// Columns that tell the rows of a join apart: which relation, which column.
pub(super) type Key = BTreeSet<(usize, String)>;

/// More ways to tell rows apart than this are not followed.
const MOST_KEYS: usize = 8;

impl<R: Named> Resolver<'_, R> {
    /// Everything that a select reads, with names.
    pub(super) fn from<'e>(
        &mut self,
        from: &[TableWithJoins],
        ctes: Option<&'e Ctes<'e>>,
        parent: Option<&'e Env<'e>>,
    ) -> Env<'e> {
        let mut env = Env { parent, ctes, keys: vec![Key::new()], ..Env::default() };
        for table in from {
            let before = env.rels.len();
            let at = self.factor(&table.relation, &mut env);
            self.joined(&mut env, before, None, None, at);
            for join in &table.joins {
                self.join(join, &mut env);
            }
        }
        env
    }

    fn join(&mut self, join: &Join, env: &mut Env<'_>) {
        let before = env.rels.len();
        let at = self.factor(&join.relation, env);
        let constraint = match &join.join_operator {
            JoinOperator::Join(c)
            | JoinOperator::Inner(c)
            | JoinOperator::Left(c)
            | JoinOperator::LeftOuter(c)
            | JoinOperator::Right(c)
            | JoinOperator::RightOuter(c)
            | JoinOperator::FullOuter(c)
            | JoinOperator::CrossJoin(c) => c,
            JoinOperator::Semi(c)
            | JoinOperator::LeftSemi(c)
            | JoinOperator::Anti(c)
            | JoinOperator::LeftAnti(c)
            | JoinOperator::RightSemi(c)
            | JoinOperator::RightAnti(c) => {
                self.constraint(c, env, before);
                env.rels.truncate(before);
                return;
            }
            JoinOperator::AsOf { match_condition, constraint } => {
                self.constraint(constraint, env, before);
                let value = self.expr(match_condition, env);
                self.read(Usage::Join, &value);
                return;
            }
            _ => &JoinConstraint::None,
        };
        let pairs = self.constraint(constraint, env, before);
        let inner = matches!(join.join_operator, JoinOperator::Join(_) | JoinOperator::Inner(_));
        self.joined(env, before, Some(&pairs), Some(inner), at);
        let (left, right) = match &join.join_operator {
            JoinOperator::Left(_) | JoinOperator::LeftOuter(_) => (false, true),
            JoinOperator::Right(_) | JoinOperator::RightOuter(_) => (true, false),
            JoinOperator::FullOuter(_) => (true, true),
            _ => (false, false),
        };
        let (ours, theirs) = env.rels.split_at_mut(before);
        ours.iter_mut().for_each(|r| r.outer |= left);
        theirs.iter_mut().for_each(|r| r.outer |= right);
    }

    /// Reads the condition; gives what it holds equal: a column of the left side (or nothing: a constant), one of the
    /// right side.
    fn constraint(&mut self, constraint: &JoinConstraint, env: &mut Env<'_>, before: usize) -> Vec<Pair> {
        let mut pairs = Vec::new();
        match constraint {
            JoinConstraint::On(expr) => {
                let value = self.condition(expr, env);
                self.read(Usage::Join, &value);
                let mut left = Vec::new();
                conjuncts(expr, &mut left);
                pairs.extend(left.into_iter().filter_map(|e| equality(e, env, before)));
            }
            JoinConstraint::Using(names) => {
                for name in names {
                    let Some(ident) = name.0.last().and_then(|p| p.as_ident()) else { continue };
                    let column = lower(ident);
                    let found = |rels: &[Rel]| {
                        rels.iter().position(|r| r.position(&column).is_some_and(|i| !r.hidden.contains(&i)))
                    };
                    let (ours, theirs) = (found(&env.rels[..before]), found(&env.rels[before..]));
                    for (side, hit) in [(&env.rels[..before], ours), (&env.rels[before..], theirs)] {
                        if hit.is_none() && !side.iter().any(|r| r.table.open) {
                            let lone = Env { rels: side.to_vec(), ..Env::default() };
                            self.name(ident, &lone);
                        }
                    }
                    if let (Some(ours), Some(theirs)) = (ours, theirs) {
                        let theirs = before + theirs;
                        let (Some(a), Some(b)) = (env.rels[ours].position(&column), env.rels[theirs].position(&column))
                        else {
                            continue;
                        };
                        let (left, right) = (env.rels[ours].value(a), env.rels[theirs].value(b));
                        self.compare(&left, &right, ident.span.start, &column);
                        self.read(Usage::Join, &left);
                        self.read(Usage::Join, &right);
                        env.rels[theirs].hidden.insert(b);
                        pairs.push(Pair { left: Some((ours, column.clone())), right: (theirs, column) });
                    }
                }
            }
            JoinConstraint::Natural => {
                for theirs in before..env.rels.len() {
                    let names: Vec<String> = env.rels[theirs].table.columns.iter().map(|c| c.name.clone()).collect();
                    for column in names {
                        let ours = env.rels[..before].iter().position(|r| r.position(&column).is_some());
                        if let (Some(ours), Some(i)) = (ours, env.rels[theirs].position(&column)) {
                            env.rels[theirs].hidden.insert(i);
                            pairs.push(Pair { left: Some((ours, column.clone())), right: (theirs, column) });
                        }
                    }
                }
            }
            JoinConstraint::None => {}
        }
        pairs
    }

    /// Keys and repeated rows once the relations from `before` on stand beside the earlier ones. `inner` is none for a
    /// comma, which is a cross join too.
    fn joined(
        &mut self,
        env: &mut Env<'_>,
        before: usize,
        pairs: Option<&[Pair]>,
        inner: Option<bool>,
        at: (Location, usize),
    ) {
        let right_keys: Vec<Key> = match env.rels[before..].len() {
            1 => env.rels[before].table.keys.iter().map(|k| k.iter().map(|c| (before, c.clone())).collect()).collect(),
            _ => std::mem::take(&mut env.keys_of_nested),
        };
        let inner_fan_out = env.rels[before..].iter().find_map(|r| r.table.fan_out);
        env.fan_out = env.fan_out.or(inner_fan_out);
        if before == 0 {
            env.keys = right_keys;
            return;
        }
        let pairs = pairs.unwrap_or_default();
        let ours: BTreeSet<(usize, String)> = pairs.iter().filter_map(|p| p.left.clone()).collect();
        let theirs: BTreeSet<(usize, String)> = pairs.iter().map(|p| p.right.clone()).collect();
        let right_unique = right_keys.iter().any(|k| k.is_subset(&theirs));
        let left_unique = env.keys.iter().any(|k| k.is_subset(&ours));
        self.noted.push(Fact::Joined {
            at: at.0,
            width: at.1,
            joined: env.rels[before..].first().map(|r| r.alias.clone()).unwrap_or_default(),
            equal: pairs.len(),
            right_unique: (!right_keys.is_empty()).then_some(right_unique),
            left_unique: (!env.keys.is_empty()).then_some(left_unique),
        });
        if !right_unique && !right_keys.is_empty() {
            let (start, width) = at;
            let rel = &env.rels[before];
            let fan_out = FanOut {
                joined: rel.alias.clone(),
                on: theirs.iter().map(|(_, c)| c.clone()).collect(),
                keys: rel.table.keys.clone(),
                at: self.rendered.source_place(start.line as usize, start.column as usize, width),
            };
            let id = self.fan_outs.len();
            self.fan_outs.push(fan_out);
            for rel in &mut env.rels[..before] {
                rel.fan_out = rel.fan_out.or(Some(id));
            }
            env.fan_out = env.fan_out.or(Some(id));
        }
        let mut keys: Vec<Key> = Vec::new();
        if right_unique {
            keys.extend(env.keys.iter().cloned());
        }
        if left_unique && inner == Some(true) {
            keys.extend(right_keys.iter().cloned());
        }
        if keys.is_empty() {
            for left in &env.keys {
                keys.extend(right_keys.iter().map(|right| left.union(right).cloned().collect::<Key>()));
            }
        }
        keys.truncate(MOST_KEYS);
        env.keys = keys;
    }

    /// One thing in FROM; gives where it stands.
    fn factor(&mut self, factor: &TableFactor, env: &mut Env<'_>) -> (Location, usize) {
        let start = Location { line: 1, column: 1 };
        match factor {
            TableFactor::Table { name, alias, args, .. } => {
                let at = name.0.first().and_then(|p| p.as_ident()).map_or(start, |i| i.span.start);
                let width = name.to_string().chars().count();
                if args.is_some() {
                    env.rels.push(aliased(anything(), alias.as_ref(), ""));
                    return (at, width);
                }
                let (table, known_as) = self.table(name, env.ctes);
                env.rels.push(aliased(table, alias.as_ref(), &known_as));
                (at, width)
            }
            TableFactor::Derived { subquery, alias, lateral, .. } => {
                let outer = Env {
                    rels: if *lateral { env.rels.clone() } else { Vec::new() },
                    parent: env.parent,
                    ctes: env.ctes,
                    ..Env::default()
                };
                let table = self.query(subquery, env.ctes, Some(&outer));
                env.rels.push(aliased(table, alias.as_ref(), ""));
                (alias.as_ref().map_or(start, |a| a.name.span.start), 1)
            }
            TableFactor::NestedJoin { table_with_joins, alias } => {
                let before = env.rels.len();
                let inner = self.from(std::slice::from_ref(table_with_joins), env.ctes, env.parent);
                env.fan_out = env.fan_out.or(inner.fan_out);
                if let Some(alias) = alias {
                    let columns = inner
                        .rels
                        .iter()
                        .flat_map(|r| r.visible().map(|i| Column { value: r.value(i), ..r.table.columns[i].clone() }));
                    let table = Table {
                        columns: columns.collect(),
                        open: inner.rels.iter().any(|r| r.table.open),
                        ..Table::default()
                    };
                    env.rels.push(aliased(Rc::new(table), Some(alias), ""));
                } else {
                    env.keys_of_nested =
                        inner.keys.iter().map(|k| k.iter().map(|(r, c)| (r + before, c.clone())).collect()).collect();
                    env.rels.extend(inner.rels);
                }
                (start, 1)
            }
            TableFactor::UNNEST { alias, array_exprs, with_offset_alias, .. } => {
                for expr in array_exprs {
                    self.expr(expr, env);
                }
                let mut rel = aliased(anything(), alias.as_ref(), "");
                if let Some(offset) = with_offset_alias {
                    let mut table = Table::clone(&rel.table);
                    table.columns.push(Column { name: lower(offset), ..Column::default() });
                    rel.table = Rc::new(table);
                }
                env.rels.push(rel);
                (start, 1)
            }
            TableFactor::Pivot { table, alias, .. }
            | TableFactor::Unpivot { table, alias, .. }
            | TableFactor::MatchRecognize { table, alias, .. } => {
                let mut inner = Env { ctes: env.ctes, parent: env.parent, ..Env::default() };
                let at = self.factor(table, &mut inner);
                for rel in &inner.rels {
                    for i in 0..rel.table.columns.len() {
                        self.read(Usage::Group, &rel.value(i));
                    }
                }
                env.rels.push(aliased(anything(), alias.as_ref(), ""));
                at
            }
            TableFactor::TableFunction { alias, .. }
            | TableFactor::Function { alias, .. }
            | TableFactor::JsonTable { alias, .. }
            | TableFactor::OpenJsonTable { alias, .. } => {
                env.rels.push(aliased(anything(), alias.as_ref(), ""));
                (start, 1)
            }
            _ => {
                env.rels.push(aliased(anything(), None, ""));
                (start, 1)
            }
        }
    }
}

/// Two columns that a join holds equal.
#[derive(Clone, Debug)]
pub(super) struct Pair {
    left: Option<(usize, String)>,
    right: (usize, String),
}

fn aliased(table: Rc<Table>, alias: Option<&TableAlias>, known_as: &str) -> Rel {
    let Some(alias) = alias else { return Rel::new(known_as, table) };
    let name = lower(&alias.name);
    if alias.columns.is_empty() {
        return Rel::new(&name, table);
    }
    let mut table = Table::clone(&table);
    let names: Vec<String> = alias.columns.iter().map(|c| lower(&c.name)).collect();
    if table.columns.len() < names.len() && table.open {
        table.columns.resize_with(names.len(), Column::default);
    }
    let renamed: Vec<(String, String)> =
        table.columns.iter().zip(&names).map(|(c, n)| (c.name.clone(), n.clone())).collect();
    for (column, name) in table.columns.iter_mut().zip(names) {
        column.name = name;
    }
    let renamed =
        |c: &String| renamed.iter().find(|(from, _)| from == c).map_or_else(|| c.clone(), |(_, to)| to.clone());
    table.keys = table.keys.iter().map(|k| k.iter().map(renamed).collect()).collect();
    Rel::new(&name, Rc::new(table))
}

/// The parts of `a and b and c`.
pub(super) fn conjuncts<'e>(expr: &'e Expr, out: &mut Vec<&'e Expr>) {
    let mut rest = expr;
    loop {
        match rest {
            Expr::Nested(inner) => rest = inner,
            Expr::BinaryOp { left, op: BinaryOperator::And, right } => {
                conjuncts_of_right(right, out);
                rest = left;
            }
            other => {
                out.push(other);
                return;
            }
        }
    }
}

fn conjuncts_of_right<'e>(expr: &'e Expr, out: &mut Vec<&'e Expr>) {
    match expr {
        Expr::Nested(_) | Expr::BinaryOp { op: BinaryOperator::And, .. } => conjuncts(expr, out),
        other => out.push(other),
    }
}

/// `a = b` with one column of the right side.
fn equality(expr: &Expr, env: &Env<'_>, before: usize) -> Option<Pair> {
    let Expr::BinaryOp { left, op: BinaryOperator::Eq, right } = expr else { return None };
    let (a, b) = (column_of(left, env), column_of(right, env));
    let theirs = |c: &Option<(usize, String)>| c.as_ref().is_some_and(|(r, _)| *r >= before);
    match (theirs(&a), theirs(&b)) {
        (true, false) if !reads_from(right, env, before) => Some(Pair { left: b, right: a? }),
        (false, true) if !reads_from(left, env, before) => Some(Pair { left: a, right: b? }),
        _ => None,
    }
}

/// Whether an expression reads a column of a relation from `before` on: then it is not given by the earlier ones.
fn reads_from(expr: &Expr, env: &Env<'_>, before: usize) -> bool {
    crate::sql::parse::any_expression(expr, |e| column_of(e, env).is_some_and(|(r, _)| r >= before))
}

/// The relation and column that an expression is, and nothing but.
pub(super) fn column_of(expr: &Expr, env: &Env<'_>) -> Option<(usize, String)> {
    match expr {
        Expr::Nested(inner) => column_of(inner, env),
        Expr::Identifier(ident) => {
            let name = lower(ident);
            let rel = env.rels.iter().position(|r| r.position(&name).is_some_and(|i| !r.hidden.contains(&i)))?;
            Some((rel, name))
        }
        Expr::CompoundIdentifier(parts) => {
            let [.., qualifier, column] = parts.as_slice() else { return None };
            let (alias, name) = (lower(qualifier), lower(column));
            let rel = env.rels.iter().position(|r| r.alias == alias && r.position(&name).is_some())?;
            Some((rel, name))
        }
        _ => None,
    }
}

/// The value of a wildcard's columns.
pub(super) fn all_columns(rel: &Rel) -> impl Iterator<Item = (usize, Column)> + '_ {
    rel.visible().map(|i| {
        let column = &rel.table.columns[i];
        let value: Value = Value { literal: None, ..rel.value(i) };
        (i, Column { value, ..column.clone() })
    })
}
