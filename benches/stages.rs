//! What each stage takes on a source of 1,000 tables of 10 columns, and reading a requirement over 10 to 10,000.
//! `cargo bench --bench stages`; the source is that of `make_source.py`.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

use pipewright::changeset::{self, Ground};
use pipewright::plan::{self, Context};
use pipewright::proposal::{Artifact, Proposal, outside};
use pipewright::publish::{self, Draft};
use pipewright::render::{self, Files};
use pipewright::spec::Spec;
use pipewright::workspace::{Config, Workspace};
use pipewright::world::git::{Git, When};
use pipewright::{agents, contract, requirement};

const CONFIG: &str = "version: 1\nname: bench\nsources:\n  source:\n    dev: {kind: sqlite, path: source.sqlite}\n\
                      targets:\n  dev: {kind: duckdb, path: warehouse.duckdb}\n";

/// A workspace over `tables` tables, and the spec that stages all of them.
fn workspace(tables: usize) -> (tempfile::TempDir, Workspace, String) {
    let dir = tempfile::tempdir().unwrap();
    let maker = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/make_source.py");
    let made = Command::new("python3").arg(maker).arg(dir.path()).arg(tables.to_string()).status().unwrap();
    assert!(made.success());
    std::fs::write(dir.path().join("pipewright.yml"), CONFIG).unwrap();
    let workspace = Workspace::open(dir.path()).unwrap();
    let proposals = std::fs::read_to_string(dir.path().join("spec.json")).unwrap();
    (dir, workspace, proposals)
}

fn spec(proposals: &str) -> Spec {
    let read = outside::read("spec.json", proposals).unwrap();
    let spec = read.proposals.into_iter().find_map(|p| match p.artifact {
        Artifact::PipelineSpec(spec) => Some(spec),
        _ => None,
    });
    spec.unwrap()
}

fn ask(workspace: &Workspace) -> Vec<Proposal> {
    let context = Context {
        config: &workspace.config,
        contracts: &workspace.contracts,
        specs: &workspace.specs,
        spec: workspace.specs.values().next().unwrap(),
        before: None,
        only: None,
    };
    let plan = plan::plan(&context).unwrap();
    agents::propose(&plan, &context).unwrap()
}

fn repository() -> (tempfile::TempDir, Git) {
    let dir = tempfile::tempdir().unwrap();
    assert!(Command::new("git").args(["init", "-q"]).current_dir(dir.path()).status().unwrap().success());
    let git = Git::open(dir.path()).unwrap();
    (dir, git)
}

fn stages(c: &mut Criterion) {
    let (dir, mut workspace, proposals) = workspace(1000);
    let wanted = spec(&proposals);
    let pipeline = wanted.name.clone();
    workspace.specs.insert(pipeline.clone(), wanted);
    let workspace = &workspace;
    let config: &Config = &workspace.config;
    let ground = Ground { config, contracts: &workspace.contracts };
    let asked = ask(workspace);
    let change = changeset::prove(&ground, asked.clone()).unwrap();
    let files = render::files(&change, config).unwrap();
    let (path, text) = workspace.texts.iter().find(|(path, _)| path.starts_with("contracts/")).unwrap();

    let mut group = c.benchmark_group("stages");
    group.sample_size(10).warm_up_time(Duration::from_secs(1)).measurement_time(Duration::from_secs(5));
    group.throughput(Throughput::Elements(1));
    group.bench_function("parse one contract", |b| b.iter(|| contract::read(path, text).unwrap()));
    group.throughput(Throughput::Elements(1000));
    group.bench_function("open the workspace", |b| b.iter(|| Workspace::open(dir.path()).unwrap()));
    group.bench_function("read proposals from outside", |b| b.iter(|| outside::read("spec.json", &proposals).unwrap()));
    group.bench_function("plan and ask the agents", |b| b.iter(|| ask(workspace)));
    group.bench_function("prove", |b| {
        b.iter_batched(|| asked.clone(), |asked| changeset::prove(&ground, asked).unwrap(), BatchSize::LargeInput);
    });
    group.bench_function("render", |b| b.iter(|| render::files(&change, config).unwrap()));
    group.bench_function("merge and commit", |b| {
        b.iter_batched(
            repository,
            |(dir, git)| {
                let draft = Draft {
                    pipeline: &pipeline,
                    title: "Stage everything",
                    requirement: None,
                    generated: &files,
                    whole: true,
                    documents: &Files::new(),
                    when: When { seconds: 0, offset: 0 },
                };
                publish::commit(&git, &draft).unwrap();
                dir
            },
            BatchSize::PerIteration,
        );
    });
    group.finish();
}

/// Words that name one table among many, and what is done to it.
fn requirements(c: &mut Criterion) {
    let mut group = c.benchmark_group("read a requirement");
    group.sample_size(10).warm_up_time(Duration::from_secs(1)).measurement_time(Duration::from_secs(5));
    for tables in [10, 1000, 10_000] {
        let (_dir, workspace, _) = workspace(tables);
        let ground = requirement::Ground {
            config: &workspace.config,
            contracts: &workspace.contracts,
            specs: &workspace.specs,
            answers: &std::collections::BTreeMap::new(),
        };
        let text = "Land the last 30 days of entity 7 and build a daily summary of its amount per status";
        let read = requirement::read(text, &ground).unwrap();
        assert!(matches!(read, requirement::Intent::Understood(_)), "{read:?}");
        group.bench_function(BenchmarkId::from_parameter(tables), |b| {
            b.iter(|| requirement::read(text, &ground).unwrap());
        });
    }
    group.finish();
}

criterion_group!(benches, stages, requirements);
criterion_main!(benches);
