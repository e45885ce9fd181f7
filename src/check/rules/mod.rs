//! What is looked for: one file a family of rules, one [`Rule`] a code. A rule is a pure function; to add one, write
//! it, name it in [`RULES`], and describe it in `docs/checks/<code>.md` with an example that it finds and one that it
//! leaves alone (tests run both).

mod absent;
mod apart;
mod averages;
mod backfills;
mod batches;
mod branches;
mod broken;
mod by_time;
mod clock;
mod collapsed;
mod conditions;
mod conversions;
mod counts;
mod described;
mod empty_marks;
mod ends;
mod expressions;
mod extremes;
mod frames;
mod glued;
mod grain;
mod incremental;
mod joins;
mod key_parts;
mod local;
mod look;
mod lost;
mod merge_keys;
mod mixed;
mod nulls;
mod nulls_first;
mod older;
mod outline;
mod overlaid;
mod overlaps;
mod people;
mod picks;
mod possible;
mod precision;
mod promised;
mod quotients;
mod ranges;
mod rates;
mod removals;
mod repeats;
mod reruns;
mod series;
mod sets;
mod spread;
mod sums;
mod tables;
#[cfg(test)]
mod tests;
mod times;
mod told;
mod totals;
mod undone;
mod unit_rows;
mod units;
mod waste;
mod windows;
mod zones;

pub(in crate::check) use waste::is_mart;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::keyed::Keyed;
use super::{Analysis, across, airflow, python, spark};
use crate::dbt::{Node, NodeId, Project};
use crate::sql::{Parsed, Resolved, ScopeRelation};
use crate::vocabulary::{Diagnostic, Dialect, Severity};
pub use outline::Outline;
pub use told::Told;

/// Something that is looked for.
pub struct Rule {
    /// Its stable code.
    pub code: &'static str,
    /// What kind of fault it is.
    pub family: Family,
    /// How much it matters where the configuration says nothing.
    pub severity: Severity,
    /// What it finds, in a line.
    pub summary: &'static str,
    /// How it is looked for.
    pub look: Look,
}

/// Kinds of rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Family {
    /// It does not run.
    Broken,
    /// It runs, and the data is wrong.
    Wrong,
    /// It runs, and costs too much.
    Dear,
    /// Two artifacts disagree.
    Across,
    /// Airflow.
    Airflow,
    /// Python that runs on Spark.
    Spark,
    /// What is generated no longer follows.
    OutOfStep,
}

/// What a rule looks at.
pub enum Look {
    /// One query at a time, in the order of lineage; runs beside others.
    Query(fn(&Query<'_>, &mut Vec<Diagnostic>)),
    /// The whole project, at the end.
    Whole(fn(&Analysis, &mut Vec<Diagnostic>)),
    /// One Python file at a time; runs beside others.
    Python(fn(&python::File<'_>, &mut Vec<Diagnostic>)),
    /// One file of Airflow's at a time, as it would be imported; runs beside others.
    Dags(fn(&airflow::DagFile<'_>, &mut Vec<Diagnostic>)),
    /// All files of the repository together, with the dbt project where there is one.
    Repository(fn(&across::Seen<'_>, &mut Vec<Diagnostic>)),
    /// Said by the part that reads or resolves; here for its severity and its page.
    Elsewhere,
}

/// A query that rules look at.
pub struct Query<'a> {
    /// The project.
    pub project: &'a Project,
    /// What its tests say of all of it.
    pub keyed: &'a Keyed,
    /// The node.
    pub node: &'a Node,
    /// What its query is written for.
    pub dialect: Dialect,
    /// Its query.
    pub parsed: &'a Parsed,
    /// The rendered SQL, and where it came from.
    pub rendered: &'a crate::sql::jinja::Rendered,
    /// What it makes, and what was noticed on the way.
    pub resolved: &'a Resolved<crate::dbt::NodeId>,
    /// The same for a run that meets its own table; none where that is the same.
    pub incremental: Option<(&'a Parsed, &'a crate::sql::jinja::Rendered, &'a Resolved<crate::dbt::NodeId>)>,
    /// What it reads, as it is seen.
    pub known: &'a BTreeMap<NodeId, Arc<ScopeRelation>>,
    /// What is known of the columns of what it reads.
    pub told: BTreeMap<NodeId, Arc<Told>>,
    /// Its query laid out.
    pub outline: Outline<'a>,
    /// The same of that other run.
    pub incremental_outline: Option<Outline<'a>>,
}

/// Every rule.
pub const RULES: &[&[Rule]] = &[
    broken::RULES,
    described::RULES,
    unit_rows::RULES,
    joins::RULES,
    nulls::RULES,
    spread::RULES,
    lost::RULES,
    sums::RULES,
    series::RULES,
    rates::RULES,
    units::RULES,
    sets::RULES,
    overlaps::RULES,
    glued::RULES,
    grain::RULES,
    times::RULES,
    zones::RULES,
    conversions::RULES,
    local::RULES,
    incremental::RULES,
    batches::RULES,
    empty_marks::RULES,
    merge_keys::RULES,
    clock::RULES,
    windows::RULES,
    ends::RULES,
    frames::RULES,
    precision::RULES,
    older::RULES,
    mixed::RULES,
    collapsed::RULES,
    nulls_first::RULES,
    totals::RULES,
    conditions::RULES,
    waste::RULES,
    tables::RULES,
    across::FILES,
    across::BETWEEN,
    airflow::RULES,
    spark::RULES,
];
