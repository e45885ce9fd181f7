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

/// Adds a line to a file of the state folder. Where the line before was torn by a killed process, a new one is begun.
///
/// # Errors
/// A file that can't be written.
pub fn append(workspace: &Path, file: &str, line: &str) -> Outcome<()> {
    let path = state_folder(workspace)?.join(file);
    let append = || {
        let mut file = File::options().read(true).append(true).create(true).open(&path)?;
        let mut text = String::new();
        if file.metadata()?.len() > 0 {
            let mut last = [0];
            file.seek(std::io::SeekFrom::End(-1))?;
            file.read_exact(&mut last)?;
            if last != *b"\n" {
                text.push('\n');
            }
        }
        text.push_str(line.trim_end());
        text.push('\n');
        file.write_all(text.as_bytes())
    };
    append().map_err(|e: std::io::Error| cannot(&path, &e))
}

/// The text of a file of the state folder; empty where it is not there. Bytes that are no UTF-8 are replaced.
///
/// # Errors
/// A file that can't be read.
pub fn read(workspace: &Path, file: &str) -> Outcome<String> {
    let path = workspace.join(STATE).join(file);
    match std::fs::read(&path) {
        Ok(bytes) => Ok(String::from_utf8_lossy(&bytes).into_owned()),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(String::new()),
        Err(e) => {
            Err(Diagnostic::error("state-folder", format!("can't read {}", path.display())).why(e.to_string()).into())
        }
    }
}

impl Lock {
    /// Takes the workspace for this process. `who` is shown to those who find it taken: `propose`.
    ///
    /// # Errors
    /// At once, where another process holds it.
    pub fn take(workspace: &Path, who: &str) -> Outcome<Lock> {
        Lock::attempt(workspace, who)?.map_err(|holder| {
            Diagnostic::error("workspace-busy", format!("{holder} is at work in this workspace"))
                .why("two commands that write must not run at once")
                .next("wait until it has ended, then try again")
                .fault()
        })
    }

    /// The same for a command that only reads: none where another process holds it.
    ///
    /// # Errors
    /// A folder of local state that can't be written.
    pub fn take_if_free(workspace: &Path, who: &str) -> Outcome<Option<Lock>> {
        Ok(Lock::attempt(workspace, who)?.ok())
    }

    /// The lock, or what holds it.
    fn attempt(workspace: &Path, who: &str) -> Outcome<Result<Lock, String>> {
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
                return Ok(Err(holder.to_owned()));
            }
            Err(TryLockError::Error(e)) => return Err(cannot(&path, &e)),
        }
        // Only for the message above: a failure to write it must not stop a command.
        let _ = file
            .set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| write!(file, "`pipewright {who}` (process {})", std::process::id()))
            .and_then(|()| file.flush());
        Ok(Ok(Lock { _file: file }))
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
        assert!(Lock::take_if_free(dir.path(), "check").unwrap().is_none());
        drop(first);
        Lock::take(dir.path(), "run").unwrap();
        assert_eq!(std::fs::read_to_string(dir.path().join(STATE).join(".gitignore")).unwrap(), "*\n");
    }
}
