//! Moves work tree, index and branch from HEAD to a commit that is made already: all of it, or nothing.
//!
//! Order: new content is staged in the state folder (a full disk ends here), the journal is written, files are renamed
//! into place, the index is written, the branch moves, the journal goes. See [`super::journal`] for what a killed
//! process leaves.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use git2::{Delta, DiffOptions, ErrorCode, Index};
use serde::{Deserialize, Serialize};

use super::index::Draft;
use super::journal::Journal;
use super::standing::{Folders, Kept, Standing, Touched, index_entry};
use super::{Entry, Git, Id, Mode, fault, io_fault};
use crate::vocabulary::{Diagnostic, Fault, Outcome, Place};
use crate::world::lock;

/// Where the move ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Goal {
    /// Short name of the branch that HEAD is on afterwards.
    pub branch: String,
    /// The commit that it names afterwards, as 40 hex digits.
    pub commit: String,
}

/// What a move did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shifted {
    /// Paths that differ between the two commits.
    pub touched: usize,
    /// Files of the work tree that were written or deleted.
    pub written: usize,
}

/// How many obstacles are listed.
const SHOWN: usize = 10;

impl Git {
    /// Moves to `goal`. Nothing that is not committed is touched: other paths stay as they are, and a path that the
    /// change touches must stand as in HEAD, or as in the change already.
    ///
    /// # Errors
    /// Obstacles, with nothing changed; a failure on the way, after which everything is put back.
    pub fn shift(&self, goal: &Goal) -> Outcome<Shifted> {
        self.refuse_unfinished()?;
        let head = self.head()?;
        let after = Id::from_str(&goal.commit).map_err(|e| fault("read a commit's name", &e))?;
        let state = lock::state_folder(&self.workspace)?;
        let index = Draft::open(self, &state)?;
        let mut touched = self.touched(head.commit, after)?;
        self.check(&mut touched, &index.index)?;
        self.check_branch(goal, &head)?;

        let journal = Journal {
            version: 1,
            head_branch: head.branch.clone(),
            head_commit: head.commit.map(|id| id.to_string()),
            branch_before: self.branch(&goal.branch)?.map(|id| id.to_string()),
            goal: goal.clone(),
            touched,
        };
        let stage = Stage::fill(self, &state, &journal)?;
        journal.write(&state)?;
        step("journal");
        let moved = self
            .place(&stage, &journal)
            .and_then(|written| self.write_index(index, &journal).map(|()| written))
            .and_then(|written| self.move_branch(&journal).map(|()| written));
        match moved {
            Ok(written) => {
                journal.remove(&state)?;
                Ok(Shifted { touched: journal.touched.len(), written })
            }
            Err(mut fault) => {
                // A second failure says itself; the journal then stays for `recover`.
                let left = self.undo(&journal, &state)?;
                fault.diagnostics.extend(left);
                Err(fault)
            }
        }
    }

    /// Paths that differ between two commits, in order.
    fn touched(&self, before: Option<Id>, after: Id) -> Outcome<Vec<Touched>> {
        let doing = |e: git2::Error| fault("compare two commits", &e);
        let tree = |id: Id| self.repo.find_commit(id).and_then(|c| c.tree()).map_err(doing);
        let (old, new) = (before.map(tree).transpose()?, tree(after)?);
        let mut options = DiffOptions::new();
        options.include_typechange(true).ignore_submodules(false);
        let diff = self.repo.diff_tree_to_tree(old.as_ref(), Some(&new), Some(&mut options)).map_err(doing)?;
        let mut out = BTreeMap::new();
        for delta in diff.deltas() {
            let side = |file: git2::DiffFile<'_>, there: bool| -> Option<Kept> {
                let mode = Mode::from_bits(i32::from(file.mode()))?;
                there.then(|| Entry { id: file.id(), mode }.into())
            };
            let path = delta.new_file().path().or(delta.old_file().path());
            let path = path
                .and_then(Path::to_str)
                .ok_or_else(|| Fault::from(Diagnostic::error("file", "a path of this change is not valid UTF-8")))?;
            let before = side(delta.old_file(), delta.status() != Delta::Added);
            let after = side(delta.new_file(), delta.status() != Delta::Deleted);
            let slot: &mut Touched = out.entry(path.to_owned()).or_insert_with(|| Touched {
                path: path.to_owned(),
                before: None,
                after: None,
                index: None,
                write: true,
            });
            slot.before = before.or(slot.before.take());
            slot.after = after.or(slot.after.take());
        }
        Ok(out.into_values().collect())
    }

    /// Fills in how each path stands.
    ///
    /// # Errors
    /// Every obstacle, none of them touched.
    fn check(&self, touched: &mut [Touched], index: &Index) -> Outcome<()> {
        let mut obstacles = Vec::new();
        if index.has_conflicts() {
            return Err(Diagnostic::error("git-busy", "the index holds conflicts of a merge")
                .next("resolve them and commit, or `git merge --abort`")
                .into());
        }
        let mut folders = Folders::default();
        for t in touched.iter_mut() {
            let entry = index.get_path(Path::new(&t.path), 0);
            let (mut planned, mut skipped) = (false, false);
            if let Some(entry) = &entry {
                // Intent to add (bit 13) and skip-worktree (bit 14) of the extended flags.
                planned = entry.flags_extended & 0x2000 != 0;
                skipped = entry.flags_extended & 0x4000 != 0;
                t.index = Mode::from_bits(entry.mode as i32)
                    .filter(|_| !planned)
                    .map(|mode| Entry { id: entry.id, mode }.into());
            }
            let standing = self.standing(&mut folders, &t.path, t.before.as_ref(), t.after.as_ref())?;
            let outside = skipped && standing == Standing::Other("deleted in the work tree");
            t.write = !outside && standing == Standing::Before && self.has_file(t);
            let staged = !planned && t.index != t.before && t.index != t.after;
            match standing {
                Standing::Other(what) if !outside => obstacles.push((t.path.clone(), what)),
                _ if staged => obstacles.push((t.path.clone(), "it has changes in the index that are not committed")),
                _ => {}
            }
        }
        self.check_case(touched, index, &mut obstacles);
        if obstacles.is_empty() {
            return Ok(());
        }
        let more = obstacles.len().saturating_sub(SHOWN);
        let mut diagnostics: Vec<Diagnostic> = obstacles
            .into_iter()
            .take(SHOWN)
            .map(|(path, why)| {
                Diagnostic::error("uncommitted", "this change needs a file that is not as committed")
                    .at(Place::file(path))
                    .why(why)
                    .next("commit it, move it away, or `git stash --include-untracked`; then try again")
            })
            .collect();
        if more > 0 {
            diagnostics.push(Diagnostic::error("uncommitted", format!("{more} more files are not as committed")));
        }
        Err(Fault { exit: 2, diagnostics })
    }

    /// Where names that differ only in case are one file, a new path must not meet another one.
    fn check_case(&self, touched: &[Touched], index: &Index, obstacles: &mut Vec<(String, &'static str)>) {
        if !self.ignores_case() {
            return;
        }
        let mut there: BTreeMap<String, String> = BTreeMap::new();
        for entry in index.iter() {
            let path = String::from_utf8_lossy(&entry.path).into_owned();
            there.insert(path.to_lowercase(), path);
        }
        for t in touched.iter().filter(|t| t.before.is_some() && t.after.is_none()) {
            there.remove(&t.path.to_lowercase());
        }
        for t in touched.iter().filter(|t| t.after.is_some()) {
            if there.insert(t.path.to_lowercase(), t.path.clone()).is_some_and(|other| other != t.path) {
                obstacles.push((t.path.clone(), "a name that differs only in case stands there"));
            }
        }
    }

    /// Whether the change does something to the work tree at this path.
    fn has_file(&self, t: &Touched) -> bool {
        let file = |k: &Option<Kept>| k.as_ref().is_some_and(|k| super::objects::has_bytes(k.mode));
        file(&t.before) || file(&t.after)
    }

    fn check_branch(&self, goal: &Goal, head: &super::Head) -> Outcome<()> {
        if head.branch.as_deref() == Some(&goal.branch) {
            return Ok(());
        }
        let mut above = goal.branch.as_str();
        while let Some((folder, _)) = above.rsplit_once('/') {
            if self.branch(folder)?.is_some() {
                return Err(Diagnostic::error("branch-name", format!("a branch named `{folder}` stands in the way"))
                    .why(format!("git can't keep `{}` beside it", goal.branch))
                    .next(format!("rename it: `git branch -m {folder} NEW`"))
                    .into());
            }
            above = folder;
        }
        Ok(())
    }

    /// The commit that a local branch names.
    ///
    /// # Errors
    /// A branch that git can't read.
    pub fn branch(&self, name: &str) -> Outcome<Option<Id>> {
        match self.repo.refname_to_id(&format!("refs/heads/{name}")) {
            Ok(id) => Ok(Some(id)),
            Err(e) if matches!(e.code(), ErrorCode::NotFound | ErrorCode::InvalidSpec) => Ok(None),
            Err(e) => Err(fault("read a branch", &e)),
        }
    }

    /// Renames staged files into place and deletes those that go.
    fn place(&self, stage: &Stage, journal: &Journal) -> Outcome<usize> {
        let mut written = 0;
        let mut folders = Folders::default();
        // Deletions first: a file may make room for a folder.
        for t in journal.touched.iter().filter(|t| t.write && t.after.is_none()) {
            self.delete(&t.path)?;
            written += 1;
            step("delete");
        }
        for (i, t) in journal.touched.iter().enumerate().filter(|(_, t)| t.write && t.after.is_some()) {
            let full = self.root.join(&t.path);
            if t.before.is_none() && fs::symlink_metadata(&full).is_ok() {
                return Err(Diagnostic::error("uncommitted", "a file appeared where this change needs one")
                    .at(Place::file(&t.path))
                    .next("try again")
                    .into());
            }
            folders.make(&self.root, &t.path)?;
            fs::rename(stage.file(i), &full).map_err(|e| io_fault("write", &full, &e))?;
            written += 1;
            step("write");
        }
        Ok(written)
    }

    /// Deletes a file, and the folders that it leaves empty.
    pub(super) fn delete(&self, path: &str) -> Outcome<()> {
        let full = self.root.join(path);
        match fs::remove_file(&full) {
            Ok(()) => {}
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
            Err(e) => return Err(io_fault("delete", &full, &e)),
        }
        let mut above = full.parent();
        while let Some(folder) = above.filter(|f| *f != self.root && *f != self.workspace) {
            if fs::remove_dir(folder).is_err() {
                break;
            }
            above = folder.parent();
        }
        Ok(())
    }

    fn write_index(&self, mut draft: Draft, journal: &Journal) -> Outcome<()> {
        for t in &journal.touched {
            self.set_index(&mut draft.index, &t.path, t.after.as_ref())?;
        }
        draft.put()?;
        step("index");
        Ok(())
    }

    /// One path of the index, with what the work tree says about it.
    pub(super) fn set_index(&self, index: &mut Index, path: &str, kept: Option<&Kept>) -> Outcome<()> {
        let doing = |e: git2::Error| fault("write git's index", &e);
        let there = index.get_path(Path::new(path), 0);
        let Some(kept) = kept else {
            if there.is_some() {
                index.remove(Path::new(path), 0).map_err(doing)?;
            }
            return Ok(());
        };
        let meta = fs::symlink_metadata(self.root.join(path)).ok();
        let skip = meta.is_none() && there.is_some_and(|e| e.flags_extended & 0x4000 != 0);
        // A submodule's folder says nothing about its commit.
        let meta = meta.filter(|m| !m.is_dir());
        index.add(&index_entry(path, kept, meta.as_ref(), skip)?).map_err(doing)
    }

    /// Moves the branch, then HEAD onto it.
    pub(super) fn move_branch(&self, journal: &Journal) -> Outcome<()> {
        let name = format!("refs/heads/{}", journal.goal.branch);
        let id = |text: &str| Id::from_str(text).map_err(|e| fault("read a commit's name", &e));
        let after = id(&journal.goal.commit)?;
        let said = "pipewright";
        let moved = match &journal.branch_before {
            _ if self.branch(&journal.goal.branch)? == Some(after) => Ok(()),
            Some(before) => self.repo.reference_matching(&name, after, true, id(before)?, said).map(drop),
            None => self.repo.reference(&name, after, false, said).map(drop),
        };
        moved.map_err(|e| fault("move the branch", &e))?;
        step("branch");
        if journal.head_branch.as_ref() != Some(&journal.goal.branch) {
            self.repo.set_head(&name).map_err(|e| fault("move HEAD", &e))?;
        }
        step("head");
        Ok(())
    }
}

/// New content, complete on the same disk before the first file of the work tree changes.
struct Stage {
    folder: PathBuf,
}

impl Stage {
    fn fill(git: &Git, state: &Path, journal: &Journal) -> Outcome<Stage> {
        let stage = Stage { folder: state.join("stage") };
        match fs::remove_dir_all(&stage.folder) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(io_fault("empty", &stage.folder, &e)),
            _ => {}
        }
        fs::create_dir_all(&stage.folder).map_err(|e| io_fault("make", &stage.folder, &e))?;
        for (i, t) in journal.touched.iter().enumerate().filter(|(_, t)| t.write) {
            if let Some(kept) = &t.after {
                git.write_file(&stage.file(i), &t.path, kept)?;
            }
        }
        Ok(stage)
    }

    fn file(&self, i: usize) -> PathBuf {
        self.folder.join(i.to_string())
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        // What is left is removed by the next move as well.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

impl Git {
    /// Writes the content of `kept` to `at`, as it stands in the work tree at `path`.
    pub(super) fn write_file(&self, at: &Path, path: &str, kept: &Kept) -> Outcome<()> {
        let bytes = self.bytes(kept.id()?)?;
        if kept.mode == Mode::Link {
            return link(bytes, at).map_err(|e| io_fault("write", at, &e));
        }
        let bytes = self.work_bytes(path, bytes)?;
        let written = fs::write(at, bytes)
            .and_then(|()| if kept.mode == Mode::Executable { make_executable(at) } else { Ok(()) });
        written.map_err(|e| io_fault("write", at, &e))
    }
}

#[cfg(unix)]
fn link(target: Vec<u8>, at: &Path) -> std::io::Result<()> {
    use std::os::unix::ffi::OsStringExt;
    std::os::unix::fs::symlink(std::ffi::OsString::from_vec(target), at)
}

#[cfg(not(unix))]
fn link(target: Vec<u8>, at: &Path) -> std::io::Result<()> {
    // As git does where links can't be made.
    fs::write(at, target)
}

#[cfg(unix)]
fn make_executable(at: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let mode = fs::metadata(at)?.permissions().mode();
    // Whoever may read it may run it.
    fs::set_permissions(at, fs::Permissions::from_mode(mode | ((mode & 0o444) >> 2)))
}

#[cfg(not(unix))]
fn make_executable(_: &Path) -> std::io::Result<()> {
    Ok(())
}

/// In debug builds `PIPEWRIGHT_DIE_AT=N` ends the process at the Nth step as a kill would, for the tests of recovery.
pub(super) fn step(_name: &str) {
    #[cfg(debug_assertions)]
    {
        use std::sync::atomic::{AtomicUsize, Ordering};
        static STEP: AtomicUsize = AtomicUsize::new(0);
        if let Some(at) = std::env::var("PIPEWRIGHT_DIE_AT").ok().and_then(|v| v.parse::<usize>().ok())
            && STEP.fetch_add(1, Ordering::SeqCst) + 1 == at
        {
            std::process::abort();
        }
    }
}
