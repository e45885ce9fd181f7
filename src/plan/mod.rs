//! Spec and contracts become a plan: which agent does what, in what order, behind which gate. In: [`Context`]; out:
//! [`Plan`].

mod gates;
mod narrow;
mod size;
mod verdict;

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::contract::Contract;
use crate::spec::Spec;
use crate::vocabulary::{Act, Diagnostic, Name, Outcome, Place, Relation, TableRef};
use crate::workspace::Config;

pub use crate::vocabulary::Role;
pub use size::Size;
pub use verdict::{Standing, Verdict, standings};

/// What is planned, and all that agents are shown: never a file, never the network.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The workspace's configuration, with the platforms that are proposed already in it.
    pub config: &'a Config,
    /// All contracts.
    pub contracts: &'a BTreeMap<TableRef, Contract>,
    /// All specs of the workspace, the planned one among them: staging models are shared between pipelines.
    pub specs: &'a BTreeMap<Name, Spec>,
    /// The spec that is planned.
    pub spec: &'a Spec,
    /// The spec as it was before this change, if it is not new.
    pub before: Option<&'a Spec>,
    /// Models that are asked for, with all that they read; every model if none.
    pub only: Option<&'a BTreeSet<Name>>,
}

impl Context<'_> {
    /// Whether the model is asked for.
    pub fn asks(&self, model: &Name) -> bool {
        self.only.is_none_or(|only| only.contains(model))
    }
}

/// Tasks in an order that respects `after`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// The pipeline that is planned.
    pub pipeline: Name,
    /// One task a role that has something to do.
    pub tasks: Vec<Task>,
}

/// What one agent is asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Task {
    /// `<pipeline>/<role>`.
    pub id: String,
    /// Who does it.
    pub role: Role,
    /// Tasks that come before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub after: Vec<String>,
    /// What a person must approve by name before it may be proposed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gates: Vec<Gate>,
}

/// An approval that is asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Gate {
    /// What is done.
    pub act: Act,
    /// To which relation or column.
    pub of: String,
}

/// Plans one pipeline: a task for each role that has something to do.
///
/// # Errors
/// A spec that asks for nothing.
pub fn plan(context: &Context<'_>) -> Outcome<Plan> {
    let spec = context.spec;
    if spec.ingest.is_empty() && spec.models.is_empty() && spec.tests.is_empty() && spec.history.is_empty() {
        return Err(Diagnostic::error("nothing-to-do", format!("the pipeline `{}` asks for nothing", spec.name))
            .at(Place::file(spec_file(&spec.name)))
            .next("add tables to `ingest`, or `models`")
            .fault());
    }
    let lands = !spec.ingest.is_empty();
    let builds = !spec.models.is_empty() || !spec.history.is_empty();
    let roles: &[(Role, bool, &[Role])] = &[
        (Role::Ingestion, lands, &[]),
        (Role::Schema, lands || builds, &[Role::Ingestion]),
        (Role::Transformation, builds, &[Role::Schema]),
        (Role::Quality, builds || !spec.tests.is_empty(), &[Role::Transformation]),
        (Role::Scheduling, true, &[Role::Ingestion, Role::Transformation, Role::Quality]),
        (Role::Governance, stages_personal_data(context), &[Role::Transformation]),
        (Role::Observability, !spec.alerts.is_empty(), &[Role::Scheduling]),
    ];
    let id = |role: Role| format!("{}/{}", spec.name, role.as_str());
    let mut gates = gates::gates(context);
    let mut of_role = BTreeMap::from([
        (Role::Ingestion, size::gates(context)),
        (Role::Scheduling, verdict::production(context).into_iter().collect()),
    ]);
    let mut tasks: Vec<Task> = Vec::new();
    for (role, _, after) in roles.iter().filter(|(_, due, _)| *due) {
        let after = after.iter().map(|r| id(*r)).filter(|id| tasks.iter().any(|t| t.id == *id)).collect();
        if *role == Role::Transformation {
            of_role.insert(*role, std::mem::take(&mut gates));
        }
        let gates = of_role.remove(role).unwrap_or_default();
        tasks.push(Task { id: id(*role), role: *role, after, gates });
    }
    // A spec that lost all its models still needs their approval.
    if let Some(last) = tasks.last_mut() {
        last.gates.extend(gates);
    }
    Ok(Plan { pipeline: spec.name.clone(), tasks })
}

/// The file that a spec stands in.
pub fn spec_file(name: &Name) -> String {
    format!("pipelines/{name}.yml")
}

fn stages_personal_data(context: &Context<'_>) -> bool {
    let tables = context.specs.values().flat_map(|s| &s.models).filter_map(|m| match &m.from {
        Relation::Table(table) => context.contracts.get(table),
        Relation::Model(_) => None,
    });
    !context.spec.models.is_empty() && tables.flat_map(|c| &c.columns).any(|c| c.pii().is_some())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn plan_of(spec: &str, before: Option<&str>) -> Outcome<Plan> {
        let config: Config =
            serde_yaml::from_str("{version: 1, name: shop, targets: {dev: {kind: duckdb, path: x.duckdb}}}").unwrap();
        let spec: Spec = serde_yaml::from_str(spec).unwrap();
        let before: Option<Spec> = before.map(|b| serde_yaml::from_str(b).unwrap());
        let specs = BTreeMap::from([(spec.name.clone(), spec.clone())]);
        let contracts = BTreeMap::new();
        let (specs, contracts, before) = (&specs, &contracts, before.as_ref());
        plan(&Context { config: &config, contracts, specs, spec: &spec, before, only: None })
    }

    const DAILY: &str = "{version: 1, name: daily, models: [{name: m, from: a, group_by: [{name: d}], measures: [{name: n, count: '*'}, {name: s, sum: x}]}]}";

    #[test]
    fn only_roles_with_something_to_do_get_a_task() {
        let plan = plan_of(DAILY, None).unwrap();
        let tasks: Vec<(&str, usize)> = plan.tasks.iter().map(|t| (t.id.as_str(), t.after.len())).collect();
        assert_eq!(
            tasks,
            [("daily/schema", 0), ("daily/transformation", 1), ("daily/quality", 1), ("daily/scheduling", 2)]
        );
    }

    #[test]
    fn a_spec_that_asks_for_nothing_is_refused() {
        assert_eq!(plan_of("{version: 1, name: daily}", None).unwrap_err().diagnostics[0].code, "nothing-to-do");
    }

    #[test]
    fn large_loads_wait_and_unknown_ones_are_shown() {
        let (config, spec): (Config, Spec) = (
            serde_yaml::from_str(
                "{version: 1, name: shop, targets: {dev: {kind: duckdb, path: x}, prod: {kind: postgres, url_env: P}},\
                 policies: {require_approval: [backfill, production], backfill_rows: 1000}}",
            )
            .unwrap(),
            serde_yaml::from_str(
                "{version: 1, name: daily, ingest: [{table: s.big, mode: replace}, {table: s.small, mode: replace},\
                 {table: s.seen, mode: replace}], approvals: [{act: production, of: targets.prod, by: Ann, why: agreed}]}",
            )
            .unwrap(),
        );
        let contract = |table: &str, rows: Option<u64>| -> Contract {
            let profile = rows.map(|rows| serde_json::json!({"rows": rows, "sample": rows, "method": "all"}));
            let text = serde_json::json!({"source": "s", "table": table, "physical_name": table, "columns": [], "profile": profile});
            serde_json::from_value(text).unwrap()
        };
        let all = [contract("big", Some(1001)), contract("small", Some(1000)), contract("seen", None)];
        let contracts: BTreeMap<TableRef, Contract> = all.into_iter().map(|c| (c.table_ref(), c)).collect();
        let specs = BTreeMap::from([(spec.name.clone(), spec.clone())]);
        let context =
            Context { config: &config, contracts: &contracts, specs: &specs, spec: &spec, before: None, only: None };
        let stand = |context: &Context<'_>| -> Vec<String> {
            let plan = plan(context).unwrap();
            let all = plan.tasks.iter().flat_map(|t| standings(t, context));
            all.map(|s| format!("{} {} {} {:?}", s.act.as_str(), s.of, s.verdict.as_str(), s.by)).collect()
        };
        let production = "production targets.prod approved Some(\"Ann\")";
        assert_eq!(stand(&context), ["backfill s.big waits None", "backfill s.seen unknown None", production]);
        let again = Context { before: Some(&spec), ..context };
        assert_eq!(stand(&again), [production], "what is loaded already is no backfill");
        let free: Config = serde_yaml::from_str(
            "{version: 1, name: shop, targets: {dev: {kind: duckdb, path: x}, prod: {kind: postgres, url_env: P}},\
             policies: {require_approval: []}}",
        )
        .unwrap();
        let free = Context { config: &free, ..context };
        assert_eq!(stand(&free), ["production targets.prod at_merge None"]);
    }

    #[test]
    fn what_holds_less_or_shows_more_waits_for_a_person() {
        let model = |column: &str| {
            format!("{{version: 1, name: daily, models: [{{name: m, from: a, columns: {{x: {column}}}}}]}}")
        };
        let gates = |from: &str, to: &str| -> Vec<String> {
            let tasks = plan_of(&model(to), Some(&model(from))).unwrap().tasks;
            tasks.iter().flat_map(|t| &t.gates).map(|g| format!("{} {}", g.act.as_str(), g.of)).collect()
        };
        let (wide, narrow) = ("{expr: 'cast(y as decimal(21,2))'}", "{expr: 'cast(y as integer)'}");
        assert_eq!(gates(wide, narrow), ["narrow marts.m.x"]);
        assert!(
            gates(narrow, wide).is_empty() && gates(wide, wide).is_empty() && gates("{expr: y}", narrow).is_empty()
        );
        assert_eq!(gates("{mask: name}", "{}"), ["unmask marts.m.x"]);
        assert!(gates("{}", "{mask: name}").is_empty());
    }

    #[test]
    fn what_is_dropped_waits_for_a_person() {
        let less = "{version: 1, name: daily, models: [{name: m, from: a, group_by: [{name: d}], measures: [{name: n, count: '*'}]}]}";
        let gates = plan_of(less, Some(DAILY)).unwrap().tasks[1].gates.clone();
        assert_eq!(gates, [Gate { act: Act::Drop, of: "marts.m.s".into() }]);
        let other = "{version: 1, name: daily, ingest: [{table: a.b, mode: replace}]}";
        let gates: Vec<Gate> = plan_of(other, Some(DAILY)).unwrap().tasks.into_iter().flat_map(|t| t.gates).collect();
        assert_eq!(gates, [Gate { act: Act::Drop, of: "marts.m".into() }]);
        assert!(plan_of(DAILY, Some(less)).unwrap().tasks.iter().all(|t| t.gates.is_empty()));
    }
}
