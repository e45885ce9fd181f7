//! Watermarks that are null where the model's own table has no rows yet, for a key or at all: nothing is greater than
//! null, so nothing is ever read.

use sqlparser::ast::{BinaryOperator, Expr, JoinOperator};

use super::absent::defaulted;
use super::expressions::{any, conjuncts, is_grouped};
use super::incremental::{Watermark, own_levels, queries_in, visit, watermarks};
use super::look::{View, span};
use super::outline::Target;
use super::promised::{has, line, told};
use super::{Family, Look, Query, Rule};
use crate::vocabulary::{Diagnostic, Severity};

pub(super) const RULES: &[Rule] = &[Rule {
    code: "incremental-empty-mark",
    family: Family::Wrong,
    severity: Severity::Warning,
    summary: "a watermark that is null where the table has no rows, so that nothing passes",
    look: Look::Query(empty_mark),
}];

fn empty_mark(query: &Query<'_>, out: &mut Vec<Diagnostic>) {
    let Some(view) = query.again() else { return };
    if !query.is("incremental") {
        return;
    }
    for mark in watermarks(&view) {
        // It stands alone, so that null lets nothing pass.
        let part = &view.outline.selects[mark.select];
        let alone = part.conditions().any(|c| std::ptr::eq(c, mark.whole));
        if !alone || has_default(&view, &mark) {
            continue;
        }
        let (what, why) = if by_key(&view, &mark) {
            (
                "a new key never passes",
                "the mark is of the key's own rows: where it has none yet, it is null, and nothing is greater than null",
            )
        } else if starts_empty(&view, &mark) {
            (
                "nothing passes while the table is empty",
                "what is read is described as empty at first: the greatest of no rows is null, and nothing is greater than null",
            )
        } else {
            continue;
        };
        let finding = Diagnostic::warning("incremental-empty-mark", what)
            .why(why)
            .next("put a default in its place: `coalesce(max(…), '1900-01-01')`");
        out.push(view.at(span(mark.whole), finding));
    }
}

/// Whether something takes the place of null, in the condition or in what it is held against.
fn has_default(view: &View<'_, '_>, mark: &Watermark<'_>) -> bool {
    let is_default = |e: &Expr| {
        defaulted(e).is_some()
            || matches!(e, Expr::Case { .. })
            || super::expressions::call(e, &["greatest", "iff", "if"]).is_some()
    };
    let mut found = any(mark.whole, &mut |e| is_default(e));
    let own = own_levels(view).into_iter().map(|level| view.outline.levels[level].query);
    for query in queries_in(mark.mark).into_iter().chain(own) {
        visit(query, &mut |e| found |= is_default(e));
    }
    found
}

/// Whether the greatest value is asked for key by key: by a query that names the row, or of groups that are joined.
fn by_key(view: &View<'_, '_>, mark: &Watermark<'_>) -> bool {
    let own = own_levels(view);
    let queries = queries_in(mark.mark);
    let correlated = own.iter().any(|level| {
        let level = &view.outline.levels[*level];
        let Some(select) = level.select.filter(|_| queries.iter().any(|q| std::ptr::eq(*q, level.query))) else {
            return false;
        };
        let part = &view.outline.selects[select];
        let outer = &view.outline.selects[mark.select];
        let names_outer = |e: &Expr| match super::expressions::bare(e) {
            Expr::CompoundIdentifier(parts) if parts.len() > 1 => {
                let qualifier = parts[parts.len() - 2].value.to_ascii_lowercase();
                outer.relations.iter().any(|r| r.alias == qualifier) && !part.relations.iter().any(|r| r.alias == qualifier)
            }
            _ => false,
        };
        part.select.selection.iter().flat_map(|f| conjuncts(f)).any(|c| {
            matches!(c, Expr::BinaryOp { left, op: BinaryOperator::Eq, right } if names_outer(left) || names_outer(right))
        })
    });
    let joined = view.outline.selects[mark.select].relations.iter().enumerate().any(|(at, r)| {
        let Target::Level(level) = r.target else { return false };
        let grouped = view.outline.levels[level].select.is_some_and(|s| is_grouped(view.outline.selects[s].select));
        let kind = matches!(
            r.join,
            Some(JoinOperator::Join(_) | JoinOperator::Inner(_) | JoinOperator::Left(_) | JoinOperator::LeftOuter(_))
        );
        kind && grouped && own.contains(&level) && any(mark.mark, &mut |e| view.relation(mark.select, e) == Some(at))
    });
    correlated || joined
}

/// Whether a text says that what is read has no rows at first.
fn starts_empty(view: &View<'_, '_>, mark: &Watermark<'_>) -> bool {
    const EMPTY: &[&str] = &[
        "start empty",
        "starts empty",
        "start out empty",
        "starts out empty",
        "empty at first",
        "empty in the beginning",
        "empty until",
        "has no rows yet",
        "have no rows yet",
    ];
    let relations = view.outline.selects[mark.select].relations.iter();
    let read = relations.filter_map(|r| match r.target {
        Target::Node(id) => Some(id),
        _ => None,
    });
    read.flat_map(|id| line(view, id)).any(|n| told(n).iter().any(|text| has(text, EMPTY)))
}
