//! FROM: what is joined to what.

use std::collections::BTreeSet;

use sqlparser::ast::{Expr, Join, JoinConstraint, JoinOperator, Select, TableWithJoins};

use super::joins::{How, JoinKind, Pair, conjuncts, equality, narrows, on_computed};
use super::relation::{Ctes, Env, Rel, lower};
use super::{Named, Resolver, Usage, left_out, versions};
use crate::vocabulary::Dialect;

impl<R: Named> Resolver<'_, R> {
    /// Everything that a select reads, with names.
    pub(super) fn from<'e>(
        &mut self,
        from: &[TableWithJoins],
        ctes: Option<&'e Ctes<'e>>,
        parent: Option<&'e Env<'e>>,
        select: Option<&'e Select>,
    ) -> Env<'e> {
        // Snowflake sees the select's aliases even where tables are joined.
        let ahead = select.filter(|_| self.reads_as(&[Dialect::Snowflake]) && !self.strict);
        let mut env = Env { keys: vec![super::joins::Key::new()], ahead, joins: true, ..Env::within(ctes, parent) };
        let filter = select.and_then(|s| s.selection.as_ref());
        for table in from {
            let before = env.rels.len();
            let at = self.factor(&table.relation, &mut env);
            // What stands after a comma is joined by `where`.
            let mut pairs = Vec::new();
            let mut parts = Vec::new();
            filter.filter(|_| before > 0 && !self.strict).into_iter().for_each(|f| conjuncts(f, &mut parts));
            pairs.extend(parts.into_iter().filter_map(|part| equality(part, &env, before)));
            pairs.retain(|p| p.left.is_some());
            let kind = if pairs.is_empty() { JoinKind::Cross } else { JoinKind::Inner };
            hold_equal(&pairs, kind, &mut env);
            let narrowed = narrows(filter, &pairs, &env, before);
            let picked = filter.is_some_and(|f| left_out::picked(f, &env).iter().any(|r| *r >= before));
            self.joined(&mut env, before, &pairs, How { kind, computed: false, narrowed, picked }, at);
            for join in &table.joins {
                self.join(join, filter, &mut env);
            }
        }
        env.joins = false;
        env.ahead = None;
        env.read_ahead.borrow_mut().clear();
        env
    }

    fn join(&mut self, join: &Join, filter: Option<&Expr>, env: &mut Env<'_>) {
        use JoinOperator as Op;
        let before = env.rels.len();
        let at = self.factor(&join.relation, env);
        let none = JoinConstraint::None;
        let (constraint, kind) = match &join.join_operator {
            // What stands for `asof join … on` of DuckDB.
            Op::StraightJoin(c) if self.reads_as(&[Dialect::DuckDb]) => (c, JoinKind::AsOf),
            Op::Join(c) | Op::Inner(c) | Op::StraightJoin(c) => (c, JoinKind::Inner),
            Op::Left(c) | Op::LeftOuter(c) => (c, JoinKind::Left),
            Op::Right(c) | Op::RightOuter(c) => (c, JoinKind::Right),
            Op::FullOuter(c) => (c, JoinKind::Full),
            Op::CrossJoin(c) => (c, JoinKind::Cross),
            Op::Semi(c) | Op::LeftSemi(c) | Op::Anti(c) | Op::LeftAnti(c) | Op::RightSemi(c) | Op::RightAnti(c) => {
                (c, JoinKind::Semi)
            }
            Op::AsOf { constraint, .. } => (constraint, JoinKind::AsOf),
            Op::OuterApply => (&none, JoinKind::Left),
            _ => (&none, JoinKind::Cross),
        };
        let pairs = self.constraint(constraint, env, before);
        if let (JoinConstraint::Using(_) | JoinConstraint::Natural, JoinKind::Right | JoinKind::Full) =
            (constraint, kind)
        {
            take_over(&pairs, kind, env);
        }
        if let Op::AsOf { match_condition, .. } = &join.join_operator {
            let value = self.expr(match_condition, env);
            self.read(Usage::Join, &value);
        }
        match kind {
            JoinKind::Semi => {
                env.rels.truncate(before);
                return;
            }
            JoinKind::AsOf if self.reads_as(&[Dialect::DuckDb]) => {}
            JoinKind::Left | JoinKind::AsOf => env.rels[before..].iter_mut().for_each(|r| r.outer = true),
            JoinKind::Right => env.rels[..before].iter_mut().for_each(|r| r.outer = true),
            JoinKind::Full => env.rels.iter_mut().for_each(|r| r.outer = true),
            JoinKind::Inner => {
                for pair in &pairs {
                    for (rel, column) in pair.left.iter().chain([&pair.right]) {
                        if let Some(i) = env.rels[*rel].position(column) {
                            env.rels[*rel].filled.insert(i);
                        }
                    }
                }
            }
            JoinKind::Cross => {}
        }
        if kind == JoinKind::AsOf {
            // At most one row meets each.
            env.keys_of_nested.clear();
            return;
        }
        let computed = match constraint {
            JoinConstraint::On(expr) => on_computed(expr, env, before),
            _ => false,
        };
        let on = match constraint {
            JoinConstraint::On(expr) => Some(expr),
            _ => None,
        };
        let narrowed = narrows(filter, &pairs, env, before) || narrows(on, &pairs, env, before);
        let conditions = || [on, filter].into_iter().flatten();
        let picked = conditions().any(|c| left_out::picked(c, env).iter().any(|r| *r >= before));
        // Of a table of versions that is active which was active once.
        let versions =
            env.rels[before..].iter().any(|r| versions::untold(&r.table, &BTreeSet::new()).is_some_and(|u| u.1));
        let picked = picked && (!versions || conditions().any(|c| versions::settles(c, env, before)));
        hold_equal(&pairs, kind, env);
        if let Some(on) = on.filter(|_| matches!(kind, JoinKind::Inner | JoinKind::Left)) {
            let picked = left_out::picked(on, env);
            env.picked.extend(picked);
        }
        self.joined(env, before, &pairs, How { kind, computed, narrowed, picked }, at);
    }

    /// Reads the condition; gives what it holds equal: a column of the left side (or nothing: a constant), one of the
    /// right side.
    fn constraint(&mut self, constraint: &JoinConstraint, env: &mut Env<'_>, before: usize) -> Vec<Pair> {
        let mut pairs = Vec::new();
        match constraint {
            JoinConstraint::On(expr) => {
                let mut parts: Vec<&Expr> = Vec::new();
                conjuncts(expr, &mut parts);
                for part in parts.into_iter().rev() {
                    let value = self.condition(part, env);
                    self.read(Usage::Join, &value);
                    pairs.extend(equality(part, env, before));
                }
            }
            JoinConstraint::Using(names) => {
                env.using = true;
                for ident in names.iter().filter_map(|n| n.0.last().and_then(|p| p.as_ident())) {
                    let column = lower(ident);
                    let found = |rels: &[Rel]| {
                        rels.iter().position(|r| r.position(&column).is_some_and(|i| !r.hidden.contains(&i)))
                    };
                    let (ours, theirs) = (found(&env.rels[..before]), found(&env.rels[before..]));
                    for (side, hit) in [(&env.rels[..before], ours), (&env.rels[before..], theirs)] {
                        let lone = Env { rels: side.to_vec(), ..Env::default() };
                        if hit.is_none() {
                            // It may be a column that nobody declared.
                            let value = self.name(ident, &lone);
                            self.read(Usage::Join, &value);
                        }
                    }
                    if let (Some(ours), Some(theirs)) = (ours, theirs) {
                        self.merged(&column, ident, ours, before + theirs, env);
                        pairs.push(Pair { left: Some((ours, column.clone())), right: (before + theirs, column) });
                    }
                }
            }
            JoinConstraint::Natural => {
                env.using = true;
                for theirs in before..env.rels.len() {
                    let names: Vec<String> = env.rels[theirs].table.columns.iter().map(|c| c.name.clone()).collect();
                    for column in names {
                        let ours = env.rels[..before].iter().position(|r| r.position(&column).is_some());
                        if let Some(ours) = ours {
                            let ident = sqlparser::ast::Ident::new(column.clone());
                            self.merged(&column, &ident, ours, theirs, env);
                            pairs.push(Pair { left: Some((ours, column.clone())), right: (theirs, column) });
                        }
                    }
                }
            }
            JoinConstraint::None => {}
        }
        pairs
    }

    /// Two columns of a name that a join makes one.
    fn merged(&mut self, column: &str, ident: &sqlparser::ast::Ident, ours: usize, theirs: usize, env: &mut Env<'_>) {
        let (Some(a), Some(b)) = (env.rels[ours].position(column), env.rels[theirs].position(column)) else { return };
        let (left, right) = (env.rels[ours].value(a), env.rels[theirs].value(b));
        self.compare(&left, &right, ident.span.start, column);
        self.read(Usage::Join, &left);
        self.read(Usage::Join, &right);
        env.rels[theirs].hidden.insert(b);
    }
}

/// Notes which columns have one value wherever others have, by a join.
fn hold_equal(pairs: &[Pair], kind: JoinKind, env: &mut Env<'_>) {
    for (left, right) in pairs.iter().filter_map(|p| Some((p.left.clone()?, p.right.clone()))) {
        match kind {
            JoinKind::Left => env.equal.push((left, right)),
            JoinKind::Right => env.equal.push((right, left)),
            JoinKind::Full => env.full.push((left, right)),
            JoinKind::Inner => env.equal.extend([(left.clone(), right.clone()), (right, left)]),
            _ => {}
        }
    }
}

/// What `using` of a right join takes from the right side, of a full join from either.
fn take_over(pairs: &[Pair], kind: JoinKind, env: &mut Env<'_>) {
    for pair in pairs {
        let Some((ours, column)) = &pair.left else { continue };
        let theirs = &env.rels[pair.right.0];
        let (Some(a), Some(b)) = (env.rels[*ours].position(column), theirs.position(&pair.right.1)) else { continue };
        let right = theirs.value(b);
        let value = match kind {
            JoinKind::Right => right,
            _ => env.rels[*ours].value(a).either(&right),
        };
        env.rels[*ours].merged.insert(a, value);
    }
}
