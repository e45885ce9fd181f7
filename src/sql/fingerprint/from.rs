//! FROM: what is joined to what, and what that does to rows and values.

use std::collections::HashSet;
use std::rc::Rc;

use sqlparser::ast::{
    BinaryOperator, Expr, Join, JoinConstraint, JoinOperator, ObjectName, TableAlias, TableFactor, TableWithJoins,
};

use super::expr::{conjuncts, strip};
use super::select::{last, lower, renamed};
use super::{Ctes, Env, Print, Printer, Rel, Table};
use crate::sql::jinja::REF_SCHEMA;

/// Kinds of joins by what they do to values.
#[derive(Clone, Copy, PartialEq)]
enum Side {
    Inner,
    Left,
    Right,
    Full,
    /// Semi and anti joins: the right side is only looked at.
    Looked(&'static str),
}

impl Printer<'_> {
    pub(super) fn from<'e>(&self, from: &[TableWithJoins], ctes: &'e Ctes<'e>, parent: Option<&'e Env<'e>>) -> Env<'e> {
        let mut env = Env { parent, ctes: Some(ctes), ..Env::default() };
        for (i, table) in from.iter().enumerate() {
            let lone = self.chain(table, ctes, parent, &env);
            if i == 0 {
                env = lone;
            } else {
                let before = env.rels.len();
                let rows = lone.rows;
                env.rels.extend(lone.rels);
                again(&mut env, before);
                env.rows = Print::set("join", [env.rows, rows]);
                env.keys.clear();
            }
        }
        env
    }

    fn chain<'e>(
        &self,
        table: &TableWithJoins,
        ctes: &'e Ctes<'e>,
        parent: Option<&'e Env<'e>>,
        beside: &Env<'_>,
    ) -> Env<'e> {
        let mut env = Env { parent, ctes: Some(ctes), ..Env::default() };
        (env.rows, env.keys) = self.factor(&table.relation, &mut env, Some(beside));
        for join in &table.joins {
            self.join(join, &mut env);
        }
        env
    }

    fn join(&self, join: &Join, env: &mut Env<'_>) {
        use JoinOperator as J;
        let none = JoinConstraint::None;
        let (side, constraint) = match &join.join_operator {
            J::Join(c) | J::Inner(c) | J::CrossJoin(c) | J::StraightJoin(c) => (Side::Inner, c),
            J::Left(c) | J::LeftOuter(c) => (Side::Left, c),
            J::Right(c) | J::RightOuter(c) => (Side::Right, c),
            J::FullOuter(c) => (Side::Full, c),
            J::Semi(c) | J::LeftSemi(c) => (Side::Looked("semi"), c),
            J::Anti(c) | J::LeftAnti(c) => (Side::Looked("anti"), c),
            J::RightSemi(c) => (Side::Looked("right semi"), c),
            J::RightAnti(c) => (Side::Looked("right anti"), c),
            J::AsOf { constraint, .. } => (Side::Left, constraint),
            J::CrossApply | J::ArrayJoin | J::InnerArrayJoin => (Side::Inner, &none),
            J::OuterApply | J::LeftArrayJoin => (Side::Left, &none),
        };
        let before = env.rels.len();
        let (rows, right_keys) = {
            let beside = Env { rels: env.rels.clone(), ctes: env.ctes, parent: env.parent, ..Env::default() };
            self.factor(&join.relation, env, Some(&beside))
        };
        if side == Side::Inner {
            again(env, before);
        }
        let mut held = self.constraint(constraint, env, before);
        if let J::AsOf { match_condition, .. } = &join.join_operator {
            held.conditions.push(Print::mix("as of", &[self.expr(match_condition, env)]));
        }
        let on = Print::set("on", held.conditions.iter().copied());
        let covers = |keys: &[Vec<Print>], by: &[Print]| keys.iter().any(|k| k.iter().all(|c| by.contains(c)));
        let one_each = covers(&right_keys, &held.theirs);
        match side {
            Side::Inner => {
                let pair = Print::set("join", [env.rows, rows]);
                env.rows = held.conditions.iter().fold(pair, |all, c| all.and(Print::mix("filter", &[*c])));
                if !one_each {
                    env.keys.clear();
                }
            }
            Side::Left => {
                let wrap = Print::mix("left", &[rows, on]);
                env.rels[before..].iter_mut().for_each(|r| r.outer(wrap));
                // One row at most for each: the join adds values, it neither adds nor takes rows.
                if !one_each {
                    // A filter of the left side means the same before and after: it is added, not nested.
                    env.rows = env.rows.and(Print::mix("left join", &[rows, on]));
                    env.keys.clear();
                }
            }
            Side::Right => {
                let wrap = Print::mix("left", &[env.rows, on]);
                env.rels[..before].iter_mut().for_each(|r| r.outer(wrap));
                env.rows = rows.and(Print::mix("left join", &[env.rows, on]));
                env.keys.clear();
            }
            Side::Full => {
                let wraps = [Print::mix("left", &[rows, on]), Print::mix("left", &[env.rows, on])];
                env.rels[before..].iter_mut().for_each(|r| r.outer(wraps[0]));
                env.rels[..before].iter_mut().for_each(|r| r.outer(wraps[1]));
                env.rows = Print::mix("full join", &[Print::set("both", [env.rows, rows]), on]);
                env.keys.clear();
            }
            Side::Looked(kind) => {
                env.rels.truncate(before);
                env.rows = Print::mix(kind, &[env.rows, rows, on]);
            }
        }
    }

    fn constraint(&self, constraint: &JoinConstraint, env: &mut Env<'_>, before: usize) -> Held {
        let mut held = Held::default();
        let names: Vec<String> = match constraint {
            JoinConstraint::On(expr) => {
                let theirs: HashSet<Print> = of(&env.rels[before..]);
                for conjunct in conjuncts(expr) {
                    let Expr::BinaryOp { left, op: BinaryOperator::Eq, right } = strip(conjunct) else {
                        held.conditions.push(self.expr(conjunct, env));
                        continue;
                    };
                    let sides = [self.expr(left, env), self.expr(right, env)];
                    held.conditions.push(Print::set("=", sides));
                    held.theirs.extend(sides.into_iter().filter(|s| theirs.contains(s)));
                }
                return held;
            }
            JoinConstraint::Using(names) => names.iter().filter_map(last).collect(),
            JoinConstraint::Natural => {
                let ours = |n: &String| env.rels[..before].iter().any(|r| r.find(n).is_some());
                let all = env.rels[before..].iter().flat_map(|r| &r.table.columns).map(|c| c.0.clone());
                all.filter(ours).collect()
            }
            JoinConstraint::None => return held,
        };
        for name in names {
            let find = |rels: &[Rel]| {
                let seen = rels.iter().filter(|r| !r.hidden.contains(&name));
                seen.clone().find_map(|r| r.find(&name)).or_else(|| seen.clone().find_map(|r| r.unlisted(&name)))
            };
            let missing = Print::of(&name);
            let (left, right) = (find(&env.rels[..before]), find(&env.rels[before..]));
            let (left, right) = (left.unwrap_or(missing), right.unwrap_or(missing));
            held.conditions.push(Print::set("=", [left, right]));
            held.theirs.push(right);
            env.rels[before..].iter_mut().for_each(|r| r.hidden.push(name.clone()));
        }
        held
    }

    /// One thing in FROM: its rows and keys.
    fn factor(&self, factor: &TableFactor, env: &mut Env<'_>, beside: Option<&Env<'_>>) -> (Print, Vec<Vec<Print>>) {
        let (table, alias, known_as) = match factor {
            TableFactor::Table { name, alias, args, sample, version, .. } => {
                let table = self.named(name, env.ctes);
                let plain = args.is_none() && sample.is_none() && version.is_none();
                let table = if plain {
                    table
                } else {
                    let arguments = Print::hash((args, sample, version));
                    let rows = Print::mix("with arguments", &[table.rows, arguments]);
                    let rest =
                        if args.is_some() { Some(Print::mix("made", &[rows, Print::hash(name)])) } else { table.rest };
                    Rc::new(Table { rows, rest, keys: Vec::new(), ..Table::clone(&table) })
                };
                (table, alias.as_ref(), last(name).unwrap_or_default())
            }
            TableFactor::Derived { subquery, alias, lateral, .. } => {
                let outer = Env {
                    rels: if *lateral { beside.map(|b| b.rels.clone()).unwrap_or_default() } else { Vec::new() },
                    parent: env.parent,
                    ctes: env.ctes,
                    ..Env::default()
                };
                (self.query(subquery, env.ctes, Some(&outer)), alias.as_ref(), String::new())
            }
            TableFactor::NestedJoin { table_with_joins, alias: None } => {
                let none = Ctes::default();
                let inner = self.chain(table_with_joins, env.ctes.unwrap_or(&none), env.parent, &Env::default());
                let made = (inner.rows, inner.keys);
                env.rels.extend(inner.rels);
                return made;
            }
            TableFactor::Pivot { table, alias, .. }
            | TableFactor::Unpivot { table, alias, .. }
            | TableFactor::MatchRecognize { table, alias, .. } => {
                let mut inner = Env { ctes: env.ctes, parent: env.parent, ..Env::default() };
                let (rows, _) = self.factor(table, &mut inner, beside);
                let columns = inner.rels.iter().flat_map(|r| &r.table.columns).map(|c| c.1);
                let rest = inner.rels.iter().filter_map(|r| r.table.rest);
                let made = Print::mix("pivot", &[Print::hash(factor), rows, Print::set("all", columns.chain(rest))]);
                (open(made), alias.as_ref(), String::new())
            }
            TableFactor::UNNEST { alias, array_exprs, with_offset, .. } => {
                let env = beside.unwrap_or(env);
                let arrays: Vec<Print> = array_exprs.iter().map(|e| self.expr(e, env)).collect();
                let made = Print::mix("unnest", &[Print::mix("arrays", &arrays), Print::hash(with_offset)]);
                (open(made), alias.as_ref(), String::new())
            }
            TableFactor::TableFunction { expr, alias } => {
                let made = Print::mix("table function", &[self.expr(expr, beside.unwrap_or(env))]);
                (open(made), alias.as_ref(), String::new())
            }
            TableFactor::Function { name, args, alias, .. } => {
                // `lateral flatten(input => column)`: what it takes is found by the names beside it.
                let mut parts = vec![Print::of(&last(name).unwrap_or_default())];
                parts.extend(args.iter().map(|a| self.argument(a, beside.unwrap_or(env))));
                (open(Print::mix("table function", &parts)), alias.as_ref(), String::new())
            }
            other => {
                let around = beside.map(|b| of(&b.rels)).unwrap_or_default();
                (open(Print::mix("other", &[Print::hash(other), Print::set("around", around)])), None, String::new())
            }
        };
        let made = (table.rows, table.keys.clone());
        let rel = match alias {
            Some(TableAlias { name, columns, .. }) => {
                Rel { alias: lower(name), table: renamed(table, columns), wrap: None, hidden: Vec::new() }
            }
            None => Rel { alias: known_as, table, wrap: None, hidden: Vec::new() },
        };
        env.rels.push(rel);
        made
    }

    pub(super) fn named(&self, name: &ObjectName, ctes: Option<&Ctes<'_>>) -> Rc<Table> {
        let parts: Vec<String> = name.0.iter().filter_map(|p| p.as_ident()).map(lower).collect();
        if let [one] = parts.as_slice()
            && let Some(table) = ctes.and_then(|c| c.find(one))
        {
            return table;
        }
        let node = parts.iter().find_map(|p| p.strip_prefix(REF_SCHEMA)?.parse::<u32>().ok());
        match node.and_then(self.tables) {
            Some((id, printed)) => {
                let id = Print::of(id);
                let own = |(name, print): &(String, Print)| {
                    (name.clone(), Print::mix("column", &[id, Print::of(name)]).known_as(*print))
                };
                let columns: Vec<(String, Print)> = printed.columns.iter().map(own).collect();
                let origin = match printed.origin == Print::default() {
                    true => Print::default(),
                    false => id.known_as(printed.origin),
                };
                let key = |k: &Vec<usize>| k.iter().filter_map(|i| Some(columns.get(*i)?.1)).collect();
                let rows = id.known_as(printed.rows);
                Rc::new(Table {
                    rows,
                    rest: printed.open.then(|| Print::mix("rest", &[rows])),
                    keys: printed.keys.iter().map(key).collect(),
                    columns,
                    origin,
                })
            }
            None => open(Print::mix("by name", &parts.iter().map(|p| Print::of(p)).collect::<Vec<_>>())),
        }
    }
}

impl Rel {
    fn outer(&mut self, wrap: Print) {
        self.wrap = Some(self.wrap.map_or(wrap, |inner| Print::mix("outer", &[inner, wrap])));
    }
}

/// What a join holds together.
#[derive(Default)]
struct Held {
    conditions: Vec<Print>,
    /// Columns of the right side that equal something of the left.
    theirs: Vec<Print>,
}

fn open(made: Print) -> Rc<Table> {
    Rc::new(Table { rows: made, rest: Some(made), ..Table::default() })
}

fn of(rels: &[Rel]) -> HashSet<Print> {
    rels.iter().flat_map(|r| r.table.columns.iter().map(|c| r.wrapped(c.1))).collect()
}

/// A table that is joined to itself: its columns are not those of the first time.
fn again(env: &mut Env<'_>, before: usize) {
    let earlier: HashSet<u64> = of(&env.rels[..before]).into_iter().map(|p| p.deep).collect();
    for (i, rel) in env.rels.iter_mut().enumerate().skip(before) {
        if rel.table.rest.is_some() || rel.table.columns.iter().any(|c| earlier.contains(&rel.wrapped(c.1).deep)) {
            rel.outer(Print::mix("again", &[Print::hash(i)]));
        }
    }
}
