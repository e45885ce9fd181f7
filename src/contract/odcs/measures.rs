//! What profiling measured, within a document: it stands apart from what people edit, and is put aside while their edits
//! are merged.

use std::fmt::Write as _;

use super::write::list;
use super::{CURSORS, PII_CONFIDENCE, PROFILE, STATISTICS};
use crate::contract::{Column, ColumnProfile, Contract, Counted, CursorCandidate};
use crate::vocabulary::{yaml_flow_scalar, yaml_scalar, yaml_text};

/// Stands for what was measured, while it is put aside.
const MARK: &str = "# pipewright: what was measured";
/// How far in our own documents have it.
const INDENT: usize = 6;

/// `text` with a mark in the place of what was measured; as it is where nothing was.
pub fn put_aside(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let (mut marked, mut within) = (false, None);
    for line in text.split_inclusive('\n') {
        let bare = line.trim_start();
        let indent = line.len() - bare.len();
        if within.is_some_and(|dash| indent > dash && !bare.trim_end().is_empty()) {
            continue;
        }
        within = None;
        let item = bare.strip_prefix("- ").map(|item| item.trim_start_matches(['{', ' ']));
        let property = item.and_then(|item| item.strip_prefix("property: "));
        let name = property.map(|p| p.split([',', '}', '\r', '\n', ' ']).next().unwrap_or_default());
        if name.is_some_and(|name| [PROFILE, CURSORS, STATISTICS].contains(&name)) {
            within = Some(indent);
            if !marked {
                let _ = writeln!(out, "{:indent$}{MARK}", "");
            }
            marked = true;
        } else {
            out.push_str(line);
        }
    }
    out
}

/// `text` with what was measured of `contract` in the place of the mark; without it where there is no mark.
pub fn put_back(text: &str, contract: &Contract) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        if line.trim() != MARK {
            out.push_str(line);
            continue;
        }
        let indent = line.len() - line.trim_start().len();
        for own in lines(contract).lines() {
            let _ = writeln!(out, "{:indent$}{}", "", own.get(INDENT..).unwrap_or_default());
        }
    }
    out
}

/// What was measured, as items of a table's `customProperties`.
pub(super) fn lines(contract: &Contract) -> String {
    let mut out = String::new();
    if let Some(p) = &contract.profile {
        let estimated = if p.estimated { ", estimated: true" } else { "" };
        let (rows, sample, method) = (p.rows, p.sample, yaml_flow_scalar(&p.method));
        let mut value = format!("rows: {rows}{estimated}, sample: {sample}, method: {method}");
        for (key, number) in [("seed", p.seed), ("bytes", p.bytes)] {
            if let Some(number) = number {
                let _ = write!(value, ", {key}: {number}");
            }
        }
        let line = format!("      - {{property: {PROFILE}, value: {{{value}}}}}");
        match line.len() <= 120 {
            true => out.push_str(&line),
            false => out.push_str(&format!("      - property: {PROFILE}\n        value: {{{value}}}")),
        }
        out.push('\n');
    }
    if let Some(p) = contract.profile.as_ref().filter(|p| !p.cursors.is_empty()) {
        let one = |c: &CursorCandidate| {
            let (column, why) = (yaml_scalar(c.column.as_str()), yaml_text(&c.why, 12, 17));
            format!("\n          - column: {column}\n            why: {why}")
        };
        let value: String = p.cursors.iter().map(one).collect();
        let _ = write!(out, "      - property: {CURSORS}\n        value:{value}\n");
    }
    if contract.columns.iter().any(is_measured) {
        let _ = write!(out, "      - property: {STATISTICS}\n        value:\n");
        contract.columns.iter().filter(|c| is_measured(c)).for_each(|column| column_statistics(&mut out, column));
    }
    out
}

fn is_measured(column: &Column) -> bool {
    column.profile.is_some() || column.pii_confidence.is_some()
}

/// What was seen of a column.
fn column_statistics(out: &mut String, column: &Column) {
    let _ = writeln!(out, "          {}:", yaml_scalar(column.name.as_str()));
    let mut line = |key: &str, value: &str| {
        let gap = if value.starts_with('\n') { "" } else { " " };
        let _ = writeln!(out, "            {key}:{gap}{value}");
    };
    if let Some(percent) = column.pii_confidence {
        line(PII_CONFIDENCE, &percent.to_string());
    }
    let Some(ColumnProfile { nulls, distinct, min, max, quantiles, outliers, top, patterns, lengths }) =
        &column.profile
    else {
        return;
    };
    line("nulls", &nulls.to_string());
    line("distinct", &distinct.to_string());
    for (key, value) in [("min", min), ("max", max)] {
        if let Some(value) = value {
            line(key, &yaml_flow_scalar(value));
        }
    }
    if !quantiles.is_empty() {
        line("quantiles", &list(quantiles.iter().map(|q| yaml_flow_scalar(q)), 23, 14));
    }
    if *outliers > 0 {
        line("outliers", &outliers.to_string());
    }
    for (key, all) in [("top", top), ("patterns", patterns)] {
        if !all.is_empty() {
            let one = |c: &Counted| format!("{{value: {}, count: {}}}", yaml_flow_scalar(&c.value), c.count);
            line(key, &list(all.iter().map(one), 22, 14));
        }
    }
    if let Some(l) = lengths {
        line("lengths", &format!("{{min: {}, max: {}}}", l.min, l.max));
    }
}
