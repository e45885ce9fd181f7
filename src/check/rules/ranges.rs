//! Joins that hold only a part of what belongs together: one end of a span of time, a range without the key that it is
//! of, or a key that may be missing.

use std::collections::BTreeSet;

use sqlparser::ast::{BinaryOperator, Expr, GroupByExpr, JoinConstraint, JoinOperator, SelectItem};

use super::expressions::{
    alternatives, any, arguments, bare, call, column, conjuncts, is_distinct, is_grouped, lower, words,
};
use super::look::{View, span};
use super::outline::{Reads, Target, constraint};
use crate::check::said;
use crate::vocabulary::Diagnostic;

/// A column of a relation of a select.
pub(super) type Place = (usize, String);

/// The names of a relation's columns, where they are known.
pub(super) fn columns_of(view: &View<'_, '_>, target: Target) -> BTreeSet<String> {
    match target {
        Target::Node(id) => {
            view.query.known.get(&id).map(|r| r.columns.iter().map(|c| c.0.clone()).collect()).unwrap_or_default()
        }
        Target::Level(level) => {
            let names = view.outline.levels[level].select.and_then(|s| super::sets::names(view, s));
            names.into_iter().flatten().map(|(name, _)| name).collect()
        }
        Target::Other => BTreeSet::new(),
    }
}

/// What tells the rows of a relation apart, where it is a node, or a CTE that passes its rows on.
pub(super) fn keys_of(view: &View<'_, '_>, target: Target) -> Vec<BTreeSet<String>> {
    keys_at(view, target, 0)
}

fn keys_at(view: &View<'_, '_>, target: Target, depth: usize) -> Vec<BTreeSet<String>> {
    let level = match target {
        Target::Node(id) => return view.query.known.get(&id).map(|r| r.keys.clone()).unwrap_or_default(),
        Target::Level(level) if depth < 8 => level,
        _ => return Vec::new(),
    };
    let Some(select) = view.outline.levels[level].select else { return Vec::new() };
    let part = &view.outline.selects[select];
    let ([reads], GroupByExpr::Expressions(groups, _)) = (part.relations.as_slice(), &part.select.group_by) else {
        return Vec::new();
    };
    if !groups.is_empty() || part.select.distinct.is_some() {
        return Vec::new();
    }
    let mut keys = keys_at(view, reads.target, depth + 1);
    let passed = |name: &String| {
        part.select.projection.is_empty()
            || part.select.projection.iter().any(|item| match item {
                SelectItem::Wildcard(_) => true,
                SelectItem::UnnamedExpr(e) => column(e).is_some_and(|c| lower(c) == *name),
                SelectItem::ExprWithAlias { expr, alias } => {
                    lower(alias) == *name && column(expr).is_some_and(|c| lower(c) == *name)
                }
                _ => false,
            })
    };
    keys.retain(|k| k.iter().all(passed));
    keys
}

fn place(view: &View<'_, '_>, select: usize, expr: &Expr) -> Option<Place> {
    let expr = uncast(expr);
    Some((view.relation(select, expr)?, lower(column(expr)?)))
}

fn uncast(expr: &Expr) -> &Expr {
    match bare(expr) {
        Expr::Cast { expr, .. } => uncast(expr),
        e => call(e, &["date", "coalesce", "ifnull", "nvl"]).and_then(|f| arguments(f).next()).map_or(e, uncast),
    }
}

/// One end of a range: what is bounded, and by what.
pub(super) struct Bound {
    pub(super) of: Place,
    pub(super) by: Place,
    pub(super) lower: bool,
}

/// The ends of ranges in a condition. Either side may be what is bounded.
pub(super) fn bounds(view: &View<'_, '_>, select: usize, condition: &Expr) -> Vec<Bound> {
    use BinaryOperator::{Gt, GtEq, Lt, LtEq};
    let mut out = Vec::new();
    let mut add = |of: &Expr, by: &Expr, lower: bool| {
        if let (Some(of), Some(by)) = (place(view, select, of), place(view, select, by))
            && of.0 != by.0
        {
            out.push(Bound { of: by.clone(), by: of.clone(), lower: !lower });
            out.push(Bound { of, by, lower });
        }
    };
    match bare(condition) {
        Expr::BinaryOp { left, op: Gt | GtEq, right } => add(left, right, true),
        Expr::BinaryOp { left, op: Lt | LtEq, right } => add(left, right, false),
        Expr::Between { expr, low, high, negated: false } => {
            add(expr, low, true);
            add(expr, high, false);
        }
        _ => {}
    }
    out
}

/// The conditions under which a relation is joined, where they are written out.
pub(super) fn on<'a>(reads: &Reads<'a>) -> Option<&'a Expr> {
    // The parser has an `asof join … on` of DuckDB as the other.
    let nearest = |j: &&JoinOperator| matches!(j, JoinOperator::AsOf { .. } | JoinOperator::StraightJoin(_));
    match reads.join.filter(|j| !nearest(j)).and_then(constraint)? {
        JoinConstraint::On(on) => Some(on),
        _ => None,
    }
}

/// Whether a column is named anywhere in a select.
fn is_named(view: &View<'_, '_>, select: usize, (relation, name): (usize, &str)) -> bool {
    let part = &view.outline.selects[select];
    view.outline.pieces[part.pieces.clone()].iter().any(|p| {
        column(p.expr).is_some_and(|c| c.value.eq_ignore_ascii_case(name))
            && view.relation(select, p.expr).is_none_or(|r| r == relation)
    })
}

/// A range of which both sides have another column of one name that is left aside.
pub(super) fn partly_tied(view: &View<'_, '_>, out: &mut Vec<Diagnostic>) {
    for (id, part) in view.outline.selects.iter().enumerate() {
        // One row of several is chosen afterwards.
        if part.select.qualify.is_some() || part.select.distinct.is_some() {
            continue;
        }
        for (at, reads) in part.relations.iter().enumerate().skip(1) {
            let Some(on) = on(reads) else { continue };
            let conditions: Vec<&Expr> =
                conjuncts(on).into_iter().chain(part.select.selection.iter().flat_map(|f| conjuncts(f))).collect();
            let bounds: Vec<Bound> = conditions.iter().flat_map(|c| bounds(view, id, c)).collect();
            let range = bounds.iter().find(|a| {
                (a.of.0 == at || a.by.0 == at)
                    && bounds.iter().any(|b| a.of == b.of && a.by.0 == b.by.0 && a.by.1 != b.by.1 && a.lower != b.lower)
            });
            let Some(range) = range else { continue };
            let Some(name) = left_aside(view, id, at, (range.by.0, range.of.0), &conditions) else { continue };
            let alias = &part.relations[range.by.0].alias;
            let finding =
                Diagnostic::warning("cartesian-join", format!("`{name}` stands on both sides and is not joined"))
                    .why(format!("each row meets the ranges of `{alias}` of every `{name}`, not those of its own"))
                    .next(format!("add the condition on `{name}`"));
            out.push(view.at(reads.span, finding));
        }
    }
}

/// The column that a table of ranges and what is joined to it both have, and that no condition names.
fn left_aside(
    view: &View<'_, '_>,
    select: usize,
    at: usize,
    (ranges, of): (usize, usize),
    conditions: &[&Expr],
) -> Option<String> {
    let relations = &view.outline.selects[select].relations;
    if relations[ranges].target == relations[of].target {
        return None;
    }
    let ours = columns_of(view, relations[ranges].target);
    let keys = keys_of(view, relations[ranges].target);
    let others: BTreeSet<String> =
        (0..=at).filter(|r| *r != ranges).flat_map(|r| columns_of(view, relations[r].target)).collect();
    let tied = conditions.iter().any(|c| match bare(c) {
        Expr::BinaryOp { left, op: BinaryOperator::Eq, right } => {
            matches!((place(view, select, left), place(view, select, right)), (Some(a), Some(b)) if a.0 != b.0 && (a.0 == ranges || b.0 == ranges))
        }
        Expr::BinaryOp { op: BinaryOperator::Or, .. } => true,
        _ => false,
    });
    // What else is held equal may decide it.
    if tied {
        return None;
    }
    let in_key = |name: &str| keys.iter().any(|k| k.len() > 1 && k.contains(name));
    let alone = |name: &str| keys.iter().any(|k| k.len() == 1 && k.contains(name));
    ours.into_iter().find(|name| {
        others.contains(name)
            && !alone(name)
            && (in_key(name) || is_id(name))
            && !words(name).iter().any(|w| TIMES.contains(&w.as_str()))
            && !is_named(view, select, (ranges, name))
    })
}

/// Whether a name is that of an id of what rows are about.
pub(super) fn is_id(name: &str) -> bool {
    name.ends_with("_id") && !name.starts_with('_') && !words(name).iter().any(|w| TECHNICAL.contains(&w.as_str()))
}

/// Ids of how rows came here, not of what they are about.
const TECHNICAL: &[&str] = &[
    "batch",
    "load",
    "run",
    "job",
    "sync",
    "file",
    "etl",
    "dlt",
    "scd",
    "tenant",
    "source",
    "invocation",
    "row",
    "id_",
];
pub(super) const TIMES: &[&str] =
    &["date", "day", "at", "month", "week", "year", "hour", "ts", "timestamp", "valid", "from", "to"];

/// Versions that are held against one end of when they are valid, so that all earlier or all later ones are met too.
pub(super) fn unbounded(view: &View<'_, '_>, out: &mut Vec<Diagnostic>) {
    for (id, part) in view.outline.selects.iter().enumerate() {
        for (at, reads) in part.relations.iter().enumerate().skip(1) {
            let Some(on) = on(reads) else { continue };
            let conditions: Vec<&Expr> =
                conjuncts(on).into_iter().chain(part.select.selection.iter().flat_map(|f| conjuncts(f))).collect();
            let bounds: Vec<Bound> = conditions.iter().flat_map(|c| bounds(view, id, c)).collect();
            let one_end = bounds.iter().find_map(|b| {
                let (relation, name) = &b.by;
                let columns = columns_of(view, part.relations[*relation].target);
                let begins = |n: &str| crate::sql::begins_version(n);
                let ends = |n: &str| crate::sql::ends_version(n);
                let other: Vec<String> = match (begins(name), ends(name)) {
                    (true, _) if b.lower => columns.into_iter().filter(|c| ends(c)).collect(),
                    (_, true) if !b.lower => columns.into_iter().filter(|c| begins(c)).collect(),
                    // Rows of a thing that its key tells apart by when each starts.
                    _ if b.lower && starts_rows(view, part.relations[*relation].target, name) => {
                        columns.into_iter().filter(|c| super::units::is_span(name, c)).collect()
                    }
                    _ => return None,
                };
                (!other.is_empty() && (b.of.0 == at || *relation == at)).then_some((*relation, name, other))
            });
            let Some((relation, name, other)) = one_end else { continue };
            if other.iter().any(|c| is_named(view, id, (relation, c)))
                || super::repeats::is_told(view, id, relation, &other)
            {
                continue;
            }
            let alias = &part.relations[relation].alias;
            let finding = Diagnostic::warning("fan-out", format!("several versions of `{alias}` are joined"))
                .why(format!("only `{name}` is held against something, not `{}`: each row meets every version that this end lets in", other.join("`, `")))
                .next(format!("hold both ends against it: add the condition on `{}`", other[0]));
            out.push(view.at(part.relations[at].span, finding));
        }
    }
}

/// Whether a column is the one of a key that tells the rows of a thing apart.
fn starts_rows(view: &View<'_, '_>, target: Target, name: &str) -> bool {
    keys_of(view, target).iter().any(|k| k.len() == 2 && k.contains(name))
}

/// `on a.id = b.id or a.id is null`: each row without one meets all of the other side, and counts for each.
pub(super) fn or_missing(view: &View<'_, '_>, out: &mut Vec<Diagnostic>) {
    for (id, part) in view.outline.selects.iter().enumerate() {
        for reads in part.relations.iter().skip(1) {
            let Some(on) = on(reads) else { continue };
            let [only] = conjuncts(on)[..] else { continue };
            let [a, b] = alternatives(bare(only))[..] else { continue };
            let sides = |e: &Expr| match bare(e) {
                Expr::BinaryOp { left, op: BinaryOperator::Eq, right } => {
                    Some((place(view, id, left)?, place(view, id, right)?))
                }
                _ => None,
            };
            let missing = |e: &Expr| match bare(e) {
                Expr::IsNull(e) => place(view, id, e),
                _ => None,
            };
            let found = [(a, b), (b, a)].into_iter().find_map(|(eq, null)| {
                let ((x, y), null) = (sides(eq)?, missing(null)?);
                (x.0 != y.0 && (null == x || null == y)).then(|| (if null == x { y } else { x.clone() }, null))
            });
            let Some((other, null)) = found else { continue };
            // Who has no code is none of those who have one, as a column's description says it.
            let told =
                || is_said_to_lack(view, part.relations[null.0].target, &null.1) && counts_each(view, id, other.0);
            if !counts_each(view, id, null.0) && !told() {
                continue;
            }
            let (alias, whole) = (&part.relations[null.0].alias, &part.relations[other.0].alias);
            let finding = Diagnostic::warning(
                "cartesian-join",
                format!("rows of `{alias}` without `{}` meet every row of `{whole}`", null.1),
            )
            .why("so each of them is counted once for every one of those")
            .next("join on the equality alone, and add the rows without it apart from it, once");
            out.push(view.at(span(only), finding));
        }
    }
}

/// Whether it is said of a column that some rows have none, and not that such a row is for all others.
fn is_said_to_lack(view: &View<'_, '_>, target: Target, name: &str) -> bool {
    const FOR_ALL: &[&str] = &["all", "any", "every", "default", "other", "others", "otherwise", "rest", "global"];
    let Target::Node(id) = target else { return false };
    let mut columns = view.node(id).and_then(|n| n.described.as_ref()).into_iter().flat_map(|d| &d.columns);
    let own = columns.find(|c| c.name.eq_ignore_ascii_case(name) && said::null(c) == Some(true));
    let text = match (own, view.query.told.get(&id).and_then(|t| t.absent.get(name))) {
        (Some(column), _) => column.description.as_str(),
        (None, Some(super::told::Absence::Said(text))) => text,
        _ => return false,
    };
    !super::promised::has(&super::promised::plain(text), FOR_ALL)
}

/// Whether the rows of a relation are added up by group.
fn counts_each(view: &View<'_, '_>, select: usize, relation: usize) -> bool {
    let part = &view.outline.selects[select];
    let grouped = is_grouped(part.select);
    let of_it = |e: &Expr| any(e, &mut |e| column(e).is_some() && view.relation(select, e) == Some(relation));
    grouped
        && view.outline.pieces[part.pieces.clone()].iter().any(|p| {
            call(p.expr, &["sum", "count", "avg"])
                .is_some_and(|f| f.over.is_none() && !is_distinct(f) && arguments(f).any(of_it))
        })
}

/// `on a.kind = b.kind and (a.id = b.id or b.id is null)`: where there is a row for the id and one for all others, both are
/// met. Told where the columns are a key of what is joined, and the model is said to have one row for each of the rest.
pub(super) fn default_too(view: &View<'_, '_>, out: &mut Vec<Diagnostic>) {
    let Some([id]) = view.outline.levels.first().map(|l| l.sides.as_slice()) else { return };
    let part = &view.outline.selects[*id];
    if !is_by_row(part.select) {
        return;
    }
    for (at, reads) in part.relations.iter().enumerate().skip(1) {
        let Some(on) = on(reads) else { continue };
        let mut equal = BTreeSet::new();
        let mut default = None;
        for condition in conjuncts(on) {
            let sides = |e: &Expr| match bare(e) {
                Expr::BinaryOp { left, op: BinaryOperator::Eq, right } => {
                    let (a, b) = (place(view, *id, left)?, place(view, *id, right)?);
                    [a.clone(), b.clone()].into_iter().find(|p| p.0 == at && a.0 != b.0).map(|p| p.1)
                }
                _ => None,
            };
            let missing = |e: &Expr| match bare(e) {
                Expr::IsNull(e) => place(view, *id, e).filter(|p| p.0 == at).map(|p| p.1),
                _ => None,
            };
            if let Some(name) = sides(condition) {
                equal.insert(name);
            } else if let [a, b] = alternatives(bare(condition))[..] {
                let pair = |eq, null| sides(eq).filter(|name| missing(null).as_ref() == Some(name));
                default = default.or(pair(a, b).or_else(|| pair(b, a)).map(|name| (name, condition)));
            }
        }
        let Some((name, condition)) = default else { continue };
        equal.insert(name.clone());
        let several =
            keys_of(view, reads.target).iter().any(|k| k.len() > 1 && k.contains(&name) && k.is_subset(&equal));
        if !several || !is_one_each(view, *id, at) {
            continue;
        }
        let finding = Diagnostic::warning(
            "cartesian-join",
            format!("a row meets its own `{}` and the one without `{name}`", reads.alias),
        )
        .why("the condition is true for both, and the model is tested to have one row for each")
        .next("join twice and take the first that is there with `coalesce`, or keep the row that has a value")
        .at(view.place(span(condition)));
        out.push(finding);
    }
}

fn is_by_row(select: &sqlparser::ast::Select) -> bool {
    !is_grouped(select) && select.qualify.is_none() && select.distinct.is_none()
}

/// Whether a test says that the rows of the model are told apart by a column that is a key of what is read first.
fn is_one_each(view: &View<'_, '_>, select: usize, joined: usize) -> bool {
    let Some(described) = &view.query.node.described else { return false };
    let mut unique = described.columns.iter().filter(|c| c.tests.iter().any(|t| t.name == "unique"));
    unique.any(|c| {
        super::grain::item(view, select, &c.name.to_lowercase()).is_some_and(|e| {
            view.relation(select, e).is_some_and(|r| r != joined)
                && view.seen(e).is_some_and(|c| c.unique == Some(true))
        })
    })
}

/// A join on a part of two moments that comes again: the hour of the day meets that hour of every day.
pub(super) fn on_part_of_moment(view: &View<'_, '_>, out: &mut Vec<Diagnostic>) {
    for (id, part) in view.outline.selects.iter().enumerate().filter(|(_, p)| is_by_row(p.select)) {
        for (at, reads) in part.relations.iter().enumerate().skip(1) {
            let Some(on) = on(reads) else { continue };
            let conditions = conjuncts(on);
            let parts = |c: &Expr| match bare(c) {
                Expr::BinaryOp { left, op: BinaryOperator::Eq, right } => {
                    let (a, b) = (place(view, id, recurring(left)?)?, place(view, id, recurring(right)?)?);
                    [(a.clone(), b.clone()), (b, a)].into_iter().find(|(theirs, ours)| theirs.0 == at && ours.0 != at)
                }
                _ => None,
            };
            let Some((condition, (theirs, ours))) = conditions.iter().find_map(|c| Some((*c, parts(c)?))) else {
                continue;
            };
            // Its rows are told apart by the whole moment, and nothing else holds that.
            let names = |c: &&Expr| {
                any(c, &mut |e| column(e).is_some() && place(view, id, e).is_some_and(|p| p == theirs || p == ours))
            };
            let others =
                conditions.iter().chain(&part.select.selection.iter().collect::<Vec<_>>()).filter(|c| names(c)).count();
            let keys = keys_of(view, reads.target);
            if others > 1 || !keys.iter().any(|k| k.len() == 1 && k.contains(&theirs.1)) {
                continue;
            }
            let finding =
                Diagnostic::warning("cartesian-join", "only a part of the moments is compared, and it comes again")
                    .why(format!(
                        "each row meets every row of `{}` with the same part, of whatever day or year",
                        reads.alias
                    ))
                    .next("compare the whole moments, cut to the same unit: `date_trunc('hour', …)`");
            out.push(view.at(span(condition), finding));
        }
    }
}

/// What a part is taken of that comes again: the hour of the day, the month of the year.
fn recurring(expr: &Expr) -> Option<&Expr> {
    const PARTS: &[&str] = &[
        "hour",
        "minute",
        "second",
        "day",
        "dayofweek",
        "dow",
        "weekday",
        "dayofmonth",
        "dayofyear",
        "doy",
        "week",
        "weekofyear",
        "month",
        "monthname",
        "dayname",
        "quarter",
    ];
    match bare(expr) {
        Expr::Extract { field, expr, .. } => {
            PARTS.contains(&field.to_string().to_ascii_lowercase().as_str()).then_some(expr.as_ref())
        }
        Expr::Function(f) if super::expressions::is_one_of(f, &["date_part", "datepart"]) => {
            let mut parts = arguments(f);
            let unit = parts.next()?;
            let unit = super::expressions::text(unit).map(str::to_owned).or_else(|| column(unit).map(lower))?;
            parts.next().filter(|_| PARTS.contains(&unit.to_ascii_lowercase().as_str()))
        }
        Expr::Function(f) if super::expressions::is_one_of(f, PARTS) => arguments(f).next(),
        _ => None,
    }
}
