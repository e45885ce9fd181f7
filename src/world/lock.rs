//! One process at a time in a workspace, and the folder of its local state.

use std::fs::{File, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};

use crate::vocabulary::{Diagnostic, Outcome};

/// Where a workspace keeps what git must not hold.
pub const STATE: &str = ".pipewright/state";

/// Held while a command may write; the operating system gives it back when the process ends, however it ends.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

/// The folder of local state, made if it is not there; it tells git to ignore it.
///
/// # Errors
/// A folder that can't be made or written.
pub fn state_folder(workspace: &Path) -> Outcome<PathBuf> {
    let folder = workspace.join(STATE);
    let ignore = folder.join(".gitignore");
    let made = std::fs::create_dir_all(&folder)
        .and_then(|()| if ignore.exists() { Ok(()) } else { std::fs::write(&ignore, "*\n") });
    made.map_err(|e| cannot(&folder, &e))?;
    Ok(folder)
}

impl Lock {
    /// Takes the workspace for this process. `who` is shown to those who find it taken: `propose`.
    ///
    /// # Errors
    /// At once, where another process holds it.
    pub fn take(workspace: &Path, who: &str) -> Outcome<Lock> {
        let path = state_folder(workspace)?.join("lock");
        let mut file = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(|e| cannot(&path, &e))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                let _ = file.read_to_string(&mut holder);
                let holder = if holder.trim().is_empty() { "another process" } else { holder.trim() };
                return Err(Diagnostic::error("workspace-busy", format!("{holder} is at work in this workspace"))
                    .why("two commands that write must not run at once")
                    .next("wait until it has ended, then try again")
                    .into());
            }
            Err(TryLockError::Error(e)) => return Err(cannot(&path, &e)),
        }
        // Only for the message above: a failure to write it must not stop a command.
        let _ = file
            .set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| write!(file, "`pipewright {who}` (process {})", std::process::id()))
            .and_then(|()| file.flush());
        Ok(Lock { _file: file })
    }
}

fn cannot(path: &Path, e: &std::io::Error) -> crate::vocabulary::Fault {
    Diagnostic::error("state-folder", format!("can't write {}", path.display())).why(e.to_string()).into()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_second_is_told_who_is_first() {
        let dir = tempfile::tempdir().unwrap();
        let first = Lock::take(dir.path(), "propose").unwrap();
        let fault = Lock::take(dir.path(), "run").unwrap_err();
        assert_eq!((fault.exit, fault.diagnostics[0].code.as_ref()), (2, "workspace-busy"));
        assert!(fault.diagnostics[0].what.starts_with("`pipewright propose` (process "), "{fault}");
        drop(first);
        Lock::take(dir.path(), "run").unwrap();
        assert_eq!(std::fs::read_to_string(dir.path().join(STATE).join(".gitignore")).unwrap(), "*\n");
    }
}
