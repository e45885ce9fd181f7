//! Proposals under their identities, each with who made it: what two agree on is one, what can be joined is joined,
//! what contradicts is a diagnostic.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use crate::contract::Contract;
use crate::proposal::{
    Alert, Artifact, DagChange, DbtModel, DbtProject, DbtSource, DbtTest, Ddl, Ingestion, Macro, Policy, Proposal,
    Snapshot, UnitTest,
};
use crate::spec::Spec;
use crate::vocabulary::{Diagnostic, Dialect, Name, Place, TableRef};
use crate::workspace::Platform;

/// An artifact and the proposal that it came from.
#[derive(Clone, Debug)]
pub(super) struct Item<T> {
    /// The artifact.
    pub value: T,
    /// `proposals[3]`.
    pub file: String,
    /// Who proposed it.
    pub by: String,
}

impl<T> Item<T> {
    /// A place in this proposal.
    pub fn place(&self, path: impl AsRef<str>) -> Place {
        Place::path(&self.file, format!("artifact.{}", path.as_ref()))
    }
}

/// Everything proposed, by identity.
#[derive(Debug, Default)]
pub(super) struct Draft {
    pub contracts: BTreeMap<TableRef, Item<Contract>>,
    pub specs: BTreeMap<Name, Item<Spec>>,
    pub platform: BTreeMap<Option<Name>, Item<Platform>>,
    pub project: BTreeMap<(), Item<DbtProject>>,
    pub sources: BTreeMap<Name, Item<DbtSource>>,
    pub models: BTreeMap<Name, Item<DbtModel>>,
    pub tests: BTreeMap<(Name, Option<Name>, Name, String), Item<DbtTest>>,
    pub unit_tests: BTreeMap<Name, Item<UnitTest>>,
    pub snapshots: BTreeMap<Name, Item<Snapshot>>,
    pub macros: BTreeMap<Name, Item<Macro>>,
    pub ddl: BTreeMap<(Name, Dialect, Name), Item<Ddl>>,
    pub ingestions: BTreeMap<(Name, Name), Item<Ingestion>>,
    pub dags: BTreeMap<Name, Item<DagChange>>,
    pub alerts: BTreeMap<(Name, String), Item<Alert>>,
    pub policies: BTreeMap<(Name, Name), Item<Policy>>,
}

impl Draft {
    /// Sorts proposals under their identities.
    pub fn of(proposals: Vec<Proposal>, found: &mut Vec<Diagnostic>) -> Draft {
        let mut draft = Draft::default();
        for (i, Proposal { by, artifact, .. }) in proposals.into_iter().enumerate() {
            draft.add(artifact, format!("proposals[{i}]"), by, found);
        }
        draft
    }

    fn add(&mut self, artifact: Artifact, file: String, by: String, found: &mut Vec<Diagnostic>) {
        /// Puts an artifact under its key, or holds it against the one that is there.
        macro_rules! put {
            ($map:ident, $key:expr, $value:expr, $what:expr, $join:expr) => {{
                let (key, value) = ($key, $value);
                let what = $what;
                put(&mut self.$map, key, Item { value, file, by }, what, $join, found)
            }};
            ($map:ident, $key:expr, $value:expr, $what:expr) => {
                put!($map, $key, $value, $what, |a, b| *a == b)
            };
        }
        match artifact {
            Artifact::SourceContract(c) => put!(contracts, c.table_ref(), c, "the contract"),
            Artifact::PipelineSpec(s) => put!(specs, s.name.clone(), s, "the pipeline spec"),
            Artifact::Platform(p) => put!(platform, p.source.clone(), p, "the production connection"),
            Artifact::DbtProject(p) => put!(project, (), p, "the dbt project"),
            Artifact::DbtSource(mut s) => {
                s.tables.sort_by(|a, b| a.name.cmp(&b.name));
                put!(sources, s.name.clone(), s, "the dbt source", join_tables);
            }
            Artifact::DbtModel(mut m) => {
                m.pipelines.sort();
                m.pipelines.dedup();
                put!(models, m.name.clone(), m, "the model", join_pipelines);
            }
            Artifact::DbtTest(t) => {
                let mut arguments: Vec<String> = t.arguments.iter().map(|(k, v)| format!("{k}={v}")).collect();
                arguments.sort();
                arguments.extend(t.filter.clone());
                let key = (t.model.clone(), t.column.clone(), t.test.clone(), arguments.join(","));
                put!(tests, key, t, "the test");
            }
            Artifact::Snapshot(mut s) => {
                s.pipelines.sort();
                s.pipelines.dedup();
                put!(snapshots, s.name.clone(), s, "the snapshot", join_keepers);
            }
            Artifact::UnitTest(t) => put!(unit_tests, t.name.clone(), t, "the unit test"),
            Artifact::Macro(m) => put!(macros, m.name.clone(), m, "the macro"),
            Artifact::Ddl(d) => put!(ddl, (d.pipeline.clone(), d.dialect, d.schema.clone()), d, "the DDL"),
            Artifact::Ingestion(i) => put!(ingestions, (i.pipeline.clone(), i.source.clone()), i, "the ingestion"),
            Artifact::DagChange(d) => put!(dags, d.name.clone(), d, "the DAG"),
            Artifact::Alert(a) => put!(alerts, (a.pipeline.clone(), a.slack.clone()), a, "the alert"),
            Artifact::Policy(p) => put!(policies, (p.model.clone(), p.column.clone()), p, "the policy"),
        }
    }
}

/// How an artifact is called in a diagnostic.
trait Identity {
    fn show(&self) -> String;
}

macro_rules! identity {
    ($($type:ty: $self:ident => $show:expr;)*) => {
        $(impl Identity for $type { fn show(&$self) -> String { $show } })*
    };
}
identity! {
    TableRef: self => self.to_string();
    Name: self => self.to_string();
    Option<Name>: self => self.as_ref().map_or_else(|| "targets".into(), Name::to_string);
    (): self => String::new();
    (Name, Option<Name>, Name, String): self => match &self.1 {
        Some(column) => format!("{} of {}.{column}", self.2, self.0),
        None => format!("{} of {}", self.2, self.0),
    };
    (Name, Dialect, Name): self => format!("{} ({}, {})", self.0, self.1, self.2);
    (Name, Name): self => format!("{}.{}", self.0, self.1);
    (Name, String): self => format!("{} {}", self.0, self.1);
}

/// `join` takes into the first what the second has more, and says whether they agree.
fn put<K: Ord + Identity, T>(
    map: &mut BTreeMap<K, Item<T>>,
    key: K,
    item: Item<T>,
    what: &str,
    join: impl Fn(&mut T, T) -> bool,
    found: &mut Vec<Diagnostic>,
) {
    match map.entry(key) {
        Entry::Vacant(slot) => {
            slot.insert(item);
        }
        Entry::Occupied(mut slot) => {
            let shown = slot.key().show();
            let first = slot.get_mut();
            if !join(&mut first.value, item.value) {
                found.push(
                    Diagnostic::error(
                        "contradicting-proposals",
                        format!("{what} {shown} is proposed twice, not alike").replace("  ", " "),
                    )
                    .at(Place::path(&item.file, "artifact"))
                    .why(format!("{} ({}) and {} ({}) differ", first.by, first.file, item.by, item.file))
                    .next("propose it once, or make both the same"),
                );
            }
        }
    }
}

/// A model that several pipelines build is one model.
fn join_pipelines(first: &mut DbtModel, mut second: DbtModel) -> bool {
    first.pipelines.append(&mut second.pipelines);
    first.pipelines.sort();
    first.pipelines.dedup();
    second.pipelines.clone_from(&first.pipelines);
    *first == second
}

/// A snapshot that several pipelines keep is one snapshot.
fn join_keepers(first: &mut Snapshot, mut second: Snapshot) -> bool {
    first.pipelines.append(&mut second.pipelines);
    first.pipelines.sort();
    first.pipelines.dedup();
    second.pipelines.clone_from(&first.pipelines);
    *first == second
}

/// Tables that only one of two has are in both; a table that both have must be the same.
fn join_tables(first: &mut DbtSource, second: DbtSource) -> bool {
    let mut agree = first.schema == second.schema;
    for table in second.tables {
        match first.tables.binary_search_by(|t| t.name.cmp(&table.name)) {
            Ok(i) => agree &= first.tables[i] == table,
            Err(i) => first.tables.insert(i, table),
        }
    }
    agree
}
