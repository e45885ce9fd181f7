//! A change that mends a fault, for programs.

use std::ops::Range;

use schemars::JsonSchema;
use serde::Serialize;

/// What is to be replaced by what.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct Fix {
    /// What `replace` is.
    pub of: FixOf,
    /// The file that was handed in.
    pub file: String,
    /// Path into it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Line of the text, from 1; in the text at `path` where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// Column in characters, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<usize>,
    /// Byte of the file that `replace` begins at, from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start: Option<usize>,
    /// What stands there.
    pub replace: String,
    /// What is to stand there.
    pub by: String,
}

/// What a fix replaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum FixOf {
    /// The whole value at the path.
    Value,
    /// The last key of the path.
    Key,
    /// The text at line and column.
    Text,
    /// The bytes of the file from `start` on: what `check --fix` replaces.
    Bytes,
}

impl Fix {
    /// Puts `by` in the place of the bytes `range` of `text`, the whole text of `file` as it is written; none where those
    /// are no whole characters of it.
    pub fn bytes(file: impl Into<String>, text: &str, range: Range<usize>, by: impl Into<String>) -> Option<Fix> {
        let replace = text.get(range.clone())?.to_owned();
        let before = &text[..range.start];
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        let (line, column, start) = (Some(line), Some(column), Some(range.start));
        Some(Fix { of: FixOf::Bytes, file: file.into(), path: None, line, column, start, replace, by: by.into() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_know_their_line_and_are_whole_characters() {
        let text = "select é\nunion b";
        let fix = Fix::bytes("a.sql", text, 10..15, "union all").map(|f| (f.line, f.column, f.start, f.replace));
        assert_eq!(fix, Some((Some(2), Some(1), Some(10), "union".to_owned())));
        assert_eq!(Fix::bytes("a.sql", text, 8..9, ""), None);
        assert_eq!(Fix::bytes("a.sql", text, 3..99, ""), None);
    }
}
