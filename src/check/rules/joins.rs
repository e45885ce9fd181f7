//! Joins that repeat, lose or multiply rows.

use sqlparser::ast::{BinaryOperator, Expr, JoinConstraint, JoinOperator, SelectItem};

use super::expressions::{any, bare, call, column, conjuncts, same_column};
use super::look::{View, span};
use super::outline::{Reads, Target, constraint};
use super::{Family, Look, Query, Rule};
use crate::sql::Fact;
use crate::vocabulary::{Diagnostic, Severity};

pub(super) const RULES: &[Rule] = &[
    Rule {
        code: "fan-out",
        family: Family::Wrong,
        severity: Severity::Warning,
        summary: "an aggregate over rows that a join repeats",
        look: Look::Query(super::repeats::fan_out),
    },
    Rule {
        code: "cartesian-join",
        family: Family::Wrong,
        severity: Severity::Error,
        summary: "a join whose condition does not tie the two sides together",
        look: Look::Query(cartesian_join),
    },
    Rule {
        code: "left-join-undone",
        family: Family::Wrong,
        severity: Severity::Warning,
        summary: "a left join that a later condition turns into an inner one",
        look: Look::Query(super::undone::left_join_undone),
    },
    Rule {
        code: "full-join-key",
        family: Family::Wrong,
        severity: Severity::Warning,
        summary: "the key of one side of a full join, null where only the other has a row",
        look: Look::Query(full_join_key),
    },
    Rule {
        code: "or-in-join",
        family: Family::Dear,
        severity: Severity::Warning,
        summary: "a join on `or`, which compares every row with every other",
        look: Look::Query(or_in_join),
    },
];

fn cartesian_join(query: &Query<'_>, out: &mut Vec<Diagnostic>) {
    let view = query.full();
    for (id, part) in view.outline.selects.iter().enumerate() {
        let multiplies = |r: &Reads<'_>| r.target != Target::Other && !view.outline.one_row(r.target);
        let first_many = part.relations.first().is_some_and(multiplies);
        for (at, reads) in part.relations.iter().enumerate().skip(1) {
            if !multiplies(reads) || !first_many {
                continue;
            }
            let shared = view.resolved.facts.noted.iter().find_map(|f| match f {
                Fact::Untied { at, shared } if *at == reads.span.start => shared.as_ref(),
                _ => None,
            });
            let what = match reads.join {
                None if reads.comma => match ties(&view, id, part.select.selection.iter(), at) {
                    Some(false) => format!("nothing ties `{}` to what stands before the comma", reads.alias),
                    _ => continue,
                },
                Some(
                    JoinOperator::Join(c) | JoinOperator::Inner(c) | JoinOperator::Left(c) | JoinOperator::LeftOuter(c),
                ) => match c {
                    JoinConstraint::None if ties(&view, id, part.select.selection.iter(), at) == Some(false) => {
                        format!("`{}` is joined without a condition", reads.alias)
                    }
                    // Written so it is a cross join.
                    JoinConstraint::On(on)
                        if !any(on, &mut |e| column(e).is_some())
                            && part.relations[..at].iter().all(|r| r.target != reads.target) =>
                    {
                        match (shared, tied(&view, id, part.select.selection.iter(), at)) {
                            (Some(key), Some(false)) => {
                                format!("`{}` has the key `{key}` too, and meets every row", reads.alias)
                            }
                            _ => continue,
                        }
                    }
                    JoinConstraint::On(on)
                        if shared.is_some()
                            && tied(&view, id, std::iter::once(on).chain(&part.select.selection), at)
                                == Some(false) =>
                    {
                        format!("the condition does not tie `{}` to the other side", reads.alias)
                    }
                    JoinConstraint::On(on)
                        if ties(&view, id, std::iter::once(on).chain(&part.select.selection), at) == Some(false) =>
                    {
                        format!("the condition does not tie `{}` to the other side", reads.alias)
                    }
                    _ => continue,
                },
                // All pairs are meant where the sides have nothing in common, or are the same.
                Some(JoinOperator::CrossJoin(_)) if part.relations[..at].iter().all(|r| r.target != reads.target) => {
                    match (shared, tied(&view, id, part.select.selection.iter(), at)) {
                        (Some(key), Some(false)) => {
                            format!("`{}` has the key `{key}` too, and meets every row", reads.alias)
                        }
                        (None, Some(false)) if totals_alike(&view, id, at) => {
                            format!("each group has the total of all rows of `{}`", reads.alias)
                        }
                        _ => continue,
                    }
                }
                _ => continue,
            };
            // A condition of its own may be all that is meant: every month of a calendar, for each row.
            let meant = matches!(reads.join.and_then(constraint), Some(JoinConstraint::On(_)));
            let said = if meant { Diagnostic::warning } else { Diagnostic::error };
            let finding = said("cartesian-join", what)
                .why("every row of one side meets every row of the other")
                .next("name the columns that belong together, or write `cross join` where all pairs are meant");
            out.push(view.at(reads.span, finding));
        }
    }
    super::ranges::partly_tied(&view, out);
    super::by_time::by_time_alone(&view, out);
    super::ranges::or_missing(&view, out);
    super::ranges::default_too(&view, out);
    super::ranges::on_part_of_moment(&view, out);
    after_the_end(&view, out);
    or_untied(&view, out);
    super::overlaid::spans_by_or(&view, out);
    super::overlaid::lists_crossed(&view, out);
}

/// Whether all that is added up in a select is of one relation, and all that it is grouped by is of others.
fn totals_alike(view: &View<'_, '_>, select: usize, at: usize) -> bool {
    let part = &view.outline.selects[select];
    let Some(groups) = super::sums::groups(part.select) else { return false };
    let of = |e: &Expr, is: bool| column(e).is_some() && view.relation(select, e).is_some_and(|r| (r == at) == is);
    let mut added = Vec::new();
    let items = part.select.projection.iter().filter_map(|item| match item {
        SelectItem::UnnamedExpr(e) | SelectItem::ExprWithAlias { expr: e, .. } => Some(e),
        _ => None,
    });
    // The greatest of all is a moment that all are held against.
    for item in items.filter(|e| any(e, &mut |e| call(e, &["sum", "count", "avg"]).is_some())) {
        any(item, &mut |e| {
            added.extend(column(e).map(|_| of(e, true)));
            false
        });
    }
    !groups.is_empty()
        && groups.iter().all(|g| of(g, false))
        && !added.is_empty()
        && added.into_iter().all(|own| own)
        && part.select.having.is_none()
}

/// Days that are held against when something starts and not against when it ends: each meets all days after that too.
fn after_the_end(view: &View<'_, '_>, out: &mut Vec<Diagnostic>) {
    for (id, part) in view.outline.selects.iter().enumerate() {
        for (at, reads) in part.relations.iter().enumerate().skip(1) {
            let Some(on) = super::ranges::on(reads) else { continue };
            let conditions: Vec<&Expr> =
                conjuncts(on).into_iter().chain(part.select.selection.iter().flat_map(conjuncts)).collect();
            let met = conditions.iter().flat_map(|c| super::ranges::bounds(view, id, c)).find_map(|b| {
                let (relation, from) = &b.by;
                if !b.lower || (b.of.0 != at && *relation != at) || !is_of_days(view, id, &b.of) {
                    return None;
                }
                // Another end may be held against the days in another way.
                let bounded = conditions.iter().any(|c| {
                    let of = |relation: usize, but: Option<&String>| {
                        any(c, &mut |e| {
                            view.relation(id, e) == Some(relation)
                                && column(e).is_some_and(|n| but != Some(&n.value.to_lowercase()))
                        })
                    };
                    of(b.of.0, None) && of(*relation, Some(from))
                });
                let columns = super::ranges::columns_of(view, part.relations[*relation].target);
                let end = columns.into_iter().find(|c| !bounded && is_end_of(from, c))?;
                let told = super::repeats::is_told(view, id, *relation, std::slice::from_ref(&end));
                (!told).then(|| (part.relations[*relation].alias.clone(), from.clone(), end))
            });
            let Some((alias, from, end)) = met else { continue };
            let finding =
                Diagnostic::warning("cartesian-join", format!("`{alias}` meets the days after its `{end}` too"))
                    .why(format!(
                        "only `{from}` is held against the days, so what has ended goes on to the last of them"
                    ))
                    .next(format!("hold `{end}` against them too, with what stands there for what has not ended"));
            out.push(view.at(reads.span, finding));
        }
    }
}

/// Whether the second of two names is when something ends that starts at the first.
fn is_end_of(from: &str, to: &str) -> bool {
    let said = |name: &str, of: &[&str]| super::expressions::words(name).iter().any(|w| of.contains(&w.as_str()));
    super::units::is_span(from, to)
        && said(from, &["start", "started", "begin"])
        && said(to, &["end", "ended", "finished"])
}

/// Whether a column is the day of a table of days: by its name, and as the key of it where one is known.
fn is_of_days(view: &View<'_, '_>, select: usize, (relation, name): &(usize, String)) -> bool {
    const DAYS: &[&str] = &["calendar", "day", "date", "spine", "month", "week"];
    let keys = super::ranges::keys_of(view, view.outline.selects[select].relations[*relation].target);
    let named = view.all_names_of(select, *relation).iter().any(|w| DAYS.contains(&w.as_str()));
    named && super::mixed::is_time(name) && (keys.is_empty() || keys.iter().any(|k| k.len() == 1 && k.contains(name)))
}

/// `on a.id = b.id and a.day >= b.start or a.day < b.end`: whatever meets the part after `or` meets the rows of every id.
fn or_untied(view: &View<'_, '_>, out: &mut Vec<Diagnostic>) {
    for (id, part) in view.outline.selects.iter().enumerate() {
        for (at, reads) in part.relations.iter().enumerate().skip(1) {
            let Some(on) = super::ranges::on(reads) else { continue };
            let parts = super::expressions::alternatives(bare(on));
            let ties = |e: &Expr| {
                conjuncts(e).into_iter().any(|c| match bare(c) {
                    Expr::BinaryOp { left, op: BinaryOperator::Eq, right } => {
                        let sides = (view.relation(id, left), view.relation(id, right));
                        matches!(sides, (Some(a), Some(b)) if (a == at) != (b == at))
                    }
                    // What is not plain may tie them too.
                    Expr::BinaryOp { left, op, right } => {
                        !super::expressions::compares(op) || column(left).is_none() || column(right).is_none()
                    }
                    _ => true,
                })
            };
            let one_sided = |e: &&&Expr| match bare(e) {
                Expr::BinaryOp { left, op, right } if super::expressions::compares(op) => {
                    let pair = [(left, right), (right, left)];
                    pair.into_iter().any(|(a, b)| column(a).is_some() && super::expressions::is_literal(b))
                }
                _ => false,
            };
            if let Some(loose) =
                parts.iter().find(one_sided).filter(|_| parts.iter().any(|e| !one_sided(&e) && ties(e)))
                && !parts.iter().any(|e| matches!(bare(e), Expr::IsNull(_)))
            {
                let what = format!("what meets the part after `or` meets all of `{}`", reads.alias);
                let finding = Diagnostic::warning("cartesian-join", what)
                    .why("that part names one side alone, so it ties nothing to the other")
                    .next("add the equality to it, or ask for it in `where`");
                out.push(view.at(span(loose), finding));
                continue;
            }
            let chain = |e: &&Expr| matches!(e, Expr::BinaryOp { op: BinaryOperator::And, .. }) && ties(e);
            let loose = parts.iter().find(|e| !matches!(e, Expr::Nested(_)) && !ties(e));
            if let Some(loose) = loose.filter(|_| parts.iter().any(chain)) {
                let finding = Diagnostic::warning(
                    "cartesian-join",
                    format!("what meets the part after `or` meets all of `{}`", reads.alias),
                )
                .why("`and` binds first, so the equality before the `or` is not asked of it")
                .next("put brackets around what belongs to the `or`, or write `and`");
                out.push(view.at(span(loose), finding));
            }
        }
    }
}

/// Whether conditions have one that names both the relation at a place and an earlier one; none where that can't be
/// told.
fn ties<'e>(view: &View<'_, '_>, select: usize, conditions: impl Iterator<Item = &'e Expr>, at: usize) -> Option<bool> {
    let conditions: Vec<&Expr> = conditions.flat_map(conjuncts).collect();
    // `on true` and `on 1 = 1` are ways to write a cross join.
    let named = |e: &Expr| matches!(e, Expr::Identifier(_) | Expr::CompoundIdentifier(_));
    if conditions.iter().any(|c| !any(c, &mut |e| named(e))) {
        return Some(true);
    }
    tied(view, select, conditions.into_iter(), at)
}

/// The same, where a condition without columns says nothing.
fn tied<'e>(view: &View<'_, '_>, select: usize, conditions: impl Iterator<Item = &'e Expr>, at: usize) -> Option<bool> {
    let mut unsure = false;
    for condition in conditions.flat_map(conjuncts) {
        let (mut here, mut other) = (false, false);
        any(condition, &mut |e| {
            match e {
                Expr::Identifier(_) | Expr::CompoundIdentifier(_) => match view.relation(select, e) {
                    Some(r) if r == at => here = true,
                    Some(_) => other = true,
                    None => unsure = true,
                },
                Expr::Subquery(_) | Expr::Exists { .. } | Expr::InSubquery { .. } => unsure = true,
                _ => {}
            }
            false
        });
        if here && other {
            return Some(true);
        }
    }
    (!unsure).then_some(false)
}

fn full_join_key(query: &Query<'_>, out: &mut Vec<Diagnostic>) {
    let view = query.full();
    for (id, part) in view.outline.selects.iter().enumerate() {
        for reads in &part.relations {
            let Some(JoinOperator::FullOuter(JoinConstraint::On(on))) = reads.join else { continue };
            for condition in conjuncts(on) {
                let Expr::BinaryOp { left, op: BinaryOperator::Eq, right } = condition else { continue };
                if column(left).is_none() || column(right).is_none() {
                    continue;
                }
                for (mine, other) in [(left, right), (right, left)] {
                    let is = |e: &Expr, wanted: &Expr| {
                        same_column(e, wanted) && view.relation(id, e) == view.relation(id, wanted)
                    };
                    let plain = part.select.projection.iter().find_map(|item| match item {
                        SelectItem::UnnamedExpr(e) | SelectItem::ExprWithAlias { expr: e, .. } if is(e, mine) => {
                            Some(e)
                        }
                        _ => None,
                    });
                    let of_other = part.select.projection.iter().any(|item| match item {
                        SelectItem::UnnamedExpr(e) | SelectItem::ExprWithAlias { expr: e, .. } => {
                            any(e, &mut |e| is(e, other))
                        }
                        _ => true,
                    });
                    if let (Some(plain), false) = (plain, of_other) {
                        let finding = Diagnostic::warning(
                            "full-join-key",
                            "the key is null for rows that only the other side has",
                        )
                        .why("a full join keeps the rows of both sides")
                        .next(format!("write `coalesce({}, {})`", bare(mine), bare(other)));
                        out.push(view.at(span(plain), finding));
                    }
                }
            }
        }
    }
}

fn or_in_join(query: &Query<'_>, out: &mut Vec<Diagnostic>) {
    let view = query.full();
    for (id, part) in view.outline.selects.iter().enumerate() {
        for (at, reads) in part.relations.iter().enumerate() {
            let Some(JoinConstraint::On(on)) = reads.join.and_then(constraint) else { continue };
            let conditions = conjuncts(on);
            let ties = |e: &Expr| match bare(e) {
                Expr::BinaryOp { left, op: BinaryOperator::Eq, right } => {
                    let sides = (view.relation(id, left), view.relation(id, right));
                    matches!(sides, (Some(a), Some(b)) if (a == at) != (b == at))
                }
                _ => false,
            };
            if conditions.iter().any(|c| ties(c)) {
                continue;
            }
            let bad = conditions.into_iter().find(|c| {
                let parts = super::expressions::alternatives(bare(c));
                parts.len() > 1 && parts.iter().filter(|p| conjuncts(p).iter().any(|c| ties(c))).count() > 1
            });
            if let Some(bad) = bad {
                let finding = Diagnostic::warning("or-in-join", "the join compares every row with every other")
                    .why("no engine can hash or sort by `a = b or c = d`")
                    .next("join once for each condition, and take the first that was found, or `union` the two joins");
                out.push(view.at(span(bad), finding));
            }
        }
    }
}
