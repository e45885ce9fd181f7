//! Every `fixtures/gate/<case>.json` goes the whole way in; what is said of it is the snapshot.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;
use std::fmt::Write;

use super::*;
use crate::proposal::outside;
use crate::vocabulary::Severity;

/// The workspace that fixtures are judged against.
#[derive(serde::Deserialize)]
pub(crate) struct Shop {
    pub config: Config,
    pub contracts: Vec<Contract>,
}

impl Shop {
    pub fn read() -> Shop {
        serde_json::from_str(include_str!("../../fixtures/gate/ground/ground.json")).unwrap()
    }

    pub fn contracts(&self) -> BTreeMap<TableRef, Contract> {
        self.contracts.iter().map(|c| (c.table_ref(), c.clone())).collect()
    }
}

fn judged(text: &str) -> Outcome<ChangeSet> {
    let shop = Shop::read();
    let contracts = shop.contracts();
    let read = outside::read("proposals.json", text)?;
    prove(&Ground { config: &shop.config, contracts: &contracts }, read.proposals)
}

fn shown(result: &Outcome<ChangeSet>) -> String {
    let mut out = String::new();
    match result {
        Ok(change) => {
            for model in change.models().values() {
                let columns = model.columns.iter().map(|c| match c.data_type {
                    Some(t) => format!("{} {t}", c.name),
                    None => c.name.to_string(),
                });
                let pipelines: Vec<&str> = model.pipelines.iter().map(Name::as_str).collect();
                let _ = writeln!(
                    out,
                    "{} [{}]: {}",
                    model.name,
                    pipelines.join(" "),
                    columns.collect::<Vec<_>>().join(", ")
                );
            }
        }
        Err(fault) => {
            for d in &fault.diagnostics {
                assert_eq!(d.severity, Severity::Error);
                let _ = writeln!(out, "{}: {}", d.code, d.what);
                for (label, text) in [
                    ("at", d.place.as_ref().map(ToString::to_string)),
                    ("why", d.why.clone()),
                    ("next", d.next.clone()),
                ] {
                    if let Some(text) = text {
                        let _ = writeln!(out, "    {label}: {text}");
                    }
                }
            }
        }
    }
    out
}

#[test]
fn fixtures_are_judged() {
    insta::with_settings!({snapshot_path => "../../snapshots/gate", prepend_module_to_snapshot => false, omit_expression => true}, {
        insta::glob!("../..", "fixtures/gate/*.json", |path| {
            let text = std::fs::read_to_string(path).unwrap();
            insta::assert_snapshot!(shown(&judged(&text)));
        });
    });
}

#[test]
fn the_order_of_proposals_changes_nothing() {
    let text = include_str!("../../fixtures/gate/good.json");
    let mut value: serde_json::Value = serde_json::from_str(text).unwrap();
    value["proposals"].as_array_mut().unwrap().reverse();
    assert_eq!(judged(text).unwrap(), judged(&value.to_string()).unwrap());
}

#[test]
fn a_query_of_five_megabytes_is_refused() {
    let text = include_str!("../../fixtures/gate/good.json");
    let mut value: serde_json::Value = serde_json::from_str(text).unwrap();
    let model =
        value["proposals"].as_array_mut().unwrap().iter_mut().find(|p| p["artifact"]["name"] == "daily").unwrap();
    for sql in
        ["select 1 ".repeat(600_000), "{{ ref('x') }}".repeat(400_000), "(".repeat(5_000_000), "{{".repeat(2_500_000)]
    {
        model["artifact"]["sql"] = sql.into();
        let proposals = serde_json::json!({"proposals": [model]}).to_string();
        let fault = judged(&proposals).unwrap_err();
        assert_eq!(fault.exit, 2);
        assert!(fault.diagnostics.len() <= 3, "{fault}");
        assert!(fault.to_string().len() < 5_000);
    }
}
