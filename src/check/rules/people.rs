//! The same people counted in each of several parts, and the counts added up: by `+`, or over a union.

use sqlparser::ast::{BinaryOperator, Expr, SelectItem};

use super::expressions::{any, arguments, bare, call, column, conjuncts, text, words};
use super::look::{View, span};
use super::outline::{Origin, Target};
use super::promised::{has, line, plain};
use super::sums::{counted, groups, is_of_people, is_when, rounded};
use crate::dbt::NodeId;
use crate::sql::ColumnType;
use crate::vocabulary::{DataType, Diagnostic};

/// Ways in which the same people come. Parts of others, as new and returning ones, may well be apart.
const CHANNELS: &[&str] = &[
    "web",
    "app",
    "mobile",
    "desktop",
    "online",
    "offline",
    "store",
    "email",
    "sms",
    "push",
    "phone",
    "chat",
    "social",
    "search",
    "ios",
    "android",
    "site",
    "kiosk",
    "retail",
    "partner",
    "channel",
    "call",
    "walkin",
    "newsletter",
];

/// Sums of what is described as the number of different ones in a day or hour, over groups that leave that time.
fn described_added(view: &View<'_, '_>, out: &mut Vec<Diagnostic>) {
    const DIFFERENT: &[&str] = &["distinct", "unique", "different", "deduplicated"];
    const TIMES: &[&str] = &["day", "hour", "week", "month", "date", "daily", "hourly", "weekly", "monthly"];
    for (id, part) in view.outline.selects.iter().enumerate() {
        for item in &part.select.projection {
            let SelectItem::ExprWithAlias { expr, alias } = item else { continue };
            let sum = call(rounded(expr), &["sum"]).filter(|f| f.over.is_none() && f.filter.is_none());
            let Some(of) = sum.and_then(|f| arguments(f).next()).filter(|e| column(e).is_some()) else { continue };
            let Some(Origin::Node(node, name)) = view.outline.origin(id, of) else { continue };
            let said = described(view, node, name);
            if !said.iter().any(|t| has(t, DIFFERENT) && has(t, TIMES)) {
                continue;
            }
            // `user_days` are no users.
            let of_days = words(&alias.value).last().is_some_and(|w| is_when(w));
            let kept = groups(part.select).unwrap_or_default().into_iter().any(|g| is_time(view, id, g));
            let picked = part.select.selection.iter().flat_map(|f| conjuncts(f)).any(|c| {
                matches!(c, Expr::BinaryOp { left, op: BinaryOperator::Eq, right } if is_time(view, id, left) || is_time(view, id, right))
            });
            if of_days || kept || picked {
                continue;
            }
            let finding = Diagnostic::warning(
                "distinct-counts-added",
                "whoever is in several of the groups is counted several times",
            )
            .why(format!(
                "`{name}` is described as the number of different ones, and distinct counts can't be added up"
            ))
            .next("count distinct over the rows themselves, at the grain that is wanted");
            out.push(view.at(span(expr), finding));
        }
    }
}

/// What is said of a column of a node, and further up of the one of the same name.
fn described(view: &View<'_, '_>, node: NodeId, name: &str) -> Vec<String> {
    let columns = line(view, node).into_iter().flat_map(|n| n.described.iter()).flat_map(|d| &d.columns);
    columns.filter(|c| c.name.eq_ignore_ascii_case(name)).map(|c| plain(&c.description)).collect()
}

/// Whether an expression is a column that says when, as it is.
fn is_time(view: &View<'_, '_>, select: usize, expr: &Expr) -> bool {
    let moment =
        |ty: &ColumnType| matches!(ty, ColumnType::Known(DataType::Date | DataType::Timestamp | DataType::TimestampTz));
    column(expr).is_some_and(|c| is_when(&c.value))
        && view.relation(select, expr).is_some()
        && (moment(&view.column_type(expr)) || matches!(view.outline.origin(select, expr), Some(Origin::Node(..))))
}

pub(super) fn parts_added(view: &View<'_, '_>, out: &mut Vec<Diagnostic>) {
    described_added(view, out);
    for (id, part) in view.outline.selects.iter().enumerate() {
        for item in &part.select.projection {
            let SelectItem::ExprWithAlias { expr, alias } = item else { continue };
            if !is_of_different(&alias.value) || !(is_sum_of_parts(view, id, expr) || is_over_union(view, id, expr)) {
                continue;
            }
            let finding = Diagnostic::warning(
                "distinct-counts-added",
                "whoever is in several of the parts is counted several times",
            )
            .why("distinct counts can't be added up")
            .next("put the rows together with `union all`, and count distinct over all of them");
            out.push(view.at(span(expr), finding));
        }
    }
}

/// Whether a name says that each is counted once.
pub(super) fn is_of_different(name: &str) -> bool {
    words(name).iter().any(|w| matches!(w.as_str(), "distinct" | "unique" | "uniq"))
}

/// Whether an expression adds up counts of the same people in different channels.
fn is_sum_of_parts<'a>(view: &View<'_, 'a>, select: usize, expr: &'a Expr) -> bool {
    let (mut rest, mut parts) = (rounded(expr), Vec::new());
    while let Expr::BinaryOp { left, op: BinaryOperator::Plus, right } = bare(rest) {
        parts.push(rounded(right));
        rest = rounded(left);
    }
    parts.push(rest);
    let of = |e: &&'a Expr| {
        let Some(Origin::Expr(inner, _)) = view.outline.origin(select, e) else { return None };
        let of = counted(inner).filter(|c| is_of_people(c))?;
        let mut named = words(&column(e)?.value);
        named.extend(view.names_of(select, view.relation(select, e)?));
        named.iter().any(|w| CHANNELS.contains(&w.as_str())).then(|| of.to_ascii_lowercase())
    };
    let of: Option<Vec<String>> = parts.iter().map(of).collect();
    of.is_some_and(|of| of.len() > 1 && of.iter().all(|c| *c == of[0]))
}

/// Whether an expression adds up counts of people over a union of channels.
fn is_over_union(view: &View<'_, '_>, select: usize, expr: &Expr) -> bool {
    let Some(of) = call(rounded(expr), &["sum"]).and_then(|f| super::expressions::arguments(f).next()) else {
        return false;
    };
    let (Some(name), Some(relation)) = (column(of), view.relation(select, of)) else { return false };
    let Target::Level(level) = view.outline.selects[select].relations[relation].target else { return false };
    let sides = &view.outline.levels[level].sides;
    let counts = |side: &usize| {
        let items = &view.outline.selects[*side].select.projection;
        items.iter().any(|item| match item {
            SelectItem::ExprWithAlias { expr, alias } => {
                alias.value.eq_ignore_ascii_case(&name.value)
                    && counted(rounded(expr)).is_some_and(|c| is_of_people(&c))
            }
            _ => false,
        })
    };
    let of_channel = |side: &usize| {
        let part = &view.outline.selects[*side];
        let is_one = |w: &String| CHANNELS.contains(&w.as_str());
        let named = (0..part.relations.len()).any(|r| view.all_names_of(*side, r).iter().any(is_one));
        let asked =
            part.select.selection.iter().any(|f| any(f, &mut |e| text(e).is_some_and(|t| words(t).iter().any(is_one))));
        named || asked
    };
    sides.len() > 1 && sides.iter().all(|s| counts(s) && of_channel(s))
}
