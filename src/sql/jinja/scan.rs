//! A text cut into pieces, as Jinja's own lexer would: kept text, expressions, blocks.

use super::{Stop, expr};

/// What a text with Jinja is made of.
pub(super) enum Piece {
    /// Text that is kept.
    Literal(usize, usize),
    /// `{{ … }}`.
    Print { tokens: Vec<expr::Spanned>, from: usize, to: usize, inner_end: usize },
    /// `{% … %}`.
    Block { tokens: Vec<expr::Spanned>, from: usize, to: usize, inner_end: usize },
}

/// Reads a text piece by piece, as Jinja's own lexer would.
pub(super) struct Scan<'t> {
    text: &'t str,
    at: usize,
    strip: bool,
    /// How many blocks are open, for those who count.
    pub(super) depth: usize,
}

impl<'t> Scan<'t> {
    pub(super) fn new(text: &'t str) -> Scan<'t> {
        Scan { text, at: 0, strip: false, depth: 0 }
    }
}

impl Iterator for Scan<'_> {
    type Item = Result<Piece, Stop>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if std::mem::take(&mut self.strip) {
                let rest = &self.text[self.at..];
                self.at += rest.len() - rest.trim_start().len();
            }
            let rest = &self.text[self.at..];
            if rest.is_empty() {
                return None;
            }
            let open = ["{{", "{%", "{#"].iter().filter_map(|o| rest.find(o)).min();
            match open {
                Some(0) => match self.tag() {
                    Ok(None) => {}
                    Ok(Some(piece)) => return Some(Ok(piece)),
                    Err(stop) => {
                        self.at = self.text.len();
                        return Some(Err(stop));
                    }
                },
                open => {
                    let length = open.unwrap_or(rest.len());
                    let from = self.at;
                    self.at += length;
                    let kept = match &rest.as_bytes()[length..] {
                        [_, _, b'-', ..] => rest[..length].trim_end().len(),
                        _ => length,
                    };
                    if kept > 0 {
                        return Some(Ok(Piece::Literal(from, from + kept)));
                    }
                }
            }
        }
    }
}

impl Scan<'_> {
    fn tag(&mut self) -> Result<Option<Piece>, Stop> {
        let from = self.at;
        let comment = self.text[from..].starts_with("{#");
        if comment {
            let Some(end) = self.text[from + 2..].find("#}") else {
                return Err(
                    Stop::new("unbalanced-jinja", "this comment is never closed", from, 2).next("close it with `#}`")
                );
            };
            self.at = from + 2 + end + 2;
            self.strip = end > 0 && self.text.as_bytes()[from + 2 + end - 1] == b'-';
            return Ok(None);
        }
        let block = self.text[from..].starts_with("{%");
        let close = if block { "%}" } else { "}}" };
        let start = from + 2 + usize::from(matches!(self.text.as_bytes().get(from + 2), Some(b'-' | b'+')));
        let (tokens, inner_end) = expr::read(self.text, start, close)?;
        self.strip = self.text.as_bytes()[inner_end] == b'-';
        let to = inner_end + 2 + usize::from(self.strip);
        self.at = to;
        Ok(Some(if block {
            Piece::Block { tokens, from, to, inner_end }
        } else {
            Piece::Print { tokens, from, to, inner_end }
        }))
    }
}
