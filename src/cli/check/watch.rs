//! `check --watch`: looks again whenever a file changes, and tells what came and what went.

use std::collections::BTreeMap;
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::super::report::{Ui, draw};
use super::{numbered, text};
use crate::verbs::check::{Asked, Checked, Desk};
use crate::vocabulary::{Diagnostic, Outcome};

/// How long a change may go unseen.
const PAUSE: Duration = Duration::from_millis(200);

/// Looks until it is interrupted.
pub(super) fn watch(asked: &Asked, most: usize, ui: &Ui) -> Outcome<u8> {
    let mut desk = Desk::open(asked)?;
    let mut before = desk.look()?;
    for line in text::findings(&before.findings, most) {
        anstream::eprintln!("{line}");
    }
    ui.print(text::summary(&before));
    anstream::eprintln!("Watching {}; Ctrl-C ends it.", asked.dir.display());
    loop {
        sleep(PAUSE);
        let start = Instant::now();
        match desk.refresh().and_then(|changed| if changed { desk.look().map(Some) } else { Ok(None) }) {
            Ok(None) => {}
            Ok(Some(now)) => {
                tell(&before, &now, start.elapsed(), ui);
                before = now;
            }
            // A file that is half written is whole at the next look.
            Err(fault) => ui.diagnostics(&fault.diagnostics),
        }
    }
}

/// What came and what went between two looks.
fn tell(before: &Checked, now: &Checked, took: Duration, ui: &Ui) {
    let (came, went) = difference(&before.findings, &now.findings);
    for finding in &came {
        anstream::eprintln!("{}", draw(finding));
    }
    for finding in &went {
        let place = finding.place.as_ref().map_or(String::new(), |place| format!(" {}", place.file));
        anstream::eprintln!("gone: {}{place}: {}", finding.code, finding.what);
    }
    let (came, went, counts) = (came.len(), went.len(), text::counts(now));
    let told = format!("{came} new, {went} gone. {counts} ({} ms)", took.as_millis());
    ui.print(format_args!("{told}\n"));
}

fn difference<'a>(before: &'a [Diagnostic], now: &'a [Diagnostic]) -> (Vec<&'a Diagnostic>, Vec<&'a Diagnostic>) {
    // What stands on both sides as it is need not be known by its fingerprint.
    let (mut old, mut new): (Vec<_>, Vec<_>) = (before.iter().collect(), now.iter().collect());
    old.sort();
    new.sort();
    let alone = |all: &[&'a Diagnostic], others: &[&'a Diagnostic]| -> Vec<&'a Diagnostic> {
        all.iter().filter(|finding| others.binary_search(finding).is_err()).copied().collect()
    };
    let by_print = |all: Vec<&'a Diagnostic>| -> BTreeMap<String, &'a Diagnostic> {
        numbered(all).map(|(finding, print)| (print, finding)).collect()
    };
    let (old, new) = (by_print(alone(&old, &new)), by_print(alone(&new, &old)));
    let missing = |a: &BTreeMap<String, &'a Diagnostic>, b: &BTreeMap<String, &'a Diagnostic>| {
        a.iter().filter(|(print, _)| !b.contains_key(*print)).map(|(_, finding)| *finding).collect()
    };
    (missing(&new, &old), missing(&old, &new))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vocabulary::Place;

    #[test]
    fn a_finding_that_moved_neither_came_nor_went() {
        let at = |text: &str, line: usize, what: &str| {
            Diagnostic::error("x", what).at(Place::span("a.sql", text, line, 1, 1))
        };
        let before = [at("select 1", 1, "a"), at("select 1", 1, "b")];
        let now = [at("\n\nselect 1", 3, "a"), at("select 1", 1, "c")];
        let (came, went) = difference(&before, &now);
        assert_eq!(came.iter().map(|d| d.what.as_str()).collect::<Vec<_>>(), ["c"]);
        assert_eq!(went.iter().map(|d| d.what.as_str()).collect::<Vec<_>>(), ["b"]);
    }
}
