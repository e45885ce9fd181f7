//! Models whose rows are of a day that a run or a variable names: filters, stamps and keys by the moment of the run.

use sqlparser::ast::{BinaryOperator, Expr};

use super::Query;
use super::clock::{WRITTEN, alias_of, bounds_future, is_clock, measures_by_clock, stamp, to_day};
use super::expressions::{any, call, column};
use super::incremental::watermarks;
use super::look::View;
use super::outline::Clause;
use crate::vocabulary::Diagnostic;

/// The moment of the run that Jinja writes into a filter: `where day = '{{ run_started_at.date() }}'`. In the default of a
/// variable it can be set.
pub(super) fn run_in_filter(view: &View<'_, '_>, out: &mut Vec<Diagnostic>) -> bool {
    let text = &view.query.node.text;
    if !["run_started_at", "modules.datetime"].iter().any(|w| text.contains(w)) {
        return false;
    }
    let lines: Vec<&str> = text.lines().collect();
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
        let by_run = line.contains("run_started_at") || line.contains("modules.datetime");
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
    (is_key || of_rows()) && any(expr, &mut |e| day(e)) && !any(expr, &mut measures_by_clock) && up_to_a_variable(view)
}

/// Whether rows are taken up to a day that a variable names.
fn up_to_a_variable(view: &View<'_, '_>) -> bool {
    let lines: Vec<&str> = view.query.node.text.lines().collect();
    let line = |at| view.place(sqlparser::tokenizer::Span::new(at, at)).line;
    let by_variable = |e: &Expr| {
        let at = sqlparser::ast::Spanned::span(e);
        let (Some(first), Some(last)) = (line(at.start), line(at.end)) else { return false };
        let mut written = lines.iter().take(last.max(first)).skip(first.saturating_sub(1));
        any(e, &mut super::expressions::is_literal) && written.any(|l| l.contains("var(") && l.contains("{{"))
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

/// Whether a run reads again all rows of at least four weeks, and puts them in the place of what it has: then it does
/// not matter when it runs.
pub(super) fn reads_weeks_again(query: &Query<'_>, condition: &Expr) -> bool {
    let weeks = |e: &Expr| {
        let text = e.to_string().to_lowercase();
        let numbers: Vec<i64> = text.split(|c: char| !c.is_ascii_digit()).filter_map(|n| n.parse().ok()).collect();
        let [number] = numbers.as_slice() else { return false };
        let days = [("year", 365), ("month", 30), ("week", 7), ("hour", 0), ("minute", 0), ("second", 0)];
        let of = days.iter().find(|(unit, _)| text.contains(unit)).map_or(1, |(_, days)| *days);
        number.saturating_mul(of) >= 28
    };
    let row = |e: &Expr| column(e).is_some_and(|c| !super::times::is_part(&c.value)) && !is_clock(e);
    let is_of_run = |e: &Expr| !any(e, &mut |e| row(e));
    let merged = super::incremental::has_key(query) && !super::incremental::says(query, "append");
    merged
        && super::expressions::conjuncts(condition).into_iter().filter(|c| any(c, &mut is_clock)).all(|c| match c {
            Expr::BinaryOp { left, op: BinaryOperator::Gt | BinaryOperator::GtEq, right } => {
                column(left).is_some() && any(right, &mut is_clock) && is_of_run(right) && weeks(right)
            }
            c => bounds_future(c),
        })
}
