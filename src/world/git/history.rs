//! Commits and their trailers, and the tree that undoing one gives.

use git2::{MergeOptions, Sort};

use super::{Entries, Entry, Git, Id, Mode, fault};
use crate::vocabulary::Outcome;

/// Trailers of a commit message without their `Pipewright-`, in order. A squashed commit can hold several of one name.
pub type Trailers = Vec<(String, String)>;

/// A commit as history shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    /// Its hash.
    pub id: Id,
    /// Its parents.
    pub parents: Vec<Id>,
    /// Its whole message.
    pub message: String,
    /// Its author, `Name <email>`.
    pub author: String,
    /// When it was made, seconds since 1970.
    pub seconds: i64,
}

/// What a tree becomes when a change is taken back. Paths are relative to the workspace.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TakenBack {
    /// What stood before the change.
    pub before: Entries,
    /// What the change made of it.
    pub made: Entries,
    /// What stands once it is taken back, without the paths in conflict.
    pub after: Entries,
    /// Paths that later changes made otherwise.
    pub conflicts: Vec<String>,
}

impl Commit {
    /// First line of the message.
    pub fn subject(&self) -> &str {
        self.message.lines().next().unwrap_or_default()
    }

    /// Lines `Pipewright-Change: …` anywhere in the message, under `Change`: a squash puts whole messages one after another.
    pub fn trailers(&self) -> Trailers {
        let line = |line: &str| {
            let (key, value) = line.split_once(": ")?;
            let known = key.strip_prefix("Pipewright-")?;
            let plain = !known.is_empty() && known.chars().all(|c| c.is_ascii_alphabetic() || c == '-');
            plain.then(|| (known.to_owned(), value.trim().to_owned()))
        };
        self.message.lines().filter_map(line).collect()
    }

    /// The first trailer of that name.
    pub fn trailer(&self, key: &str) -> Option<String> {
        self.trailers().into_iter().find(|(k, _)| k == key).map(|(_, value)| value)
    }
}

impl Git {
    /// One commit.
    ///
    /// # Errors
    /// A commit that is missing.
    pub fn commit(&self, id: Id) -> Outcome<Commit> {
        let c = self.repo.find_commit(id).map_err(|e| fault("read a commit", &e))?;
        let author = c.author();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Ok(Commit {
            id,
            parents: c.parent_ids().collect(),
            message: text(c.message_bytes()),
            author: format!("{} <{}>", text(author.name_bytes()), text(author.email_bytes())),
            seconds: c.time().seconds(),
        })
    }

    /// Commits that `from` reaches, newest first, children before parents. A shallow clone ends where it ends.
    ///
    /// # Errors
    /// History that git can't read.
    pub fn walk(&self, from: Id) -> Outcome<impl Iterator<Item = Outcome<Commit>> + '_> {
        let doing = |e: git2::Error| fault("read history", &e);
        let mut walk = self.repo.revwalk().map_err(doing)?;
        walk.set_sorting(Sort::TOPOLOGICAL | Sort::TIME).map_err(doing)?;
        walk.push(from).map_err(doing)?;
        Ok(walk.map(move |id| self.commit(id.map_err(doing)?)))
    }

    /// Whether `ancestor` is `of` or comes before it.
    ///
    /// # Errors
    /// History that git can't read.
    pub fn is_ancestor(&self, ancestor: Id, of: Id) -> Outcome<bool> {
        if ancestor == of {
            return Ok(true);
        }
        self.repo.graph_descendant_of(of, ancestor).map_err(|e| fault("read history", &e))
    }

    /// The nearest commit that both come from.
    ///
    /// # Errors
    /// History that git can't read.
    pub fn merge_base(&self, one: Id, two: Id) -> Outcome<Option<Id>> {
        match self.repo.merge_base(one, two) {
            Ok(id) => Ok(Some(id)),
            Err(e) if e.code() == git2::ErrorCode::NotFound => Ok(None),
            Err(e) => Err(fault("read history", &e)),
        }
    }

    /// Local branches under `folder`, `pipewright`.
    ///
    /// # Errors
    /// Branches that git can't read.
    pub fn branches(&self, folder: &str) -> Outcome<Vec<(String, Id)>> {
        let doing = |e: git2::Error| fault("read branches", &e);
        let mut out = Vec::new();
        for branch in self.repo.references_glob(&format!("refs/heads/{folder}/*")).map_err(doing)? {
            let branch = branch.map_err(doing)?;
            let name = String::from_utf8_lossy(branch.name_bytes()).into_owned();
            if let (Some(name), Some(id)) = (name.strip_prefix("refs/heads/"), branch.target()) {
                out.push((name.to_owned(), id));
            }
        }
        out.sort();
        Ok(out)
    }

    /// Whether another work tree of this repository is on `branch`.
    ///
    /// # Errors
    /// Work trees that git can't read.
    pub fn is_in_use(&self, branch: &str) -> Outcome<bool> {
        match self.repo.find_branch(branch, git2::BranchType::Local) {
            Ok(found) => Ok(found.is_head() || in_other_worktree(&self.repo, branch)),
            Err(_) => Ok(false),
        }
    }

    /// What `onto` becomes when `change` is taken back. Of a merge commit, what it brought to its first parent is taken
    /// back; of a first commit, everything.
    ///
    /// # Errors
    /// Objects that git can't read.
    pub fn taken_back(&self, change: Id, onto: Id) -> Outcome<TakenBack> {
        let doing = |e: git2::Error| fault("take a change back", &e);
        let tree = |id: Id| self.repo.find_commit(id).and_then(|c| c.tree()).map_err(doing);
        let parent = self.repo.find_commit(change).map_err(doing)?.parent_ids().next();
        let before = match parent {
            Some(parent) => tree(parent)?,
            None => {
                let empty = self.repo.treebuilder(None).and_then(|t| t.write()).map_err(doing)?;
                self.repo.find_tree(empty).map_err(doing)?
            }
        };
        let mut options = MergeOptions::new();
        options.find_renames(false);
        let index = self.repo.merge_trees(&tree(change)?, &tree(onto)?, &before, Some(&options)).map_err(doing)?;
        let inside = |path: &[u8]| String::from_utf8(path.to_vec()).ok()?.strip_prefix(&self.prefix).map(str::to_owned);
        let mut out =
            TakenBack { before: self.entries(parent)?, made: self.entries(Some(change))?, ..TakenBack::default() };
        for entry in index.iter() {
            // Stages above 0 are the sides of a conflict.
            let stage = (entry.flags >> 12) & 3;
            if let (0, Some(path), Some(mode)) = (stage, inside(&entry.path), Mode::from_bits(entry.mode as i32)) {
                out.after.insert(path, Entry { id: entry.id, mode });
            }
        }
        for conflict in index.conflicts().map_err(doing)? {
            let conflict = conflict.map_err(doing)?;
            if let Some(side) = conflict.our.or(conflict.their).or(conflict.ancestor) {
                let outside = || String::from_utf8_lossy(&side.path).into_owned();
                out.conflicts.push(inside(&side.path).unwrap_or_else(outside));
            }
        }
        out.conflicts.sort();
        Ok(out)
    }
}

fn in_other_worktree(repo: &git2::Repository, branch: &str) -> bool {
    let wanted = format!("ref: refs/heads/{branch}");
    let head = |folder: std::path::PathBuf| std::fs::read_to_string(folder.join("HEAD")).unwrap_or_default();
    let mut folders = vec![repo.commondir().to_owned()];
    if let Ok(entries) = std::fs::read_dir(repo.commondir().join("worktrees")) {
        folders.extend(entries.filter_map(|e| e.ok().map(|e| e.path())));
    }
    folders.into_iter().any(|folder| head(folder).trim() == wanted)
}
