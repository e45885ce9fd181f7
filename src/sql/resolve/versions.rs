//! Tables that have several versions of what they are about: prices by when they held, rates by day, snapshots.

use std::collections::BTreeSet;

use sqlparser::ast::Expr;

use super::column_type::ColumnType;
use super::joins::column_of;
use super::relation::{Env, Table};
use crate::sql::parse::any_expression;
use crate::vocabulary::DataType;

const FROM: &[&str] = &["valid_from", "effective_from", "effective_start", "eff_from", "eff_start"];
const TO: &[&str] =
    &["valid_to", "valid_until", "effective_to", "effective_end", "effective_until", "eff_to", "eff_end"];
const CURRENT: &[&str] = &["is_current", "current_flag", "is_latest", "current_record", "is_active_record"];
/// Days of which each has its own version.
const OF_DAYS: &[&str] = &[
    "rate_date",
    "fx_date",
    "exchange_date",
    "as_of_date",
    "snapshot_date",
    "price_date",
    "quote_date",
    "effective_date",
    "valuation_date",
];

fn has(name: &str, words: &[&str]) -> bool {
    words.iter().any(|w| name.contains(w))
}

fn is_day(table: &Table, name: &str) -> bool {
    let ty = table.position(name).map(|i| table.columns[i].value.ty);
    ty == Some(ColumnType::Known(DataType::Date))
        || ["date", "_day", "_month", "_week"].iter().any(|e| name.ends_with(e))
}

/// The columns that tell the versions of a table apart, where it is met by `on` and one of it is meant; and whether
/// their names alone say so.
pub(super) fn untold(table: &Table, on: &BTreeSet<&str>) -> Option<(Vec<String>, bool)> {
    let names = || table.columns.iter().map(|c| c.name.as_str());
    let spans: Vec<String> =
        names().filter(|n| has(n, FROM) || has(n, TO) || has(n, CURRENT)).map(str::to_owned).collect();
    let met = |by: &[String]| by.iter().any(|c| on.contains(c.as_str()));
    if names().any(|n| has(n, FROM)) && names().any(|n| has(n, TO)) && !met(&spans) {
        return Some((spans, true));
    }
    let days: Vec<String> = names().filter(|n| OF_DAYS.contains(n)).map(str::to_owned).collect();
    if !days.is_empty() {
        return (!met(&days)).then_some((days, true));
    }
    table.keys.iter().find_map(|key| {
        let mut rest = key.iter().filter(|c| !on.contains(c.as_str()));
        match (rest.next(), rest.next()) {
            (Some(day), None) if key.len() > 1 && is_day(table, day) => Some((vec![day.clone()], false)),
            _ => None,
        }
    })
}

/// Whether a name is that of when a version begins.
pub fn begins(name: &str) -> bool {
    has(name, FROM)
}

/// Whether a name is that of when a version ends, or whether it is the current one.
pub fn ends(name: &str) -> bool {
    has(name, TO) || has(name, CURRENT)
}

/// Whether a condition is about which version of a relation from `before` on is meant.
pub(super) fn settles(condition: &Expr, env: &Env<'_>, before: usize) -> bool {
    any_expression(condition, |e| {
        column_of(e, env).is_some_and(|(rel, name)| {
            rel >= before
                && (has(&name, FROM)
                    || has(&name, TO)
                    || has(&name, CURRENT)
                    || OF_DAYS.contains(&name.as_str())
                    || is_day(&env.rels[rel].table, &name))
        })
    })
}
