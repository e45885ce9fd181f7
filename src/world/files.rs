//! Files: read as UTF-8, listed in order, written whole or not at all.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Component, Path, PathBuf};

use crate::vocabulary::{Diagnostic, Outcome, Place};

/// The text of `root/path`. `path` is how it is named in diagnostics.
///
/// # Errors
/// No such file, no permission, a folder, or bytes that are not UTF-8 (with their line).
pub fn read_text(root: &Path, path: &str) -> Outcome<String> {
    let bytes = fs::read(root.join(path)).map_err(|e| unreadable(path, &e))?;
    String::from_utf8(bytes).map_err(|e| {
        let at = e.utf8_error().valid_up_to();
        let before = &e.as_bytes()[..at];
        let line_start = before.iter().rposition(|b| *b == b'\n').map_or(0, |i| i + 1);
        let line = before.iter().filter(|b| **b == b'\n').count() + 1;
        let column = String::from_utf8_lossy(&before[line_start..]).chars().count() + 1;
        let place = Place { line: Some(line), column: Some(column), ..Place::file(path) };
        Diagnostic::error("not-utf8", format!("byte {at} of the file is not UTF-8"))
            .at(place)
            .next("save the file as UTF-8")
            .into()
    })
}

/// As [`read_text`]; none where there is no such file.
///
/// # Errors
/// As for [`read_text`], but for a file that is not there.
pub fn read_text_if_there(root: &Path, path: &str) -> Outcome<Option<String>> {
    match fs::symlink_metadata(root.join(path)) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        _ => read_text(root, path).map(Some),
    }
}

/// Paths, relative to `root` and sorted, of the files below `root/folder` whose names end in `ending`. Hidden files and
/// folders are left out; none where the folder is not there.
///
/// # Errors
/// A folder that can't be listed: what can't be read is never taken for absent.
pub fn list(root: &Path, folder: &str, ending: &str) -> Outcome<Vec<String>> {
    let start = root.join(folder);
    match fs::symlink_metadata(&start) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(unreadable(folder, &e).into()),
        Ok(_) => {}
    }
    let visible = |e: &walkdir::DirEntry| e.depth() == 0 || !e.file_name().as_encoded_bytes().starts_with(b".");
    let mut out = Vec::new();
    for entry in walkdir::WalkDir::new(&start).follow_links(true).sort_by_file_name().into_iter().filter_entry(visible)
    {
        let entry = entry.map_err(|e| {
            let place = e.path().map_or_else(|| folder.to_owned(), |p| relative(root, p));
            Diagnostic::error("unreadable", format!("can't be listed: {e}")).at(Place::file(place))
        })?;
        if entry.file_type().is_file() && entry.file_name().to_string_lossy().ends_with(ending) {
            if entry.path().to_str().is_none() {
                let place = Place::file(relative(root, entry.path()));
                return Err(Diagnostic::error("not-utf8", "the name of the file is not UTF-8").at(place).into());
            }
            out.push(relative(root, entry.path()));
        }
    }
    out.sort();
    Ok(out)
}

/// Writes `text` to `root/path` whole or not at all: into a file beside it that then takes its name. Folders are made;
/// nothing is written outside of `root`, not through a symbolic link either.
///
/// # Errors
/// No permission, no space: the file that was there is as it was.
pub fn write(root: &Path, path: &str, text: &str) -> Outcome<()> {
    let target = inside(root, path)?;
    put(root, &target, text).map_err(|e| unwritable(path, &e).into())
}

/// Writes all of `files`, or none where one can't be written: every text is on the disk before the first takes its name.
///
/// # Errors
/// As for [`write()`].
pub fn write_all<'a>(root: &Path, files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Outcome<()> {
    let mut staged = Vec::new();
    for (path, text) in files {
        let target = inside(root, path)?;
        let file = stage(root, &target, text).map_err(|e| unwritable(path, &e))?;
        staged.push((path, target, file));
    }
    for (path, target, file) in staged {
        file.persist(target).map_err(|e| unwritable(path, &e.error))?;
    }
    Ok(())
}

/// Removes `root/path` where it is there.
///
/// # Errors
/// No permission, or a path outside of `root`.
pub fn remove(root: &Path, path: &str) -> Outcome<()> {
    let target = inside(root, path)?;
    match fs::remove_file(target) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(unwritable(path, &e).into()),
        _ => Ok(()),
    }
}

/// The absolute path of `root/path`, which must not leave `root`: no `..`, no absolute path, and no symbolic link on the
/// way (or at the end) that leads out.
///
/// # Errors
/// A path that leaves `root`.
pub fn inside(root: &Path, path: &str) -> Outcome<PathBuf> {
    let outside = |why: &str| {
        Diagnostic::error("outside-workspace", format!("`{}` {why}", path.escape_debug())).at(Place::file(path)).fault()
    };
    let plain = Path::new(path).components().all(|c| matches!(c, Component::Normal(_)));
    if path.is_empty() || path.contains(['\0', '\\']) || !plain {
        return Err(outside("is no path inside of the workspace"));
    }
    let real_root = fs::canonicalize(root).map_err(|e| unreadable(&root.display().to_string(), &e))?;
    let target = real_root.join(path);
    let mut here = real_root.clone();
    for part in Path::new(path).components() {
        here.push(part);
        match fs::symlink_metadata(&here) {
            Ok(meta) if meta.is_symlink() => match fs::canonicalize(&here) {
                Ok(real) if real.starts_with(&real_root) => {}
                _ => return Err(outside("leads out of the workspace through a symbolic link")),
            },
            Ok(_) => {}
            Err(_) => break,
        }
    }
    Ok(target)
}

/// Whether `dir` lies in the work tree of a git repository.
pub fn in_repository(dir: &Path) -> bool {
    git2::Repository::discover(dir).is_ok_and(|repository| !repository.is_bare())
}

/// `path` relative to `root` with `/` between folders; as it is where it lies elsewhere.
pub fn relative(root: &Path, path: &Path) -> String {
    let inner = path.strip_prefix(root).unwrap_or(path);
    inner.to_string_lossy().replace(std::path::MAIN_SEPARATOR, "/")
}

fn put(root: &Path, target: &Path, text: &str) -> io::Result<()> {
    stage(root, target, text)?.persist(target).map(drop).map_err(|e| e.error)
}

/// `text` in a temporary file in the folder of `target`, or the file that `target` links to.
fn stage(root: &Path, target: &Path, text: &str) -> io::Result<tempfile::NamedTempFile> {
    let folder = target.parent().unwrap_or(root);
    fs::create_dir_all(folder)?;
    if fs::metadata(target).is_ok_and(|m| m.is_dir()) {
        return Err(io::Error::new(io::ErrorKind::IsADirectory, "a folder has that name"));
    }
    let mut builder = tempfile::Builder::new();
    builder.prefix(".pipewright-").suffix(".tmp");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        // As the file was, else what the umask leaves of what is usual for text.
        let mode = fs::metadata(target).map_or(0o666, |m| m.permissions().mode() & 0o777);
        builder.permissions(fs::Permissions::from_mode(mode));
    }
    let mut file = builder.tempfile_in(folder)?;
    file.write_all(text.as_bytes())?;
    Ok(file)
}

fn unreadable(path: &str, e: &io::Error) -> Diagnostic {
    let fault = match e.kind() {
        io::ErrorKind::NotFound => Diagnostic::error("not-found", "there is no such file"),
        io::ErrorKind::PermissionDenied => {
            Diagnostic::error("unreadable", "the file can't be read: no permission").next("look at its owner and mode")
        }
        io::ErrorKind::IsADirectory => Diagnostic::error("unreadable", "this is a folder, a file was expected"),
        _ => Diagnostic::error("unreadable", format!("the file can't be read: {e}")),
    };
    fault.at(Place::file(path))
}

fn unwritable(path: &str, e: &io::Error) -> Diagnostic {
    let fault = match e.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            Diagnostic::error("disk-full", "can't be written: no space is left on the disk")
                .why("what was there is as it was")
                .next("free some space, then run the command again")
        }
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            Diagnostic::error("unwritable", "can't be written: no permission")
                .next("look at the owner and mode of its folder")
        }
        _ => Diagnostic::error("unwritable", format!("can't be written: {e}")),
    };
    fault.at(Place::file(path))
}

/// Makes a folder, with those above it.
///
/// # Errors
/// No permission, no space.
pub fn folder(path: &Path) -> Outcome<()> {
    fs::create_dir_all(path).map_err(|e| unwritable(&path.display().to_string(), &e).into())
}

/// Whether `path` is a file.
///
/// # Errors
/// Nothing is there, or it can't be reached.
pub fn is_file(path: &Path) -> std::io::Result<bool> {
    fs::metadata(path).map(|meta| meta.is_file())
}

/// The ways in which `file`, absolute or seen from `folder`, lies in `folder`: as it is written, and with links followed;
/// none where it is not there or lies elsewhere.
pub fn ways_inside(folder: &Path, file: &str) -> Vec<String> {
    let whole = folder.join(file);
    let mut written = PathBuf::new();
    for part in whole.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => drop(written.pop()),
            part => written.push(part),
        }
    }
    let Some(real) = fs::canonicalize(&whole).ok().filter(|real| real.is_file()) else { return Vec::new() };
    let mut out: Vec<String> =
        [written, real].iter().filter(|p| p.starts_with(folder)).map(|p| relative(folder, p)).collect();
    out.dedup();
    out
}

/// `file` as seen from `folder`, with `/` between folders; none where it lies elsewhere.
pub fn inside_of(folder: &Path, file: &Path) -> Option<String> {
    let (folder, file) = (fs::canonicalize(folder).ok()?, fs::canonicalize(file).ok()?);
    file.starts_with(&folder).then(|| relative(&folder, &file))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn text_is_read_or_said_why_not() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("a"), b"one\ntw\xc3\xb6 \xff").unwrap();
        fs::create_dir(dir.path().join("d")).unwrap();
        let place = read_text(dir.path(), "a").unwrap_err().diagnostics[0].place.clone().unwrap();
        assert_eq!((place.line, place.column), (Some(2), Some(5)));
        assert_eq!(read_text(dir.path(), "b").unwrap_err().diagnostics[0].code, "not-found");
        assert_eq!(read_text(dir.path(), "d").unwrap_err().diagnostics[0].code, "unreadable");
        assert_eq!(read_text_if_there(dir.path(), "b").unwrap(), None);
        assert!(read_text_if_there(dir.path(), "d").is_err());
    }

    #[test]
    fn files_are_written_whole_and_inside() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("w");
        fs::create_dir(&root).unwrap();
        write(&root, "a/b/c.txt", "x").unwrap();
        assert_eq!(read_text(&root, "a/b/c.txt").unwrap(), "x");
        assert_eq!(list(&root, "a", ".txt").unwrap(), ["a/b/c.txt"]);
        assert_eq!(list(&root, "nosuch", "").unwrap(), Vec::<String>::new());
        for bad in ["../x", "/tmp/x", "a/../../x", "", "./a", "a\\b"] {
            assert_eq!(write(&root, bad, "x").unwrap_err().diagnostics[0].code, "outside-workspace", "{bad}");
        }
        assert_eq!(write(&root, "a/b", "x").unwrap_err().diagnostics[0].code, "unwritable");
        let left: Vec<_> =
            walkdir::WalkDir::new(&root).into_iter().flatten().filter(|e| e.file_type().is_file()).collect();
        assert_eq!(left.len(), 1, "no temporary file stays");
        write_all(&root, [("p", "1"), ("../q", "2")]).unwrap_err();
        assert!(!root.join("p").exists(), "all or nothing");
        remove(&root, "a/b/c.txt").unwrap();
        remove(&root, "a/b/c.txt").unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn links_do_not_lead_out() {
        use std::os::unix::fs::{PermissionsExt as _, symlink};
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("w");
        fs::create_dir(&root).unwrap();
        fs::create_dir(dir.path().join("out")).unwrap();
        symlink(dir.path().join("out"), root.join("l")).unwrap();
        symlink(dir.path().join("out/new"), root.join("dangling")).unwrap();
        assert!(write(&root, "l/x", "x").is_err());
        assert!(write(&root, "dangling", "x").is_err());
        write(&root, "run.sh", "x").unwrap();
        fs::set_permissions(root.join("run.sh"), fs::Permissions::from_mode(0o755)).unwrap();
        write(&root, "run.sh", "y").unwrap();
        assert_eq!(fs::metadata(root.join("run.sh")).unwrap().permissions().mode() & 0o777, 0o755);
    }
}
