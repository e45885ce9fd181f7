//! Columns in the scope of one model: the base, and what is joined to it.

use indexmap::IndexMap;

use crate::contract::Column;
use crate::spec::{Join, JoinKind};
use crate::vocabulary::{Name, TableRef, Window};

use super::Assembly;
use crate::requirement::graph::{Edge, Way};
use crate::requirement::lexicon::ColumnOf;
use crate::requirement::{Question, Readings};

/// The base of a model and its joins.
pub(super) struct Scope<'a> {
    pub(super) base: &'a TableRef,
    /// Joined tables with the key that leads to them, in the order of joining.
    pub(super) joined: Vec<Edge<'a>>,
    /// Joined tables of which only a stretch of time is there.
    pub(super) windows: Vec<(&'a TableRef, Window)>,
    /// Joins to other models, after those.
    pub(super) more: Vec<Join>,
    /// Keys of the base that stand for what they lead to, without a join.
    pub(super) keyed: Vec<Edge<'a>>,
}

impl<'a> Scope<'a> {
    pub(super) fn new(base: &'a TableRef) -> Scope<'a> {
        Scope { base, joined: Vec::new(), windows: Vec::new(), more: Vec::new(), keyed: Vec::new() }
    }

    /// The tables, base first.
    pub(super) fn tables(&self) -> Vec<&'a TableRef> {
        std::iter::once(self.base).chain(self.joined.iter().map(|e| e.to)).collect()
    }
}

impl<'a> Assembly<'_, 'a> {
    /// Brings a table into scope; false where that is a question.
    pub(super) fn reach(&mut self, scope: &mut Scope<'a>, table: &'a TableRef, words: &str) -> bool {
        if scope.tables().contains(&table) {
            return true;
        }
        let way = match self.scan.graph.way(scope.base, table) {
            Way::By(edges) => edges,
            Way::Several(ways) => {
                // A way through what is joined already is the one that is meant.
                let known = |e: &Edge<'a>| scope.joined.contains(e) || scope.keyed.contains(e);
                let joined: Vec<_> = ways.iter().filter(|w| w.iter().rev().skip(1).any(known)).collect();
                if let [one] = joined[..] {
                    one.clone()
                } else {
                    let said = |way: &[Edge<'_>]| {
                        way.iter().map(|e| format!("{}.{}", e.from.table, e.on[0].0)).collect::<Vec<_>>().join(" → ")
                    };
                    let about = format!(
                        "`{words}`: {} leads to {} by several keys. Which one is meant?",
                        scope.base.table, table.table
                    );
                    let question = Question::new(about).key(format!("{}.key", table.table));
                    let readings = ways.into_iter().map(|way| (said(&way), way));
                    let Some(way) = self.choose(Readings::new(question).or_any(readings)) else { return false };
                    way
                }
            }
            Way::No => {
                let about = format!(
                    "`{words}` can't be said of {}: no key leads there. Which table is meant?",
                    scope.base.table
                );
                let tables = [self.describe(scope.base), self.describe(table)];
                self.ask_that(Question::new(about).or_any(tables).or_without());
                return false;
            }
        };
        for edge in way {
            if !scope.tables().contains(&edge.to) {
                scope.joined.push(edge);
            }
        }
        true
    }

    /// Of several columns of one name, that of the base or of the nearest table; a question where two are as near.
    pub(super) fn pick(&mut self, scope: &Scope<'a>, columns: &[ColumnOf<'a>], words: &str) -> Option<ColumnOf<'a>> {
        let mut near: Vec<(u32, ColumnOf<'a>)> =
            columns.iter().filter_map(|c| Some((self.distance(scope.base, c.table)?, *c))).collect();
        near.sort_by_key(|c| c.0);
        let best = near.first()?.0;
        near.retain(|c| c.0 == best);
        // Two words for one column of a table count once.
        near.dedup_by(|a, b| a.1.table == b.1.table && a.1.column.name == b.1.column.name);
        if near.len() > 1 {
            let about = format!("`{words}`: several columns could be meant. Which one is it?");
            let readings = near.iter().map(|c| (format!("{}.{}", c.1.table.table, c.1.column.name), c.1));
            return self.choose(Readings::new(Question::new(about)).or_any(readings));
        }
        near.first().map(|c| c.1)
    }

    /// A column as an expression: with its model's name where several models in scope have it.
    pub(super) fn expr(&self, scope: &Scope<'a>, table: &TableRef, column: &Name) -> String {
        let holders = scope
            .tables()
            .iter()
            .filter(|t| self.contract(t).is_some_and(|c| c.column(column.as_str()).is_some()))
            .count();
        match self.scan.twice.get(table) {
            Some(_) => format!("{}.{column}", table.table),
            None if holders > 1 => format!("{}.{column}", table.staging_model()),
            None => column.to_string(),
        }
    }

    /// Whether a column's value can be missing in this scope.
    pub(super) fn nullable(&self, scope: &Scope<'a>, table: &TableRef, column: &Column) -> bool {
        !column.required && column.primary_key.is_none() || scope.joined.iter().any(|e| e.to == table && !e.required)
    }

    /// The joins of the model. Where every row must have a parent, one without is an error in the data and counts
    /// nowhere; where it may have none, it stays.
    pub(super) fn joins(&mut self, scope: &Scope<'a>, filters: &[String]) -> Vec<Join> {
        let demanded = self.demanded(scope, filters);
        let mut optional: Vec<&TableRef> = Vec::new();
        let mut out = Vec::new();
        for edge in &scope.joined {
            let left = (!edge.required || optional.contains(&edge.from)) && !demanded.contains(&edge.to);
            if left {
                optional.push(edge.to);
            }
            // A pair names our column without its table: the first table in scope that has it is meant.
            let holder = |c: &Name| {
                scope.tables().into_iter().find(|t| self.contract(t).is_some_and(|x| x.column(c.as_str()).is_some()))
            };
            if edge.on.iter().any(|(ours, _)| holder(ours) != Some(edge.from)) {
                let about = format!(
                    "{} is reached from {} by a column that other tables have too, which can't be said yet.",
                    edge.to.table, edge.from.table
                );
                self.ask(about, vec![format!("the same requirement without `{}`", edge.to.table)]);
            }
            let on: IndexMap<Name, Name> = edge.on.iter().map(|(a, b)| ((*a).clone(), (*b).clone())).collect();
            let window = scope.windows.iter().find(|w| w.0 == edge.to).map(|w| w.1.clone());
            let kind = if left && window.is_none() { JoinKind::Left } else { JoinKind::Inner };
            let alias = self.scan.twice.get(edge.to).map(|_| edge.to.table.clone());
            out.push(Join { window, alias, ..Join::new(self.staging_name(edge.to), kind, on) });
        }
        out.extend(scope.more.iter().cloned());
        out
    }
}
