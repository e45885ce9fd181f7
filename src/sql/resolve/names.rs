//! How names find their tables and columns.

use std::collections::HashSet;
use std::rc::Rc;

use sqlparser::ast::{Expr, Ident, ObjectName, SelectItem};
use sqlparser::tokenizer::Location;

use super::column_type::ColumnType;
use super::relation::{Column, Ctes, Env, Rel, Table, anything, lower};
use super::value::Value;
use super::{Named, Resolver, Usage};
use crate::sql::jinja::{REF_SCHEMA, SOURCE_SCHEMA, UNKNOWN};
use crate::vocabulary::{Diagnostic, Dialect, Name, Relation, TableRef, nearest};

impl<R: Named> Resolver<'_, R> {
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
                    return (self.relation(relation), alias);
                }
            }
            _ => {}
        }
        if !self.strict {
            return (anything(), alias);
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
    fn relation(&mut self, relation: R) -> Rc<Table> {
        if let Some(table) = self.met.get(&relation) {
            return Rc::clone(table);
        }
        let base = self.relations.len() as u32;
        self.relations.push(relation.clone());
        let scope = self.scope;
        let known = scope.relations.get(&relation);
        let mut table = Table { open: known.is_none_or(|k| k.open), base: Some(base), ..Table::default() };
        if let Some(known) = known {
            table.keys = known.keys.iter().chain(&known.short_keys).cloned().collect();
            table.settled = known.settled;
            table.columns.reserve(known.columns.len());
            let mut met = HashSet::with_capacity(known.columns.len());
            for (name, ty) in &known.columns {
                let id = self.interned.len() as u32;
                self.interned.push((base, name.clone()));
                let fan_out = known.repeated.get(name).map(|fan_out| {
                    self.fan_outs.push(fan_out.clone());
                    self.fan_outs.len() - 1
                });
                let is_looked_up = known.repeated.get(name).is_some_and(|f| f.looked_up);
                let (looked_up, fan_out) = if is_looked_up { (fan_out, None) } else { (None, fan_out) };
                let value = Value {
                    ty: *ty,
                    repeated: u32::from(fan_out.is_some()),
                    fan_out,
                    looked_up,
                    sources: vec![(id, Usage::Value)],
                    columns: 1,
                    nullable: known.nullable.get(name).copied(),
                    short: known.short.contains(name),
                    ..Value::default()
                };
                // Names that differ in their letters' case only: which one is meant, nobody here can tell.
                if !met.insert(name.as_str())
                    && let Some(first) = table.columns.iter_mut().find(|c| c.name == *name)
                {
                    first.value = first.value.clone().either(&value);
                }
                table.columns.push(Column { name: name.clone(), value, partition: None });
            }
        }
        let table = Rc::new(table);
        self.met.insert(relation, Rc::clone(&table));
        table
    }

    /// The value of a column that nobody declared, of something that may have any.
    fn undeclared(&mut self, rel: &Rel, name: &str) -> Value {
        let mut value = Value { columns: 1, nullable: rel.outer.then_some(true), ..Value::default() };
        value.repeated = u32::from(rel.fan_out.is_some());
        value.fan_out = rel.fan_out;
        if let Some(of) = &rel.table.of {
            value.sources.clone_from(&of.sources);
        }
        if let Some(base) = rel.table.base {
            let next = self.interned.len() as u32;
            let id = *self.undeclared.entry((base, name.to_owned())).or_insert(next);
            if id == next {
                self.interned.push((base, name.to_owned()));
            }
            value.sources.push((id, Usage::Value));
        }
        value
    }

    /// The value of a column's name.
    pub(super) fn name(&mut self, ident: &Ident, env: &Env<'_>) -> Value {
        let name = lower(ident);
        if let Some(place) = place_of(&name).filter(|_| !self.strict) {
            let rel = env.rels.first().filter(|r| place < r.table.columns.len());
            return rel.map(|r| r.value(place)).unwrap_or_default();
        }
        // What dbt declares in the script of an incremental run on BigQuery.
        let declared = name == "_dbt_max_partition" && self.reads_as(&[Dialect::BigQuery]);
        if (name.starts_with(UNKNOWN) || declared) && !self.strict {
            return Value::default();
        }
        let first = env;
        let mut level = Some(env);
        let mut open: Option<(&Rel, bool)> = None;
        while let Some(env) = level {
            if let Some((_, ty)) = env.parameters.iter().rev().find(|(p, _)| *p == name) {
                return Value::default().typed(*ty);
            }
            let mut hits = env.rels.iter().enumerate().filter_map(|(n, r)| {
                let i = r.position(&name)?;
                (!r.hidden.contains(&i)).then_some((n, r, i))
            });
            if let Some((n, rel, i)) = hits.next() {
                // The elements of an array go by the name that it is given, whatever columns are called.
                let element = |(_, r, _): &(usize, &Rel, usize)| r.alias == name;
                if self.reads_as(&[Dialect::BigQuery])
                    && let Some((_, rel, i)) = std::iter::once((n, rel, i)).chain(hits.clone()).find(element)
                {
                    return rel.value(i);
                }
                if open.is_some() && !self.strict {
                    // Something nearer may have it too: nobody knows.
                    return Value { columns: 1, ..Value::default() };
                }
                let other = hits.next();
                // What the select gives under that name goes before several of the same.
                let given = || env.aliases.iter().find(|(a, _)| *a == name && env.aliases_everywhere && !self.strict);
                if let Some((_, value)) = other.and_then(|_| given()) {
                    return value.clone();
                }
                if let Some(parts) = other.and_then(|_| env.selected(&name)).filter(|_| !self.strict) {
                    return self.qualified(parts, env);
                }
                let value = rel.value(i);
                self.saw(ident.span.start, &value, rel, &name, env.same(first).then_some(n));
                // Snowflake takes the first of tables that `using` brings together.
                if let Some((_, other, _)) = other.filter(|_| !(env.using && self.reads_as(&[Dialect::Snowflake]))) {
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
            // Where no alias is seen, a table that may have any column has this one.
            let hidden =
                (self.blind_to_aliases(env) || env.joins) && env.rels.iter().any(|r| r.table.open) && !self.strict;
            if let Some((_, value)) = env.aliases.iter().find(|(a, _)| *a == name && !hidden) {
                let value = value.clone();
                self.alias_seen(ident, &name, env);
                return value;
            }
            if let Some(value) = (!hidden).then(|| self.ahead(&name, env)).flatten() {
                self.alias_seen(ident, &name, env);
                return value;
            }
            if let Some(rel) = env.rels.iter().find(|r| r.alias == name && !self.strict) {
                // A function of PostgreSQL that gives one value goes by the name of its table.
                return match rel.table.columns.as_slice() {
                    [one] if one.name == "value" && self.reads_as(&[Dialect::Postgres]) => rel.value(0),
                    _ => whole_row(rel),
                };
            }
            let mut candidates = env.rels.iter().filter(|r| r.table.open);
            open = match (open, candidates.next()) {
                (None, Some(rel)) => Some((rel, candidates.next().is_none())),
                (earlier, _) => earlier,
            };
            level = env.parent;
        }
        match open {
            Some((rel, true)) => return self.undeclared(rel, &name),
            Some((_, false)) => {
                return Value { columns: 1, ..Value::default() };
            }
            None => {}
        }
        // A function that is called without brackets.
        if name == "sysdate" && self.reads_as(&[Dialect::Redshift]) && !self.strict {
            return Value::of(self.returned(&name, &[]));
        }
        let known = env.rels.iter().flat_map(|r| r.table.columns.iter().map(|c| c.name.as_str()));
        self.unknown_column(&name, None, known.collect(), ident.span.start, name.chars().count());
        Value::default()
    }

    /// Whether aliases of a select are not seen here, in one of the dialects.
    fn blind_to_aliases(&self, env: &Env<'_>) -> bool {
        self.refusing().is_some() && !env.aliases_everywhere
    }

    /// A dialect that sees no alias in its own select.
    fn refusing(&self) -> Option<Dialect> {
        let blind = match self.strict {
            true => [Dialect::Postgres, Dialect::BigQuery].as_slice(),
            false => &[Dialect::Postgres, Dialect::BigQuery, Dialect::MySql],
        };
        self.scope.dialects.iter().find(|d| blind.contains(d)).copied()
    }

    /// That an alias is used in its own select, where not every target sees it.
    fn alias_seen(&mut self, ident: &Ident, name: &str, env: &Env<'_>) {
        if let (Some(dialect), false) = (self.refusing(), env.aliases_everywhere) {
            let fault = Diagnostic::error("alias-not-visible", format!("`{name}` is an alias of this same select"))
                .why(format!("{} does not see it here", dialect.label()))
                .next("repeat the expression, or put it in a CTE before");
            self.fault(fault, ident.span.start, name.chars().count());
        }
    }

    /// The value of an alias that the select list gives further on, without a word on what is wrong in it: that is
    /// said once, in the select list.
    fn ahead(&mut self, name: &str, env: &Env<'_>) -> Option<Value> {
        let select = env.ahead?;
        let expr = select.projection.iter().find_map(|item| match item {
            SelectItem::ExprWithAlias { expr, alias } if alias.value.eq_ignore_ascii_case(name) => {
                let plain = matches!(expr, Expr::Identifier(i) if i.value.eq_ignore_ascii_case(name));
                (!plain).then_some(expr)
            }
            _ => None,
        })?;
        if let Some(value) = env.read_ahead.borrow().get(name) {
            // One that is made from itself is no alias.
            return value.clone();
        }
        env.read_ahead.borrow_mut().insert(name.to_owned(), None);
        let (found, fan_outs, noted) = (self.found.len(), self.fan_outs.len(), self.noted.len());
        let value = self.expr(expr, env);
        self.found.truncate(found);
        self.fan_outs.truncate(fan_outs);
        self.noted.truncate(noted);
        env.read_ahead.borrow_mut().insert(name.to_owned(), Some(value.clone()));
        Some(value)
    }

    /// The value of `relation.column`, `column.field` and longer ones.
    pub(super) fn qualified(&mut self, idents: &[Ident], env: &Env<'_>) -> Value {
        let [first, .., qualifier, column] = idents else {
            return match idents {
                [relation, column] => self.of_two(relation, column, idents, env),
                _ => Value::default(),
            };
        };
        // `relation.column.field`, or `schema.relation.column`.
        let alias = lower(first);
        let mut level = Some(env);
        while let Some(env) = level {
            if let Some(rel) = env.rels.iter().find(|r| r.alias == alias) {
                if rel.position(&lower(&idents[1])).is_some() || rel.table.open {
                    let of = self.of_two(first, &idents[1], &idents[..2], env);
                    return fields(of, &idents[2..]);
                }
                break;
            }
            level = env.parent;
        }
        self.of_two(qualifier, column, idents, env)
    }

    fn of_two(&mut self, qualifier: &Ident, column: &Ident, idents: &[Ident], env: &Env<'_>) -> Value {
        let (alias, name) = (lower(qualifier), lower(column));
        let first = env;
        let mut level = Some(env);
        while let Some(env) = level {
            // Spark lets two tables go by one name; the one that has the column is meant.
            let mut called = env.rels.iter().enumerate().filter(|(_, r)| r.alias == alias);
            if let Some(nearest) = called.next() {
                let has = |(_, r): &(usize, &Rel)| r.position(&name).is_some();
                let better = if has(&nearest) { None } else { called.find(has) };
                let (n, rel) = better.unwrap_or(nearest);
                let here = env.same(first).then_some(n);
                if let Some(place) = place_of(&name).filter(|_| !self.strict) {
                    return if place < rel.table.columns.len() { rel.value(place) } else { Value::default() };
                }
                if let Some(i) = rel.position(&name) {
                    let value = rel.value(i);
                    self.saw(idents[0].span.start, &value, rel, &name, here);
                    self.grouped(column, env);
                    return value;
                }
                if rel.table.open {
                    let value = self.undeclared(rel, &name);
                    self.saw(idents[0].span.start, &value, rel, &name, here);
                    return value;
                }
                // A column of its own name that is a struct: what `unnest` gives.
                if let Some(value) = rel.position(&alias).map(|i| rel.value(i)).filter(|v| v.ty.family().is_none()) {
                    return fields(value, std::slice::from_ref(column));
                }
                let known = rel.table.columns.iter().map(|c| c.name.as_str()).collect();
                self.unknown_column(&name, Some(&alias), known, column.span.start, name.chars().count());
                return Value::default();
            }
            level = env.parent;
        }
        let first = &idents[0];
        let root = lower(first);
        let mut level = Some(env);
        while let Some(env) = level {
            let is_column = |r: &Rel| r.position(&root).is_some() || r.table.open;
            if env.rels.iter().any(is_column) || env.parameters.iter().any(|(p, _)| *p == root) {
                let of = self.name(first, env);
                return fields(of, &idents[1..]);
            }
            if let Some((_, value)) = env.aliases.iter().find(|(a, _)| *a == root).filter(|_| !self.strict) {
                return fields(value.clone(), &idents[1..]);
            }
            level = env.parent;
        }
        // A sequence is no relation of the query: `orders_seq.nextval`.
        if name == "nextval" && self.reads_as(&[Dialect::Snowflake]) {
            return Value::default();
        }
        let near = nearest(&alias, env.rels.iter().map(|r| r.alias.as_str()));
        let fault = Diagnostic::error("unknown-relation", format!("there is no `{alias}` here to take `{name}` from"));
        let known: Vec<&str> = env.rels.iter().map(|r| r.alias.as_str()).collect();
        let next = if near.is_empty() { format!("in reach: `{}`", known.join("`, `")) } else { did_you_mean(&near) };
        self.fault(fault.next(next), qualifier.span.start, alias.chars().count());
        Value::default()
    }

    pub(super) fn unknown_column(
        &mut self,
        name: &str,
        alias: Option<&str>,
        known: Vec<&str>,
        at: Location,
        width: usize,
    ) {
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

/// The place of `$1`, from 0: Snowflake names columns so.
fn place_of(name: &str) -> Option<usize> {
    name.strip_prefix('$')?.parse::<usize>().ok()?.checked_sub(1)
}

/// A row as one value.
pub(super) fn whole_row(rel: &Rel) -> Value {
    let mut value = Value::nothing();
    let (mut types, mut parts) = (Vec::new(), Vec::new());
    for i in rel.visible() {
        let column = rel.value(i);
        types.push((rel.table.columns[i].name.clone(), column.ty));
        value = value.beside(&column);
        parts.push((rel.table.columns[i].name.clone(), column));
    }
    if rel.table.open {
        return value.typed(ColumnType::Unknown).nullable(None);
    }
    Value { parts: Some(parts.into()), ..value.typed(ColumnType::fields(types)).nullable(None) }
}

/// Fields within fields.
pub(super) fn fields(of: Value, names: &[Ident]) -> Value {
    names.iter().fold(of, |of, name| of.field(&lower(name)))
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
