//! `--fix`: rounds of fixes in memory, each looked at again, then all files written at once.

use std::collections::{BTreeMap, BTreeSet};

use super::{Checked, Desk, LookedAt, findings, mend};
use crate::publish::{self, FileDiff};
use crate::vocabulary::{Diagnostic, Outcome, Place, Severity};
use crate::world::files;
use crate::world::git::{File, Tree};

/// Fixes that overlap wait for the next round; more rounds than this would be fixes that undo each other.
const ROUNDS: usize = 20;

/// What was fixed.
#[derive(Clone, Debug)]
pub struct Fixed {
    /// How many fixes were applied.
    pub applied: usize,
    /// What they change, file by file.
    pub files: Vec<FileDiff>,
    /// Files in which a fix was taken back: with it there would be more to find, or a model would give something else.
    pub refused: Vec<String>,
    /// What is left.
    pub checked: Checked,
}

/// Applies every fix that is told and is still about what stands in its file. Nothing is written where `dry`.
///
/// # Errors
/// As for [`Desk::look`]; a file that was written meanwhile, or that can't be written: then none is.
pub fn fix(desk: &mut Desk, dry: bool) -> Outcome<Fixed> {
    let start = desk.texts.files.clone();
    let mut checked = desk.look()?;
    let (mut refused, mut applied) = (BTreeSet::<(String, String)>::new(), BTreeMap::<String, usize>::new());
    let mut kept = true;
    for _ in 0..ROUNDS {
        // First what leaves each model as it is, so that this can be seen.
        let may = |f: &Diagnostic, file: &str| {
            is_kept(&f.code) == kept
                && !findings::is_others(file)
                && !refused.contains(&(f.code.to_string(), file.to_owned()))
        };
        let round = mend::round(&desk.texts.files, &checked.findings, may);
        if round.files.is_empty() {
            if !kept {
                break;
            }
            kept = false;
            continue;
        }
        let before = desk.texts.files.clone();
        desk.texts.files.extend(round.files.iter().map(|(path, text)| (path.clone(), text.clone())));
        let next = desk.look()?;
        let mut worse = worse(&checked, &next, &round);
        if worse.is_empty() && errors(&next) > errors(&checked) {
            // None of them is to blame more than another.
            worse = round.files.keys().map(String::as_str).collect();
        }
        if worse.is_empty() {
            round.applied.into_iter().for_each(|(file, n)| *applied.entry(file).or_default() += n);
            (checked, kept) = (next, true);
            continue;
        }
        // They are put back, and what was done to them is not done again; the others have their turn once more.
        let codes = |file: &str| round.codes.get(file).into_iter().flatten();
        for file in worse {
            refused.extend(codes(file).map(|code| (code.clone(), file.to_owned())));
        }
        desk.texts.files = before;
    }
    let changed = |path: &&String| start.get(*path) != desk.texts.files.get(*path);
    let paths: Vec<&String> = desk.texts.files.keys().filter(changed).collect();
    if !dry {
        for path in &paths {
            if files::read_text(desk.root(), path)? != *start[*path] {
                return Err(Diagnostic::error("changed-meanwhile", "the file was written while it was looked at")
                    .at(Place::file(path.as_str()))
                    .next("run `pipewright check --fix` again; nothing was written")
                    .into());
            }
        }
        files::write_all(desk.root(), paths.iter().map(|path| (path.as_str(), &*desk.texts.files[*path])))?;
    }
    let tree = |texts: &BTreeMap<String, std::sync::Arc<str>>| -> Tree {
        paths.iter().filter_map(|p| Some(((*p).clone(), File::plain(texts.get(*p)?.as_bytes())))).collect()
    };
    let files = publish::text(&tree(&start), &tree(&desk.texts.files), 3);
    Ok(Fixed { applied: applied.values().sum(), files, refused: files_of(refused), checked })
}

fn errors(checked: &Checked) -> usize {
    checked.findings.iter().filter(|f| f.severity == Severity::Error).count() + checked.models.unknown
}

/// Whether fixes of a code leave what a model gives as it is. Others mend it: `= null` keeps no row, `is null` some.
fn is_kept(code: &str) -> bool {
    !matches!(code, "equals-null" | "case-never-equal")
}

/// Files in which there is more to be found than before, of another kind than what was fixed, and those whose models
/// give something else though they were to be kept.
fn worse<'r>(before: &Checked, after: &Checked, round: &'r mend::Round) -> BTreeSet<&'r str> {
    let fixed = |code: &str| round.codes.values().any(|codes| codes.contains(code));
    let count = |checked: &Checked| {
        let mut out: BTreeMap<(String, String), usize> = BTreeMap::new();
        for f in checked.findings.iter().filter(|f| !fixed(&f.code)) {
            *out.entry((findings::file(f).to_owned(), f.code.to_string())).or_default() += 1;
        }
        for node in checked.nodes.iter().filter(|n| n.unknown.is_some()) {
            *out.entry((node.file.clone(), String::new())).or_default() += 1;
        }
        out
    };
    let (old, new) = (count(before), count(after));
    let mut out: BTreeSet<&str> = BTreeSet::new();
    for ((file, _), _) in new.iter().filter(|(key, n)| old.get(*key).is_none_or(|old| old < n)) {
        out.extend(round.files.keys().find(|f| *f == file).map(String::as_str));
    }
    let keeps = round.codes.values().flatten().all(|code| is_kept(code));
    let prints: BTreeMap<&str, &LookedAt> = before.nodes.iter().map(|node| (node.node.as_str(), node)).collect();
    for node in after.nodes.iter().filter(|_| keeps) {
        let alike = prints.get(node.node.as_str()).is_some_and(|old| old.print == node.print || old.unknown.is_some());
        if !alike {
            out.extend(round.files.keys().find(|f| **f == node.file).map(String::as_str));
        }
    }
    out
}

fn files_of(refused: BTreeSet<(String, String)>) -> Vec<String> {
    let files: BTreeSet<String> = refused.into_iter().map(|(_, file)| file).collect();
    files.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::fingerprint::Print;

    #[test]
    fn a_fix_is_taken_back_where_its_model_gives_something_else() {
        let gives = |text: &str, unknown: Option<&str>| {
            let node = LookedAt {
                node: "model.p.a".into(),
                file: "models/a.sql".into(),
                unknown: unknown.map(str::to_owned),
                print: Print::of(text),
            };
            Checked { nodes: vec![node], ..Checked::default() }
        };
        let round = |code: &str| mend::Round {
            files: BTreeMap::from([("models/a.sql".to_owned(), "select 2".into())]),
            applied: BTreeMap::new(),
            codes: BTreeMap::from([("models/a.sql".to_owned(), BTreeSet::from([code.to_owned()]))]),
        };
        let (one, two, unread) = (gives("one", None), gives("two", None), gives("", Some("unread")));
        assert_eq!(worse(&one, &two, &round("unused-cte")), BTreeSet::from(["models/a.sql"]));
        assert!(worse(&one, &one, &round("unused-cte")).is_empty());
        assert!(worse(&one, &two, &round("equals-null")).is_empty(), "this one is to give something else");
        assert!(worse(&unread, &two, &round("unused-cte")).is_empty(), "what it gave was not known");
        assert_eq!(worse(&one, &unread, &round("unused-cte")), BTreeSet::from(["models/a.sql"]));
    }
}
