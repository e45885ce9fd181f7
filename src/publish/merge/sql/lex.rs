//! Tokens of dbt SQL, lossless: what lies between them is white space.

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A keyword or a name, also one that Jinja is glued to.
    Word,
    /// A name in quotes.
    Quoted,
    /// A string, a number or an operator.
    Other,
    /// `{{ … }}`.
    Print,
    /// A statement of Jinja, with all that it encloses where it has an end.
    Block,
    /// A comment of SQL or Jinja.
    Comment,
}

/// A token and the bytes that it covers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token {
    pub kind: Kind,
    pub start: usize,
    pub end: usize,
}

/// Tags of Jinja that enclose what stands up to their `end…`.
const ENCLOSING: &[&str] =
    &["block", "call", "docs", "filter", "for", "if", "macro", "materialization", "raw", "snapshot", "test"];

/// The tokens of `text`; none where something in it is never closed.
pub(super) fn lex(text: &str) -> Option<Vec<Token>> {
    let bytes = text.as_bytes();
    let mut out: Vec<Token> = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at].is_ascii_whitespace() {
            at += 1;
            continue;
        }
        let (kind, end) = one(text, at)?;
        match out.last_mut() {
            // `{{ method }}_amount` is one name.
            Some(last) if last.end == at && is_glued(last.kind) && is_glued(kind) => {
                last.end = end;
                last.kind = Kind::Word;
            }
            _ => out.push(Token { kind, start: at, end }),
        }
        at = end;
    }
    Some(out)
}

fn is_glued(kind: Kind) -> bool {
    matches!(kind, Kind::Word | Kind::Print)
}

fn one(text: &str, at: usize) -> Option<(Kind, usize)> {
    let rest = &text[at..];
    let until = |open: usize, close: &str| rest[open..].find(close).map(|i| at + open + i + close.len());
    let starts = |what: &str| rest.starts_with(what);
    if starts("--") {
        return Some((Kind::Comment, at + rest.find('\n').unwrap_or(rest.len())));
    }
    if starts("/*") {
        return Some((Kind::Comment, until(2, "*/")?));
    }
    if starts("{#") {
        return Some((Kind::Comment, until(2, "#}")?));
    }
    if starts("{{") {
        return Some((Kind::Print, tag_end(text, at, "}}")?));
    }
    if starts("{%") {
        return Some((Kind::Block, block_end(text, at)?));
    }
    if starts("$$") {
        return Some((Kind::Other, until(2, "$$")?));
    }
    let first = rest.chars().next()?;
    match first {
        '\'' => Some((Kind::Other, quoted_end(text, at)?)),
        '"' | '`' => Some((Kind::Quoted, quoted_end(text, at)?)),
        c if c.is_alphanumeric() || c == '_' => {
            let number = c.is_ascii_digit();
            let inside = |c: char| c.is_alphanumeric() || c == '_' || c == '$' || (number && c == '.');
            let end = at + rest.find(|c: char| !inside(c)).unwrap_or(rest.len());
            Some((if number { Kind::Other } else { Kind::Word }, end))
        }
        c => {
            let long = ["->>", "::", "<=", ">=", "<>", "!=", "||", "->", "=>"];
            Some((Kind::Other, at + long.iter().find(|o| starts(o)).map_or(c.len_utf8(), |o| o.len())))
        }
    }
}

/// The end of what a quote opens; a doubled quote stands for itself.
fn quoted_end(text: &str, at: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut i = at + 1;
    while i < bytes.len() {
        if bytes[i] == bytes[at] {
            if bytes.get(i + 1) != Some(&bytes[at]) {
                return Some(i + 1);
            }
            i += 1;
        }
        i += 1;
    }
    None
}

/// The end of one tag of Jinja; strings in it may hold anything.
fn tag_end(text: &str, at: usize, close: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let (mut i, mut quote) = (at + 2, None);
    while i < bytes.len() {
        match quote {
            Some(q) => match bytes[i] {
                b'\\' => i += 1,
                b if b == q => quote = None,
                _ => {}
            },
            None if bytes[i..].starts_with(close.as_bytes()) => return Some(i + 2),
            None if matches!(bytes[i], b'\'' | b'"') => quote = Some(bytes[i]),
            None => {}
        }
        i += 1;
    }
    None
}

/// The words of the tag that opens at `at`.
pub(super) fn tag(text: &str) -> impl Iterator<Item = &str> {
    let inner = text.get(2..).unwrap_or_default().trim_start_matches(['-', '+']);
    inner.split(|c: char| !(c.is_alphanumeric() || c == '_')).filter(|w| !w.is_empty())
}

fn encloses(tag_text: &str) -> bool {
    let word = tag(tag_text).next().unwrap_or_default();
    ENCLOSING.contains(&word) || (word == "set" && !tag_text.contains('='))
}

/// The end of a statement: of its tag, or of the tag that closes it.
fn block_end(text: &str, at: usize) -> Option<usize> {
    let mut end = tag_end(text, at, "%}")?;
    if !encloses(&text[at..end]) {
        return Some(end);
    }
    let raw = tag(&text[at..]).next() == Some("raw");
    let mut open = 1;
    while open > 0 {
        let next = ["{%", "{#", "{{"].iter().filter_map(|o| text[end..].find(o)).min()? + end;
        end = match &text[next..next + 2] {
            _ if raw && tag(&text[next..]).next() != Some("endraw") => next + 2,
            "{#" => next + text[next..].find("#}")? + 2,
            "{{" => tag_end(text, next, "}}")?,
            _ => tag_end(text, next, "%}")?,
        };
        if text[next..].starts_with("{%") && !(raw && text[..end].ends_with("{%")) {
            if tag(&text[next..end]).next().is_some_and(|w| w.starts_with("end")) {
                open -= 1;
            } else if encloses(&text[next..end]) {
                open += 1;
            }
        }
    }
    Some(end)
}

/// The bytes between the tags of a block that encloses something.
pub(super) fn inside(text: &str) -> Option<(usize, usize)> {
    let from = tag_end(text, 0, "%}")?;
    (from < text.len()).then(|| text.rfind("{%").map(|to| (from, to)))?.filter(|(from, to)| from <= to)
}

/// A token as it counts: without case where SQL has none, without the white space of Jinja.
pub(super) fn norm(kind: Kind, text: &str) -> String {
    match kind {
        Kind::Word if !text.contains("{{") => text.to_lowercase(),
        Kind::Word | Kind::Print | Kind::Block => {
            let (mut out, mut quote) = (String::with_capacity(text.len()), None);
            for c in text.chars() {
                match quote {
                    Some(q) if c == q => quote = None,
                    None if matches!(c, '\'' | '"') => quote = Some(c),
                    None if c.is_whitespace() => {
                        // Two words stay two.
                        if out.ends_with(|c: char| c.is_alphanumeric()) {
                            out.push(' ');
                        }
                        continue;
                    }
                    _ => {}
                }
                if !c.is_alphanumeric() && out.ends_with(' ') && quote.is_none() {
                    out.pop();
                }
                out.push(c);
            }
            out
        }
        Kind::Comment => text.split_whitespace().collect::<Vec<_>>().join(" "),
        Kind::Quoted | Kind::Other => text.to_owned(),
    }
}
