//! What a change does: models, tests, DAGs, exposures and loads that break, whose values move, that gain; by column
//! lineage, with the way that says why. What can't be read is unknown, never untouched.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::lineage::Project;
use super::{Change, Class, joint};
use crate::document;
use crate::spec::Spec;
use crate::sql::Usage;
use crate::vocabulary::{Name, Relation};

/// What a change does to what depends on it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Impact {
    /// What fails, or is wrong, until the change is followed.
    pub breaks: Vec<Effect>,
    /// What goes on working with other values.
    pub shifts: Vec<Effect>,
    /// What only gains.
    pub gains: Vec<Effect>,
    /// What may be touched: its lineage can't be read.
    pub unknown: Vec<Effect>,
    /// How many of each kind it does not touch.
    pub untouched: BTreeMap<String, usize>,
}

/// Something that a change touches.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Effect {
    /// `model`, `snapshot`, `test`, `dag`, `load` or `exposure`.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// Its columns that are touched; empty where all of it is.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<String>,
    /// The way from the source: `orders.total`, `stg_shop__orders.total`, `daily_sales.revenue`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub path: Vec<String>,
    /// What happens to it.
    pub why: String,
}

/// What is asked of the rest of the workspace.
#[derive(Clone, Copy, Debug)]
pub struct Effects<'a> {
    /// The dbt project, resolved behind the changed tables.
    pub project: &'a Project,
    /// The pipelines.
    pub specs: &'a BTreeMap<Name, Spec>,
}

/// A column of a relation; all of it if none.
type Spot = (Relation, Option<String>);

/// What was reached, from where, and how.
struct Reached {
    from: BTreeMap<Spot, Option<(Spot, Usage)>>,
    /// Models that read what was reached and can't be read themselves, or are behind such.
    unknown: BTreeMap<Name, Spot>,
}

/// What `change` does.
pub fn impact(change: &Change, effects: &Effects<'_>) -> Impact {
    let mut out = Impact::default();
    let reached = reach(change, effects.project);
    let what = What::of(change);
    let mut hit: BTreeMap<&Name, BTreeSet<&str>> = BTreeMap::new();
    let mut first: BTreeMap<&Name, &Spot> = BTreeMap::new();
    for (spot, _) in reached.from.iter().filter(|(_, from)| from.is_some()) {
        if let Relation::Model(name) = &spot.0 {
            let columns = hit.entry(name).or_default();
            columns.extend(spot.1.as_deref());
            let shorter = |best: &&Spot| way(best, &reached.from).len() <= way(spot, &reached.from).len();
            if !first.get(name).is_some_and(shorter) {
                first.insert(name, spot);
            }
        }
    }
    let path = |name: &Name| first.get(name).map(|spot| way(spot, &reached.from)).unwrap_or_default();
    let kind = |name: &Name| match effects.project.models.get(name) {
        Some(node) if node.snapshot => "snapshot",
        _ => "model",
    };
    for (name, columns) in &hit {
        let columns = columns.iter().map(|c| (*c).to_owned()).collect();
        let effect = |why: &str| Effect {
            kind: kind(name).into(),
            name: name.to_string(),
            columns,
            path: path(name),
            why: why.to_owned(),
        };
        match what {
            What::Breaks => out.breaks.push(effect("it reads what is there no longer under that name or type")),
            What::Shifts => out.shifts.push(effect("its values follow")),
            What::Gains => out.gains.push(effect("it can hold more")),
            What::Nothing => {}
        }
    }
    for (name, from) in &reached.unknown {
        let mut path = way(from, &reached.from);
        path.push(name.to_string());
        let why = "its SQL can't be read, so its lineage is not known".to_owned();
        let effect = Effect { kind: kind(name).into(), name: name.to_string(), columns: Vec::new(), path, why };
        if what != What::Nothing {
            out.unknown.push(effect);
        }
    }
    if change.class == Class::ColumnAdded {
        let staging = change.table.staging_model();
        if effects.project.models.contains_key(&staging) {
            let column = change.column.iter().map(Name::to_string).collect::<Vec<_>>();
            let path = vec![change.subject(), format!("{staging}.{}", column.join(""))];
            let why = "it can pass the column on".to_owned();
            out.gains.push(Effect { kind: "model".into(), name: staging.to_string(), columns: column, path, why });
        }
    }
    tests(change, effects, &hit, what, &path, &mut out);
    pipelines(change, effects, &mut out);
    for list in [&mut out.breaks, &mut out.shifts, &mut out.gains, &mut out.unknown] {
        list.sort();
        list.dedup();
    }
    untouched(effects, &mut out);
    out
}

/// What happens to the models that are reached.
#[derive(Clone, Copy, PartialEq, Eq)]
enum What {
    Breaks,
    Shifts,
    Gains,
    Nothing,
}

impl What {
    fn of(change: &Change) -> What {
        match change.class {
            c if c.takes_away() => What::Breaks,
            Class::TypeChanged => What::Breaks,
            Class::TypeWidened if change.was != change.now && same_here(change) => What::Nothing,
            Class::TypeWidened => What::Gains,
            Class::TypeNarrowed if same_here(change) => What::Nothing,
            Class::Nullability if change.now.as_deref() == Some("never null") => What::Nothing,
            Class::Unique if change.now.as_deref() == Some("unique") => What::Nothing,
            Class::ForeignKey | Class::TableAdded | Class::ColumnAdded => What::Nothing,
            _ => What::Shifts,
        }
    }
}

/// Whether the type is the same here, and only the source's own word for it is another.
fn same_here(change: &Change) -> bool {
    change.evidence.iter().any(|e| e.ends_with(" here, before and now"))
}

fn reach(change: &Change, project: &Project) -> Reached {
    let table = Relation::Table(change.table.clone());
    let start: Spot = (table, change.column.as_ref().map(Name::to_string));
    let mut reached = Reached { from: BTreeMap::from([(start.clone(), None)]), unknown: BTreeMap::new() };
    if matches!(change.class, Class::TableAdded | Class::ColumnAdded) {
        return reached;
    }
    let behind = project.downstream(&BTreeSet::from([start.0.clone()]));
    let mut todo = VecDeque::from([start]);
    let mut blind: VecDeque<(Name, Spot)> = VecDeque::new();
    while let Some(spot) = todo.pop_front() {
        for name in &behind {
            let Some(node) = project.models.get(name).filter(|n| n.reads.contains(&spot.0)) else { continue };
            let mut go = |to: Spot, usage: Usage, reached: &mut Reached| {
                if !reached.from.contains_key(&to) && !reached.from.contains_key(&(to.0.clone(), None)) {
                    reached.from.insert(to.clone(), Some((spot.clone(), usage)));
                    todo.push_back(to);
                }
            };
            let model = Relation::Model(name.clone());
            if node.snapshot {
                go((model, spot.1.clone()), Usage::Value, &mut reached);
                continue;
            }
            let Some(resolved) = &node.resolved else {
                blind.push_back((name.clone(), spot.clone()));
                continue;
            };
            let meets =
                |l: &crate::sql::Lineage| l.relation == spot.0 && spot.1.as_ref().is_none_or(|c| *c == l.column);
            let whole = spot.1.is_none();
            if let Some(read) =
                resolved.reads.iter().find(|l| meets(l)).map(|l| l.usage).or(whole.then_some(Usage::Filter))
            {
                go((model, None), read, &mut reached);
                continue;
            }
            for column in resolved.columns.iter().filter(|c| c.sources.iter().any(meets)) {
                go((model.clone(), Some(column.name.clone())), Usage::Value, &mut reached);
            }
        }
    }
    while let Some((name, from)) = blind.pop_front() {
        if reached.unknown.contains_key(&name) {
            continue;
        }
        for later in project.downstream(&BTreeSet::from([Relation::Model(name.clone())])) {
            let known = reached.from.keys().any(|(r, _)| *r == Relation::Model(later.clone()));
            if !known {
                reached.unknown.entry(later).or_insert_with(|| from.clone());
            }
        }
        reached.unknown.insert(name, from);
    }
    reached
}

/// The way to a spot, from the source on.
fn way(spot: &Spot, from: &BTreeMap<Spot, Option<(Spot, Usage)>>) -> Vec<String> {
    let mut out = Vec::new();
    let mut at = Some((spot.clone(), Usage::Value));
    while let Some(((relation, column), usage)) = at {
        let name = match &relation {
            Relation::Table(table) => table.table.to_string(),
            Relation::Model(model) => model.to_string(),
        };
        let before = from.get(&(relation, column.clone())).cloned().flatten();
        let how = match before.as_ref().map(|(_, usage)| usage) {
            Some(Usage::Filter) => " (rows)",
            Some(Usage::Join) => " (join)",
            Some(Usage::Group) => " (groups)",
            Some(Usage::Order) => " (order)",
            Some(Usage::Window) => " (windows)",
            _ => "",
        };
        let _ = usage;
        out.push(format!("{name}{}{how}", column.map_or(String::new(), |c| format!(".{c}"))));
        at = before;
    }
    out.reverse();
    out
}

/// Tests on what is reached.
fn tests(
    change: &Change,
    effects: &Effects<'_>,
    hit: &BTreeMap<&Name, BTreeSet<&str>>,
    what: What,
    path: &dyn Fn(&Name) -> Vec<String>,
    out: &mut Impact,
) {
    let held: &[&str] = match change.class {
        Class::Nullability if change.now.as_deref() == Some("nullable") => &["not_null"],
        Class::Unique | Class::PrimaryKey if change.now.as_deref() != Some("unique") => {
            &["unique", "unique_combination_of_columns", "unique_combination"]
        }
        Class::ForeignKey if change.column.is_none() => &["related_combination"],
        Class::ForeignKey => &["relationships"],
        Class::AcceptedValues
            if change.now.as_deref().is_some_and(|n| n.contains("new") || n.contains("no closed")) =>
        {
            &["accepted_values"]
        }
        _ => &[],
    };
    // References reach no model, but the tests that hold them.
    let own;
    let hit = match (&change.column, change.class) {
        (column, Class::ForeignKey) => {
            let staging = change.table.staging_model();
            own = effects.project.models.get_key_value(&staging).map(|(name, _)| name);
            let columns: BTreeSet<&str> = match column {
                Some(column) => BTreeSet::from([column.as_str()]),
                None => joint::columns(&change.key).collect(),
            };
            &own.map(|name| BTreeMap::from([(name, columns)])).unwrap_or_default()
        }
        _ => hit,
    };
    for test in all_tests(effects.project, &|text| hit.keys().any(|name| text.contains(name.as_str()))) {
        let Some((name, columns)) = hit.get_key_value(&test.model) else { continue };
        let same = || test.columns.len() == columns.len() && test.columns.iter().all(|c| columns.contains(c.as_str()));
        let any = || columns.is_empty() || test.unit || test.columns.iter().any(|c| columns.contains(c.as_str()));
        let touched = if change.class == Class::ForeignKey { same() } else { any() };
        if !touched {
            continue;
        }
        let effect = |why: &str| Effect {
            kind: "test".into(),
            name: test.name.clone(),
            columns: test.columns.clone(),
            path: [path(name), vec![test.name.clone()]].concat(),
            why: why.to_owned(),
        };
        if what == What::Breaks {
            out.breaks.push(effect("it tests what is there no longer under that name or type"));
        } else if held.contains(&test.kind.as_str()) {
            out.breaks.push(effect("the source does not hold what it tests any more"));
        }
    }
    for (name, on) in exposures(effects.project) {
        let read: Vec<&Name> = on.iter().filter_map(|m| hit.get_key_value(m).map(|(name, _)| *name)).collect();
        if let Some(model) = read.first() {
            let path = [path(model), vec![name.clone()]].concat();
            let effect = |why: &str| Effect {
                kind: "exposure".into(),
                name: name.clone(),
                columns: Vec::new(),
                path: path.clone(),
                why: why.into(),
            };
            match what {
                What::Breaks => out.breaks.push(effect("it shows a model that breaks")),
                What::Shifts => out.shifts.push(effect("it shows values that move")),
                What::Gains | What::Nothing => {}
            }
        }
        let blind = out.unknown.iter().find(|e| on.iter().any(|m| *m == e.name.as_str())).map(|e| e.path.clone());
        if let Some(path) = blind {
            let path = [path, vec![name.clone()]].concat();
            let why = "it shows a model whose lineage is not known".to_owned();
            out.unknown.push(Effect { kind: "exposure".into(), name, columns: Vec::new(), path, why });
        }
    }
}

/// A data test or unit test as its YAML has it.
struct Tested {
    model: Name,
    kind: String,
    name: String,
    columns: Vec<String>,
    unit: bool,
}

fn list<'v>(value: &'v Value, key: &str) -> &'v [Value] {
    value.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn all_tests(project: &Project, is_wanted: &dyn Fn(&str) -> bool) -> Vec<Tested> {
    let mut out = Vec::new();
    for file in project.properties.iter().filter(|f| is_wanted(&f.text)) {
        let Ok(yaml) = document::parse::<Value>(&file.path, &file.text) else { continue };
        for model in list(&yaml, "models") {
            let Some(name) = model.get("name").and_then(Value::as_str).and_then(|n| Name::parse(n).ok()) else {
                continue;
            };
            data_tests(model, &name, None, &mut out);
            for column in list(model, "columns") {
                data_tests(column, &name, column.get("name").and_then(Value::as_str), &mut out);
            }
        }
        for unit in list(&yaml, "unit_tests") {
            let text = |key: &str| unit.get(key).and_then(Value::as_str).unwrap_or_default();
            let Ok(model) = Name::parse(text("model")) else { continue };
            let name = text("name").to_owned();
            out.push(Tested { model, kind: "unit test".into(), name, columns: Vec::new(), unit: true });
        }
    }
    out
}

fn data_tests(of: &Value, model: &Name, column: Option<&str>, out: &mut Vec<Tested>) {
    for test in list(of, "data_tests").iter().chain(list(of, "tests")) {
        let (kind, arguments) = match test {
            Value::String(kind) => (kind.as_str(), &Value::Null),
            Value::Object(map) => match map.iter().next() {
                Some((kind, arguments)) => (kind.as_str(), arguments),
                None => continue,
            },
            _ => continue,
        };
        let kind = kind.rsplit('.').next().unwrap_or(kind).to_owned();
        let arguments = arguments.get("arguments").unwrap_or(arguments);
        let named = list(arguments, "combination_of_columns").iter().chain(list(arguments, "columns"));
        let columns: Vec<String> =
            column.map(str::to_owned).into_iter().chain(named.filter_map(Value::as_str).map(str::to_owned)).collect();
        let name = match column {
            Some(column) => format!("{kind}_{model}_{column}"),
            None => format!("{kind}_{model}"),
        };
        out.push(Tested { model: model.clone(), kind, name, columns, unit: false });
    }
}

/// Exposures, and the models that they depend on.
fn exposures(project: &Project) -> Vec<(String, BTreeSet<Name>)> {
    let mut out = Vec::new();
    for file in project.properties.iter().filter(|f| f.text.contains("exposures:")) {
        let Ok(yaml) = document::parse::<Value>(&file.path, &file.text) else { continue };
        for exposure in list(&yaml, "exposures") {
            let name = exposure.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
            let on = list(exposure, "depends_on").iter().filter_map(Value::as_str);
            let on = on
                .filter_map(|d| d.split(['\'', '"']).rfind(|p| Name::parse(p).is_ok()))
                .filter_map(|n| Name::parse(n).ok());
            out.push((name, on.collect()));
        }
    }
    out
}

/// Loads and DAGs.
fn pipelines(change: &Change, effects: &Effects<'_>, out: &mut Impact) {
    let load = match change.class {
        c if c.takes_away() => Some("it reads what is there no longer under that name"),
        Class::TypeChanged => Some("it refuses values of another kind than the contract states"),
        Class::TypeWidened if !same_here(change) => Some("it refuses values that the contract has no room for"),
        Class::Nullability if change.now.as_deref() == Some("nullable") => {
            Some("it refuses nulls where the contract requires a value")
        }
        Class::PrimaryKey => Some("it merges rows by the key"),
        _ => None,
    };
    let broken: BTreeSet<String> =
        out.breaks.iter().filter(|e| e.kind == "model" || e.kind == "snapshot").map(|e| e.name.clone()).collect();
    for spec in effects.specs.values() {
        let lands = spec.ingest.iter().any(|i| i.table == change.table);
        let builds = spec.models.iter().find(|m| broken.contains(m.name.as_str())).map(|m| m.name.to_string());
        let start = vec![change.subject()];
        if let Some(why) = load.filter(|_| lands) {
            let name = format!("ingest/{}.py", spec.name);
            let path = [start.clone(), vec![name.clone()]].concat();
            out.breaks.push(Effect { kind: "load".into(), name, columns: Vec::new(), path, why: why.into() });
        }
        if lands && load.is_some() || builds.is_some() {
            let by = match (&builds, lands && load.is_some()) {
                (_, true) => "its load fails".to_owned(),
                (Some(model), _) => format!("it builds {model}"),
                (None, false) => continue,
            };
            let through = builds.filter(|_| !(lands && load.is_some()));
            let path = start.into_iter().chain(through).chain([spec.name.to_string()]).collect();
            out.breaks.push(Effect {
                kind: "dag".into(),
                name: spec.name.to_string(),
                columns: Vec::new(),
                path,
                why: by,
            });
        }
    }
}

fn untouched(effects: &Effects<'_>, out: &mut Impact) {
    let touched: BTreeSet<(&str, &str)> = [&out.breaks, &out.shifts, &out.gains, &out.unknown]
        .into_iter()
        .flatten()
        .map(|e| (e.kind.as_str(), e.name.as_str()))
        .collect();
    let count =
        |kind: &str, names: &mut dyn Iterator<Item = &str>| names.filter(|n| !touched.contains(&(kind, *n))).count();
    let of_kind = |snapshot: bool| effects.project.models.iter().filter(move |(_, n)| n.snapshot == snapshot);
    let models = count("model", &mut of_kind(false).map(|(n, _)| n.as_str()));
    let snapshots = count("snapshot", &mut of_kind(true).map(|(n, _)| n.as_str()));
    let dags = count("dag", &mut effects.specs.keys().map(Name::as_str));
    let exposures = exposures(effects.project);
    let exposures = count("exposure", &mut exposures.iter().map(|(n, _)| n.as_str()));
    let all = [("models", models), ("snapshots", snapshots), ("dags", dags), ("exposures", exposures)];
    out.untouched = all.into_iter().map(|(kind, n)| (kind.to_owned(), n)).collect();
}

impl Impact {
    /// Whether something breaks, or may.
    pub fn is_breaking(&self) -> bool {
        !self.breaks.is_empty() || !self.unknown.is_empty()
    }
}
