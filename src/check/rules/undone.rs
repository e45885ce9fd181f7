//! Left joins that a later condition turns into inner ones.

use sqlparser::ast::{BinaryOperator, Expr, JoinConstraint, JoinOperator, SelectItem};

use super::Query;
use super::absent::defaulted;
use super::expressions::{any, arguments, call, column, compares, conjuncts, is_aggregate, whole_number, words};
use super::look::{View, span};
use super::outline::{Origin, Reads, Step, Target};
use super::promised::{has, of_model};
use crate::dbt::Node;
use crate::vocabulary::Diagnostic;

pub(super) fn left_join_undone(query: &Query<'_>, out: &mut Vec<Diagnostic>) {
    // A test looks for the rows that are wrong, often in what was joined.
    if query.node.kind == crate::dbt::Kind::Test {
        return;
    }
    let view = query.full();
    for (id, part) in view.outline.selects.iter().enumerate() {
        taken_back(&view, id, out);
        without_elements(&view, id, out);
        undone_across(&view, id, out);
        if !part.relations.iter().any(|r| r.outer) {
            undone_later(&view, id, out);
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
        let filled = part.select.selection.iter().flat_map(|f| conjuncts(f)).find_map(|f| match f {
            Expr::IsNotNull(e) if column(e).is_some() => Some((f, optional(e)?)),
            _ => None,
        });
        // That only rows with one are asked for is no fault, but where a text promises all.
        if let Some((filter, at)) = filled
            && super::promised::told(query.node).iter().any(|t| promises_all(t))
        {
            let alias = &part.relations[at].alias;
            let finding =
                Diagnostic::warning("left-join-undone", format!("this leaves out the rows without `{alias}`"))
                    .why(format!("`{alias}` is outer joined, and the model is said to have the rows without it too"))
                    .next("put the condition into `on`");
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
        undone_by_having(&view, id, out);
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

/// Whether a text promises all rows, those of which there is nothing to join too.
fn promises_all(text: &str) -> bool {
    const ALL: &[&str] = &["all", "every", "each"];
    const WITHOUT: &[&str] = &[
        "empty for",
        "empty if",
        "empty where",
        "empty when",
        "null for",
        "null if",
        "null where",
        "null when",
        "0 for",
        "0 if",
        "0 where",
        "0 when",
        "zero for",
        "zero if",
        "zero where",
        "zero when",
        "if any",
        "whether or not",
        "with or without",
        "even without",
        "also without",
        "including without",
        "even if",
        "even those",
        "even when",
        "also those",
        "also the ones",
        "also ones",
        "including those",
        "including the ones",
        "including ones",
        "show 0",
        "shows 0",
        "show zero",
        "have 0",
        "has 0",
        "get 0",
        "gets 0",
        "count 0",
        "count as 0",
        "counted as 0",
        "as zero",
        "get one row",
        "gets one row",
        "get a row",
        "gets a row",
        "with 0",
        "0 in",
    ];
    has(text, ALL) && has(text, WITHOUT)
}

/// Whether a text speaks of all of what a model is of, and of no part of them: `number of all orders and of paid ones`.
fn counts_all(text: &str, model: &str) -> bool {
    let stem = |w: &str| w.chars().take(5).collect::<String>();
    let named: Vec<String> = words(model).iter().filter(|w| w.len() > 4).map(|w| stem(w)).collect();
    let told: Vec<&str> = text.split_whitespace().collect();
    told.iter().enumerate().any(|(at, word)| {
        matches!(*word, "all" | "every")
            && told.get(at + 1).is_some_and(|w| named.contains(&stem(w)))
            && told.get(at + 2).is_none_or(|w| matches!(*w, "and" | "per" | "by" | "as"))
    })
}

/// A condition on a total of what is left joined, which is null where nothing was joined, although rows without it are
/// given as 0 or promised.
fn undone_by_having(view: &View<'_, '_>, id: usize, out: &mut Vec<Diagnostic>) {
    let part = &view.outline.selects[id];
    let joined = |e: &Expr| {
        let total = call(e, &["sum", "min", "max", "avg"]).filter(|f| f.over.is_none() && f.filter.is_none())?;
        let of = arguments(total).next().filter(|e| !any(e, &mut forgives))?;
        let mut all = Vec::new();
        any(of, &mut |e| {
            all.extend(column(e).map(|_| view.relation(id, e)));
            false
        });
        let at = all.first().copied().flatten().filter(|at| all.iter().all(|other| *other == Some(*at)))?;
        let left = matches!(part.relations[at].join, Some(JoinOperator::Left(_) | JoinOperator::LeftOuter(_)));
        left.then_some(at)
    };
    for condition in part.select.having.iter().flat_map(|h| conjuncts(h)) {
        let Some(at) = held(condition).into_iter().find_map(joined) else { continue };
        let given = part.select.projection.iter().any(|item| match item {
            SelectItem::UnnamedExpr(e) | SelectItem::ExprWithAlias { expr: e, .. } => any(e, &mut |e| {
                let total = defaulted(e).and_then(|f| arguments(f).next());
                total.is_some_and(|t| any(t, &mut is_aggregate) && any(t, &mut |e| view.relation(id, e) == Some(at)))
            }),
            _ => false,
        });
        let promised = given && meets_zero(condition) || promises_all(&of_model(view.query));
        if !promised {
            continue;
        }
        let alias = &part.relations[at].alias;
        let finding = Diagnostic::warning("left-join-undone", format!("this leaves out the rows without `{alias}`"))
            .why(format!(
                "`{alias}` is left joined: where it has no row the total is null, and null meets no comparison"
            ))
            .next("put a default in its place (`coalesce(…, 0)`), or allow null");
        out.push(view.at(span(condition), finding));
    }
}

/// Whether 0 meets a comparison with a number: then it was to be kept.
pub(super) fn meets_zero(condition: &Expr) -> bool {
    use BinaryOperator::{Eq, Gt, GtEq, Lt, LtEq, NotEq};
    let Expr::BinaryOp { left, op, right } = condition else { return false };
    match (whole_number(left), op, whole_number(right)) {
        (None, Lt, Some(n)) | (Some(n), Gt, None) | (None, NotEq, Some(n)) | (Some(n), NotEq, None) => n > 0,
        (None, LtEq, Some(_)) | (Some(_), GtEq, None) => true,
        (None, Eq, Some(n)) | (Some(n), Eq, None) => n == 0,
        _ => false,
    }
}

/// An inner join on what a left join of the model before did not find, where rows without it are promised.
fn taken_back(view: &View<'_, '_>, id: usize, out: &mut Vec<Diagnostic>) {
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
            if !promises_all(&of_model(view.query)) {
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

/// A list of a row that is unnested by an inner join, where the rows without elements are promised too.
fn without_elements(view: &View<'_, '_>, id: usize, out: &mut Vec<Diagnostic>) {
    if view.outline.selects[id].relations.len() < 2 {
        return;
    }
    let lists = super::overlaid::lists(view, id);
    if lists.is_empty() {
        return;
    }
    let text = of_model(view.query);
    let named = |list: &super::overlaid::List<'_>| {
        let of = column(list.expr).map(|c| words(&c.value).join(" ")).unwrap_or_default();
        let without = ["without", "without a", "without an", "without any", "with no"].map(|w| format!("{w} {of}"));
        without.iter().any(|w| has(&text, &[w.as_str(), format!("{w}s").as_str()]))
    };
    let Some(list) = lists.iter().find(|l| promises_all(&text) && named(l)) else { return };
    let finding = Diagnostic::warning("left-join-undone", format!("rows without a `{}` are left out", list.alias))
        .why("each row is joined to the elements of its list, and an empty one has none")
        .next(format!("`left join unnest({})`", list.expr));
    out.push(view.at(span(list.expr), finding));
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
        // A flag by itself.
        Expr::Identifier(_) | Expr::CompoundIdentifier(_) => vec![filter],
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
            .any(|w| described.contains(w))
        || promises_all(&of_model(view.query));
    let counted = |node: &Node| is_of_all || counts_all(&of_model(view.query), &node.name);
    let filters: Vec<&Expr> = view.outline.selects[id].select.selection.iter().flat_map(|f| conjuncts(f)).collect();
    if filters.iter().any(|f| matches!(f, Expr::IsNotNull(_))) {
        return;
    }
    for filter in filters {
        let kept = |side: &&Expr| view.relation(id, side).is_some_and(|r| !view.outline.selects[id].relations[r].outer);
        let lost = held(filter).into_iter().filter(kept).find_map(|side| match view.outline.origin(id, side)? {
            Origin::Node(node, name) => {
                let absent = view.query.told.get(&node)?.absent.get(&name.to_lowercase());
                (absent == Some(&super::told::Absence::Unmatched)).then_some((name, view.node(node)?))
            }
            Origin::Expr(..) => None,
        });
        let Some((name, node)) = lost.filter(|(_, node)| counted(node)) else { continue };
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
    let of_all = promises_all(&of_model(view.query));
    for filter in &filters {
        let filled = match filter {
            // That only rows with one are asked for is no fault, but where a text promises all.
            Expr::IsNotNull(e) if of_all => Some(e.as_ref()),
            _ => None,
        };
        let lost = held(filter).into_iter().chain(filled).find_map(|side| {
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
        if !of_all && filters.iter().any(|f| matches!(f, Expr::IsNotNull(_))) {
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
