//! A text cut into literals and tags, as Jinja's own lexer would, with the tokens of each tag.

use std::ops::Range;

/// Why a text is no Jinja, and where.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::dbt) struct Broken {
    pub at: usize,
    pub what: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Kind {
    Literal,
    /// What stands between `raw` and `endraw`.
    Raw,
    Print,
    Block,
}

/// A stretch of a text.
#[derive(Clone, Debug)]
pub(super) struct Piece {
    pub kind: Kind,
    /// Of a tag with its brackets; of a literal what whitespace control leaves.
    pub from: usize,
    pub to: usize,
    /// Tokens of a tag, in [`Pieces::tokens`].
    tokens: (u32, u32),
    /// The tag takes the whitespace before it, after it.
    pub trims: (bool, bool),
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Token {
    Name,
    Number,
    Text,
    Op,
}

/// A token and where it stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spot {
    pub token: Token,
    pub from: usize,
    pub to: usize,
}

/// A text in pieces.
pub(super) struct Pieces<'t> {
    pub text: &'t str,
    pub pieces: Vec<Piece>,
    tokens: Vec<Spot>,
}

impl<'t> Pieces<'t> {
    /// The pieces of the stretch `within` of `text`; offsets are those of `text`.
    pub(super) fn read(text: &'t str, within: Range<usize>) -> Result<Pieces<'t>, Broken> {
        let mut pieces = Pieces { text, pieces: Vec::new(), tokens: Vec::new() };
        let (mut at, end, mut strip) = (within.start, within.end, false);
        while at < end {
            let open = next_open(&text[..end], at).unwrap_or(end);
            let tag = text.as_bytes().get(open + 2).copied().filter(|_| open + 2 < end);
            if open > at {
                let literal = &text[at..open];
                let from = if strip { at + literal.len() - literal.trim_start().len() } else { at };
                let to = if tag == Some(b'-') { at + literal.trim_end().len() } else { open };
                if from < to {
                    pieces.push(Kind::Literal, from, to, (false, false));
                }
            }
            if open == end {
                break;
            }
            (at, strip) = pieces.tag(open, end)?;
        }
        Ok(pieces)
    }

    pub(super) fn tokens(&self, piece: &Piece) -> &[Spot] {
        &self.tokens[piece.tokens.0 as usize..piece.tokens.1 as usize]
    }

    pub(super) fn str(&self, spot: &Spot) -> &'t str {
        &self.text[spot.from..spot.to]
    }

    /// The first word of a block; empty for anything else.
    pub(super) fn word(&self, piece: &Piece) -> &'t str {
        match (piece.kind, self.tokens(piece).first()) {
            (Kind::Block, Some(first)) => self.str(first),
            _ => "",
        }
    }

    fn push(&mut self, kind: Kind, from: usize, to: usize, trims: (bool, bool)) {
        let tokens = self.tokens.len() as u32;
        self.pieces.push(Piece { kind, from, to, tokens: (tokens, tokens), trims });
    }

    /// The tag at `from`: where it ends, and whether it takes the whitespace after it.
    fn tag(&mut self, from: usize, end: usize) -> Result<(usize, bool), Broken> {
        let bytes = &self.text.as_bytes()[..end];
        let before = bytes.get(from + 2) == Some(&b'-');
        if bytes[from + 1] == b'#' {
            let close = self.text[from + 2..end].find("#}").map(|i| from + 2 + i);
            let close = close.ok_or(Broken { at: from, what: "this comment is never closed" })?;
            return Ok((close + 2, close > from + 2 && bytes[close - 1] == b'-'));
        }
        let block = bytes[from + 1] == b'%';
        let start = from + 2 + usize::from(matches!(bytes.get(from + 2), Some(b'-' | b'+')));
        let first = self.tokens.len();
        let (to, after) = self.inside(from, start, end, if block { b'%' } else { b'}' })?;
        let kind = if block { Kind::Block } else { Kind::Print };
        if block && self.tokens.len() == first + 1 && self.str(&self.tokens[first]) == "raw" {
            self.tokens.truncate(first);
            return self.raw(from, to, end);
        }
        self.pieces.push(Piece {
            kind,
            from,
            to,
            tokens: (first as u32, self.tokens.len() as u32),
            trims: (before, after),
        });
        Ok((to, after))
    }

    /// Text up to `endraw`.
    fn raw(&mut self, open: usize, from: usize, end: usize) -> Result<(usize, bool), Broken> {
        let mut at = from;
        while let Some(i) = self.text[at..end].find("{%") {
            let tag = at + i;
            let inner = self.text[tag + 2..end].trim_start_matches(['-', '+']).trim_start();
            if let Some(rest) = inner.strip_prefix("endraw") {
                let rest = rest.trim_start();
                let strip = rest.starts_with('-');
                if let Some(rest) = rest.trim_start_matches(['-', '+']).strip_prefix("%}") {
                    if from < tag {
                        self.push(Kind::Raw, from, tag, (false, false));
                    }
                    return Ok((end - rest.len(), strip));
                }
            }
            at = tag + 2;
        }
        Err(Broken { at: open, what: "`raw` is never closed" })
    }

    /// Tokens up to the end of a tag.
    fn inside(&mut self, open: usize, from: usize, end: usize, close: u8) -> Result<(usize, bool), Broken> {
        let bytes = &self.text.as_bytes()[..end];
        let (mut at, mut depth) = (from, 0usize);
        while at < end {
            let (byte, next) = (bytes[at], bytes.get(at + 1).copied());
            if byte.is_ascii_whitespace() {
                at += 1;
                continue;
            }
            if depth == 0 {
                let skip = usize::from(matches!(byte, b'-' | b'+'));
                if bytes.get(at + skip) == Some(&close) && bytes.get(at + skip + 1) == Some(&b'}') {
                    return Ok((at + skip + 2, skip == 1 && byte == b'-'));
                }
            }
            // Python's blanks, as what is copied from a web page brings.
            if byte >= 0x80
                && let Some(blank) = self.text[at..].chars().next().filter(|c| c.is_whitespace())
            {
                at += blank.len_utf8();
                continue;
            }
            let (token, to) = match byte {
                b'\'' | b'"' => (Token::Text, string_end(bytes, at)?),
                b'0'..=b'9' => (Token::Number, number_end(bytes, at)),
                b'_' | b'a'..=b'z' | b'A'..=b'Z' | 0x80.. => {
                    let name = |b: &u8| b.is_ascii_alphanumeric() || *b == b'_' || *b >= 0x80;
                    let to = at + bytes[at..].iter().take_while(|b| name(b)).count();
                    let blank =
                        if bytes[at..to].is_ascii() { None } else { self.text[at..to].find(char::is_whitespace) };
                    (Token::Name, blank.map_or(to, |i| at + i))
                }
                _ => {
                    match byte {
                        b'{' | b'(' | b'[' => depth += 1,
                        b'}' | b')' | b']' => depth = depth.saturating_sub(1),
                        _ => {}
                    }
                    let two = matches!(
                        (byte, next),
                        (b'=' | b'!' | b'<' | b'>', Some(b'=')) | (b'/', Some(b'/')) | (b'*', Some(b'*'))
                    );
                    (Token::Op, at + 1 + usize::from(two))
                }
            };
            self.tokens.push(Spot { token, from: at, to });
            at = to;
        }
        Err(Broken { at: open, what: "this is never closed" })
    }
}

fn next_open(text: &str, from: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = from;
    while let Some(i) = text[at..].find('{') {
        if matches!(bytes.get(at + i + 1), Some(b'{' | b'%' | b'#')) {
            return Some(at + i);
        }
        at += i + 1;
    }
    None
}

fn string_end(bytes: &[u8], from: usize) -> Result<usize, Broken> {
    let mut at = from + 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            b if b == bytes[from] => return Ok(at + 1),
            _ => at += 1,
        }
    }
    Err(Broken { at: from, what: "this text is never closed" })
}

fn number_end(bytes: &[u8], from: usize) -> usize {
    let digits = |at: usize| at + bytes[at..].iter().take_while(|b| b.is_ascii_alphanumeric() || **b == b'_').count();
    let whole = digits(from);
    match (bytes.get(whole), bytes.get(whole + 1)) {
        (Some(b'.'), Some(b'0'..=b'9')) => digits(whole + 1),
        _ => whole,
    }
}
