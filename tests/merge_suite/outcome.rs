//! What becomes of one edit and one regeneration, here and by `git merge-file`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::LazyLock;

use pipewright::publish::{Merged, merge};
use pipewright::render::Files;
use pipewright::vocabulary::Severity;
use pipewright::world::git::{File, Tree};
use regex::Regex;

use super::edits::Edit;
use super::regenerations::Regeneration;

/// One of both.
pub struct Outcome<'t> {
    pub edit: &'t Edit,
    pub regeneration: &'t Regeneration,
    pub merged: Merged,
    /// Files that all three have otherwise: path, whether git resolves it, whether it is resolved here.
    pub files: Vec<(String, bool, bool)>,
    /// Lines of people that are nowhere, with the file that they were in.
    pub lost: Vec<(String, String)>,
}

pub fn tree(files: &Files) -> Tree {
    files.iter().map(|(path, text)| (path.clone(), File::plain(text.as_str()))).collect()
}

/// The texts of a merged tree.
pub fn texts(merged: &Merged) -> Files {
    merged.tree.iter().map(|(path, file)| (path.clone(), String::from_utf8(file.bytes.clone()).unwrap())).collect()
}

pub fn outcome<'t>(base: &Files, edit: &'t Edit, regeneration: &'t Regeneration, scratch: &Path) -> Outcome<'t> {
    let merged = merge(&tree(base), &tree(&edit.files), &regeneration.files);
    let in_conflict: BTreeSet<&str> = merged
        .findings
        .iter()
        .filter(|d| d.severity == Severity::Error)
        .filter_map(|d| d.place.as_ref().map(|p| p.file.as_str()))
        .collect();
    let mut files = Vec::new();
    for (path, was) in base {
        let to = edit.moved.iter().find(|(from, _)| from == path).map_or(path, |(_, to)| to);
        let (Some(yours), Some(now)) = (edit.files.get(to), regeneration.files.get(path)) else { continue };
        if yours != was && now != was && yours != now {
            files.push((to.clone(), git_resolves(was, yours, now, scratch), !in_conflict.contains(to.as_str())));
        }
    }
    let lost = lost(base, edit, &merged);
    Outcome { edit, regeneration, merged, files, lost }
}

impl Outcome<'_> {
    pub fn name(&self) -> String {
        format!("{} × {}", self.edit.name, self.regeneration.name)
    }

    pub fn is_clean(&self) -> bool {
        self.merged.findings.iter().all(|d| d.severity != Severity::Error)
    }

    pub fn said(&self) -> String {
        self.merged.findings.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    }
}

fn git_resolves(base: &str, yours: &str, now: &str, scratch: &Path) -> bool {
    let paths = ["yours", "base", "now"].map(|name| scratch.join(name));
    for (path, text) in paths.iter().zip([yours, base, now]) {
        fs::write(path, text).unwrap();
    }
    let out = Command::new("git").args(["merge-file", "-p"]).args(&paths).output().unwrap();
    out.status.code() == Some(0)
}

/// Words and signs of a text as they count for what a line says, without what holds the parts of lists apart.
fn run(text: &str) -> String {
    static TOKEN: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\w+|[^\w\s,]").unwrap());
    let words: Vec<String> = TOKEN.find_iter(text).map(|m| m.as_str().to_lowercase()).filter(|w| w != "and").collect();
    format!(" {} ", words.join(" "))
}

/// Every line that people wrote must stand somewhere, be it laid out otherwise, or be named by a finding. A comment
/// behind a line and the parts of a list may stand apart.
fn lost(base: &Files, edit: &Edit, merged: &Merged) -> Vec<(String, String)> {
    static PARTS: LazyLock<Regex> = LazyLock::new(|| Regex::new(r",\s|\s+(?:--|#)\s|[\[\]{}]").unwrap());
    let mut out = Vec::new();
    for (path, yours) in &edit.files {
        let from = edit.moved.iter().find(|(_, to)| to == path).map_or(path, |(from, _)| from);
        let was = base.get(from).map_or("", String::as_str);
        if was == yours {
            continue;
        }
        let renamed = was.replace(": daily_sales\n", ": sales_per_day\n");
        let mut known: BTreeMap<&str, usize> = BTreeMap::new();
        for line in was.lines().chain(renamed.lines().filter(|l| !was.contains(l) && path != from)) {
            *known.entry(line.trim()).or_default() += 1;
        }
        let after = merged.tree.get(path).map_or("", |file| std::str::from_utf8(&file.bytes).unwrap());
        let there: BTreeSet<&str> = after.lines().map(str::trim).collect();
        let said: String = merged.findings.iter().map(ToString::to_string).collect();
        // What people only laid out otherwise and the generator took away is no line of theirs.
        let all = [run(after), run(&said), run(was)];
        for line in yours.lines().map(str::trim).filter(|l| !l.is_empty()) {
            match known.get_mut(line) {
                Some(n) if *n > 0 => *n -= 1,
                _ => {
                    let stands = |text: &str| all.iter().any(|all| all.contains(&run(text)));
                    if !there.contains(line)
                        && !stands(line)
                        && !PARTS.split(line).filter(|p| !p.trim().is_empty()).all(stands)
                    {
                        out.push((path.clone(), line.to_owned()));
                    }
                }
            }
        }
    }
    out
}
