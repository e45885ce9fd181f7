//! The index, drafted beside git's own and put in its place in one step. The lock that git asks for is a link to the
//! draft, so that one which a killed process left is known as ours and can be taken away.

use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};

use git2::Index;

use super::{Git, fault, io_fault};
use crate::vocabulary::{Diagnostic, Outcome};

/// A copy of the index that is being changed.
pub(super) struct Draft {
    /// The copy. It belongs to no repository: libgit2 would otherwise read every new file again when it writes it.
    pub index: Index,
    path: PathBuf,
    real: PathBuf,
    read: Option<(std::time::SystemTime, u64)>,
}

fn draft_path(state: &Path) -> PathBuf {
    state.join("index")
}

fn lock_path(real: &Path) -> PathBuf {
    real.with_file_name("index.lock")
}

fn stamp(path: &Path) -> Option<(std::time::SystemTime, u64)> {
    let meta: Metadata = fs::metadata(path).ok()?;
    Some((meta.modified().ok()?, meta.len()))
}

impl Draft {
    /// Copies git's index into the state folder.
    pub fn open(git: &Git, state: &Path) -> Outcome<Draft> {
        let (path, real) = (draft_path(state), git.repo.path().join("index"));
        for stale in [path.clone(), state.join("index.lock")] {
            match fs::remove_file(&stale) {
                Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(io_fault("delete", &stale, &e)),
                _ => {}
            }
        }
        let read = stamp(&real);
        if read.is_some() {
            fs::copy(&real, &path).map_err(|e| io_fault("write", &path, &e))?;
        }
        let index = Index::open(&path).map_err(|e| {
            let mut fault = fault("read git's index", &e);
            for d in fault.diagnostics.iter_mut().filter(|_| e.message().contains("extension")) {
                d.next = Some(
                    "sparse and split indexes can't be written here: `git sparse-checkout reapply --no-sparse-index`, \
                     `git update-index --no-split-index`"
                        .into(),
                );
            }
            fault
        })?;
        Ok(Draft { index, path, real, read })
    }

    /// Puts the draft in the place of git's index.
    pub fn put(mut self) -> Outcome<()> {
        self.index.write().map_err(|e| fault("write git's index", &e))?;
        let lock = lock_path(&self.real);
        match fs::hard_link(&self.path, &lock) {
            Ok(()) => {}
            Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => {
                return Err(Diagnostic::error("git-busy", "another git command holds the index")
                    .at(crate::vocabulary::Place::file(lock.display().to_string()))
                    .next("wait until it has ended; if it was killed, delete that file")
                    .into());
            }
            // No links between these two folders: a copy is as good, it only can't be told from another's later.
            Err(_) => copy_new(&self.path, &lock).map_err(|e| io_fault("write", &lock, &e))?,
        }
        super::shift::step("index lock");
        if stamp(&self.real) != self.read {
            let _ = fs::remove_file(&lock);
            return Err(Diagnostic::error("git-busy", "another git command changed the index meanwhile")
                .next("try again")
                .into());
        }
        fs::rename(&lock, &self.real).map_err(|e| io_fault("write", &self.real, &e))?;
        let _ = fs::remove_file(&self.path);
        Ok(())
    }
}

fn copy_new(from: &Path, to: &Path) -> std::io::Result<()> {
    let mut file = fs::File::options().write(true).create_new(true).open(to)?;
    std::io::copy(&mut fs::File::open(from)?, &mut file).map(drop)
}

/// Takes away the lock of a killed process of ours.
pub(super) fn unlock(git: &Git, state: &Path) {
    let (draft, lock) = (draft_path(state), lock_path(&git.repo.path().join("index")));
    if same_file(&draft, &lock) {
        let _ = fs::remove_file(lock);
    }
}

#[cfg(unix)]
fn same_file(one: &Path, two: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let id = |p: &Path| fs::symlink_metadata(p).ok().map(|m| (m.dev(), m.ino()));
    id(one).is_some() && id(one) == id(two)
}

#[cfg(not(unix))]
fn same_file(one: &Path, two: &Path) -> bool {
    fs::read(one).is_ok_and(|one| fs::read(two).is_ok_and(|two| one == two))
}
