//! The source itself: modules import in one direction only, files stay short.

#![allow(clippy::expect_used)]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use regex::Regex;
use walkdir::WalkDir;

/// A module may use those that stand before it, never one after it. `ARCHITECTURE.md` draws the same order.
const ORDER: &[&str] = &[
    "vocabulary",
    "sql",
    "document",
    "template",
    "contract",
    "spec",
    "dbt",
    "check",
    "world",
    "workspace",
    "discover",
    "requirement",
    "drift",
    "plan",
    "proposal",
    "agents",
    "changeset",
    "render",
    "publish",
    "run",
    "rollback",
    "verbs",
    "cli",
];

/// Files under `src/` with the module that they belong to and their text, without what is compiled for tests only.
fn sources() -> Vec<(String, String, String)> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let for_tests = Regex::new(r"#\[cfg\(test\)\]\s*(?:pub(?:\([a-z]+\))? )?mod (\w+);").expect("a pattern");
    let (mut all, mut skipped) = (Vec::new(), BTreeSet::new());
    for entry in WalkDir::new(&src).sort_by_file_name() {
        let entry = entry.expect("src is readable");
        let path = entry.path();
        if path.extension().is_none_or(|e| e != "rs") {
            continue;
        }
        let text = fs::read_to_string(path).expect("source is UTF-8");
        let folder = match path.file_stem().and_then(|s| s.to_str()) {
            Some("mod" | "lib" | "main") | None => path.parent().expect("a folder").to_owned(),
            Some(stem) => path.with_file_name(stem),
        };
        skipped.extend(for_tests.captures_iter(&text).map(|found| folder.join(&found[1])));
        all.push((path.to_owned(), text));
    }
    let kept = |path: &Path| !path.ancestors().any(|p| skipped.contains(&p.with_extension("")));
    let out: Vec<_> = all
        .into_iter()
        .filter(|(path, _)| kept(path))
        .map(|(path, text)| {
            let relative = path.strip_prefix(&src).expect("inside src").to_string_lossy().replace('\\', "/");
            let module = relative.split('/').next().expect("a first part").trim_end_matches(".rs").to_owned();
            let code = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default().to_owned();
            (relative, module, code)
        })
        .collect();
    assert!(out.len() > 50, "only {} sources were found", out.len());
    out
}

#[test]
fn modules_import_in_one_direction() {
    let place = |module: &str| ORDER.iter().position(|m| *m == module);
    let import = Regex::new(r"crate::([a-z_]+)").expect("a pattern");
    let mut wrong = Vec::new();
    for (file, module, code) in sources() {
        if matches!(module.as_str(), "lib" | "main") {
            continue;
        }
        let Some(mine) = place(&module) else {
            wrong.push(format!("{file}: `{module}` has no place in ORDER"));
            continue;
        };
        for (number, line) in code.lines().enumerate() {
            if line.trim_start().starts_with("//") {
                continue;
            }
            for found in import.captures_iter(line) {
                if place(&found[1]).is_none_or(|theirs| theirs > mine) {
                    wrong.push(format!("{file}:{}: {module} uses {}", number + 1, &found[1]));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn only_world_does_io() {
    let io = Regex::new(r"\bstd::(fs|net|process::Command)\b|git2::|Command::new|SystemTime|Timestamp::now|env::var")
        .expect("a pattern");
    let allowed = ["world", "cli", "main", "discover"];
    let wrong: Vec<String> = sources()
        .into_iter()
        .filter(|(_, module, _)| !allowed.contains(&module.as_str()))
        .flat_map(|(file, _, code)| {
            let hits: Vec<String> = code
                .lines()
                .enumerate()
                .filter(|(_, l)| !l.trim_start().starts_with("//") && io.is_match(l))
                .map(|(n, l)| format!("{file}:{}: {}", n + 1, l.trim()))
                .collect();
            hits
        })
        .collect();
    assert!(
        wrong.is_empty(),
        "only src/world touches files, git, network, processes and the clock:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn files_stay_short() {
    let long: Vec<String> = sources()
        .into_iter()
        .filter(|(_, _, code)| code.lines().count() > 500)
        .map(|(file, _, code)| format!("{file}: {} lines", code.lines().count()))
        .collect();
    assert!(long.is_empty(), "split these: {long:?}");
}
