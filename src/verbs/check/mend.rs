//! `--fix`: what findings say to replace is replaced, where the file still says what they saw.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::vocabulary::{Diagnostic, Fix, FixOf};

/// Files after a round of fixes, and how many were applied to each.
pub(super) struct Round {
    pub(super) files: BTreeMap<String, Arc<str>>,
    pub(super) applied: BTreeMap<String, usize>,
    /// What was fixed in each, by code.
    pub(super) codes: BTreeMap<String, BTreeSet<String>>,
}

/// Applies the fixes of `findings` to `texts`. Of fixes that overlap the first is applied; the others have their turn in a
/// later round, when their findings were looked for again.
pub(super) fn round(
    texts: &BTreeMap<String, Arc<str>>,
    findings: &[Diagnostic],
    may: impl Fn(&Diagnostic, &str) -> bool,
) -> Round {
    let mut by_file: BTreeMap<&str, Vec<&Fix>> = BTreeMap::new();
    let mut out = Round { files: BTreeMap::new(), applied: BTreeMap::new(), codes: BTreeMap::new() };
    for (finding, fix) in findings.iter().filter_map(|f| Some((f, f.fix.as_deref()?))) {
        if fix.of == FixOf::Bytes && may(finding, &fix.file) {
            by_file.entry(&fix.file).or_default().push(fix);
            out.codes.entry(fix.file.clone()).or_default().insert(finding.code.to_string());
        }
    }
    for (file, mut fixes) in by_file {
        let Some(text) = texts.get(file) else { continue };
        fixes.sort();
        fixes.dedup();
        fixes.sort_by_key(|fix| (fix.start, fix.replace.len()));
        let (mut mended, mut done, mut applied) = (String::with_capacity(text.len()), 0, 0);
        let mut last = None;
        for fix in fixes {
            let Some(start) = fix.start else { continue };
            let end = start.saturating_add(fix.replace.len());
            // Another fix stands there, or the text is not what the finding was about.
            let taken = start < done || last == Some(start);
            if taken || text.get(start..end) != Some(fix.replace.as_str()) || fix.replace == fix.by {
                continue;
            }
            mended.push_str(&text[done..start]);
            mended.push_str(&fix.by);
            (done, applied, last) = (end, applied + 1, Some(start));
        }
        if applied > 0 {
            mended.push_str(&text[done..]);
            out.files.insert(file.to_owned(), mended.into());
            out.applied.insert(file.to_owned(), applied);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fixed(text: &str, fixes: &[(usize, &str, &str)]) -> Option<String> {
        let fix = |(start, replace, by): &(usize, &str, &str)| Fix {
            of: FixOf::Bytes,
            file: "a.sql".into(),
            path: None,
            line: None,
            column: None,
            start: Some(*start),
            replace: (*replace).into(),
            by: (*by).into(),
        };
        let findings: Vec<_> = fixes.iter().map(|f| Diagnostic::warning("x", "y").fix(Some(fix(f)))).collect();
        let texts = BTreeMap::from([("a.sql".to_owned(), Arc::from(text))]);
        round(&texts, &findings, |_, _| true).files.remove("a.sql").map(|t| t.to_string())
    }

    #[test]
    fn only_the_bytes_that_were_seen_are_replaced() {
        assert_eq!(fixed("a\r\nunion\tb", &[(3, "union", "union all")]).as_deref(), Some("a\r\nunion all\tb"));
        assert_eq!(fixed("select 1", &[(3, "union", "union all")]), None);
        assert_eq!(fixed("é", &[(1, "x", "y"), (usize::MAX, "é", "y"), (9, "", "y")]), None);
        assert_eq!(fixed("a b", &[(0, "a", "x"), (2, "b", "y"), (0, "a", "x")]).as_deref(), Some("x y"));
    }

    #[test]
    fn of_those_that_overlap_the_first_is_applied() {
        assert_eq!(fixed("abcd", &[(1, "bcd", "Z"), (0, "ab", "X")]).as_deref(), Some("Xcd"));
        assert_eq!(fixed("ab", &[(1, "", "-"), (1, "", "+")]).as_deref(), Some("a+b"));
    }
}
