//! SARIF 2.1.0, as code scanning reads it.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::check::rules::RULES;
use crate::verbs::check::Checked;
use crate::vocabulary::{Diagnostic, Fix, Severity};
use crate::workspace::family;

/// The log.
pub(super) fn log(checked: &Checked, exit: u8) -> Value {
    let codes: BTreeSet<&str> = checked.findings.iter().map(|f| f.code.as_ref()).collect();
    let codes: Vec<&str> = codes.into_iter().collect();
    let rules: Vec<Value> = codes.iter().map(|code| rule(code)).collect();
    let results: Vec<Value> = super::numbered(&checked.findings)
        .map(|(finding, fingerprint)| {
            let index = codes.iter().position(|code| *code == finding.code);
            result(checked, finding, &fingerprint, index)
        })
        .collect();
    let notes: Vec<Value> = checked
        .unknown
        .iter()
        .map(|unknown| {
            let text = format!("{} is not known: {}", unknown.node, unknown.why.what);
            json!({ "level": "warning", "message": { "text": text }, "locations": locations(checked, &unknown.why) })
        })
        .collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "pipewright",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            }},
            "columnKind": "unicodeCodePoints",
            "originalUriBaseIds": { "%SRCROOT%": { "description": { "text": "the root of the repository" } } },
            "invocations": [{
                "executionSuccessful": true,
                "exitCode": exit,
                "toolExecutionNotifications": notes,
            }],
            "results": results,
            "properties": {
                "verdict": checked.verdict,
                "models": checked.models,
            },
        }],
    })
}

fn rule(code: &str) -> Value {
    let known = RULES.iter().copied().flatten().find(|rule| rule.code == code);
    let mut rule = json!({ "id": code, "shortDescription": { "text": known.map_or(code, |rule| rule.summary) } });
    if let Some(family) = family(code) {
        rule["help"] = json!({ "text": super::page(code) });
        rule["properties"] = json!({ "tags": [family] });
    }
    if let Some(known) = known {
        rule["defaultConfiguration"] = json!({ "level": level(known.severity) });
    }
    rule
}

fn result(checked: &Checked, finding: &Diagnostic, fingerprint: &str, index: Option<usize>) -> Value {
    let mut out = json!({
        "ruleId": finding.code,
        "level": level(finding.severity),
        "message": { "text": super::message(finding) },
        "locations": locations(checked, finding),
        "partialFingerprints": { "pipewright/v1": fingerprint },
    });
    if let Some(index) = index {
        out["ruleIndex"] = index.into();
    }
    if let Some(fix) = finding.fix.as_deref().and_then(|fix| self::fix(checked, fix)) {
        out["fixes"] = json!([fix]);
    }
    out
}

fn locations(checked: &Checked, finding: &Diagnostic) -> Value {
    let Some(place) = &finding.place else { return json!([]) };
    let mut physical = json!({ "artifactLocation": artifact(checked, &place.file) });
    if let Some(line) = place.line {
        let mut region = json!({ "startLine": line });
        if let Some(column) = place.column {
            region["startColumn"] = column.into();
            region["endColumn"] = (column + place.width.max(1)).into();
        }
        if let Some(excerpt) = &place.excerpt {
            region["snippet"] = json!({ "text": excerpt });
        }
        physical["region"] = region;
    }
    json!([{ "physicalLocation": physical }])
}

fn artifact(checked: &Checked, file: &str) -> Value {
    json!({ "uri": uri(&format!("{}{file}", checked.folder)), "uriBaseId": "%SRCROOT%" })
}

fn fix(checked: &Checked, fix: &Fix) -> Option<Value> {
    let start = fix.start?;
    Some(json!({
        "description": { "text": "what is safe to replace" },
        "artifactChanges": [{
            "artifactLocation": artifact(checked, &fix.file),
            "replacements": [{
                "deletedRegion": { "byteOffset": start, "byteLength": fix.replace.len() },
                "insertedContent": { "text": fix.by },
            }],
        }],
    }))
}

fn level(severity: Severity) -> &'static str {
    if severity == Severity::Error { "error" } else { "warning" }
}

/// A path as a relative URI.
fn uri(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'_' | b'.' | b'~' => out.push(byte.into()),
            byte => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}
