//! What was seen of a column, as its contract states it.

use super::frequent::Value;
use super::spread::Summary;
use super::{LONG, Seen};
use crate::contract::{Column, ColumnProfile, Counted, Lengths};
use crate::discover::personal;
use crate::vocabulary::DataType;

/// A value that fewer rows have may tell whose row it is, so it is not kept (as k-anonymity has it: Sweeney, 2002).
const CROWD: u64 = 5;
/// Values and forms that are kept.
const MOST: usize = 5;

/// What was seen of `column`. Where it holds personal data, or looks as if, only numbers that repeat no value.
pub fn profile(column: &Column, seen: &Seen) -> ColumnProfile {
    let measured = &seen.measured;
    let lengths = measured.lengths.filter(|_| column.data_type == DataType::Text);
    let distinct = if column.unique || seen.rising { seen.filled() } else { seen.distinct };
    let plain = ColumnProfile {
        nulls: seen.nulls,
        distinct,
        lengths: lengths.map(|(min, max)| Lengths { min, max }),
        ..ColumnProfile::default()
    };
    if column.pii().is_some() || seen.evidence.is_risky(seen.filled()) {
        return plain;
    }
    let told = column.primary_key.is_some() || column.unique || column.references.is_some();
    let many = distinct > 20 && column.data_type == DataType::Text;
    let spread = match column.data_type {
        DataType::Integer | DataType::Decimal { .. } | DataType::Float => measured.numbers.as_ref(),
        DataType::Date | DataType::Timestamp | DataType::TimestampTz => measured.times.as_ref(),
        _ => None,
    };
    let (min, max) = spread.map(|s| ends(s, column.data_type)).unwrap_or_default();
    let quantile = |q: &f64| number(*q, column.data_type);
    ColumnProfile {
        min,
        max,
        quantiles: spread.iter().flat_map(|s| &s.quantiles).filter_map(quantile).collect(),
        outliers: spread.filter(|_| column.data_type.is_numeric() && !told).map_or(0, |s| s.outliers),
        top: if told { Vec::new() } else { top(column, seen) },
        patterns: if many { patterns(seen) } else { Vec::new() },
        ..plain
    }
}

/// Values in at least one of a hundred rows with a value; none that looks as if it were somebody's.
fn top(column: &Column, seen: &Seen) -> Vec<Counted> {
    let common = |count: &u64| *count >= CROWD && *count * 100 >= seen.filled();
    let shown = |value: &Value| match (value, column.data_type) {
        (Value::Long, _) => None,
        (Value::Integer(n @ (0 | 1)), DataType::Boolean) => Some((*n == 1).to_string()),
        (Value::Integer(n), _) => Some(n.to_string()),
        (Value::Real(n), _) => Some(real(*n)),
        (Value::Text(text), _) => Some(text.clone()).filter(|text| !personal::holds(text)),
    };
    let all = seen.measured.top.iter().filter(|(_, count)| common(count));
    all.filter_map(|(value, count)| Some(Counted { value: shown(value)?, count: *count })).take(MOST).collect()
}

/// Forms in at least one of twenty texts.
fn patterns(seen: &Seen) -> Vec<Counted> {
    let common = |count: u64| count >= CROWD && count * 20 >= seen.texts;
    let all = seen.measured.forms.iter().filter(|(form, count)| common(*count) && form.len() <= 4 * LONG as usize);
    all.map(|(value, count)| Counted { value: value.clone(), count: *count }).take(MOST).collect()
}

fn ends(spread: &Summary, data_type: DataType) -> (Option<String>, Option<String>) {
    if data_type.is_temporal() {
        let text = |micros: i64| moment(micros, data_type);
        return spread.integers.map(|(least, most)| (text(least), text(most))).unwrap_or_default();
    }
    #[allow(clippy::cast_precision_loss)] // only to tell which of two is less
    let less = |whole: i64, other: f64| (whole as f64) < other;
    match (spread.integers, spread.reals) {
        (Some((least, most)), None) => (Some(least.to_string()), Some(most.to_string())),
        (None, Some((least, most))) => (Some(real(least)), Some(real(most))),
        (Some((a, b)), Some((c, d))) => (
            Some(if less(a, c) { a.to_string() } else { real(c) }),
            Some(if less(b, d) { real(d) } else { b.to_string() }),
        ),
        (None, None) => (None, None),
    }
}

fn number(n: f64, data_type: DataType) -> Option<String> {
    if !data_type.is_temporal() {
        return Some(real(n));
    }
    #[allow(clippy::cast_possible_truncation)] // microseconds of the years that there are
    moment(n as i64, data_type)
}

/// `12.5`, `300`, `1e300`: the shortest text that reads back as the same number.
fn real(n: f64) -> String {
    let size = n.abs();
    if size != 0.0 && !(1e-6..1e17).contains(&size) { format!("{n:e}") } else { format!("{n}") }
}

/// A moment by its microseconds since 1970, in UTC where it has an offset.
fn moment(micros: i64, data_type: DataType) -> Option<String> {
    let stamp = jiff::Timestamp::from_microsecond(micros).ok()?;
    let civil = stamp.to_zoned(jiff::tz::TimeZone::UTC).datetime();
    Some(match data_type {
        DataType::Date => civil.date().to_string(),
        DataType::TimestampTz => stamp.to_string(),
        _ => civil.to_string(),
    })
}
