//! What stands is not generated again, and whatever output depends on is named by the lock file: a change of it is seen.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod support;

use serde_json::Value;
use support::{AS_OF, SAMPLE, Sandbox};

fn status(s: &Sandbox, args: &[&str]) -> Value {
    let (code, report) = s.json(args);
    assert_eq!(code, 0, "{report}");
    report
}

#[test]
fn the_same_requirement_again_is_answered_from_what_stands() {
    let s = Sandbox::workspace();
    let ask = ["propose", SAMPLE, "--as-of", AS_OF];
    let first = status(&s, &ask);
    assert_eq!(first["status"], "proposed");
    let (head, tree) = (s.git(&["rev-parse", "HEAD"]), s.tree());
    let second = status(&s, &ask);
    assert_eq!(second["status"], "unchanged");
    assert_eq!(second["summary"], "Everything stands as it would be generated.");
    for part in ["pipeline", "branch", "deliverables", "trace", "assumed", "questions"] {
        assert_eq!(second[part], first[part], "{part}");
    }
    let roles = |answer: &Value| -> Vec<Value> {
        answer["plan"].as_array().expect("a plan").iter().map(|task| task["id"].clone()).collect()
    };
    assert_eq!(roles(&second), roles(&first));
    assert_eq!(status(&s, &["regenerate"])["status"], "unchanged");
    assert_eq!((s.git(&["rev-parse", "HEAD"]), s.tree()), (head, tree));
    assert_eq!(status(&s, &["check"])["status"], "clean");
}

/// A pipeline that stages a table which no pipeline lands.
const READ_ONLY: &str =
    "version: 1\nname: staged\ndescription: Products.\nmodels:\n  - {name: stg_shop__products, from: shop.products}\n";

#[test]
fn every_document_that_counts_is_in_the_lock() {
    let s = Sandbox::workspace();
    s.ok(&["propose", SAMPLE, "--as-of", AS_OF]);
    s.write("pipelines/staged.yml", READ_ONLY);
    s.commit("a table that is staged only");
    assert_eq!(status(&s, &["regenerate"])["status"], "proposed");
    s.write("pipewright.yml", s.read("pipewright.yml") + "defaults: {owner: someone-else}\n");
    let edits = [
        ("contracts/shop/orders.odcs.yaml", "logicalType: object\n", "logicalType: object\n    description: Landed.\n"),
        ("contracts/shop/products.odcs.yaml", "logicalType: object\n", "logicalType: object\n    description: Read.\n"),
        ("pipelines/staged.yml", "Products.", "Products of the shop."),
        ("pipewright.yml", "someone-else", "nobody"),
    ];
    for (path, from, to) in edits {
        s.edit(path, from, to);
        s.commit(path);
        let (_, checked) = s.json(&["check"]);
        let behind = checked["findings"].as_array().is_some_and(|all| all.iter().any(|f| f["code"] == "out-of-step"));
        assert!(behind, "{path}: {checked}");
        assert_eq!(status(&s, &["regenerate"])["status"], "proposed", "{path}");
        assert_eq!(status(&s, &["regenerate"])["status"], "unchanged", "{path}");
        assert_eq!(status(&s, &["check"])["status"], "clean", "{path}");
    }
}

#[test]
fn a_lock_without_what_it_locks_is_not_believed() {
    let s = Sandbox::workspace();
    let ask = ["propose", SAMPLE, "--as-of", AS_OF];
    s.ok(&ask);
    let dag = s.read("dags/daily_customer_orders.py");
    s.git(&["rm", "-rq", "dags", ".pipewright/base/dags"]);
    s.commit("lost");
    assert_eq!(status(&s, &ask)["status"], "proposed");
    assert_eq!(s.read("dags/daily_customer_orders.py"), dag);
    s.git(&["rm", "-q", "--cached", "pipewright.lock"]);
    s.git(&["-c", "user.name=t", "-c", "user.email=t@example.com", "commit", "-qm", "not committed any more"]);
    assert_eq!(status(&s, &["regenerate"])["status"], "proposed");
    assert_eq!(s.git(&["status", "--porcelain"]), "");
}
