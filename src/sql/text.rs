//! A piece of SQL and where it stands, so that every diagnostic points into what its author wrote.

use crate::vocabulary::{Diagnostic, Place};

/// SQL as its author wrote it.
#[derive(Clone, Copy, Debug)]
pub struct Text<'a> {
    /// The file, or `proposals[3]`.
    pub file: &'a str,
    /// Path into it, `artifact.sql`; empty where the file is the SQL itself.
    pub path: &'a str,
    /// The SQL.
    pub sql: &'a str,
}

impl<'a> Text<'a> {
    /// SQL at a path of a document.
    pub fn new(file: &'a str, path: &'a str, sql: &'a str) -> Text<'a> {
        Text { file, path, sql }
    }

    /// The place of `width` characters from byte `offset`.
    pub fn place(&self, offset: usize, width: usize) -> Place {
        let (line, column) = position(self.sql, offset);
        let excerpt = self.sql.lines().nth(line - 1).map(shortened);
        let path = Some(self.path).filter(|p| !p.is_empty()).map(str::to_owned);
        Place { file: self.file.to_owned(), line: Some(line), column: Some(column), path, excerpt, width }
    }

    /// `diagnostic` at byte `offset`.
    pub fn fault(&self, diagnostic: Diagnostic, offset: usize, width: usize) -> Diagnostic {
        diagnostic.at(self.place(offset, width))
    }
}

/// Line and column, both from 1 and in characters, of byte `offset`.
pub(super) fn position(text: &str, offset: usize) -> (usize, usize) {
    let mut end = offset.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let before = &text[..end];
    let line = before.bytes().filter(|b| *b == b'\n').count() + 1;
    let start = before.rfind('\n').map_or(0, |i| i + 1);
    (line, before[start..].chars().count() + 1)
}

/// The byte offset of a line and column, both from 1; the end of the text where they lie past it.
pub(super) fn offset(text: &str, line: usize, column: usize) -> usize {
    let mut start = 0;
    for _ in 1..line {
        match text[start..].find('\n') {
            Some(i) => start += i + 1,
            None => return text.len(),
        }
    }
    let rest = &text[start..];
    rest.char_indices().nth(column.saturating_sub(1)).map_or(text.len(), |(i, _)| start + i)
}

/// Nobody reads a line of a million characters.
fn shortened(line: &str) -> String {
    const MOST: usize = 500;
    if line.len() <= MOST { line.to_owned() } else { line.chars().take(MOST).chain(['…']).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_and_offsets_agree() {
        let text = "select é,\n  b\nfrom t";
        for (i, _) in text.char_indices() {
            let (line, column) = position(text, i);
            assert_eq!(offset(text, line, column), i);
        }
        assert_eq!(position(text, text.find('b').unwrap_or(0)), (2, 3));
        assert_eq!(offset(text, 99, 1), text.len());
    }
}
