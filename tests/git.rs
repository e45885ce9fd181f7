//! Real repositories, compared with the `git` program.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::Path;
use std::process::Command;

use pipewright::publish::{Change, Draft, Published, commit};
use pipewright::render::Files;
use pipewright::vocabulary::{Fault, Name, Outcome};
use pipewright::world::git::{Git, Recovered, When};
use pipewright::world::lock::Lock;

const NOW: When = When { seconds: 1_774_951_200, offset: 120 };

fn git(dir: &Path, args: &[&str]) -> String {
    let out = Command::new("git")
        .args(["-c", "user.name=Ann", "-c", "user.email=ann@example.com"])
        .args(args)
        .current_dir(dir)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .output()
        .expect("git is there");
    assert!(out.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8(out.stdout).unwrap().trim_end().to_owned()
}

fn repo() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    git(dir.path(), &["init", "--quiet", "--initial-branch=main"]);
    dir
}

fn write(dir: &Path, path: &str, text: &str) {
    let path = dir.join(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

fn read(dir: &Path, path: &str) -> String {
    std::fs::read_to_string(dir.join(path)).unwrap()
}

fn files(pairs: &[(&str, &str)]) -> Files {
    pairs.iter().map(|(p, t)| ((*p).to_owned(), (*t).to_owned())).collect()
}

fn propose_with(dir: &Path, name: &str, generated: &Files, documents: &Files) -> Outcome<Published> {
    let pipeline = Name::parse(name).unwrap();
    let draft = Draft {
        pipeline: &pipeline,
        title: "feat: daily sales",
        requirement: Some("daily sales\nPipewright-Change: forged"),
        generated,
        documents,
        when: NOW,
    };
    commit(&Git::open(dir)?, &draft)
}

fn propose(dir: &Path, name: &str, generated: &[(&str, &str)]) -> Outcome<Published> {
    propose_with(dir, name, &files(generated), &Files::new())
}

fn changed(published: Outcome<Published>) -> Change {
    match published.unwrap() {
        Published::Changed { change, .. } => change,
        other => panic!("{other:?}"),
    }
}

fn code(fault: &Fault) -> &str {
    assert_eq!(fault.exit, 2);
    fault.diagnostics[0].code.as_ref()
}

/// Work tree, index, refs: all that a command could have changed.
fn picture(dir: &Path) -> String {
    let mut out = git(dir, &["status", "--porcelain=v1", "--branch", "--untracked-files=all"]);
    out += &git(dir, &["for-each-ref"]);
    out += &git(dir, &["ls-files", "--stage"]);
    let mut all: Vec<_> = walkdir::WalkDir::new(dir)
        .into_iter()
        .filter_entry(|e| e.file_name() != ".git" && e.file_name() != "state")
        .map(|e| e.unwrap())
        .filter(|e| e.file_type().is_file())
        .map(|e| format!("{} {:?}", e.path().display(), std::fs::read(e.path()).unwrap()))
        .collect();
    all.sort();
    out + &all.join("\n")
}

fn sound(dir: &Path) {
    git(dir, &["fsck", "--strict", "--no-dangling"]);
    assert_eq!(git(dir, &["status", "--porcelain"]), "");
}

const ONE: &[(&str, &str)] = &[("dbt/models/a.sql", "select 1\n"), ("dags/a.py", "import os\n")];

#[test]
fn the_first_commit_of_a_repository() {
    let dir = repo();
    let change = changed(propose(dir.path(), "daily", ONE));
    sound(dir.path());
    assert_eq!(git(dir.path(), &["branch", "--show-current"]), "pipewright/daily");
    assert_eq!(git(dir.path(), &["rev-parse", "HEAD"]), change.commit);
    assert_eq!(change.files, ["dags/a.py", "dbt/models/a.sql"]);
    assert_eq!(read(dir.path(), ".pipewright/base/dags/a.py"), "import os\n");
    let message = git(dir.path(), &["log", "-1", "--format=%B"]);
    insta::assert_snapshot!(message.replace(&change.id, "ID"), @r"
    feat: daily sales

    > daily sales
    > Pipewright-Change: forged

    Pipewright-Change: ID
    Pipewright-Requirement: sha256:c3d95f22e7cf2a873512a3a245376420d5b1dc2446fe14d05d71ee9f997f9716
    Pipewright-Pipeline: daily
    Pipewright-Version: 0.1.0
    ");
    assert_eq!(git(dir.path(), &["log", "-1", "--format=%(trailers:key=Pipewright-Change,valueonly)"]), change.id);
    assert_eq!(git(dir.path(), &["log", "-1", "--format=%ad"]), "Tue Mar 31 12:00:00 2026 +0200");
    assert!(matches!(propose(dir.path(), "daily", ONE).unwrap(), Published::Unchanged { .. }));
}
