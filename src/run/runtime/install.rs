//! Installing a part of the runtime: all of it, or nothing that counts.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{Part, Pointer, Python, cache, command, pointers};
use crate::run::progress::{Event, Listen};
use crate::vocabulary::{Diagnostic, Fault, Outcome};
use crate::world::{clock::Stopwatch, local, process};

/// What became of a part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Installed {
    /// Folder of its programs.
    pub bin: PathBuf,
    /// Version of Python in it.
    pub python: String,
    /// It was there already.
    pub cached: bool,
    /// What installed it: `uv` or `pip`; none where it was there.
    pub by: Option<&'static str>,
    /// The installer's full log.
    pub log: PathBuf,
}

/// Installs a part, or finds it whole.
///
/// # Errors
/// The cache can't be written, the index can't be reached, or a package does not install; nothing half is left to be
/// used.
pub fn install(part: Part, python: &Python, listen: &mut Listen<'_>) -> Outcome<Installed> {
    let cache = cache()?;
    local::make_dir(&cache)?;
    let key = format!("{}-py{}", part.key(), python.version);
    let log = cache.join(format!("{key}.log"));
    let step = format!("setup {}", part.as_str());
    let watch = Stopwatch::start();
    listen(&Event::Started {
        step: step.clone(),
        about: format!("{} for Python {}", describe(part, python), python.version),
    });
    let done = lock(&cache, &key, &step, listen).and_then(|_lock| {
        if let Some(there) = whole(&cache, part, &key, &log)? {
            return Ok(there);
        }
        wipe(&cache, &key)?;
        local::remove(&log)?;
        let dir = format!("{key}.{}", std::process::id());
        let made = make(part, python, &cache.join(&dir), &log, &step, listen);
        let by = made.inspect_err(|_| drop(local::remove(&cache.join(&dir))))?;
        let pointer = Pointer { dir: dir.clone(), python: python.version.clone() };
        let text = serde_json::to_string(&pointer).unwrap_or_default();
        local::write(&cache.join(format!("{key}.json")), &text)?;
        let bin = cache.join(dir).join("bin");
        Ok(Installed { bin, python: python.version.clone(), cached: false, by: Some(by), log: log.clone() })
    });
    listen(&Event::Ended { step, ok: done.is_ok(), seconds: watch.seconds() });
    done
}

fn describe(part: Part, python: &Python) -> String {
    part.versions(&python.version)
        .iter()
        .map(|(name, version)| format!("{name} {version}"))
        .collect::<Vec<_>>()
        .join(", ")
}

/// Held while a part is installed; another process that wants the same waits for it.
fn lock(cache: &Path, key: &str, step: &str, listen: &mut Listen<'_>) -> Outcome<local::Held> {
    let path = cache.join(format!("{key}.lock"));
    let mut told = false;
    loop {
        if let Some(held) = local::hold(&path)? {
            return Ok(held);
        }
        if process::interrupted() {
            return Err(interrupted());
        }
        if !std::mem::replace(&mut told, true) {
            let line = "another process installs the same; waiting for it".to_owned();
            listen(&Event::Says { step: step.to_owned(), line });
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// The installed part, if there is one whose programs start.
fn whole(cache: &Path, part: Part, key: &str, log: &Path) -> Outcome<Option<Installed>> {
    for (path, pointer) in pointers(cache, part)? {
        let bin = cache.join(&pointer.dir).join("bin");
        if path.file_stem().is_some_and(|s| s == key) && starts(part, &bin) {
            let (python, log) = (pointer.python, log.to_owned());
            return Ok(Some(Installed { bin, python, cached: true, by: None, log }));
        }
    }
    Ok(None)
}

/// Whether the environment's Python starts and holds what the part is for.
fn starts(part: Part, bin: &Path) -> bool {
    let modules = match part {
        Part::Core => "dbt.version, dbt.adapters.duckdb, dlt, duckdb",
        Part::CoreSnowflake => "dbt.version, dbt.adapters.snowflake, dlt, duckdb",
        Part::Airflow => "airflow",
    };
    let find = format!(
        "import importlib.util as u, sys; sys.exit(not all(u.find_spec(m.strip()) for m in '{modules}'.split(',')))"
    );
    let python = command(&bin.join("python")).args(["-I", "-c", &find]).timeout(Duration::from_secs(60));
    process::is_executable(&bin.join(part.program())) && python.quiet().is_ok_and(|ended| ended.ok())
}

/// Removes environments of this key that did not come to their end, or are broken.
fn wipe(cache: &Path, key: &str) -> Outcome<()> {
    local::remove(&cache.join(format!("{key}.json")))?;
    for path in local::list(cache)? {
        let name = path.file_name().and_then(|n| n.to_str()).unwrap_or_default();
        if name.strip_prefix(key).and_then(|rest| rest.strip_prefix('.')).is_some() && path.is_dir() {
            // What an orphan of a killed set-up still writes to is not used by anyone.
            let _ = local::remove(&path);
        }
    }
    Ok(())
}

/// Makes the environment; says what installed it.
fn make(
    part: Part,
    python: &Python,
    dir: &Path,
    log: &Path,
    step: &str,
    listen: &mut Listen<'_>,
) -> Outcome<&'static str> {
    let uv = process::on_path("uv");
    let total = part.pins().count();
    let bin = dir.join("bin");
    let foreign =
        |n: &str| ["PIP_USER", "PIP_TARGET", "PIP_PREFIX", "PIP_REQUIRE_VIRTUALENV", "UV_PYTHON"].contains(&n);
    let base = |program: &Path| command(program).without_env(foreign).log(log).env("UV_NO_PROGRESS", "1");
    let venv = match &uv {
        Some(uv) => base(uv).args(["venv", "--quiet", "--python"]).arg(&python.path).arg(dir),
        None => base(&python.path).args(["-m", "venv"]).arg(dir),
    };
    let ended = venv.quiet()?;
    if !ended.ok() {
        return Err(why_not(part, &ended, log, "the virtual environment can't be made"));
    }
    for (name, text) in part.locks() {
        let lock = dir.join(name);
        local::write(&lock, text)?;
        let install = match &uv {
            Some(uv) => {
                let install = ["pip", "install", "--require-hashes", "--no-deps", "--compile-bytecode", "--python"];
                base(uv).args(install).arg(bin.join("python"))
            }
            None => base(&bin.join("python")).args([
                "-m",
                "pip",
                "install",
                "--require-hashes",
                "--no-deps",
                "--no-input",
                "--disable-pip-version-check",
                "--progress-bar=off",
                "--retries=2",
            ]),
        };
        let mut seen = 0;
        let ended = install.arg("-r").arg(&lock).run(&mut |_, line| {
            if let Some(current) = line.strip_prefix("Collecting ") {
                seen += 1;
                let current = current.split([' ', '=']).next().unwrap_or_default().to_owned();
                listen(&Event::At { step: step.to_owned(), done: seen.min(total), total: Some(total), current });
            } else if line.starts_with("Installing collected") || line.starts_with("Resolved ") {
                let current = "installing".to_owned();
                listen(&Event::At { step: step.to_owned(), done: seen.min(total), total: Some(total), current });
            }
        })?;
        if !ended.ok() {
            return Err(why_not(part, &ended, log, &format!("`runtime/{name}` can't be installed")));
        }
    }
    if !starts(part, &bin) {
        return Err(Diagnostic::error("install-failed", "what was installed does not start")
            .why(format!("the full log is {}", log.display()))
            .next(format!("run `{}` again", part.setup()))
            .into());
    }
    Ok(if uv.is_some() { "uv" } else { "pip" })
}

fn interrupted() -> Fault {
    Diagnostic::error("interrupted", "stopped before the runtime was installed")
        .next("run it again when you like")
        .failed()
}

/// What an installer's last lines mean.
fn why_not(part: Part, ended: &process::Ended, log: &Path, what: &str) -> Fault {
    if ended.end == process::End::Interrupted {
        return interrupted();
    }
    let has = |marks: &[&str]| ended.tail.iter().any(|line| marks.iter().any(|m| line.contains(m)));
    let log = format!("the full log is {}", log.display());
    let again = format!("then run `{}` again; nothing half was left", part.setup());
    let said = ended.tail.iter().rev().find(|l| l.contains("ERROR") || l.contains("error:") || l.contains('×'));
    let said = said.or(ended.tail.last()).map(|l| l.trim().to_owned()).unwrap_or_default();
    let offline = [
        "Failed to establish a new connection",
        "NewConnectionError",
        "Max retries exceeded",
        "ConnectTimeout",
        "Temporary failure in name resolution",
        "Name or service not known",
        "Network is unreachable",
        "error sending request",
        "dns error",
        "Connection refused",
        "ProxyError",
        "SSLError",
        "client error (Connect)",
    ];
    let d = if has(&["No space left on device", "Disk quota exceeded"]) {
        Diagnostic::error("disk-full", format!("{what}: the disk is full"))
            .why(log)
            .next(format!("free about 1 GB, {again}"))
    } else if has(&["ensurepip is not available", "No module named venv", "No module named ensurepip"]) {
        Diagnostic::error("no-venv", format!("{what}: this Python comes without `venv`"))
            .why(log)
            .next(format!("`apt install python3-venv`, or install uv, {again}"))
    } else if has(&offline) {
        Diagnostic::error("index-unreachable", format!("{what}: the Python package index can't be reached"))
            .why(format!("{said}; {log}"))
            .next(format!("go online, or name a mirror by PIP_INDEX_URL (UV_INDEX_URL for uv), {again}"))
    } else if has(&["THESE PACKAGES DO NOT MATCH THE HASHES", "Hash mismatch", "hash mismatch"]) {
        Diagnostic::error("hash-mismatch", format!("{what}: a package is not the one that was pinned"))
            .why(format!("{said}; {log}"))
            .next("do not go on with this index: tell who runs it")
    } else {
        Diagnostic::error("install-failed", what.to_owned())
            .why(format!("{said}; {log}"))
            .next(format!("mend that, {again}"))
    };
    d.fault()
}
