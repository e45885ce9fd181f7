//! Every `fixtures/spec/<case>.yml` is checked among the others; what is said of it is the snapshot.
#![allow(clippy::unwrap_used, clippy::panic)]

use super::*;

#[derive(serde::Deserialize)]
struct Shop {
    contracts: Vec<Contract>,
}

#[test]
fn specs_are_checked() {
    let shop: Shop = serde_json::from_str(include_str!("../../../fixtures/gate/ground/ground.json")).unwrap();
    let contracts: BTreeMap<TableRef, Contract> = shop.contracts.into_iter().map(|c| (c.table_ref(), c)).collect();
    let good: Spec = serde_yaml::from_str(include_str!("../../../fixtures/spec/good.yml")).unwrap();
    let specs = BTreeMap::from([(good.name.clone(), good)]);
    insta::with_settings!({snapshot_path => "../../../snapshots/spec", prepend_module_to_snapshot => false, omit_expression => true}, {
        insta::glob!("../../..", "fixtures/spec/*.yml", |path| {
            let text = std::fs::read_to_string(path).unwrap();
            let spec: Spec = serde_yaml::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
            let mut shown = String::new();
            for d in check(&spec, "pipelines/x.yml", &contracts, &specs, &Rules::default()) {
                let path = d.place.as_ref().and_then(|p| p.path.clone()).unwrap_or_default();
                let more: Vec<&str> = [&d.why, &d.next].into_iter().flatten().map(String::as_str).collect();
                shown.push_str(&format!("{path}: {}: {}\n    {}\n", d.code, d.what, more.join("\n    ")));
            }
            insta::assert_snapshot!(shown);
        });
    });
}
