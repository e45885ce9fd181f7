#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::*;
use crate::vocabulary::Outcome;

const ORDERS: &str = include_str!("../../fixtures/contract/orders.odcs.yaml");
const CONFIG: &str = "version: 1
name: shop
sources:
  shop:
    dev: {kind: sqlite, path: shop.sqlite}
targets:
  dev: {kind: duckdb, path: warehouse.duckdb}
";
const SPEC: &str = "version: 1\nname: daily\nmodels:\n  - {name: stg_shop__orders, from: shop.orders}\n";

fn workspace(files: &[(&str, &str)]) -> (tempfile::TempDir, Outcome<Workspace>) {
    let dir = tempfile::tempdir().unwrap();
    let good = [
        ("pipewright.yml", CONFIG),
        ("contracts/shop/orders.odcs.yaml", ORDERS),
        ("pipelines/daily.yml", SPEC),
        ("pipelines/x.proposals.json", "{}"),
    ];
    let all: BTreeMap<&str, &str> = good.into_iter().chain(files.iter().copied()).collect();
    for (path, text) in all.into_iter().filter(|(_, text)| *text != "-") {
        fs::create_dir_all(dir.path().join(path).parent().unwrap()).unwrap();
        fs::write(dir.path().join(path), text).unwrap();
    }
    let below = dir.path().join("pipelines");
    let opened = Workspace::open(if below.exists() { &below } else { dir.path() });
    (dir, opened)
}

#[test]
fn a_workspace_is_found_from_below() {
    let (dir, opened) = workspace(&[]);
    let opened = opened.unwrap();
    assert_eq!(opened.root, dir.path());
    assert_eq!((opened.contracts.len(), opened.specs.len(), opened.handed_in.len()), (1, 1, 1));
    let warned: Vec<String> = opened.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(warned.len(), 1, "{warned:?}");
    assert!(warned[0].contains("contracts/shop/orders.odcs.yaml:30:9"), "{warned:?}");
    assert_eq!(Workspace::open(Path::new("/nosuch")).unwrap_err().diagnostics[0].code, "not-found");
    assert_eq!(Workspace::open(Path::new("/")).unwrap_err().diagnostics[0].code, "no-workspace");
}

#[test]
fn faults_of_all_documents_come_at_once() {
    let config = CONFIG
        .replace("kind: duckdb", "kind: sqlite")
        .replace("path: shop.sqlite}", "path: ''}\n    prod: {kind: postgres, url_env: 'postgres://me:secret@host'}");
    let cases: [&[(&str, &str)]; 5] = [
        &[
            ("pipewright.yml", &config),
            ("contracts/shop/orders.odcs.yaml", &ORDERS.replace("required: true", "required: 1")),
            ("contracts/shop/more.yaml", ORDERS),
            ("contracts/crm/orders.odcs.yaml", &ORDERS.replace("id: shop", "id: crm")),
            ("pipelines/daily.yml", "version: 1\nname: daily\nmodel: []\n"),
            ("pipelines/weekly.yml", SPEC),
            ("pipewright.lock", "<<<<<<< ours\n"),
        ],
        &[("pipewright.yml", "")],
        &[(
            "pipewright.yml",
            &CONFIG.replace("kind: sqlite, path: shop.sqlite", "kind: snowflake, credentials_env: x"),
        )],
        &[("contracts/shop/orders.odcs.yaml", "-")],
        &[
            ("pipelines/daily.yml", &SPEC.replace("version: 1", "version: 2")),
            ("contracts/shop/a/orders.odcs.yaml", ORDERS),
        ],
    ];
    let mut said = String::new();
    for files in cases {
        let (_dir, opened) = workspace(files);
        match opened {
            Ok(w) => w.warnings.iter().for_each(|d| said.push_str(&format!("{d}\n"))),
            Err(fault) => said.push_str(&format!("{fault}\n")),
        }
        said.push_str("--\n");
    }
    assert!(!said.contains("me:secret"));
    insta::with_settings!({snapshot_path => "../../snapshots/workspace", prepend_module_to_snapshot => false}, {
        insta::assert_snapshot!("faults", said);
    });
}
