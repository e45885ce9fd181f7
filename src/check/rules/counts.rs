//! Rows that are counted or averaged by a column that is null in some of them.

use sqlparser::ast::{Expr, GroupByExpr, JoinConstraint, Select, SelectItem};

use super::Query;
use super::expressions::{
    arguments, bare, call, column, is_distinct, is_grouped, is_literal, near, whole_number, words,
};
use super::look::{View, span, start};
use super::outline::{Origin, Reads, Step, Target, constraint};
use crate::vocabulary::Diagnostic;

pub(super) fn count_nullable(query: &Query<'_>, out: &mut Vec<Diagnostic>) {
    let view = query.full();
    for (id, part) in view.outline.selects.iter().enumerate() {
        count_of_missing(&view, id, out);
        average_of_some(&view, id, out);
        average_of_zeros(&view, id, out);
        super::averages::look(&view, id, out);
        // Beside the number of all rows it is clear that this one is of some.
        let of_some = counts_rows(part.select);
        for item in &part.select.projection {
            let SelectItem::ExprWithAlias { expr, alias } = item else { continue };
            let Some(function) = call(expr, &["count"]) else { continue };
            let Some(argument) = arguments(function).next() else { continue };
            if function.over.is_some() || function.filter.is_some() {
                continue;
            }
            let Some(name) = column(argument) else {
                out.extend(null_part(&view, id, argument).map(|part| glued(&view, expr, &part)));
                continue;
            };
            let all = promises_all(query, &alias.value) || either_way(&view, id, argument, &alias.value);
            let all = all && !part.relations.iter().any(|r| r.outer);
            if all && view.nullable(id, argument) == Some(true) {
                out.push(left_out(&view, expr, &name.value, &alias.value));
                continue;
            }
            let key = |w: &String| matches!(w.as_str(), "id" | "key" | "sk" | "uuid" | "pk");
            if is_distinct(function) {
                // `count(distinct email)` as the patrons, of a table of patrons; by an id they are who has one.
                let (said, counted) = (words(&alias.value), words(&name.value));
                let other = !counted.iter().any(|c| key(c) || said.iter().any(|s| near(s, c)));
                if other && view.nullable(id, argument) == Some(true) && left_empty(&view, id, argument, &said) {
                    out.push(left_out(&view, expr, &name.value, &alias.value));
                }
                continue;
            }
            let (said, counted) = (words(&alias.value), words(&name.value));
            // `orders_with_coupon`, `rated_orders`: the name says which of them.
            // The `enrolled` of enrolments are all of them.
            let own = |w: &String| view.all_names_of(id, 0).iter().any(|n| n.len() > 4 && near(w, n));
            // Where another column says that they are, it is not said by this one.
            let there = view.relation(id, argument).map(|r| super::ranges::columns_of(&view, part.relations[r].target));
            let other = |w: &String| {
                there.iter().flatten().any(|c| *c != name.value.to_ascii_lowercase() && words(c).contains(w))
            };
            let some =
                |w: &String| w.len() > 4 && w.ends_with("ed") && !own(w) && !other(w) || SOME.contains(&w.as_str());
            let alike = said.iter().any(some) || said.iter().any(|s| counted.iter().any(|c| c == s || near(c, s)));
            // Counting the key of what an outer join may not find is how its matches are counted.
            if of_some || alike || counted.iter().any(key) && !left_empty(&view, id, argument, &said) {
                continue;
            }
            let meant = missing_as_meant(&view, id, argument, &said) || joined_by(&view, id, argument);
            let asked = super::lost::is_asked_for(&view, id, argument) || finds_as_meant(&view, id, argument, &said);
            if view.nullable(id, argument) == Some(true) && !meant && !asked {
                out.push(left_out(&view, expr, &name.value, &alias.value));
            }
        }
    }
}

fn left_out(view: &View<'_, '_>, count: &Expr, name: &str, alias: &str) -> Diagnostic {
    let finding =
        Diagnostic::warning("count-nullable", format!("`count({name})` leaves out the rows where it is null"))
            .why(format!("`{alias}` reads as if all were counted"))
            .next(format!("write `count(*)`, or say in the name that only rows with `{name}` count"));
    view.at(span(count), finding)
}

/// The column that makes a text of several parts null in some rows: `country || '-' || user_id`.
fn null_part<'a>(view: &View<'_, 'a>, select: usize, counted: &'a Expr) -> Option<String> {
    let mut parts = Vec::new();
    super::spread::texts(counted, &mut parts);
    let null = |e: &&Expr| column(e).is_some() && view.nullable(select, e) == Some(true);
    // What may be missing as a whole is counted where it is there.
    let outer =
        parts.iter().any(|e| view.relation(select, e).is_some_and(|r| view.outline.selects[select].relations[r].outer));
    let name = parts.iter().copied().map(uncast).find(null).and_then(column);
    name.filter(|_| parts.len() > 1 && !outer).map(|c| c.value.clone())
}

fn glued(view: &View<'_, '_>, count: &Expr, part: &str) -> Diagnostic {
    let finding = Diagnostic::warning("count-nullable", format!("the rows without `{part}` are not counted"))
        .why("one part that is null makes the whole text null")
        .next(format!("give it a default: `coalesce({part}, '')`"));
    view.at(span(count), finding)
}

/// Whether a column is described as the number of all: `All attempts, graded or not`.
fn promises_all(query: &Query<'_>, alias: &str) -> bool {
    let said = super::promised::of_column(query, alias);
    let said = said.replace(" with and without ", " ").replace(" with or without ", " ");
    let some = ["with", "having", "where", "known", "given", "except", "but", "without", "not all", "distinct"];
    let all = said.starts_with(" all ") || said.starts_with(" every ") || said.starts_with(" number of all ");
    all && !super::promised::has(&said, &some)
}

/// Whether the model, or the count, is described as of those with and without what a column is null by: `Visitors, logged
/// in or not`.
fn either_way<'a>(view: &View<'_, 'a>, select: usize, counted: &'a Expr, alias: &str) -> bool {
    let Some(said) = view.absent(select, counted).and_then(|c| view.said_of(c)) else { return false };
    let said = super::promised::plain(said);
    let own = column(counted).map(|c| words(&c.value)).unwrap_or_default();
    // `calls_accepted` beside the calls is of some.
    if words(alias).iter().any(|w| own.iter().any(|o| near(w, o))) {
        return false;
    }
    [super::promised::of_model(view.query), super::promised::of_column(view.query, alias)].iter().any(|text| {
        text.match_indices(" or not ").any(|(at, _)| {
            let before: Vec<&str> = text[..at].split_whitespace().rev().take(2).collect();
            let after = text[at + " or not ".len()..].split_whitespace().next().unwrap_or_default();
            match before.as_slice() {
                // `whether or not accepted`, of `accepted_at`.
                ["whether", ..] => own.iter().any(|w| w == after) || super::promised::has(&said, &[after]),
                [one, ..] if one.len() > 3 => super::promised::has(&said, &[one]),
                [last, first] => super::promised::has(&said, &[format!("{first} {last}").as_str()]),
                _ => false,
            }
        })
    })
}

/// Words that say which of them are counted, beside those that end with `ed`.
const SOME: &[&str] = &[
    "with", "having", "known", "non", "sold", "paid", "won", "lost", "sat", "taken", "given", "met", "seen", "read",
    "sent", "written", "held", "kept", "done", "made", "left", "run", "drawn", "driven", "flown", "bought", "caught",
    "shown", "taught", "found", "built", "hit", "fed", "born",
];

/// Whether a select counts all of its rows too.
fn counts_rows(select: &Select) -> bool {
    let of_all = |e: &Expr| {
        call(e, &["count"]).is_some_and(|f| f.over.is_none() && f.filter.is_none() && arguments(f).all(is_literal))
    };
    select.projection.iter().any(|item| match item {
        SelectItem::UnnamedExpr(e) | SelectItem::ExprWithAlias { expr: e, .. } => {
            super::expressions::any(e, &mut |e| of_all(e))
        }
        _ => false,
    })
}

/// An average, or least value, of what is described as null where it is 0.
fn average_of_zeros(view: &View<'_, '_>, id: usize, out: &mut Vec<Diagnostic>) {
    for piece in view.outline.pieces[view.outline.selects[id].pieces.clone()].iter().filter(|p| p.select == Some(id)) {
        let Expr::Function(function) = piece.expr else { continue };
        if !super::expressions::is_one_of(function, &["avg", "mean", "median", "min"]) || function.filter.is_some() {
            continue;
        }
        let Some(argument) = arguments(function).next().map(uncast) else { continue };
        let Some(name) = column(argument) else { continue };
        let at_source =
            || view.absent(id, argument).and_then(|c| view.said_of(c)).is_some_and(crate::check::said::null_is_zero);
        let here = super::promised::items(view).into_iter().any(|(_, e, alias)| {
            std::ptr::eq(super::sums::rounded(e), piece.expr)
                && super::promised::has(&super::promised::of_column(view.query, alias), &["as 0", "as zero", "count 0"])
        });
        if here && view.nullable(id, argument) == Some(true) || at_source() {
            let finding = Diagnostic::warning(
                "count-nullable",
                format!("`{}` leaves out the rows where `{}` is null", function.name, name.value),
            )
            .why("null stands for 0 there, as it is described")
            .next(format!("write `coalesce({}, 0)`", name.value));
            out.push(view.at(span(piece.expr), finding));
        }
    }
}

/// Whether what is counted is null only where a left join found nothing, and its rows are what `said` says: counting
/// `amount` of left joined offers counts the offers.
fn missing_as_meant<'a>(view: &View<'_, 'a>, select: usize, counted: &'a Expr, said: &[String]) -> bool {
    let Some(Origin::Node(id, name)) = view.outline.origin(select, counted) else { return false };
    let Some(node) = view.node(id) else { return false };
    let of_node = words(&node.name);
    let described = node.described.iter().flat_map(|d| &d.columns).find(|c| c.name.eq_ignore_ascii_case(name));
    let filled = described.is_some_and(|c| c.tests.iter().any(|t| t.name == "not_null"));
    filled && said.iter().any(|w| w.len() > 3 && of_node.contains(w))
}

/// Whether a column is null only where an outer join found nothing, and no name says that the rows it was to find
/// something for are counted.
fn finds_as_meant<'a>(view: &View<'_, 'a>, select: usize, counted: &'a Expr, said: &[String]) -> bool {
    let relations = &view.outline.selects[select].relations;
    if !view.relation(select, counted).is_some_and(|at| relations[at].outer) {
        return false;
    }
    let named = |r: usize| {
        let names = view.all_names_of(select, r);
        said.iter().any(|w| w.len() > 2 && names.iter().any(|n| n == w || near(n, w)))
    };
    view.nullable_in_row(select, counted) != Some(true)
        && !(0..relations.len()).any(|r| !relations[r].outer && named(r))
}

/// Whether a column is what an outer join is on: it is null only where that finds nothing, and counts what it finds.
fn joined_by(view: &View<'_, '_>, select: usize, counted: &Expr) -> bool {
    let part = &view.outline.selects[select];
    let Some(at) = view.relation(select, counted).filter(|at| part.relations[*at].outer) else { return false };
    let own = |e: &Expr| {
        let same = column(e).zip(column(counted)).is_some_and(|(a, b)| a.value.eq_ignore_ascii_case(&b.value));
        same && view.relation(select, e) == Some(at)
    };
    match part.relations[at].join.and_then(constraint) {
        Some(JoinConstraint::On(condition)) => super::expressions::any(condition, &mut |e| own(e)),
        _ => false,
    }
}

/// Whether a key is that of another table, which tests or a source say can be missing, and `said` is of the rows
/// themselves: `order_count` of orders, but not `logged_in_events` of events.
fn left_empty<'a>(view: &View<'_, 'a>, select: usize, key: &'a Expr, said: &[String]) -> bool {
    let Some(rows) = view.relation(select, key).map(|r| view.all_names_of(select, r)) else { return false };
    let counting =
        |w: &String| ["count", "cnt", "num", "number", "total", "n", "of", "row", "all"].contains(&w.as_str());
    let of_rows = |w: &String| rows.iter().any(|r| r.len() > 2 && (r == w || near(r, w))) || w == "txn";
    let Some(Origin::Node(id, _)) = view.outline.origin(select, key) else { return false };
    // `shipments_booked`, where each row has a `booked_at`.
    let nullable = view.query.known.get(&id).map(|known| &known.nullable);
    let of_all = |w: &String| {
        w.len() > 4
            && w.ends_with("ed")
            && nullable.into_iter().flatten().any(|(c, null)| !null && words(c).contains(w))
    };
    if !said.iter().all(|w| counting(w) || of_rows(w) || of_all(w)) || said.iter().all(of_all) {
        return false;
    }
    let outer = view.relation(select, key).is_some_and(|r| view.outline.selects[select].relations[r].outer);
    let joins_nothing = |n: &crate::dbt::Node| {
        n.kind == crate::dbt::Kind::Source
            || n.described.is_some()
            || n.name.starts_with("stg_")
            || n.name.starts_with("base_")
    };
    let said = || view.absent(select, key).is_some_and(|c| view.said_of(c).is_some());
    let untested =
        || view.seen(key).is_some_and(|c| c.unique == Some(false)) && view.node(id).is_some_and(joins_nothing);
    !outer && (said() || untested())
}

/// `count(*)` as the number of what a left join may not find: in the same select, or in the CTE that it reads.
fn count_of_missing(view: &View<'_, '_>, id: usize, out: &mut Vec<Diagnostic>) {
    let part = &view.outline.selects[id];
    let joins = match part.relations.as_slice() {
        [Reads { target: Target::Level(level), .. }] if part.select.selection.is_none() => {
            view.outline.levels[*level].select.filter(|s| {
                let inner = view.outline.selects[*s].select;
                let grouped = is_grouped(inner);
                !grouped && inner.distinct.is_none() && inner.qualify.is_none() && inner.selection.is_none()
            })
        }
        _ => Some(id),
    };
    let Some(joins) = joins else { return };
    let relations = &view.outline.selects[joins].relations;
    for (at, reads) in relations.iter().enumerate().filter(|(_, r)| r.outer) {
        count_of_missing_in(view, id, joins, (at, reads), out);
    }
}

/// The same of one that is outer joined.
fn count_of_missing_in(
    view: &View<'_, '_>,
    id: usize,
    joins: usize,
    (at, reads): (usize, &Reads<'_>),
    out: &mut Vec<Diagnostic>,
) {
    let part = &view.outline.selects[id];
    let relations = &view.outline.selects[joins].relations;
    let GroupByExpr::Expressions(groups, _) = &part.select.group_by else { return };
    let named = |n: u64| match part.select.projection.get(usize::try_from(n).ok()?.checked_sub(1)?)? {
        SelectItem::UnnamedExpr(e) | SelectItem::ExprWithAlias { expr: e, .. } => Some(e),
        _ => None,
    };
    let kept = |e: &Expr| {
        let e = whole_number(e).and_then(named).unwrap_or(e);
        if joins == id {
            return view.relation(id, e).is_some_and(|r| r != at);
        }
        let step = column(e).and_then(|c| view.outline.step(id, 0, &c.value));
        matches!(step, Some(Step::Expr(inner, s)) if s == joins && view.relation(s, inner).is_some_and(|r| r != at))
    };
    if groups.is_empty() || !groups.iter().all(kept) {
        return;
    }
    for item in &part.select.projection {
        let SelectItem::ExprWithAlias { expr, alias } = item else { continue };
        let Some(function) = call(expr, &["count"]) else { continue };
        if function.over.is_some() || function.filter.is_some() || !arguments(function).all(is_literal) {
            continue;
        }
        // Of several names the other side has one too: then its rows may be what is counted.
        let named = |w: &String, r: usize| view.all_names_of(joins, r).contains(w);
        let of_it = |w: &String| {
            w.len() > 3 && w != "count" && named(w, at) && !(0..relations.len()).any(|r| r != at && named(w, r))
        };
        if words(&alias.value).iter().any(of_it) {
            let finding =
                Diagnostic::warning("count-nullable", format!("a row without `{}` counts as one", reads.alias))
                    .why(format!(
                        "`{}` is left joined: where it has no row there is still one of the other side",
                        reads.alias
                    ))
                    .next(format!("count a column of `{}` that is never null: its key", reads.alias));
            let finding = view.at(span(expr), finding);
            // That the join repeats the other side is no fault of what counts the joined.
            out.retain(|f| f.code != "fan-out" || f.place.as_ref().map(start) != finding.place.as_ref().map(start));
            out.push(finding);
        }
    }
}

/// An average of what can be missing, called one for each row: `fee_per_order` is not of the orders without a fee.
fn average_of_some(view: &View<'_, '_>, id: usize, out: &mut Vec<Diagnostic>) {
    let part = &view.outline.selects[id];
    let counted: Vec<String> = part
        .select
        .projection
        .iter()
        .filter_map(|item| match item {
            SelectItem::ExprWithAlias { expr, alias } => {
                let f = call(expr, &["count"])?;
                arguments(f).all(is_literal).then(|| words(&alias.value))
            }
            _ => None,
        })
        .flatten()
        .collect();
    for item in &part.select.projection {
        let SelectItem::ExprWithAlias { expr, alias } = item else { continue };
        let Some(function) = call(super::sums::rounded(expr), &["avg", "mean"]).filter(|f| f.over.is_none()) else {
            continue;
        };
        let Some(argument) = arguments(function).next().map(uncast).filter(|a| column(a).is_some()) else { continue };
        let said = words(&alias.value);
        // The average of ratios is of ratios.
        if column(argument).is_some_and(|c| words(&c.value).iter().any(|w| w == "per")) {
            continue;
        }
        let Some(unit) = said.iter().position(|w| w == "per").and_then(|i| said.get(i + 1)) else { continue };
        let of_rows = counted.contains(unit) || view.all_names_of(id, 0).contains(unit) && part.relations.len() == 1;
        // A total of what has none is no row that is left out.
        let of_rows = of_rows && !is_total(view, id, argument);
        if function.filter.is_none() && of_rows && view.nullable(id, argument) == Some(true) {
            let name = column(argument).map_or("it", |c| &c.value);
            let finding = Diagnostic::warning(
                "count-nullable",
                format!("the average leaves out the rows where `{name}` is null"),
            )
            .why(format!("`{}` reads as if every {unit} were in it", alias.value))
            .next(format!("write `avg(coalesce({name}, 0))`, or say in the name of which it is"));
            out.push(view.at(span(expr), finding));
        }
    }
}

/// Whether a column is an aggregate of a CTE, and no outer join on the way can have found none.
fn is_total(view: &View<'_, '_>, mut select: usize, column_of: &Expr) -> bool {
    let mut expr = column_of;
    for _ in 0..8 {
        let (Some(name), Some(relation)) = (column(uncast(expr)), view.relation(select, uncast(expr))) else { break };
        if view.outline.selects[select].relations[relation].outer {
            return false;
        }
        match view.outline.step(select, relation, &name.value) {
            Some(Step::Expr(inner, at)) => (expr, select) = (inner, at),
            _ => return false,
        }
    }
    super::expressions::any(expr, &mut super::expressions::is_aggregate)
}

fn uncast(expr: &Expr) -> &Expr {
    match bare(expr) {
        Expr::Cast { expr, .. } => uncast(expr),
        other => other,
    }
}
