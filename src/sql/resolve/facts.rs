//! What is noticed while a query is resolved, for whoever looks at it afterwards: what each column that stands in it
//! is, and what was learnt of its joins and windows.

use std::collections::HashMap;

use sqlparser::tokenizer::Location;

use super::Resolver;
use super::column_type::ColumnType;
use super::relation::Rel;
use super::value::Value;

/// What was noticed in a query. Places are lines and columns of the rendered SQL, as the parser counts them.
#[derive(Clone, Debug, PartialEq)]
pub struct Facts<R> {
    /// Columns by where they stand.
    columns: HashMap<(u64, u64), SeenColumn>,
    /// The relations' columns that [`SeenColumn::source`] points to.
    sources: Vec<(R, String)>,
    /// The rest, in the order of reading.
    pub noted: Vec<Fact>,
}

impl<R> Default for Facts<R> {
    fn default() -> Facts<R> {
        Facts { columns: HashMap::new(), sources: Vec::new(), noted: Vec::new() }
    }
}

/// A column that stands in an expression.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SeenColumn {
    /// What it holds.
    pub column_type: ColumnType,
    /// It is null where an outer join finds nothing.
    pub outer: bool,
    /// Where it stands among the relations of its FROM; none where it is of a query around this one.
    pub relation: Option<u16>,
    /// The only column that it is made from.
    source: Option<u32>,
}

/// One thing that was noticed.
#[derive(Clone, Debug, PartialEq)]
pub enum Fact {
    /// Two sides were joined.
    Joined {
        /// Where the joined relation stands.
        at: Location,
        /// How wide that is.
        width: usize,
        /// What it is called.
        joined: String,
        /// How many columns are held equal.
        equal: usize,
        /// Whether what is joined has at most one row for each of the left; none where no key of it is known.
        right_unique: Option<bool>,
        /// The same the other way round.
        left_unique: Option<bool>,
    },
    /// `row_number()`.
    Numbered {
        /// Where it stands.
        at: Location,
        /// Whether partition and order tell every row apart; none where no key is known.
        total: Option<bool>,
    },
}

impl<R> Facts<R> {
    /// What the column at a place is.
    pub fn column(&self, at: Location) -> Option<SeenColumn> {
        self.columns.get(&(at.line, at.column)).copied()
    }

    /// The only column of a relation that a column is made from.
    pub fn source(&self, column: SeenColumn) -> Option<(&R, &str)> {
        self.sources.get(column.source? as usize).map(|(relation, name)| (relation, name.as_str()))
    }
}

impl<R: Clone> Resolver<'_, R> {
    /// Notes what a column's name means.
    pub(super) fn saw(&mut self, at: Location, value: &Value, rel: &Rel, relation: Option<usize>) {
        let source = if let [only] = value.sources.as_slice() { Some(only.0) } else { None };
        let relation = relation.and_then(|i| u16::try_from(i).ok());
        let seen = SeenColumn { column_type: value.ty, outer: rel.outer, relation, source };
        self.columns.insert((at.line, at.column), seen);
    }

    /// All of it.
    pub(super) fn facts(&mut self) -> Facts<R> {
        Facts {
            columns: std::mem::take(&mut self.columns),
            sources: self
                .interned
                .iter()
                .map(|(r, name)| (self.relations[*r as usize].clone(), name.clone()))
                .collect(),
            noted: std::mem::take(&mut self.noted),
        }
    }
}
