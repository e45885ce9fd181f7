//! The expressions between `{{` and `}}` that SQL of the platform may hold: literals, calls, filters. Read, not run.

use super::Stop;

/// An expression and the byte where it starts.
#[derive(Clone, Debug, PartialEq)]
pub struct Expr {
    /// What it is.
    pub kind: Kind,
    /// Byte offset in the text.
    pub at: usize,
    /// Bytes that it covers.
    pub len: usize,
}

/// A kind of expression.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// A string.
    Str(String),
    /// A number as written.
    Num(String),
    /// `true`, `false` or `none`.
    Constant(&'static str),
    /// A list or tuple.
    List(Vec<Expr>),
    /// A dotted name, `dbt.type_string`.
    Path(Vec<String>),
    /// A call of a name, or of what another call gave.
    Call(Box<Expr>, Vec<Expr>, Vec<(String, Expr)>),
    /// `expr | name(args)`.
    Filter(Box<Expr>, String),
    /// `then if condition else otherwise`.
    If(Box<Expr>, Box<Expr>, Option<Box<Expr>>),
    /// Two sides of an operator.
    Binary(&'static str, Box<Expr>, Box<Expr>),
    /// `not expr`.
    Not(Box<Expr>),
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Str(String),
    Num(String),
    Name(String),
    Mark(&'static str),
}

const MARKS: [&str; 22] = [
    "==", "!=", "<=", ">=", "**", "//", "(", ")", "[", "]", ",", "=", "|", "~", ".", "-", "+", "*", "/", "%", "<", ">",
];
/// Calls in calls, lists in lists: deeper than this nobody means it.
const DEEPEST: usize = 32;
/// Parts of one tag; a list of values is the longest that is met.
const LONGEST: usize = 2_000;

/// Reads one expression from `start`, which is after `{{` or `{%`; gives it and the offset of the closing mark, which
/// is `close` or the same after a `-`.
pub(super) fn read(text: &str, start: usize, close: &str) -> Result<(Vec<Spanned>, usize), Stop> {
    let bytes = text.as_bytes();
    let mut tokens = Vec::new();
    let mut i = start;
    loop {
        let rest = &text[i..];
        let Some(c) = rest.chars().next() else {
            return Err(Stop::new("unbalanced-jinja", "this Jinja is never closed", start.saturating_sub(2), 2)
                .next(format!("close it with `{close}`")));
        };
        if rest.starts_with(close) || rest.strip_prefix('-').is_some_and(|r| r.starts_with(close)) {
            return Ok((tokens, i));
        }
        if c.is_whitespace() {
            i += c.len_utf8();
            continue;
        }
        let at = i;
        let token = if c == '\'' || c == '"' {
            let (value, end) = string(text, i)?;
            i = end;
            Token::Str(value)
        } else if c.is_ascii_digit() {
            while i < bytes.len() && (bytes[i].is_ascii_digit() || bytes[i] == b'.') {
                i += 1;
            }
            Token::Num(text[at..i].to_owned())
        } else if c.is_alphabetic() || c == '_' {
            i += rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
            Token::Name(text[at..i].to_owned())
        } else if let Some(mark) = MARKS.iter().find(|m| rest.starts_with(**m)) {
            i += mark.len();
            Token::Mark(mark)
        } else {
            return Err(Stop::new(
                "jinja-not-allowed",
                format!("`{}` has no place in this Jinja", c.escape_debug()),
                i,
                1,
            ));
        };
        tokens.push(Spanned { token, at, end: i });
        if tokens.len() > LONGEST {
            return Err(Stop::new("jinja-syntax", format!("this Jinja has more than {LONGEST} parts"), start, 1));
        }
    }
}

/// A token and its bytes.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::sql) struct Spanned {
    token: Token,
    /// First byte.
    pub at: usize,
    /// Byte after the last.
    pub end: usize,
}

fn string(text: &str, start: usize) -> Result<(String, usize), Stop> {
    let mut chars = text[start..].char_indices();
    let quote = chars.next().map_or('\'', |(_, c)| c);
    let mut out = String::new();
    while let Some((i, c)) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some((_, 'n')) => out.push('\n'),
                Some((_, 't')) => out.push('\t'),
                Some((_, c @ ('\\' | '\'' | '"'))) => out.push(c),
                Some((_, c)) => out.extend(['\\', c]),
                None => break,
            },
            c if c == quote => return Ok((out, start + i + 1)),
            c => out.push(c),
        }
    }
    Err(Stop::new("unbalanced-jinja", "this string is never closed", start, 1).next(format!("close it with {quote}")))
}

/// Tokens of one tag, read from the left.
pub(super) struct Reader<'t> {
    tokens: &'t [Spanned],
    next: usize,
    depth: usize,
    end: usize,
}

impl<'t> Reader<'t> {
    pub(super) fn new(tokens: &'t [Spanned], end: usize) -> Reader<'t> {
        Reader { tokens, next: 0, depth: 0, end }
    }

    /// The whole of the tokens as one expression.
    pub(super) fn whole(mut self) -> Result<Expr, Stop> {
        let expr = self.expr()?;
        self.finish()?;
        Ok(expr)
    }

    /// Nothing may be left.
    pub(super) fn finish(&self) -> Result<(), Stop> {
        match self.tokens.get(self.next) {
            None => Ok(()),
            Some(t) => Err(Stop::new("jinja-syntax", "this is not understood", t.at, t.end - t.at)),
        }
    }

    /// The next token if it is a name.
    pub(super) fn name(&mut self) -> Option<String> {
        match self.tokens.get(self.next) {
            Some(Spanned { token: Token::Name(name), .. }) => {
                self.next += 1;
                Some(name.clone())
            }
            _ => None,
        }
    }

    fn word(&mut self, word: &str) -> bool {
        let hit = matches!(self.tokens.get(self.next), Some(Spanned { token: Token::Name(n), .. }) if n == word);
        self.next += usize::from(hit);
        hit
    }

    /// Takes a mark if it is next.
    pub(super) fn mark(&mut self, mark: &str) -> bool {
        let hit = matches!(self.tokens.get(self.next), Some(Spanned { token: Token::Mark(m), .. }) if *m == mark);
        self.next += usize::from(hit);
        hit
    }

    /// Where the next token starts.
    pub(super) fn at(&self) -> usize {
        self.tokens.get(self.next).map_or(self.end, |t| t.at)
    }

    fn expect(&mut self, mark: &str) -> Result<(), Stop> {
        if self.mark(mark) {
            return Ok(());
        }
        Err(Stop::new("jinja-syntax", format!("`{mark}` is missing here"), self.at(), 1))
    }

    /// An expression: `a if b else c`.
    pub(super) fn expr(&mut self) -> Result<Expr, Stop> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(Stop::new("jinja-syntax", "this Jinja is nested too deeply", self.at(), 1));
        }
        let at = self.at();
        let mut expr = self.binary(0)?;
        while self.word("if") {
            let condition = self.binary(0)?;
            let otherwise = if self.word("else") { Some(Box::new(self.expr()?)) } else { None };
            expr = self.made(Kind::If(Box::new(expr), Box::new(condition), otherwise), at);
        }
        self.depth -= 1;
        Ok(expr)
    }

    fn made(&self, kind: Kind, at: usize) -> Expr {
        let end = self.tokens.get(self.next.wrapping_sub(1)).map_or(at, |t| t.end);
        Expr { kind, at, len: end.saturating_sub(at) }
    }

    fn binary(&mut self, level: usize) -> Result<Expr, Stop> {
        const LEVELS: [&[&str]; 5] =
            [&["or"], &["and"], &["==", "!=", "<=", ">=", "<", ">", "in", "is"], &["~"], &["+", "-", "*", "/", "%"]];
        let Some(operators) = LEVELS.get(level) else { return self.unary() };
        let at = self.at();
        let mut left = self.binary(level + 1)?;
        'again: loop {
            for op in *operators {
                if self.mark(op) || self.word(op) {
                    let right = self.binary(level + 1)?;
                    left = self.made(Kind::Binary(op, Box::new(left), Box::new(right)), at);
                    continue 'again;
                }
            }
            return Ok(left);
        }
    }

    fn unary(&mut self) -> Result<Expr, Stop> {
        let at = self.at();
        let mut negations = 0;
        while self.word("not") {
            negations += 1;
        }
        let mut expr = if self.mark("-") {
            match self.postfix()? {
                Expr { kind: Kind::Num(n), .. } => self.made(Kind::Num(format!("-{n}")), at),
                _ => return Err(Stop::new("jinja-not-allowed", "only a number can be negated here", at, 1)),
            }
        } else {
            self.postfix()?
        };
        for _ in 0..negations.min(DEEPEST) {
            expr = self.made(Kind::Not(Box::new(expr)), at);
        }
        Ok(expr)
    }

    fn postfix(&mut self) -> Result<Expr, Stop> {
        let at = self.at();
        let mut expr = self.primary()?;
        loop {
            if self.mark("(") {
                let (mut args, mut named) = (Vec::new(), Vec::new());
                while !self.mark(")") {
                    let keyword = match self.tokens.get(self.next..self.next + 2) {
                        Some([Spanned { token: Token::Name(n), .. }, Spanned { token: Token::Mark("="), .. }]) => {
                            Some(n.clone())
                        }
                        _ => None,
                    };
                    match keyword {
                        Some(name) => {
                            self.next += 2;
                            named.push((name, self.expr()?));
                        }
                        None => args.push(self.expr()?),
                    }
                    if !self.mark(",") {
                        self.expect(")")?;
                        break;
                    }
                }
                expr = self.made(Kind::Call(Box::new(expr), args, named), at);
            } else if self.mark("|") {
                let Some(name) = self.name() else {
                    return Err(Stop::new("jinja-syntax", "a filter's name is missing here", self.at(), 1));
                };
                expr = self.made(Kind::Filter(Box::new(expr), name), at);
            } else if self.mark(".") {
                match (&mut expr.kind, self.name()) {
                    (Kind::Path(path), Some(name)) => path.push(name),
                    _ => return Err(Stop::new("jinja-not-allowed", "attributes of values are not read", at, 1)),
                }
                expr = self.made(expr.kind, at);
            } else {
                return Ok(expr);
            }
        }
    }

    fn primary(&mut self) -> Result<Expr, Stop> {
        let at = self.at();
        let Some(token) = self.tokens.get(self.next).map(|t| t.token.clone()) else {
            return Err(Stop::new("jinja-syntax", "an expression is missing here", at, 1));
        };
        self.next += 1;
        let kind = match token {
            Token::Str(text) => Kind::Str(text),
            Token::Num(text) => Kind::Num(text),
            Token::Name(name) => match name.as_str() {
                "true" | "True" => Kind::Constant("true"),
                "false" | "False" => Kind::Constant("false"),
                "none" | "None" => Kind::Constant("none"),
                _ => Kind::Path(vec![name]),
            },
            Token::Mark(open @ ("(" | "[")) => {
                let close = if open == "(" { ")" } else { "]" };
                let mut items = Vec::new();
                let mut comma = false;
                while !self.mark(close) {
                    items.push(self.expr()?);
                    if !self.mark(",") {
                        self.expect(close)?;
                        break;
                    }
                    comma = true;
                }
                match (open, comma, items.len()) {
                    ("(", false, 1) => return Ok(items.remove(0)),
                    _ => Kind::List(items),
                }
            }
            Token::Mark(mark) => {
                return Err(Stop::new("jinja-syntax", format!("`{mark}` is not understood here"), at, mark.len()));
            }
        };
        Ok(self.made(kind, at))
    }
}
