//! Which branch production runs from, and whether the work tree is what HEAD says.

use git2::{ErrorCode, StatusOptions};

use super::{Git, Id, fault};
use crate::vocabulary::Outcome;

impl Git {
    /// Short name of the main branch: what `origin/HEAD` points to, else `main`, else `master`; none where there is none.
    pub fn main_branch(&self) -> Option<String> {
        let origin = self.repo.find_reference("refs/remotes/origin/HEAD").ok();
        let origin = origin.and_then(|r| r.symbolic_target().ok().flatten().map(str::to_owned));
        let origin = origin.and_then(|t| t.strip_prefix("refs/remotes/origin/").map(str::to_owned));
        let there = |name: &&&str| self.repo.find_reference(&format!("refs/heads/{name}")).is_ok();
        origin.or_else(|| ["main", "master"].iter().find(there).map(|n| (*n).to_owned()))
    }

    /// The commit that a branch of that name stands at, here or else at `origin`.
    ///
    /// # Errors
    /// References that git can't read.
    pub fn branch_commit(&self, branch: &str) -> Outcome<Option<Id>> {
        for name in [format!("refs/heads/{branch}"), format!("refs/remotes/origin/{branch}")] {
            match self.repo.refname_to_id(&name) {
                Ok(id) => return Ok(Some(id)),
                Err(e) if e.code() == ErrorCode::NotFound => {}
                Err(e) => return Err(fault("read a branch", &e)),
            }
        }
        Ok(None)
    }

    /// Paths of the repository that are not as in HEAD, those that git ignores aside.
    ///
    /// # Errors
    /// A work tree that git can't read.
    pub fn uncommitted(&self) -> Outcome<Vec<String>> {
        let mut options = StatusOptions::new();
        options.include_untracked(true).include_ignored(false).recurse_untracked_dirs(false);
        let statuses = self.repo.statuses(Some(&mut options)).map_err(|e| fault("read the work tree", &e))?;
        Ok(statuses.iter().map(|s| String::from_utf8_lossy(s.path_bytes()).into_owned()).collect())
    }
}
