//! Which values a tag compares. What a warehouse would say is seen through [`SEEN`] there, since a comparison by itself
//! asks nothing of what it compares.

use super::scan::{Pieces, Spot, Token};

/// The filter behind a value that is compared.
pub(super) const SEEN: &str = "|seen__";

/// Places of the tokens that end a value which is compared; values written out are none.
pub(super) fn ends(pieces: &Pieces<'_>, tokens: &[Spot]) -> Vec<usize> {
    let word = |i: usize| tokens.get(i).map_or("", |t| pieces.str(t));
    let mut out = Vec::new();
    // The `in` of a loop compares nothing.
    let mut loops = usize::from(word(0) == "for");
    for (i, spot) in tokens.iter().enumerate() {
        let compares = match (spot.token, word(i)) {
            (Token::Op, "==" | "!=" | "<" | ">" | "<=" | ">=") => true,
            (Token::Name, "in") if loops > 0 => {
                loops -= 1;
                false
            }
            (Token::Name, "in") => word(i.saturating_sub(1)) != "not",
            (Token::Name, "not") => word(i + 1) == "in",
            (Token::Name, "is") => {
                let test = if word(i + 1) == "not" { word(i + 2) } else { word(i + 1) };
                !matches!(test, "defined" | "undefined")
            }
            _ => false,
        };
        if !compares {
            continue;
        }
        if let Some(left) = i.checked_sub(1)
            && ends_value(pieces, &tokens[left])
        {
            out.push(left);
        }
        if spot.token == Token::Op {
            out.extend(operand(pieces, tokens, i + 1));
        }
    }
    out
}

fn ends_value(pieces: &Pieces<'_>, spot: &Spot) -> bool {
    match spot.token {
        Token::Name => !is_keyword(pieces.str(spot)),
        Token::Op => matches!(pieces.str(spot), ")" | "]"),
        Token::Number | Token::Text => false,
    }
}

fn is_keyword(word: &str) -> bool {
    matches!(
        word,
        "in" | "not"
            | "and"
            | "or"
            | "if"
            | "else"
            | "elif"
            | "is"
            | "true"
            | "false"
            | "none"
            | "True"
            | "False"
            | "None"
    )
}

/// The last token of the value that begins at `from`: a name or brackets with what follows them.
fn operand(pieces: &Pieces<'_>, tokens: &[Spot], from: usize) -> Option<usize> {
    let first = tokens.get(from)?;
    let mut at = match (first.token, pieces.str(first)) {
        (Token::Name, word) if !is_keyword(word) => from,
        (Token::Op, "(") => close(pieces, tokens, from)?,
        _ => return None,
    };
    while let Some(next) = tokens.get(at + 1) {
        at = match pieces.str(next) {
            "." | "|" => at + 2,
            "(" | "[" => close(pieces, tokens, at + 1)?,
            _ => break,
        };
    }
    (at < tokens.len()).then_some(at)
}

/// The bracket that closes the one at `open`.
fn close(pieces: &Pieces<'_>, tokens: &[Spot], open: usize) -> Option<usize> {
    let mut depth = 0usize;
    for (i, spot) in tokens.iter().enumerate().skip(open) {
        match pieces.str(spot) {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return Some(i);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(tag: &str) -> String {
        let text = format!("{{{{ {tag} }}}}");
        let Ok(pieces) = Pieces::read(&text, 0..text.len()) else { return String::new() };
        let tokens = pieces.tokens(&pieces.pieces[0]);
        ends(&pieces, tokens).iter().map(|i| pieces.str(&tokens[*i])).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn both_sides_of_a_comparison_are_seen() {
        assert_eq!(seen("a.b == 'x'"), "b");
        assert_eq!(seen("'x' != f(a, 2)[0]|lower"), "lower");
        assert_eq!(seen("a not in b and c is none and d is not defined"), "a c");
        assert_eq!(seen("1 < 2 or (a) >= -1"), ")");
        assert_eq!(seen("x == (a ~ b) | trim"), "x trim");
        assert_eq!(seen("a == b."), "a");
    }
}
