//! Unions that lose rows or mix columns up.

use sqlparser::ast::{
    Expr, Select, SelectFlavor, SelectItem, SelectItemQualifiedWildcardKind, SetOperator, SetQuantifier,
    WildcardAdditionalOptions,
};
use sqlparser::tokenizer::Span;

use super::expressions::{any, column, is_aggregate, lower, text, words};
use super::look::View;
use super::outline::{Origin, Reads, Role, Target};
use super::{Family, Look, Query, Rule};
use crate::sql::{ColumnType, Fact};
use crate::vocabulary::{DataType, Diagnostic, Dialect, Severity};

pub(super) const RULES: &[Rule] = &[
    Rule {
        code: "union-distinct",
        family: Family::Wrong,
        severity: Severity::Warning,
        summary: "`union` that drops rows which happen to be equal, where `union all` is meant",
        look: Look::Query(union_distinct),
    },
    Rule {
        code: "union-order",
        family: Family::Wrong,
        severity: Severity::Error,
        summary: "the same columns in another order on the two sides of a union",
        look: Look::Query(union_order),
    },
    Rule {
        code: "union-types",
        family: Family::Wrong,
        severity: Severity::Warning,
        summary: "numbers, days or moments put under texts by a union, which makes texts of them all",
        look: Look::Query(union_types),
    },
];

/// The select that names the columns of a side of a union, and name and expression of each; none where a `*` is of
/// anything but a CTE or subquery that names them.
fn items<'a>(view: &View<'_, 'a>, mut select: usize) -> Option<(usize, Vec<(String, &'a Expr)>)> {
    for _ in 0..8 {
        let part = &view.outline.selects[select];
        let ([SelectItem::Wildcard(_)] | [], [reads]) = (part.select.projection.as_slice(), part.relations.as_slice())
        else {
            break;
        };
        let plain = is_whole(part.select);
        let Target::Level(level) = reads.target else { return None };
        let renamed = matches!(view.outline.levels[level].role, Role::Cte(cte) if !cte.alias.columns.is_empty());
        select = view.outline.levels[level].select.filter(|_| plain && !renamed)?;
    }
    let items = view.outline.selects[select].select.projection.iter().map(|item| match item {
        SelectItem::ExprWithAlias { expr, alias } => Some((lower(alias), expr)),
        SelectItem::UnnamedExpr(expr) => Some((column(expr).map(lower).unwrap_or_default(), expr)),
        _ => None,
    });
    Some((select, items.collect::<Option<_>>()?))
}

/// Names of what is measured, where the type is not known.
const MEASURES: &[&str] = &["amount", "revenue", "cost", "price", "quantity", "total", "value", "spend", "fee"];

/// Whole numbers that are no measures.
const CALENDAR: &[&str] = &["day", "week", "month", "quarter", "hour", "minute", "age", "rank", "level", "version"];

fn union_distinct(query: &Query<'_>, out: &mut Vec<Diagnostic>) {
    let view = query.full();
    let mut said = Vec::new();
    for set in &view.outline.sets {
        // BigQuery has no `union` alone, so its `union distinct` is what others write so. Whoever else writes `distinct`
        // means it, unless what is left is then added up.
        let said_so = set.quantifier == SetQuantifier::Distinct;
        let plain = set.quantifier == SetQuantifier::None || said_so && query.dialect == Dialect::BigQuery;
        if set.op != SetOperator::Union || !(plain || said_so) || said.contains(&set.level) {
            continue;
        }
        let ([left, ..], [right, ..]) = (set.left.as_slice(), set.right.as_slice()) else { continue };
        let (Some((left, above)), Some((names, below))) = (items(&view, *left), items(&view, *right)) else { continue };
        // Where each side says which it is, no row of one equals a row of the other.
        let marked = above.iter().zip(&below).any(
            |((_, a), (_, b))| matches!((mark(&view, left, a), mark(&view, names, b)), (Some(a), Some(b)) if a != b),
        );
        let measures = |(name, expr): &(String, &Expr)| {
            let typed = matches!(
                view.column_type(expr),
                ColumnType::Known(DataType::Decimal { .. } | DataType::Float) | ColumnType::Number
            );
            let last = words(name).pop().unwrap_or_default();
            let summed = any(expr, &mut |e| is_aggregate(e) && !matches!(column_of_extreme(e), Some(true)));
            let key = ["id", "key", "sk", "pk", "code", "number", "year"].contains(&last.as_str());
            // Of a table whose key is left out two rows can be equal.
            let whole = matches!(view.column_type(expr), ColumnType::Known(DataType::Integer))
                && view.seen(expr).is_some_and(|c| c.unique == Some(false))
                // `hours` are an amount of time, `hour` is one of the day.
                && (!CALENDAR.contains(&last.as_str()) || name.ends_with('s'));
            (typed || whole) && !key || summed || MEASURES.contains(&last.as_str())
        };
        // A column that tells rows apart keeps equal rows from being two.
        let keyed = |items: &[(String, &Expr)]| {
            items.iter().any(|(name, expr)| match view.seen(expr).and_then(|c| c.unique) {
                Some(unique) => unique,
                None => is_key(name) && !is_of_several(&view, left, expr),
            })
        };
        // Rows of many columns are not equal by chance.
        let summed = above.len() <= 6 && above.iter().any(|(name, _)| is_summed(&view, set.level, name));
        let called =
            || [(left, &above), (names, &below)].iter().all(|(s, items)| is_called(&view, set.level, *s, items));
        let told =
            || above.len() > 1 && is_counted(&view, set.level) && (sides_repeat(&view, [left, names]) || called());
        let ones = counts_ones(&view, set.level, &above);
        let lossy = (plain && (above.iter().any(measures) || told()) || summed || ones) && !keyed(&above);
        // Who asks for different rows on one side thinks of sets.
        if said_so && (distinct(&view, left) || distinct(&view, names)) {
            continue;
        }
        // Where each side has a key, or is of different rows as it is, there are no equal ones to be dropped.
        let different = |select: usize, items: &[(String, &Expr)]| {
            view.outline.selects[select].select.distinct.is_some()
                || items.iter().any(|(_, expr)| view.seen(expr).is_some_and(|c| c.unique == Some(true)))
        };
        if !(lossy || marked && plain) || different(left, &above) && different(names, &below) {
            continue;
        }
        said.push(set.level);
        let why = match marked {
            true => "each side carries its own mark, so only equal rows within a side are dropped",
            false => "two rows with the same values are two rows, and `union` keeps one",
        };
        let finding =
            Diagnostic::warning("union-distinct", "`union` drops equal rows, and sorts everything to find them")
                .why(why)
                .next(if said_so {
                    "write `union all`"
                } else {
                    "write `union all`, or `union distinct` where that is meant"
                });
        let span = view.outline.selects[*right].select.select_token.0.span;
        out.push(view.at(span, finding));
    }
}

/// Whether a select, or the CTE that it passes on, asks for different rows.
fn distinct(view: &View<'_, '_>, mut select: usize) -> bool {
    for _ in 0..8 {
        let part = &view.outline.selects[select];
        if part.select.distinct.is_some() {
            return true;
        }
        let [Reads { target: Target::Level(level), .. }] = part.relations.as_slice() else { return false };
        let Some(inner) = view.outline.levels[*level].select else { return false };
        select = inner;
    }
    false
}

/// Whether a column of a union is added up by whoever reads it in this query.
fn is_summed(view: &View<'_, '_>, level: usize, name: &str) -> bool {
    view.outline.pieces.iter().any(|p| {
        let (Some(function), Some(select)) = (super::expressions::call(p.expr, &["sum"]), p.select) else {
            return false;
        };
        let argument =
            super::expressions::arguments(function).next().filter(|_| !super::expressions::is_distinct(function));
        argument.is_some_and(|e| {
            let of = view.relation(select, e).map(|r| view.outline.selects[select].relations[r].target);
            column(e).is_some_and(|c| lower(c) == name) && of == Some(Target::Level(level))
        })
    })
}

/// Whether the rows of a union are counted by whoever reads it in this query.
fn is_counted(view: &View<'_, '_>, level: usize) -> bool {
    view.outline.pieces.iter().any(|p| {
        let (Some(function), Some(select)) = (super::expressions::call(p.expr, &["count"]), p.select) else {
            return false;
        };
        // `count(*)`, `count(1)`.
        let rows = super::expressions::arguments(function)
            .all(|e| column(e).is_none() && !any(e, &mut |e| column(e).is_some()));
        let [reads] = view.outline.selects[select].relations.as_slice() else { return false };
        rows && !super::expressions::is_distinct(function) && reads.target == Target::Level(level)
    })
}

/// Whether the rows of a union are counted under the name of what a side has a row for, whose key is left out of it.
fn is_called(view: &View<'_, '_>, level: usize, side: usize, items: &[(String, &Expr)]) -> bool {
    let [reads] = view.outline.selects[side].relations.as_slice() else { return false };
    let keys = super::ranges::keys_of(view, reads.target);
    let given = |key: &String| items.iter().any(|(_, e)| column(e).is_some_and(|c| lower(c) == *key));
    if keys.is_empty() || keys.iter().any(|k| k.iter().all(given)) {
        return false;
    }
    let rows = view.all_names_of(side, 0);
    super::promised::items(view).into_iter().any(|(select, expr, alias)| {
        let of_union =
            matches!(view.outline.selects[select].relations.as_slice(), [r] if r.target == Target::Level(level));
        let counts = super::expressions::call(expr, &["count"]).is_some_and(|f| !super::expressions::is_distinct(f));
        // `fines` are counted, `fine_days` are days.
        let named = words(alias).into_iter().rfind(|w| !matches!(w.as_str(), "count" | "cnt" | "number" | "n" | "num"));
        of_union && counts && named.is_some_and(|n| n.len() > 2 && rows.contains(&n))
    })
}

/// Whether the rows of a union are counted by all of its columns: `union` leaves one of each.
fn counts_ones(view: &View<'_, '_>, level: usize, items: &[(String, &Expr)]) -> bool {
    is_counted(view, level)
        && view.outline.selects.iter().any(|part| {
            let reads = matches!(part.relations.as_slice(), [reads] if reads.target == Target::Level(level));
            let groups = super::sums::groups(part.select).unwrap_or_default();
            let grouped = |name: &String| groups.iter().any(|g| column(g).is_some_and(|c| lower(c) == *name));
            reads && items.iter().all(|(name, _)| grouped(name))
        })
}

/// Whether it is said of what both sides read that its rows have no key, so that two can be equal.
fn sides_repeat(view: &View<'_, '_>, sides: [usize; 2]) -> bool {
    const KEYLESS: &[&str] = &[
        "no key",
        "no primary key",
        "no unique key",
        "no number",
        "no id",
        "no identifier",
        "without a key",
        "without a number",
        "without an id",
        "equal rows",
        "identical rows",
        "rows can be equal",
        "rows may be equal",
        "rows can be identical",
        "rows may be identical",
    ];
    let told = |select: usize| {
        let Some(Reads { target: Target::Node(id), .. }) = view.outline.selects[select].relations.first() else {
            return false;
        };
        super::promised::line(view, *id)
            .iter()
            .flat_map(|n| n.described.iter())
            .any(|d| super::promised::has(&super::promised::plain(&d.description), KEYLESS))
    };
    sides.into_iter().any(told)
}

/// The text that a column is in every row.
fn mark<'a>(view: &View<'_, 'a>, select: usize, expr: &'a Expr) -> Option<&'a str> {
    match view.outline.origin(select, expr) {
        Some(Origin::Expr(inner, _)) => text(inner),
        _ => text(expr),
    }
}

fn column_of_extreme(expr: &Expr) -> Option<bool> {
    super::expressions::call(expr, &["min", "max", "any_value"]).map(|_| true)
}

/// Whether a name is that of a row's own key: `id`, `order_key`, `payment_id` is one of something, `event_uuid`.
fn is_key(name: &str) -> bool {
    matches!(name, "id" | "key" | "uuid" | "pk" | "sk" | "_id")
        || name.ends_with("_sk")
        || name.ends_with("_uuid")
        || name.ends_with("_pk")
        || name.ends_with("transaction_id")
        || name.ends_with("event_id")
        || name.ends_with("payment_id")
        || name.ends_with("invoice_id")
        || name.ends_with("line_id")
        || name.ends_with("item_id")
        || name.ends_with("order_id")
}

/// Whether a column is of a table whose tests call others unique, and not it: many of its rows can have the same.
fn is_of_several(view: &View<'_, '_>, select: usize, expr: &Expr) -> bool {
    let Some(Origin::Node(id, column)) = view.outline.origin(select, expr) else { return false };
    let described = view.node(id).and_then(|n| n.described.as_ref());
    let mut unique =
        described.into_iter().flat_map(|d| &d.columns).filter(|c| c.tests.iter().any(|t| t.name == "unique"));
    let first = unique.next();
    first.is_some() && !first.into_iter().chain(unique).any(|c| c.name.eq_ignore_ascii_case(column))
}

/// The names of the columns of a side of a union, also where a `*` is of nodes whose columns are all known; and what
/// gives them where that is written in that very select.
pub(super) fn names<'a>(view: &View<'_, 'a>, select: usize) -> Option<Vec<(String, Option<&'a Expr>)>> {
    names_at(view, select, 0)
}

fn names_at<'a>(view: &View<'_, 'a>, select: usize, depth: usize) -> Option<Vec<(String, Option<&'a Expr>)>> {
    if let Some((at, items)) = items(view, select) {
        return Some(items.into_iter().map(|(name, expr)| (name, (at == select).then_some(expr))).collect());
    }
    let part = &view.outline.selects[select];
    let of = |reads: &Reads<'_>| names_of(view, reads.target, depth);
    if part.select.projection.is_empty() {
        let [only] = part.relations.as_slice() else { return None };
        return is_whole(part.select).then(|| of(only)).flatten();
    }
    let mut out = Vec::new();
    for item in &part.select.projection {
        match item {
            SelectItem::ExprWithAlias { expr, alias } => out.push((lower(alias), Some(expr))),
            SelectItem::UnnamedExpr(expr) => out.push((column(expr).map(lower).unwrap_or_default(), Some(expr))),
            SelectItem::Wildcard(options) if is_plain(options) => {
                let [only] = part.relations.as_slice() else { return None };
                out.extend(of(only)?);
            }
            SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(name), options)
                if is_plain(options) =>
            {
                let alias = name.0.last().and_then(|p| p.as_ident()).map(lower)?;
                out.extend(of(part.relations.iter().find(|r| r.alias == alias)?)?);
            }
            _ => return None,
        }
    }
    Some(out)
}

/// The names of the columns of a relation in their order, where they are all known.
fn names_of<'a>(view: &View<'_, 'a>, target: Target, depth: usize) -> Option<Vec<(String, Option<&'a Expr>)>> {
    let nameless = |(name, _): (String, Option<&'a Expr>)| (name, None);
    match target {
        Target::Level(level) if depth < 8 => {
            let renamed = matches!(view.outline.levels[level].role, Role::Cte(cte) if !cte.alias.columns.is_empty());
            let select = view.outline.levels[level].select.filter(|_| !renamed)?;
            Some(names_at(view, select, depth + 1)?.into_iter().map(nameless).collect())
        }
        Target::Node(node) => {
            let known = view.query.known.get(&node).filter(|known| !known.open)?;
            Some(known.columns.iter().map(|(name, _)| (name.clone(), None)).collect())
        }
        _ => None,
    }
}

/// Whether a select gives all that it reads, as it is.
pub(super) fn is_whole(select: &Select) -> bool {
    match select.projection.as_slice() {
        [] => select.flavor == SelectFlavor::FromFirstNoSelect,
        [SelectItem::Wildcard(options)] => is_plain(options),
        _ => false,
    }
}

/// Whether a `*` gives all columns, under their names.
fn is_plain(options: &WildcardAdditionalOptions) -> bool {
    options.opt_exclude.is_none()
        && options.opt_except.is_none()
        && options.opt_replace.is_none()
        && options.opt_rename.is_none()
        && options.opt_ilike.is_none()
}

fn union_order(query: &Query<'_>, out: &mut Vec<Diagnostic>) {
    let view = query.full();
    for set in &view.outline.sets {
        let by_name =
            matches!(set.quantifier, SetQuantifier::ByName | SetQuantifier::AllByName | SetQuantifier::DistinctByName);
        if by_name {
            continue;
        }
        let ([left, ..], [right, ..]) = (set.left.as_slice(), set.right.as_slice()) else { continue };
        let (Some(above), Some(below)) = (names(&view, *left), names(&view, *right)) else { continue };
        if above.len() != below.len() {
            continue;
        }
        // Two names that have changed places: each stands on both sides, once, and elsewhere.
        let once = |items: &[(String, Option<&Expr>)], name: &str| items.iter().filter(|(n, _)| n == name).count() == 1;
        let moved = above.iter().zip(&below).find(|((a, _), (b, _))| {
            a != b
                && !a.is_empty()
                && !b.is_empty()
                && once(&above, b)
                && once(&below, a)
                && once(&above, a)
                && once(&below, b)
        });
        if let Some(((a, _), (b, expr))) = moved {
            let finding = Diagnostic::error("union-order", format!("`{b}` is put under `{a}`"))
                .why("a union goes by position, whatever the columns are called")
                .next("give both sides the same columns in the same order");
            let span = expr.map_or_else(|| whole_span(&view, *right), super::look::span);
            out.push(view.at(span, finding));
        } else if let Some((a, b, expr)) = displaced(&above, &below).filter(|_| of_others(&view, *left, *right)) {
            let finding = Diagnostic::warning("union-order", format!("`{b}` is put under `{a}`"))
                .why(format!("`{b}` stands in another place above, and a union goes by position"))
                .next("give both sides the same columns in the same order");
            out.push(view.at(super::look::span(expr), finding));
        }
    }
}

/// An id that both sides have under its own name, which stands under another id below, while the rest is in its place.
fn displaced<'a>(
    above: &[(String, Option<&'a Expr>)],
    below: &[(String, Option<&'a Expr>)],
) -> Option<(String, String, &'a Expr)> {
    let is_id = |name: &str| name.ends_with("_id") || name.ends_with("_key");
    // Not what is given another name: the two ends of a relation are put together the other way round.
    let own = |(name, expr): &(String, Option<&Expr>)| {
        expr.and_then(column).is_some_and(|c| lower(c) == *name) && is_id(name)
    };
    let once = |items: &[(String, Option<&Expr>)], name: &str| items.iter().filter(|(n, _)| n == name).count() == 1;
    let in_place = above.iter().zip(below).filter(|((a, _), (b, _))| a == b).count();
    above.iter().zip(below).find_map(|(a, b)| {
        let there = above.iter().find(|(name, _)| *name == b.0)?;
        let moved = a.0 != b.0 && own(a) && own(b) && own(there) && once(above, &b.0) && once(below, &b.0);
        (moved && in_place > 1).then_some((a.0.clone(), b.0.clone(), b.1?))
    })
}

/// Whether the sides read different tables.
fn of_others(view: &View<'_, '_>, left: usize, right: usize) -> bool {
    let reads = |select: usize| view.outline.selects[select].relations.iter().map(|r| r.target).collect::<Vec<_>>();
    let (left, right) = (reads(left), reads(right));
    !left.is_empty() && !right.is_empty() && !left.iter().any(|t| right.contains(t))
}

/// Where a select starts; where it has no `select` before it, what it reads.
fn whole_span(view: &View<'_, '_>, select: usize) -> Span {
    let part = &view.outline.selects[select];
    match part.relations.first().filter(|_| part.select.flavor == SelectFlavor::FromFirstNoSelect) {
        Some(reads) => reads.span,
        None => part.select.select_token.0.span,
    }
}

fn union_types(query: &Query<'_>, out: &mut Vec<Diagnostic>) {
    let view = query.full();
    for fact in &view.resolved.facts.noted {
        let Fact::Mixed { at, column, above, here } = fact else { continue };
        let why = match query.dialect {
            Dialect::Snowflake => {
                "the union reads the texts by the format that the session has: it fails, or takes the day for the month"
            }
            _ => {
                "the union makes texts of both, which are sorted and compared by their letters: '9' is greater than '10'"
            }
        };
        let finding = Diagnostic::warning("union-types", format!("`{column}` is {above} above and {here} here"))
            .why(why)
            .next("cast one side to the type of the other, with its format where it is a text");
        out.push(view.at(Span::new(*at, *at), finding));
    }
}
