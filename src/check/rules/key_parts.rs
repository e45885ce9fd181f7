//! Keys that are made of, picked by, or numbered by other columns than tell the rows apart.

use std::collections::BTreeSet;

use sqlparser::ast::{BinaryOperator, Distinct, Expr, SelectItem};

use super::expressions::{
    any, call, column, conjuncts, is_aggregate, is_grouped, is_named, is_one_of, lower, whole_number, window, words,
};
use super::grain::{
    MERGED, Said, VERSIONS, base, finding, is_asked, is_free, is_id, is_tested, item, last, leaves_many, list,
};
use super::incremental::first_column;
use super::look::{View, span};
use super::mixed::is_time;
use super::outline::{Origin, Target};
use super::reruns::cuts;
use crate::dbt::NodeId;
use crate::sql::ColumnType;
use crate::vocabulary::{DataType, Diagnostic};

/// A hash of some of the columns by which the rows are told apart.
pub(super) fn hashed(view: &View<'_, '_>, said: &Said) -> Option<Diagnostic> {
    let select = last(view)?;
    let part = &view.outline.selects[select];
    let (key, [reads, joined @ ..]) =
        (said.columns.first().filter(|_| said.columns.len() == 1)?, part.relations.as_slice())
    else {
        return None;
    };
    let plain = !is_grouped(part.select)
        && part.select.qualify.is_none()
        && part.select.distinct.is_none()
        && part.select.selection.is_none();
    let expr = item(view, select, key).filter(|e| plain && column(e).is_none())?;
    let parts = made_of(expr, &|e| joined.is_empty() || view.relation(select, e) == Some(0))?;
    let (id, _) = base(view, reads.target).filter(|(_, whole)| *whole)?;
    let keys = super::ranges::keys_of(view, reads.target);
    let short = |k: &&BTreeSet<String>| parts.is_subset(k) && parts.len() < k.len();
    let lacks = |k: &&BTreeSet<String>| lacks_time(view, &parts, k) || lacks_parent(&parts, k);
    let several = keys.iter().find(short).or_else(|| keys.iter().find(lacks))?;
    if keys.iter().any(|k| k.is_subset(&parts)) || !is_tested(view, id, several, 0) {
        return None;
    }
    let without = several.difference(&parts).cloned().collect::<BTreeSet<String>>();
    let what = format!("`{key}` leaves out `{}`", list(&without));
    let next = format!("make it of all of ({}), by which the rows are told apart", list(several));
    Some(finding(view, said, span(expr), what, next))
}

/// The columns that a value is made of; none where it is made of none, of chance, of other rows, or of columns that are
/// not `own`.
fn made_of(expr: &Expr, own: &dyn Fn(&Expr) -> bool) -> Option<BTreeSet<String>> {
    let (mut parts, mut sure) = (BTreeSet::new(), true);
    any(expr, &mut |e| {
        sure &= match e {
            Expr::Function(f) => f.over.is_none() && !is_chance(f),
            Expr::Subquery(_) => false,
            e => column(e).is_none() || own(e),
        };
        parts.extend(column(e).map(lower));
        false
    });
    (sure && !parts.is_empty()).then_some(parts)
}

/// A hash that leaves out the day or month by which the rows are grouped too, and that the model is said to have rows for.
pub(super) fn hashed_group(view: &View<'_, '_>, said: &Said) -> Option<Diagnostic> {
    let select = last(view)?;
    let part = &view.outline.selects[select];
    let key = said.columns.first().filter(|_| said.columns.len() == 1 && is_grouped(part.select))?;
    let expr = item(view, select, key).filter(|e| column(e).is_none() && !any(e, &mut is_aggregate))?;
    let parts = made_of(expr, &|_| true)?;
    let told = [super::promised::of_model(view.query), super::promised::of_column(view.query, key)];
    let left_out = super::sums::groups(part.select)?.into_iter().find_map(|g| {
        let name = column(g).map(lower)?;
        let made = item(view, select, &name).filter(|e| cuts(e))?;
        let within = any(made, &mut |e| column(e).is_some_and(|c| parts.contains(&lower(c))));
        let called = words(&name)
            .into_iter()
            .find(|w| ["day", "date", "week", "month", "hour", "year"].contains(&w.as_str()))?;
        let is_told = told.iter().any(|t| super::promised::has(t, &[called.as_str()]));
        (!within && !parts.contains(&name) && is_told).then_some(name)
    })?;
    let what = format!("`{key}` leaves out `{left_out}`");
    let next = "make it of all that the rows are grouped by".to_owned();
    Some(finding(view, said, span(expr), what, next))
}

/// Rows of one key told apart by the day or month of each of its rows too.
pub(super) fn of_times(view: &View<'_, '_>, said: &Said) -> Option<Diagnostic> {
    // What is decided once for each thing.
    const ONCE: &[&str] = &[
        "created",
        "registered",
        "signup",
        "signed",
        "born",
        "birth",
        "joined",
        "first",
        "since",
        "opened",
        "started",
    ];
    let select = last(view)?;
    let part = &view.outline.selects[select];
    let distinct = matches!(part.select.distinct, Some(Distinct::Distinct));
    let key = said.columns.first().filter(|_| said.columns.len() == 1 && (distinct || is_grouped(part.select)))?;
    let made = view.query.resolved.keys.iter().find(|k| said.columns.is_subset(k) && k.len() == 2)?;
    let time = made.difference(&said.columns).next()?;
    let expr = item(view, select, time).filter(|e| cuts(e) && part.select.qualify.is_none())?;
    let moment = first_column(expr).and_then(|e| view.outline.origin(select, e));
    let (Some(Origin::Node(of, moment)), Some(Origin::Node(node, own))) =
        (moment, view.outline.origin(select, item(view, select, key)?))
    else {
        return None;
    };
    let own = own.to_ascii_lowercase();
    let keys = view.query.known.get(&node).map(|r| r.keys.as_slice()).unwrap_or_default();
    let alone = keys.iter().any(|k| k.len() == 1 && k.contains(&own));
    let of_key = words(moment).iter().any(|w| words(key).contains(w));
    let once = words(moment).iter().any(|w| ONCE.contains(&w.as_str())) && !is_of_rows(view, node, moment);
    // What rows are merged by is for another check.
    let merged = said.by.starts_with("it is merged");
    if merged || of != node || keys.is_empty() || alone || of_key || once || is_asked(view, time) {
        return None;
    }
    let what = format!("the rows are told apart by `{time}` too");
    let next = format!("take `{time}` out, or say that there is a row for each ({})", list(made));
    Some(finding(view, said, span(expr), what, next))
}

/// Whether a moment is called by what the rows of a node are: `ticket_opened_at` of tickets, or the only one that they have.
fn is_of_rows(view: &View<'_, '_>, node: NodeId, moment: &str) -> bool {
    let columns = view.query.known.get(&node).map(|r| r.columns.as_slice()).unwrap_or_default();
    let moments = columns.iter().filter(|c| c.0.ends_with("_at") || c.0.ends_with("_on") || c.0.ends_with("_date"));
    moments.count() == 1 || view.node(node).is_some_and(|n| words(&n.name).iter().any(|w| words(moment).contains(w)))
}

/// Whether a hash has all of a key but the day that the model is said to have a row for, and beside it nothing that
/// tells rows apart over days.
fn lacks_time(view: &View<'_, '_>, parts: &BTreeSet<String>, key: &BTreeSet<String>) -> bool {
    let mut lacking = key.difference(parts);
    let (Some(time), None) = (lacking.next(), lacking.next()) else { return false };
    let told = super::promised::of_model(view.query);
    let called = super::promised::plain(time);
    is_time(time)
        && key.len() > 1
        && super::promised::has(&told, &[called.trim()])
        && !parts
            .difference(key)
            .any(|c| is_id(c) || is_time(c) || VERSIONS.iter().any(|v| words(c).iter().any(|w| w == v)))
}

/// Whether a hash has a part of a key that is a number or place within something, and not the key of that: beside it only
/// what says of which kind a row is.
fn lacks_parent(parts: &BTreeSet<String>, key: &BTreeSet<String>) -> bool {
    const TELLS: &[&str] =
        &["no", "number", "nr", "seq", "serial", "hash", "guid", "uuid", "ref", "reference", "email", "url"];
    let kind = |c: &String| {
        let tells = words(c).iter().any(|w| TELLS.contains(&w.as_str()) || VERSIONS.contains(&w.as_str()));
        !is_id(c) && !is_time(c) && !tells
    };
    !parts.is_disjoint(key) && key.difference(parts).all(|c| is_id(c)) && parts.difference(key).all(kind)
}

/// One row that is kept of each part of a key, where the others of the whole key are said to be there too.
pub(super) fn picked(view: &View<'_, '_>, said: &Said) -> Option<Diagnostic> {
    let known = view.query.resolved.keys.iter().find(|k| k.is_subset(&said.columns) && k.len() < said.columns.len())?;
    let mut more = said.columns.difference(known);
    let (Some(more), None) = (more.next(), more.next()) else { return None };
    let select = last(view)?;
    let names = |list: &[Expr]| list.iter().map(|e| column(e).map(lower)).collect::<Option<BTreeSet<String>>>();
    let at = view.outline.selects.iter().find_map(|part| match &part.select.distinct {
        Some(Distinct::On(list)) if names(list).as_ref() == Some(known) => Some(part.select.select_token.0.span),
        _ => None,
    });
    let numbered = || {
        view.outline.pieces.iter().find_map(|p| match p.expr {
            Expr::Function(f)
                if is_named(f, "row_number") && names(&window(f)?.partition_by).as_ref() == Some(known) =>
            {
                Some(span(p.expr))
            }
            _ => None,
        })
    };
    let at = at.or_else(numbered)?;
    let subject: Vec<String> = words(more)
        .into_iter()
        .filter(|w| !["id", "no", "number", "key", "code", "nr"].contains(&w.as_str()))
        .collect();
    let told = super::promised::of_model(view.query);
    let is_told = !subject.is_empty() && super::promised::has(&told, &[subject.join(" ").as_str()]);
    let key = Said { columns: known.clone(), by: said.by };
    if !is_told || !is_free(view, select, &key, more) {
        return None;
    }
    let what = format!("one row is kept for each ({}), whatever its `{more}`", list(known));
    let next =
        format!("keep one for each ({}), or say that there is one for each ({})", list(&said.columns), list(known));
    Some(finding(view, said, at, what, next))
}

/// All rows of a first place that several share: `rank() … = 1`.
pub(super) fn ranked(view: &View<'_, '_>, said: &Said) -> Option<Diagnostic> {
    for piece in &view.outline.pieces {
        let (Expr::Function(function), Some(select)) = (piece.expr, piece.select) else { continue };
        let Some(spec) = window(function).filter(|_| is_one_of(function, &["rank", "dense_rank"])) else { continue };
        let names = |list: &mut dyn Iterator<Item = &Expr>| {
            list.map(|e| column(e).map(lower)).collect::<Option<BTreeSet<String>>>()
        };
        let Some(by) = names(&mut spec.partition_by.iter()).filter(|by| *by == said.columns) else { continue };
        let by_days = !spec.order_by.is_empty() && spec.order_by.iter().all(|o| cuts(&o.expr));
        let order = names(&mut spec.order_by.iter().map(|o| &o.expr));
        let Some(order) = order.or_else(|| by_days.then(BTreeSet::new)) else { continue };
        let [reads] = view.outline.selects[select].relations.as_slice() else { continue };
        let keys = super::ranges::keys_of(view, reads.target);
        let mut told: BTreeSet<String> = by.union(&order).cloned().collect();
        // A hash of columns tells as much as they do.
        for made in by.union(&order).filter_map(|name| item(view, select, name)) {
            any(made, &mut |e| {
                told.extend(column(e).map(lower));
                false
            });
        }
        // A key of its own alone says nothing of what else tells the rows apart, such as years; moments do not.
        let by_moments = by_days || spec.order_by.iter().all(|o| is_moment(view, &o.expr));
        let alone = |k: &BTreeSet<String>| by_moments && k.len() == 1 && !k.is_subset(&by);
        let apart = keys.iter().any(|k| alone(k) || by.is_subset(k) && by.len() < k.len());
        if !apart || keys.iter().any(|k| k.is_subset(&told)) || !is_first(view, piece.expr) {
            continue;
        }
        let what = format!("`{}` gives the first place to all that are equal", function.name);
        let next = "number them with `row_number()`, and order by what tells them apart too".to_owned();
        return Some(finding(view, said, span(piece.expr), what, next));
    }
    None
}

fn is_moment(view: &View<'_, '_>, expr: &Expr) -> bool {
    matches!(view.column_type(expr), ColumnType::Known(DataType::Timestamp | DataType::TimestampTz))
}

/// All rows of a greatest moment that several share: a table joined to `max(updated_at)` of itself.
pub(super) fn rejoined(view: &View<'_, '_>, said: &Said) -> Option<Diagnostic> {
    let select = last(view)?;
    let part = &view.outline.selects[select];
    let [a, b] = part.relations.as_slice() else { return None };
    if is_grouped(part.select) || part.select.qualify.is_some() || part.select.distinct.is_some() {
        return None;
    }
    let on: Vec<&Expr> = part.relations.iter().filter_map(super::ranges::on).flat_map(conjuncts).collect();
    [(0, a, b), (1, b, a)].into_iter().find_map(|(at, rows, greatest)| {
        let (Target::Level(level), (id, _)) = (greatest.target, base(view, rows.target)?) else { return None };
        let inner = view.outline.levels[level].select?;
        let [of] = view.outline.selects[inner].relations.as_slice() else { return None };
        let groups = super::sums::groups(view.outline.selects[inner].select)?;
        let groups = groups.iter().map(|e| column(e).map(lower)).collect::<Option<BTreeSet<String>>>()?;
        if base(view, of.target)?.0 != id || groups != said.columns {
            return None;
        }
        // The column that is held against the greatest one.
        let held = on.iter().find_map(|c| {
            let Expr::BinaryOp { left, op: BinaryOperator::Eq, right } = c else { return None };
            [(left, right), (right, left)].into_iter().find_map(|(own, other)| {
                let ends = item(view, inner, &lower(column(other)?)).and_then(|e| call(e, &["max", "min"]));
                let own = column(own)
                    .filter(|_| ends.is_some() && is_moment(view, own) && view.relation(select, own) == Some(at))?;
                Some((lower(own), span(c)))
            })
        });
        let (held, place) = held?;
        let keys = super::ranges::keys_of(view, rows.target);
        let told: BTreeSet<String> = groups.iter().cloned().chain([held.clone()]).collect();
        if keys.is_empty() || keys.iter().any(|k| k.is_subset(&told)) {
            return None;
        }
        let what = format!("all rows of the greatest `{held}` are kept, and several can share it");
        let next = "number them with `row_number()`, and order by what tells them apart too".to_owned();
        Some(finding(view, said, place, what, next))
    })
}

/// Whether a condition keeps what a call or the column that it is given as has 1 for.
fn is_first(view: &View<'_, '_>, call: &Expr) -> bool {
    let alias = super::clock::alias_of(view, call);
    view.outline.selects.iter().flat_map(|p| p.select.selection.iter().chain(&p.select.qualify)).any(|f| {
        super::expressions::conjuncts(f).into_iter().any(|c| match c {
            Expr::BinaryOp { left, op: BinaryOperator::Eq, right } if whole_number(right) == Some(1) => {
                left.as_ref() == call || column(left).is_some_and(|n| alias.as_deref() == Some(lower(n).as_str()))
            }
            _ => false,
        })
    })
}

/// A group of the rows without what the key is: a description says that it is null in some.
pub(super) fn of_none(view: &View<'_, '_>, keys: &[Said]) -> Option<Diagnostic> {
    let select = last(view)?;
    let part = &view.outline.selects[select];
    let described = view.query.node.described.as_ref()?;
    if !is_grouped(part.select) || part.select.having.is_some() || part.select.qualify.is_some() {
        return None;
    }
    let filled = described.columns.iter().filter(|c| crate::check::said::is_filled(c)).map(|c| c.name.to_lowercase());
    let alone = keys.iter().filter(|s| s.columns.len() == 1).flat_map(|s| s.columns.iter().cloned());
    filled.chain(alone).find_map(|name| {
        let expr = item(view, select, &name).filter(|e| column(e).is_some())?;
        let said = view.absent(select, expr).and_then(|c| view.said_of(c))?;
        let finding = Diagnostic::warning("grain-differs", format!("the rows without `{name}` are a row of their own"))
            .why(format!(
                "it is described as `{}`, and the model is said to have a row for each `{name}`",
                super::lost::brief(said)
            ))
            .next(format!("leave them out: `where {name} is not null`, or give them a name"));
        Some(view.at(span(expr), finding))
    })
}

/// Whether a value is the day or month of something that happens, in a table that has a key of its own beside what is said
/// to be one row: `date_trunc('month', opened_at)` of tickets, for each customer.
pub(super) fn is_period_of_event(view: &View<'_, '_>, select: usize, said: &Said, expr: &Expr) -> bool {
    const ONCE: &[&str] =
        &["birth", "born", "signup", "signed", "registered", "joined", "since", "first", "last", "hired"];
    let Some(moment) = first_column(expr).filter(|_| cuts(expr) && !any(expr, &mut is_aggregate)) else { return false };
    let Some(Origin::Node(node, own)) = view.outline.origin(select, moment) else { return false };
    // What rows are merged by is for another check.
    let alone = said.columns.len() == 1 && said.by != MERGED;
    let Some(key) = said.columns.first().filter(|_| alone) else { return false };
    let of_key = match item(view, select, key).and_then(|e| view.outline.origin(select, e)) {
        Some(Origin::Node(of, name)) if of == node => name.to_ascii_lowercase(),
        _ => return false,
    };
    let named = words(own);
    let of_event = view.query.known.get(&node).is_some_and(|known| {
        let by_one = |key: &&BTreeSet<String>| key.len() == 1;
        known.keys.iter().any(|k| by_one(&k)) && !known.keys.iter().filter(by_one).any(|k| k.contains(&of_key))
    });
    is_id(&of_key)
        && of_event
        && !named.iter().any(|w| ONCE.contains(&w.as_str()))
        && !words(&of_key).iter().any(|w| w != "id" && named.contains(w))
}

/// A number given to the rows as they come, or an aggregate of each, of which alone a test says that it is unique: that says
/// nothing of what a row is.
pub(super) fn numbered(view: &View<'_, '_>, keys: &[Said]) -> Option<Diagnostic> {
    let select = last(view)?;
    let (tested, told): (Vec<&Said>, Vec<&Said>) = keys.iter().partition(|s| s.by == "a test says");
    let as_they_come = |said: &&Said| {
        let [name] = said.columns.iter().collect::<Vec<_>>()[..] else { return None };
        let given = item(view, select, name)?;
        let number = match view.outline.origin(select, given) {
            Some(Origin::Expr(inner, _)) => inner,
            _ => given,
        };
        let Expr::Function(f) = number else { return None };
        let over_all = is_named(f, "row_number") && window(f).is_some_and(|w| w.partition_by.is_empty());
        let why = match over_all {
            true => "numbers the rows as they come, so it is unique whatever they are",
            false if is_aggregate(number) && f.over.is_none() => {
                "is worked out for each row, and says nothing of what a row is"
            }
            false => return None,
        };
        Some((name.clone(), given, why))
    };
    let numbered = tested.iter().map(as_they_come).collect::<Option<Vec<_>>>()?;
    let (name, number, why) = numbered.first()?;
    let said = told.iter().find(|s| s.by == "the description says").map(|s| &s.columns);
    let made = || view.query.resolved.keys.iter().filter(|k| !k.contains(name)).min_by_key(|k| k.len());
    let grain = said.or_else(made).filter(|g| !g.is_empty() && !g.contains(name))?;
    let constrained = view.query.node.described.as_ref().is_some_and(|d| d.constrained);
    if constrained || !super::is_mart(view.query.node) {
        return None;
    }
    let grain = list(grain);
    let finding = Diagnostic::warning("grain-untested", format!("no test says one row for each ({grain})"))
        .why(format!("`{name}` {why}"))
        .next(format!("test ({grain}) with `dbt_utils.unique_combination_of_columns`"));
    Some(view.at(span(number), finding))
}

fn is_chance(function: &sqlparser::ast::Function) -> bool {
    ["random", "rand", "uuid", "uuid_string", "generate_uuid", "gen_random_uuid", "nextval"]
        .iter()
        .any(|n| is_named(function, n))
}

/// What a key has beside what tells the rows apart, of where they came from.
const LOADS: &[&str] =
    &["source", "relation", "file", "batch", "load", "loaded", "sync", "synced", "extract", "tenant", "dlt"];

/// Rows that are passed on as they are, of a table that a test says has several of each.
pub(super) fn passed(view: &View<'_, '_>, said: &Said) -> Option<Diagnostic> {
    let select = last(view)?;
    let part = &view.outline.selects[select];
    let [reads] = part.relations.as_slice() else { return None };
    let plain = !is_grouped(part.select) && part.select.qualify.is_none() && part.select.distinct.is_none();
    let keys = super::ranges::keys_of(view, reads.target);
    if !plain || keys.iter().any(|k| k.is_subset(&said.columns)) {
        return None;
    }
    let of_more = |k: &&BTreeSet<String>| {
        let tells = |c: &String| {
            let is = |list: &[&str]| words(c).iter().any(|w| list.contains(&w.as_str()));
            (is(VERSIONS) || is(&["code", "type", "name", "no", "number", "line"]) || is_id(c) || is_time(c))
                && !is(LOADS)
        };
        said.columns.is_subset(k) && k.len() == said.columns.len() + 1 && k.difference(&said.columns).all(tells)
    };
    let several = keys.iter().find(of_more)?;
    let star = part.select.projection.iter().any(|i| matches!(i, SelectItem::Wildcard(_)));
    let same = |c: &String| match item(view, select, c) {
        Some(e) => column(e).is_some_and(|own| lower(own) == *c),
        None => star || part.select.projection.is_empty(),
    };
    let (id, whole) = base(view, reads.target)?;
    if !whole || !said.columns.iter().all(same) || !leaves_many(part.select) || !is_tested(view, id, several, 0) {
        return None;
    }
    let what = format!("`{}` has a row for each ({})", reads.alias, list(several));
    let next = "keep one of each, as with `row_number()`, or say what there is a row for".to_owned();
    Some(finding(view, said, reads.span, what, next))
}
