//! Moments of different time zones that meet: in a comparison, a difference, one column of a union or a `coalesce`.

use sqlparser::ast::{BinaryOperator, DataType as SqlType, Expr, SelectItem, SetOperator};

use super::conversions::{has_zone, wall};
use super::expressions::{arguments, bare, call, column, compares, is_one_of, text};
use super::local::day_of;
use super::look::{View, span};
use super::outline::{Clause, Step};
use super::{Family, Look, Query, Rule};
use crate::check::said::clocks::{self, LOCAL};
use crate::sql::ColumnType;
use crate::vocabulary::{DataType, Diagnostic, Dialect, Severity};

pub(super) const RULES: &[Rule] = &[Rule {
    code: "time-zones-mixed",
    family: Family::Wrong,
    severity: Severity::Warning,
    summary: "a moment with a time zone held against one without",
    look: Look::Query(time_zones_mixed),
}];

/// Whose clock an expression shows.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Zone {
    /// That of a zone, lower case.
    Of(String),
    /// That of the place, which the name of a column says.
    Local,
    /// That of a column, as it is stored.
    Stored,
}

const DIFFERENCES: &[&str] = &["datediff", "date_diff", "timestamp_diff", "timestampdiff", "datetime_diff", "age"];
const EITHER: &[&str] = &["coalesce", "ifnull", "nvl", "greatest", "least"];

fn time_zones_mixed(query: &Query<'_>, out: &mut Vec<Diagnostic>) {
    let view = query.full();
    described_otherwise(&view, out);
    through_calendar(&view, out);
    for piece in &view.outline.pieces {
        let Some(select) = piece.select else { continue };
        let (parts, either): (Vec<&Expr>, bool) = match piece.expr {
            Expr::BinaryOp { left, op, right } if compares(op) || *op == BinaryOperator::Minus => {
                (vec![left, right], false)
            }
            Expr::Between { expr, low, high, .. } => (vec![expr, low, high], false),
            Expr::Case { conditions, else_result, .. } => {
                (conditions.iter().map(|w| &w.result).chain(else_result.as_deref()).collect(), true)
            }
            Expr::Function(f) if is_one_of(f, DIFFERENCES) => (arguments(f).filter(|e| !is_part(e)).collect(), false),
            Expr::Function(f) if is_one_of(f, EITHER) => (arguments(f).collect(), true),
            _ => continue,
        };
        // What lies between two is held against each of them.
        let first = if matches!(piece.expr, Expr::Between { .. }) { 1 } else { parts.len() };
        let pairs =
            parts.iter().enumerate().take(first).flat_map(|(i, a)| parts[i + 1..].iter().map(move |b| (*a, *b)));
        if let Some(finding) = pairs.into_iter().find_map(|(a, b)| mixed(&view, (select, a), (select, b), either)) {
            out.push(view.at(span(piece.expr), finding));
        }
    }
    for set in view.outline.sets.iter().filter(|s| s.op == SetOperator::Union) {
        let ([left, ..], [right, ..]) = (set.left.as_slice(), set.right.as_slice()) else { continue };
        let items = |s: usize| view.outline.selects[s].select.projection.iter();
        for (a, b) in items(*left).zip(items(*right)) {
            let (Some(a), Some(b)) = (item(a), item(b)) else { break };
            if let Some(finding) = mixed(&view, (*left, a), (*right, b), true) {
                out.push(view.at(span(b), finding));
            }
        }
    }
}

/// Days that are both joined to one column, that of a calendar, and so to each other.
fn through_calendar<'a>(view: &View<'_, 'a>, out: &mut Vec<Diagnostic>) {
    let day = |e: &Expr| matches!(view.column_type(e), ColumnType::Known(DataType::Date));
    for (select, part) in view.outline.selects.iter().enumerate().filter(|(_, p)| p.relations.len() > 2) {
        let mut met: Vec<(usize, &str, &'a Expr)> = Vec::new();
        for piece in view.outline.pieces[part.pieces.clone()].iter().filter(|p| p.clause == Clause::On) {
            let Expr::BinaryOp { left, op: BinaryOperator::Eq, right } = piece.expr else { continue };
            for (of, by) in [(left, right), (right, left)] {
                let (Some(name), Some(relation)) = (column(by), view.relation(select, by)) else { continue };
                let name = name.value.as_str();
                let before = met.iter().filter(|(r, n, _)| *r == relation && n.eq_ignore_ascii_case(name));
                let mut both = before.filter(|(_, _, other)| day(of) && day(other));
                if let Some(found) = both.find_map(|(.., other)| mixed(view, (select, other), (select, of), false)) {
                    out.push(view.at(span(piece.expr), found));
                }
                met.push((relation, name, of));
            }
        }
    }
}

/// Values that are described by the clock of one zone and made by that of another: days in Berlin, cut in UTC.
fn described_otherwise(view: &View<'_, '_>, out: &mut Vec<Diagnostic>) {
    // The day of a model is that of its only one; what is cut from a column as it is, is for another check.
    let items = super::promised::items(view);
    let is_day = |e: &Expr| view.outline.levels.len() == 1 && day_of(e).is_some_and(|of| column(of).is_none());
    let one_day = items.iter().filter(|(_, e, _)| is_day(e)).count() == 1;
    let of_model = one_day.then(|| clocks::day(&super::promised::description(view.query.node))).flatten();
    for (select, expr, alias) in items {
        let described = view.query.node.described.iter().flat_map(|d| &d.columns);
        let said = described.filter(|c| c.name.eq_ignore_ascii_case(alias)).find_map(clocks::clock);
        let said = said.or_else(|| of_model.clone().filter(|_| is_day(expr)));
        // The day of the place is for another check.
        let Some(said) = said.filter(|zone| zone != LOCAL) else {
            continue;
        };
        let plain = column(expr).is_some() || !super::reruns::last(view).contains(&select);
        let Some(made) = wall(view, select, expr, 0).filter(|made| !plain && clocks::differ(&said, made)) else {
            continue;
        };
        let finding = Diagnostic::warning("time-zones-mixed", format!("it is by the clock of `{made}`"))
            .why(format!("`{alias}` is said to be of `{said}`"))
            .next("convert it to that zone before it is cut or cast");
        out.push(view.at(span(expr), finding));
    }
}

fn item(item: &SelectItem) -> Option<&Expr> {
    match item {
        SelectItem::UnnamedExpr(e) | SelectItem::ExprWithAlias { expr: e, .. } => Some(e),
        _ => None,
    }
}

/// What is wrong where two expressions meet, each of a select. Where `either` can be the value, names alone say nothing.
fn mixed<'a>(view: &View<'_, 'a>, a: (usize, &'a Expr), b: (usize, &'a Expr), either: bool) -> Option<Diagnostic> {
    use DataType::{Timestamp, TimestampTz};
    let types = (view.column_type(a.1), view.column_type(b.1));
    let by_type = matches!(
        types,
        (ColumnType::Known(Timestamp), ColumnType::Known(TimestampTz))
            | (ColumnType::Known(TimestampTz), ColumnType::Known(Timestamp))
    );
    let shown = |zone: &str| if zone == LOCAL { "the place".to_owned() } else { format!("`{zone}`") };
    let shows = |(select, expr)| wall(view, select, expr, 0).or_else(|| of_server(view, expr));
    let walls = (shows(a), shows(b));
    if let (Some(x), Some(y)) = &walls {
        if clocks::differ(x, y) {
            let what = format!("one is by the clock of {}, the other of {}", shown(x), shown(y));
            return Some(otherwise(what));
        }
        return None;
    }
    for (one, other, clock) in [(a, b, &walls.1), (b, a, &walls.0)] {
        // A local clock that was read as that of UTC or of the session, beside a real moment.
        if let Some(clock) = misread(view, other.0, other.1, 0)
            && has_zone(view, one.1) == Some(true)
            && misread(view, one.0, one.1, 0).is_none()
        {
            let what = format!("one is by the clock of {}, and is read as if it were of another zone", shown(&clock));
            return Some(otherwise(what));
        }
        // A day that the session cuts, beside one of the place.
        let by_session =
            cut(view, one.0, one.1).is_some_and(|m| column(m).is_some() && has_zone(view, m) == Some(true));
        let utc = view.query.dialect == Dialect::BigQuery;
        if let Some(clock) = clock.as_ref().filter(|c| by_session && (*c == LOCAL || utc && *c != "utc"))
            && view.column_type(other.1) == ColumnType::Known(DataType::Date)
        {
            let cut = if utc { "UTC" } else { "the session" };
            return Some(otherwise(format!("one is the day of {cut}, the other of {}", shown(clock))));
        }
    }
    if let (Some(x), Some(y)) = (column(a.1), column(b.1)) {
        let by_name = matches!((ending(&x.value), ending(&y.value)), (Some(a), Some(b)) if a != b) && !either;
        if by_type || by_name {
            let what = match by_name {
                true => format!("`{}` and `{}` are in different time zones", x.value, y.value),
                false => format!("`{}` and `{}`: one has a time zone, one has none", x.value, y.value),
            };
            let finding = Diagnostic::warning("time-zones-mixed", what)
                .why("the one without is read in the zone of the session, so the answer differs from place to place")
                .next("bring both to UTC first, in staging");
            return Some(finding);
        }
        // Where both are plain, what made them may still tell; of values of which either is taken it says less.
        if either {
            return None;
        }
    }
    let clocks = (zone(view, a.0, a.1, 0)?, zone(view, b.0, b.1, 0)?);
    let what = match &clocks {
        (Zone::Of(x), Zone::Of(y)) if x != y => format!("one is by the clock of `{x}`, the other of `{y}`"),
        (Zone::Local, Zone::Of(x)) | (Zone::Of(x), Zone::Local) if x == "utc" => {
            "one is by the clock of the place, the other of `utc`".to_owned()
        }
        (Zone::Of(x), Zone::Stored) | (Zone::Stored, Zone::Of(x)) if x != "utc" => {
            format!("one is by the clock of `{x}`, the other as it is stored")
        }
        _ => return None,
    };
    Some(otherwise(what))
}

/// What a day is cut from, here or in a CTE.
fn cut<'a>(view: &View<'_, 'a>, select: usize, expr: &'a Expr) -> Option<&'a Expr> {
    day_of(expr).or_else(|| match made(view, select, expr)? {
        Made::By(inner, _) => day_of(inner),
        Made::Stored => None,
    })
}

/// The clock that `now()` shows, where a text says in which zone the server runs.
fn of_server(view: &View<'_, '_>, expr: &Expr) -> Option<String> {
    let plain = view.query.dialect == Dialect::MySql
        && call(expr, &["now", "current_timestamp", "localtimestamp", "localtime", "sysdate"]).is_some();
    let said = plain.then(|| super::promised::description(view.query.node))?;
    let of_server = |text: &&str| super::promised::has(&super::promised::plain(text), &["server", "session"]);
    said.split(['.', ';', '\n']).find(of_server).and_then(clocks::of_text).filter(|zone| zone != LOCAL)
}

/// The clock of the place that a moment is made of as if it were that of UTC, or of the session.
fn misread(view: &View<'_, '_>, select: usize, expr: &Expr, depth: usize) -> Option<String> {
    if depth > 4 {
        return None;
    }
    let always_utc = view.query.dialect == Dialect::BigQuery;
    let of = match bare(expr) {
        Expr::Cast { expr: of, .. } if has_zone(view, expr) == Some(true) => of.as_ref(),
        Expr::Function(f) if always_utc && is_one_of(f, &["timestamp"]) => {
            match arguments(f).collect::<Vec<_>>().as_slice() {
                [of] => *of,
                _ => return None,
            }
        }
        e => match made(view, select, e)? {
            Made::By(inner, at) => return misread(view, at, inner, depth + 1),
            Made::Stored => return None,
        },
    };
    if has_zone(view, of) != Some(false) {
        return None;
    }
    wall(view, select, of, 0).filter(|clock| clock == LOCAL || always_utc && clock != "utc")
}

fn otherwise(what: String) -> Diagnostic {
    Diagnostic::warning("time-zones-mixed", what)
        .why("the same moment is another hour by each, and often another day")
        .next("bring both to the same zone")
}

/// Whether a text names a zone: `Europe/Paris`, but not `MM/DD/YYYY`.
fn is_zone(text: &str) -> bool {
    const REGIONS: &[&str] = &[
        "africa",
        "america",
        "antarctica",
        "arctic",
        "asia",
        "atlantic",
        "australia",
        "brazil",
        "canada",
        "etc",
        "europe",
        "indian",
        "mexico",
        "pacific",
        "us",
    ];
    text.eq_ignore_ascii_case("utc")
        || text.split_once('/').is_some_and(|(region, _)| REGIONS.iter().any(|r| region.eq_ignore_ascii_case(r)))
}

/// Whose clock an expression shows, where that is known.
fn zone(view: &View<'_, '_>, select: usize, expr: &Expr, depth: usize) -> Option<Zone> {
    if depth > 12 {
        return None;
    }
    // Today by some clock is today by that clock on purpose.
    if super::expressions::any(expr, &mut super::clock::is_clock) {
        return None;
    }
    let inner = |e: &Expr| zone(view, select, e, depth + 1);
    match bare(expr) {
        Expr::AtTimeZone { timestamp, time_zone } => {
            // Without a zone it is taken to be of that one, and is a moment.
            let plain = has_zone(view, timestamp) == Some(false);
            named(time_zone).filter(|_| !plain || matches!(view.query.dialect, Dialect::BigQuery))
        }
        Expr::Cast { expr, data_type: SqlType::Date | SqlType::Timestamp(..) | SqlType::Datetime(_), .. } => {
            inner(expr)
        }
        Expr::Function(f) if is_one_of(f, &["convert_timezone", "from_utc_timestamp"]) => {
            let list: Vec<&Expr> = arguments(f).collect();
            match list.as_slice() {
                [_, to, _] => named(to),
                [moment, to] if is_one_of(f, &["from_utc_timestamp"]) => column(moment).and_then(|_| named(to)),
                [to, _] => named(to),
                _ => None,
            }
        }
        Expr::Function(f)
            if is_one_of(
                f,
                &[
                    "date",
                    "datetime",
                    "to_date",
                    "date_trunc",
                    "timestamp_trunc",
                    "datetime_trunc",
                    "trunc",
                    "datetrunc",
                ],
            ) =>
        {
            let list: Vec<&Expr> = arguments(f).filter(|e| !is_part(e)).collect();
            match list.as_slice() {
                [_, zone] if text(zone).is_some_and(is_zone) => named(zone),
                [moment] | [_, moment] => match inner(moment)? {
                    // BigQuery cuts a moment by UTC.
                    Zone::Stored
                        if view.query.dialect == Dialect::BigQuery
                            && !matches!(view.column_type(moment), ColumnType::Known(DataType::Timestamp)) =>
                    {
                        Some(Zone::Of("utc".to_owned()))
                    }
                    zone => Some(zone),
                },
                _ => None,
            }
        }
        e => {
            let name = column(e)?;
            let clock = match made(view, select, e)? {
                Made::By(inner, at) => zone(view, at, inner, depth + 1)?,
                Made::Stored => Zone::Stored,
            };
            let stored = || {
                let types = ColumnType::Known(DataType::Timestamp) == view.column_type(e)
                    || ColumnType::Known(DataType::TimestampTz) == view.column_type(e);
                types && !name.value.to_ascii_lowercase().contains("local") && ending(&name.value).is_none()
            };
            match clock {
                Zone::Stored if ending(&name.value) == Some("local") => Some(Zone::Local),
                Zone::Stored => stored().then_some(Zone::Stored),
                clock => Some(clock),
            }
        }
    }
}

/// What a column is made by.
enum Made<'a> {
    By(&'a Expr, usize),
    Stored,
}

fn made<'a>(view: &View<'_, 'a>, select: usize, expr: &Expr) -> Option<Made<'a>> {
    let name = &column(expr)?.value;
    let mut at = (select, view.relation(select, expr)?);
    for _ in 0..16 {
        match view.outline.step(at.0, at.1, name)? {
            Step::Node(_) => return Some(Made::Stored),
            Step::Same(select, relation) => at = (select, relation),
            Step::Expr(inner, select) => return Some(Made::By(inner, select)),
        }
    }
    None
}

/// The zone that a text names.
fn named(expr: &Expr) -> Option<Zone> {
    let name = text(expr)?.to_ascii_lowercase();
    let same = ["utc", "etc/utc", "gmt", "z", "etc/gmt", "+00:00"].contains(&name.as_str());
    Some(Zone::Of(if same { "utc".to_owned() } else { name }))
}

fn is_part(expr: &Expr) -> bool {
    let word = match column(expr) {
        Some(name) => &name.value,
        None => match text(expr) {
            Some(text) => text,
            None => return call(expr, &["week"]).is_some(),
        },
    };
    super::times::is_part(word)
}

/// The zone in a column's name: `created_at_utc`, `created_at_pst`.
fn ending(name: &str) -> Option<&'static str> {
    let name = name.to_ascii_lowercase();
    let zones = ["utc", "local", "pst", "pt", "est", "et", "cet", "ist", "jst", "gmt"];
    zones
        .into_iter()
        .find(|z| name.len() > z.len() + 1 && name.ends_with(z) && name.as_bytes()[name.len() - z.len() - 1] == b'_')
}
