//! Columns whose values no longer fit: a cast, or a narrower one, where there was none before.

use std::collections::BTreeSet;

use super::{Context, Gate};
use crate::spec::Model;
use crate::vocabulary::{Act, DataType, Name, Relation};

/// Approvals that narrowed columns need, sorted.
pub(super) fn gates(context: &Context<'_>) -> Vec<Gate> {
    let asks = context.config.policies.require_approval.contains(&Act::Narrow);
    let Some(before) = context.before.filter(|_| asks) else { return Vec::new() };
    let mut out = BTreeSet::new();
    for new in &context.spec.models {
        let Some(old) = before.models.iter().find(|m| m.name == new.name) else { continue };
        for name in new.columns.keys().chain(old.columns.keys()) {
            let (Some(had), Some(has)) = (type_of(name, old, context), type_of(name, new, context)) else { continue };
            if narrower(had, has) {
                out.insert(format!("{}.{}.{name}", new.schema(), new.name));
            }
        }
    }
    out.into_iter().map(|of| Gate { act: Act::Narrow, of }).collect()
}

/// The type that a model gives a column, where it can be told without the SQL of other models.
fn type_of(name: &Name, model: &Model, context: &Context<'_>) -> Option<DataType> {
    let rule = model.columns.get(name);
    if rule.is_some_and(|r| r.mask.is_some() || r.clean.is_some()) {
        return None;
    }
    match rule.and_then(|r| r.expr.as_deref()) {
        Some(expr) => cast(expr).or_else(|| source_type(&Name::parse(expr.trim()).ok()?, model, context)),
        None => source_type(name, model, context),
    }
}

/// The type of the column in the source's contract, where it comes through as it is.
fn source_type(name: &Name, model: &Model, context: &Context<'_>) -> Option<DataType> {
    let table = match &model.from {
        Relation::Table(table) => table,
        Relation::Model(staging) => {
            let all = context.specs.values().flat_map(|s| &s.models).chain(&context.spec.models);
            let staging = all.into_iter().find(|m| m.name == *staging)?;
            if staging.columns.get(name).is_some_and(|r| r.expr.is_some() || r.clean.is_some() || r.mask.is_some()) {
                return staging.columns.get(name)?.expr.as_deref().and_then(cast);
            }
            let Relation::Table(table) = &staging.from else { return None };
            table
        }
    };
    Some(context.contracts.get(table)?.column(name.as_str())?.data_type)
}

/// The type that the whole of an expression is cast to.
fn cast(expr: &str) -> Option<DataType> {
    let lower = expr.trim().to_ascii_lowercase();
    let inner = lower.strip_prefix("cast(")?.strip_suffix(')')?;
    let (_, to) = inner.rsplit_once(" as ")?;
    let to = to.split_whitespace().collect::<String>();
    let plain = match to.as_str() {
        "int" | "bigint" | "smallint" | "tinyint" => "integer".to_owned(),
        "double" | "real" | "doubleprecision" => "float".to_owned(),
        "varchar" | "string" => "text".to_owned(),
        "bool" => "boolean".to_owned(),
        other => other.strip_prefix("numeric").map_or_else(|| other.to_owned(), |rest| format!("decimal{rest}")),
    };
    plain.parse().ok()
}

/// Whether some value of the one is none of the other.
fn narrower(had: DataType, has: DataType) -> bool {
    use DataType::{Boolean, Date, Decimal, Float, Integer, Json, Text, Timestamp, TimestampTz};
    match (had, has) {
        (had, has) if had == has => false,
        (_, Text | Json) => false,
        (Integer, Float) | (Decimal { .. }, Float) | (Date, Timestamp | TimestampTz) | (Timestamp, TimestampTz) => {
            false
        }
        (Boolean, Integer | Float | Decimal { .. }) => false,
        // A whole number of 64 bits has 19 digits.
        (Integer, Decimal { precision, scale }) => precision.saturating_sub(scale) < 19,
        (Decimal { precision: p, scale: s }, Decimal { precision, scale }) => {
            scale < s || precision.saturating_sub(scale) < p.saturating_sub(s)
        }
        (Decimal { precision, scale }, Integer) => scale > 0 || precision > 18,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_holds_less_is_narrower() {
        let t = |text: &str| text.parse::<DataType>().unwrap();
        for (had, has) in [
            ("float", "integer"),
            ("decimal(10,2)", "decimal(8,2)"),
            ("decimal(10,2)", "decimal(12,1)"),
            ("decimal(10,2)", "integer"),
            ("text", "integer"),
            ("text", "date"),
            ("timestamp", "date"),
            ("integer", "boolean"),
            ("integer", "decimal(10,2)"),
            ("timestamptz", "timestamp"),
        ] {
            assert!(narrower(t(had), t(has)), "{had} to {has}");
        }
        for (had, has) in [
            ("integer", "integer"),
            ("integer", "float"),
            ("date", "timestamp"),
            ("decimal(8,2)", "decimal(10,2)"),
            ("integer", "text"),
            ("decimal(10,0)", "integer"),
            ("boolean", "integer"),
        ] {
            assert!(!narrower(t(had), t(has)), "{had} to {has}");
        }
    }

    #[test]
    fn casts_are_read() {
        let read = |text: &str| cast(text).map(|t| t.to_string()).unwrap_or_default();
        assert_eq!(read("cast(total_amount as numeric(10, 2))"), "decimal(10,2)");
        assert_eq!(read(" CAST(coalesce(x, 0) AS BIGINT) "), "integer");
        for other in ["total_amount", "cast(a as integer) + 1", "cast(a as geography)", "cast(", ""] {
            assert_eq!(read(other), "", "{other}");
        }
    }
}
