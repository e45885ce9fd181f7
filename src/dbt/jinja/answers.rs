//! Queries whose rows are in the project's files: `run_query` over a seed, columns as they are, filters by texts.

use std::sync::Arc;

use minijinja::value::{Enumerator, Object, ObjectRepr, Value};
use minijinja::{Error, ErrorKind, State};
use sqlparser::ast::{BinaryOperator, Expr, Select, SelectItem, SetExpr, Statement, TableFactor};
use sqlparser::dialect::GenericDialect;
use sqlparser::parser::Parser;

use super::names::Run;
use super::prepare::is_mark;
use super::{rows, unsaid};
use crate::dbt::{Kind, NodeId};
use crate::sql::Named;
use crate::vocabulary::Dialect;

/// Rows that are given at most.
const MOST: usize = 2_000;

/// What a call that asks the warehouse gives: what files say, else what nobody knows.
pub(super) fn asked(run: &Arc<Run>, call: &str, sql: &str) -> Value {
    let answer = if call == "run_query" { answer(run, sql) } else { None };
    answer.unwrap_or_else(|| {
        unsaid::ask(&run.seen, sql);
        run.unknown(format!("`{call}` asks the warehouse"))
    })
}

/// What `run_query` gives; none where files don't say it.
fn answer(run: &Arc<Run>, sql: &str) -> Option<Value> {
    let sql: String = sql.chars().filter(|c| !is_mark(*c)).collect();
    let [Statement::Query(query)] =
        <[Statement; 1]>::try_from(Parser::parse_sql(&GenericDialect {}, &sql).ok()?).ok()?
    else {
        return None;
    };
    let SetExpr::Select(select) = query.body.as_ref() else { return None };
    if query.with.is_some() || query.order_by.is_some() || !rows::is_uncut(&query) || !rows::is_row_by_row(select) {
        return None;
    }
    let id = read_by(select)?;
    let entry = run.world.index.get()?.entry(id);
    if entry.kind != Kind::Seed {
        return None;
    }
    run.seen.note(|notes| notes.asked_columns = true);
    let dialect = run.world.target.dialect.unwrap_or(Dialect::DuckDb);
    let column = |expr: &Expr| match expr {
        Expr::Identifier(name) => Some(name.value.to_lowercase()),
        Expr::CompoundIdentifier(parts) => parts.last().map(|name| name.value.to_lowercase()),
        _ => None,
    };
    let names = match select.projection.as_slice() {
        [SelectItem::Wildcard(_)] => entry.columns.as_ref()?.iter().map(|(name, _)| name.clone()).collect(),
        items => items
            .iter()
            .map(|item| if let SelectItem::UnnamedExpr(expr) = item { column(expr) } else { None })
            .collect::<Option<Vec<String>>>()?,
    };
    let values = |name: &String| Some(rows::read(entry, name, dialect)?.into_iter().map(|(_, value)| value).collect());
    let columns: Vec<Vec<Value>> = names.iter().map(values).collect::<Option<_>>()?;
    let mut kept = vec![true; columns.first()?.len()];
    let mut conditions: Vec<&Expr> = select.selection.iter().collect();
    while let Some(condition) = conditions.pop() {
        match condition {
            Expr::BinaryOp { left, op: BinaryOperator::And, right } => {
                conditions.extend([left.as_ref(), right.as_ref()])
            }
            Expr::BinaryOp { left, op: BinaryOperator::Eq, right } => {
                let Expr::Value(text) = right.as_ref() else { return None };
                let wanted = text.value.clone().into_string()?;
                for (keep, (text, value)) in kept.iter_mut().zip(rows::read(entry, &column(left)?, dialect)?) {
                    let is = text.as_deref() == Some(wanted.as_str());
                    // Only texts are compared alike everywhere, and not all by their case.
                    if text.is_some_and(|t| value.as_str().is_none() || !is && t.eq_ignore_ascii_case(&wanted)) {
                        return None;
                    }
                    *keep &= is;
                }
            }
            _ => return None,
        }
    }
    let names: Arc<[String]> = names.into();
    let row = |at: usize| Row { names: names.clone(), values: columns.iter().map(|c| c[at].clone()).collect() };
    let rows: Vec<Row> = kept.iter().enumerate().filter(|(_, keep)| **keep).map(|(at, _)| row(at)).collect();
    (rows.len() <= MOST).then(|| Value::from_object(Table { names, rows: rows.into_iter().map(Arc::new).collect() }))
}

/// The node that a select reads, where it names one.
fn read_by(select: &Select) -> Option<NodeId> {
    let [only] = select.from.as_slice() else { return None };
    let TableFactor::Table { name, .. } = &only.relation else { return None };
    let [schema, table] = name.0.as_slice() else { return None };
    NodeId::stand_in(&schema.as_ident()?.value, &table.as_ident()?.value)
}

/// Rows as agate gives them to dbt: by number and by name, with their columns.
#[derive(Debug)]
struct Table {
    names: Arc<[String]>,
    rows: Vec<Arc<Row>>,
}

#[derive(Debug)]
struct Row {
    names: Arc<[String]>,
    values: Vec<Value>,
}

#[derive(Debug)]
struct Column(Vec<Value>);

impl Object for Table {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Seq
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let column = |at: usize| Value::from_object(Column(self.rows.iter().map(|r| r.values[at].clone()).collect()));
        match key.as_str() {
            Some("rows") => Some(self.rows.iter().map(|r| Value::from_dyn_object(r.clone())).collect()),
            Some("columns") => Some((0..self.names.len()).map(column).collect()),
            Some("column_names") => Some(self.names.iter().map(|n| Value::from(n.as_str())).collect()),
            Some(_) => None,
            None => self.rows.get(key.as_usize()?).map(|r| Value::from_dyn_object(r.clone())),
        }
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Seq(self.rows.len())
    }
}

impl Object for Row {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Seq
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let named = |name: &str| self.names.iter().position(|n| n.eq_ignore_ascii_case(name));
        let at = key.as_str().map_or_else(|| key.as_usize(), named)?;
        self.values.get(at).cloned()
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Seq(self.values.len())
    }

    fn call_method(self: &Arc<Self>, _: &mut State<'_, '_>, method: &str, _: &[Value]) -> Result<Value, Error> {
        match method {
            "values" => Ok(self.values.iter().cloned().collect()),
            "keys" => Ok(self.names.iter().map(|n| Value::from(n.as_str())).collect()),
            _ => Err(Error::from(ErrorKind::UnknownMethod)),
        }
    }
}

impl Object for Column {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Seq
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.0.get(key.as_usize()?).cloned()
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Seq(self.0.len())
    }

    fn call_method(self: &Arc<Self>, _: &mut State<'_, '_>, method: &str, _: &[Value]) -> Result<Value, Error> {
        match method {
            "values" => Ok(self.0.iter().cloned().collect()),
            _ => Err(Error::from(ErrorKind::UnknownMethod)),
        }
    }
}
