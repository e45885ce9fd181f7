//! Words that name a part of a date and are no columns.

use sqlparser::ast::{Expr, FunctionArg, FunctionArgExpr, FunctionArguments};

use super::relation::{Env, lower};

/// Functions whose first or second argument may be a bare word that names a part of a date.
const WITH_DATE_PART: &[&str] = &[
    "date_trunc",
    "datetrunc",
    "datediff",
    "date_diff",
    "dateadd",
    "date_add",
    "date_sub",
    "timestampdiff",
    "timestampadd",
    "timestamp_trunc",
    "datetime_trunc",
    "timestamp_diff",
    "datetime_diff",
    "timestamp_add",
    "datetime_add",
    "timestamp_sub",
    "datetime_sub",
    "date_part",
    "datepart",
    "last_day",
    "time_slice",
    "trunc",
    "date_bucket",
    "generate_date_array",
    "time_trunc",
    "add_months",
    "next_day",
    "timeadd",
    "timediff",
    "time_diff",
    "time_add",
    "time_sub",
];
/// Words that are no columns there.
const DATE_PARTS: &[&str] = &[
    "microsecond",
    "microseconds",
    "millisecond",
    "milliseconds",
    "second",
    "seconds",
    "minute",
    "minutes",
    "hour",
    "hours",
    "day",
    "days",
    "week",
    "weeks",
    "month",
    "months",
    "quarter",
    "quarters",
    "year",
    "years",
    "isoweek",
    "isoyear",
    "dayofweek",
    "dayofyear",
    "dow",
    "doy",
    "epoch",
    "decade",
    "century",
    "weekday",
    "yy",
    "mm",
    "dd",
    "hh",
];

/// Words that are none either, in Snowflake.
const SNOWFLAKE_PARTS: &[&str] = &[
    "epoch_second",
    "epoch_millisecond",
    "epoch_microsecond",
    "epoch_nanosecond",
    "nanosecond",
    "dayofweekiso",
    "dayofweek_iso",
    "weekiso",
    "week_iso",
    "yearofweek",
    "yearofweekiso",
    "weekofyear",
    "dayofmonth",
    "timezone_hour",
    "timezone_minute",
    "mon",
    "hr",
    "min",
    "sec",
    "qtr",
    "wk",
    "yr",
    "ms",
    "y",
    "yyy",
    "yyyy",
    "yrs",
    "q",
    "qtrs",
    "mons",
    "w",
    "d",
    "h",
    "hrs",
    "m",
    "mi",
    "mins",
    "s",
    "secs",
    "msec",
    "us",
    "usec",
    "ns",
    "nsec",
];

/// Whether an argument is the part of a date; `only` where it can be nothing else.
pub(super) fn is_date_part(function: &str, expr: &Expr, only: bool, env: &Env<'_>) -> bool {
    match expr {
        Expr::Identifier(ident) => {
            let word = lower(ident);
            WITH_DATE_PART.contains(&function)
                && (DATE_PARTS.contains(&word.as_str()) || SNOWFLAKE_PARTS.contains(&word.as_str()))
                && (only || env.rels.iter().all(|r| r.position(&word).is_none()))
        }
        // `week(monday)`.
        Expr::Function(f) if WITH_DATE_PART.contains(&function) && super::call::name_of(f) == "week" => {
            let FunctionArguments::List(list) = &f.args else { return false };
            let [FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Identifier(day)))] = list.args.as_slice() else {
                return false;
            };
            WEEKDAYS.contains(&lower(day).as_str())
        }
        _ => false,
    }
}

/// Days that a week may begin with.
const WEEKDAYS: &[&str] = &["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
