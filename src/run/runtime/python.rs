//! Which Python the runtime is made with.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::vocabulary::{Diagnostic, Outcome};
use crate::world::process;

/// Oldest version that the locks are made for.
const OLDEST: (u32, u32) = (3, 10);
/// Names that are looked for, in this order: the versions that every pinned package has wheels for come first.
const NAMES: &[&str] = &["python3.13", "python3.12", "python3.11", "python3.10", "python3", "python"];

/// A Python that can be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Python {
    /// The program itself, whatever stood before it.
    pub path: PathBuf,
    /// `3.12`.
    pub version: String,
}

/// The Python named by `PIPEWRIGHT_PYTHON`, else the first that is found and new enough.
///
/// # Errors
/// None is there; the diagnostic says what was found and what to install.
pub fn find_python() -> Outcome<Python> {
    let wanted = "install Python 3.10 or newer (`apt install python3 python3-venv`, `brew install python`, \
                  https://www.python.org/downloads/), or set PIPEWRIGHT_PYTHON to one";
    if let Some(text) = process::env("PIPEWRIGHT_PYTHON") {
        let path = if text.contains('/') { Some(PathBuf::from(&text)) } else { process::on_path(&text) };
        return match path.as_deref().map(ask) {
            Some(Ok(python)) if new_enough(&python) => Ok(python),
            Some(Ok(python)) => {
                Err(Diagnostic::error("no-python", format!("PIPEWRIGHT_PYTHON is Python {}", python.version))
                    .why("the runtime needs Python 3.10 or newer")
                    .next(wanted)
                    .into())
            }
            Some(Err(why)) => {
                Err(Diagnostic::error("no-python", format!("PIPEWRIGHT_PYTHON (`{text}`) is no Python that starts"))
                    .why(why)
                    .next(wanted)
                    .into())
            }
            None => Err(Diagnostic::error("no-python", format!("PIPEWRIGHT_PYTHON (`{text}`) is not on PATH"))
                .next(wanted)
                .into()),
        };
    }
    let mut found = Vec::new();
    for path in NAMES.iter().filter_map(|name| process::on_path(name)) {
        match ask(&path) {
            Ok(python) if new_enough(&python) => return Ok(python),
            Ok(python) => found.push(format!("{} is {}", path.display(), python.version)),
            Err(why) => found.push(format!("{} does not start: {why}", path.display())),
        }
    }
    let d = Diagnostic::error("no-python", "no Python 3.10 or newer on PATH").next(wanted);
    Err(if found.is_empty() { d } else { d.why(found.join("; ")) }.into())
}

fn new_enough(python: &Python) -> bool {
    let mut parts = python.version.split('.').map(str::parse::<u32>);
    matches!((parts.next(), parts.next()), (Some(Ok(major)), Some(Ok(minor))) if (major, minor) >= OLDEST)
}

/// Asks a program what Python it is. A shim or a wrapper answers with what stands behind it.
fn ask(path: &Path) -> Result<Python, String> {
    let script = "import sys; print(f'{sys.version_info[0]}.{sys.version_info[1]}'); print(sys.executable)";
    let command = super::command(path).args(["-I", "-c", script]).timeout(Duration::from_secs(30));
    let ended = command.quiet().map_err(|f| f.diagnostics.first().map(|d| d.what.clone()).unwrap_or_default())?;
    let mut lines = ended.stdout.lines();
    match (ended.ok(), lines.next(), lines.next()) {
        (true, Some(version), Some(executable)) if version.starts_with(|c: char| c.is_ascii_digit()) => {
            Ok(Python { path: executable.into(), version: version.to_owned() })
        }
        _ => Err(ended.tail.last().cloned().unwrap_or_else(|| "it says nothing".into())),
    }
}
