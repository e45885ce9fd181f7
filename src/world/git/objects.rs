//! Blobs, trees and commits, written before anything else is touched; until a branch names them nobody sees them.

use std::collections::{BTreeMap, BTreeSet};

use git2::{ObjectType, Repository, Signature, Time};

use super::{Entry, File, Git, Id, Mode, fault};
use crate::vocabulary::{Diagnostic, Outcome, Place};

/// From so many new objects on they go into one pack instead of a file each.
const PACK_FROM: usize = 64;

/// Changed paths of one folder.
#[derive(Default)]
struct Folder<'a> {
    files: BTreeMap<&'a str, Option<Entry>>,
    folders: BTreeMap<&'a str, Folder<'a>>,
}

/// Who and when a commit is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct When {
    /// Seconds since 1970.
    pub seconds: i64,
    /// Minutes east of UTC.
    pub offset: i32,
}

impl Git {
    /// The tree of `parent` with `changes` in the workspace: a file, or none where it goes.
    ///
    /// # Errors
    /// A file where a folder is needed, or objects that can't be written.
    pub fn write_tree(&self, parent: Option<Id>, changes: &BTreeMap<String, Option<File>>) -> Outcome<Id> {
        let builder = Builder::new(self)?;
        let mut entries = Vec::new();
        for (path, file) in changes {
            let entry = file.as_ref().map(|f| builder.blob(f)).transpose()?;
            entries.push((format!("{}{path}", self.prefix), entry));
        }
        let mut root = Folder::default();
        for (path, entry) in &entries {
            root.put(path, *entry);
        }
        let old = match parent {
            Some(parent) => Some(self.repo.find_commit(parent).map_err(|e| fault("read a commit", &e))?.tree_id()),
            None => None,
        };
        let tree = builder.folder(&root, old, "")?;
        let tree = tree.map_or_else(|| builder.put(ObjectType::Tree, b""), Ok)?;
        builder.finish()?;
        self.repo.odb().and_then(|odb| odb.refresh()).map_err(|e| fault("read git's objects", &e))?;
        Ok(tree)
    }

    /// Writes a commit that no branch names yet.
    ///
    /// # Errors
    /// Objects that can't be written.
    pub fn write_commit(&self, parent: Option<Id>, tree: Id, message: &str, when: When) -> Outcome<Id> {
        let parent = parent.map(|p| self.repo.find_commit(p)).transpose().map_err(|e| fault("read a commit", &e))?;
        let tree = self.repo.find_tree(tree).map_err(|e| fault("read a tree", &e))?;
        let author = self.signature("AUTHOR", when)?;
        let committer = self.signature("COMMITTER", when)?;
        let parents: Vec<_> = parent.iter().collect();
        self.repo.commit(None, &author, &committer, message, &tree, &parents).map_err(|e| fault("write the commit", &e))
    }

    /// The tree of a commit.
    ///
    /// # Errors
    /// A commit that is missing.
    pub fn tree_of(&self, commit: Id) -> Outcome<Id> {
        Ok(self.repo.find_commit(commit).map_err(|e| fault("read a commit", &e))?.tree_id())
    }

    /// Who acts here, `Name <email>`.
    pub fn who(&self) -> String {
        let now = When { seconds: 0, offset: 0 };
        self.signature("AUTHOR", now).map_or_else(|_| "unknown".into(), |s| s.to_string())
    }

    /// As git does: the environment, then the configuration, then ourselves.
    fn signature(&self, role: &str, when: When) -> Outcome<Signature<'static>> {
        let config = self.repo.config().and_then(|mut c| c.snapshot()).map_err(|e| fault("read git's settings", &e))?;
        let clean = |text: String| {
            let text: String = text.chars().filter(|c| !matches!(c, '<' | '>' | '\n' | '\0')).collect();
            Some(text.trim().to_owned()).filter(|t| !t.is_empty())
        };
        let find = |what: &str| {
            let variable = std::env::var(format!("GIT_{role}_{}", what.to_uppercase())).ok().and_then(clean);
            let key = |section: &str| config.get_string(&format!("{section}.{what}")).ok().and_then(clean);
            variable.or_else(|| key(&role.to_lowercase())).or_else(|| key("user"))
        };
        let name = find("name").unwrap_or_else(|| "Pipewright".into());
        let email = find("email").unwrap_or_else(|| "pipewright@localhost".into());
        Signature::new(&name, &email, &Time::new(when.seconds, when.offset)).map_err(|e| fault("sign a commit", &e))
    }
}

impl<'a> Folder<'a> {
    fn put(&mut self, path: &'a str, entry: Option<Entry>) {
        match path.split_once('/') {
            Some((folder, rest)) => self.folders.entry(folder).or_default().put(rest, entry),
            None => {
                self.files.insert(path, entry);
            }
        }
    }
}

/// Collects new objects in memory, and writes them all at once.
struct Builder<'a> {
    /// Where objects go; it knows those that are there.
    target: &'a Repository,
    /// A second handle on the same repository whose new objects stay in memory.
    scratch: Repository,
    new: std::cell::RefCell<BTreeSet<Id>>,
}

impl<'a> Builder<'a> {
    fn new(git: &'a Git) -> Outcome<Builder<'a>> {
        let scratch = Repository::open(git.repo.path()).map_err(|e| fault("open the git repository", &e))?;
        scratch
            .odb()
            .and_then(|odb| odb.add_new_mempack_backend(1000).map(drop))
            .map_err(|e| fault("collect objects", &e))?;
        Ok(Builder { target: &git.repo, scratch, new: Default::default() })
    }

    fn blob(&self, file: &File) -> Outcome<Entry> {
        Ok(Entry { id: self.put(ObjectType::Blob, &file.bytes)?, mode: file.mode })
    }

    fn put(&self, kind: ObjectType, bytes: &[u8]) -> Outcome<Id> {
        let id = Id::hash_object(kind, bytes).map_err(|e| fault("hash a file", &e))?;
        let known = |odb: git2::Odb<'_>| odb.exists_ext(id, git2::OdbLookupFlags::NO_REFRESH);
        if !self.new.borrow().contains(&id) && !self.target.odb().map(known).map_err(|e| fault("read objects", &e))? {
            self.scratch.odb().and_then(|odb| odb.write(kind, bytes)).map_err(|e| fault("collect objects", &e))?;
            self.new.borrow_mut().insert(id);
        }
        Ok(id)
    }

    /// The new tree of a folder; none where nothing is left in it.
    fn folder(&self, folder: &Folder<'_>, old: Option<Id>, path: &str) -> Outcome<Option<Id>> {
        let doing = |e: &git2::Error| fault("build a folder", e);
        let old = old.map(|id| self.scratch.find_tree(id)).transpose().map_err(|e| doing(&e))?;
        let mut tree = self.scratch.treebuilder(old.as_ref()).map_err(|e| doing(&e))?;
        // Files that go leave room for folders of the same name, so they come first.
        for (name, entry) in &folder.files {
            let there = tree.get(name).map_err(|e| doing(&e))?.map(|e| e.kind());
            match entry {
                None if there.is_some_and(|kind| kind != Some(ObjectType::Tree)) => {
                    tree.remove(name).map_err(|e| doing(&e))?;
                }
                None => {}
                Some(_) if there == Some(Some(ObjectType::Tree)) => {
                    return Err(in_the_way(&format!("{path}{name}"), "a folder", "a file"));
                }
                Some(entry) => {
                    tree.insert(name, entry.id, entry.mode.bits()).map_err(|e| doing(&e))?;
                }
            }
        }
        for (name, inner) in &folder.folders {
            let there = tree.get(name).map_err(|e| doing(&e))?.map(|e| (e.kind(), e.id()));
            let below = match there {
                Some((Some(ObjectType::Tree), id)) => Some(id),
                Some(_) if inner.only_goes() => continue,
                Some(_) => return Err(in_the_way(&format!("{path}{name}"), "a file or link", "a folder")),
                None => None,
            };
            match self.folder(inner, below, &format!("{path}{name}/"))? {
                Some(id) => {
                    tree.insert(name, id, 0o040000).map_err(|e| doing(&e))?;
                }
                None if below.is_some() => tree.remove(name).map_err(|e| doing(&e))?,
                None => {}
            }
        }
        if tree.is_empty() {
            return Ok(None);
        }
        let id = tree.write().map_err(|e| doing(&e))?;
        if !self.target.odb().map_err(|e| doing(&e))?.exists_ext(id, git2::OdbLookupFlags::NO_REFRESH) {
            self.new.borrow_mut().insert(id);
        }
        Ok(Some(id))
    }

    fn finish(self) -> Outcome<()> {
        let new = self.new.into_inner();
        let doing = |e: &git2::Error| fault("write git's objects", e);
        if new.len() < PACK_FROM {
            let (from, to) = (self.scratch.odb().map_err(|e| doing(&e))?, self.target.odb().map_err(|e| doing(&e))?);
            for id in new {
                let object = from.read(id).map_err(|e| doing(&e))?;
                to.write(object.kind(), object.data()).map_err(|e| doing(&e))?;
            }
            return Ok(());
        }
        let folder = self.target.commondir().join("objects/pack");
        let mut pack = self.scratch.packbuilder().map_err(|e| doing(&e))?;
        for id in new {
            pack.insert_object(id, None).map_err(|e| doing(&e))?;
        }
        pack.write(&folder, 0o444).map_err(|e| doing(&e))
    }
}

impl Folder<'_> {
    fn only_goes(&self) -> bool {
        self.files.values().all(Option::is_none) && self.folders.values().all(Folder::only_goes)
    }
}

fn in_the_way(path: &str, is: &str, wanted: &str) -> crate::vocabulary::Fault {
    Diagnostic::error("in-the-way", format!("{is} stands where {wanted} is generated"))
        .at(Place::file(path))
        .next("move or rename it, commit that, then try again")
        .into()
}

/// A mode that holds bytes of its own.
pub(super) fn has_bytes(mode: Mode) -> bool {
    mode != Mode::Submodule
}
