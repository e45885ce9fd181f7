//! Incremental runs over rows that come late, where texts say that they do: a merge that puts an older row in the place
//! of a newer one, a mark on what the row is for.

use sqlparser::ast::{BinaryOperator, Expr};

use super::expressions::{column, is_named, window};
use super::incremental::{has_key, says, watermarks};
use super::look::{View, span};
use super::outline::Origin;
use super::promised::{has, line, told};
use super::reruns::{base, carries_on, feeds, is_day};
use super::{Family, Look, Query, Rule};
use crate::dbt::{Node, NodeId};
use crate::vocabulary::{Diagnostic, Severity};

pub(super) const RULES: &[Rule] = &[
    Rule {
        code: "incremental-older-wins",
        family: Family::Wrong,
        severity: Severity::Warning,
        summary: "the newest of the rows just loaded, merged over a newer one that the table has",
        look: Look::Query(older_wins),
    },
    Rule {
        code: "incremental-corrections-lost",
        family: Family::Wrong,
        severity: Severity::Warning,
        summary: "a watermark on the day that rows are for, where earlier days are corrected later",
        look: Look::Query(corrections_lost),
    },
];

fn older_wins(query: &Query<'_>, out: &mut Vec<Diagnostic>) {
    let Some(view) = query.again() else { return };
    let merges = has_key(query) && !["append", "insert_overwrite", "microbatch"].iter().any(|s| says(query, s));
    if !query.is("incremental") || !merges || carries_on(&view) {
        return;
    }
    let is_key = |e: &Expr| {
        column(e).is_some_and(|c| query.node.config.unique_key.iter().any(|k| k.eq_ignore_ascii_case(&c.value)))
    };
    for mark in watermarks(&view) {
        let Some((loaded, at)) = base(&view, mark.select, mark.column, 0).map(|(id, name)| (name, id)) else {
            continue;
        };
        if !line(&view, at).iter().any(|n| come_late(n)) {
            continue;
        }
        for piece in &view.outline.pieces {
            let (Expr::Function(function), Some(select)) = (piece.expr, piece.select) else { continue };
            let Some(spec) = window(function).filter(|_| is_named(function, "row_number")) else { continue };
            let Some(first) = spec.order_by.first().filter(|o| descends(o)) else { continue };
            let by_key =
                spec.partition_by.len() == query.node.config.unique_key.len() && spec.partition_by.iter().all(is_key);
            let Some((_, happened)) = base(&view, select, &first.expr, 0) else { continue };
            if !by_key || happened == loaded || !feeds(&view, mark.select, select, 0) {
                continue;
            }
            let finding = Diagnostic::warning("incremental-older-wins", "a late older row takes the place of a newer one")
                .why(format!("rows come late and out of order, and only those just loaded compete by `{happened}`: what the table has is not asked"))
                .next("read all rows of the keys that have new ones, or let the table's own rows compete too");
            out.push(view.at(sqlparser::ast::Spanned::span(&function.name), finding));
            return;
        }
    }
}

/// Whether the greatest comes first.
pub(super) fn descends(order: &sqlparser::ast::OrderByExpr) -> bool {
    order.options.sort == Some(sqlparser::ast::OrderBySort::Desc)
}

/// Whether texts say that rows of a node come late or out of order.
fn come_late(node: &Node) -> bool {
    told(node).iter().any(|t| {
        has(t, &["out of order", "out of sequence"])
            || has(t, &["arrive", "arrives", "arriving", "come", "comes", "sent", "delivered", "loaded"])
                && has(t, &["late", "later", "delayed", "delay"])
                && !has(t, &["never late", "not late", "in order"])
    })
}

fn corrections_lost(query: &Query<'_>, out: &mut Vec<Diagnostic>) {
    let Some(view) = query.again() else { return };
    if !query.is("incremental") {
        return;
    }
    for mark in watermarks(&view) {
        let Some(Origin::Node(id, name)) = view.outline.origin(mark.select, mark.column) else { continue };
        if mark.looks_back
            || !matches!(mark.op, BinaryOperator::GtEq | BinaryOperator::Gt)
            || is_of_load(name)
            || !is_day(&view, mark.select, mark.column)
        {
            continue;
        }
        let Some(loaded) = loaded(&view, id) else { continue };
        if !line(&view, id).iter().flat_map(|n| told(n)).any(|t| is_corrected(&t)) {
            continue;
        }
        let finding = Diagnostic::warning("incremental-corrections-lost", "what is corrected later is never read")
            .why(format!("`{name}` is what the row is for, and rows of earlier ones still come"))
            .next(format!("hold `{loaded}` against the greatest one of the table"));
        out.push(view.at(span(mark.whole), finding));
    }
}

/// Whether a text says that rows of the past are still put right.
fn is_corrected(text: &str) -> bool {
    has(
        text,
        &["correction", "corrections", "corrected", "restated", "adjusted", "adjustments", "revised", "revisions"],
    ) && has(text, &["earlier", "later", "late", "past", "previous", "afterwards", "retroactively", "any time"])
        || has(text, &["backdated", "back dated", "retroactive", "retroactively"])
}

fn is_of_load(name: &str) -> bool {
    const LOADED: &[&str] = &[
        "load", "sync", "updat", "modif", "ingest", "insert", "extract", "batch", "receiv", "post", "book", "record",
        "creat", "chang", "process",
    ];
    let name = name.to_ascii_lowercase();
    LOADED.iter().any(|w| name.contains(w))
}

/// A moment of a node that says when a row came.
fn loaded(view: &View<'_, '_>, id: NodeId) -> Option<String> {
    let columns = line(view, id).into_iter().flat_map(|n| n.described.iter()).flat_map(|d| &d.columns);
    let moment = |n: &str| ["_at", "_ts", "_time", "_on"].iter().any(|end| n.ends_with(end));
    columns.map(|c| c.name.to_lowercase()).find(|n| is_of_load(n) && moment(n))
}
