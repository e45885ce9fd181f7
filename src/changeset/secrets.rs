//! No secret reaches a file: every text of every proposal is looked at. What is found is named, never shown.

use std::sync::LazyLock;

use rayon::prelude::*;
use regex::{Regex, RegexSet};
use serde_json::Value;

use crate::proposal::Proposal;
use crate::vocabulary::{Diagnostic, Place};

/// Shapes of credentials, and what they are.
const SHAPES: &[(&str, &str)] = &[
    ("a private key", r"-----BEGIN [A-Z ]*PRIVATE KEY-----"),
    ("a URL with a password", r"[a-zA-Z][a-zA-Z0-9+.-]*://[^\s/:@'\x22]+:[^\s/@'\x22]+@[^\s/]"),
    ("an AWS access key", r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"),
    ("a GitHub token", r"\b(?:gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{40})"),
    (
        "a Slack token or webhook",
        r"\bxox[abprs]-[A-Za-z0-9-]{10}|hooks\.slack\.com/(?:services|workflows)/[A-Za-z0-9/]{8}",
    ),
    ("a Google API key", r"\bAIza[0-9A-Za-z_-]{35}"),
    ("a JSON web token", r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10}"),
    ("an API key", r"\b(?:sk|rk|pk)_(?:live|test)_[0-9A-Za-z]{16}|\bsk-[A-Za-z0-9_-]{32}"),
    ("a dbt or Databricks token", r"\bdapi[0-9a-f]{32}\b|\bdbt[cu]_[A-Za-z0-9_-]{30}"),
];
/// A name that says it holds a secret, and its value.
const ASSIGNED: &str = r#"(?i)\b[a-z0-9_]*(?:password|passwd|pwd|secret|token|api_?key|access_?key|private_?key|credentials?)["']?\s*(?::=|=>|[:=])\s*["']?([^\s"',;(){}]{12,})"#;

struct Patterns {
    any: RegexSet,
    each: Vec<(&'static str, Regex)>,
    assigned: Regex,
}

static PATTERNS: LazyLock<Option<Patterns>> = LazyLock::new(|| {
    Some(Patterns {
        any: RegexSet::new(SHAPES.iter().map(|(_, p)| *p).chain([ASSIGNED])).ok()?,
        each: SHAPES.iter().filter_map(|(name, p)| Some((*name, Regex::new(p).ok()?))).collect(),
        assigned: Regex::new(ASSIGNED).ok()?,
    })
});

/// Every secret in every text of the proposals.
pub(super) fn scan(proposals: &[Proposal]) -> Vec<Diagnostic> {
    let Some(patterns) = PATTERNS.as_ref() else {
        return vec![Diagnostic::error("secrets-scan", "the secrets scan could not be made")];
    };
    let scan = |(i, proposal): (usize, &Proposal)| {
        let mut found = Vec::new();
        match serde_json::to_value(proposal) {
            Ok(value) => walk(patterns, &value, &format!("proposals[{i}]"), &mut String::new(), &mut found),
            Err(_) => found.push(
                Diagnostic::error("secrets-scan", "this proposal could not be read for secrets")
                    .at(Place::file(format!("proposals[{i}]"))),
            ),
        }
        found
    };
    proposals.par_iter().enumerate().flat_map_iter(scan).collect()
}

fn walk(patterns: &Patterns, value: &Value, file: &str, path: &mut String, found: &mut Vec<Diagnostic>) {
    let length = path.len();
    let mut inner = |key: &dyn std::fmt::Display, value: &Value, path: &mut String| {
        use std::fmt::Write;
        let dot = if path.is_empty() { "" } else { "." };
        let _ = write!(path, "{dot}{key}");
        walk(patterns, value, file, path, found);
        path.truncate(length);
    };
    match value {
        Value::String(text) => found.extend(secret(patterns, text).map(|(what, at)| fault(what, text, at, file, path))),
        Value::Array(items) => items.iter().enumerate().for_each(|(i, v)| inner(&i, v, path)),
        Value::Object(map) => {
            for (key, value) in map {
                if let Some((what, _)) = secret(patterns, key) {
                    found.push(fault(what, "", 0, file, path));
                    return;
                }
                inner(key, value, path);
            }
        }
        _ => {}
    }
}

fn fault(what: &str, text: &str, at: usize, file: &str, path: &str) -> Diagnostic {
    let before = &text[..at];
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    // No excerpt: a diagnostic must not show what it is about.
    let place = Place { line: Some(line), column: Some(column), ..Place::path(file, path) };
    Diagnostic::error("secret", format!("this looks like {what}"))
        .why("what is proposed ends in git, where everyone reads it for ever")
        .next("take it out, change it where it is valid, and name an environment variable instead")
        .at(place)
}

/// What a text holds that looks like a secret, and where.
fn secret(patterns: &Patterns, text: &str) -> Option<(&'static str, usize)> {
    if text.len() < 12 || !patterns.any.is_match(text) {
        return None;
    }
    let shape = patterns.each.iter().find_map(|(what, regex)| regex.find(text).map(|m| (*what, m.start())));
    shape.or_else(|| {
        let mut values = patterns.assigned.captures_iter(text).filter_map(|c| c.get(1));
        values.find(|m| random(m.as_str())).map(|m| ("a secret with its value", m.start()))
    })
}

/// Letters and digits mixed as in nothing that people name things by.
fn random(value: &str) -> bool {
    let has = |test: fn(&u8) -> bool| value.as_bytes().iter().any(test);
    if !has(u8::is_ascii_digit) || !has(u8::is_ascii_alphabetic) || value.contains("env_var") {
        return false;
    }
    let mut counts = std::collections::BTreeMap::new();
    for c in value.chars() {
        *counts.entry(c).or_insert(0u32) += 1;
    }
    let length = f64::from(u32::try_from(value.chars().count()).unwrap_or(u32::MAX));
    let entropy: f64 = counts.values().map(|n| f64::from(*n) / length).map(|p| -p * p.log2()).sum();
    entropy >= 3.2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_found_and_words_are_not() {
        let patterns = PATTERNS.as_ref().expect("the patterns are regular expressions");
        let secrets = [
            "postgres://shop:hunter2@db/shop".to_owned(),
            format!("-----BEGIN {} KEY-----", "RSA PRIVATE"),
            format!("AKIA{}", "IOSFODNN7EXAMPLE"),
            format!("ghp_{}", "a1B2".repeat(9)),
            format!("xoxb-{}", "1234567890-abcdef"),
            format!("https://hooks.slack.com/services/{}", "T0000000/B0000000"),
            format!("password = '{}'", "x9K2mQ7rT4wZ"),
            format!("\"api_key\": \"{}\"", "9f8e7d6c5b4a39281706f5e4"),
        ];
        for text in secrets {
            assert!(secret(patterns, &text).is_some(), "{text}");
        }
        let words = [
            "https://example.com/a:b",
            "SHOP_MYSQL_URL",
            "token = refresh_token_hash",
            "where password_changed_at >= created_at",
            "The token: a word for a session.",
            "select secret_santa_name from x",
            "2026-03-31 00:00:00",
        ];
        for text in words {
            assert!(secret(patterns, text).is_none(), "{text}");
        }
    }
}
