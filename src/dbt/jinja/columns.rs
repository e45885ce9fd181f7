//! The columns of a relation, for macros that ask for them: from a seed's first line, a contract, or the query of the
//! model itself, which is rendered and resolved when it is first asked for.

use std::cell::RefCell;
use std::sync::Arc;

use minijinja::Environment;
use sqlparser::ast::Query;

use super::names::{Run, Seen, World};
use crate::dbt::index::Entry;
use crate::dbt::{Kind, NodeId};
use crate::sql::{self, ColumnType, Resolved, Scope, ScopeRelation, Text, types};
use crate::vocabulary::Dialect;

thread_local! {
    /// Nodes whose columns are being worked out, so that a circle ends.
    static ASKED: RefCell<Vec<NodeId>> = const { RefCell::new(Vec::new()) };
}

/// Models that ask models for their columns, one behind the other.
const DEEPEST: usize = 12;

/// Name and type as text, which is empty where it is not known; none where not all columns are known.
pub(super) fn of(world: &Arc<World>, env: &Environment<'_>, id: NodeId) -> Option<Vec<(String, String)>> {
    let dialect = world.target.dialect.unwrap_or(Dialect::DuckDb);
    let relation = relation(world, env, id)?;
    let upper = world.target.dialect == Some(Dialect::Snowflake);
    let spelled = |name: &str| if upper { name.to_uppercase() } else { name.to_owned() };
    let kind = |t: &ColumnType| t.exact().map(|t| types::name(t, dialect)).unwrap_or_default();
    let named = !relation.open && relation.columns.iter().all(|(name, _)| !name.is_empty());
    (named && !relation.columns.is_empty())
        .then(|| relation.columns.iter().map(|(name, t)| (spelled(name), kind(t))).collect())
}

/// A node as its readers see it.
fn relation(world: &Arc<World>, env: &Environment<'_>, id: NodeId) -> Option<Arc<ScopeRelation>> {
    let index = world.index.get()?;
    if let Some(known) = index.relation(id).get() {
        return known.clone();
    }
    let free = ASKED.with_borrow(|asked| !asked.contains(&id) && asked.len() < DEEPEST);
    if !free {
        return None;
    }
    ASKED.with_borrow_mut(|asked| asked.push(id));
    let made = make(world, env, index.entry(id), id);
    ASKED.with_borrow_mut(Vec::pop);
    // Another thread may have been faster, with the same answer.
    let _ = index.relation(id).set(made.clone());
    made
}

fn make(world: &Arc<World>, env: &Environment<'_>, entry: &Entry, id: NodeId) -> Option<Arc<ScopeRelation>> {
    let dialect = world.target.dialect.unwrap_or(Dialect::DuckDb);
    if entry.kind == Kind::Source {
        let target = world.target.fields.get("schema").and_then(|s| s.as_str()).unwrap_or("schema");
        // A source may be a seed of the project itself.
        if let Some(made) = world.index.get().and_then(|index| index.behind(entry, target)) {
            return relation(world, env, made);
        }
    }
    if let Some(columns) = &entry.columns {
        let columns = columns.iter().map(|(name, kind)| (name.clone(), types::read(kind, dialect).into())).collect();
        let open = entry.kind == Kind::Source;
        return Some(Arc::new(ScopeRelation { columns, open, ..ScopeRelation::default() }));
    }
    if !matches!(entry.kind, Kind::Model | Kind::Snapshot) || entry.path.ends_with(".py") || entry.within.is_empty() {
        return None;
    }
    let (_, resolved) = resolved(world, env, entry, id)?;
    let columns = resolved.columns.iter().map(|c| (c.name.clone(), c.column_type)).collect();
    Some(Arc::new(ScopeRelation { columns, open: resolved.open, ..ScopeRelation::default() }))
}

/// The query of a model, and what it gives.
pub(super) fn resolved(
    world: &Arc<World>,
    env: &Environment<'_>,
    entry: &Entry,
    id: NodeId,
) -> Option<(Query, Resolved<NodeId>)> {
    let dialect = world.target.dialect.unwrap_or(Dialect::DuckDb);
    if entry.within.is_empty() || entry.path.ends_with(".py") {
        return None;
    }
    let seen = Arc::new(Seen::default());
    let package = world.library.find_package(&entry.package)?;
    let nowhere = Vec::new();
    let run = Run { world: world.clone(), seen: seen.clone(), node: Some(id), package, incremental: false, nowhere };
    let rendered = super::render(env, world, &Arc::new(run), &entry.path, &entry.text, entry.within.clone()).ok()?;
    let notes = seen.take();
    if notes.unknown.is_some() {
        return None;
    }
    let text = Text::new(&entry.path, "", &entry.text);
    let parsed = sql::parse(&text, &rendered, dialect).ok()?;
    let mut scope: Scope<NodeId> = Scope { dialects: vec![dialect], ..Scope::default() };
    for read in notes.reads {
        let open = || Arc::new(ScopeRelation { open: true, ..ScopeRelation::default() });
        scope.relations.insert(read, relation(world, env, read).unwrap_or_else(open));
    }
    let (resolved, _) = sql::understand(&text, &rendered, &parsed, &scope);
    Some((parsed.query, resolved))
}
