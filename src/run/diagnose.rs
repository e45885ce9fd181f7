//! The lines that matter in what a failed program said.

use std::sync::LazyLock;

use regex::Regex;

use crate::vocabulary::Diagnostic;
use crate::world::process::{End, Ended};

static LOCKED: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"Could not set lock on file.*?(?:held in (?P<who>.+?)(?: by user \S+)?\.(?:\s|$)|$)").ok()
});
static MISSING_ENV: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"Env var required but not provided: '(?P<name>\w+)'").ok());
/// Log prefixes that say nothing: dbt's clock, Airflow's time and level.
static PREFIX: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"^(?:\S+Z \[\w+ *\] |\d\d:\d\d:\d\d(?:\.\d+)? +)").ok());

/// Why a step failed: a known cause, else the essential lines. `log` is where all of it is.
pub fn why(what: String, ended: &Ended, errors: &[String], log: &str) -> Diagnostic {
    match ended.end {
        End::Interrupted => {
            return Diagnostic::error("interrupted", "the run was stopped")
                .why(what)
                .next(format!("the full log is {log}"));
        }
        End::TimedOut => {
            return Diagnostic::error("timed-out", what)
                .why(format!("it took more than {:.0} s and was stopped", ended.seconds))
                .next(format!("the full log is {log}"));
        }
        End::Code(_) | End::Signal(_) => {}
    }
    let said = ended.tail.join("\n") + "\n" + &errors.join("\n");
    let full = format!("the full log is {log}");
    if let Some(found) = LOCKED.as_ref().and_then(|r| r.captures(&said)) {
        let who = found.name("who").map_or("another process", |m| m.as_str());
        return Diagnostic::error("database-locked", format!("{what}: the DuckDB file is open elsewhere"))
            .why(format!("{who} holds it; a DuckDB file has one writer"))
            .next(format!("close it there and run again; {full}"));
    }
    if ["No space left on device", "Disk quota exceeded", "not enough space on the disk"]
        .iter()
        .any(|m| said.contains(m))
    {
        return Diagnostic::error("disk-full", format!("{what}: the disk is full"))
            .next(format!("free some space and run again; {full}"));
    }
    if let Some(name) = MISSING_ENV.as_ref().and_then(|r| r.captures(&said)).and_then(|c| c.name("name")) {
        return Diagnostic::error(
            "env-missing",
            format!("{what}: the environment variable {} is not set", name.as_str()),
        )
        .next(format!("set it and run again; {full}"));
    }
    let lines = if errors.is_empty() { essential(&ended.tail) } else { errors.to_vec() };
    let lines = if lines.is_empty() { vec![ending(ended)] } else { lines };
    Diagnostic::error("step-failed", what).why(clipped(&lines.join("\n"))).next(full)
}

fn ending(ended: &Ended) -> String {
    match ended.end {
        End::Code(code) => format!("it said nothing and ended with code {code}"),
        End::Signal(9) => "it was killed (signal 9): by hand, or because memory ran out".into(),
        End::Signal(signal) => format!("it was ended by signal {signal}"),
        End::TimedOut | End::Interrupted => "it was stopped".into(),
    }
}

/// At most so many characters, whole.
pub fn clipped(text: &str) -> String {
    const MOST: usize = 1500;
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{} …", &text[..end]),
        None => text.to_owned(),
    }
}

/// What stands after the last traceback, or the last lines.
pub fn essential(tail: &[String]) -> Vec<String> {
    let clean = |line: &String| match &*PREFIX {
        Some(prefix) => prefix.replace(line, "").trim_end().to_owned(),
        None => line.clone(),
    };
    let lines: Vec<String> = tail.iter().map(clean).collect();
    let frame = |line: &str| line.starts_with("  ") || line.starts_with("Traceback (most recent call last)");
    let traced = lines.iter().any(|l| l.starts_with("Traceback (most recent call last)"));
    let from =
        if traced { lines.iter().rposition(|l| frame(l)).map_or(0, |i| i + 1) } else { lines.len().saturating_sub(5) };
    let told: Vec<String> = lines[from..].iter().filter(|l| !l.trim().is_empty()).take(8).cloned().collect();
    if told.is_empty() { lines.into_iter().rev().find(|l| !l.trim().is_empty()).into_iter().collect() } else { told }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended(tail: &[&str]) -> Ended {
        let tail = tail.iter().map(|l| (*l).to_owned()).collect();
        Ended { end: End::Code(1), seconds: 1.0, tail, stdout: String::new() }
    }

    #[test]
    fn known_causes_are_told() {
        let of = |tail: &[&str]| why("`x` failed".into(), &ended(tail), &[], "x.log");
        let locked = of(&[
            "IO Error: Could not set lock on file \"/w/warehouse.duckdb\": Conflicting lock is held in /usr/bin/python3.11 (PID 4711) by user ann. See also https://duckdb.org/docs/connect/concurrency",
        ]);
        assert_eq!(locked.code, "database-locked");
        assert!(
            locked.why.as_deref().unwrap_or_default().starts_with("/usr/bin/python3.11 (PID 4711) holds it"),
            "{locked}"
        );
        assert_eq!(of(&["OSError: [Errno 28] No space left on device"]).code, "disk-full");
        assert!(of(&["  Env var required but not provided: 'SNOWFLAKE_USER'"]).what.contains("SNOWFLAKE_USER"));
    }

    #[test]
    fn of_a_traceback_the_end_is_shown() {
        let tail = [
            "Traceback (most recent call last):",
            "  File \"x.py\", line 1, in <module>",
            "    boom()",
            "ValueError: boom",
            "",
            "more of it",
        ];
        let of = why("`x` failed".into(), &ended(&tail), &[], "x.log");
        assert_eq!(of.why.as_deref(), Some("ValueError: boom\nmore of it"));
        assert_eq!(
            why("`x` failed".into(), &ended(&[]), &[], "x.log").why.as_deref(),
            Some("it said nothing and ended with code 1")
        );
    }
}
