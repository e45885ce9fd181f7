//! What DuckDB says in an order that the parser does not know: `[x + 1 for x in list]`, `pivot t on a using sum(b)`. The
//! tokens stand in the order that it does know; each keeps its place in the text.

use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Token, TokenWithSpan, Word};

/// Rearrangements of one query: each is another pass over it.
const MOST: usize = 50;

/// Puts what DuckDB says into the parser's order.
pub(super) fn rearrange(tokens: &mut Vec<TokenWithSpan>) {
    let turns = |t: &Token| matches!(t, Token::Word(w) if matches!(w.keyword, Keyword::PIVOT | Keyword::UNPIVOT | Keyword::FOR));
    if !tokens.iter().any(|t| turns(&t.token)) {
        return;
    }
    for _ in 0..MOST {
        let plain: Vec<usize> =
            (0..tokens.len()).filter(|i| !matches!(tokens[*i].token, Token::Whitespace(_))).collect();
        let query = Tokens { all: tokens, plain: &plain };
        let found = (0..plain.len()).rev().find_map(|n| query.comprehension(n).or_else(|| query.pivot(n)));
        let Some((from, to, with)) = found else { return };
        tokens.splice(plain[from]..=plain[to], with);
    }
}

fn is(token: &Token, word: &str) -> bool {
    matches!(token, Token::Word(w) if w.quote_style.is_none() && w.value.eq_ignore_ascii_case(word))
}

/// Words between columns that name none.
const WORDS: &[&str] = &[
    "as",
    "and",
    "or",
    "not",
    "case",
    "when",
    "then",
    "else",
    "end",
    "null",
    "true",
    "false",
    "is",
    "in",
    "distinct",
    "filter",
    "where",
    "over",
    "order",
    "by",
    "partition",
    "like",
    "between",
    "interval",
    "cast",
    "asc",
    "desc",
];

/// The call that stands for every column but those that it names, and for some that nobody can tell.
pub(super) const ALL_BUT: &str = "dbt_all_but";
pub(super) const SOME_OF: &str = "dbt_some_of";

/// The first and last token of a stretch, and what takes its place.
type Change = (usize, usize, Vec<TokenWithSpan>);

struct Tokens<'t> {
    all: &'t [TokenWithSpan],
    /// Those that are no blanks.
    plain: &'t [usize],
}

/// Tokens that are put together, each where another one stands.
struct Line(Vec<TokenWithSpan>);

impl Line {
    fn say(&mut self, words: &str, like: &TokenWithSpan) {
        for word in words.split_whitespace() {
            let token = match word {
                "(" => Token::LParen,
                ")" => Token::RParen,
                "," => Token::Comma,
                "*" => Token::Mul,
                "->" => Token::Arrow,
                word if word.chars().all(|c| c.is_ascii_uppercase()) => Token::make_keyword(word),
                word => Token::Word(Word { value: word.to_owned(), quote_style: None, keyword: Keyword::NoKeyword }),
            };
            // A blank keeps words apart, as the text would.
            self.0.push(TokenWithSpan { token, span: like.span });
        }
    }
}

impl Tokens<'_> {
    fn at(&self, n: usize) -> Option<&TokenWithSpan> {
        self.plain.get(n).map(|i| &self.all[*i])
    }

    fn is(&self, n: usize, word: &str) -> bool {
        self.at(n).is_some_and(|t| is(&t.token, word))
    }

    fn copy(&self, from: usize, to: usize, out: &mut Line) {
        out.0.extend((from..to).filter_map(|n| self.at(n).cloned()));
    }

    /// The first token from `from` on that stands in no brackets of its own and is what is looked for; none where the
    /// brackets around end before.
    fn ahead(&self, from: usize, wanted: impl Fn(&Token) -> bool) -> Option<usize> {
        let mut depth = 0usize;
        for n in from..self.plain.len() {
            let token = &self.at(n)?.token;
            if depth == 0 && wanted(token) {
                return Some(n);
            }
            match token {
                Token::LParen | Token::LBracket | Token::LBrace => depth += 1,
                Token::RParen | Token::RBracket | Token::RBrace => depth = depth.checked_sub(1)?,
                _ => {}
            }
        }
        None
    }

    /// `[a for x in list if b]` as `list_transform(list_filter(list, x -> b), x -> a)`.
    fn comprehension(&self, n: usize) -> Option<Change> {
        let open = self.at(n).filter(|t| t.token == Token::LBracket)?;
        let each = self.ahead(n + 1, |t| is(t, "for"))?;
        let name = self.at(each + 1).filter(|t| matches!(t.token, Token::Word(_)))?;
        if !self.is(each + 2, "in") || each == n + 1 {
            return None;
        }
        let end = self.ahead(each + 3, |t| *t == Token::RBracket)?;
        let condition = self.ahead(each + 3, |t| is(t, "if")).filter(|c| *c < end);
        let mut out = Line(Vec::new());
        // `[x for x in list if …]` leaves things as they are.
        let same = each == n + 2 && self.at(n + 1).is_some_and(|t| t.token == name.token) && condition.is_some();
        if !same {
            out.say("list_transform (", open);
        }
        if condition.is_some() {
            out.say("list_filter (", open);
        }
        self.copy(each + 3, condition.unwrap_or(end), &mut out);
        if let Some(condition) = condition {
            out.say(",", open);
            out.0.push(name.clone());
            out.say("->", open);
            self.copy(condition + 1, end, &mut out);
            out.say(")", open);
        }
        if !same {
            out.say(",", open);
            out.0.push(name.clone());
            out.say("->", open);
            self.copy(n + 1, each, &mut out);
            out.say(")", open);
        }
        Some((n, end, out.0))
    }

    /// `pivot t on a in (…) using sum(b) group by c`, `unpivot t on a, b into name n value v`: the same behind a FROM.
    fn pivot(&self, n: usize) -> Option<Change> {
        let word = self.at(n)?;
        let turns_back = is(&word.token, "unpivot");
        if !turns_back && !is(&word.token, "pivot") {
            return None;
        }
        let on = self.ahead(n + 1, |t| ["on", "for", "from", "select"].iter().any(|w| is(t, w)))?;
        if !self.is(on, "on") || on == n + 1 {
            return None;
        }
        let ends = |t: &Token| {
            matches!(t, Token::RParen | Token::SemiColon | Token::EOF)
                || ["order", "limit", "union", "except", "intersect"].iter().any(|w| is(t, w))
        };
        let end = self.ahead(on + 1, ends).unwrap_or(self.plain.len());
        let mut out = Line(Vec::new());
        out.say("SELECT * FROM", word);
        match turns_back {
            true => self.back(n, on, end, &mut out)?,
            false => self.forth(n, on, end, &mut out)?,
        }
        Some((n, end - 1, out.0))
    }

    fn back(&self, n: usize, on: usize, end: usize, out: &mut Line) -> Option<()> {
        let word = self.at(n)?;
        let into = self.ahead(on + 1, |t| is(t, "into")).filter(|i| *i < end)?;
        if !self.is(into + 1, "name") || !self.is(into + 3, "value") || into + 5 != end {
            return None;
        }
        self.copy(n + 1, on, out);
        out.say("UNPIVOT (", word);
        self.copy(into + 4, into + 5, out);
        out.say("FOR", word);
        self.copy(into + 2, into + 3, out);
        out.say("IN (", word);
        match self.is(on + 1, "columns") {
            true => self.all_but(on + 1, into, out)?,
            false => self.copy(on + 1, into, out),
        }
        out.say(") )", word);
        Some(())
    }

    /// `columns(* exclude (a, b))` as a call that names what is left out; other `columns(…)` as one that names nothing.
    fn all_but(&self, from: usize, to: usize, out: &mut Line) -> Option<()> {
        let word = self.at(from)?;
        if self.at(from + 1)?.token != Token::LParen || self.at(to - 1)?.token != Token::RParen {
            return None;
        }
        if self.at(from + 2)?.token != Token::Mul {
            out.say(&format!("{SOME_OF} ( )"), word);
            return Some(());
        }
        out.say(ALL_BUT, word);
        match ["exclude", "except"].iter().any(|w| self.is(from + 3, w)) {
            true if self.at(from + 4)?.token == Token::LParen => self.copy(from + 4, to - 1, out),
            true => {
                out.say("(", word);
                self.copy(from + 4, to - 1, out);
                out.say(")", word);
            }
            false if from + 4 == to => out.say("( )", word),
            false => return None,
        }
        Some(())
    }

    fn forth(&self, n: usize, on: usize, end: usize, out: &mut Line) -> Option<()> {
        let word = self.at(n)?;
        let using = self.ahead(on + 1, |t| is(t, "using")).filter(|u| *u < end)?;
        let group = self.ahead(using + 1, |t| is(t, "group")).filter(|g| *g < end);
        let listed = self.ahead(on + 1, |t| is(t, "in")).filter(|i| *i < using);
        let comma = |from| self.ahead(from, |t| *t == Token::Comma).filter(|c| *c < using);
        if comma(on + 1).is_some() {
            return self.by_several(n, on, using, group, end, out);
        }
        let by = listed.unwrap_or(using);
        self.pivoted((n + 1, on), (on + 1, by), (using + 1, group), end, out)?;
        out.say("PIVOT (", word);
        self.copy(using + 1, group.unwrap_or(end), out);
        out.say("FOR", word);
        self.copy(on + 1, by, out);
        match listed {
            Some(listed) => self.copy(listed, using, out),
            None => out.say("IN ( ANY )", word),
        }
        out.say(")", word);
        Some(())
    }

    /// A pivot by several columns: which columns it makes is for the rows to say.
    fn by_several(
        &self,
        n: usize,
        on: usize,
        using: usize,
        group: Option<usize>,
        end: usize,
        out: &mut Line,
    ) -> Option<()> {
        let word = self.at(n)?;
        self.pivoted((n + 1, on), (on + 1, using), (using + 1, group), end, out)?;
        out.say("PIVOT (", word);
        self.copy(using + 1, group.unwrap_or(end), out);
        out.say("FOR (", word);
        let mut from = on + 1;
        while from < using {
            let next = self.ahead(from, |t| *t == Token::Comma).filter(|c| *c < using).unwrap_or(using);
            let listed = self.ahead(from, |t| is(t, "in")).filter(|i| *i < next).unwrap_or(next);
            if from > on + 1 {
                out.say(",", word);
            }
            self.copy(from, listed, out);
            from = next + 1;
        }
        out.say(") IN ( ANY ) )", word);
        Some(())
    }

    /// What is pivoted: the table, or with `group by` of its columns what is grouped by or used. The rest is gone.
    fn pivoted(
        &self,
        table: (usize, usize),
        by: (usize, usize),
        (using, group): (usize, Option<usize>),
        end: usize,
        out: &mut Line,
    ) -> Option<()> {
        let word = self.at(table.0)?;
        let Some(group) = group else {
            self.copy(table.0, table.1, out);
            return Some(());
        };
        out.say("( SELECT", word);
        self.copy(group + 2, end, out);
        for name in self.names(by.0, by.1).chain(self.names(using, group)) {
            out.say(",", word);
            out.0.push(name.clone());
        }
        out.say("FROM", word);
        self.copy(table.0, table.1, out);
        out.say(")", word);
        Some(())
    }

    /// Names of columns in a stretch, each once.
    fn names(&self, from: usize, to: usize) -> impl Iterator<Item = &TokenWithSpan> {
        let name = |n: &usize| {
            let called = self.at(n + 1).is_some_and(|t| t.token == Token::LParen);
            let named = self.is(n.wrapping_sub(1), "as");
            let word = |t: &TokenWithSpan| match &t.token {
                Token::Word(w) => w.quote_style.is_some() || !WORDS.iter().any(|k| w.value.eq_ignore_ascii_case(k)),
                _ => false,
            };
            !called && !named && self.at(*n).is_some_and(word)
        };
        let mut seen: Vec<&Token> = Vec::new();
        let found: Vec<&TokenWithSpan> = (from..to).filter(name).filter_map(|n| self.at(n)).collect();
        found.into_iter().filter(move |t| {
            let new = !seen.contains(&&t.token);
            seen.push(&t.token);
            new
        })
    }
}
