//! The gate: proposals become a change set, or diagnostics, all of them at once. Its fields are private and
//! [`prove`] is the only way to one, so nothing unproven reaches a file.

use std::collections::BTreeMap;

mod arguments;
mod dags;
mod draft;
mod landing;
mod macros;
mod models;
mod names;
mod personal;
mod quality;
mod secrets;
mod snapshots;
#[cfg(test)]
mod tests;

use crate::contract::Contract;
use crate::proposal::{
    Alert, DagChange, DbtModel, DbtProject, DbtSource, DbtTest, Ddl, Ingestion, Macro, Policy, Proposal, Snapshot,
    UnitTest,
};
use crate::spec::Spec;
use crate::vocabulary::{Fault, Name, Outcome, TableRef};
use crate::workspace::{Config, Platform};

/// What proposals are judged against.
#[derive(Clone, Debug)]
pub struct Ground<'a> {
    /// The workspace's configuration, with the platforms that are proposed already in it.
    pub config: &'a Config,
    /// The contracts that the workspace holds.
    pub contracts: &'a BTreeMap<TableRef, Contract>,
}

/// Proven artifacts of the whole workspace, each under its identity, in order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ChangeSet {
    contracts: BTreeMap<TableRef, Contract>,
    specs: BTreeMap<Name, Spec>,
    platform: Vec<Platform>,
    project: Option<DbtProject>,
    sources: BTreeMap<Name, DbtSource>,
    models: BTreeMap<Name, DbtModel>,
    tests: Vec<DbtTest>,
    unit_tests: BTreeMap<Name, UnitTest>,
    snapshots: BTreeMap<Name, Snapshot>,
    macros: BTreeMap<Name, Macro>,
    ddl: Vec<Ddl>,
    ingestions: Vec<Ingestion>,
    dags: BTreeMap<Name, DagChange>,
    alerts: Vec<Alert>,
    policies: Vec<Policy>,
}

/// Judges all proposals together. Where two propose the same artifact they must agree; what can be joined (pipelines of
/// a model, tables of a dbt source) is joined.
///
/// # Errors
/// One diagnostic a fault, all at once, none of them written anywhere.
pub fn prove(ground: &Ground<'_>, proposals: Vec<Proposal>) -> Outcome<ChangeSet> {
    let mut found = secrets::scan(&proposals);
    let mut draft = draft::Draft::of(proposals, &mut found);
    let (macros, files) = macros::prove(&draft, &ground.config.target_dialects(), &mut found);
    landing::prove(ground, &draft, &mut found);
    models::layers(ground, &draft, &mut found);
    let mut known = models::prove(ground, &mut draft, &macros, &mut found);
    snapshots::prove(&draft, &mut known, &mut found);
    quality::prove(&draft, &known, &files, &mut found);
    dags::prove(ground, &draft, &mut found);
    Fault::unless_empty(found)?;
    Ok(draft.into())
}

/// The artifacts of a map, in its order.
fn values<K: Ord, T>(map: BTreeMap<K, draft::Item<T>>) -> impl Iterator<Item = T> {
    map.into_values().map(|item| item.value)
}

fn map<K: Ord, T>(map: BTreeMap<K, draft::Item<T>>) -> BTreeMap<K, T> {
    map.into_iter().map(|(key, item)| (key, item.value)).collect()
}

impl From<draft::Draft> for ChangeSet {
    fn from(draft: draft::Draft) -> ChangeSet {
        ChangeSet {
            contracts: map(draft.contracts),
            specs: map(draft.specs),
            platform: values(draft.platform).collect(),
            project: values(draft.project).next(),
            sources: map(draft.sources),
            models: map(draft.models),
            tests: values(draft.tests).collect(),
            unit_tests: map(draft.unit_tests),
            snapshots: map(draft.snapshots),
            macros: map(draft.macros),
            ddl: values(draft.ddl).collect(),
            ingestions: values(draft.ingestions).collect(),
            dags: map(draft.dags),
            alerts: values(draft.alerts).collect(),
            policies: values(draft.policies).collect(),
        }
    }
}

/// Readers, one a kind of artifact.
macro_rules! readers {
    ($($(#[$doc:meta])* $field:ident: $type:ty;)*) => {
        impl ChangeSet {
            $($(#[$doc])* pub fn $field(&self) -> &$type { &self.$field })*
        }
    };
}
readers! {
    /// Source contracts that were proposed.
    contracts: BTreeMap<TableRef, Contract>;
    /// Pipeline specs.
    specs: BTreeMap<Name, Spec>;
    /// Connections added to `pipewright.yml`.
    platform: Vec<Platform>;
    /// The dbt project.
    project: Option<DbtProject>;
    /// Sources of the dbt project.
    sources: BTreeMap<Name, DbtSource>;
    /// Models.
    models: BTreeMap<Name, DbtModel>;
    /// Data tests, sorted by model, column and test.
    tests: Vec<DbtTest>;
    /// Unit tests.
    unit_tests: BTreeMap<Name, UnitTest>;
    /// Snapshots.
    snapshots: BTreeMap<Name, Snapshot>;
    /// Macros and generic tests.
    macros: BTreeMap<Name, Macro>;
    /// Landing tables, sorted by pipeline, dialect and schema.
    ddl: Vec<Ddl>;
    /// dlt scripts, sorted by pipeline and source.
    ingestions: Vec<Ingestion>;
    /// DAGs.
    dags: BTreeMap<Name, DagChange>;
    /// Alerts, sorted by pipeline.
    alerts: Vec<Alert>;
    /// Personal data, sorted by model and column.
    policies: Vec<Policy>;
}
