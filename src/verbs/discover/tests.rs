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

#[test]
fn people_win_over_what_is_measured_anew() {
    let dir = workspace();
    sql(
        dir.path(),
        "create table crew (crew_id integer primary key, call_sign text, berth text, role text, joined integer);
         with recursive n(i) as (select 1 union all select i + 1 from n where i < 200)
         insert into crew select i, case i % 3 when 0 then 'Zweinstein' when 1 then 'Quidam' else 'Nemo' end,
             'B' || (i % 4), case i % 2 when 0 then 'cook' else 'pilot' end, i % 7 from n;",
    );
    again(dir.path());
    let path = dir.path().join("contracts/shop/crew.odcs.yaml");
    let base = dir.path().join(".pipewright/base/contracts/shop/crew.odcs.yaml");
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains("value: Quidam"), "call signs are no names that are known: {text}");
    // People know better: a tag more, a column renamed, a value more.
    let edited = text
        .replace(
            "      - name: call_sign\n",
            "      - name: alias\n        physicalName: call_sign\n        tags: [pii.name]\n",
        )
        .replace("{value: cook}", "{value: captain}, {value: cook}");
    assert!(edited.contains("captain") && edited.contains("name: alias"), "{text}");
    fs::write(&path, &edited).unwrap();
    sql(dir.path(), "insert into crew select crew_id + 1000, call_sign, berth, role, joined from crew");
    let report = again(dir.path());
    assert_eq!(report.contracts[0].status, Status::Merged, "{report:?}");
    let now = fs::read_to_string(&path).unwrap();
    let people = |text: &str| contract::put_aside(text);
    let without = |text: &str| people(text).lines().filter(|l| !l.contains("examples:")).collect::<Vec<_>>().join("\n");
    assert_eq!(without(&now), without(&edited), "what people wrote is as they wrote it");
    assert!(now.contains("rows: 400"), "{now}");
    assert!(now.contains("          alias:\n            nulls: 0\n            distinct: 3\n"), "{now}");
    for name in ["Zweinstein", "Quidam", "Nemo"] {
        assert!(!now.contains(name), "{name} is not kept once people say that it is somebody's: {now}");
        assert!(!fs::read_to_string(&base).unwrap().contains(name));
    }
    let third = again(dir.path());
    assert_eq!((third.contracts[0].status, third.changed), (Status::Unchanged, false));
    assert_eq!(fs::read_to_string(&path).unwrap(), now);
    // A tag that people take away stays away.
    fs::write(&path, now.replace("        tags: [pii.name]\n", "")).unwrap();
    sql(dir.path(), "delete from crew where crew_id > 1000");
    again(dir.path());
    assert!(!fs::read_to_string(&path).unwrap().contains("pii."));
}

#[test]
fn without_a_profile_what_the_last_one_said_stays() {
    let dir = workspace();
    sql(
        dir.path(),
        "with recursive n(i) as (select 1 union all select i + 1 from n where i < 200)
         insert into orders (status) select case i % 2 when 0 then 'open' else 'closed' end from n;",
    );
    again(dir.path());
    let before = fs::read_to_string(dir.path().join(ORDERS)).unwrap();
    assert!(before.contains("enum:") && before.contains("pipewright.statistics"), "{before}");
    let profiling = Profiling { enabled: Some(false), ..Profiling::default() };
    let options = DiscoverOptions { dir: dir.path().into(), source: None, profiling };
    let report = discover(&options, &mut |_| {}).unwrap();
    assert!(!report.changed, "{report:?}");
    sql(dir.path(), "alter table orders add column email text");
    discover(&options, &mut |_| {}).unwrap();
    let after = fs::read_to_string(dir.path().join(ORDERS)).unwrap();
    assert!(after.contains("tags: [pii.email]") && after.contains("enum:") && after.contains("rows: 201"), "{after}");
    // Never profiled: nothing is said of rows, and nobody asks the source for any.
    let fresh = workspace();
    discover(&DiscoverOptions { dir: fresh.path().into(), ..options }, &mut |_| {}).unwrap();
    let text = fs::read_to_string(fresh.path().join(ORDERS)).unwrap();
    assert!(!text.contains("pipewright.profile") && text.contains("name: status"), "{text}");
}

#[test]
fn what_people_say_of_keys_that_were_found_stays() {
    let dir = tempfile::tempdir().unwrap();
    git2::Repository::init(dir.path()).unwrap();
    sql(
        dir.path(),
        "create table parents (id integer, name text); create table items (item_id integer, parent_id integer,
            other_parent_id integer);
         insert into parents values (1, 'a'), (2, 'b'), (3, 'c');
         insert into items values (1, 3, 1), (2, 1, 2), (3, 2, 3);",
    );
    let sources = vec![("shop".into(), "sqlite:shop.sqlite".into())];
    init(&InitOptions { dir: dir.path().into(), sources, ..InitOptions::default() }).unwrap();
    again(dir.path());
    let paths = ["contracts/shop/items.odcs.yaml", "contracts/shop/parents.odcs.yaml"].map(|p| dir.path().join(p));
    let read = || paths.clone().map(|path| fs::read_to_string(path).unwrap());
    let [items, parents] = read();
    let mark = "            customProperties:\n              - property: pipewright.inferred\n";
    assert_eq!(items.matches(mark).count(), 1, "a role needs values that do not merely count: {items}");
    assert!(items.contains("value: named for parents.id; all values are there, in 3 rows"), "{items}");
    assert!(parents.contains("value: named for it; never null and no value twice in 3 rows"), "{parents}");
    // Confirmed: the parents' key and the reference, whose marks are taken out. Denied: that of the items is none.
    let cut = |text: &str, from: &str, lines: usize| {
        let at = text.find(from).unwrap_or_else(|| panic!("{from}: {text}"));
        let end: usize = text[at..].split_inclusive('\n').take(lines).map(str::len).sum();
        format!("{}{}", &text[..at], &text[at + end..])
    };
    let own_mark = "        customProperties:\n          - property: pipewright.inferred_key\n";
    let confirmed = cut(&parents, own_mark, 3);
    let edited = cut(&cut(&items, own_mark, 3), mark, 3);
    let edited = cut(&edited, "        primaryKey: true\n", 4);
    fs::write(&paths[0], &edited).unwrap();
    fs::write(&paths[1], &confirmed).unwrap();
    let look = |report: Report| {
        assert!(report.warnings.is_empty(), "{:?}", report.warnings);
        let [items, parents] = read();
        let marks = [&items, &parents].map(|text| text.matches("pipewright.inferred").count());
        assert_eq!(marks, [0, 0], "{items}{parents}");
        assert!(items.contains("to: parents.id") && !items.contains("primaryKey"), "{items}");
        assert!(parents.contains("primaryKey: true"), "{parents}");
    };
    look(again(dir.path()));
    // More rows, with a row of no parent, and a new column beside.
    sql(
        dir.path(),
        "with recursive n(i) as (select 4 union all select i + 1 from n where i < 40)
            insert into parents select i, 'x' from n;
         insert into items values (4, 99, 4); alter table items add column note text;
         alter table parents add column note text;",
    );
    let report = again(dir.path());
    assert_eq!(statuses(&report), [Status::Merged, Status::Merged]);
    look(report);
    assert!(read().iter().all(|text| text.contains("- name: note")), "{:?}", read());
    look(again(dir.path()));
}

/// A relationship that people took out is none: no later look says it again, and nothing is made of it.
#[test]
fn a_relationship_that_people_deny_stays_out() {
    let dir = tempfile::tempdir().unwrap();
    git2::Repository::init(dir.path()).unwrap();
    sql(
        dir.path(),
        "create table parents (parent_id integer primary key, name text);
         create table items (item_id integer primary key, parent_id integer, other_parent_id integer);
         insert into parents values (1, 'a'), (2, 'b'), (3, 'c');
         insert into items values (1, 3, 2), (2, 1, 3), (3, 2, 1), (4, 1, 2);",
    );
    let sources = vec![("shop".into(), "sqlite:shop.sqlite".into())];
    init(&InitOptions { dir: dir.path().into(), sources, ..InitOptions::default() }).unwrap();
    again(dir.path());
    let path = dir.path().join("contracts/shop/items.odcs.yaml");
    let read = || fs::read_to_string(&path).unwrap();
    let found = read();
    assert_eq!(found.matches("to: parents.parent_id").count(), 2, "{found}");
    // The first is denied, the second stays.
    let at = found.find("        relationships:\n").unwrap();
    let end = at + found[at..].find("      - name: other_parent_id\n").unwrap();
    fs::write(&path, format!("{}{}", &found[..at], &found[end..])).unwrap();
    let denied = || {
        let text = read();
        let own = &text[text.find("- name: parent_id").unwrap()..text.find("- name: other_parent_id").unwrap()];
        assert!(!own.contains("relationships:"), "{text}");
        assert_eq!(text.matches("to: parents.parent_id").count(), 1, "{text}");
    };
    assert_eq!(statuses(&again(dir.path())), [Status::Unchanged, Status::Unchanged]);
    denied();
    // More rows that all say so, and a look at names alone.
    sql(dir.path(), "insert into items values (5, 2, 1), (6, 3, 3); alter table items add column note text;");
    assert_eq!(statuses(&again(dir.path()))[0], Status::Merged);
    denied();
    let options = DiscoverOptions {
        dir: dir.path().into(),
        profiling: crate::workspace::Profiling { enabled: Some(false), ..Default::default() },
        ..DiscoverOptions::default()
    };
    discover(&options, &mut |_| {}).unwrap();
    denied();
    again(dir.path());
    denied();
}
