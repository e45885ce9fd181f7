//! The place of a path in a document.

use std::collections::BTreeMap;

use super::node::{Node, Span, Value};
use crate::vocabulary::{Diagnostic, Place};

/// Line, column (both from 1) and width of what `path` names in `text`: `models.2.columns.phone`. An item of a list is
/// named by its index or by its `name`, `table`, `property` or `server`; a name may hold dots.
pub fn locate(text: &str, path: &str) -> Option<(usize, usize, usize)> {
    let tree = super::tree(text, "").ok()?;
    let segments: Vec<&str> = path.split('.').collect();
    let span = find(&tree, &segments, 0)?.span;
    let place = Place::span("", text, span.line, span.column, span.width);
    Some((span.line, span.column, width_on_line(&place)))
}

/// Gives line, column and excerpt to the places that have a path only. Where the path ends in something that the document
/// leaves out (a field that is missing), its nearest parent that is there stands for it.
pub fn pin(diagnostics: &mut [Diagnostic], texts: &BTreeMap<String, String>) {
    let mut trees: BTreeMap<String, Option<Node>> = BTreeMap::new();
    for place in diagnostics.iter_mut().filter_map(|d| d.place.as_mut()).filter(|p| p.line.is_none()) {
        let Some(path) = &place.path else { continue };
        let Some(text) = texts.get(&place.file) else { continue };
        let tree = trees.entry(place.file.clone()).or_insert_with(|| super::tree(text, &place.file).ok());
        let Some(tree) = tree else { continue };
        let segments: Vec<&str> = path.split('.').collect();
        let found = (1..=segments.len()).rev().find_map(|n| find(tree, &segments[..n], 0));
        let span = found.map_or(tree.span, |f| f.span);
        let pinned = Place::span(place.file.clone(), text, span.line, span.column, span.width);
        *place = Place { path: Some(path.clone()), width: width_on_line(&pinned), ..pinned };
    }
}

/// The characters that a place covers on its line: all up to the end where it goes on below.
pub(super) fn width_on_line(place: &Place) -> usize {
    let (Some(line), Some(column)) = (&place.excerpt, place.column) else { return place.width };
    let rest = line.trim_end().chars().count().saturating_sub(column - 1);
    (if place.width == 0 { rest } else { place.width.min(rest) }).max(1)
}

/// Where a path led.
#[derive(Clone, Copy)]
struct Found {
    span: Span,
}

/// Follows `segments` from `node`, a name of several segments included. A mapping or list is shown by its key.
fn find(node: &Node, segments: &[&str], from: usize) -> Option<Found> {
    if from == segments.len() {
        return Some(Found { span: shown(node) });
    }
    (from + 1..=segments.len()).find_map(|to| {
        let name = segments[from..to].join(".");
        match &node.value {
            Value::Map(_) => {
                let (key, value) = node.entry(&name)?;
                let compound = matches!(value.value, Value::Map(_) | Value::List(_) | Value::Null);
                if to == segments.len() && compound {
                    Some(Found { span: key.span })
                } else {
                    find(value, segments, to)
                }
            }
            Value::List(items) => {
                let by_index = name.parse::<usize>().ok().and_then(|i| items.get(i));
                let item = by_index.or_else(|| items.iter().find(|item| named(item).is_some_and(|n| n.0 == name)))?;
                find(item, segments, to)
            }
            _ => None,
        }
    })
}

/// The name of a list's item, and the node that holds it.
fn named(item: &Node) -> Option<(&str, &Node)> {
    ["name", "table", "property", "server"].iter().find_map(|key| match item.get(key) {
        Some(node @ Node { value: Value::Text(text), .. }) => Some((text.as_str(), node)),
        _ => None,
    })
}

/// What carets stand under for a node: its name if it has one.
fn shown(node: &Node) -> Span {
    named(node).map_or(node.span, |(_, name)| name.span)
}
