//! References between tables: those declared, and those that names suggest and values agree with.

use std::collections::BTreeMap;

use super::connector::{Connector, ForeignKey, RawTable};
use crate::contract::Contract;
use crate::contract::Reference;
use crate::vocabulary::{Diagnostic, Outcome};

/// Declared foreign keys of one column. Those of several columns don't fit into a contract, and are warned of.
pub fn declared(table: &RawTable, tables: &[&RawTable], contracts: &[Contract], out: &mut Contract) -> Vec<Diagnostic> {
    let mut warnings = Vec::new();
    for key in &table.foreign_keys {
        let [column] = key.columns.as_slice() else {
            let what = format!(
                "the foreign key ({}) of `{}` has several columns and is left out",
                key.columns.join(", ").escape_debug(),
                out.table
            );
            warnings.push(Diagnostic::warning("composite-reference", what));
            continue;
        };
        let found = target(tables, key).and_then(|i| {
            let other = &contracts[i];
            let to = match key.to.as_deref() {
                Some([to]) => other.columns.iter().find(|c| c.physical_name.eq_ignore_ascii_case(to)),
                _ => other.key().first().copied().filter(|_| other.key().len() == 1),
            }?;
            Some(Reference { table: other.table.clone(), column: to.name.clone(), inferred: false })
        });
        let own = out.columns.iter_mut().find(|c| c.physical_name.eq_ignore_ascii_case(column));
        match (own, found) {
            (Some(own), Some(found)) => own.references = own.references.take().or(Some(found)),
            _ => {
                let what = format!(
                    "the foreign key `{}` of `{}` points to `{}`, which is not there, and is left out",
                    column.escape_debug(),
                    out.table,
                    key.table.escape_debug()
                );
                warnings.push(Diagnostic::warning("unknown-reference", what));
            }
        }
    }
    warnings
}

/// The table that a foreign key points to: SQLite's are not told by case.
fn target(tables: &[&RawTable], key: &ForeignKey) -> Option<usize> {
    let exact = |t: &&RawTable| t.key() == (key.schema.as_deref(), key.table.as_str());
    let near = |t: &&RawTable| t.schema == key.schema && t.name.eq_ignore_ascii_case(&key.table);
    tables.iter().position(exact).or_else(|| tables.iter().position(near))
}

/// References that are not declared: `customer_id` points to the key of `customers`, where every value is found there.
///
/// # Errors
/// The source can't be read.
pub fn infer(connector: &dyn Connector, tables: &[&RawTable], contracts: &mut [Contract]) -> Outcome<()> {
    let mut keys = BTreeMap::new();
    for (contract, table) in contracts.iter().zip(tables) {
        if let [key] = contract.key()[..] {
            let target = (*table, key.physical_name.clone(), key.data_type);
            keys.insert(contract.table.as_str().to_owned(), (contract.table.clone(), key.name.clone(), target));
        }
    }
    for (contract, own) in contracts.iter_mut().zip(tables) {
        for i in 0..contract.columns.len() {
            let column = &contract.columns[i];
            let alone = column.primary_key.is_some() && contract.key().len() == 1;
            let Some(stem) = column.name.as_str().strip_suffix("_id").filter(|_| !alone && column.references.is_none())
            else {
                continue;
            };
            let forms = [stem.to_owned(), format!("{stem}s"), format!("{stem}es"), plural_y(stem)];
            let Some((table, key, (other, other_key, data_type))) = forms.iter().find_map(|form| keys.get(form)) else {
                continue;
            };
            let same_name = *key == column.name || *key == *"id";
            if *table == contract.table || *data_type != column.data_type || !same_name {
                continue;
            }
            let orphans = connector.orphans(own, &column.physical_name, other, other_key)?;
            if orphans == Some(0) {
                let found = Reference { table: table.clone(), column: key.clone(), inferred: true };
                contract.columns[i].references = Some(found);
            }
        }
    }
    Ok(())
}

fn plural_y(stem: &str) -> String {
    format!("{}ies", stem.strip_suffix('y').unwrap_or(stem))
}
