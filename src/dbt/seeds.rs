//! Seeds: their first line, and types where configuration or YAML say them.

use serde_json::{Map, Value};

use super::Described;

/// Columns of a seed, lower case, with their types as text; empty where nothing says.
pub(super) fn columns(text: &str, config: &Map<String, Value>, described: Option<&Described>) -> Vec<(String, String)> {
    let types = config.get("column_types").and_then(Value::as_object);
    let first = records(text, delimiter(config)).next().unwrap_or_default();
    first
        .into_iter()
        .map(|name| {
            let name = name.trim();
            let configured = types.and_then(|types| {
                types
                    .iter()
                    .find(|(k, _)| k.eq_ignore_ascii_case(name))
                    .and_then(|(_, v)| v.as_str())
                    .map(str::to_owned)
            });
            let declared = || {
                let column = described?.columns.iter().find(|c| c.name.eq_ignore_ascii_case(name))?;
                column.data_type.clone()
            };
            let kind = configured.or_else(declared).unwrap_or_default();
            (name.to_lowercase(), kind)
        })
        .collect()
}

/// What stands between the fields of a seed.
pub(super) fn delimiter(config: &Map<String, Value>) -> char {
    config.get("delimiter").and_then(Value::as_str).and_then(|d| d.chars().next()).unwrap_or(',')
}

/// The lines of a CSV, the first one with the names of its columns; empty lines are none.
pub(super) fn records(text: &str, delimiter: char) -> impl Iterator<Item = Vec<String>> {
    let mut chars = text.strip_prefix('\u{feff}').unwrap_or(text).chars().peekable();
    std::iter::from_fn(move || {
        loop {
            let (mut out, mut field, mut quoted) = (Vec::new(), String::new(), false);
            chars.peek()?;
            while let Some(c) = chars.next() {
                match c {
                    '"' if quoted && chars.peek() == Some(&'"') => {
                        field.push('"');
                        chars.next();
                    }
                    '"' => quoted = !quoted,
                    '\r' if !quoted => {}
                    '\n' if !quoted => break,
                    c if c == delimiter && !quoted => out.push(std::mem::take(&mut field)),
                    c => field.push(c),
                }
            }
            if !(out.is_empty() && field.trim().is_empty()) {
                out.push(field);
                return Some(out);
            }
        }
    })
}
