//! Files that can't be read.

use crate::check::python::{self, Broken};
use crate::check::repository::LONGEST;
use crate::check::rules::{Family, Look, Rule};
use crate::sql::Text;
use crate::vocabulary::{Diagnostic, Place, Severity};

/// Files that can't be read.
pub const RULES: &[Rule] = &[
    Rule {
        code: "python-syntax",
        family: Family::Airflow,
        severity: Severity::Error,
        summary: "a Python file that is no Python 3",
        look: Look::Elsewhere,
    },
    Rule {
        code: "unreadable-file",
        family: Family::Across,
        severity: Severity::Error,
        summary: "a file that can't be read as text, or is too long or nested too deep to be looked at",
        look: Look::Elsewhere,
    },
];

/// Reads a Python file.
pub(super) fn python<'a>(path: &'a str, text: &'a str) -> Result<python::File<'a>, Diagnostic> {
    let unreadable = |what: String| Diagnostic::error("unreadable-file", what).at(Place::file(path));
    if text.contains('\0') {
        return Err(no_text(path));
    }
    if text.len() > LONGEST {
        let most = LONGEST / 1_000_000;
        return Err(unreadable(format!("this file is longer than {most} MB: nothing was looked for in it"))
            .next("keep data out of Python files, or leave the file out of the check"));
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    python::read(path, text).map_err(|broken| match broken {
        Broken::Syntax(at, what) => Diagnostic::error("python-syntax", what)
            .why("Python can't import this file; Airflow shows an import error in place of its DAGs")
            .next("`python -m py_compile FILE` says the same")
            .at(Text::new(path, "", text).place(at.start as usize, shown(text, at))),
        Broken::Deep(at) => {
            Diagnostic::error("unreadable-file", "this is nested too deep: nothing was looked for here")
                .next("put parts of it into variables or functions")
                .at(Text::new(path, "", text).place(at.start as usize, 1))
        }
    })
}

fn shown(text: &str, at: python::Span) -> usize {
    let shown = text.get(at.start as usize..at.end as usize).unwrap_or_default();
    shown.lines().next().unwrap_or_default().trim_end().chars().count().max(1)
}

/// The finding for a file that holds no text.
pub(super) fn no_text(path: &str) -> Diagnostic {
    Diagnostic::error("unreadable-file", "this file is no UTF-8 text: nothing was looked for in it")
        .next("save it as UTF-8, or leave it out of the check")
        .at(Place::file(path))
}
