//! A code quality report of GitLab: a JSON array in the manner of Code Climate.

use serde_json::{Value, json};

use crate::verbs::check::Checked;
use crate::vocabulary::Severity;

/// The report.
pub(super) fn report(checked: &Checked) -> Value {
    let entries = super::numbered(&checked.findings).map(|(finding, fingerprint)| {
        let place = finding.place.clone().unwrap_or_default();
        json!({
            "description": super::message(finding),
            "check_name": finding.code,
            "fingerprint": fingerprint,
            "severity": if finding.severity == Severity::Error { "major" } else { "minor" },
            "location": {
                "path": super::path(checked, &place),
                "lines": { "begin": place.line.unwrap_or(1) },
            },
        })
    });
    entries.collect()
}
