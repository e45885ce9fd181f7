//! What people read in a terminal: findings under carets, folded where there are many, then counts and the verdict.

use std::collections::BTreeMap;

use crate::check::against::{Reader, Verdict};
use crate::cli::report::{counted, draw};
use crate::verbs::check::Checked;
use crate::vocabulary::{Diagnostic, Severity};

/// Changes that are listed.
const CHANGES: usize = 30;
/// Readers of one change that are named.
const READERS: usize = 4;
/// Unknown models that are listed.
const UNKNOWN: usize = 10;

/// Findings drawn, at most `most` of them (all if 0), with the rest counted by code.
pub(super) fn findings(findings: &[Diagnostic], most: usize) -> Vec<String> {
    let shown = if most == 0 { findings.len() } else { most.min(findings.len()) };
    let mut out: Vec<String> = findings[..shown].iter().map(draw).collect();
    let mut rest: BTreeMap<(Severity, &str), usize> = BTreeMap::new();
    for finding in &findings[shown..] {
        *rest.entry((finding.severity, &finding.code)).or_default() += 1;
    }
    if !rest.is_empty() {
        let codes: Vec<String> = rest.iter().map(|((_, code), n)| format!("{n} {code}")).collect();
        out.push(format!("… and {} more: {} (`--limit 0` shows all)", findings.len() - shown, codes.join(", ")));
    }
    out
}

/// All after the findings.
pub(super) fn summary(checked: &Checked) -> String {
    let mut out = String::new();
    for change in checked.changes.iter().filter(|change| !change.changes.is_empty()) {
        out.push_str(&format!("{}\n", clean(&change.summary)));
        let rows = change.changes.iter().flat_map(|node| node.differences.iter().map(move |d| (node, d)));
        let rows: Vec<_> = rows.collect();
        for (node, difference) in rows.iter().take(CHANGES) {
            let (broken, reached): (Vec<&Reader>, Vec<&Reader>) = difference.readers.iter().partition(|r| r.broken);
            let mut readers = String::new();
            for (how, who) in [("breaks", broken), ("reaches", reached)].into_iter().filter(|(_, who)| !who.is_empty())
            {
                readers.push_str(&format!("; {how} {}", names(&who)));
            }
            let mut means = difference.verdict.to_string();
            if let Some(approved) = &difference.approved {
                means = format!("approved by {}", approved.by);
            }
            let (what, means) = (format!("{}: {}{readers}", node.name, difference.says()), clean(&means));
            out.push_str(&format!("  {means:<14}  {}\n", clean(&what)));
        }
        if rows.len() > CHANGES {
            out.push_str(&format!("  … and {} more\n", rows.len() - CHANGES));
        }
    }
    for unknown in checked.unknown.iter().take(UNKNOWN) {
        let place = unknown.why.place.as_ref().map_or(String::new(), |place| format!(" ({place})"));
        out.push_str(&format!("unknown: {}: {}{}\n", clean(&unknown.node), clean(&unknown.why.what), clean(&place)));
    }
    if checked.unknown.len() > UNKNOWN {
        out.push_str(&format!("unknown: … and {} more\n", checked.unknown.len() - UNKNOWN));
    }
    if checked.pipelines > 0 {
        let errors = errors(&checked.findings);
        out.push_str(&format!(
            "{} of {} checked, {}.\n",
            counted(checked.files, "file"),
            counted(checked.pipelines, "pipeline"),
            counted(errors, "error")
        ));
    }
    if !checked.released.is_empty() {
        out.push_str(&format!("Released, so not checked: {}.\n", checked.released.join(", ")));
    }
    out.push_str(&format!("{}\n", counts(checked)));
    match (&checked.against, &checked.not_compared) {
        (Some(against), _) => {
            let short: String = against.commit.chars().take(10).collect();
            out.push_str(&format!("Compared with {} ({short}): {}.\n", clean(&against.revision), verdict(checked)));
        }
        (None, Some(why)) => out.push_str(&format!("Not compared: {}.\n", clean(why))),
        (None, None) => out.push_str("Not compared: the base can't be read.\n"),
    }
    out
}

/// The verdict in a few words.
pub(super) fn verdict(checked: &Checked) -> String {
    let errors = errors(&checked.findings);
    match checked.verdict {
        Some(Verdict::Breaking) if checked.changes.iter().all(|c| c.counts.breaking == 0) && errors == 0 => {
            "this change breaks what reads it, approved by name".into()
        }
        Some(Verdict::Breaking) => "this change breaks what reads it".into(),
        Some(Verdict::Unknown) => "what this change means is not known".into(),
        Some(Verdict::ChangesValues) if errors > 0 => format!("{}; values change", counted(errors, "error")),
        _ if errors > 0 => counted(errors, "error"),
        Some(_) if !checked.unknown.is_empty() => {
            format!("nothing that is known breaks, {} not known", counted(checked.unknown.len(), "model"))
        }
        Some(Verdict::ChangesValues) => "nothing breaks, values change".into(),
        Some(Verdict::Safe) => "safe".into(),
        None if checked.status == "clean" => "no errors".into(),
        None => "warnings".into(),
    }
}

/// How many models and findings.
pub(super) fn counts(checked: &Checked) -> String {
    let counts = checked.models;
    let mut out =
        format!("{} checked, {} unknown, {} skipped", counted(counts.checked, "model"), counts.unknown, counts.skipped);
    if checked.python > 0 {
        out.push_str(&format!("; {} Python {}", checked.python, if checked.python == 1 { "file" } else { "files" }));
    }
    let all: Vec<&Diagnostic> = checked.findings.iter().collect();
    out.push_str(&format!("; {}", many(&all)));
    for (n, what) in
        [(checked.ignored, "ignored in place"), (checked.known, "in the baseline"), (checked.elsewhere, "elsewhere")]
    {
        if n > 0 {
            out.push_str(&format!(", {n} {what}"));
        }
    }
    out.push('.');
    out
}

/// `2 errors, 1 warning`.
pub(super) fn many(findings: &[&Diagnostic]) -> String {
    let errors = findings.iter().filter(|f| f.severity == Severity::Error).count();
    let warnings = findings.len() - errors;
    let warnings = format!("{warnings} {}", if warnings == 1 { "warning" } else { "warnings" });
    format!("{}, {warnings}", counted(errors, "error"))
}

fn errors(findings: &[Diagnostic]) -> usize {
    findings.iter().filter(|f| f.severity == Severity::Error).count()
}

fn names(readers: &[&Reader]) -> String {
    let named: Vec<String> = readers.iter().take(READERS).map(|r| r.says()).collect();
    match readers.len().saturating_sub(READERS) {
        0 => named.join(", "),
        more => format!("{} and {more} more", named.join(", ")),
    }
}

/// Control characters can't move the cursor.
fn clean(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
