//! Child processes: no shell, each in a process group of its own, every line to a log file and to a listener, secrets
//! taken out first, and nothing left behind by a timeout or Ctrl-C.

mod ask;
mod secrets;
mod talk;
mod tree;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock, mpsc};
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::vocabulary::{Diagnostic, Outcome};

pub use ask::Answer;
pub use secrets::Secrets;
pub use talk::Talk;
use tree::kill_tree;

/// Longest line that is kept in one piece.
const LONGEST_LINE: u64 = 1 << 20;
/// How long a child may take to end after it was asked to, and its pipes to close after it ended.
const GRACE: Duration = Duration::from_secs(5);
/// How many lines of the end are kept for diagnostics.
const TAIL: usize = 200;

/// A child that is to be run.
#[derive(Clone, Debug, Default)]
pub struct Command {
    program: PathBuf,
    args: Vec<OsString>,
    env: BTreeMap<String, Option<OsString>>,
    cwd: Option<PathBuf>,
    timeout: Option<Duration>,
    log: Option<PathBuf>,
    secrets: Secrets,
}

/// Which of its two streams a child wrote a line to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// Standard output.
    Out,
    /// Standard error.
    Err,
}

/// How a child ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// By itself, with this code.
    Code(i32),
    /// By a signal that was not ours.
    Signal(i32),
    /// Because its time was up.
    TimedOut,
    /// Because the user stopped it.
    Interrupted,
}

/// What is known of a child that ended.
#[derive(Clone, Debug)]
pub struct Ended {
    /// How.
    pub end: End,
    /// How long it ran.
    pub seconds: f64,
    /// The last lines of both streams, as they came.
    pub tail: Vec<String>,
    /// All of standard output.
    pub stdout: String,
}

impl Ended {
    /// Whether it ended by itself with code 0.
    pub fn ok(&self) -> bool {
        self.end == End::Code(0)
    }
}

/// Whether the user has asked to stop (Ctrl-C, SIGTERM, SIGHUP). From the first call on, those signals only set this.
pub fn interrupted() -> bool {
    stop_flag().load(Ordering::Relaxed)
}

fn stop_flag() -> &'static Arc<AtomicBool> {
    static FLAG: OnceLock<Arc<AtomicBool>> = OnceLock::new();
    FLAG.get_or_init(|| {
        let flag = Arc::new(AtomicBool::new(false));
        for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM, signal_hook::consts::SIGHUP] {
            // A system that refuses keeps its default, which ends the program.
            let _ = signal_hook::flag::register(signal, flag.clone());
        }
        flag
    })
}

/// The value of an environment variable that is set and not empty.
pub fn env(name: &str) -> Option<String> {
    std::env::var_os(name).map(|v| v.to_string_lossy().into_owned()).filter(|v| !v.is_empty())
}

/// The names of all environment variables.
pub fn env_names() -> impl Iterator<Item = String> {
    std::env::vars_os().filter_map(|(name, _)| name.into_string().ok())
}

/// The path of a program of this name on `PATH`.
pub fn on_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|dir| dir.join(program)).find(|p| is_executable(p))
}

/// Whether this is a file that may be executed.
pub fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.metadata().is_ok_and(|m| m.is_file() && m.permissions().mode() & 0o111 != 0)
}

impl Command {
    /// A program, by its path.
    pub fn of(program: impl Into<PathBuf>) -> Command {
        Command { program: program.into(), ..Command::default() }
    }

    /// Adds an argument.
    pub fn arg(mut self, arg: impl Into<OsString>) -> Command {
        self.args.push(arg.into());
        self
    }

    /// Adds arguments.
    pub fn args<S: Into<OsString>>(mut self, args: impl IntoIterator<Item = S>) -> Command {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// Sets an environment variable; all others are inherited.
    pub fn env(mut self, name: &str, value: impl Into<OsString>) -> Command {
        self.env.insert(name.to_owned(), Some(value.into()));
        self
    }

    /// Takes inherited environment variables away.
    pub fn without_env(mut self, unwanted: impl Fn(&str) -> bool) -> Command {
        for (name, _) in std::env::vars_os() {
            if let Some(name) = name.to_str().filter(|n| unwanted(n)) {
                self.env.entry(name.to_owned()).or_insert(None);
            }
        }
        self
    }

    /// The folder that it runs in.
    pub fn cwd(mut self, dir: impl Into<PathBuf>) -> Command {
        self.cwd = Some(dir.into());
        self
    }

    /// Ends it after this time.
    pub fn timeout(mut self, timeout: Duration) -> Command {
        self.timeout = Some(timeout);
        self
    }

    /// Adds every line to this file.
    pub fn log(mut self, path: impl Into<PathBuf>) -> Command {
        self.log = Some(path.into());
        self
    }

    /// Takes these texts out of what it says.
    pub fn secrets(mut self, secrets: &Secrets) -> Command {
        self.secrets = secrets.clone();
        self
    }

    /// Runs it to its end and says nothing of what it says.
    ///
    /// # Errors
    /// As [`Command::run`].
    pub fn quiet(&self) -> Outcome<Ended> {
        self.run(&mut |_, _| {})
    }

    /// Runs it to its end; each line goes to the log and to `listen`.
    ///
    /// # Errors
    /// The program can't be started, or the log can't be written.
    pub fn run(&self, listen: &mut dyn FnMut(Stream, &str)) -> Outcome<Ended> {
        let stop = stop_flag();
        let mut log = self.log.as_deref().map(Log::open).transpose()?;
        let mut command = std::process::Command::new(&self.program);
        command.args(&self.args).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
        for (name, value) in &self.env {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        if let Some(dir) = &self.cwd {
            command.current_dir(dir);
        }
        let started = Instant::now();
        let mut child = command.spawn().map_err(|e| self.not_started(&e))?;
        let (send, lines) = mpsc::channel();
        if let Some(out) = child.stdout.take() {
            read_lines(Stream::Out, out, send.clone());
        }
        if let Some(err) = child.stderr.take() {
            read_lines(Stream::Err, err, send.clone());
        }
        drop(send);

        let (mut tail, mut stdout) = (std::collections::VecDeque::new(), String::new());
        let (mut killed, mut ended, mut hung_up): (Option<(End, Instant, u8)>, Option<Instant>, bool) =
            (None, None, false);
        let mut status = None;
        loop {
            match lines.recv_timeout(Duration::from_millis(if hung_up { 0 } else { 40 })) {
                Ok((stream, line)) => {
                    let line = self.secrets.redact(&line);
                    if let Some(log) = &mut log {
                        log.line(&line).inspect_err(|_| kill_tree(child.id(), Signal::KILL))?;
                    }
                    if stream == Stream::Out {
                        stdout.push_str(&line);
                        stdout.push('\n');
                    }
                    listen(stream, &line);
                    if tail.len() == TAIL {
                        tail.pop_front();
                    }
                    tail.push_back(line);
                }
                Err(mpsc::RecvTimeoutError::Timeout) => {}
                Err(mpsc::RecvTimeoutError::Disconnected) => {
                    if hung_up {
                        std::thread::sleep(Duration::from_millis(10));
                    }
                    hung_up = true;
                }
            }
            if status.is_none() {
                status = child.try_wait().map_err(|e| self.not_started(&e))?;
                ended = status.map(|_| Instant::now());
            }
            match (ended, hung_up) {
                (Some(_), true) => break,
                // Something that it started holds the pipes open.
                (Some(at), false) if at.elapsed() > GRACE => break,
                (Some(_), false) => continue,
                (None, _) => {}
            }
            match &mut killed {
                None if stop.load(Ordering::Relaxed) => {
                    kill_tree(child.id(), Signal::INT);
                    killed = Some((End::Interrupted, Instant::now(), 0));
                }
                None if self.timeout.is_some_and(|t| started.elapsed() > t) => {
                    kill_tree(child.id(), Signal::TERM);
                    killed = Some((End::TimedOut, Instant::now(), 1));
                }
                Some((_, at, step)) if at.elapsed() > GRACE => {
                    kill_tree(child.id(), if *step == 0 { Signal::TERM } else { Signal::KILL });
                    (*at, *step) = (Instant::now(), *step + 1);
                }
                _ => {}
            }
        }
        let end = match (killed, status) {
            (Some((end, ..)), _) => end,
            (None, Some(status)) => {
                status.code().map_or_else(|| End::Signal(status.signal().unwrap_or_default()), End::Code)
            }
            (None, None) => End::Signal(0),
        };
        // Ctrl-C reaches some children from the terminal or from the shell around us before it reaches us.
        let end = if end != End::Code(0) && end != End::TimedOut && stop.load(Ordering::Relaxed) {
            End::Interrupted
        } else {
            end
        };
        let seconds = (started.elapsed().as_secs_f64() * 1000.0).round() / 1000.0;
        Ok(Ended { end, seconds, tail: tail.into(), stdout })
    }

    fn not_started(&self, e: &std::io::Error) -> Diagnostic {
        let program = self.program.display();
        Diagnostic::error("not-started", format!("`{program}` could not be started: {e}"))
            .next("`pipewright doctor` says what is missing")
    }
}

/// A log file that lines are added to.
struct Log(std::fs::File, PathBuf);

impl Log {
    fn open(path: &Path) -> Outcome<Log> {
        let unwritable = |e: &std::io::Error| log_fault(path, e);
        if let Some(dir) = path.parent() {
            std::fs::create_dir_all(dir).map_err(|e| unwritable(&e))?;
        }
        let file = std::fs::File::options().append(true).create(true).open(path).map_err(|e| unwritable(&e))?;
        Ok(Log(file, path.to_owned()))
    }

    fn line(&mut self, line: &str) -> Outcome<()> {
        Ok(self.0.write_all(format!("{line}\n").as_bytes()).map_err(|e| log_fault(&self.1, &e))?)
    }
}

fn log_fault(path: &Path, e: &std::io::Error) -> Diagnostic {
    let d = Diagnostic::error("log-unwritable", format!("the log `{}` can't be written: {e}", path.display()));
    match e.kind() {
        std::io::ErrorKind::StorageFull => d.next("free some disk space, then run again"),
        _ => d.next("mend the folder's permissions, then run again"),
    }
}

/// Sends each line of `from`, without its end, until there are no more.
fn read_lines(stream: Stream, from: impl Read + Send + 'static, to: mpsc::Sender<(Stream, String)>) {
    std::thread::spawn(move || {
        let mut from = BufReader::new(from);
        let mut line = Vec::new();
        loop {
            line.clear();
            match from.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line) {
                Ok(0) | Err(_) => return,
                Ok(_) => {
                    let text = String::from_utf8_lossy(&line);
                    if to.send((stream, text.trim_end_matches(['\n', '\r']).to_owned())).is_err() {
                        return;
                    }
                }
            }
        }
    });
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::tree::parents;
    use super::*;

    fn sh(script: &str) -> Command {
        Command::of("/bin/sh").arg("-c").arg(script)
    }

    #[test]
    fn lines_and_code_arrive() {
        let mut seen = Vec::new();
        let ended =
            sh("echo one; echo two >&2; printf three; exit 3").run(&mut |s, l| seen.push((s, l.to_owned()))).unwrap();
        assert_eq!(ended.end, End::Code(3));
        assert_eq!(ended.stdout, "one\nthree\n");
        assert!(seen.contains(&(Stream::Err, "two".into())));
    }

    #[test]
    fn a_timeout_ends_the_whole_tree() {
        let dir = tempfile::tempdir().unwrap();
        let pids = dir.path().join("pid");
        // A grandchild in a session of its own, as Airflow starts them.
        let script = format!("setsid sleep 300 & echo $! > {}; wait", pids.display());
        let watch = Instant::now();
        let ended = sh(&script).timeout(Duration::from_millis(400)).quiet().unwrap();
        assert_eq!(ended.end, End::TimedOut);
        assert!(watch.elapsed() < Duration::from_secs(4));
        let pid: u32 = std::fs::read_to_string(pids).unwrap().trim().parse().unwrap();
        let alive = || parents().iter().any(|(p, _)| *p == pid);
        for _ in 0..50 {
            if !alive() {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let state = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        assert!(state.is_empty() || state.contains(") Z "), "the grandchild lives on: {state}");
    }

    #[test]
    fn something_left_behind_does_not_hang_us() {
        let watch = Instant::now();
        let ended = sh("sleep 8 & exit 0").quiet().unwrap();
        assert!(ended.ok());
        assert!(watch.elapsed() < Duration::from_secs(7));
    }

    #[test]
    fn secrets_reach_neither_log_nor_listener() {
        let dir = tempfile::tempdir().unwrap();
        let log = dir.path().join("a/b.log");
        let secrets = Secrets::of_values(["mysql://shop:p%40ss\"word@db/x".to_owned()]);
        let mut seen = String::new();
        let script = r#"echo 'at mysql://shop:p%40ss"word@db/x with p@ss"word'"#;
        sh(script).log(&log).secrets(&secrets).run(&mut |_, l| seen.push_str(l)).unwrap();
        assert_eq!(seen, "at *** with ***");
        assert_eq!(std::fs::read_to_string(&log).unwrap(), "at *** with ***\n");
        std::fs::write(&log, r#"{"msg": "p@ss\"word refused"}"#).unwrap();
        secrets.redact_file(&log).unwrap();
        assert_eq!(std::fs::read_to_string(&log).unwrap(), r#"{"msg": "*** refused"}"#);
    }

    #[test]
    fn a_missing_program_is_a_fault() {
        let fault = Command::of("/no/such/program").quiet().unwrap_err();
        assert_eq!(fault.diagnostics[0].code, "not-started");
    }

    #[test]
    fn output_that_is_no_text_is_survived() {
        let ended = sh(r"printf '\377\376\n'; head -c 3000000 /dev/zero | tr '\0' x").quiet().unwrap();
        assert!(ended.ok());
        assert_eq!(ended.stdout.lines().count(), 4);
    }
}
