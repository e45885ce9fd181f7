//! Aggregates of what can't be aggregated again.

use sqlparser::ast::{BinaryOperator, Expr, GroupByExpr, JoinConstraint, SelectItem};

use super::expressions::{
    any, arguments, bare, call, column, is_aggregate, is_distinct, is_grouped, is_named, is_one_of, words,
};
use super::look::{View, span};
use super::outline::{Clause, Origin, constraint};
use super::{Family, Look, Query, Rule};
use crate::vocabulary::{Diagnostic, Severity};

pub(super) const RULES: &[Rule] = &[
    Rule {
        code: "average-of-averages",
        family: Family::Wrong,
        severity: Severity::Warning,
        summary: "an average of averages, which weighs small groups like large ones",
        look: Look::Query(average_of_averages),
    },
    Rule {
        code: "sum-of-distinct",
        family: Family::Wrong,
        severity: Severity::Warning,
        summary: "`sum(distinct …)`, which takes equal amounts for one",
        look: Look::Query(sum_of_distinct),
    },
    Rule {
        code: "distinct-counts-added",
        family: Family::Wrong,
        severity: Severity::Warning,
        summary: "a sum of distinct counts, which counts whoever comes back again",
        look: Look::Query(distinct_counts_added),
    },
    Rule {
        code: "integer-division",
        family: Family::Wrong,
        severity: Severity::Warning,
        summary: "a quotient of whole numbers that loses its fraction",
        look: Look::Query(super::quotients::integer_division),
    },
];

fn average_of_averages(query: &Query<'_>, out: &mut Vec<Diagnostic>) {
    let view = query.full();
    super::rates::averaged(&view, out);
    for piece in &view.outline.pieces {
        let (Expr::Function(function), Some(select)) = (piece.expr, piece.select) else { continue };
        if !is_one_of(function, &["avg", "mean"]) || function.over.is_some() {
            continue;
        }
        let Some(argument) = arguments(function).next() else { continue };
        let called = called_quantile(&view, piece.expr);
        let averages = match view.outline.origin(select, rounded(argument)) {
            Some(Origin::Expr(inner, at)) => is_average(&view, inner, at) || called && is_quantile(&view, inner, at),
            Some(Origin::Node(node, name)) => {
                let name = name.to_lowercase();
                query
                    .told
                    .get(&node)
                    .is_some_and(|t| t.averages.contains(&name) || called && t.quantiles.contains(&name))
            }
            None => false,
        };
        if averages && !is_meant(&view, piece.expr) {
            let finding = Diagnostic::warning("average-of-averages", "this is an average of averages")
                .why("each group weighs the same, however many rows are behind it")
                .next("carry sum and count on, and divide once at the end");
            out.push(view.at(span(piece.expr), finding));
        }
    }
}

/// Whether an average is called or described as one of averages.
fn is_meant(view: &View<'_, '_>, average: &Expr) -> bool {
    const SAID: &[&str] = &[
        "counts once",
        "count once",
        "counted once",
        "unweighted",
        "equally weighted",
        "weighted equally",
        "equal weight",
        "same weight",
        "weighs the same",
        "plain mean",
        "plain average",
        "simple mean",
        "average of averages",
        "mean of means",
        "average of the averages",
        "mean of the averages",
        "average of averages",
    ];
    super::promised::items(view).into_iter().filter(|(_, e, _)| std::ptr::eq(rounded(e), average)).any(|(.., alias)| {
        let twice = words(alias)
            .iter()
            .filter(|w| ["avg", "average", "averages", "mean", "means"].contains(&w.as_str()))
            .count();
        twice > 1 || super::promised::has(&super::promised::of_column(view.query, alias), SAID)
    })
}

/// Whether an expression is the average of a group, or a quotient of its totals.
pub(super) fn is_average(view: &View<'_, '_>, expr: &Expr, select: usize) -> bool {
    let ratio = |e: &Expr| match e {
        Expr::BinaryOp { left, op: BinaryOperator::Divide, right } => {
            any(left, &mut is_aggregate) && any(right, &mut is_aggregate)
        }
        _ => false,
    };
    let expr = rounded(expr);
    let averages = call(expr, &["avg", "mean"]).is_some_and(|f| f.over.is_none()) || ratio(bare(expr));
    averages && is_grouped(view.outline.selects[select].select)
}

/// Whether an expression is a quantile of a group.
pub(super) fn is_quantile(view: &View<'_, '_>, expr: &Expr, select: usize) -> bool {
    const QUANTILES: &[&str] = &[
        "percentile_cont",
        "percentile_disc",
        "quantile_cont",
        "quantile_disc",
        "quantile",
        "median",
        "percentile",
        "approx_percentile",
        "percentile_approx",
        "approx_quantile",
    ];
    call(rounded(expr), QUANTILES).is_some_and(|f| f.over.is_none()) && is_grouped(view.outline.selects[select].select)
}

/// Whether a value is given as a quantile, and not as the average of some.
fn called_quantile(view: &View<'_, '_>, value: &Expr) -> bool {
    super::promised::items(view).into_iter().any(|(_, expr, alias)| {
        let named = words(alias);
        let is = |w: &String| {
            let percentile = w.strip_prefix('p').is_some_and(|n| n.len() > 1 && n.bytes().all(|b| b.is_ascii_digit()));
            percentile || ["median", "percentile", "quantile"].contains(&w.as_str())
        };
        std::ptr::eq(rounded(expr), value)
            && named.iter().any(is)
            && !named.iter().any(|w| ["avg", "average", "mean", "daily", "typical"].contains(&w.as_str()))
    })
}

/// Without the rounding and defaults around it.
pub(super) fn rounded(expr: &Expr) -> &Expr {
    match bare(expr) {
        Expr::Cast { expr, .. } => rounded(expr),
        Expr::Function(f) if is_one_of(f, &["round", "coalesce", "ifnull", "nvl"]) => {
            arguments(f).next().map_or(expr, rounded)
        }
        other => other,
    }
}

fn sum_of_distinct(query: &Query<'_>, out: &mut Vec<Diagnostic>) {
    let view = query.full();
    for piece in &view.outline.pieces {
        let Expr::Function(function) = piece.expr else { continue };
        if is_one_of(function, &["sum", "avg"]) && is_distinct(function) {
            let finding = Diagnostic::warning("sum-of-distinct", "equal values are taken for one")
                .why("two orders of the same amount are two orders; `distinct` over amounts hides a join that repeats rows, and loses others")
                .next("aggregate before the join, or leave rows out by their key");
            out.push(view.at(span(piece.expr), finding));
        }
    }
}

/// Who comes back on another day.
const WHO: &[&str] = &[
    "user",
    "customer",
    "visitor",
    "member",
    "account",
    "device",
    "client",
    "player",
    "subscriber",
    "buyer",
    "person",
    "viewer",
    "reader",
    "shopper",
    "guest",
    "contact",
    "employee",
    "patient",
    "driver",
    "rider",
    "student",
    "pupil",
    "teacher",
    "seller",
    "vendor",
    "supplier",
    "courier",
    "passenger",
    "donor",
    "voter",
    "listener",
    "learner",
    "follower",
];
const WHEN: &[&str] = &["date", "day", "week", "month", "hour", "at", "quarter", "year"];

fn distinct_counts_added(query: &Query<'_>, out: &mut Vec<Diagnostic>) {
    let view = query.full();
    super::people::parts_added(&view, out);
    for piece in &view.outline.pieces {
        let (Expr::Function(function), Some(select)) = (piece.expr, piece.select) else { continue };
        if !is_named(function, "sum") || function.over.is_some() {
            continue;
        }
        let Some(argument) = arguments(function).next() else { continue };
        let added = match view.outline.origin(select, argument) {
            Some(Origin::Expr(inner, at)) => {
                let by_time = people_by_time(&view, inner, at).is_some() && !same_groups(&view, select, at);
                by_time || named_distinct(&view, piece.expr) && by_part(&view, select, inner, at)
            }
            Some(Origin::Node(node, name)) => {
                let groups = query.told.get(&node).and_then(|t| t.distinct.get(&name.to_lowercase()));
                let kept = column_names(&view, select);
                // A filter or a join may leave one of the times.
                let by_time = groups.is_some_and(|g| {
                    view.outline.selects[select].select.selection.is_none()
                        && !joins_on_time(&view, select)
                        && g.iter().any(|n| is_when(n) && !kept.contains(n))
                        && !kept.iter().any(|n| g.contains(n) && is_when(n))
                });
                let groups = query.told.get(&node).and_then(|t| t.different.get(&name.to_lowercase()));
                let loses = groups.is_some_and(|g| g.iter().any(|n| !kept.contains(n)));
                by_time || loses && is_said_different(&view, piece.expr)
            }
            None => false,
        };
        if added {
            let finding = Diagnostic::warning(
                "distinct-counts-added",
                "whoever is in several of the groups is counted several times",
            )
            .why("distinct counts can't be added up")
            .next("count distinct over the rows themselves, at the grain that is wanted");
            out.push(view.at(span(piece.expr), finding));
        }
    }
}

/// Whether what is read is joined to something by a time.
fn joins_on_time(view: &View<'_, '_>, select: usize) -> bool {
    let part = &view.outline.selects[select];
    let using = part.relations.iter().filter_map(|r| r.join.and_then(constraint)).any(|c| match c {
        JoinConstraint::Using(names) => {
            names.iter().filter_map(|n| n.0.last()?.as_ident()).any(|name| is_when(&name.value))
        }
        JoinConstraint::Natural => true,
        _ => false,
    });
    let pieces = &view.outline.pieces[part.pieces.clone()];
    using || pieces.iter().any(|p| p.clause == Clause::On && column(p.expr).is_some_and(|c| is_when(&c.value)))
}

/// Whether a sum is described as the number of different ones that are in any of the groups.
fn is_said_different(view: &View<'_, '_>, sum: &Expr) -> bool {
    const ANY: &[&str] = &["at least one", "at least once", "in any", "any of", "each counted once", "counted once"];
    let items = super::promised::items(view);
    let alias = items.iter().find(|(_, expr, _)| std::ptr::eq(rounded(expr), sum)).map(|(.., alias)| *alias);
    alias.is_some_and(|alias| {
        let said = super::promised::of_column(view.query, alias);
        super::promised::has(&said, ANY)
            && (super::people::is_of_different(alias)
                || super::promised::has(&said, &["different", "distinct", "unique"]))
    })
}

/// What the groups are by in which an expression counts different values.
pub(super) fn different(view: &View<'_, '_>, expr: &Expr, select: usize) -> Option<Vec<String>> {
    counted(expr).filter(|_| is_grouped(view.outline.selects[select].select)).map(|_| column_names(view, select))
}

/// Whether a column tells people apart.
pub(super) fn is_of_people(column: &str) -> bool {
    words(column).iter().any(|w| WHO.contains(&w.as_str()))
}

/// What the groups are by in which an expression counts whom there are, where a time is among them.
pub(super) fn people_by_time(view: &View<'_, '_>, expr: &Expr, select: usize) -> Option<Vec<String>> {
    let of = counted(expr)?;
    // Counted by day and added up over days; by anything else the parts may well be apart.
    let groups = column_names(view, select);
    let comes_back = || is_of_people(&of) || is_called_active(view, expr) && !view.query.keyed.by(&of).is_empty();
    (is_grouped(view.outline.selects[select].select) && groups.iter().any(|n| is_when(n)) && comes_back())
        .then_some(groups)
}

/// Whether a count is called that of those who did something in the time: `active_…`.
fn is_called_active(view: &View<'_, '_>, count: &Expr) -> bool {
    const ACTIVE: &[&str] = &["active"];
    super::promised::items(view).into_iter().any(|(_, expr, alias)| {
        std::ptr::eq(bare(expr), bare(count)) && words(alias).iter().any(|w| ACTIVE.contains(&w.as_str()))
    })
}

/// The column of which an expression counts the different values.
pub(super) fn counted(expr: &Expr) -> Option<String> {
    let count = call(expr, &["count", "approx_count_distinct"])?;
    if !is_distinct(count) && is_named(count, "count") {
        return None;
    }
    arguments(count).next().and_then(column).map(|c| c.value.clone())
}

pub(super) fn is_when(name: &str) -> bool {
    words(name).iter().any(|w| WHEN.contains(&w.as_str()))
}

/// Whether the sum is called the number of different ones.
fn named_distinct(view: &View<'_, '_>, sum: &Expr) -> bool {
    view.outline.selects.iter().flat_map(|p| &p.select.projection).any(|item| match item {
        SelectItem::ExprWithAlias { expr, alias } => {
            std::ptr::eq(rounded(expr), sum) && super::people::is_of_different(&alias.value)
        }
        _ => false,
    })
}

/// Whether different ones are counted by a part that each may be in several of, and that the sum leaves out.
fn by_part(view: &View<'_, '_>, select: usize, expr: &Expr, at: usize) -> bool {
    const PARTS: &[&str] = &[
        "channel",
        "page",
        "device",
        "platform",
        "browser",
        "source",
        "medium",
        "campaign",
        "product",
        "category",
        "event",
        "store",
        "shop",
        "site",
        "app",
        "feature",
        "sku",
        "item",
        "brand",
        "touchpoint",
        "location",
    ];
    let kept = column_names(view, select);
    counted(expr).is_some_and(|of| is_of_people(&of))
        && is_grouped(view.outline.selects[at].select)
        && column_names(view, at).iter().any(|n| {
            !kept.contains(n) && words(n).iter().any(|w| PARTS.contains(&w.as_str()) || WHEN.contains(&w.as_str()))
        })
}

/// What a select groups by, places in its list looked up; none where it is not written out.
pub(super) fn groups(select: &sqlparser::ast::Select) -> Option<Vec<&Expr>> {
    let GroupByExpr::Expressions(list, _) = &select.group_by else { return None };
    let item = |e| match super::expressions::whole_number(e) {
        None => Some(e),
        Some(n) => match select.projection.get(usize::try_from(n).ok()?.checked_sub(1)?)? {
            SelectItem::UnnamedExpr(e) | SelectItem::ExprWithAlias { expr: e, .. } => Some(e),
            _ => None,
        },
    };
    list.iter().map(item).collect()
}

/// Whether both selects group by as many things: then nothing is added up.
fn same_groups(view: &View<'_, '_>, a: usize, b: usize) -> bool {
    let groups = |s: usize| match &view.outline.selects[s].select.group_by {
        GroupByExpr::Expressions(list, _) => list.len(),
        GroupByExpr::All(_) => 0,
    };
    groups(a) >= groups(b) && groups(a) > 0 && column_names(view, a) == column_names(view, b)
}

fn column_names(view: &View<'_, '_>, select: usize) -> Vec<String> {
    let items = view.outline.selects[select].select.projection.iter().filter_map(|item| match item {
        SelectItem::ExprWithAlias { expr, alias } if !any(expr, &mut is_aggregate) => {
            Some(alias.value.to_ascii_lowercase())
        }
        SelectItem::UnnamedExpr(e) => column(e).map(|c| c.value.to_ascii_lowercase()),
        _ => None,
    });
    items.collect()
}
