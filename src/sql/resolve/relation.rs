//! What stands in FROM, and how names find their columns there.

use std::collections::BTreeSet;
use std::rc::Rc;

use sqlparser::ast::{Ident, ObjectName};
use sqlparser::tokenizer::Location;

use super::value::{ColumnType, Value};
use super::{Named, Resolver, joins};
use crate::sql::jinja::{REF_SCHEMA, SOURCE_SCHEMA};
use crate::vocabulary::{Diagnostic, Dialect, Name, Relation, TableRef, nearest};

/// Rows with columns: a table, a CTE, a subquery.
#[derive(Clone, Debug, Default)]
pub(super) struct Table {
    pub columns: Vec<Column>,
    pub keys: Vec<BTreeSet<String>>,
    pub open: bool,
    /// The join that repeats its rows, so that even `count(*)` counts too many.
    pub fan_out: Option<usize>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Column {
    pub name: String,
    pub value: Value,
    /// For `row_number() over (partition by …)`: the columns of the partition. Rows where it is 1 are one for each.
    pub partition: Option<BTreeSet<String>>,
}

/// A table under the name that a query gives it.
#[derive(Clone, Debug)]
pub(super) struct Rel {
    pub alias: String,
    pub table: Rc<Table>,
    /// Columns that `using` merged into those of an earlier table.
    pub hidden: BTreeSet<usize>,
    /// The join that repeats its rows.
    pub fan_out: Option<usize>,
    /// Its columns are null where an outer join finds nothing.
    pub outer: bool,
}

impl Rel {
    pub fn new(alias: &str, table: Rc<Table>) -> Rel {
        Rel { alias: alias.to_owned(), table, hidden: BTreeSet::new(), fan_out: None, outer: false }
    }

    pub fn position(&self, column: &str) -> Option<usize> {
        self.table.columns.iter().position(|c| c.name == column)
    }

    /// The value of its column.
    pub fn value(&self, column: usize) -> Value {
        let mut value = self.table.columns[column].value.clone();
        value.columns = 1;
        value.repeated = u32::from(self.fan_out.is_some() || value.repeated > 0);
        value.fan_out = self.fan_out.or(value.fan_out);
        value.literal = None;
        value
    }

    pub fn visible(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.table.columns.len()).filter(|i| !self.hidden.contains(i))
    }
}

/// What names can mean at one place.
#[derive(Debug, Default)]
pub(super) struct Env<'e> {
    pub rels: Vec<Rel>,
    /// Aliases of the select list.
    pub aliases: Vec<(String, Value)>,
    /// Where aliases may be used in every target (`group by`, `order by`).
    pub aliases_everywhere: bool,
    /// The query around this one.
    pub parent: Option<&'e Env<'e>>,
    /// The CTEs in reach.
    pub ctes: Option<&'e Ctes<'e>>,
    /// What is grouped by, where columns must be.
    pub grouping: Option<&'e super::grouping::Grouping>,
    /// Keys of the rows that all of `rels` make together.
    pub keys: Vec<joins::Key>,
    /// The same of a join in brackets that was read last.
    pub keys_of_nested: Vec<joins::Key>,
    /// The join that repeats rows here.
    pub fan_out: Option<usize>,
}

impl Env<'_> {
    fn same(&self, other: &Env<'_>) -> bool {
        std::ptr::eq(std::ptr::from_ref(self).cast::<()>(), std::ptr::from_ref(other).cast::<()>())
    }
}

/// CTEs, the inner before the outer.
#[derive(Debug, Default)]
pub(super) struct Ctes<'e> {
    pub tables: Vec<(String, Rc<Table>)>,
    pub parent: Option<&'e Ctes<'e>>,
}

impl Ctes<'_> {
    fn find(&self, name: &str) -> Option<Rc<Table>> {
        let mut level = Some(self);
        while let Some(ctes) = level {
            if let Some((_, table)) = ctes.tables.iter().rev().find(|(n, _)| n == name) {
                return Some(Rc::clone(table));
            }
            level = ctes.parent;
        }
        None
    }

    fn names(&self) -> Vec<&str> {
        let mut out = Vec::new();
        let mut level = Some(self);
        while let Some(ctes) = level {
            out.extend(ctes.tables.iter().map(|(n, _)| n.as_str()));
            level = ctes.parent;
        }
        out
    }
}

pub(super) fn lower(ident: &Ident) -> String {
    ident.value.to_ascii_lowercase()
}

/// An open table: it may have any column.
pub(super) fn anything() -> Rc<Table> {
    Rc::new(Table { open: true, ..Table::default() })
}

impl<'a, R: Named> Resolver<'a, R> {
    /// The table of a name in FROM, and the name it is known by.
    pub(super) fn table(&mut self, name: &ObjectName, ctes: Option<&Ctes<'_>>) -> (Rc<Table>, String) {
        let idents: Vec<&Ident> = name.0.iter().filter_map(|p| p.as_ident()).collect();
        let Some(last) = idents.last() else { return (anything(), String::new()) };
        let alias = lower(last);
        match idents.as_slice() {
            [one] if one.quote_style.is_none_or(|q| q != '\'') => {
                if let Some(table) = ctes.and_then(|c| c.find(&alias)) {
                    return (table, alias);
                }
            }
            [schema, table] => {
                if let Some(relation) = R::stand_in(&schema.value, &table.value) {
                    return (self.relation(&relation), alias);
                }
            }
            _ => {}
        }
        let known = ctes.map(Ctes::names).unwrap_or_default();
        let near = nearest(&alias, known);
        let fault = Diagnostic::error("unknown-relation", format!("there is no `{name}` in this query"));
        let fault = match (near.is_empty(), idents.len()) {
            (false, 1) => fault.next(format!("did you mean `{}`?", near.join("`, `"))),
            _ => fault
                .why("a table that is named directly has no place in the lineage, and differs between targets")
                .next("read models with `{{ ref('…') }}` and tables with `{{ source('…', '…') }}`"),
        };
        let width = name.to_string().chars().count();
        self.fault(fault, idents[0].span.start, width);
        (anything(), alias)
    }

    /// A relation of the scope; one that is not there was reported by its `ref` and may have any column.
    fn relation(&mut self, relation: &R) -> Rc<Table> {
        let scope = self.scope;
        let Some((relation, known)) = scope.relations.get_key_value(relation) else { return anything() };
        if let Some(table) = self.met.get(relation) {
            return Rc::clone(table);
        }
        let columns = known.columns.iter().map(|(name, ty)| {
            let id = self.interned.len() as u32;
            self.interned.push((relation, name.clone()));
            let value = Value { ty: *ty, sources: vec![id], columns: 1, ..Value::default() };
            Column { name: name.clone(), value, partition: None }
        });
        let columns = columns.collect();
        let table = Rc::new(Table { columns, keys: known.keys.clone(), open: known.open, fan_out: None });
        self.met.insert(relation, Rc::clone(&table));
        table
    }

    /// The value of a column's name.
    pub(super) fn name(&mut self, ident: &Ident, env: &Env<'_>) -> Value {
        let name = lower(ident);
        let first = env;
        let mut level = Some(env);
        let mut open = false;
        while let Some(env) = level {
            let mut hits = env.rels.iter().enumerate().filter_map(|(n, r)| {
                let i = r.position(&name)?;
                (!r.hidden.contains(&i)).then_some((n, r, i))
            });
            if let Some((n, rel, i)) = hits.next() {
                let value = rel.value(i);
                self.saw(ident.span.start, &value, rel, env.same(first).then_some(n));
                if let Some((_, other, _)) = hits.next() {
                    let fault = Diagnostic::error(
                        "ambiguous-column",
                        format!("`{name}` is in `{}` and in `{}`", rel.alias, other.alias),
                    )
                    .next(format!("write `{}.{name}` or `{}.{name}`", rel.alias, other.alias));
                    self.fault(fault, ident.span.start, name.chars().count());
                }
                self.grouped(ident, env);
                return value;
            }
            if let Some((_, value)) = env.aliases.iter().find(|(a, _)| *a == name) {
                let refusing = self.scope.dialects.iter().find(|d| matches!(d, Dialect::Postgres | Dialect::BigQuery));
                if let (Some(dialect), false) = (refusing, env.aliases_everywhere) {
                    let fault =
                        Diagnostic::error("alias-not-visible", format!("`{name}` is an alias of this same select"))
                            .why(format!("{} does not see it here", dialect.label()))
                            .next("repeat the expression, or put it in a CTE before");
                    self.fault(fault, ident.span.start, name.chars().count());
                }
                return value.clone();
            }
            open |= env.rels.iter().any(|r| r.table.open);
            level = env.parent;
        }
        if !open {
            let known = env.rels.iter().flat_map(|r| r.table.columns.iter().map(|c| c.name.as_str()));
            self.unknown_column(&name, None, known.collect(), ident.span.start, name.chars().count());
        }
        Value::default()
    }

    /// The value of `relation.column`; of `column.field` nothing is known.
    pub(super) fn qualified(&mut self, idents: &[Ident], env: &Env<'_>) -> Value {
        let [.., qualifier, column] = idents else { return Value::default() };
        let (alias, name) = (lower(qualifier), lower(column));
        let first = env;
        let mut level = Some(env);
        while let Some(env) = level {
            if let Some((n, rel)) = env.rels.iter().enumerate().find(|(_, r)| r.alias == alias) {
                let here = env.same(first).then_some(n);
                if let Some(i) = rel.position(&name) {
                    let value = rel.value(i);
                    self.saw(idents[0].span.start, &value, rel, here);
                    self.grouped(column, env);
                    return value;
                }
                if !rel.table.open {
                    let known = rel.table.columns.iter().map(|c| c.name.as_str()).collect();
                    self.unknown_column(&name, Some(&alias), known, column.span.start, name.chars().count());
                }
                self.saw(idents[0].span.start, &Value::default(), rel, here);
                return Value::default();
            }
            level = env.parent;
        }
        let first = &idents[0];
        let is_column = |r: &Rel| r.position(&lower(first)).is_some() || r.table.open;
        let mut level = Some(env);
        while let Some(env) = level {
            if env.rels.iter().any(is_column) {
                return env
                    .rels
                    .iter()
                    .find_map(|r| r.position(&lower(first)).map(|i| r.value(i)))
                    .unwrap_or_default()
                    .typed(ColumnType::Unknown);
            }
            level = env.parent;
        }
        let near = nearest(&alias, env.rels.iter().map(|r| r.alias.as_str()));
        let fault = Diagnostic::error("unknown-relation", format!("there is no `{alias}` here to take `{name}` from"));
        let known: Vec<&str> = env.rels.iter().map(|r| r.alias.as_str()).collect();
        let next = if near.is_empty() { format!("in reach: `{}`", known.join("`, `")) } else { did_you_mean(&near) };
        self.fault(fault.next(next), qualifier.span.start, alias.chars().count());
        Value::default()
    }

    fn unknown_column(&mut self, name: &str, alias: Option<&str>, known: Vec<&str>, at: Location, width: usize) {
        let near = nearest(name, known.iter().copied());
        let what = match alias {
            Some(alias) => format!("`{alias}` has no column `{name}`"),
            None => format!("there is no column `{name}`"),
        };
        let fault = Diagnostic::error("unknown-column", what);
        let fault = match (near.is_empty(), known.len()) {
            (false, _) => fault.next(did_you_mean(&near)),
            (true, 0) => fault,
            (true, _) => {
                let shown: Vec<&str> = known.iter().copied().take(12).collect();
                let more = if known.len() > shown.len() { ", …" } else { "" };
                fault.next(format!("there are `{}`{more}", shown.join("`, `")))
            }
        };
        self.fault(fault, at, width);
    }
}

fn did_you_mean(near: &[&str]) -> String {
    format!("did you mean `{}`?", near.join("`, `"))
}

impl Named for Relation {
    fn stand_in(schema: &str, table: &str) -> Option<Relation> {
        if schema == REF_SCHEMA {
            return Name::parse(table).ok().map(Relation::Model);
        }
        let source = Name::parse(schema.strip_prefix(SOURCE_SCHEMA)?).ok()?;
        Some(Relation::Table(TableRef { source, table: Name::parse(table).ok()? }))
    }
}

/// The place of a node in its project: `dbt_ref__12.orders`.
impl Named for u32 {
    fn stand_in(schema: &str, _table: &str) -> Option<u32> {
        schema.strip_prefix(REF_SCHEMA)?.parse().ok()
    }
}
