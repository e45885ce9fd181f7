//! What a dialect says and the parser does not know, said in words that it does: tokens are replaced where they stand,
//! so that every place stays.

use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Token, TokenWithSpan, Whitespace, Word};

use crate::vocabulary::Dialect;

/// Respells a query of `dialect`.
pub(super) fn respell(tokens: &mut [TokenWithSpan], dialect: Dialect) {
    let is = |token: &Token, words: &[&str]| match token {
        Token::Word(w) if w.quote_style.is_none() => words.iter().any(|k| w.value.eq_ignore_ascii_case(k)),
        _ => false,
    };
    let ends_value = |token: &Token| match token {
        Token::Word(w) => w.quote_style.is_some() || w.keyword == Keyword::NoKeyword || w.keyword == Keyword::END,
        Token::Number(..) | Token::SingleQuotedString(_) | Token::RParen | Token::RBracket => true,
        _ => false,
    };
    let places: Vec<usize> = (0..tokens.len()).filter(|i| !matches!(tokens[*i].token, Token::Whitespace(_))).collect();
    for (n, place) in places.iter().enumerate() {
        let before = n.checked_sub(1).map(|n| &tokens[places[n]].token);
        let after = places.get(n + 1).map(|p| &tokens[*p].token);
        let token = &tokens[*place].token;
        match dialect {
            // An `asof join` with `on` is the parser's `straight_join`, which DuckDB has not.
            Dialect::DuckDb if is(token, &["asof"]) && after.is_some_and(|a| is(a, &["join"])) => {
                let join = places[n + 1];
                tokens[*place].token = Token::Whitespace(Whitespace::Space);
                tokens[join].token = word("STRAIGHT_JOIN", Keyword::STRAIGHT_JOIN);
            }
            // `approximate count(distinct …)` is a `count(distinct …)`.
            Dialect::Redshift
                if is(token, &["approximate"]) && after.is_some_and(|a| is(a, &["count", "percentile_disc"])) =>
            {
                tokens[*place].token = Token::Whitespace(Whitespace::Space);
            }
            // `a mod b` is `a % b`.
            Dialect::MySql
                if is(token, &["mod"]) && before.is_some_and(ends_value) && after != Some(&Token::LParen) =>
            {
                tokens[*place].token = Token::Mod;
            }
            _ => {}
        }
    }
}

fn word(text: &str, keyword: Keyword) -> Token {
    Token::Word(Word { value: text.to_owned(), quote_style: None, keyword })
}
