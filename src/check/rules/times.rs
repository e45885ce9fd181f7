//! Dates, timestamps and time zones.

use sqlparser::ast::{BinaryOperator, DataType as SqlType, Expr};

use super::expressions::{arguments, bare, column, compares, is_one_of, text};
use super::look::{View, span};
use super::outline::{Clause, Origin, Target};
use super::{Family, Look, Query, Rule};
use crate::dbt::Kind;
use crate::sql::ColumnType;
use crate::vocabulary::{DataType, Diagnostic, Dialect, Severity};

pub(super) const RULES: &[Rule] = &[
    Rule {
        code: "last-day-lost",
        family: Family::Wrong,
        severity: Severity::Warning,
        summary: "a timestamp held up to a date, which leaves out that day but for its first instant",
        look: Look::Query(last_day_lost),
    },
    Rule {
        code: "filter-by-function",
        family: Family::Dear,
        severity: Severity::Warning,
        summary: "a function around the column of a filter, so that partitions and indexes are of no use",
        look: Look::Query(filter_by_function),
    },
];

/// Whether a column holds moments: by its type, or by its name where that is not known.
fn is_moment(view: &View<'_, '_>, expr: &Expr) -> bool {
    if let Some(moment) = moved(expr) {
        return is_moment(view, moment);
    }
    let Some(name) = column(expr) else { return false };
    match view.column_type(expr) {
        ColumnType::Known(DataType::Timestamp | DataType::TimestampTz) => true,
        ColumnType::Unknown | ColumnType::Temporal => {
            let name = name.value.to_ascii_lowercase();
            ["_at", "_ts", "_timestamp", "_datetime"].iter().any(|end| name.ends_with(end)) || name == "timestamp"
        }
        _ => false,
    }
}

/// The moment that an expression brings to another clock.
fn moved(expr: &Expr) -> Option<&Expr> {
    match bare(expr) {
        Expr::AtTimeZone { timestamp, .. } => Some(timestamp),
        Expr::Function(f) if is_one_of(f, &["convert_tz", "from_utc_timestamp", "to_utc_timestamp"]) => {
            arguments(f).next()
        }
        Expr::Function(f) if is_one_of(f, &["convert_timezone", "timezone"]) => arguments(f).last(),
        _ => None,
    }
}

/// Whether an expression is a day that is written out: `'2024-01-31'`, `date '2024-01-31'`, `'2024-01-31'::date`.
fn is_day(expr: &Expr) -> bool {
    let day = |t: &str| {
        t.len() == 10
            && t.bytes().enumerate().all(|(i, b)| if i == 4 || i == 7 { b == b'-' } else { b.is_ascii_digit() })
    };
    match bare(expr) {
        Expr::TypedString(typed) => match &typed.value.value {
            sqlparser::ast::Value::SingleQuotedString(s) => day(s),
            _ => false,
        },
        Expr::Cast { expr, data_type, .. } => !matches!(data_type, SqlType::Text | SqlType::Varchar(_)) && is_day(expr),
        Expr::Function(f) if is_one_of(f, &["to_date", "date", "timestamp", "datetime", "to_timestamp"]) => {
            arguments(f).count() == 1 && arguments(f).next().is_some_and(is_day)
        }
        e => text(e).is_some_and(day),
    }
}

/// Whether an expression is the last day of a span, which is its midnight: `last_day(…)`, the day before the next month.
fn is_last_day(expr: &Expr) -> bool {
    let one_day = |e: &Expr| {
        let said = e.to_string().to_lowercase().replace('\'', "");
        said == "interval 1 day" || said == "interval 1 days"
    };
    let cut = |e: &Expr| {
        super::expressions::any(
            e,
            &mut |e| matches!(e, Expr::Function(f) if is_one_of(f, &["date_trunc", "datetrunc"])),
        )
    };
    match at_midnight(expr) {
        Expr::Function(f) => is_one_of(f, &["last_day", "eomonth", "last_day_of_month"]),
        Expr::BinaryOp { left, op: BinaryOperator::Minus, right } => one_day(right) && cut(left),
        Expr::TypedString(typed) => typed.value.value.clone().into_string().is_some_and(|t| is_last_midnight(&t)),
        e => text(e).is_some_and(is_last_midnight),
    }
}

/// Whether a text is the first instant of the last day of a month: `2024-12-31 00:00:00`.
fn is_last_midnight(text: &str) -> bool {
    let Some((day, time)) = text.split_once([' ', 'T']) else { return false };
    let midnight = time.starts_with("00:00") && time.bytes().all(|b| matches!(b, b'0' | b':' | b'.' | b'Z'));
    let ends = match day.get(5..7) {
        Some("02") => ["28", "29"].as_slice(),
        Some("04" | "06" | "09" | "11") => &["30"],
        Some(_) => &["31"],
        None => &[],
    };
    midnight && day.len() == 10 && ends.iter().any(|end| day.ends_with(end))
}

/// What a date is before it is made its midnight.
fn at_midnight(expr: &Expr) -> &Expr {
    match bare(expr) {
        Expr::Function(f) if is_one_of(f, &["datetime", "timestamp", "to_timestamp"]) && arguments(f).count() == 1 => {
            arguments(f).next().map_or(expr, at_midnight)
        }
        Expr::Cast { expr, data_type: SqlType::Timestamp(..) | SqlType::Datetime(_) | SqlType::Date, .. } => {
            at_midnight(expr)
        }
        other => other,
    }
}

/// Whether an expression is a date column in which something ends, that day included as far as its name says.
fn is_end(view: &View<'_, '_>, expr: &Expr, named: bool) -> bool {
    const ENDS: &[&str] =
        &["end", "until", "till", "close", "last", "through", "thru", "expire", "expiry", "final", "finish"];
    const BEYOND: &[&str] = &["next", "to", "following", "exclusive", "excl", "after", "valid"];
    let day = at_midnight(expr);
    let Some(name) = column(day) else { return false };
    let said = super::expressions::words(&name.value);
    view.column_type(day) == ColumnType::Known(DataType::Date)
        && !said.iter().any(|w| BEYOND.contains(&w.as_str()))
        && (!named || said.iter().any(|w| ENDS.contains(&w.as_str())))
}

/// Whether it is a moment by its type, and no date by its name.
fn is_typed_moment(view: &View<'_, '_>, expr: &Expr) -> bool {
    match bare(expr) {
        e if moved(e).is_some() => moved(e).is_some_and(|moment| is_typed_moment(view, moment)),
        e => {
            let dated = |c: &sqlparser::ast::Ident| {
                super::expressions::words(&c.value)
                    .iter()
                    .any(|w| matches!(w.as_str(), "date" | "day" | "dt" | "month"))
            };
            matches!(view.column_type(e), ColumnType::Known(DataType::Timestamp | DataType::TimestampTz))
                && column(e).is_some_and(|c| !dated(c))
        }
    }
}

/// Whether a column is a day with whole days added, as a list of days is made.
fn is_midnight<'a>(view: &View<'_, 'a>, select: usize, moment: &'a Expr) -> bool {
    let Some(Origin::Expr(made, _)) = view.outline.origin(select, moment) else { return false };
    let said = made.to_string().to_ascii_lowercase();
    super::expressions::any(made, &mut is_day)
        && ["interval", "dateadd", "date_add", "generate_series"].iter().any(|word| said.contains(word))
        && !["hour", "minute", "second"].iter().any(|part| said.contains(part))
}

/// The day before another is not said to be whole: `< '2024-02-01'` is right.
fn last_day_lost(query: &Query<'_>, out: &mut Vec<Diagnostic>) {
    let view = query.full();
    for piece in view.outline.pieces.iter().filter(|p| p.clause != Clause::Select || p.depth > 0) {
        let (moment, day, what): (&Expr, &Expr, &str) = match piece.expr {
            Expr::Between { expr, negated: false, high, .. } if is_last_day(high) => (expr, high, "`between`"),
            Expr::BinaryOp { left, op: BinaryOperator::LtEq, right } if is_last_day(right) => (left, right, "`<=`"),
            Expr::Between { expr, negated: false, low, high }
                if low != high && is_typed_moment(&view, expr) && is_end(&view, high, false) =>
            {
                (expr, high, "`between`")
            }
            Expr::BinaryOp { left, op: BinaryOperator::LtEq, right }
                if is_typed_moment(&view, left) && is_end(&view, right, true) =>
            {
                (left, right, "`<=`")
            }
            Expr::BinaryOp { op: BinaryOperator::Or, .. } => match outside(&view, piece.expr) {
                Some((moment, day)) => (moment, day, "`>`"),
                None => continue,
            },
            Expr::Between { expr, negated: false, low, high } if is_day(high) => {
                // From one day to the same is that instant on purpose.
                if low == high {
                    continue;
                }
                (expr, high, "`between`")
            }
            Expr::BinaryOp { left, op: BinaryOperator::LtEq, right } if is_day(right) => (left, right, "`<=`"),
            Expr::BinaryOp { left, op: BinaryOperator::GtEq, right } if is_day(left) => (right, left, "`>=`"),
            _ => continue,
        };
        if !is_moment(&view, moment) || piece.select.is_some_and(|select| is_midnight(&view, select, moment)) {
            continue;
        }
        let shown = moved(moment).unwrap_or(moment);
        let name = column(shown).map_or("it", |c| &c.value);
        let finding =
            Diagnostic::warning("last-day-lost", format!("{what} leaves out that day but for its first instant"))
                .why(format!("`{name}` has a time of day, and a date alone is its midnight"))
                .next(format!("write `{name} < ` and the day after"));
        out.push(view.at(span(day), finding));
    }
}

/// The moment and the last day of `x < first_day or x > last_day`, which takes all of that day for outside.
fn outside<'e>(view: &View<'_, '_>, expr: &'e Expr) -> Option<(&'e Expr, &'e Expr)> {
    use BinaryOperator::{Gt, Lt, LtEq};
    let parts = super::expressions::alternatives(expr);
    let [before, after] = parts.as_slice() else { return None };
    let held = |e: &&'e Expr| match bare(e) {
        Expr::BinaryOp { left, op, right } => Some((left.as_ref(), op.clone(), right.as_ref())),
        _ => None,
    };
    let ((x, Lt | LtEq, _), (y, Gt, end)) = (held(before)?, held(after)?) else { return None };
    (x == y && is_typed_moment(view, y) && is_end(view, end, true)).then_some((y, end))
}

pub(super) fn is_part(word: &str) -> bool {
    ["day", "hour", "minute", "second", "week", "month", "quarter", "year", "millisecond"]
        .iter()
        .any(|p| word.eq_ignore_ascii_case(p) || word.len() == p.len() + 1 && word.to_ascii_lowercase().starts_with(p))
}

/// Functions that keep the order of moments: Snowflake, BigQuery and Databricks leave partitions out through them.
const IN_ORDER: &[&str] = &[
    "date",
    "to_date",
    "date_trunc",
    "datetrunc",
    "timestamp_trunc",
    "datetime_trunc",
    "dateadd",
    "date_add",
    "date_sub",
];

/// Functions of a moment that no partition or index sees through.
const OF_MOMENTS: &[&str] = &[
    "year",
    "month",
    "day",
    "to_char",
    "format_date",
    "date_format",
    "date_part",
    "datepart",
    "strftime",
    "format_timestamp",
    "to_varchar",
    "convert_timezone",
];

fn filter_by_function(query: &Query<'_>, out: &mut Vec<Diagnostic>) {
    let view = query.full();
    for (id, part) in view.outline.selects.iter().enumerate() {
        let Some(filter) = &part.select.selection else { continue };
        for condition in super::expressions::conjuncts(filter) {
            let (inner, other) = match condition {
                Expr::BinaryOp { left, op, right } if compares(op) => {
                    match (wrapped(&view, left), wrapped(&view, right)) {
                        (Some(inner), None) => (inner, Some(right.as_ref())),
                        (None, Some(inner)) => (inner, Some(left.as_ref())),
                        _ => continue,
                    }
                }
                Expr::Between { expr, .. } | Expr::InList { expr, .. } | Expr::Like { expr, negated: false, .. } => {
                    match wrapped(&view, expr) {
                        Some(inner) => (inner, None),
                        None => continue,
                    }
                }
                _ => continue,
            };
            // What is held against must be known beforehand for a partition to be of use.
            let fixed = |e: &Expr| !super::expressions::any(e, &mut |e| column(e).is_some_and(|c| !is_part(&c.value)));
            if !other.is_none_or(fixed) {
                continue;
            }
            let Some(relation) = view.relation(id, inner) else { continue };
            let Target::Node(node) = part.relations[relation].target else { continue };
            let Some(node) = view.node(node) else { continue };
            let stored = node.kind == Kind::Source
                || node.config.materialized.as_deref() == Some("incremental")
                || ["partition_by", "cluster_by", "sort"].iter().any(|k| node.config.other.contains_key(*k));
            if !stored {
                continue;
            }
            let name = column(inner).map_or("the column", |c| &c.value);
            let finding = Diagnostic::warning(
                "filter-by-function",
                format!("the filter reads all of `{}`", part.relations[relation].alias),
            )
            .why(format!("with a function around `{name}` no partition, cluster or index can be left out"))
            .next(format!("hold `{name}` itself against the first and the last moment"));
            out.push(view.at(span(condition), finding));
        }
    }
}

/// The column in a call or cast that makes a day, month or text of a moment.
fn wrapped<'e>(view: &View<'_, '_>, expr: &'e Expr) -> Option<&'e Expr> {
    let blind = !matches!(view.query.dialect, Dialect::Snowflake | Dialect::BigQuery | Dialect::Databricks);
    match bare(expr) {
        Expr::Function(f) if is_one_of(f, OF_MOMENTS) || blind && is_one_of(f, IN_ORDER) => {
            arguments(f).find(|e| column(e).is_some_and(|c| !is_part(&c.value)))
        }
        Expr::Cast { expr, data_type, .. }
            if matches!(data_type, SqlType::Text | SqlType::Varchar(_) | SqlType::String(_))
                || blind && *data_type == SqlType::Date =>
        {
            use DataType::{Date, Timestamp, TimestampTz};
            let text = *data_type != SqlType::Date;
            let moment = matches!(view.column_type(expr), ColumnType::Known(Date | Timestamp | TimestampTz));
            // A date as a date is what it was, and names say which are none.
            column(expr).filter(|c| {
                if text && moment {
                    return true;
                }
                let name = c.value.to_ascii_lowercase();
                name.ends_with("_at") || name.ends_with("_ts") || name.ends_with("timestamp") || name.ends_with("_time")
            })?;
            Some(bare(expr))
        }
        Expr::Extract { expr, .. } => column(expr).map(|_| bare(expr)),
        _ => None,
    }
}
