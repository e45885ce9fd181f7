//! The way through the tokens: at each place the first recogniser that knows the words takes them.

use std::cell::{OnceCell, RefCell};
use std::collections::BTreeMap;
use std::ops::Range;

use super::Ground;
use super::acts::{self, Act};
use super::graph::{Graph, Way};
use super::lexicon::{ColumnOf, EXACT, Hits, Lexicon, name_parts, phrase_len};
use super::piece::{Kind, Noun, Piece, Value};
use super::recognise::{self, RECOGNISERS};
use super::roles;
use super::said::Said;
use super::stem;
use super::tokens::{self, Token};
use super::twice::{self, Twice};
use super::words;
use crate::contract::Contract;
use crate::spec::Answer;
use crate::vocabulary::{TableRef, Unit};

/// A requirement, with everything that its words are judged against.
pub struct Scan<'a> {
    /// As it is read: as written, but for what answers changed.
    pub text: &'a str,
    /// Where the text was written.
    pub said: &'a Said,
    /// Its tokens.
    pub tokens: Vec<Token>,
    /// Names in the contracts.
    pub lexicon: Lexicon<'a>,
    /// Keys in the contracts.
    pub graph: Graph<'a>,
    /// Tables in their roles.
    pub twice: &'a Twice,
    /// The rest.
    pub ground: &'a Ground<'a>,
    /// The contracts as tables are landed: before anything is cleaned.
    pub landed: &'a BTreeMap<TableRef, Contract>,
    /// What the rows of each table came of.
    pub acts: OnceCell<Vec<Act<'a>>>,
    /// Answers that decided something.
    pub answers: RefCell<Vec<Answer>>,
}

impl<'a> Scan<'a> {
    /// Reads the words, not yet their meaning.
    pub fn new(said: &'a Said, ground: &'a Ground<'a>) -> Scan<'a> {
        Scan::over(said, ground, &twice::NONE)
    }

    /// The same, where tables are known by their roles too.
    pub fn over(said: &'a Said, ground: &'a Ground<'a>, twice: &'a Twice) -> Scan<'a> {
        Scan {
            text: said.text(),
            said,
            tokens: tokens::tokens(said.text()),
            lexicon: Lexicon::new(ground.contracts, twice),
            graph: Graph::new(ground.contracts, twice),
            twice,
            ground,
            landed: ground.contracts,
            acts: OnceCell::new(),
            answers: RefCell::default(),
        }
    }

    /// What the rows of each table came of.
    pub fn acts(&self) -> &[Act<'a>] {
        self.acts.get_or_init(|| acts::acts(self.ground.contracts))
    }

    /// Every token in exactly one piece.
    pub fn pieces(&self) -> Vec<Piece<'a>> {
        let mut out: Vec<Piece<'a>> = Vec::new();
        let mut at = 0;
        while at < self.tokens.len() {
            let found = RECOGNISERS.iter().find_map(|r| r(self, at, &out)).filter(|p| p.tokens.end > at);
            let piece = found.unwrap_or(Piece { tokens: at..at + 1, kind: Kind::Unknown });
            at = piece.tokens.end;
            out.push(piece);
        }
        recognise::finish(self, &mut out);
        out
    }

    /// The word at `i` in lower case; empty past the end and for marks.
    pub fn word(&self, i: usize) -> &str {
        self.tokens.get(i).map_or("", |t| t.lower.as_str())
    }

    /// The words as they are read.
    pub fn words(&self, tokens: &Range<usize>) -> &'a str {
        self.text.get(self.bytes(tokens)).unwrap_or_default()
    }

    /// The bytes of the text that tokens stand on.
    pub fn bytes(&self, tokens: &Range<usize>) -> Range<usize> {
        let end = self.text.len();
        if tokens.is_empty() {
            return end..end;
        }
        let start = self.tokens.get(tokens.start).map_or(end, |t| t.span.start);
        start..self.tokens.get(tokens.end - 1).map_or(end, |t| t.span.end)
    }

    /// The end of `phrase` if it stands at `at`.
    pub fn phrase(&self, at: usize, phrase: &str) -> Option<usize> {
        let mut i = at;
        for word in phrase.split(' ') {
            if self.word(i) != word {
                return None;
            }
            i += 1;
        }
        Some(i)
    }

    /// The end of the longest of `phrases` that stands at `at`.
    pub fn any(&self, at: usize, phrases: &[&str]) -> Option<usize> {
        phrases.iter().filter_map(|p| self.phrase(at, p)).max()
    }

    /// Past any of `phrases`, as many as there are.
    pub fn skip(&self, mut at: usize, phrases: &[&str]) -> usize {
        while let Some(end) = self.any(at, phrases) {
            at = end;
        }
        at
    }

    /// Past articles and words such as `all our`.
    pub fn article(&self, at: usize) -> usize {
        let mut at = at;
        // What the contracts call so is no article: `company name`.
        while let Some(end) = self.any(at, words::ARTICLES)
            && (end > at + 1 || !words::article_or_noun(self.word(at)) || self.lexicon.noun(&self.tokens, at).is_none())
        {
            at = end;
        }
        at
    }

    /// Whether keys lead from the rows of a table to those of another, each to one.
    pub fn leads(&self, from: &TableRef, to: &TableRef) -> bool {
        from != to && !matches!(self.graph.way(from, to), Way::No)
    }

    /// The end of the clause that `at` is in.
    pub fn clause_end(&self, at: usize) -> usize {
        (at..self.tokens.len()).find(|i| self.tokens[*i].ends_clause()).unwrap_or(self.tokens.len())
    }

    /// A noun phrase from `at` on: articles, values, tables that modify, the head. `cancelled customer orders`.
    pub fn noun(&self, at: usize) -> Option<(Noun<'a>, usize)> {
        let start = self.article(at);
        let mut i = start;
        let mut values = Vec::new();
        loop {
            let named = self.hits(i);
            match self.lexicon.value(&self.tokens, i) {
                // A word that is both a value and a name is a value only before another noun.
                Some((len, of))
                    if named.as_ref().is_none_or(|h| h.len <= len)
                        && (named.is_none() || self.hits(i + len).is_some_and(|h| !h.tables.is_empty()))
                        // `opened a ticket`: a verb rather than what the ticket is.
                        && self.article(i + len) == i + len =>
                {
                    values.push(Value { tokens: i..i + len, of: of.to_vec() });
                    i += len;
                    let joined = self.any(i, &["and", "or", ","]).map(|j| self.any(j, &["and", "or"]).unwrap_or(j));
                    if let Some(j) = joined.filter(|j| self.lexicon.value(&self.tokens, *j).is_some()) {
                        i = j;
                    }
                }
                _ => break,
            }
        }
        let (mut noun, end) = self.head(i)?;
        noun.values = values;
        if !noun.values.is_empty() {
            noun.tokens.start = start;
        }
        Some((noun, end))
    }

    /// A noun phrase without values before it.
    pub fn head(&self, at: usize) -> Option<(Noun<'a>, usize)> {
        let at = self.article(at);
        if let Some(noun) = self.dotted(at) {
            return Some((noun, at + 1));
        }
        if let Some(found) = self.name_of(at) {
            return Some(found);
        }
        let mut hits = self.hits(at)?;
        let mut end = at + hits.len;
        let mut modifiers: Vec<Hits<'a>> = Vec::new();
        // `customer orders`, `order status`, `customer's phone numbers`
        while !hits.tables.is_empty() {
            let mut next = None;
            for len in (1..=3).rev() {
                if len > phrase_len(&self.tokens, end) {
                    continue;
                }
                let key: String = self.tokens[end..end + len].iter().map(|t| t.key.as_str()).collect();
                let own: Vec<_> = hits.tables.iter().filter_map(|t| self.lexicon.column_of(t, &key)).collect();
                let own = if own.is_empty() && key == "name" { self.names(&hits.tables) } else { own };
                if !own.is_empty() && !words::never_noun(self.word(end)) {
                    next = Some(Hits { len, tier: hits.tier, tables: Vec::new(), columns: own });
                    break;
                }
            }
            let next = match next {
                Some(found) => Some(found),
                None => self.hits(end).filter(|h| !h.tables.is_empty() && h.tier <= super::lexicon::SYNONYM),
            };
            let Some(next) = next else { break };
            end += next.len;
            modifiers.push(std::mem::replace(&mut hits, next));
        }
        // `attending doctor's name`: of what the key points to.
        if hits.tables.is_empty() && matches!(self.word(end), "name" | "names") {
            let to = |c: &ColumnOf<'a>| {
                let table = &c.column.references.as_ref()?.table;
                self.ground.contracts.keys().find(|t| t.source == c.table.source && t.table.as_str() == table.as_str())
            };
            let tables: Vec<&'a TableRef> = hits.columns.iter().filter_map(to).collect();
            let names = self.names(&tables);
            if tables.len() == hits.columns.len() && !names.is_empty() {
                hits.columns = names;
                end += 1;
            }
        }
        // `email of the customer`
        if hits.tables.is_empty()
            && let Some(of) = self.any(end, &["of", "in", "from"]).map(|i| self.article(i))
            && let Some(table) = self.hits(of).filter(|h| !h.tables.is_empty())
        {
            let own: Vec<_> = hits.columns.iter().filter(|c| table.tables.contains(&c.table)).copied().collect();
            if !own.is_empty() {
                hits.columns = own;
                end = of + table.len;
                modifiers.push(table);
            }
        }
        Some((Noun { tokens: at..end, hits, modifiers, values: Vec::new() }, end))
    }

    /// `name of the department`, `title of their manager`: what rows of a table, or of one in a role, are called by.
    fn name_of(&self, at: usize) -> Option<(Noun<'a>, usize)> {
        let token = self.tokens.get(at).filter(|t| matches!(t.key.as_str(), "name" | "title"))?;
        let of = self.article(self.any(at + 1, &["of", "of the"])?);
        let role = (1..=2).rev().find_map(|len| {
            let said: String = self.tokens.get(of..of + len)?.iter().map(|t| t.key.as_str()).collect();
            let role = self.lexicon.key(&format!("{said}{}", token.key), 1)?;
            let columns: Vec<_> = role.columns.into_iter().filter(|c| self.twice.get(c.table).is_some()).collect();
            (!columns.is_empty()).then_some((columns, of + len))
        });
        let (columns, end) = role.or_else(|| {
            let table = self.hits(of).filter(|h| !h.tables.is_empty())?;
            let own = table.tables.iter().filter_map(|t| self.lexicon.column_of(t, &token.key)).collect::<Vec<_>>();
            let own = if own.is_empty() && token.key == "name" { self.names(&table.tables) } else { own };
            Some((own, of + table.len))
        })?;
        let hits = Hits { len: end - at, tier: EXACT, tables: Vec::new(), columns };
        (!hits.columns.is_empty())
            .then_some((Noun { tokens: at..end, hits, modifiers: Vec::new(), values: Vec::new() }, end))
    }

    /// A table in one of its roles, by the word for the role alone: `manager`, `attending doctor`.
    pub fn role(&self, at: usize) -> Option<(Noun<'a>, usize)> {
        (1..=2).rev().find_map(|len| {
            let said: String = self.tokens.get(at..at + len)?.iter().map(|t| t.key.as_str()).collect();
            let tables: Vec<&'a TableRef> =
                self.twice.iter().filter(|(_, role)| role.said.concat() == said).map(|(table, _)| table).collect();
            let hits = Hits { len, tier: super::lexicon::SHORTENED, tables, columns: Vec::new() };
            let noun = Noun { tokens: at..at + len, hits, modifiers: Vec::new(), values: Vec::new() };
            (noun.hits.tables.len() == 1).then_some((noun, at + len))
        })
    }

    /// The columns that rows of these tables are called by.
    fn names(&self, tables: &[&'a TableRef]) -> Vec<ColumnOf<'a>> {
        let name = |table: &&'a TableRef| {
            let column = roles::name(self.ground.contracts.get(*table)?)?;
            Some(ColumnOf { table, column })
        };
        tables.iter().filter_map(name).collect()
    }

    /// What the words at `i` name, if they are not words that never name anything.
    pub fn hits(&self, i: usize) -> Option<Hits<'a>> {
        let token = self.tokens.get(i)?;
        if words::never_noun(&token.lower) {
            // `leave requests`, and a column that is called `value`, are what the contracts call exactly so.
            let exact = |h: &Hits<'a>| {
                h.tier == EXACT && (h.len > 1 || words::also_noun(&token.lower) || self.counts_units(i, h))
            };
            return self.lexicon.noun(&self.tokens, i).filter(exact);
        }
        self.lexicon
            .noun(&self.tokens, i)
            .or_else(|| if words::known(&token.lower) { None } else { self.lexicon.described(&self.tokens, i) })
            .or_else(|| if words::known(&token.lower) { None } else { self.lexicon.fuzzy(token) })
    }

    /// Whether the name of a unit of time is that of a column of numbers, and stands where no stretch of time would:
    /// `sick days per month`, not `last 30 days`.
    fn counts_units(&self, at: usize, hits: &Hits<'a>) -> bool {
        let plural = Unit::parse(self.word(at)).is_some() && self.word(at).ends_with('s');
        let numbers = hits.columns.iter().any(|c| roles::is_number(c.column));
        let before = at.checked_sub(1).map_or("", |i| self.word(i));
        let stretch = at > 0 && self.tokens[at - 1].kind == tokens::Kind::Number
            || ["last", "past", "previous", "in", "per", "by", "every", "each", "few", "within", "next"]
                .contains(&before)
            || super::recognise::NUMBERS.iter().any(|n| n.0 == before)
            || self
                .any(at + 1, &["between", "from", "since", "ago", "before", "after", "to", "until", "with", "without"])
                .is_some();
        plural && numbers && !stretch
    }

    /// Whether a phrase at `at` names columns, and not tables of which a column has a part of the name: `employees` beside
    /// `emp_no`.
    pub fn is_column(&self, at: usize, hits: &Hits<'a>) -> bool {
        let key = || self.tokens[at..at + hits.len].iter().map(|t| t.key.as_str()).collect::<String>();
        let own = |c: &ColumnOf<'_>| name_parts(&c.column.physical_name, c.column.name.as_str()).concat();
        hits.tables.is_empty() || hits.columns.iter().any(|c| own(c) == key())
    }

    /// `customers.phone`.
    fn dotted(&self, at: usize) -> Option<Noun<'a>> {
        let (table, column) = self.tokens.get(at)?.lower.split_once('.')?;
        let key = |text: &str| stem::parts(text).iter().map(|p| stem::noun(p)).collect::<String>();
        let table = self.lexicon.key(&key(table), 1)?;
        let columns: Vec<_> = table.tables.iter().filter_map(|t| self.lexicon.column_of(t, &key(column))).collect();
        if columns.is_empty() {
            return None;
        }
        let hits = Hits { len: 1, tier: table.tier, tables: Vec::new(), columns };
        Some(Noun { tokens: at..at + 1, hits, modifiers: vec![table], values: Vec::new() })
    }

    /// Values from `at` on, joined by commas, `and`, `or`.
    pub fn values(&self, at: usize) -> (Vec<Value<'a>>, usize) {
        let mut out = Vec::new();
        let mut end = at;
        let mut i = self.article(at);
        while let Some((len, of)) = self.lexicon.value(&self.tokens, i) {
            out.push(Value { tokens: i..i + len, of: of.to_vec() });
            end = i + len;
            let Some(next) = self.any(end, &[",", "and", "or", "nor"]) else { break };
            i = self.article(self.any(next, &["and", "or"]).unwrap_or(next));
        }
        (out, end)
    }
}
