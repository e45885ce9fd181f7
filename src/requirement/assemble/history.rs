//! What is watched becomes the history of a staging model.

use crate::requirement::lexicon::name_parts;
use crate::requirement::piece::{Kind, Noun};
use crate::requirement::stem::plural;
use crate::spec::{History, Ingest, Mode};
use crate::vocabulary::{Name, TableRef};

use super::Assembly;
use super::names::head;

impl<'a> Assembly<'_, 'a> {
    /// One history a table that is watched; the tables are touched.
    pub(super) fn history(&mut self) -> Vec<History> {
        let mut out: Vec<History> = Vec::new();
        for (i, piece) in self.pieces.iter().enumerate() {
            let Kind::History(nouns) = &piece.kind else { continue };
            let words = self.scan.words(&piece.tokens);
            for table in self.watched(nouns, words) {
                let Some(contract) = self.contract(table) else { continue };
                if contract.key().is_empty() {
                    let columns = contract.columns.iter().map(|c| format!("{}.{}", table.table, c.name)).collect();
                    self.ask(
                        format!("`{words}`: {} has no key. Which column tells its rows apart?", table.table),
                        columns,
                    );
                    continue;
                }
                self.touch(table);
                let says = |p: &String| p.starts_with("updat") || p.starts_with("modif") || p.starts_with("chang");
                let updated = contract.columns.iter().find(|c| {
                    c.data_type.is_temporal()
                        && c.required
                        && name_parts(&c.physical_name, c.name.as_str()).iter().any(says)
                });
                let thing = plural(&head(contract));
                let name = self.free_history(&Name::from_text(&format!("{thing}_history"), "history"), table);
                let history = History {
                    name,
                    of: table.staging_model(),
                    key: Vec::new(),
                    updated_at: updated.map(|c| c.name.clone()),
                    description: Some(format!(
                        "States of {}, one row for each state that one of them had.",
                        thing.replace('_', " ")
                    )),
                };
                let at = out.iter().position(|h| h.of == history.of).unwrap_or_else(|| {
                    out.push(history);
                    out.len() - 1
                });
                self.note(i, format!("history.{at}"));
                let how = match &out[at].updated_at {
                    Some(column) => format!("`{column}` says when a row of {} last changed", table.table),
                    None => format!(
                        "no column says when a row of {} last changed: all columns are compared at each run",
                        table.table
                    ),
                };
                self.assume(format!("history.{at}.updated_at"), how);
            }
        }
        out
    }

    /// The tables that nouns name, or are columns of.
    fn watched(&mut self, nouns: &[Noun<'a>], words: &str) -> Vec<&'a TableRef> {
        let named: Vec<&'a TableRef> = nouns
            .iter()
            .flat_map(|n| std::iter::once(&n.hits).chain(&n.modifiers))
            .flat_map(|h| h.tables.iter().copied())
            .collect();
        let mut out: Vec<&'a TableRef> = Vec::new();
        for noun in nouns {
            let mut tables: Vec<&'a TableRef> = if noun.hits.tables.is_empty() {
                noun.hits.columns.iter().map(|c| c.table).collect()
            } else {
                noun.hits.tables.clone()
            };
            tables.sort();
            tables.dedup();
            if tables.len() > 1 {
                let near: Vec<&'a TableRef> =
                    tables.iter().filter(|t| named.contains(t) || self.touched.contains(t)).copied().collect();
                if !near.is_empty() && noun.hits.tables.is_empty() {
                    tables = near;
                }
            }
            // `which doctor a patient had`: the table that is watched is the one that points to the other.
            match tables[..] {
                [table] => {
                    if !out.contains(&table) {
                        out.push(table);
                    }
                }
                _ => {
                    let candidates = tables.iter().map(|t| self.describe(t)).collect();
                    self.ask(format!("`{words}`: several tables could be meant. Whose history is kept?"), candidates);
                }
            }
        }
        out
    }

    /// A history sees that rows are gone only where all of its table is loaded.
    pub(super) fn loaded_whole(&mut self, history: &[History], ingest: &mut [Ingest]) {
        if self.pieces.iter().any(|p| matches!(p.kind, Kind::Mode(_))) {
            return;
        }
        for one in ingest.iter_mut().filter(|i| i.window.is_none() && i.mode == Mode::Merge) {
            if history.iter().any(|h| h.of == self.staging_name(&one.table)) {
                one.mode = Mode::Replace;
                let because = "the history is to see which rows are gone";
                self.assume(format!("ingest.{}.mode", one.table), because.to_owned());
            }
        }
    }

    /// A name that no other history has, unless it is of the same table.
    fn free_history(&self, name: &Name, table: &TableRef) -> Name {
        let specs = self.scan.ground.specs.values();
        let mut others = specs.flat_map(|s| &s.history).filter(|h| h.name == *name);
        if others.all(|h| h.of == table.staging_model()) {
            self.free_model(name)
        } else {
            Name::from_text(&format!("{}_{name}", table.source), "history")
        }
    }

    /// The name, unless a model has it.
    fn free_model(&self, name: &Name) -> Name {
        let taken = self.scan.ground.specs.values().flat_map(|s| &s.models).any(|m| m.name == *name);
        if taken { Name::from_text(&format!("{name}_snapshot"), "history") } else { name.clone() }
    }
}
