//! A requirement in plain words becomes an intent: a typed spec, or questions. Never a guess.
//!
//! `tokens` → `recognise` (one file a kind of phrase, over the names in `lexicon`) → pieces, each word in exactly one →
//! `assemble` (the contracts decide what is meant, `graph` and `roles`) → a spec in which every field says which words it
//! came from. What people say is data: `words`, `synonyms`, and the lists at the top of each recogniser.

mod assemble;
mod graph;
mod lexicon;
mod piece;
mod recognise;
mod roles;
mod scan;
mod stem;
mod synonyms;
mod tokens;
mod words;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::contract::Contract;
use crate::spec::Spec;
use crate::vocabulary::{Diagnostic, Name, Outcome, TableRef};
use crate::workspace::{Config, Platform};

/// Longest requirement that is read, in bytes.
const LONGEST: usize = 8_000;

/// What a requirement is judged against.
#[derive(Clone, Copy, Debug)]
pub struct Ground<'a> {
    /// The workspace's configuration.
    pub config: &'a Config,
    /// All contracts.
    pub contracts: &'a BTreeMap<TableRef, Contract>,
    /// The specs that the workspace has.
    pub specs: &'a BTreeMap<Name, Spec>,
}

/// What a requirement came to.
#[derive(Clone, Debug, PartialEq)]
pub enum Intent {
    /// It was understood.
    Understood(Box<Understood>),
    /// It could not be, or could mean two things that differ in the data.
    Questions(Vec<Question>),
}

/// A requirement that was understood.
#[derive(Clone, Debug, PartialEq)]
pub struct Understood {
    /// The spec that it became.
    pub spec: Spec,
    /// Production connections that it names and `pipewright.yml` lacks.
    pub platform: Vec<Platform>,
    /// Models that people asked for, by name: not the staging on the way to them.
    pub deliverables: Vec<Name>,
    /// Words that became nothing, and other things to say.
    pub findings: Vec<Diagnostic>,
}

/// A question back, with the candidates.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Question {
    /// The question in a sentence that names the words it is about.
    pub about: String,
    /// What the answer may be.
    pub candidates: Vec<String>,
}

/// Reads a requirement.
///
/// The requirement of a spec that is there already gives that spec, with what people changed in it.
///
/// # Errors
/// A text without words, one that is too long, or no contract to read it against.
pub fn read(text: &str, ground: &Ground<'_>) -> Outcome<Intent> {
    let text = text.trim();
    if !text.chars().any(char::is_alphanumeric) {
        let next = "say what is wanted, such as `daily revenue per country, without cancelled orders`";
        return Err(Diagnostic::error("empty-requirement", "the requirement has no words").next(next).fault());
    }
    if text.len() > LONGEST {
        let what = format!("the requirement has {} bytes; at most {LONGEST} are read", text.len());
        return Err(Diagnostic::error("long-requirement", what)
            .next("say it shorter, or one pipeline at a time")
            .fault());
    }
    if ground.contracts.is_empty() {
        let next = "run `pipewright discover` first";
        return Err(Diagnostic::error("no-contracts", "there are no contracts to read it against").next(next).fault());
    }
    if let Some(spec) = ground.specs.values().find(|s| s.requirement.as_deref().is_some_and(|r| same(r, text))) {
        return Ok(Intent::Understood(Box::new(again(spec))));
    }
    let scan = scan::Scan::new(text, ground);
    let pieces = scan.pieces();
    Ok(assemble::assemble(&scan, &pieces))
}

/// The same words, however they are broken into lines.
fn same(a: &str, b: &str) -> bool {
    a.split_whitespace().eq(b.split_whitespace())
}

/// A spec that is there already.
fn again(spec: &Spec) -> Understood {
    let marts = spec.models.iter().filter(|m| matches!(m.from, crate::vocabulary::Relation::Model(_)));
    let mut deliverables: Vec<Name> = marts.map(|m| m.name.clone()).collect();
    if deliverables.is_empty() {
        deliverables = spec.models.iter().map(|m| m.name.clone()).collect();
    }
    Understood { spec: spec.clone(), platform: Vec::new(), deliverables, findings: Vec::new() }
}
