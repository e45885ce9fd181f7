//! Whether two rendered queries say the same but for white space, comments, case and the numbers of nodes.

use super::pairs::Pairs;
use crate::dbt::Node;
use crate::dbt::{Body, NodeId};
use crate::sql::jinja::REF_SCHEMA;

/// Whether a node's own query was left alone.
pub(super) fn same_query(base: &Node, head: &Node, pairs: &Pairs) -> bool {
    match (&base.body, &head.body) {
        (Body::Sql { full: a, incremental: x }, Body::Sql { full: b, incremental: y }) => {
            same(&a.sql, &b.sql, pairs)
                && match (x, y) {
                    (Some(x), Some(y)) => same(&x.sql, &y.sql, pairs),
                    (None, None) => true,
                    _ => false,
                }
        }
        (Body::Columns { .. }, Body::Columns { .. }) => base.text == head.text,
        (Body::Unknown(a), Body::Unknown(b)) => base.text == head.text && a.what == b.what,
        _ => false,
    }
}

fn same(base: &str, head: &str, pairs: &Pairs) -> bool {
    let (mut a, mut b) = (Tokens::of(base), Tokens::of(head));
    loop {
        match (a.next(), b.next()) {
            (None, None) => return true,
            (Some(x), Some(y)) if same_node(x, y, pairs) => {
                // What it is called in the database is for the database.
                for tokens in [&mut a, &mut b] {
                    tokens.nth(1);
                }
            }
            (Some(x), Some(y)) if !x.starts_with(REF_SCHEMA) && (x == y || same_word(x, y)) => {}
            _ => return false,
        }
    }
}

fn same_word(a: &str, b: &str) -> bool {
    !a.starts_with(['\'', '"', '`', '$']) && a.eq_ignore_ascii_case(b)
}

/// `dbt_ref__12` here and `dbt_ref__13` there are one node under two numbers.
fn same_node(a: &str, b: &str, pairs: &Pairs) -> bool {
    let number = |word: &str| word.strip_prefix(REF_SCHEMA)?.parse::<NodeId>().ok();
    match (number(a), number(b)) {
        (Some(a), Some(b)) => pairs.head_of.get(a as usize).copied().flatten() == Some(b),
        _ => false,
    }
}

/// Words, quoted texts and single signs, without white space and comments.
struct Tokens<'a> {
    rest: &'a str,
}

impl<'a> Tokens<'a> {
    fn of(sql: &'a str) -> Tokens<'a> {
        Tokens { rest: sql }
    }

    fn skip(&mut self) {
        loop {
            self.rest = self.rest.trim_start();
            let end = if self.rest.starts_with("--") {
                self.rest.find('\n').map_or(self.rest.len(), |i| i + 1)
            } else if self.rest.starts_with("/*") {
                self.rest.find("*/").map_or(self.rest.len(), |i| i + 2)
            } else {
                return;
            };
            self.rest = &self.rest[end..];
        }
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        self.skip();
        let first = self.rest.chars().next()?;
        let is_word = |c: char| c.is_alphanumeric() || c == '_' || c == '.';
        let len = if matches!(first, '\'' | '"' | '`') {
            self.rest[1..].find(first).map_or(self.rest.len(), |i| i + 2)
        } else if first.is_alphanumeric() || first == '_' {
            // `schema.table` is two words and a sign between them, a number with a point is one.
            let word = |c: char| if first.is_ascii_digit() { is_word(c) } else { is_word(c) && c != '.' };
            self.rest.find(|c| !word(c)).unwrap_or(self.rest.len())
        } else {
            first.len_utf8()
        };
        let (token, rest) = self.rest.split_at(len);
        self.rest = rest;
        Some(token)
    }
}
