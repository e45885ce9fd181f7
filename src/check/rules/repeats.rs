//! Rows that a join repeats: totals of which several rows meet the same one, and tables with several versions of each
//! row. What is added up behind a join the resolver tells.

use sqlparser::ast::{BinaryOperator, Expr, JoinConstraint, SelectItem, SelectItemQualifiedWildcardKind};
use sqlparser::tokenizer::Location;

use super::Query;
use super::expressions::{
    any, arguments, call, column, conjuncts, is_aggregate, is_distinct, is_grouped, is_one_of, words,
};
use super::look::{View, span, start};
use super::outline::{Clause, Origin, Reads, Step, Target, constraint};
use super::sums::rounded;
use crate::sql::Fact;
use crate::vocabulary::Diagnostic;

pub(super) fn fan_out(query: &Query<'_>, out: &mut Vec<Diagnostic>) {
    let view = query.full();
    for fact in &view.resolved.facts.noted {
        if let Fact::Counted { at, of } = fact {
            counted_as_meant(&view, *at, of, out);
        }
    }
    // Whoever groups by what repeats the rows, and says so, means each of them.
    if super::promised::has(&super::promised::of_model(query), UNDER_EACH) {
        out.retain(|f| f.code != "fan-out");
        return;
    }
    totals_repeated(query, out);
    counted_as_one(&query.full(), out);
    if !out.iter().any(|f| f.code == "fan-out") {
        counted_with_many(&query.full(), out);
    }
    // The resolver tells what is added up behind a join.
    if !out.iter().any(|f| f.code == "fan-out") {
        every_version(&query.full(), out);
        super::ranges::unbounded(&query.full(), out);
    }
    if !out.iter().any(|f| f.code == "fan-out") {
        super::overlaid::totals_of_part(&query.full(), out);
    }
}

/// How a text says that a total is given for each of several things that it belongs to.
const UNDER_EACH: &[&str] = &[
    "under each of",
    "counts under each",
    "count under each",
    "counted under each",
    "counts in each",
    "counted in each",
];

/// Rows that a join repeats are counted, and called by what is not repeated: `count(*) as order_count` of customers and
/// their orders.
fn counted_as_meant(view: &View<'_, '_>, at: Location, single: &[usize], out: &mut Vec<Diagnostic>) {
    for (id, part) in view.outline.selects.iter().enumerate() {
        let mut items = part.select.projection.iter();
        let Some((expr, alias)) = items.find_map(|item| match item {
            SelectItem::ExprWithAlias { expr, alias } if span(expr).start == at => Some((expr, alias)),
            _ => None,
        }) else {
            continue;
        };
        let called = words(&alias.value);
        let of = |r: usize| view.all_names_of(id, r).iter().any(|w| w.len() > 2 && w != "count" && called.contains(w));
        let named: Vec<usize> = (0..part.relations.len()).filter(|r| of(*r)).collect();
        if !named.is_empty() && named.iter().all(|r| single.contains(r)) {
            let place = view.place(span(expr));
            out.retain(|f| f.code != "fan-out" || f.place.as_ref().map(start) != Some(start(&place)));
        }
    }
}

/// Rows counted by the key of something else and called that: `count(order_id) as orders` where an order has several rows.
fn counted_as_one(view: &View<'_, '_>, out: &mut Vec<Diagnostic>) {
    for (id, part) in view.outline.selects.iter().enumerate() {
        for item in &part.select.projection {
            let SelectItem::ExprWithAlias { expr, alias } = item else { continue };
            let Some(count) = call(expr, &["count"]).filter(|f| !is_distinct(f) && f.over.is_none()) else { continue };
            let Some(key) = arguments(count).next().filter(|e| column(e).is_some() && count.filter.is_none()) else {
                continue;
            };
            let Some(subject) = column(key).and_then(|c| subject(&c.value)) else { continue };
            if !is_number_of(&alias.value, &subject) || !has_several(view, id, key, &subject) {
                continue;
            }
            let finding = Diagnostic::warning(
                "fan-out",
                format!(
                    "this counts rows, and `{}` has several of a {subject}",
                    view.outline.selects[id].relations[view.relation(id, key).unwrap_or(0)].alias
                ),
            )
            .why(format!("`{}` says that each {subject} is counted once", alias.value))
            .next(format!("`count(distinct {key})`, or call it what the rows are"));
            out.push(view.at(span(expr), finding));
        }
    }
}

/// What a key is of, in words: `order` for `order_id`.
fn subject(key: &str) -> Option<String> {
    let key = key.to_ascii_lowercase();
    ["_id", "_key", "_sk"].iter().find_map(|end| key.strip_suffix(end)).map(|s| words(s).join(" "))
}

/// Whether a name says that it is the number of these: `orders`, `order_count`, `n_orders`.
fn is_number_of(name: &str, subject: &str) -> bool {
    let mut left = words(name);
    let several = name.to_ascii_lowercase().ends_with('s');
    let before = left.len();
    left.retain(|w| !["n", "num", "number", "of", "total", "count", "cnt", "nb", "nr"].contains(&w.as_str()));
    left.join(" ") == subject && (several || left.len() < before)
}

/// Whether the rows of the relation that a key is of have a key of their own, and this one is that of another table: no
/// group, filter or join leaves one of each.
fn has_several(view: &View<'_, '_>, select: usize, key: &Expr, subject: &str) -> bool {
    let part = &view.outline.selects[select];
    let Some(name) = column(key) else { return false };
    let is_there = |id: &crate::dbt::NodeId| view.node(*id).is_some_and(|n| words(&n.name).join(" ").contains(subject));
    if view.seen(key).and_then(|c| c.unique) != Some(false) || !view.query.keyed.by(&name.value).iter().any(is_there) {
        return false;
    }
    let Some(Origin::Node(node, name)) = view.outline.origin(select, key) else { return false };
    let Some(node) = view.node(node) else { return false };
    let mut columns = node.described.iter().flat_map(|d| &d.columns);
    let own = columns.find(|c| c.tests.iter().any(|t| t.name == "unique")).map(|c| c.name.as_str());
    // The table of another thing, with a key that is not asked for here.
    let Some(own) = own.filter(|k| !k.eq_ignore_ascii_case(name)) else { return false };
    let pieces = view.outline.pieces[part.pieces.clone()].iter();
    let by_own = |e: &Expr| column(e).is_some_and(|c| c.value.eq_ignore_ascii_case(own));
    !pieces.filter(|p| p.clause == Clause::Group).any(|p| by_own(p.expr)) && is_whole(view, select, 0)
}

/// Whether all rows of a node come through to a select: nothing is filtered, numbered or grouped on the way, and joins
/// are on columns alone.
fn is_whole(view: &View<'_, '_>, select: usize, depth: usize) -> bool {
    let part = &view.outline.selects[select];
    let select = part.select;
    let grouped = is_grouped(select);
    let leaves_out =
        select.selection.as_ref().is_some_and(|f| conjuncts(f).into_iter().any(|c| !matches!(c, Expr::IsNotNull(_))));
    let picks = |r: &Reads<'_>| match r.join.and_then(constraint) {
        Some(JoinConstraint::On(on)) => conjuncts(on).into_iter().any(|c| !is_equality(c)),
        _ => false,
    };
    depth < 8
        && !leaves_out
        && !(grouped && depth > 0)
        && select.distinct.is_none()
        && select.qualify.is_none()
        && select.having.is_none()
        && !part.relations.iter().any(picks)
        && part.relations.iter().all(|r| match r.target {
            Target::Level(level) => {
                view.outline.levels[level].select.is_some_and(|inner| is_whole(view, inner, depth + 1))
            }
            Target::Node(_) => true,
            Target::Other => false,
        })
}

fn is_equality(condition: &Expr) -> bool {
    matches!(condition, Expr::BinaryOp { left, op: BinaryOperator::Eq, right } if column(left).is_some() && column(right).is_some())
}

/// Words of tables of which one version is meant.
const OF_VERSIONS: &[&str] =
    &["rate", "price", "fx", "exchange", "snapshot", "history", "hist", "scd", "version", "conversion"];

/// A table of prices, rates or versions, joined without saying of when.
fn every_version(view: &View<'_, '_>, out: &mut Vec<Diagnostic>) {
    let facts = &view.resolved.facts.noted;
    for (id, part) in view.outline.selects.iter().enumerate() {
        for (at, reads) in part.relations.iter().enumerate() {
            let by = facts.iter().find_map(|f| match f {
                Fact::Versions { at, by, named } if *at == reads.span.start => Some((by, *named)),
                _ => None,
            });
            let Some((by, named)) = by else { continue };
            if !named && !view.names_of(id, at).iter().any(|w| OF_VERSIONS.contains(&w.as_str()))
                || is_told(view, id, at, by)
            {
                continue;
            }
            let columns = by.join("`, `");
            let finding = Diagnostic::warning("fan-out", format!("all versions of `{}` are joined", reads.alias))
                .why(format!("it has one row for each `{columns}`, which nothing here is held against: each row is repeated for every one"))
                .next("join the version of the time that is meant, or the current one");
            out.push(view.at(reads.span, finding));
        }
    }
}

/// Whether a select says which versions of a relation it has, or has one for each row whatever they are.
pub(super) fn is_told(view: &View<'_, '_>, select: usize, at: usize, by: &[String]) -> bool {
    let part = &view.outline.selects[select];
    let pieces = &view.outline.pieces[part.pieces.clone()];
    let is_by = |e: &Expr| column(e).is_some_and(|c| by.iter().any(|b| c.value.eq_ignore_ascii_case(b)));
    let numbered = |e: &Expr| call(e, &["row_number", "rank", "dense_rank", "first_value", "last_value"]).is_some();
    if part.select.distinct.is_some()
        || part.select.qualify.is_some()
        || pieces.iter().any(|p| is_by(p.expr) || numbered(p.expr))
        || part.select.projection.iter().any(|item| passes(item, &part.relations[at].alias))
    {
        return true;
    }
    let mut aggregates = pieces.iter().filter(|p| is_aggregate(p.expr)).peekable();
    let of_others = |p: &super::outline::Piece<'_>| {
        call(p.expr, &["sum", "avg", "count"]).is_some_and(|f| {
            !is_distinct(f)
                && arguments(f)
                    .any(|a| any(a, &mut |e| column(e).is_some() && view.relation(select, e).is_some_and(|r| r != at)))
        })
    };
    let grouped = is_grouped(part.select);
    (grouped || aggregates.peek().is_some()) && !aggregates.any(of_others)
}

/// Whether an item of a list has all columns of a relation.
fn passes(item: &SelectItem, alias: &str) -> bool {
    match item {
        SelectItem::Wildcard(_) => true,
        SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(name), _) => {
            name.0.last().and_then(|p| p.as_ident()).is_none_or(|i| i.value.eq_ignore_ascii_case(alias))
        }
        _ => false,
    }
}

/// Totals by a key, joined to a table that has the key many times, and added up again. What a join repeats on its left
/// side the resolver tells.
fn totals_repeated(query: &Query<'_>, out: &mut Vec<Diagnostic>) {
    let view = query.full();
    totals_looked_up(&view, out);
    let repeated: Vec<Location> = view
        .resolved
        .facts
        .noted
        .iter()
        .filter_map(|f| if let Fact::Repeated { at } = f { Some(*at) } else { None })
        .collect();
    if repeated.is_empty() {
        return;
    }
    for piece in &view.outline.pieces {
        let (Expr::Function(function), Some(select)) = (piece.expr, piece.select) else { continue };
        if !is_one_of(function, &["sum", "avg"]) || function.over.is_some() || is_distinct(function) {
            continue;
        }
        let Some(argument) = arguments(function).next() else { continue };
        if let Some(reads) = repeated_total(&view, select, argument, &repeated) {
            let finding =
                Diagnostic::warning("fan-out", format!("`{}` takes in values that the join repeats", function.name))
                    .why(format!(
                        "`{}` holds totals, and several rows of what it is joined to meet the same one",
                        reads.alias
                    ))
                    .next("aggregate both sides to the same key before the join");
            let finding = view.at(span(piece.expr), finding);
            let there = |f: &Diagnostic| f.place.as_ref().map(|p| (p.file.clone(), p.line, p.column));
            if !out.iter().any(|f| f.code == "fan-out" && there(f) == there(&finding)) {
                out.push(finding);
            }
        }
    }
}

/// Totals of something that many rows of another model look up, added up over those rows.
fn totals_looked_up(view: &View<'_, '_>, out: &mut Vec<Diagnostic>) {
    if view.query.told.values().all(|t| t.totals.is_empty()) {
        return;
    }
    for (at, piece) in view.outline.pieces.iter().enumerate() {
        let (Some(sum), Some(select)) = (call(piece.expr, &["sum"]), piece.select) else { continue };
        let Some(of) = arguments(sum).next().map(rounded).filter(|e| column(e).is_some()) else { continue };
        if sum.over.is_some() || sum.filter.is_some() || is_distinct(sum) || out.iter().any(|f| f.code == "fan-out") {
            continue;
        }
        // Divided by how many there are it is what each has.
        let divided = |e: &Expr| matches!(e, Expr::BinaryOp { op: BinaryOperator::Divide, right, .. } if any(right, &mut is_aggregate));
        if view.outline.around(at).any(divided) {
            continue;
        }
        let Some(Origin::Node(id, name)) = view.outline.origin(select, of) else { continue };
        let name = name.to_ascii_lowercase();
        let is_total = view.query.told.get(&id).is_some_and(|t| t.totals.contains(&name));
        let by =
            view.query.known.get(&id).and_then(|known| known.repeated.get(&name)).filter(|f| f.looked_up && is_total);
        // What each of a list costs is added up as often as it is taken.
        let of_event = |f: &&crate::sql::FanOut| {
            const LISTS: &[&str] = &[
                "product",
                "item",
                "sku",
                "plan",
                "part",
                "material",
                "ingredient",
                "service",
                "tariff",
                "rate",
                "resource",
                "recipe",
                "dish",
                "menu",
                "variant",
                "article",
            ];
            let of = f.on.first().filter(|_| f.on.len() == 1).and_then(|key| subject(key)).unwrap_or_default();
            let said = words(&name);
            !of.is_empty() && of.split(' ').all(|w| said.iter().any(|s| s == w) && !LISTS.contains(&w))
        };
        let Some(by) = by.filter(of_event).filter(|_| is_whole(view, select, 0)) else { continue };
        let part = &view.outline.selects[select];
        let of_row = |p: &super::outline::Piece<'_>| {
            p.clause == Clause::Group
                && column(p.expr).is_some_and(|c| by.keys.iter().flatten().any(|k| c.value.eq_ignore_ascii_case(k)))
        };
        if view.outline.pieces[part.pieces.clone()].iter().any(of_row) {
            continue;
        }
        let (keys, on) = (by.keys.first().into_iter().flatten().cloned(), by.on.iter().cloned());
        let (keys, on) = (keys.collect::<Vec<_>>().join("`, `"), on.collect::<Vec<_>>().join("`, `"));
        let finding = Diagnostic::warning("fan-out", format!("`{name}` is added once for each `{keys}`"))
            .why(format!("it is a total for each `{on}`, of which there are several rows"))
            .next(format!("take one of each `{on}` before adding them up"));
        out.push(view.at(span(piece.expr), finding));
    }
}

/// Rows that are counted and called by what is joined to several of another: `count(*) as meals` of meals and their
/// ingredients, of which a text says that there are many.
fn counted_with_many(view: &View<'_, '_>, out: &mut Vec<Diagnostic>) {
    for (id, part) in view.outline.selects.iter().enumerate() {
        let [first, joined] = part.relations.as_slice() else { continue };
        let Some(JoinConstraint::On(on)) = joined.join.and_then(constraint) else { continue };
        let held: Vec<(&Expr, &Expr)> = conjuncts(on)
            .into_iter()
            .filter_map(|c| match c {
                Expr::BinaryOp { left, op: BinaryOperator::Eq, right } => Some((left.as_ref(), right.as_ref())),
                _ => None,
            })
            .collect();
        let of = |at: usize| {
            let sides = held.iter().flat_map(|(a, b)| [*a, *b]).filter(|e| view.relation(id, e) == Some(at));
            sides
                .filter_map(|e| column(e))
                .map(super::expressions::lower)
                .collect::<std::collections::BTreeSet<String>>()
        };
        let (ours, theirs) = (of(0), of(1));
        let keys = super::ranges::keys_of(view, joined.target);
        let wider = !keys.is_empty() && keys.iter().all(|k| theirs.is_subset(k) && theirs.len() < k.len());
        let own = super::ranges::keys_of(view, first.target);
        let alone = own.iter().any(|k| k.len() == 1 && !k.is_subset(&ours));
        if !wider || !alone || held.len() != conjuncts(on).len() || !says_many(view, joined.target) {
            continue;
        }
        let names = view.all_names_of(id, 0);
        let counted = part.select.projection.iter().find_map(|item| match item {
            SelectItem::ExprWithAlias { expr, alias } => {
                let count =
                    call(expr, &["count"]).filter(|f| f.over.is_none() && f.filter.is_none() && !is_distinct(f))?;
                let all =
                    arguments(count).all(|e| super::expressions::is_literal(e) || view.relation(id, e) == Some(0));
                let called = words(&alias.value).into_iter().rev().find(|w| w != "count" && w != "cnt")?;
                (all && called.len() > 2 && names.contains(&called)).then_some(expr)
            }
            _ => None,
        });
        if let Some(count) = counted {
            let finding = Diagnostic::warning("fan-out", "`count(*)` counts rows that the join repeats")
                .why(format!("`{}` is described as having many of each, and each takes the row again", joined.alias))
                .next(format!(
                    "ask whether there is one, `where exists (…)`, or count the key of `{}` once",
                    first.alias
                ));
            out.push(view.at(span(count), finding));
        }
    }
}

/// Whether a text says of what a relation is read from that there are many rows for each of something.
fn says_many(view: &View<'_, '_>, mut target: Target) -> bool {
    for _ in 0..8 {
        match target {
            Target::Node(id) => {
                let many = ["many per", "several per", "multiple per", "many for each", "several for each"];
                let texts = super::promised::line(view, id).into_iter().flat_map(super::promised::told);
                return texts.into_iter().any(|t| super::promised::has(&t, &many));
            }
            Target::Level(level) => {
                let Some(select) = view.outline.levels[level].select else { return false };
                let [only] = view.outline.selects[select].relations.as_slice() else { return false };
                target = only.target;
            }
            Target::Other => return false,
        }
    }
    false
}

/// The relation of totals that an expression is a total of, where a join repeats it: here, or in the CTE that passes it
/// on row by row.
fn repeated_total<'v>(
    view: &'v View<'_, '_>,
    mut select: usize,
    mut expr: &'v Expr,
    repeated: &[Location],
) -> Option<&'v Reads<'v>> {
    for _ in 0..8 {
        expr = rounded(expr);
        let name = column(expr)?;
        let relation = view.relation(select, expr)?;
        let reads = &view.outline.selects[select].relations[relation];
        let of_total = |o| matches!(o, Origin::Expr(inner, _) if call(rounded(inner), &["sum", "count"]).is_some_and(|f| f.over.is_none()));
        if repeated.contains(&reads.span.start) && view.outline.origin(select, expr).is_some_and(of_total) {
            return Some(reads);
        }
        match view.outline.step(select, relation, &name.value)? {
            Step::Expr(inner, at) => {
                let part = view.outline.selects[at].select;
                let plain = !is_grouped(part) && part.distinct.is_none() && part.qualify.is_none();
                (expr, select) = (inner, Some(at).filter(|_| plain)?);
            }
            Step::Same(..) | Step::Node(_) => return None,
        }
    }
    None
}
