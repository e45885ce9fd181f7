//! An expression that stands in the place of a column, and the rows that were landed before it: they have none of the new
//! columns, but the landed table still has the old one.

use std::collections::BTreeMap;

use super::{Drifted, Ground, Reading, specs};
use crate::contract::{Alteration, Column, Contract};
use crate::sql::lower::{Scope, ScopeColumn, lower};

/// Has those rows keep what they hold, where loads keep rows at all, and says in each decision what they get.
pub(super) fn keep(
    before: &Contract,
    contract: &mut Contract,
    all: &[&Drifted],
    readings: &BTreeMap<String, Reading>,
    ground: &Ground<'_>,
) {
    let table = before.table_ref();
    if !ground.specs.values().any(|spec| specs::keeps_rows(spec, &table)) {
        return;
    }
    for change in all.iter().map(|d| &d.change) {
        let Some(Reading::Expression(expression)) = readings.get(&change.key) else { continue };
        let Some(was) = change.column.as_ref().and_then(|name| before.column(name.as_str())) else { continue };
        let stays = stays(was, expression, contract);
        let landing = &mut contract.followed.landing.changes;
        let Some(gone) = landing.iter_mut().find(|c| c.column == was.name && c.change.is_gone()) else { continue };
        let rows = match stays {
            true => {
                gone.change = Alteration::Replaced;
                "rows that were landed before keep what they hold"
            }
            false => "rows that were landed before have none of its columns, so load them again where that matters",
        };
        let about = change.said();
        if let Some(decision) = contract.followed.decisions.iter_mut().rev().find(|d| d.about == about) {
            decision.decided = format!("{}; {rows}", decision.decided);
        }
    }
}

/// Whether old values can stand among those of the expression: types go together, and no personal data comes among what is
/// none.
fn stays(was: &Column, expression: &str, contract: &Contract) -> bool {
    let column = |c: &Column| ScopeColumn {
        relation: contract.table.clone(),
        name: c.name.clone(),
        sql: c.name.to_string(),
        data_type: Some(c.data_type),
        nullable: true,
        hidden: false,
    };
    let columns = contract.columns.iter().chain([was]).map(column).collect();
    // What is no expression over the table, the gate says.
    let both = lower(&format!("coalesce({}, {expression})", was.name), &Scope { columns, open: Vec::new() });
    let Ok(both) = both else { return false };
    let personal = |at: &usize| contract.columns.get(*at).is_some_and(|c| c.pii().is_some());
    both.data_type.is_some() && (was.pii().is_none() || both.uses.iter().any(personal))
}
