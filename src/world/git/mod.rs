//! git, through libgit2: what stands in a commit, what a new commit holds, and the one way that the work tree moves.
//!
//! Decisions: hooks do not run and commits are not signed (a person signs with `git commit --amend --no-edit -S`, the
//! trailers stay); filters other than line endings are not applied; nothing here reads the whole work tree, only the
//! paths that a change touches.

mod endings;
mod history;
mod index;
mod journal;
mod main_branch;
pub mod merge;
mod objects;
mod shift;
mod standing;
mod texts;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use git2::{ErrorCode, Repository, RepositoryState};
use serde::{Deserialize, Serialize};

use crate::vocabulary::{Diagnostic, Fault, Outcome};

pub use git2::Oid as Id;
pub use history::{Commit, TakenBack, Trailers};
pub use journal::Recovered;
pub use objects::When;
pub use shift::{Goal, Shifted};

/// What a path of a tree is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// A file.
    Plain,
    /// A file that can be run.
    Executable,
    /// A symbolic link; its bytes are what it points to.
    Link,
    /// A commit of another repository.
    Submodule,
}

/// A path of a tree without its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Hash of the bytes.
    pub id: Id,
    /// What it is.
    pub mode: Mode,
}

/// A path of a tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// What it holds.
    pub bytes: Vec<u8>,
    /// What it is.
    pub mode: Mode,
}

/// Files by path relative to the workspace.
pub type Tree = BTreeMap<String, File>;

/// Paths relative to the workspace, without their bytes.
pub type Entries = BTreeMap<String, Entry>;

/// A repository, seen from a workspace in it.
pub struct Git {
    repo: Repository,
    /// The work tree of the repository.
    root: PathBuf,
    /// The workspace; `root` or a folder in it.
    workspace: PathBuf,
    /// Path of the workspace in the repository: empty, or ending in `/`.
    prefix: String,
    /// Where line endings may differ between git and the work tree.
    crlf_folders: std::cell::RefCell<endings::Known>,
}

/// Where HEAD stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// Short name of the branch; none where HEAD is detached.
    pub branch: Option<String>,
    /// The commit; none before the first one.
    pub commit: Option<Id>,
}

impl File {
    /// A plain file.
    pub fn plain(bytes: impl Into<Vec<u8>>) -> File {
        File { bytes: bytes.into(), mode: Mode::Plain }
    }
}

impl Entry {
    /// The entry that `file` would have.
    ///
    /// # Errors
    /// None that is known: hashing fails only where memory does.
    pub fn of(file: &File) -> Outcome<Entry> {
        let id = Id::hash_object(git2::ObjectType::Blob, &file.bytes).map_err(|e| fault("hash a file", &e))?;
        Ok(Entry { id, mode: file.mode })
    }
}

impl Mode {
    /// The bits that git stores.
    fn bits(self) -> i32 {
        match self {
            Mode::Plain => 0o100644,
            Mode::Executable => 0o100755,
            Mode::Link => 0o120000,
            Mode::Submodule => 0o160000,
        }
    }

    fn from_bits(bits: i32) -> Option<Mode> {
        match bits & 0o170000 {
            0o100000 if bits & 0o100 != 0 => Some(Mode::Executable),
            0o100000 => Some(Mode::Plain),
            0o120000 => Some(Mode::Link),
            0o160000 => Some(Mode::Submodule),
            _ => None,
        }
    }
}

impl std::fmt::Debug for Git {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Git").field("root", &self.root).field("prefix", &self.prefix).finish()
    }
}

impl Git {
    /// The repository that holds `workspace`.
    ///
    /// # Errors
    /// No repository, one without a work tree, or one that git does not trust.
    pub fn open(workspace: &Path) -> Outcome<Git> {
        let repo = Repository::discover(workspace).map_err(|e| match e.code() {
            ErrorCode::NotFound => Diagnostic::error("no-repository", "this folder is in no git repository")
                .at(crate::vocabulary::Place::file(workspace.display().to_string()))
                .next("run `git init` here first")
                .into(),
            _ => fault("open the git repository", &e),
        })?;
        let Some(root) = repo.workdir() else {
            return Err(Diagnostic::error("bare-repository", "this git repository has no work tree")
                .at(crate::vocabulary::Place::file(repo.path().display().to_string()))
                .next("work in a clone of it: `git clone`")
                .into());
        };
        let whole = |p: &Path| {
            p.canonicalize().map_err(|e| {
                Fault::from(
                    Diagnostic::error("workspace-folder", format!("can't read {}", p.display())).why(e.to_string()),
                )
            })
        };
        let (root, workspace) = (whole(root)?, whole(workspace)?);
        let inside = workspace.strip_prefix(&root).map_err(|_| {
            Fault::from(Diagnostic::error(
                "workspace-folder",
                "the workspace is not in the work tree of its repository",
            ))
        })?;
        let mut prefix = String::new();
        for part in inside.components() {
            let part = part.as_os_str().to_str().ok_or_else(|| {
                Fault::from(Diagnostic::error("workspace-folder", "the workspace's path is not valid UTF-8"))
            })?;
            prefix.push_str(part);
            prefix.push('/');
        }
        Ok(Git { repo, root, workspace, prefix, crlf_folders: Default::default() })
    }

    /// The workspace's folder.
    pub fn workspace(&self) -> &Path {
        &self.workspace
    }

    /// Whether history ends somewhere on purpose: `git clone --depth`.
    pub fn is_shallow(&self) -> bool {
        self.repo.is_shallow()
    }

    /// Where HEAD stands.
    ///
    /// # Errors
    /// A HEAD that git can't read.
    pub fn head(&self) -> Outcome<Head> {
        let head = self.repo.find_reference("HEAD").map_err(|e| fault("read HEAD", &e))?;
        let branch = match head.symbolic_target() {
            Ok(Some(target)) => target.strip_prefix("refs/heads/").map(str::to_owned),
            _ => None,
        };
        let commit = match self.repo.refname_to_id("HEAD") {
            Ok(id) => Some(id),
            Err(e) if e.code() == ErrorCode::NotFound && branch.is_some() => None,
            Err(e) => return Err(fault("read HEAD", &e)),
        };
        Ok(Head { branch, commit })
    }

    /// The commit that `revision` names.
    ///
    /// # Errors
    /// A revision that names none, or several.
    pub fn resolve(&self, revision: &str) -> Outcome<Id> {
        let found = self.repo.revparse_single(revision).and_then(|object| object.peel_to_commit());
        Ok(found
            .map_err(|e| {
                Diagnostic::error("unknown-revision", format!("`{}` names no commit here", revision.escape_debug()))
                    .why(e.message().to_owned())
                    .next("`git log --oneline --all` lists commits")
            })?
            .id())
    }

    /// What `commit` holds under the workspace; nothing where there is no commit. Paths that are not UTF-8 can't be ours
    /// and are left out.
    ///
    /// # Errors
    /// An object that is missing or broken.
    pub fn entries(&self, commit: Option<Id>) -> Outcome<Entries> {
        let mut out = Entries::new();
        if let Some(tree) = self.workspace_tree(commit)? {
            self.collect(&tree, "", &mut out)?;
        }
        Ok(out)
    }

    /// What `commit` holds at one path under the workspace.
    ///
    /// # Errors
    /// An object that is missing or broken.
    pub fn entry(&self, commit: Option<Id>, path: &str) -> Outcome<Option<Entry>> {
        let Some(tree) = self.workspace_tree(commit)? else { return Ok(None) };
        match tree.get_path(Path::new(path)) {
            Ok(found) => Ok(Mode::from_bits(found.filemode()).map(|mode| Entry { id: found.id(), mode })),
            Err(e) if e.code() == ErrorCode::NotFound => Ok(None),
            Err(e) => Err(fault("read a folder from git", &e)),
        }
    }

    /// The bytes of a blob.
    ///
    /// # Errors
    /// A blob that is missing or broken.
    pub fn bytes(&self, id: Id) -> Outcome<Vec<u8>> {
        Ok(self.repo.find_blob(id).map_err(|e| fault("read a file from git", &e))?.content().to_vec())
    }

    /// The file that `entry` stands for; a submodule has no bytes.
    ///
    /// # Errors
    /// A blob that is missing or broken.
    pub fn file(&self, entry: Entry) -> Outcome<File> {
        let bytes = if entry.mode == Mode::Submodule { Vec::new() } else { self.bytes(entry.id)? };
        Ok(File { bytes, mode: entry.mode })
    }

    /// Refuses where git is in the middle of something.
    ///
    /// # Errors
    /// A merge, rebase, cherry-pick, revert or bisect that has not ended.
    pub fn refuse_unfinished(&self) -> Outcome<()> {
        let (what, next) = match self.repo.state() {
            RepositoryState::Clean | RepositoryState::Bisect => return Ok(()),
            RepositoryState::Merge => ("a merge", "`git merge --continue` or `git merge --abort`"),
            RepositoryState::Revert | RepositoryState::RevertSequence => {
                ("a revert", "`git revert --continue` or `git revert --abort`")
            }
            RepositoryState::CherryPick | RepositoryState::CherryPickSequence => {
                ("a cherry-pick", "`git cherry-pick --continue` or `git cherry-pick --abort`")
            }
            RepositoryState::Rebase | RepositoryState::RebaseInteractive | RepositoryState::RebaseMerge => {
                ("a rebase", "`git rebase --continue` or `git rebase --abort`")
            }
            RepositoryState::ApplyMailbox | RepositoryState::ApplyMailboxOrRebase => {
                ("applying patches", "`git am --continue` or `git am --abort`")
            }
        };
        Err(Diagnostic::error("git-busy", format!("{what} has not ended in this repository"))
            .next(format!("end it with {next}, then try again"))
            .into())
    }

    fn workspace_tree(&self, commit: Option<Id>) -> Outcome<Option<git2::Tree<'_>>> {
        let Some(commit) = commit else { return Ok(None) };
        let tree = self.repo.find_commit(commit).and_then(|c| c.tree()).map_err(|e| fault("read a commit", &e))?;
        if self.prefix.is_empty() {
            return Ok(Some(tree));
        }
        match tree.get_path(Path::new(self.prefix.trim_end_matches('/'))) {
            Ok(entry) if entry.kind() == Some(git2::ObjectType::Tree) => {
                Ok(Some(self.repo.find_tree(entry.id()).map_err(|e| fault("read a folder from git", &e))?))
            }
            Ok(_) => Ok(None),
            Err(e) if e.code() == ErrorCode::NotFound => Ok(None),
            Err(e) => Err(fault("read a folder from git", &e)),
        }
    }

    fn collect(&self, tree: &git2::Tree<'_>, folder: &str, out: &mut Entries) -> Outcome<()> {
        for entry in tree.iter() {
            let Ok(name) = entry.name() else { continue };
            let path = format!("{folder}{name}");
            match Mode::from_bits(entry.filemode()) {
                Some(mode) => {
                    out.insert(path, Entry { id: entry.id(), mode });
                }
                None if entry.kind() == Some(git2::ObjectType::Tree) => {
                    let tree = self.repo.find_tree(entry.id()).map_err(|e| fault("read a folder from git", &e))?;
                    self.collect(&tree, &format!("{path}/"), out)?;
                }
                None => {}
            }
        }
        Ok(())
    }
}

/// What git itself says went wrong.
fn fault(doing: &str, e: &git2::Error) -> Fault {
    let mut d = Diagnostic::error("git", format!("can't {doing}")).why(e.message().to_owned());
    if e.code() == ErrorCode::Owner {
        d = d.next("if you trust this repository: `git config --global --add safe.directory DIR`");
    } else if e.code() == ErrorCode::Locked {
        d = d.next("another git command is at work, or one was killed: then remove the `.lock` file that is named");
    }
    d.into()
}

/// What the operating system says went wrong with a path.
fn io_fault(doing: &str, path: &Path, e: &std::io::Error) -> Fault {
    let mut d = Diagnostic::error("file", format!("can't {doing} {}", path.display())).why(e.to_string());
    if e.kind() == std::io::ErrorKind::StorageFull {
        d = d.next("make room on the disk; nothing was changed");
    }
    d.into()
}
