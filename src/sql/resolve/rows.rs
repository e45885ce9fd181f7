//! What functions give as tables: elements of arrays, entries of objects, parts of texts.

use std::rc::Rc;

use sqlparser::ast::{Expr, FunctionArg, FunctionArgExpr, FunctionArguments, JsonTableColumn, TableAlias};

use super::call::name_of;
use super::column_type::ColumnType;
use super::factor::{INTEGER, aliased, is_column, repeats_earlier};
use super::relation::{Column, Env, Table, lower};
use super::value::Value;
use super::{Named, Resolver, Usage};
use crate::vocabulary::{DataType, Dialect};

impl<R: Named> Resolver<'_, R> {
    /// What a function gives as a table.
    pub(super) fn generated(
        &mut self,
        name: &str,
        args: &[&FunctionArg],
        alias: Option<&TableAlias>,
        ordinality: bool,
        env: &mut Env<'_>,
    ) {
        // `table(generator(…))`, `table(flatten(…))`.
        if let ("table", [FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Function(inner)))]) = (name, args)
            && let FunctionArguments::List(list) = &inner.args
        {
            let args: Vec<&FunctionArg> = list.args.iter().collect();
            return self.generated(&name_of(inner), &args, alias, ordinality, env);
        }
        let mut values = Vec::new();
        let mut of_column = false;
        for arg in args {
            let (FunctionArg::Unnamed(arg) | FunctionArg::Named { arg, .. } | FunctionArg::ExprNamed { arg, .. }) = arg;
            if let FunctionArgExpr::Expr(expr) = arg {
                of_column |= values.is_empty() && is_column(expr, env);
                values.push(self.expr(expr, env));
            }
        }
        let each = matches!(name, "unnest" | "explode" | "explode_outer" | "posexplode" | "flatten");
        self.rows_of(name, values, alias, ordinality, env);
        if each && of_column {
            repeats_earlier(env);
        }
    }

    /// What a function gives as a table, its arguments read.
    fn rows_of(
        &mut self,
        name: &str,
        values: Vec<Value>,
        alias: Option<&TableAlias>,
        ordinality: bool,
        env: &mut Env<'_>,
    ) {
        match name {
            "unnest" | "explode" | "explode_outer"
                if values.first().is_some_and(|v| !matches!(v.ty, ColumnType::Map(_))) =>
            {
                self.elements(&values[..1], alias, None, ordinality, env);
            }
            "generate_series" | "range" | "sequence" if !values.is_empty() => {
                let ty = match &values[0].ty {
                    ColumnType::Known(DataType::Date) => ColumnType::Known(DataType::Timestamp),
                    other => *other,
                };
                let column = if name == "range" && self.reads_as(&[Dialect::Databricks]) { "id" } else { name };
                let all = values.iter().fold(Value::nothing(), |v, other| v.beside(other));
                self.made(vec![(column.to_owned(), ty)], &all, alias, name, env);
            }
            _ => match self.rows_columns(name, &values) {
                Some(mut columns) => {
                    if ordinality {
                        columns.push(("ordinality".to_owned(), Value::of(INTEGER)));
                    }
                    // One column without a name of its own goes by that of the table.
                    if let ([one], Some(alias), Some(Dialect::Postgres)) = (columns.as_mut_slice(), alias, self.dialect)
                        && alias.columns.is_empty()
                        && one.0 == name
                    {
                        one.0 = lower(&alias.name);
                    }
                    let all = values.iter().fold(Value::nothing(), |v, other| v.beside(other));
                    self.read(Usage::Join, &all);
                    env.rels.push(aliased(table_of(columns), alias, name));
                }
                None => {
                    for value in &values {
                        self.read(Usage::Filter, value);
                    }
                    let of = values.iter().fold(Value::nothing(), |v, other| v.beside(other));
                    env.rels.push(aliased(made_of(of.typed(ColumnType::Unknown).nullable(None)), alias, name));
                    self.declared(alias, env);
                }
            },
        }
    }

    /// The types that an alias declares: `f(a) as t (b text, c int)`.
    fn declared(&self, alias: Option<&TableAlias>, env: &mut Env<'_>) {
        let (Some(alias), Some(rel)) = (alias, env.rels.last_mut()) else { return };
        if alias.columns.is_empty() || alias.columns.iter().any(|c| c.data_type.is_none()) {
            return;
        }
        let mut table = Table::clone(&rel.table);
        table.open = false;
        for (column, said) in table.columns.iter_mut().zip(&alias.columns) {
            let ty = said.data_type.as_ref().map(|t| self.type_of(t)).unwrap_or_default();
            column.value = std::mem::take(&mut column.value).typed(ty).nullable(None);
        }
        rel.table = Rc::new(table);
    }

    /// The elements of arrays, one row each.
    pub(super) fn elements(
        &mut self,
        arrays: &[Value],
        alias: Option<&TableAlias>,
        known_as: Option<&str>,
        ordinality: bool,
        env: &mut Env<'_>,
    ) {
        let name = alias.map(|a| lower(&a.name)).or(known_as.map(str::to_owned)).unwrap_or_default();
        let columns_named = alias.is_some_and(|a| !a.columns.is_empty());
        // BigQuery calls the element by the alias; others call the column so too where there is one only.
        let mut columns: Vec<(String, ColumnType)> = Vec::new();
        for array in arrays {
            match array.ty.element() {
                ColumnType::Struct(fields) if !columns_named && arrays.len() == 1 => {
                    columns.extend(fields.iter().cloned());
                }
                element => {
                    let default = match self.dialect {
                        Some(Dialect::Databricks) => "col".to_owned(),
                        Some(Dialect::BigQuery | Dialect::Postgres | Dialect::Redshift) if !name.is_empty() => {
                            name.clone()
                        }
                        _ => "unnest".to_owned(),
                    };
                    columns.push((default, element));
                }
            }
        }
        if ordinality {
            columns.push(("ordinality".to_owned(), INTEGER));
        }
        let all = arrays.iter().fold(Value::nothing(), |v, a| v.beside(a));
        // The fields of rows that are not known are columns.
        for i in columns.len()..alias.map_or(0, |a| a.columns.len()) {
            columns.push((format!("field_{i}"), ColumnType::Unknown));
        }
        let unknown = !columns_named && arrays.iter().any(|a| !a.ty.element().is_known());
        self.made(columns, &all, alias, known_as.unwrap_or(""), env);
        if let ([array @ Value { parts: Some(parts), .. }], Some(rel)) = (arrays, env.rels.last_mut()) {
            let mut table = Table::clone(&rel.table);
            let spread = !columns_named && matches!(array.ty.element(), ColumnType::Struct(_));
            for (column, (name, _)) in table.columns.iter_mut().zip(parts.iter()) {
                let element = array.clone().typed(array.ty.element()).with_parts(array, &Value::nothing());
                column.value = if spread { element.field(name) } else { element };
                if !spread {
                    break;
                }
            }
            rel.table = Rc::new(table);
        }
        if unknown && let Some(rel) = env.rels.last_mut() {
            // An element that is not known may be a struct.
            let mut table = Table::clone(&rel.table);
            table.open = true;
            table.of = Some(all.typed(ColumnType::Unknown).nullable(None).into());
            rel.table = Rc::new(table);
        }
    }

    /// A table of columns that are made from one value.
    pub(super) fn made(
        &mut self,
        columns: Vec<(String, ColumnType)>,
        of: &Value,
        alias: Option<&TableAlias>,
        known_as: &str,
        env: &mut Env<'_>,
    ) {
        let columns = columns.into_iter().map(|(name, ty)| Column {
            value: of.clone().typed(ty).nullable(None),
            name,
            partition: None,
        });
        let table = Table { columns: columns.collect(), ..Table::default() };
        self.read(Usage::Join, of);
        env.rels.push(aliased(Rc::new(table), alias, known_as));
    }
}

impl<R: Named> Resolver<'_, R> {
    /// The columns of a function that makes rows of its arguments, where they are known.
    pub(super) fn rows_columns(&self, name: &str, args: &[Value]) -> Option<Vec<(String, Value)>> {
        let of = args.iter().fold(Value::nothing(), |v, other| v.beside(other)).nullable(None);
        let first = args.first().map_or(ColumnType::Unknown, |v| v.ty);
        let typed = |columns: &[(&str, ColumnType)]| {
            Some(columns.iter().map(|(n, ty)| ((*n).to_owned(), of.clone().typed(*ty))).collect())
        };
        let entries = |place: bool| match first {
            ColumnType::Map(of) => [("pos", INTEGER), ("key", of.0), ("value", of.1)][usize::from(!place)..].to_vec(),
            other => [("pos", INTEGER), ("col", other.element())][usize::from(!place)..].to_vec(),
        };
        match name {
            "explode" | "explode_outer" => {
                let mut columns: Vec<(String, Value)> = typed(&entries(false))?;
                keep_parts(&mut columns, args);
                Some(columns)
            }
            "posexplode" | "posexplode_outer" => {
                let mut columns: Vec<(String, Value)> = typed(&entries(true))?;
                keep_parts(&mut columns, args);
                columns[0].1 = Value::of(INTEGER).nullable(Some(false).filter(|_| name == "posexplode"));
                Some(columns)
            }
            "inline" | "inline_outer" => match first.element() {
                ColumnType::Struct(fields) => {
                    let of = args.first()?;
                    let element = of.clone().typed(of.ty.element()).with_parts(of, &Value::nothing());
                    Some(fields.iter().map(|(n, _)| (n.clone(), element.clone().field(n))).collect())
                }
                _ => None,
            },
            "stack" => {
                let rows: usize = args.first()?.literal.as_ref()?.parse().ok().filter(|n| *n > 0)?;
                let cells = args.get(1..)?;
                let width = cells.len().div_ceil(rows);
                let column = |i: usize| {
                    let cells = cells.iter().skip(i).step_by(width).cloned();
                    cells.reduce(|a, b| a.either(&b)).map(|v| (format!("col{i}"), Value { literal: None, ..v }))
                };
                (0..width).map(column).collect()
            }
            "json_tuple" => {
                let text = of.clone().typed(TEXT).nullable(Some(true));
                Some((0..args.len().checked_sub(1)?).map(|i| (format!("c{i}"), text.clone())).collect())
            }
            "flatten" => typed(&[
                ("seq", INTEGER),
                ("key", TEXT),
                ("path", TEXT),
                ("index", INTEGER),
                ("value", JSON),
                ("this", JSON),
            ]),
            "split_to_table" | "strtok_split_to_table" => {
                typed(&[("seq", INTEGER), ("index", INTEGER), ("value", TEXT)])
            }
            "variant_explode" | "variant_explode_outer" => typed(&[("pos", INTEGER), ("key", TEXT), ("value", JSON)]),
            "jsonb_each" | "json_each" if self.reads_as(&[Dialect::Postgres]) => {
                typed(&[("key", TEXT), ("value", JSON)])
            }
            "jsonb_each_text" | "json_each_text" => typed(&[("key", TEXT), ("value", TEXT)]),
            "jsonb_array_elements" | "json_array_elements" => typed(&[("value", JSON)]),
            "jsonb_array_elements_text" | "json_array_elements_text" => typed(&[("value", TEXT)]),
            "jsonb_object_keys" | "json_object_keys" | "regexp_split_to_table" | "string_to_table" => {
                typed(&[(name, TEXT)])
            }
            "generate_subscripts" => typed(&[(name, INTEGER)]),
            "json_each" | "json_tree" if self.reads_as(&[Dialect::DuckDb]) => typed(&[
                ("key", TEXT),
                ("value", JSON),
                ("type", TEXT),
                ("atom", JSON),
                ("id", INTEGER),
                ("parent", INTEGER),
                ("fullkey", TEXT),
                ("path", TEXT),
            ]),
            _ => None,
        }
    }

    /// The same of a call.
    pub(super) fn rows_of_call(&mut self, expr: &Expr, env: &Env<'_>) -> Option<Vec<(String, Value)>> {
        let Expr::Function(function) = expr else { return None };
        let FunctionArguments::List(list) = &function.args else { return None };
        let args = list.args.iter().map(|arg| match arg {
            FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(self.expr(expr, env)),
            _ => None,
        });
        let args: Vec<Value> = args.collect::<Option<_>>()?;
        self.rows_columns(&name_of(function), &args)
    }

    /// `json_table(a, '$[*]' columns (…))`.
    pub(super) fn json_columns(&self, columns: &[JsonTableColumn], of: &Value, out: &mut Vec<(String, Value)>) {
        for column in columns {
            match column {
                JsonTableColumn::Named(named) => {
                    let ty = match named.exists {
                        true => INTEGER,
                        false => self.type_of(&named.r#type),
                    };
                    out.push((lower(&named.name), of.clone().typed(ty).nullable(None)));
                }
                JsonTableColumn::ForOrdinality(name) => out.push((lower(name), Value::of(INTEGER))),
                JsonTableColumn::Nested(nested) => self.json_columns(&nested.columns, of, out),
            }
        }
    }
}

const TEXT: ColumnType = ColumnType::Known(DataType::Text);
const JSON: ColumnType = ColumnType::Known(DataType::Json);

/// What the fields of an element are made of.
fn keep_parts(columns: &mut [(String, Value)], args: &[Value]) {
    if let (Some((_, last)), Some(array)) = (columns.last_mut(), args.first()) {
        *last = std::mem::take(last).with_parts(array, &Value::nothing());
    }
}

/// A table of columns.
pub(super) fn table_of(columns: Vec<(String, Value)>) -> Rc<Table> {
    let columns = columns.into_iter().map(|(name, value)| Column { name, value, partition: None });
    Rc::new(Table { columns: columns.collect(), ..Table::default() })
}

/// A table that may have any column, each made of a value.
pub(super) fn made_of(of: Value) -> Rc<Table> {
    Rc::new(Table { open: true, of: Some(Rc::new(of)), ..Table::default() })
}
