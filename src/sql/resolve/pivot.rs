//! Pivots and unpivots.

use std::collections::BTreeSet;
use std::rc::Rc;

use sqlparser::ast::{
    Expr, ExprWithAlias, FunctionArg, FunctionArgExpr, FunctionArguments, PivotValueSource, TableFactor,
    Value as Literal,
};
use sqlparser::tokenizer::Location;

use super::call::name_of;
use super::factor::aliased;
use super::joins::column_of;
use super::projection::implied_name;
use super::relation::{Column, Env, Rel, Table, anything, lower};
use super::value::Value;
use super::{Named, Resolver, Usage};
use crate::sql::rearrange::{ALL_BUT, SOME_OF};
use crate::vocabulary::{DataType, Dialect};

impl<R: Named> Resolver<'_, R> {
    /// Puts what a pivot or unpivot gives into `env`; gives where it stands.
    pub(super) fn pivot(&mut self, factor: &TableFactor, env: &mut Env<'_>) -> (Location, usize) {
        match factor {
            TableFactor::Pivot { table, aggregate_functions, value_column, value_source, default_on_null, alias } => {
                let (inner, at) = self.pivoted(table, env);
                let made =
                    self.wide(&inner, aggregate_functions, value_column, value_source, default_on_null.is_some());
                env.rels.push(aliased(made, alias.as_ref(), ""));
                at
            }
            TableFactor::Unpivot { table, value, name, columns, null_inclusion, alias } => {
                let (inner, at) = self.pivoted(table, env);
                let how = null_inclusion.as_ref().map(ToString::to_string).unwrap_or_default();
                let made = self.long(&inner, value, lower(name), columns, &how);
                env.rels.push(aliased(made, alias.as_ref(), ""));
                at
            }
            _ => {
                env.rels.push(Rel::new("", anything()));
                (Location { line: 1, column: 1 }, 1)
            }
        }
    }

    fn pivoted<'e>(&mut self, table: &TableFactor, env: &Env<'e>) -> (Env<'e>, (Location, usize)) {
        let mut inner = Env::within(env.ctes, env.parent);
        let at = self.factor(table, &mut inner);
        (inner, at)
    }

    fn wide(
        &mut self,
        inner: &Env<'_>,
        aggregates: &[ExprWithAlias],
        value_column: &[Expr],
        values: &PivotValueSource,
        filled: bool,
    ) -> Rc<Table> {
        let mut spent: BTreeSet<(usize, String)> = BTreeSet::new();
        let mut on = Value::nothing();
        for expr in value_column {
            let value = self.expr(expr, inner);
            self.read(Usage::Group, &value);
            spent.extend(column_of(expr, inner));
            on = on.beside(&value.used_for(Usage::Group));
        }
        let mut measures = Vec::new();
        for aggregate in aggregates {
            let value = self.expr(&aggregate.expr, inner);
            let mut read = BTreeSet::new();
            super::super::parse::any_expression(&aggregate.expr, |e| {
                read.extend(column_of(e, inner));
                false
            });
            spent.extend(read);
            measures.push((aggregate.alias.as_ref().map(lower), value));
        }
        self.aggregates = true;
        let mut columns = Vec::new();
        for (r, rel) in inner.rels.iter().enumerate() {
            for i in rel.visible().filter(|i| !spent.contains(&(r, rel.table.columns[*i].name.clone()))) {
                let value = rel.value(i);
                self.read(Usage::Group, &value);
                columns.push(Column { value, name: rel.table.columns[i].name.clone(), partition: None });
            }
        }
        let keys = vec![columns.iter().map(|c: &Column| c.name.clone()).collect()];
        let open_below = inner.rels.iter().any(|r| r.table.open);
        let mut open = open_below;
        match values {
            PivotValueSource::List(list) => {
                for item in list {
                    let Some(text) = literal(&item.expr) else {
                        open = true;
                        continue;
                    };
                    for (alias, measure) in &measures {
                        let name =
                            self.pivot_name(item.alias.as_ref().map(lower), &text, alias.as_deref(), measures.len());
                        let nullable = if filled { None } else { Some(true) };
                        let value = measure.clone().beside(&on).nullable(nullable);
                        columns.push(Column { name, value, partition: None });
                    }
                }
            }
            PivotValueSource::Any(_) => open = true,
            PivotValueSource::Subquery(query) => {
                self.query(query, inner.ctes, Some(inner));
                open = true;
            }
        }
        let keys = if open_below { Vec::new() } else { keys };
        Rc::new(Table { columns, keys, open, ..Table::default() })
    }

    /// What a dialect calls a column that a pivot makes.
    fn pivot_name(&self, alias: Option<String>, text: &str, measure: Option<&str>, measures: usize) -> String {
        let plain = text.trim_matches('\'').to_lowercase();
        let value = alias.clone().unwrap_or_else(|| plain.clone());
        match (self.dialect, measure) {
            (Some(Dialect::BigQuery), Some(measure)) => format!("{measure}_{value}"),
            (Some(Dialect::Snowflake), None) => alias.unwrap_or_else(|| text.to_lowercase()),
            (Some(Dialect::Snowflake), Some(measure)) => {
                format!("{}_{measure}", alias.unwrap_or_else(|| text.to_lowercase()))
            }
            (Some(Dialect::Databricks), Some(measure)) if measures > 1 => format!("{value}_{measure}"),
            (Some(Dialect::Databricks), _) => value,
            (_, Some(measure)) => format!("{value}_{measure}"),
            _ => value,
        }
    }

    fn long(&mut self, inner: &Env<'_>, value: &Expr, name: String, columns: &[ExprWithAlias], how: &str) -> Rc<Table> {
        let mut spent: BTreeSet<(usize, String)> = BTreeSet::new();
        let mut all: Option<Value> = None;
        let several = matches!(value, Expr::Tuple(_));
        let named = if let [only] = columns { columns_of(&only.expr) } else { None };
        if let Some((kept, _)) = &named {
            for (r, rel) in inner.rels.iter().enumerate() {
                for i in rel.visible().filter(|i| !kept.contains(&rel.table.columns[*i].name)) {
                    let of = rel.value(i);
                    self.read(Usage::Group, &of);
                    spent.insert((r, rel.table.columns[i].name.clone()));
                    all = Some(all.map_or_else(|| of.clone(), |earlier| earlier.either(&of)));
                }
            }
        }
        for item in columns.iter().filter(|_| named.is_none()) {
            let parts: &[Expr] = match &item.expr {
                Expr::Tuple(parts) => parts,
                one => std::slice::from_ref(one),
            };
            for part in parts {
                let of = self.expr(part, inner);
                spent.extend(column_of(part, inner));
                all = Some(match all {
                    Some(earlier) => earlier.either(&of),
                    None => of,
                });
            }
        }
        let all = all.unwrap_or_default();
        let mut out = Vec::new();
        for (r, rel) in inner.rels.iter().enumerate() {
            for i in rel.visible().filter(|i| !spent.contains(&(r, rel.table.columns[*i].name.clone()))) {
                let value = rel.value(i);
                out.push(Column { value, name: rel.table.columns[i].name.clone(), partition: None });
            }
        }
        let text = Value::of(DataType::Text);
        let names: Vec<String> = match value {
            Expr::Tuple(parts) => parts.iter().map(implied_name).collect(),
            one => vec![implied_name(one)],
        };
        let values = names.into_iter().map(|name| {
            let value = all.clone().nullable(if how.contains("INCLUDE") { None } else { Some(false) });
            let value = if several { value.typed(super::ColumnType::Unknown) } else { value };
            Column { name, value, partition: None }
        });
        let name = Column { name, value: text, partition: None };
        // Snowflake and Redshift put the name first, BigQuery the value.
        match self.dialect {
            Some(Dialect::BigQuery) => {
                out.extend(values);
                out.push(name);
            }
            _ => {
                out.push(name);
                out.extend(values);
            }
        }
        // Every column but those that are left out: nothing else is left of the table.
        let open = match &named {
            Some((_, all)) => !all,
            None => inner.rels.iter().any(|r| r.table.open),
        };
        if let Some((kept, true)) = &named {
            let gone = kept.iter().filter(|name| out.iter().all(|c| c.name != **name)).cloned();
            let gone: Vec<Column> = gone.map(|name| Column { name, ..Column::default() }).collect();
            out.splice(0..0, gone);
        }
        let base = inner.base().filter(|_| named.is_none());
        Rc::new(Table { columns: out, open, base, ..Table::default() })
    }
}

/// What `columns(…)` leaves out, and whether that is all that is known to be left.
fn columns_of(expr: &Expr) -> Option<(BTreeSet<String>, bool)> {
    let Expr::Function(function) = expr else { return None };
    let name = name_of(function);
    if name == SOME_OF {
        return Some((BTreeSet::new(), false));
    }
    let FunctionArguments::List(list) = &function.args else { return None };
    let named = |arg: &FunctionArg| match arg {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Identifier(ident))) => Some(lower(ident)),
        _ => None,
    };
    (name == ALL_BUT).then(|| (list.args.iter().filter_map(named).collect(), true))
}

fn literal(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Value(v) => match &v.value {
            Literal::Number(n, _) => Some(n.clone()),
            Literal::Boolean(b) => Some(b.to_string()),
            Literal::SingleQuotedString(s) | Literal::DoubleQuotedString(s) => Some(format!("'{s}'")),
            _ => None,
        },
        Expr::Identifier(ident) => Some(lower(ident)),
        _ => None,
    }
}
