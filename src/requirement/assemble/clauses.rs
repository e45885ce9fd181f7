//! The clauses of a requirement: every word is in exactly one, and each became a part of the spec, or is said not to be
//! understood.

use std::ops::Range;

use super::Assembly;
use crate::requirement::piece::{Kind, Piece};
use crate::requirement::tokens;
use crate::spec::Trace;

/// Words that stand together, and what they became.
struct Clause {
    /// Bytes of the requirement as it was written.
    written: Range<usize>,
    /// Paths into the spec; none where the words are not understood.
    became: Vec<String>,
    /// Keys of the answers that it was read with.
    answers: Vec<String>,
}

impl Assembly<'_, '_> {
    /// Whether a piece says nothing by itself: it goes with the clause that it stands in.
    pub(super) fn is_silent(&self, at: usize, piece: &Piece<'_>) -> bool {
        let marks = || self.scan.tokens[piece.tokens.clone()].iter().all(|t| t.kind == tokens::Kind::Mark);
        !self.became.contains_key(&at)
            && match piece.kind {
                Kind::Filler | Kind::Build | Kind::Artifact { .. } | Kind::List | Kind::Hint => true,
                Kind::Unknown => marks(),
                _ => false,
            }
    }

    /// Which words became what; neighbours that became the same together.
    pub(super) fn trace(&self) -> Vec<Trace> {
        let written = self.scan.said.as_written();
        let mut clauses = self.clauses();
        // Words of no clause go with the one before them.
        for i in 0..clauses.len() {
            let next = clauses.get(i + 1).map_or(written.len(), |next| next.written.start);
            let start = if i == 0 { 0 } else { clauses[i].written.start };
            clauses[i].written = start..next.max(start);
        }
        for clause in &mut clauses {
            let own = clause.written.clone();
            let within = |at: &Range<usize>| at.start < own.end && own.start < at.end;
            clause.answers = self.answered().filter(|(at, _)| within(at)).map(|a| a.1).collect();
            clause.answers.dedup();
        }
        let words = |at: &Range<usize>| written.get(at.clone()).unwrap_or_default();
        let trimmed = |text: &str| text.trim_matches(|c: char| c.is_whitespace() || ",.;:".contains(c)).to_owned();
        clauses
            .into_iter()
            .map(|c| Trace { words: trimmed(words(&c.written)), became: c.became, answers: c.answers })
            .filter(|t| !t.words.is_empty())
            .collect()
    }

    /// Clauses in the order of the requirement.
    fn clauses(&self) -> Vec<Clause> {
        let mut out: Vec<Clause> = Vec::new();
        let mut last = 0;
        for (i, piece) in self.pieces.iter().enumerate() {
            // What is only understood to be meant stands behind all words, with words of another piece.
            if self.is_silent(i, piece) || piece.tokens.start < last {
                continue;
            }
            let became = self.became.get(&i).cloned().unwrap_or_default();
            let start = if out.is_empty() { 0 } else { self.after_marks(last, piece.tokens.start) };
            last = piece.tokens.end;
            let written = self.scan.said.written(&self.scan.bytes(&(start..piece.tokens.end)));
            let parted =
                (start..piece.tokens.start).chain(start.checked_sub(1)).any(|t| self.scan.tokens[t].ends_clause());
            match out.last_mut() {
                Some(had) if had.became == became && !parted || had_overlaps(had, &written) => {
                    had.written.end = had.written.end.max(written.end);
                    let new: Vec<String> = became.into_iter().filter(|b| !had.became.contains(b)).collect();
                    had.became.extend(new);
                }
                _ => out.push(Clause { written, became, answers: Vec::new() }),
            }
        }
        out
    }

    /// Where a clause begins whose first word of its own is at `to`: after the marks that end the one before.
    fn after_marks(&self, from: usize, to: usize) -> usize {
        (from..to).rev().find(|i| self.scan.tokens[*i].kind == tokens::Kind::Mark).map_or(from, |i| i + 1)
    }

    /// Words as written that an answer is about, with its key.
    fn answered(&self) -> impl Iterator<Item = (Range<usize>, String)> {
        let edited = self.scan.said.answered().map(|(at, key)| (at, key.to_owned()));
        let used = self.scan.answers.borrow().clone();
        let decided = used.into_iter().filter_map(|a| {
            let at = self.scan.find(&a.words)?;
            Some((self.scan.said.written(&at), a.key))
        });
        edited.chain(decided)
    }
}

/// Two stretches that an answer put in one place.
fn had_overlaps(had: &Clause, written: &Range<usize>) -> bool {
    written.start < had.written.end
}
