//! Aggregates that give the value of one row of several: whether anything says which.

use sqlparser::ast::{
    AccessExpr, Expr, Function, FunctionArgumentClause, FunctionArguments, GroupByExpr, SelectItem, Subscript,
};

use super::expressions::{arguments, bare, call, column, is_named, is_one_of, lower, same_column, whole_number};
use super::look::View;
use super::outline::{Reads, Target};
use super::windows::{is_day, of_load};
use crate::sql::ColumnType;
use crate::vocabulary::DataType;

/// Aggregates that give the value of whatever row they meet.
const ANY: &[&str] = &["any_value", "arbitrary", "first", "any"];

/// Whether an aggregate picks one of several values, and the groups do not say that they are all the same.
pub(super) fn picks_any(view: &View<'_, '_>, select: usize, function: &Function) -> bool {
    let FunctionArguments::List(list) = &function.args else { return false };
    let ordered = list
        .clauses
        .iter()
        .any(|c| matches!(c, FunctionArgumentClause::OrderBy(_) | FunctionArgumentClause::Having(_)));
    if function.over.is_some() || ordered || !function.within_group.is_empty() {
        return false;
    }
    if is_named(function, "array_agg") {
        return list
            .clauses
            .iter()
            .any(|c| matches!(c, FunctionArgumentClause::Limit(l) if whole_number(l) == Some(1)));
    }
    let Some(argument) = arguments(function).next().filter(|_| is_one_of(function, ANY)) else { return false };
    let (Some(name), Some(seen)) = (column(argument), view.seen(argument)) else { return false };
    let part = view.outline.selects[select].select;
    let GroupByExpr::Expressions(groups, _) = &part.group_by else { return false };
    // Beside the moment of the last version it is to be of that one.
    if !groups.is_empty()
        && part.projection.iter().any(of_last_version)
        && !groups.iter().any(|g| same_column(g, argument))
    {
        return true;
    }
    // Whoever takes any value of many columns says that a group has one of each.
    let any_of = |item: &&SelectItem| match item {
        SelectItem::UnnamedExpr(Expr::Function(f)) | SelectItem::ExprWithAlias { expr: Expr::Function(f), .. } => {
            is_one_of(f, ANY)
        }
        _ => false,
    };
    if part.projection.iter().filter(any_of).count() >= 3 {
        return false;
    }
    // Of a table whose key is known: of others nobody can tell that a group has several values.
    if groups.is_empty() || seen.unique.is_none() || view.outline.selects[select].relations.len() != 1 {
        return false;
    }
    // `any_value(user_name)` of each `user_id` is of the user.
    let mine = super::expressions::words(&name.value);
    let of_it = |e: &Expr| {
        let known = view.seen(e).is_some_and(|c| c.unique == Some(true));
        let subject = |w: &String| !["id", "key", "name", "date", "at"].contains(&w.as_str());
        known
            || column(e)
                .is_none_or(|c| super::expressions::words(&c.value).iter().any(|w| subject(w) && mine.contains(w)))
    };
    !groups.iter().any(of_it) && !is_decided(view, select, argument, groups)
}

/// Whether a join in the model that is read repeats a value for what is grouped by, so that a group has one.
fn is_decided(view: &View<'_, '_>, select: usize, of: &Expr, groups: &[Expr]) -> bool {
    let Some(relation) = view.relation(select, of) else { return false };
    let Target::Node(id) = view.outline.selects[select].relations[relation].target else { return false };
    let Some(name) = column(of).map(lower) else { return false };
    let repeated = view.query.known.get(&id).and_then(|known| known.repeated.get(&name));
    let grouped = |c: &String| groups.iter().any(|g| column(g).is_some_and(|g| lower(g) == *c));
    repeated.is_some_and(|f| !f.looked_up && !f.on.is_empty() && f.on.iter().all(grouped))
}

fn is_moment(view: &View<'_, '_>, by: &Expr) -> bool {
    use DataType::{Timestamp, TimestampTz};
    matches!(view.column_type(by), ColumnType::Known(Timestamp | TimestampTz))
}

/// Whether it is said of a table that several of its rows can have the same in a column: `several share updated_at`.
fn is_told_to_tie(view: &View<'_, '_>, select: usize, by: &Expr) -> bool {
    const SAME: &[&str] = &["same", "equal", "identical", "share", "shares", "sharing"];
    let Some(relation) = view.relation(select, by) else { return false };
    let Target::Node(id) = view.outline.selects[select].relations[relation].target else { return false };
    const MOMENTS: &[&str] = &[
        "same second",
        "same moment",
        "same instant",
        "same minute",
        "same millisecond",
        "same timestamp",
        "same time",
    ];
    let moment = is_moment(view, by) && !of_load(by);
    let Some(by) = column(by).map(lower) else { return false };
    let name = super::promised::plain(&by);
    // A minute is long enough for two.
    let coarse = |c: &crate::dbt::DescribedColumn| {
        let said = super::promised::plain(&c.description);
        c.name.eq_ignore_ascii_case(&by) && super::promised::has(&said, &["to the minute", "to the hour"])
    };
    let told = |text: &str| {
        let text = super::promised::plain(text);
        // Of `a`, `the`, `exact` in between.
        let same = |at: usize| text[..at].split_whitespace().rev().take(2).any(|w| SAME.contains(&w));
        let tied = text.match_indices(&name).any(|(at, _)| same(at));
        (tied || moment && super::promised::has(&text, MOMENTS))
            && super::promised::has(&text, &["several", "two", "many", "multiple", "can", "may", "share", "shares"])
    };
    let described = super::promised::line(view, id).into_iter().flat_map(|n| n.described.iter());
    described.into_iter().any(|d| told(&d.description) || d.columns.iter().any(|c| told(&c.description) || coarse(c)))
}

/// The list without an order of which an expression takes the first element, where a group can have several rows.
pub(super) fn first_of_list<'e>(view: &View<'_, '_>, select: usize, expr: &'e Expr) -> Option<&'e Function> {
    const LISTS: &[&str] = &["array_agg", "list", "collect_list", "array_collect"];
    let first = |e: &Expr| match bare(e) {
        Expr::Function(f) => {
            is_one_of(f, &["offset", "safe_offset", "ordinal", "safe_ordinal"])
                && arguments(f).next().is_some_and(|n| matches!(whole_number(n), Some(0 | 1)))
        }
        e => matches!(whole_number(e), Some(0 | 1)),
    };
    let list = match bare(expr) {
        Expr::CompoundFieldAccess { root, access_chain } => match access_chain.as_slice() {
            [AccessExpr::Subscript(Subscript::Index { index })] if first(index) => call(root, LISTS)?,
            _ => return None,
        },
        Expr::Function(f) if is_one_of(f, &["element_at", "get", "list_extract", "try_element_at"]) => {
            let mut parts = arguments(f);
            let list = parts.next().and_then(|e| call(e, LISTS))?;
            parts.next().filter(|e| first(e)).map(|_| list)?
        }
        Expr::Function(f) if is_one_of(f, &["array_first", "list_first", "first"]) => {
            arguments(f).next().and_then(|e| call(e, LISTS))?
        }
        _ => return None,
    };
    let FunctionArguments::List(args) = &list.args else { return None };
    let part = &view.outline.selects[select];
    let groups = super::sums::groups(part.select)?;
    // What is read may be in an order that most engines keep.
    let ordered = |r: &Reads<'_>| match r.target {
        Target::Level(level) => view.outline.levels[level].query.order_by.is_some(),
        _ => false,
    };
    let one_each = groups
        .iter()
        .any(|g| view.seen(g).is_some_and(|c| c.unique == Some(true)) || arguments(list).any(|a| same_column(a, g)));
    let chance = args.clauses.is_empty()
        && args.duplicate_treatment.is_none()
        && list.within_group.is_empty()
        && list.over.is_none()
        && part.select.having.is_none()
        && !one_each
        && !part.relations.iter().any(ordered);
    chance.then_some(list)
}

/// Whether an item is when the last version of a row was made: `max(updated_at)`.
fn of_last_version(item: &SelectItem) -> bool {
    let (SelectItem::UnnamedExpr(e) | SelectItem::ExprWithAlias { expr: e, .. }) = item else { return false };
    let greatest = call(e, &["max"]).and_then(|f| arguments(f).next()).and_then(column).map(lower);
    greatest.is_some_and(|n| {
        ["updated", "modified", "changed", "valid_from", "effective", "version"].iter().any(|w| n.contains(w))
    })
}

/// The aggregate that takes the value of the last or first day, of rows of which a group can have several on one day, or
/// of a moment that several are said to share.
pub(super) fn last_of_days<'e>(view: &View<'_, '_>, select: usize, expr: &'e Expr) -> Option<&'e Function> {
    let (function, order): (&Function, Vec<&Expr>) = match bare(expr) {
        Expr::Function(f) if is_one_of(f, &["max_by", "min_by", "arg_max", "arg_min"]) && f.over.is_none() => {
            (f, arguments(f).skip(1).take(1).collect())
        }
        Expr::CompoundFieldAccess { root, .. } => {
            let list = call(root, &["array_agg", "list"])?;
            let FunctionArguments::List(args) = &list.args else { return None };
            let [FunctionArgumentClause::OrderBy(by), ..] = args.clauses.as_slice() else { return None };
            (list, by.iter().map(|o| &o.expr).collect())
        }
        _ => return None,
    };
    let part = &view.outline.selects[select];
    let ([reads], Some(groups)) = (part.relations.as_slice(), super::sums::groups(part.select)) else { return None };
    let by_day = |e: &&Expr| {
        let version = column(e).is_some_and(|c| crate::sql::begins_version(&lower(c)));
        let daily = view.is_of(select, e, &["daily", "day", "weekly", "monthly", "spine", "spined"]);
        is_day(view, e) && !version && !daily && !of_load(e) || is_told_to_tie(view, select, e)
    };
    let names: Vec<String> = groups.iter().chain(&order).filter_map(|e| column(e).map(lower)).collect();
    let keys = super::ranges::keys_of(view, reads.target);
    let told = keys.iter().any(|k| k.iter().all(|c| names.contains(c)));
    let known = !groups.is_empty() && groups.iter().all(|g| column(g).is_some());
    (known && !order.is_empty() && order.iter().all(by_day) && !keys.is_empty() && !told).then_some(function)
}
