//! What a dialect says and the parser does not know, said in words that it does: tokens take the place of others, so that
//! every place stays; [`undo`] puts what was meant into the tree.

use std::ops::ControlFlow;

use sqlparser::ast::{
    BinaryOperator, Expr, GroupByExpr, IdentWithAlias, Query, RenameSelectItem, ReplaceSelectItem, SelectItem, SetExpr,
    UnaryOperator, VisitMut, VisitorMut, WildcardAdditionalOptions,
};
use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Token, TokenWithSpan, Whitespace, Word};

use crate::vocabulary::Dialect;

/// How a name begins that a column of a `*` gets by `rename`.
const RENAMED: &str = "dbt_renamed__";

fn is(token: &Token, words: &[&str]) -> bool {
    match token {
        Token::Word(w) if w.quote_style.is_none() => words.iter().any(|k| w.value.eq_ignore_ascii_case(k)),
        _ => false,
    }
}

/// The same of words that may be names as well.
fn may_end_value(token: &Token) -> bool {
    ends_value(token) || matches!(token, Token::Word(_)) && !is(token, &["select", "where", "and", "or", "on", "as"])
}

fn ends_value(token: &Token) -> bool {
    match token {
        Token::Word(w) => w.quote_style.is_some() || w.keyword == Keyword::NoKeyword || w.keyword == Keyword::END,
        Token::Number(..) | Token::SingleQuotedString(_) | Token::RParen | Token::RBracket => true,
        _ => false,
    }
}

/// Respells a query of `dialect`.
pub(super) fn respell(tokens: &mut Vec<TokenWithSpan>, dialect: Dialect) {
    if dialect == Dialect::DuckDb {
        super::rearrange::rearrange(tokens);
    }
    super::clauses::clauses(tokens, dialect);
    let places: Vec<usize> = (0..tokens.len()).filter(|i| !matches!(tokens[*i].token, Token::Whitespace(_))).collect();
    // What is put in, before the token at a place.
    let mut more: Vec<(usize, Token)> = Vec::new();
    for (n, place) in places.iter().enumerate() {
        let before = n.checked_sub(1).map(|n| &tokens[places[n]].token);
        let after = places.get(n + 1).map(|p| &tokens[*p].token);
        let token = &tokens[*place].token;
        // `a >> b`, as `a & +b`: a number made of both.
        if matches!(token, Token::ShiftLeft | Token::ShiftRight)
            && matches!(dialect, Dialect::BigQuery | Dialect::Databricks | Dialect::MySql)
            && before.is_some_and(may_end_value)
            && after.is_some_and(|a| *a == Token::LParen || may_end_value(a))
        {
            tokens[*place].token = Token::Ampersand;
            if let Some(next) = places.get(n + 1) {
                more.push((*next, Token::Plus));
            }
            continue;
        }
        let Token::Word(Word { quote_style: None, keyword, .. }) = token else { continue };
        // Most words are names, and few dialects have words of their own that the parser does not know at all.
        if *keyword == Keyword::NoKeyword
            && !matches!(dialect, Dialect::Databricks | Dialect::Redshift | Dialect::MySql)
        {
            continue;
        }
        // `trim(both from a)` takes blanks off, as `trim(both a)`.
        if is(token, &["both", "leading", "trailing"])
            && before == Some(&Token::LParen)
            && let Some(from) = places.get(n + 1).filter(|p| is(&tokens[**p].token, &["from"]))
        {
            tokens[*from].token = Token::Whitespace(Whitespace::Space);
            continue;
        }
        match dialect {
            // An `asof join` with `on` is the parser's `straight_join`, which DuckDB has not.
            Dialect::DuckDb if is(token, &["asof"]) && after.is_some_and(|a| is(a, &["join", "left", "inner"])) => {
                let Some(join) =
                    (n + 1..n + 4).find(|i| places.get(*i).is_some_and(|p| is(&tokens[*p].token, &["join"])))
                else {
                    continue;
                };
                // A table without another name would take the word for one.
                let named = |t: &Token| ends_value(t) || is(t, &["as"]);
                let alone = n.checked_sub(2).is_none_or(|n| !named(&tokens[places[n]].token));
                if let (Some(table @ Token::Word(_)), true) = (before, alone) {
                    more.extend([Token::make_keyword("AS"), table.clone()].map(|t| (*place, t)));
                }
                for i in n..join {
                    tokens[places[i]].token = Token::Whitespace(Whitespace::Space);
                }
                tokens[places[join]].token = word("STRAIGHT_JOIN", Keyword::STRAIGHT_JOIN);
            }
            // `* rename (a as b)` puts something in the place of `a`.
            Dialect::DuckDb if is(token, &["rename"]) && before.is_some_and(is_star) => {
                let one = rename(tokens, &places, n);
                let ends = places.get(n + 1).zip(places.get(n + 4));
                if let (true, Some((first, behind))) = (one, ends) {
                    more.extend([(*first, Token::LParen), (*behind, Token::RParen)]);
                }
            }
            // How a CTE is computed is left to the database.
            Dialect::DuckDb if is(token, &["materialized"]) && after == Some(&Token::LParen) => {
                if let Some(not) = n.checked_sub(1).filter(|n| is(&tokens[places[*n]].token, &["not"])) {
                    tokens[places[not]].token = Token::Whitespace(Whitespace::Space);
                }
                tokens[*place].token = Token::Whitespace(Whitespace::Space);
            }
            // `a glob 'b*'` is a pattern like others.
            Dialect::DuckDb
                if is(token, &["glob"]) && before.is_some_and(may_end_value) && after != Some(&Token::LParen) =>
            {
                tokens[*place].token = Token::make_keyword("SIMILAR");
                more.push((place + 1, Token::make_keyword("TO")));
            }
            // `a between symmetric b and c`, as `a between +b and c`.
            Dialect::DuckDb if is(token, &["symmetric"]) && before.is_some_and(|b| is(b, &["between"])) => {
                tokens[*place].token = Token::Plus;
            }
            // What a frame leaves out, as one more thing that it is ordered by.
            Dialect::DuckDb | Dialect::Postgres
                if is(token, &["exclude"]) && before.is_some_and(|b| is(b, &["row", "following", "preceding"])) =>
            {
                excluded_of_frame(tokens, &places, n, &mut more);
            }
            // `using sample 10%`, as `qualify random() < 10`.
            Dialect::DuckDb if is(token, &["using"]) && after.is_some_and(|a| is(a, &["sample"])) => {
                sampled(tokens, &places, n, &mut more);
            }
            // `sum(a) filter (a > 1)`.
            Dialect::DuckDb
                if is(token, &["filter"]) && before == Some(&Token::RParen) && after == Some(&Token::LParen) =>
            {
                if let Some(first) = places.get(n + 2).filter(|p| !is(&tokens[**p].token, &["where"])) {
                    more.push((*first, Token::make_keyword("WHERE")));
                }
            }
            // `a div b`, as `a % +b`.
            Dialect::Databricks if is(token, &["div"]) && before.is_some_and(ends_value) => {
                tokens[*place].token = Token::Mod;
                if let Some(next) = places.get(n + 1) {
                    more.push((*next, Token::Plus));
                }
            }
            // `interval '3 hours'`: the unit stands outside of the text.
            Dialect::Databricks if *keyword == Keyword::INTERVAL => {
                let unit = places.get(n + 2).is_some_and(|p| is(&tokens[*p].token, UNITS));
                if let (Some((count, named)), false, Some(text)) = (after.and_then(in_text), unit, places.get(n + 1)) {
                    tokens[*text].token = Token::SingleQuotedString(count);
                    more.push((text + 1, named));
                }
            }
            // `r'…'`: a text as it stands.
            Dialect::Databricks
                if is(token, &["r"])
                    && matches!(tokens.get(place + 1).map(|t| &t.token), Some(Token::SingleQuotedString(_))) =>
            {
                tokens[*place].token = Token::Whitespace(Whitespace::Space);
            }
            // `array<struct<a string>>[…]` is a cast of what stands in the brackets.
            Dialect::BigQuery if is(token, &["array"]) && after == Some(&Token::Lt) => {
                typed_array(tokens, &places, n, &mut more);
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
            _ if is(token, &["by"]) && before.is_some_and(|b| is(b, &["group"])) => stars_grouped(tokens, &places, n),
            _ => {}
        }
    }
    // In their order; what was put in for an earlier token stands first.
    more.sort_by_key(|(place, _)| *place);
    for (place, token) in more.into_iter().rev() {
        let Some(span) = tokens.get(place.min(tokens.len().saturating_sub(1))).map(|t| t.span) else { continue };
        tokens.insert(place, TokenWithSpan { token, span });
    }
}

/// Units that may stand behind an interval.
const UNITS: &[&str] = &[
    "year",
    "years",
    "quarter",
    "quarters",
    "month",
    "months",
    "week",
    "weeks",
    "day",
    "days",
    "hour",
    "hours",
    "minute",
    "minutes",
    "second",
    "seconds",
    "millisecond",
    "milliseconds",
    "microsecond",
    "microseconds",
    "to",
];

/// The count and the unit of `'3 hours'`.
fn in_text(token: &Token) -> Option<(String, Token)> {
    let Token::SingleQuotedString(text) = token else { return None };
    let (count, unit) = text.trim().split_once(char::is_whitespace)?;
    let unit = unit.trim();
    let known = UNITS.iter().any(|u| unit.eq_ignore_ascii_case(u));
    known.then(|| (count.to_owned(), Token::make_keyword(unit)))
}

/// `rows between … and … exclude ties`: the frame by itself, ordered by what it leaves out too.
fn excluded_of_frame(tokens: &mut [TokenWithSpan], places: &[usize], n: usize, more: &mut Vec<(usize, Token)>) {
    let at = |i: usize| places.get(i).map(|p| &tokens[*p].token);
    let Some(end) = (n..n + 4).find(|i| at(*i) == Some(&Token::RParen)) else { return };
    let Some(frame) = (0..n).rev().find(|i| at(*i).is_some_and(|t| is(t, &["rows", "range", "groups"]))) else {
        return;
    };
    let open = (0..frame).rev().find(|i| at(*i) == Some(&Token::LParen)).unwrap_or(0);
    let ordered = (open..frame).any(|i| at(i).is_some_and(|t| is(t, &["order"])));
    let said: Vec<String> = (n..end).filter_map(|i| at(i).map(ToString::to_string)).collect();
    let said = Token::SingleQuotedString(said.join(" ").to_lowercase());
    let first = match ordered {
        true => vec![Token::Comma],
        false => vec![Token::make_keyword("ORDER"), Token::make_keyword("BY")],
    };
    more.extend(first.into_iter().chain([said]).map(|t| (places[frame], t)));
    for i in n..end {
        tokens[places[i]].token = Token::Whitespace(Whitespace::Space);
    }
}

/// A sample, as a filter that nobody can tell the rows of.
fn sampled(tokens: &mut [TokenWithSpan], places: &[usize], n: usize, more: &mut Vec<(usize, Token)>) {
    let at = |i: usize| places.get(i).map(|p| &tokens[*p].token);
    let ends = |t: &Token| {
        matches!(t, Token::SemiColon | Token::EOF) || is(t, &["order", "limit", "union", "except", "intersect"])
    };
    let (mut end, mut depth) = (n + 2, 0usize);
    while let Some(token) = at(end).filter(|t| !ends(t)) {
        match token {
            Token::LParen => depth += 1,
            Token::RParen if depth == 0 => break,
            Token::RParen => depth -= 1,
            _ => {}
        }
        end += 1;
    }
    let Some(number) = (n + 2..end).find(|i| matches!(at(*i), Some(Token::Number(..)))) else { return };
    tokens[places[n]].token = Token::make_keyword("QUALIFY");
    tokens[places[n + 1]].token = word("random", Keyword::NoKeyword);
    more.extend([Token::LParen, Token::RParen, Token::Lt].map(|t| (places[n + 1] + 1, t)));
    for i in (n + 2..end).filter(|i| *i != number) {
        tokens[places[i]].token = Token::Whitespace(Whitespace::Space);
    }
}

/// `array<…>[…]` as `cast(array[…] as array<…>)`.
fn typed_array(tokens: &mut [TokenWithSpan], places: &[usize], n: usize, more: &mut Vec<(usize, Token)>) {
    let at = |i: usize| places.get(i).map(|p| &tokens[*p].token);
    let mut depth = 0i32;
    let mut types = n + 1;
    loop {
        match at(types) {
            Some(Token::Lt) => depth += 1,
            Some(Token::Gt) => depth -= 1,
            Some(Token::ShiftRight) => depth -= 2,
            Some(Token::Word(_) | Token::Comma | Token::LParen | Token::RParen | Token::Number(..)) => {}
            _ => return,
        }
        types += 1;
        if depth <= 0 {
            break;
        }
    }
    if depth < 0 || at(types) != Some(&Token::LBracket) {
        return;
    }
    let (mut brackets, mut end) = (0usize, types);
    loop {
        match at(end) {
            Some(Token::LBracket) => brackets += 1,
            Some(Token::RBracket) => brackets -= 1,
            None => return,
            _ => {}
        }
        if brackets == 0 {
            break;
        }
        end += 1;
    }
    let behind = places[end] + 1;
    let kind: Vec<Token> = (n..types).filter_map(|i| at(i).cloned()).collect();
    more.extend([Token::make_keyword("CAST"), Token::LParen].map(|t| (places[n], t)));
    more.push((behind, Token::make_keyword("AS")));
    more.extend(kind.into_iter().map(|t| (behind, t)));
    more.push((behind, Token::RParen));
    for i in n + 1..types {
        tokens[places[i]].token = Token::Whitespace(Whitespace::Space);
    }
}

/// `group by t.*`, which a macro says that knows no columns: by what is not known.
fn stars_grouped(tokens: &mut [TokenWithSpan], places: &[usize], n: usize) {
    let at = |tokens: &[TokenWithSpan], i: usize| places.get(i).map(|p| tokens[*p].token.clone());
    let mut i = n + 1;
    while let Some(token) = at(tokens, i) {
        if is(&token, &["having", "order", "limit", "qualify", "union", "window"])
            || matches!(token, Token::RParen | Token::LParen | Token::SemiColon)
        {
            return;
        }
        if token == Token::Mul {
            let mut first = i;
            while first > n + 2
                && at(tokens, first - 1) == Some(Token::Period)
                && matches!(at(tokens, first - 2), Some(Token::Word(_)))
            {
                first -= 2;
            }
            if first < i {
                for place in &places[first..i] {
                    tokens[*place].token = Token::Whitespace(Whitespace::Space);
                }
                tokens[places[i]].token = word("NULL", Keyword::NULL);
                // What is left out of it: `exclude (a, b)`.
                let listed = at(tokens, i + 1).is_some_and(|t| is(&t, &["exclude", "except"]))
                    && at(tokens, i + 2) == Some(Token::LParen);
                let end = (i + 3..places.len()).find(|j| at(tokens, *j) == Some(Token::RParen)).filter(|_| listed);
                for place in end.into_iter().flat_map(|end| &places[i + 1..=end]) {
                    tokens[*place].token = Token::Whitespace(Whitespace::Space);
                }
            }
        }
        i += 1;
    }
}

/// Whether a wildcard, or what is said of one, can end here.
fn is_star(token: &Token) -> bool {
    matches!(token, Token::Mul | Token::RParen) || matches!(token, Token::Word(w) if w.keyword == Keyword::NoKeyword)
}

/// `rename (a as b)` as `replace (dbt_renamed__b as a)`; behind another `replace (…)` it goes on with that list.
/// Whether it is one without brackets.
fn rename(tokens: &mut [TokenWithSpan], places: &[usize], n: usize) -> bool {
    let at = |i: usize| places.get(i).map(|p| &tokens[*p].token);
    let listed = at(n + 1) == Some(&Token::LParen);
    let mut changes: Vec<(usize, Token)> = Vec::new();
    let mut i = n + 1 + usize::from(listed);
    while let (Some(Token::Word(from)), Some(by), Some(Token::Word(to))) = (at(i), at(i + 1), at(i + 2)) {
        if !is(by, &["as"]) {
            return false;
        }
        let renamed =
            Word { value: format!("{RENAMED}{}", to.value), quote_style: Some('"'), keyword: Keyword::NoKeyword };
        changes.push((places[i], Token::Word(renamed)));
        changes.push((places[i + 2], Token::Word(from.clone())));
        i += 3;
        if !listed || at(i) != Some(&Token::Comma) {
            break;
        }
        i += 1;
    }
    if changes.is_empty() || listed && at(i) != Some(&Token::RParen) {
        return false;
    }
    let space = Token::Whitespace(Whitespace::Space);
    match n.checked_sub(1).filter(|_| listed).and_then(|close| open_of(tokens, places, close)) {
        Some(open) if open > 0 && is(&tokens[places[open - 1]].token, &["replace"]) => {
            changes.extend([(places[n - 1], Token::Comma), (places[n], space.clone()), (places[n + 1], space)]);
        }
        _ => changes.push((places[n], word("REPLACE", Keyword::REPLACE))),
    }
    for (place, token) in changes {
        tokens[place].token = token;
    }
    !listed
}

/// The bracket that the one at `close` closes.
fn open_of(tokens: &[TokenWithSpan], places: &[usize], close: usize) -> Option<usize> {
    let mut depth = 0usize;
    for i in (0..=close).rev() {
        match tokens[places[i]].token {
            Token::RParen => depth += 1,
            Token::LParen if depth == 1 => return Some(i),
            Token::LParen => depth = depth.checked_sub(1)?,
            _ if depth == 0 => return None,
            _ => {}
        }
    }
    None
}

fn word(text: &str, keyword: Keyword) -> Token {
    Token::Word(Word { value: text.to_owned(), quote_style: None, keyword })
}

/// Puts what was respelled into the tree as it was meant.
pub(super) fn undo(query: &mut Query, dialect: Dialect) {
    if !matches!(dialect, Dialect::Snowflake | Dialect::Postgres | Dialect::Sqlite) {
        let _ = query.visit(&mut Undo { dialect });
    }
}

struct Undo {
    dialect: Dialect,
}

impl VisitorMut for Undo {
    type Break = ();

    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<()> {
        match self.dialect {
            Dialect::DuckDb => stars(&mut query.body),
            Dialect::BigQuery => super::pipes::nest(query),
            _ => {}
        }
        if let SetExpr::Select(select) = query.body.as_mut()
            && let GroupByExpr::Expressions(list, _) = &mut select.group_by
        {
            list.iter_mut().for_each(super::clauses::totals);
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        if let Expr::BinaryOp { op: op @ BinaryOperator::Modulo, right, .. } = expr
            && self.dialect == Dialect::Databricks
            && let Expr::UnaryOp { op: UnaryOperator::Plus, expr: inner } = right.as_mut()
        {
            let inner = std::mem::replace(
                inner.as_mut(),
                Expr::Wildcard(sqlparser::ast::helpers::attached_token::AttachedToken::empty()),
            );
            **right = inner;
            *op = BinaryOperator::MyIntegerDivide;
        }
        ControlFlow::Continue(())
    }
}

fn stars(body: &mut SetExpr) {
    let mut rest = body;
    loop {
        match rest {
            SetExpr::Select(select) => {
                for item in &mut select.projection {
                    if let SelectItem::Wildcard(options) | SelectItem::QualifiedWildcard(_, options) = item {
                        star(options);
                    }
                }
                return;
            }
            SetExpr::SetOperation { left, right, .. } => {
                if let SetExpr::Select(_) = right.as_ref() {
                    stars(right);
                }
                rest = left;
            }
            _ => return,
        }
    }
}

fn star(options: &mut WildcardAdditionalOptions) {
    let Some(ReplaceSelectItem { items }) = &mut options.opt_replace else { return };
    let mut renames = Vec::new();
    items.retain(|item| {
        let Expr::Identifier(name) = &item.expr else { return true };
        let Some(to) = name.value.strip_prefix(RENAMED) else { return true };
        let alias = sqlparser::ast::Ident { value: to.to_owned(), ..name.clone() };
        renames.push(IdentWithAlias { ident: item.column_name.clone(), alias });
        false
    });
    if items.is_empty() {
        options.opt_replace = None;
    }
    if !renames.is_empty() {
        options.opt_rename = Some(RenameSelectItem::Multiple(renames));
    }
}
