//! Staging models, one a table, and what is cleaned in them.

use crate::spec::Model;
use crate::vocabulary::{Relation, TableRef};

use super::Assembly;
use super::model::capital;
use super::names::head;
use super::set_aside::Apart;
use crate::requirement::Question;
use crate::requirement::piece::{Cleaned, Kind};
use crate::requirement::roles::{Cleanable, cleanable};
use crate::requirement::stem::plural;

impl<'s, 'a> Assembly<'s, 'a> {
    /// Finds the tables that cleaning is about where nothing else names them.
    pub(super) fn touch_cleaned(&mut self) {
        for (i, piece) in self.pieces.iter().enumerate() {
            let Kind::Clean(clean) = &piece.kind else { continue };
            let words = self.scan.words(&piece.tokens);
            for what in &clean.what {
                self.touch_what(i, what, words);
            }
        }
    }

    fn touch_what(&mut self, i: usize, what: &Cleaned<'a>, words: &str) {
        if let Some(noun) = &what.noun {
            let mut tables = super::base::tables_of(noun);
            if tables.len() > 1 {
                let touched: Vec<_> = tables.iter().filter(|t| self.touched.contains(t)).copied().collect();
                if !touched.is_empty() {
                    tables = touched;
                }
            }
            match tables[..] {
                [table] => self.touch(table),
                _ if noun.hits.tables.is_empty() && !noun.modifiers.is_empty() => {
                    tables.into_iter().for_each(|t| self.touch(t))
                }
                _ => {
                    let candidates: Vec<_> = tables.iter().map(|t| self.describe(t)).collect();
                    self.ask_that(in_which_table(words).or_any(candidates));
                }
            }
            return;
        }
        let Some(kind) = what.kind else {
            if self.touched.is_empty() || self.pieces[..i].is_empty() {
                let candidates = self.cleanable_tables();
                self.ask_that(to_clean(words, "which column of which table is to be cleaned?").or_any(candidates));
            } else if what.rules.is_empty()
                && !self
                    .touched
                    .iter()
                    .any(|t| self.contract(t).is_some_and(|c| c.columns.iter().any(|c| cleanable(c).is_some())))
            {
                let candidates = self.cleanable_tables();
                let about = "no column of these tables has a cleaning rule. Which column is meant?";
                self.ask_that(to_clean(words, about).or_any(candidates));
            }
            return;
        };
        if self.touched.iter().any(|t| self.has_kind(t, kind)) {
            return;
        }
        let holders: Vec<&'a TableRef> = self.scan.ground.contracts.keys().filter(|t| self.has_kind(t, kind)).collect();
        match holders[..] {
            [table] => self.touch(table),
            _ => {
                let candidates: Vec<_> = holders.iter().map(|t| self.describe(t)).collect();
                self.ask_that(in_which_table(words).or_any(candidates));
            }
        }
    }

    fn has_kind(&self, table: &TableRef, kind: Cleanable) -> bool {
        let landed = self.scan.landed.get(table);
        landed.is_some_and(|c| c.columns.iter().any(|c| cleanable(c) == Some(kind)))
    }

    fn cleanable_tables(&self) -> Vec<String> {
        let mut out: Vec<String> = self
            .scan
            .landed
            .iter()
            .flat_map(|(t, c)| {
                c.columns.iter().filter(|c| cleanable(c).is_some()).map(move |c| format!("{}.{}", t.table, c.name))
            })
            .collect();
        if out.is_empty() {
            out = self.tables_by_meaning();
        }
        out.truncate(12);
        out
    }

    /// A staging model for each table that is read, as other pipelines have it, with what is cleaned here.
    pub(super) fn staging(&mut self, apart: &[Apart<'s, 'a>]) -> Vec<Model> {
        let mut out = Vec::new();
        for table in self.touched.clone() {
            let name = self.staging_name(table);
            let shared = self.scan.ground.specs.values().flat_map(|s| &s.models).find(|m| m.name == name).cloned();
            let mut model = shared.unwrap_or_else(|| {
                let mut fresh = Model::new(name, Relation::Table(table.clone()));
                let said = self.contract(table).map(|c| {
                    c.description.clone().unwrap_or_else(|| {
                        format!("{} of {}, one row each.", capital(&plural(&head(c)).replace('_', " ")), table.source)
                    })
                });
                fresh.description = said;
                fresh
            });
            self.clean(table, &mut model);
            self.set_aside(apart, table, &mut model);
            out.push(model);
        }
        for (i, piece) in self.pieces.iter().enumerate() {
            if matches!(piece.kind, Kind::Clean(_)) && !self.became.contains_key(&i) {
                let words = self.scan.words(&piece.tokens);
                let candidates = self.cleanable_tables();
                let about = "no cleaning rule is there for that. Which column is meant?";
                self.ask_that(to_clean(words, about).or_any(candidates).or_without());
            }
        }
        out
    }
}

fn in_which_table(words: &str) -> Question {
    Question::new(format!("`{words}`: in which table?")).saying("{words} of {}")
}

fn to_clean(words: &str, asks: &str) -> Question {
    Question::new(format!("`{words}`: {asks}")).key("clean.column").saying("clean {}")
}
