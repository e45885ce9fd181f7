//! What differs in what a node gives: its columns and rows.

use super::pairs::Columns;
use super::verdict::{Difference, Verdict, What};
use crate::check::{Prints, Shape};
use crate::sql::fingerprint::Print;
use crate::sql::{ColumnType, OutputColumn, Resolved};

/// The two sides of a node.
pub(super) struct Two<'a> {
    pub base: (&'a Resolved<u32>, &'a Prints),
    pub head: (&'a Resolved<u32>, &'a Prints),
    /// Its own query says something else.
    pub edited: bool,
}

impl<'a> Two<'a> {
    pub fn of(base: (&'a Shape, &'a Prints), head: (&'a Shape, &'a Prints), edited: bool) -> Option<Two<'a>> {
        Some(Two { base: (base.0.known()?, base.1), head: (head.0.known()?, head.1), edited })
    }
}

/// Whether all of it is alike, by a few comparisons.
pub(super) fn alike(base: (&Shape, &Prints), head: (&Shape, &Prints)) -> bool {
    let (Some(a), Some(b)) = (base.0.known(), head.0.known()) else { return false };
    if std::ptr::eq(a, b) && std::ptr::eq(base.1, head.1) {
        return true;
    }
    let (x, y) = (&base.1.full, &head.1.full);
    let columns = |(a, b): (&OutputColumn<u32>, &OutputColumn<u32>)| a.name == b.name && a.column_type == b.column_type;
    x.rows.deep == y.rows.deep
        && a.columns.len() == b.columns.len()
        && a.open == b.open
        && a.columns.iter().zip(&b.columns).all(columns)
        && x.columns.len() == y.columns.len()
        && x.columns.iter().zip(&y.columns).all(|(a, b)| a.0 == b.0 && a.1.deep == b.1.deep)
        && base.1.incremental.map(|p| p.deep) == head.1.incremental.map(|p| p.deep)
}

/// Everything that differs.
pub(super) fn differences(two: &Two<'_>) -> Vec<Difference> {
    let (base, head) = (&two.base.1.full, &two.head.1.full);
    let (old, new) = (deep(&base.columns), deep(&head.columns));
    let columns = Columns::of(&old, &new);
    let mut out = Vec::new();
    if changed(base.rows, head.rows, two.edited) {
        out.push(Difference { what: What::Rows, verdict: Verdict::ChangesValues, ..Difference::default() });
    } else if two.edited && incremental_changed(two) {
        let note = "rows that are there already stay as they are until a full refresh".to_owned();
        let verdict = Verdict::ChangesValues;
        out.push(Difference { what: What::IncrementalRows, verdict, note: Some(note), ..Difference::default() });
    }
    for b in &columns.gone {
        let name = old[*b].0.to_owned();
        let difference = Difference {
            what: What::ColumnRemoved,
            before: Some(name.clone()),
            column: Some(name),
            ..Difference::default()
        };
        out.push(match two.head.0.open {
            false => difference,
            true => Difference {
                verdict: Verdict::Unknown,
                note: Some("it may still come through a `*` of something that is not known".to_owned()),
                ..difference
            },
        });
    }
    for h in &columns.new {
        let name = new[*h].0.to_owned();
        out.push(Difference {
            what: What::ColumnAdded,
            after: Some(name.clone()),
            column: Some(name),
            ..Difference::default()
        });
    }
    for (b, h) in &columns.renamed {
        let (before, after) = (old[*b].0.to_owned(), new[*h].0.to_owned());
        out.push(Difference {
            what: What::ColumnRenamed,
            column: Some(before.clone()),
            before: Some(before),
            after: Some(after),
            ..Difference::default()
        });
    }
    for (b, h) in &columns.both {
        let name = new[*h].0;
        let one = |what, verdict| Difference { what, verdict, column: Some(name.to_owned()), ..Difference::default() };
        if changed(base.columns[*b].1, head.columns[*h].1, two.edited) {
            out.push(one(What::ColumnLogic, Verdict::ChangesValues));
        }
        let nullable = |all: &[OutputColumn<u32>], name: &str| all.iter().find(|c| c.name == name)?.nullable;
        if changed(base.columns[*b].1, head.columns[*h].1, two.edited)
            && let Some(x) = nullable(&two.base.0.columns, old[*b].0)
            && let Some(y) = nullable(&two.head.0.columns, name)
            && x != y
        {
            let verdict = if y { Verdict::ChangesValues } else { Verdict::Safe };
            let said = |nullable: bool| Some(if nullable { "null at times" } else { "never null" }.to_owned());
            out.push(Difference { before: said(x), after: said(y), ..one(What::ColumnNullable, verdict) });
        }
        let typed =
            |columns: &[OutputColumn<u32>], name: &str| columns.iter().find(|c| c.name == name).map(|c| c.column_type);
        if let (Some(x), Some(y)) = (typed(&two.base.0.columns, old[*b].0), typed(&two.head.0.columns, name))
            && x != y
            && said(x)
            && said(y)
        {
            let (before, after) = (Some(x.to_string()), Some(y.to_string()));
            out.push(Difference { before, after, ..one(What::ColumnType, Verdict::ChangesValues) });
        }
    }
    if columns.gone.is_empty() && columns.new.is_empty() && columns.both.iter().any(|(b, h)| b != h) {
        out.push(Difference { what: What::ColumnOrder, ..Difference::default() });
    }
    if changed(base.rows, head.rows, two.edited)
        && let Some(key) = two.base.0.keys.iter().find(|k| !two.head.0.keys.contains(k))
        && two.head.0.keys.is_empty()
    {
        let before = key.iter().map(|k| format!("`{k}`")).collect::<Vec<_>>().join(", ");
        let verdict = Verdict::ChangesValues;
        out.push(Difference { what: What::Grain, verdict, before: Some(before), ..Difference::default() });
    }
    out
}

fn deep(columns: &[(String, Print)]) -> Vec<(&str, u64)> {
    columns.iter().map(|c| (c.0.as_str(), c.1.deep)).collect()
}

/// Whether the node itself says something else: what only comes from further up is told there.
fn changed(base: Print, head: Print, edited: bool) -> bool {
    edited && base.own != head.own && base.deep != head.deep
}

fn incremental_changed(two: &Two<'_>) -> bool {
    let (base, head) = (two.base.1.incremental, two.head.1.incremental);
    match (base, head) {
        (Some(a), Some(b)) => a.own != b.own && a.deep != b.deep && only_there(two),
        (None, None) => false,
        _ => true,
    }
}

/// The incremental run is another though the columns of the full one are what they were.
fn only_there(two: &Two<'_>) -> bool {
    let (a, b) = (&two.base.1.full.columns, &two.head.1.full.columns);
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.0 == b.0 && a.1.deep == b.1.deep)
}

fn said(column_type: ColumnType) -> bool {
    !matches!(column_type, ColumnType::Unknown | ColumnType::Null)
}

/// Whether readers of one type can't take the other.
pub(super) fn clashes(difference: &Difference, base: &Resolved<u32>, head: &Resolved<u32>) -> bool {
    let Some(name) = &difference.column else { return false };
    let find = |columns: &[OutputColumn<u32>]| columns.iter().find(|c| c.name == *name).map(|c| c.column_type);
    matches!((find(&base.columns), find(&head.columns)), (Some(a), Some(b)) if a.clashes(b))
}
