//! Joins that repeat, lose or multiply rows.

use sqlparser::ast::{BinaryOperator, Expr, JoinConstraint, JoinOperator, SelectItem};

use super::expressions::{any, bare, call, column, compares, conjuncts, same_column};
use super::look::{View, span};
use super::outline::{Origin, Reads, Step, Target, constraint};
use super::promised::{has, of_model};
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
        look: Look::Query(left_join_undone),
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
    super::ranges::or_missing(&view, out);
    super::ranges::default_too(&view, out);
    super::ranges::on_part_of_moment(&view, out);
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

fn left_join_undone(query: &Query<'_>, out: &mut Vec<Diagnostic>) {
    // A test looks for the rows that are wrong, often in what was joined.
    if query.node.kind == crate::dbt::Kind::Test {
        return;
    }
    let view = query.full();
    for (id, part) in view.outline.selects.iter().enumerate() {
        taken_back(&view, id, out);
        if !part.relations.iter().any(|r| r.outer) {
            undone_later(&view, id, out);
            undone_across(&view, id, out);
            continue;
        }
        let optional = |e: &Expr| {
            let mut found = None;
            let mut forgiving = false;
            any(e, &mut |e| {
                match e {
                    _ if forgives(e) => forgiving = true,
                    Expr::Identifier(_) | Expr::CompoundIdentifier(_) => {
                        let at = view.relation(id, e).filter(|at| part.relations[*at].outer);
                        found = found.or(at);
                    }
                    _ => {}
                }
                false
            });
            found.filter(|_| !forgiving)
        };
        let filters = part.select.selection.iter().flat_map(|f| conjuncts(f));
        for filter in filters {
            let Some(at) = held(filter).into_iter().find_map(optional) else { continue };
            if asked_for(&view, id, at) {
                continue;
            }
            let alias = &part.relations[at].alias;
            let finding = Diagnostic::warning(
                "left-join-undone",
                format!("this leaves out the rows without `{alias}`"),
            )
            .why(format!(
                "`{alias}` is outer joined: where it has no row its columns are null, and null meets no comparison"
            ))
            .next("put the condition into `on`, or join with `inner join` where that is meant");
            out.push(view.at(span(filter), finding));
        }
        for condition in part.select.qualify.iter().flat_map(|q| conjuncts(q)) {
            let sides = held(condition).into_iter().filter(|e| column(e).is_some());
            let Some(at) = sides.into_iter().find_map(optional) else { continue };
            let alias = &part.relations[at].alias;
            let finding =
                Diagnostic::warning("left-join-undone", format!("this leaves out the rows without `{alias}`"))
                    .why(format!(
                        "`{alias}` is outer joined: where it has no row its columns are null, and null equals nothing"
                    ))
                    .next("number the rows and keep the first, or let the null pass: `or … is null`");
            out.push(view.at(span(condition), finding));
        }
        for (at, reads) in part.relations.iter().enumerate() {
            let Some(JoinOperator::Join(c) | JoinOperator::Inner(c)) = reads.join else { continue };
            let JoinConstraint::On(on) = c else { continue };
            let undone = conjuncts(on).into_iter().find_map(|condition| {
                let Expr::BinaryOp { left, op: BinaryOperator::Eq, right } = condition else { return None };
                let sides = [left.as_ref(), right.as_ref()];
                let earlier = sides.into_iter().find_map(|s| {
                    column(s)?;
                    let r = view.relation(id, s)?;
                    let left_joined =
                        matches!(part.relations[r].join, Some(JoinOperator::Left(_) | JoinOperator::LeftOuter(_)));
                    (r < at && left_joined).then_some(r)
                })?;
                Some((condition, earlier))
            });
            if let Some((condition, earlier)) = undone {
                let alias = &part.relations[earlier].alias;
                let finding =
                    Diagnostic::warning("left-join-undone", format!("this leaves out the rows without `{alias}`"))
                        .why(format!("`{alias}` is left joined, and what is inner joined on its columns needs them"))
                        .next(format!("left join `{}` too, or inner join `{alias}`", reads.alias));
                out.push(view.at(span(condition), finding));
            }
        }
    }
}

/// An inner join on what a left join of the model before did not find, where rows without it are promised.
fn taken_back(view: &View<'_, '_>, id: usize, out: &mut Vec<Diagnostic>) {
    const ALL: &[&str] = &["all", "every", "each"];
    const EMPTY: &[&str] = &[
        "empty for",
        "empty if",
        "empty where",
        "empty when",
        "null for",
        "null if",
        "null where",
        "if any",
        "whether or not",
        "even without",
        "even if",
    ];
    let promises = |text: &str| has(text, ALL) && has(text, EMPTY);
    let part = &view.outline.selects[id];
    for reads in &part.relations {
        let Some(JoinOperator::Join(JoinConstraint::On(on)) | JoinOperator::Inner(JoinConstraint::On(on))) = reads.join
        else {
            continue;
        };
        for condition in conjuncts(on) {
            let Expr::BinaryOp { left, op: BinaryOperator::Eq, right } = condition else { continue };
            let unmatched =
                [left.as_ref(), right.as_ref()].into_iter().find_map(|side| match view.outline.origin(id, side)? {
                    Origin::Node(node, name) => {
                        (view.absence(node, name) == Some(&super::told::Absence::Unmatched)).then_some((node, name))
                    }
                    Origin::Expr(..) => None,
                });
            let Some((node, name)) = unmatched else { continue };
            if !promises(&of_model(view.query)) {
                continue;
            }
            let before = view.node(node).map_or("the model before", |n| n.name.as_str());
            let finding = Diagnostic::warning("left-join-undone", format!("this leaves out the rows without `{name}`"))
                .why(format!("`{before}` keeps them with a left join, and this model is described as of all"))
                .next(format!("left join `{}` too", reads.alias));
            out.push(view.at(span(condition), finding));
        }
    }
}

/// What a condition holds against something, so that null meets it never.
fn held(filter: &Expr) -> Vec<&Expr> {
    match filter {
        Expr::BinaryOp { left, op, right } if compares(op) => vec![left, right],
        Expr::InList { expr, .. }
        | Expr::Between { expr, .. }
        | Expr::Like { expr, .. }
        | Expr::ILike { expr, .. }
        | Expr::IsTrue(expr)
        | Expr::IsFalse(expr)
        | Expr::InSubquery { expr, negated: false, .. } => vec![expr],
        Expr::UnaryOp { op: sqlparser::ast::UnaryOperator::Not, expr } => held(super::expressions::bare(expr)),
        _ => Vec::new(),
    }
}

/// Whether an expression can give something for null.
fn forgives(e: &Expr) -> bool {
    matches!(
        e,
        Expr::Case { .. }
            | Expr::IsNull(_)
            | Expr::IsNotNull(_)
            | Expr::IsDistinctFrom(..)
            | Expr::IsNotDistinctFrom(..)
            | Expr::Subquery(_)
    ) || call(e, FORGIVING).is_some()
}

/// The same where the join is in a model that is read, and this one is said to have all rows.
fn undone_across(view: &View<'_, '_>, id: usize, out: &mut Vec<Diagnostic>) {
    let described = view.query.node.described.as_ref().map(|d| d.description.to_lowercase()).unwrap_or_default();
    let is_of_all = described.contains("without")
        && ["also", "even", "including", "included", "0 for", "zero for", "with or"]
            .iter()
            .any(|w| described.contains(w));
    let filters: Vec<&Expr> =
        view.outline.selects[id].select.selection.iter().flat_map(|f| conjuncts(f)).filter(|_| is_of_all).collect();
    if filters.iter().any(|f| matches!(f, Expr::IsNotNull(_))) {
        return;
    }
    for filter in filters {
        let lost = held(filter).into_iter().find_map(|side| match view.outline.origin(id, side)? {
            Origin::Node(node, name) => {
                let absent = view.query.told.get(&node)?.absent.get(&name.to_lowercase());
                (absent == Some(&super::told::Absence::Unmatched)).then_some((name, view.node(node)?))
            }
            Origin::Expr(..) => None,
        });
        let Some((name, node)) = lost else { continue };
        let finding = Diagnostic::warning("left-join-undone", format!("this leaves out the rows without `{name}`"))
            .why(format!(
                "in `{}` it is of what is left joined: where that has no row it is null, and null meets no comparison",
                node.name
            ))
            .next("put the condition into the aggregate (`case when …`), or allow null");
        out.push(view.at(span(filter), finding));
    }
}

/// The same where the join is in a CTE or subquery that nothing else reads, and the condition around it.
fn undone_later(view: &View<'_, '_>, id: usize, out: &mut Vec<Diagnostic>) {
    let part = &view.outline.selects[id];
    let [Reads { target: Target::Level(level), .. }] = part.relations.as_slice() else { return };
    if view.outline.reads[*level] > 1 {
        return;
    }
    let filters: Vec<&Expr> = part.select.selection.iter().flat_map(|f| conjuncts(f)).collect();
    for filter in &filters {
        let lost = held(filter).into_iter().find_map(|side| {
            let name = column(side)?;
            let (mut select, mut relation, mut known_as) = (id, 0, &name.value);
            for _ in 0..8 {
                match view.outline.step(select, relation, known_as)? {
                    Step::Same(inner, of) => (select, relation) = (inner, of),
                    Step::Expr(inner, at) => {
                        known_as = &column(inner)?.value;
                        (select, relation) = (at, view.relation(at, inner)?);
                        let reads = &view.outline.selects[select].relations[relation];
                        if reads.outer && matches!(reads.join, Some(JoinOperator::Left(_) | JoinOperator::LeftOuter(_)))
                        {
                            return Some((name, &reads.alias));
                        }
                    }
                    Step::Node(_) => return None,
                }
                let reads = &view.outline.selects[select].relations[relation];
                if !matches!(reads.target, Target::Level(level) if view.outline.reads[level] <= 1) {
                    return None;
                }
            }
            None
        });
        let Some((name, alias)) = lost else { continue };
        if filters.iter().any(|f| matches!(f, Expr::IsNotNull(_))) {
            return;
        }
        let finding = Diagnostic::warning("left-join-undone", format!("this leaves out the rows without `{alias}`"))
            .why(format!("`{}` is of `{alias}`, which is left joined: where it has no row it is null, and null meets no comparison", name.value))
            .next("put the condition into `on`, or join with `inner join` where that is meant");
        out.push(view.at(span(filter), finding));
    }
}

/// Functions that give something for null.
const FORGIVING: &[&str] =
    &["coalesce", "ifnull", "nvl", "nvl2", "iff", "if", "zeroifnull", "isnull", "equal_null", "decode", "concat"];

/// Whether the same conditions keep the rows without the relation: `x.id is null or …`, or ask for those with it.
fn asked_for(view: &View<'_, '_>, select: usize, at: usize) -> bool {
    let part = &view.outline.selects[select];
    part.select.selection.iter().flat_map(|f| conjuncts(f)).any(|f| match f {
        Expr::IsNotNull(e) => view.relation(select, e) == Some(at),
        _ => false,
    })
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
