//! The time that rows are counted by, where the words name one: `by issue date`, `per month of cancellation`, `patients
//! admitted per week`.

use crate::spec::{Function, Model};
use crate::vocabulary::{Name, Span, TableRef, Unit};

use super::Assembly;
use super::columns::Scope;
use crate::requirement::lexicon::ColumnOf;
use crate::requirement::piece::{Formula, GroupItem, Happened, Kind, Measure, Noun, What};

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

    /// Whether some stretch of time is laid over the rows.
    fn has_stretch(&self) -> bool {
        self.at_hand().iter().any(|(_, p)| matches!(p.kind, Kind::Window(_) | Kind::Period { .. }))
    }

    /// That it has happened: beside a unit or a stretch by the time that counts, else by the status where there is one.
    pub(super) fn happened(&mut self, scope: &mut Scope<'a>, said: &Happened<'a>, words: &str) -> Option<String> {
        let timed = self.counts_by_unit() || self.has_stretch();
        if let Some(value) = said.value.as_ref().filter(|_| !timed) {
            return self.values(scope, std::slice::from_ref(value), None, false, words);
        }
        let column = self.column(scope, &said.time, words)?;
        let expr = self.expr(scope, column.table, &column.column.name);
        if !self.nullable(scope, column.table, column.column) {
            // The words say by which time, and nothing of the rows.
            let piece = self
                .pieces
                .iter()
                .position(|p| matches!(&p.kind, Kind::Happened(h) if h.time.tokens == said.time.tokens));
            piece.into_iter().for_each(|i| self.note(i, "models"));
            return None;
        }
        Some(format!("{expr} is not null"))
    }

    /// The times that the words say something happened at, where they are not all one.
    pub(super) fn several_happened(&self) -> Vec<ColumnOf<'a>> {
        let mut out: Vec<ColumnOf<'a>> = Vec::new();
        for (_, piece) in self.at_hand() {
            let Kind::Happened(happened) = &piece.kind else { continue };
            for column in &happened.time.hits.columns {
                if !out.iter().any(|c| (c.table, &c.column.name) == (column.table, &column.column.name)) {
                    out.push(*column);
                }
            }
        }
        out
    }

    /// Words that say by which time the grain is counted.
    pub(super) fn note_grain(&mut self, model: &Model, piece: usize) {
        if let Some(first) = model.group_by.first() {
            self.note(piece, format!("models.{}.group_by.{}", model.name, first.name));
        }
    }

    /// The time that the words name beside a unit; the base's own before that of a table that it leads to.
    pub(super) fn said_time(&self, scope: &Scope<'a>) -> Option<(&'a TableRef, Name)> {
        let mut found: Vec<(u32, &'a TableRef, &'a Name)> = Vec::new();
        let by_unit = self.counts_by_unit();
        for (_, piece) in self.at_hand() {
            let nouns: Vec<&Noun<'a>> = match &piece.kind {
                Kind::Happened(happened) => vec![&happened.time],
                // `hires`, which are counted because they happened.
                Kind::Measure(Measure {
                    what: What::Of { function: Function::Count, formula: Formula::Column(noun) },
                    ..
                }) => vec![noun],
                Kind::Noun(noun) if by_unit => vec![noun],
                Kind::Group(items) if by_unit => items
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

/// How many rows of a grain make up a span; none where that is not always the same number.
pub(super) fn rows_in(span: Span, grain: Unit) -> Option<u32> {
    let each = match (span.unit, grain) {
        (a, b) if a == b => 1,
        (Unit::Day, Unit::Hour) => 24,
        (Unit::Week, Unit::Day) => 7,
        (Unit::Week, Unit::Hour) => 168,
        (Unit::Quarter, Unit::Month) => 3,
        (Unit::Year, Unit::Month) => 12,
        (Unit::Year, Unit::Quarter) => 4,
        (Unit::Year, Unit::Week) => 52,
        _ => return None,
    };
    span.count.checked_mul(each)
}
