//! Incremental runs over rows that come late, where texts say that they do: a merge that puts an older row in the place
//! of a newer one, a mark on what the row is for.

use sqlparser::ast::{BinaryOperator, Expr, JoinOperator};

use super::batches::only_keys;
use super::expressions::{column, is_named, window};
use super::incremental::{find_column, has_key, says, watermarks};
use super::look::{View, span};
use super::outline::{Clause, Origin, Target};
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
    joined_later(query, out);
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
            if !by_key
                || happened == loaded
                || !feeds(&view, mark.select, select, 0)
                || only_keys(&view, mark.select, select)
            {
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
    const UNORDERED: &[&str] = &[
        "out of order",
        "out of sequence",
        "unordered",
        "not in order",
        "in any order",
        "in no order",
        "not keep order",
        "not keep the order",
        "keeps no order",
        "no guaranteed order",
        "no ordering guarantee",
        "order is not kept",
        "order is not guaranteed",
        "order not guaranteed",
        "not guarantee order",
        "not guarantee the order",
    ];
    told(node).iter().any(|t| {
        has(t, UNORDERED)
            || has(t, &["replay", "replays", "replayed", "resent", "resends", "redelivered", "sent again"])
                && has(t, &["old", "older"])
            || has(t, &["older"]) && has(t, &["newer"]) && has(t, &["after", "later"])
            || has(t, &["arrive", "arrives", "arriving", "come", "comes", "sent", "delivered", "loaded"])
                && has(t, &["late", "later", "delayed", "delay"])
                && !has(t, &["never late", "not late", "in order"])
    })
}

/// Rows of a left joined table that come weeks after those that they are joined to, where a run looks only at what is
/// new among the latter.
fn joined_later(query: &Query<'_>, out: &mut Vec<Diagnostic>) {
    let Some(view) = query.again() else { return };
    if !query.is("incremental") || !has_key(query) || carries_on(&view) {
        return;
    }
    let marks = watermarks(&view);
    let [mark] = marks.as_slice() else { return };
    if mark.looks_back && !is_short(mark.whole) {
        return;
    }
    let part = &view.outline.selects[mark.select];
    let Some(of) = view.relation(mark.select, mark.column) else { return };
    for (at, reads) in part.relations.iter().enumerate() {
        let Some(JoinOperator::Left(_) | JoinOperator::LeftOuter(_)) = reads.join else { continue };
        let Target::Node(id) = reads.target else { continue };
        let shown = view.outline.pieces[part.pieces.clone()]
            .iter()
            .any(|p| p.clause == Clause::Select && view.relation(mark.select, p.expr) == Some(at));
        if at == of || !shown || !line(&view, id).iter().any(|n| comes_after(n)) {
            continue;
        }
        let finding = Diagnostic::warning(
            "incremental-late-rows",
            format!("rows of `{}` that come later are never joined", reads.alias),
        )
        .why(format!(
            "a row is read when `{}` has changed; what is joined to it is described as coming after that, and does not bring it back",
            find_column(mark.column).map_or("it", |c| &c.value)
        ))
        .next("hold the greatest of both moments against the table, or read again the keys that have new rows");
        out.push(view.at(reads.span, finding));
    }
}

/// Whether a look back is of hours or days, and not of months.
fn is_short(mark: &Expr) -> bool {
    let text = mark.to_string().to_lowercase();
    !["month", "year", "quarter"].iter().any(|w| text.contains(w))
}

/// Whether a text says that the rows of a node come some time after what they are about.
fn comes_after(node: &Node) -> bool {
    told(node).iter().any(|t| {
        has(
            t,
            &[
                "come",
                "comes",
                "comes back",
                "arrive",
                "arrives",
                "returned",
                "sent",
                "delivered",
                "follow",
                "follows",
                "added",
                "received",
                "published",
                "issued",
            ],
        ) && has(t, &["after", "later", "afterwards", "following"])
            && has(t, &["hours", "days", "weeks", "months", "later", "day", "week", "month"])
    })
}

fn corrections_lost(query: &Query<'_>, out: &mut Vec<Diagnostic>) {
    let Some(view) = query.again() else { return };
    if !query.is("incremental") {
        return;
    }
    for mark in watermarks(&view) {
        let Some(Origin::Node(id, name)) = view.outline.origin(mark.select, mark.column) else { continue };
        // What is held against the mark of another column is another matter.
        let own_mark = || super::reruns::marked(&view, &mark).is_none_or(|of| of.eq_ignore_ascii_case(name));
        if let Some(changed) = changes_later(&view, id, name).filter(|_| !mark.looks_back && own_mark()) {
            let finding =
                Diagnostic::warning("incremental-corrections-lost", "changes of rows that are there are never read")
                    .why(format!("`{name}` stays as it is when a row changes; `{changed}` says that rows do"))
                    .next(format!("hold `{changed}` against the greatest one of the table"));
            out.push(view.at(span(mark.whole), finding));
            continue;
        }
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

/// The moment of the last change that a model has of its rows, where it is merged by a key and rows are picked by another
/// moment, that no change moves.
fn changes_later(view: &View<'_, '_>, id: NodeId, mark: &str) -> Option<String> {
    const CHANGES: &[&str] = &["updated", "modified", "changed", "edited"];
    const MOVES: &[&str] = &[
        "updat",
        "modif",
        "chang",
        "edit",
        "load",
        "sync",
        "ingest",
        "extract",
        "batch",
        "process",
        "receiv",
        "export",
        "arriv",
        "replicat",
        "deliver",
        "insert",
        "dbt",
        "etl",
        "partition",
        "file",
        "seq",
        "version",
    ];
    let moment = |n: &str| ["_at", "_ts", "_time", "_on", "_date", "_day", "_utc"].iter().any(|end| n.ends_with(end));
    // New keys are those of new rows.
    let is_key = matches!(view.query.node.config.unique_key.as_slice(), [key] if key.eq_ignore_ascii_case(mark));
    let stays = (is_key || moment(mark)) && !MOVES.iter().any(|w| mark.to_ascii_lowercase().contains(w));
    if !stays || !has_key(view.query) || ["append", "insert_overwrite"].iter().any(|s| says(view.query, s)) {
        return None;
    }
    let never = ["immutable", "append only", "never change", "never changes", "never changed", "never updated"];
    if line(view, id).iter().flat_map(|n| told(n)).any(|t| has(&t, &never)) {
        return None;
    }
    let changed = |c: &&crate::sql::OutputColumn<NodeId>| {
        let named = super::expressions::words(&c.name).iter().any(|w| CHANGES.contains(&w.as_str()));
        named && moment(&c.name) && c.sources.len() == 1 && c.sources.iter().all(|s| s.relation == id)
    };
    view.query.resolved.columns.iter().find(changed).map(|c| c.name.clone())
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
