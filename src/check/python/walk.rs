//! Ways through statements and expressions.

use super::{Does, Expr, Kind, Piece, Statement};

/// Every block of statements right inside of a statement.
pub fn each_body<'s, 'a>(statement: &'s Statement<'a>, see: &mut dyn FnMut(&'s [Statement<'a>])) {
    match &statement.does {
        Does::Function(function) => see(&function.body),
        Does::Class { body, .. } | Does::With { body, .. } => see(body),
        Does::For { body, otherwise, .. } | Does::While { body, otherwise, .. } => {
            see(body);
            see(otherwise);
        }
        Does::If(branches) => branches.iter().for_each(|(_, body)| see(body)),
        Does::Try { body, handlers, after } => {
            see(body);
            handlers.iter().for_each(|(_, body)| see(body));
            after.iter().for_each(|body| see(body));
        }
        _ => {}
    }
}

/// Every expression right in a statement, not in its blocks.
pub fn each_own<'s, 'a>(statement: &'s Statement<'a>, see: &mut dyn FnMut(&'s Expr<'a>)) {
    match &statement.does {
        Does::Assign { targets, value } => targets.iter().chain(value).for_each(see),
        Does::Augment(target, value) => {
            see(target);
            see(value);
        }
        Does::Expr(expr) | Does::Return(Some(expr)) | Does::While { test: expr, .. } => see(expr),
        Does::Function(function) => {
            function.decorators.iter().for_each(&mut *see);
            function.parameters.iter().flat_map(|p| p.annotation.iter().chain(&p.default)).for_each(see);
        }
        Does::Class { bases, decorators, .. } => {
            decorators.iter().chain(bases.iter().map(|a| &a.value)).for_each(see);
        }
        Does::For { target, over, .. } => {
            see(target);
            see(over);
        }
        Does::If(branches) => branches.iter().filter_map(|(test, _)| test.as_ref()).for_each(see),
        Does::With { items, .. } => items.iter().flat_map(|(e, a)| std::iter::once(e).chain(a)).for_each(see),
        Does::Try { handlers, .. } => handlers.iter().filter_map(|(e, _)| e.as_ref()).for_each(see),
        Does::Other(all) => all.iter().for_each(see),
        Does::Import(_) | Does::From { .. } | Does::Return(None) | Does::Leave => {}
    }
}

/// Every statement, with those inside of others.
pub fn each_statement<'s, 'a>(body: &'s [Statement<'a>], see: &mut dyn FnMut(&'s Statement<'a>)) {
    for statement in body {
        see(statement);
        each_body(statement, &mut |body| each_statement(body, see));
    }
}

/// Every expression, with those inside of others.
pub fn each_expression<'s, 'a>(body: &'s [Statement<'a>], see: &mut dyn FnMut(&'s Expr<'a>)) {
    each_statement(body, &mut |statement| each_own(statement, &mut |expr| within(expr, see)));
}

/// An expression and every one inside of it.
pub fn within<'s, 'a>(expr: &'s Expr<'a>, see: &mut dyn FnMut(&'s Expr<'a>)) {
    see(expr);
    parts(expr, &mut |part| within(part, see));
}

/// The expressions right inside of one.
pub fn parts<'s, 'a>(expr: &'s Expr<'a>, see: &mut dyn FnMut(&'s Expr<'a>)) {
    match &expr.kind {
        Kind::Attribute(object, ..) => see(object),
        Kind::Call(function, arguments) => {
            see(function);
            arguments.iter().for_each(|a| see(&a.value));
        }
        Kind::List(all, _) | Kind::Other(all) => all.iter().for_each(see),
        Kind::Dict(pairs) => pairs.iter().flat_map(|(key, value)| key.iter().chain(Some(value))).for_each(see),
        Kind::Index(object, indexes) => {
            see(object);
            indexes.iter().for_each(see);
        }
        Kind::Binary(left, _, right) => {
            see(left);
            see(right);
        }
        Kind::Lambda(_, body) => see(body),
        Kind::Comprehension { gives, fors, ifs } => {
            gives.iter().chain(fors.iter().flat_map(|(t, o)| [t, o])).chain(ifs).for_each(see);
        }
        Kind::Conditional(all) => all.iter().for_each(see),
        Kind::Format(pieces) => {
            for piece in pieces {
                if let Piece::Value(value) = piece {
                    see(value);
                }
            }
        }
        Kind::Name(_) | Kind::Text(_) | Kind::Number(_) | Kind::Bool(_) | Kind::None => {}
    }
}
