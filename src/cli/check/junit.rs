//! JUnit: a test case a model, and one for every other file in which something was found.

use std::collections::{BTreeMap, BTreeSet};

use crate::verbs::check::Checked;
use crate::vocabulary::{Diagnostic, Severity};

/// What a file's case says.
#[derive(Default)]
struct Found<'a> {
    errors: Vec<&'a Diagnostic>,
    warnings: Vec<&'a Diagnostic>,
}

/// The report.
pub(super) fn report(checked: &Checked) -> String {
    let mut found: BTreeMap<&str, Found<'_>> = BTreeMap::new();
    for finding in &checked.findings {
        let file = finding.place.as_ref().map_or("", |place| place.file.as_str());
        let found = found.entry(file).or_default();
        if finding.severity == Severity::Error { found.errors.push(finding) } else { found.warnings.push(finding) }
    }
    let (mut cases, mut tests, mut failures, mut skipped) = (String::new(), 0, 0, 0);
    let mut add = |name: &str, file: &str, found: Option<&Found<'_>>, unknown: Option<&str>| {
        tests += 1;
        cases.push_str(&format!("    <testcase name=\"{}\" classname=\"{}\"", text(name), text(file)));
        let errors = found.map_or(&[][..], |f| &f.errors);
        let warnings = found.map_or(&[][..], |f| &f.warnings);
        if errors.is_empty() && warnings.is_empty() && unknown.is_none() {
            cases.push_str("/>\n");
            return;
        }
        cases.push_str(">\n");
        if !errors.is_empty() {
            failures += 1;
            let body: Vec<String> = errors.iter().map(|d| d.to_string()).collect();
            let (code, what) = (text(&errors[0].code), text(&errors[0].what));
            cases.push_str(&format!(
                "      <failure type=\"{code}\" message=\"{what}\">{}</failure>\n",
                text(&body.join("\n"))
            ));
        } else if let Some(why) = unknown {
            skipped += 1;
            cases.push_str(&format!("      <skipped message=\"{}\"/>\n", text(&format!("unknown: {why}"))));
        }
        if !warnings.is_empty() {
            let body: Vec<String> = warnings.iter().map(|d| d.to_string()).collect();
            cases.push_str(&format!("      <system-out>{}</system-out>\n", text(&body.join("\n"))));
        }
        cases.push_str("    </testcase>\n");
    };
    let mut told = BTreeSet::new();
    for node in &checked.nodes {
        // Findings of a file are told once, also where several nodes stand in it.
        let first = told.insert(node.file.as_str());
        add(&node.node, &node.file, found.get(node.file.as_str()).filter(|_| first), node.unknown.as_deref());
    }
    for (file, found) in found.iter().filter(|(file, _)| !told.contains(*file)) {
        add(if file.is_empty() { "pipewright check" } else { file }, file, Some(found), None);
    }
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <testsuites name=\"pipewright check\" tests=\"{tests}\" failures=\"{failures}\" errors=\"0\">\n  \
         <testsuite name=\"pipewright check\" tests=\"{tests}\" failures=\"{failures}\" errors=\"0\" skipped=\"{skipped}\">\n\
         {cases}  </testsuite>\n</testsuites>\n"
    )
}

/// Text in XML 1.0, which has no place for most control characters, not even escaped.
fn text(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            '\n' => out.push_str("&#10;"),
            '\t' => out.push_str("&#9;"),
            '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            c if c.is_control() => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}
