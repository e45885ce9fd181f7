//! Whether what an incremental model is merged by tells its rows apart.

use std::collections::BTreeSet;

use sqlparser::ast::SelectItem;

use super::absent::Cause;
use super::expressions::{column, words};
use super::incremental::{says, watermarks};
use super::look::View;
use super::outline::{Clause, Origin};
use super::promised::{has, line, plain};
use super::reruns::carries_on;
use super::told::Absence;
use super::{Family, Look, Query, Rule};
use crate::dbt::NodeId;
use crate::sql::Text;
use crate::vocabulary::{Diagnostic, Severity};

pub(super) const RULES: &[Rule] = &[Rule {
    code: "incremental-wrong-key",
    family: Family::Wrong,
    severity: Severity::Warning,
    summary: "a `unique_key` that many rows share, that can be null, or that changes with the row",
    look: Look::Query(wrong_key),
}];

fn wrong_key(query: &Query<'_>, out: &mut Vec<Diagnostic>) {
    let keys: BTreeSet<String> = query.node.config.unique_key.iter().map(|k| k.to_lowercase()).collect();
    if !query.is("incremental")
        || keys.is_empty()
        || query.node.config.unique_key.iter().any(|k| k.contains(['(', ',', ' ']))
    {
        return;
    }
    let view = query.full();
    let (what, why) = if let Some(name) = shared_key(&view, &keys) {
        let rows =
            query.resolved.keys.iter().map(|k| k.iter().map(String::as_str).collect::<Vec<_>>().join("`, `")).next();
        (
            format!("many rows have the same `{name}`"),
            format!(
                "there is a row for each `{}`; of those with one `{name}` a run leaves what it read itself",
                rows.unwrap_or_default()
            ),
        )
    } else if let Some((name, rows)) = key_of_parent(query, &keys) {
        (
            format!("many rows have the same `{name}`"),
            format!(
                "there is a row for each `{rows}`, and a run reads only those that are new or changed: the others of one `{name}` are deleted with them, and don't come back"
            ),
        )
    } else if let Some(name) = null_key(&view, &keys) {
        (
            format!("`{name}` can be null, and null equals nothing"),
            "rows without it are never found in the table, so every run that reads them adds them once more".to_owned(),
        )
    } else if let Some((key, more)) = wider_key(&view, &keys) {
        (
            format!("`{key}` tells the rows apart, and `{more}` in the key is another with every change"),
            format!("a row that has changed matches nothing, and stands beside the old one with the same `{key}`"),
        )
    } else {
        return;
    };
    let text = &query.node.text;
    let finding = Diagnostic::warning("incremental-wrong-key", what)
        .why(why)
        .next("merge by what tells the rows apart, and is there in all of them")
        .at(Text::new(&query.node.path, "", text).place(text.find("unique_key").unwrap_or(0), 10));
    out.push(finding);
}

/// A `unique_key` that is not the one by which tests tell the rows apart, or a part of that, of a run that picks row by row.
fn key_of_parent(query: &Query<'_>, keys: &BTreeSet<String>) -> Option<(String, String)> {
    const APART: &[&str] = &[
        "different loads",
        "several loads",
        "separate loads",
        "later load",
        "later loads",
        "different batches",
        "several batches",
        "separate batches",
        "different files",
        "several files",
        "one by one",
        "row by row",
    ];
    let view = query.again()?;
    let described = query.node.described.as_ref()?;
    let of_one = described.columns.iter().filter(|c| c.tests.iter().any(|t| t.name == "unique"));
    let of_one = of_one.map(|c| BTreeSet::from([c.name.to_lowercase()]));
    let tested: Vec<BTreeSet<String>> =
        of_one.chain(described.tests.iter().filter_map(super::grain::combination)).collect();
    let rows = tested.first()?;
    let picks = ["append", "insert_overwrite", "microbatch"].iter().all(|s| !says(query, s));
    if !picks || tested.iter().any(|k| k.is_subset(keys)) || carries_on(&view) {
        return None;
    }
    let marks = watermarks(&view);
    let [mark] = marks.as_slice() else { return None };
    let Some(Origin::Node(id, name)) = view.outline.origin(mark.select, mark.column) else { return None };
    // All rows of what has new ones are read by a list of their keys.
    let by_list = view.outline.pieces.iter().any(|p| {
        matches!(p.expr, sqlparser::ast::Expr::InSubquery { expr, .. } if column(expr).is_some_and(|c| keys.contains(&c.value.to_lowercase())))
    });
    let of_row = words(name).iter().any(|w| ["updated", "modified", "changed", "edited"].contains(&w.as_str()));
    let said = || {
        let texts = line(&view, id).into_iter().flat_map(|n| n.described.iter());
        let texts = texts.flat_map(|d| std::iter::once(&d.description).chain(d.columns.iter().map(|c| &c.description)));
        texts.map(|t| plain(t)).any(|t| has(&t, APART))
    };
    let of_rows = rows.iter().all(|c| {
        view.query.resolved.columns.iter().any(|r| r.name == *c && r.sources.iter().any(|s| s.relation == id))
    });
    let list = |k: &BTreeSet<String>| k.iter().map(String::as_str).collect::<Vec<_>>().join("`, `");
    (!by_list && !joins_keys(&view, mark.select) && of_rows && (of_row || said())).then(|| (list(keys), list(rows)))
}

/// Whether a select that a run reads finds the keys of new rows alone, for others to be joined to.
fn joins_keys(view: &View<'_, '_>, of_new: usize) -> bool {
    (0..view.outline.selects.len()).any(|s| s != of_new && super::batches::only_keys(view, of_new, s))
}

/// A merge that looks at the newest rows of its table alone, while older ones are read again when they change: these find
/// nothing, and are added once more.
pub(super) fn beyond_predicate(query: &Query<'_>, out: &mut Vec<Diagnostic>) {
    let Some(view) = query.again() else { return };
    let Some(predicates) = query.node.config.other.get("incremental_predicates") else { return };
    let predicates = predicates.as_array().map_or(std::slice::from_ref(predicates), Vec::as_slice);
    if query.node.config.unique_key.is_empty() {
        return;
    }
    let bounds = predicates.iter().filter_map(|p| p.as_str()).filter_map(|p| {
        let lower = p.to_lowercase();
        let (_, rest) =
            ["dbt_internal_dest.", "dbt_internal_target.", "target."].iter().find_map(|t| lower.split_once(t))?;
        let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_')?;
        let by_clock =
            ["current_date", "current_timestamp", "getdate", "now(", "sysdate"].iter().any(|c| rest.contains(c));
        let from = rest[end..].trim_start().starts_with('>') && !rest.contains("internal_source");
        (from && by_clock).then(|| rest[..end].to_owned())
    });
    for of in bounds {
        let named = |e: &sqlparser::ast::Expr| column(e).is_some_and(|c| c.value.eq_ignore_ascii_case(&of));
        let filtered =
            view.outline.pieces.iter().any(|p| matches!(p.clause, Clause::Where | Clause::On) && named(p.expr));
        let marks = watermarks(&view);
        let changes = |n: &str| {
            words(n).iter().any(|w| {
                ["updated", "modified", "changed", "edited", "loaded", "synced", "ingested", "extracted"]
                    .contains(&w.as_str())
            })
        };
        let changed =
            marks.iter().find(|m| super::incremental::find_column(m.column).is_some_and(|c| changes(&c.value)));
        let Some(mark) = changed.filter(|_| !filtered) else { continue };
        let finding = Diagnostic::error("incremental-repeats", "rows that the table has already are added again")
            .why(format!("`incremental_predicates` lets the merge see only rows with a late `{of}`, and an older row that changes is read too: it finds nothing there"))
            .next(format!("leave the predicate out, or leave rows out of the run that are older by `{of}`"));
        out.push(view.at(super::look::span(mark.whole), finding));
        return;
    }
}

/// A lone `unique_key` that is the key of another table, while the rows have one of their own.
fn shared_key(view: &View<'_, '_>, keys: &BTreeSet<String>) -> Option<String> {
    let known = &view.query.resolved.keys;
    let (name, 1) = (keys.first()?, keys.len()) else { return None };
    if known.is_empty() || known.iter().any(|k| k.is_subset(keys)) {
        return None;
    }
    let stem = |name: &str| -> Option<String> {
        let name = name.to_lowercase();
        ["_id", "_key", "_sk"].iter().find_map(|end| name.strip_suffix(end).map(str::to_owned))
    };
    let subject = stem(name)?;
    let of_it = |text: &str| words(text).iter().any(|w| subject.split('_').any(|s| w == s || words(s).contains(w)));
    if of_it(&view.query.node.name) || !known.iter().any(|k| k.iter().any(|c| !of_it(c))) {
        return None;
    }
    // One that is made of several columns, as a hash, tells apart what they do.
    let made = view.query.resolved.columns.iter().find(|c| c.name == *name)?;
    let passed = made.sources.len() == 1 && made.sources.iter().all(|s| s.column.eq_ignore_ascii_case(name));
    if !passed {
        return None;
    }
    let mut others = view.query.keyed.by(name).iter().filter_map(|id| view.node(*id));
    others.any(|n| !std::ptr::eq(n, view.query.node) && of_it(&n.name)).then(|| name.clone())
}

/// The key that the model is said to have, and what changes with its rows in a `unique_key` that has more.
fn wider_key(view: &View<'_, '_>, keys: &BTreeSet<String>) -> Option<(String, String)> {
    const CHANGES: &[&str] =
        &["updated", "modified", "changed", "loaded", "synced", "extracted", "ingested", "edited", "update"];
    let described = view.query.node.described.as_ref()?;
    let is_unique = |c: &&crate::dbt::DescribedColumn| c.tests.iter().any(|t| t.name == "unique");
    let mut own = described.columns.iter().filter(is_unique).map(|c| c.name.to_lowercase());
    // A row for each, and the rows that are read have it once.
    let says = |k: &&BTreeSet<String>| {
        let subject = k.first().filter(|_| k.len() == 1).map(|n| words(n)).unwrap_or_default();
        let told = described.description.to_lowercase();
        subject.first().is_some_and(|s| {
            told.contains(&format!("one row per {s}")) || told.contains(&format!("one row for each {s}"))
        })
    };
    let known =
        || view.query.resolved.keys.iter().filter(says).find_map(|k| k.first().filter(|n| keys.contains(*n)).cloned());
    let key = own.find(|name| keys.contains(name)).or_else(known)?;
    let more = keys.iter().find(|k| **k != key && words(k).iter().any(|w| CHANGES.contains(&w.as_str())))?;
    Some((key, more.clone()))
}

/// Whether tests leave a column out that others of its table have, in the node that has it or in one that it is from.
fn said_missing(view: &View<'_, '_>, id: NodeId, name: &str, depth: usize) -> bool {
    match view.said_nullable(id, name) {
        Some(said) => said,
        None if depth > 4 => false,
        None => view.node(id).is_some_and(|n| n.reads.iter().any(|r| said_missing(view, r.node, name, depth + 1))),
    }
}

/// A part of the key that can be null, where the rows have another key or the query makes it so.
fn null_key(view: &View<'_, '_>, keys: &BTreeSet<String>) -> Option<String> {
    let resolved = view.query.resolved;
    let nullable = |name: &str| resolved.columns.iter().find(|c| c.name == name).and_then(|c| c.nullable);
    if let [one] = keys.iter().collect::<Vec<_>>().as_slice()
        && nullable(one) == Some(true)
    {
        // A cast that gives null for what it can't read says nothing of what there is.
        let said = resolved.columns.iter().filter(|c| c.name == **one).flat_map(|c| &c.sources);
        if !said.into_iter().any(|s| said_missing(view, s.relation, &s.column, 0)) {
            return None;
        }
        let better = |k: &BTreeSet<String>| !k.contains(*one) && k.iter().all(|c| nullable(c) == Some(false));
        return resolved.keys.iter().any(better).then(|| (*one).clone());
    }
    let [only] = super::reruns::last(view) else { return None };
    let items = &view.outline.selects[*only].select.projection;
    items.iter().find_map(|item| {
        let (name, expr) = match item {
            SelectItem::ExprWithAlias { expr, alias } => (alias.value.to_lowercase(), expr),
            SelectItem::UnnamedExpr(e) => (column(e)?.value.to_lowercase(), e),
            _ => return None,
        };
        let cause = view.absent(*only, expr).filter(|_| keys.contains(&name))?;
        // By a description, or where the model before found nothing for the row.
        let unmatched = |id, name: &str| view.absence(id, name) == Some(&Absence::Unmatched);
        let given = matches!(cause, Cause::Given(id, name) if unmatched(id, name)) || view.said_of(cause).is_some();
        let said = keys.len() > 1 && given;
        (said || matches!(cause, Cause::Unmatched(..) | Cause::Made(_))).then_some(name)
    })
}
