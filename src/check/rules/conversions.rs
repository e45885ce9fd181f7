//! Conversions between time zones that start from the wrong one: twice, or from a clock that lost its zone on the way.

use sqlparser::ast::{BinaryOperator, DataType as SqlType, Expr, SelectItem};

use super::expressions::{any, arguments, bare, call, column, is_one_of, text};
use super::look::{View, span};
use super::outline::Step;
use super::{Family, Look, Query, Rule};
use crate::check::said::clocks::{self, LOCAL};
use crate::sql::ColumnType;
use crate::vocabulary::{DataType, Diagnostic, Dialect, Severity};

pub(super) const RULES: &[Rule] = &[
    Rule {
        code: "time-zone-twice",
        family: Family::Wrong,
        severity: Severity::Warning,
        summary: "a conversion between time zones of what shows the clock of another zone already",
        look: Look::Query(converted_twice),
    },
    Rule {
        code: "time-zone-dropped",
        family: Family::Wrong,
        severity: Severity::Warning,
        summary: "a cast that drops the zone of a moment, and the local clock is then read as that of another",
        look: Look::Query(zone_dropped),
    },
];

/// A conversion: from which zone, to which, and of what.
struct Conversion<'a> {
    from: From,
    /// None where it is not to one that is named.
    to: Option<String>,
    of: &'a Expr,
}

/// Where a conversion starts.
enum From {
    Zone(String),
    /// The zone that a column names: that of the place.
    Place,
    Unknown,
}

impl From {
    fn of(expr: &Expr) -> From {
        match zone_named(expr) {
            Some(zone) => From::Zone(zone),
            None if column(expr).is_some() => From::Place,
            None => From::Unknown,
        }
    }
}

/// A name of a zone as it is compared.
fn zone_named(expr: &Expr) -> Option<String> {
    let name = text(expr)?.to_ascii_lowercase();
    let same = match name.as_str() {
        "etc/utc" | "gmt" | "z" | "etc/gmt" | "+00:00" | "+0:00" | "zulu" => "utc",
        "us/pacific" => "america/los_angeles",
        "us/eastern" | "est5edt" => "america/new_york",
        "us/central" => "america/chicago",
        "us/mountain" => "america/denver",
        _ => return Some(name),
    };
    Some(same.to_owned())
}

/// Whether a value has its own zone, where that is known.
pub(super) fn has_zone(view: &View<'_, '_>, expr: &Expr) -> Option<bool> {
    let by = |t: DataType| match t {
        DataType::TimestampTz => Some(true),
        DataType::Timestamp => Some(false),
        _ => None,
    };
    match bare(expr) {
        Expr::Cast { data_type, .. } => {
            crate::sql::types::read(&data_type.to_string(), view.query.dialect).and_then(by)
        }
        Expr::AtTimeZone { timestamp, .. } => has_zone(view, timestamp).map(|z| !z),
        Expr::Function(f) if is_one_of(f, &["date_trunc"]) => arguments(f).nth(1).and_then(|e| has_zone(view, e)),
        Expr::Function(f) if is_one_of(f, &["timezone"]) => {
            arguments(f).nth(1).and_then(|e| has_zone(view, e)).map(|z| !z)
        }
        Expr::Function(f) if is_one_of(f, &["to_timestamp_ntz"]) => Some(false),
        Expr::Function(f) if is_one_of(f, &["to_timestamp_tz"]) => Some(true),
        e => match view.column_type(e) {
            ColumnType::Known(t) => by(t),
            _ => None,
        },
    }
}

/// Whether `at time zone` reads a time without a zone as of one and shows a moment by the clock of it.
fn turns(dialect: Dialect) -> bool {
    matches!(dialect, Dialect::Postgres | Dialect::Redshift | Dialect::DuckDb)
}

/// A conversion that an expression is.
fn conversion<'e>(view: &View<'_, '_>, expr: &'e Expr) -> Option<Conversion<'e>> {
    let utc = || From::Zone("utc".to_owned());
    match bare(expr) {
        Expr::AtTimeZone { timestamp, time_zone } if turns(view.query.dialect) => {
            // It reads what has no zone as of this one.
            (has_zone(view, timestamp) == Some(false)).then_some(())?;
            Some(Conversion { from: From::of(time_zone), to: None, of: timestamp })
        }
        Expr::Function(f) => {
            let list: Vec<&Expr> = arguments(f).collect();
            let (from, to, of) = match list.as_slice() {
                [from, to, of] if is_one_of(f, &["convert_timezone"]) => (From::of(from), zone_named(to), of),
                [to, of] if is_one_of(f, &["convert_timezone"]) => (utc(), zone_named(to), of),
                [of, from, to] if is_one_of(f, &["convert_tz"]) => (From::of(from), zone_named(to), of),
                [of, to] if is_one_of(f, &["from_utc_timestamp"]) => (utc(), zone_named(to), of),
                [of, from] if is_one_of(f, &["to_utc_timestamp"]) => (From::of(from), Some("utc".to_owned()), of),
                [zone, of] if is_one_of(f, &["timezone"]) && has_zone(view, of) == Some(false) => {
                    (From::of(zone), None, of)
                }
                [of, zone] if is_one_of(f, &["datetime", "date"]) && view.query.dialect == Dialect::BigQuery => {
                    let to = zone_named(zone).filter(|z| z.contains('/'))?;
                    (utc(), Some(to), of)
                }
                _ => return None,
            };
            Some(Conversion { from, to, of })
        }
        _ => None,
    }
}

/// Functions that give one of the values that they are called with.
const ONE_OF: &[&str] = &["min", "max", "any_value", "first_value", "last_value", "lag", "lead"];

/// The zone whose clock an expression without one shows.
pub(super) fn wall(view: &View<'_, '_>, select: usize, expr: &Expr, depth: usize) -> Option<String> {
    if depth > 12 {
        return None;
    }
    let inner = |e: &Expr| wall(view, select, e, depth + 1);
    match bare(expr) {
        Expr::BinaryOp { left, op: BinaryOperator::Plus | BinaryOperator::Minus, right }
            if matches!(bare(right), Expr::Interval(_)) =>
        {
            inner(left)
        }
        Expr::AtTimeZone { timestamp, time_zone } if turns(view.query.dialect) => {
            (has_zone(view, timestamp) == Some(true)).then(|| zone_named(time_zone)).flatten()
        }
        Expr::Cast { expr, data_type, .. }
            if crate::sql::types::read(&data_type.to_string(), view.query.dialect) != Some(DataType::TimestampTz) =>
        {
            // By the value's own zone it has a zone still; the cast leaves its clock.
            match call(expr, &["convert_timezone"]).map(|f| arguments(f).collect::<Vec<_>>()).as_deref() {
                Some([to, _]) => zone_named(to),
                _ => inner(expr),
            }
        }
        Expr::Function(f) => {
            let list: Vec<&Expr> = arguments(f).collect();
            match list.as_slice() {
                [_, to, _] if is_one_of(f, &["convert_timezone"]) => zone_named(to),
                [to, _] if is_one_of(f, &["convert_timezone"]) && view.query.dialect == Dialect::Redshift => {
                    zone_named(to)
                }
                [_, _, to] if is_one_of(f, &["convert_tz"]) => zone_named(to),
                [_, to] if is_one_of(f, &["from_utc_timestamp"]) => zone_named(to),
                [_, _] if is_one_of(f, &["to_utc_timestamp"]) => Some("utc".to_owned()),
                [zone, of] if is_one_of(f, &["timezone"]) && has_zone(view, of) == Some(true) => zone_named(zone),
                [_, to] if is_one_of(f, &["datetime", "date"]) && view.query.dialect == Dialect::BigQuery => {
                    zone_named(to).filter(|z| z.contains('/'))
                }
                // A moment made of a local clock shows that of UTC, and is what it was read as.
                [of] if is_one_of(
                    f,
                    &["timestamp", "to_timestamp_ntz", "to_timestamp", "date", "to_date", "trunc"],
                ) =>
                {
                    inner(of)
                }
                [_, of] if is_one_of(f, &["date_trunc"]) => inner(of),
                [of, _] if is_one_of(f, &["strftime", "to_char"]) => inner(of),
                [_, _, of] if is_one_of(f, &["dateadd", "date_add", "timestampadd"]) => inner(of),
                [of, _]
                    if is_one_of(
                        f,
                        &[
                            "datetime_trunc",
                            "timestamp_trunc",
                            "timestamp_add",
                            "timestamp_sub",
                            "datetime_add",
                            "datetime_sub",
                        ],
                    ) =>
                {
                    inner(of)
                }
                // One of several is by the clock that they all show.
                [first, ..] if is_one_of(f, ONE_OF) => inner(first),
                [first, rest @ ..] if is_one_of(f, &["coalesce", "greatest", "least", "ifnull", "nvl"]) => {
                    inner(first).filter(|clock| rest.iter().all(|e| inner(e).as_ref() == Some(clock)))
                }
                _ => None,
            }
        }
        e => {
            let name = column(e)?;
            if let Some(relation) = view.relation(select, e)
                && let Some(known) = wall_of(view, select, relation, &name.value)
            {
                return Some(known);
            }
            if made(view, select, e).is_some() {
                return None;
            }
            // What stands in a name is of times without a zone.
            (has_zone(view, e) != Some(true)).then_some(())?;
            let name = name.value.to_ascii_lowercase();
            ["utc", "local"].into_iter().find(|z| name.ends_with(&format!("_{z}"))).map(str::to_owned)
        }
    }
}

/// The zone whose clock a column of a relation shows, by what makes it here or in another node.
pub(super) fn wall_of(view: &View<'_, '_>, select: usize, relation: usize, name: &str) -> Option<String> {
    let mut at = (select, relation);
    for _ in 0..16 {
        match view.outline.step(at.0, at.1, name)? {
            Step::Node(id) => return view.query.told.get(&id)?.clocks.get(&name.to_ascii_lowercase()).cloned(),
            Step::Same(select, relation) => at = (select, relation),
            Step::Expr(inner, select) => return wall(view, select, inner, 1),
        }
    }
    None
}

/// The expression that makes a column in this query.
fn made<'a>(view: &View<'_, 'a>, select: usize, expr: &Expr) -> Option<(&'a Expr, usize)> {
    let name = &column(expr)?.value;
    let mut at = (select, view.relation(select, expr)?);
    for _ in 0..16 {
        match view.outline.step(at.0, at.1, name)? {
            Step::Node(_) => return None,
            Step::Same(select, relation) => at = (select, relation),
            Step::Expr(inner, select) => return Some((inner, select)),
        }
    }
    None
}

fn converted_twice(query: &Query<'_>, out: &mut Vec<Diagnostic>) {
    let view = query.full();
    for piece in &view.outline.pieces {
        let Some(select) = piece.select else { continue };
        let Some(Conversion { from, to, of }) = conversion(&view, piece.expr) else { continue };
        let Some(shown) = wall(&view, select, of, 0).filter(|_| !matches!(piece.expr, Expr::Nested(_))) else {
            continue;
        };
        let (from, next) = match &from {
            // The place's own clock may be that of any zone but UTC, as far as anyone can tell.
            From::Zone(from) if differ(&shown, from) => {
                (format!("that of `{from}`"), "convert once, from what the source holds")
            }
            From::Place if shown == "utc" && to.as_deref() == Some("utc") => {
                ("that of the place".to_owned(), "turn the zones round: from UTC to that of the place")
            }
            From::Place if shown == "utc" => {
                ("that of the place".to_owned(), "say first that it is of UTC: `… at time zone 'UTC' at time zone …`")
            }
            _ => continue,
        };
        let shown = if shown == LOCAL { "the place".to_owned() } else { format!("`{shown}`") };
        let finding = Diagnostic::warning("time-zone-twice", format!("this shows the clock of {shown} already"))
            .why(format!("it is read as if it showed {from}, and is moved by the offset once more"))
            .next(next);
        out.push(view.at(span(piece.expr), finding));
    }
}

/// Whether two clocks are not the same; the place's own may be that of any zone but UTC.
fn differ(shown: &str, from: &str) -> bool {
    shown != from && (shown != LOCAL || from == "utc") && !clocks::are_alike(shown, from)
}

/// The column that lost its zone in a cast on the way to an expression.
fn dropped<'a>(view: &View<'_, 'a>, select: usize, expr: &'a Expr, depth: usize) -> Option<&'a str> {
    if depth > 12 {
        return None;
    }
    let inner = |e: &'a Expr| dropped(view, select, e, depth + 1);
    match bare(expr) {
        Expr::Cast { expr, data_type, .. } => {
            match crate::sql::types::read(&data_type.to_string(), view.query.dialect) {
                Some(DataType::Timestamp) => lost(view, expr).or_else(|| inner(expr)),
                Some(DataType::Date) => inner(expr),
                _ => None,
            }
        }
        Expr::Function(f) if is_one_of(f, &["to_timestamp_ntz"]) => {
            arguments(f).next().and_then(|e| lost(view, e).or_else(|| inner(e)))
        }
        Expr::Function(f) if is_one_of(f, &["date", "to_date", "date_trunc"]) => arguments(f).last().and_then(inner),
        e => {
            let (inner, at) = made(view, select, e)?;
            dropped(view, at, inner, depth + 1)
        }
    }
}

/// A column with a zone of its own.
fn lost<'a>(view: &View<'_, 'a>, expr: &'a Expr) -> Option<&'a str> {
    let by_zone = !matches!(view.query.dialect, Dialect::BigQuery | Dialect::Databricks | Dialect::MySql);
    column(expr).filter(|_| by_zone && has_zone(view, expr) == Some(true)).map(|c| c.value.as_str())
}

const DIFFERENCES: &[&str] = &["datediff", "date_diff", "timestampdiff", "timestamp_diff", "age"];

fn zone_dropped(query: &Query<'_>, out: &mut Vec<Diagnostic>) {
    let view = query.full();
    let mut tell = |expr: &Expr, name: &str, why: String| {
        let finding = Diagnostic::warning("time-zone-dropped", format!("the cast drops the zone of `{name}`"))
            .why(why)
            .next("convert to UTC first: `convert_timezone('UTC', …)`, `… at time zone 'UTC'`");
        out.push(view.at(span(expr), finding));
    };
    for piece in &view.outline.pieces {
        let Some(select) = piece.select else { continue };
        if let Some(Conversion { from: From::Zone(from), of, .. }) = conversion(&view, piece.expr)
            && !matches!(piece.expr, Expr::Nested(_))
            && let Some(name) = dropped(&view, select, of, 0)
        {
            tell(
                piece.expr,
                name,
                format!("what is left is the clock of its own zone, and is read as that of `{from}`"),
            );
        }
        use sqlparser::ast::BinaryOperator::Minus;
        let (a, b) = match piece.expr {
            Expr::BinaryOp { left, op, right } if super::expressions::compares(op) || *op == Minus => {
                (left.as_ref(), right.as_ref())
            }
            Expr::Function(f) if is_one_of(f, DIFFERENCES) => {
                let part = |e: &&Expr| column(e).is_some_and(|c| super::times::is_part(&c.value)) || text(e).is_some();
                let list: Vec<&Expr> = arguments(f).filter(|e| !part(e)).collect();
                let [a, b] = list.as_slice() else { continue };
                (*a, *b)
            }
            _ => continue,
        };
        for (one, other) in [(a, b), (b, a)] {
            if let Some(name) = dropped(&view, select, one, 0)
                && dropped(&view, select, other, 0).is_none()
                && plain(&view, select, other, 0)
            {
                tell(
                    one,
                    name,
                    "it is held against a time without a zone, which need not be of the same one".to_owned(),
                );
            }
        }
    }
    for (id, part) in view.outline.selects.iter().enumerate() {
        for item in &part.select.projection {
            let SelectItem::ExprWithAlias { expr, alias } = item else { continue };
            let name = alias.value.to_ascii_lowercase();
            if (name.ends_with("_utc") || name.contains("_utc_"))
                && matches!(bare(expr), Expr::Cast { .. } | Expr::Function(_))
                && let Some(column) = dropped(&view, id, expr, 0)
            {
                tell(expr, column, format!("what is left is the clock of its own zone, and `{name}` is not of UTC"));
            }
        }
    }
}

/// Whether a value is known to be a time without a zone that a table holds, or a day of one.
fn plain<'a>(view: &View<'_, 'a>, select: usize, expr: &'a Expr, depth: usize) -> bool {
    if depth > 12 || any(expr, &mut super::clock::is_clock) {
        return false;
    }
    match bare(expr) {
        Expr::Cast {
            expr,
            data_type: SqlType::Date | SqlType::Timestamp(..) | SqlType::TimestampNtz(_) | SqlType::Datetime(_),
            ..
        } => plain(view, select, expr, depth + 1),
        Expr::Function(f) if is_one_of(f, &["date", "to_date", "date_trunc"]) => {
            arguments(f).last().is_some_and(|e| plain(view, select, e, depth + 1))
        }
        e => match made(view, select, e) {
            Some((inner, at)) => plain(view, at, inner, depth + 1),
            None => has_zone(view, e) == Some(false),
        },
    }
}
