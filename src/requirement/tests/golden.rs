//! Every requirement under `fixtures/requirement` against the snapshot of what it became.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;
use std::fmt::Write as _;

use indexmap::IndexMap;

use super::fixture::{config, contracts};
use crate::requirement::{Ground, Intent, read};

fn root() -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).to_path_buf()
}

/// What a requirement came to, for reading.
fn shown(text: &str, ground: &Ground<'_>) -> String {
    let mut out = format!("> {}\n\n", text.trim());
    match read(text, ground) {
        Err(fault) => write!(out, "{fault}").unwrap(),
        Ok(Intent::Questions(questions)) => {
            for q in questions {
                writeln!(out, "? {} [{}]", q.about, q.key).unwrap();
                writeln!(out, "  {}", q.candidates.join(" | ")).unwrap();
            }
        }
        Ok(Intent::Understood(u)) => {
            let mut spec = u.spec.clone();
            spec.requirement = None;
            out.push_str(&serde_yaml::to_string(&spec).unwrap());
            writeln!(out, "deliverables: {:?}", u.deliverables.iter().map(|n| n.as_str()).collect::<Vec<_>>()).unwrap();
            for p in &u.platform {
                writeln!(out, "platform: {}", serde_json::to_string(p).unwrap()).unwrap();
            }
            for f in &u.findings {
                writeln!(out, "finding: {f}").unwrap();
            }
        }
    }
    out
}

fn golden(schema: &str) {
    let folder = root().join("fixtures/requirement").join(schema);
    let contracts = contracts(&std::fs::read_to_string(folder.join("schema.yml")).unwrap());
    let config = config(&contracts);
    let cases: IndexMap<String, String> =
        serde_yaml::from_str(&std::fs::read_to_string(folder.join("requirements.yml")).unwrap()).unwrap();
    let (specs, answers) = (BTreeMap::new(), BTreeMap::new());
    let ground = Ground { config: &config, contracts: &contracts, specs: &specs, answers: &answers };
    for (id, text) in cases {
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path(root().join("snapshots/requirement").join(schema));
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        settings.bind(|| insta::assert_snapshot!(id.as_str(), shown(&text, &ground)));
    }
}

#[test]
fn shop() {
    golden("shop");
}

#[test]
fn music() {
    golden("music");
}

#[test]
fn clinic() {
    golden("clinic");
}

#[test]
fn fleet() {
    golden("fleet");
}

#[test]
fn bikes() {
    golden("bikes");
}

#[test]
fn wholesale() {
    golden("wholesale");
}
