//! What a query shows of its columns beside their types, for the rules that look at its readers.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use sqlparser::ast::Expr;

use super::absent::Cause;
use super::expressions::column;
use super::look::View;
use super::outline::Step;
use super::{Query, conversions, sums};
use crate::check::said::{self, clocks};
use crate::dbt::{Node, NodeId};
use crate::sql::OutputColumn;
use crate::vocabulary::DataType;

/// What is known of a node's columns, by their names in lower case.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Told {
    /// Those that are null for some rows, and why.
    pub absent: BTreeMap<String, Absence>,
    /// The zone whose clock a column without a zone shows.
    pub clocks: BTreeMap<String, String>,
    /// Those that are averages or quotients of groups.
    pub averages: BTreeSet<String>,
    /// Those that are quantiles of groups.
    pub quantiles: BTreeSet<String>,
    /// Those that count whom there are in each group of a time, and what the groups are by.
    pub distinct: BTreeMap<String, Vec<String>>,
}

/// Why a column is null for some rows.
#[derive(Clone, Debug, PartialEq)]
pub enum Absence {
    /// A join of the query finds nothing for them.
    Unmatched,
    /// An expression of the query makes it so.
    Made,
    /// A description says so.
    Said(Arc<str>),
}

impl Told {
    /// What descriptions say of a node's columns.
    pub fn said(node: &Node, columns: &[OutputColumn<NodeId>]) -> Told {
        let mut told = Told::default();
        for described in node.described.iter().flat_map(|d| &d.columns).filter(|d| !d.description.is_empty()) {
            let name = described.name.to_lowercase();
            let column = columns.iter().find(|c| c.name == name);
            if said::null(described) == Some(true) && column.is_none_or(|c| c.nullable != Some(false)) {
                told.absent.insert(name.clone(), Absence::Said(described.description.trim().into()));
            }
            if let Some(clock) = clocks::clock(described).filter(|clock| column.is_none_or(|c| may_show(c, clock))) {
                told.clocks.insert(name, clock);
            }
        }
        told
    }

    /// What a query shows.
    pub fn of(query: &Query<'_>) -> Told {
        let view = query.full();
        let mut told = Told::said(query.node, &query.resolved.columns);
        for column in &query.resolved.columns {
            let Some(step) = view.outline.given(0, &column.name) else { continue };
            if column.nullable != Some(false)
                && let Some(cause) = view.absent_step(step, &column.name)
            {
                let why = match cause {
                    Cause::Made(_) => Absence::Made,
                    Cause::Unmatched(..) => Absence::Unmatched,
                    Cause::Given(id, name) => view.absence(id, name).cloned().unwrap_or(Absence::Made),
                };
                told.absent.insert(column.name.clone(), why);
            }
            if let Some((expr, at)) = made(&view, step, &column.name) {
                if sums::is_average(&view, expr, at) {
                    told.averages.insert(column.name.clone());
                } else if sums::is_quantile(&view, expr, at) {
                    told.quantiles.insert(column.name.clone());
                } else if let Some(groups) = sums::people_by_time(&view, expr, at) {
                    told.distinct.insert(column.name.clone(), groups);
                }
            }
            let moment = column.column_type.exact().is_none_or(|t| t == DataType::Timestamp);
            if let Some(clock) = clock(&view, step, &column.name).filter(|_| moment) {
                told.clocks.insert(column.name.clone(), clock);
            }
        }
        told
    }
}

/// The expression behind a column, through what passes it on.
fn made<'a>(view: &View<'_, 'a>, mut step: Step<'a>, name: &str) -> Option<(&'a Expr, usize)> {
    let mut name = name.to_owned();
    for _ in 0..16 {
        step = match step {
            Step::Expr(expr, select) => {
                let Some(ident) = column(expr) else { return Some((expr, select)) };
                name.clone_from(&ident.value);
                view.outline.step(select, view.outline.relation(select, expr)?, &name)?
            }
            Step::Same(select, relation) => view.outline.step(select, relation, &name)?,
            Step::Node(_) => return None,
        };
    }
    None
}

/// Whether a column may show a clock: one without a zone of its own. Where its type is not known only UTC is sure.
fn may_show(column: &OutputColumn<NodeId>, clock: &str) -> bool {
    match column.column_type.exact() {
        Some(known) => known == DataType::Timestamp,
        None => clock == "utc",
    }
}

fn clock(view: &View<'_, '_>, step: Step<'_>, name: &str) -> Option<String> {
    match step {
        Step::Expr(expr, at) => conversions::wall(view, at, expr, 0),
        Step::Same(select, relation) => conversions::wall_of(view, select, relation, name),
        Step::Node(_) => None,
    }
}
