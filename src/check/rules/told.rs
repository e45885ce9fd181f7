//! What a query shows of its columns beside their types, for the rules that look at its readers.

use std::collections::BTreeMap;

use super::absent::Cause;
use super::look::View;
use super::outline::Step;
use super::{Query, conversions};
use crate::vocabulary::DataType;

/// What is known of a node's columns, by their names in lower case.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Told {
    /// Those that the query makes null for some rows, and whether by an expression, not by a join that finds nothing.
    pub absent: BTreeMap<String, bool>,
    /// The zone whose clock a column without a zone shows.
    pub clocks: BTreeMap<String, String>,
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
            let moment = column.column_type.exact().is_none_or(|t| t == DataType::Timestamp);
            if let Some(clock) = clock(&view, step, &column.name).filter(|_| moment) {
                told.clocks.insert(column.name.clone(), clock);
            }
        }
        told
    }
}

fn clock(view: &View<'_, '_>, step: Step<'_>, name: &str) -> Option<String> {
    match step {
        Step::Expr(expr, at) => conversions::wall(view, at, expr, 0),
        Step::Same(select, relation) => conversions::wall_of(view, select, relation, name),
        Step::Node(_) => None,
    }
}
