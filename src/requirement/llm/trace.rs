//! Which words became what, as far as a model says so and it is true; what it says nothing of is named.

use std::ops::Range;

use regex::Regex;
use serde_json::Value;

use super::schema::Traced;
use crate::contract::Column;
use crate::requirement::Ground;
use crate::requirement::assemble::{Whereabouts, whereabouts};
use crate::requirement::piece::{Kind, Piece};
use crate::requirement::said::Said;
use crate::requirement::scan::Scan;
use crate::requirement::tokens;
use crate::spec::{Spec, Trace};
use crate::vocabulary::{Diagnostic, Place, Relation};
use crate::workspace::Platform;

/// Gives the spec its trace. Where it runs is read by the rules alone and comes back, with what is to be looked at.
pub fn attach(
    spec: &mut Spec,
    said: &[Traced],
    not_understood: &[String],
    requirement: &str,
    ground: &Ground<'_>,
) -> (Vec<Platform>, Vec<Diagnostic>) {
    let words = Said::new(requirement);
    let scan = Scan::new(&words, ground);
    let pieces = scan.pieces();
    let Whereabouts { platform, mut trace, mut findings } = whereabouts(&scan, &pieces, spec);
    let whole = serde_json::to_value(&*spec).unwrap_or_default();
    for one in said {
        let Some(at) = find(requirement, &one.words) else { continue };
        let mut became: Vec<String> = one.became.iter().filter_map(|path| resolved(&whole, path)).collect();
        became.dedup();
        if became.is_empty() {
            continue;
        }
        let words = requirement.get(at).unwrap_or_default().to_owned();
        trace.push(Trace { words, became, answers: Vec::new() });
    }
    let covered: Vec<Range<usize>> = trace.iter().filter_map(|t| find(requirement, &t.words)).collect();
    let mut left: Vec<Range<usize>> = not_understood.iter().filter_map(|words| find(requirement, words)).collect();
    if trace.is_empty() {
        let what = "the model did not say which words became what";
        let next = "hold the whole of the change against the requirement";
        findings.push(Diagnostic::warning("no-trace", what).next(next));
    } else {
        left.extend(uncovered(&scan, &pieces, requirement, &covered));
    }
    left.sort_by_key(|at| at.start);
    left.dedup();
    for at in left {
        let words = requirement.get(at.clone()).unwrap_or_default().to_owned();
        findings.push(left_out(&words, requirement));
        if covered.iter().all(|c| at.end <= c.start || c.end <= at.start) {
            trace.push(Trace { words, became: Vec::new(), answers: Vec::new() });
        }
    }
    trace.sort_by_key(|t| find(requirement, &t.words).map(|at| at.start));
    spec.trace = trace;
    (platform, findings)
}

/// Where words stand in a requirement, however large their letters and wide their gaps are.
fn find(requirement: &str, words: &str) -> Option<Range<usize>> {
    let words: Vec<String> = words.split_whitespace().map(regex::escape).collect();
    if words.is_empty() {
        return None;
    }
    let pattern = format!("(?i){}", words.join(r"\s+"));
    Regex::new(&pattern).ok()?.find(requirement).map(|m| m.range())
}

/// The longest part of a path that leads to something in the spec.
fn resolved(spec: &Value, path: &str) -> Option<String> {
    let path = path.trim().trim_start_matches("pipeline.");
    let parts: Vec<&str> = path.split('.').collect();
    let (mut here, mut i) = (spec, 0);
    while i < parts.len() {
        let (next, taken) = match here {
            Value::Object(map) => (map.get(parts[i]), 1),
            Value::Array(items) => {
                let table = parts.get(i..i + 2).map(|p| p.join("."));
                let by_table = table.and_then(|t| items.iter().find(|item| item["table"] == *t));
                match by_table {
                    Some(item) => (Some(item), 2),
                    None => {
                        let named = |item: &&Value| ["name", "to", "model"].iter().any(|k| item[*k] == parts[i]);
                        let by_index = || parts[i].parse::<usize>().ok().and_then(|n| items.get(n));
                        (items.iter().find(named).or_else(by_index), 1)
                    }
                }
            }
            _ => (None, 1),
        };
        match next {
            Some(next) => here = next,
            None => break,
        }
        i += taken;
    }
    (i > 0).then(|| parts[..i.min(parts.len())].join("."))
}

/// A warning for words that became nothing.
fn left_out(words: &str, requirement: &str) -> Diagnostic {
    let cut: String = words.chars().take(80).collect();
    let warning = Diagnostic::warning("not-understood", format!("`{cut}` became nothing"))
        .next("leave it out, or say it in other words");
    match find(requirement, words) {
        Some(at) => warning.at(place(requirement, &at)),
        None => warning,
    }
}

fn place(requirement: &str, at: &Range<usize>) -> Place {
    let before = requirement.get(..at.start).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    let width = requirement.get(at.clone()).unwrap_or_default().chars().count();
    Place::span("requirement", requirement, line, column, width)
}

/// Words that say something of the data and that no line of the trace holds.
fn uncovered(scan: &Scan<'_>, pieces: &[Piece<'_>], requirement: &str, covered: &[Range<usize>]) -> Vec<Range<usize>> {
    let mut runs: Vec<Range<usize>> = Vec::new();
    let mut open = false;
    for piece in pieces {
        let silent = matches!(piece.kind, Kind::Filler | Kind::Build | Kind::List | Kind::Artifact { .. });
        for token in &scan.tokens[piece.tokens.clone()] {
            if token.kind == tokens::Kind::Mark {
                open = false;
                continue;
            }
            let free = !silent && !covered.iter().any(|c| c.start < token.span.end && token.span.start < c.end);
            match runs.last_mut() {
                Some(run) if free && open => run.end = token.span.end,
                _ if free => runs.push(token.span.clone()),
                _ => {}
            }
            open = free;
        }
    }
    let words = |run: &Range<usize>| requirement.get(run.clone()).unwrap_or_default();
    let small = |run: &Range<usize>| words(run).split_whitespace().all(|w| SMALL.contains(&w.to_lowercase().as_str()));
    runs.retain(|run| !small(run));
    runs
}

/// Words that say nothing by themselves.
#[rustfmt::skip]
const SMALL: &[&str] = &[
    "a", "an", "and", "are", "as", "at", "be", "by", "each", "every", "for", "from", "has", "have", "in", "into", "is", "it",
    "its", "of", "on", "or", "our", "per", "so", "that", "the", "their", "then", "there", "these", "this", "those", "to", "was",
    "we", "were", "which", "who", "whose", "with", "also", "please", "all", "i", "need", "want", "show",
];

/// Columns with personal data that models of the spec show, each with where, and whether a line of the trace accounts
/// for it.
pub fn personal(spec: &Spec, ground: &Ground<'_>) -> Vec<(String, bool)> {
    let tables = spec.models.iter().filter_map(|m| match &m.from {
        Relation::Table(table) => ground.contracts.get(table),
        Relation::Model(_) => None,
    });
    let columns: Vec<&Column> = tables.flat_map(|c| &c.columns).filter(|c| c.pii().is_some()).collect();
    let whole = serde_json::to_value(spec).unwrap_or_default();
    let mut out = Vec::new();
    for model in spec.models.iter().filter(|m| matches!(m.from, Relation::Model(_))) {
        let path = format!("models.{}", model.name);
        let Some(shown) = whole["models"].as_array().into_iter().flatten().find(|m| m["name"] == model.name.as_str())
        else {
            continue;
        };
        for field in ["columns", "group_by", "measures", "sql"] {
            let Some(text) = shown.get(field).map(Value::to_string) else { continue };
            for column in &columns {
                if !has_word(&text, column.name.as_str()) {
                    continue;
                }
                let at = format!("{path}.{field}");
                let accounted = spec.trace.iter().flat_map(|t| &t.became).any(|b| b.starts_with(&at) || *b == path);
                out.push((format!("{at}: {}", column.name), accounted));
            }
        }
    }
    out.dedup();
    out
}

/// People who are let in or told, and whom no words of the requirement name.
pub fn unasked(spec: &Spec, requirement: &str, ground: &Ground<'_>) -> Vec<Diagnostic> {
    let key = |text: &str| -> String { text.to_lowercase().chars().filter(|c| c.is_alphanumeric()).collect() };
    let said = key(requirement);
    let usual = &ground.config.defaults.alert_channel;
    let readers = spec
        .models
        .iter()
        .flat_map(|m| m.readers.iter().map(move |r| (format!("models.{}.readers", m.name), r.as_str())));
    let told = spec.alerts.iter().enumerate().map(|(i, a)| (format!("alerts.{i}.slack"), a.slack.as_str()));
    let told = told.filter(|(_, channel)| channel != usual);
    let unnamed = readers.chain(told).filter(|(_, who)| !said.contains(&key(who)));
    let fault = |(path, who): (String, &str)| {
        let what = format!("`{}` is not named by the requirement", who.escape_debug());
        Diagnostic::error("unasked", what).at(Place::path(super::answer::FILE, path)).next("leave it out")
    };
    unnamed.map(fault).collect()
}

fn has_word(text: &str, word: &str) -> bool {
    text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).any(|w| w == word)
}
