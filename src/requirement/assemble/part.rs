//! Conditions that stand between two measures: whether they hold for both, or for the one before alone, differs.

use crate::requirement::piece::{Filter, Kind, What};
use crate::requirement::{Question, Readings};

use super::Assembly;

impl<'a> Assembly<'_, 'a> {
    /// The measure that a condition holds for alone; none where it holds for all rows. Asked where words don't tell.
    pub(super) fn part_of_one(&mut self, filter: usize) -> Option<usize> {
        let pieces = self.pieces;
        let plain = match &pieces[filter].kind {
            Kind::Filter(
                Filter::Values { .. } | Filter::Compare { .. } | Filter::Missing { .. } | Filter::Lasting { .. },
            ) => true,
            Kind::Happened(happened) => happened.value.is_some(),
            _ => false,
        };
        let counted = |i: &usize| match &pieces[*i].kind {
            Kind::Measure(m) => {
                !self.is_title(*i) && matches!(m.what, What::Count { .. } | What::Of { .. } | What::Worth { .. })
            }
            _ => false,
        };
        let measures: Vec<usize> = (0..pieces.len()).filter(counted).collect();
        let last = (0..filter).rev().find(|i| !matches!(pieces[*i].kind, Kind::Filler))?;
        let after = (filter + 1..pieces.len()).find(|i| matches!(pieces[*i].kind, Kind::Measure(_)));
        // A mark before it, or another sentence after it, and it is about all.
        let apart = |from: usize, to: usize, marks: &[&str]| {
            (pieces[from].tokens.end..pieces[to].tokens.start).any(|t| marks.contains(&self.scan.word(t)))
        };
        let next = after.filter(|_| plain && measures.contains(&last))?;
        if apart(last, filter, &[",", ";", "."]) || apart(filter, next, &[".", ";"]) {
            return None;
        }
        let words = self.scan.words(&pieces[filter].tokens).to_owned();
        let (one, other) =
            (self.scan.words(&pieces[last].tokens).to_owned(), self.scan.words(&pieces[next].tokens).to_owned());
        let question = Question::new(format!("`{words}`: of which measures is it said?"));
        let readings = Readings::new(question)
            .or_that(format!("only {one}"), format!("{other} is over all rows"), Some(last))
            .or_that("all of them", format!("{other} leaves out the same rows as {one}"), None);
        self.choose(readings)?
    }
}
