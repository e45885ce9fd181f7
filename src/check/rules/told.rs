//! What a query shows of its columns beside their types, for the rules that look at its readers.

use std::collections::{BTreeMap, BTreeSet};

use sqlparser::ast::Expr;

use super::absent::Cause;
use super::expressions::column;
use super::look::View;
use super::outline::Step;
use super::{Query, conversions, sums};
use crate::vocabulary::DataType;

/// What is known of a node's columns, by their names in lower case.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Told {
    /// Those that the query makes null for some rows, and whether by an expression, not by a join that finds nothing.
    pub absent: BTreeMap<String, bool>,
    /// The zone whose clock a column without a zone shows.
    pub clocks: BTreeMap<String, String>,
    /// Those that are averages or quotients of groups.
    pub averages: BTreeSet<String>,
    /// Those that count whom there are in each group of a time, and what the groups are by.
    pub distinct: BTreeMap<String, Vec<String>>,
}

impl Told {
    /// What a query shows.
    pub fn of(query: &Query<'_>) -> Told {
        let view = query.full();
        let mut told = Told::default();
        for column in &query.resolved.columns {
            let Some(step) = view.outline.given(0, &column.name) else { continue };
            if column.nullable != Some(false)
                && let Some(cause) = view.absent_step(step, &column.name)
            {
                let made = match cause {
                    Cause::Made(_) => true,
                    Cause::Unmatched(..) => false,
                    Cause::Given(_, made) => made,
                };
                told.absent.insert(column.name.clone(), made);
            }
            if let Some((expr, at)) = made(&view, step, &column.name) {
                if sums::is_average(&view, expr, at) {
                    told.averages.insert(column.name.clone());
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

fn clock(view: &View<'_, '_>, step: Step<'_>, name: &str) -> Option<String> {
    match step {
        Step::Expr(expr, at) => conversions::wall(view, at, expr, 0),
        Step::Same(select, relation) => conversions::wall_of(view, select, relation, name),
        Step::Node(_) => None,
    }
}
