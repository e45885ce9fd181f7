//! The journal of a move. A killed process leaves it, and the next command reads it: where the branch has moved, the
//! move is finished; where it has not, it is undone. Either way only files that the move itself wrote are touched.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::index::{self, Draft};
use super::shift::{Goal, step};
use super::standing::{Folders, Standing, Touched};
use super::{Git, fault, io_fault};
use crate::vocabulary::{Diagnostic, Outcome, Place};
use crate::world::lock;

/// A move that has begun.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Journal {
    pub version: u32,
    pub head_branch: Option<String>,
    pub head_commit: Option<String>,
    pub branch_before: Option<String>,
    pub goal: Goal,
    pub touched: Vec<Touched>,
}

/// What [`Git::recover`] found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recovered {
    /// Nothing was left behind.
    Nothing,
    /// A move that a killed command had all but ended, to this branch.
    Finished(String),
    /// A move that a killed command had begun; what could not be put back, if anything.
    Undone(Vec<Diagnostic>),
}

impl Journal {
    fn path(state: &Path) -> PathBuf {
        state.join("journal.json")
    }

    /// Written whole, or not at all.
    pub fn write(&self, state: &Path) -> Outcome<()> {
        let (path, draft) = (Journal::path(state), state.join("journal.new"));
        let text = serde_json::to_vec(self).map_err(|e| {
            crate::vocabulary::Fault::from(Diagnostic::error("journal", "can't write the journal").why(e.to_string()))
        })?;
        let written = fs::File::create(&draft).and_then(|mut file| {
            std::io::Write::write_all(&mut file, &text)?;
            file.sync_all()?;
            fs::rename(&draft, &path)
        });
        written.map_err(|e| io_fault("write", &path, &e))
    }

    pub fn remove(&self, state: &Path) -> Outcome<()> {
        let path = Journal::path(state);
        fs::remove_file(&path).map_err(|e| io_fault("delete", &path, &e))
    }

    fn read(state: &Path) -> Outcome<Option<Journal>> {
        let path = Journal::path(state);
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(io_fault("read", &path, &e)),
        };
        serde_json::from_slice(&text).map(Some).map_err(|e| {
            Diagnostic::error("journal", "the journal of a command that was killed can't be read")
                .at(Place::file(path.display().to_string()))
                .why(e.to_string())
                .next("look at `git status`, put right what is not, then delete that file")
                .into()
        })
    }
}

impl Git {
    /// Finishes or undoes what a killed command left; to be called first, with the workspace's lock held.
    ///
    /// # Errors
    /// A journal that can't be read, or files that can't be written.
    pub fn recover(&self) -> Outcome<Recovered> {
        let state = self.workspace.join(lock::STATE);
        let Some(journal) = Journal::read(&state)? else { return Ok(Recovered::Nothing) };
        index::unlock(self, &state);
        self.unlock_refs(&journal, &state);
        let goal = super::Id::from_str(&journal.goal.commit).map_err(|e| fault("read the journal", &e))?;
        let head = self.head()?;
        let moved = self.branch(&journal.goal.branch)? == Some(goal)
            && journal.branch_before.as_deref() != Some(&journal.goal.commit);
        let there = head.branch.as_ref() == Some(&journal.goal.branch) && head.commit == Some(goal);
        if moved || there {
            let untouched =
                head.branch == journal.head_branch && head.commit.map(|id| id.to_string()) == journal.head_commit;
            if untouched && !there {
                self.move_branch(&journal)?;
            }
            journal.remove(&state)?;
            let _ = fs::remove_dir_all(state.join("stage"));
            return Ok(Recovered::Finished(journal.goal.branch));
        }
        let left = self.undo(&journal, &state)?;
        let _ = fs::remove_dir_all(state.join("stage"));
        Ok(Recovered::Undone(left))
    }

    /// Whether a command has begun to move the work tree and not ended.
    ///
    /// # Errors
    /// A journal that can't be read.
    pub fn is_moving(&self) -> Outcome<bool> {
        Ok(Journal::read(&self.workspace.join(lock::STATE))?.is_some())
    }

    /// Locks of git that the killed process itself had made, told by what they hold; one that it had not yet written
    /// anything to, by its age, and by nobody writing to it.
    fn unlock_refs(&self, journal: &Journal, state: &Path) {
        let made = |path: &Path| fs::metadata(path).and_then(|m| Ok((m.len(), m.modified()?)));
        let began = made(&Journal::path(state)).ok().map(|(_, at)| at);
        let abandoned = |path: &Path| {
            let empty = || made(path).is_ok_and(|(length, at)| length == 0 && began.is_some_and(|began| at >= began));
            empty() && {
                std::thread::sleep(std::time::Duration::from_millis(250));
                empty()
            }
        };
        let name = format!("refs/heads/{}", journal.goal.branch);
        let ours = [
            (self.repo.commondir().join(format!("{name}.lock")), journal.goal.commit.clone()),
            (self.repo.path().join("HEAD.lock"), format!("ref: {name}")),
        ];
        for (path, text) in ours {
            if fs::read_to_string(&path).is_ok_and(|there| there.trim() == text) || abandoned(&path) {
                let _ = fs::remove_file(&path);
            }
        }
    }

    /// Puts back what the move had changed. A file that was changed since by someone else stays, and is named.
    pub(super) fn undo(&self, journal: &Journal, state: &Path) -> Outcome<Vec<Diagnostic>> {
        let mut left = Vec::new();
        // Deletions first, as on the way there; they can take folders with them, so what is known of those is forgotten.
        for go in [true, false] {
            let mut folders = Folders::default();
            for t in journal.touched.iter().filter(|t| t.write && t.before.is_none() == go) {
                match self.standing(&mut folders, &t.path, t.before.as_ref(), t.after.as_ref())? {
                    // Both missing: a change between a file and a folder of one name.
                    Standing::Before => {}
                    Standing::After => self.put_back(t, &mut folders, state)?,
                    Standing::Other(why) => left.push(
                        Diagnostic::warning("not-put-back", "a file was changed after a command was killed")
                            .at(Place::file(&t.path))
                            .why(why)
                            .next("look at it with `git diff`"),
                    ),
                }
                step("undo");
            }
        }
        let mut draft = Draft::open(self, state)?;
        let mut changed = false;
        for t in &journal.touched {
            let now = draft.index.get_path(Path::new(&t.path), 0);
            let now = now.map(|e| e.id.to_string());
            if now == t.after.as_ref().map(|k| k.id.clone()) && t.index != t.after {
                self.set_index(&mut draft.index, &t.path, t.index.as_ref())?;
                changed = true;
            }
        }
        if changed {
            draft.put()?;
        }
        step("undo index");
        journal.remove(state)?;
        Ok(left)
    }

    fn put_back(&self, t: &Touched, folders: &mut Folders, state: &Path) -> Outcome<()> {
        let Some(before) = t.before.as_ref().filter(|k| super::objects::has_bytes(k.mode)) else {
            return self.delete(&t.path);
        };
        let (draft, full) = (state.join("put-back"), self.root.join(&t.path));
        match fs::remove_file(&draft) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(io_fault("delete", &draft, &e)),
            _ => {}
        }
        self.write_file(&draft, &t.path, before)?;
        folders.make(&self.root, &t.path)?;
        fs::rename(&draft, &full).map_err(|e| io_fault("write", &full, &e))
    }
}
