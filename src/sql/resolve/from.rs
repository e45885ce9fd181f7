//! FROM: what is joined to what.

use sqlparser::ast::{Expr, Join, JoinConstraint, JoinOperator, TableWithJoins};

use super::facts::{self, Fact, JoinKind};
use super::joins::{Pair, conjuncts, equality};
use super::print::Print;
use super::relation::{Ctes, Env, Rel, Rows, lower};
use super::{Named, Resolver, Usage};

/// What a join's condition comes to.
#[derive(Default)]
pub(super) struct Condition {
    /// What it holds equal.
    pub pairs: Vec<Pair>,
    /// Whether there is more to it.
    pub other: bool,
    /// Its fingerprint.
    pub print: u64,
}

impl<R: Named> Resolver<'_, R> {
    /// Everything that a select reads, with names.
    pub(super) fn from<'e>(
        &mut self,
        from: &[TableWithJoins],
        ctes: Option<&'e Ctes<'e>>,
        parent: Option<&'e Env<'e>>,
    ) -> Env<'e> {
        let mut env = Env { keys: vec![super::joins::Key::new()], ..Env::within(ctes, parent) };
        for table in from {
            let before = env.rels.len();
            let at = self.factor(&table.relation, &mut env);
            self.beside(&mut env, before, "cross", 0);
            self.joined(&mut env, before, &[], JoinKind::Cross, at);
            if before > 0 {
                self.join_fact(&env, before, JoinKind::Cross, &Condition::default(), at);
            }
            for join in &table.joins {
                self.join(join, &mut env);
            }
        }
        env
    }

    /// The rows with those of the relations from `before` on beside them, and columns of the same relation told apart.
    fn beside(&mut self, env: &mut Env<'_>, before: usize, how: &str, condition: u64) {
        self.salt(env, before);
        let mut rows = env.rows;
        for (i, rel) in env.rels[before..].iter().enumerate() {
            rows = match before + i {
                0 => rel.table.rows,
                _ => Rows::of(rows.then(how).with(rel.table.rows.done()).with(condition).done()),
            };
        }
        env.rows = rows;
    }

    fn salt(&mut self, env: &mut Env<'_>, before: usize) {
        for i in before..env.rels.len() {
            let (earlier, rest) = env.rels.split_at_mut(i);
            let rel = &mut rest[0];
            let shares = |other: &&Rel| other.table.reads.iter().any(|r| rel.table.reads.binary_search(r).is_ok());
            let alike = earlier.iter().filter(shares).count();
            if alike > 0 {
                let rows = rel.table.rows.done();
                let same = earlier.iter().filter(|e| e.table.rows.done() == rows).count();
                rel.salt = Print::of("again").with(rows).with(same as u64).done();
            }
        }
    }

    fn join(&mut self, join: &Join, env: &mut Env<'_>) {
        use JoinOperator as Op;
        let before = env.rels.len();
        let at = self.factor(&join.relation, env);
        self.salt(env, before);
        let none = JoinConstraint::None;
        let (constraint, kind) = match &join.join_operator {
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
        let mut condition = self.constraint(constraint, env, before);
        if let Op::AsOf { match_condition, .. } = &join.join_operator {
            let value = self.expr(match_condition, env);
            self.read(Usage::Join, &value);
            condition.other = true;
            condition.print = Print::of("match").with(condition.print).with(value.logic).done();
        }
        self.join_fact(env, before, kind, &condition, at);
        match kind {
            JoinKind::Semi => {
                let rows: Vec<u64> = env.rels[before..].iter().map(|r| r.table.rows.done()).collect();
                let word = match &join.join_operator {
                    Op::Anti(_) | Op::LeftAnti(_) | Op::RightAnti(_) => "anti",
                    _ => "semi",
                };
                env.rows = Rows::of(env.rows.then(word).all(rows).with(condition.print).done());
                env.rels.truncate(before);
                return;
            }
            JoinKind::Left | JoinKind::AsOf => env.rels[before..].iter_mut().for_each(|r| r.outer = true),
            JoinKind::Right => env.rels[..before].iter_mut().for_each(|r| r.outer = true),
            JoinKind::Full => env.rels.iter_mut().for_each(|r| r.outer = true),
            JoinKind::Inner => {
                for pair in &condition.pairs {
                    for (rel, column) in pair.left.iter().chain([&pair.right]) {
                        if let Some(i) = env.rels[*rel].position(column) {
                            env.rels[*rel].filled.insert(i);
                        }
                    }
                }
            }
            JoinKind::Cross => {}
        }
        let how = match kind {
            JoinKind::Inner => "inner",
            JoinKind::Left => "left",
            JoinKind::Right => "right",
            JoinKind::Full => "full",
            JoinKind::AsOf => "asof",
            JoinKind::Cross | JoinKind::Semi => "cross",
        };
        self.beside(env, before, how, condition.print);
        if kind == JoinKind::AsOf {
            // At most one row meets each.
            env.keys_of_nested.clear();
            return;
        }
        self.joined(env, before, &condition.pairs, kind, at);
    }

    fn join_fact(
        &mut self,
        env: &Env<'_>,
        before: usize,
        kind: JoinKind,
        condition: &Condition,
        at: (sqlparser::tokenizer::Location, usize),
    ) {
        let Some(rel) = env.rels.get(before) else { return };
        let name = |(rel, column): &(usize, String)| format!("{}.{column}", env.rels[*rel].alias);
        let theirs = condition.pairs.iter().map(|p| p.right.1.clone()).collect();
        let keys = &rel.table.keys;
        let join = facts::Join {
            span: self.span(at.0, at.1),
            kind,
            joined: rel.alias.clone(),
            on: condition.pairs.iter().map(|p| (p.left.as_ref().map(name), p.right.1.clone())).collect(),
            other_conditions: condition.other,
            one: (!keys.is_empty()).then(|| keys.iter().any(|k| k.is_subset(&theirs))),
            keys: keys.clone(),
            left_keys: env.keys.iter().map(|k| k.iter().map(name).collect()).collect(),
            single: rel.table.single,
        };
        self.facts.push(Fact::Join(join));
    }

    /// Reads the condition; gives what it holds equal: a column of the left side (or nothing: a constant), one of the
    /// right side.
    fn constraint(&mut self, constraint: &JoinConstraint, env: &mut Env<'_>, before: usize) -> Condition {
        let mut out = Condition::default();
        let mut prints = Vec::new();
        match constraint {
            JoinConstraint::On(expr) => {
                let mut parts: Vec<&Expr> = Vec::new();
                conjuncts(expr, &mut parts);
                for part in parts.into_iter().rev() {
                    let value = self.condition(part, env);
                    self.read(Usage::Join, &value);
                    prints.push(value.logic);
                    match equality(part, env, before) {
                        Some(pair) => out.pairs.push(pair),
                        None => out.other = true,
                    }
                }
            }
            JoinConstraint::Using(names) => {
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
                            prints.push(value.logic);
                        }
                    }
                    match (ours, theirs) {
                        (Some(ours), Some(theirs)) => {
                            prints.push(self.merged(&column, ident, ours, before + theirs, env));
                            out.pairs
                                .push(Pair { left: Some((ours, column.clone())), right: (before + theirs, column) });
                        }
                        _ => out.other = true,
                    }
                }
            }
            JoinConstraint::Natural => {
                for theirs in before..env.rels.len() {
                    let names: Vec<String> = env.rels[theirs].table.columns.iter().map(|c| c.name.clone()).collect();
                    for column in names {
                        let ours = env.rels[..before].iter().position(|r| r.position(&column).is_some());
                        if let Some(ours) = ours {
                            let ident = sqlparser::ast::Ident::new(column.clone());
                            prints.push(self.merged(&column, &ident, ours, theirs, env));
                            out.pairs.push(Pair { left: Some((ours, column.clone())), right: (theirs, column) });
                        }
                    }
                }
            }
            JoinConstraint::None => {}
        }
        if !prints.is_empty() {
            out.print = Print::of("on").set(prints).done();
        }
        out
    }

    /// Two columns of a name that a join makes one.
    fn merged(
        &mut self,
        column: &str,
        ident: &sqlparser::ast::Ident,
        ours: usize,
        theirs: usize,
        env: &mut Env<'_>,
    ) -> u64 {
        let (Some(a), Some(b)) = (env.rels[ours].position(column), env.rels[theirs].position(column)) else { return 0 };
        let (left, right) = (env.rels[ours].value(a), env.rels[theirs].value(b));
        self.compare(&left, &right, ident.span.start, column);
        self.read(Usage::Join, &left);
        self.read(Usage::Join, &right);
        env.rels[theirs].hidden.insert(b);
        super::operators::equal(left.logic, right.logic)
    }
}
