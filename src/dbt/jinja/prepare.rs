//! Jinja2 as people write it becomes what minijinja reads: lists and dictionaries that can be changed, texts beside each
//! other, any expression after `do`; whitespace control is done here. Marks in the text say where it came from.

use std::ops::Range;

use super::compared;
use super::scan::{Broken, Kind, Piece, Pieces, Spot, Token};
use crate::sql::jinja::{Origin, REF_SCHEMA, Rendered};

/// First of the private characters that stand for marks.
const FIRST_MARK: u32 = 0xF0000;
const MOST_MARKS: usize = 0xFFFD;

/// A template's source, and where its parts come from.
#[derive(Debug, Default)]
pub(super) struct Prepared {
    pub source: String,
    /// Offsets in `source` and in the text as written, ascending.
    map: Vec<(usize, usize)>,
    marks: Vec<(usize, Option<usize>)>,
}

/// The template for a stretch of a text. With `marks` what it renders can be traced back.
pub(super) fn prepare(text: &str, within: Range<usize>, marks: bool) -> Result<Prepared, Broken> {
    let pieces = Pieces::read(text, within)?;
    let marks = marks && !text.chars().any(is_mark);
    let out = Prepared { source: String::with_capacity(text.len() + 128), ..Prepared::default() };
    let mut writer = Writer { pieces: &pieces, out, marks, captures: 0 };
    for piece in &pieces.pieces {
        writer.piece(piece);
    }
    Ok(writer.out)
}

pub(super) fn is_mark(c: char) -> bool {
    c as u32 >= FIRST_MARK
}

impl Prepared {
    /// Adds another template behind this one.
    pub(super) fn append(&mut self, other: Prepared) {
        let start = self.source.len();
        self.map.clear();
        self.map.extend(other.map.iter().map(|(out, source)| (out + start, *source)));
        self.source.push_str(&other.source);
    }

    /// The place in the text as written of an offset in the source.
    pub(super) fn origin(&self, at: usize) -> usize {
        let i = self.map.partition_point(|(out, _)| *out <= at);
        i.checked_sub(1).map_or(0, |i| self.map[i].1 + (at - self.map[i].0))
    }

    /// What was rendered, without its marks.
    pub(super) fn strip(&self, rendered: String) -> Rendered {
        let mut origins = Vec::with_capacity(self.marks.len());
        if self.marks.is_empty() {
            return Rendered::traced(rendered, origins);
        }
        let mut sql = String::with_capacity(rendered.len());
        let mut rest = rendered.as_str();
        // The bytes of every mark start with 0xF3.
        while let Some(i) = rest.as_bytes().iter().position(|b| *b == 0xF3) {
            let c = rest[i..].chars().next().unwrap_or_default();
            let mark = (c as u32).checked_sub(FIRST_MARK).and_then(|n| self.marks.get(n as usize));
            match mark {
                Some((source, width)) => {
                    sql.push_str(&rest[..i]);
                    // A relation that dbt would print in quotes ends the word before it: `join{{ ref('x') }}`.
                    let after = &rest[i + c.len_utf8()..];
                    let word = |c: char| c.is_alphanumeric() || c == '_';
                    // As it does with the word behind it: `{{ ref('x') }}x`.
                    let ends = || width.is_none() && after.starts_with(word) && ends_with_stand_in(&sql);
                    if width.is_some() && after.starts_with(REF_SCHEMA) && sql.ends_with(word) || ends() {
                        sql.push(' ');
                    }
                    origins.push(Origin { out: sql.len(), source: *source, width: *width });
                }
                None => sql.push_str(&rest[..i + c.len_utf8()]),
            }
            rest = &rest[i + c.len_utf8()..];
        }
        sql.push_str(rest);
        Rendered::traced(sql, origins)
    }
}

/// Whether a text ends with what stands for a node.
fn ends_with_stand_in(sql: &str) -> bool {
    let (name, digit) = (|c: char| c.is_alphanumeric() || c == '_', |c: char| c.is_ascii_digit());
    let before = sql.trim_end_matches(name).strip_suffix('.').unwrap_or_default();
    before.trim_end_matches(digit).ends_with(REF_SCHEMA)
}

struct Writer<'p> {
    pieces: &'p Pieces<'p>,
    out: Prepared,
    marks: bool,
    /// Blocks that are open whose text goes into a variable.
    captures: usize,
}

impl Writer<'_> {
    fn piece(&mut self, piece: &Piece) {
        let text = self.pieces.text;
        // Where a blank before it was taken away: `'{ {{- keys -}} }'`.
        if matches!(piece.kind, Kind::Print | Kind::Block) && self.out.source.ends_with('{') {
            self.out.source.pop();
            self.out.source.push_str("{{ '{' }}");
        }
        match piece.kind {
            Kind::Literal | Kind::Raw => {
                let literal = &text[piece.from..piece.to];
                let blank = literal.len() - literal.trim_start().len();
                if piece.kind == Kind::Raw {
                    self.out.source.push_str("{% raw %}");
                }
                self.copy(piece.from, piece.from + blank);
                if blank < literal.len() {
                    self.mark(piece.from + blank, None);
                    self.copy(piece.from + blank, piece.to);
                }
                if piece.kind == Kind::Raw {
                    self.out.source.push_str("{% endraw %}");
                }
            }
            Kind::Print => {
                self.mark(piece.from, Some(piece.to - piece.from));
                self.out.source.push_str("{{ ");
                self.tokens(self.pieces.tokens(piece));
                self.out.source.push_str(" }}");
            }
            Kind::Block => {
                self.out.source.push_str("{% ");
                self.block(self.pieces.tokens(piece));
                self.out.source.push_str(" %}");
            }
        }
    }

    fn block(&mut self, tokens: &[Spot]) {
        let Some(first) = tokens.first() else { return };
        match self.pieces.str(first) {
            "set" => match self.equals(tokens) {
                Some(i) => {
                    self.tokens(&tokens[..=i]);
                    let dotted = tokens[..i].iter().any(|t| self.pieces.str(t) == ".");
                    self.out.source.push_str(if dotted { " put__((" } else { " keep__((" });
                    self.tokens(&tokens[i + 1..]);
                    self.out.source.push_str("))");
                }
                None => {
                    self.captures += 1;
                    self.tokens(tokens);
                }
            },
            "do" => {
                self.out.source.push_str("do done__(");
                self.tokens(&tokens[1..]);
                self.out.source.push(')');
            }
            word => {
                match word {
                    "call" | "filter" | "macro" => self.captures += 1,
                    "endset" | "endcall" | "endfilter" | "endmacro" => self.captures = self.captures.saturating_sub(1),
                    _ => {}
                }
                self.tokens(tokens);
            }
        }
    }

    /// Which token is the `=` of a `set`.
    fn equals(&self, tokens: &[Spot]) -> Option<usize> {
        let mut depth = 0usize;
        tokens.iter().position(|spot| {
            match self.pieces.str(spot) {
                "(" | "[" | "{" => depth += 1,
                ")" | "]" | "}" => depth = depth.saturating_sub(1),
                "=" => return depth == 0,
                _ => {}
            }
            false
        })
    }

    fn tokens(&mut self, tokens: &[Spot]) {
        let mut lists = Vec::new();
        let mut before: Option<&Spot> = None;
        let compared = compared::ends(self.pieces, tokens);
        // Where the span of time ends that is added to a date, or taken from one.
        let mut spans: Vec<usize> = Vec::new();
        for (i, spot) in tokens.iter().enumerate() {
            if i.checked_sub(1).is_some_and(|last| compared.contains(&last)) {
                self.out.source.push_str(compared::SEEN);
            }
            match before {
                Some(before) => {
                    self.gap(before.to, spot.from);
                    if before.token == Token::Text && spot.token == Token::Text {
                        self.out.source.push_str(" ~ ");
                    }
                }
                None => self.out.map.push((self.out.source.len(), spot.from)),
            }
            match (spot.token, self.pieces.str(spot)) {
                (Token::Op, "[") => {
                    let list = before.is_none_or(|b| self.no_value(b));
                    lists.push(list);
                    self.insert(if list { "list__([" } else { "[" }, spot.to);
                }
                (Token::Op, "]") => {
                    let list = lists.pop() == Some(true);
                    self.insert(if list { "])" } else { "]" }, spot.to);
                }
                // minijinja has no sign before a number that says nothing.
                (Token::Op, "+") if before.is_none_or(|b| self.no_value(b)) => {}
                (Token::Op, sign @ ("+" | "-")) if self.span(tokens, i).is_some() => {
                    spans.extend(self.span(tokens, i));
                    self.insert(if sign == "-" { "|ago__(" } else { "|hence__(" }, spot.to);
                }
                (Token::Op, "{") => self.insert("dict__({", spot.to),
                (Token::Op, "}") => self.insert("})", spot.to),
                (Token::Text, text) if text.contains('\\') => {
                    let text = unescaped(&text[1..text.len() - 1]);
                    let text = format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
                    self.insert(&text, spot.to);
                }
                _ => self.copy(spot.from, spot.to),
            }
            if spans.last() == Some(&i) {
                spans.pop();
                self.out.source.push(')');
            }
            before = Some(spot);
        }
        if tokens.len().checked_sub(1).is_some_and(|last| compared.contains(&last)) {
            self.out.source.push_str(compared::SEEN);
        }
    }

    /// The end of the `timedelta(…)` behind the sign at `i`: minijinja reckons with numbers alone.
    fn span(&self, tokens: &[Spot], i: usize) -> Option<usize> {
        let word = |i: usize| tokens.get(i).map_or("", |t| self.pieces.str(t));
        let mut at = i + 1;
        while word(at + 1) == "." {
            at += 2;
        }
        if word(at) != "timedelta" || word(at + 1) != "(" {
            return None;
        }
        let mut depth = 0usize;
        (at + 1..tokens.len()).find(|j| {
            match word(*j) {
                "(" => depth += 1,
                ")" => depth = depth.saturating_sub(1),
                _ => {}
            }
            depth == 0
        })
    }

    /// Whether no value ends here, so that a bracket after it opens a list.
    fn no_value(&self, spot: &Spot) -> bool {
        let text = self.pieces.str(spot);
        match spot.token {
            Token::Name => {
                matches!(text, "in" | "not" | "and" | "or" | "if" | "else" | "elif" | "is" | "set" | "do" | "for")
            }
            Token::Op => !matches!(text, ")" | "]" | "}"),
            Token::Number | Token::Text => false,
        }
    }

    /// What stands between two tokens. Python knows more blanks than minijinja does.
    fn gap(&mut self, from: usize, to: usize) {
        match self.pieces.text[from..to].is_ascii() {
            true => self.copy(from, to),
            false => self.insert(" ", to),
        }
    }

    fn copy(&mut self, from: usize, to: usize) {
        if from < to {
            self.out.map.push((self.out.source.len(), from));
            self.out.source.push_str(&self.pieces.text[from..to]);
        }
    }

    /// Other words for what ends at `to`.
    fn insert(&mut self, text: &str, to: usize) {
        self.out.source.push_str(text);
        self.out.map.push((self.out.source.len(), to));
    }

    fn mark(&mut self, source: usize, width: Option<usize>) {
        let n = self.out.marks.len();
        if self.marks && self.captures == 0 && n < MOST_MARKS {
            self.out.source.extend(char::from_u32(FIRST_MARK + n as u32));
            self.out.marks.push((source, width));
        }
    }
}

/// The text that a Python literal stands for.
pub(super) fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some('n') => out.push('\n'),
            Some('t') => out.push('\t'),
            Some('r') => out.push('\r'),
            Some('\n') => {}
            Some(c @ ('\\' | '\'' | '"')) => out.push(c),
            Some(c) => out.extend(['\\', c]),
            None => out.push('\\'),
        }
    }
    out
}
