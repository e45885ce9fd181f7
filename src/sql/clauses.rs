//! Clauses that a dialect has and the parser does not know, and words that the parser keeps for other dialects. Tokens
//! are blanked or put in; those that stay keep their places.

use sqlparser::ast::{Expr, FunctionArg, FunctionArgExpr, FunctionArguments};
use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Token, TokenWithSpan, Whitespace};

use crate::vocabulary::Dialect;

/// Puts the clauses of a query of `dialect` as the parser knows them.
pub(super) fn clauses(tokens: &mut Vec<TokenWithSpan>, dialect: Dialect) {
    let places: Vec<usize> = (0..tokens.len()).filter(|i| !matches!(tokens[*i].token, Token::Whitespace(_))).collect();
    let mut query = Line { tokens, places: &places };
    let mut first: Vec<First> = Vec::new();
    let mut levels = vec![Level { query: true, selects: false }];
    for n in 0..places.len() {
        query.plain_word(n, dialect);
        match dialect {
            Dialect::DuckDb => {
                first.extend(query.begins_with_from(n, &mut levels));
                query.table_sample(n);
                query.columns_but(n);
            }
            Dialect::BigQuery => query.system_time(n),
            Dialect::MySql => query.unit(n),
            // Both name an argument there.
            Dialect::Postgres if query.at(n) == Some(&Token::Assignment) => query.put(n, Token::RArrow),
            _ => {}
        }
    }
    // Nobody writes so many: each moves what stands behind it.
    first.truncate(MOST);
    // Inner ones before those around them.
    while let Some(First { from, list }) = first.pop() {
        if let Some((select, end)) = list {
            tokens[from..end].rotate_left(select - from);
            continue;
        }
        let span = tokens[from].span;
        let put = [Token::make_keyword("SELECT"), Token::Mul].map(|token| TokenWithSpan { token, span });
        tokens.splice(from..from, put);
        for (select, end) in first.iter_mut().filter_map(|f| f.list.as_mut()) {
            *select += if *select > from { 2 } else { 0 };
            *end += if *end > from { 2 } else { 0 };
        }
    }
}

/// Queries of a text that begin with `from`.
const MOST: usize = 500;

/// A `from` that begins a query; where its `select` stands and the list of that ends, if it has one.
struct First {
    from: usize,
    list: Option<(usize, usize)>,
}

/// What may come behind the list of a `select`.
const BEHIND_LIST: &[&str] = &[
    "where",
    "group",
    "having",
    "qualify",
    "window",
    "order",
    "limit",
    "offset",
    "using",
    "union",
    "except",
    "intersect",
];

/// Brackets: whether a query stands in them, and whether its `select` has come.
#[derive(Clone, Copy)]
struct Level {
    query: bool,
    selects: bool,
}

struct Line<'t> {
    tokens: &'t mut Vec<TokenWithSpan>,
    /// Those that are no blanks.
    places: &'t [usize],
}

impl Line<'_> {
    fn at(&self, n: usize) -> Option<&Token> {
        self.places.get(n).map(|p| &self.tokens[*p].token)
    }

    fn is(&self, n: usize, words: &[&str]) -> bool {
        match self.at(n) {
            Some(Token::Word(w)) => w.quote_style.is_none() && words.iter().any(|k| w.value.eq_ignore_ascii_case(k)),
            _ => false,
        }
    }

    fn put(&mut self, n: usize, token: Token) {
        if let Some(place) = self.places.get(n) {
            self.tokens[*place].token = token;
        }
    }

    fn blank(&mut self, range: std::ops::Range<usize>) {
        range.for_each(|n| self.put(n, Token::Whitespace(Whitespace::Space)));
    }

    /// Behind the bracket that closes the one at `open`.
    fn behind(&self, open: usize) -> usize {
        let mut depth = 0usize;
        for n in open..self.places.len() {
            match self.at(n) {
                Some(Token::LParen) => depth += 1,
                Some(Token::RParen) if depth <= 1 => return n + 1,
                Some(Token::RParen) => depth -= 1,
                _ => {}
            }
        }
        self.places.len()
    }

    /// Words that mean something to others only: they are names here.
    fn plain_word(&mut self, n: usize, dialect: Dialect) {
        use Dialect::{Databricks, DuckDb, Redshift, Snowflake};
        let Some(Token::Word(word)) = self.at(n) else { return };
        let name = match word.keyword {
            Keyword::NoKeyword => false,
            Keyword::TOP => {
                let counts = matches!(dialect, Snowflake | Redshift);
                !counts || n == 0 || !self.is(n - 1, &["select", "distinct", "all"])
            }
            Keyword::GLOBAL | Keyword::OUTPUT | Keyword::PREWHERE | Keyword::SETTINGS | Keyword::OPEN => true,
            Keyword::SORT | Keyword::DISTRIBUTE | Keyword::CLUSTER | Keyword::VIEW => dialect != Databricks,
            Keyword::SEMI | Keyword::ANTI => !matches!(dialect, Databricks | DuckDb),
            Keyword::CONNECT | Keyword::START => !matches!(dialect, Snowflake | Redshift),
            Keyword::SAMPLE => !matches!(dialect, Snowflake | DuckDb),
            _ => false,
        };
        if let (true, Some(place)) = (name, self.places.get(n))
            && let Token::Word(word) = &mut self.tokens[*place].token
        {
            word.keyword = Keyword::NoKeyword;
        }
    }

    /// A `from` that begins a query: `from t where a > 0` is `select * from t where a > 0`, `from t select a` is
    /// `select a from t`.
    fn begins_with_from(&self, n: usize, levels: &mut Vec<Level>) -> Option<First> {
        match self.at(n) {
            Some(Token::LParen) => {
                levels.push(Level { query: self.is(n + 1, &["from", "with", "select"]), selects: false });
            }
            Some(Token::RParen) if levels.len() > 1 => drop(levels.pop()),
            _ => {}
        }
        let level = levels.last_mut().filter(|l| l.query)?;
        if self.is(n, &["select", "pivot", "unpivot", "values"]) {
            level.selects = true;
        } else if self.is(n, &["union", "except", "intersect"]) {
            level.selects = false;
        } else if self.is(n, &["from"]) && !level.selects {
            level.selects = true;
            let from = *self.places.get(n)?;
            let list =
                self.ahead(n + 1, &["select", "union", "except", "intersect"]).filter(|i| self.is(*i, &["select"]));
            let list = list.and_then(|select| {
                let end = self.ahead(select + 1, BEHIND_LIST).map_or(self.tokens.len(), |i| self.places[i]);
                Some((*self.places.get(select)?, end))
            });
            return Some(First { from, list });
        }
        None
    }

    /// The first of some words, or the end of the brackets around, from `n` on outside of brackets.
    fn ahead(&self, n: usize, words: &[&str]) -> Option<usize> {
        let mut depth = 0usize;
        for i in n..self.places.len() {
            match self.at(i)? {
                Token::LParen | Token::LBracket | Token::LBrace => depth += 1,
                Token::RParen | Token::RBracket | Token::RBrace | Token::SemiColon if depth == 0 => return Some(i),
                Token::RParen | Token::RBracket | Token::RBrace => depth -= 1,
                _ if depth == 0 && self.is(i, words) => return Some(i),
                _ => {}
            }
        }
        None
    }

    /// `tablesample reservoir(10%) repeatable (1)`: some of the rows, and nobody can tell which.
    fn table_sample(&mut self, n: usize) {
        if !self.is(n, &["tablesample"]) {
            return;
        }
        let mut end = n + 1;
        if matches!(self.at(end), Some(Token::Word(_))) {
            end += 1;
        }
        end = match self.at(end) {
            Some(Token::LParen) => self.behind(end),
            Some(Token::Number(..)) => {
                end + 1 + usize::from(self.at(end + 1) == Some(&Token::Mod) || self.is(end + 1, &["percent", "rows"]))
            }
            _ => return,
        };
        if self.at(end) == Some(&Token::LParen) {
            end = self.behind(end);
        }
        if self.is(end, &["repeatable"]) {
            end = self.behind(end + 1);
        }
        self.blank(n..end);
    }

    /// `columns(t.* exclude (a, b))` as `columns(t.*, (a, b))`.
    fn columns_but(&mut self, n: usize) {
        if self.is(n, &["exclude", "except"])
            && n > 2
            && self.at(n - 1) == Some(&Token::Mul)
            && (self.is(n - 3, &["columns"]) || n > 4 && self.is(n - 5, &["columns"]))
        {
            self.put(n, Token::Comma);
        }
    }

    /// `for system_time as of …`: the table as it was, with the columns that it has.
    fn system_time(&mut self, n: usize) {
        if !self.is(n, &["for"]) || !self.is(n + 1, &["system_time"]) || !self.is(n + 2, &["as"]) {
            return;
        }
        const OF_RELATIONS: &[&str] =
            &["as", "on", "join", "left", "right", "inner", "cross", "full", "unpivot", "pivot"];
        let mut end = n + 4;
        while let Some(token) = self.at(end) {
            match token {
                Token::LParen => end = self.behind(end) - 1,
                Token::RParen | Token::Comma | Token::SemiColon | Token::VerticalBarRightAngleBracket => break,
                _ if self.is(end, OF_RELATIONS) || self.is(end, BEHIND_LIST) => break,
                _ => {}
            }
            end += 1;
        }
        self.blank(n..end);
    }

    /// Units of two parts by the finest that they count: `year_month` counts months.
    fn unit(&mut self, n: usize) {
        const PARTS: &[&str] = &["year", "day", "hour", "minute", "second"];
        let Some(Token::Word(word)) = self.at(n) else { return };
        let Some((first, last)) = word.value.split_once('_').filter(|_| word.quote_style.is_none()) else { return };
        let known = |part: &str, of: &[&str]| of.iter().any(|p| part.eq_ignore_ascii_case(p));
        if known(first, PARTS) && known(last, &["month", "hour", "minute", "second", "microsecond"]) {
            let finest = Token::make_keyword(&last.to_uppercase());
            self.put(n, finest);
        }
    }
}

/// `rollup (a, b)` that was read as a function.
pub(super) fn totals(expr: &mut Expr) {
    let Expr::Function(function) = expr else { return };
    let FunctionArguments::List(list) = &function.args else { return };
    let name = function.name.to_string().to_ascii_lowercase();
    if !matches!(name.as_str(), "rollup" | "cube") {
        return;
    }
    let sets = list.args.iter().map(|a| match a {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Tuple(items))) => items.clone(),
        FunctionArg::Unnamed(FunctionArgExpr::Expr(item)) => vec![item.clone()],
        _ => Vec::new(),
    });
    let sets = sets.collect();
    *expr = if name == "cube" { Expr::Cube(sets) } else { Expr::Rollup(sets) };
}
