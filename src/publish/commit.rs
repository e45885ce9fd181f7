//! One change, one commit, one branch.
//!
//! The parent is HEAD. The branch is `pipewright/<pipeline>`: where HEAD is on it (or on it with a number) the commit
//! goes on top; where it does not exist, or HEAD holds all of it (it was merged), it is moved; where it holds something
//! else, the first free of `-2`, `-3`, … is taken. The same change proposed again is the same commit: it is found, not
//! made twice.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::merge::{self, Merged, merge};
use super::{BASE, BRANCHES, is_answers, is_document};
use crate::render::Files;
use crate::vocabulary::{Diagnostic, Name, Outcome};
use crate::world::git::{Entries, Entry, File, Git, Goal, Head, Id, Mode, Tree, When};

/// What is to be committed.
#[derive(Clone, Debug)]
pub struct Draft<'a> {
    /// The pipeline that the change is about.
    pub pipeline: &'a Name,
    /// First line of the message.
    pub title: &'a str,
    /// The requirement as written, where the change came from one.
    pub requirement: Option<&'a str>,
    /// All generated files of the workspace, or those of a part of it.
    pub generated: &'a Files,
    /// Whether these are all: then files that nothing generates any more go.
    pub whole: bool,
    /// Documents that people own (specs, contracts, `pipewright.yml`, the lock file): written as they are, over what
    /// stands in HEAD. One that the work tree holds already with the same content, committed or not, is taken in.
    pub documents: &'a Files,
    /// Now.
    pub when: When,
}

/// A change on its branch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// Name of the change, the same for the same change.
    pub id: String,
    /// The pipeline.
    pub pipeline: Name,
    /// The branch.
    pub branch: String,
    /// The commit.
    pub commit: String,
    /// Paths that the commit changes, without those under [`BASE`].
    pub files: Vec<String>,
}

/// What became of a draft.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Published {
    /// Everything stands in HEAD already.
    Unchanged {
        /// As in the other case.
        findings: Vec<Diagnostic>,
    },
    /// A commit, and HEAD on its branch.
    Changed {
        /// The change.
        change: Change,
        /// Conflicts (errors) and what was kept as people left it (warnings).
        findings: Vec<Diagnostic>,
    },
}

/// Merges, commits, and moves the work tree onto the branch: all of it, or nothing.
///
/// # Errors
/// Uncommitted work on a path that the change touches, git in the middle of something, or a failure to write.
pub fn commit(git: &Git, draft: &Draft<'_>) -> Outcome<Published> {
    git.refuse_unfinished()?;
    let head = git.head()?;
    let (changes, findings) = changes(git, head.commit, draft.generated, draft.whole, draft.documents)?;
    if changes.is_empty() {
        return Ok(Published::Unchanged { findings });
    }
    let branch = first_branch(draft.pipeline);
    let about = About { pipeline: draft.pipeline, branch: &branch, when: draft.when };
    match land(git, &head, &about, changes, |id| message(draft, id))? {
        Some(change) => Ok(Published::Changed { change, findings }),
        None => Ok(Published::Unchanged { findings }),
    }
}

/// What a commit is about.
pub(super) struct About<'a> {
    pub pipeline: &'a Name,
    /// The branch, or the first of those with a number that is free.
    pub branch: &'a str,
    pub when: When,
}

/// Commits `changes` on top of HEAD and moves the work tree onto its branch; none where they change nothing.
pub(super) fn land(
    git: &Git,
    head: &Head,
    about: &About<'_>,
    changes: Changes,
    message: impl Fn(&str) -> String,
) -> Outcome<Option<Change>> {
    let tree = git.write_tree(head.commit, &changes)?;
    if head.commit.map(|c| git.tree_of(c)).transpose()? == Some(tree) {
        return Ok(None);
    }
    let id = change_id(head.commit, tree, about.pipeline);
    let (branch, there) = choose_branch(git, head, about.branch, tree)?;
    let commit = match there {
        Some(commit) => commit,
        None => git.write_commit(head.commit, tree, &message(&id), about.when)?,
    };
    git.shift(&Goal { branch: branch.clone(), commit: commit.to_string() })?;
    let files = changes.into_keys().filter(|path| !path.starts_with(BASE)).collect();
    Ok(Some(Change { id, pipeline: about.pipeline.clone(), branch, commit: commit.to_string(), files }))
}

/// The branch that changes of a pipeline go on first.
pub(super) fn first_branch(pipeline: &Name) -> String {
    format!("{BRANCHES}{pipeline}")
}

/// Paths with what stands there afterwards; none where it goes.
pub(crate) type Changes = BTreeMap<String, Option<File>>;

/// Paths that differ from HEAD once `generated` and `documents` are in it, and what the merge found.
pub(crate) fn changes(
    git: &Git,
    head: Option<Id>,
    generated: &Files,
    whole: bool,
    documents: &Files,
) -> Outcome<(Changes, Vec<Diagnostic>)> {
    let here = git.entries(head)?;
    let mut out = BTreeMap::new();
    let merged = regenerate(git, &here, generated, whole, &mut out)?;
    let mut findings = merged.findings;
    for (path, text) in documents {
        let file = File::plain(text.as_bytes());
        match here.get(path) {
            Some(there) if there.mode == Mode::Link || there.mode == Mode::Submodule => findings.push(
                Diagnostic::error("not-a-file", "a link stands where a document is written")
                    .at(crate::vocabulary::Place::file(path))
                    .next("replace it with a file, commit that, then try again"),
            ),
            Some(there) if there.id == Entry::of(&file)?.id => {}
            there => {
                let mode = there.map_or(Mode::Plain, |t| t.mode);
                out.insert(path.clone(), Some(File { mode, ..file }));
            }
        }
    }
    Ok((out, findings))
}

/// Merges what was generated with what stands in HEAD. Only files that are generated otherwise than last time are read:
/// for all others, what stands is right.
fn regenerate(git: &Git, here: &Entries, generated: &Files, whole: bool, out: &mut Changes) -> Outcome<Merged> {
    let (mut base, mut edited, mut new) = (Tree::new(), Tree::new(), Files::new());
    let take = |path: &str, base: &mut Tree, edited: &mut Tree| -> Outcome<()> {
        let (last, now) = (here.get(&format!("{BASE}{path}")), here.get(path));
        if let Some(last) = last {
            base.insert(path.to_owned(), git.file(*last)?);
        }
        if let Some(now) = now {
            edited.insert(path.to_owned(), git.file(*now)?);
        }
        Ok(())
    };
    for (path, text) in generated {
        let file = File::plain(text.as_bytes());
        let last = here.get(&format!("{BASE}{path}"));
        if last.is_none_or(|last| Some(last.id) != Entry::of(&file).ok().map(|e| e.id)) {
            take(path, &mut base, &mut edited)?;
            new.insert(path.clone(), text.clone());
            out.insert(format!("{BASE}{path}"), Some(file));
        }
    }
    let gone = here.range(BASE.to_owned()..).map_while(|(path, _)| path.strip_prefix(BASE));
    for path in gone.filter(|path| whole && !generated.contains_key(*path) && (!is_document(path) || is_answers(path)))
    {
        take(path, &mut base, &mut edited)?;
        out.insert(format!("{BASE}{path}"), None);
    }
    // What stands as it was generated, and not in its place, people may have moved.
    for (path, last) in here.range(BASE.to_owned()..).map_while(|(path, e)| Some((path.strip_prefix(BASE)?, e))) {
        if !here.contains_key(path) && !base.contains_key(path) {
            let file = git.file(*last)?;
            new.extend(String::from_utf8(file.bytes.clone()).ok().map(|text| (path.to_owned(), text)));
            base.insert(path.to_owned(), file);
        }
    }
    // Where a file that is generated is gone, people's own files are looked at.
    let endings: BTreeSet<_> =
        base.keys().filter(|p| new.contains_key(*p) && !edited.contains_key(*p)).map(|p| ending(p)).collect();
    for (path, entry) in here.iter().filter(|(path, _)| endings.contains(&ending(path))) {
        let generated = generated.contains_key(path) || here.contains_key(&format!("{BASE}{path}"));
        if !generated && !path.starts_with(BASE) && matches!(entry.mode, Mode::Plain | Mode::Executable) {
            edited.insert(path.clone(), git.file(*entry)?);
        }
    }
    // What names a model that people renamed follows, though it is generated as before.
    let models = merge::renamed_models(&base, &edited);
    for (path, text) in generated.iter().filter(|_| !models.is_empty()) {
        if !new.contains_key(path) && merge::names_any(path, text, &models) {
            take(path, &mut base, &mut edited)?;
            new.insert(path.clone(), text.clone());
        }
    }
    let merged = merge(&base, &edited, &new);
    for path in merged.tree.keys().chain(edited.keys()).chain(base.keys()) {
        let after = merged.tree.get(path);
        if after != edited.get(path) {
            out.insert(path.clone(), after.cloned());
        }
    }
    Ok(merged)
}

fn ending(path: &str) -> &str {
    path.rsplit_once('.').map_or("", |(_, ending)| ending)
}

/// Files of `commit` that are not what is generated now, for `check`: hand edits do not count, they are people's.
///
/// # Errors
/// Objects that git can't read.
pub fn out_of_step(git: &Git, commit: Option<Id>, generated: &Files) -> Outcome<Vec<Diagnostic>> {
    let here = git.entries(commit)?;
    let mut out = Vec::new();
    let mut say = |path: &str, what: &str| {
        let next = "`pipewright regenerate`, and commit what people own before";
        out.push(Diagnostic::error("out-of-step", what).at(crate::vocabulary::Place::file(path)).next(next));
    };
    for (path, text) in generated {
        match here.get(&format!("{BASE}{path}")) {
            None => say(path, "not generated yet"),
            Some(last) if last.id != Entry::of(&File::plain(text.as_bytes()))?.id => {
                say(path, "follows from other documents than those that stand");
            }
            Some(_) => {}
        }
    }
    let last = here.range(BASE.to_owned()..).map_while(|(path, _)| path.strip_prefix(BASE));
    for path in last.filter(|path| !generated.contains_key(*path) && (!is_document(path) || is_answers(path))) {
        say(path, "generated once, and follows from no document any more");
    }
    Ok(out)
}

/// The branch for a change, and its commit where the same change stands on it already.
fn choose_branch(git: &Git, head: &Head, first: &str, tree: Id) -> Outcome<(String, Option<Id>)> {
    let numbered = |branch: &str| {
        branch.strip_prefix(first).and_then(|rest| rest.strip_prefix('-')).is_some_and(|n| n.parse::<u32>().is_ok())
    };
    if let Some(branch) = head.branch.as_ref().filter(|b| *b == first || numbered(b)) {
        return Ok((branch.clone(), None));
    }
    let mut branch = first.to_owned();
    for n in 2u32.. {
        let Some(tip) = git.branch(&branch)? else { break };
        if !git.is_in_use(&branch)? {
            let same =
                git.commit(tip)?.parents == head.commit.into_iter().collect::<Vec<_>>() && git.tree_of(tip)? == tree;
            if same {
                return Ok((branch, Some(tip)));
            }
            if let Some(head) = head.commit
                && git.is_ancestor(tip, head)?
            {
                break;
            }
        }
        branch = format!("{first}-{n}");
    }
    Ok((branch, None))
}

/// The name of a change, over what it changes.
fn change_id(parent: Option<Id>, tree: Id, pipeline: &Name) -> String {
    let parent = parent.map(|p| p.to_string()).unwrap_or_default();
    base32_of(&[&parent, &tree.to_string(), pipeline.as_str()])
}

/// 12 characters of Crockford's base 32 over a hash of `parts`.
pub(crate) fn base32_of(parts: &[&str]) -> String {
    const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    let bits = hash.finalize().iter().take(8).fold(0u64, |all, b| (all << 8) | u64::from(*b));
    (0..12).map(|i| char::from(ALPHABET[(bits >> (59 - 5 * i)) as usize & 31])).collect()
}

fn message(draft: &Draft<'_>, id: &str) -> String {
    let mut out = one_line(draft.title);
    if let Some(requirement) = draft.requirement {
        out.push_str("\n\n");
        out.push_str(&quoted(requirement));
    }
    out.push_str(&format!("\n\nPipewright-Change: {id}\n"));
    if let Some(requirement) = draft.requirement {
        out.push_str(&format!("Pipewright-Requirement: sha256:{}\n", requirement_hash(requirement)));
    }
    out.push_str(&format!("Pipewright-Pipeline: {}\n", draft.pipeline));
    out.push_str(&format!("Pipewright-Version: {}\n", env!("CARGO_PKG_VERSION")));
    out
}

/// The hash that a commit names its requirement by: over the text with its white space made one.
pub fn requirement_hash(requirement: &str) -> String {
    let text = requirement.split_whitespace().collect::<Vec<_>>().join(" ");
    Sha256::digest(text.as_bytes()).iter().map(|b| format!("{b:02x}")).collect()
}

/// Text from outside as one line of a message.
pub(crate) fn one_line(text: &str) -> String {
    let mut line: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    line.retain(|c| !c.is_control());
    if line.chars().count() > 100 {
        line = line.chars().take(99).chain(['…']).collect();
    }
    if line.is_empty() { "Change".into() } else { line }
}

/// Text from outside, so that no line of it is taken for a trailer.
fn quoted(text: &str) -> String {
    let clean: String = text.chars().filter(|c| *c == '\n' || !c.is_control()).collect();
    clean.trim().lines().map(|line| format!("> {line}").trim_end().to_owned()).collect::<Vec<_>>().join("\n")
}
