//! `docs/diagnostics.md` names every code that the program can say. `UPDATE_DOCS=1 cargo test --test diagnostics` writes it.

#![allow(clippy::expect_used, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;
use std::path::Path;

use regex::Regex;
use walkdir::WalkDir;

const HEAD: &str = "# Diagnostics

Every fault that is said has a code that stays the same; `--json` holds it as `code`, with `what`, `place`, `why`, `next`, and a `fix`
where one is safe. This list is made from the source (`tests/diagnostics.rs`): the code, and the parts of the program that say it, as `ARCHITECTURE.md`
names them.

| code | said by |
|---|---|
";

/// Codes with the modules that say them, from the calls that make diagnostics.
fn codes() -> BTreeMap<String, BTreeSet<String>> {
    // A code is the first literal in a call of `Diagnostic::error` and of what wraps it.
    let call = r#"(Diagnostic::error|Diagnostic::warning|\b(?:fault|stop|note|refused|error|warning|new))\(([^";]{0,80})"([a-z][a-z0-9-]*)"\s*,"#;
    let call = Regex::new(call).expect("a pattern");
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut out: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for entry in WalkDir::new(&src).sort_by_file_name() {
        let path = entry.expect("readable").into_path();
        let shown = path.to_string_lossy().replace('\\', "/");
        if !shown.ends_with(".rs") || shown.ends_with("tests.rs") || shown.contains("/tests/") {
            continue;
        }
        let inside = path.strip_prefix(&src).expect("inside src").to_string_lossy().replace('\\', "/");
        let module = inside.split('/').next().unwrap_or_default().trim_end_matches(".rs").to_owned();
        let text = fs::read_to_string(&path).expect("UTF-8");
        let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
        for found in call.captures_iter(text) {
            if found[1].starts_with("Diagnostic") || found[3].contains('-') {
                out.entry(found[3].to_owned()).or_default().insert(module.clone());
            }
        }
    }
    out
}

#[test]
fn every_code_is_in_the_docs() {
    let mut text = HEAD.to_owned();
    let codes = codes();
    assert!(codes.len() > 200, "only {} codes were found", codes.len());
    for (code, modules) in &codes {
        let modules: Vec<&str> = modules.iter().map(String::as_str).collect();
        let _ = writeln!(text, "| `{code}` | {} |", modules.join(", "));
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/diagnostics.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, &text).expect("written");
    }
    let there = fs::read_to_string(&path).unwrap_or_default();
    let missing: Vec<&String> = codes.keys().filter(|code| !there.contains(&format!("| `{code}` |"))).collect();
    assert!(missing.is_empty(), "docs/diagnostics.md lacks {missing:?}: `UPDATE_DOCS=1 cargo test --test diagnostics`");
    let row = |line: &str| line.strip_prefix("| `").and_then(|l| l.split_once('`')).map(|(code, _)| code.to_owned());
    let gone: Vec<String> = there.lines().filter_map(row).filter(|code| !codes.contains_key(code)).collect();
    assert!(gone.is_empty(), "docs/diagnostics.md names {gone:?}, which nothing says: UPDATE_DOCS=1 writes it anew");
}
