//! Staging models, one a table, and what is cleaned in them.

use indexmap::IndexMap;

use crate::spec::{ColumnRule, Model};
use crate::vocabulary::{Name, Relation, TableRef};

use super::Assembly;
use super::model::capital;
use super::names::head;
use crate::contract::Column;
use crate::requirement::Question;
use crate::requirement::lexicon::name_parts;
use crate::requirement::piece::{Clean, Kind};
use crate::requirement::roles::{Cleanable, cleanable};
use crate::requirement::stem::plural;

impl<'a> Assembly<'_, 'a> {
    /// Finds the tables that cleaning is about where nothing else names them.
    pub(super) fn touch_cleaned(&mut self) {
        for (i, piece) in self.pieces.iter().enumerate() {
            let Kind::Clean(clean) = &piece.kind else { continue };
            let words = self.scan.words(&piece.tokens);
            if let Some(noun) = &clean.noun {
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
                continue;
            }
            let Some(kind) = clean.kind else {
                if self.touched.is_empty() || self.pieces[..i].is_empty() {
                    let candidates = self.cleanable_tables();
                    self.ask_that(to_clean(words, "which column of which table is to be cleaned?").or_any(candidates));
                } else if !self
                    .touched
                    .iter()
                    .any(|t| self.contract(t).is_some_and(|c| c.columns.iter().any(|c| cleanable(c).is_some())))
                {
                    let candidates = self.cleanable_tables();
                    let about = "no column of these tables has a cleaning rule. Which column is meant?";
                    self.ask_that(to_clean(words, about).or_any(candidates));
                }
                continue;
            };
            if self.touched.iter().any(|t| self.has_kind(t, kind)) {
                continue;
            }
            let holders: Vec<&'a TableRef> =
                self.scan.ground.contracts.keys().filter(|t| self.has_kind(t, kind)).collect();
            match holders[..] {
                [table] => self.touch(table),
                _ => {
                    let candidates: Vec<_> = holders.iter().map(|t| self.describe(t)).collect();
                    self.ask_that(in_which_table(words).or_any(candidates));
                }
            }
        }
    }

    fn has_kind(&self, table: &TableRef, kind: Cleanable) -> bool {
        self.contract(table).is_some_and(|c| c.columns.iter().any(|c| cleanable(c) == Some(kind)))
    }

    fn cleanable_tables(&self) -> Vec<String> {
        let contracts = self.scan.ground.contracts.iter();
        let mut out: Vec<String> = contracts
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
    pub(super) fn staging(&mut self) -> Vec<Model> {
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

    fn clean(&mut self, table: &'a TableRef, model: &mut Model) {
        let Some(contract) = self.contract(table) else { return };
        for (i, piece) in self.pieces.iter().enumerate() {
            let Kind::Clean(clean) = &piece.kind else { continue };
            for column in contract.columns.iter().filter(|c| applies(clean, table, c)) {
                let Some(rule) = self.rule(clean, column) else { continue };
                model.columns.insert(column.name.clone(), rule);
                self.note(i, format!("models.{}.columns.{}", model.name, column.name));
            }
        }
    }

    fn rule(&self, clean: &Clean<'a>, column: &Column) -> Option<ColumnRule> {
        let parts = name_parts(&column.physical_name, column.name.as_str());
        let by_name = RULES.iter().find(|(words, _)| parts.iter().any(|p| words.contains(&p.as_str()))).map(|r| r.1);
        let name = match (clean.rule, cleanable(column)) {
            (Some("fill_missing"), _) => "fill_missing",
            (Some("upper"), _) => by_name.unwrap_or("upper"),
            (Some("email"), Some(Cleanable::Email)) | (None, Some(Cleanable::Email)) => "email",
            (Some("email"), _) if names_columns(clean) => "lower",
            (Some("trim"), _) | (None, Some(Cleanable::Name)) => "trim",
            (None, Some(Cleanable::Phone)) => "phone_e164",
            (None, None) => by_name?,
            _ => return None,
        };
        let mut args = IndexMap::new();
        if name == "phone_e164" {
            let code = self.scan.ground.config.defaults.country_calling_code.clone();
            args.insert(Name::parse("country_calling_code").ok()?, code);
        }
        if let Some(value) = &clean.value {
            args.insert(Name::parse("value").ok()?, value.clone());
        }
        Some(ColumnRule { clean: Name::parse(name).ok(), args, ..ColumnRule::default() })
    }
}

fn in_which_table(words: &str) -> Question {
    Question::new(format!("`{words}`: in which table?")).saying("{words} of {}")
}

fn to_clean(words: &str, asks: &str) -> Question {
    Question::new(format!("`{words}`: {asks}")).key("clean.column").saying("clean {}")
}

/// Words in the names of columns, and the rules for what such columns hold.
const RULES: &[(&[&str], &str)] = &[
    (&["currency"], "currency"),
    (&["country"], "country_code"),
    (&["zip", "zipcode", "postal", "postcode", "postalcode"], "postal_code"),
    (&["url", "website", "homepage"], "url"),
];

/// Whether columns are named, rather than tables.
fn names_columns(clean: &Clean<'_>) -> bool {
    clean.noun.as_ref().is_some_and(|n| n.hits.tables.is_empty())
}

/// Whether a request to clean is about this column.
fn applies(clean: &Clean<'_>, table: &TableRef, column: &Column) -> bool {
    if column.data_type != crate::vocabulary::DataType::Text {
        return false;
    }
    let by_noun = clean.noun.as_ref().is_none_or(|noun| {
        noun.hits.tables.contains(&table)
            || noun.hits.columns.iter().any(|c| c.table == table && c.column.name == column.name)
    });
    match clean.kind {
        Some(kind) => by_noun && cleanable(column) == Some(kind),
        None => by_noun && (cleanable(column).is_some() || names_columns(clean)),
    }
}
