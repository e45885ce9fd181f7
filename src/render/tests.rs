//! Every fixture under `fixtures/render/`, and what holds for all of them.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::path::Path;

use super::*;
use crate::changeset::{Ground, prove};
use crate::contract::Contract;
use crate::proposal::{Artifact, DagAction, DagTask, DdlTable, IngestTable, Proposal, Proposals};
use crate::vocabulary::Name;

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/render");
const SNAPSHOTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/snapshots/render");

fn fixture(case: &Path) -> (Config, Vec<Proposal>) {
    let config = std::fs::read_to_string(case.join("pipewright.yml")).unwrap();
    let proposals = std::fs::read_to_string(case.join("proposals.json")).unwrap();
    let proposals: Proposals = serde_json::from_str(&proposals).unwrap();
    (serde_yaml::from_str(&config).unwrap(), proposals.proposals)
}

fn render(config: &Config, proposals: Vec<Proposal>) -> Files {
    let contracts = BTreeMap::new();
    let change = prove(&Ground { config, contracts: &contracts }, proposals).unwrap();
    files(&change, config).unwrap()
}

#[test]
fn every_fixture_renders_as_it_stands_in_its_snapshots() {
    let update = std::env::var_os("INSTA_UPDATE").is_some_and(|v| v == "always");
    for case in std::fs::read_dir(FIXTURES).unwrap() {
        let case = case.unwrap().path();
        let (config, proposals) = fixture(&case);
        let rendered = render(&config, proposals.clone());
        assert_eq!(render(&config, proposals.clone()), rendered, "rendering is pure");
        let mut reversed = proposals;
        reversed.reverse();
        assert_eq!(render(&config, reversed), rendered, "the order of proposals does not matter");

        let folder = Path::new(SNAPSHOTS).join(case.file_name().unwrap());
        if update {
            let _ = std::fs::remove_dir_all(&folder);
            for (path, text) in &rendered {
                let file = folder.join(path);
                std::fs::create_dir_all(file.parent().unwrap()).unwrap();
                std::fs::write(file, text).unwrap();
            }
        }
        let accepted: Files = walkdir::WalkDir::new(&folder)
            .into_iter()
            .filter_map(Result::ok)
            .filter(|entry| entry.file_type().is_file())
            .map(|entry| {
                let path = entry.path().strip_prefix(&folder).unwrap().to_str().unwrap().to_owned();
                (path, std::fs::read_to_string(entry.path()).unwrap())
            })
            .collect();
        assert_eq!(accepted.keys().collect::<Vec<_>>(), rendered.keys().collect::<Vec<_>>(), "files of {case:?}");
        for (path, text) in &rendered {
            assert_eq!(&accepted[path], text, "{path} of {case:?}");
        }
    }
}

/// A spec that stages every table of a source, as the benches do.
fn wide(tables: usize) -> (Config, Vec<Proposal>) {
    let (config, shop) = fixture(&Path::new(FIXTURES).join("shop"));
    let text = serde_json::to_string(&shop).unwrap();
    let mut proposals = Vec::new();
    for n in 0..tables {
        let copy = text.replace("stg_shop__orders", &format!("stg_shop__orders_{n}"));
        let copy: Vec<Proposal> = serde_json::from_str(&copy).unwrap();
        proposals.extend(copy.into_iter().filter(|p| match &p.artifact {
            Artifact::DbtModel(model) => model.name.as_str().starts_with("stg_shop__orders_"),
            Artifact::DbtTest(test) => test.model.as_str().starts_with("stg_shop__orders_"),
            _ => false,
        }));
    }
    for proposal in shop {
        proposals.push(match proposal.artifact {
            Artifact::Ingestion(mut ingestion) => {
                ingestion.tables = (0..tables)
                    .map(|n| IngestTable { name: named("orders", n), ..ingestion.tables[0].clone() })
                    .collect();
                Proposal { artifact: Artifact::Ingestion(ingestion), ..proposal }
            }
            Artifact::Ddl(mut ddl) => {
                ddl.tables =
                    (0..tables).map(|n| DdlTable { name: named("orders", n), ..ddl.tables[0].clone() }).collect();
                Proposal { artifact: Artifact::Ddl(ddl), ..proposal }
            }
            Artifact::SourceContract(contract) => {
                let copies =
                    (0..tables).map(|n| Contract { table: named(contract.table.as_str(), n), ..contract.clone() });
                let (by, task, because, why) = (proposal.by, proposal.task, proposal.because, proposal.why);
                proposals.extend(copies.map(|copy| Proposal {
                    by: by.clone(),
                    task: task.clone(),
                    because: because.clone(),
                    why: why.clone(),
                    artifact: Artifact::SourceContract(copy),
                }));
                continue;
            }
            Artifact::DagChange(mut dag) => {
                dag.tasks = (0..tables)
                    .map(|n| DagTask {
                        id: named("stg_shop__orders", n),
                        group: None,
                        action: DagAction::Build(vec![named("stg_shop__orders", n)]),
                        after: vec![],
                        outlets: vec![],
                    })
                    .collect();
                Proposal { artifact: Artifact::DagChange(dag), ..proposal }
            }
            artifact => Proposal { artifact, ..proposal },
        });
    }
    (config, proposals)
}

fn named(stem: &str, n: usize) -> Name {
    Name::parse(&format!("{stem}_{n}")).unwrap()
}

#[test]
fn a_thousand_tables_render() {
    let (config, proposals) = wide(1000);
    let contracts = BTreeMap::new();
    let change = prove(&Ground { config: &config, contracts: &contracts }, proposals).unwrap();
    let start = std::time::Instant::now();
    let rendered = files(&change, &config).unwrap();
    eprintln!("{} files in {:?}", rendered.len(), start.elapsed());
    if let Some(folder) = std::env::var_os("PIPEWRIGHT_KEEP") {
        for (path, text) in &rendered {
            let file = Path::new(&folder).join(path);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, text).unwrap();
        }
    }
    assert!(rendered.len() > 3000);
}
