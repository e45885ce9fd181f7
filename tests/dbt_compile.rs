//! A project as it is read here against the same project as dbt compiles it. Needs the runtime (`pipewright setup`), as
//! `make test` installs it.

#![allow(clippy::expect_used, clippy::panic)]

mod support;

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use pipewright::dbt::{self, Body, Kind, Settings, Tree};
use support::Sandbox;
use walkdir::WalkDir;

fn tree(folder: &Path) -> Tree {
    let files = WalkDir::new(folder).into_iter().map(|f| f.expect("a fixture"));
    files
        .filter(|f| f.file_type().is_file())
        .map(|f| {
            let path = f.path().strip_prefix(folder).expect("inside").to_string_lossy().replace('\\', "/");
            (path, Arc::from(std::fs::read_to_string(f.path()).expect("text")))
        })
        .collect()
}

/// A text without its spaces.
fn bare(text: &str) -> String {
    text.split_whitespace().collect()
}

#[test]
fn models_are_rendered_as_dbt_renders_them() {
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/dbt/compiled");
    let project = dbt::read(&tree(&fixture), &Settings::default(), None);
    assert!(project.findings.is_empty(), "{:#?}", project.findings);

    let s = Sandbox::copy_of(&fixture);
    let (_, runtime) = Sandbox::bare().json(&["setup"]);
    let dbt = Path::new(runtime["core"]["bin"].as_str().expect("the runtime's folder")).join("dbt");
    let out = Command::new(dbt)
        .args(["compile", "--no-use-colors", "--profiles-dir", ".", "--project-dir", "."])
        .current_dir(s.path("."))
        .env("DBT_SEND_ANONYMOUS_USAGE_STATS", "false")
        .output()
        .expect("dbt");
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stdout));

    let (mut compared, mut differ) = (0, Vec::new());
    for node in project.nodes.iter().filter(|n| n.kind == Kind::Model) {
        let Body::Sql { full, .. } = &node.body else { panic!("{}: {:?}", node.id, node.body) };
        let mut theirs = s.read(&format!("target/compiled/compiled/{}", node.path));
        for (id, of) in project.nodes.iter().enumerate() {
            let schema =
                of.config.schema.as_deref().unwrap_or(if of.kind == Kind::Source { "raw_data" } else { "main" });
            let relation = format!("\"memory\".\"{schema}\".\"{}\"", of.identifier);
            theirs = theirs.replace(&relation, &format!(" dbt_ref__{id}.{} ", of.identifier));
        }
        let (ours, theirs) = (bare(&full.sql), bare(&theirs));
        if ours != theirs {
            differ.push(format!("{}\n  ours:   {ours}\n  theirs: {theirs}", node.path));
        }
        compared += 1;
    }
    assert!(differ.is_empty(), "{}", differ.join("\n"));
    assert_eq!(compared, 4);
}
