//! The pieces of one query: clauses, select items, joins, conditions.

use super::lex::{Kind, inside};
use super::tree::{Node, Reader, Sep, What};

const JOINS: &[&str] = &[
    "anti",
    "asof",
    "cross",
    "full",
    "global",
    "inner",
    "join",
    "lateral",
    "left",
    "natural",
    "outer",
    "positional",
    "right",
    "semi",
];
const COMPARISONS: &[&str] =
    &["!=", "<", "<=", "<>", "=", ">", ">=", "between", "ilike", "in", "is", "like", "not", "rlike", "similar"];

const SELECT: usize = 0;
const FROM: usize = 1;
const JOIN: usize = 2;
const WHERE: usize = 3;
const GROUP: usize = 4;
const HAVING: usize = 5;
const QUALIFY: usize = 6;
const WINDOW: usize = 7;
const LAST: usize = 8;

impl Reader<'_> {
    /// One query without CTEs and set operators.
    pub fn core(&mut self, from: usize, to: usize) -> Option<Node> {
        if self.is(from, "(") && self.pairs[from] + 1 == to {
            let query = self.query(from + 1, to - 1)?;
            let key = query.shown.clone();
            return self.node(What::Core, key, from, to, Sep::Fixed, vec![query]);
        }
        if !self.is(from, "select") {
            if !["from", "values", "table"].contains(&self.word(from)) {
                return None;
            }
            let key = self.words.get(from..to)?.join(" ");
            return self.leaf(What::Core, key, from, to);
        }
        let starts: Vec<(usize, usize)> =
            self.outer(from, to).filter_map(|i| self.clause_rank(from, i).map(|rank| (i, rank))).collect();
        let (mut kids, mut key): (Vec<Node>, String) = (Vec::new(), String::new());
        for (n, (at, rank)) in starts.iter().copied().enumerate() {
            let stop = starts.get(n + 1).map_or(to, |s| s.0);
            let node = self.clause(at, stop, rank)?;
            if rank == FROM {
                key = node.kids.first().map_or(String::new(), |k| k.key.clone());
            }
            kids.push(Node { rank, ..node });
        }
        self.node(What::Core, key, from, to, Sep::None, kids)
    }

    /// The rank of the clause that opens at a token.
    fn clause_rank(&self, first: usize, i: usize) -> Option<usize> {
        let before = |n: usize| i.checked_sub(n).map_or("", |j| self.word(j));
        match self.word(i) {
            "select" if i == first => Some(SELECT),
            // `a is distinct from b` compares.
            "from" => (!(before(1) == "distinct" && ["is", "not"].contains(&before(2)))).then_some(FROM),
            word if JOINS.contains(&word) && i > first && !(JOINS.contains(&before(1)) && before(1) != "lateral") => {
                let mut at = i;
                while JOINS.contains(&self.word(at)) && !self.is(at, "join") {
                    at += 1;
                }
                self.is(at, "join").then_some(JOIN)
            }
            "where" => Some(WHERE),
            "group" if self.is(i + 1, "by") => Some(GROUP),
            "having" => Some(HAVING),
            "qualify" => Some(QUALIFY),
            "window" if self.is(i + 2, "as") => Some(WINDOW),
            _ if self.kind(i) == Some(Kind::Block) => {
                let text = self.of(self.code[i]);
                let (from, to) = inside(text)?;
                match text[from..to].split_whitespace().next()?.to_lowercase().as_str() {
                    "where" => Some(WHERE),
                    "group" => Some(GROUP),
                    "having" => Some(HAVING),
                    "qualify" => Some(QUALIFY),
                    "order" | "limit" => Some(LAST),
                    word if JOINS.contains(&word) => Some(JOIN),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    fn clause(&mut self, at: usize, stop: usize, rank: usize) -> Option<Node> {
        if self.kind(at) == Some(Kind::Block) {
            return self.leaf(What::Clause, self.word(at), at, stop);
        }
        match rank {
            SELECT => {
                let mut first = at + 1;
                if ["distinct", "all"].contains(&self.word(first)) {
                    first += 1;
                    if self.is(first, "on") && self.is(first + 1, "(") {
                        first = self.pairs[first + 1] + 1;
                    }
                }
                self.list("select", at, first, stop)
            }
            FROM => self.list("from", at, at + 1, stop),
            JOIN => self.join(at, stop),
            GROUP => self.list("group by", at, at + 2, stop),
            WINDOW => self.leaf(What::Clause, "window", at, stop),
            _ => self.conditions(at, at + 1, stop),
        }
    }

    /// A clause of parts between commas.
    pub fn list(&mut self, key: &str, at: usize, first: usize, stop: usize) -> Option<Node> {
        let commas: Vec<usize> = self.outer(first, stop).filter(|i| self.is(*i, ",")).collect();
        let (mut kids, mut from) = (Vec::new(), first);
        for (n, to) in commas.iter().copied().chain([stop]).enumerate() {
            // A comma may stand behind the last.
            if from == to && n == commas.len() && n > 0 {
                break;
            }
            kids.push(match key {
                "select" => self.leaf(What::Item, self.item_key(from, to), from, to)?,
                "from" => self.relation(from, to)?,
                _ => self.leaf(What::Part, self.words.get(from..to)?.join(" "), from, to)?,
            });
            from = to + 1;
        }
        self.node(What::Clause, key, at, stop, Sep::Comma, kids)
    }

    /// The name that a select item gives its column.
    fn item_key(&self, from: usize, to: usize) -> String {
        if from >= to {
            return String::new();
        }
        let last = self.word(to.saturating_sub(1));
        let named = self.kind(to - 1).is_some_and(|k| matches!(k, Kind::Word | Kind::Quoted)) && last != "end";
        let before = if to > from + 1 { self.word(to - 2) } else { "" };
        let implicit = || {
            let kind = self.kind(to - 2);
            !before.is_empty() && (before == ")" || before == "end" || matches!(kind, Some(Kind::Word | Kind::Quoted)))
        };
        if named && (to == from + 1 || before == "as" || before == "." || implicit()) {
            return last.trim_matches(['"', '`']).to_lowercase();
        }
        self.words.get(from..to).unwrap_or_default().join(" ")
    }

    fn relation(&mut self, from: usize, to: usize) -> Option<Node> {
        let key = match to - from {
            0 => return None,
            1 => self.words[from].clone(),
            _ => self.word(to - 1).to_owned(),
        };
        if self.is(from, "(") && ["select", "with"].contains(&self.word(from + 1)) {
            let query = self.query(from + 1, self.pairs[from])?;
            return self.node(What::Relation, key, from, to, Sep::Fixed, vec![query]);
        }
        self.leaf(What::Relation, key, from, to)
    }

    fn join(&mut self, at: usize, stop: usize) -> Option<Node> {
        let on = self.outer(at, stop).find(|i| self.is(*i, "on") || self.is(*i, "using")).unwrap_or(stop);
        let joined = self.outer(at, on).find(|i| self.is(*i, "join"))? + 1;
        let alias = self.word(on.checked_sub(1)?).to_owned();
        let mut kids = vec![self.leaf(What::Part, self.words.get(at..on)?.join(" "), at, on)?];
        if on < stop && self.is(on, "on") {
            kids.push(Node { rank: 1, ..self.conditions(on, on + 1, stop)? });
        } else if on < stop {
            kids.push(Node { rank: 1, ..self.leaf(What::Clause, "using", on, stop)? });
        }
        kids[0].key = "joined".into();
        let key = format!("join {}", if on > joined { alias } else { String::new() });
        self.node(What::Relation, key, at, stop, Sep::None, kids)
    }

    /// A clause of conditions that all hold.
    fn conditions(&mut self, at: usize, first: usize, stop: usize) -> Option<Node> {
        let (mut ands, mut between, mut or) = (Vec::new(), false, false);
        for i in self.outer(first, stop) {
            match self.word(i) {
                "between" => between = true,
                "and" if between => between = false,
                "and" => ands.push(i),
                "or" => or = true,
                _ => {}
            }
        }
        if or {
            ands.clear();
        }
        let (mut kids, mut from) = (Vec::new(), first);
        for to in ands.into_iter().chain([stop]) {
            let compared = self.outer(from, to).find(|i| COMPARISONS.contains(&self.word(*i))).map_or(to, |i| i + 1);
            let key = self.words.get(from..compared)?.join(" ");
            kids.push(self.leaf(What::Condition, key, from, to)?);
            from = to + 1;
        }
        let key = self.words[at].clone();
        self.node(What::Clause, key, at, stop, Sep::And, kids)
    }
}
