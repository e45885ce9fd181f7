//! What is printed: for people with carets and colour, for programs as one JSON document.

use std::io::{ErrorKind, Write};
use std::ops::Range;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use serde::Serialize;

use crate::vocabulary::{Diagnostic, Fault, Place, Severity};

/// How to speak to whoever called.
pub(super) struct Ui {
    pub(super) json: bool,
    pub(super) quiet: bool,
}

impl Ui {
    /// A line for people; nothing with `--json` or `--quiet`.
    pub(super) fn say(&self, text: impl std::fmt::Display) {
        if !self.json && !self.quiet {
            out(&format!("{text}\n"));
        }
    }

    /// The result itself: printed for people also with `--quiet`.
    pub(super) fn print(&self, text: impl std::fmt::Display) {
        if !self.json {
            out(&text.to_string());
        }
    }

    /// A report as it is, also with `--quiet` and `--json`.
    pub(super) fn result(&self, text: &str) {
        out(text);
    }

    /// The one JSON document.
    pub(super) fn document(&self, value: &impl Serialize) {
        if self.json {
            match serde_json::to_string_pretty(value) {
                Ok(text) => out(&format!("{text}\n")),
                Err(error) => anstream::eprintln!("the answer can't be written as JSON: {error}"),
            }
        }
    }

    /// Diagnostics on standard error.
    pub(super) fn diagnostics(&self, diagnostics: &[Diagnostic]) {
        for diagnostic in diagnostics {
            if !self.quiet || diagnostic.severity == Severity::Error {
                anstream::eprintln!("{}", draw(diagnostic));
            }
        }
    }

    /// A fault on standard error, and as JSON where that was asked for.
    pub(super) fn fault(&self, fault: &Fault) {
        self.diagnostics(&fault.diagnostics);
        self.document(&serde_json::json!({ "status": "rejected", "findings": fault.diagnostics }));
    }
}

/// Writes to standard output. A reader that has seen enough (`| head`) ends the program without a word; a full disk is
/// said.
fn out(text: &str) {
    let mut stream = anstream::stdout().lock();
    match stream.write_all(text.as_bytes()).and_then(|()| stream.flush()) {
        Ok(()) => {}
        Err(e) if e.kind() == ErrorKind::BrokenPipe => std::process::exit(0),
        Err(e) => {
            anstream::eprintln!("standard output can't be written: {e}");
            std::process::exit(2);
        }
    }
}

/// `1 file`, `2 files`.
pub(super) fn counted(n: usize, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}

/// A diagnostic as people read it: what, the source under carets, why, and what to do next.
pub(super) fn draw(diagnostic: &Diagnostic) -> String {
    let level = if diagnostic.severity == Severity::Error { Level::ERROR } else { Level::WARNING };
    let mut group = level
        .primary_title(printable(&diagnostic.what))
        .id(printable(&diagnostic.code))
        .elements(None::<Snippet<'_, annotate_snippets::Annotation<'_>>>);
    let place = diagnostic.place.clone().unwrap_or_default();
    if let (Some(excerpt), Some(line)) = (&place.excerpt, place.line) {
        let (text, span) = caret(excerpt, place.column.unwrap_or(1), place.width);
        let annotation = AnnotationKind::Primary.span(span).label(place.path.clone());
        group = group.element(Snippet::source(text).line_start(line).path(place.file.clone()).annotation(annotation));
    } else if diagnostic.place.is_some() {
        group = group.element(Level::NOTE.with_name("where").message(printable(&Place::to_string(&place))));
    }
    if let Some(why) = &diagnostic.why {
        group = group.element(Level::NOTE.with_name("why").message(printable(why)));
    }
    if let Some(next) = &diagnostic.next {
        group = group.element(Level::HELP.with_name("next").message(printable(next)));
    }
    Renderer::styled().decor_style(DecorStyle::Ascii).render(&[group])
}

/// Longest part of a line that is shown, in characters.
const EXCERPT: usize = 160;

/// The excerpt cut to what fits around the column, and the bytes of it that the carets stand under.
fn caret(excerpt: &str, column: usize, width: usize) -> (String, Range<usize>) {
    let chars: Vec<char> = printable(excerpt).chars().collect();
    let at = column.saturating_sub(1).min(chars.len());
    let from = at.saturating_sub(EXCERPT / 2);
    let shown: String = chars[from..].iter().take(EXCERPT).collect();
    let start: usize = shown.chars().take(at - from).map(char::len_utf8).sum();
    let end = start + shown[start..].chars().take(width.max(1)).map(char::len_utf8).sum::<usize>();
    (shown, start..end)
}

/// The line of a text that holds `words`, with carets under them.
pub(super) fn pointed(text: &str, words: &str) -> Option<String> {
    let at = text.match_indices(words).filter(|_| !words.is_empty()).map(|m| m.0).find(|at| {
        let inside = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        !inside(text[..*at].chars().next_back()) && !inside(text[at + words.len()..].chars().next())
    })?;
    let before = text[..at].rsplit('\n').next().unwrap_or_default().chars().count();
    let line = text.lines().nth(text[..at].matches('\n').count())?;
    let (excerpt, span) = caret(line, before + 1, words.lines().next().unwrap_or_default().chars().count());
    let start = excerpt[..span.start].chars().count();
    let carets = "^".repeat(excerpt[span].chars().count().max(1));
    Some(format!("    {excerpt}\n    {}{carets}\n", " ".repeat(start)))
}

/// Control characters can't move the cursor or colour a terminal.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\n' { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(diagnostic: &Diagnostic) -> String {
        anstream::adapter::strip_str(&draw(diagnostic)).to_string()
    }

    #[test]
    fn a_diagnostic_shows_what_where_why_and_next() {
        let text = "models:\n  - name: daily\n    where: [statu = 'x']\n";
        let place =
            Place { path: Some("models.daily.where.0".into()), ..Place::span("pipelines/daily.yml", text, 3, 13, 5) };
        let diagnostic = Diagnostic::error("unknown-column", "orders has no column `statu`")
            .at(place)
            .why("it has status, ordered_at")
            .next("write `status`");
        insta::assert_snapshot!(plain(&diagnostic), @r"
        error[unknown-column]: orders has no column `statu`
         --> pipelines/daily.yml:3:13
          |
        3 |     where: [statu = 'x']
          |             ^^^^^ models.daily.where.0
          |
          = why: it has status, ordered_at
          = next: write `status`
        ");
    }

    #[test]
    fn odd_places_do_not_panic() {
        for (column, width) in [(0, 0), (1, 0), (3, 9), (99, 2), (2, usize::MAX / 2)] {
            let place = Place { width, ..Place::span("f", "aé\u{1b}[31m\t", 1, column, 1) };
            let text = plain(&Diagnostic::error("x", "y\u{7}").at(place));
            assert!(!text.contains('\u{7}') && !text.contains('\u{1b}'), "{text:?}");
        }
    }
}
