//! Requirements over schemas of our own, `fixtures/cases`: proposed, built by real dbt, compared with reference queries.
//!
//! Needs the runtime (`pipewright setup`). `CASES="hospital music/top-artists"` runs only those; `scripts/own-cases.sh` says
//! more while working.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod support;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

use support::Sandbox;

/// The schemas, and of each the ids that are asked for; none for all.
fn wanted() -> Vec<(PathBuf, Vec<String>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/cases");
    let mut all: Vec<PathBuf> =
        std::fs::read_dir(folder).expect("the cases").map(|e| e.expect("a folder").path()).collect();
    all.sort();
    let only = std::env::var("CASES").unwrap_or_default();
    let asked = |folder: &Path| {
        let name = folder.file_name().expect("a name").to_string_lossy().into_owned();
        let mine = only.split_whitespace().filter_map(|w| match w.split_once('/') {
            Some((schema, id)) => (schema == name).then(|| Some(id.to_owned())),
            None => (w == name).then_some(None),
        });
        mine.collect::<Vec<Option<String>>>()
    };
    let chosen = all.into_iter().filter_map(|folder| match asked(&folder) {
        _ if only.trim().is_empty() => Some((folder, Vec::new())),
        ids if ids.is_empty() => None,
        ids if ids.contains(&None) => Some((folder, Vec::new())),
        ids => Some((folder, ids.into_iter().flatten().collect())),
    });
    chosen.collect()
}

#[test]
fn requirements_give_what_they_ask_for() {
    let (code, answer) = Sandbox::bare().json(&["setup"]);
    assert_eq!(code, 0, "{answer}");
    let python = Path::new(answer["core"]["bin"].as_str().expect("the runtime's folder")).join("python");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/own_cases/run.py");
    let queue = Mutex::new(wanted());
    assert!(!queue.lock().unwrap().is_empty(), "CASES names no schema");
    let failed = Mutex::new(Vec::new());
    let workers = std::thread::available_parallelism().map_or(2, usize::from).min(4);
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                loop {
                    let Some((folder, ids)) = queue.lock().unwrap().pop() else { break };
                    let mut command = Command::new(&python);
                    command.arg(&script).arg(&folder).args(["--bin", env!("CARGO_BIN_EXE_pipewright")]);
                    command.args(ids.iter().flat_map(|id| ["--only", id]));
                    let out = command.output().expect("the runtime's python");
                    if !out.status.success() {
                        let all = [out.stdout, out.stderr].concat();
                        let lines = String::from_utf8_lossy(&all).into_owned();
                        let bad = lines.lines().filter(|l| !l.starts_with("ok ") && !l.starts_with("todo "));
                        failed.lock().unwrap().push(bad.collect::<Vec<_>>().join("\n"));
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().unwrap();
    assert!(failed.is_empty(), "\n{}", failed.join("\n"));
}
