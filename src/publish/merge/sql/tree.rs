//! The pieces of a dbt model and where each stands: prelude, queries, CTEs. What a query is made of is in `clauses`.

use super::super::parts::digest;
use super::lex::{Kind, Token, inside, lex, norm, tag};

/// How the parts of a piece are held apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Sep {
    /// By white space: clauses of a query. Their order is their rank's.
    None,
    /// By commas.
    Comma,
    /// By `and`.
    And,
    /// By a set operator.
    Set(String),
    /// It is a whole of a fixed shape: a CTE is a name and a query.
    Fixed,
}

/// What a piece is, for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    Document,
    Statement,
    Query,
    With,
    Cte,
    Name,
    Core,
    Clause,
    Item,
    Relation,
    Condition,
    Part,
}

/// A piece, from its first token to its last.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub what: What,
    /// What it is called among its siblings.
    pub key: String,
    pub start: usize,
    pub end: usize,
    pub sep: Sep,
    /// Where it stands among clauses.
    pub rank: usize,
    pub kids: Vec<Node>,
    /// Its tokens as they count, without comments, up to [`SHOWN`] of them.
    pub shown: String,
    /// All of them, in few bytes.
    pub code: u64,
    /// The same with comments.
    pub full: u64,
}

impl Node {
    pub fn text<'t>(&self, text: &'t str) -> &'t str {
        &text[self.start..self.end]
    }
}

/// A text in pieces.
#[derive(Debug)]
pub(super) struct Tree {
    pub text: String,
    pub tokens: Vec<Token>,
    pub root: Node,
}

/// Reads a text; none where it is no model that is understood.
pub(super) fn read(text: &str) -> Option<Tree> {
    let tokens = lex(text)?;
    let mut reader = Reader::of_tokens(text, &tokens);
    reader.pairs = reader.brackets()?;
    let root = reader.document(0, reader.code.len())?;
    Some(Tree { text: text.to_owned(), root, tokens })
}

pub(super) struct Reader<'t> {
    pub text: &'t str,
    pub tokens: &'t [Token],
    /// Tokens that are no comments.
    pub code: Vec<usize>,
    /// Those as they count.
    pub words: Vec<String>,
    /// All tokens as they count, in few bytes.
    said: Vec<u64>,
    /// For each opening bracket the one that closes it; also for `case`, its `end`.
    pub pairs: Vec<usize>,
    depth: usize,
}

/// A piece within pieces is not written out once for each of them.
const SHOWN: usize = 2_000;

/// Queries in queries beyond this are read as one piece.
const DEEPEST: usize = 40;

impl<'t> Reader<'t> {
    fn of_tokens(text: &'t str, tokens: &'t [Token]) -> Reader<'t> {
        let mut reader =
            Reader { text, tokens, code: Vec::new(), words: Vec::new(), said: Vec::new(), pairs: Vec::new(), depth: 0 };
        for (i, token) in tokens.iter().enumerate() {
            let word = norm(token.kind, reader.of(i));
            reader.said.push(digest(&word));
            if token.kind != Kind::Comment {
                reader.code.push(i);
                reader.words.push(word);
            }
        }
        reader
    }

    pub fn of(&self, token: usize) -> &str {
        &self.text[self.tokens[token].start..self.tokens[token].end]
    }

    pub fn word(&self, i: usize) -> &str {
        self.words.get(i).map_or("", String::as_str)
    }

    pub fn kind(&self, i: usize) -> Option<Kind> {
        self.code.get(i).map(|t| self.tokens[*t].kind)
    }

    pub fn is(&self, i: usize, word: &str) -> bool {
        self.word(i) == word
    }

    fn brackets(&self) -> Option<Vec<usize>> {
        let mut pairs = vec![0; self.words.len()];
        let mut open: Vec<(usize, &str)> = Vec::new();
        for (i, word) in self.words.iter().enumerate() {
            match word.as_str() {
                "(" => open.push((i, ")")),
                "[" => open.push((i, "]")),
                "{" => open.push((i, "}")),
                "case" => open.push((i, "end")),
                ")" | "]" | "}" => {
                    let (from, close) = open.pop()?;
                    if close != word {
                        return None;
                    }
                    pairs[from] = i;
                }
                "end" => {
                    if let Some((from, "end")) = open.last().copied() {
                        open.pop();
                        pairs[from] = i;
                    }
                }
                _ => {}
            }
        }
        open.is_empty().then_some(pairs)
    }

    /// Tokens of a range that stand in no bracket of it.
    pub fn outer(&self, from: usize, to: usize) -> impl Iterator<Item = usize> + '_ {
        let mut next = from;
        std::iter::from_fn(move || {
            let i = next;
            next = if i < to && self.pairs[i] > i { self.pairs[i] + 1 } else { i + 1 };
            (i < to).then_some(i)
        })
    }

    /// A piece over a range of tokens, none of it empty.
    pub fn node(
        &self,
        what: What,
        key: impl Into<String>,
        from: usize,
        to: usize,
        sep: Sep,
        kids: Vec<Node>,
    ) -> Option<Node> {
        if from >= to || to > self.code.len() {
            return None;
        }
        let start = self.tokens[self.code[from]].start;
        let mut last = self.code[to - 1];
        // A comment behind the last part of a list is that part's.
        if !kids.is_empty() && sep != Sep::Fixed {
            let ends = self.tokens[last].end;
            let next = self.tokens.get(last + 1).filter(|t| t.kind == Kind::Comment);
            if next.is_some_and(|t| self.text[t.start..].starts_with("--") && !self.text[ends..t.start].contains('\n'))
            {
                last += 1;
            }
        }
        let full = digest(&self.said[self.code[from]..=last]);
        let end = self.tokens[last].end.max(kids.last().map_or(0, |k| k.end));
        let code = digest(self.code[from..to].iter().map(|t| self.said[*t]).collect::<Vec<_>>());
        let shown = self.words[from..to.min(from + SHOWN)].join(" ");
        Some(Node { what, key: key.into(), start, end, sep, rank: 0, kids, shown, code, full })
    }

    pub fn leaf(&self, what: What, key: impl Into<String>, from: usize, to: usize) -> Option<Node> {
        self.node(what, key, from, to, Sep::None, Vec::new())
    }

    /// What a file holds: statements of Jinja, then a query, or nothing but one block.
    fn document(&mut self, from: usize, to: usize) -> Option<Node> {
        let is_jinja = |r: &Self, i: usize| matches!(r.kind(i), Some(Kind::Print | Kind::Block));
        let mut kids: Vec<Node> = Vec::new();
        let (mut lo, mut hi) = (from, to);
        while lo < hi && is_jinja(self, lo) {
            lo += 1;
        }
        while hi > lo && (self.kind(hi - 1) == Some(Kind::Block) || self.is(hi - 1, ";")) {
            hi -= 1;
        }
        for i in from..lo {
            kids.push(Node { rank: 0, ..self.statement(i)? });
        }
        if lo < hi {
            kids.push(Node { rank: 1, ..self.query(lo, hi)? });
        }
        for i in hi..to {
            kids.push(Node { rank: 2, ..self.statement(i)? });
        }
        self.node(What::Document, "", from, to, Sep::None, kids)
    }

    fn statement(&self, i: usize) -> Option<Node> {
        let text = self.of(self.code[i]);
        let words: Vec<&str> = tag(text).take(2).collect();
        let called = match words.as_slice() {
            ["config", ..] => "config".to_owned(),
            [word @ ("set" | "snapshot" | "macro" | "test" | "call"), name] => format!("{word} {name}"),
            _ => self.words[i].clone(),
        };
        let mut node = self.leaf(What::Statement, called, i, i + 1)?;
        // What a block encloses is pieces where it is a query.
        if self.kind(i) == Some(Kind::Block)
            && let Some((from, to)) = inside(text)
            && let Some(inner) = read(&text[from..to])
        {
            let mut inner = inner.root;
            inner.shift(node.start + from);
            node.kids = vec![inner];
            node.sep = Sep::Fixed;
        }
        Some(node)
    }

    pub fn query(&mut self, from: usize, to: usize) -> Option<Node> {
        self.depth += 1;
        let node = if self.depth > DEEPEST { self.leaf(What::Query, "", from, to) } else { self.any_query(from, to) };
        self.depth -= 1;
        node
    }

    fn any_query(&mut self, from: usize, to: usize) -> Option<Node> {
        let (mut kids, mut at) = (Vec::new(), from);
        if self.is(at, "with") {
            let (with, next) = self.with(at, to)?;
            kids.push(with);
            at = next;
        }
        let tail = self.outer(at, to).find(|i| {
            (self.is(*i, "order") && self.is(i + 1, "by")) || ["limit", "offset", "fetch"].contains(&self.word(*i))
        });
        let end = tail.unwrap_or(to);
        let operators: Vec<usize> = self.outer(at, end).filter(|i| self.is_set_operator(*i)).collect();
        let body_from = at;
        let mut cores = Vec::new();
        let mut operator = String::new();
        for (n, stop) in operators.iter().copied().chain([end]).enumerate() {
            let core = self.core(at, stop)?;
            cores.push(core);
            if n < operators.len() {
                at = stop + 1;
                while ["all", "distinct", "by", "name"].contains(&self.word(at)) {
                    at += 1;
                }
                let this = self.words[stop..at].join(" ");
                if n > 0 && this != operator {
                    return None;
                }
                operator = this;
            }
        }
        let body = self.node(What::Core, "", body_from, end, Sep::Set(operator), cores)?;
        kids.push(Node { rank: 1, ..body });
        if let Some(mut at) = tail {
            while at < to {
                let next = self.outer(at + 1, to).find(|i| ["limit", "offset", "fetch"].contains(&self.word(*i)));
                let stop = next.unwrap_or(to);
                let (rank, node) = match self.word(at) {
                    "order" => (2, self.list("order by", at, at + 2, stop)?),
                    word => (3, self.leaf(What::Clause, word, at, stop)?),
                };
                kids.push(Node { rank, ..node });
                at = stop;
            }
        }
        self.node(What::Query, "", from, to, Sep::None, kids)
    }

    fn is_set_operator(&self, i: usize) -> bool {
        match self.word(i) {
            "union" | "intersect" | "minus" => true,
            // `select * except (a)` leaves columns out.
            "except" => !(i > 0 && self.is(i - 1, "*")),
            _ => false,
        }
    }

    fn with(&mut self, from: usize, to: usize) -> Option<(Node, usize)> {
        let mut at = from + 1 + usize::from(self.is(from + 1, "recursive"));
        let mut kids = Vec::new();
        loop {
            let first = at;
            let name = self.leaf(What::Name, "", at, at + 1)?;
            at += 1;
            if self.is(at, "(") {
                at = self.pairs[at] + 1;
            }
            if !self.is(at, "as") {
                return None;
            }
            at += 1;
            while ["not", "materialized"].contains(&self.word(at)) {
                at += 1;
            }
            if !self.is(at, "(") || self.pairs[at] >= to {
                return None;
            }
            let close = self.pairs[at];
            let query = self.query(at + 1, close)?;
            at = close + 1;
            let key = self.words[first].clone();
            kids.push(self.node(What::Cte, key, first, at, Sep::Fixed, vec![name, query])?);
            if !self.is(at, ",") {
                break;
            }
            at += 1;
        }
        Some((self.node(What::With, "with", from, at, Sep::Comma, kids)?, at))
    }
}

impl Node {
    fn shift(&mut self, by: usize) {
        self.start += by;
        self.end += by;
        self.kids.iter_mut().for_each(|k| k.shift(by));
    }
}
