//! The requirement as it is read: as written, but for words that an answer replaced or left out. Every byte knows where
//! it was written.

use std::ops::Range;

use crate::vocabulary::Place;

/// The text that is read, in parts.
#[derive(Clone, Debug)]
pub struct Said {
    as_written: String,
    text: String,
    parts: Vec<Part>,
}

/// A stretch of the text, and the bytes of the requirement that it stands for.
#[derive(Clone, Debug)]
struct Part {
    len: usize,
    written: Range<usize>,
    /// The answer that it comes from.
    answer: Option<String>,
}

impl Said {
    /// As written.
    pub fn new(text: &str) -> Said {
        let part = Part { len: text.len(), written: 0..text.len(), answer: None };
        Said { as_written: text.to_owned(), text: text.to_owned(), parts: vec![part] }
    }

    /// The text that is read.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The requirement as it was written.
    pub fn as_written(&self) -> &str {
        &self.as_written
    }

    /// The bytes `at` of the text, as a place in the requirement.
    pub fn place(&self, at: &Range<usize>) -> Place {
        let written = self.written(at);
        let before = self.as_written.get(..written.start).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        let width = self.as_written.get(written).unwrap_or_default().chars().count();
        Place::span("requirement", &self.as_written, line, column, width)
    }

    /// Puts other words in the place of those at `at`; none leave them out.
    pub fn replace(&mut self, at: &Range<usize>, words: &str, answer: &str) {
        if self.text.get(at.clone()).is_none() {
            return;
        }
        let words = if at.is_empty() { format!(" {words}") } else { words.to_owned() };
        let written = self.written(at);
        let (mut before, mut after, mut start) = (Vec::new(), Vec::new(), 0);
        for part in &self.parts {
            let end = start + part.len;
            let cut = |from: usize, to: usize| {
                let written = match part.answer {
                    None => part.written.start + (from - start)..part.written.start + (to - start),
                    Some(_) => part.written.clone(),
                };
                Part { len: to - from, written, answer: part.answer.clone() }
            };
            if part.len == 0 {
                if end <= at.start {
                    before.push(part.clone())
                } else {
                    after.push(part.clone())
                }
                continue;
            }
            if start < at.start {
                before.push(cut(start, end.min(at.start)));
            }
            if end > at.end {
                after.push(cut(start.max(at.end), end));
            }
            start = end;
        }
        self.text.replace_range(at.clone(), &words);
        before.push(Part { len: words.len(), written, answer: Some(answer.to_owned()) });
        before.append(&mut after);
        self.parts = before;
    }

    /// Where the bytes `at` of the text were written.
    pub fn written(&self, at: &Range<usize>) -> Range<usize> {
        let mut out: Option<Range<usize>> = None;
        let mut start = 0;
        for part in &self.parts {
            let end = start + part.len;
            if start < at.end && at.start < end {
                let part = match part.answer {
                    None => {
                        let shift = |i: usize| part.written.start + (i.clamp(start, end) - start);
                        shift(at.start)..shift(at.end)
                    }
                    Some(_) => part.written.clone(),
                };
                out = Some(match out {
                    None => part,
                    Some(all) => all.start.min(part.start)..all.end.max(part.end),
                });
            }
            start = end;
        }
        out.unwrap_or_else(|| {
            let end = self.parts.last().map_or(0, |p| p.written.end);
            end..end
        })
    }

    /// Words as written that an answer replaced or left out, with the key of the answer, in the order of the requirement.
    pub fn answered(&self) -> impl Iterator<Item = (Range<usize>, &str)> {
        self.parts.iter().filter_map(|p| Some((p.written.clone(), p.answer.as_deref()?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_knows_where_it_was_written() {
        let written = "daily loyal orders of invoices";
        let mut said = Said::new(written);
        said.replace(&(6..12), "", "loyal");
        assert_eq!(said.text(), "daily orders of invoices");
        said.replace(&(16..24), "stores", "table");
        assert_eq!(said.text(), "daily orders of stores");
        let at = |words: &str| {
            let start = said.text().find(words).unwrap();
            &written[said.written(&(start..start + words.len()))]
        };
        assert_eq!(at("daily"), "daily");
        assert_eq!(at("orders of"), "orders of");
        assert_eq!(at("stores"), "invoices");
        assert_eq!(at("daily orders"), "daily loyal orders");
        assert_eq!(said.answered().collect::<Vec<_>>(), [(6..12, "loyal"), (22..30, "table")]);
        said.replace(&(22..22), "of x", "more");
        assert_eq!(said.text(), "daily orders of stores of x");
        assert_eq!(said.written(&(23..27)), 30..30);
    }

    #[test]
    fn replaced_words_can_be_replaced_again() {
        let mut said = Said::new("a b c");
        said.replace(&(2..3), "d e", "one");
        said.replace(&(4..5), "f", "two");
        assert_eq!(said.text(), "a d f c");
        assert_eq!(said.written(&(4..5)), 2..3);
        assert_eq!(said.written(&(6..7)), 4..5);
        said.replace(&(0..99), "x", "three");
        assert_eq!(said.text(), "a d f c");
    }
}
