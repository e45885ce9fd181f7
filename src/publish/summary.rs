//! What a change does, artifact by artifact.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Serialize;

use super::artifacts::{Artifact, Kind, artifacts};
use crate::vocabulary::Diagnostic;
use crate::world::git::Tree;

/// What became of an artifact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum What {
    /// It is new.
    Added,
    /// It went.
    Removed,
    /// It says something else.
    Changed,
}

/// One artifact that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Item {
    /// Its kind.
    pub kind: Kind,
    /// Its name.
    pub name: String,
    /// What it is a part of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub of: Option<String>,
    /// What became of it.
    pub change: What,
    /// Fields that differ, where it changed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<Field>,
}

/// One field that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// Before, where it was there and is short.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// After, where it is there and short.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
}

/// How many artifacts of a kind differ.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Count {
    /// New ones.
    pub added: usize,
    /// Those that went.
    pub removed: usize,
    /// Those that say something else.
    pub changed: usize,
}

/// What a change does.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// How many of each kind.
    pub counts: BTreeMap<Kind, Count>,
    /// Each artifact that differs, by kind and name.
    pub items: Vec<Item>,
    /// Files that could not be read as what they are; they count as files.
    pub unknown: Vec<Diagnostic>,
}

/// Longest value that is shown.
const SHORT: usize = 60;

/// What differs between two trees, artifact by artifact.
pub fn summary(before: &Tree, after: &Tree) -> Summary {
    let ((old, mut unknown), (new, more)) = (artifacts(before), artifacts(after));
    unknown.extend(more);
    unknown.sort();
    unknown.dedup();
    let mut out = Summary { unknown, ..Summary::default() };
    for key in old.keys().chain(new.keys()).collect::<BTreeSet<_>>() {
        let (a, b) = (old.get(key), new.get(key));
        if a == b {
            continue;
        }
        // Where neither side read the file that makes it exist, it stands on both.
        let made = |side: Option<&Artifact>| side.is_some_and(|x| x.defined);
        let change = match (made(a), made(b)) {
            (false, true) => What::Added,
            (true, false) => What::Removed,
            _ => What::Changed,
        };
        let fields = if change == What::Changed { differing(a, b) } else { Vec::new() };
        let count = out.counts.entry(key.0).or_default();
        match change {
            What::Added => count.added += 1,
            What::Removed => count.removed += 1,
            What::Changed => count.changed += 1,
        }
        let of = b.or(a).and_then(|x| x.of.clone());
        out.items.push(Item { kind: key.0, name: key.1.clone(), of, change, fields });
    }
    out
}

fn differing(before: Option<&Artifact>, after: Option<&Artifact>) -> Vec<Field> {
    let empty = BTreeMap::new();
    let (a, b) = (before.map_or(&empty, |x| &x.fields), after.map_or(&empty, |x| &x.fields));
    let short = |v: Option<&String>| v.filter(|v| v.chars().count() <= SHORT && !v.contains('\n')).cloned();
    a.keys()
        .chain(b.keys())
        .collect::<BTreeSet<_>>()
        .into_iter()
        .filter(|name| a.get(*name) != b.get(*name))
        .map(|name| Field { name: name.clone(), before: short(a.get(name)), after: short(b.get(name)) })
        .collect()
}

impl Summary {
    /// Whether nothing differs.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }
}

impl What {
    fn sign(self) -> char {
        match self {
            What::Added => '+',
            What::Removed => '-',
            What::Changed => '~',
        }
    }
}

impl Kind {
    /// What an artifact of this kind is a part of.
    pub fn parent(self) -> Option<Kind> {
        Some(match self {
            Kind::IngestTable => Kind::Pipeline,
            Kind::ContractColumn => Kind::Contract,
            Kind::DdlColumn => Kind::DdlTable,
            Kind::Column | Kind::Test | Kind::UnitTest => Kind::Model,
            Kind::Task => Kind::Dag,
            _ => return None,
        })
    }

    /// What people call `n` of them.
    pub fn label(self, n: usize) -> &'static str {
        let (one, many) = match self {
            Kind::Pipeline => ("pipeline", "pipelines"),
            Kind::IngestTable => ("ingested table", "ingested tables"),
            Kind::Contract => ("contract", "contracts"),
            Kind::ContractColumn => ("contract column", "contract columns"),
            Kind::DdlTable => ("landing table", "landing tables"),
            Kind::DdlColumn => ("landing column", "landing columns"),
            Kind::Source => ("source table", "source tables"),
            Kind::Model => ("model", "models"),
            Kind::Snapshot => ("snapshot", "snapshots"),
            Kind::Column => ("column", "columns"),
            Kind::Test => ("data test", "data tests"),
            Kind::UnitTest => ("unit test", "unit tests"),
            Kind::Macro => ("macro", "macros"),
            Kind::Dag => ("DAG", "DAGs"),
            Kind::Task => ("task", "tasks"),
            Kind::File => ("other file", "other files"),
        };
        if n == 1 { one } else { many }
    }
}

impl fmt::Display for Summary {
    /// A line an artifact; the parts of one that is new or gone are only counted.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole: BTreeSet<(Kind, &str)> = self
            .items
            .iter()
            .filter(|i| i.change != What::Changed && i.of.is_none())
            .map(|i| (i.kind, i.name.as_str()))
            .collect();
        let parent = |i: &Item| Some((i.kind.parent()?, i.of.clone()?));
        let folded =
            |i: &Item| i.change != What::Changed && parent(i).is_some_and(|(k, of)| whole.contains(&(k, of.as_str())));
        for item in self.items.iter().filter(|i| i.kind != Kind::File && !folded(i)) {
            let sign = item.change.sign();
            write!(f, "{sign} {} {}", item.kind.label(1), item.name)?;
            if item.of.is_none() && item.change != What::Changed {
                let mut parts: BTreeMap<Kind, usize> = BTreeMap::new();
                let mine = |i: &&Item| folded(i) && parent(i) == Some((item.kind, item.name.clone()));
                for part in self.items.iter().filter(mine) {
                    *parts.entry(part.kind).or_default() += 1;
                }
                let parts: Vec<String> = parts.iter().map(|(k, n)| format!("{n} {}", k.label(*n))).collect();
                if !parts.is_empty() {
                    write!(f, " ({})", parts.join(", "))?;
                }
            }
            let fields: Vec<String> = item.fields.iter().map(Field::to_string).collect();
            if !fields.is_empty() {
                write!(f, ": {}", fields.join(", "))?;
            }
            writeln!(f)?;
        }
        for change in [What::Added, What::Removed, What::Changed] {
            let files = self.items.iter().filter(|i| i.kind == Kind::File && i.change == change);
            let files: Vec<&str> = files.map(|i| i.name.as_str()).collect();
            if !files.is_empty() {
                let label = Kind::File.label(files.len());
                writeln!(f, "{} {} {label}: {}", change.sign(), files.len(), files.join(", "))?;
            }
        }
        for d in &self.unknown {
            let place = d.place.as_ref().map_or("", |p| p.file.as_str());
            writeln!(f, "? {place}: {}", d.why.as_deref().unwrap_or(&d.what))?;
        }
        Ok(())
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.before, &self.after) {
            (Some(before), Some(after)) => write!(f, "{} {before} → {after}", self.name),
            (None, Some(after)) => write!(f, "{} {after}", self.name),
            (Some(before), None) => write!(f, "{} no longer {before}", self.name),
            (None, None) => f.write_str(&self.name),
        }
    }
}
