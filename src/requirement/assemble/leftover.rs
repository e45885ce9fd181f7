//! Nothing is passed over: words that became nothing are a question where they could change the data, else a warning.

use std::ops::Range;

use crate::spec::Trace;
use crate::vocabulary::{Diagnostic, nearest};

use super::Assembly;
use crate::requirement::Question;
use crate::requirement::piece::Kind;
use crate::requirement::tokens;

/// Longest run of words that is quoted back.
const MOST: usize = 80;

impl Assembly<'_, '_> {
    /// Runs of unknown tokens, with the pieces before and after, articles and marks passed over.
    fn unknown(&self) -> Vec<(Range<usize>, Range<usize>)> {
        let mut out: Vec<(Range<usize>, Range<usize>)> = Vec::new();
        for (i, piece) in self.pieces.iter().enumerate() {
            if !matches!(piece.kind, Kind::Unknown) {
                continue;
            }
            match out.last_mut() {
                Some((tokens, pieces)) if pieces.end == i => {
                    tokens.end = piece.tokens.end;
                    pieces.end = i + 1;
                }
                _ => out.push((piece.tokens.clone(), i..i + 1)),
            }
        }
        out
    }

    /// Unknown words where a subject, a condition or an adjective would stand.
    pub(super) fn unknown_questions(&mut self) {
        let computes = |k: &Kind<'_>| matches!(k, Kind::Measure(_));
        let mut subject_known = !self.mentioned().is_empty() || self.pieces.iter().any(|p| computes(&p.kind));
        for (tokens, pieces) in self.unknown() {
            if self.scan.tokens[tokens.clone()].iter().all(|t| t.kind == tokens::Kind::Mark) {
                continue;
            }
            let before = self.pieces[..pieces.start]
                .iter()
                .rev()
                .find(|p| !self.says_nothing(p.tokens.clone(), &p.kind))
                .map(|p| &p.kind);
            let after = self.pieces.get(pieces.end).map(|p| &p.kind);
            let word = self.scan.word(tokens.start.wrapping_sub(1));
            let after_for = matches!(
                word,
                "for"
                    | "in"
                    | "to"
                    | "from"
                    | "by"
                    | "as"
                    | "so"
                    | "because"
                    | "since"
                    | "at"
                    | "on"
                    | "our"
                    | "please"
            );
            let subject = matches!(
                before,
                Some(
                    Kind::Artifact { .. } | Kind::Build | Kind::List | Kind::Ingest | Kind::Group(_) | Kind::Window(_)
                ) | None
            ) && !after_for
                && !subject_known;
            let adjective = matches!(after, Some(Kind::Noun(_) | Kind::Measure(_) | Kind::Artifact { .. }))
                && self.adjacent(tokens.end);
            let condition = matches!(
                word,
                "where"
                    | "whose"
                    | "without"
                    | "only"
                    | "except"
                    | "excluding"
                    | "with"
                    | "of"
                    | "over"
                    | "under"
                    | "from"
                    | "in"
                    | "whom"
                    | "if"
                    | "using"
            );
            let who = matches!(word, "that" | "who" | "which")
                || (tokens.start >= 2
                    && matches!(self.scan.word(tokens.start - 2), "that" | "who" | "which" | "where" | "whose"));
            let number = self.scan.tokens[tokens.clone()]
                .iter()
                .any(|t| t.kind == tokens::Kind::Number || t.kind == tokens::Kind::Quoted);
            let after_measure = matches!(before, Some(Kind::Measure(_) | Kind::Filter(_) | Kind::Group(_)))
                && matches!(word, "and" | "or" | ",");
            if !(subject || adjective || condition || who || number || after_measure) {
                continue;
            }
            let words = self.quoted(&tokens);
            if subject || condition && !subject_known && self.base_words() {
                let candidates = self.near_tables(&words);
                self.ask_that(super::base::no_table(&words).or_any(candidates));
                subject_known = true;
            } else {
                let mut candidates = self.near_tables(&words);
                candidates.truncate(3);
                let about = format!("`{words}` is not understood, and it could change the data. What is meant?");
                self.ask_that(Question::new(about).or_without().or_any(candidates));
            }
        }
    }

    fn base_words(&self) -> bool {
        self.pieces.iter().any(|p| matches!(p.kind, Kind::Artifact { .. } | Kind::Ingest | Kind::List | Kind::Build))
    }

    /// Marks and words that say nothing.
    fn says_nothing(&self, _: Range<usize>, kind: &Kind<'_>) -> bool {
        matches!(kind, Kind::Filler)
    }

    /// Whether no mark stands between.
    fn adjacent(&self, at: usize) -> bool {
        self.scan.tokens.get(at).is_some_and(|t| t.kind != tokens::Kind::Mark)
    }

    /// Tables: those that are spelt nearly so, then those that things happen in.
    pub(super) fn near_tables(&self, words: &str) -> Vec<String> {
        let all = self.tables_by_meaning();
        let names: Vec<&str> = self.scan.ground.contracts.keys().map(|t| t.table.as_str()).collect();
        let mut out: Vec<String> = nearest(words, names).into_iter().map(str::to_owned).collect();
        for table in all {
            if !out.contains(&table) {
                out.push(table);
            }
        }
        out.truncate(12);
        out
    }

    fn quoted(&self, tokens: &Range<usize>) -> String {
        let words = self.scan.words(tokens);
        let cut: String = words.chars().take(MOST).collect();
        if cut.len() < words.len() { format!("{cut}…") } else { cut }
    }

    /// A warning for every run of words that became nothing.
    pub(super) fn unknown_findings(&mut self) {
        let mut runs: Vec<Range<usize>> = self.unknown().into_iter().map(|u| u.0).collect();
        // Pieces that were read but found no place.
        for (i, piece) in self.pieces.iter().enumerate() {
            let silent =
                matches!(piece.kind, Kind::Filler | Kind::Unknown | Kind::Build | Kind::Artifact { .. } | Kind::List);
            if !silent && !self.became.contains_key(&i) {
                runs.push(piece.tokens.clone());
            }
        }
        runs.sort_by_key(|r| r.start);
        for tokens in runs {
            let marks = self.scan.tokens[tokens.clone()].iter().all(|t| t.kind == tokens::Kind::Mark);
            if marks {
                continue;
            }
            let words = self.quoted(&tokens);
            let place = self.scan.said.place(&self.scan.bytes(&tokens));
            let finding = Diagnostic::warning("not-understood", format!("`{words}` became nothing"))
                .at(place)
                .next("leave it out, or say it in other words");
            self.findings.push(finding);
        }
    }

    /// Which words became what; neighbours that became the same together.
    pub(super) fn trace(&self) -> Vec<Trace> {
        let mut out: Vec<(Range<usize>, Vec<String>)> = Vec::new();
        for (i, piece) in self.pieces.iter().enumerate() {
            let Some(became) = self.became.get(&i) else { continue };
            match out.last_mut() {
                Some((tokens, paths)) if paths == became && self.only_filler(tokens.end, piece.tokens.start) => {
                    tokens.end = piece.tokens.end
                }
                _ => out.push((piece.tokens.clone(), became.clone())),
            }
        }
        out.into_iter().map(|(tokens, became)| Trace { words: self.trimmed(&tokens), became }).collect()
    }

    fn only_filler(&self, from: usize, to: usize) -> bool {
        (from..to).all(|i| !self.scan.tokens[i].ends_clause())
    }

    /// Words without the marks and conjunctions around them.
    fn trimmed(&self, tokens: &Range<usize>) -> String {
        let mut start = tokens.start;
        while start + 1 < tokens.end
            && (self.scan.tokens[start].kind == tokens::Kind::Mark
                || matches!(self.scan.word(start), "and" | "the" | "a" | "an"))
        {
            start += 1;
        }
        let mut end = tokens.end;
        while end > start + 1
            && (self.scan.tokens[end - 1].ends_clause() || matches!(self.scan.word(end - 1), "of" | "in" | "and"))
        {
            end -= 1;
        }
        self.scan.words(&(start..end)).to_owned()
    }
}
