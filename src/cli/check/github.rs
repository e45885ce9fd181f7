//! Workflow commands of GitHub Actions: annotations in the diff of a pull request.

use crate::verbs::check::Checked;
use crate::vocabulary::Severity;

/// One line a finding.
pub(super) fn annotations(checked: &Checked) -> String {
    let mut out = String::new();
    for finding in &checked.findings {
        let command = if finding.severity == Severity::Error { "error" } else { "warning" };
        let mut properties = Vec::new();
        if let Some(place) = &finding.place {
            properties.push(format!("file={}", property(&super::path(checked, place))));
            if let Some(line) = place.line {
                properties.push(format!("line={line}"));
            }
            if let (Some(_), Some(column)) = (place.line, place.column) {
                properties.push(format!("col={column},endColumn={}", column + place.width.max(1)));
            }
        }
        properties.push(format!("title={}", property(&finding.code)));
        out.push_str(&format!("::{command} {}::{}\n", properties.join(","), data(&super::message(finding))));
    }
    out
}

/// As the runner unescapes it; other control characters would reach the terminal of whoever reads the log.
fn data(text: &str) -> String {
    let quiet: String =
        text.chars().map(|c| if c.is_control() && !matches!(c, '\r' | '\n') { ' ' } else { c }).collect();
    quiet.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
