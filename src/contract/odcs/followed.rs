//! How a contract followed its source, in the document: `status`, `pipewright.landing` and `pipewright.drift`.

use std::fmt::Write as _;

use super::read::Reading;
use super::{DRIFT, LANDING};
use crate::contract::{Alteration, Followed};
use crate::vocabulary::{yaml_flow_scalar, yaml_scalar, yaml_text};

/// The word of the standard for a table that is there no longer.
pub(super) const RETIRED: &str = "retired";

/// The properties of what followed; nothing where nothing did.
pub(super) fn write(out: &mut String, followed: &Followed) {
    let landing = &followed.landing;
    if !landing.is_first() {
        let _ = write!(out, "      - property: {LANDING}\n        value:\n          version: {}\n", landing.version);
        if !landing.changes.is_empty() {
            out.push_str("          changes:\n");
        }
        for change in &landing.changes {
            let word = match change.change {
                Alteration::Added => "added",
                Alteration::Widened => "widened",
                Alteration::Nullable => "nullable",
                Alteration::Gone => "gone",
                Alteration::Replaced => "replaced",
            };
            let (column, of) = (change.column.as_str(), change.data_type.to_string());
            let (column, of) = (yaml_flow_scalar(column), yaml_flow_scalar(&of));
            let _ = writeln!(out, "            - {{column: {column}, change: {word}, type: {of}}}");
        }
    }
    if !followed.decisions.is_empty() {
        let _ = write!(out, "      - property: {DRIFT}\n        value:\n");
    }
    for decision in &followed.decisions {
        let mut start = "          - ";
        let all = [("about", &decision.about), ("decided", &decision.decided), ("because", &decision.because)];
        for (key, text) in all.into_iter().filter(|(key, text)| *key != "because" || !text.is_empty()) {
            let text = yaml_text(text, 14, 14 + key.len());
            let gap = if text.starts_with('\n') { "" } else { " " };
            let _ = writeln!(out, "{start}{key}:{gap}{text}");
            start = "            ";
        }
    }
}

/// Reads `pipewright.landing`.
pub(super) fn landing(reading: &mut Reading<'_>, value: &serde_json::Value, path: &str, followed: &mut Followed) {
    match serde_json::from_value(value.clone()) {
        Ok(landing) => followed.landing = landing,
        Err(why) => {
            let what = format!("how the landed table came to be can't be read: {why}");
            reading.fault("wrong-value", path, what);
        }
    }
}

/// Reads `pipewright.drift`.
pub(super) fn decisions(reading: &mut Reading<'_>, value: &serde_json::Value, path: &str, followed: &mut Followed) {
    match serde_json::from_value(value.clone()) {
        Ok(decisions) => followed.decisions = decisions,
        Err(why) => {
            reading.fault("wrong-value", path, format!("what was decided can't be read: {why}"));
        }
    }
}

/// `status` as the standard has it.
pub(super) fn status(followed: &Followed) -> String {
    yaml_scalar(if followed.retired { RETIRED } else { "active" })
}
