//! What a program can change by itself: where a diagnostic knows the one word that was meant, it says which text is to be
//! replaced by which.

use std::collections::BTreeMap;

use serde_json::Value;

use super::forms;
use crate::vocabulary::{Diagnostic, Fix, FixOf};

/// Adds a fix to each diagnostic that has one and only one way out. `texts` are what was handed in, by file.
pub fn suggest(diagnostics: &mut [Diagnostic], texts: &BTreeMap<String, String>) {
    let mut values: BTreeMap<String, Option<Value>> = BTreeMap::new();
    for diagnostic in diagnostics.iter_mut().filter(|d| d.fix.is_none()) {
        let Some(place) = &diagnostic.place else { continue };
        let Some(text) = texts.get(&place.file) else { continue };
        let Some(meant) = meant(diagnostic) else { continue };
        let value = values
            .entry(place.file.clone())
            .or_insert_with(|| (!place.file.ends_with(".sql")).then(|| forms::value(&place.file, text).ok()).flatten());
        diagnostic.fix = fix(diagnostic, &meant, value.as_ref()).map(Box::new);
    }
}

/// The one word that was meant: of several that are near, one that is nearer than all others, and by two slips at most.
fn meant(diagnostic: &Diagnostic) -> Option<String> {
    let next = diagnostic.next.as_deref()?;
    let rest = ["did you mean ", "read ", "call it ", "write "].iter().find_map(|head| next.strip_prefix(head))?;
    let words = rest.trim_end_matches('?').strip_prefix('`')?.strip_suffix('`')?;
    let words: Vec<&str> = words.split("`, `").collect();
    let [first, others @ ..] = words.as_slice() else { return None };
    if others.is_empty() {
        return (!first.contains('`')).then(|| (*first).to_owned());
    }
    let slips = |word: &str| {
        let named = diagnostic.what.split('`').skip(1).step_by(2);
        named.map(|wrong| strsim::osa_distance(wrong, word)).min().unwrap_or(usize::MAX)
    };
    let mut slips: Vec<(usize, &str)> = words.iter().map(|w| (slips(w), *w)).collect();
    slips.sort_unstable();
    (slips[0].0 <= 2 && slips[0].0 < slips[1].0).then(|| slips[0].1.to_owned())
}

fn fix(diagnostic: &Diagnostic, meant: &str, value: Option<&Value>) -> Option<Fix> {
    let place = diagnostic.place.as_ref()?;
    let wrong: Vec<&str> = diagnostic.what.split('`').skip(1).step_by(2).collect();
    let made = |of, replace: &str, by: &str| {
        let (line, column) = if of == FixOf::Text { (place.line, place.column) } else { (None, None) };
        let (replace, by) = (replace.to_owned(), by.to_owned());
        Some(Fix { of, file: place.file.clone(), path: place.path.clone(), line, column, start: None, replace, by })
    };
    if let (Some(excerpt), Some(column)) = (&place.excerpt, place.column)
        && (value.is_none() || place.path.as_ref().is_some_and(|p| p.ends_with("sql") || p.ends_with("text")))
    {
        let shown: String = excerpt.chars().skip(column.saturating_sub(1)).take(place.width).collect();
        if diagnostic.code == "source-past-staging" {
            let inner = meant.trim_start_matches(['{', ' ']).trim_end_matches(['}', ' ']);
            return shown.starts_with("source(").then(|| made(FixOf::Text, &shown, inner))?;
        }
        let word = wrong.iter().find(|w| shown.matches(**w).count() == 1)?;
        return made(FixOf::Text, &shown, &shown.replace(word, meant));
    }
    let path = place.path.as_deref()?;
    if diagnostic.code.ends_with("unknown-field") {
        return made(FixOf::Key, wrong.first()?, meant);
    }
    let there = at(value?, path)?.as_str()?;
    match wrong.iter().find(|w| **w == there) {
        Some(_) => made(FixOf::Value, there, meant),
        None => {
            let word = wrong.iter().find(|w| there.matches(**w).count() == 1)?;
            made(FixOf::Value, there, &there.replace(word, meant))
        }
    }
}

/// The value at a path: an item of a list by its index or name, a name with dots whole.
fn at<'v>(value: &'v Value, path: &str) -> Option<&'v Value> {
    if path.is_empty() {
        return Some(value);
    }
    let ends = path.match_indices('.').map(|(i, _)| i).chain([path.len()]);
    ends.filter_map(|end| {
        let (head, rest) = (&path[..end], path[end..].trim_start_matches('.'));
        let inner = match value {
            Value::Object(map) => map.get(head),
            Value::Array(items) => head.parse::<usize>().ok().and_then(|i| items.get(i)).or_else(|| {
                items.iter().find(|i| ["name", "table"].iter().any(|key| i.get(key).is_some_and(|n| n == head)))
            }),
            _ => None,
        };
        inner.and_then(|inner| at(inner, rest))
    })
    .next()
}
