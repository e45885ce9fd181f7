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
        "median" => |c| match (c.argument(0), c.dialect) {
            (ty, _) if ty.is_temporal() => ty,
            (Known(Decimal { precision, scale }), Some(Dialect::DuckDb)) => Known(Decimal { precision, scale }),
            _ => avg(c),
        },
        "deviation" => deviation,
        "percentile" => |c| match c.types.iter().any(|t| matches!(t, ColumnType::Array(_))) {
            true => ColumnType::array(percentile(c)),
            false => percentile(c),
        },
        "last" => |c| c.types.last().copied().unwrap_or_default(),
        "top" => |c| {
            let value = ("value".to_owned(), c.argument(0));
            let count = match c.types.len() {
                3 => ("sum".to_owned(), c.argument(1)),
                _ => ("count".to_owned(), Known(Integer)),
            };
            ColumnType::array(ColumnType::fields(vec![value, count]))
        },
        // Pairs of keys and values.
        "entries" => |c| match c.argument(0).element() {
            ColumnType::Struct([key, value]) => ColumnType::map(key.1, value.1),
            _ => ColumnType::map(Unknown, Unknown),
        },
        "timewindow" => |_| {
            let moment = Known(TimestampTz);
            ColumnType::fields(vec![("start".to_owned(), moment), ("end".to_owned(), moment)])
        },
        // What is said as text: `from_json(a, 'b int, c array<string>')`, `variant_get(a, '$.b', 'int')`.
        "schema" => |c| c.literals.last().copied().flatten().map(crate::sql::types::of_schema).unwrap_or_default(),
        // What it begins with, or what the last step makes of that.
        "folded" => |c| if c.types.len() == 4 { c.argument(3) } else { c.argument(1) },
        "listed" => |c| {
            let of = c.argument(0).element();
            match c.literals.get(1).copied().flatten() {
                Some("string_agg") => Known(Text),
                Some("count" | "approx_count_distinct") => Known(Integer),
                Some("min" | "max" | "first" | "last" | "any_value" | "mode") => of,
                Some("avg" | "mean" | "stddev" | "stddev_pop" | "stddev_samp" | "var_pop" | "var_samp") => Known(Float),
                Some("bool_and" | "bool_or") => Known(crate::vocabulary::DataType::Boolean),
                _ => Unknown,
            }
        },
        "round" => |c| match c.argument(0) {
            Known(Integer) if c.dialect == Some(Dialect::BigQuery) => Known(Float),
            ty @ Known(Decimal { .. }) if c.dialect == Some(Dialect::BigQuery) => exact(c, ty),
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
            (Known(Integer), Some(Dialect::Postgres | Dialect::BigQuery)) => Known(Float),
            (Known(Integer), Some(_)) => Known(Integer),
            (Known(Decimal { precision, scale }), Some(Dialect::Databricks)) => {
                Known(Decimal { precision: precision.saturating_sub(scale).saturating_add(1), scale: 0 })
            }
            (Known(Decimal { precision, scale }), Some(Dialect::MySql)) if precision < scale + 18 => Known(Integer),
            (ty, _) => exact(c, ty),
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
                (ty @ Known(Decimal { .. }), _) | (_, ty @ Known(Decimal { .. })) => exact(c, ty),
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
        // The interval comes behind: its unit is the last that is said.
        "my_added" => |c| match (c.argument(0), c.literals.last()) {
            (Known(Date), Some(Some(unit))) if is_whole_days(unit) => Known(Date),
            (Known(Date), Some(Some(_))) | (Known(Timestamp | TimestampTz), _) => Known(Timestamp),
            (Known(Date), _) if c.types.len() == 2 && c.types[1].is_numeric() => Known(Date),
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
        // Truth is a number there.
        (Known(crate::vocabulary::DataType::Boolean), Some(Dialect::MySql)) => {
            Known(Decimal { precision: 38, scale: 0 })
        }
        (Known(Decimal { .. }), Some(Dialect::Postgres | Dialect::BigQuery)) => exact(c, c.argument(0)),
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
        (t, _) => float_or_exact(c, t),
    }
}

fn deviation(c: &Call<'_>) -> ColumnType {
    match c.dialect {
        Some(Dialect::Postgres) | None => float_or_number(c.argument(0)),
        Some(_) => Known(Float),
    }
}

fn float_or_exact(c: &Call<'_>, ty: ColumnType) -> ColumnType {
    if matches!(ty, Known(Decimal { .. })) { exact(c, ty) } else { float_or_number(ty) }
}

fn float_or_number(ty: ColumnType) -> ColumnType {
    match ty {
        Known(Float) => Known(Float),
        t if t.is_numeric() => Number,
        _ => Unknown,
    }
}

fn percentile(c: &Call<'_>) -> ColumnType {
    match (subject(c), c.dialect) {
        // Of exact numbers it is exact.
        (ty @ Known(Decimal { .. }), Some(Dialect::BigQuery)) => exact(c, ty),
        (Number, Some(Dialect::BigQuery)) => Number,
        (Known(Decimal { precision, scale }), Some(Dialect::DuckDb)) => Known(Decimal { precision, scale }),
        (ty, Some(Dialect::DuckDb | Dialect::Postgres | Dialect::BigQuery | Dialect::Databricks))
            if ty.is_numeric() =>
        {
            Known(Float)
        }
        (ColumnType::Interval, _) => ColumnType::Interval,
        (ty, _) => float_or_number(ty),
    }
}

/// What a percentile is of: `percentile_cont(0.5) within group (order by a)`, `percentile_cont(a, 0.5)`.
fn subject(c: &Call<'_>) -> ColumnType {
    let share = |i: &usize| c.literals[*i].is_some() || matches!(c.types[*i], ColumnType::Array(_));
    let column = (0..c.types.len().min(c.literals.len())).find(|i| !share(i));
    column.map(|i| c.argument(i)).unwrap_or_default()
}

/// An exact number that was calculated with: BigQuery forgets how many digits were declared.
fn exact(c: &Call<'_>, ty: ColumnType) -> ColumnType {
    match (c.dialect, ty) {
        (Some(Dialect::BigQuery), Known(Decimal { precision, scale })) => super::numeric(precision, scale),
        _ => Number,
    }
}

/// Whether a part of a date is a day or more.
fn whole_days(c: &Call<'_>) -> bool {
    is_whole_days(c.literals.iter().flatten().next().copied().unwrap_or_default())
}

pub(super) fn is_whole_days(part: &str) -> bool {
    let part = part.to_lowercase();
    !["hour", "minute", "second", "milli", "micro", "nano", "hh", "mi", "ss", "ms"].iter().any(|p| part.starts_with(p))
}
