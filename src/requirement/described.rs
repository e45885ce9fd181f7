//! Tables and columns by what people wrote about them in the contracts: `charge level` for a column `battery_pct` that is
//! described as "Charge level of the battery".

use std::collections::{BTreeMap, HashMap};

use crate::contract::Contract;
use crate::vocabulary::TableRef;

use super::lexicon::{ColumnOf, DESCRIBED, Hits, phrase_len};
use super::stem::{noun, parts};
use super::tokens::Token;
use super::words;

/// Words of a description that are read: what it is comes first.
const FIRST: usize = 12;
/// The longest phrase that is looked up, in words.
const LONGEST: usize = 3;
/// A word that stands in more descriptions than these tells nothing.
const MOST: usize = 3;
/// What is written about columns without a person; it says nothing that their names don't.
const WRITTEN_BY_US: &[&str] = &["Key of ", "References ", "When the row last changed"];

/// What a phrase of a description is of.
#[derive(Clone, Copy, Debug)]
enum Of<'a> {
    Table(&'a TableRef),
    Column(ColumnOf<'a>),
}

/// Tables and columns by phrases of their descriptions.
#[derive(Debug, Default)]
pub struct Described<'a> {
    phrases: HashMap<String, Vec<Of<'a>>>,
}

impl<'a> Described<'a> {
    /// Indexes what people wrote.
    pub fn new(contracts: &'a BTreeMap<TableRef, Contract>) -> Described<'a> {
        let mut out = Described::default();
        for (table, contract) in contracts {
            out.add(contract.description.as_deref(), Of::Table(table));
            for column in &contract.columns {
                out.add(column.description.as_deref(), Of::Column(ColumnOf { table, column }));
            }
        }
        out
    }

    fn add(&mut self, description: Option<&str>, of: Of<'a>) {
        let Some(text) = description.filter(|d| !WRITTEN_BY_US.iter().any(|w| d.starts_with(w))) else { return };
        // What follows the first mark explains, and names other things.
        let headline = text.split(['.', ',', ';', ':', '(']).next().unwrap_or_default();
        let all: Vec<String> = parts(headline).into_iter().take(FIRST).collect();
        let mut seen: Vec<String> = Vec::new();
        for run in all.split(|w| words::never_noun(w) || words::is_filler(w)) {
            for from in 0..run.len() {
                for to in from + 1..=run.len().min(from + LONGEST) {
                    let phrase: String = run[from..to].iter().map(|w| noun(w)).collect();
                    if phrase.len() > 2 && !seen.contains(&phrase) {
                        self.phrases.entry(phrase.clone()).or_default().push(of);
                        seen.push(phrase);
                    }
                }
            }
        }
    }

    /// What the longest phrase from `at` on describes.
    pub fn noun(&self, tokens: &[Token], at: usize) -> Option<Hits<'a>> {
        (1..=phrase_len(tokens, at).min(LONGEST)).rev().find_map(|len| {
            let key: String = tokens[at..at + len].iter().map(|t| t.key.as_str()).collect();
            let found = self.phrases.get(&key).filter(|f| f.len() <= MOST)?;
            let mut hits = Hits { len, tier: DESCRIBED, tables: Vec::new(), columns: Vec::new() };
            for of in found {
                match of {
                    Of::Table(table) => hits.tables.push(table),
                    Of::Column(column) => hits.columns.push(*column),
                }
            }
            Some(hits)
        })
    }
}
