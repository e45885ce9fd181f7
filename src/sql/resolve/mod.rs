//! Names and types of a query: what its columns are called, what they hold, and what they were made from.
//!
//! Unknown is an answer: a function that nobody here knows gives an unknown type, never an error. What is said to be
//! wrong is wrong in every target.

mod expr;
mod facts;
mod functions;
mod grouping;
mod joins;
mod keys;
mod query;
mod relation;
mod value;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::Hash;
use std::sync::Arc;

use sqlparser::ast;
use sqlparser::tokenizer::Location;

use super::jinja::Rendered;
use super::parse::Parsed;
use super::text::Text;
use crate::vocabulary::{DataType, Diagnostic, Dialect, Relation};
pub use facts::{Fact, Facts, SeenColumn};
pub(super) use grouping::aggregates;
use relation::{Column, Env, Rel, Table};
pub use value::ColumnType;
use value::Value;

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
    /// It may have columns beyond these.
    pub open: bool,
    /// Columns that are meant only where the relation is named with them.
    pub hidden: BTreeSet<String>,
}

/// What a query gives.
#[derive(Clone, Debug, PartialEq)]
pub struct Resolved<R = Relation> {
    /// Its columns in order.
    pub columns: Vec<OutputColumn<R>>,
    /// Sets of columns that tell its rows apart, as far as that can be shown.
    pub keys: Vec<BTreeSet<String>>,
    /// It may have columns beyond these: it reads `*` of something unknown.
    pub open: bool,
    /// What decides which rows there are, over the whole query: filters, joins and groups.
    pub reads: BTreeSet<Lineage<R>>,
    /// Whether rows are aggregated anywhere in it.
    pub aggregates: bool,
    /// The join that repeats its rows.
    pub repeats: Option<FanOut>,
    /// What was noticed on the way.
    pub facts: Facts<R>,
}

impl<R> Default for Resolved<R> {
    fn default() -> Resolved<R> {
        Resolved {
            columns: Vec::new(),
            keys: Vec::new(),
            open: false,
            reads: BTreeSet::new(),
            aggregates: false,
            repeats: None,
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
    /// The columns that its values are made from.
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

/// Resolves a query.
///
/// # Errors
/// Every name that is not there and every clash of known types, placed in `text`.
pub fn resolve<R: Named>(
    text: &Text<'_>,
    rendered: &Rendered,
    parsed: &Parsed,
    scope: &Scope<R>,
) -> Result<Resolved<R>, Vec<Diagnostic>> {
    let (resolved, found) = understand(text, rendered, parsed, scope);
    if found.is_empty() { Ok(resolved) } else { Err(found) }
}

/// Resolves a query as far as that goes, with every name that is not there and every clash of known types.
pub fn understand<R: Named>(
    text: &Text<'_>,
    rendered: &Rendered,
    parsed: &Parsed,
    scope: &Scope<R>,
) -> (Resolved<R>, Vec<Diagnostic>) {
    let mut resolver = Resolver::new(text, rendered, scope);
    let table = resolver.query(&parsed.query, None, None);
    let lineage = |resolver: &Resolver<'_, R>, source: u32, usage: Usage| {
        let (relation, column) = &resolver.interned[source as usize];
        Lineage { relation: (*relation).clone(), column: column.clone(), usage }
    };
    let columns = table.columns.iter().map(|c| OutputColumn {
        name: c.name.clone(),
        column_type: c.value.ty,
        sources: c.value.sources.iter().map(|s| lineage(&resolver, *s, Usage::Value)).collect(),
    });
    let resolved = Resolved {
        columns: columns.collect(),
        keys: table.keys.clone(),
        open: table.open,
        reads: resolver.reads.iter().map(|(u, s)| lineage(&resolver, *s, *u)).collect(),
        aggregates: resolver.aggregates,
        repeats: table.fan_out.and_then(|id| resolver.fan_outs.get(id).cloned()),
        facts: resolver.facts(),
    };
    (resolved, resolver.found)
}

/// Resolves one expression over the columns of named relations. Columns that are in several must be qualified.
///
/// # Errors
/// Every name that is not there and every clash of known types, placed in `text`.
pub fn check_expression(
    text: &Text<'_>,
    expr: &ast::Expr,
    relations: &[(&str, &ScopeRelation)],
    dialects: &[Dialect],
) -> Result<Checked, Vec<Diagnostic>> {
    let rendered = Rendered::plain(text.sql);
    let scope = Scope { relations: BTreeMap::new(), dialects: dialects.to_vec() };
    let mut resolver = Resolver::new(text, &rendered, &scope);
    let row = Relation::Model(crate::vocabulary::Name::from_text("row", "model"));
    let mut env = Env::default();
    for (name, relation) in relations {
        let mut table = Table { open: relation.open, ..Table::default() };
        for (column, ty) in &relation.columns {
            let id = resolver.interned.len() as u32;
            resolver.interned.push((&row, column.clone()));
            let value = Value { ty: *ty, sources: vec![id], columns: 1, ..Value::default() };
            table.columns.push(Column { name: column.clone(), value, partition: None });
        }
        let mut rel = Rel::new(name, table.into());
        rel.hidden = relation.hidden.iter().filter_map(|column| rel.position(column)).collect();
        env.rels.push(rel);
    }
    let value = resolver.expr(expr, &env);
    let checked = Checked {
        column_type: value.ty,
        columns: value.sources.iter().map(|s| resolver.interned[*s as usize].1.clone()).collect(),
        aggregates: super::parse::any_expression(expr, functions::is_aggregate),
        windows: super::parse::any_expression(expr, |e| matches!(e, ast::Expr::Function(f) if f.over.is_some())),
        subquery: super::parse::any_expression(expr, |e| {
            matches!(e, ast::Expr::Subquery(_) | ast::Expr::Exists { .. } | ast::Expr::InSubquery { .. })
        }),
    };
    resolver.finish(checked)
}

/// Walks a query and gathers what it finds.
struct Resolver<'a, R> {
    text: &'a Text<'a>,
    rendered: &'a Rendered,
    scope: &'a Scope<R>,
    interned: Vec<(&'a R, String)>,
    /// Tables of the scope that were met.
    met: HashMap<&'a R, std::rc::Rc<Table>>,
    found: Vec<Diagnostic>,
    reads: BTreeSet<(Usage, u32)>,
    fan_outs: Vec<FanOut>,
    aggregates: bool,
    columns: HashMap<(u64, u64), SeenColumn>,
    noted: Vec<Fact>,
}

impl<'a, R: Named> Resolver<'a, R> {
    fn new(text: &'a Text<'a>, rendered: &'a Rendered, scope: &'a Scope<R>) -> Resolver<'a, R> {
        Resolver {
            text,
            rendered,
            scope,
            interned: Vec::new(),
            met: HashMap::new(),
            found: Vec::new(),
            reads: BTreeSet::new(),
            fan_outs: Vec::new(),
            aggregates: false,
            columns: HashMap::new(),
            noted: Vec::new(),
        }
    }

    fn finish<T>(self, value: T) -> Result<T, Vec<Diagnostic>> {
        if self.found.is_empty() { Ok(value) } else { Err(self.found) }
    }

    fn fault(&mut self, diagnostic: Diagnostic, at: Location, width: usize) {
        let place = self.rendered.place(self.text, at.line.max(1) as usize, at.column.max(1) as usize, width);
        let diagnostic = diagnostic.at(place);
        if !self.found.contains(&diagnostic) {
            self.found.push(diagnostic);
        }
    }

    fn read(&mut self, usage: Usage, value: &Value) {
        self.reads.extend(value.sources.iter().map(|s| (usage, *s)));
    }
}
