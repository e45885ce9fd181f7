//! Pieces become a spec, or questions: the contracts decide what is meant.

mod after;
mod base;
mod calendar;
mod children;
mod clauses;
mod cleaning;
mod columns;
mod computed;
mod contradictions;
mod dedupe;
mod demanded;
mod elapsed;
mod family;
mod filters;
mod formula;
mod groups;
mod history;
mod ingest;
mod leftover;
mod lifted;
mod masked;
mod measures;
mod model;
mod names;
mod others;
mod part;
mod pipeline;
mod pivot;
mod platform;
mod result;
mod set_aside;
mod share;
mod staging;
mod summed;
mod tests_in_words;
mod tests_of_rows;
mod then;
mod times;
mod whole;
mod windows;
mod worth;
mod zone;

use std::collections::{BTreeMap, BTreeSet};

use crate::contract::Contract;
use crate::spec::{Assumed, Model};
use crate::vocabulary::{Diagnostic, Name, TableRef};

use super::piece::{GroupItem, Kind, Noun, Piece, Shape};
use super::scan::Scan;
use super::{Fate, Heard, Intent, Question, Readings};

/// Everything that is gathered on the way to the spec.
pub struct Assembly<'s, 'a> {
    /// The words and what they are judged against.
    scan: &'s Scan<'a>,
    /// What the words were taken for.
    pieces: &'s [Piece<'a>],
    /// Where each piece went.
    became: BTreeMap<usize, Vec<String>>,
    /// What can't be decided here.
    questions: Vec<Question>,
    /// What was filled in.
    assumed: Vec<Assumed>,
    /// What a reviewer should look at.
    warnings: Vec<String>,
    /// Other things to say.
    findings: Vec<Diagnostic>,
    /// Tables that the pipeline reads, in the order of their mention.
    touched: Vec<&'a TableRef>,
    /// Pieces that the model in hand is made of; all of them if none.
    only: Option<BTreeSet<usize>>,
    /// Models on the way to the one that is asked for.
    between: Vec<Model>,
    /// Measures over rows below the base, by their pieces, with the tables of those.
    below: BTreeMap<usize, &'a TableRef>,
    /// Only types are wanted: nothing is asked.
    typing: bool,
}

pub(super) use platform::{Whereabouts, whereabouts};

/// What is asked for, told from the kinds of pieces.
#[derive(Clone, Copy, Debug, Default)]
struct Asked {
    ingest: bool,
    model: bool,
    rows: bool,
    clean: bool,
    apart: bool,
    test: bool,
    history: bool,
    summary: bool,
}

/// Pieces to intent.
pub fn assemble<'a>(scan: &Scan<'a>, pieces: &[Piece<'a>]) -> Intent {
    let mut questions: Vec<Question> = pieces
        .iter()
        .filter_map(|p| match &p.kind {
            Kind::Ask(question) => Some(question.clone()),
            _ => None,
        })
        .collect();
    if !questions.is_empty() {
        // What can't be said at all comes before what is only unclear.
        if questions.iter().any(|q| q.about.contains("can't be said yet")) {
            questions.retain(|q| q.about.contains("can't be said yet"));
        }
        questions.dedup();
        return Intent::Questions(questions);
    }
    Assembly::new(scan, pieces).pipeline()
}

/// The staging models of what is cleaned, for their types: what can't be decided yet is left open.
pub fn cleaned<'a>(scan: &Scan<'a>, pieces: &[Piece<'a>]) -> Vec<Model> {
    if !pieces.iter().any(|p| matches!(p.kind, Kind::Clean(_))) {
        return Vec::new();
    }
    let mut assembly = Assembly::new(scan, pieces);
    assembly.typing = true;
    assembly.touch_mentioned(None);
    assembly.touch_cleaned();
    assembly.staging(&[])
}

/// What became of every word where there are questions.
pub fn heard<'a>(scan: &Scan<'a>, pieces: &[Piece<'a>], questions: &[Question]) -> Vec<Heard> {
    let mut assembly = Assembly::new(scan, pieces);
    let about = |q: &Question| Some((scan.find(&q.words)?, q.key.clone()));
    let asked: Vec<_> = questions.iter().filter_map(about).collect();
    for (i, piece) in pieces.iter().enumerate() {
        let own = scan.bytes(&piece.tokens);
        let keys: Vec<String> =
            asked.iter().filter(|(at, _)| at.start < own.end && own.start < at.end).map(|a| a.1.clone()).collect();
        if !keys.is_empty() {
            assembly.became.insert(i, keys);
        } else if !matches!(piece.kind, Kind::Unknown) && !assembly.is_silent(i, piece) {
            assembly.note(i, "");
        }
    }
    let fate = |became: Vec<String>| {
        let keys: Vec<String> = became.iter().filter(|k| !k.is_empty()).cloned().collect();
        match (became.is_empty(), keys.is_empty()) {
            (true, _) => Fate::Unknown,
            (false, true) => Fate::Read,
            (false, false) => Fate::Asked(keys),
        }
    };
    assembly.trace().into_iter().map(|t| Heard { words: t.words, fate: fate(t.became) }).collect()
}

impl<'s, 'a> Assembly<'s, 'a> {
    fn new(scan: &'s Scan<'a>, pieces: &'s [Piece<'a>]) -> Assembly<'s, 'a> {
        Assembly {
            scan,
            pieces,
            became: BTreeMap::new(),
            questions: Vec::new(),
            assumed: Vec::new(),
            warnings: Vec::new(),
            findings: Vec::new(),
            touched: Vec::new(),
            only: None,
            between: Vec::new(),
            below: BTreeMap::new(),
            typing: false,
        }
    }
}

impl<'s, 'a> Assembly<'s, 'a> {
    fn asked(&self) -> Asked {
        let has = |test: fn(&Kind<'_>) -> bool| self.pieces.iter().any(|p| test(&p.kind));
        let ingest = has(|k| matches!(k, Kind::Ingest));
        let build = has(|k| matches!(k, Kind::Build));
        let artifact = has(|k| matches!(k, Kind::Artifact { .. })) && (build || !ingest);
        let summary = has(|k| matches!(k, Kind::Artifact { summary: true }));
        let columns = has(|k| matches!(k, Kind::Column(_)));
        let computes = has(|k| matches!(k, Kind::Measure(_) | Kind::Define { .. })) || summary;
        let shaped = has(|k| matches!(k, Kind::Shape(_) | Kind::Elapsed(_) | Kind::Pivot(_)));
        let aggregates = computes || has(|k| matches!(k, Kind::Group(_))) && (shaped || !self.lists_each());
        let filters = has(|k| matches!(k, Kind::Filter(_) | Kind::Happened(_)))
            || self.pieces.iter().any(|p| matches!(&p.kind, Kind::Noun(n) if !n.values.is_empty()));
        let shapes = has(|k| matches!(k, Kind::Shape(_)));
        let clean = has(|k| matches!(k, Kind::Clean(_)));
        let apart = has(|k| matches!(k, Kind::SetAside(_)));
        let dedupe = has(|k| matches!(k, Kind::Dedupe(_)));
        let test = has(|k| matches!(k, Kind::Test(_)));
        let history = has(|k| matches!(k, Kind::History(_)));
        let mask = has(|k| matches!(k, Kind::Mask(_)));
        let list = has(|k| matches!(k, Kind::List));
        let nouns = has(|k| matches!(k, Kind::Noun(_)));
        let built = (artifact || build && !ingest) && nouns && !(clean || apart || test || history);
        Asked {
            ingest,
            model: aggregates
                || has(|k| matches!(k, Kind::Elapsed(_) | Kind::Dimension))
                || mask
                || shapes
                || dedupe
                || columns
                || filters
                || list
                || built
                || artifact && nouns,
            rows: !aggregates,
            clean,
            apart,
            test,
            history,
            summary,
        }
    }

    /// `list every agent with the name of their manager`: the rows are wanted, though `every` reads as a grain.
    fn lists_each(&self) -> bool {
        self.pieces.iter().enumerate().all(|(i, p)| match &p.kind {
            Kind::Group(items) => {
                let word = self.scan.word(p.tokens.start);
                let first = self.pieces[..i].iter().all(|p| matches!(p.kind, Kind::List | Kind::Build | Kind::Filler));
                let one = matches!(&items[..], [GroupItem::Noun(noun)] if !noun.hits.tables.is_empty());
                one && first && matches!(word, "each" | "every" | "for")
            }
            _ => true,
        })
    }

    /// The pieces that the model in hand is made of.
    fn at_hand(&self) -> Vec<(usize, &'s Piece<'a>)> {
        let mine = |i: usize| self.only.as_ref().is_none_or(|only| only.contains(&i));
        self.pieces.iter().enumerate().filter(|(i, _)| mine(*i)).collect()
    }

    /// The contract of a table; every table in hand comes from the contracts.
    fn contract(&self, table: &TableRef) -> Option<&'a Contract> {
        let contracts = self.scan.ground.contracts;
        contracts.get(table).or_else(|| contracts.get(&self.scan.twice.get(table)?.of))
    }

    fn note(&mut self, piece: usize, path: impl Into<String>) {
        let paths = self.became.entry(piece).or_default();
        let path = path.into();
        if !paths.contains(&path) {
            paths.push(path);
        }
    }

    fn assume(&mut self, field: impl Into<String>, because: impl Into<String>) {
        let assumed = Assumed { field: field.into(), because: because.into() };
        if !self.assumed.contains(&assumed) {
            self.assumed.push(assumed);
        }
    }

    fn ask(&mut self, about: impl Into<String>, candidates: Vec<String>) {
        self.ask_that(Question::new(about).or_any(candidates));
    }

    /// Asks, unless it is asked already.
    fn ask_that(&mut self, question: Question) {
        if !self.questions.contains(&question) {
            self.questions.push(question);
        }
    }

    /// What was answered; asks where it was not.
    fn choose<T>(&mut self, readings: Readings<T>) -> Option<T> {
        self.scan.choose(readings).map_err(|question| self.ask_that(question)).ok()
    }

    fn touch(&mut self, table: &'a TableRef) {
        let table = self.scan.twice.get(table).map_or(table, |role| &role.of);
        if !self.touched.contains(&table) {
            self.touched.push(table);
        }
    }

    /// Every noun phrase of the requirement, with the piece that it is in.
    fn nouns(&self) -> Vec<(usize, &'s Noun<'a>)> {
        let mut out = Vec::new();
        for (i, piece) in self.pieces.iter().enumerate() {
            let mut found: Vec<&'s Noun<'a>> = Vec::new();
            match &piece.kind {
                Kind::Noun(noun) | Kind::Shape(Shape::Column(noun) | Shape::Within(GroupItem::Noun(noun))) => {
                    found.push(noun);
                }
                Kind::Happened(happened) => found.push(&happened.time),
                Kind::Filter(filter) => found.extend(filter.nouns()),
                Kind::Measure(measure) => found.extend(measure.nouns()),
                Kind::Define { formula, .. } => found.extend(formula.iter().flat_map(|f| f.nouns())),
                Kind::Column(column) => found.extend(column.nouns()),
                Kind::Group(items) => found.extend(items.iter().flat_map(|i| match i {
                    GroupItem::Noun(noun) => vec![noun],
                    GroupItem::Column(column) => column.nouns(),
                    _ => Vec::new(),
                })),
                Kind::Clean(clean) => found.extend(clean.what.iter().filter_map(|w| w.noun.as_ref())),
                Kind::Dedupe(dedupe) => {
                    found.extend(dedupe.noun.iter().chain(&dedupe.by));
                    found.extend(dedupe.keep.iter().filter_map(super::piece::Keep::column));
                }
                Kind::Keep(keep) => found.extend(keep.column()),
                Kind::Pivot(pivot) => found.extend(&pivot.noun),
                Kind::Mask(masking) => found.extend(masking.what.iter().filter_map(|t| match t {
                    super::piece::Target::Noun(noun) | super::piece::Target::Of(noun) => Some(noun),
                    _ => None,
                })),
                Kind::History(nouns) => found.extend(nouns),
                Kind::Test(check) => found.extend(check.of.iter().chain(&check.within)),
                Kind::SetAside(bad) => found.extend(bad.iter().flat_map(super::piece::Bad::nouns)),
                _ => {}
            }
            out.extend(found.into_iter().map(|n| (i, n)));
        }
        out
    }

    /// The models of a spec's way to a table.
    fn staging_name(&self, table: &TableRef) -> Name {
        self.scan.twice.get(table).map_or(table, |role| &role.of).staging_model()
    }

    /// Names of models that other specs have.
    fn taken(&self, own: &Name) -> BTreeSet<Name> {
        let others = self.scan.ground.specs.iter().filter(|(name, _)| *name != own);
        others.flat_map(|(_, spec)| spec.models.iter().map(|m: &Model| m.name.clone())).collect()
    }
}
