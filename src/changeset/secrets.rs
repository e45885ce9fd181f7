//! No secret reaches a file: every text of every proposal is looked at. What is found is named, never shown.

use rayon::prelude::*;
use serde_json::Value;

use crate::proposal::Proposal;
use crate::vocabulary::{Diagnostic, Place, SecretShapes};

/// Every secret in every text of the proposals.
pub(super) fn scan(proposals: &[Proposal]) -> Vec<Diagnostic> {
    let Some(shapes) = SecretShapes::get() else {
        return vec![Diagnostic::error("secrets-scan", "the secrets scan could not be made")];
    };
    let scan = |(i, proposal): (usize, &Proposal)| {
        let mut found = Vec::new();
        match serde_json::to_value(proposal) {
            Ok(value) => walk(shapes, &value, &format!("proposals[{i}]"), &mut String::new(), &mut found),
            Err(_) => found.push(
                Diagnostic::error("secrets-scan", "this proposal could not be read for secrets")
                    .at(Place::file(format!("proposals[{i}]"))),
            ),
        }
        found
    };
    proposals.par_iter().enumerate().flat_map_iter(scan).collect()
}

fn walk(shapes: &SecretShapes, value: &Value, file: &str, path: &mut String, found: &mut Vec<Diagnostic>) {
    let length = path.len();
    let mut inner = |key: &dyn std::fmt::Display, value: &Value, path: &mut String| {
        use std::fmt::Write;
        let dot = if path.is_empty() { "" } else { "." };
        let _ = write!(path, "{dot}{key}");
        walk(shapes, value, file, path, found);
        path.truncate(length);
    };
    match value {
        Value::String(text) => {
            found.extend(shapes.find(text).map(|(what, at)| fault(what, text, at.start, file, path)))
        }
        Value::Array(items) => items.iter().enumerate().for_each(|(i, v)| inner(&i, v, path)),
        Value::Object(map) => {
            for (key, value) in map {
                if let Some((what, _)) = shapes.find(key) {
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
