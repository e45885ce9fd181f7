//! How the work tree and the index stand to a change, path by path.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use git2::{IndexEntry, IndexEntryExtendedFlag, IndexTime};
use serde::{Deserialize, Serialize};

use super::{Entry, File, Git, Id, Mode, fault, io_fault};
use crate::vocabulary::Outcome;

/// An [`Entry`] as the journal keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Kept {
    pub id: String,
    pub mode: Mode,
}

/// One path that a change touches. Paths are relative to the repository.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Touched {
    pub path: String,
    /// In HEAD before the change.
    pub before: Option<Kept>,
    /// In the change.
    pub after: Option<Kept>,
    /// In the index before the change.
    pub index: Option<Kept>,
    /// Whether the work tree must change here: not where it holds the new content already, and not outside a sparse
    /// work tree.
    pub write: bool,
}

/// What stands at a path of the work tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// As in HEAD.
    Before,
    /// As in the change.
    After,
    /// Something else, and what.
    Other(&'static str),
}

impl From<Entry> for Kept {
    fn from(e: Entry) -> Kept {
        Kept { id: e.id.to_string(), mode: e.mode }
    }
}

impl Kept {
    pub fn id(&self) -> Outcome<Id> {
        Id::from_str(&self.id).map_err(|e| fault("read the journal", &e))
    }
}

/// Folders of the work tree that are known to be real ones: no link leads elsewhere.
#[derive(Default)]
pub(super) struct Folders(BTreeSet<PathBuf>);

impl Folders {
    /// Whether every folder above `path` is missing or a real folder in `root`.
    fn real(&mut self, root: &Path, path: &str) -> bool {
        let mut at = root.to_owned();
        let Some((above, _)) = path.rsplit_once('/') else { return true };
        for part in above.split('/') {
            at.push(part);
            if self.0.contains(&at) {
                continue;
            }
            match fs::symlink_metadata(&at) {
                Ok(meta) if meta.is_dir() => self.0.insert(at.clone()),
                Ok(_) => return false,
                Err(e) => return e.kind() == std::io::ErrorKind::NotFound,
            };
        }
        true
    }

    /// Makes the folders above `path`.
    pub fn make(&mut self, root: &Path, path: &str) -> Outcome<()> {
        let full = root.join(path);
        let Some(above) = full.parent() else { return Ok(()) };
        if self.0.contains(above) {
            return Ok(());
        }
        fs::create_dir_all(above).map_err(|e| io_fault("make", above, &e))?;
        if !self.real(root, path) {
            return Err(crate::vocabulary::Diagnostic::error("in-the-way", "a link stands where a folder is needed")
                .at(crate::vocabulary::Place::file(path))
                .into());
        }
        self.0.insert(above.to_owned());
        Ok(())
    }
}

impl Git {
    /// How the work tree stands at a path.
    pub(super) fn standing(
        &self,
        folders: &mut Folders,
        path: &str,
        before: Option<&Kept>,
        after: Option<&Kept>,
    ) -> Outcome<Standing> {
        let full = self.root.join(path);
        let meta = match fs::symlink_metadata(&full) {
            Ok(meta) => Some(meta),
            Err(e) if matches!(e.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory) => None,
            Err(e) => return Err(io_fault("read", &full, &e)),
        };
        if !folders.real(&self.root, path) {
            // What stands there is not the repository's: the path itself is missing from the work tree.
            return Ok(match (before, after) {
                (None, None) => Standing::Before,
                _ => Standing::Other("a file or link stands where one of its folders is needed"),
            });
        }
        let Some(meta) = meta else {
            return Ok(match (before, after) {
                (_, None) => Standing::After,
                (None, _) => Standing::Before,
                _ => Standing::Other("deleted in the work tree"),
            });
        };
        let submodule = |k: Option<&Kept>| k.is_some_and(|k| k.mode == Mode::Submodule);
        if meta.is_dir() {
            return Ok(match () {
                () if submodule(before) => Standing::Before,
                () if submodule(after) => Standing::After,
                () => Standing::Other("a folder stands there"),
            });
        }
        let found = if meta.is_symlink() {
            let target = fs::read_link(&full).map_err(|e| io_fault("read", &full, &e))?;
            (Mode::Link, target.into_os_string().into_encoded_bytes())
        } else if meta.is_file() {
            let mode = if executable(&meta) { Mode::Executable } else { Mode::Plain };
            (mode, fs::read(&full).map_err(|e| io_fault("read", &full, &e))?)
        } else {
            return Ok(Standing::Other("something that is no file stands there"));
        };
        if self.is(path, &found, after)? {
            return Ok(Standing::After);
        }
        if self.is(path, &found, before)? {
            return Ok(Standing::Before);
        }
        Ok(Standing::Other(match (before, found.0) {
            (_, Mode::Link) => "a link stands there",
            (None, _) => "an untracked file stands there",
            _ => "it has changes that are not committed",
        }))
    }

    /// A file of the work tree as git would hold it; none where there is none.
    ///
    /// # Errors
    /// A file that can't be read.
    pub fn work_file(&self, path: &str) -> Outcome<Option<File>> {
        let full = self.workspace.join(path);
        let meta = match fs::symlink_metadata(&full) {
            Ok(meta) => meta,
            Err(e) if matches!(e.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory) => {
                return Ok(None);
            }
            Err(e) => return Err(io_fault("read", &full, &e)),
        };
        if meta.is_symlink() {
            let target = fs::read_link(&full).map_err(|e| io_fault("read", &full, &e))?;
            return Ok(Some(File { bytes: target.into_os_string().into_encoded_bytes(), mode: Mode::Link }));
        }
        if !meta.is_file() {
            return Ok(None);
        }
        let mut bytes = fs::read(&full).map_err(|e| io_fault("read", &full, &e))?;
        if bytes.windows(2).any(|w| w == b"\r\n") {
            let mut plain = bytes.clone();
            plain.retain(|b| *b != b'\r');
            // Only where git itself would have written them so.
            if self.work_bytes(&format!("{}{path}", self.prefix), plain.clone())? == bytes {
                bytes = plain;
            }
        }
        let mode = if self.modes_count() && executable(&meta) { Mode::Executable } else { Mode::Plain };
        Ok(Some(File { bytes, mode }))
    }

    /// Whether what was found in the work tree is `kept`, line endings aside where git changes them.
    fn is(&self, path: &str, found: &(Mode, Vec<u8>), kept: Option<&Kept>) -> Outcome<bool> {
        let Some(kept) = kept.filter(|k| k.mode != Mode::Submodule) else { return Ok(false) };
        let same_kind = (found.0 == Mode::Link) == (kept.mode == Mode::Link);
        if !same_kind || (self.modes_count() && found.0 != kept.mode) {
            return Ok(false);
        }
        let bytes = self.bytes(kept.id()?)?;
        Ok(bytes == found.1 || (found.0 != Mode::Link && self.work_bytes(path, bytes)? == found.1))
    }

    /// Files of the work tree in these folders of the workspace, committed or not, without those that git ignores.
    ///
    /// # Errors
    /// An index that git can't read.
    pub fn work_paths(&self, folders: &BTreeSet<String>) -> Outcome<Vec<String>> {
        if folders.is_empty() {
            return Ok(Vec::new());
        }
        let mut options = git2::StatusOptions::new();
        options.include_untracked(true).recurse_untracked_dirs(true).include_unmodified(true);
        options.exclude_submodules(true).disable_pathspec_match(true);
        for folder in folders {
            options.pathspec(format!("{}{folder}", self.prefix));
        }
        let all = self.repo.statuses(Some(&mut options)).map_err(|e| fault("look for files", &e))?;
        let inside = |entry: git2::StatusEntry<'_>| {
            let path = String::from_utf8(entry.path_bytes().to_vec()).ok()?;
            path.strip_prefix(&self.prefix).filter(|p| !p.ends_with('/')).map(str::to_owned)
        };
        let mut out: Vec<String> = all.iter().filter_map(inside).collect();
        out.sort();
        out.dedup();
        Ok(out)
    }

    pub(super) fn setting(&self, name: &str) -> Option<bool> {
        self.repo.config().ok()?.get_bool(name).ok()
    }

    /// Whether the file system keeps the mode that a file may be run.
    fn modes_count(&self) -> bool {
        cfg!(unix) && self.setting("core.filemode").unwrap_or(true)
    }

    /// Whether names that differ only in case are one file here.
    pub(super) fn ignores_case(&self) -> bool {
        self.setting("core.ignorecase").unwrap_or(false)
    }
}

/// The index entry of a path whose work tree file is `meta`.
pub(super) fn index_entry(path: &str, kept: &Kept, meta: Option<&fs::Metadata>, skip: bool) -> Outcome<IndexEntry> {
    // A path longer than the length field is stored as its greatest value.
    let flags = path.len().min(0xfff) as u16;
    // `UPTODATE` lives in memory only: it keeps libgit2 from reading the file again.
    let mut extended = IndexEntryExtendedFlag::UPTODATE;
    if skip {
        extended |= IndexEntryExtendedFlag::SKIP_WORKTREE;
    }
    let mut entry = IndexEntry {
        ctime: IndexTime::new(0, 0),
        mtime: IndexTime::new(0, 0),
        dev: 0,
        ino: 0,
        mode: kept.mode.bits() as u32,
        uid: 0,
        gid: 0,
        file_size: 0,
        id: kept.id()?,
        flags: if skip { flags | 0x4000 } else { flags },
        flags_extended: extended.bits(),
        path: path.as_bytes().to_vec(),
    };
    if let Some(meta) = meta {
        stat(&mut entry, meta);
    }
    Ok(entry)
}

#[cfg(unix)]
fn stat(entry: &mut IndexEntry, meta: &fs::Metadata) {
    use std::os::unix::fs::MetadataExt;
    // git keeps the low 32 bits of each.
    entry.ctime = IndexTime::new(meta.ctime() as i32, meta.ctime_nsec() as u32);
    entry.mtime = IndexTime::new(meta.mtime() as i32, meta.mtime_nsec() as u32);
    entry.dev = meta.dev() as u32;
    entry.ino = meta.ino() as u32;
    entry.uid = meta.uid();
    entry.gid = meta.gid();
    entry.file_size = meta.size() as u32;
}

#[cfg(not(unix))]
fn stat(_: &mut IndexEntry, _: &fs::Metadata) {}

#[cfg(unix)]
fn executable(meta: &fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    meta.permissions().mode() & 0o100 != 0
}

#[cfg(not(unix))]
fn executable(_: &fs::Metadata) -> bool {
    false
}
