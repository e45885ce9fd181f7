//! All text files of a folder at once, read on every core: what `check` looks at.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use rayon::prelude::*;
use walkdir::{DirEntry, WalkDir};

use super::files;
use crate::dbt::local_packages;
use crate::vocabulary::{Diagnostic, Outcome, Place};

/// A file that is longer is not read as text that people wrote.
const LONGEST: u64 = 64 * 1024 * 1024;

/// Files by their path under a folder, with `/` between folders.
#[derive(Clone, Debug, Default)]
pub struct Texts {
    /// Their texts.
    pub files: BTreeMap<String, Arc<str>>,
    /// Those that can't be read, one diagnostic a file.
    pub unreadable: Vec<Diagnostic>,
    /// What each looked like when it was read, to see later whether it changed.
    stamps: BTreeMap<String, Stamp>,
}

/// What tells that a file was written again.
type Stamp = (Option<SystemTime>, u64);

/// A file that was found.
struct Found {
    path: String,
    file: PathBuf,
    stamp: Stamp,
}

/// Reads the files below `root` whose paths are `wanted`. Hidden folders, virtual environments, `node_modules` and what
/// dbt writes itself (`target`, `logs`) are left out.
///
/// # Errors
/// A folder that is not there or can't be listed: what can't be read is never taken for absent.
pub fn read(root: &Path, wanted: fn(&str) -> bool) -> Outcome<Texts> {
    Ok(texts(list(root, wanted)?, &Texts::default()))
}

/// The texts of files; those of `before` that are as they were.
fn texts(found: Vec<Found>, before: &Texts) -> Texts {
    let read: Vec<_> = found
        .into_par_iter()
        .map(|f| {
            let is_same = before.stamps.get(&f.path) == Some(&f.stamp);
            let kept = before.files.get(&f.path).filter(|_| is_same);
            let text = kept.map_or_else(|| text(&f), |kept| Ok(kept.clone()));
            (f, text)
        })
        .collect();
    let mut out = Texts::default();
    for (found, text) in read {
        match text {
            Ok(text) => drop(out.files.insert(found.path.clone(), text)),
            Err(diagnostic) => out.unreadable.push(*diagnostic),
        }
        out.stamps.insert(found.path, found.stamp);
    }
    out
}

impl Texts {
    /// The texts as they are now; none where no file below `root` came, went or was written since these were read.
    ///
    /// # Errors
    /// As for [`read`].
    pub fn again(&self, root: &Path, wanted: fn(&str) -> bool) -> Outcome<Option<Texts>> {
        let found = list(root, wanted)?;
        let is_same = |f: &Found| self.stamps.get(&f.path) == Some(&f.stamp);
        let is_behind = found.len() != self.stamps.len() || !found.iter().all(is_same);
        Ok(is_behind.then(|| texts(found, self)))
    }
}

fn list(root: &Path, wanted: fn(&str) -> bool) -> Outcome<Vec<Found>> {
    let mut out = Vec::new();
    walk(root, root, "", wanted, &mut out)?;
    for (project, folder) in beyond(root, &out) {
        let name = folder.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        let mut more = Vec::new();
        walk(root, &folder, &format!("{project}dbt_packages/{name}/"), wanted, &mut more)?;
        // The package may hold the project that names it.
        let own = root.canonicalize().unwrap_or_default();
        out.extend(more.into_iter().filter(|f| !f.file.starts_with(&own)));
    }
    out.par_iter_mut().for_each(|found| {
        if let Ok(meta) = fs::metadata(&found.file) {
            found.stamp = (meta.modified().ok(), meta.len());
        }
    });
    Ok(out)
}

/// Packages of the same repository that lie outside of `root`, as `local: ../` of an integration test says, each with the
/// project that names it; those that are installed are there already.
fn beyond(root: &Path, found: &[Found]) -> Vec<(String, PathBuf)> {
    let (mut out, Ok(own)) = (Vec::new(), root.canonicalize()) else { return Vec::new() };
    for list in found {
        let name = list.path.rsplit('/').next().unwrap_or_default();
        if !matches!(name, "packages.yml" | "dependencies.yml") || list.path.contains("dbt_packages/") {
            continue;
        }
        let project = &list.path[..list.path.len() - name.len()];
        let text = fs::read_to_string(&list.file).unwrap_or_default();
        for local in local_packages(&text) {
            let Ok(folder) = list.file.with_file_name("").join(local).canonicalize() else { continue };
            let installed = format!("{project}dbt_packages/");
            let there = |f: &Found| {
                f.path.starts_with(&installed) && f.file.canonicalize().is_ok_and(|p| p.starts_with(&folder))
            };
            let is_beyond = !folder.starts_with(&own);
            if is_beyond && folder.join("dbt_project.yml").exists() && !found.iter().any(there) {
                out.push((project.to_owned(), folder));
            }
        }
    }
    out
}

/// Lists `folder`, whose files are called `prefix` and their path in it.
fn walk(root: &Path, folder: &Path, prefix: &str, wanted: fn(&str) -> bool, out: &mut Vec<Found>) -> Outcome<()> {
    for entry in WalkDir::new(folder).follow_root_links(true).sort_by_file_name().into_iter().filter_entry(is_looked_at)
    {
        let entry = entry.map_err(|e| {
            let place = e.path().map_or_else(|| folder.display().to_string(), |p| files::relative(root, p));
            Diagnostic::error("unreadable", format!("can't be listed: {e}")).at(Place::file(place))
        })?;
        let path = format!("{prefix}{}", files::relative(folder, entry.path()));
        let kind = entry.file_type();
        // A package of the same repository stands in `dbt_packages` as a link to its folder.
        if kind.is_symlink() && in_packages(entry.path()) && entry.path().is_dir() && prefix.is_empty() {
            walk(root, entry.path(), &format!("{path}/"), wanted, out)?;
            continue;
        }
        let is_file = kind.is_file() || kind.is_symlink() && entry.path().is_file();
        // dbt does not read the packages of a package.
        let nested = !prefix.is_empty() && path[prefix.len()..].contains("dbt_packages/");
        if is_file && !nested && wanted(&path) {
            out.push(Found { path, file: entry.into_path(), stamp: (None, 0) });
        }
    }
    Ok(())
}

fn in_packages(path: &Path) -> bool {
    path.parent().and_then(Path::file_name).is_some_and(|n| n == "dbt_packages")
}

/// Whether a folder may hold what people wrote.
fn is_looked_at(entry: &DirEntry) -> bool {
    if entry.depth() == 0 || !entry.file_type().is_dir() {
        return true;
    }
    let beside = || entry.path().with_file_name("dbt_project.yml").exists();
    is_folder_read(&entry.file_name().to_string_lossy(), beside) && !entry.path().join("pyvenv.cfg").exists()
}

fn is_folder_read(name: &str, is_project: impl FnOnce() -> bool) -> bool {
    match name {
        "node_modules" | "__pycache__" | "site-packages" => false,
        "target" | "logs" => !is_project(),
        _ => !name.starts_with('.'),
    }
}

/// Whether the file at `path` is read from a tree of git, as it would be from disk.
pub(super) fn is_path_read(path: &str, is_there: impl Fn(&str) -> bool) -> bool {
    path.match_indices('/').all(|(end, _)| {
        let start = path[..end].rfind('/').map_or(0, |i| i + 1);
        is_folder_read(&path[start..end], || is_there(&format!("{}dbt_project.yml", &path[..start])))
    })
}

fn text(found: &Found) -> Result<Arc<str>, Box<Diagnostic>> {
    let fault = |diagnostic: Diagnostic| Box::new(diagnostic.at(Place::file(&found.path)));
    if found.stamp.1 > LONGEST {
        let what = format!("the file has {} bytes, the most that is read is {LONGEST}", found.stamp.1);
        return Err(fault(Diagnostic::error("too-large", what)));
    }
    let bytes = fs::read(&found.file)
        .map_err(|e| fault(Diagnostic::error("unreadable", format!("the file can't be read: {e}"))))?;
    decode(&found.path, bytes).map_err(Box::new)
}

/// The text of a file; rows of a seed may be in any encoding, for only its first line is looked at.
pub(super) fn decode(path: &str, bytes: Vec<u8>) -> Result<Arc<str>, Diagnostic> {
    match String::from_utf8(bytes) {
        Ok(text) => Ok(text.into()),
        Err(e) if path.ends_with(".csv") => Ok(String::from_utf8_lossy(e.as_bytes()).into()),
        Err(e) => {
            let at = e.utf8_error().valid_up_to();
            let line = e.as_bytes()[..at].iter().filter(|b| **b == b'\n').count() + 1;
            let place = Place { line: Some(line), ..Place::file(path) };
            let what = format!("byte {at} of the file is not UTF-8");
            Err(Diagnostic::error("not-utf8", what).at(place).next("save the file as UTF-8"))
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn put(root: &Path, path: &str, text: impl AsRef<[u8]>) {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn sql(path: &str) -> bool {
        path.ends_with(".sql")
    }

    #[test]
    fn a_local_package_may_lie_beyond_the_folder() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        for path in ["p/macros/m.sql", "p/tests_of_it/models/a.sql", "p/dbt_packages/u/macros/u.sql", "q/macros/n.sql"]
        {
            put(root, path, "select 1");
        }
        put(root, "p/dbt_project.yml", "name: p");
        put(root, "r/dbt_project.yml", "name: r");
        put(
            root,
            "p/tests_of_it/packages.yml",
            "packages:\n  - local: '../'  # what is tested\n  - {local: ../../q}\n  - {local: ../../r}\n",
        );
        let any = |path: &str| path.ends_with(".sql") || path.ends_with(".yml");
        let texts = read(&root.join("p/tests_of_it"), any).unwrap();
        let paths: Vec<&str> = texts.files.keys().map(String::as_str).collect();
        // What is no project is no package.
        let expected = [
            "dbt_packages/p/dbt_project.yml",
            "dbt_packages/p/macros/m.sql",
            "dbt_packages/r/dbt_project.yml",
            "models/a.sql",
            "packages.yml",
        ];
        assert_eq!(paths, expected);
    }

    #[test]
    fn what_tools_write_is_left_out_and_packages_are_read() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        for path in ["a/models/logs/x.sql", "a/dbt_packages/utils/macros/m.sql", "a/models/target.sql", "a/é.sql"] {
            put(root, path, "select 1");
        }
        for path in ["a/target/run/x.sql", "a/logs/y.sql", "a/.git/x.sql", "node_modules/x.sql", "env/lib/x.sql"] {
            put(root, path, "select 1");
        }
        put(root, "a/dbt_project.yml", "name: a");
        put(root, "env/pyvenv.cfg", "");
        put(root, "a/models/notes.txt", "x");
        let texts = read(root, sql).unwrap();
        let paths: Vec<&str> = texts.files.keys().map(String::as_str).collect();
        let expected = ["a/dbt_packages/utils/macros/m.sql", "a/models/logs/x.sql", "a/models/target.sql", "a/é.sql"];
        assert_eq!(paths, expected);
    }

    #[test]
    fn a_tree_of_git_is_read_like_the_disk() {
        let there = |file: &str| file == "a/dbt_project.yml";
        for (path, read) in [
            ("x.sql", true),
            ("a/models/x.sql", true),
            ("a/models/logs/x.sql", true),
            ("b/target/x.sql", true),
            ("a/target/run/x.sql", false),
            (".pipewright/base/dbt/models/x.sql", false),
            ("a/.hidden/x.sql", false),
            ("node_modules/x.sql", false),
            (".env", true),
        ] {
            assert_eq!(is_path_read(path, there), read, "{path}");
        }
    }

    #[test]
    fn what_is_not_text_is_said_and_what_changed_is_seen() {
        let dir = tempfile::tempdir().unwrap();
        put(dir.path(), "a.sql", b"select 1\n\xff");
        put(dir.path(), "b.sql", "select 2");
        let texts = read(dir.path(), sql).unwrap();
        assert_eq!(texts.unreadable[0].code, "not-utf8");
        assert_eq!(texts.unreadable[0].place.as_ref().unwrap().line, Some(2));
        assert!(texts.again(dir.path(), sql).unwrap().is_none());
        put(dir.path(), "b.sql", "select 22");
        let again = texts.again(dir.path(), sql).unwrap().unwrap();
        assert_eq!(&*again.files["b.sql"], "select 22");
        fs::remove_file(dir.path().join("b.sql")).unwrap();
        assert!(!again.again(dir.path(), sql).unwrap().unwrap().files.contains_key("b.sql"));
        assert!(read(&dir.path().join("nosuch"), sql).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn a_package_of_the_same_repository_is_read_through_its_link() {
        let dir = tempfile::tempdir().unwrap();
        put(dir.path(), "shared/macros/m.sql", "x");
        put(dir.path(), "a/dbt_packages/keep.sql", "x");
        std::os::unix::fs::symlink(dir.path().join("shared"), dir.path().join("a/dbt_packages/shared")).unwrap();
        std::os::unix::fs::symlink(dir.path(), dir.path().join("a/loop")).unwrap();
        let texts = read(dir.path(), sql).unwrap();
        let paths: Vec<&str> = texts.files.keys().map(String::as_str).collect();
        assert_eq!(paths, ["a/dbt_packages/keep.sql", "a/dbt_packages/shared/macros/m.sql", "shared/macros/m.sql"]);
    }
}
