//! Choosing the agent for a task among many. `cargo bench --bench choice`.

#![allow(missing_docs, clippy::unwrap_used)]

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};

use pipewright::agents::own::Choice;
use pipewright::vocabulary::{ArtifactKind, Dialect, Role};
use pipewright::workspace::OwnAgent;

/// Agents that all do data tests, each bound to databases; the last of them knows every one.
fn agents(n: usize) -> Vec<OwnAgent> {
    let dialects = ["duckdb", "snowflake", "postgres", "bigquery"];
    let agent = |i: usize| {
        let (source, target) = (dialects[i % 4], dialects[i / 4 % 4]);
        format!("{{name: a{i}, command: [x], does: [dbt_test], sources: [{source}], dialects: [{target}]}}")
    };
    let mut all: Vec<String> = (1..n).map(agent).collect();
    all.push("{name: every, command: [x], roles: [quality]}".into());
    serde_yaml::from_str(&format!("[{}]", all.join(", "))).unwrap()
}

fn choice(c: &mut Criterion) {
    let mut group = c.benchmark_group("choose an agent");
    for n in [10, 1000] {
        let all = agents(n);
        let choice = Choice::of(&all);
        let choose = || choice.choose(Role::Quality, ArtifactKind::DbtTest, &[Dialect::Sqlite], &[Dialect::DuckDb]);
        assert!(choose().is_some());
        group.bench_function(BenchmarkId::new("choose", n), |b| b.iter(|| black_box(choose())));
        group.bench_function(BenchmarkId::new("make the index", n), |b| b.iter(|| black_box(Choice::of(&all))));
    }
    group.finish();
}

criterion_group!(benches, choice);
criterion_main!(benches);
