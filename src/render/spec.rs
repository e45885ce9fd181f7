//! A pipeline spec, as a person would write it.

use serde_json::Value;

use crate::spec::Spec;
use crate::vocabulary::{Diagnostic, Outcome, yaml_block};

/// Keys whose maps read best on one line.
const FLOW: &[&str] =
    &["schedule", "window", "joins", "columns.*", "group_by", "measures", "tests", "alerts", "approvals", "assumed"];

/// `pipelines/<name>.yml`: what people own, then a part for each list.
///
/// # Errors
/// None that a spec can cause.
pub fn spec(spec: &Spec) -> Outcome<(String, String)> {
    let path = format!("pipelines/{}.yml", spec.name);
    let value = serde_json::to_value(spec)
        .map_err(|e| Diagnostic::error("render-yaml", format!("the spec {} can't be written: {e}", spec.name)))?;
    Ok((path, document(&value, FLOW, &["ingest", "models", "tests", "trace"])))
}

/// A map as a YAML document, with an empty line before each key of `parts`.
pub(super) fn document(value: &Value, flow: &[&str], parts: &[&str]) -> String {
    let text = yaml_block(value, 0, flow);
    let starts = |line: &str| line.strip_suffix(':').is_some_and(|key| parts.contains(&key));
    text.split_inclusive('\n')
        .map(|line| if starts(line.trim_end_matches('\n')) { format!("\n{line}") } else { line.to_owned() })
        .collect()
}
