//! A change that mends a fault, for programs.

use serde::Serialize;

/// What is to be replaced by what.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
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
    /// What stands there.
    pub replace: String,
    /// What is to stand there.
    pub by: String,
}

/// What a fix replaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum FixOf {
    /// The whole value at the path.
    Value,
    /// The last key of the path.
    Key,
    /// The text at line and column.
    Text,
}
