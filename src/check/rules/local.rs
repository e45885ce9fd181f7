//! Days and times of a place that are made without its zone: by a fixed number of hours, or cut from a moment as it is.

use sqlparser::ast::{BinaryOperator, DataType as SqlType, Expr, Ident, SelectItem, Spanned};
use sqlparser::tokenizer::Span;

use super::conversions::{has_zone, wall};
use super::expressions::{any, arguments, bare, column, is_one_of, text, words};
use super::look::{View, span};
use super::{Family, Look, Query, Rule};
use crate::check::said::clocks::{self, LOCAL};
use crate::vocabulary::{Diagnostic, Dialect, Severity};

pub(super) const RULES: &[Rule] = &[
    Rule {
        code: "time-zone-fixed",
        family: Family::Wrong,
        severity: Severity::Warning,
        summary: "a fixed number of hours in the place of a zone that has daylight saving",
        look: Look::Query(fixed),
    },
    Rule {
        code: "time-zone-unset",
        family: Family::Wrong,
        severity: Severity::Warning,
        summary: "a day that is said to be of a place, cut from a moment without its zone",
        look: Look::Query(unset),
    },
];

fn items<'a>(view: &View<'_, 'a>) -> impl Iterator<Item = (usize, &'a Expr, &'a Ident)> {
    view.outline.selects.iter().enumerate().flat_map(|(id, part)| {
        part.select.projection.iter().filter_map(move |item| match item {
            SelectItem::ExprWithAlias { expr, alias } => Some((id, expr, alias)),
            _ => None,
        })
    })
}

fn fixed(query: &Query<'_>, out: &mut Vec<Diagnostic>) {
    let view = query.full();
    for (id, expr, alias) in items(&view) {
        let mut shifts = Vec::new();
        visit(expr, &mut |e| shifts.extend(shift(e)));
        let [(moment, hours)] = shifts.as_slice() else { continue };
        // What shows the clock of the place already is moved for another reason.
        if wall(&view, id, moment, 0).is_some_and(|clock| clock != "utc") {
            continue;
        }
        let Some(zone) = place_of(&view, expr, alias) else { continue };
        let (winter, summer) = clocks::offsets(zone);
        if *hours != winter && *hours != summer {
            continue;
        }
        let finding =
            Diagnostic::warning("time-zone-fixed", format!("`{zone}` is not {hours:+} hours from UTC all year"))
                .why("with daylight saving it is an hour more or less for half of the year, and rows near midnight stand under another day")
                .next(format!("convert by the name of the zone: `{}`", named(query.dialect, moment, zone)));
        out.push(view.at(span(expr), finding));
    }
}

/// How a moment is brought to the clock of a zone.
fn named(dialect: Dialect, moment: &Expr, zone: &str) -> String {
    let zone: String = zone
        .split('/')
        .map(|part| part.split('_').map(capital).collect::<Vec<_>>().join("_"))
        .collect::<Vec<_>>()
        .join("/");
    match dialect {
        Dialect::Snowflake | Dialect::Redshift => format!("convert_timezone('UTC', '{zone}', {moment})"),
        Dialect::BigQuery => format!("datetime({moment}, '{zone}')"),
        Dialect::Databricks => format!("from_utc_timestamp({moment}, '{zone}')"),
        Dialect::MySql => format!("convert_tz({moment}, 'UTC', '{zone}')"),
        _ => format!("{moment} at time zone '{zone}'"),
    }
}

fn capital(word: &str) -> String {
    let mut rest = word.chars();
    rest.next().map(|c| c.to_uppercase().chain(rest).collect()).unwrap_or_default()
}

fn visit<'e>(expr: &'e Expr, look: &mut dyn FnMut(&'e Expr)) {
    look(expr);
    super::expressions::children(expr, &mut |e| visit(e, look));
}

/// A column that is moved by whole hours: it, and by how many.
fn shift(expr: &Expr) -> Option<(&Expr, i64)> {
    let moment = |e| {
        let inner = match bare(e) {
            Expr::Cast { expr, .. } => bare(expr),
            other => other,
        };
        column(inner).map(|_| inner)
    };
    match expr {
        Expr::BinaryOp { left, op: BinaryOperator::Plus, right } => Some((moment(left)?, hours(right)?)),
        Expr::BinaryOp { left, op: BinaryOperator::Minus, right } => Some((moment(left)?, -hours(right)?)),
        Expr::Function(f) => {
            let list: Vec<&Expr> = arguments(f).collect();
            let by = |names: &[&str]| is_one_of(f, names);
            match list.as_slice() {
                [of, by_hours] if by(&["timestamp_add", "datetime_add", "date_add"]) => {
                    Some((moment(of)?, hours(by_hours)?))
                }
                [of, by_hours] if by(&["timestamp_sub", "datetime_sub", "date_sub"]) => {
                    Some((moment(of)?, -hours(by_hours)?))
                }
                [part, number, of] if by(&["dateadd", "date_add", "timestampadd"]) => {
                    let part = column(part).map(|c| c.value.as_str()).or_else(|| text(part))?;
                    ["hour", "hours", "hh"].iter().any(|h| part.eq_ignore_ascii_case(h)).then_some(())?;
                    Some((moment(of)?, whole(number)?))
                }
                _ => None,
            }
        }
        _ => None,
    }
}

fn whole(expr: &Expr) -> Option<i64> {
    bare(expr).to_string().replace(['(', ')', ' '], "").parse().ok()
}

/// The hours of `interval '5 hours'`, `interval 5 hour`, `interval '1 hour' * -5`.
fn hours(expr: &Expr) -> Option<i64> {
    match bare(expr) {
        Expr::Interval(interval) => {
            let written = interval.to_string().to_ascii_lowercase().replace('\'', "");
            let mut said = written.split_whitespace().skip(1);
            let (number, unit, None) = (said.next()?, said.next()?, said.next()) else { return None };
            unit.starts_with("hour").then(|| number.parse().ok()).flatten()
        }
        Expr::BinaryOp { left, op: BinaryOperator::Multiply, right } => Some(hours(left)?.checked_mul(whole(right)?)?),
        _ => None,
    }
}

/// The place with daylight saving whose clock is meant: by the name, by comments beside it, or by what YAML says.
fn place_of(view: &View<'_, '_>, expr: &Expr, alias: &Ident) -> Option<&'static str> {
    let name = words(&alias.value);
    const DUE: &[&str] =
        &["due", "deadline", "expires", "expected", "promised", "until", "end", "ends", "sla", "window"];
    if name.iter().any(|w| DUE.contains(&w.as_str())) {
        return None;
    }
    let is_day = |e: &Expr| day_of(e).is_some();
    let spoken = name.iter().any(|w| ["local", "time", "tz", "zone"].contains(&w.as_str()));
    let beside = comments(view, span(expr), alias.span.end.line.max(expr.span().end.line));
    let zone = clocks::summer(&format!("{} . {beside}", name.join(" ")));
    let clock = |text: &str| clocks::is_of_clock(text);
    if let Some(zone) = zone.filter(|_| spoken || clock(&beside) || any(expr, &mut |e| is_day(e))) {
        return Some(zone);
    }
    let described = view.query.node.described.as_ref()?;
    let column = described.columns.iter().find(|c| c.name.eq_ignore_ascii_case(&alias.value));
    let of_column = column.and_then(|c| clocks::of_text(&c.description).or_else(|| clocks::day(&c.description)));
    let said = of_column.or_else(|| clocks::day(&described.description))?;
    clocks::summer(&said)
}

/// The comments on the lines of an expression, and right above it.
pub(super) fn comments(view: &View<'_, '_>, at: Span, last: u64) -> String {
    let lines: Vec<&str> = view.query.node.text.lines().collect();
    let Some(first) = view.place(at).line else { return String::new() };
    let height = usize::try_from(last.saturating_sub(at.start.line)).unwrap_or_default().min(8);
    let mut above = first.saturating_sub(1);
    while above > 0 && lines.get(above - 1).is_some_and(|l| l.trim_start().starts_with("--")) {
        above -= 1;
    }
    let near = lines.iter().take(first + height).skip(above);
    near.filter_map(|line| line.split_once("--").or_else(|| line.split_once("/*")))
        .map(|(_, said)| said)
        .collect::<Vec<_>>()
        .join(" . ")
}

/// What a day is cut from: `x::date`, `date(x)`, `date_trunc('day', x)`.
pub(super) fn day_of(expr: &Expr) -> Option<&Expr> {
    match bare(expr) {
        Expr::Cast { expr, data_type: SqlType::Date, .. } => Some(expr),
        Expr::Function(f) => match arguments(f).collect::<Vec<_>>().as_slice() {
            [of] if is_one_of(f, &["date", "to_date", "trunc"]) => Some(*of),
            [part, of] if is_one_of(f, &["date_trunc"]) && is_day_part(part) => Some(*of),
            [of, part] if is_one_of(f, &["date_trunc", "timestamp_trunc", "datetime_trunc"]) && is_day_part(part) => {
                Some(*of)
            }
            _ => None,
        },
        _ => None,
    }
}

fn is_day_part(expr: &Expr) -> bool {
    column(expr).map(|c| c.value.as_str()).or_else(|| text(expr)).is_some_and(|part| part.eq_ignore_ascii_case("day"))
}

/// Whether an expression brings a moment to the clock of a zone.
fn converts(expr: &Expr) -> bool {
    match expr {
        Expr::AtTimeZone { .. } => true,
        Expr::Function(f) if is_one_of(f, &["convert_timezone", "from_utc_timestamp", "timezone", "convert_tz"]) => {
            true
        }
        Expr::Function(f) if is_one_of(f, &["date", "datetime", "timestamp_trunc", "format_timestamp"]) => {
            arguments(f).any(|e| text(e).is_some_and(|t| t.contains('/') || t.eq_ignore_ascii_case("utc")))
        }
        e => shift(e).is_some(),
    }
}

fn unset(query: &Query<'_>, out: &mut Vec<Diagnostic>) {
    let view = query.full();
    let days: Vec<_> = items(&view).filter_map(|(id, e, alias)| Some((id, e, day_of(e)?, alias))).collect();
    if days.is_empty() {
        return;
    }
    let described = query.node.described.as_ref();
    let whole = clocks::day(&super::promised::description(query.node));
    let of_column = |name: &str| {
        let column = described?.columns.iter().find(|c| c.name.eq_ignore_ascii_case(name))?;
        clocks::day(&column.description).or_else(|| clocks::of_text(&column.description))
    };
    // `local_visit_date`, `reported_on_utc`.
    let by_name = |name: &str| {
        let words = words(name);
        let is = |w: &str| words.iter().any(|word| word == w);
        if is("local") == is("utc") { None } else { Some(if is("utc") { "utc" } else { LOCAL }.to_owned()) }
    };
    let other = days.iter().any(|d| !d.3.value.eq_ignore_ascii_case(&days[0].3.value));
    let converted = || view.outline.pieces.iter().any(|p| converts(p.expr));
    for (id, expr, moment, alias) in &days {
        let by_model = || whole.clone().filter(|_| !other && !converted());
        let said = of_column(&alias.value).or_else(|| by_name(&alias.value));
        let Some(zone) = said.or_else(by_model) else { continue };
        // What is called local is so already, whatever its type says.
        let local = |e: &Expr| column(e).is_some_and(|c| words(&c.value).iter().any(|w| w == "local"));
        if column(moment).is_none() || local(moment) || any(expr, &mut super::clock::is_clock) {
            continue;
        }
        let utc = wall(&view, *id, moment, 0).is_some_and(|clock| clock == "utc");
        let tz = has_zone(&view, moment) == Some(true);
        if zone == "utc" {
            // Each moment keeps the offset that it came with, and is cut by that.
            if query.dialect == Dialect::Snowflake && tz && keeps_offset(&view, *id, moment) {
                let finding = Diagnostic::warning(
                    "time-zone-unset",
                    "this is the day by the offset of each moment, and is said to be that of UTC",
                )
                .why("rows near midnight stand under another day")
                .next("convert it to UTC first: `convert_timezone('UTC', …)::date`");
                out.push(view.at(span(expr), finding));
            }
            continue;
        }
        let (cut, next) = match (utc || tz && query.dialect == Dialect::BigQuery, tz) {
            (true, _) => ("UTC", "convert it to the clock of the place first"),
            (false, true) if zone != LOCAL || has_zones(query) => ("the session", "name the zone before it is cut"),
            _ => continue,
        };
        let place = if zone == LOCAL { "the place".to_owned() } else { format!("`{zone}`") };
        let finding = Diagnostic::warning(
            "time-zone-unset",
            format!("this is the day of {cut}, and is said to be that of {place}"),
        )
        .why("rows near midnight stand under another day")
        .next(next);
        out.push(view.at(span(expr), finding));
    }
}

/// Whether what is read says of each row in which zone it is.
fn has_zones(query: &Query<'_>) -> bool {
    let is_zone = |name: &str| matches!(name, "tz" | "timezone" | "time_zone" | "tz_name" | "iana_zone");
    query.known.values().any(|read| read.columns.iter().any(|c| is_zone(&c.0)))
}

/// Whether a column is declared as one that keeps the offset it came with.
fn keeps_offset(view: &View<'_, '_>, select: usize, moment: &Expr) -> bool {
    let Some(name) = column(moment) else { return false };
    let Some(relation) = view.relation(select, moment) else { return false };
    let Some(super::outline::Step::Node(id)) = view.outline.step(select, relation, &name.value) else { return false };
    let columns = super::promised::line(view, id).into_iter().flat_map(|n| n.described.iter()).flat_map(|d| &d.columns);
    columns.filter(|c| c.name.eq_ignore_ascii_case(&name.value)).any(|c| {
        c.data_type.as_ref().is_some_and(|t| {
            let t = t.to_ascii_lowercase().replace('_', "");
            t.starts_with("timestamptz")
        })
    })
}
