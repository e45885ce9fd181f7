//! The corpus of SQL held against sqlglot and DuckDB, which `scripts/judges.sh` installs: where they say something
//! else, the corpus says who is right. `make test` sets PIPEWRIGHT_JUDGES to their folder.

#![allow(clippy::expect_used, clippy::panic)]

use std::path::Path;
use std::process::Command;

#[test]
fn every_difference_from_sqlglot_is_explained() {
    let Ok(judges) = std::env::var("PIPEWRIGHT_JUDGES") else {
        panic!("PIPEWRIGHT_JUDGES is not set: `make test`, or PIPEWRIGHT_JUDGES=$(scripts/judges.sh) cargo test");
    };
    let out = Command::new(Path::new(&judges).join("python"))
        .arg("tests/support/corpus_judges.py")
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("python of the judges runs");
    let (said, wrong) = (String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
    println!("{said}");
    assert!(out.status.success(), "{wrong}");
    let all = said.lines().find(|l| l.starts_with("in all")).expect("a line for all dialects");
    let queries: u32 = all.split_whitespace().nth(2).and_then(|n| n.parse().ok()).expect("a number of queries");
    assert!(queries >= 200, "{all}");
}
