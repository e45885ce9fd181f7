//! Which row of many is kept: windows and limits without an order.

use sqlparser::ast::{
    Distinct, Expr, Function, FunctionArgumentClause, FunctionArguments, LimitClause, NullTreatment, OrderByKind,
    SelectItem, Spanned, WindowFrameBound, WindowSpec,
};

use super::expressions::{
    any, arguments, bare, call, column, conjuncts, is_aggregate, is_grouped, is_literal, is_named, is_one_of, lower,
    same_column, whole_number, window,
};
use super::look::{View, span};
use super::outline::Role;
use super::picks::{first_of_list, last_of_days, picks_any};
use super::{Family, Look, Query, Rule};
use crate::check::keyed::has_key;
use crate::sql::{ColumnType, Fact};
use crate::vocabulary::{DataType, Diagnostic, Dialect, Severity};

pub(super) const RULES: &[Rule] = &[
    Rule {
        code: "dedupe-by-chance",
        family: Family::Wrong,
        severity: Severity::Warning,
        summary: "one row of several is kept, and nothing says which",
        look: Look::Query(dedupe_by_chance),
    },
    Rule {
        code: "last-value-frame",
        family: Family::Wrong,
        severity: Severity::Error,
        summary: "`last_value` over the default frame, which ends at the row itself",
        look: Look::Query(last_value_frame),
    },
    Rule {
        code: "limit-without-order",
        family: Family::Wrong,
        severity: Severity::Warning,
        summary: "a `limit` without `order by`, which keeps any rows",
        look: Look::Query(limit_without_order),
    },
];

fn dedupe_by_chance(query: &Query<'_>, out: &mut Vec<Diagnostic>) {
    let view = query.full();
    for (id, part) in view.outline.selects.iter().enumerate() {
        if let Some(Distinct::On(on)) = &part.select.distinct
            && !decides(&view, id, part.level)
            && !keeps_only(part.select, &on.iter().collect::<Vec<_>>())
        {
            let finding = Diagnostic::warning("dedupe-by-chance", "`distinct on` keeps any row of each")
                .why("without `order by` the database is free to keep another one next time")
                .next("add `order by` with the same columns first, then what tells which row is wanted");
            out.push(view.at(part.select.select_token.0.span, finding));
        } else if let Some(why) = distinct_by_chance(&view, id, part.level) {
            let finding = Diagnostic::warning("dedupe-by-chance", "which row is kept is left to chance")
                .why(why)
                .next("add columns to `order by` until no two rows of one kind are equal in them");
            out.push(view.at(part.select.select_token.0.span, finding));
        }
        for piece in &view.outline.pieces[part.pieces.clone()] {
            if piece.select == Some(id)
                && let Some(list) = first_of_list(&view, id, piece.expr)
            {
                let finding = Diagnostic::warning("dedupe-by-chance", "which value is kept is left to chance")
                    .why(format!("`{}` has no order, so its first element is that of any row", list.name))
                    .next("say which is meant: an `order by` in it, or `max_by(…, …)`");
                out.push(view.at(list.name.span(), finding));
            }
            if piece.select == Some(id)
                && let Some(pick) = last_of_days(&view, id, piece.expr)
            {
                let finding = Diagnostic::warning("dedupe-by-chance", "which value is kept is left to chance")
                    .why(format!("`{}` goes by what several rows of a group can share", pick.name))
                    .next("order by the moment, or by what else tells two rows of one day apart");
                out.push(view.at(pick.name.span(), finding));
            }
            let Expr::Function(function) = piece.expr else { continue };
            if piece.select == Some(id) && picks_any(&view, id, function) {
                let finding = Diagnostic::warning("dedupe-by-chance", "which value is kept is left to chance")
                    .why(format!("`{}` takes the one of any row, and another one next time", function.name))
                    .next("say which is meant: `min`, `max`, `max_by(…, …)`, or an `order by` in it");
                out.push(view.at(function.name.span(), finding));
            }
            if piece.select == Some(id) && first_of_equals(&view, function) {
                let finding = Diagnostic::warning("dedupe-by-chance", "which row comes first is left to chance")
                    .why("partition and order together are no key of the rows, so two can be equal in them")
                    .next("add columns to `order by` until no two rows of a partition are equal in them");
                out.push(view.at(function.name.span(), finding));
            }
            if piece.select != Some(id) || !is_named(function, "row_number") {
                continue;
            }
            let Some(why) = undecided(&view, id, function) else { continue };
            if !kept_first(&view, id, function)
                || keeps_the_same(part.select, function)
                || shows_the_same(&view, id, function)
            {
                continue;
            }
            let finding = Diagnostic::warning("dedupe-by-chance", "which row is kept is left to chance")
                .why(why)
                .next("add columns to `order by` until no two rows of a partition are equal in them");
            out.push(view.at(function.name.span(), finding));
        }
    }
}

/// Whether the order of a `distinct on` says more than what it is on.
fn decides(view: &View<'_, '_>, select: usize, level: usize) -> bool {
    let part = view.outline.selects[select].select;
    let (Some(Distinct::On(on)), Some(order)) = (&part.distinct, &view.outline.levels[level].query.order_by) else {
        return false;
    };
    let OrderByKind::Expressions(list) = &order.kind else { return true };
    let named = |e: &Expr| {
        let n = usize::try_from(whole_number(e)?).ok()?.checked_sub(1)?;
        match part.projection.get(n)? {
            SelectItem::UnnamedExpr(e) | SelectItem::ExprWithAlias { expr: e, .. } => Some(e.clone()),
            _ => None,
        }
    };
    list.iter().any(|o| {
        let e = named(&o.expr).unwrap_or_else(|| o.expr.clone());
        !on.iter().any(|on| *on == e || same_column(on, &e))
    })
}

/// Why the order of a `distinct on` does not say which row is kept.
fn distinct_by_chance(view: &View<'_, '_>, select: usize, level: usize) -> Option<&'static str> {
    let part = view.outline.selects[select].select;
    let (Some(Distinct::On(on)), Some(order)) = (&part.distinct, &view.outline.levels[level].query.order_by) else {
        return None;
    };
    let OrderByKind::Expressions(list) = &order.kind else { return None };
    let rest: Vec<&Expr> =
        list.iter().map(|o| &o.expr).filter(|e| !on.iter().any(|on| on == *e || same_column(on, e))).collect();
    if rest.iter().any(|e| whole_number(e).is_some())
        || keeps_only(part, &on.iter().chain(rest.iter().copied()).collect::<Vec<_>>())
    {
        return None;
    }
    let at = part.select_token.0.span.start;
    why_tied(view, select, at, &rest)
}

/// Whether a select gives nothing beside these columns: then rows that tie are the same.
fn keeps_only(select: &sqlparser::ast::Select, columns: &[&Expr]) -> bool {
    select.projection.iter().all(|item| match item {
        SelectItem::UnnamedExpr(e) | SelectItem::ExprWithAlias { expr: e, .. } => {
            column(e).is_some() && columns.iter().any(|c| same_column(c, e))
        }
        _ => false,
    })
}

/// Whether `qualify` asks for the first row and nothing else, of rows that tie only where all that is kept of them is equal.
fn keeps_the_same(select: &sqlparser::ast::Select, function: &Function) -> bool {
    let Some(Expr::BinaryOp { left, .. }) = &select.qualify else { return false };
    let Some(window) = window(function).filter(|_| matches!(&**left, Expr::Function(f) if f == function)) else {
        return false;
    };
    keeps_only(select, &window.partition_by.iter().chain(window.order_by.iter().map(|o| &o.expr)).collect::<Vec<_>>())
}

/// The same where the rows are numbered in a CTE or subquery, and all who read it take nothing else from it.
fn shows_the_same(view: &View<'_, '_>, select: usize, function: &Function) -> bool {
    let part = &view.outline.selects[select];
    let Some(window) = window(function) else { return false };
    let by: Vec<&Expr> = window.partition_by.iter().chain(window.order_by.iter().map(|o| &o.expr)).collect();
    let same = |e: &Expr| by.iter().any(|b| *b == e || same_column(b, e));
    let told: Vec<String> = part
        .select
        .projection
        .iter()
        .filter_map(|item| match item {
            SelectItem::UnnamedExpr(e) if same(e) => column(e).map(lower),
            SelectItem::ExprWithAlias { expr, alias } if same(expr) => Some(lower(alias)),
            _ => None,
        })
        .collect();
    let shows = |item: &SelectItem| match item {
        SelectItem::UnnamedExpr(e) | SelectItem::ExprWithAlias { expr: e, .. } => {
            column(e).is_some_and(|c| told.contains(&lower(c)))
        }
        _ => false,
    };
    let level = super::outline::Target::Level(part.level);
    let mut readers = view.outline.selects.iter().filter(|p| p.relations.iter().any(|r| r.target == level)).peekable();
    readers.peek().is_some() && readers.all(|p| p.relations.len() == 1 && p.select.projection.iter().all(shows))
}

/// Why rows can be equal in an order, by what is known of keys and of the columns in it.
fn why_tied(
    view: &View<'_, '_>,
    select: usize,
    at: sqlparser::tokenizer::Location,
    order: &[&Expr],
) -> Option<&'static str> {
    let total = view.resolved.facts.noted.iter().find_map(|fact| match fact {
        Fact::Numbered { at: place, total } if *place == at => *total,
        _ => None,
    });
    if total == Some(true) || order.is_empty() {
        return None;
    }
    // A table of days has one row for each, as far as its name says.
    let by_day = |e: &&Expr| view.is_of(select, e, &["daily", "day", "weekly", "monthly", "spine", "spined"]);
    let begins = |e: &&Expr| column(e).is_some_and(|c| crate::sql::begins_version(&lower(c)));
    if order.iter().all(|e| is_day(view, e)) && !order.iter().any(|e| by_day(e) || begins(e) || of_load(e)) {
        return Some("it is ordered by days, and a day can have many rows");
    }
    (total == Some(false)).then_some("partition and order together are no key of the rows, so two can be equal in them")
}

/// Whether a column says when a row was loaded.
pub(super) fn of_load(expr: &Expr) -> bool {
    let name = column(expr).map(lower).unwrap_or_default();
    ["load", "ingest", "extract", "sync", "insert", "batch", "etl"].iter().any(|w| name.contains(w))
}

/// Whether the rows of a table are told apart by nothing: its tests name no key, where others of the project have one,
/// and what they are cut by is the key of another table.
fn is_without_key<'a>(view: &View<'_, 'a>, select: usize, partition: &'a Expr, order: &[&'a Expr]) -> bool {
    let Some(super::outline::Origin::Node(id, of)) = view.outline.origin(select, partition) else { return false };
    let mut tested = None;
    let mut node = view.node(id);
    for _ in 0..6 {
        let Some(n) = node else { return false };
        if n.described.as_ref().is_some_and(|d| d.columns.iter().any(|c| !c.tests.is_empty())) {
            tested = n.described.as_ref();
            break;
        }
        if n.kind == crate::dbt::Kind::Source {
            break;
        }
        let [read] = n.reads.as_slice() else { return false };
        node = view.node(read.node);
    }
    let Some(node) = node else { return false };
    let nothing = crate::dbt::Described::default();
    let described = tested.map_or(&nothing, AsRef::as_ref);
    let own = |name: &str| {
        let of = super::expressions::words(&node.name);
        super::expressions::words(name).iter().any(|w| w.len() > 2 && of.contains(w))
    };
    let id_like = |name: &str| {
        let name = name.to_ascii_lowercase();
        name == "id" || ["_id", "_key", "_sk", "uuid", "_seq", "_no"].iter().any(|e| name.ends_with(e)) && own(&name)
    };
    let covered = |name: &str| {
        std::iter::once(&partition).chain(order).any(|e| column(e).is_some_and(|c| c.value.eq_ignore_ascii_case(name)))
    };
    let moment = |e: &Expr| {
        use DataType::{Timestamp, TimestampTz};
        matches!(view.column_type(e), ColumnType::Known(Timestamp | TimestampTz))
            || column(e).is_some_and(|c| lower(c).ends_with("_at") || lower(c).ends_with("_ts"))
    };
    // A source of which nothing is said, beside others of it with a key.
    let beside = || node.kind == crate::dbt::Kind::Source && view.query.keyed.is_beside(&node.path);
    (tested.is_some() || beside())
        && !has_key(described)
        && !view.query.keyed.by(of).is_empty()
        && !own(of)
        && order.iter().all(|e| moment(e) && !of_load(e))
        && !described.columns.iter().any(|c| id_like(&c.name))
        && (tested.is_none() || !described.columns.iter().all(|c| covered(&c.name)))
}

/// Whether `first_value` is of rows that can be equal in what it is ordered by.
fn first_of_equals(view: &View<'_, '_>, function: &Function) -> bool {
    let at = function.name.span().start;
    // The frame of the other is a finding of its own.
    let whole = |w: &WindowSpec| {
        is_named(function, "first_value")
            || is_named(function, "last_value")
                && (w.window_frame.is_some() || view.query.dialect == Dialect::Snowflake)
    };
    // Rows that are equal in what is taken give the same, whichever is the first.
    let alike = |w: &WindowSpec| {
        arguments(function)
            .next()
            .is_some_and(|of| w.order_by.iter().any(|o| o.expr == *of || same_column(&o.expr, of)))
    };
    window(function).is_some_and(|w| w.window_name.is_none() && !w.order_by.is_empty() && whole(w) && !alike(w))
        && view.resolved.facts.noted.contains(&Fact::Numbered { at, total: Some(false) })
}

/// Why the first row of a window is not always the same one.
fn undecided<'a>(view: &View<'_, 'a>, select: usize, function: &'a Function) -> Option<&'static str> {
    let window = window(function)?;
    if window.window_name.is_some() || is_same_throughout(view, select, window) {
        return None;
    }
    let order: Vec<&'a Expr> = window.order_by.iter().map(|o| &o.expr).collect();
    if order.is_empty() {
        return Some("the window has no `order by`");
    }
    let constant = |e: &&Expr| is_literal(e) || super::expressions::is_null(e) || matches!(e, Expr::Subquery(_));
    if order.iter().all(constant) {
        return Some("it is ordered by a constant");
    }
    if order.iter().all(|e| window.partition_by.iter().any(|p| same_column(p, e) || p == *e)) {
        return Some("it is ordered by what is the same for all rows of the partition");
    }
    if order.iter().all(|e| call(e, &["random", "rand", "uuid", "newid", "gen_random_uuid"]).is_some()) {
        return Some("it is ordered by chance");
    }
    why_tied(view, select, function.name.span().start, &order).or_else(|| {
        let [partition] = window.partition_by.as_slice() else { return None };
        is_without_key(view, select, partition, &order)
            .then_some("nothing tells the rows of one partition apart, so two can be of the same moment")
    })
}

/// Whether all that a select gives is the same for the rows of a partition: what they are parted by, and what is worked
/// out over the whole of it. Whichever is kept then says the same.
fn is_same_throughout(view: &View<'_, '_>, select: usize, of: &WindowSpec) -> bool {
    let is_part = |e: &Expr| of.partition_by.iter().any(|p| same_column(p, e) || p == e);
    let same = |e: &Expr| match e {
        Expr::Function(f) => window(f).is_some_and(|w| {
            let whole = w.order_by.is_empty() && is_one_of(f, &["sum", "count", "min", "max", "avg"]);
            (whole || is_named(f, "row_number")) && w.partition_by.iter().all(is_part)
        }),
        e => is_literal(e) || is_part(e),
    };
    let select = view.outline.selects[select].select;
    // What else `qualify` asks for is asked of the row that happens to be the first.
    let asks_more = select.qualify.as_ref().is_some_and(|q| conjuncts(q).len() > 1);
    let mut items = select.projection.iter();
    !asks_more
        && items.all(|item| match item {
            SelectItem::UnnamedExpr(e) | SelectItem::ExprWithAlias { expr: e, .. } => same(e),
            _ => false,
        })
}

/// Whether an expression is a day and no moment.
pub(super) fn is_day(view: &View<'_, '_>, expr: &Expr) -> bool {
    match super::expressions::bare(expr) {
        Expr::Cast { data_type: sqlparser::ast::DataType::Date, .. } => true,
        Expr::Function(f)
            if is_one_of(f, &["trunc", "date_trunc", "datetrunc", "timestamp_trunc", "datetime_trunc"]) =>
        {
            super::frames::is_cut_moment(view, expr) || is_named(f, "date_trunc")
        }
        Expr::Function(f) => is_one_of(f, &["date", "to_date"]),
        e => match (view.column_type(e), column(e)) {
            (ColumnType::Known(DataType::Date), _) => true,
            (ColumnType::Unknown, Some(name)) => {
                let name = lower(name);
                name.ends_with("_date") || name.ends_with("_day") || name == "date"
            }
            _ => false,
        },
    }
}

/// Whether only the rows with number 1 are kept.
pub(super) fn kept_first(view: &View<'_, '_>, select: usize, function: &Function) -> bool {
    let part = &view.outline.selects[select];
    let alias = part.select.projection.iter().find_map(|item| match item {
        SelectItem::ExprWithAlias { expr: Expr::Function(f), alias } if std::ptr::eq(f, function) => Some(lower(alias)),
        _ => None,
    });
    let is_number = |e: &Expr| match e {
        Expr::Function(f) => f == function,
        e => column(e).is_some_and(|c| alias.as_ref().is_some_and(|a| *a == lower(c))),
    };
    view.outline.pieces.iter().any(|p| match p.expr {
        Expr::BinaryOp { left, op, right } => {
            use sqlparser::ast::BinaryOperator::{Eq, Lt, LtEq};
            is_number(left) && matches!((op, whole_number(right)), (Eq | LtEq, Some(1)) | (Lt, Some(2)))
        }
        _ => false,
    })
}

fn last_value_frame(query: &Query<'_>, out: &mut Vec<Diagnostic>) {
    let view = query.full();
    super::extremes::of_the_row_itself(&view, out);
    for piece in &view.outline.pieces {
        let Expr::Function(function) = piece.expr else { continue };
        if !is_named(function, "last_value") {
            continue;
        }
        let Some(window) = window(function) else { continue };
        // Snowflake's default frame of `last_value` is the whole partition; the last that is not null is of a row before.
        let whole = query.dialect == Dialect::Snowflake && window.window_frame.is_none();
        if window.order_by.is_empty()
            || !ends_here(window)
            || window.window_name.is_some()
            || whole
            || skips_nulls(function)
            || window.window_frame.is_some() && super::extremes::is_as_of(&view, piece.expr)
        {
            continue;
        }
        let finding = Diagnostic::error("last-value-frame", "`last_value` gives the value of the row itself")
            .why("with `order by` the frame ends at the current row, so that is the last one in it")
            .next("use `first_value` with the order turned round, or add `rows between unbounded preceding and unbounded following`");
        out.push(view.at(function.name.span(), finding));
    }
}

/// Whether the frame of a window ends at the row itself: that of each window with an order, where none is written.
pub(super) fn ends_here(window: &WindowSpec) -> bool {
    window.window_frame.as_ref().is_none_or(|f| matches!(f.end_bound, None | Some(WindowFrameBound::CurrentRow)))
}

/// Whether a call leaves nulls out: `ignore nulls`, within the brackets or behind them, or `true` after the column.
fn skips_nulls(function: &Function) -> bool {
    let clause = |c: &FunctionArgumentClause| {
        matches!(c, FunctionArgumentClause::IgnoreOrRespectNulls(NullTreatment::IgnoreNulls))
    };
    let within = matches!(&function.args, FunctionArguments::List(l) if l.clauses.iter().any(clause));
    // What is written behind a call within the brackets is read as a part of that call.
    let of_call = |e: &Expr| matches!(super::expressions::bare(e), Expr::Function(f) if f.null_treatment == Some(NullTreatment::IgnoreNulls));
    within
        || function.null_treatment == Some(NullTreatment::IgnoreNulls)
        || arguments(function).nth(1).is_some()
        || arguments(function).any(of_call)
}

fn limit_without_order(query: &Query<'_>, out: &mut Vec<Diagnostic>) {
    let view = query.full();
    // `(select … limit 1)` as a value; in `exists` and `in` it is another matter.
    let values: Vec<&sqlparser::ast::Query> = view
        .outline
        .pieces
        .iter()
        .filter_map(|p| if let Expr::Subquery(q) = p.expr { Some(q.as_ref()) } else { None })
        .collect();
    for level in &view.outline.levels {
        let value = matches!(level.role, Role::Value) && values.iter().any(|q| std::ptr::eq(*q, level.query));
        if !value && !matches!(level.role, Role::Model | Role::Cte(_) | Role::From) {
            continue;
        }
        let ordered = match &level.query.order_by {
            Some(order) => !matches!(&order.kind, OrderByKind::Expressions(list) if list.is_empty()),
            None => false,
        };
        let limit = match &level.query.limit_clause {
            Some(LimitClause::LimitOffset { limit: Some(limit), .. } | LimitClause::OffsetCommaLimit { limit, .. }) => {
                limit
            }
            _ => continue,
        };
        if ordered || whole_number(limit) == Some(0) {
            continue;
        }
        let one = level.select.is_some_and(|s| {
            let select = view.outline.selects[s].select;
            let ungrouped = !is_grouped(select);
            let aggregated = select.projection.iter().any(|item| match item {
                SelectItem::UnnamedExpr(e) | SelectItem::ExprWithAlias { expr: e, .. } => any(e, &mut is_aggregate),
                _ => false,
            });
            // Totals over all rows are the same in each of them.
            let total = |e: &Expr| {
                let window = if let Expr::Function(f) = bare(e) { window(f) } else { None };
                window.is_some_and(|w| w.window_name.is_none() && w.partition_by.is_empty() && w.order_by.is_empty())
            };
            let alike = select.projection.iter().all(|item| match item {
                SelectItem::UnnamedExpr(e) | SelectItem::ExprWithAlias { expr: e, .. } => total(e) || is_literal(e),
                _ => false,
            });
            ungrouped && aggregated
                || select.from.is_empty()
                || alike
                || whole_number(limit) == Some(1) && asks_for_one(&view, s)
        });
        if one {
            continue;
        }
        let finding = Diagnostic::warning("limit-without-order", "which rows are kept is left to chance")
            .why("without `order by` a database gives rows in any order, and another one next time")
            .next("add `order by` with columns that tell rows apart, or take the limit out");
        out.push(view.at(span(limit), finding));
    }
}

/// Whether a select asks for the one row of a table that has a value in its key, or none in a column without two alike:
/// the row for all others.
fn asks_for_one(view: &View<'_, '_>, select: usize) -> bool {
    let part = &view.outline.selects[select];
    let of_key = |e: &Expr| view.seen(e).is_some_and(|c| c.unique == Some(true));
    part.relations.len() == 1
        && part.select.selection.iter().flat_map(|f| conjuncts(f)).any(|c| match c {
            Expr::IsNull(e) => of_key(e),
            Expr::BinaryOp { left, op: sqlparser::ast::BinaryOperator::Eq, right } => {
                of_key(left) && is_literal(right) || of_key(right) && is_literal(left)
            }
            _ => false,
        })
}
