//! The baseline: old findings that are known, written to a file once and not told again. Entries hold no line numbers, so
//! that they survive edits above them.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::document;
use crate::vocabulary::{Diagnostic, Outcome, Place};
use crate::world::files;

/// Where it is where nothing else is said.
pub const BASELINE: &str = ".pipewright/check-baseline.json";

/// The file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Baseline {
    version: u32,
    findings: Vec<Entry>,
}

/// Findings that are alike.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    code: String,
    file: String,
    what: String,
    /// Hash of the line without its spaces; a line can hold a secret.
    line: String,
    count: usize,
}

type Key = (String, String, String, String);

impl Baseline {
    /// Reads the file; none where it need not be there and is not.
    ///
    /// # Errors
    /// A file that is named and is not there, or that is none of these.
    pub(super) fn read(root: &Path, path: &str, named: bool) -> Outcome<Option<Baseline>> {
        let text = if named { Some(files::read_text(root, path)?) } else { files::read_text_if_there(root, path)? };
        let Some(text) = text else { return Ok(None) };
        let read: Baseline = document::parse(path, &text)?;
        if read.version != 1 {
            let what = format!("version {} of the baseline is not known here", read.version);
            return Err(Diagnostic::error("baseline-version", what)
                .at(Place::path(path, "version"))
                .next("write it anew: `pipewright check --write-baseline`")
                .into());
        }
        Ok(Some(read))
    }

    /// What stands for `findings`.
    pub(super) fn of(findings: &[&Diagnostic]) -> Baseline {
        let mut counts: BTreeMap<Key, usize> = BTreeMap::new();
        for finding in findings {
            *counts.entry(key(finding)).or_default() += 1;
        }
        let entry = |((file, code, what, line), count)| Entry { code, file, what, line, count };
        Baseline { version: 1, findings: counts.into_iter().map(entry).collect() }
    }

    /// The file's text.
    pub(super) fn text(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }

    /// How many findings it stands for.
    pub(super) fn len(&self) -> usize {
        self.findings.iter().map(|e| e.count).sum()
    }

    /// Takes out of `findings` what is known, gives how many, and adds what is said of entries that occur no longer.
    pub(super) fn apply(&self, path: &str, findings: &mut Vec<Diagnostic>, is_fixed: impl Fn(&str) -> bool) -> usize {
        let mut left: BTreeMap<Key, usize> = BTreeMap::new();
        for e in &self.findings {
            *left.entry((e.file.clone(), e.code.clone(), e.what.clone(), e.line.clone())).or_default() += e.count;
        }
        let before = findings.len();
        findings.retain(|finding| {
            let known = left.get_mut(&key(finding)).filter(|count| **count > 0 && !is_fixed(&finding.code));
            known.is_none_or(|count| {
                *count -= 1;
                false
            })
        });
        let known = before - findings.len();
        let gone: usize = left.values().sum();
        if gone > 0 {
            let first =
                left.iter().find(|(_, count)| **count > 0).map(|((file, code, ..), _)| format!("{code} in {file}"));
            let what = match gone {
                1 => "a finding of the baseline does not occur any more".to_owned(),
                n => format!("{n} findings of the baseline do not occur any more"),
            };
            let mut d = Diagnostic::warning("baseline-outdated", what)
                .at(Place::file(path))
                .next("`pipewright check --write-baseline` leaves them out, so that they can't come back unseen");
            d.why = first.map(|first| format!("such as {first}"));
            findings.push(d);
        }
        known
    }
}

/// What tells a finding apart from others wherever it stands in its file.
fn key(finding: &Diagnostic) -> Key {
    let place = finding.place.clone().unwrap_or_default();
    (place.file, finding.code.to_string(), finding.what.clone(), line(place.excerpt.as_deref().unwrap_or("")))
}

fn line(excerpt: &str) -> String {
    let mut hash = Sha256::new();
    excerpt.split_whitespace().for_each(|word| hash.update(word.as_bytes()));
    hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

/// A fingerprint of a finding that stays when lines above it come or go; `nth` tells alike ones apart.
pub fn fingerprint(finding: &Diagnostic, nth: usize) -> String {
    let (file, code, what, line) = key(finding);
    let mut hash = Sha256::new();
    for part in [&file, &code, &what, &line, &nth.to_string()] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    hash.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn finding(text: &str, line: usize) -> Diagnostic {
        Diagnostic::warning("select-star", "all columns are taken").at(Place::span("a.sql", text, line, 1, 6))
    }

    #[test]
    fn known_findings_are_not_told_wherever_they_moved() {
        let old = [finding("select *", 1), finding("select *", 1)];
        let baseline = Baseline::of(&old.iter().collect::<Vec<_>>());
        assert_eq!(baseline.len(), 2);
        let mut now = vec![finding("\n\n  select  *", 3), finding("select *\nselect *", 2), finding("select *", 1)];
        assert_eq!(baseline.apply("b.json", &mut now, |_| false), 2);
        assert_eq!(now.len(), 1, "a third is new");
        let mut fixed = vec![finding("select *", 1)];
        baseline.apply("b.json", &mut fixed, |_| true);
        assert_eq!(fixed[0].code, "select-star");
    }

    #[test]
    fn what_does_not_occur_any_more_is_told() {
        let old = [finding("select *", 1)];
        let baseline = Baseline::of(&[&old[0]]);
        let mut now = vec![finding("select * from other", 1)];
        assert_eq!(baseline.apply("b.json", &mut now, |_| false), 0);
        assert_eq!(now.len(), 2);
        assert_eq!(now[1].code, "baseline-outdated");
        assert!(now[1].why.as_ref().unwrap().contains("select-star in a.sql"));
    }

    #[test]
    fn the_file_is_read_as_it_was_written_and_nothing_else_is() {
        let dir = tempfile::tempdir().unwrap();
        let old = finding("select *", 1);
        let baseline = Baseline::of(&[&old]);
        files::write(dir.path(), BASELINE, &baseline.text()).unwrap();
        assert_eq!(Baseline::read(dir.path(), BASELINE, false).unwrap(), Some(baseline));
        assert_eq!(Baseline::read(dir.path(), "no.json", false).unwrap(), None);
        assert!(Baseline::read(dir.path(), "no.json", true).is_err());
        for bad in ["{}", "[]", "{\"version\":2,\"findings\":[]}", "{\"version\":1,\"findings\":[],\"x\":1}"] {
            files::write(dir.path(), "b.json", bad).unwrap();
            assert!(Baseline::read(dir.path(), "b.json", true).is_err(), "{bad}");
        }
    }

    #[test]
    fn fingerprints_tell_findings_apart_and_stay() {
        let (a, moved) = (finding("select *", 1), finding("\nselect *", 2));
        assert_eq!(fingerprint(&a, 0), fingerprint(&moved, 0));
        assert_ne!(fingerprint(&a, 0), fingerprint(&a, 1));
    }
}
