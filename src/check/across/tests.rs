//! Every page of these checks, and more of both kinds in `fixtures/checks/files`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::look;
use crate::check::rules::{Family, RULES, Rule};
use crate::check::{Repository, analyse};
use crate::dbt::{Settings, Tree, read};
use crate::vocabulary::{Diagnostic, Severity};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

fn rules() -> impl Iterator<Item = &'static Rule> {
    let ours = [Family::Across, Family::Airflow, Family::Spark, Family::OutOfStep];
    RULES.iter().copied().flatten().filter(move |r| ours.contains(&r.family))
}

/// An example: its title, whether something is to be found, and its files under lines of `# file: PATH`.
struct Example {
    title: String,
    found: bool,
    files: Tree,
}

fn examples(page: &str) -> Vec<Example> {
    let mut out = Vec::new();
    for fence in page.split("\n```").skip(1).step_by(2) {
        let (head, body) = fence.split_once('\n').unwrap();
        let mut words = head.split_whitespace();
        let (Some("python"), Some(kind)) = (words.next(), words.next()) else { continue };
        let mut files: BTreeMap<String, String> = BTreeMap::new();
        let mut at = "dags/case.py".to_owned();
        for line in body.lines() {
            if let Some(path) = line.strip_prefix("# file: ") {
                path.clone_into(&mut at);
                files.insert(at.clone(), String::new());
            } else {
                let text = files.entry(at.clone()).or_default();
                text.push_str(line);
                text.push('\n');
            }
        }
        let files = files.into_iter().map(|(path, text)| (path, Arc::from(text))).collect();
        out.push(Example { title: words.collect::<Vec<_>>().join(" "), found: kind == "found", files });
    }
    out
}

fn found(files: &Tree) -> Vec<Diagnostic> {
    let projects: Vec<_> = files.keys().filter_map(|path| path.strip_suffix("dbt_project.yml")).collect();
    let read = |folder: &&str| {
        read(files, &Settings { root: folder.trim_end_matches('/').to_owned(), ..Settings::default() }, None)
    };
    let projects: Vec<_> = projects.iter().map(read).map(|project| analyse(project, None)).collect();
    look(&Repository { files: files.clone(), no_text: Vec::new() }, &projects.iter().collect::<Vec<_>>())
}

#[test]
fn every_page_does_what_it_says() {
    let (mut wrong, mut cases, mut due, mut hit, mut alarms) = (String::new(), 0, 0, 0, 0);
    for rule in rules() {
        let page = std::fs::read_to_string(root().join(format!("docs/checks/{}.md", rule.code)))
            .unwrap_or_else(|e| panic!("{}: {e}", rule.code));
        assert!(page.starts_with(&format!("# {}\n", rule.code)), "{}", rule.code);
        for part in ["## Why it hurts", "## How to fix it", "## How to ignore it"] {
            assert!(page.contains(part), "{}: `{part}` is missing", rule.code);
        }
        let mut all = examples(&page);
        if all.is_empty() {
            assert!(page.contains("No example"), "{}", rule.code);
            continue;
        }
        assert!(all.iter().any(|e| e.found) && all.iter().any(|e| !e.found), "{}", rule.code);
        let more = std::fs::read_to_string(root().join(format!("fixtures/checks/files/{}.md", rule.code)));
        all.extend(more.map(|more| examples(&more)).unwrap_or_default());
        for example in all {
            cases += 1;
            due += usize::from(example.found);
            let findings = found(&example.files);
            let has = findings.iter().any(|d| d.code == rule.code);
            hit += usize::from(has && example.found);
            alarms += usize::from(has && !example.found);
            if has != example.found {
                let all: Vec<String> = findings.iter().map(Diagnostic::to_string).collect();
                let _ = writeln!(wrong, "{}: {}: {}", rule.code, example.title, all.join("\n    "));
            }
            for d in findings.iter().filter(|d| d.code == rule.code) {
                // What Airflow 3 refuses is an error where it is pinned; the title says so.
                let severity = if example.title.contains("an error") { Severity::Error } else { rule.severity };
                assert_eq!(d.severity, severity, "{}: {}", rule.code, example.title);
                assert!(d.place.as_ref().is_some_and(|p| p.line.is_some() && p.column.is_some()), "{d}");
            }
        }
    }
    assert!(cases >= 140, "{cases} examples");
    assert!(wrong.is_empty(), "{hit} of {due} found, {alarms} false alarms in {cases}\n{wrong}");
}

/// Fails where a rule says a code that has no page.
#[test]
fn whatever_is_found_is_a_rule() {
    let codes: Vec<&str> = RULES.iter().copied().flatten().map(|r| r.code).collect();
    for rule in rules() {
        let Ok(page) = std::fs::read_to_string(root().join(format!("docs/checks/{}.md", rule.code))) else { continue };
        for example in examples(&page) {
            for d in found(&example.files) {
                assert!(codes.contains(&d.code.as_ref()), "{d}");
            }
        }
    }
}

#[test]
fn hostile_files_are_findings() {
    let deep = format!("x = {}1{}\n", "(".repeat(5_000), ")".repeat(5_000));
    let lists = "[".repeat(20_000);
    let blocks: String =
        (0..400).map(|i| format!("{}if x:\n", " ".repeat(i))).collect::<String>() + &" ".repeat(400) + "pass\n";
    let calls = "from airflow import DAG\ndef f(n):\n    f(n)\n    f(n)\n    f(n)\nf(1)\n".to_owned();
    let loops = "from airflow import DAG\nfor a in range(500):\n    for b in range(500):\n        for c in range(500):\n            pass\n".to_owned();
    let zero = "x = '\0'\n".to_owned();
    let long = "x = 1\n".repeat(700_000);
    let unread = ["deep", "lists", "blocks", "zero", "long"];
    let all = [
        ("deep", deep),
        ("lists", lists),
        ("blocks", blocks),
        ("zero", zero),
        ("long", long),
        ("calls", calls),
        ("loops", loops),
    ];
    let mut files = Tree::new();
    for (name, text) in &all {
        files.insert(format!("{name}.py"), text.as_str().into());
    }
    let repository = Repository { files, no_text: vec!["broken.py".into()] };
    let findings = look(&repository, &[]);
    for name in unread.into_iter().chain(["broken"]) {
        let named = |d: &&Diagnostic| d.place.as_ref().is_some_and(|p| p.file == format!("{name}.py"));
        let codes: Vec<&str> = findings.iter().filter(named).map(|d| d.code.as_ref()).collect();
        assert!(codes.iter().any(|c| matches!(*c, "unreadable-file" | "python-syntax")), "{name}: {codes:?}");
    }
}

#[test]
fn a_secret_is_never_shown() {
    let text: Arc<str> = "URL = 'postgres://shop:hunter2x9@db.example-shop.com/shop'\n".into();
    let findings = found(&Tree::from([("a.py".to_owned(), text)]));
    assert!(findings.iter().any(|d| d.code == "secret"));
    assert!(!format!("{findings:?}").contains("hunter2x9"));
}
