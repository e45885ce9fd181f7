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
    let context = Context { config, contracts, specs, spec, before: None };
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
