//! Windows whose rows are not those that the column's name or description speaks of.

use sqlparser::ast::{BinaryOperator, Expr, Function, WindowFrame, WindowFrameBound, WindowFrameUnits, WindowSpec};

use super::expressions::{
    any, arguments, bare, column, is_grouped, is_named, is_one_of, text, whole_number, window, words,
};
use super::look::{View, span};
use super::older::descends;
use super::outline::Origin;
use super::promised::{has, items, line, of_column, said_of, told};
use super::sums::rounded;
use super::windows::ends_here;
use super::{Family, Look, Query, Rule};
use crate::dbt::Node;
use crate::sql::{ColumnType, Fact};
use crate::vocabulary::{DataType, Diagnostic, Severity};

pub(super) const RULES: &[Rule] = &[
    Rule {
        code: "window-runs",
        family: Family::Wrong,
        severity: Severity::Warning,
        summary: "a total of the partition that an `order by` makes a running one",
        look: Look::Query(window_runs),
    },
    Rule {
        code: "window-ties",
        family: Family::Wrong,
        severity: Severity::Warning,
        summary: "a running total by row, over an order in which rows can be equal",
        look: Look::Query(window_ties),
    },
    Rule {
        code: "window-frame-off",
        family: Family::Wrong,
        severity: Severity::Warning,
        summary: "a frame that is a row longer than its column says, or that counts rows where days are missing",
        look: Look::Query(frame_off),
    },
];

/// What goes on from row to row is meant to.
const RUNNING: &[&str] = &[
    "running",
    "cumulative",
    "cumulated",
    "cum",
    "cumul",
    "cumsum",
    "accumulated",
    "ytd",
    "mtd",
    "qtd",
    "wtd",
    "to date",
    "so far",
    "until",
    "till",
    "up to",
    "rolling",
    "moving",
    "since",
    "balance",
    "as of",
    "prior",
    "previous",
    "before",
    "remaining",
];

/// Names of what is divided by a total.
const SHARES: &[&str] = &["share", "pct", "percent", "percentage", "proportion", "portion", "ratio"];

/// Whether a name or what is said of it speaks of something that goes on from row to row.
fn is_running(alias: &str, said: &str) -> bool {
    words(alias).iter().any(|w| RUNNING.contains(&w.as_str())) || has(said, RUNNING)
}

/// A sum or count over a window with an order and a frame that ends at the row itself.
fn running(expr: &Expr) -> Option<&Function> {
    let Expr::Function(function) = bare(expr) else { return None };
    let window = window(function).filter(|w| w.window_name.is_none() && !w.order_by.is_empty())?;
    let from_first =
        window.window_frame.as_ref().is_none_or(|f| matches!(f.start_bound, WindowFrameBound::Preceding(None)));
    (from_first && ends_here(window) && is_one_of(function, &["sum", "count"])).then_some(function)
}

fn window_runs(query: &Query<'_>, out: &mut Vec<Diagnostic>) {
    const WHOLE: &[&str] = &[
        "whole",
        "grand total",
        "overall total",
        "total of the",
        "total for the",
        "total over the",
        "same on every",
        "same for every",
        "same for all",
        "same on all",
        "same in every",
        "same in all",
        "all rows of the",
    ];
    let view = query.full();
    for (select, expr, alias) in items(&view) {
        let said = of_column(query, alias);
        if is_running(alias, &said) {
            continue;
        }
        let (at, why) = if let Some(function) = running(rounded(expr)).filter(|_| has(&said, WHOLE)) {
            (function, format!("`{alias}` is described as a total of all rows"))
        } else if let Some(function) = divides(&view, select, expr).filter(|_| is_share(alias)) {
            (function, format!("`{alias}` is a part of the total, and this is the total up to the row"))
        } else {
            continue;
        };
        let finding = Diagnostic::warning("window-runs", "the total runs: each row has that of the rows before it")
            .why(format!("with `order by` a window ends at the current row; {why}"))
            .next("take the `order by` out of the window");
        out.push(view.at(at.name.0.first().map_or_else(|| span(expr), sqlparser::ast::Spanned::span), finding));
    }
}

fn is_share(alias: &str) -> bool {
    words(alias).iter().any(|w| SHARES.contains(&w.as_str()))
}

/// The running sum by which the value that it is of is divided.
fn divides<'a>(view: &View<'_, 'a>, select: usize, expr: &'a Expr) -> Option<&'a Function> {
    let mut found = None;
    super::reruns::find(expr, &mut |e| {
        let Some((left, right)) = quotient(e) else { return };
        let by = unnulled(right);
        let by = match view.outline.origin(select, by) {
            Some(Origin::Expr(made, _)) => made,
            _ => by,
        };
        let Some(total) = running(rounded(by)) else { return };
        // A running part of a running total is something else.
        let runs = any(left, &mut |e| matches!(e, Expr::Function(f) if f.over.is_some()));
        let of = arguments(total).next().and_then(column).map(|c| c.value.to_ascii_lowercase());
        let same =
            of.is_some_and(|of| any(left, &mut |e| column(e).is_some_and(|c| c.value.eq_ignore_ascii_case(&of))));
        if same && !runs {
            found = found.or(Some(total));
        }
    });
    found
}

/// What is divided by what, by an operator or by a function that is one.
fn quotient(expr: &Expr) -> Option<(&Expr, &Expr)> {
    const DIVIDES: &[&str] = &["safe_divide", "try_divide", "div0", "div0null", "divide", "ieee_divide"];
    match expr {
        Expr::BinaryOp { left, op: BinaryOperator::Divide, right } => Some((left, right)),
        Expr::Function(f) if is_one_of(f, DIVIDES) => {
            let mut parts = arguments(f);
            parts.next().zip(parts.next())
        }
        _ => None,
    }
}

/// Without a `nullif` around it.
fn unnulled(expr: &Expr) -> &Expr {
    match rounded(expr) {
        Expr::Function(f) if is_named(f, "nullif") => arguments(f).next().map_or(expr, rounded),
        other => other,
    }
}

fn window_ties(query: &Query<'_>, out: &mut Vec<Diagnostic>) {
    const BY_ROW: &[&str] = &[
        "running",
        "cumulative",
        "including this",
        "and including this",
        "up to this",
        "after this",
        "after each",
        "after the",
    ];
    let view = query.full();
    for (select, expr, alias) in items(&view) {
        let Expr::Function(function) = rounded(expr) else { continue };
        let Some(window) = window(function).filter(|w| takes_ties(w)) else { continue };
        let [order] = window.order_by.as_slice() else { continue };
        let at = sqlparser::ast::Spanned::span(&function.name);
        let total = view.resolved.facts.noted.iter().find_map(|fact| match fact {
            Fact::Numbered { at: place, total } if *place == at.start => *total,
            _ => None,
        });
        let tied = total == Some(false) || total.is_none() && is_cut_moment(&view, &order.expr);
        if !tied || !is_one_of(function, &["sum", "count", "avg"]) || !is_coarse(&view, &order.expr) {
            continue;
        }
        let said = of_column(query, alias);
        let named = words(alias).iter().any(|w| ["running", "cumulative", "cumulated", "cum"].contains(&w.as_str()));
        // What is said to be of the day is the same for all rows of one.
        let by_row = has(&said, BY_ROW) || said.is_empty() && (named || is_after_row(&view, select, alias));
        let by_day = has(&said, &["end of", "end of day", "close of", "of the day", "per day", "to date", "by day"]);
        if !by_row || by_day || is_grouped(view.outline.selects[select].select) {
            continue;
        }
        let by = column(&order.expr).map_or("the order", |c| c.value.as_str());
        let finding = Diagnostic::warning(
            "window-ties",
            "rows that are equal in the order all get the sum of all of them",
        )
        .why(format!("without a frame the window takes in every row with the same `{by}`, and several can have it"))
        .next(
            "add a column to `order by` that tells rows apart, and `rows between unbounded preceding and current row`",
        );
        out.push(view.at(at, finding));
    }
}

/// Whether all rows that are equal in the order of a window are in its frame: where none is written, and in one by `range`.
fn takes_ties(window: &WindowSpec) -> bool {
    window.window_frame.as_ref().is_none_or(|f| {
        f.units == WindowFrameUnits::Range
            && matches!(f.start_bound, WindowFrameBound::Preceding(None))
            && matches!(f.end_bound, None | Some(WindowFrameBound::CurrentRow))
    })
}

/// Whether a name says that a total is the one after what a row is: `balance_after_payment` of payments.
fn is_after_row(view: &View<'_, '_>, select: usize, alias: &str) -> bool {
    let named = words(alias);
    let after = named.iter().position(|w| w == "after").and_then(|at| named.get(at + 1));
    after.is_some_and(|of| view.all_names_of(select, 0).contains(of))
}

/// Whether moments are cut to their days.
pub(super) fn is_cut_moment(view: &View<'_, '_>, expr: &Expr) -> bool {
    use DataType::{Timestamp, TimestampTz};
    let moment = |e: &Expr| matches!(view.column_type(e), ColumnType::Known(Timestamp | TimestampTz));
    super::reruns::cuts(expr) && any(expr, &mut |e| column(e).is_some() && moment(e))
}

/// Whether several rows of a thing may well have the same: days and numbers of rounds, not moments, ids or counters.
fn is_coarse(view: &View<'_, '_>, expr: &Expr) -> bool {
    const FINE: &[&str] = &[
        "id", "key", "sk", "seq", "sequence", "version", "rank", "rn", "line", "position", "index", "idx", "row",
        "order",
    ];
    if super::reruns::cuts(expr) {
        return true;
    }
    let Some(name) = column(expr) else { return false };
    match view.column_type(expr) {
        ColumnType::Known(DataType::Date) => true,
        ColumnType::Known(DataType::Integer | DataType::Decimal { scale: 0, .. }) => {
            !words(&name.value).iter().any(|w| FINE.contains(&w.as_str()))
        }
        _ => false,
    }
}

fn frame_off(query: &Query<'_>, out: &mut Vec<Diagnostic>) {
    let view = query.full();
    for (select, expr, alias) in items(&view) {
        let mut windows = Vec::new();
        super::reruns::find(expr, &mut |e| {
            if let Expr::Function(f) = e
                && let Some(w) = window(f)
            {
                windows.push((f, w));
            }
        });
        let [(function, window)] = windows.as_slice() else { continue };
        if let Some(finding) = backwards(&view, expr, alias, function, window) {
            out.push(view.at(sqlparser::ast::Spanned::span(&function.name), finding));
            continue;
        }
        let ([order], Some(frame)) = (window.order_by.as_slice(), &window.window_frame) else { continue };
        let said = said_of(&view, expr, alias);
        let Some(back) = back(&view, frame, &order.expr) else { continue };
        let at = sqlparser::ast::Spanned::span(&function.name);
        let by_calendar = has(&said, &["calendar days", "calendar day"]);
        let told_apart = format!(" {back} ");
        let spelt = NUMBERS.iter().find(|(n, _)| *n == back).map_or(told_apart.as_str(), |(_, w)| *w);
        let beside = has(&said, &["before", "previous", "preceding", "prior"])
            && (said.contains(&told_apart) || has(&said, &[spelt]));
        if back >= 2 && stated(alias, &said) == Some(back) && !beside {
            let finding = Diagnostic::warning("window-frame-off", format!("the frame has {} rows", back + 1))
                .why(format!("`{back} preceding` and the current row are one more than `{alias}` speaks of"))
                .next(format!("write `{} preceding`", back - 1));
            out.push(view.at(at, finding));
        } else if matches!(frame.units, WindowFrameUnits::Rows)
            && (by_calendar || stated_days(&said) == Some(back + 1))
            && match view.outline.origin(select, &order.expr) {
                Some(Origin::Node(id, day)) if super::mixed::is_time(day) => {
                    line(&view, id).iter().take(2).flat_map(|n| told(n)).any(|t| lacks_days(&t))
                        || by_calendar && (counts_by_day(view.node(id)) || counts_by_day(Some(query.node)))
                }
                Some(Origin::Expr(day, _)) => {
                    by_calendar && super::reruns::cuts(day) && counts_by_day(Some(query.node))
                }
                _ => false,
            }
        {
            let finding = Diagnostic::warning("window-frame-off", "rows are counted where days are meant")
                .why("days of which there is nothing have no row, so the frame reaches further back than it says")
                .next(format!("fill the missing days first, or write `range between interval '{back}' day preceding and current row`"));
            out.push(view.at(at, finding));
        }
    }
}

/// A running total that runs from the last row to the first: what is still to come is given as what there is so far.
fn backwards(view: &View<'_, '_>, expr: &Expr, alias: &str, of: &Function, window: &WindowSpec) -> Option<Diagnostic> {
    const SO_FAR: &[&str] =
        &["running", "cumulative", "cumulated", "cum", "cumsum", "ytd", "mtd", "qtd", "to date", "so far", "balance"];
    const TO_COME: &[&str] = &[
        "remaining",
        "left",
        "to come",
        "still",
        "future",
        "open",
        "outstanding",
        "reverse",
        "backward",
        "from the end",
    ];
    let alone = matches!(rounded(expr), Expr::Function(f) if std::ptr::eq(f, of)) && is_one_of(of, &["sum", "count"]);
    let first = window.order_by.first().filter(|_| alone && window.window_name.is_none())?;
    let moment = column(&first.expr).is_some_and(|c| super::mixed::is_time(&c.value));
    let to_end = |f: &WindowFrame| {
        matches!(f.start_bound, WindowFrameBound::CurrentRow)
            && matches!(f.end_bound, Some(WindowFrameBound::Following(None)))
    };
    let turned = match (&window.window_frame, descends(first)) {
        (Some(f), false) => to_end(f),
        (_, true) => running(rounded(expr)).is_some(),
        _ => false,
    };
    if !moment || !turned {
        return None;
    }
    let said = format!("{}{}", super::promised::plain(alias), said_of(view, expr, alias));
    if !has(&said, SO_FAR) || has(&said, TO_COME) {
        return None;
    }
    Some(
        Diagnostic::warning("window-frame-off", "the total runs from the last row to the first")
            .why(format!("each row has what comes after it and itself, and `{alias}` is what there is up to it"))
            .next(
                "order by the moment, and end the frame at the row: `rows between unbounded preceding and current row`",
            ),
    )
}

/// Whether a model counts the rows of each day, and nothing puts the days there that have none.
fn counts_by_day(node: Option<&Node>) -> bool {
    const SPINES: &[&str] = &[
        "spine",
        "calendar",
        "generate_",
        "sequence(",
        "range(",
        "cross join",
        "full join",
        "full outer",
        "right join",
        "dates",
        "dim_da",
        "_days",
        "all_d",
    ];
    let text = node.map(|n| n.text.to_ascii_lowercase()).unwrap_or_default();
    let totals = text.contains("count(") || text.contains("sum(");
    text.contains("group by") && totals && !SPINES.iter().any(|s| text.contains(s))
}

/// Whether a text says that a table has no rows for some days.
fn lacks_days(text: &str) -> bool {
    has(text, &["only days with", "days with at least one", "days without rows", "no rows for days", "no row for days"])
        || has(text, &["days without", "missing days", "day without"])
            && has(text, &["no row", "no rows", "have none", "not there", "are missing", "gaps", "left out"])
}

/// How many rows a frame that ends at the current one reaches back; of days where it counts them.
fn back(view: &View<'_, '_>, frame: &WindowFrame, order: &Expr) -> Option<u64> {
    let WindowFrameBound::Preceding(Some(start)) = &frame.start_bound else { return None };
    if !matches!(frame.end_bound, None | Some(WindowFrameBound::CurrentRow)) {
        return None;
    }
    match (frame.units, start.as_ref()) {
        (WindowFrameUnits::Rows, n) => whole_number(n),
        (WindowFrameUnits::Range, Expr::Interval(interval))
            if view.column_type(order) == ColumnType::Known(DataType::Date) =>
        {
            let value = text(&interval.value)
                .map(str::to_owned)
                .or_else(|| whole_number(&interval.value).map(|n| n.to_string()))?;
            let unit = interval.leading_field.as_ref().map(|f| f.to_string().to_lowercase()).unwrap_or_default();
            let (count, rest) = value.trim().split_once(' ').unwrap_or((value.trim(), unit.as_str()));
            rest.to_lowercase().starts_with("day").then(|| count.parse().ok()).flatten()
        }
        _ => None,
    }
}

const NUMBERS: &[(u64, &str)] = &[
    (2, "two"),
    (3, "three"),
    (4, "four"),
    (5, "five"),
    (6, "six"),
    (7, "seven"),
    (10, "ten"),
    (12, "twelve"),
    (14, "fourteen"),
    (28, "twenty eight"),
    (30, "thirty"),
];

const UNITS: &[&str] = &[
    "d", "day", "w", "week", "wk", "m", "month", "mo", "mth", "q", "quarter", "y", "year", "h", "hour", "row", "game",
    "match",
];

/// How many days, weeks or rows a name speaks of, or what is said of it: `avg_7d`, `rolling_30_days`, `ma7`.
fn stated(alias: &str, said: &str) -> Option<u64> {
    let name = words(alias);
    for (at, word) in name.iter().enumerate() {
        let digits: String = word.chars().take_while(char::is_ascii_digit).collect();
        let unit = word[digits.len()..].to_owned();
        if let Ok(n) = digits.parse::<u64>() {
            let next = name.get(at + 1).map(String::as_str).unwrap_or_default();
            let before = at.checked_sub(1).and_then(|i| name.get(i)).map(String::as_str).unwrap_or_default();
            if UNITS.contains(&unit.as_str())
                || unit.is_empty()
                    && (UNITS.contains(&next)
                        || ["last", "rolling", "trailing", "past", "ma", "moving", "l"].contains(&before))
            {
                return Some(n);
            }
        }
        if let Some(n) = word.strip_prefix("ma").or_else(|| word.strip_prefix('l')).and_then(|n| n.parse().ok()) {
            return Some(n);
        }
    }
    stated_days(said)
}

/// The number in `last 7 days`, `7 day average`, `seven day mean`.
fn stated_days(said: &str) -> Option<u64> {
    let tokens: Vec<&str> = said.split_whitespace().collect();
    let number = |w: &str| w.parse::<u64>().ok().or_else(|| NUMBERS.iter().find(|(_, n)| *n == w).map(|(n, _)| *n));
    let is = |at: usize, of: &[&str]| tokens.get(at).is_some_and(|t| of.contains(t));
    (0..tokens.len()).find_map(|at| {
        let n = number(tokens[at])?;
        let before = at > 0 && is(at - 1, &["last", "past", "latest", "rolling", "trailing"]);
        let spans = before
            && (is(at + 1, &["days", "weeks", "months"])
                || is(at + 1, &["calendar", "business"]) && is(at + 2, &["days"]));
        let called = is(at + 1, &["day", "week", "month"])
            && is(at + 2, &["average", "mean", "moving", "rolling", "avg", "sum", "total", "window"]);
        (spans || called).then_some(n)
    })
}
