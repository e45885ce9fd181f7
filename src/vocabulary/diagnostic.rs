//! What is said to a person or a program when something is not right.

use std::borrow::Cow;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Fix;

/// A result whose error is shown to the user as it is.
pub type Outcome<T> = Result<T, Fault>;

/// How much a diagnostic matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Nothing goes on until this is mended.
    Error,
    /// Goes on; a person should look.
    Warning,
}

/// Where a diagnostic points to.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct Place {
    /// The file, relative to the workspace; `proposals[3]` or `requirement` where there is none.
    pub file: String,
    /// Line, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// Column in characters, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<usize>,
    /// Path into the document, `models.daily_sales.where`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The text of that line, to be shown under carets.
    #[serde(skip)]
    pub excerpt: Option<String>,
    /// How many characters the carets cover, from `column`.
    #[serde(skip)]
    pub width: usize,
}

/// One fault: what, where, why, and what to do next.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct Diagnostic {
    /// Stable code, `unknown-column`.
    pub code: Cow<'static, str>,
    /// How much it matters.
    pub severity: Severity,
    /// What is wrong, one line, no full stop.
    pub what: String,
    /// Where.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
    /// Why it is wrong, where that is not plain.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// What to do next: a command, a nearest name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// What mends it, where that is safe for a program to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fix: Option<Box<Fix>>,
}

/// Diagnostics that stop a command, with the exit code they lead to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// 1: findings or a failed run; 2: wrong usage or a broken input, nothing written.
    pub exit: u8,
    /// At least one.
    pub diagnostics: Vec<Diagnostic>,
}

impl Diagnostic {
    /// An error with a stable code.
    pub fn error(code: &'static str, what: impl Into<String>) -> Diagnostic {
        let (code, what) = (Cow::Borrowed(code), what.into());
        Diagnostic { code, severity: Severity::Error, what, place: None, why: None, next: None, fix: None }
    }

    /// A warning with a stable code.
    pub fn warning(code: &'static str, what: impl Into<String>) -> Diagnostic {
        Diagnostic { severity: Severity::Warning, ..Diagnostic::error(code, what) }
    }

    /// Adds why it is wrong.
    pub fn why(mut self, why: impl Into<String>) -> Diagnostic {
        self.why = Some(why.into());
        self
    }

    /// Adds what to do next.
    pub fn next(mut self, next: impl Into<String>) -> Diagnostic {
        self.next = Some(next.into());
        self
    }

    /// Adds where.
    pub fn at(mut self, place: Place) -> Diagnostic {
        self.place = Some(place);
        self
    }

    /// Adds what mends it, where there is something.
    pub fn fix(mut self, fix: Option<super::Fix>) -> Diagnostic {
        self.fix = fix.map(Box::new);
        self
    }

    /// Stops the command with exit code 2: nothing was written.
    pub fn fault(self) -> Fault {
        Fault { exit: 2, diagnostics: vec![self] }
    }

    /// Stops the command with exit code 1: findings, or a failed run.
    pub fn failed(self) -> Fault {
        Fault { exit: 1, diagnostics: vec![self] }
    }
}

impl Place {
    /// A whole file.
    pub fn file(file: impl Into<String>) -> Place {
        Place { file: file.into(), ..Place::default() }
    }

    /// A path into a document.
    pub fn path(file: impl Into<String>, path: impl Into<String>) -> Place {
        Place { file: file.into(), path: Some(path.into()), ..Place::default() }
    }

    /// `width` characters from `line` and `column` (both from 1) of `text`, the file's whole text.
    pub fn span(file: impl Into<String>, text: &str, line: usize, column: usize, width: usize) -> Place {
        let excerpt = text.lines().nth(line.saturating_sub(1)).map(str::to_owned);
        Place { file: file.into(), line: Some(line), column: Some(column), path: None, excerpt, width }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        if let Some(column) = self.column {
            write!(f, ":{column}")?;
        }
        match &self.path {
            Some(path) => write!(f, " ({path})"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Diagnostic {
    /// One line, for logs and tests; `cli::report` draws the carets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = if self.severity == Severity::Error { "error" } else { "warning" };
        write!(f, "{severity}[{}]: {}", self.code, self.what)?;
        for (label, text) in
            [("at", self.place.as_ref().map(Place::to_string)), ("why", self.why.clone()), ("next", self.next.clone())]
        {
            if let Some(text) = text {
                write!(f, "; {label}: {text}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, d) in self.diagnostics.iter().enumerate() {
            if i > 0 {
                writeln!(f)?;
            }
            d.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for Fault {}

impl From<Diagnostic> for Fault {
    fn from(d: Diagnostic) -> Fault {
        d.fault()
    }
}

impl Fault {
    /// `Ok` where there is no error among `diagnostics`, else all of them, sorted, with exit code 2.
    pub fn unless_empty(mut diagnostics: Vec<Diagnostic>) -> Outcome<()> {
        if diagnostics.iter().all(|d| d.severity != Severity::Error) {
            return Ok(());
        }
        diagnostics.sort();
        diagnostics.dedup();
        Err(Fault { exit: 2, diagnostics })
    }
}

/// `did you mean …`: up to three of `known` that look like `word`, nearest first; none where nothing is near.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let lower = word.to_lowercase();
    let mut scored: Vec<(f64, &str)> = known
        .into_iter()
        .map(|k| (strsim::jaro_winkler(&lower, &k.to_lowercase()), k))
        .filter(|(score, _)| *score > 0.75)
        .collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
    scored.truncate(3);
    scored.into_iter().map(|(_, k)| k).collect()
}
