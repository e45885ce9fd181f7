//! Foreign keys in a document: those of one column stand at the column, those of several at the table.

use serde_json::Value;

use super::INFERRED;
use super::document::{Property, Table};
use super::read::{Reading, unknown};
use crate::contract::{Column, ForeignKey, Reference};
use crate::vocabulary::{Name, nearest};

/// Why something is taken for a key: the text of its mark, empty for `true`; none where people took the mark back.
pub(super) fn because(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.trim().to_owned()),
        Value::Bool(true) => Some(String::new()),
        _ => None,
    }
}

/// The first relationship of a column that is of use here.
pub(super) fn of_column(reading: &mut Reading<'_>, property: &Property, path: &str) -> Option<Reference> {
    let mut out = None;
    for (i, relationship) in property.relationships.iter().enumerate() {
        let at = format!("{path}.relationships.{i}");
        let mut mark = None;
        for custom in &relationship.custom_properties {
            if custom.property == INFERRED {
                mark = because(&custom.value);
            }
            unknown(reading, &custom.property, &[INFERRED], &at);
        }
        let found = target(reading, &relationship.to, &format!("{at}.to"));
        let found = found.map(|(table, column)| Reference {
            inferred: mark.is_some(),
            evidence: mark.filter(|text| !text.is_empty()),
            ..Reference::to(table, column)
        });
        out = out.or(found);
    }
    out
}

/// Foreign keys that stand at the table. Those of one column become their column's.
pub(super) fn of_table(
    reading: &mut Reading<'_>,
    table: &Table,
    columns: &mut [Column],
    path: &str,
) -> Vec<ForeignKey> {
    let mut out = Vec::new();
    for (i, relationship) in table.relationships.iter().enumerate() {
        let at = format!("{path}.relationships.{i}");
        let Some(from) = texts(&relationship.from) else { continue };
        let own = from.iter().map(|from| from.rsplit(['.', '/']).next().unwrap_or(from));
        let own: Vec<Option<Name>> = own.map(|own| known(reading, own, columns, &format!("{at}.from"))).collect();
        let to: Vec<&Value> = match &relationship.to {
            Value::Array(all) => all.iter().collect(),
            one => vec![one],
        };
        let to: Vec<_> = to.into_iter().map(|to| target(reading, to, &format!("{at}.to"))).collect();
        let (Some(own), Some(to)) =
            (own.into_iter().collect::<Option<Vec<_>>>(), to.into_iter().collect::<Option<Vec<_>>>())
        else {
            continue;
        };
        let Some((other, _)) = to.first().cloned() else { continue };
        if let ([own], [(_, column)]) = (&own[..], &to[..]) {
            let found = Reference::to(other, column.clone());
            if let Some(column) = columns.iter_mut().find(|c| c.name == *own) {
                column.references = column.references.take().or(Some(found));
            }
            continue;
        }
        if to.iter().any(|(table, _)| *table != other) {
            reading.fault("wrong-value", format!("{at}.to"), "a foreign key points to columns of one table");
            continue;
        }
        let key = ForeignKey { columns: own, table: other, to: to.into_iter().map(|(_, column)| column).collect() };
        match key.fault() {
            Some(what) => _ = reading.fault("wrong-value", format!("{at}.to"), what),
            None => out.push(key),
        }
    }
    out.sort();
    out.dedup();
    out
}

fn texts(value: &Value) -> Option<Vec<&str>> {
    match value {
        Value::String(text) => Some(vec![text]),
        Value::Array(all) => all.iter().map(Value::as_str).collect(),
        _ => None,
    }
}

fn known(reading: &mut Reading<'_>, name: &str, columns: &[Column], path: &str) -> Option<Name> {
    let found = columns.iter().find(|c| c.name == *name).map(|c| c.name.clone());
    if found.is_none() {
        let near =
            nearest(name, columns.iter().map(|c| c.name.as_str())).first().map(|n| format!("did you mean `{n}`?"));
        reading.fault("unknown-column", path, format!("there is no column `{}`", name.escape_debug())).next = near;
    }
    found
}

/// `customers.customer_id`, or `schema/customers/properties/customer_id`. Those into other contracts' files are the
/// standard's, but nothing here uses them.
fn target(reading: &mut Reading<'_>, to: &Value, path: &str) -> Option<(Name, Name)> {
    let text = to.as_str()?;
    if text.contains('#') || text.contains(':') {
        return None;
    }
    let parts: Vec<&str> = match text.trim_start_matches('/').split('/').collect::<Vec<_>>().as_slice() {
        ["schema", table, "properties", column] => vec![table, column],
        _ => text.split('.').collect(),
    };
    let [table, column] = parts[..] else {
        reading.fault("wrong-value", path, format!("`{}` is not TABLE.COLUMN", text.escape_debug()));
        return None;
    };
    Some((reading.name(table, path), reading.name(column, path)))
}
