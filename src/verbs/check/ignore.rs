//! `pipewright: ignore CODE reason` in a comment: that finding, on that line or the next, is not told.

use crate::vocabulary::{Diagnostic, Place};

/// What a comment begins with, before its reason.
const MARK: &str = "pipewright: ignore";

/// One such comment.
struct Ignore<'t> {
    line: usize,
    column: usize,
    width: usize,
    /// Nothing but the comment stands on its line, so that it is about the next.
    alone: bool,
    codes: Vec<&'t str>,
    reason: bool,
}

/// Takes out of `findings`, all those of one file, what comments in its text say to leave alone, and gives those; adds
/// what is wrong with the comments themselves. What `is_fixed` can't be left alone.
pub(super) fn apply(
    file: &str,
    text: &str,
    findings: &mut Vec<Diagnostic>,
    is_fixed: impl Fn(&str) -> bool,
) -> Vec<Diagnostic> {
    let ignores = read(text);
    let mut used = vec![0usize; ignores.len()];
    let (mut left, mut ignored) = (Vec::new(), Vec::new());
    for finding in findings.drain(..) {
        let line = finding.place.as_ref().and_then(|p| p.line).unwrap_or(1);
        let by = ignores.iter().position(|ignore| {
            let here = ignore.line == line || ignore.alone && target(text, ignore.line) == line;
            here && ignore.reason && ignore.codes.contains(&finding.code.as_ref()) && !is_fixed(&finding.code)
        });
        match by {
            Some(i) => {
                used[i] += 1;
                ignored.push(finding);
            }
            None => left.push(finding),
        }
    }
    for (ignore, used) in ignores.iter().zip(used) {
        let place = || Place::span(file, text, ignore.line, ignore.column, ignore.width);
        if !ignore.reason {
            let d = Diagnostic::error("ignore-reason", "this comment leaves a finding alone and does not say why");
            left.push(d.at(place()).next("`pipewright: ignore CODE why this is right here`"));
        } else if used == 0 {
            let what = format!("there is no finding `{}` here that could be left alone", ignore.codes.join(", "));
            left.push(Diagnostic::warning("ignore-nothing", what).at(place()).next("take the comment out"));
        }
    }
    *findings = left;
    ignored
}

/// The line that a comment alone on `line` is about: the next one that is not such a comment itself.
fn target(text: &str, line: usize) -> usize {
    let after = text.lines().enumerate().skip(line);
    after.into_iter().find(|(_, l)| !l.trim().is_empty() && !l.contains(MARK)).map_or(line, |(i, _)| i + 1)
}

fn read(text: &str) -> Vec<Ignore<'_>> {
    // Most files hold none.
    if !text.contains(MARK) {
        return Vec::new();
    }
    text.lines().enumerate().filter_map(|(i, line)| comment(i + 1, line)).collect()
}

fn comment(number: usize, line: &str) -> Option<Ignore<'_>> {
    let at = line.find(MARK)?;
    let before = line[..at].trim_end();
    let (opener, closer) = [("--", ""), ("{#-", "#}"), ("{#", "#}"), ("/*", "*/"), ("//", ""), ("#", "")]
        .into_iter()
        .find(|(opener, _)| before.ends_with(opener))?;
    let rest = &line[at + MARK.len()..];
    if !rest.is_empty() && !rest.starts_with([' ', '\t', ':']) {
        return None;
    }
    let end = if closer.is_empty() { rest.len() } else { rest.find(closer).unwrap_or(rest.len()) };
    let after = if closer.is_empty() { "" } else { rest.get(end + closer.len()..).unwrap_or("") };
    let said = rest[..end].trim_start_matches(':').trim().trim_end_matches('-').trim_end();
    // Codes are separated by commas; the reason is all after them.
    let (mut codes, mut left) = (Vec::new(), said);
    loop {
        let word = left.split([' ', '\t', ',']).next().unwrap_or("");
        if !word.is_empty() {
            codes.push(word);
        }
        left = left[word.len()..].trim_start();
        match left.strip_prefix(',') {
            Some(more) => left = more.trim_start(),
            None => break,
        }
    }
    let start = before.len() - opener.len();
    let alone = line[..start].trim().is_empty() && after.trim().is_empty();
    let column = line[..start].chars().count() + 1;
    let width = line.trim_end().chars().count().saturating_sub(column - 1);
    Some(Ignore { line: number, column, width, alone, reason: !codes.is_empty() && !left.is_empty(), codes })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is left of findings of these codes on these lines, and how many were ignored.
    fn left(text: &str, findings: &[(&'static str, usize)]) -> (Vec<String>, usize) {
        let mut all: Vec<Diagnostic> = findings
            .iter()
            .map(|(code, line)| Diagnostic::error(code, "x").at(Place::span("a.sql", text, *line, 1, 1)))
            .collect();
        let ignored = apply("a.sql", text, &mut all, |code| code == "fixed").len();
        let line = |d: &Diagnostic| d.place.as_ref().and_then(|p| p.line).unwrap_or(0);
        (all.iter().map(|d| format!("{}:{}", d.code, line(d))).collect(), ignored)
    }

    #[test]
    fn a_comment_is_about_its_line_or_the_next() {
        let text = "select 1 -- pipewright: ignore a it is meant\n{# pipewright: ignore b because #}\n\nselect 2\n";
        assert_eq!(left(text, &[("a", 1), ("b", 4)]), (vec![], 2));
        assert_eq!(left(text, &[("a", 4), ("b", 4)]).0, ["a:4", "ignore-nothing:1"]);
        assert_eq!(
            left("  # pipewright: ignore a, b old\n  - x", &[("a", 2), ("b", 2), ("c", 2)]),
            (vec!["c:2".into()], 2)
        );
        let stacked = "-- pipewright: ignore a why\n-- pipewright: ignore b why\nselect 1";
        assert_eq!(left(stacked, &[("a", 3), ("b", 3)]), (vec![], 2));
    }

    #[test]
    fn a_reason_is_demanded_and_some_things_are_never_left_alone() {
        assert_eq!(left("select 1 -- pipewright: ignore a", &[("a", 1)]).0, ["a:1", "ignore-reason:1"]);
        assert_eq!(left("-- pipewright: ignore", &[]).0, ["ignore-reason:1"]);
        assert_eq!(left("x {#- pipewright: ignore a -#}", &[("a", 1)]).0, ["a:1", "ignore-reason:1"]);
        assert_eq!(left("-- pipewright: ignore fixed why\nx", &[("fixed", 2)]).0, ["fixed:2", "ignore-nothing:1"]);
    }

    #[test]
    fn only_comments_count() {
        assert_eq!(left("select 'pipewright: ignore a why'", &[("a", 1)]).0, ["a:1"]);
        assert_eq!(left("-- pipewright: ignored a why", &[("a", 1)]).0, ["a:1"]);
        for odd in [
            "-- pipewright: ignore ,,",
            "{# pipewright: ignore é #",
            "--pipewright: ignore a\u{a0}b",
            "#pipewright: ignore:",
        ] {
            left(odd, &[("a", 1)]);
        }
    }
}
