//! What a query can read, and what it comes to.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::Hash;
use std::sync::Arc;

use sqlparser::ast::Expr;

use super::column_type::ColumnType;
use super::facts::Facts;
use crate::vocabulary::{DataType, Dialect, Relation};

/// What names a relation: by [`Relation`] in what Pipewright writes, by the place of a node in any other project.
pub trait Named: Clone + Ord + Hash {
    /// The relation that rendered SQL names as `schema`.`table`.
    fn stand_in(schema: &str, table: &str) -> Option<Self>;
}

/// What a query can read, by relation.
#[derive(Clone, Debug)]
pub struct Scope<R = Relation> {
    /// Tables of sources and models.
    pub relations: BTreeMap<R, Arc<ScopeRelation>>,
    /// The targets, for rules that differ between them.
    pub dialects: Vec<Dialect>,
}

impl<R> Default for Scope<R> {
    fn default() -> Scope<R> {
        Scope { relations: BTreeMap::new(), dialects: Vec::new() }
    }
}

/// A table or model that can be read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ScopeRelation {
    /// Its columns in order.
    pub columns: Vec<(String, ColumnType)>,
    /// Sets of columns that tell its rows apart; empty where none is known.
    pub keys: Vec<BTreeSet<String>>,
    /// The same with columns that it does not have: without them rows are not told apart.
    pub short_keys: Vec<BTreeSet<String>>,
    /// It may have columns beyond these.
    pub open: bool,
    /// Columns that are meant only where the relation is named with them.
    pub hidden: BTreeSet<String>,
    /// Whether a column can be null, where that is known.
    pub nullable: BTreeMap<String, bool>,
    /// Columns of rows that a join in its query repeats, or that many look up.
    pub repeated: BTreeMap<String, FanOut>,
    /// Columns of whole numbers that have 32 bits at most.
    pub short: BTreeSet<String>,
    /// Of several versions of a row one was chosen.
    pub settled: bool,
}

/// What a query gives.
#[derive(Clone, Debug, PartialEq)]
pub struct Resolved<R = Relation> {
    /// Its columns in order.
    pub columns: Vec<OutputColumn<R>>,
    /// Sets of columns that tell its rows apart, as far as that can be shown.
    pub keys: Vec<BTreeSet<String>>,
    /// The same with columns that were left out.
    pub short_keys: Vec<BTreeSet<String>>,
    /// It may have columns beyond these: it reads `*` of something unknown.
    pub open: bool,
    /// What decides which rows there are, over the whole query: filters, joins, groups, orders with a limit.
    pub reads: BTreeSet<Lineage<R>>,
    /// Whether rows are aggregated anywhere in it.
    pub aggregates: bool,
    /// The join that repeats its rows.
    pub repeats: Option<FanOut>,
    /// Of several versions of a row one was chosen.
    pub settled: bool,
    /// What was noticed on the way, for rules.
    pub facts: Facts,
}

impl<R> Default for Resolved<R> {
    fn default() -> Resolved<R> {
        Resolved {
            columns: Vec::new(),
            keys: Vec::new(),
            short_keys: Vec::new(),
            open: false,
            reads: BTreeSet::new(),
            aggregates: false,
            repeats: None,
            settled: false,
            facts: Facts::default(),
        }
    }
}

/// A column of a query.
#[derive(Clone, Debug, PartialEq)]
pub struct OutputColumn<R = Relation> {
    /// Its name in lower case; empty where the query gives it none.
    pub name: String,
    /// What it holds.
    pub column_type: ColumnType,
    /// Whether it can be null, where that is known.
    pub nullable: Option<bool>,
    /// A whole number of 32 bits at most, for sure.
    pub short: bool,
    /// The join that repeats the rows it is of, or in which many look one up.
    pub repeated: Option<FanOut>,
    /// The columns that its values are made from, and how.
    pub sources: BTreeSet<Lineage<R>>,
}

impl<R> OutputColumn<R> {
    /// Its type, where that is the same in every target.
    pub fn data_type(&self) -> Option<DataType> {
        self.column_type.exact()
    }
}

/// A column that a result depends on, and how.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Lineage<R = Relation> {
    /// The table or model.
    pub relation: R,
    /// Its column.
    pub column: String,
    /// How the result depends on it.
    pub usage: Usage,
}

/// How a result depends on a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Usage {
    /// Its values are in the result.
    Value,
    /// It decides which rows are in.
    Filter,
    /// It decides which rows meet.
    Join,
    /// It decides which rows are put together.
    Group,
    /// It decides which come first.
    Order,
    /// A window is cut or ordered by it.
    Window,
}

/// A join that repeats the rows of what it is joined to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FanOut {
    /// What is joined.
    pub joined: String,
    /// The columns of it that are held equal.
    pub on: BTreeSet<String>,
    /// Columns that would tell its rows apart.
    pub keys: Vec<BTreeSet<String>>,
    /// Byte offset in the SQL as written, and how many bytes.
    pub at: (usize, usize),
    /// The columns of the other side that an inner join holds equal.
    pub held: BTreeSet<String>,
    /// Rows that are one each on what is held equal.
    pub of_one: bool,
    /// Many rows look one of what is joined up; else those are what is repeated.
    pub looked_up: bool,
    /// What is looked up is something that happened, with a moment and others that took part, and no list of prices.
    pub of_event: bool,
    /// It is in the query of another node.
    pub elsewhere: bool,
}

impl FanOut {
    /// Whether it is of an array, a row for each of its elements.
    pub fn is_of_elements(&self) -> bool {
        self.on.is_empty() && (self.keys.is_empty() || self.elsewhere)
    }

    /// Whether an expression is that column of what is joined.
    pub(super) fn is_of(&self, expr: &Expr, column: &str) -> bool {
        match expr {
            Expr::Nested(inner) => self.is_of(inner, column),
            Expr::Identifier(name) => name.value.eq_ignore_ascii_case(column),
            Expr::CompoundIdentifier(parts) => {
                let [.., of, name] = parts.as_slice() else { return false };
                (self.elsewhere || of.value.eq_ignore_ascii_case(&self.joined))
                    && name.value.eq_ignore_ascii_case(column)
            }
            _ => false,
        }
    }
}

/// What a lone expression is.
#[derive(Clone, Debug, PartialEq)]
pub struct Checked {
    /// What it holds.
    pub column_type: ColumnType,
    /// The columns that it is made from.
    pub columns: BTreeSet<String>,
    /// Whether it has an aggregate.
    pub aggregates: bool,
    /// Whether it has a window function.
    pub windows: bool,
    /// Whether it has a query of its own.
    pub subquery: bool,
}
