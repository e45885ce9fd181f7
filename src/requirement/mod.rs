//! A requirement in plain words becomes an intent: a typed spec, or questions. Never a guess.
//!
//! `tokens` → `recognise` (one file a kind of phrase, over the names in `lexicon`) → pieces, each word in exactly one →
//! `assemble` (the contracts decide what is meant, `graph` and `roles`) → a spec in which every field says which words it
//! came from. What people say is data: `words`, `synonyms`, and the lists at the top of each recogniser.

mod acts;
mod assemble;
mod check;
mod described;
mod graph;
mod lexicon;
mod piece;
mod question;
mod recognise;
mod roles;
mod said;
mod scan;
mod stem;
mod synonyms;
mod tokens;
mod twice;
mod words;

pub mod llm;

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::BTreeMap;

pub use question::{Question, Readings};

use self::piece::Piece;
use self::said::Said;
use self::scan::Scan;
use self::twice::Twice;
use crate::contract::Contract;
use crate::spec::{Answer, Spec};
use crate::vocabulary::{Diagnostic, Name, Outcome, Relation, TableRef};
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
    /// Answers to questions, by key.
    pub answers: &'a BTreeMap<String, String>,
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

/// Reads a requirement by the rules.
///
/// The requirement of a spec that is there already gives that spec, with what people changed in it.
///
/// # Errors
/// A text without words, one that is too long, no contract to read it against, or an answer to no question.
pub fn read(text: &str, ground: &Ground<'_>) -> Outcome<Intent> {
    match standing(text, ground)? {
        Standing::Same(understood) => Ok(Intent::Understood(understood)),
        Standing::New { specs, answers } => {
            let read = by_rules(text, &Ground { specs: &specs, answers: &answers, ..*ground })?;
            read.all_used(&answers)?;
            Ok(read.intent)
        }
    }
}

/// Whether a requirement stands already.
pub enum Standing<'a> {
    /// It does, with these answers: its spec.
    Same(Box<Understood>),
    /// It is to be read among these specs, with these answers.
    New {
        /// All but the one that is read anew because an answer is taken back.
        specs: Cow<'a, BTreeMap<Name, Spec>>,
        /// Those that are given, and those that stand.
        answers: Cow<'a, BTreeMap<String, String>>,
    },
}

/// Looks a requirement up among the specs.
///
/// # Errors
/// A text without words, one that is too long, or no contract to read it against.
pub fn standing<'a>(text: &str, ground: &Ground<'a>) -> Outcome<Standing<'a>> {
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
    let stands = ground.specs.values().find(|s| s.requirement.as_deref().is_some_and(|r| same(r, text)));
    let Some(spec) = stands else {
        return Ok(Standing::New { specs: Cow::Borrowed(ground.specs), answers: Cow::Borrowed(ground.answers) });
    };
    let kept = |(key, value): (&String, &String)| spec.answers.iter().any(|a| a.key == *key && a.value == *value);
    if ground.answers.iter().all(kept) {
        return Ok(Standing::Same(Box::new(again(spec))));
    }
    // An answer is taken back: the requirement is read anew, with the answers that were not.
    let specs =
        ground.specs.iter().filter(|(name, _)| **name != spec.name).map(|(n, s)| (n.clone(), s.clone())).collect();
    let mut answers: BTreeMap<String, String> = spec.answers.iter().map(|a| (a.key.clone(), a.value.clone())).collect();
    answers.extend(ground.answers.iter().map(|(k, v)| (k.clone(), v.clone())));
    Ok(Standing::New { specs: Cow::Owned(specs), answers: Cow::Owned(answers) })
}

/// Words of a requirement that has questions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heard {
    /// The words as written.
    pub words: String,
    /// What became of them.
    pub fate: Fate,
}

/// What became of words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// They are asked about, by these keys.
    Asked(Vec<String>),
    /// They are read.
    Read,
    /// They mean nothing here.
    Unknown,
}

/// Every word of a requirement that has questions, in the order of the text.
pub fn heard(text: &str, ground: &Ground<'_>, questions: &[Question]) -> Vec<Heard> {
    let said = Said::new(text.trim());
    let twice = Twice::new(ground.contracts);
    let scan = Scan::over(&said, ground, &twice);
    assemble::heard(&scan, &scan.pieces(), questions)
}

/// What the rules came to.
#[derive(Clone, Debug)]
pub struct ByRules {
    /// A spec, or questions.
    pub intent: Intent,
    /// The answers that decided something.
    pub used: Vec<Answer>,
}

impl ByRules {
    /// Checks that every answer is one to a question.
    ///
    /// # Errors
    /// An answer that answers no question.
    pub fn all_used(&self, answers: &BTreeMap<String, String>) -> Outcome<()> {
        let asked = if let Intent::Questions(questions) = &self.intent { &questions[..] } else { &[] };
        question::all_used(answers, asked, &self.used)
    }
}

/// Reads, answers, and reads again, until nothing is left to answer. Answers may be left over.
///
/// # Errors
/// An answer that does not settle its question.
pub fn by_rules(text: &str, ground: &Ground<'_>) -> Outcome<ByRules> {
    let text = text.trim();
    let (mut said, mut used) = (Said::new(text), Vec::new());
    let twice = Twice::new(ground.contracts);
    loop {
        let first = Scan { answers: used.clone().into(), ..Scan::over(&said, ground, &twice) };
        let pieces = first.pieces();
        // What is cleaned may be of another type afterwards, for this requirement and for those before it.
        let cleaned = as_cleaned(&first, &pieces, ground);
        let seen = cleaned.as_ref().map(|contracts| Ground { contracts, ..*ground });
        let (scan, pieces) = match &seen {
            None => (first, pieces),
            Some(seen) => {
                let answers = used.into();
                let scan = Scan { landed: ground.contracts, answers, ..Scan::over(&said, seen, &twice) };
                let pieces = scan.pieces();
                (scan, pieces)
            }
        };
        let mut intent = assemble::assemble(&scan, &pieces);
        let asked = if let Intent::Questions(questions) = &intent { &questions[..] } else { &[] };
        let edit = scan.edit(asked)?;
        used = scan.answers.take();
        let Some((at, words, answer)) = edit else {
            if let Intent::Understood(understood) = &mut intent {
                understood.spec.requirement = Some(text.to_owned());
                understood.spec.answers = used.clone();
            }
            return Ok(ByRules { intent, used });
        };
        said.replace(&at, &words, &answer);
    }
}

/// The contracts with the types that columns have in staging; none where cleaning changes no type.
fn as_cleaned<'a>(scan: &Scan<'a>, pieces: &[Piece<'a>], ground: &Ground<'_>) -> Option<BTreeMap<TableRef, Contract>> {
    let own = assemble::cleaned(scan, pieces);
    let mut out: Option<BTreeMap<TableRef, Contract>> = None;
    for model in ground.specs.values().flat_map(|s| &s.models).chain(&own) {
        let Relation::Table(table) = &model.from else { continue };
        for (name, rule) in &model.columns {
            let Some(Ok(rule)) = rule.clean.as_ref().map(|clean| ground.config.rules.clean(clean)) else { continue };
            let landed = ground.contracts.get(table).and_then(|c| c.column(name.as_str()));
            if landed.is_none_or(|c| c.data_type == rule.gives) {
                continue;
            }
            let contract = out.get_or_insert_with(|| ground.contracts.clone()).get_mut(table);
            let column = contract.and_then(|c| c.columns.iter_mut().find(|c| c.name == *name));
            if let Some(column) = column {
                column.data_type = rule.gives;
                column.accepted_values.clear();
            }
        }
    }
    out
}

/// The same words, however they are broken into lines.
fn same(a: &str, b: &str) -> bool {
    a.split_whitespace().eq(b.split_whitespace())
}

/// A spec that is there already.
fn again(spec: &Spec) -> Understood {
    let marts = spec.models.iter().filter(|m| matches!(m.from, Relation::Model(_)));
    let mut deliverables: Vec<Name> = marts.map(|m| m.name.clone()).collect();
    if deliverables.is_empty() {
        deliverables = spec.models.iter().map(|m| m.name.clone()).collect();
    }
    Understood { spec: spec.clone(), platform: Vec::new(), deliverables, findings: Vec::new() }
}
