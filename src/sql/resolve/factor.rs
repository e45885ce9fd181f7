//! One thing in FROM: a table, a subquery, a join in brackets, what is made from an array, a pivot.

use std::rc::Rc;

use sqlparser::ast::{
    Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, ObjectName, TableAlias, TableFactor,
    TableFunctionArgs,
};
use sqlparser::tokenizer::Location;

use super::call::name_of;
use super::column_type::ColumnType;
use super::relation::{Column, Env, Rel, Table, anything, lower};
use super::rows::table_of;
use super::value::Value;
use super::{Named, Resolver, Usage};
use crate::vocabulary::{DataType, Dialect};

pub(super) const INTEGER: ColumnType = ColumnType::Known(DataType::Integer);

impl<R: Named> Resolver<'_, R> {
    /// Puts what one thing in FROM has into `env`; gives where it stands.
    pub(super) fn factor(&mut self, factor: &TableFactor, env: &mut Env<'_>) -> (Location, usize) {
        let start = Location { line: 1, column: 1 };
        match factor {
            TableFactor::Table { name, alias, args, with_ordinality, .. } => {
                let at = name.0.first().and_then(|p| p.as_ident()).map_or(start, |i| i.span.start);
                let width = name.to_string().chars().count();
                if let Some(args) = args {
                    let ordinality = *with_ordinality;
                    self.generated(&last(name), &plain_args(args), alias.as_ref(), ordinality, env);
                    return (at, width);
                }
                // `from t, t.items`: an array of an earlier table.
                if let Some(array) = self.array_of_earlier(name, env) {
                    let known_as = alias.is_none().then(|| last(name));
                    self.elements(&[array], alias.as_ref(), known_as.as_deref(), false, env);
                    repeats_earlier(env);
                    // `from t, t.items as item at i`.
                    if let (Some(at), Some(rel)) = (alias.as_ref().and_then(|a| a.at.as_ref()), env.rels.last_mut()) {
                        add_place(rel, lower(at));
                    }
                    return (at, width);
                }
                let (table, known_as) = self.table(name, env.ctes);
                env.rels.push(aliased(table, alias.as_ref(), &known_as));
                (at, width)
            }
            TableFactor::Derived { subquery, alias, lateral, .. } => {
                // DuckDB and Databricks need no `lateral` to reach what stands before.
                let reaches = *lateral || self.reads_as(&[Dialect::DuckDb]);
                let outer = Env {
                    rels: if reaches { env.rels.clone() } else { Vec::new() },
                    parent: env.parent,
                    ctes: env.ctes,
                    ..Env::default()
                };
                let table = self.query(subquery, env.ctes, Some(&outer));
                env.rels.push(aliased(table, alias.as_ref(), ""));
                (alias.as_ref().map_or(start, |a| a.name.span.start), 1)
            }
            TableFactor::NestedJoin { table_with_joins, alias } => {
                let before = env.rels.len();
                // What is made from an array may be of a table before: without `on` the parser nests such joins.
                let outer = Env {
                    rels: env.rels.clone(),
                    parent: env.parent,
                    ctes: env.ctes,
                    ahead: env.ahead,
                    joins: true,
                    ..Env::default()
                };
                let reach = if self.strict { env.parent } else { Some(&outer) };
                let inner = self.from(std::slice::from_ref(table_with_joins), env.ctes, reach, None);
                env.fan_out = env.fan_out.or(inner.fan_out);
                if let Some(alias) = alias {
                    let columns = inner
                        .rels
                        .iter()
                        .flat_map(|r| r.visible().map(|i| Column { value: r.value(i), ..r.table.columns[i].clone() }));
                    let table = Table {
                        columns: columns.collect(),
                        open: inner.rels.iter().any(|r| r.table.open),
                        base: inner.base(),
                        ..Table::default()
                    };
                    env.rels.push(aliased(Rc::new(table), Some(alias), ""));
                } else {
                    env.keys_of_nested =
                        inner.keys.iter().map(|k| k.iter().map(|(r, c)| (r + before, c.clone())).collect()).collect();
                    env.rels.extend(inner.rels);
                }
                (start, 1)
            }
            TableFactor::UNNEST { alias, array_exprs, with_offset, with_offset_alias, with_ordinality } => {
                let arrays: Vec<Value> = array_exprs.iter().map(|e| self.expr(e, env)).collect();
                self.elements(&arrays, alias.as_ref(), None, *with_ordinality, env);
                if array_exprs.iter().any(|e| is_column(e, env)) {
                    repeats_earlier(env);
                }
                if *with_offset && let Some(rel) = env.rels.last_mut() {
                    let name = with_offset_alias.as_ref().map_or_else(|| "offset".to_owned(), lower);
                    add_place(rel, name);
                }
                (start, 1)
            }
            TableFactor::Pivot { .. } | TableFactor::Unpivot { .. } => self.pivot(factor, env),
            TableFactor::MatchRecognize { .. } => self.matches(factor, env),
            TableFactor::Function { name, args, alias, with_ordinality, .. } => {
                let args: Vec<&FunctionArg> = args.iter().collect();
                self.generated(&last(name), &args, alias.as_ref(), *with_ordinality, env);
                (start, 1)
            }
            TableFactor::TableFunction { expr, alias } => {
                match expr {
                    Expr::Function(Function { args: FunctionArguments::List(list), name, .. }) => {
                        let args: Vec<&FunctionArg> = list.args.iter().collect();
                        self.generated(&last(name), &args, alias.as_ref(), false, env);
                    }
                    other => {
                        self.expr(other, env);
                        env.rels.push(aliased(anything(), alias.as_ref(), ""));
                    }
                }
                (start, 1)
            }
            TableFactor::JsonTable { json_expr, columns, alias, .. } => {
                let of = self.expr(json_expr, env);
                self.read(Usage::Join, &of);
                let mut made = Vec::new();
                self.json_columns(columns, &of, &mut made);
                env.rels.push(aliased(table_of(made), alias.as_ref(), ""));
                (start, 1)
            }
            // `unpivot t.object as value at key`.
            TableFactor::UnpivotExpr { expression, value_alias, attribute_alias } => {
                let of = self.expr(expression, env);
                self.read(Usage::Join, &of);
                let value = of.clone().typed(DataType::Json).nullable(None);
                let key = attribute_alias.as_ref().map(|a| (lower(a), of.typed(DataType::Text).nullable(None)));
                let columns = std::iter::once((lower(value_alias), value)).chain(key).collect();
                env.rels.push(Rel::new(&lower(value_alias), table_of(columns)));
                (start, 1)
            }
            other => {
                let alias = match other {
                    TableFactor::OpenJsonTable { alias, .. } | TableFactor::XmlTable { alias, .. } => alias.as_ref(),
                    _ => None,
                };
                env.rels.push(aliased(anything(), alias, ""));
                (start, 1)
            }
        }
    }

    /// An array of a table that stands before, named as a table: `from t, t.items`.
    fn array_of_earlier(&mut self, name: &ObjectName, env: &Env<'_>) -> Option<Value> {
        let idents: Vec<_> = name.0.iter().filter_map(|p| p.as_ident()).cloned().collect();
        let first = lower(idents.first()?);
        if self.strict || idents.len() < 2 || !env.rels.iter().any(|r| r.alias == first) {
            return None;
        }
        Some(self.qualified(&idents, env))
    }
}

/// Functions that make many values of one.
const SPLITS: &[&str] = &[
    "split",
    "string_to_array",
    "str_split",
    "string_split",
    "regexp_split_to_array",
    "from_json",
    "parse_json",
    "json_extract_array",
    "json_query_array",
    "json_value_array",
    "array_distinct",
    "coalesce",
];

/// Whether an expression is a column of a table that stands before, a field of one, or the parts of one.
pub(super) fn is_column(expr: &Expr, env: &Env<'_>) -> bool {
    let first = match expr {
        Expr::Function(f) if SPLITS.contains(&name_of(f).as_str()) => {
            let FunctionArguments::List(list) = &f.args else { return false };
            let Some(FunctionArg::Unnamed(FunctionArgExpr::Expr(of))) = list.args.first() else { return false };
            return is_column(of, env);
        }
        Expr::Cast { expr, .. } | Expr::Nested(expr) => return is_column(expr, env),
        Expr::JsonAccess { value, .. } => return is_column(value, env),
        Expr::Identifier(ident) => ident,
        Expr::CompoundIdentifier(parts) => &parts[0],
        _ => return false,
    };
    let name = lower(first);
    env.rels.iter().any(|r| r.alias == name || r.position(&name).is_some())
}

/// Notes that the last relation has rows for each of the earlier ones.
pub(super) fn repeats_earlier(env: &mut Env<'_>) {
    let Some(rel) = env.rels.last_mut() else { return };
    let mut table = Table::clone(&rel.table);
    table.elements = true;
    rel.table = Rc::new(table);
}

fn add_place(rel: &mut Rel, name: String) {
    let mut table = Table::clone(&rel.table);
    table.columns.push(Column { name, value: Value::of(INTEGER), partition: None });
    rel.table = Rc::new(table);
}

fn last(name: &ObjectName) -> String {
    name.0.last().and_then(|p| p.as_ident()).map(lower).unwrap_or_default()
}

fn plain_args(args: &TableFunctionArgs) -> Vec<&FunctionArg> {
    args.args.iter().collect()
}

pub(super) fn aliased(table: Rc<Table>, alias: Option<&TableAlias>, known_as: &str) -> Rel {
    let Some(alias) = alias else { return Rel::new(known_as, table) };
    let name = lower(&alias.name);
    if alias.columns.is_empty() {
        return Rel::new(&name, table);
    }
    let mut table = Table::clone(&table);
    let names: Vec<String> = alias.columns.iter().map(|c| lower(&c.name)).collect();
    if table.columns.len() < names.len() && table.open {
        let mut i = table.columns.len() as u64;
        table.columns.resize_with(names.len(), || {
            i += 1;
            let value = table.of.as_ref().map(|of| Value::clone(of)).unwrap_or_default();
            Column { value, ..Column::default() }
        });
    }
    let renamed: Vec<(String, String)> =
        table.columns.iter().zip(&names).map(|(c, n)| (c.name.clone(), n.clone())).collect();
    for (column, name) in table.columns.iter_mut().zip(names) {
        column.name = name;
    }
    let renamed =
        |c: &String| renamed.iter().find(|(from, _)| from == c).map_or_else(|| c.clone(), |(_, to)| to.clone());
    table.keys = table.keys.iter().map(|k| k.iter().map(renamed).collect()).collect();
    Rel::new(&name, Rc::new(table))
}
