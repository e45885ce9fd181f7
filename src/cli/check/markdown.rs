//! One comment for a pull request: the verdict, what changed and what that reaches, findings folded by file.

use std::collections::BTreeMap;

use crate::check::against::{Against, Reader, mermaid};
use crate::publish::markdown::{code, plain, prose};
use crate::verbs::check::Checked;
use crate::vocabulary::{Diagnostic, Severity};

/// A comment on GitHub holds 65,536 characters.
const LONGEST: usize = 60_000;
/// Findings of one file that are shown.
const SHOWN: usize = 20;
/// Changes of one project that are shown.
const CHANGES: usize = 50;

/// The comment.
pub(super) fn comment(checked: &Checked) -> String {
    let mut out = String::from("<!-- pipewright check -->\n");
    let sentence = super::text::verdict(checked);
    let failed = checked.status == "findings";
    out.push_str(&format!("## {} Pipewright: {}\n\n", if failed { "❌" } else { "✅" }, prose(&sentence)));
    out.push_str(&format!("{}\n", plain(&super::text::counts(checked))));
    if let Some(against) = &checked.against {
        let short: String = against.commit.chars().take(10).collect();
        out.push_str(&format!("\nCompared with {} ({}).\n", code(&against.revision), code(&short)));
    } else if let Some(why) = &checked.not_compared {
        out.push_str(&format!("\nNot compared: {}.\n", plain(why)));
    }
    for change in checked.changes.iter().filter(|change| !change.changes.is_empty()) {
        changes(change, &mut out);
    }
    findings(checked, &mut out);
    unknown(checked, &mut out);
    out
}

fn changes(change: &Against, out: &mut String) {
    out.push_str(&format!("\n### What changes\n\n{}\n\n", prose(&change.summary)));
    out.push_str("| what | change | means | reaches |\n|---|---|---|---|\n");
    let rows: Vec<_> = change.changes.iter().flat_map(|node| node.differences.iter().map(move |d| (node, d))).collect();
    for (node, difference) in rows.iter().take(CHANGES) {
        let says = |r: &Reader| format!("{}{}", if r.broken { "**breaks** " } else { "" }, code(&r.says()));
        let readers: Vec<String> = difference.readers.iter().take(5).map(says).collect();
        let more = difference.readers.len().saturating_sub(5);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let verdict = serde_json::to_value(difference.verdict).ok();
        let mut verdict = verdict.as_ref().and_then(|v| v.as_str()).unwrap_or("unknown").replace('-', " ");
        if let Some(approved) = &difference.approved {
            verdict = format!("{verdict}, approved by {}", plain(&approved.by));
        }
        out.push_str(&format!(
            "| {} | {} | {verdict} | {}{more} |\n",
            code(&node.name),
            prose(&difference.says()),
            readers.join(", ")
        ));
    }
    if rows.len() > CHANGES {
        out.push_str(&format!("\n… and {} more.\n", rows.len() - CHANGES));
    }
    if let Some(drawn) = mermaid(&change.graph) {
        out.push_str(&format!("\n```mermaid\n{}\n```\n", drawn.trim_end()));
    }
}

fn findings(checked: &Checked, out: &mut String) {
    let mut files: BTreeMap<(Severity, &str), Vec<&Diagnostic>> = BTreeMap::new();
    let mut worst: BTreeMap<&str, Severity> = BTreeMap::new();
    for finding in &checked.findings {
        let file = finding.place.as_ref().map_or("", |p| p.file.as_str());
        let severity = worst.entry(file).or_insert(finding.severity);
        *severity = (*severity).min(finding.severity);
    }
    for finding in &checked.findings {
        let file = finding.place.as_ref().map_or("", |p| p.file.as_str());
        files.entry((worst[file], file)).or_default().push(finding);
    }
    if !files.is_empty() {
        out.push_str("\n### Findings\n");
    }
    let all = files.len();
    for (n, ((severity, file), findings)) in files.into_iter().enumerate() {
        if out.len() > LONGEST {
            out.push_str(&format!("\n… and findings in {} more files; `pipewright check` shows all.\n", all - n));
            return;
        }
        let open = if severity == Severity::Error { " open" } else { "" };
        let name = if file.is_empty() { "the whole".to_owned() } else { html(file) };
        out.push_str(&format!(
            "\n<details{open}><summary><code>{name}</code>: {}</summary>\n\n",
            super::text::many(&findings)
        ));
        for finding in findings.iter().take(SHOWN) {
            let mark = if finding.severity == Severity::Error { "❌" } else { "⚠️" };
            let line =
                finding.place.as_ref().and_then(|p| p.line).map_or(String::new(), |line| format!("line {line}: "));
            out.push_str(&format!("- {mark} {line}{} {}", prose(&finding.what), code(&finding.code)));
            for more in [&finding.why, &finding.next].into_iter().flatten() {
                out.push_str(&format!("  \n  {}", prose(more)));
            }
            out.push('\n');
        }
        if findings.len() > SHOWN {
            out.push_str(&format!("- … and {} more\n", findings.len() - SHOWN));
        }
        out.push_str("\n</details>\n");
    }
}

fn unknown(checked: &Checked, out: &mut String) {
    if checked.unknown.is_empty() {
        return;
    }
    let what =
        format!("{} not known, so not taken for safe", crate::cli::report::counted(checked.unknown.len(), "model"));
    out.push_str(&format!("\n<details><summary>{what}</summary>\n\n"));
    for unknown in checked.unknown.iter().take(SHOWN) {
        out.push_str(&format!("- {}: {}\n", code(&unknown.node), prose(&unknown.why.what)));
    }
    if checked.unknown.len() > SHOWN {
        out.push_str(&format!("- … and {} more\n", checked.unknown.len() - SHOWN));
    }
    out.push_str("\n</details>\n");
}

fn html(text: &str) -> String {
    let clean: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    clean.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('@', "@\u{200b}")
}
