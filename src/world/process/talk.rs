//! A program that is talked with: a line to it, lines from it, until it has said what was asked. It ends with its end of
//! the talk.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, Stdio};
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::{Command, Secrets, Stream, kill_tree, stop_flag};
use crate::vocabulary::{Diagnostic, Outcome};

/// Longest line that it may say.
const LONGEST: u64 = 1 << 28;
/// Lines of standard error that are kept for diagnostics.
const SAID: usize = 20;

/// A program at work.
pub struct Talk {
    child: Child,
    input: Option<ChildStdin>,
    lines: Receiver<(Stream, String)>,
    said: VecDeque<String>,
    secrets: Secrets,
    timeout: Duration,
}

impl Command {
    /// Starts it. Each question may take as long as its timeout says, or a minute.
    ///
    /// # Errors
    /// The program can't be started.
    pub fn talk(&self) -> Outcome<Talk> {
        stop_flag();
        let mut command = std::process::Command::new(&self.program);
        command.args(&self.args).process_group(0);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        for (name, value) in &self.env {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        if let Some(dir) = &self.cwd {
            command.current_dir(dir);
        }
        let mut child = command.spawn().map_err(|e| self.not_started(&e))?;
        // Bounded, so that a flood waits in the pipe and not in memory.
        let (send, lines) = sync_channel(16);
        if let Some(out) = child.stdout.take() {
            read(Stream::Out, out, send.clone());
        }
        if let Some(err) = child.stderr.take() {
            read(Stream::Err, err, send);
        }
        let input = child.stdin.take();
        let timeout = self.timeout.unwrap_or(Duration::from_secs(60));
        Ok(Talk { child, input, lines, said: VecDeque::new(), secrets: self.secrets.clone(), timeout })
    }
}

impl Talk {
    /// Says a line, and hands each line of the answer to `hear` until that says that it was the last.
    ///
    /// # Errors
    /// It ended, took too long, or the user stopped it; what it said last is in the diagnostic.
    pub fn ask(&mut self, line: &str, hear: &mut dyn FnMut(&str) -> bool) -> Outcome<()> {
        let started = Instant::now();
        let told = self.input.as_mut().map(|input| input.write_all(format!("{line}\n").as_bytes()));
        if !matches!(told, Some(Ok(()))) {
            return Err(self.ended("it has ended").into());
        }
        loop {
            match self.lines.recv_timeout(Duration::from_millis(40)) {
                Ok((Stream::Out, line)) if hear(&line) => return Ok(()),
                Ok((Stream::Out, _)) => {}
                Ok((Stream::Err, line)) => {
                    if self.said.len() == SAID {
                        self.said.pop_front();
                    }
                    self.said.push_back(self.secrets.redact(&line));
                }
                Err(RecvTimeoutError::Disconnected) => return Err(self.ended("it ended amid its answer").into()),
                Err(RecvTimeoutError::Timeout) => {
                    if stop_flag().load(Ordering::Relaxed) {
                        return Err(Diagnostic::error("interrupted", "stopped").into());
                    }
                    if started.elapsed() > self.timeout {
                        let why = format!("it took longer than {} seconds", self.timeout.as_secs());
                        return Err(self.ended(&why).into());
                    }
                }
            }
        }
    }

    fn ended(&self, why: &str) -> Diagnostic {
        let last = self.said.iter().rev().find(|l| !l.trim().is_empty()).map(|l| format!(": {}", l.trim()));
        Diagnostic::error("program-ended", format!("{why}{}", last.unwrap_or_default()))
    }
}

impl Drop for Talk {
    fn drop(&mut self) {
        // At the end of its input it ends itself; what it left behind ends with it.
        drop(self.input.take());
        let until = Instant::now() + Duration::from_millis(500);
        while Instant::now() < until && !stop_flag().load(Ordering::Relaxed) {
            if matches!(self.child.try_wait(), Ok(Some(_))) {
                break;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        kill_tree(self.child.id(), Signal::KILL);
        let _ = self.child.wait();
    }
}

fn read(stream: Stream, from: impl Read + Send + 'static, to: SyncSender<(Stream, String)>) {
    std::thread::spawn(move || {
        let mut from = BufReader::new(from);
        let mut line = Vec::new();
        loop {
            line.clear();
            match from.by_ref().take(LONGEST).read_until(b'\n', &mut line) {
                Ok(0) | Err(_) => return,
                Ok(_) => {
                    let text = String::from_utf8_lossy(&line).trim_end_matches(['\n', '\r']).to_owned();
                    if to.send((stream, text)).is_err() {
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
    use super::*;

    fn sh(script: &str) -> Talk {
        Command::of("/bin/sh").arg("-c").arg(script).timeout(Duration::from_secs(20)).talk().unwrap()
    }

    #[test]
    fn questions_are_answered_one_after_the_other() {
        let mut talk = sh("while read -r line; do echo \"not $line\"; echo \"that $line\"; done");
        for question in ["one", "two"] {
            let mut heard = Vec::new();
            talk.ask(question, &mut |line| {
                heard.push(line.to_owned());
                line.starts_with("that")
            })
            .unwrap();
            assert_eq!(heard, [format!("not {question}"), format!("that {question}")]);
        }
    }

    #[test]
    fn one_that_ends_is_a_fault_with_its_last_words() {
        let mut talk = sh("echo 'no such thing' >&2; exit 3");
        let fault = talk.ask("x", &mut |_| true).and_then(|()| talk.ask("y", &mut |_| true)).unwrap_err();
        assert_eq!(fault.diagnostics[0].code, "program-ended");
    }

    #[test]
    fn one_that_says_nothing_is_not_waited_for_for_ever() {
        let mut talk = sh("sleep 60");
        talk.timeout = Duration::from_millis(200);
        assert!(talk.ask("x", &mut |_| true).unwrap_err().to_string().contains("took longer"));
    }
}
