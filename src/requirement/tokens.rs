//! Text to tokens. Every token knows where it stands, so that every word can be accounted for.

use std::ops::Range;

use super::stem::{noun, parts};

/// One word, number or mark.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// As written.
    pub text: String,
    /// In lower ASCII letters, without a possessive `'s`.
    pub lower: String,
    /// `lower` in its parts (`order_items`, `OrderItems`, `order-items` are two), each without plural, run together.
    pub key: String,
    /// Bytes of the requirement.
    pub span: Range<usize>,
    /// What it is.
    pub kind: Kind,
}

/// Kinds of token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Letters, perhaps with digits: `orders`, `e-mail`, `customers.phone`, `Europe/Oslo`.
    Word,
    /// Starts with a digit: `30`, `06:30`, `6pm`, `2026-03-31`, `1.5`.
    Number,
    /// `#data-alerts`.
    Channel,
    /// Between quotation marks; `text` is without them.
    Quoted,
    /// Any other character.
    Mark,
}

impl Token {
    /// Whether a clause ends here.
    pub fn ends_clause(&self) -> bool {
        self.kind == Kind::Mark && matches!(self.lower.as_str(), "." | ";" | "!" | "?" | ":" | "\n")
    }

    /// Whether it is this mark.
    pub fn is_mark(&self, mark: &str) -> bool {
        self.kind == Kind::Mark && self.lower == mark
    }
}

/// Splits a requirement.
pub fn tokens(text: &str) -> Vec<Token> {
    let chars: Vec<(usize, char)> = text.char_indices().collect();
    let end_of = |i: usize| chars.get(i).map_or(text.len(), |c| c.0);
    let mut out = Vec::new();
    let mut i = 0;
    while let Some(&(_, c)) = chars.get(i) {
        if c.is_whitespace() {
            i += 1;
            continue;
        }
        let start = i;
        let kind = if let Some(close) = closing(c).filter(|_| i == 0 || !chars[i - 1].1.is_alphanumeric()) {
            match (i + 1..chars.len().min(i + 80)).find(|j| chars[*j].1 == close) {
                Some(end) if end > i + 1 => {
                    i = end + 1;
                    Kind::Quoted
                }
                _ => {
                    i += 1;
                    Kind::Mark
                }
            }
        } else if c == '#' && chars.get(i + 1).is_some_and(|n| n.1.is_alphabetic()) {
            i += 1;
            while chars.get(i).is_some_and(|n| n.1.is_alphanumeric() || matches!(n.1, '-' | '_')) {
                i += 1;
            }
            Kind::Channel
        } else if c.is_alphanumeric() || c == '_' {
            let number = c.is_ascii_digit();
            while chars.get(i).is_some_and(|n| n.1.is_alphanumeric() || n.1 == '_') || joins(&chars, start, i, number) {
                i += 1;
            }
            // `customers' phones`
            if chars[i - 1].1 == 's' && chars.get(i).is_some_and(|n| matches!(n.1, '\'' | '’')) {
                i += 1;
            }
            if number { Kind::Number } else { Kind::Word }
        } else {
            i += 1;
            while "<>=!".contains(c) && chars.get(i).is_some_and(|n| "<>=".contains(n.1)) {
                i += 1;
            }
            Kind::Mark
        };
        let span = chars[start].0..end_of(i);
        let written = &text[span.clone()];
        let inner = if kind == Kind::Quoted {
            written.trim_matches(|c: char| closing(c).is_some() || c == '”')
        } else {
            written
        };
        out.push(token(inner, span, kind));
    }
    out
}

fn token(text: &str, span: Range<usize>, kind: Kind) -> Token {
    let ascii = deunicode::deunicode(text);
    let plain = match kind {
        Kind::Word => ascii.strip_suffix("'s").or(ascii.strip_suffix("s'")).unwrap_or(&ascii),
        _ => &ascii,
    };
    let key: String = parts(plain).iter().map(|p| noun(p)).collect();
    let lower = match kind {
        Kind::Word if ascii.ends_with("s'") => ascii.trim_end_matches('\'').to_lowercase(),
        _ => plain.to_lowercase(),
    };
    Token { text: text.to_owned(), lower, key, span, kind }
}

fn closing(open: char) -> Option<char> {
    Some(match open {
        '"' => '"',
        '`' => '`',
        '“' => '”',
        '\'' => '\'',
        '[' => ']',
        _ => return None,
    })
}

/// Whether the character at `i` holds two halves of one word together.
fn joins(chars: &[(usize, char)], start: usize, i: usize, number: bool) -> bool {
    let (Some(&(_, c)), Some(&(_, next))) = (chars.get(i), chars.get(i + 1)) else { return false };
    if !next.is_alphanumeric() {
        return false;
    }
    match c {
        '\'' | '’' | '_' => true,
        '-' => !number || next.is_ascii_digit(),
        '.' | ',' | ':' if number => next.is_ascii_digit(),
        // `customers.phone`, `E.164`; not `per day.30 days`.
        '.' => next.is_alphabetic() || i == start + 1,
        // A time zone; elsewhere a slash stands between alternatives.
        '/' => {
            let head: String = chars[start..i].iter().map(|c| c.1).collect();
            matches!(
                head.as_str(),
                "Europe" | "America" | "Asia" | "Africa" | "Australia" | "Pacific" | "Atlantic" | "Indian" | "Etc"
            )
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        tokens(text).into_iter().map(|t| t.lower).collect()
    }

    #[test]
    fn words_numbers_and_marks() {
        assert_eq!(
            words("At 06:30 tell #data-alerts, the customer's e-mail (6pm, Europe/Oslo) >= 1.5."),
            [
                "at",
                "06:30",
                "tell",
                "#data-alerts",
                ",",
                "the",
                "customer",
                "e-mail",
                "(",
                "6pm",
                ",",
                "europe/oslo",
                ")",
                ">=",
                "1.5",
                "."
            ]
        );
        assert_eq!(words("customers.phone or \"Order Details\""), ["customers.phone", "or", "order details"]);
        assert_eq!(words("and/or 2026-03-31"), ["and", "/", "or", "2026-03-31"]);
    }

    #[test]
    fn keys_are_the_same_however_a_name_is_written() {
        let keys = |t: &str| tokens(t).iter().map(|t| t.key.clone()).collect::<String>();
        assert_eq!(keys("Order Items"), "orderitem");
        assert_eq!(keys("OrderItems"), "orderitem");
        assert_eq!(keys("order_items"), "orderitem");
        assert_eq!(keys("order-items"), "orderitem");
    }

    #[test]
    fn spans_are_of_the_text_as_written() {
        let text = "naïve 🚲 “Ünit” `x";
        for t in tokens(text) {
            assert!(text.get(t.span.clone()).is_some());
        }
        assert_eq!(tokens(text)[2].kind, Kind::Quoted);
        assert!(tokens("").is_empty());
        assert!(tokens("\u{0}\u{202e}   ").len() <= 2);
    }
}
