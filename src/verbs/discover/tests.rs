#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;

use super::*;
use crate::verbs::init::{InitOptions, init};

fn sql(root: &Path, script: &str) {
    let program = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.executescript(sys.argv[2]); c.commit()";
    let done = std::process::Command::new("python3")
        .args(["-c", program])
        .arg(root.join("shop.sqlite"))
        .arg(script)
        .status()
        .unwrap();
    assert!(done.success());
}

fn workspace() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    git2::Repository::init(dir.path()).unwrap();
    sql(
        dir.path(),
        "create table orders (order_id integer primary key, status text not null, amount decimal(12,2));
         create table people (person_id integer primary key, name text);
         insert into orders (status) values ('open');",
    );
    let sources = vec![("shop".into(), "sqlite:shop.sqlite".into())];
    init(&InitOptions { dir: dir.path().into(), sources, ..InitOptions::default() }).unwrap();
    dir
}

fn again(dir: &Path) -> Report {
    discover(&DiscoverOptions { dir: dir.into(), source: None, ..DiscoverOptions::default() }, &mut |_| {}).unwrap()
}

fn statuses(report: &Report) -> Vec<Status> {
    report.contracts.iter().map(|c| c.status).collect()
}

const ORDERS: &str = "contracts/shop/orders.odcs.yaml";

#[test]
fn an_unchanged_source_writes_nothing() {
    let dir = workspace();
    let first = again(dir.path());
    assert_eq!(statuses(&first), [Status::Created, Status::Created]);
    let written = fs::metadata(dir.path().join(ORDERS)).unwrap().modified().unwrap();
    let second = again(dir.path());
    assert_eq!(statuses(&second), [Status::Unchanged, Status::Unchanged]);
    assert!(!second.changed);
    assert_eq!(fs::metadata(dir.path().join(ORDERS)).unwrap().modified().unwrap(), written);
    sql(dir.path(), "alter table people add column email text");
    assert_eq!(statuses(&again(dir.path())), [Status::Unchanged, Status::Updated]);
}

#[test]
fn hand_edits_live() {
    let dir = workspace();
    again(dir.path());
    let path = dir.path().join(ORDERS);
    let edited = fs::read_to_string(&path)
        .unwrap()
        .replace("      - name: status\n", "      - name: status\n        description: Where the order is.\n");
    fs::write(&path, &edited).unwrap();
    let unchanged = again(dir.path());
    assert_eq!((statuses(&unchanged), unchanged.changed), (vec![Status::Unchanged; 2], false));

    sql(dir.path(), "alter table orders add column currency text");
    let merged = again(dir.path());
    assert_eq!(statuses(&merged), [Status::Merged, Status::Unchanged]);
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains("Where the order is.") && text.contains("- name: currency"), "{text}");

    // The same lines changed on both sides: people's stay, and the difference is named.
    let edited =
        text.replace("name: currency\n        physicalType: TEXT", "name: currency\n        physicalType: CHAR(3)");
    assert_ne!(text, edited);
    fs::write(&path, &edited).unwrap();
    sql(dir.path(), "alter table orders drop column currency; alter table orders add column currency varchar(8)");
    let kept = again(dir.path());
    assert_eq!(statuses(&kept), [Status::Kept, Status::Unchanged]);
    assert_eq!(fs::read_to_string(&path).unwrap(), edited);
    assert_eq!(kept.warnings.len(), 1, "{:?}", kept.warnings);
    assert!(kept.warnings[0].what.contains("column `currency` is varchar(8), not CHAR(3)"), "{:?}", kept.warnings);
}

#[test]
fn tables_that_went_and_contracts_that_were_deleted() {
    let dir = workspace();
    again(dir.path());
    fs::remove_file(dir.path().join(ORDERS)).unwrap();
    sql(dir.path(), "drop table people");
    let report = again(dir.path());
    assert_eq!(statuses(&report), [Status::Deleted]);
    let codes: Vec<&str> = report.warnings.iter().map(|w| &*w.code).collect();
    assert_eq!(codes, ["contract-deleted", "table-gone"]);
}

#[test]
fn a_renamed_table_stays_renamed() {
    let dir = workspace();
    again(dir.path());
    let text = fs::read_to_string(dir.path().join(ORDERS)).unwrap();
    let text = text.replace("id: shop.orders", "id: shop.purchases").replace("  - name: orders", "  - name: purchases");
    fs::write(dir.path().join("contracts/shop/purchases.odcs.yaml"), text).unwrap();
    fs::remove_file(dir.path().join(ORDERS)).unwrap();
    sql(dir.path(), "alter table orders add column currency text");
    let report = again(dir.path());
    assert_eq!(report.contracts[1].path, "contracts/shop/purchases.odcs.yaml");
    assert_eq!(statuses(&report), [Status::Unchanged, Status::Merged]);
    assert!(!dir.path().join(ORDERS).exists());
}

#[test]
fn what_can_not_be_discovered_writes_nothing() {
    let dir = workspace();
    let wrong = DiscoverOptions { dir: dir.path().into(), source: Some("shopp".into()), ..DiscoverOptions::default() };
    let fault = discover(&wrong, &mut |_| {}).unwrap_err();
    assert_eq!((fault.exit, &*fault.diagnostics[0].code), (2, "unknown-source"));
    assert!(fault.to_string().contains("did you mean `shop`?"));
    fs::write(dir.path().join("shop.sqlite"), "gone bad").unwrap();
    let fault =
        discover(&DiscoverOptions { dir: dir.path().into(), source: None, ..DiscoverOptions::default() }, &mut |_| {})
            .unwrap_err();
    assert_eq!((fault.exit, &*fault.diagnostics[0].code), (2, "unreadable-source"));
    assert!(!dir.path().join("contracts").exists());
}
