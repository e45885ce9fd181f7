//! Models whose rows are of a day that a run or a variable names: filters, stamps and keys by the moment of the run.

use sqlparser::ast::{BinaryOperator, Expr, JoinConstraint, SelectItem};

use super::Query;
use super::clock::{WRITTEN, alias_of, bounds_future, is_clock, measures_by_clock, stamp, to_day};
use super::expressions::{any, call, column};
use super::incremental::watermarks;
use super::look::View;
use super::outline::{Clause, Piece};
use crate::vocabulary::Diagnostic;

/// The moment of the run that Jinja writes into a filter: `where day = '{{ run_started_at.date() }}'`. In the default of a
/// variable it can be set.
pub(super) fn run_in_filter(view: &View<'_, '_>, out: &mut Vec<Diagnostic>) -> bool {
    let text = &view.query.node.text;
    if !["run_started_at", "modules.datetime"].iter().any(|w| text.contains(w)) {
        return false;
    }
    let lines: Vec<&str> = text.lines().collect();
    let set = set_by(text, |value| is_of_run(value) && !value.contains("var("));
    for piece in view.outline.pieces.iter().filter(|p| p.clause == Clause::Where) {
        let Expr::BinaryOp { left, op, right } = piece.expr else { continue };
        let forward = matches!(op, BinaryOperator::Eq | BinaryOperator::Gt | BinaryOperator::GtEq);
        let is_row = any(left, &mut |e| column(e).is_some());
        let fixed = any(right, &mut super::expressions::is_literal) && !any(right, &mut |e| column(e).is_some());
        if !forward || !is_row || !fixed {
            continue;
        }
        let at = sqlparser::ast::Spanned::span(right.as_ref());
        let Some(line) = view.place(at).line.and_then(|l| lines.get(l - 1)) else { continue };
        let by_run = is_of_run(line) || gives(line, &set);
        if by_run && !line.contains("var(") && !super::expressions::is_literal(left) {
            let finding = Diagnostic::warning("incremental-clock", "which rows there are depends on when it runs")
                .why("a run that is late or repeated takes other rows: what was due in between is never read")
                .next("compare with what the table has (`max(…) from {{ this }}`), or take the moment from a variable of the run");
            out.push(view.at(at, finding));
            return true;
        }
    }
    false
}

fn is_of_run(jinja: &str) -> bool {
    jinja.contains("run_started_at") || jinja.contains("modules.datetime")
}

/// The names that Jinja gives to some values: `{% set since = run_started_at.date() %}`.
fn set_by(text: &str, is: impl Fn(&str) -> bool) -> Vec<String> {
    let blocks = text.split("{%").skip(1).filter_map(|rest| rest.split_once("%}"));
    let named = blocks.filter_map(|(block, _)| block.trim_matches(['-', ' ']).strip_prefix("set ")?.split_once('='));
    named.filter(|(_, value)| is(value)).map(|(name, _)| super::promised::plain(name)).collect()
}

/// Whether a line has one of these names in the place of a value.
fn gives(line: &str, set: &[String]) -> bool {
    let rest = line.split_once("{{").map(|(_, rest)| super::promised::plain(rest)).unwrap_or_default();
    set.iter().any(|name| super::promised::has(&rest, &[name.trim()]))
}

/// Whether an item is the key that rows are merged by, with the day of the run in it, of a model that reads again a part
/// of what it has. A daily snapshot says which day it is, and has all rows of it.
pub(super) fn day_in_key(view: &View<'_, '_>, expr: &Expr) -> bool {
    let is_key = alias_of(view, expr)
        .is_some_and(|n| view.query.node.config.unique_key.iter().any(|k| k.eq_ignore_ascii_case(&n)));
    is_key
        && !stamp(expr)
        && any(expr, &mut is_clock)
        && watermarks(view).iter().any(|m| m.looks_back || m.op == BinaryOperator::GtEq)
        && !super::promised::items(view).iter().any(|(_, e, _)| any(e, &mut is_clock) && !std::ptr::eq(*e, expr))
}

/// Whether an item is the day of the run, as what the rows are of, while a variable says up to which day they are taken.
pub(super) fn stamped_today(view: &View<'_, '_>, expr: &Expr) -> bool {
    let config = &view.query.node.config;
    let Some(name) = alias_of(view, expr) else { return false };
    let of_rows = || {
        let said = super::expressions::words(&name);
        said.iter().any(|w| matches!(w.as_str(), "snapshot" | "day" | "date" | "as" | "month" | "period" | "key"))
            && !said.iter().any(|w| WRITTEN.contains(&w.as_str()) && w != "snapshot")
    };
    let is_key = config.unique_key.iter().any(|k| k.eq_ignore_ascii_case(&name));
    let day = |e: &Expr| {
        call(e, &["current_date", "today", "curdate", "utc_date"]).is_some() || to_day(e) && any(e, &mut is_clock)
    };
    let at = view.place(super::look::span(expr)).line.and_then(|l| view.query.node.text.lines().nth(l - 1));
    let is_written = at.is_some_and(|l| !l.contains("{{"));
    is_written
        && (is_key || of_rows())
        && any(expr, &mut |e| day(e))
        && !any(expr, &mut measures_by_clock)
        && up_to_a_variable(view)
}

/// Whether rows are taken up to a day that a variable names.
fn up_to_a_variable(view: &View<'_, '_>) -> bool {
    let lines: Vec<&str> = view.query.node.text.lines().collect();
    let set = set_by(&view.query.node.text, |value| value.contains("var("));
    let line = |at| view.place(sqlparser::tokenizer::Span::new(at, at)).line;
    let by_variable = |e: &Expr| {
        let at = sqlparser::ast::Spanned::span(e);
        let (Some(first), Some(last)) = (line(at.start), line(at.end)) else { return false };
        let mut written = lines.iter().take(last.max(first)).skip(first.saturating_sub(1));
        let fixed = any(e, &mut |e| super::expressions::is_literal(e) || is_clock(e));
        fixed && written.any(|l| l.contains("var(") && l.contains("{{") || gives(l, &set))
    };
    let moment = |e: &Expr| {
        column(e).is_some_and(|c| {
            let name = c.value.to_ascii_lowercase();
            ["_at", "_on", "_date", "_day", "_ts", "_time", "_from"].iter().any(|end| name.ends_with(end))
                || ["date", "day", "timestamp"].contains(&name.as_str())
        })
    };
    let of_moment = |e: &Expr| any(e, &mut |e| moment(e));
    view.outline.pieces.iter().filter(|p| matches!(p.clause, Clause::Where | Clause::On)).any(|p| match p.expr {
        Expr::BinaryOp { left, op: BinaryOperator::Lt | BinaryOperator::LtEq | BinaryOperator::Eq, right } => {
            of_moment(left) && by_variable(right)
        }
        Expr::BinaryOp { left, op: BinaryOperator::Gt | BinaryOperator::GtEq, right } => {
            of_moment(right) && by_variable(left)
        }
        Expr::Between { expr, high, .. } => of_moment(expr) && by_variable(high),
        _ => false,
    })
}

/// Whether a run reads again all rows of at least four weeks, and puts them in the place of what it has, or whole
/// partitions of a few days: then it does not matter when it runs.
pub(super) fn reads_weeks_again(query: &Query<'_>, condition: &Expr) -> bool {
    let overwrites = super::incremental::says(query, "insert_overwrite");
    let of_partition = |e: &Expr| {
        column(e).is_some_and(|c| super::tables::partition(query.node).is_some_and(|p| c.value.eq_ignore_ascii_case(p)))
    };
    let weeks = |left: &Expr, e: &Expr| {
        let text = e.to_string().to_lowercase();
        let numbers: Vec<i64> = text.split(|c: char| !c.is_ascii_digit()).filter_map(|n| n.parse().ok()).collect();
        let [number] = numbers.as_slice() else { return false };
        let days = [("year", 365), ("month", 30), ("week", 7), ("hour", 0), ("minute", 0), ("second", 0)];
        let of = days.iter().find(|(unit, _)| text.contains(unit)).map_or(1, |(_, days)| *days);
        number.saturating_mul(of) >= if overwrites && of_partition(left) { 3 } else { 28 }
    };
    let row = |e: &Expr| column(e).is_some_and(|c| !super::times::is_part(&c.value)) && !is_clock(e);
    let without_row = |e: &Expr| !any(e, &mut |e| row(e));
    let merged = overwrites || super::incremental::has_key(query) && !super::incremental::says(query, "append");
    merged
        && super::expressions::conjuncts(condition).into_iter().filter(|c| any(c, &mut is_clock)).all(|c| match c {
            Expr::BinaryOp { left, op: BinaryOperator::Gt | BinaryOperator::GtEq, right } => {
                column(left).is_some() && any(right, &mut is_clock) && without_row(right) && weeks(left, right)
            }
            c => bounds_future(c),
        })
}

/// Whether rows are a picture of the day that is their key: the same rows with another day are others.
pub(super) fn is_picture(view: &View<'_, '_>) -> bool {
    let key = &view.query.node.config.unique_key;
    let mut items = super::promised::items(view).into_iter();
    items.any(|(_, e, alias)| stamp(e) && key.len() > 1 && key.iter().any(|k| k.eq_ignore_ascii_case(alias)))
}

/// Whether the clock stands in an expression as it is, with no time taken from it.
pub(super) fn is_of_day(expr: &Expr) -> bool {
    !any(expr, &mut |e| {
        super::incremental::subtracts(e) && any(e, &mut is_clock) && call(e, &["date_trunc", "datediff"]).is_none()
    })
}

/// Whether an item is the clock brought to its day or month, and called by what the rows are, `order_month` of orders, or
/// described as when something happened to them.
pub(super) fn stamped_as_rows(view: &View<'_, '_>, piece: &Piece<'_>) -> bool {
    let (Some(select), Some(name)) = (piece.select, alias_of(view, piece.expr)) else { return false };
    let row = |e: &Expr| column(e).is_some_and(|c| !super::times::is_part(&c.value)) && !is_clock(e);
    if any(piece.expr, &mut |e| row(e)) {
        return false;
    }
    if is_said_of_rows(view, &name) {
        return true;
    }
    let named = super::expressions::words(&name);
    let Some((last, subject)) = named.split_last() else { return false };
    let rows = view.outline.selects[select].relations.first().map(|_| view.all_names_of(select, 0)).unwrap_or_default();
    let of_rows = |w: &String| {
        w.len() > 3
            && rows.iter().any(|r| r.strip_prefix(w.as_str()).is_some_and(|end| matches!(end, "" | "s" | "e" | "es")))
    };
    // `change_day` beside `changed_at`.
    let beside = view.outline.selects[select].select.projection.iter().filter_map(|item| match item {
        SelectItem::UnnamedExpr(e) => column(e),
        _ => None,
    });
    let moments: Vec<String> = beside
        .map(|c| super::expressions::words(&c.value))
        .filter(|w| w.len() == 2 && ["at", "on", "ts"].contains(&w[1].as_str()))
        .filter_map(|w| w.into_iter().next())
        .collect();
    let of_moment = |w: &String| moments.iter().any(|m| super::expressions::near(m, w));
    ["date", "day", "week", "month", "quarter", "year", "on", "at"].contains(&last.as_str())
        && !subject.is_empty()
        && (subject.iter().all(of_rows) || subject.iter().all(of_moment))
        && !named.iter().any(|w| WRITTEN.contains(&w.as_str()))
}

/// Whether a column is described as the day on which something happened to what a row is of, and not to the row.
fn is_said_of_rows(view: &View<'_, '_>, name: &str) -> bool {
    const WHEN: &[&str] = &["day the", "date the", "day on which the", "date on which the", "day when the"];
    const OF_RUNS: &[&str] = &[
        "row",
        "rows",
        "record",
        "records",
        "run",
        "runs",
        "job",
        "load",
        "loaded",
        "model",
        "table",
        "pipeline",
        "dbt",
        "snapshot",
        "data",
        "file",
        "batch",
        "report",
        "etl",
        "extract",
        "export",
        "import",
        "refresh",
        "refreshed",
        "processed",
        "calculated",
        "computed",
        "built",
        "generated",
        "seen",
        "detected",
        "noticed",
    ];
    let said = super::promised::of_column(view.query, name);
    let begins = WHEN.iter().any(|w| said.trim_start().trim_start_matches("the ").starts_with(w));
    let named = super::expressions::words(name);
    begins && !super::promised::has(&said, OF_RUNS) && !named.iter().any(|w| WRITTEN.contains(&w.as_str()))
}

/// The sides of a comparison of which one is greater.
fn range(condition: &Expr) -> Option<(&Expr, &Expr)> {
    use BinaryOperator::{Gt, GtEq, Lt, LtEq};
    match condition {
        Expr::BinaryOp { left, op: Lt | LtEq | Gt | GtEq, right } => Some((left.as_ref(), right.as_ref())),
        _ => None,
    }
}

/// Whether what is joined to periods by their ends is held against the clock too: what was due at the end of a month is
/// not what is due now.
pub(super) fn past_by_clock<'a>(view: &View<'_, 'a>) -> Option<&'a Expr> {
    // What lies ahead for some time.
    const AHEAD: &[&str] = &[
        "due",
        "expires",
        "expiry",
        "expiration",
        "end",
        "ends",
        "until",
        "scheduled",
        "planned",
        "maturity",
        "deadline",
        "renewal",
        "promised",
        "expected",
        "to",
        "closes",
    ];
    for (id, part) in view.outline.selects.iter().enumerate() {
        for (at, reads) in part.relations.iter().enumerate() {
            let Some(JoinConstraint::On(on)) = reads.join.and_then(super::outline::constraint) else { continue };
            let held: Vec<(&Expr, &Expr)> = super::expressions::conjuncts(on)
                .into_iter()
                .filter_map(range)
                .flat_map(|(a, b)| [(a, b), (b, a)])
                .collect();
            let own =
                |e: &Expr| column(e).filter(|_| view.relation(id, e) == Some(at)).map(|c| c.value.to_ascii_lowercase());
            let other =
                |e: &Expr| any(e, &mut |e| column(e).is_some() && view.relation(id, e).is_some_and(|r| r != at));
            let by_clock = held.iter().find(|(a, b)| {
                let ahead = |name: &str| super::expressions::words(name).iter().any(|w| AHEAD.contains(&w.as_str()));
                stamp(b)
                    && own(a).is_some_and(|name| {
                        ahead(&name) && !held.iter().any(|(x, y)| other(y) && own(x).as_ref() == Some(&name))
                    })
            });
            if let Some((_, clock)) = by_clock.filter(|_| held.iter().any(|(a, b)| own(a).is_some() && other(b))) {
                return Some(clock);
            }
        }
    }
    None
}
