//! What a project's texts promise of a model, its columns and what it reads, as plain words to look phrases up in.

use std::borrow::Cow;

use sqlparser::ast::{Expr, SelectItem, Spanned};

use super::Query;
use super::look::View;
pub(super) use crate::check::said::{has, plain};
use crate::dbt::{Node, NodeId};

/// What YAML says of a column that the model gives; nothing where it says nothing.
pub(super) fn of_column(query: &Query<'_>, name: &str) -> String {
    let columns = query.node.described.iter().flat_map(|d| &d.columns);
    columns.filter(|c| c.name.eq_ignore_ascii_case(name)).map(|c| plain(&c.description)).collect()
}

/// The same, or else what a comment says that stands at its expression or begins with its name.
pub(super) fn said_of(view: &View<'_, '_>, expr: &Expr, name: &str) -> String {
    let mut said = of_column(view.query, name);
    if said.is_empty() {
        said = plain(&super::local::comments(view, super::look::span(expr), expr.span().end.line));
        let begins = plain(name);
        said.extend(told(view.query.node).into_iter().filter(|t| t.starts_with(&begins)));
    }
    said
}

/// What YAML says of the model, or else the comment that its file begins with.
pub(super) fn of_model(query: &Query<'_>) -> String {
    plain(&description(query.node))
}

/// The same as it is written.
pub(super) fn description(node: &Node) -> Cow<'_, str> {
    match node.described.as_ref().map(|d| d.description.as_str()).filter(|d| !d.is_empty()) {
        Some(said) => said.into(),
        None => heading(&node.text).into(),
    }
}

/// So long a comment is about more than what a model is.
const LONG: usize = 300;

/// The comment that a file begins with, after its configuration.
fn heading(text: &str) -> String {
    let (mut said, mut within) = (String::new(), false);
    for line in text.lines().map(str::trim) {
        if within || line.starts_with("{{") || line.starts_with("{%") {
            within = !(line.ends_with("}}") || line.ends_with("%}"));
        } else if let Some(comment) = line.strip_prefix("--") {
            said.push_str(comment.trim_matches(['-', ' ']));
            said.push('\n');
        } else if !line.is_empty() || !said.is_empty() {
            break;
        }
    }
    if said.len() > LONG { String::new() } else { said }
}

/// The type that YAML gives a column of the model, lower case.
pub(super) fn type_of(query: &Query<'_>, name: &str) -> Option<String> {
    let mut columns = query.node.described.iter().flat_map(|d| &d.columns);
    columns.find(|c| c.name.eq_ignore_ascii_case(name))?.data_type.as_ref().map(|t| t.to_lowercase())
}

/// The values with a name that the selects of a query give.
pub(super) fn items<'a>(view: &View<'_, 'a>) -> Vec<(usize, &'a Expr, &'a str)> {
    let selects = view.outline.selects.iter().enumerate();
    let of = |(id, part): (usize, &super::outline::Part<'a>)| {
        let items = part.select.projection.iter().filter_map(move |item| match item {
            SelectItem::ExprWithAlias { expr, alias } => Some((id, expr, alias.value.as_str())),
            _ => None,
        });
        items.collect::<Vec<_>>()
    };
    selects.flat_map(of).collect()
}

/// A node, and what it is read from for as long as that is one other alone.
pub(super) fn line<'a>(view: &View<'_, 'a>, id: NodeId) -> Vec<&'a Node> {
    let mut out: Vec<&Node> = Vec::new();
    let mut next = view.node(id);
    while let Some(node) = next.filter(|_| out.len() < 6) {
        out.push(node);
        let first = node.reads.first().map(|r| r.node);
        let only = first.filter(|id| node.reads.iter().all(|r| r.node == *id));
        next = only.and_then(|id| view.node(id)).filter(|n| !out.iter().any(|o| std::ptr::eq(*o, *n)));
    }
    out
}

/// What descriptions and comments say of a node as a whole, each text by itself.
pub(super) fn told(node: &Node) -> Vec<String> {
    let described = node.described.iter().flat_map(|d| [plain(&d.description), plain(&d.of_source)]);
    let comments = node.text.lines().filter_map(|l| l.split_once("--")).map(|(_, c)| plain(c));
    described.chain(comments).filter(|t| t.len() > 1).collect()
}
