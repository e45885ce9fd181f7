//! Fingerprints of queries: numbers that are alike where two queries give the same, however they are written. Names
//! are followed through CTEs, subqueries and aliases; white space, comments, the order of conditions and the names in
//! between leave no trace. Alike is proof as far as a hash can be; other is none: two ways to say one thing may differ.
//!
//! A [`Print`] has two sides: `own` knows what is read by its name only, `deep` by what that is made of in turn, down
//! to sources and seeds. So a change further up is told from one in the query itself, and a rename from both.

mod equal;
mod expr;
mod from;
mod select;
#[cfg(test)]
mod tests;

use std::rc::Rc;

use sqlparser::ast::Query;

use super::parse::Parsed;
pub use expr::type_name;

/// What something is, as numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Print {
    /// By the names of what is read.
    pub own: u64,
    /// By what that is made of.
    pub deep: u64,
}

/// The fingerprints of a table: of what a query gives, or of what it reads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Printed {
    /// Its columns in order, by name in lower case.
    pub columns: Vec<(String, Print)>,
    /// Which rows there are.
    pub rows: Print,
    /// It may have other columns.
    pub open: bool,
    /// Positions of columns that tell its rows apart.
    pub keys: Vec<Vec<usize>>,
    /// The first table that it is made from, whatever is done to it; none known by default.
    pub origin: Print,
}

/// What a query can read, by the number of a node: what it is called on either side of a change, and what it gives.
pub type Tables<'a> = dyn Fn(u32) -> Option<(&'a str, &'a Printed)> + 'a;

/// The fingerprints of a query.
pub fn fingerprint<'a>(parsed: &Parsed, tables: &'a Tables<'a>) -> Printed {
    let printer = Printer { tables, steps: std::cell::Cell::new(0) };
    let table = printer.query(&parsed.query, None, None);
    if printer.steps.get() >= MOST_STEPS {
        return Printed { rows: as_written(&parsed.query), open: true, ..Printed::default() };
    }
    let place = |print: &Print| table.columns.iter().position(|c| c.1 == *print);
    let keys = table.keys.iter().filter_map(|key| key.iter().map(place).collect::<Option<Vec<usize>>>());
    Printed {
        keys: keys.filter(|k| !k.is_empty()).collect(),
        columns: table.columns.clone(),
        rows: table.rows,
        open: table.rest.is_some(),
        origin: table.origin,
    }
}

impl Print {
    /// Of a word.
    pub fn of(text: &str) -> Print {
        let hash =
            text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x100_0000_01b3));
        Print::both(stir(hash, text.len() as u64))
    }

    /// Known by `self` where it stands, made of what `deep` is made of.
    fn known_as(self, deep: Print) -> Print {
        Print { own: self.own, deep: deep.deep }
    }

    fn both(hash: u64) -> Print {
        Print { own: hash, deep: hash }
    }

    /// Of several things in their order, told apart from others of another kind.
    pub fn mix(kind: &str, parts: &[Print]) -> Print {
        parts
            .iter()
            .fold(Print::of(kind), |all, part| Print { own: stir(all.own, part.own), deep: stir(all.deep, part.deep) })
    }

    /// The same in whatever order.
    pub fn set(kind: &str, parts: impl IntoIterator<Item = Print>) -> Print {
        parts.into_iter().fold(Print::of(kind), |all, part| all.and(Print::mix("one", &[part])))
    }

    /// Adds a thing of which the order does not matter, and not either what stands together with what.
    fn and(self, other: Print) -> Print {
        Print { own: self.own.wrapping_add(other.own), deep: self.deep.wrapping_add(other.deep) }
    }

    /// Of anything.
    pub fn hash(of: impl std::hash::Hash) -> Print {
        use std::hash::{DefaultHasher, Hasher};
        let mut hasher = DefaultHasher::new();
        of.hash(&mut hasher);
        Print::both(hasher.finish())
    }
}

/// Two numbers into one, every bit into every other.
fn stir(a: u64, b: u64) -> u64 {
    let mut x = a.rotate_left(23) ^ b.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 32)).wrapping_mul(0xd6e8_feb8_6659_fd93);
    x = (x ^ (x >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x ^ (x >> 32)
}

/// Expressions that are looked at, counted each time; a query that takes more is known as it is written.
const MOST_STEPS: u32 = 1_000_000;

struct Printer<'a> {
    tables: &'a Tables<'a>,
    steps: std::cell::Cell<u32>,
}

/// Rows with columns.
#[derive(Clone, Debug, Default)]
struct Table {
    columns: Vec<(String, Print)>,
    rows: Print,
    /// What stands for columns that are not known by name; none where all are.
    rest: Option<Print>,
    /// Sets of columns that tell rows apart, by their prints.
    keys: Vec<Vec<Print>>,
    /// As in [`Printed::origin`].
    origin: Print,
}

/// A table under a name.
#[derive(Clone, Debug)]
struct Rel {
    alias: String,
    table: Rc<Table>,
    /// What a join does to its values: a left join can make them null.
    wrap: Option<Print>,
    /// Columns that `using` merged into those of an earlier table.
    hidden: Vec<String>,
}

/// CTEs in reach.
#[derive(Default)]
struct Ctes<'e> {
    tables: Vec<(String, Rc<Table>)>,
    parent: Option<&'e Ctes<'e>>,
}

/// What names mean at one place.
#[derive(Default)]
struct Env<'e> {
    rels: Vec<Rel>,
    rows: Print,
    keys: Vec<Vec<Print>>,
    /// The select whose aliases can be named.
    select: Option<&'e sqlparser::ast::Select>,
    /// Those that were met; none while one is worked out.
    aliases: std::cell::RefCell<Vec<(String, Option<Print>)>>,
    ctes: Option<&'e Ctes<'e>>,
    parent: Option<&'e Env<'e>>,
}

impl Rel {
    fn wrapped(&self, print: Print) -> Print {
        self.wrap.map_or(print, |wrap| Print::mix("wrapped", &[print, wrap]))
    }

    fn find(&self, name: &str) -> Option<Print> {
        let found = self.table.columns.iter().find(|(n, _)| n == name)?;
        Some(self.wrapped(found.1))
    }

    /// A column that is not known by name.
    fn unlisted(&self, name: &str) -> Option<Print> {
        let rest = self.table.rest?;
        Some(self.wrapped(Print::mix("unlisted", &[rest, Print::of(name)])))
    }
}

impl Ctes<'_> {
    fn find(&self, name: &str) -> Option<Rc<Table>> {
        let found = self.tables.iter().rev().find(|(n, _)| n == name);
        found.map(|(_, t)| Rc::clone(t)).or_else(|| self.parent?.find(name))
    }
}

/// Of a query that is not taken apart: as it is written.
fn as_written(query: &Query) -> Print {
    Print::hash(query)
}
