//! Functions whose type is no plain one.

use super::Call;
use crate::sql::resolve::ColumnType;
use crate::vocabulary::{DataType, Dialect};
use ColumnType::{Known, Number, Temporal, Unknown};
use DataType::{Date, Decimal, Float, Integer, Text, Timestamp, TimestampTz};

pub(super) type Rule = fn(&Call<'_>) -> ColumnType;

pub(super) fn named(name: &str) -> Option<Rule> {
    Some(match name {
        "sum" => sum,
        "sumof" => |c| match c.argument(0).element() {
            Known(Float) => Known(Float),
            t if t.is_numeric() => Number,
            _ => Unknown,
        },
        "avg" => avg,
        "median" => |c| if c.argument(0).is_temporal() { c.argument(0) } else { avg(c) },
        "deviation" => deviation,
        "percentile" => |c| match (c.dialect, last_number(c)) {
            (Some(Dialect::DuckDb | Dialect::Postgres | Dialect::BigQuery | Dialect::Databricks), Some(_)) => {
                Known(Float)
            }
            (_, Some(ty)) => float_or_number(ty),
            _ => Unknown,
        },
        "round" => |c| match c.argument(0) {
            Known(Integer) if c.types.len() == 1 && c.dialect == Some(Dialect::Postgres) => Known(Float),
            Known(Integer) if c.types.len() == 1 && c.dialect.is_some() => Known(Integer),
            Known(Float) => Known(Float),
            // `trunc(date)` of Oracle's kin.
            t if t.is_temporal() => Known(Date),
            t if t.is_numeric() => Number,
            _ if c.dialect.is_none() => Number,
            _ => Unknown,
        },
        "whole" => |c| match (c.argument(0), c.dialect) {
            (Known(Float), Some(Dialect::Databricks | Dialect::MySql)) => Known(Integer),
            (Known(Float), _) => Known(Float),
            // Whole numbers are read as floats.
            (Known(Integer), Some(Dialect::Postgres)) => Known(Float),
            (Known(Integer), Some(_)) => Known(Integer),
            _ => Number,
        },
        "sign" => |c| match c.dialect {
            Some(Dialect::BigQuery) => c.argument(0),
            Some(Dialect::DuckDb | Dialect::Snowflake | Dialect::MySql) => Known(Integer),
            Some(Dialect::Databricks) => Known(Float),
            _ => Number,
        },
        "modulo" => |c| match (c.argument(0), c.argument(1)) {
            (Known(Integer), Known(Integer)) => Known(Integer),
            (Known(Float), _) | (_, Known(Float)) => Known(Float),
            _ => Number,
        },
        "root" => |c| match (c.argument(0), c.dialect) {
            (Known(Float), _) | (_, Some(Dialect::DuckDb | Dialect::Databricks | Dialect::MySql)) => Known(Float),
            (_, Some(Dialect::Snowflake | Dialect::Redshift)) => Known(Float),
            (_, Some(Dialect::BigQuery)) => float_or_number(c.argument(0)),
            _ => Number,
        },
        "quotient" => |c| match c.dialect {
            Some(Dialect::BigQuery | Dialect::Databricks | Dialect::DuckDb) => match (c.argument(0), c.argument(1)) {
                (Known(Integer), Known(Integer)) | (Known(Float), _) | (_, Known(Float)) => Known(Float),
                _ => Number,
            },
            _ => Number,
        },
        "concat" => |c| match c.types.iter().find(|t| matches!(t, ColumnType::Array(_))) {
            Some(array) => *array,
            None if c.dialect.is_some() || c.types.iter().any(|t| t.is_text()) => Known(Text),
            None => Unknown,
        },
        "date" => |_| Known(Date),
        "part" => |c| match c.literals.first() {
            Some(Some(part)) if part.eq_ignore_ascii_case("epoch") || part.to_lowercase().starts_with("second") => {
                Number
            }
            _ if c.dialect == Some(Dialect::Postgres) => Known(Float),
            _ if c.dialect == Some(Dialect::Redshift) => Number,
            _ if c.dialect.is_some() => Known(Integer),
            _ => Number,
        },
        "moment" => |c| match c.types.iter().find(|t| t.is_temporal()) {
            Some(Known(t @ (Timestamp | TimestampTz))) => Known(*t),
            Some(_) => Temporal,
            None => Unknown,
        },
        "trunc_same" => |c| match c.types.iter().find(|t| t.is_temporal() || t.is_numeric()) {
            Some(ty) => *ty,
            None => Temporal,
        },
        "added" => |c| match (c.types.iter().find(|t| t.is_temporal()), whole_days(c)) {
            (Some(Known(Date)), true) => Known(Date),
            (Some(Known(Date)), false) => Known(Timestamp),
            (Some(ty), _) => *ty,
            _ => Temporal,
        },
        "duck_trunc" => |c| match c.types.iter().find(|t| t.is_temporal()) {
            Some(Known(Date)) => Known(Timestamp),
            Some(ty) => *ty,
            None => Unknown,
        },
        "pg_trunc" => |c| match c.types.iter().find(|t| t.is_temporal()) {
            // A date is read as a moment in the session's time zone.
            Some(Known(Date | TimestampTz)) => Known(TimestampTz),
            Some(ty) => *ty,
            None => Unknown,
        },
        "red_trunc" => |c| match c.types.iter().find(|t| t.is_temporal()) {
            Some(Known(Date)) => Known(Timestamp),
            Some(ty) => *ty,
            None => Temporal,
        },
        "red_trunc_date" => |c| match c.argument(0) {
            t if t.is_numeric() => Number,
            _ => Known(Date),
        },
        "convert_timezone" => |c| if c.types.len() == 3 { Known(Timestamp) } else { Known(TimestampTz) },
        "series" => |c| match c.argument(0) {
            Known(Date) => ColumnType::array(Known(Timestamp)),
            ty => ColumnType::array(ty),
        },
        "decode" => |c| {
            let results: Vec<usize> = (2..c.types.len()).step_by(2).collect();
            let mut which = results;
            if c.types.len().is_multiple_of(2) && c.types.len() > 2 {
                which.push(c.types.len() - 1);
            }
            (c.common)(&which)
        },
        "flat" => |c| match c.argument(0) {
            ColumnType::Array(of) => *of,
            other => other,
        },
        "field" => |c| match c.literals.get(1) {
            Some(Some(name)) => c.argument(0).field(&name.to_lowercase()),
            _ => Unknown,
        },
        "mapof" => |c| match (c.argument(0), c.argument(1)) {
            (ColumnType::Array(key), ColumnType::Array(value)) => ColumnType::map(*key, *value),
            _ => Unknown,
        },
        "mapof_pairs" => |c| {
            let keys: Vec<usize> = (0..c.types.len()).step_by(2).collect();
            let values: Vec<usize> = (1..c.types.len()).step_by(2).collect();
            ColumnType::map((c.common)(&keys), (c.common)(&values))
        },
        // Fields are named where the call is read.
        "struct" => |_| Unknown,
        _ => return None,
    })
}

fn sum(c: &Call<'_>) -> ColumnType {
    let ty = c.argument(0);
    match (ty, c.dialect) {
        (Known(Integer), Some(Dialect::BigQuery | Dialect::Databricks | Dialect::Sqlite)) => Known(Integer),
        (Known(Integer), Some(Dialect::Redshift)) => Known(Integer),
        // Of `bigint` exact numbers; of shorter ones `bigint`, which whoever calls has to know.
        (Known(Integer), Some(Dialect::Postgres)) => Number,
        (Known(Integer), _) => Known(Decimal { precision: 38, scale: 0 }),
        (Known(Decimal { .. }), Some(Dialect::Postgres | Dialect::BigQuery)) => Number,
        (Known(Decimal { precision, scale }), Some(Dialect::Databricks)) => {
            Known(Decimal { precision: precision.saturating_add(10).min(38), scale })
        }
        (Known(Decimal { precision, scale }), Some(Dialect::MySql)) => {
            Known(Decimal { precision: precision.saturating_add(22).min(38), scale })
        }
        (Known(Decimal { scale, .. }), _) => Known(Decimal { precision: 38, scale }),
        (ColumnType::Interval, _) => ColumnType::Interval,
        (ty, _) => float_or_number(ty),
    }
}

fn avg(c: &Call<'_>) -> ColumnType {
    match (c.argument(0), c.dialect) {
        (Known(Float), _) => Known(Float),
        (Known(Integer), Some(Dialect::DuckDb | Dialect::BigQuery | Dialect::Databricks)) => Known(Float),
        (t, Some(Dialect::DuckDb | Dialect::Sqlite)) if t.is_numeric() => Known(Float),
        (Known(Decimal { precision, scale }), Some(Dialect::Databricks)) => {
            Known(Decimal { precision: precision.saturating_add(4).min(38), scale: scale.saturating_add(4).min(38) })
        }
        (ColumnType::Interval, _) => ColumnType::Interval,
        (t, _) => float_or_number(t),
    }
}

fn deviation(c: &Call<'_>) -> ColumnType {
    match c.dialect {
        Some(Dialect::DuckDb | Dialect::Snowflake | Dialect::BigQuery | Dialect::Databricks | Dialect::MySql) => {
            Known(Float)
        }
        _ => float_or_number(c.argument(0)),
    }
}

fn float_or_number(ty: ColumnType) -> ColumnType {
    match ty {
        Known(Float) => Known(Float),
        t if t.is_numeric() => Number,
        _ => Unknown,
    }
}

fn last_number(c: &Call<'_>) -> Option<ColumnType> {
    c.types.iter().rev().find(|t| t.is_numeric()).copied()
}

/// Whether a part of a date is a day or more.
fn whole_days(c: &Call<'_>) -> bool {
    let part = c.literals.iter().flatten().next().map(|p| p.to_lowercase()).unwrap_or_default();
    !["hour", "minute", "second", "milli", "micro", "nano", "hh", "mi", "ss", "ms"].iter().any(|p| part.starts_with(p))
}
