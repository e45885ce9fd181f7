//! Values of a column, where a macro asks for them and the rows are in the project's files: those of a seed, also through
//! models that only pass it on.

use std::sync::Arc;

use indexmap::IndexMap;
use minijinja::value::Value;
use minijinja::{Environment, State};
use sqlparser::ast::{Expr, GroupByExpr, Query, Select, SelectItem, SetExpr, TableFactor};

use super::names::{Run, World};
use super::relation::Relation;
use crate::dbt::index::Entry;
use crate::dbt::{Kind, NodeId, seeds};
use crate::sql::types;
use crate::vocabulary::{DataType, Dialect};

/// Different values that are given at most.
const MOST: usize = 500;
/// Models that pass a seed on, one behind the other.
const DEEPEST: usize = 4;

/// What `select column … group by column order by …` gives; none where files don't say it, or its order.
pub(super) fn values(
    run: &Arc<Run>,
    state: &State<'_, '_>,
    relation: &Value,
    column: &str,
    order: &str,
    most: Option<usize>,
) -> Option<Vec<Value>> {
    let id = relation.downcast_object_ref::<Relation>()?.node?;
    run.seen.note(|notes| notes.asked_columns = true);
    let dialect = run.world.target.dialect.unwrap_or(Dialect::DuckDb);
    let plain = column.trim_matches(['"', '`']).to_lowercase();
    let (seed, name) = origin(&run.world, state.env(), id, plain.clone(), 0)?;
    let entry = run.world.index.get()?.entry(seed);
    let mut counted = counted(entry, &name, dialect)?;
    match order.to_lowercase().split_whitespace().collect::<Vec<_>>().as_slice() {
        ["count(*)", "desc"] => counted.sort_by_key(|(_, count)| std::cmp::Reverse(*count)),
        [by] | [by, "asc"] if *by == plain => counted.sort_by(|(a, _), (b, _)| a.cmp(b)),
        [by, "desc"] if *by == plain => counted.sort_by(|(a, _), (b, _)| b.cmp(a)),
        _ => return None,
    }
    if let Some(most) = most.filter(|most| *most < counted.len()) {
        // Which of two that are as frequent is taken nobody knows.
        if most == 0 || counted[most - 1].1 == counted[most].1 && order.contains("count") {
            return None;
        }
        counted.truncate(most);
    }
    Some(counted.into_iter().map(|(value, _)| value).collect())
}

/// The different values of a seed's column with how often each is there, in the order of the file.
fn counted(entry: &Entry, name: &str, dialect: Dialect) -> Option<Vec<(Value, usize)>> {
    let mut counts: IndexMap<Option<String>, (Value, usize)> = IndexMap::new();
    for (text, value) in read(entry, name, dialect)? {
        counts.entry(text).or_insert((value, 0)).1 += 1;
        if counts.len() > MOST {
            return None;
        }
    }
    (!counts.is_empty()).then(|| counts.into_values().collect())
}

/// What a seed's column holds, row by row: as it is written, and as a value; none where the file does not say which.
pub(super) fn read(entry: &Entry, name: &str, dialect: Dialect) -> Option<Vec<(Option<String>, Value)>> {
    let columns = entry.columns.as_ref()?;
    let at = columns.iter().position(|(column, _)| column == name)?;
    let mut held: Vec<Option<String>> = Vec::new();
    for mut record in seeds::records(&entry.text, seeds::delimiter(&entry.config)).skip(1) {
        if record.len() != columns.len() {
            return None;
        }
        let text = record.swap_remove(at);
        let null = matches!(text.trim().to_ascii_lowercase().as_str(), "" | "null");
        held.push((!null).then_some(text));
    }
    let texts = || held.iter().flatten().map(String::as_str);
    let whole = texts().all(|text| text.parse::<i64>().is_ok_and(|n| n.to_string() == *text));
    let numbers = match (types::read(&columns[at].1, dialect), columns[at].1.is_empty()) {
        (Some(DataType::Text), _) => false,
        (Some(DataType::Integer), _) if whole => true,
        (_, true) if whole => true,
        // What looks like anything else than a text is printed as the warehouse does.
        (_, true) if !texts().all(is_other) => false,
        _ => return None,
    };
    let value = |text: &str| match text.parse::<i64>().ok().filter(|_| numbers) {
        Some(number) => Value::from(number),
        None => Value::from(text),
    };
    Some(held.into_iter().map(|text| (text.clone(), text.map_or(Value::from(()), |t| value(&t)))).collect())
}

/// Whether dbt may take a field for a number, a day or a truth.
fn is_other(text: &str) -> bool {
    let text = text.trim();
    let digits = text.chars().filter(char::is_ascii_digit).count();
    text.parse::<f64>().is_ok() || digits * 2 > text.len() || matches!(text.to_lowercase().as_str(), "true" | "false")
}

/// The seed's column that a node's column is, row by row.
fn origin(
    world: &Arc<World>,
    env: &Environment<'_>,
    id: NodeId,
    column: String,
    deep: usize,
) -> Option<(NodeId, String)> {
    let entry = world.index.get()?.entry(id);
    match entry.kind {
        Kind::Seed => Some((id, column)),
        Kind::Model if deep < DEEPEST => {
            let (query, resolved) = super::columns::resolved(world, env, entry, id)?;
            if !passes_on(&query) {
                return None;
            }
            let made = resolved.columns.iter().find(|c| c.name == column)?;
            let mut sources = made.sources.iter();
            let source = sources.next().filter(|_| sources.next().is_none())?;
            origin(world, env, source.relation, source.column.clone(), deep + 1)
        }
        _ => None,
    }
}

/// Whether a query gives each row of one table, its columns as they are.
fn passes_on(query: &Query) -> bool {
    let ctes = query.with.iter().flat_map(|with| &with.cte_tables);
    is_uncut(query)
        && ctes.into_iter().all(|cte| passes_on(&cte.query))
        && match query.body.as_ref() {
            SetExpr::Select(select) => select.selection.is_none() && is_row_by_row(select),
            SetExpr::Query(query) => passes_on(query),
            _ => false,
        }
}

/// Whether nothing takes rows from what a query makes.
pub(super) fn is_uncut(query: &Query) -> bool {
    query.limit_clause.is_none() && query.fetch.is_none() && query.pipe_operators.is_empty()
}

/// Whether a select gives the rows of one table, columns as they are, but for what its `where` leaves out.
pub(super) fn is_row_by_row(select: &Select) -> bool {
    let Select { distinct, top, projection, from, lateral_views, group_by, having, qualify, .. } = select;
    let named = |item: &SelectItem| match item {
        SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => {
            matches!(expr, Expr::Identifier(_) | Expr::CompoundIdentifier(_))
        }
        SelectItem::Wildcard(options) | SelectItem::QualifiedWildcard(_, options) => options.opt_replace.is_none(),
        _ => false,
    };
    let one = match from.as_slice() {
        [only] if only.joins.is_empty() => match &only.relation {
            TableFactor::Table { args, sample, .. } => args.is_none() && sample.is_none(),
            TableFactor::Derived { subquery, .. } => passes_on(subquery),
            _ => false,
        },
        _ => false,
    };
    let all = distinct.is_none()
        && top.is_none()
        && having.is_none()
        && qualify.is_none()
        && lateral_views.is_empty()
        && matches!(group_by, GroupByExpr::Expressions(list, _) if list.is_empty());
    all && one && projection.iter().all(named)
}
