//! Files that are ours alone: local state, caches, logs. Written whole or not at all.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::vocabulary::{Diagnostic, Fault, Outcome};

/// Why a path of ours could not be read or written.
pub fn fault(doing: &str, path: &Path, e: &std::io::Error) -> Fault {
    let d = Diagnostic::error("local-files", format!("can't {doing} `{}`: {e}", path.display()));
    match e.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => d.next("free some disk space, then try again"),
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => d.next("mend its permissions, then try again"),
        _ => d,
    }
    .fault()
}

/// The text of a file; none where there is no such file.
///
/// # Errors
/// A file that can't be read.
pub fn read(path: &Path) -> Outcome<Option<String>> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
        Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
        Err(e) => Err(fault("read", path, &e)),
    }
}

/// Writes a file and the folders above it: beside it first, then in its place.
///
/// # Errors
/// A file that can't be written; what was there before is still there.
pub fn write(path: &Path, text: &str) -> Outcome<()> {
    let dir = path.parent().unwrap_or(Path::new("."));
    make_dir(dir)?;
    let written = tempfile::NamedTempFile::new_in(dir).and_then(|mut file| {
        std::io::Write::write_all(&mut file, text.as_bytes())?;
        file.persist(path).map_err(|e| e.error)
    });
    written.map(drop).map_err(|e| fault("write", path, &e))
}

/// As [`write()`], and the file may be run.
///
/// # Errors
/// As [`write()`].
pub fn write_executable(path: &Path, text: &str) -> Outcome<()> {
    use std::os::unix::fs::PermissionsExt;
    write(path, text)?;
    let mode = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(path, mode).map_err(|e| fault("write", path, &e))
}

/// Makes a folder and those above it.
///
/// # Errors
/// A folder that can't be made.
pub fn make_dir(path: &Path) -> Outcome<()> {
    std::fs::create_dir_all(path).map_err(|e| fault("make the folder", path, &e))
}

/// Removes a file or a folder with all it holds; nothing where it is not there.
///
/// # Errors
/// What can't be removed.
pub fn remove(path: &Path) -> Outcome<()> {
    let gone =
        if path.is_dir() && !path.is_symlink() { std::fs::remove_dir_all(path) } else { std::fs::remove_file(path) };
    match gone {
        Err(e) if e.kind() != ErrorKind::NotFound => Err(fault("remove", path, &e)),
        _ => Ok(()),
    }
}

/// What a folder holds, sorted; nothing where there is no such folder.
///
/// # Errors
/// A folder that can't be read.
pub fn list(dir: &Path) -> Outcome<Vec<PathBuf>> {
    let entries = match std::fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(fault("read the folder", dir, &e)),
    };
    let mut paths =
        entries.map(|e| Ok(e?.path())).collect::<std::io::Result<Vec<_>>>().map_err(|e| fault("read", dir, &e))?;
    paths.sort();
    Ok(paths)
}

/// Every file under a folder, sorted; folders that can't be read are left out.
pub fn walk(dir: &Path) -> Vec<PathBuf> {
    let files = walkdir::WalkDir::new(dir).sort_by_file_name().into_iter().flatten();
    files.filter(|e| e.file_type().is_file()).map(walkdir::DirEntry::into_path).collect()
}

/// A file that this process holds alone; the operating system gives it back when the process ends, however it ends.
#[derive(Debug)]
pub struct Held(#[expect(dead_code, reason = "it is held by being open")] std::fs::File);

/// Takes a file for this process, and makes it if it is not there; none where another process holds it.
///
/// # Errors
/// A file that can't be written or locked.
pub fn hold(path: &Path) -> Outcome<Option<Held>> {
    let file = std::fs::File::options().create(true).append(true).open(path).map_err(|e| fault("write", path, &e))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(Held(file))),
        Err(std::fs::TryLockError::WouldBlock) => Ok(None),
        Err(std::fs::TryLockError::Error(e)) => Err(fault("lock", path, &e)),
    }
}

/// Whether a file can be made in a folder, or in the nearest one above it that is there.
pub fn writable(dir: &Path) -> bool {
    dir.ancestors().find(|p| p.exists()).is_some_and(|there| tempfile::tempfile_in(there).is_ok())
}

/// Bytes that may still be written to the disk which holds `path` or the nearest folder above it.
pub fn free_space(path: &Path) -> Option<u64> {
    let there = path.ancestors().find(|p| p.exists())?;
    let disk = rustix::fs::statvfs(there).ok()?;
    Some(disk.f_bavail.saturating_mul(disk.f_frsize))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_is_not_there_is_none_and_what_is_written_is_whole() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("a/b.txt");
        assert_eq!(read(&file).unwrap(), None);
        write(&file, "x").unwrap();
        write(&file, "y").unwrap();
        assert_eq!(read(&file).unwrap().as_deref(), Some("y"));
        assert_eq!(list(&dir.path().join("a")).unwrap(), std::slice::from_ref(&file));
        assert!(write(&file.join("c"), "z").is_err());
        remove(&dir.path().join("a")).unwrap();
        remove(&dir.path().join("a")).unwrap();
        assert!(free_space(&file).unwrap() > 0);
    }
}
