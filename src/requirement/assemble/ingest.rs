//! What is landed, and how.

use crate::spec::{Ingest, Mode};
use crate::vocabulary::{TableRef, Window};

use super::Assembly;
use crate::requirement::piece::Kind;
use crate::requirement::roles::{self, Choice};
use crate::requirement::{Question, Readings};

impl<'a> Assembly<'_, 'a> {
    /// One entry for each table that is read, but for those that another pipeline loads before.
    pub(super) fn ingest(&mut self, base: Option<&'a TableRef>, waits: &[&'a TableRef]) -> Vec<Ingest> {
        let loads = self.pieces.iter().any(|p| matches!(p.kind, Kind::Ingest));
        let modes: Vec<(usize, Mode)> = self
            .pieces
            .iter()
            .enumerate()
            .filter_map(|(i, p)| match p.kind {
                Kind::Mode(mode) => Some((i, mode)),
                _ => None,
            })
            .collect();
        let asked = modes.first().copied();
        let named = self.mentioned();
        let landed: Vec<&'a TableRef> = self.touched.iter().filter(|t| !waits.contains(t)).copied().collect();
        for table in &landed {
            self.note_tables(table, &format!("ingest.{table}"));
        }
        let mut out = Vec::new();
        for table in landed {
            let Some(contract) = self.contract(table) else { continue };
            let path = format!("ingest.{table}");
            let mut mode = if contract.key().is_empty() { Mode::Replace } else { Mode::Merge };
            let about = base.is_none_or(|b| b == table) || named.contains(&table);
            if let Some((piece, wanted)) = asked.filter(|_| about) {
                let words = self.scan.words(&self.pieces[piece].tokens).to_owned();
                mode = self.wanted(table, wanted, mode, &words);
                // `incrementally (new and changed rows only)` says it twice.
                for (i, _) in modes.iter().filter(|m| m.1 == wanted) {
                    self.note(*i, format!("{path}.mode"));
                }
            }
            let window = if loads { self.ingest_window(table, base) } else { None };
            out.push(Ingest { table: table.clone(), mode, key: Vec::new(), cursor: None, window });
        }
        out
    }

    fn wanted(&mut self, table: &'a TableRef, wanted: Mode, fallback: Mode, words: &str) -> Mode {
        let Some(contract) = self.contract(table) else { return fallback };
        let keyless = contract.key().is_empty();
        match wanted {
            // Reading all of it lands the same rows; only the time differs.
            Mode::Incremental if contract.cursor.is_none() => {
                let because =
                    format!("the contract of {} names no cursor, so that all rows are read each time", table.table);
                self.assume(format!("ingest.{table}.mode"), because.clone());
                self.warnings.push(format!("`{words}`: {because}"));
                fallback
            }
            Mode::Append if contract.cursor.is_none() => {
                let about = format!(
                    "`{words}`: the contract of {} names no cursor, so that all rows have to be read each time.",
                    table.table
                );
                let question = Question::new(about).key(format!("{}.cursor", table.table));
                self.choose(Readings::new(question).or("load all rows each time", fallback)).unwrap_or(fallback)
            }
            Mode::Incremental if keyless => {
                let about =
                    format!("`{words}`: {} has no key, so changed rows can't take the place of old ones.", table.table);
                self.mode(about, table).unwrap_or(fallback)
            }
            Mode::Merge if keyless => {
                self.mode(format!("`{words}`: {} has no key to merge on.", table.table), table).unwrap_or(fallback)
            }
            other => other,
        }
    }

    /// How rows without a key arrive.
    fn mode(&mut self, about: String, table: &TableRef) -> Option<Mode> {
        let readings = Readings::new(Question::new(about).key(format!("{}.mode", table.table)));
        let mut readings = readings.or_that("full load", "all rows are read each time", Mode::Replace);
        if self.contract(table).is_some_and(|c| c.cursor.is_some()) {
            let added = "rows that changed are landed once more, beside what they were";
            readings = readings.or_that("append", added, Mode::Append);
        }
        self.choose(readings)
    }

    /// The window, on tables whose rows happen at a time: those that the words are about.
    fn ingest_window(&mut self, table: &'a TableRef, base: Option<&'a TableRef>) -> Option<Window> {
        let pieces: Vec<_> = self.pieces.iter().enumerate().collect();
        let (stretch, said) = self.stretch(&pieces)?;
        let piece = *said.first()?;
        let mut subjects: Vec<&TableRef> = base.into_iter().collect();
        if base.is_none() {
            let nouns = self.nouns();
            subjects.extend(
                nouns
                    .iter()
                    .filter(|n| matches!(self.pieces[n.0].kind, Kind::Noun(_)))
                    .flat_map(|n| n.1.hits.tables.iter().copied()),
            );
        }
        if !subjects.contains(&table) {
            return None;
        }
        let words = self.scan.words(&self.pieces[piece].tokens).to_owned();
        match roles::event_time(self.contract(table)?).0 {
            Choice::One(column) => {
                self.note(piece, format!("ingest.{table}.window"));
                Some(stretch.over(column.name.clone()))
            }
            Choice::Several(columns) => {
                let question = Question::new(format!("`{words}`: several times could be meant. By which one?"));
                let question = question.key(format!("{}.time", table.table));
                let readings = columns.iter().map(|c| (format!("{}.{}", table.table, c.name), c.name.clone()));
                let column = self.choose(Readings::new(question).or_any(readings))?;
                self.note(piece, format!("ingest.{table}.window"));
                Some(stretch.over(column))
            }
            // The model says it by its parent's time; all rows are landed.
            Choice::None => None,
        }
    }

    /// Words that name a table, and the verb that lands it.
    fn note_tables(&mut self, table: &TableRef, path: &str) {
        for (i, noun) in self.nouns() {
            let named = std::iter::once(&noun.hits).chain(&noun.modifiers).any(|h| h.tables.contains(&table));
            if named && matches!(self.pieces[i].kind, Kind::Noun(_)) {
                self.note(i, path);
            }
        }
        for (i, piece) in self.pieces.iter().enumerate() {
            if matches!(piece.kind, Kind::Ingest) {
                self.note(i, path);
            }
        }
    }
}
