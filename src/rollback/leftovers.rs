//! What a rollback leaves in a warehouse, where git can't reach, and the statements that would drop it.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::changeset::ChangeSet;
use crate::proposal::{Layer, Snapshot};
use crate::spec::Materialization;
use crate::vocabulary::{Dialect, sql_identifier};

/// How a relation is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Store {
    /// A view.
    View,
    /// A table.
    Table,
}

/// A relation that runs build or fill.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Built {
    /// Its schema.
    pub schema: String,
    /// Its name.
    pub name: String,
    /// How it is kept.
    pub store: Store,
}

/// A relation that nothing builds any more.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Leftover {
    /// `marts.daily_sales`.
    pub relation: String,
    /// How it is kept.
    pub kind: Store,
    /// The statement that drops it.
    pub statement: String,
}

/// What runs of a workspace build and fill; `schema` says where a layer stands in the target. Landed tables are those
/// of the target's DDL.
pub fn built(change: &ChangeSet, dialect: Dialect, schema: impl Fn(&Layer) -> String) -> BTreeSet<Built> {
    let models = change.models().values().filter_map(|model| {
        let store = match model.materialization {
            Materialization::View => Store::View,
            Materialization::Table => Store::Table,
            Materialization::Ephemeral => return None,
        };
        Some(Built { schema: schema(&model.layer), name: model.name.to_string(), store })
    });
    let landed = change.ddl().iter().filter(|ddl| ddl.dialect == dialect).flat_map(|ddl| {
        let table = |name: &crate::vocabulary::Name| Built {
            schema: ddl.schema.to_string(),
            name: name.to_string(),
            store: Store::Table,
        };
        ddl.tables.iter().map(move |t| table(&t.name))
    });
    let kept = change.snapshots().keys().map(|name| Built {
        schema: Snapshot::SCHEMA.to_owned(),
        name: name.to_string(),
        store: Store::Table,
    });
    models.chain(landed).chain(kept).collect()
}

/// Relations of `before` that are not among `after`, marts first: a view goes before what it reads.
pub fn leftovers(before: &BTreeSet<Built>, after: &BTreeSet<Built>, dialect: Dialect) -> Vec<Leftover> {
    let stays = |b: &Built| after.iter().any(|a| a.schema == b.schema && a.name == b.name);
    let mut gone: Vec<&Built> = before.iter().filter(|b| !stays(b)).collect();
    gone.sort_by_key(|b| (b.store, b.schema.clone(), b.name.clone()));
    gone.into_iter()
        .map(|b| {
            let kind = if b.store == Store::View { "view" } else { "table" };
            let (schema, name) = (quoted(&b.schema, dialect), quoted(&b.name, dialect));
            Leftover {
                relation: format!("{}.{}", b.schema, b.name),
                kind: b.store,
                statement: format!("drop {kind} if exists {schema}.{name};"),
            }
        })
        .collect()
}

/// Snowflake keeps names that were created without quotes in upper case.
fn quoted(name: &str, dialect: Dialect) -> String {
    match dialect {
        Dialect::Snowflake => sql_identifier(&name.to_uppercase(), dialect),
        _ => sql_identifier(name, dialect),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(schema: &str, name: &str, store: Store) -> Built {
        Built { schema: schema.into(), name: name.into(), store }
    }

    #[test]
    fn only_what_nothing_builds_any_more_views_first() {
        let stg = of("staging", "stg_shop__orders", Store::View);
        let before =
            BTreeSet::from([of("marts", "daily", Store::Table), stg.clone(), of("marts", "kept", Store::Table)]);
        // A view that became a table is no leftover: dbt replaces it.
        let after = BTreeSet::from([of("marts", "kept", Store::View)]);
        let statements = |d| leftovers(&before, &after, d).into_iter().map(|l| l.statement).collect::<Vec<_>>();
        assert_eq!(
            statements(Dialect::DuckDb),
            [r#"drop view if exists "staging"."stg_shop__orders";"#, r#"drop table if exists "marts"."daily";"#]
        );
        assert_eq!(statements(Dialect::Snowflake)[1], r#"drop table if exists "MARTS"."DAILY";"#);
        assert_eq!(leftovers(&before, &before, Dialect::DuckDb), []);
    }

    #[test]
    fn names_can_not_break_out() {
        let before = BTreeSet::from([of("a\"b", "x\"; drop table y; --", Store::Table)]);
        let left = leftovers(&before, &BTreeSet::new(), Dialect::Postgres);
        assert_eq!(left[0].statement, r#"drop table if exists "a""b"."x""; drop table y; --";"#);
    }
}
