//! Two trees, line by line: a unified diff that `git apply` takes.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use similar::TextDiff;

use super::BASE;
use crate::vocabulary::{Diagnostic, Outcome};
use crate::world::git::{File, Git, Id, Mode, Tree};

/// What differs in one file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FileDiff {
    /// Its path.
    pub path: String,
    /// Where it stood before, where it moved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Lines that are new.
    pub added: usize,
    /// Lines that went.
    pub removed: usize,
    /// The unified diff with git's headers; ends in a line break.
    pub text: String,
}

/// Two states of a workspace, with only the paths that differ and without [`BASE`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pair {
    /// What stood before.
    pub before: Tree,
    /// What stands after.
    pub after: Tree,
}

/// What HEAD changed: against its parent, or against the last commit that it shares with `against` (`main`).
///
/// # Errors
/// No commit yet, a revision that names none, or one without shared history.
pub fn of_head(git: &Git, against: Option<&str>) -> Outcome<Pair> {
    let head = git.head()?.commit.ok_or_else(|| {
        crate::vocabulary::Fault::from(
            Diagnostic::error("nothing-to-compare", "there is no commit yet").next("`pipewright propose …` makes one"),
        )
    })?;
    let before = match against {
        None => git.commit(head)?.parents.first().copied(),
        Some(revision) => {
            let other = git.resolve(revision)?;
            let base = git.merge_base(other, head)?;
            let shown = revision.escape_debug();
            Some(base.ok_or_else(|| {
                crate::vocabulary::Fault::from(
                    Diagnostic::error("nothing-to-compare", format!("HEAD shares no commit with `{shown}`"))
                        .next("in a shallow clone: `git fetch --unshallow`"),
                )
            })?)
        }
    };
    between(git, before, head)
}

/// What differs between two commits; nothing stands before a first commit.
///
/// # Errors
/// Objects that git can't read.
pub fn between(git: &Git, before: Option<Id>, after: Id) -> Outcome<Pair> {
    let (old, new) = (git.entries(before)?, git.entries(Some(after))?);
    let mut out = Pair::default();
    for path in old.keys().chain(new.keys()).collect::<BTreeSet<_>>() {
        let (a, b) = (old.get(path), new.get(path));
        if a == b || path.starts_with(BASE) {
            continue;
        }
        if let Some(entry) = a {
            out.before.insert(path.clone(), git.file(*entry)?);
        }
        if let Some(entry) = b {
            out.after.insert(path.clone(), git.file(*entry)?);
        }
    }
    Ok(out)
}

/// The unified diff of each file that differs, with `context` lines around.
pub fn text(before: &Tree, after: &Tree, context: usize) -> Vec<FileDiff> {
    text_with_moves(before, after, &BTreeMap::new(), context)
}

/// As [`text`], where some files moved: from where, by where they stand after.
pub fn text_with_moves(before: &Tree, after: &Tree, moved: &BTreeMap<String, String>, context: usize) -> Vec<FileDiff> {
    let gone: BTreeSet<&String> = moved.values().collect();
    let paths: BTreeSet<&String> = before.keys().chain(after.keys()).filter(|path| !gone.contains(path)).collect();
    let was = |path: &String| before.get(moved.get(path).unwrap_or(path));
    paths
        .into_iter()
        .filter(|path| moved.contains_key(*path) || was(path) != after.get(*path))
        .map(|path| one(path, moved.get(path).map(String::as_str), was(path), after.get(path), context))
        .collect()
}

fn one(path: &str, from: Option<&str>, before: Option<&File>, after: Option<&File>, context: usize) -> FileDiff {
    let (a, b) = (quoted(&format!("a/{}", from.unwrap_or(path))), quoted(&format!("b/{path}")));
    let mut text = format!("diff --git {a} {b}\n");
    if let Some(from) = from {
        text.push_str(&format!("rename from {}\nrename to {}\n", quoted(from), quoted(path)));
    }
    match (before.map(|f| f.mode), after.map(|f| f.mode)) {
        (None, Some(new)) => text.push_str(&format!("new file mode {}\n", bits(new))),
        (Some(old), None) => text.push_str(&format!("deleted file mode {}\n", bits(old))),
        (Some(old), Some(new)) if old != new => {
            text.push_str(&format!("old mode {}\nnew mode {}\n", bits(old), bits(new)));
        }
        _ => {}
    }
    let bytes = |file: Option<&File>| file.map(|f| f.bytes.clone()).unwrap_or_default();
    let (old, new) = (bytes(before), bytes(after));
    let mut out = FileDiff { path: path.to_owned(), from: from.map(str::to_owned), added: 0, removed: 0, text };
    if old == new {
        return out;
    }
    let (from, to) = (before.map_or("/dev/null".into(), |_| a), after.map_or("/dev/null".into(), |_| b));
    let (Ok(old), Ok(new)) = (String::from_utf8(old), String::from_utf8(new)) else {
        out.text.push_str(&format!("Binary files {from} and {to} differ\n"));
        return out;
    };
    let diff = TextDiff::from_lines(old.as_str(), new.as_str());
    for change in diff.iter_all_changes() {
        match change.tag() {
            similar::ChangeTag::Insert => out.added += 1,
            similar::ChangeTag::Delete => out.removed += 1,
            similar::ChangeTag::Equal => {}
        }
    }
    // git reads a name with a blank up to a tab.
    let name = |name: &str| if name.contains(' ') { format!("{name}\t") } else { name.to_owned() };
    out.text.push_str(&diff.unified_diff().context_radius(context).header(&name(&from), &name(&to)).to_string());
    if !out.text.ends_with('\n') {
        out.text.push('\n');
    }
    out
}

/// A path as git quotes it in headers.
fn quoted(path: &str) -> String {
    if !path.chars().any(|c| c.is_control() || c == '"' || c == '\\') {
        return path.to_owned();
    }
    let mut out = String::from("\"");
    for byte in path.bytes() {
        match byte {
            b'"' | b'\\' => out.extend(['\\', char::from(byte)]),
            b'\n' => out.push_str("\\n"),
            b'\t' => out.push_str("\\t"),
            0x20..=0x7e => out.push(char::from(byte)),
            _ => out.push_str(&format!("\\{byte:03o}")),
        }
    }
    out.push('"');
    out
}

fn bits(mode: Mode) -> &'static str {
    match mode {
        Mode::Plain => "100644",
        Mode::Executable => "100755",
        Mode::Link => "120000",
        Mode::Submodule => "160000",
    }
}
