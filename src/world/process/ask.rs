//! A program that is asked something: a text on its standard input, an answer on its standard output, a clean
//! environment, and a limit on how long and how much.

use std::io::{Read, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::Stdio;
use std::sync::atomic::Ordering;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::{Command, End, GRACE, Log, Stream, kill_tree, stop_flag};
use crate::vocabulary::Outcome;

/// What came of asking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// How the program ended.
    pub end: End,
    /// What it wrote to standard output, up to the limit.
    pub text: Vec<u8>,
    /// Whether it wrote more than that; it was ended then.
    pub too_much: bool,
    /// The last lines that it wrote to standard error, without secrets.
    pub said: Vec<String>,
}

/// Lines of standard error that are kept for diagnostics.
const SAID: usize = 20;
/// Bytes of standard error that reach the log.
const LOUDEST: usize = 1 << 20;

impl Command {
    /// Gives it `input`, and its answer of at most `most` bytes. It sees the variables of this command and no others.
    ///
    /// # Errors
    /// The program can't be started, or the log can't be written.
    pub fn ask(&self, input: &str, most: usize) -> Outcome<Answer> {
        let stop = stop_flag();
        let mut command = std::process::Command::new(&self.program);
        command.args(&self.args).env_clear().process_group(0);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.envs(self.env.iter().filter_map(|(name, value)| Some((name, value.as_ref()?))));
        if let Some(dir) = &self.cwd {
            command.current_dir(dir);
        }
        let mut child = command.spawn().map_err(|e| self.not_started(&e))?;
        let started = Instant::now();
        if let Some(mut stdin) = child.stdin.take() {
            let input = input.to_owned();
            // A program that does not read all of it has seen enough.
            std::thread::spawn(move || drop(stdin.write_all(input.as_bytes())));
        }
        // Bounded, so that a flood waits in the pipe and not in memory.
        let (send, chunks) = mpsc::sync_channel(16);
        if let Some(out) = child.stdout.take() {
            read_chunks(Stream::Out, out, send.clone());
        }
        if let Some(err) = child.stderr.take() {
            read_chunks(Stream::Err, err, send.clone());
        }
        drop(send);

        let (mut text, mut errors) = (Vec::new(), Vec::new());
        let (mut too_much, mut silent) = (false, false);
        let mut ended: Option<(std::process::ExitStatus, Instant)> = None;
        let mut killed: Option<(End, Instant)> = None;
        loop {
            match chunks.recv_timeout(Duration::from_millis(20)) {
                Ok((Stream::Out, chunk)) => {
                    too_much |= text.len() + chunk.len() > most;
                    if !too_much {
                        text.extend(chunk);
                    }
                }
                Ok((Stream::Err, chunk)) => errors.extend(chunk.into_iter().take(LOUDEST - errors.len().min(LOUDEST))),
                Err(mpsc::RecvTimeoutError::Timeout) => {}
                Err(mpsc::RecvTimeoutError::Disconnected) => {
                    silent = true;
                    std::thread::sleep(Duration::from_millis(2));
                }
            }
            if ended.is_none() {
                ended = child.try_wait().map_err(|e| self.not_started(&e))?.map(|status| (status, Instant::now()));
            }
            match ended {
                Some(_) if silent || too_much => break,
                // Something that it started holds the pipe open.
                Some((_, at)) if at.elapsed() > GRACE => break,
                Some(_) => continue,
                None => {}
            }
            match killed {
                Some((_, at)) if at.elapsed() > GRACE => kill_tree(child.id(), Signal::KILL),
                Some(_) => {}
                None => {
                    let end = if stop.load(Ordering::Relaxed) {
                        End::Interrupted
                    } else if too_much || self.timeout.is_some_and(|t| started.elapsed() > t) {
                        End::TimedOut
                    } else {
                        continue;
                    };
                    kill_tree(child.id(), Signal::TERM);
                    killed = Some((end, Instant::now()));
                }
            }
        }
        // What it left behind ends with it.
        kill_tree(child.id(), Signal::KILL);
        let code = |status: std::process::ExitStatus| {
            status.code().map_or_else(|| End::Signal(status.signal().unwrap_or_default()), End::Code)
        };
        let end = killed.map(|(end, _)| end).or(ended.map(|(status, _)| code(status))).unwrap_or(End::Signal(0));
        let said = self.secrets.redact(&String::from_utf8_lossy(&errors));
        if let Some(path) = &self.log {
            let mut log = Log::open(path)?;
            said.lines().try_for_each(|line| log.line(line))?;
        }
        let lines: Vec<&str> = said.lines().collect();
        let said = lines[lines.len().saturating_sub(SAID)..].iter().map(|l| (*l).to_owned()).collect();
        Ok(Answer { end, text, too_much, said })
    }
}

/// Sends what `from` holds, as it comes.
fn read_chunks(stream: Stream, mut from: impl Read + Send + 'static, to: mpsc::SyncSender<(Stream, Vec<u8>)>) {
    std::thread::spawn(move || {
        let mut buffer = vec![0; 64 * 1024];
        while let Ok(n @ 1..) = from.read(&mut buffer) {
            if to.send((stream, buffer[..n].to_vec())).is_err() {
                return;
            }
        }
    });
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn sh(script: &str) -> Command {
        Command::of("/bin/sh").arg("-c").arg(script).timeout(Duration::from_secs(20))
    }

    #[test]
    fn it_is_asked_and_answers() {
        let answer = sh("cat; echo more >&2; exit 3").ask("one\ntwo", 100).unwrap();
        assert_eq!((answer.end, answer.text.as_slice(), answer.too_much), (End::Code(3), &b"one\ntwo"[..], false));
        assert_eq!(answer.said, ["more"]);
    }

    #[test]
    fn an_answer_in_one_long_line_is_whole() {
        let answer = sh("head -c 3000000 /dev/zero | tr '\\0' x").ask("", 4_000_000).unwrap();
        assert_eq!((answer.end, answer.text.len()), (End::Code(0), 3_000_000));
    }

    #[test]
    fn its_environment_is_clean() {
        let answer = sh("env | grep -v '^\\(PWD\\|SHLVL\\|_\\)='").env("ONE", "1").ask("", 1000).unwrap();
        assert_eq!(String::from_utf8(answer.text).unwrap(), "ONE=1\n");
    }

    #[test]
    fn one_that_does_not_read_does_not_hang_us() {
        let answer = sh("exec 0<&-; echo done").ask(&"x".repeat(1 << 20), 100).unwrap();
        assert_eq!((answer.end, answer.text.as_slice()), (End::Code(0), &b"done\n"[..]));
    }

    #[test]
    fn time_and_size_have_limits() {
        let watch = Instant::now();
        let slow = sh("sleep 60").timeout(Duration::from_millis(200)).ask("", 10).unwrap();
        assert_eq!((slow.end, slow.too_much), (End::TimedOut, false));
        let loud = sh("yes >&2").timeout(Duration::from_millis(300)).ask("", 10).unwrap();
        assert_eq!((loud.end, loud.said.len()), (End::TimedOut, SAID));
        let endless = sh("yes").ask("", 1000).unwrap();
        assert!(endless.too_much && endless.text.len() <= 1000);
        assert!(watch.elapsed() < Duration::from_secs(8), "{:?}", watch.elapsed());
    }

    #[test]
    fn what_it_leaves_behind_ends_with_it() {
        let watch = Instant::now();
        let answer = sh("sleep 30 & echo hi").ask("", 100).unwrap();
        assert_eq!(answer.text, b"hi\n");
        assert!(watch.elapsed() < GRACE + Duration::from_secs(3));
    }
}
