//! Which agent of one's own does a kind of artifact, found through an index.

use std::collections::{BTreeSet, HashMap};

use crate::agents::AGENTS;
use crate::vocabulary::{ArtifactKind, Dialect, Role};
use crate::workspace::OwnAgent;

/// The agents of a workspace by what they say that they do.
#[derive(Clone, Debug, Default)]
pub struct Choice<'a> {
    /// The most particular first; of two alike, the one that stands first in the configuration.
    index: HashMap<(Role, ArtifactKind), Vec<Able<'a>>>,
}

/// An agent with the databases that it knows as bits; all of them where it names none.
#[derive(Clone, Copy, Debug)]
struct Able<'a> {
    agent: &'a OwnAgent,
    sources: u32,
    targets: u32,
}

impl<'a> Choice<'a> {
    /// Makes the index.
    pub fn of(agents: &'a [OwnAgent]) -> Choice<'a> {
        let mut index: HashMap<_, Vec<Able<'a>>> = HashMap::new();
        for agent in agents {
            let able = Able { agent, sources: bits(&agent.sources), targets: bits(&agent.dialects) };
            for rules in AGENTS.iter().filter(|a| agent.roles.is_empty() || agent.roles.contains(&a.role)) {
                let kinds: BTreeSet<ArtifactKind> = rules.gives.iter().copied().collect();
                for kind in kinds.into_iter().filter(|k| agent.does.is_empty() || agent.does.contains(k)) {
                    index.entry((rules.role, kind)).or_default().push(able);
                }
            }
        }
        for able in index.values_mut() {
            able.sort_by_key(|a| std::cmp::Reverse(particular(a.agent)));
        }
        Choice { index }
    }

    /// The agent that does `kind` in `role` over all of these sources and for all of these targets; none where the rules
    /// do.
    pub fn choose(
        &self,
        role: Role,
        kind: ArtifactKind,
        sources: &[Dialect],
        targets: &[Dialect],
    ) -> Option<&'a OwnAgent> {
        let (sources, targets) = (needed(sources), needed(targets));
        let able = self.index.get(&(role, kind))?;
        able.iter().find(|a| a.sources & sources == sources && a.targets & targets == targets).map(|a| a.agent)
    }

    /// Whether there is no agent but the rules.
    pub fn is_empty(&self) -> bool {
        self.index.is_empty()
    }
}

/// How many ways an agent is bound to what it names: databases count more than kinds, kinds more than roles.
fn particular(agent: &OwnAgent) -> (usize, bool, std::cmp::Reverse<usize>, bool) {
    let databases = usize::from(!agent.sources.is_empty()) + usize::from(!agent.dialects.is_empty());
    (databases, !agent.does.is_empty(), std::cmp::Reverse(agent.does.len()), !agent.roles.is_empty())
}

fn bits(dialects: &[Dialect]) -> u32 {
    if dialects.is_empty() { u32::MAX } else { needed(dialects) }
}

fn needed(dialects: &[Dialect]) -> u32 {
    dialects.iter().fold(0, |all, dialect| all | 1 << (*dialect as u32))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn agents(yaml: &str) -> Vec<OwnAgent> {
        serde_yaml::from_str(yaml).unwrap()
    }

    #[test]
    fn the_most_particular_that_is_able_is_chosen() {
        use ArtifactKind::{Alert, DbtTest, Macro, UnitTest};
        let all = agents(
            "[{name: general, command: [a], roles: [quality]}, {name: tests, command: [a], does: [dbt_test]},\
              {name: snow, command: [a], does: [dbt_test], dialects: [snowflake]},\
              {name: my, command: [a], does: [dbt_test, unit_test], sources: [mysql]}]",
        );
        let choice = Choice::of(&all);
        let name = |kind, sources: &[Dialect], targets: &[Dialect]| {
            choice.choose(Role::Quality, kind, sources, targets).map(|a| a.name.to_string())
        };
        let (sqlite, mysql, duck, snow) = (Dialect::Sqlite, Dialect::MySql, Dialect::DuckDb, Dialect::Snowflake);
        assert_eq!(name(DbtTest, &[sqlite], &[duck]).as_deref(), Some("tests"));
        assert_eq!(name(DbtTest, &[sqlite], &[snow]).as_deref(), Some("snow"));
        assert_eq!(name(DbtTest, &[sqlite], &[duck, snow]).as_deref(), Some("tests"), "it must know all targets");
        assert_eq!(name(DbtTest, &[mysql], &[duck]).as_deref(), Some("my"));
        assert_eq!(name(UnitTest, &[sqlite], &[duck]).as_deref(), Some("general"));
        assert_eq!(name(Macro, &[], &[]).as_deref(), Some("general"));
        assert_eq!(choice.choose(Role::Observability, Alert, &[], &[]), None, "the rules do it");
    }

    #[test]
    fn choosing_among_a_thousand_takes_no_time() {
        let dialects = ["duckdb", "snowflake", "postgres", "bigquery"];
        let all: Vec<String> = (0..1000)
            .map(|i| {
                let (source, target) = (dialects[i % 4], dialects[i / 4 % 4]);
                format!("{{name: a{i}, command: [x], does: [dbt_test], sources: [{source}], dialects: [{target}]}}")
            })
            .collect();
        let all = agents(&format!("[{}]", all.join(", ")));
        let choice = Choice::of(&all);
        let watch = std::time::Instant::now();
        for _ in 0..100 {
            // None knows SQLite: all of them are looked at.
            assert!(choice.choose(Role::Quality, ArtifactKind::DbtTest, &[Dialect::Sqlite], &[]).is_none());
        }
        let each = watch.elapsed() / 100;
        assert!(each < std::time::Duration::from_millis(1), "{each:?}");
    }

    #[test]
    fn of_two_alike_the_first_is_chosen() {
        let all = agents("[{name: b, command: [x], does: [alert]}, {name: a, command: [x], does: [alert]}]");
        let choice = Choice::of(&all);
        assert_eq!(choice.choose(Role::Observability, ArtifactKind::Alert, &[], &[]).unwrap().name, "b");
    }
}
