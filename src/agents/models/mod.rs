//! What every model of the workspace holds: columns with their types, grain, the lowered query. Specs share staging
//! models, and models read models of other specs, so all of them are resolved together, once, before agents are asked.

mod dedupe;
mod describe;
mod measures;
mod query;
mod result;
mod rows;
mod set_aside;
mod staging;

use std::collections::{BTreeMap, BTreeSet};

use crate::contract::{self, Contract};
use crate::plan::{Context, spec_file};
use crate::proposal::Layer;
use crate::spec::rules::Use;
use crate::spec::{JoinKind, Materialization, Model, Spec};
use crate::sql::lower::Code;
use crate::vocabulary::{DataType, Diagnostic, Name, Place, Relation, TableRef, Window};

use super::near;

pub use result::{After, Filled};

/// All models by name.
#[derive(Debug, Default)]
pub struct Models(BTreeMap<Name, Resolved>);

/// One model.
#[derive(Clone, Debug)]
pub struct Resolved {
    /// Its name.
    pub name: Name,
    /// Where it stands.
    pub layer: Layer,
    /// Pipelines that build it, sorted.
    pub pipelines: Vec<Name>,
    /// What a row is.
    pub description: String,
    /// How dbt keeps it.
    pub materialization: Materialization,
    /// Columns in the query's order; none where the spec writes the query itself.
    pub columns: Option<Vec<Column>>,
    /// Columns that tell rows apart; empty where that is not known.
    pub grain: Vec<Name>,
    /// The model that the spec says it reads; none for staging models.
    pub from: Option<Name>,
    /// The query.
    pub body: Body,
    /// The project's macros that it calls.
    pub macros: BTreeSet<Name>,
    /// Which rows of its table a staging model has.
    pub part: Part,
}

/// Which rows of its table a staging model has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Those that go on; all of them where none are set aside.
    GoesOn,
    /// All of them, each with why it is set aside.
    Judged,
    /// Those that are set aside.
    SetAside,
}

/// A column of a model.
#[derive(Clone, Debug)]
pub struct Column {
    /// Name.
    pub name: Name,
    /// What it means.
    pub description: String,
    /// Type, where known.
    pub data_type: Option<DataType>,
    /// Whether it may be null.
    pub nullable: bool,
    /// Kind of personal data that it holds.
    pub pii: Option<Name>,
    /// Rule that cleaned it.
    pub cleaned: Option<Use>,
    /// Whether it is the contract's column as it was landed.
    pub landed: bool,
}

/// The query of a model.
#[derive(Clone, Debug)]
pub enum Body {
    /// A landed table: renamed, cast, cleaned.
    Staging {
        /// The table.
        table: TableRef,
        /// Columns in order.
        targets: Vec<Target>,
        /// Why a row is set aside.
        reason: Option<Target>,
    },
    /// The spec's algebra.
    Query(Box<Query>),
    /// dbt SQL as the spec writes it.
    Sql(String),
}

/// One column of a select.
#[derive(Clone, Debug)]
pub struct Target {
    /// Name.
    pub name: Name,
    /// What it is.
    pub code: Code,
}

/// A query over models.
#[derive(Clone, Debug)]
pub struct Query {
    /// The model that rows come from.
    pub base: Source,
    /// What is joined to it.
    pub joins: Vec<Joined>,
    /// Columns of the joined rows; empty where nothing is joined.
    pub joined: Vec<Target>,
    /// The window.
    pub window: Option<InWindow>,
    /// Conditions.
    pub filters: Vec<Code>,
    /// One row for each key.
    pub dedupe: Option<Dedupe>,
    /// Places of rows in their group, for the measures that go by them.
    pub places: Vec<Target>,
    /// What is grouped by.
    pub groups: Vec<Target>,
    /// Aggregates.
    pub measures: Vec<Target>,
    /// Columns of a model that does not group; empty where all pass.
    pub columns: Vec<Target>,
    /// What happens to the rows of the result.
    pub after: Vec<After>,
}

/// One row for each key.
#[derive(Clone, Debug)]
pub struct Dedupe {
    /// The place of a row among those of its key; none where rows that are alike in everything become one.
    pub place: Option<Target>,
    /// Conditions of which one keeps a row at any place: a part of its key is missing.
    pub keep: Vec<Code>,
    /// Columns that go on.
    pub columns: Vec<Target>,
}

/// A window, its column as the query names it, and that column's type.
pub type InWindow = (Window, Code, Option<DataType>);

/// A model that is read.
#[derive(Clone, Debug)]
pub struct Source {
    /// Its name.
    pub model: Name,
    /// What the query calls it.
    pub alias: Name,
}

/// A model that is joined.
#[derive(Clone, Debug)]
pub struct Joined {
    /// The model.
    pub source: Source,
    /// Kind of join.
    pub kind: JoinKind,
    /// Pairs of qualified columns: ours, theirs.
    pub on: Vec<(String, String)>,
    /// Pairs of columns: what the rows are called that ours comes from, ours, theirs.
    pub keys: Vec<(Name, Name, Name)>,
    /// Only its rows in this window are there.
    pub window: Option<InWindow>,
    /// Only its rows that meet these conditions are there.
    pub filters: Vec<Code>,
}

impl Joined {
    /// Whether its columns stand beside ours; otherwise it only decides which rows stay.
    pub fn adds(&self) -> bool {
        matches!(self.kind, JoinKind::Left | JoinKind::Inner)
    }
}

impl Query {
    /// The columns that come from the rows around.
    pub fn windowed(&self) -> impl Iterator<Item = &Target> {
        self.after.iter().flat_map(|step| match step {
            After::Windowed(targets) => targets.as_slice(),
            _ => &[],
        })
    }
}

impl Models {
    /// The model of that name.
    pub fn get(&self, name: &str) -> Option<&Resolved> {
        self.0.get(name)
    }

    /// Names of all models, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(Name::as_str)
    }

    /// The staging model of a table, where one is built.
    pub fn staging(&self, table: &TableRef) -> Option<&Resolved> {
        self.get(table.staging_model().as_str())
    }

    /// The models of one spec, in its order.
    pub fn of<'a>(&'a self, spec: &'a Spec) -> impl Iterator<Item = &'a Resolved> {
        let named = spec.models.iter().flat_map(|m| match &m.from {
            Relation::Table(table) => vec![table.base_model(), m.name.clone(), table.set_aside_model()],
            Relation::Model(_) => vec![m.name.clone()],
        });
        named.filter_map(|name| self.0.get(&name))
    }
}

impl Column {
    /// It is cleaned.
    fn clean(&mut self, used: Use) {
        self.data_type = Some(used.rule.gives);
        self.nullable = (self.nullable || used.rule.nullable) && !used.rule.fills;
        self.description = used.rule.description.clone();
        self.cleaned = Some(used);
    }
}

impl Resolved {
    /// The column of that name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().flatten().find(|c| c.name == *name)
    }

    /// The models that its query reads.
    pub fn reads(&self) -> Vec<&Name> {
        match &self.body {
            Body::Query(query) => {
                let mut seen = BTreeSet::new();
                let all = std::iter::once(&query.base).chain(query.joins.iter().map(|j| &j.source));
                all.map(|s| &s.model).filter(|model| seen.insert(*model)).collect()
            }
            Body::Staging { .. } => Vec::new(),
            Body::Sql(_) => self.from.iter().collect(),
        }
    }

    /// What the model is called where rows are counted: `orders` for `stg_shop__orders`.
    pub fn noun(&self) -> &Name {
        match &self.layer {
            Layer::Staging(table) => &table.table,
            _ => &self.name,
        }
    }
}

/// A model as one spec writes it.
#[derive(Clone, Copy)]
struct Written<'a> {
    spec: &'a Spec,
    model: &'a Model,
}

impl Written<'_> {
    /// A place in it: `models.daily_sales.where.0`.
    fn place(&self, rest: &str) -> Place {
        let dot = if rest.is_empty() { "" } else { "." };
        Place::path(spec_file(&self.spec.name), format!("models.{}{dot}{rest}", self.model.name))
    }

    fn pipelines(all: &[Written<'_>]) -> Vec<Name> {
        let pipelines: BTreeSet<Name> = all.iter().map(|w| w.spec.name.clone()).collect();
        pipelines.into_iter().collect()
    }
}

/// Resolves all models of the workspace that are asked for; what is wrong with them, all at once.
pub(super) fn resolve(context: &Context<'_>) -> (Models, Vec<Diagnostic>) {
    let mut faults = Vec::new();
    let mut written: BTreeMap<&Name, Vec<Written<'_>>> = BTreeMap::new();
    let others = context.specs.values().filter(|s| s.name != context.spec.name);
    let mut specs: Vec<&Spec> = others.chain([context.spec]).collect();
    specs.sort_by(|a, b| a.name.cmp(&b.name));
    for spec in specs {
        for model in spec.models.iter().filter(|m| context.asks(&m.name)) {
            written.entry(&model.name).or_default().push(Written { spec, model });
        }
    }
    let mut models = Models::default();
    for name in in_order(&written, &mut faults) {
        let all = &written[name];
        let resolved: Vec<Resolved> = match &all[0].model.from {
            Relation::Table(table) => staging::resolve(context, table, all, &mut faults),
            Relation::Model(_) => {
                alike(all, &mut faults);
                query::resolve(context, &models, all, &mut faults).into_iter().collect()
            }
        };
        models.0.extend(resolved.into_iter().map(|r| (r.name.clone(), r)));
    }
    (models, faults)
}

/// A model that several specs write must be the same in all of them, staging models apart.
fn alike(all: &[Written<'_>], faults: &mut Vec<Diagnostic>) {
    for (i, written) in all.iter().enumerate().skip(1) {
        if written.model == all[0].model {
            continue;
        }
        let name = &written.model.name;
        let what = if written.spec.name == all[0].spec.name {
            format!("`{name}` is written twice")
        } else {
            format!("`{name}` is not the same in the pipelines `{}` and `{}`", all[0].spec.name, written.spec.name)
        };
        let first = all[..i].iter().map(|w| w.place("").to_string()).collect::<Vec<_>>().join(", ");
        let fault = Diagnostic::error("model-clash", what).at(written.place("")).why(format!("it is also at {first}"));
        faults.push(fault.next("give one of them another name, or read the other's model with `from`"));
    }
}

/// Names in an order in which each model comes after those that it reads. Unknown models and cycles become faults.
fn in_order<'a>(written: &BTreeMap<&'a Name, Vec<Written<'a>>>, faults: &mut Vec<Diagnostic>) -> Vec<&'a Name> {
    let mut waits: BTreeMap<&Name, usize> = BTreeMap::new();
    let mut readers: BTreeMap<&Name, Vec<&'a Name>> = BTreeMap::new();
    for (name, all) in written {
        let mut reads: BTreeSet<&Name> = BTreeSet::new();
        for w in all {
            if let Relation::Model(from) = &w.model.from {
                known(written, w, from, "from", faults);
                reads.insert(from);
            }
            for (i, join) in w.model.joins.iter().enumerate() {
                known(written, w, &join.to, &format!("joins.{i}.to"), faults);
                reads.insert(&join.to);
            }
        }
        reads.retain(|read| written.contains_key(read));
        waits.insert(name, reads.len());
        for read in reads {
            readers.entry(read).or_default().push(name);
        }
    }
    let mut ready: BTreeSet<&Name> = waits.iter().filter(|(_, n)| **n == 0).map(|(name, _)| *name).collect();
    let mut order: Vec<&'a Name> = Vec::new();
    while let Some(name) = ready.pop_first() {
        waits.remove(name);
        if let Some((name, _)) = written.get_key_value(name) {
            order.push(name);
        }
        for reader in readers.get(name).into_iter().flatten() {
            if let Some(left) = waits.get_mut(reader) {
                *left -= 1;
                if *left == 0 {
                    ready.insert(reader);
                }
            }
        }
    }
    if let Some(first) = waits.keys().next() {
        let names: Vec<String> = waits.keys().map(|n| format!("`{n}`")).collect();
        let fault =
            Diagnostic::error("model-cycle", format!("models read each other in a circle: {}", names.join(", ")));
        faults.push(fault.at(written[first][0].place("from")).next("let one of them read a staging model instead"));
    }
    order
}

fn known(
    written: &BTreeMap<&Name, Vec<Written<'_>>>,
    by: &Written<'_>,
    name: &Name,
    at: &str,
    faults: &mut Vec<Diagnostic>,
) {
    if written.contains_key(name) {
        return;
    }
    let otherwise = "add it to `models`; a table of a source is read through its staging model";
    let next = near(name.as_str(), written.keys().map(|n| n.as_str()), otherwise);
    let fault = Diagnostic::error("unknown-model", format!("there is no model `{name}`"));
    faults.push(fault.at(by.place(at)).next(next));
}

/// Order of a select that linters ask for: plain columns and casts of them, then what is computed.
fn simple_first(mut targets: Vec<Target>) -> Vec<Target> {
    targets.sort_by_key(|t| match &t.code {
        Code::Text(_) => false,
        Code::Call(name, _) => name != "cast",
        _ => true,
    });
    targets
}

/// `name`, or with a number after it where that is taken.
fn unused(name: &str, taken: impl Fn(&str) -> bool) -> Name {
    let mut out = super::schema::named(name);
    let mut i = 2;
    while taken(out.as_str()) {
        out = super::schema::named(&format!("{name}_{i}"));
        i += 1;
    }
    out
}

/// What a landed column means.
pub(super) fn landed_description(contract: &Contract, column: &contract::Column) -> String {
    describe::landed(contract, column)
}

/// What a row of a landed table is.
pub(super) fn staging_description(contract: &Contract) -> String {
    describe::staging(contract)
}
