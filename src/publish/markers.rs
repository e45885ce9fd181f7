//! Conflicts that nobody has resolved yet: ours, and those that a merge of git's own left.

use super::{BASE, is_document};
use crate::vocabulary::{Diagnostic, Outcome, Place};
use crate::workspace::paths;
use crate::world::git::{Git, Id, Mode};

/// The first conflict in a text: its line from 1, and how wide its marker is.
pub fn first_conflict(bytes: &[u8]) -> Option<(usize, usize)> {
    let mut opened = None;
    for (i, line) in bytes.split(|b| *b == b'\n').enumerate() {
        if line.starts_with(b"<<<<<<< ") && opened.is_none() {
            opened = Some((i + 1, line.trim_ascii_end().len()));
        } else if opened.is_some() && line.starts_with(b">>>>>>> ") {
            return opened;
        }
    }
    None
}

/// The finding for a file with conflict markers: it points to the first.
pub(super) fn conflict(path: &str, bytes: &[u8]) -> Diagnostic {
    let (line, width) = first_conflict(bytes).unwrap_or((1, 1));
    // What is no UTF-8 in a line is replaced; lines stay where they are.
    let text = String::from_utf8_lossy(bytes);
    Diagnostic::error("merge-conflict", "generated anew and edited by hand in the same place")
        .at(Place::span(path, &text, line, 1, width))
        .next(format!(
            "choose between the `<<<<<<<` and `>>>>>>>` lines and commit, or `pipewright regenerate --keep {path}` (yours) or \
             `--accept {path}` (as generated now)"
        ))
}

/// Whether a file at `path` can hold what Pipewright wrote, or reads: only there are markers looked for.
fn is_ours(path: &str) -> bool {
    let folders = [paths::DBT, paths::INGEST, paths::DAGS, paths::DDL];
    is_document(path)
        || path == paths::LOCK
        || path.split_once('/').is_some_and(|(folder, _)| folders.contains(&folder))
}

/// Files of `commit` that still hold markers, for `check`.
///
/// # Errors
/// Objects that git can't read.
pub fn conflicts(git: &Git, commit: Option<Id>) -> Outcome<Vec<Diagnostic>> {
    let here = git.entries(commit)?;
    let mut out = Vec::new();
    for (path, entry) in here.iter().filter(|(path, _)| !path.starts_with(BASE)) {
        let last = here.get(&format!("{BASE}{path}"));
        let generated = last.is_some_and(|last| last.id == entry.id);
        if generated || (last.is_none() && !is_ours(path)) || matches!(entry.mode, Mode::Submodule | Mode::Link) {
            continue;
        }
        let bytes = git.bytes(entry.id)?;
        if first_conflict(&bytes).is_some() {
            out.push(conflict(path, &bytes));
        }
    }
    Ok(out)
}

/// Files of the work tree that still hold markers, committed or not, for `run`: that is what would be built.
///
/// # Errors
/// Files that can't be read.
pub fn conflicts_in_work_tree(git: &Git) -> Outcome<Vec<Diagnostic>> {
    let folders = [paths::DBT, paths::INGEST, paths::DAGS, paths::DDL].map(str::to_owned).into();
    let mut out = Vec::new();
    for path in git.work_paths(&folders)? {
        if let Some(file) = git.work_file(&path)?
            && file.mode != Mode::Link
            && first_conflict(&file.bytes).is_some()
        {
            out.push(conflict(&path, &file.bytes));
        }
    }
    Ok(out)
}

/// What is left of a text where each conflict is settled for what stood there before the merge: `yours`.
pub fn yours(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let (mut inside, mut mine) = (false, false);
    for line in bytes.split_inclusive(|b| *b == b'\n') {
        match line {
            _ if !inside && line.starts_with(b"<<<<<<< ") => (inside, mine) = (true, true),
            _ if inside && (line.starts_with(b"||||||| ") || line.trim_ascii_end() == b"=======") => mine = false,
            _ if inside && line.starts_with(b">>>>>>> ") => (inside, mine) = (false, false),
            _ if !inside || mine => out.extend_from_slice(line),
            _ => {}
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const MARKED: &[u8] =
        b"a\r\n<<<<<<< yours\r\nmine\r\n||||||| generated before\r\nold\r\n=======\r\nnew\r\n>>>>>>> generated now\r\nb\r\n";

    #[test]
    fn conflicts_are_found_and_settled() {
        assert_eq!(first_conflict(MARKED), Some((2, 13)));
        assert_eq!(first_conflict(b"<<<<<<< HEAD\nx\n=======\ny\n>>>>>>> topic\n"), Some((1, 12)));
        assert_eq!(first_conflict(b"-- <<<<<<< yours\n=======\n>>>>>>> x\n"), None);
        assert_eq!(first_conflict(b"<<<<<<< yours\nno end\n"), None);
        assert_eq!(yours(MARKED), b"a\r\nmine\r\nb\r\n");
        assert_eq!(yours(b"a\n=======\nb\n"), b"a\n=======\nb\n");
    }
}
