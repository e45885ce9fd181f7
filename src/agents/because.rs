//! Why an artifact is there: the words of the requirement that led to it, else its place in the spec.

use crate::plan::{Role, Task};
use crate::proposal::{Artifact, Because, Proposal};
use crate::spec::Spec;

/// Makes the proposals of one task.
pub(super) struct Maker<'a> {
    pub(super) task: &'a Task,
    pub(super) spec: &'a Spec,
    pub(super) role: Role,
}

impl Maker<'_> {
    /// A proposal that follows from `path` in the spec.
    pub(super) fn of_spec(&self, path: &str, why: impl Into<String>, artifact: Artifact) -> Proposal {
        self.because(because(self.spec, path), why, artifact)
    }

    /// What `path` in the spec follows from.
    pub(super) fn of(&self, path: &str) -> Because {
        because(self.spec, path)
    }

    /// A proposal that follows from a contract.
    pub(super) fn of_contract(&self, table: &str, why: impl Into<String>, artifact: Artifact) -> Proposal {
        self.because(Because::Contract(table.to_owned()), why, artifact)
    }

    pub(super) fn because(&self, because: Because, why: impl Into<String>, artifact: Artifact) -> Proposal {
        let (by, task) = (self.role.as_str().to_owned(), self.task.id.clone());
        Proposal { by, task, because, why: why.into(), artifact }
    }
}

/// The words that became `path` or what holds it, the nearest first; else words that became a part of it.
fn because(spec: &Spec, path: &str) -> Because {
    let mut best: Option<(usize, &str)> = None;
    for trace in &spec.trace {
        for became in &trace.became {
            let rank = if within(path, became) {
                1_000 + became.len()
            } else if path.contains('.') && within(became, path) {
                1
            } else {
                continue;
            };
            if best.is_none_or(|(most, _)| rank > most) {
                best = Some((rank, &trace.words));
            }
        }
    }
    match best {
        Some((_, words)) => Because::Words(words.to_owned()),
        None => Because::Spec(format!("{}:{path}", spec.name)),
    }
}

/// Whether `path` is `whole` or a part of it.
fn within(path: &str, whole: &str) -> bool {
    path.strip_prefix(whole).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_nearest_words_win() {
        let spec: Spec = serde_yaml::from_str(
            "{version: 1, name: p, trace: [{words: daily, became: [models.m]}, {words: last week, became: [models.m.window]},\
             {words: phones, became: [models.s.columns.phone]}]}",
        )
        .unwrap();
        assert_eq!(because(&spec, "models.m.window"), Because::Words("last week".into()));
        assert_eq!(because(&spec, "models.m.where.0"), Because::Words("daily".into()));
        assert_eq!(because(&spec, "models.s"), Because::Words("phones".into()));
        assert_eq!(because(&spec, "models"), Because::Spec("p:models".into()));
        assert_eq!(because(&spec, "models.mm"), Because::Spec("p:models.mm".into()));
    }
}
