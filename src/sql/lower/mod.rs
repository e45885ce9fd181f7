//! Expressions of specs, ANSI SQL over named columns, become dbt SQL that means the same in every target: where
//! dialects differ, one of dbt's cross-database macros stands in, or one of the project's own. What has no such
//! counterpart is refused, so that nothing is lowered by luck; the `sql` of a model is the way out.

mod code;
mod functions;
mod walk;

use std::collections::BTreeSet;

use sqlparser::dialect::GenericDialect;
use sqlparser::parser::Parser;
use sqlparser::tokenizer::{Token, Tokenizer, Whitespace};

pub use code::{Code, WIDTH};
pub use functions::{aggregate, date_add, date_add_code};
pub use walk::type_code;

use crate::vocabulary::{DataType, Diagnostic, Name};

/// Longest expression, in tokens: deeper trees than people write are refused before they are walked.
const MAX_TOKENS: usize = 1000;

/// What an expression may name.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    /// Columns, in order.
    pub columns: Vec<ScopeColumn>,
    /// Relations whose columns are not known, with what their columns are prefixed by: any name may be theirs.
    pub open: Vec<(Name, String)>,
}

/// A column that an expression may name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScopeColumn {
    /// The model or table it comes from, for `model.column`.
    pub relation: Name,
    /// Its name there.
    pub name: Name,
    /// How generated SQL names it.
    pub sql: String,
    /// Its type, where known.
    pub data_type: Option<DataType>,
    /// Whether it may be null.
    pub nullable: bool,
    /// Whether it is meant only where its relation is named with it.
    pub hidden: bool,
}

/// A lowered expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lowered {
    /// The dbt SQL.
    pub code: Code,
    /// Its type, where known and alike in every target.
    pub data_type: Option<DataType>,
    /// Whether it may be null.
    pub nullable: bool,
    /// Whether an aggregate stands in it.
    pub aggregate: bool,
    /// Whether a column stands in it outside of aggregates.
    pub bare: bool,
    /// Positions in [`Scope::columns`] that it reads.
    pub uses: BTreeSet<usize>,
    /// Whether it is a column and nothing more.
    pub plain: bool,
    /// The project's own macros that it calls.
    pub macros: BTreeSet<&'static str>,
}

/// Lowers one scalar expression.
///
/// # Errors
/// Anything but one scalar expression over `scope`: no Jinja, comment, subquery or second statement.
pub fn lower(text: &str, scope: &Scope) -> Result<Lowered, Diagnostic> {
    let tokens = tokens(text)?;
    let dialect = GenericDialect {};
    let mut parser = Parser::new(&dialect).with_tokens(tokens);
    let wrong = |e: &dyn std::fmt::Display| {
        let why = e.to_string().trim_start_matches("sql parser error: ").to_owned();
        refuse(format!("`{}` is no SQL expression", shown(text))).why(why)
    };
    let expression = parser.parse_expr().map_err(|e| wrong(&e))?;
    let rest = parser.peek_token();
    if rest.token != Token::EOF {
        return Err(wrong(&format!("`{}` is left over after the expression", shown(&rest.token.to_string()))));
    }
    walk::walk(&expression, scope)
}

fn tokens(text: &str) -> Result<Vec<Token>, Diagnostic> {
    let wrong = |why: &str| refuse(format!("`{}` is no SQL expression", shown(text))).why(why.to_owned());
    if ["{{", "}}", "{%", "%}", "{#", "#}"].iter().any(|jinja| text.contains(jinja)) {
        return Err(
            wrong("Jinja can't stand in an expression").next("write SQL; macros are filled in where dialects differ")
        );
    }
    let all = Tokenizer::new(&GenericDialect {}, text).tokenize().map_err(|e| wrong(&e.to_string()))?;
    if all.len() > MAX_TOKENS {
        return Err(wrong("it is longer than 1,000 words"));
    }
    for token in &all {
        match token {
            Token::SemiColon => return Err(wrong("`;` would end the statement")),
            Token::Whitespace(Whitespace::SingleLineComment { .. } | Whitespace::MultiLineComment(_)) => {
                return Err(wrong("a comment can't stand in an expression").next("put it in the description"));
            }
            Token::SingleQuotedString(s) if s.contains('\\') => {
                return Err(wrong("a backslash in a text means itself in some databases and an escape in others"));
            }
            Token::Word(_) | Token::Number(..) | Token::SingleQuotedString(_) | Token::Whitespace(_) => {}
            Token::Comma | Token::Period | Token::LParen | Token::RParen | Token::DoubleColon => {}
            Token::Eq | Token::Neq | Token::Lt | Token::Gt | Token::LtEq | Token::GtEq => {}
            Token::Plus | Token::Minus | Token::Mul | Token::Div | Token::Mod | Token::StringConcat => {}
            other => return Err(wrong(&format!("`{}` is not part of it", shown(&other.to_string())))),
        }
    }
    Ok(all)
}

/// A diagnostic about an expression; who calls adds where it stands.
fn refuse(what: impl Into<String>) -> Diagnostic {
    Diagnostic::error("expression", what)
}

/// Text from outside on one line of a message.
fn shown(text: &str) -> String {
    let line: String = text.escape_debug().to_string().replace("\\'", "'").replace("\\\"", "\"");
    if line.chars().count() <= 80 { line } else { line.chars().take(79).chain(['…']).collect() }
}

impl Lowered {
    pub(super) fn of(code: Code, data_type: Option<DataType>, parts: &[&Lowered]) -> Lowered {
        Lowered {
            code,
            data_type,
            nullable: parts.iter().any(|p| p.nullable),
            aggregate: parts.iter().any(|p| p.aggregate),
            bare: parts.iter().any(|p| p.bare),
            uses: parts.iter().flat_map(|p| p.uses.iter().copied()).collect(),
            plain: false,
            macros: parts.iter().flat_map(|p| p.macros.iter().copied()).collect(),
        }
    }

    /// SQL that reads no column.
    pub fn constant(sql: &str, data_type: DataType) -> Lowered {
        Lowered::of(Code::text(sql), Some(data_type), &[])
    }

    pub(super) fn with_macro(mut self, name: &'static str) -> Lowered {
        self.macros.insert(name);
        self
    }

    pub(super) fn with_nullable(mut self, nullable: bool) -> Lowered {
        self.nullable = nullable;
        self
    }
}

#[cfg(test)]
mod tests;
