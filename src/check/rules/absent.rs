//! Why a value can be null, where the query itself makes it so: an outer join, a `nullif`, a `case` without `else`. What
//! is null by what tests leave out is another matter ([`View::nullable`]).

use sqlparser::ast::{Expr, JoinOperator};

use super::expressions::{arguments, bare, call, column, conjuncts, is_grouped, is_null, is_one_of};
use super::look::{View, rejects_null};
use super::outline::{Reads, Step, Target};
use super::told::Absence;
use crate::dbt::NodeId;
use crate::vocabulary::Dialect;

/// Why a value can be null.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Cause<'a> {
    /// A join of a select may find no row in this relation.
    Unmatched(usize, usize),
    /// This expression gives null for some rows.
    Made(&'a Expr),
    /// Another node gives it so, under this name.
    Given(NodeId, &'a str),
}

/// Functions that give null where what they are called with is null.
const STRICT: &[&str] = &[
    "upper",
    "lower",
    "initcap",
    "trim",
    "ltrim",
    "rtrim",
    "round",
    "floor",
    "ceil",
    "abs",
    "to_char",
    "to_varchar",
    "date",
    "left",
    "right",
    "substr",
    "substring",
    "replace",
    "lpad",
    "rpad",
    "split_part",
];

impl Cause<'_> {
    /// Whether a join in this query finds nothing.
    pub(super) fn is_join(self) -> bool {
        matches!(self, Cause::Unmatched(..))
    }
}

impl<'a> View<'_, 'a> {
    /// Why an expression of a select can be null; none where it can't, and where that is not known.
    pub(super) fn absent(&self, select: usize, expr: &'a Expr) -> Option<Cause<'a>> {
        self.absent_at(select, expr, 0)
    }

    /// The same of a column as the CTE or subquery gives it that it is read from, whatever this select leaves out.
    pub(super) fn absent_before(&self, select: usize, expr: &'a Expr) -> Option<Cause<'a>> {
        let name = column(expr)?;
        self.absent_step(self.outline.step(select, self.relation(select, expr)?, &name.value)?, &name.value)
    }

    /// The same of what a CTE, subquery or node gives under a name.
    pub(super) fn absent_step(&self, step: Step<'a>, name: &'a str) -> Option<Cause<'a>> {
        match step {
            Step::Node(id) => self.absent_in(id, name),
            Step::Same(select, relation) => self.absent_column(select, relation, name, None, 0),
            Step::Expr(inner, at) => self.absent(at, inner),
        }
    }

    fn absent_in(&self, id: NodeId, name: &'a str) -> Option<Cause<'a>> {
        self.absence(id, name)?;
        (self.said_nullable(id, name) != Some(false)).then_some(Cause::Given(id, name))
    }

    /// Why a column of another node is null for some rows.
    pub(super) fn absence(&self, id: NodeId, name: &str) -> Option<&Absence> {
        self.query.told.get(&id)?.absent.get(&name.to_ascii_lowercase())
    }

    /// The description by which an expression can be null, as it is or in the query of another node.
    pub(super) fn said_of(&self, cause: Cause<'_>) -> Option<&str> {
        match cause {
            Cause::Given(id, name) => match self.absence(id, name)? {
                Absence::Said(description) => Some(description),
                _ => None,
            },
            _ => None,
        }
    }

    fn absent_at(&self, select: usize, expr: &'a Expr, depth: usize) -> Option<Cause<'a>> {
        if depth > 16 {
            return None;
        }
        if let Some(name) = column(expr) {
            let known = self.seen(expr).and_then(|c| c.nullable);
            return self.absent_column(select, self.relation(select, expr)?, &name.value, known, depth);
        }
        let inner = |e: &'a Expr| self.absent_at(select, e, depth + 1);
        match bare(expr) {
            Expr::Cast { expr, .. } | Expr::Trim { expr, .. } | Expr::Substring { expr, .. } => inner(expr),
            Expr::BinaryOp { left, op, right } if computes(op) => inner(left).or_else(|| inner(right)),
            e @ Expr::Case { conditions, else_result, .. } => match else_result {
                // Several branches may be all that there are.
                None => (conditions.len() == 1).then_some(Cause::Made(e)),
                Some(otherwise) => {
                    let some = !is_null(otherwise) || conditions.iter().all(|w| is_null(&w.result));
                    (!some || conditions.iter().any(|w| is_null(&w.result))).then_some(Cause::Made(e))
                }
            },
            e @ Expr::Function(f) if is_one_of(f, &["nullif"]) => Some(Cause::Made(e)),
            e @ Expr::Function(f) if is_one_of(f, &["iff", "if"]) => {
                let list: Vec<&Expr> = arguments(f).collect();
                matches!(list.as_slice(), [_, a, b] if is_null(a) || is_null(b)).then_some(Cause::Made(e))
            }
            Expr::Function(f) if is_one_of(f, &["sum", "min", "max"]) && f.over.is_none() && f.filter.is_none() => {
                // A group is null as a whole where nothing was joined to it; else only where no row has a value.
                let ungrouped = !is_grouped(self.outline.selects[select].select);
                let argument = arguments(f).next().filter(|_| !ungrouped)?;
                match inner(argument)? {
                    cause @ Cause::Unmatched(..) => Some(cause),
                    cause @ Cause::Made(Expr::Case { .. }) if is_one_of(f, &["sum"]) => Some(cause),
                    _ => None,
                }
            }
            Expr::Function(f) if f.over.is_none() && is_one_of(f, STRICT) => arguments(f).find_map(inner),
            _ => None,
        }
    }

    fn absent_column(
        &self,
        select: usize,
        relation: usize,
        name: &'a str,
        known: Option<bool>,
        depth: usize,
    ) -> Option<Cause<'a>> {
        if depth > 16 || known == Some(false) {
            return None;
        }
        let part = &self.outline.selects[select];
        let reads = part.relations.get(relation)?;
        let of_it = |e: &Expr| column(e).is_some() && self.relation(select, e) == Some(relation);
        let filters = || part.conditions();
        if reads.outer && !self.always_met(select, relation) && !filters().any(|f| rejects_null(f, &of_it)) {
            return Some(Cause::Unmatched(select, relation));
        }
        let is = |e: &Expr| of_it(e) && column(e).is_some_and(|c| c.value.eq_ignore_ascii_case(name));
        let on = part.relations.iter().filter(|r| !r.outer).filter_map(|r| super::outline::constraint(r.join?));
        let on = on.flat_map(|c| match c {
            sqlparser::ast::JoinConstraint::On(e) if !reads.outer => conjuncts(e),
            _ => Vec::new(),
        });
        if filters().chain(on).any(|f| rejects_null(f, &is)) {
            return None;
        }
        match self.outline.step(select, relation, name)? {
            Step::Node(id) => self.absent_in(id, name),
            Step::Same(select, relation) => self.absent_column(select, relation, name, known, depth + 1),
            Step::Expr(inner, at) => self.absent_at(at, inner, depth + 1),
        }
    }

    /// Whether a left join finds a row for each: it is of groups of the very rows that they are joined to.
    fn always_met(&self, select: usize, relation: usize) -> bool {
        let relations = &self.outline.selects[select].relations;
        let whole = self.sources(relations[relation].target, true);
        relations[..relation].iter().any(|r| self.sources(r.target, false).iter().any(|t| whole.contains(t)))
    }

    /// What the rows of a CTE or subquery are of, the next first; where they are to be `whole`, only as long as no row
    /// is left out.
    fn sources(&self, target: Target, whole: bool) -> Vec<Target> {
        let mut out = vec![target];
        while let Some(Target::Level(level)) = out.last().copied().filter(|_| out.len() < 8) {
            let level = &self.outline.levels[level];
            let Some(part) = level.select.map(|s| &self.outline.selects[s]) else { break };
            let all = part.select.selection.is_none()
                && part.select.having.is_none()
                && part.select.qualify.is_none()
                && level.query.limit_clause.is_none();
            let Some((reads, joined)) = part.relations.split_first() else { break };
            let kept = |r: &Reads<'_>| matches!(r.join, Some(JoinOperator::Left(_) | JoinOperator::LeftOuter(_)));
            if whole && !(all && joined.iter().all(kept)) || reads.outer {
                break;
            }
            out.push(reads.target);
        }
        out.retain(|t| *t != Target::Other);
        out
    }
}

/// Whether an operator gives null where either side is null.
fn computes(op: &sqlparser::ast::BinaryOperator) -> bool {
    use sqlparser::ast::BinaryOperator::{Minus, Multiply, Plus, StringConcat};
    matches!(op, Plus | Minus | Multiply | StringConcat)
}

/// Whether `concat` gives null where one of its parts is null, by dialect.
pub(super) fn concat_is_strict(dialect: Dialect) -> bool {
    !matches!(dialect, Dialect::Postgres | Dialect::DuckDb | Dialect::Sqlite)
}

/// The call of a function that puts a default in the place of null.
pub(super) fn defaulted(expr: &Expr) -> Option<&sqlparser::ast::Function> {
    call(expr, &["coalesce", "ifnull", "nvl", "zeroifnull"])
}
