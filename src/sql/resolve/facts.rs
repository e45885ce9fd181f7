//! What is noticed while a query is resolved, for whoever looks at it afterwards: what each column that stands in it
//! is, and what was learnt of its windows.

use std::collections::HashMap;

use sqlparser::tokenizer::Location;

use super::Resolver;
use super::column_type::ColumnType;
use super::relation::Rel;
use super::value::Value;

/// What was noticed in a query. Places are lines and columns of the rendered SQL, as the parser counts them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facts {
    /// Columns by where they stand.
    columns: HashMap<(u64, u64), SeenColumn>,
    /// The rest, in the order of reading.
    pub noted: Vec<Fact>,
}

/// A column that stands in an expression.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SeenColumn {
    /// What it holds.
    pub column_type: ColumnType,
    /// Whether it can be null, where that is known.
    pub nullable: Option<bool>,
    /// Whether no two rows of its table have the same, where keys of it are known.
    pub unique: Option<bool>,
    /// Where it stands among the relations of its FROM; none where it is of a query around this one.
    pub relation: Option<u16>,
}

/// One thing that was noticed.
#[derive(Clone, Debug, PartialEq)]
pub enum Fact {
    /// `row_number()`, `first_value(…)`, `last_value(…)`, a total over a window; a `distinct on` with an order, by its `select`.
    Numbered {
        /// Where it stands.
        at: Location,
        /// Whether partition and order tell every row apart; none where no key is known.
        total: Option<bool>,
    },
    /// A relation of which a join takes each row several times, by the keys that are known.
    Repeated {
        /// Where it stands.
        at: Location,
    },
    /// Rows that are counted behind a join that repeats some of them.
    Counted {
        /// Where the call stands.
        at: Location,
        /// The relations of the FROM that are not repeated.
        of: Vec<usize>,
    },
    /// A quotient or an average of whole numbers that loses its fraction.
    CutOff {
        /// Where what it is divided by starts; of an average where the call does.
        at: Location,
    },
    /// A relation with several versions of what it is joined for, by columns that the join leaves aside.
    Versions {
        /// Where it stands.
        at: Location,
        /// The columns that tell the versions apart.
        by: Vec<String>,
        /// Their names say so.
        named: bool,
    },
    /// A relation that nothing ties to what stands before it.
    Untied {
        /// Where it stands.
        at: Location,
        /// A key that both sides have.
        shared: Option<String>,
    },
    /// A column that a set operation makes a text of, although one side has none.
    Mixed {
        /// Where the lower side starts.
        at: Location,
        /// Its name.
        column: String,
        /// What the upper side has.
        above: ColumnType,
        /// What the lower side has.
        here: ColumnType,
    },
}

impl Facts {
    /// What the column at a place is.
    pub fn column(&self, at: Location) -> Option<SeenColumn> {
        self.columns.get(&(at.line, at.column)).copied()
    }
}

impl<R> Resolver<'_, R> {
    /// Notes what a column's name means.
    pub(super) fn saw(&mut self, at: Location, value: &Value, rel: &Rel, name: &str, at_rel: Option<usize>) {
        let relation = at_rel.and_then(|i| u16::try_from(i).ok());
        let keys = &rel.table.keys;
        let unique = (!keys.is_empty()).then(|| keys.iter().any(|k| k.len() == 1 && k.contains(name)));
        let seen = SeenColumn { column_type: value.ty, nullable: value.nullable, unique, relation };
        self.columns.insert((at.line, at.column), seen);
    }

    /// All of it.
    pub(super) fn facts(&mut self) -> Facts {
        Facts { columns: std::mem::take(&mut self.columns), noted: std::mem::take(&mut self.noted) }
    }
}
