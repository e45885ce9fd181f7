//! The clock in an incremental model.

use sqlparser::ast::{BinaryOperator, Expr, SelectItem};

use super::backfills::{
    day_in_key, is_of_day, is_picture, reads_weeks_again, run_in_filter, stamped_as_rows, stamped_today,
};
use super::expressions::{any, arguments, bare, call, column, is_one_of};
use super::incremental::{Watermark, find_column, own_levels, visit, watermarks};
use super::look::{View, span};
use super::outline::{Clause, Origin};
use super::{Family, Look, Query, Rule};
use crate::vocabulary::{Diagnostic, Severity};

pub(super) const RULES: &[Rule] = &[
    Rule {
        code: "incremental-clock",
        family: Family::Wrong,
        severity: Severity::Warning,
        summary: "the clock in an incremental model, so that a later run can't give the same rows",
        look: Look::Query(clock),
    },
    Rule {
        code: "clock-in-table",
        family: Family::Wrong,
        severity: Severity::Warning,
        summary: "an age or state by the clock that a table stores, and that is old the next day",
        look: Look::Query(age_in_table),
    },
];

const CLOCKS: &[&str] = &[
    "current_timestamp",
    "current_date",
    "now",
    "getdate",
    "sysdate",
    "localtimestamp",
    "current_datetime",
    "today",
    "sysdatetime",
    "systimestamp",
    "current_timestamp_utc",
    "getutcdate",
    "curdate",
    "utc_timestamp",
    "utc_date",
    "clock_timestamp",
    "statement_timestamp",
    "transaction_timestamp",
];

pub(super) fn is_clock(expr: &Expr) -> bool {
    call(expr, CLOCKS).is_some()
}

fn clock(query: &Query<'_>, out: &mut Vec<Diagnostic>) {
    if !query.is("incremental") {
        return;
    }
    let view = query.again().unwrap_or_else(|| query.full());
    let mut said = run_in_filter(&view, out);
    let is_picture = is_picture(&view);
    for piece in view.outline.pieces.iter().filter(|p| p.depth == 0) {
        if said || !any(piece.expr, &mut is_clock) {
            continue;
        }
        let (what, why) = match piece.clause {
            Clause::Select if marked_by(&view, piece.expr) => (
                "the watermark is when the run was, not what it has read",
                "rows that came to the source while the run was under way, or late, are before it and are never read",
            ),
            Clause::Select if in_key(&view, piece.expr) => (
                "the key is another one on every run",
                "`unique_key` finds no row to replace, so every run adds its rows once more",
            ),
            Clause::Select if day_in_key(&view, piece.expr) => (
                "the key is another one on every day",
                "rows that are read again on another day find no row to replace, and are added once more",
            ),
            Clause::Select if stamped_today(&view, piece.expr) => (
                "rows of the day that a variable names are stamped with the day of the run",
                "for a day of the past the rows are of that day, and are stored as those of today",
            ),
            Clause::Select if stamped_as_rows(&view, piece) => (
                "what is said to be of the rows is of the day of the run",
                "rows of the past that are read again, or for the first time, get the day of the run instead of theirs",
            ),
            _ if is_picture && is_of_day(piece.expr) => continue,
            // When a row was written is what a clock is for.
            Clause::Select if !any(piece.expr, &mut measures_by_clock) && filled_by_clock(piece.expr).is_none() => {
                continue;
            }
            Clause::Select => (
                "the value is of the day of the run, and stays so",
                "rows that a run leaves alone keep what the clock said then; built anew, all say something else",
            ),
            Clause::Where | Clause::On | Clause::Having if bounds_future(piece.expr) => continue,
            Clause::Where if reads_weeks_again(query, piece.expr) => continue,
            Clause::Where | Clause::On | Clause::Having => (
                "which rows there are depends on when it runs",
                "a run that is late or repeated takes other rows: what was due in between is never read",
            ),
            _ => continue,
        };
        let clock = find(piece.expr).unwrap_or(piece.expr);
        let finding = Diagnostic::warning("incremental-clock", what).why(why).next(
            "compare with what the table has (`max(…) from {{ this }}`), or take the moment from a variable of the run",
        );
        out.push(view.at(span(clock), finding));
        said = true;
    }
}

/// How old something is by the clock, in a table that keeps it: another build gives another one, of the same rows.
fn age_in_table(query: &Query<'_>, out: &mut Vec<Diagnostic>) {
    if !query.is("table") {
        return;
    }
    let view = query.full();
    // A table that says of which day it is holds a picture of that day.
    let stamped = view.outline.selects.iter().flat_map(|p| &p.select.projection).any(|item| match item {
        SelectItem::ExprWithAlias { expr, .. } | SelectItem::UnnamedExpr(expr) => stamp(expr),
        _ => false,
    });
    // Somebody says of which day it is, or that it is built anew.
    const ANEW: &[&str] = &[
        "from today",
        "as of today",
        "of the build",
        "at the build",
        "of the report",
        "until now",
        "also those still",
        "rebuilt",
        "built every",
        "built each",
        "refreshed every",
        "refreshed each",
        "nightly",
    ];
    if stamped || super::promised::told(query.node).iter().any(|text| super::promised::has(text, ANEW)) {
        return;
    }
    for (id, part) in view.outline.selects.iter().enumerate() {
        // Only what is given is stored.
        if !super::reruns::last(&view).iter().any(|to| super::reruns::feeds(&view, id, *to, 0)) {
            continue;
        }
        let items = part.select.projection.iter().filter_map(|item| match item {
            SelectItem::UnnamedExpr(e) | SelectItem::ExprWithAlias { expr: e, .. } => age(e),
            _ => None,
        });
        if let Some(age) = items.into_iter().next() {
            out.push(kept(&view, "an age", age));
            return;
        }
    }
    if let Some(at) = super::backfills::past_by_clock(&view) {
        out.push(kept(&view, "what was at moments of the past", at));
        return;
    }
    for id in super::reruns::last(&view) {
        for item in &view.outline.selects[*id].select.projection {
            let (SelectItem::UnnamedExpr(item) | SelectItem::ExprWithAlias { expr: item, .. }) = item else { continue };
            let expr = match view.outline.origin(*id, item) {
                Some(Origin::Expr(inner, _)) => inner,
                _ => item,
            };
            let found = match (state_by_clock(expr), filled_by_clock(expr)) {
                (Some(e), _) => Some(("a state", e)),
                (_, Some(e)) => Some(("a moment", e)),
                _ => None,
            };
            if let Some((what, at)) = found {
                out.push(kept(&view, what, at));
                return;
            }
        }
    }
}

fn kept(view: &View<'_, '_>, what: &str, at: &Expr) -> Diagnostic {
    let finding =
        Diagnostic::warning("clock-in-table", format!("the table keeps {what} by the clock of its last build"))
            .why("it is old the next day, and the same rows give another one with every build")
            .next("hold it against a day of the data or a variable of the run, build it as a view, or keep the date");
    view.at(span(find(at).unwrap_or(at)), finding)
}

/// What a moment is called that says when a row was written.
pub(super) const WRITTEN: &[&str] = &[
    "updated",
    "update",
    "created",
    "create",
    "loaded",
    "load",
    "inserted",
    "insert",
    "modified",
    "processed",
    "etl",
    "dbt",
    "synced",
    "ingested",
    "extracted",
    "snapshot",
    "run",
    "batch",
];

/// A moment that is the clock's where a row has none: `coalesce(ended_at, now())`. When a row was written is what a clock
/// is for.
fn filled_by_clock(expr: &Expr) -> Option<&Expr> {
    let filled = call(expr, &["coalesce", "ifnull", "nvl"])?;
    let mut parts = arguments(filled);
    let name = &column(parts.next().and_then(moment_of)?)?.value;
    let written = super::expressions::words(name).iter().any(|w| WRITTEN.contains(&w.as_str()));
    (parts.any(stamp) && !written).then_some(expr)
}

/// A `case` that gives one of several names by what the clock says: overdue, left.
fn state_by_clock(expr: &Expr) -> Option<&Expr> {
    let Expr::Case { conditions, else_result, operand: None, .. } = bare(expr) else { return None };
    let results: Vec<&Expr> = conditions.iter().map(|w| &w.result).chain(else_result.as_deref()).collect();
    let named = results.iter().all(|e| super::expressions::text(e).is_some() || super::expressions::is_null(e));
    let texts = results.iter().filter(|e| super::expressions::text(e).is_some()).count();
    let held = conditions.iter().map(|w| &w.condition).find(|c| {
        super::expressions::conjuncts(c).into_iter().any(|c| match c {
            Expr::BinaryOp { left, op, right } if super::expressions::compares(op) => {
                let sides = [left, right]
                    .map(|e| (any(e, &mut is_clock), any(e, &mut |e| column(e).is_some() && !is_clock(e))));
                matches!(sides, [(true, false), (false, true)] | [(false, true), (true, false)])
            }
            _ => false,
        })
    });
    held.filter(|_| named && texts > 1)
}

/// The difference of a column and the clock that an item is; where it only decides something, that is another matter.
fn age(expr: &Expr) -> Option<&Expr> {
    let row = |e: &Expr| column(e).is_some_and(|c| !super::times::is_part(&c.value)) && !is_clock(e);
    let dates = |parts: &[&Expr]| {
        let clocks = parts.iter().filter(|e| by_clock(e)).count();
        clocks == 1 && parts.iter().any(|e| !any(e, &mut is_clock) && moment_of(e).is_some_and(row))
    };
    match bare(expr) {
        e @ Expr::BinaryOp { left, op: BinaryOperator::Minus, right } => dates(&[left, right]).then_some(e),
        Expr::BinaryOp {
            left,
            op: BinaryOperator::Divide | BinaryOperator::Multiply | BinaryOperator::Plus,
            right,
        } => age(left).or_else(|| age(right)),
        e @ Expr::Function(f) if is_one_of(f, DIFFERENCES) => dates(&arguments(f).collect::<Vec<_>>()).then_some(e),
        Expr::Function(f)
            if is_one_of(
                f,
                &["round", "floor", "ceil", "abs", "greatest", "coalesce", "trunc", "min", "max", "div"],
            ) =>
        {
            arguments(f).find_map(age)
        }
        Expr::Case { conditions, else_result, .. } => {
            conditions.iter().map(|w| &w.result).chain(else_result.as_deref()).find_map(age)
        }
        Expr::Cast { expr, .. } | Expr::Extract { expr, .. } | Expr::Floor { expr, .. } | Expr::Ceil { expr, .. } => {
            age(expr)
        }
        _ => None,
    }
}

/// Whether a value is of the clock, or is that where it has none of its own: `coalesce(ended_at, now())`.
fn by_clock(expr: &Expr) -> bool {
    stamp(expr)
        || call(expr, &["coalesce", "ifnull", "nvl", "date", "to_date"]).is_some_and(|f| arguments(f).any(by_clock))
        || matches!(bare(expr), Expr::Cast { expr, .. } if by_clock(expr))
}

/// The column of a moment or day, casts around it left out.
fn moment_of(expr: &Expr) -> Option<&Expr> {
    match bare(expr) {
        Expr::Cast { expr, .. } => moment_of(expr),
        Expr::Function(f) if is_one_of(f, &["date", "to_date", "date_trunc", "min", "max", "timestamp"]) => {
            arguments(f).last().and_then(moment_of)
        }
        e => column(e).map(|_| e),
    }
}

const DIFFERENCES: &[&str] =
    &["datediff", "date_diff", "timestamp_diff", "timestampdiff", "datetime_diff", "age", "months_between"];

/// The name of an item of the model's own list.
pub(super) fn alias_of(view: &View<'_, '_>, expr: &Expr) -> Option<String> {
    view.outline.selects.iter().flat_map(|p| &p.select.projection).find_map(|item| match item {
        SelectItem::ExprWithAlias { expr: e, alias } if std::ptr::eq(e, expr) => Some(alias.value.to_ascii_lowercase()),
        _ => None,
    })
}

/// Whether what an item holds is a stamp, and the greatest one is what the next run begins at in its source.
fn marked_by(view: &View<'_, '_>, expr: &Expr) -> bool {
    let Some(name) = alias_of(view, expr).filter(|_| stamp(expr)) else { return false };
    let marks = watermarks(view);
    let own = own_levels(view);
    let of_it = |level: &usize| {
        let mut found = false;
        visit(view.outline.levels[*level].query, &mut |e| {
            found |= column(e).is_some_and(|c| c.value.eq_ignore_ascii_case(&name));
        });
        found
    };
    let other = |m: &Watermark<'_>| {
        find_column(m.column).is_some_and(|c| !c.value.eq_ignore_ascii_case(&name) || !stamped_before(view, m))
    };
    own.iter().any(of_it) && marks.iter().any(other)
}

/// Whether the models before may have stamped their rows by the clock too: those stamps are older than this run.
fn stamped_before(view: &View<'_, '_>, mark: &Watermark<'_>) -> bool {
    let Some(Origin::Node(id, _)) = view.outline.origin(mark.select, mark.column) else { return true };
    let by_clock = |text: &str| CLOCKS.iter().any(|c| c.len() > 5 && text.contains(c));
    super::promised::line(view, id).iter().any(|n| by_clock(&n.text.to_ascii_lowercase()))
}

/// Whether an item is the key that rows are merged by, and has the moment of the run in it. A day may well be in the key
/// of a daily snapshot.
fn in_key(view: &View<'_, '_>, expr: &Expr) -> bool {
    let moment = |e: &Expr| {
        call(e, &["current_timestamp", "now", "getdate", "sysdate", "localtimestamp", "systimestamp"]).is_some()
    };
    alias_of(view, expr).is_some_and(|n| view.query.node.config.unique_key.iter().any(|k| k.eq_ignore_ascii_case(&n)))
        && any(expr, &mut |e| moment(e))
        && !any(expr, &mut to_day)
}

/// Whether it brings a moment to its day.
pub(super) fn to_day(expr: &Expr) -> bool {
    const DAYS: &[&str] = &[
        "date",
        "to_date",
        "date_trunc",
        "trunc",
        "to_char",
        "format_date",
        "date_format",
        "strftime",
        "format_timestamp",
    ];
    match expr {
        Expr::Cast { data_type, .. } => *data_type == sqlparser::ast::DataType::Date,
        e => call(e, DAYS).is_some(),
    }
}

/// Whether an expression holds something against the clock: an age, or whether it is over. A stamp of when a row was
/// written, and a key with the day of a daily snapshot in it, do not.
pub(super) fn measures_by_clock(expr: &Expr) -> bool {
    match expr {
        Expr::BinaryOp { left, op, right } => {
            (super::expressions::compares(op) || *op == BinaryOperator::Minus)
                && (any(left, &mut is_clock) || any(right, &mut is_clock))
                && !(stamp(left) && super::expressions::is_literal(right))
        }
        Expr::Between { expr, low, high, .. } => [expr, low, high].into_iter().any(|e| any(e, &mut is_clock)),
        Expr::Function(f) => is_one_of(f, DIFFERENCES) && arguments(f).any(|e| any(e, &mut is_clock)),
        _ => false,
    }
}

fn find(expr: &Expr) -> Option<&Expr> {
    if is_clock(expr) {
        return Some(expr);
    }
    let mut found = None;
    super::expressions::children(expr, &mut |e| found = found.or_else(|| find(e)));
    found
}

/// The clock alone, cast or brought to a zone: a stamp of when the row was written.
pub(super) fn stamp(expr: &Expr) -> bool {
    match bare(expr) {
        e if is_clock(e) => true,
        Expr::Cast { expr, .. } => stamp(expr),
        Expr::AtTimeZone { timestamp, .. } => stamp(timestamp),
        Expr::Function(f)
            if is_one_of(
                f,
                &["convert_timezone", "to_timestamp", "to_timestamp_ntz", "timestamp", "to_date", "date", "datetime"],
            ) =>
        {
            arguments(f).any(stamp) && arguments(f).all(|e| stamp(e) || super::expressions::is_literal(e))
        }
        _ => false,
    }
}

/// Whether an expression has no column in it: an age is of a row, `current_date - 7` is of the run.
fn column_free(expr: &Expr) -> bool {
    !any(expr, &mut |e| column(e).is_some() && !is_clock(e))
}

/// Conditions that hold back what is not over yet: `day < current_date`.
pub(super) fn bounds_future(expr: &Expr) -> bool {
    super::expressions::conjuncts(expr).into_iter().filter(|c| any(c, &mut is_clock)).all(|c| match c {
        Expr::BinaryOp { left, op: BinaryOperator::Lt | BinaryOperator::LtEq, right } => {
            any(right, &mut is_clock) && !any(left, &mut is_clock)
        }
        Expr::BinaryOp { left, op: BinaryOperator::Gt | BinaryOperator::GtEq, right } => {
            any(left, &mut is_clock) && !any(right, &mut is_clock) && column_free(left)
        }
        _ => false,
    })
}

/// Whether a moment lies before the clock: `current_date - 7`.
pub(super) fn is_past(expr: &Expr) -> bool {
    match bare(expr) {
        Expr::Cast { expr, .. } => is_past(expr),
        Expr::BinaryOp { left, op: BinaryOperator::Minus, .. } => stamp(left),
        Expr::Function(f) if is_one_of(f, &["date_sub", "datetime_sub", "timestamp_sub"]) => arguments(f).any(stamp),
        Expr::Function(f) if is_one_of(f, &["dateadd", "date_add", "timestampadd"]) => {
            let is_minus = |e: &Expr| matches!(bare(e), Expr::UnaryOp { op: sqlparser::ast::UnaryOperator::Minus, .. });
            arguments(f).any(stamp) && arguments(f).any(is_minus)
        }
        _ => false,
    }
}
