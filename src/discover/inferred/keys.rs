//! Primary keys of tables that declare none.

use super::{about, names};
use crate::contract::TableKind;
use crate::discover::connector::{Connector, RawTable, Sample};
use crate::discover::parallel;
use crate::vocabulary::{DataType, Outcome};

/// Rows below which nothing is said.
const FEWEST: u64 = 2;

/// Takes `id`, or the table's own `order_id`, for the key where it is never null and no value stands twice in the whole
/// table.
///
/// # Errors
/// The source can't be read.
pub fn keys(connector: &dyn Connector, profiled: &mut [(RawTable, Sample)]) -> Outcome<()> {
    let candidates: Vec<(usize, usize)> =
        profiled.iter().enumerate().filter_map(|(i, (table, sample))| Some((i, candidate(table, sample)?))).collect();
    let ask = |(table, column): &(usize, usize)| {
        let table = &profiled[*table].0;
        match table.columns[*column].unique {
            true => Ok(Some(0)),
            false => connector.repeats(table, &table.columns[*column].name),
        }
    };
    let repeats = parallel::map(connector.lines(), &candidates, ask, |_, _, _| {})?;
    for ((table, column), repeats) in candidates.into_iter().zip(repeats) {
        if repeats != Some(0) {
            continue;
        }
        let (table, sample) = &mut profiled[table];
        let column = &mut table.columns[column];
        let how = if column.unique { "declared unique" } else { "no value twice" };
        column.key_evidence = Some(format!("named for it; never null and {how} in {} rows", about(sample.rows)));
        (column.primary_key, column.required, column.unique) = (Some(1), true, true);
    }
    Ok(())
}

/// The column that a table's key would be by its name, and by the rows that were looked at.
fn candidate(table: &RawTable, sample: &Sample) -> Option<usize> {
    let keyed = table.columns.iter().any(|c| c.primary_key.is_some());
    if keyed || table.kind == TableKind::View || !sample.is_some() || sample.sample < FEWEST {
        return None;
    }
    let things = names::things(&table.name, &table.name);
    let named = |i: usize| {
        let column = &table.columns[i];
        let data_type = column.data_type;
        let plain = matches!(data_type, None | Some(DataType::Integer | DataType::Text))
            || matches!(data_type, Some(DataType::Decimal { scale: 0, .. }));
        let seen = &sample.columns[i];
        // Of many, how many differ is an estimate.
        let differ = seen.distinct >= sample.sample / 100 * 93 && seen.nulls == 0;
        let rank = names::own_key(&things, &names::words(&column.name, &column.name));
        rank.filter(|_| plain && differ).map(|rank| (rank, i))
    };
    (0..table.columns.len()).filter_map(named).min().map(|(_, i)| i)
}
