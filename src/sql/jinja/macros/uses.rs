//! How a macro uses its parameters: as SQL, as text, or handed on.

use super::super::expr::{Expr, Kind};
use super::super::{Inside, Macros};
use super::Node;

/// How a name of a macro is used.
#[derive(Clone, Debug)]
pub(super) enum Use {
    /// Printed outside of quotes, or calculated with.
    Sql,
    /// Handed to an argument of macros of that name, or of their bodies for each dialect.
    Passed { callee: String, position: usize, keyword: Option<String> },
}

impl Use {
    pub(super) fn is_sql(&self, macros: &Macros) -> bool {
        let Use::Passed { callee, position, keyword } = self else { return true };
        let bodies = format!("__{callee}");
        let mut takers = macros.iter().filter(|(name, _)| *name == callee || name.ends_with(&bodies)).peekable();
        takers.peek().is_none()
            || takers.any(|(_, shape)| {
                let taken = match keyword {
                    Some(keyword) => shape.parameters.iter().find(|p| p.name == *keyword),
                    None => shape.parameters.get(*position),
                };
                taken.is_none_or(|p| !p.literal)
            })
    }
}

/// Gathers how names are used by what is printed.
pub(super) fn printed(nodes: &[Node], text: &str, inside: &mut Inside, uses: &mut Vec<(String, Use)>) {
    for node in nodes {
        match node {
            Node::Literal(from, to) => *inside = inside.after(&text[*from..*to]),
            Node::Print(expr, ..) if *inside != Inside::Single => used(expr, &Use::Sql, uses),
            Node::Print(..) => {}
            Node::Set(_, expr) => used(expr, &Use::Sql, uses),
            Node::SetBlock(_, body) => printed(body, text, &mut Inside::Code, uses),
            Node::If(branches) => branches.iter().for_each(|(_, body)| printed(body, text, inside, uses)),
        }
    }
}

fn used(expr: &Expr, usage: &Use, out: &mut Vec<(String, Use)>) {
    match &expr.kind {
        Kind::Path(path) => out.extend(path.first().map(|name| (name.clone(), usage.clone()))),
        Kind::List(items) => items.iter().for_each(|i| used(i, usage, out)),
        Kind::Filter(inner, _) | Kind::Not(inner) => used(inner, usage, out),
        Kind::If(a, _, c) => {
            used(a, usage, out);
            if let Some(c) = c {
                used(c, usage, out);
            }
        }
        Kind::Binary(_, a, b) => {
            used(a, usage, out);
            used(b, usage, out);
        }
        Kind::Call(callee, args, named) => {
            let name = match &callee.kind {
                Kind::Path(path) if *path == ["return"] => return args.iter().for_each(|a| used(a, usage, out)),
                Kind::Path(path) => path.join("."),
                Kind::Call(_, dispatched, _) => match dispatched.first().map(|d| &d.kind) {
                    Some(Kind::Str(name)) => name.clone(),
                    _ => String::new(),
                },
                _ => String::new(),
            };
            for (position, arg) in args.iter().enumerate() {
                used(arg, &Use::Passed { callee: name.clone(), position, keyword: None }, out);
            }
            for (keyword, arg) in named {
                let keyword = Some(keyword.clone());
                used(arg, &Use::Passed { callee: name.clone(), position: 0, keyword }, out);
            }
        }
        Kind::Str(_) | Kind::Num(_) | Kind::Constant(_) => {}
    }
}
