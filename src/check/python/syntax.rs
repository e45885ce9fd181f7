//! What is no Python 3, and what the texts of strings say.

use std::borrow::Cow;

use tree_sitter::Node;

use super::read::{Broken, span};
use super::{Argument, Does, Expr, Kind, Span, Statement, each_body, each_expression};

/// The first thing that can't be read.
pub(super) fn first(text: &str, root: Node<'_>) -> Broken {
    let mut node = root;
    while !node.is_error() && !node.is_missing() {
        let mut cursor = node.walk();
        let child = node.children(&mut cursor).find(|child| child.has_error() || child.is_missing());
        let Some(child) = child else { break };
        node = child;
    }
    let at = span(node);
    if node.is_missing() {
        return Broken::Syntax(at, format!("`{}` is missing here", node.kind()));
    }
    // What could not be read begins at the first thing that is unexpected, and may go on for the whole file.
    let shown = text.get(at.start as usize..).unwrap_or_default().lines().next().unwrap_or_default();
    let end = at.start + shown.trim_end().len().max(1) as u32;
    Broken::Syntax(Span { start: at.start, end: end.min(at.end.max(at.start + 1)) }, "this is no Python".to_owned())
}

/// What the grammar lets through and Python does not: statements of Python 2, `return` outside of a function, arguments
/// by place after those by keyword.
pub(super) fn lenient(body: &[Statement<'_>]) -> Result<(), Broken> {
    let mut found = None;
    outside(body, false, &mut found);
    each_expression(body, &mut |expr| {
        if let Kind::Call(_, arguments) = &expr.kind
            && let Some(at) = misplaced(arguments)
        {
            found.get_or_insert(Broken::Syntax(at, "an argument by place stands after one by keyword".to_owned()));
        }
    });
    found.map_or(Ok(()), Err)
}

fn misplaced(arguments: &[Argument<'_>]) -> Option<Span> {
    let keyword = arguments.iter().position(|a| a.name.is_some() || a.stars == 2)?;
    arguments[keyword..].iter().find(|a| a.name.is_none() && a.stars == 0).map(|a| a.value.at)
}

fn outside(body: &[Statement<'_>], function: bool, found: &mut Option<Broken>) {
    for statement in body {
        if matches!(statement.does, Does::Return(_)) && !function {
            found.get_or_insert(Broken::Syntax(statement.at, "`return` outside of a function".to_owned()));
        }
        if let Does::Assign { targets, .. } = &statement.does
            && let Some(target) = targets.iter().find(|t| is_no_target(t))
        {
            found.get_or_insert(Broken::Syntax(target.at, "nothing can be assigned to this".to_owned()));
        }
        let inside = match statement.does {
            Does::Function(_) => true,
            Does::Class { .. } => false,
            _ => function,
        };
        each_body(statement, &mut |body| outside(body, inside, found));
    }
}

fn is_no_target(expr: &Expr<'_>) -> bool {
    matches!(expr.kind, Kind::Call(..) | Kind::Number(_) | Kind::Text(_) | Kind::Bool(_) | Kind::None | Kind::Dict(_))
}

/// The text that a string's letters stand for.
pub(super) fn unescaped(text: &str, raw: bool) -> Cow<'_, str> {
    if raw || !text.contains('\\') {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut letters = text.chars();
    while let Some(c) = letters.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match letters.next() {
            Some('n') => out.push('\n'),
            Some('t') => out.push('\t'),
            Some('r') => out.push('\r'),
            Some('\n') | None => {}
            Some(quoted @ ('\\' | '\'' | '"')) => out.push(quoted),
            Some(other) => out.extend(['\\', other]),
        }
    }
    Cow::Owned(out)
}
