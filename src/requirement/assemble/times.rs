//! The time that rows are counted by, where the words name one: `by issue date`, `per month of cancellation`, `patients
//! admitted per week`.

use crate::spec::Model;
use crate::vocabulary::{Name, TableRef};

use super::Assembly;
use super::columns::Scope;
use crate::requirement::piece::{GroupItem, Kind, Noun};

impl<'a> Assembly<'_, 'a> {
    /// Whether a noun names times and nothing else.
    pub(super) fn names_time(noun: &Noun<'a>) -> bool {
        noun.hits.tables.is_empty()
            && !noun.hits.columns.is_empty()
            && noun.hits.columns.iter().all(|c| c.column.data_type.is_temporal())
    }

    /// Whether rows are counted by a unit of the calendar, so that a time beside it says by which.
    pub(super) fn counts_by_unit(&self) -> bool {
        let unit = |i: &GroupItem<'_>| !matches!(i, GroupItem::Noun(_));
        self.pieces.iter().any(|p| matches!(&p.kind, Kind::Group(items) if items.iter().any(unit)))
    }

    /// Words that say by which time the grain is counted.
    pub(super) fn note_grain(&mut self, model: &Model, piece: usize) {
        if let Some(first) = model.group_by.first() {
            self.note(piece, format!("models.{}.group_by.{}", model.name, first.name));
        }
    }

    /// The time that the words name beside a unit; the base's own before that of a table that it leads to.
    pub(super) fn said_time(&self, scope: &Scope<'a>) -> Option<(&'a TableRef, Name)> {
        if !self.counts_by_unit() {
            return None;
        }
        let mut found: Vec<(u32, &'a TableRef, &'a Name)> = Vec::new();
        for piece in self.pieces {
            let nouns: Vec<&Noun<'a>> = match &piece.kind {
                Kind::Noun(noun) => vec![noun],
                Kind::Group(items) => items
                    .iter()
                    .filter_map(|i| match i {
                        GroupItem::Noun(noun) => Some(noun),
                        _ => None,
                    })
                    .collect(),
                _ => continue,
            };
            for column in nouns.iter().filter(|n| Self::names_time(n)).flat_map(|n| &n.hits.columns) {
                if let Some(distance) = self.distance(scope.base, column.table) {
                    found.push((distance, column.table, &column.column.name));
                }
            }
        }
        found.sort();
        let (near, table, column) = *found.first()?;
        // Two times that are as near are a question, which the usual way asks.
        if found.iter().any(|f| f.0 == near && (f.1, f.2) != (table, column)) {
            return None;
        }
        Some((table, column.clone()))
    }
}
