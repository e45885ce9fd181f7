//! Python as its text says, without running it: statements and expressions, with where they stand.
//!
//! Small on purpose: what rules ask for is kept, the rest is [`Kind::Other`] with its parts. Nothing here knows Airflow.

mod imports;
mod read;
mod syntax;
mod walk;

use std::borrow::Cow;

pub use imports::{Imported, Imports};
pub use read::{Broken, read};
pub use walk::{each_body, each_expression, each_own, each_statement, parts, within};

use crate::sql::Text;
use crate::vocabulary::{Diagnostic, Place};

/// A Python file.
#[derive(Debug)]
pub struct File<'a> {
    /// Its path from the root of the repository.
    pub path: &'a str,
    /// Its text.
    pub text: &'a str,
    /// Its statements.
    pub body: Vec<Statement<'a>>,
    /// What its names stand for.
    pub imports: Imports<'a>,
}

/// Where something stands: byte offsets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    /// First byte.
    pub start: u32,
    /// Byte after the last.
    pub end: u32,
}

/// A statement.
#[derive(Debug)]
pub struct Statement<'a> {
    /// Where.
    pub at: Span,
    /// What it does.
    pub does: Does<'a>,
}

/// What a statement does.
#[derive(Debug)]
pub enum Does<'a> {
    /// `import a.b as c, d`: module and the name given with `as`.
    Import(Vec<(&'a str, Option<&'a str>)>),
    /// `from ..a import b as c, *`.
    From {
        /// Dots before the module.
        dots: usize,
        /// The module; empty for `from . import a`.
        module: &'a str,
        /// Names, with the name given with `as`, and where.
        names: Vec<(&'a str, Option<&'a str>, Span)>,
    },
    /// `a = b = value`, `a: int = value`, `a: int`.
    Assign {
        /// What is given a value.
        targets: Vec<Expr<'a>>,
        /// The value.
        value: Option<Expr<'a>>,
    },
    /// `a += value`.
    Augment(Expr<'a>, Expr<'a>),
    /// An expression by itself.
    Expr(Expr<'a>),
    /// `def`.
    Function(Box<Function<'a>>),
    /// `class`.
    Class {
        /// Its name.
        name: &'a str,
        /// What it is made from.
        bases: Vec<Argument<'a>>,
        /// Decorators.
        decorators: Vec<Expr<'a>>,
        /// Its statements.
        body: Vec<Statement<'a>>,
    },
    /// `for target in over: … else: …`.
    For {
        /// What each is called.
        target: Expr<'a>,
        /// What is gone through.
        over: Expr<'a>,
        /// What is done with each.
        body: Vec<Statement<'a>>,
        /// What is done at the end.
        otherwise: Vec<Statement<'a>>,
    },
    /// `while test: … else: …`.
    While {
        /// As long as this holds.
        test: Expr<'a>,
        /// What is done.
        body: Vec<Statement<'a>>,
        /// What is done at the end.
        otherwise: Vec<Statement<'a>>,
    },
    /// `if`, `elif`s, `else`: the last has no test where there is an `else`. `match` is one too.
    If(Vec<(Option<Expr<'a>>, Vec<Statement<'a>>)>),
    /// `with a as b, c: …`.
    With {
        /// What is entered, and what it is called.
        items: Vec<(Expr<'a>, Option<Expr<'a>>)>,
        /// What is done in it.
        body: Vec<Statement<'a>>,
    },
    /// `try`.
    Try {
        /// What is tried.
        body: Vec<Statement<'a>>,
        /// What is caught, and what is done then.
        handlers: Vec<(Option<Expr<'a>>, Vec<Statement<'a>>)>,
        /// `else` and `finally`.
        after: Vec<Vec<Statement<'a>>>,
    },
    /// `return`.
    Return(Option<Expr<'a>>),
    /// `raise`, `assert`, `del`, `global`, …: expressions in it.
    Other(Vec<Expr<'a>>),
    /// `break` and `continue`.
    Leave,
}

/// A function.
#[derive(Debug)]
pub struct Function<'a> {
    /// Its name.
    pub name: &'a str,
    /// Where that stands.
    pub at: Span,
    /// Parameters.
    pub parameters: Vec<Parameter<'a>>,
    /// Decorators.
    pub decorators: Vec<Expr<'a>>,
    /// Its statements.
    pub body: Vec<Statement<'a>>,
}

/// A parameter of a function.
#[derive(Debug)]
pub struct Parameter<'a> {
    /// Its name.
    pub name: &'a str,
    /// Stars before it.
    pub stars: usize,
    /// What it is said to be.
    pub annotation: Option<Expr<'a>>,
    /// What it is where nothing is given.
    pub default: Option<Expr<'a>>,
}

/// An expression.
#[derive(Debug)]
pub struct Expr<'a> {
    /// Where.
    pub at: Span,
    /// What it is.
    pub kind: Kind<'a>,
}

/// What an expression is.
#[derive(Debug)]
pub enum Kind<'a> {
    /// A name.
    Name(&'a str),
    /// A text without anything to fill in.
    Text(Cow<'a, str>),
    /// An f-string: texts and what is filled in between.
    Format(Vec<Piece<'a>>),
    /// A number as written.
    Number(&'a str),
    /// `True`, `False`.
    Bool(bool),
    /// `None`.
    None,
    /// `object.name`.
    Attribute(Box<Expr<'a>>, &'a str, Span),
    /// `function(arguments)`.
    Call(Box<Expr<'a>>, Vec<Argument<'a>>),
    /// `[…]`, `(…)`, `{…}`, by their opening bracket.
    List(Vec<Expr<'a>>, char),
    /// `{key: value, **other}`.
    Dict(Vec<(Option<Expr<'a>>, Expr<'a>)>),
    /// `object[index]`.
    Index(Box<Expr<'a>>, Vec<Expr<'a>>),
    /// `a + b`, `a and b`, `a < b`, by the operator.
    Binary(Box<Expr<'a>>, &'a str, Box<Expr<'a>>),
    /// `lambda`: its names, and what it gives.
    Lambda(Vec<&'a str>, Box<Expr<'a>>),
    /// A comprehension or generator: what it gives, then `for`s with targets and what they go through, then `if`s.
    Comprehension {
        /// What it gives for each.
        gives: Vec<Expr<'a>>,
        /// Targets, and what is gone through.
        fors: Vec<(Expr<'a>, Expr<'a>)>,
        /// Conditions.
        ifs: Vec<Expr<'a>>,
    },
    /// `a if test else b`: the test, then both.
    Conditional(Box<[Expr<'a>; 3]>),
    /// Anything else, by its parts.
    Other(Vec<Expr<'a>>),
}

/// A piece of an f-string.
#[derive(Debug)]
pub enum Piece<'a> {
    /// Text.
    Text(Cow<'a, str>),
    /// What is filled in.
    Value(Expr<'a>),
}

/// An argument of a call.
#[derive(Debug)]
pub struct Argument<'a> {
    /// Its keyword.
    pub name: Option<&'a str>,
    /// Stars before it.
    pub stars: usize,
    /// What is given.
    pub value: Expr<'a>,
}

impl Span {
    /// How many bytes.
    pub fn width(self) -> usize {
        (self.end - self.start) as usize
    }
}

impl<'a> Expr<'a> {
    /// The text that it is.
    pub fn text(&self) -> Option<&str> {
        if let Kind::Text(text) = &self.kind { Some(text) } else { None }
    }

    /// `a.b.c` as its parts, where it is names and dots only.
    pub fn dotted(&self) -> Option<Vec<&'a str>> {
        let (mut parts, mut at) = (Vec::new(), self);
        loop {
            match &at.kind {
                Kind::Name(name) => {
                    parts.push(*name);
                    parts.reverse();
                    return Some(parts);
                }
                Kind::Attribute(object, name, _) => {
                    parts.push(*name);
                    at = object;
                }
                _ => return None,
            }
        }
    }

    /// What is called and with what, where it is a call.
    pub fn call(&self) -> Option<(&Expr<'a>, &[Argument<'a>])> {
        if let Kind::Call(function, arguments) = &self.kind { Some((function, arguments)) } else { None }
    }

    /// The method that is called, what it is called on, and with what.
    pub fn method(&self) -> Option<(&Expr<'a>, &'a str, &[Argument<'a>])> {
        let (function, arguments) = self.call()?;
        if let Kind::Attribute(object, name, _) = &function.kind { Some((object, name, arguments)) } else { None }
    }
}

/// The argument by its keyword, or by its place.
pub fn argument<'e, 'a>(arguments: &'e [Argument<'a>], name: &str, place: Option<usize>) -> Option<&'e Expr<'a>> {
    let named = arguments.iter().find(|a| a.name == Some(name));
    let placed = || {
        let place = place?;
        let plain = arguments.iter().take(place + 1).all(|a| a.name.is_none() && a.stars == 0);
        arguments.get(place).filter(|_| plain)
    };
    named.or_else(placed).map(|a| &a.value)
}

impl File<'_> {
    /// The place of a span; only its first line is underlined.
    pub fn place(&self, at: Span) -> Place {
        let (start, end) = (at.start as usize, (at.end as usize).min(self.text.len()));
        let shown = self.text.get(start..end).unwrap_or_default();
        let width = shown.lines().next().unwrap_or_default().trim_end().chars().count().max(1);
        Text::new(self.path, "", self.text).place(start, width)
    }

    /// A diagnostic that points to a span.
    pub fn fault(&self, diagnostic: Diagnostic, at: Span) -> Diagnostic {
        diagnostic.at(self.place(at))
    }

    /// The text of a span.
    pub fn of(&self, at: Span) -> &str {
        self.text.get(at.start as usize..at.end as usize).unwrap_or_default()
    }
}
