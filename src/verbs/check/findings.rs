//! What is told of everything that was found: ignore comments, severities, the baseline, the selection, the order.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::baseline::Baseline;
use super::ignore;
use crate::vocabulary::{Diagnostic, Severity};
use crate::workspace::{Checking, Level, OWN_CODES};

/// What a change breaks needs an approval by name; nothing else makes it right.
pub(super) const BREAKING: &str = "breaking-change";

/// Findings, and how many are left out for which reason.
#[derive(Clone, Debug, Default)]
pub(super) struct Told {
    pub(super) findings: Vec<Diagnostic>,
    pub(super) ignored: usize,
    pub(super) known: usize,
    pub(super) elsewhere: usize,
}

/// Whether neither a comment, nor a severity, nor the baseline can silence a code.
pub(super) fn is_fixed(code: &str) -> bool {
    code == BREAKING || OWN_CODES.contains(&code)
}

/// Tells what is to be told. `selected` says which files are.
pub(super) fn tell(
    found: Vec<Diagnostic>,
    texts: &BTreeMap<String, Arc<str>>,
    checking: &Checking,
    baseline: Option<(&str, &Baseline)>,
    selected: &dyn Fn(&str) -> bool,
) -> Told {
    let mut out = Told::default();
    let mut by_file: BTreeMap<String, Vec<Diagnostic>> = BTreeMap::new();
    for finding in found {
        by_file.entry(file(&finding).to_owned()).or_default().push(finding);
    }
    // Comments that ignore nothing stand in files without a finding as well.
    for (path, text) in texts {
        if text.contains("pipewright: ignore") && !is_others(path) {
            by_file.entry(path.clone()).or_default();
        }
    }
    let levels = checking.levels();
    for (path, mut findings) in by_file {
        if let Some(text) = texts.get(&path) {
            out.ignored += ignore::apply(&path, text, &mut findings, is_fixed).len();
        }
        for mut finding in findings {
            if !is_fixed(&finding.code) {
                match levels.of(&finding.code, &path) {
                    Some(Level::Off) => continue,
                    Some(Level::Warning) => finding.severity = Severity::Warning,
                    Some(Level::Error) => finding.severity = Severity::Error,
                    None => {}
                }
            }
            out.findings.push(finding);
        }
    }
    sort(&mut out.findings);
    if let Some((path, baseline)) = baseline {
        out.known = baseline.apply(path, &mut out.findings, is_fixed);
    }
    let before = out.findings.len();
    out.findings.retain(|finding| OWN_CODES.contains(&finding.code.as_ref()) || selected(file(finding)));
    out.elsewhere = before - out.findings.len();
    sort(&mut out.findings);
    out
}

/// Errors first, then by place.
fn sort(findings: &mut Vec<Diagnostic>) {
    findings.sort_by(|a, b| (a.severity, &a.place, a).cmp(&(b.severity, &b.place, b)));
    findings.dedup();
}

/// The file that a finding is of.
pub(super) fn file(finding: &Diagnostic) -> &str {
    finding.place.as_ref().map_or("", |place| place.file.as_str())
}

/// Whether a file is one of an installed package: its faults are its authors'.
pub(super) fn is_others(path: &str) -> bool {
    path.split('/').any(|part| part == "dbt_packages" || part == "dbt_modules")
}
