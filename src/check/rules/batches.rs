//! What an incremental run makes of the part that it reads: groups and windows that are cut off, partitions of which a
//! part is put in the place of the whole, marks of another column or table.

use sqlparser::ast::{BinaryOperator, Expr, Function, GroupByExpr, SelectItem};

use super::expressions::{any, arguments, bare, call, column, is_aggregate, is_one_of, whole_number, window, words};
use super::incremental::{Watermark, has_key, is_own, queries_in, says, subtracts, visit, watermarks};
use super::look::{View, span};
use super::outline::{Clause, Origin, Piece, Target};
use super::reruns::{base, by_day, carries_on, cuts, feeds, find, is_day, is_of_lasting, last, marked, of_past_days};
use super::{Family, Look, Query, Rule};
use crate::vocabulary::{Diagnostic, Dialect, Severity};

pub(super) const RULES: &[Rule] = &[
    Rule {
        code: "incremental-part-of-group",
        family: Family::Wrong,
        severity: Severity::Warning,
        summary: "totals of the newest rows alone, put in the place of the totals of all",
        look: Look::Query(part_of_group),
    },
    Rule {
        code: "incremental-part-of-partition",
        family: Family::Wrong,
        severity: Severity::Warning,
        summary: "a partition that is overwritten with the newest part of it",
        look: Look::Query(part_of_partition),
    },
    Rule {
        code: "incremental-window",
        family: Family::Wrong,
        severity: Severity::Warning,
        summary: "a window that sees only the newest rows, so that numbers and running totals begin anew",
        look: Look::Query(cut_window),
    },
    Rule {
        code: "incremental-other-mark",
        family: Family::Wrong,
        severity: Severity::Warning,
        summary: "a column held against the greatest value of another, or against that of its own source",
        look: Look::Query(other_mark),
    },
];

/// Names of what lives longer than a few days.
const LASTING: &[&str] = &[
    "customer",
    "user",
    "account",
    "loan",
    "member",
    "subscriber",
    "product",
    "store",
    "driver",
    "campaign",
    "device",
    "agent",
    "policy",
    "item",
    "sku",
    "person",
    "employee",
    "merchant",
    "vendor",
    "supplier",
    "player",
    "client",
    "card",
    "wallet",
    "asset",
    "contract",
    "subscription",
    "seller",
    "buyer",
    "company",
    "organization",
    "organisation",
    "team",
    "warehouse",
    "branch",
    "patient",
    "student",
    "vehicle",
    "machine",
    "meter",
    "sensor",
    "owner",
    "donor",
    "tenant",
    "property",
    "channel",
    "partner",
    "region",
    "country",
    "borrower",
    "guest",
    "rider",
    "courier",
    "shop",
    "site",
];

fn is_lasting(expr: &Expr) -> bool {
    column(expr).is_some_and(|c| words(&c.value).iter().any(|w| LASTING.contains(&w.as_str())))
}

/// What a select is grouped by, places and names of its list looked up.
fn groups<'a>(view: &View<'_, 'a>, select: usize) -> Vec<&'a Expr> {
    let part = view.outline.selects[select].select;
    let items = || {
        part.projection.iter().filter_map(|i| match i {
            SelectItem::UnnamedExpr(e) => Some((None, e)),
            SelectItem::ExprWithAlias { expr, alias } => Some((Some(alias.value.as_str()), expr)),
            _ => None,
        })
    };
    let list = match &part.group_by {
        GroupByExpr::Expressions(list, _) => list,
        GroupByExpr::All(_) => return items().map(|(_, e)| e).filter(|e| !any(e, &mut is_aggregate)).collect(),
    };
    let found = |e: &'a Expr| {
        if let Some(n) = whole_number(e) {
            return usize::try_from(n).ok().and_then(|n| items().nth(n.checked_sub(1)?)).map(|(_, e)| e);
        }
        let named = column(e).filter(|_| matches!(bare(e), Expr::Identifier(_)));
        let alias = named.and_then(|n| items().find(|(a, _)| a.is_some_and(|a| a.eq_ignore_ascii_case(&n.value))));
        Some(alias.map_or(e, |(_, e)| e))
    };
    list.iter().filter_map(found).collect()
}

const TOTALS: &[&str] = &[
    "sum",
    "count",
    "avg",
    "mean",
    "median",
    "count_if",
    "countif",
    "approx_count_distinct",
    "listagg",
    "string_agg",
    "array_agg",
    "group_concat",
    "stddev",
    "sumif",
    "sum_if",
    "hll",
];

fn part_of_group(query: &Query<'_>, out: &mut Vec<Diagnostic>) {
    let Some(view) = query.again() else { return };
    if !query.is("incremental") || !has_key(query) || says(query, "append") || carries_on(&view) {
        return;
    }
    for mark in watermarks(&view) {
        for id in 0..view.outline.selects.len() {
            let part = &view.outline.selects[id];
            let keys = groups(&view, id);
            let of_it = |from| last(&view).iter().any(|to| feeds(&view, from, *to, 0));
            if keys.is_empty()
                || only_keys(&view, mark.select, id)
                || !feeds(&view, mark.select, id, 0)
                || !of_it(id)
                || of_past_days(&view, mark.select)
            {
                continue;
            }
            let totals = |p: &&Piece<'_>| {
                p.select == Some(id) && matches!(p.expr, Expr::Function(f) if f.over.is_none() && is_one_of(f, TOTALS))
            };
            let Some(total) = view.outline.pieces[part.pieces.clone()].iter().find(totals) else { continue };
            let Some(why) = cut_off(&view, &mark, id, &keys) else { continue };
            let finding = Diagnostic::warning("incremental-part-of-group", "the total is of the newest rows alone")
                .why(why)
                .next("read all rows of the groups that have new ones: `where key in (select key … where …)`, or whole days");
            out.push(view.at(span(total.expr), finding));
            return;
        }
    }
}

/// Whether a select finds the keys of new rows, `select distinct order_id … where updated_at > …`, and all rows of those
/// are joined to it for the totals of another select.
pub(super) fn only_keys(view: &View<'_, '_>, of_new: usize, totals: usize) -> bool {
    let (new, totals) = (&view.outline.selects[of_new], &view.outline.selects[totals]);
    let by_level = |r: &super::outline::Reads<'_>| matches!(r.target, Target::Level(l) if view.outline.levels[l].sides.contains(&of_new));
    let distinct = matches!(new.select.distinct, Some(sqlparser::ast::Distinct::Distinct));
    let columns = |i: &SelectItem| matches!(i, SelectItem::UnnamedExpr(e) | SelectItem::ExprWithAlias { expr: e, .. } if column(e).is_some());
    (distinct || !groups(view, of_new).is_empty())
        && new.select.projection.iter().all(columns)
        && totals.relations.len() > 1
        && totals.relations.iter().any(by_level)
}

/// Why a filter leaves a part of some groups only.
fn cut_off<'a>(view: &View<'_, 'a>, mark: &Watermark<'a>, id: usize, keys: &[&'a Expr]) -> Option<String> {
    let picked = base(view, mark.select, mark.column, 0)?;
    let shown = picked.1.clone();
    let same: Vec<&&Expr> = keys.iter().filter(|k| base(view, id, k, 0).as_ref() == Some(&picked)).collect();
    if let [key, ..] = same.as_slice() {
        let whole = column(key).is_some() && !is_day(view, id, key) || by_day(view, mark);
        let why = format!(
            "rows are picked by the moment `{shown}` and grouped by its day, so a day that was begun is counted from the mark on, and merged over what it had"
        );
        return (!whole && is_day(view, id, key)).then_some(why);
    }
    // Days by another column, or what lives on: each has rows from before.
    let of_one = |k: &&&Expr| view.seen(k).is_some_and(|c| c.unique == Some(true));
    if keys.iter().any(|k| of_one(&k)) {
        return None;
    }
    let lasting = keys.iter().all(|k| is_lasting(k));
    let many = |k: &&&Expr| base(view, id, k, 0).is_some_and(|(node, _)| node == picked.0);
    let known = keys.iter().all(|k| many(&k) && view.seen(k).is_some_and(|c| c.unique == Some(false)));
    // A day has rows that are loaded or changed on others.
    let moved = words(&shown).iter().any(|w| MOVED.contains(&w.as_str()));
    let other = |k: &&&Expr| {
        is_day(view, id, k) && base(view, id, k, 0).is_some_and(|(node, name)| node == picked.0 && name != shown)
    };
    let day = moved && keys.iter().any(|k| other(&k));
    let entity = keys.iter().filter(|k| !is_day(view, id, k)).count() > 0 || keys.iter().any(|k| is_day(view, id, k));
    if !entity || !(lasting || (known || day) && !mark.looks_back) {
        return None;
    }
    let names: Vec<&str> = keys.iter().filter_map(|k| column(k)).map(|c| c.value.as_str()).collect();
    Some(format!(
        "a run reads the rows after the mark; `{}` has older ones too, and its total is replaced by theirs",
        names.join("`, `")
    ))
}

/// What a moment is called by which rows come again, or come late.
const MOVED: &[&str] = &[
    "updated",
    "modified",
    "changed",
    "loaded",
    "ingested",
    "inserted",
    "synced",
    "extracted",
    "received",
    "arrived",
    "recorded",
];

fn part_of_partition(query: &Query<'_>, out: &mut Vec<Diagnostic>) {
    let Some(view) = query.again() else { return };
    if !query.is("incremental") || !says(query, "insert_overwrite") || carries_on(&view) {
        return;
    }
    let other = &query.node.config.other;
    if other.contains_key("partitions") {
        return;
    }
    let Some(partition) = other.get("partition_by") else {
        whole_table(&view, out);
        return;
    };
    let fields: Vec<String> = match partition {
        serde_json::Value::String(name) => vec![name.to_ascii_lowercase()],
        serde_json::Value::Array(list) => list.iter().filter_map(|v| v.as_str()).map(str::to_ascii_lowercase).collect(),
        serde_json::Value::Object(map) => {
            map.get("field").and_then(|v| v.as_str()).map(str::to_ascii_lowercase).into_iter().collect()
        }
        _ => return,
    };
    // Of several the day is what rows are picked by.
    let daily = |name: &&String| ["date", "day", "month", "_on"].iter().any(|end| name.ends_with(end));
    let Some(field) = (if fields.len() > 1 { fields.iter().find(daily) } else { fields.first() }) else { return };
    for mark in watermarks(&view) {
        let held = column(mark.column).map(|c| c.value.to_ascii_lowercase());
        let by_field = held.as_ref().is_some_and(|h| fields.contains(h)) && is_day(&view, mark.select, mark.column);
        if by_field || by_day(&view, &mark) || !last(&view).iter().any(|to| feeds(&view, mark.select, *to, 0)) {
            continue;
        }
        // A partition by the value itself is picked as a whole.
        let daily = partition.get("granularity").is_some() || partition.get("data_type").is_some();
        if held.as_deref() == Some(field.as_str()) && !daily {
            continue;
        }
        let finding = Diagnostic::warning(
            "incremental-part-of-partition",
            format!("partitions of `{field}` are overwritten with the newest part of them"),
        )
        .why("`insert_overwrite` puts what this run reads in the place of all that the partition had")
        .next(format!("pick whole partitions: hold `{field}`, or the day, against the greatest one of the table"));
        out.push(view.at(span(mark.whole), finding));
        return;
    }
}

/// Without partitions Spark overwrites all of the table.
fn whole_table(view: &View<'_, '_>, out: &mut Vec<Diagnostic>) {
    if view.query.dialect != Dialect::Databricks {
        return;
    }
    if let Some(mark) = watermarks(view).first() {
        let finding = Diagnostic::warning(
            "incremental-part-of-partition",
            "the whole table is overwritten with the newest rows",
        )
        .why("`insert_overwrite` without `partition_by` puts what this run reads in the place of all that there was")
        .next("set `partition_by`, or merge by a `unique_key`");
        out.push(view.at(span(mark.whole), finding));
    }
}

/// Functions whose answer depends on the rows before.
const RUNNING: &[&str] = &[
    "row_number",
    "rank",
    "dense_rank",
    "lag",
    "first_value",
    "sum",
    "count",
    "avg",
    "ntile",
    "percent_rank",
    "cume_dist",
];

fn cut_window(query: &Query<'_>, out: &mut Vec<Diagnostic>) {
    let Some(view) = query.again() else { return };
    if !query.is("incremental") || carries_on(&view) {
        return;
    }
    let marks = watermarks(&view);
    for mark in &marks {
        for piece in view.outline.pieces.iter().filter(|p| p.clause == Clause::Select) {
            let (Some(id), Expr::Function(function)) = (piece.select, piece.expr) else { continue };
            let Some(spec) = window(function).filter(|w| w.window_name.is_none()) else { continue };
            if !is_one_of(function, RUNNING) || spec.order_by.is_empty() || !feeds(&view, mark.select, id, 0) {
                continue;
            }
            // What is left out again above, and what is only there to keep one row of each.
            let later = |m: &Watermark<'_>| m.select != id && feeds(&view, id, m.select, 0);
            if marks.iter().any(later)
                || is_one_of(function, &["row_number", "rank", "dense_rank"]) && picks(&view, id, function)
                || !last(&view).iter().any(|to| feeds(&view, id, *to, 0))
            {
                continue;
            }
            let picked = base(&view, mark.select, mark.column, 0);
            let by_mark = |e: &Expr| matches!(bare(e), Expr::Identifier(_)) && picked.is_some();
            let cut = spec.partition_by.iter().any(|e| {
                is_day(&view, id, e) || view.seen(e).is_some_and(|c| c.unique == Some(true)) || !by_mark(e) && cuts(e)
            });
            let lasting = spec.partition_by.is_empty()
                || spec.partition_by.iter().any(is_lasting)
                || is_row_a_time(&view, spec)
                || is_one_of(function, &["lag"]) && spec.partition_by.iter().any(|e| is_of_lasting(&view, e))
                || runs_on(&view, piece.expr);
            if cut || mark.looks_back && !lasting || takes_whole(&view, mark.select, id, spec) {
                continue;
            }
            let finding = Diagnostic::warning(
                "incremental-window",
                format!("`{}` sees only the rows that this run reads", function.name),
            )
            .why("the filter comes before the window, so it begins anew with each run, as if nothing had been before")
            .next("filter after the window, or take the last values from `{{ this }}` and go on from there");
            out.push(view.at(span(piece.expr), finding));
            return;
        }
    }
}

/// Whether all rows of each partition come again where one of them is new: the new ones only say which.
fn takes_whole(view: &View<'_, '_>, of_new: usize, select: usize, spec: &sqlparser::ast::WindowSpec) -> bool {
    let names = |e: &Expr| column(e).map(super::expressions::lower);
    let parts: Vec<String> = spec.partition_by.iter().filter_map(names).collect();
    let of_part = |item: &SelectItem| match item {
        SelectItem::UnnamedExpr(e) | SelectItem::ExprWithAlias { expr: e, .. } => {
            names(e).is_some_and(|name| parts.contains(&name))
        }
        _ => false,
    };
    only_keys(view, of_new, select) && view.outline.selects[of_new].select.projection.iter().all(of_part)
}

/// Whether the key of the model is what a window is partitioned and ordered by: then each of its groups has a row for
/// every day or month, and goes on.
fn is_row_a_time(view: &View<'_, '_>, spec: &sqlparser::ast::WindowSpec) -> bool {
    let key = &view.query.node.config.unique_key;
    let names = spec.partition_by.iter().chain(spec.order_by.iter().map(|o| &o.expr));
    let names: Vec<&str> = names.filter_map(|e| column(e)).map(|c| c.value.as_str()).collect();
    key.len() > 1 && key.len() == names.len() && key.iter().all(|k| names.iter().any(|n| n.eq_ignore_ascii_case(k)))
}

/// Whether a total is called one of all that there was: `cumulative_sales`, `cancelled_days_since_start`.
fn runs_on(view: &View<'_, '_>, expr: &Expr) -> bool {
    const ON: &[&str] = &["cumulative", "cumulated", "running", "lifetime", "cum"];
    super::promised::items(view).into_iter().any(|(_, e, alias)| {
        let named = words(alias);
        let pairs = || named.windows(2).map(|p| (p[0].as_str(), p[1].as_str()));
        std::ptr::eq(super::sums::rounded(e), expr)
            && (named.iter().any(|w| ON.contains(&w.as_str()))
                || pairs().any(|p| matches!(p, ("to", "date") | ("so", "far") | ("since", _) | ("all", "time"))))
    })
}

/// Whether a number is there to keep one row of each: it is held against a number somewhere.
fn picks(view: &View<'_, '_>, select: usize, function: &Function) -> bool {
    let part = view.outline.selects[select].select;
    let alias = part.projection.iter().find_map(|item| match item {
        SelectItem::ExprWithAlias { expr, alias }
            if any(expr, &mut |e| matches!(e, Expr::Function(f) if f == function)) =>
        {
            Some(&alias.value)
        }
        _ => None,
    });
    view.outline.pieces.iter().filter(|p| p.clause != Clause::Select || p.depth > 0).any(|p| match p.expr {
        Expr::BinaryOp { left, right, .. } => {
            let is = |e: &Expr| column(e).is_some_and(|c| alias.is_some_and(|a| a.eq_ignore_ascii_case(&c.value)));
            (is(left) && whole_number(right).is_some()) || (is(right) && whole_number(left).is_some())
        }
        _ => false,
    })
}

fn other_mark(query: &Query<'_>, out: &mut Vec<Diagnostic>) {
    let Some(view) = query.again() else { return };
    if !query.is("incremental") {
        return;
    }
    for mark in watermarks(&view) {
        let Some(name) = marked(&view, &mark) else { continue };
        let Some((node, held)) = base(&view, mark.select, mark.column, 0) else { continue };
        let Some(own) = query.resolved.columns.iter().find(|c| c.name == name) else { continue };
        // It is made of the column, or of another table.
        if name == held || own.sources.is_empty() || own.sources.iter().any(|s| s.column == held || s.relation != node)
        {
            continue;
        }
        // The table has the column itself, so the other one was a slip.
        let kept = query.resolved.columns.iter().any(|c| {
            c.sources.len() == 1 && c.sources.iter().any(|s| s.relation == node && s.column == held) && c.name != name
        });
        if !kept {
            continue;
        }
        let finding =
            Diagnostic::warning("incremental-other-mark", format!("`{held}` is held against the greatest `{name}`"))
                .why("the two are not of the same moment, so rows between them are left out or read again")
                .next(format!("take the greatest `{held}` of the table"));
        out.push(view.at(span(mark.whole), finding));
    }
    of_source(&view, query, out);
}

/// A mark that is taken from what is read, in a run that should go on from its own table.
fn of_source(view: &View<'_, '_>, query: &Query<'_>, out: &mut Vec<Diagnostic>) {
    let in_full = |e: &Expr| query.outline.pieces.iter().any(|p| p.clause == Clause::Where && p.expr == e);
    for piece in view.outline.pieces.iter().filter(|p| p.clause == Clause::Where) {
        let Expr::BinaryOp { left, op: BinaryOperator::Gt | BinaryOperator::GtEq, right } = piece.expr else {
            continue;
        };
        let inner = queries_in(right);
        let (Some(select), [inner]) = (piece.select, inner.as_slice()) else { continue };
        if any(right, &mut subtracts) || in_full(piece.expr) {
            continue;
        }
        let mut less = false;
        visit(inner, &mut |e| less |= subtracts(e));
        let Some(level) = view.outline.levels.iter().find(|l| std::ptr::eq(l.query, *inner)) else { continue };
        let Some(at) = level.select.filter(|_| !less) else { continue };
        let [SelectItem::UnnamedExpr(item) | SelectItem::ExprWithAlias { expr: item, .. }] =
            view.outline.selects[at].select.projection.as_slice()
        else {
            continue;
        };
        // `(select latest from mark)`, where that is a CTE.
        let (item, at) = match view.outline.origin(at, item) {
            Some(Origin::Expr(inner, level)) => (inner, level),
            _ => (item, at),
        };
        let mut greatest = None;
        find(item, &mut |e| greatest = greatest.or_else(|| call(e, &["max"]).and_then(|f| arguments(f).next())));
        let (Some(greatest), true) = (greatest, view.outline.selects[at].select.selection.is_none()) else { continue };
        let (a, b) = (base(view, select, left, 0), base(view, at, greatest, 0));
        if a.is_none() || a != b || a.is_some_and(|(id, _)| is_own(view, Target::Node(id))) {
            continue;
        }
        let finding = Diagnostic::warning("incremental-other-mark", "the mark is the greatest of the source itself")
            .why("only its very newest rows pass, whatever the model's own table has; all between the runs are lost")
            .next("take the greatest value from `{{ this }}`");
        out.push(view.at(span(piece.expr), finding));
    }
}
