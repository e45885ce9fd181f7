//! What is landed, and how.

use crate::spec::{Ingest, Mode};
use crate::vocabulary::{TableRef, Window};

use super::Assembly;
use crate::requirement::piece::Kind;
use crate::requirement::roles::{self, Choice};

impl<'a> Assembly<'_, 'a> {
    /// One entry for each table that is read.
    pub(super) fn ingest(&mut self, base: Option<&'a TableRef>) -> Vec<Ingest> {
        let loads = self.pieces.iter().any(|p| matches!(p.kind, Kind::Ingest));
        let asked = self.pieces.iter().enumerate().find_map(|(i, p)| match p.kind {
            Kind::Mode(mode) => Some((i, mode)),
            _ => None,
        });
        let named = self.mentioned();
        for table in self.touched.clone() {
            self.note_tables(table, &format!("ingest.{table}"));
        }
        let mut out = Vec::new();
        for table in self.touched.clone() {
            let Some(contract) = self.contract(table) else { continue };
            let path = format!("ingest.{table}");
            let mut mode = if contract.key().is_empty() { Mode::Replace } else { Mode::Merge };
            let about = base.is_none_or(|b| b == table) || named.contains(&table);
            if let Some((piece, wanted)) = asked.filter(|_| about) {
                let words = self.scan.words(&self.pieces[piece].tokens).to_owned();
                mode = self.wanted(table, wanted, mode, &words);
                self.note(piece, format!("{path}.mode"));
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
            Mode::Incremental | Mode::Append if contract.cursor.is_none() => {
                let times: Vec<String> =
                    contract.columns.iter().filter(|c| c.data_type.is_temporal()).map(|c| c.name.to_string()).collect();
                let candidates = if times.is_empty() { vec!["load all rows each time".into()] } else { times };
                self.ask(
                    format!(
                        "`{words}`: the contract of {} names no cursor. Which column tells when a row last changed?",
                        table.table
                    ),
                    candidates,
                );
                fallback
            }
            Mode::Incremental if keyless => {
                self.ask(format!("`{words}`: {} has no key, so changed rows can't take the place of old ones. Shall rows only be added?", table.table), vec!["append".into(), "full load".into()]);
                fallback
            }
            Mode::Merge if keyless => {
                self.ask(
                    format!("`{words}`: {} has no key to merge on.", table.table),
                    vec!["append".into(), "full load".into()],
                );
                fallback
            }
            other => other,
        }
    }

    /// The window, on tables whose rows happen at a time: those that the words are about.
    fn ingest_window(&mut self, table: &'a TableRef, base: Option<&'a TableRef>) -> Option<Window> {
        let (piece, last) = self.pieces.iter().enumerate().find_map(|(i, p)| match p.kind {
            Kind::Window(last) => Some((i, last)),
            _ => None,
        })?;
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
                Some(Window::last(column.name.clone(), last))
            }
            Choice::Several(columns) => {
                let candidates = columns.iter().map(|c| format!("{}.{}", table.table, c.name)).collect();
                self.ask(format!("`{words}`: several times could be meant. By which one?"), candidates);
                None
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
