//! Quality: data tests that follow from contracts and models, those that a spec adds, and unit tests that show what
//! cleaning does and where a window ends.

mod asked;
mod units;
mod values;

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;
use serde_json::{Value, json};

use super::because::Maker;
use super::models::{Body, Column, Part, Resolved};
use super::{Agent, Brief, history, rules};
use crate::contract::{self, Evidence};
use crate::plan::{Role, Task};
use crate::proposal::{Artifact, DbtTest, Layer, Macro, MacroForm, Proposal};
use crate::spec::TestSeverity;
use crate::spec::check::REASON;
use crate::template;
use crate::vocabulary::{ArtifactKind, DataType, Fault, Name, Outcome, Relation, TableRef};
use crate::workspace::Config;

pub(super) const AGENT: Agent = Agent {
    role: Role::Quality,
    about: "tests keys, references, values and formats; shows what cleaning does and where windows end",
    needs: &["contracts", "spec"],
    gives: &[ArtifactKind::DbtTest, ArtifactKind::UnitTest, ArtifactKind::Macro],
    propose,
};

/// The generic test of composite keys.
const COMBINATION: &str = "unique_combination";
/// The generic test of foreign keys of several columns.
const RELATED: &str = "related_combination";

fn propose(task: &Task, brief: &Brief<'_>) -> Outcome<Vec<Proposal>> {
    let spec = brief.context.spec;
    let maker = Maker { task, spec, role: Role::Quality };
    let (asked, mut faults) = asked::tests(brief, &maker);
    let mut tests: Vec<(String, String, DbtTest)> = Vec::new();
    let mut units = Vec::new();
    let specs = brief.context.specs.values().chain([spec]);
    let windowed = specs.flat_map(|s| &s.ingest).filter(|i| i.window.is_some()).map(|i| &i.table).collect();
    for model in brief.models.of(spec) {
        let mut derived = Derived { brief, windowed: &windowed, model, tests: Vec::new() };
        derived.derive();
        let mut derived = derived.tests;
        match units::window_edges(brief, model) {
            Some(Ok((unit, why))) => units.push((format!("models.{}.window", model.name), why, unit)),
            Some(Err(reason)) => {
                if let Some((_, why, _)) = derived.first_mut() {
                    why.push_str(&format!("; no unit test of the window's edges: {reason}"));
                }
            }
            None => {}
        }
        units.extend(
            units::examples(brief, model)
                .into_iter()
                .map(|(column, why, unit)| (format!("models.{}.columns.{column}", model.name), why, unit)),
        );
        tests.extend(derived);
    }
    tests.extend(history::tests(&history::snapshots(brief).0));
    tests.extend(masks(brief));
    // What a person asks for takes the place of what would follow anyway; a part of the rows is another question.
    let same = |a: &DbtTest, b: &DbtTest| {
        b.filter.is_none() && (&a.model, &a.column, &a.test) == (&b.model, &b.column, &b.test)
    };
    tests.retain(|(_, _, test)| !asked.iter().any(|(_, _, other)| same(test, other)));
    tests.extend(asked);

    let mut generic: BTreeMap<&Name, &str> = BTreeMap::new();
    tests.iter().for_each(|(path, _, test)| {
        generic.entry(&test.test).or_insert(path);
    });
    let mut files: Vec<Proposal> = Vec::new();
    for (name, path) in generic {
        match generic_test(name, brief.context.config) {
            Ok(more) => {
                let made = |file| maker.of_spec(path, format!("`{name}` is tested"), Artifact::Macro(file));
                let new: Vec<Proposal> = more.into_iter().map(made).collect();
                files.extend(
                    new.into_iter().filter(|p| !files.iter().any(|f| f.artifact == p.artifact)).collect::<Vec<_>>(),
                );
            }
            Err(fault) => faults.extend(fault.diagnostics),
        }
    }
    Fault::unless_empty(faults)?;
    let tests = tests.into_iter().map(|(path, why, test)| maker.of_spec(&path, why, Artifact::DbtTest(test)));
    let mut proposals: Vec<Proposal> = tests.collect();
    proposals.extend(units.into_iter().map(|(path, why, unit)| maker.of_spec(&path, why, Artifact::UnitTest(unit))));
    proposals.extend(files);
    Ok(proposals)
}

/// Masked columns let no value through.
fn masks(brief: &Brief<'_>) -> Vec<(String, String, DbtTest)> {
    let mut out = Vec::new();
    for model in brief.context.spec.models.iter().filter(|m| brief.context.asks(&m.name)) {
        let Relation::Model(from) = &model.from else { continue };
        for (column, _) in model.columns.iter().filter(|(_, rule)| rule.mask.is_some()) {
            let field = model.columns[column].expr.as_deref().unwrap_or(column.as_str());
            let known = brief.models.get(from.as_str()).is_some_and(|m| m.column(field).is_some());
            let Ok(test) = Name::word("no_raw_values") else { continue };
            if !known {
                continue;
            }
            let arguments = IndexMap::from([
                ("to".to_owned(), json!(format!("ref('{from}')"))),
                ("field".to_owned(), json!(field)),
            ]);
            let (name, column, severity) = (model.name.clone(), Some(column.clone()), TestSeverity::Error);
            let path = format!("models.{name}.columns.{field}");
            let test = DbtTest { model: name, column, test, arguments, filter: None, description: None, severity };
            out.push((path, "the mask hides every value".to_owned(), test));
        }
    }
    out
}

/// The file of a generic test that is ours, and those of the macros that it calls; none for dbt's own and the workspace's.
fn generic_test(name: &Name, config: &Config) -> Outcome<Vec<Macro>> {
    let of_rule = config.rules.cleaning().filter_map(|r| r.test.as_ref()).find(|t| t.name == *name);
    let test = match (of_rule, template::text(&format!("dbt/tests/{name}.sql"))) {
        (Some(test), _) => rules::generic_test(test)?,
        (None, Some(text)) => Macro { name: name.clone(), form: MacroForm::GenericTest, text: text.to_owned() },
        (None, None) => return Ok(Vec::new()),
    };
    let mut files = Vec::new();
    for helper in rules::helpers(&test.text) {
        files.push(rules::helper(&helper, &config.name)?);
    }
    files.push(test);
    Ok(files)
}

struct Derived<'a> {
    brief: &'a Brief<'a>,
    /// Tables of which only a window is landed.
    windowed: &'a BTreeSet<&'a TableRef>,
    model: &'a Resolved,
    tests: Vec<(String, String, DbtTest)>,
}

impl Derived<'_> {
    /// Rows that are judged or set aside: what is wrong in them does not fail a run, but that none lacks its reason does.
    fn apart(&mut self, columns: &[Column]) {
        let model = self.model;
        for column in columns {
            if model.grain.contains(&column.name) {
                self.plain(column, "not_null", TestSeverity::Warn, "part of the key");
            }
            if model.grain == [column.name.clone()] {
                self.plain(column, "unique", TestSeverity::Warn, "it tells rows apart");
            }
            if model.part == Part::SetAside && column.name == *REASON {
                self.plain(column, "not_null", TestSeverity::Error, "nothing is set aside without a reason");
            }
        }
    }

    fn derive(&mut self) {
        let model = self.model;
        let columns: &[Column] = model.columns.as_deref().unwrap_or_default();
        if model.grain.len() > 1 {
            let names: Vec<&str> = model.grain.iter().map(Name::as_str).collect();
            let arguments = IndexMap::from([("columns".to_owned(), json!(names))]);
            let severity = if model.part == Part::GoesOn { TestSeverity::Error } else { TestSeverity::Warn };
            self.push(None, COMBINATION, arguments, severity, "together they tell rows apart");
        }
        let contract = match &model.layer {
            Layer::Staging(table) if model.part == Part::GoesOn => self.brief.context.contracts.get(table),
            Layer::Staging(_) => return self.apart(columns),
            _ => None,
        };
        let counted: Vec<&Name> = match &model.body {
            Body::Query(query) => query.measures.iter().chain(query.windowed()).map(|m| &m.name).collect(),
            _ => Vec::new(),
        };
        for column in columns {
            let grain = model.grain.contains(&column.name);
            let landed = contract.and_then(|c| c.column(column.name.as_str()));
            if let Some(contract_column) = landed {
                self.required(column, contract_column, grain);
            } else if !column.nullable && (grain || counted.contains(&&column.name)) {
                self.plain(
                    column,
                    "not_null",
                    TestSeverity::Error,
                    if grain { "part of the grain" } else { "it can't be null" },
                );
            }
            let unique = landed.is_some_and(|c| c.unique && column.landed);
            if model.grain == [column.name.clone()] || (unique && !grain) {
                self.plain(
                    column,
                    "unique",
                    TestSeverity::Error,
                    if grain { "it tells rows apart" } else { "the contract says so" },
                );
            }
            if let (Some(contract), Some(landed)) = (contract, landed.filter(|_| column.landed)) {
                self.values(column, landed);
                self.evident(column, contract, grain || unique);
                self.reference(column, contract, landed);
            }
            if let Some(test) = column.cleaned.as_ref().and_then(|used| used.rule.test.as_ref()) {
                self.plain(column, test.name.as_str(), test.severity, &test.description);
            }
        }
        contract.into_iter().for_each(|contract| self.joint_references(contract));
    }

    fn required(&mut self, column: &Column, landed: &contract::Column, grain: bool) {
        let required = landed.required || grain;
        if required && (column.landed || !column.nullable || grain) {
            let why = if grain { "part of the key" } else { "the contract requires it" };
            self.plain(column, "not_null", TestSeverity::Error, why);
        } else if required {
            self.plain(column, "not_null", TestSeverity::Warn, "the contract requires it, and cleaning left nothing");
        }
    }

    /// What nobody declared, but all rows that were looked at say: it warns, for later rows may be another way.
    fn evident(&mut self, column: &Column, contract: &contract::Contract, told: bool) {
        for (_, evidence) in contract.evidence().into_iter().filter(|(name, _)| **name == column.name && !told) {
            let (test, why) = match evidence {
                Evidence::NeverNull => ("not_null", "not declared, but none of 1,000 and more rows was null"),
                Evidence::Unique => {
                    ("unique", "not declared, but named for an identifier, and the values that were seen differ")
                }
            };
            self.plain(column, test, TestSeverity::Warn, why);
        }
    }

    fn values(&mut self, column: &Column, landed: &contract::Column) {
        if landed.accepted_values.is_empty() {
            return;
        }
        // dbt puts each value between quotes as it is.
        let values: Vec<String> = landed.accepted_values.iter().map(|v| v.replace('\'', "''")).collect();
        let mut arguments = IndexMap::from([("values".to_owned(), json!(values))]);
        if landed.data_type.is_numeric() || landed.data_type == DataType::Boolean {
            arguments.insert("quote".to_owned(), Value::Bool(false));
        }
        self.push(Some(column), "accepted_values", arguments, TestSeverity::Error, "the contract names all values");
    }

    fn reference(&mut self, column: &Column, contract: &contract::Contract, landed: &contract::Column) {
        let Some(to) = &landed.references else { return };
        let table = TableRef { source: contract.source.clone(), table: to.table.clone() };
        let Some(parent) = self.parent(&table, [&to.column]) else { return };
        let (severity, why) = self.strictness(&table, to.inferred);
        let arguments = IndexMap::from([
            ("to".to_owned(), json!(format!("ref('{}')", parent.name))),
            ("field".to_owned(), json!(to.column)),
        ]);
        self.push(Some(column), "relationships", arguments, severity, why);
    }

    /// Foreign keys of several columns, where all of them stand in the model as they landed.
    fn joint_references(&mut self, contract: &contract::Contract) {
        for key in &contract.foreign_keys {
            let table = TableRef { source: contract.source.clone(), table: key.table.clone() };
            let own = key.columns.iter().all(|name| self.model.column(name.as_str()).is_some_and(|c| c.landed));
            let Some(parent) = self.parent(&table, &key.to).filter(|_| own) else { continue };
            let (severity, why) = self.strictness(&table, false);
            let arguments = IndexMap::from([
                ("columns".to_owned(), json!(key.columns)),
                ("to".to_owned(), json!(format!("ref('{}')", parent.name))),
                ("fields".to_owned(), json!(key.to)),
            ]);
            self.push(None, RELATED, arguments, severity, why);
        }
    }

    /// The model of a table that is staged in a pipeline of this one, with those columns as they landed.
    fn parent<'c>(&self, table: &TableRef, columns: impl IntoIterator<Item = &'c Name>) -> Option<&Resolved> {
        let parent = self.brief.models.staging(table)?;
        let together = parent.pipelines.iter().any(|p| self.model.pipelines.contains(p));
        let landed = |name: &Name| parent.column(name.as_str()).is_some_and(|c| c.landed);
        (together && columns.into_iter().all(landed)).then_some(parent)
    }

    /// How strictly rows are held to point into a table.
    fn strictness(&self, table: &TableRef, inferred: bool) -> (TestSeverity, &'static str) {
        let set_aside = self.brief.models.get(table.base_model().as_str()).is_some();
        match (inferred, self.windowed.contains(table)) {
            _ if set_aside => (TestSeverity::Warn, "rows of the other table are set aside"),
            (true, _) => (TestSeverity::Warn, "found from names and values, not declared"),
            (_, true) => (TestSeverity::Warn, "only a window of the other table is landed"),
            _ => (TestSeverity::Error, "the contract declares it"),
        }
    }

    fn plain(&mut self, column: &Column, test: &str, severity: TestSeverity, why: &str) {
        self.push(Some(column), test, IndexMap::new(), severity, why);
    }

    fn push(
        &mut self,
        column: Option<&Column>,
        test: &str,
        arguments: IndexMap<String, Value>,
        severity: TestSeverity,
        why: &str,
    ) {
        let Ok(test) = Name::word(test) else { return };
        let model = self.model.name.clone();
        let dot = column.map(|c| format!(".columns.{}", c.name)).unwrap_or_default();
        let path = format!("models.{model}{dot}");
        let column = column.map(|c| c.name.clone());
        self.tests.push((
            path,
            why.to_owned(),
            DbtTest { model, column, test, arguments, filter: None, description: None, severity },
        ));
    }
}
