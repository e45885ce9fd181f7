//! `check:` in `pipewright.yml`: how `pipewright check` judges what it finds. It may stand alone in that file, for a dbt
//! project that is no workspace.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Config, Pattern, paths};
use crate::check::rules::{Family, RULES};
use crate::document;
use crate::vocabulary::{Diagnostic, Dialect, Fault, Outcome, Place, Severity, nearest};

/// How `check` judges.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Checking {
    /// What the work tree is compared with, as `--against` takes it; the merge base with the main branch if none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub against: Option<String>,
    /// The least severity that fails a check.
    #[serde(skip_serializing_if = "FailOn::is_default")]
    pub fail_on: FailOn,
    /// How much a finding matters, by its code or by the family of its rule.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub severity: IndexMap<String, Level>,
    /// The same for some paths or patterns of paths only; later ones outweigh earlier ones.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub paths: IndexMap<String, IndexMap<String, Level>>,
    /// The file of old findings that are not told again; `.pipewright/check-baseline.json` where that is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub baseline: Option<String>,
    /// Breaking changes that people agreed to.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub approved: Vec<Agreed>,
    /// What models are written for, where no profile says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dialect: Option<Dialect>,
    /// The target of dbt's profile that is meant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// Values of dbt's variables, as `dbt --vars` takes them.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub vars: IndexMap<String, Value>,
    /// Environment variables that the project's Jinja asks for; those of the process are not read.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub env: IndexMap<String, String>,
}

/// A breaking change that a person agreed to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Agreed {
    /// The model.
    pub model: String,
    /// The column; the whole model if none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// Why.
    pub reason: String,
    /// Who.
    pub by: String,
}

/// How much a finding is to matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// It is not told.
    Off,
    /// A person should look.
    Warning,
    /// It fails the check.
    Error,
}

/// What fails a check.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum FailOn {
    /// Errors.
    #[default]
    Error,
    /// Warnings and errors.
    Warning,
}

/// `pipewright.yml` of a dbt project that is no workspace.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Alone {
    #[serde(default)]
    version: Option<u32>,
    check: Checking,
}

/// Codes that are said by `check` itself, no rule; what they say can't be turned off.
pub const OWN_CODES: &[&str] = &[
    "against-unreadable",
    "baseline-outdated",
    "ignore-nothing",
    "ignore-reason",
    "not-utf8",
    "too-large",
    "unreadable",
];

/// The code of a change that can't be told; an error if nothing else is configured.
pub const UNKNOWN_CHANGE: &str = "unknown-change";

impl FailOn {
    fn is_default(&self) -> bool {
        *self == FailOn::Error
    }

    /// Whether a finding of that severity fails the check.
    pub fn fails(self, severity: Severity) -> bool {
        severity == Severity::Error || self == FailOn::Warning
    }
}

impl Checking {
    /// Reads `pipewright.yml`, and says whether it is that of a workspace.
    ///
    /// # Errors
    /// Broken YAML, unknown keys and codes, wrong values, with their places.
    pub fn read(text: &str) -> Outcome<(Checking, bool)> {
        let keys: IndexMap<String, Value> = document::parse(paths::CONFIG, text)?;
        let is_workspace = ["name", "targets", "sources"].iter().any(|key| keys.contains_key(*key));
        let checking = if is_workspace {
            document::parse::<Config>(paths::CONFIG, text)?.check
        } else {
            let alone: Alone = document::parse(paths::CONFIG, text)?;
            if alone.version.is_some_and(|v| v != 1) {
                return Err(Diagnostic::error("config-version", "only version 1 of the configuration is known here")
                    .at(Place::path(paths::CONFIG, "version"))
                    .next("set `version: 1`")
                    .into());
            }
            alone.check
        };
        let mut faults = checking.faults();
        document::pin(&mut faults, &BTreeMap::from([(paths::CONFIG.to_owned(), text.to_owned())]));
        Fault::unless_empty(faults)?;
        Ok((checking, is_workspace))
    }

    /// Names that are no code and no family, and approvals without a name or reason.
    pub(super) fn faults(&self) -> Vec<Diagnostic> {
        let mut out = Vec::new();
        let known = names();
        let nested = self.paths.iter().flat_map(|(pattern, levels)| {
            levels.keys().map(move |name| (format!("check.paths.{pattern}.{name}"), name))
        });
        for (path, name) in self.severity.keys().map(|n| (format!("check.severity.{n}"), n)).chain(nested) {
            if known.contains(&name.as_str()) {
                continue;
            }
            let near = nearest(name, known.iter().copied());
            let next = match near.first() {
                Some(near) => format!("did you mean `{near}`?"),
                None => "`docs/checks/` lists the codes".to_owned(),
            };
            let what = format!("`{}` is neither a code nor a family of findings", name.escape_debug());
            out.push(Diagnostic::error("unknown-code", what).at(Place::path(paths::CONFIG, path)).next(next));
        }
        for (i, agreed) in self.approved.iter().enumerate() {
            for (field, value) in [("model", &agreed.model), ("reason", &agreed.reason), ("by", &agreed.by)] {
                if value.trim().is_empty() {
                    let place = Place::path(paths::CONFIG, format!("check.approved.{i}.{field}"));
                    let d = Diagnostic::error("wrong-value", format!("an approval needs its `{field}`"));
                    out.push(d.at(place).next("say what is approved, why, and by whom"));
                }
            }
        }
        out
    }

    /// The severities as configured, ready to be asked for many findings.
    pub fn levels(&self) -> Levels<'_> {
        let paths = self.paths.iter().rev().map(|(pattern, levels)| (Pattern::new(pattern), levels)).collect();
        Levels { all: &self.severity, paths }
    }
}

/// Severities as configured.
pub struct Levels<'a> {
    all: &'a IndexMap<String, Level>,
    paths: Vec<(Pattern, &'a IndexMap<String, Level>)>,
}

impl Levels<'_> {
    /// How much a finding of that code in that file is to matter; none where nothing says so.
    pub fn of(&self, code: &str, file: &str) -> Option<Level> {
        if self.all.is_empty() && self.paths.is_empty() {
            return None;
        }
        let family = family(code);
        let of = |levels: &IndexMap<String, Level>| {
            levels.get(code).or_else(|| levels.get(family?)).or_else(|| levels.get("all")).copied()
        };
        let local = self.paths.iter().filter(|(pattern, _)| pattern.names(file));
        local.map(|(_, levels)| of(levels)).find(Option::is_some).flatten().or_else(|| of(self.all))
    }
}

/// What `severity` takes: codes, families, and `all`.
fn names() -> Vec<&'static str> {
    let mut out: Vec<&str> = RULES.iter().copied().flatten().map(|rule| rule.code).collect();
    out.extend(FAMILIES.iter().map(|(_, name)| *name));
    out.extend(["all", UNKNOWN_CHANGE]);
    out
}

/// Families of rules as the configuration names them.
pub const FAMILIES: &[(Family, &str)] = &[
    (Family::Broken, "broken"),
    (Family::Wrong, "wrong"),
    (Family::Dear, "dear"),
    (Family::Across, "across"),
    (Family::Airflow, "airflow"),
    (Family::Spark, "spark"),
    (Family::OutOfStep, "out-of-step"),
];

/// The family of a rule by its code.
pub fn family(code: &str) -> Option<&'static str> {
    let rule = RULES.iter().copied().flatten().find(|rule| rule.code == code)?;
    FAMILIES.iter().find(|(family, _)| *family == rule.family).map(|(_, name)| *name)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn said(text: &str) -> String {
        Checking::read(text).unwrap_err().to_string()
    }

    #[test]
    fn check_may_stand_alone() {
        let text = "check:\n  fail_on: warning\n  severity: {broken: error, all: off}\n  vars: {days: 3}\n";
        let (checking, is_workspace) = Checking::read(text).unwrap();
        assert!(!is_workspace);
        assert!(checking.fail_on.fails(Severity::Warning));
        assert_eq!(checking.vars["days"], 3);
        assert_eq!(checking.levels().of("nosuch", "a.sql"), Some(Level::Off));
    }

    #[test]
    fn unknown_keys_and_codes_are_errors_with_the_nearest() {
        let text = said("check:\n  severitys: {}\n");
        assert!(text.contains("severity") && text.contains("pipewright.yml:2:3"), "{text}");
        let text = said("check:\n  severity:\n    brokn: off\n");
        assert!(text.contains("did you mean `broken`?") && text.contains("pipewright.yml:3:"), "{text}");
        assert!(said("check: {severity: {broken: loud}}").contains("loud"));
        assert!(said("chek: {}\n").contains("check"));
        assert!(said("check:\n  approved:\n    - {model: a, reason: '', by: me}\n").contains("reason"));
    }

    #[test]
    fn paths_outweigh_the_rest_and_later_ones_earlier_ones() {
        let text = "check:\n  severity: {broken: error, all: warning}\n  paths:\n    legacy/: {all: off}\n    \
                    legacy/new/**: {all: error}\n";
        let checking = Checking::read(text).unwrap().0;
        for (file, level) in [
            ("a.sql", Level::Warning),
            ("legacy/a.sql", Level::Off),
            ("legacy/new/a.sql", Level::Error),
            ("legacyx/a.sql", Level::Warning),
        ] {
            assert_eq!(checking.levels().of("x", file), Some(level), "{file}");
        }
    }
}
