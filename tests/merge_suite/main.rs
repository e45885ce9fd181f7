//! Every edit with every regeneration: nothing is lost, what git merges is merged, and nearly all of what it leaves; what
//! comes out builds, and has both changes.

#![allow(clippy::expect_used, clippy::panic, clippy::type_complexity, clippy::unwrap_used)]

mod builds;
mod edits;
mod generated;
mod lines;
mod outcome;
mod regenerations;
#[path = "../support/mod.rs"]
mod support;
mod table;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use edits::{Edit, edits};
use generated::{documents, generate};
use outcome::{Outcome, outcome, texts, tree};
use pipewright::publish::merge;
use pipewright::render::Files;
use rayon::prelude::*;
use regenerations::{Regeneration, regenerations};

const DDL: &str = "ddl/daily_sales/duckdb.sql";

fn everything<'t>(base: &Files, edits: &'t [Edit], regenerations: &'t [Regeneration]) -> Vec<Outcome<'t>> {
    let pairs: Vec<_> = edits.iter().flat_map(|e| regenerations.iter().map(move |r| (e, r))).collect();
    let made = pairs.into_par_iter().map(|(e, r)| {
        let scratch = tempfile::tempdir().unwrap();
        outcome(base, e, r, scratch.path())
    });
    made.collect()
}

#[test]
fn every_edit_with_every_regeneration() {
    let base = generate(&documents());
    let (edits, regenerations) = (edits(&base), regenerations());
    assert!(edits.len() >= 25 && regenerations.len() >= 12 && edits.len() * regenerations.len() >= 300);
    let all = everything(&base, &edits, &regenerations);
    let table = table::table(&all, regenerations.len());
    println!("{table}");
    let met: Vec<&Outcome<'_>> = all.iter().filter(|one| !one.files.is_empty()).collect();
    let mut wrong: Vec<String> =
        met.par_iter().filter_map(|one| Some(format!("{}: {}", one.name(), again(&base, one)?))).collect();
    for one in &all {
        show(one);
        let lost = one.lost.iter().map(|(path, line)| format!("lost from {path}: {line}"));
        let worse = one.files.iter().filter(|f| f.1 && !f.2).map(|f| format!("git merges {}", f.0));
        wrong.extend(lost.chain(worse).map(|what| format!("{}: {what}", one.name())));
    }
    wrong.extend(built(&base, &all));
    assert!(wrong.is_empty(), "{} faults\n{}", wrong.len(), wrong.join("\n"));
    let left: Vec<_> = all.iter().flat_map(|o| &o.files).filter(|f| !f.1).collect();
    let resolved = left.iter().filter(|f| f.2).count();
    assert!(left.len() >= 100 && resolved * 10 >= left.len() * 9, "{resolved} of {} that git leaves", left.len());
    table::documented(&table);
}

/// `SHOW=words` prints what became of the combinations whose names hold them.
fn show(one: &Outcome<'_>) {
    if std::env::var("SHOW").is_ok_and(|words| one.name().contains(&words)) {
        println!("######## {}\n{}", one.name(), one.said());
        for (path, text) in texts(&one.merged) {
            let was = one.edit.files.get(&path).map_or("", String::as_str);
            println!("{}", similar::TextDiff::from_lines(was, &text).unified_diff().header(&path, &path));
        }
    }
}

/// What is merged stays as it is when it is generated once more; SQL also from what was generated before the last.
fn again(base: &Files, one: &Outcome<'_>) -> Option<String> {
    let new = &one.regeneration.files;
    let after = merge(&tree(new), &one.merged.tree, new);
    if after.tree != one.merged.tree {
        return Some("the second regeneration changes something".into());
    }
    let once_more = merge(&tree(base), &one.merged.tree, new);
    let differs = |path: &&String| once_more.tree.get(*path) != one.merged.tree.get(*path);
    let path = one.merged.tree.keys().filter(|p| p.ends_with(".sql")).find(differs).filter(|_| one.is_clean())?;
    let texts = [&one.merged, &once_more].map(|m| texts(m).get(path).cloned().unwrap_or_default());
    let diff = similar::TextDiff::from_lines(&texts[0], &texts[1]).unified_diff().to_string();
    Some(format!("the same regeneration on top of itself changes {path}\n{diff}"))
}

/// Merged models build, and have the columns that the edit and the regeneration give them.
fn built(base: &Files, all: &[Outcome<'_>]) -> Vec<String> {
    let mut builds = builds::Builds::default();
    let was = builds.add(base, &base[DDL]);
    let of: Vec<_> = all
        .iter()
        .filter(|one| one.is_clean())
        .map(|one| {
            let new = &one.regeneration.files;
            let ddl = &new[DDL];
            (one, builds.add(&one.edit.files, &base[DDL]), builds.add(new, ddl), builds.add(&texts(&one.merged), ddl))
        })
        .collect();
    let mut wrong = builds.build(&python());
    let was = builds.columns(was).unwrap();
    for (one, edited, new, merged) in of {
        let (edited, new) =
            (builds.columns(edited).unwrap_or_else(|e| panic!("{}: {e}", one.name())), builds.columns(new).unwrap());
        match builds.columns(merged) {
            Err(_) if one.said().contains("is generated no more") => {}
            Err(why) => wrong.push(format!("{}: {why}", one.name())),
            Ok(columns) => {
                let want = expected(&was, &edited, &new, one.edit);
                // A select list that people wrote out says what it selects; what it leaves out is named.
                let named = |model: &String, column: &String| {
                    model == "daily_sales"
                        && one.said().contains(&format!("`{column}` is generated now, and the select list"))
                };
                let silent = |(model, want): (&String, &BTreeSet<String>)| {
                    let is = &columns[model];
                    is.difference(want).next().is_some() || want.difference(is).any(|c| !named(model, c))
                };
                if columns.keys().ne(want.keys()) || want.iter().any(silent) {
                    wrong.push(format!("{}: {columns:?}, and {want:?} is expected", one.name()));
                }
            }
        }
    }
    wrong
}

type Columns = BTreeMap<String, BTreeSet<String>>;

/// For each model what is generated now, with what people added, without what they took away.
fn expected(was: &Columns, edited: &Columns, new: &Columns, edit: &Edit) -> Columns {
    let stem = |path: &str| Path::new(path).file_stem().unwrap().to_str().unwrap().to_owned();
    let names: BTreeMap<String, String> = edit.moved.iter().map(|(a, b)| (stem(a), stem(b))).collect();
    let called = |columns: &Columns| -> Columns {
        columns.iter().map(|(model, c)| (names.get(model).unwrap_or(model).clone(), c.clone())).collect()
    };
    let (was, new) = (called(was), called(new));
    let none = BTreeSet::new();
    let mut out = Columns::new();
    for model in edited.keys().chain(new.keys()) {
        let of = |columns: &Columns| columns.get(model).unwrap_or(&none).clone();
        let (b, e, n) = (of(&was), of(edited), of(&new));
        let deleted = was.contains_key(model) && !edited.contains_key(model);
        if !deleted {
            let added = e.difference(&b).cloned();
            let kept = n.iter().filter(|c| e.contains(*c) || !b.contains(*c)).cloned();
            out.insert(model.clone(), kept.chain(added).collect());
        }
    }
    out
}

/// Edits of many files at once, and dbt's own word on what comes out.
#[test]
fn a_merged_project_is_one_for_dbt() {
    let base = generate(&documents());
    let mut edited = base.clone();
    let wanted = ["SQL: join", "SQL: column in between", "YAML: tests", "YAML: column at the end", "YAML: freshness"];
    for edit in edits(&base).into_iter().filter(|e| wanted.iter().any(|w| e.name.starts_with(w))) {
        edited.extend(edit.files.into_iter().filter(|(path, text)| base.get(path) != Some(text)));
    }
    for new in regenerations().iter().filter(|r| r.name == "group added") {
        let merged = merge(&tree(&base), &tree(&edited), &new.files);
        assert_eq!(merged.findings, [], "{}", new.name);
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in texts(&merged) {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let out = std::process::Command::new(python().with_file_name("dbt"))
            .args(["parse", "--profiles-dir", ".", "--no-partial-parse"])
            .current_dir(folder.path().join("dbt"))
            .env("DBT_SEND_ANONYMOUS_USAGE_STATS", "false")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&out.stdout).into_owned();
        assert!(out.status.success(), "{}\n{said}", new.name);
    }
}

/// The runtime's own Python.
fn python() -> std::path::PathBuf {
    let (code, answer) = support::Sandbox::bare().json(&["setup"]);
    assert_eq!(code, 0, "{answer}");
    Path::new(answer["core"]["bin"].as_str().expect("a folder")).join("python")
}
