//! Tables with a row for each thing and day: levels that are added up over days, and steps from one thing to another.

use sqlparser::ast::{BinaryOperator, Expr, GroupByExpr, SelectItem, WindowSpec};

use super::expressions::{
    any, arguments, call, column, conjuncts, is_aggregate, is_distinct, is_grouped, is_one_of, window, words,
};
use super::look::{View, span};
use super::mixed::is_time;
use super::outline::{Clause, Origin};
use super::promised::{has, items, line, of_column, of_model, plain};
use super::{Family, Look, Query, Rule};
use crate::dbt::{Node, NodeId};
use crate::vocabulary::{Diagnostic, Severity};

pub(super) const RULES: &[Rule] = &[
    Rule {
        code: "balance-added",
        family: Family::Wrong,
        severity: Severity::Warning,
        summary: "a balance or stock of each day, added up over days",
        look: Look::Query(balance_added),
    },
    Rule {
        code: "lag-across",
        family: Family::Wrong,
        severity: Severity::Warning,
        summary: "`lag` or `lead` over rows of several things, without saying of which",
        look: Look::Query(lag_across),
    },
];

/// What a table has a row for beside the day, and the day: by a test on both together.
fn series(node: &Node) -> Option<(Vec<String>, String)> {
    let tests =
        node.described.iter().flat_map(|d| &d.tests).filter(|t| t.name.ends_with("unique_combination_of_columns"));
    tests.filter_map(|t| t.arguments.get("combination_of_columns")?.as_array()).find_map(|columns| {
        let names: Option<Vec<String>> = columns.iter().map(|c| c.as_str().map(str::to_lowercase)).collect();
        let (times, things): (Vec<String>, Vec<String>) = names?.into_iter().partition(|n| is_time(n));
        let [time] = times.as_slice() else { return None };
        (!things.is_empty()).then(|| (things, time.clone()))
    })
}

/// The same of a node, or of what it passes on as it is.
fn series_of(view: &View<'_, '_>, id: NodeId) -> Option<(Vec<String>, String)> {
    for node in line(view, id) {
        let found = series(node);
        let text = node.text.to_ascii_lowercase();
        let changes = ["group by", "join ", "distinct", "union", "qualify"].iter().any(|w| text.contains(w));
        if found.is_some() || changes {
            return found;
        }
    }
    None
}

/// Whether a column is a level by its name, or by that and its description: what is open at the end of a day.
fn is_level(view: &View<'_, '_>, id: NodeId, name: &str) -> bool {
    const LEVELS: &[&str] = &["balance", "stock", "inventory", "headcount", "hand", "backlog", "mrr", "arr"];
    const STANDING: &[&str] = &[
        "open",
        "outstanding",
        "active",
        "available",
        "remaining",
        "units",
        "unit",
        "subscriber",
        "occupied",
        "occupancy",
        "used",
        "vacant",
        "free",
        "staff",
        "bed",
        "queue",
        "waiting",
        "pending",
        "due",
        "level",
        "content",
        "volume",
        "filled",
    ];
    const EVENING: &[&str] = &[
        "end of the day",
        "end of day",
        "end of each day",
        "in the evening",
        "at midnight",
        "close of business",
        "at close",
    ];
    // What stands there at a moment, by its description alone.
    const STANDS: &[&str] = &[
        "at that moment",
        "at this moment",
        "at that instant",
        "at the full hour",
        "at the hour",
        "level at",
        "stock at",
    ];
    let named = words(name);
    if named.last().is_some_and(|w| LEVELS.contains(&w.as_str())) {
        return true;
    }
    let standing = named.iter().any(|w| STANDING.contains(&w.as_str()));
    line(view, id)
        .iter()
        .flat_map(|n| n.described.iter())
        .flat_map(|d| &d.columns)
        .filter(|c| c.name.eq_ignore_ascii_case(name) && !c.description.is_empty())
        .map(|c| plain(&c.description))
        .any(|said| has(&said, STANDS) || (standing && has(&said, EVENING)))
}

/// What YAML says of a column of a node, or of the one of its name that this is read from, and which node says it.
fn said_behind<'a>(view: &View<'_, 'a>, id: NodeId, name: &str, depth: usize) -> Option<(String, &'a Node)> {
    let node = view.node(id)?;
    let mut columns = node.described.iter().flat_map(|d| &d.columns);
    match columns.find(|c| c.name.eq_ignore_ascii_case(name) && !c.description.is_empty()) {
        Some(column) => Some((plain(&column.description), node)),
        None if depth > 3 => None,
        None => node.reads.iter().find_map(|r| said_behind(view, r.node, name, depth + 1)),
    }
}

/// The greatest of running totals of several things, which is that of one of them.
fn greatest_of_several(view: &View<'_, '_>, out: &mut Vec<Diagnostic>) {
    const RUNS: &[&str] = &[
        "running total",
        "cumulative",
        "so far",
        "total to date",
        "count to date",
        "since the opening",
        "since the start",
    ];
    const GREATEST: &[&str] =
        &["max", "maximum", "highest", "greatest", "peak", "largest", "most", "top", "last", "latest", "longest"];
    for (id, expr, alias) in items(view) {
        let Some(max) = call(expr, &["max"]).filter(|f| f.over.is_none() && f.filter.is_none()) else { continue };
        if words(alias).iter().any(|w| GREATEST.contains(&w.as_str())) {
            continue;
        }
        let Some(of) = arguments(max).next() else { continue };
        let Some(Origin::Node(node, name)) = view.outline.origin(id, of) else { continue };
        let called =
            words(name).iter().any(|w| ["ytd", "mtd", "qtd", "cumulative", "running", "cum"].contains(&w.as_str()));
        let things = match said_behind(view, node, name, 0) {
            Some((said, by)) if called || has(&said, RUNS) => series(by),
            None if called => series_of(view, node),
            _ => None,
        };
        let Some((things, _)) = things else { continue };
        let Some(groups) = super::sums::groups(view.outline.selects[id].select) else { continue };
        let is_thing = |e: &Expr| column(e).is_some_and(|c| things.iter().any(|t| c.value.eq_ignore_ascii_case(t)));
        let named = groups.iter().all(|g| column(g).is_some());
        let pieces = &view.outline.pieces;
        let asked =
            pieces.iter().any(|p| matches!(p.clause, Clause::Where | Clause::On) && any(p.expr, &mut |e| is_thing(e)));
        if groups.is_empty() || !named || groups.iter().any(|g| is_thing(g)) || asked || !is_passed(view, id) {
            continue;
        }
        let thing = things.join("`, `");
        let finding = Diagnostic::warning("balance-added", format!("the greatest `{name}` is that of one `{thing}`"))
            .why(format!("each `{thing}` has a running total of its own, and this takes one of them for all"))
            .next(format!("take the last of each `{thing}`, and add those up"));
        out.push(view.at(span(expr), finding));
    }
}

/// Whether what a select reads passes rows on without grouping them.
fn is_passed(view: &View<'_, '_>, select: usize) -> bool {
    (0..view.outline.selects.len()).filter(|s| *s != select && super::reruns::feeds(view, *s, select, 0)).all(|s| {
        let part = view.outline.selects[s].select;
        part.distinct.is_none() && part.qualify.is_none() && !is_grouped(part)
    })
}

fn balance_added(query: &Query<'_>, out: &mut Vec<Diagnostic>) {
    let view = query.full();
    greatest_of_several(&view, out);
    if picks_days(&view) {
        return;
    }
    for (id, part) in view.outline.selects.iter().enumerate() {
        for item in &part.select.projection {
            let (SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. }) = item else { continue };
            let Some(sum) = call(expr, &["sum"]).filter(|f| f.over.is_none() && f.filter.is_none() && !is_distinct(f))
            else {
                continue;
            };
            let Some(of) = arguments(sum).next() else { continue };
            let Some(Origin::Node(node, name)) = view.outline.origin(id, of) else { continue };
            if !is_level(&view, node, name) {
                continue;
            }
            let Some((_, day)) = series_of(&view, node) else { continue };
            if keeps_day(&view, id, &day) {
                continue;
            }
            let finding =
                Diagnostic::warning("balance-added", format!("`{name}` of each `{day}` is added up over them"))
                    .why("what is there on ten days is there ten times in the sum")
                    .next(format!("take that of the last `{day}`, or the average over them"));
            out.push(view.at(span(expr), finding));
        }
    }
}

/// Whether a query takes some of the days: the last, one that is asked for.
fn picks_days(view: &View<'_, '_>) -> bool {
    let of_day = |e: &Expr| any(e, &mut |e| column(e).is_some_and(|c| is_time(&c.value)));
    let last = |e: &Expr| {
        any(e, &mut |e| {
            column(e).is_some_and(|c| {
                words(&c.value)
                    .iter()
                    .any(|w| matches!(w.as_str(), "last" | "latest" | "current" | "end" | "rn" | "recent"))
            })
        })
    };
    view.outline.selects.iter().any(|p| p.select.qualify.is_some())
        || view.outline.pieces.iter().any(|p| match p.clause {
            Clause::Where | Clause::On | Clause::Having if p.depth == 0 => conjuncts(p.expr).into_iter().any(|c| {
                last(c)
                    || of_day(c)
                        && !matches!(c, Expr::Between { .. } | Expr::IsNotNull(_))
                        && !matches!(c, Expr::BinaryOp { op, .. } if super::expressions::compares(op) && !matches!(op, BinaryOperator::Eq))
            }),
            _ => false,
        })
}

/// Whether each group of a select is of one day.
fn keeps_day(view: &View<'_, '_>, select: usize, day: &str) -> bool {
    let part = view.outline.selects[select].select;
    let is_day = |e: &Expr| column(e).is_some_and(|c| c.value.eq_ignore_ascii_case(day) || is_time(&c.value));
    let items = part.projection.iter().filter_map(|item| match item {
        SelectItem::UnnamedExpr(e) | SelectItem::ExprWithAlias { expr: e, .. } => Some(e),
        _ => None,
    });
    let grouped: Vec<&Expr> = match &part.group_by {
        GroupByExpr::Expressions(list, _) => list.iter().collect(),
        GroupByExpr::All(_) => Vec::new(),
    };
    // A moment that is cut to its day is one day too.
    let of_day = |e: &Expr| {
        is_day(e)
            || matches!(e, Expr::Cast { expr, .. } if is_day(expr))
            || call(e, &["date", "to_date"]).is_some()
            || call(e, &["date_trunc", "datetrunc"]).is_some_and(|f| {
                arguments(f).any(|a| super::expressions::text(a).is_some_and(|t| t.eq_ignore_ascii_case("day")))
            })
    };
    items.filter(|e| !any(e, &mut is_aggregate)).chain(grouped).any(of_day)
}

fn lag_across(query: &Query<'_>, out: &mut Vec<Diagnostic>) {
    let view = query.full();
    let before = out.len();
    for piece in &view.outline.pieces {
        let (Expr::Function(function), Some(select)) = (piece.expr, piece.select) else { continue };
        if !is_one_of(function, &["lag", "lead"]) {
            continue;
        }
        let Some(window) = window(function).filter(|w| w.window_name.is_none()) else { continue };
        if let Some(thing) = across_own(&view, select, window).or_else(|| one_after_another(&view, select, window)) {
            let finding = Diagnostic::warning("lag-across", format!("the row before may be of another `{thing}`"))
                .why("the window has rows of several, one after another")
                .next(format!("put `{thing}` into `partition by`"));
            out.push(view.at(span(piece.expr), finding));
            continue;
        }
        if !window.partition_by.is_empty() {
            continue;
        }
        let [by] = window.order_by.as_slice() else { continue };
        let Some(Origin::Node(node, name)) = view.outline.origin(select, &by.expr) else { continue };
        let Some((things, day)) = view.node(node).and_then(series) else { continue };
        if !name.eq_ignore_ascii_case(&day)
            || view.outline.selects[select].relations.len() != 1
            || !is_plain(&view, select, &things)
        {
            continue;
        }
        let thing = things.join("`, `");
        let finding = Diagnostic::warning("lag-across", format!("the row before may be of another `{thing}`"))
            .why(format!("there is a row for each `{thing}` and `{day}`, and the window orders all of them together"))
            .next(format!("`partition by {}`", things.join(", ")));
        out.push(view.at(span(piece.expr), finding));
    }
    if out.len() == before {
        said_of_each(&view, out);
    }
}

/// The thing of which a model has a row for each moment by its own test, where a window is cut by something else and
/// ordered by the moment.
fn across_own(view: &View<'_, '_>, select: usize, window: &WindowSpec) -> Option<String> {
    let (things, time) = series(view.query.node)?;
    let [by] = window.order_by.as_slice() else { return None };
    let named = |e: &Expr, name: &str| column(e).is_some_and(|c| c.value.eq_ignore_ascii_case(name));
    let gives = |name: &String| {
        view.outline.selects[select].select.projection.iter().any(|item| match item {
            SelectItem::UnnamedExpr(e) => named(e, name),
            SelectItem::ExprWithAlias { expr, alias } => alias.value.eq_ignore_ascii_case(name) && named(expr, name),
            _ => false,
        })
    };
    let thing = things.iter().find(|t| !window.partition_by.iter().any(|p| named(p, t)))?;
    let subject = |name: &str| {
        let mut out = words(name);
        out.retain(|w| !["id", "key", "code", "no", "number", "name", "sk"].contains(&w.as_str()));
        out
    };
    // What is called after the thing may be the thing.
    let other = |p: &Expr| column(p).is_some_and(|c| !subject(&c.value).iter().any(|w| subject(thing).contains(w)));
    (named(&by.expr, &time)
        && !window.partition_by.is_empty()
        && window.partition_by.iter().all(other)
        && things.iter().all(gives)
        && is_plain(view, select, std::slice::from_ref(thing)))
    .then(|| thing.clone())
}

/// The thing by which a window without a partition is ordered first, and then by time: those of one after those of
/// another.
fn one_after_another(view: &View<'_, '_>, select: usize, window: &WindowSpec) -> Option<String> {
    let [first, rest @ ..] = window.order_by.as_slice() else { return None };
    let name = column(&first.expr)?.value.to_ascii_lowercase();
    let is_moment = |e: &Expr| column(e).is_some_and(|c| is_time(&c.value)) || super::reruns::cuts(e);
    let known = view.seen(&first.expr).is_some_and(|c| c.unique == Some(false));
    let asked = view.outline.pieces.iter().any(|p| {
        call(p.expr, &["lag", "lead"])
            .is_some_and(|f| arguments(f).next().and_then(column).is_some_and(|c| c.value.eq_ignore_ascii_case(&name)))
    });
    (window.partition_by.is_empty()
        && known
        && !asked
        && !is_time(&name)
        && !view.query.keyed.by(&name).is_empty()
        && rest.first().is_some_and(|o| is_moment(&o.expr))
        && is_plain(view, select, std::slice::from_ref(&name)))
    .then_some(name)
}

/// Windows over all rows in a column that is described as of the rows of one thing: `the previous call of the same
/// subscriber`.
fn said_of_each(view: &View<'_, '_>, out: &mut Vec<Diagnostic>) {
    let named = items(view);
    for (select, expr, alias) in &named {
        let mut alone = None;
        super::reruns::find(expr, &mut |e| {
            if let Expr::Function(f) = e
                && is_one_of(f, &["lag", "lead", "row_number", "rank", "dense_rank"])
                && window(f).is_some_and(|w| w.partition_by.is_empty() && w.window_name.is_none())
            {
                alone = alone.or(Some((f, e)));
            }
        });
        let Some((function, whole)) = alone else { continue };
        if let Some(thing) = named_within(view, *select, alias) {
            let finding =
                Diagnostic::warning("lag-across", format!("`{alias}` is over all rows, whatever their `{thing}`"))
                    .why("its name says that it is within one, and the window has no partition")
                    .next(format!("`partition by {thing}`"));
            out.push(view.at(span(whole), finding));
            continue;
        }
        let (said, of_all) = (of_column(view.query, alias), of_model(view.query));
        let part = &view.outline.selects[*select];
        let columns = part.select.projection.iter().filter_map(|item| match item {
            SelectItem::UnnamedExpr(e) => column(e).map(|c| c.value.to_ascii_lowercase()),
            _ => None,
        });
        let thing = columns.into_iter().find(|name| {
            let Some(thing) = name.strip_suffix("_id").or_else(|| name.strip_suffix("_key")) else { return false };
            let thing = plain(thing);
            let thing = thing.trim();
            let same = [
                format!("same {thing}"),
                format!("{thing} s own"),
                format!("the {thing}"),
                format!("{thing} s previous"),
                format!("{thing} s next"),
                format!("{thing} s last"),
            ];
            let each = [
                format!("per {thing}"),
                format!("each {thing}"),
                format!("within the {thing}"),
                format!("within a {thing}"),
            ];
            let in_text = |text: &str, of: &[String]| of.iter().any(|p| has(text, &[p.as_str()]));
            in_text(&said, &same) || in_text(&said, &each) || in_text(&of_all, &same)
        });
        let Some(thing) = thing else { continue };
        // The row before is asked whose it is.
        let asked = named.iter().any(|(_, e, _)| {
            let mut asks = false;
            super::reruns::find(e, &mut |e| {
                asks |= call(e, &["lag", "lead"]).is_some_and(|f| {
                    arguments(f).next().and_then(column).is_some_and(|c| c.value.eq_ignore_ascii_case(&thing))
                });
            });
            asks
        });
        if asked || !is_plain(view, *select, std::slice::from_ref(&thing)) || is_one_of(function, &["first_value"]) {
            continue;
        }
        let finding = Diagnostic::warning("lag-across", format!("the row before may be of another `{thing}`"))
            .why(format!("`{alias}` is described as of the rows of one, and the window orders all of them together"))
            .next(format!("`partition by {thing}`"));
        out.push(view.at(span(whole), finding));
    }
}

/// The column by which a name says that its window is cut: `rank_in_department`, `place_within_group`.
fn named_within(view: &View<'_, '_>, select: usize, alias: &str) -> Option<String> {
    let named = alias.to_ascii_lowercase();
    let of = ["_in_", "_within_", "_per_"].iter().find_map(|w| named.split_once(w))?.1.to_owned();
    let [reads] = view.outline.selects[select].relations.as_slice() else { return None };
    let names = super::ranges::columns_of(view, reads.target);
    let thing = [of.clone(), format!("{of}_id"), format!("{of}_key"), format!("{of}_name")];
    let thing = thing.into_iter().find(|t| names.contains(t)).filter(|t| !is_time(t))?;
    is_plain(view, select, std::slice::from_ref(&thing)).then_some(thing)
}

/// Whether rows of all things come to a select: nothing asks for one, and nothing is grouped.
fn is_plain(view: &View<'_, '_>, select: usize, things: &[String]) -> bool {
    let is_thing = |e: &Expr| column(e).is_some_and(|c| things.iter().any(|t| c.value.eq_ignore_ascii_case(t)));
    let asked = view
        .outline
        .pieces
        .iter()
        .any(|p| matches!(p.clause, Clause::Where | Clause::On) && any(p.expr, &mut |e| is_thing(e)));
    let grouped = |s: usize| {
        let part = view.outline.selects[s].select;
        part.distinct.is_some() || is_grouped(part)
    };
    !asked && !(0..view.outline.selects.len()).any(|s| super::reruns::feeds(view, s, select, 0) && grouped(s))
}
