//! References between tables that the source declares.

use super::connector::{ForeignKey, RawTable};
use crate::contract::{self, Contract, Reference};
use crate::vocabulary::{Diagnostic, Name};

/// Puts the declared foreign keys of `table` into its contract `out`; what points nowhere is warned of.
pub fn declared(table: &RawTable, tables: &[&RawTable], contracts: &[Contract], out: &mut Contract) -> Vec<Diagnostic> {
    let mut warnings = Vec::new();
    for key in &table.foreign_keys {
        let own = key.columns.iter().map(|name| named(out, name)).collect::<Option<Vec<Name>>>();
        let found = target(tables, key).and_then(|i| {
            let other = &contracts[i];
            let to = match &key.to {
                Some(to) => to.iter().map(|name| named(other, name)).collect::<Option<Vec<Name>>>()?,
                None => other.key().iter().map(|c| c.name.clone()).collect(),
            };
            (to.len() == key.columns.len()).then(|| (other.table.clone(), to))
        });
        let (Some(own), Some((other, mut to))) = (own, found) else {
            let what = format!(
                "the foreign key `{}` of `{}` points to `{}`, which is not there, and is left out",
                key.columns.join(", ").escape_debug(),
                out.table,
                key.table.escape_debug()
            );
            warnings.push(Diagnostic::warning("unknown-reference", what));
            continue;
        };
        if let [own] = &own[..] {
            let column = out.columns.iter_mut().find(|c| c.name == *own);
            if let (Some(column), Some(to)) = (column, to.pop()) {
                column.references = column.references.take().or(Some(Reference::to(other, to)));
            }
            continue;
        }
        let joint = contract::ForeignKey { columns: own, table: other, to };
        if joint.fault().is_none() {
            out.foreign_keys.push(joint);
        }
    }
    out.foreign_keys.sort();
    out.foreign_keys.dedup();
    warnings
}

/// The column that the source calls so: SQLite's are not told by case.
fn named(contract: &Contract, physical: &str) -> Option<Name> {
    let exact = contract.columns.iter().find(|c| c.physical_name == physical);
    let near = || contract.columns.iter().find(|c| c.physical_name.eq_ignore_ascii_case(physical));
    exact.or_else(near).map(|c| c.name.clone())
}

/// The table that a foreign key points to: SQLite's are not told by case.
fn target(tables: &[&RawTable], key: &ForeignKey) -> Option<usize> {
    let exact = |t: &&RawTable| t.key() == (key.schema.as_deref(), key.table.as_str());
    let near = |t: &&RawTable| t.schema == key.schema && t.name.eq_ignore_ascii_case(&key.table);
    tables.iter().position(exact).or_else(|| tables.iter().position(near))
}
