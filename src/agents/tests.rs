#![allow(clippy::unwrap_used, clippy::panic)]
//! Each folder of `fixtures/agents` is a workspace: `config.yml`, `contracts.yml` (a list), and specs `*.spec.yml`. For
//! each spec the plan and the proposals, or all faults, are kept under `snapshots/agents`, with SQL as it is in files.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use super::*;
use crate::contract::Contract;
use crate::plan::plan;
use crate::proposal::Artifact;
use crate::spec::Spec;
use crate::vocabulary::{Name, TableRef};
use crate::workspace::Config;

struct Case {
    config: Config,
    contracts: BTreeMap<TableRef, Contract>,
    specs: BTreeMap<Name, Spec>,
}

fn read<T: serde::de::DeserializeOwned>(path: &Path) -> T {
    let text = std::fs::read_to_string(path).unwrap();
    serde_yaml::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

fn case(folder: &Path) -> Case {
    let contracts: Vec<Contract> = read(&folder.join("contracts.yml"));
    let mut specs = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.to_string_lossy().ends_with(".spec.yml") {
            let spec: Spec = read(&path);
            specs.insert(spec.name.clone(), spec);
        }
    }
    Case {
        config: read(&folder.join("config.yml")),
        contracts: contracts.into_iter().map(|c| (c.table_ref(), c)).collect(),
        specs,
    }
}

fn proposed(case: &Case, spec: &Spec) -> Outcome<(Plan, Vec<Proposal>)> {
    let (config, contracts, specs) = (&case.config, &case.contracts, &case.specs);
    let context = Context { config, contracts, specs, spec, before: None, only: None };
    let plan = plan(&context)?;
    let proposals = propose(&plan, &context)?;
    Ok((plan, proposals))
}

/// Proposals as people read them: YAML, with the text of files after it.
fn shown(case: &Case, spec: &Spec) -> String {
    let (plan, proposals) = match proposed(case, spec) {
        Ok(done) => done,
        Err(fault) => return format!("{fault}\n"),
    };
    let mut out = format!("# plan\n{}", serde_yaml::to_string(&plan).unwrap());
    let mut files = String::new();
    for proposal in proposals {
        let mut value = serde_json::to_value(&proposal).unwrap();
        let (text, field) = match &proposal.artifact {
            Artifact::DbtModel(model) => (Some((model.name.clone(), model.sql.clone())), "sql"),
            Artifact::Macro(file) => (Some((file.name.clone(), file.text.clone())), "text"),
            _ => (None, ""),
        };
        if let Some((name, text)) = text {
            value["artifact"][field] = serde_json::Value::from("(below)");
            write!(files, "\n# {name}.sql\n{text}").unwrap();
        }
        writeln!(out, "- {}", serde_json::to_string(&value).unwrap()).unwrap();
    }
    out + &files
}

#[test]
fn fixtures() {
    insta::glob!("../../fixtures/agents", "*/config.yml", |path| {
        let folder = path.parent().unwrap();
        let case = case(folder);
        assert!(!case.specs.is_empty());
        for spec in case.specs.values() {
            insta::with_settings!({
                snapshot_path => "../../snapshots/agents",
                prepend_module_to_snapshot => false,
                snapshot_suffix => "",
                omit_expression => true,
            }, {
                let name = format!("{}__{}", folder.file_name().unwrap().to_string_lossy(), spec.name);
                insta::assert_snapshot!(name, shown(&case, spec));
            });
        }
    });
}

#[test]
fn what_was_approved_may_be_dropped() {
    let mut case = case(Path::new("fixtures/agents/sample"));
    let (name, before) = case.specs.pop_first().unwrap();
    let mut spec = before.clone();
    spec.models.retain(|m| m.name != "daily_customer_orders");
    case.specs.insert(name, spec.clone());
    let asked = |spec: &Spec| {
        let (config, contracts, specs) = (&case.config, &case.contracts, &case.specs);
        let context = Context { config, contracts, specs, spec, before: Some(&before), only: None };
        propose(&plan(&context)?, &context)
    };
    let fault = asked(&spec).unwrap_err();
    assert_eq!(fault.diagnostics[0].code, "needs-approval");
    let text = "{act: drop, of: marts.daily_customer_orders, by: ada, why: replaced}";
    spec.approvals.push(serde_yaml::from_str(text).unwrap());
    assert!(asked(&spec).is_ok());
}

#[test]
fn the_same_inputs_give_the_same_proposals() {
    let case = case(Path::new("fixtures/agents/joins"));
    for spec in case.specs.values() {
        assert_eq!(proposed(&case, spec).unwrap(), proposed(&case, spec).unwrap());
    }
}

/// Growth is linear: ten times the tables in no more than twenty times the time, whatever the machine.
#[test]
fn a_thousand_tables_stay_quick() {
    let seconds = |tables: usize| {
        let mut case = case(Path::new("fixtures/agents/sample"));
        let (_, mut spec) = case.specs.pop_first().unwrap();
        let contract = case.contracts.values().next().unwrap().clone();
        (spec.models, spec.ingest) = (Vec::new(), Vec::new());
        for i in 0..tables {
            let mut contract = contract.clone();
            contract.table = Name::from_text(&format!("table_{i}"), "table");
            let table = contract.table_ref();
            let text = format!("{{name: {}, from: {table}}}", table.staging_model());
            spec.models.push(serde_yaml::from_str(&text).unwrap());
            spec.ingest.push(serde_yaml::from_str(&format!("{{table: {table}, mode: merge}}")).unwrap());
            case.contracts.insert(table, contract);
        }
        case.specs.insert(spec.name.clone(), spec.clone());
        let start = std::time::Instant::now();
        assert!(proposed(&case, &spec).unwrap().1.len() > tables);
        start.elapsed().as_secs_f64()
    };
    let (few, many) = (seconds(100), seconds(1000));
    println!("100 tables {few:.3} s, 1,000 tables {many:.3} s");
    assert!(many < few.max(0.1) * 20.0, "100 tables {few:.3} s, 1,000 tables {many:.3} s");
}
