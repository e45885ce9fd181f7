//! Nothing is passed over: words that became nothing are a question where they could change the data, else a warning.

use std::ops::Range;

use crate::vocabulary::{Diagnostic, nearest};

use super::Assembly;
use crate::requirement::Question;
use crate::requirement::piece::{GroupItem, Kind};
use crate::requirement::{tokens, words};

/// What stands before the meaning of what was said.
pub(super) const EXPLAINS: &[&str] = &["(", "i.e", "i. e.", "that is", "meaning", "which means", "that means", "so"];

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
            // `per customer's favourite colour`, `in status archived`: it goes on with what was said, unless it says how.
            let last = self.pieces[..pieces.start].last().map(|p| &p.kind);
            let named = |items: &[GroupItem<'_>]| items.iter().any(|i| matches!(i, GroupItem::Noun(_)));
            let goes_on = match last {
                Some(Kind::Noun(_) | Kind::Filter(_)) => true,
                Some(Kind::Group(items)) => named(items),
                _ => false,
            } && !self.scan.word(tokens.end - 1).ends_with("ly");
            // `check`, `never`, `previous`: words that mean something, where nothing could take them.
            let means = |word: &str| words::turns(word) || words::known(word) && !words::is_filler(word);
            let meant = tokens.clone().any(|t| means(self.scan.word(t)));
            let sure = meant || goes_on || subject || adjective || condition || who || number || after_measure;
            let how = || tokens.clone().all(|i| self.scan.word(i).ends_with("ly"));
            if self.explained(pieces.clone()) || !sure && how() {
                continue;
            }
            if self.called_by().is_some_and(|(_, named)| named == pieces) {
                for i in pieces {
                    self.note(i, "name");
                }
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

    /// Unknown words that are no more than what the table is called, where its measures are said: `a daily billing table
    /// with the number of invoices`. Their tokens, and their pieces.
    pub(super) fn called_by(&self) -> Option<(Range<usize>, Range<usize>)> {
        let measures = |at: usize| self.pieces[at..].iter().any(|p| matches!(p.kind, Kind::Measure(_)));
        self.unknown().into_iter().find(|(tokens, pieces)| {
            let after = self.pieces.get(pieces.end).map(|p| &p.kind);
            matches!(after, Some(Kind::Artifact { .. })) && self.adjacent(tokens.end) && measures(pieces.end)
        })
    }

    /// Whether what is said next in brackets, or after `i.e.`, says what an unknown adjective means: `current employees (no
    /// termination date)`.
    fn explained(&self, pieces: Range<usize>) -> bool {
        let mut after = self.pieces[pieces.end..].iter();
        let title =
            self.pieces[..pieces.start].iter().all(|p| matches!(p.kind, Kind::Filler | Kind::Build | Kind::List));
        if title && !pieces.is_empty() && self.meant_later(pieces.end) {
            return true;
        }
        let named =
            pieces.is_empty() || matches!(after.next().map(|p| &p.kind), Some(Kind::Noun(_) | Kind::Measure(_)));
        named && {
            let mut opened = false;
            let rest = after.take_while(|p| !self.scan.tokens[p.tokens.start].is_mark("."));
            rest.take(4).any(|p| {
                opened |= self.scan.any(p.tokens.start, EXPLAINS).is_some();
                opened && matches!(p.kind, Kind::Filter(_) | Kind::Happened(_))
            })
        }
    }

    /// `attrition by month, meaning the number of employees terminated`: a title whose meaning follows.
    fn meant_later(&self, from: usize) -> bool {
        let means = [":", "meaning", "i.e", "that is", "which is", "defined as", "in other words"];
        let said = (from..self.pieces.len()).find(|i| self.scan.any(self.pieces[*i].tokens.start, &means).is_some());
        let after =
            said.and_then(|i| self.pieces[i + 1..].iter().find(|p| !matches!(p.kind, Kind::Filler | Kind::Unknown)));
        after.is_some_and(|p| matches!(p.kind, Kind::Measure(_) | Kind::Noun(_)))
    }

    /// `good readings only`: what stands before says which.
    fn chosen(&self, only: usize) -> bool {
        let before = self.pieces[..only].iter().rposition(|p| !matches!(p.kind, Kind::Filler));
        before.is_some_and(|i| match &self.pieces[i].kind {
            Kind::Filter(_) | Kind::Happened(_) => self.became.contains_key(&i),
            Kind::Noun(noun) => !noun.values.is_empty() && self.became.contains_key(&i) || self.explained(only..only),
            Kind::Measure(_) => self.explained(only..only),
            _ => false,
        })
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

    /// Words that are read, but that nothing of the spec took up, and small words that turn the meaning round: a question.
    pub(super) fn lost_questions(&mut self) {
        for (i, piece) in self.pieces.iter().enumerate() {
            let lost = match &piece.kind {
                Kind::Unknown => false,
                Kind::Filler => {
                    let word = self.scan.word(piece.tokens.start);
                    let noun = || matches!(self.pieces.get(i + 1).map(|p| &p.kind), Some(Kind::Noun(_)));
                    let rows = || {
                        matches!(i.checked_sub(1).map(|b| &self.pieces[b].kind), Some(Kind::Noun(_) | Kind::Filter(_)))
                    };
                    // `orders must have …` states a rule that nothing could take.
                    let states = matches!(word, "must" | "cannot" | "may" | "should") && rows();
                    let lost = words::turns(word) || states || words::picks(word) && noun();
                    lost && !self.became.contains_key(&i) && !(word == "only" && self.chosen(i))
                }
                Kind::Noun(noun) if !self.became.contains_key(&i) => {
                    let all = noun.hits.tables.iter().copied().chain(noun.hits.columns.iter().map(|c| c.table));
                    match all.filter(|t| self.touched.contains(t)).map(|t| self.staging_name(t)).next() {
                        Some(model) if !noun.hits.tables.is_empty() => {
                            self.note(i, format!("models.{model}"));
                            false
                        }
                        _ => true,
                    }
                }
                _ => !self.became.contains_key(&i) && !self.is_silent(i, piece),
            };
            if !lost {
                continue;
            }
            let mut tokens = piece.tokens.clone();
            if matches!(piece.kind, Kind::Filler)
                && let Some(next) = self.pieces.get(i + 1).filter(|n| self.adjacent(n.tokens.start))
            {
                tokens.end = next.tokens.end;
            }
            let about = format!(
                "`{}` could change the data, but nothing of the pipeline follows from it. Shall it be built without?",
                self.scan.words(&tokens)
            );
            self.ask_that(Question::new(about).or_without());
        }
    }

    /// A warning for every run of words that became nothing.
    pub(super) fn unknown_findings(&mut self) {
        for (tokens, pieces) in self.unknown() {
            if self.explained(pieces.clone()) {
                let said = (pieces.end..self.pieces.len()).find_map(|i| match self.pieces[i].kind {
                    Kind::Filter(_) | Kind::Happened(_) => self.became.get(&i).cloned(),
                    _ => None,
                });
                said.into_iter().flatten().for_each(|path| pieces.clone().for_each(|i| self.note(i, path.clone())));
                continue;
            }
            let marks = self.scan.tokens[tokens.clone()].iter().all(|t| t.kind == tokens::Kind::Mark);
            if marks || self.became.contains_key(&pieces.start) {
                continue;
            }
            let words = self.quoted(&tokens);
            let finding = Diagnostic::warning("not-understood", format!("`{words}` became nothing"))
                .at(self.scan.said.place(&self.scan.bytes(&tokens)))
                .next("leave it out, or say it in other words");
            self.findings.push(finding);
        }
    }
}
