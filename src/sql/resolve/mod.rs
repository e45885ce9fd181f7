//! Names and types of a query: what its columns are called, what they hold, and what they were made from.
//!
//! Unknown is an answer: a function that nobody here knows gives an unknown type, never an error. What is said to be
//! wrong is wrong in every target. The gate reads what must run on several targets and is strict ([`resolve`]); any
//! other project is read as it is ([`understand`]).

mod access;
mod call;
mod column_type;
mod date_parts;
mod essential;
mod expr;
mod factor;
mod facts;
mod from;
mod grouping;
mod joins;
mod keys;
mod left_out;
mod matches;
mod measures;
mod names;
mod operators;
mod pivot;
mod projection;
mod query;
mod relation;
mod result;
mod rows;
mod select;
mod setops;
mod spread;
mod value;
mod versions;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

use sqlparser::ast;
use sqlparser::tokenizer::Location;

use super::jinja::Rendered;
use super::parse::Parsed;
use super::text::Text;
use crate::vocabulary::{Diagnostic, Dialect, Relation};
pub use column_type::ColumnType;
pub use facts::{Fact, Facts, SeenColumn};
pub(super) use grouping::aggregates;
use relation::{Column, Env, Rel, Table};
pub use result::{Checked, FanOut, Lineage, Named, OutputColumn, Resolved, Scope, ScopeRelation, Usage};
use value::Value;
pub use versions::{begins as begins_version, ends as ends_version};

/// Expressions and queries that are walked at most: those that are resolved again and again within each other stop.
const MOST_STEPS: u32 = 2_000_000;
/// Faults that are told of one query.
const MOST_FAULTS: usize = 50;

/// Resolves a query that must run on every target of the scope.
///
/// # Errors
/// Every name that is not there and every clash of known types, placed in `text`.
pub fn resolve<R: Named>(
    text: &Text<'_>,
    rendered: &Rendered,
    parsed: &Parsed,
    scope: &Scope<R>,
) -> Result<Resolved<R>, Vec<Diagnostic>> {
    let (resolved, found) = walk(text, rendered, parsed, scope, true);
    if found.is_empty() { Ok(resolved) } else { Err(found) }
}

/// Resolves a query as far as that goes, with what is wrong with it in its one dialect: a table that is not in the
/// scope may have any column, and what the dialect converts by itself is no clash.
pub fn understand<R: Named>(
    text: &Text<'_>,
    rendered: &Rendered,
    parsed: &Parsed,
    scope: &Scope<R>,
) -> (Resolved<R>, Vec<Diagnostic>) {
    walk(text, rendered, parsed, scope, false)
}

fn walk<R: Named>(
    text: &Text<'_>,
    rendered: &Rendered,
    parsed: &Parsed,
    scope: &Scope<R>,
    strict: bool,
) -> (Resolved<R>, Vec<Diagnostic>) {
    let mut resolver = Resolver::new(text, rendered, scope, strict);
    let table = resolver.query(&parsed.query, None, None);
    if resolver.steps > MOST_STEPS {
        let what = "the query repeats itself in itself too often to be followed";
        let fault = Diagnostic::error("sql-too-deep", what).at(rendered.place(text, 1, 1, 1));
        return (Resolved { open: true, ..Resolved::default() }, vec![fault]);
    }
    let lineage = |(source, usage): (u32, Usage)| {
        let (relation, column) = &resolver.interned[source as usize];
        Lineage { relation: resolver.relations[*relation as usize].clone(), column: column.clone(), usage }
    };
    let columns = table.columns.iter().map(|c| OutputColumn {
        name: c.name.clone(),
        column_type: c.value.ty,
        nullable: c.value.nullable,
        short: c.value.short,
        repeated: (c.value.fan_out.filter(|_| c.value.repeated > 0).or(c.value.looked_up))
            .and_then(|id| resolver.fan_outs.get(id).cloned()),
        sources: c.value.sources.iter().map(|s| lineage(*s)).collect(),
    });
    let resolved = Resolved {
        columns: columns.collect(),
        keys: table.keys.iter().filter(|k| !left_out::is_short(k)).cloned().collect(),
        short_keys: table.keys.iter().filter(|k| left_out::is_short(k)).cloned().collect(),
        open: table.open,
        reads: resolver.reads.iter().map(|s| lineage(*s)).collect(),
        aggregates: resolver.aggregates,
        repeats: table.fan_out.and_then(|id| resolver.fan_outs.get(id).cloned()),
        settled: table.settled,
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
    let mut resolver = Resolver::new(text, &rendered, &scope, true);
    resolver.relations.push(Relation::Model(crate::vocabulary::Name::from_text("row", "model")));
    let mut env = Env::default();
    for (name, relation) in relations {
        let mut table = Table { open: relation.open, ..Table::default() };
        for (column, ty) in &relation.columns {
            let id = resolver.interned.len() as u32;
            resolver.interned.push((0, column.clone()));
            let sources = vec![(id, Usage::Value)];
            let value = Value { ty: *ty, sources, columns: 1, ..Value::default() };
            table.columns.push(Column { name: column.clone(), value, partition: None });
        }
        let mut rel = Rel::new(name, table.into());
        rel.hidden = relation.hidden.iter().filter_map(|column| rel.position(column)).collect();
        env.rels.push(rel);
    }
    let value = resolver.expr(expr, &env);
    let checked = Checked {
        column_type: value.ty,
        columns: value.sources.iter().map(|s| resolver.interned[s.0 as usize].1.clone()).collect(),
        aggregates: super::parse::any_expression(expr, call::is_aggregate),
        windows: super::parse::any_expression(expr, |e| matches!(e, ast::Expr::Function(f) if f.over.is_some())),
        subquery: super::parse::any_expression(expr, |e| {
            matches!(e, ast::Expr::Subquery(_) | ast::Expr::Exists { .. } | ast::Expr::InSubquery { .. })
        }),
    };
    if resolver.found.is_empty() { Ok(checked) } else { Err(resolver.found) }
}

/// Walks a query and gathers what it finds.
struct Resolver<'a, R> {
    text: &'a Text<'a>,
    rendered: &'a Rendered,
    scope: &'a Scope<R>,
    /// Whether what it reads must run on every target.
    strict: bool,
    /// The dialect, where there is one only.
    dialect: Option<Dialect>,
    relations: Vec<R>,
    /// Columns of relations, by place in `relations`.
    interned: Vec<(u32, String)>,
    /// Columns that nobody declared, of relations that may have any.
    undeclared: HashMap<(u32, String), u32>,
    /// Tables of the scope that were met.
    met: HashMap<R, Rc<Table>>,
    found: Vec<Diagnostic>,
    columns: HashMap<(u64, u64), SeenColumn>,
    noted: Vec<Fact>,
    reads: BTreeSet<(u32, Usage)>,
    fan_outs: Vec<FanOut>,
    /// Values that a join repeats: which finding it is, and which join.
    told: Vec<(usize, usize)>,
    aggregates: bool,
    steps: u32,
}

impl<'a, R: Named> Resolver<'a, R> {
    fn new(text: &'a Text<'a>, rendered: &'a Rendered, scope: &'a Scope<R>, strict: bool) -> Resolver<'a, R> {
        Resolver {
            text,
            rendered,
            scope,
            strict,
            dialect: if let [only] = scope.dialects.as_slice() { Some(*only) } else { None },
            relations: Vec::new(),
            interned: Vec::new(),
            undeclared: HashMap::new(),
            met: HashMap::new(),
            found: Vec::new(),
            columns: HashMap::new(),
            noted: Vec::new(),
            reads: BTreeSet::new(),
            fan_outs: Vec::new(),
            told: Vec::new(),
            aggregates: false,
            steps: 0,
        }
    }

    fn fault(&mut self, diagnostic: Diagnostic, at: Location, width: usize) {
        if self.found.len() >= MOST_FAULTS {
            return;
        }
        let place = self.rendered.place(self.text, at.line.max(1) as usize, at.column.max(1) as usize, width);
        let diagnostic = diagnostic.at(place);
        if !self.found.contains(&diagnostic) {
            self.found.push(diagnostic);
        }
    }

    /// Counts a step; whether there may be more.
    fn step(&mut self) -> bool {
        self.steps = self.steps.saturating_add(1);
        self.steps <= MOST_STEPS
    }

    fn read(&mut self, usage: Usage, value: &Value) {
        self.reads.extend(value.sources.iter().map(|(s, _)| (*s, usage)));
    }

    /// Whether it is read for this dialect.
    fn reads_as(&self, dialects: &[Dialect]) -> bool {
        self.dialect.is_some_and(|d| dialects.contains(&d))
    }
}
