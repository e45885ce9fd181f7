//! Changes to one small project, each with what it means: `fixtures/against/cases/*.yml` over `fixtures/against/shop`.
#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use serde::Deserialize;
use walkdir::WalkDir;

use super::*;
use crate::check::{Analysis, Shape, analyse};
use crate::dbt::{self, Settings, Tree};

/// A change and what it means.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    /// What is changed in both sides before.
    #[serde(default)]
    base: Edits,
    /// The change.
    #[serde(default)]
    head: Edits,
    #[serde(default)]
    approved: Vec<Agreed>,
    #[serde(default)]
    readers: Vec<Reads>,
    verdict: String,
    /// By name of the node: `what column verdict`, with `<- from` where it is inherited.
    #[serde(default)]
    changes: BTreeMap<String, Vec<String>>,
    /// `kind name` of everyone who is broken.
    #[serde(default)]
    broken: BTreeSet<String>,
    /// Nodes and exposures that are reached and not broken, with columns where not all of it is.
    #[serde(default)]
    reached: Option<BTreeMap<String, String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Edits {
    /// By file: what stands there, and what is put in its place.
    #[serde(default)]
    replace: BTreeMap<String, Vec<(String, String)>>,
    #[serde(default)]
    write: BTreeMap<String, String>,
    #[serde(default)]
    remove: Vec<String>,
    #[serde(default, rename = "move")]
    moved: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
struct Agreed {
    model: String,
    column: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Reads {
    dag: String,
    model: String,
    #[serde(default)]
    columns: Vec<String>,
}

fn root() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/against")
}

pub(super) fn shop() -> Tree {
    let root = root().join("shop");
    let mut tree = Tree::new();
    for entry in WalkDir::new(&root).follow_links(true).sort_by_file_name() {
        let entry = entry.unwrap();
        if entry.file_type().is_file() {
            let path = entry.path().strip_prefix(&root).unwrap().to_str().unwrap().replace('\\', "/");
            tree.insert(path, std::fs::read_to_string(entry.path()).unwrap().into());
        }
    }
    assert!(tree.len() > 15, "the project is there");
    tree
}

pub(super) fn read(tree: &Tree) -> Analysis {
    analyse(dbt::read(tree, &Settings::default(), None), None)
}

impl Edits {
    fn apply(&self, tree: &Tree) -> Tree {
        let mut tree = tree.clone();
        for (path, list) in &self.replace {
            let mut text = tree.get(path).unwrap_or_else(|| panic!("there is no {path}")).to_string();
            for (from, to) in list {
                assert!(text.contains(from.as_str()), "{path} does not hold {from}");
                text = text.replacen(from.as_str(), to, 1);
            }
            tree.insert(path.clone(), text.into());
        }
        for (path, text) in &self.write {
            tree.insert(path.clone(), Arc::from(text.as_str()));
        }
        for (from, to) in &self.moved {
            let text = tree.remove(from).unwrap_or_else(|| panic!("there is no {from}"));
            tree.insert(to.clone(), text);
        }
        for path in &self.remove {
            assert!(tree.remove(path).is_some(), "there is no {path}");
        }
        tree
    }
}

fn kebab(value: impl serde::Serialize) -> String {
    serde_json::to_value(value).unwrap().as_str().unwrap().to_owned()
}

fn shown(changes: &[Change]) -> BTreeMap<String, Vec<String>> {
    let one = |d: &Difference| {
        let mut out = kebab(d.what);
        for part in d.column.iter() {
            out.push_str(&format!(" {part}"));
        }
        out.push_str(&format!(" {}", kebab(d.verdict)));
        if d.approved.is_some() {
            out.push_str(" approved");
        }
        for from in d.from.iter() {
            out.push_str(&format!(" <- {from}"));
        }
        out
    };
    changes.iter().map(|c| (c.name.clone(), c.differences.iter().map(one).collect())).collect()
}

fn run(case: &Case) -> Against {
    let base = case.base.apply(&shop());
    let head = case.head.apply(&base);
    let approved = case.approved.iter().map(|a| Approved {
        model: a.model.clone(),
        column: a.column.clone(),
        reason: "agreed".to_owned(),
        by: "ada".to_owned(),
    });
    let readers = case.readers.iter().map(|r| Outsider {
        name: r.dag.clone(),
        kind: Thing::Dag,
        node: format!("model.shop.{}", r.model),
        columns: r.columns.clone(),
        holds: Holds::Columns,
    });
    let around = Around { approved: approved.collect(), readers: readers.collect() };
    let head = read(&head);
    against(&read_after(&base, &head), &head, &around)
}

/// What is found where much is known already, which is what is found where nothing is.
fn read_after(tree: &Tree, before: &Analysis) -> Analysis {
    let again = analyse(dbt::read(tree, &Settings::default(), Some(&before.project)), Some(before));
    let afresh = read(tree);
    assert_eq!(format!("{:?}", again.project.nodes), format!("{:?}", afresh.project.nodes));
    assert_eq!(format!("{:?}", again.shapes), format!("{:?}", afresh.shapes));
    assert_eq!(format!("{:?}", again.prints), format!("{:?}", afresh.prints));
    assert_eq!(format!("{:?}", again.findings), format!("{:?}", afresh.findings));
    again
}

#[test]
fn only_what_changed_and_what_that_reaches_is_looked_at_again() {
    let before = read(&shop());
    let path = "models/staging/stg_orders.sql";
    let replaced = |from: &str, to: &str| {
        let mut tree = shop();
        let text = tree[path].replacen(from, to, 1);
        assert_ne!(*text, *tree[path]);
        tree.insert(path.to_owned(), text.into());
        let after = read_after(&tree, &before);
        let shared = |(a, b): (&Shape, &Shape)| match (a, b) {
            (Shape::Known(a), Shape::Known(b)) => Arc::ptr_eq(a, b),
            _ => false,
        };
        after.shapes.iter().zip(&before.shapes).filter(|pair| !shared(*pair)).count()
    };
    assert_eq!(replaced("select", "select  "), 1, "formatting is nothing to its readers");
    let reached = replaced("    amount,", "    amount + 1 as amount,");
    assert!(1 < reached && reached < before.shapes.len() / 2, "{reached} of {}", before.shapes.len());
}

#[test]
fn what_tests_say_of_other_models_is_seen_again() {
    let yaml = |test: &str| {
        format!(
            "models:\n  - name: stg_orders\n    columns:\n      - {{name: order_id, data_tests: [unique, not_null]}}\n      \
             - {{name: customer_id, data_tests: [not_null]}}\n  - name: customers\n    columns:\n      \
             - {{name: customer_id, data_tests: [{test}]}}\n"
        )
    };
    let orders = "{{ config(materialized='incremental', unique_key='customer_id') }}\n\
                  select order_id, customer_id, updated_at from {{ ref('stg_orders') }}\n\
                  {% if is_incremental() %}where updated_at >= (select max(updated_at) from {{ this }}){% endif %}";
    let mut tree: Tree = [
        ("dbt_project.yml", "name: shop\n"),
        ("models/customers.sql", "select 1 as customer_id"),
        ("models/stg_orders.sql", "select order_id, customer_id, updated_at from raw.orders"),
        ("models/orders.sql", orders),
    ]
    .map(|(path, text)| (path.to_owned(), text.into()))
    .into();
    tree.insert("models/all.yml".to_owned(), yaml("not_null").into());
    let before = read(&tree);
    tree.insert("models/all.yml".to_owned(), yaml("unique").into());
    let after = read_after(&tree, &before);
    let told = |analysis: &Analysis| analysis.findings.iter().any(|f| f.code == "incremental-wrong-key");
    assert!(!told(&before) && told(&after), "{:#?}", after.findings);
}

#[test]
fn changes_mean_what_they_mean() {
    let only = std::env::var("CASE").ok();
    let mut wrong = Vec::new();
    let mut count = 0;
    for entry in WalkDir::new(root().join("cases")).follow_links(true).sort_by_file_name() {
        let entry = entry.unwrap();
        let name = entry.path().file_stem().unwrap().to_str().unwrap().to_owned();
        if !entry.file_type().is_file() || only.as_ref().is_some_and(|o| *o != name) {
            continue;
        }
        count += 1;
        let text = std::fs::read_to_string(entry.path()).unwrap();
        let case: Case = serde_yaml::from_str(&text).unwrap_or_else(|e| panic!("{name}: {e}"));
        let found = run(&case);
        let mut say = |what: &str, found: String, expected: String| {
            if found != expected {
                wrong.push(format!("{name}: {what}\n    found    {found}\n    expected {expected}"));
            }
        };
        say("verdict", kebab(found.verdict), case.verdict.clone());
        let mut expected = case.changes.clone();
        let mut changes = shown(&found.changes);
        expected.values_mut().chain(changes.values_mut()).for_each(|v| v.sort());
        say("changes", format!("{changes:?}"), format!("{expected:?}"));
        let readers = || found.changes.iter().flat_map(|c| &c.differences).flat_map(|d| &d.readers);
        let broken: BTreeSet<String> =
            readers().filter(|r| r.broken).map(|r| format!("{} {}", kebab(r.kind), r.name)).collect();
        say("broken", format!("{broken:?}"), format!("{:?}", case.broken));
        if let Some(expected) = &case.reached {
            let short = |name: &str| name.rsplit('.').next().unwrap_or_default().to_owned();
            let mut reached: BTreeMap<String, Vec<&Reader>> = BTreeMap::new();
            for reader in readers().filter(|r| !r.broken) {
                reached.entry(short(&reader.name)).or_default().push(reader);
            }
            let columns = |readers: Vec<&Reader>| {
                let all = readers.iter().any(|r| r.columns.is_empty());
                let names: BTreeSet<&str> = readers.iter().flat_map(|r| &r.columns).map(String::as_str).collect();
                if all { String::new() } else { names.into_iter().collect::<Vec<_>>().join(" ") }
            };
            let reached: BTreeMap<String, String> = reached.into_iter().map(|(n, r)| (n, columns(r))).collect();
            say("reached", format!("{reached:?}"), format!("{expected:?}"));
        }
        assert!(serde_json::to_string(&found).is_ok());
    }
    assert!(count >= 60 || only.is_some(), "only {count} cases were found");
    assert!(wrong.is_empty(), "{} of {count} cases\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn the_project_itself_is_read_wholly() {
    let analysis = read(&shop());
    let errors: Vec<_> =
        analysis.findings.iter().filter(|f| f.severity == crate::vocabulary::Severity::Error).collect();
    assert!(errors.is_empty(), "{errors:#?}");
    assert!(analysis.shapes.iter().all(|s| s.known().is_some()));
    assert_eq!(against(&analysis, &read(&shop()), &Around::default()).changes, []);
}
