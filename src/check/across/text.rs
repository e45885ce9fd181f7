//! What stands in any file: secrets, and conflicts that nobody resolved.

use rayon::prelude::*;

use super::Seen;
use crate::check::python::Span;
use crate::sql::Text;
use crate::vocabulary::{Diagnostic, Place, SecretShapes};

/// Values that stand in for a secret.
const STAND_INS: &[&str] = &[
    "example",
    "changeme",
    "change_me",
    "placeholder",
    "dummy",
    "your_",
    "your-",
    "xxxx",
    "****",
    "....",
    "<",
    "${",
    "$(",
    "{{",
    "%s",
    "env_var",
    "os.environ",
    "getenv",
    "secrets.",
    "redacted",
    "fake",
    "sample",
    "mypassword",
    "not_a_",
    "todo",
];
/// Passwords that everybody knows, of databases that run on one's own machine.
const KNOWN: &[&str] = &[
    "postgres",
    "password",
    "airflow",
    "admin",
    "root",
    "test",
    "secret",
    "guest",
    "user",
    "pass",
    "mysql",
    "minio",
    "minioadmin",
];

/// Secrets in files.
pub(super) fn secrets(seen: &Seen<'_>, found: &mut Vec<Diagnostic>) {
    let Some(shapes) = SecretShapes::get() else {
        found.push(Diagnostic::error("secrets-scan", "the secrets scan could not be made"));
        return;
    };
    let files: Vec<_> = seen.repository.files.iter().collect();
    found.par_extend(files.par_iter().flat_map_iter(|(path, text)| in_file(shapes, path, text)));
}

fn in_file(shapes: &SecretShapes, path: &str, text: &str) -> Vec<Diagnostic> {
    let mut out = Vec::new();
    // Most files have none: one look at the whole. Then each line by itself: a stand-in hides no secret further down.
    if !may_hold(text) || shapes.find(text).is_none() {
        return out;
    }
    let mut start = 0;
    let test = is_test(path);
    for line in text.split_inclusive('\n') {
        if let Some((what, at)) = shapes.find(line)
            && !(test && matches!(what, "a URL with a password" | "a secret with its value"))
            && !stands_in(what, line, &line[at.clone()])
            && (what != "a private key" || has_key(&text[start + at.end..]))
        {
            let mut place = Text::new(path, "", text).place(start + at.start, at.len());
            // No excerpt: a finding must not show what it is about.
            place.excerpt = None;
            out.push(
                Diagnostic::error("secret", format!("this looks like {what}"))
                    .why("everyone who can read the repository can use it, also after it was deleted: git keeps it")
                    .next("change it where it is valid, take it out, and name an environment variable instead")
                    .at(place),
            );
        }
        start += line.len();
    }
    out
}

/// Tests make passwords up; what has the form of a key that somebody issued is one there too.
fn is_test(path: &str) -> bool {
    path.split('/').any(|part| {
        matches!(part, "test" | "tests" | "testing" | "unit_test" | "fixtures")
            || part.starts_with("test_")
            || part.ends_with("_test.py")
            || part == "conftest.py"
    })
}

/// A quick look for what every secret has beside it, without a regular expression.
fn may_hold(text: &str) -> bool {
    const NEAR: &[&str] = &[
        "://",
        "-----BEGIN",
        "AKIA",
        "ASIA",
        "ghp_",
        "gho_",
        "ghu_",
        "ghs_",
        "ghr_",
        "github_pat_",
        "xox",
        "slack",
        "AIza",
        "eyJ",
        "sk_",
        "rk_",
        "pk_",
        "sk-",
        "dapi",
        "dbtc_",
        "dbtu_",
    ];
    const NAMES: &[&str] = &["pass", "pwd", "secret", "token", "key", "credential"];
    NEAR.iter().any(|near| text.contains(near)) || {
        let lower = text.to_ascii_lowercase();
        NAMES.iter().any(|name| lower.contains(name))
    }
}

fn stands_in(what: &str, line: &str, value: &str) -> bool {
    let lower = value.to_lowercase();
    if STAND_INS.iter().any(|word| lower.contains(word)) {
        return true;
    }
    // Those that Slack gives hold capitals and digits: `…/services/your/webhook/url` is none.
    if value.contains("hooks.slack.com") {
        return !value.contains(|c: char| c.is_ascii_uppercase() || c.is_ascii_digit());
    }
    if what == "a URL with a password" {
        // `…://user:password@`, and databases on one's own machine.
        let password = lower.rsplit_once('@').and_then(|(before, _)| before.rsplit(':').next()).unwrap_or_default();
        let host = line.split('@').nth(1).unwrap_or_default();
        let own = ["localhost", "127.0.0.1", "postgres", "db:", "db/", "mysql", "redis", "host.docker"];
        return KNOWN.contains(&password)
            || own.iter().any(|name| host.starts_with(name))
            || password.starts_with(['{', '%', '$']);
    }
    if what == "a secret with its value" {
        // A name, a path or a call is no value.
        let code = value.contains(['(', '[', '/', '.'])
            && !value.contains(['+', '='])
            && value.chars().filter(|c| c.is_ascii_digit()).count() < 4;
        return code || KNOWN.contains(&lower.as_str()) || is_words(value);
    }
    false
}

/// Whether a key stands after the line that begins one: others look for that line, or write about it.
fn has_key(after: &str) -> bool {
    let near: String = after.chars().take(300).collect();
    // In one line of code, `\n` stands where a line ends.
    let near = near.replace("\\n", " ").replace("\\r", " ");
    near.split(|c: char| !(c.is_ascii_alphanumeric() || "+/=".contains(c)))
        .any(|run| run.len() >= 32 || (run.len() >= 12 && (run.starts_with("MI") || run.starts_with("b3Bl"))))
}

/// `refresh_token_v2`: words with a number.
fn is_words(value: &str) -> bool {
    let parts: Vec<&str> = value.split(['_', '-', '.', ':']).collect();
    let word = |part: &&str| {
        let letters = part.chars().filter(|c| c.is_ascii_alphabetic()).count();
        let digits = part.chars().filter(|c| c.is_ascii_digit()).count();
        digits == 0
            || (letters > 0
                && digits <= 2
                && part.ends_with(|c: char| c.is_ascii_digit())
                && digits + letters == part.len()
                && part.len() <= 10)
            || (letters == 0 && digits <= 4)
    };
    parts.len() >= 2 && parts.iter().all(word)
}

/// Conflicts of a merge that nobody resolved.
pub(super) fn conflicts(seen: &Seen<'_>, found: &mut Vec<Diagnostic>) {
    for (path, text) in &seen.repository.files {
        if path.starts_with(".pipewright/") || !text.contains("<<<<<<< ") {
            continue;
        }
        let (mut start, mut opened) = (0, None);
        for line in text.split_inclusive('\n') {
            if line.starts_with("<<<<<<< ") && opened.is_none() {
                opened = Some(Span { start: start as u32, end: (start + line.trim_end().len()) as u32 });
            } else if let (Some(at), true) = (opened, line.starts_with(">>>>>>> ")) {
                let place: Place = Text::new(path, "", text).place(at.start as usize, at.width());
                found.push(
                    Diagnostic::error("merge-conflict", "a merge left both sides here")
                        .next("choose between the `<<<<<<<` and `>>>>>>>` lines and commit")
                        .at(place),
                );
                break;
            }
            start += line.len();
        }
    }
}
