//! Tables with a row for each thing and day: levels that are added up over days, and steps from one thing to another.

use sqlparser::ast::{BinaryOperator, Expr, GroupByExpr, SelectItem};

use super::expressions::{any, arguments, call, column, conjuncts, is_aggregate, is_distinct, is_grouped, words};
use super::look::{View, span};
use super::mixed::is_time;
use super::outline::{Clause, Origin};
use super::promised::{has, items, line, plain};
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
        look: Look::Query(super::apart::lag_across),
    },
];

/// What a table has a row for beside the day, and the day: by a test on both together.
pub(super) fn series(node: &Node) -> Option<(Vec<String>, String)> {
    let tests =
        node.described.iter().flat_map(|d| &d.tests).filter(|t| t.name.ends_with("unique_combination_of_columns"));
    tests.filter_map(|t| t.arguments.get("combination_of_columns")?.as_array()).find_map(|columns| {
        let names: Option<Vec<String>> = columns.iter().map(|c| c.as_str().map(str::to_lowercase)).collect();
        by_time(names?)
    })
}

/// The same of a node, or of what it passes on as it is.
fn series_of(view: &View<'_, '_>, id: NodeId) -> Option<(Vec<String>, String)> {
    for node in line(view, id) {
        let found = series(node);
        let text = node.text.to_ascii_lowercase();
        let changes = ["group by", "join ", "distinct", "union", "qualify"].iter().any(|w| text.contains(w));
        if found.is_some() {
            return found;
        }
        if changes {
            break;
        }
    }
    // What it groups by tells it too.
    view.query.known.get(&id)?.keys.iter().find_map(|key| by_time(key.iter().cloned().collect()))
}

/// The things and the one time of which a key is.
fn by_time(key: Vec<String>) -> Option<(Vec<String>, String)> {
    let moment = |n: &String| is_time(n) || crate::sql::begins_version(n);
    let (times, things): (Vec<String>, Vec<String>) = key.into_iter().partition(moment);
    let [time] = times.as_slice() else { return None };
    (!things.is_empty()).then(|| (things, time.clone()))
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
    // In which money it is says nothing more.
    const MONEY: &[&str] = &["eur", "usd", "gbp", "chf", "cent", "cents", "euro", "dollar"];
    if named.iter().rev().find(|w| !MONEY.contains(&w.as_str())).is_some_and(|w| LEVELS.contains(&w.as_str())) {
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
        || standing && is_told_of_evening(view, id, name)
}

/// Whether the text of a table says of a column that it is what there is at the end of a day.
fn is_told_of_evening(view: &View<'_, '_>, id: NodeId, name: &str) -> bool {
    const EVENING: &[&str] =
        &["end of the day", "end of that day", "end of day", "end of each day", "at close", "at midnight"];
    let name = plain(name);
    line(view, id).iter().any(|n| super::promised::told(n).iter().any(|t| t.contains(&name) && has(t, EVENING)))
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
            let day = match is_level(&view, node, name) {
                true => series_of(&view, node).map(|(_, day)| day),
                false => None,
            };
            let Some(day) = day.or_else(|| met_each_day(&view, id, of, name)) else { continue };
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

/// The day of a table of days that is joined to what a thing has, whichever the day: `sum(wards.beds)` for each day of each
/// ward.
fn met_each_day(view: &View<'_, '_>, select: usize, of: &Expr, name: &str) -> Option<String> {
    const HAS: &[&str] =
        &["bed", "seat", "room", "capacity", "desk", "berth", "slot", "population", "headcount", "fte", "sqm", "area"];
    let relations = &view.outline.selects[select].relations;
    let at = view.relation(select, of)?;
    let named = words(name).last().is_some_and(|w| HAS.contains(&w.as_str()));
    if !named || relations.len() < 2 {
        return None;
    }
    let keys = super::ranges::keys_of(view, relations[at].target);
    relations.iter().enumerate().filter(|(other, _)| *other != at).find_map(|(_, other)| {
        let super::outline::Target::Node(node) = other.target else { return None };
        let (things, day) = series_of(view, node)?;
        keys.iter().any(|k| k.iter().all(|c| things.contains(c))).then_some(day)
    })
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
