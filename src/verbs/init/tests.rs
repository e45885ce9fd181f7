#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;

use super::*;
use crate::document;
use crate::workspace::Workspace;

/// A folder in a git repository with a small SQLite file.
fn folder() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    git2::Repository::init(dir.path().join("w").as_path()).unwrap();
    let program = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('create table t (a)'); c.commit()";
    for file in ["w/in side.sqlite", "out.sqlite"] {
        let done =
            std::process::Command::new("python3").args(["-c", program]).arg(dir.path().join(file)).status().unwrap();
        assert!(done.success());
    }
    dir
}

fn options(dir: &Path, url: &str, target: &str) -> InitOptions {
    InitOptions {
        dir: dir.to_path_buf(),
        sources: vec![("shop".into(), url.into())],
        target: Some(target.into()),
        name: Some("shop_analytics".into()),
    }
}

#[test]
fn a_folder_becomes_a_workspace() {
    let dir = folder();
    let root = dir.path().join("w");
    fs::write(root.join(".gitignore"), "*.log\n*.duckdb").unwrap();
    let done = init(&options(&root, "sqlite:in side.sqlite", "duckdb")).unwrap();
    assert_eq!(done.files, [".gitignore", ".gitattributes", ".pipewright/base/pipewright.yml", "pipewright.yml"]);
    let text = fs::read_to_string(root.join("pipewright.yml")).unwrap();
    assert_eq!(
        text,
        "version: 1
name: shop_analytics
sources:
  shop:
    dev: {kind: sqlite, path: in side.sqlite}
targets:
  dev: {kind: duckdb, path: warehouse.duckdb}
policies: {require_approval: [drop, narrow, unmask, backfill]}
"
    );
    let config: Config = document::parse("pipewright.yml", &text).unwrap();
    assert_eq!(crate::render::canonical(&config).unwrap(), text);
    let ignored = fs::read_to_string(root.join(".gitignore")).unwrap();
    assert!(ignored.starts_with("*.log\n*.duckdb\n\n# Pipewright\n.pipewright/state/\n*.duckdb.wal\n"), "{ignored}");
    assert!(ignored.contains("/in side.sqlite\n"), "{ignored}");
    assert_eq!(fs::read_to_string(root.join(".pipewright/base/pipewright.yml")).unwrap(), text);
    Workspace::open(&root).unwrap();
    assert_eq!(
        init(&options(&root, "sqlite:in side.sqlite", "duckdb")).unwrap_err().diagnostics[0].code,
        "workspace-exists"
    );
    assert_eq!(fs::read_to_string(root.join("pipewright.yml")).unwrap(), text);
}

#[test]
fn paths_are_relative_inside_and_kept_outside() {
    let dir = folder();
    let root = dir.path().join("w");
    let outside = dir.path().join("out.sqlite").display().to_string();
    let inside = root.join("in side.sqlite").display().to_string();
    for (url, want) in [
        (format!("sqlite:{outside}"), outside.as_str()),
        (format!("sqlite://{outside}"), outside.as_str()),
        (format!("sqlite:{inside}"), "in side.sqlite"),
        ("sqlite:///in side.sqlite".to_owned(), "in side.sqlite"),
        ("sqlite:./in side.sqlite".to_owned(), "in side.sqlite"),
        ("sqlite:../out.sqlite".to_owned(), "../out.sqlite"),
    ] {
        assert_eq!(Connection::source(&root, &url).unwrap(), Connection::Sqlite { path: want.into() }, "{url}");
    }
    assert_eq!(Connection::source(&root, "mysql:SHOP_URL").unwrap(), Connection::mysql("SHOP_URL".into()));
    assert_eq!(Connection::target("duckdb:w.duckdb").unwrap(), Connection::DuckDb { path: "w.duckdb".into() });
}

#[test]
fn what_can_not_be_is_refused_and_nothing_is_written() {
    let dir = folder();
    let root = dir.path().join("w");
    fs::write(root.join("text.sqlite"), "no database").unwrap();
    let mut said = String::new();
    let bad = [
        ("nosuch:x", "duckdb"),
        ("sqlit:in side.sqlite", "duckdb"),
        ("in side.sqlite", "duckdb"),
        ("sqlite:gone.sqlite", "duckdb"),
        ("sqlite:", "duckdb"),
        ("sqlite:.", "duckdb"),
        ("sqlite:text.sqlite", "duckdb"),
        ("postgres://me:hunter2@host/db", "duckdb"),
        ("sqlite:in side.sqlite", "duckdbb"),
        ("sqlite:in side.sqlite", "sqlite"),
    ];
    for (url, target) in bad {
        let fault = init(&options(&root, url, target)).unwrap_err();
        assert_eq!(fault.exit, 2);
        said.push_str(&format!("{fault}\n"));
    }
    let mut none = options(&root, "", "duckdb");
    none.sources.clear();
    said.push_str(&format!("{}\n", init(&none).unwrap_err()));
    let twice = InitOptions {
        sources: ["shop", "shop", "My Shop"].map(|n| (n.to_owned(), "sqlite:in side.sqlite".to_owned())).to_vec(),
        name: Some("a b".into()),
        ..options(&root, "", "duckdb")
    };
    said.push_str(&format!("{}\n", init(&twice).unwrap_err()));
    assert!(!said.contains("hunter2"));
    let no_git = dir.path().join("plain");
    fs::create_dir(&no_git).unwrap();
    said.push_str(&format!("{}\n", init(&options(&no_git, "sqlite:../out.sqlite", "duckdb")).unwrap_err()));
    assert_eq!(
        init(&options(&dir.path().join("gone"), "sqlite:x", "duckdb")).unwrap_err().diagnostics[0].code,
        "not-found"
    );
    let left: Vec<String> =
        fs::read_dir(&root).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(left.len(), 3, "{left:?}");
    insta::with_settings!({snapshot_path => "../../../snapshots/verbs", prepend_module_to_snapshot => false}, {
        insta::assert_snapshot!("init_refused", said);
    });
}
