//! The whole way from documents to files, in memory, a folder of `fixtures/golden` a case, a snapshot a stage.
//!
//! A case is laid out like a workspace, and takes from `shop/` what it lacks. On top of its specs comes what is in
//! `requirement.txt` or `proposals.json`.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use pipewright::agents;
use pipewright::changeset::{self, ChangeSet, Ground};
use pipewright::document;
use pipewright::plan::{self, Context, Plan};
use pipewright::proposal::{Artifact, Because, Layer, Proposal, outside};
use pipewright::publish;
use pipewright::render::{self, Files};
use pipewright::requirement::{self, Intent};
use pipewright::spec::{Spec, check};
use pipewright::vocabulary::{Diagnostic, Fault, Name, Outcome};
use pipewright::workspace::{Workspace, paths};
use pipewright::world::git::{File, Tree};

/// Everything between documents and files.
struct Stages {
    plans: Vec<Plan>,
    proposals: Vec<Proposal>,
    change: ChangeSet,
    files: Files,
    findings: Vec<Diagnostic>,
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/golden")
}

/// Files under a folder by relative path.
fn texts(folder: &Path) -> BTreeMap<String, String> {
    let files = walkdir::WalkDir::new(folder).into_iter().map(Result::unwrap).filter(|e| e.file_type().is_file());
    files
        .map(|e| {
            let path = e.path().strip_prefix(folder).unwrap().to_string_lossy().replace('\\', "/");
            (path, std::fs::read_to_string(e.path()).unwrap())
        })
        .collect()
}

fn workspace(case: &str) -> Workspace {
    let own = texts(&fixtures().join(case));
    let lacks = |part: &str| !own.keys().any(|path| path.starts_with(part));
    let shop = texts(&fixtures().join("shop")).into_iter().filter(|(path, _)| lacks(path.split('/').next().unwrap()));
    let all = shop.chain(own.clone()).collect();
    Workspace::read(Path::new("."), all, Vec::new()).unwrap_or_else(|fault| panic!("{case}: {fault}"))
}

/// What the case asks for on top of its documents; the workspace then holds its spec.
fn asked(case: &str, workspace: &mut Workspace) -> Outcome<(Vec<Proposal>, Vec<Diagnostic>)> {
    let read = |file: &str| std::fs::read_to_string(fixtures().join(case).join(file)).ok();
    if let Some(text) = read("proposals.json") {
        return Ok((outside::read("proposals.json", &text)?.proposals, Vec::new()));
    }
    let Some(text) = read("requirement.txt") else { return Ok((Vec::new(), Vec::new())) };
    let ground = requirement::Ground {
        config: &workspace.config,
        contracts: &workspace.contracts,
        specs: &workspace.specs,
        answers: &BTreeMap::new(),
    };
    let Intent::Understood(understood) = requirement::read(&text, &ground)? else { panic!("{case}: not understood") };
    let spec = understood.spec;
    let artifacts = understood.platform.iter().cloned().map(Artifact::Platform);
    let proposals = artifacts.chain([Artifact::PipelineSpec(spec.clone())]).map(|artifact| Proposal {
        by: "orchestrator".into(),
        task: format!("{}/orchestrator", spec.name),
        because: Because::Words(text.trim().into()),
        why: String::new(),
        artifact,
    });
    let proposals = proposals.collect();
    let config = &workspace.texts[paths::CONFIG];
    workspace.config = document::parse(paths::CONFIG, &render::workspace_config(config, &understood.platform)?)?;
    workspace.specs.insert(spec.name.clone(), spec);
    Ok((proposals, understood.findings))
}

fn stages(workspace: &Workspace, asked: Vec<Proposal>, found: Vec<Diagnostic>) -> Outcome<Stages> {
    let mut findings = [workspace.warnings.clone(), found].concat();
    for spec in workspace.specs.values() {
        findings.extend(check(
            spec,
            &paths::spec(&spec.name),
            &workspace.contracts,
            &workspace.specs,
            &workspace.config.rules,
        ));
    }
    Fault::unless_empty(findings.clone())?;
    let (mut plans, mut proposals) = (Vec::new(), asked);
    for spec in workspace.specs.values() {
        let (config, contracts, specs) = (&workspace.config, &workspace.contracts, &workspace.specs);
        let context = Context { config, contracts, specs, spec, before: None, only: None };
        let plan = plan::plan(&context)?;
        proposals.extend(agents::propose(&plan, &context)?);
        plans.push(plan);
    }
    let ground = Ground { config: &workspace.config, contracts: &workspace.contracts };
    let change = changeset::prove(&ground, proposals.clone())?;
    let files = render::files(&change, &workspace.config)?;
    Ok(Stages { plans, proposals, change, files, findings })
}

fn run(case: &str) -> Outcome<Stages> {
    let mut workspace = workspace(case);
    let (proposals, findings) = asked(case, &mut workspace)?;
    stages(&workspace, proposals, findings)
}

/// Files as they were before the requirement; nothing, where the case is its specs alone.
fn before(case: &str) -> Files {
    let workspace = workspace(case);
    if workspace.specs.is_empty() || !fixtures().join(case).join("requirement.txt").exists() {
        return Files::new();
    }
    stages(&workspace, Vec::new(), Vec::new()).unwrap().files
}

fn name_of(artifact: &Artifact) -> (&'static str, String) {
    match artifact {
        Artifact::SourceContract(c) => ("source_contract", c.table_ref().to_string()),
        Artifact::PipelineSpec(s) => ("pipeline_spec", s.name.to_string()),
        Artifact::Platform(p) => ("platform", p.source.as_ref().map_or("targets".into(), Name::to_string)),
        Artifact::DbtProject(p) => ("dbt_project", p.name.to_string()),
        Artifact::DbtSource(s) => ("dbt_source", s.name.to_string()),
        Artifact::DbtModel(m) => ("dbt_model", m.name.to_string()),
        Artifact::Snapshot(s) => ("snapshot", s.name.to_string()),
        Artifact::DbtTest(t) => {
            let column = t.column.as_ref().map_or(String::new(), |c| format!(".{c}"));
            ("dbt_test", format!("{} on {}{column}", t.test, t.model))
        }
        Artifact::UnitTest(t) => ("unit_test", t.name.to_string()),
        Artifact::Macro(m) => ("macro", m.name.to_string()),
        Artifact::Ddl(d) => ("ddl", format!("{} {:?} {}", d.pipeline, d.dialect, d.schema).to_lowercase()),
        Artifact::Ingestion(i) => ("ingestion", format!("{} from {}", i.pipeline, i.source)),
        Artifact::DagChange(d) => ("dag_change", d.name.to_string()),
        Artifact::Alert(a) => ("alert", a.pipeline.to_string()),
        Artifact::Policy(p) => ("policy", format!("{}.{}", p.model, p.column)),
    }
}

/// One line a proposal: what it holds is in the files that it became.
fn proposals_shown(proposals: &[Proposal]) -> String {
    let mut out = String::new();
    for p in proposals {
        let (kind, name) = name_of(&p.artifact);
        let because = match &p.because {
            Because::Words(w) => format!("words `{w}`"),
            Because::Spec(s) => format!("spec {s}"),
            Because::Contract(c) => format!("contract {c}"),
            Because::Drift(d) => format!("drift {d}"),
        };
        writeln!(out, "{kind} {name}\n    {} because of {because}", p.by).unwrap();
        if !p.why.is_empty() {
            writeln!(out, "    {}", p.why).unwrap();
        }
    }
    out
}

fn change_shown(change: &ChangeSet) -> String {
    let mut out = String::new();
    for model in change.models().values() {
        let layer = match &model.layer {
            Layer::Staging(table) => format!("staging of {table}"),
            other => format!("{other:?}").to_lowercase(),
        };
        let grain: Vec<&str> = model.grain.iter().map(Name::as_str).collect();
        let pipelines: Vec<&str> = model.pipelines.iter().map(Name::as_str).collect();
        writeln!(out, "model {} ({layer}; a row per {}; of {})", model.name, grain.join(", "), pipelines.join(", "))
            .unwrap();
        for column in &model.columns {
            writeln!(out, "    {} {}", column.name, column.data_type.map_or("?".into(), |t| t.to_string())).unwrap();
        }
    }
    let list = |kind: &str, names: Vec<String>| match names.is_empty() {
        true => String::new(),
        false => format!("{kind}: {}\n", names.join(", ")),
    };
    let text = |names: Vec<&Name>| names.into_iter().map(Name::to_string).collect::<Vec<_>>();
    out += &list("contracts", change.contracts().keys().map(ToString::to_string).collect());
    out += &list("specs", text(change.specs().keys().collect()));
    out += &list("sources", text(change.sources().keys().collect()));
    out += &list("macros", text(change.macros().keys().collect()));
    out += &list("unit tests", text(change.unit_tests().keys().collect()));
    out += &list("dags", text(change.dags().keys().collect()));
    out += &list("data tests", change.tests().iter().map(|t| name_of(&Artifact::DbtTest(t.clone())).1).collect());
    out += &list("ddl", change.ddl().iter().map(|d| name_of(&Artifact::Ddl(d.clone())).1).collect());
    out += &list("personal data", change.policies().iter().map(|p| name_of(&Artifact::Policy(p.clone())).1).collect());
    out
}

/// Every file; those that are as in another case are named only.
fn files_shown(files: &Files, other: &Files) -> String {
    let mut out = String::new();
    for (path, text) in files {
        match other.get(path) == Some(text) {
            true => writeln!(out, "==> {path}: as in `sample`").unwrap(),
            false => writeln!(out, "==> {path}\n{text}").unwrap(),
        }
    }
    out
}

fn tree(files: &Files) -> Tree {
    files.iter().map(|(path, text)| (path.clone(), File::plain(text.as_str()))).collect()
}

/// The summary by artifact, new files by their size, and the text of what was there before.
fn diff_shown(before: &Files, after: &Files) -> String {
    let (before, after) = (tree(before), tree(after));
    let mut out = format!("{}\n", publish::summary(&before, &after));
    for file in publish::text(&before, &after, 2) {
        match before.contains_key(&file.path) {
            true => writeln!(out, "{}", file.text).unwrap(),
            false => writeln!(out, "new {} +{}", file.path, file.added).unwrap(),
        }
    }
    out
}

fn snapshot(case: &str, stage: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(Path::new(env!("CARGO_MANIFEST_DIR")).join("snapshots/golden").join(case));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(stage, text));
}

fn golden(case: &str) {
    let stages = match run(case) {
        Ok(stages) => stages,
        Err(fault) => return snapshot(case, "diagnostics", &fault.to_string()),
    };
    let sample = if case == "sample" { Files::new() } else { run("sample").unwrap().files };
    snapshot(case, "plan", &serde_yaml::to_string(&stages.plans).unwrap());
    snapshot(case, "proposals", &proposals_shown(&stages.proposals));
    snapshot(case, "change", &change_shown(&stages.change));
    snapshot(case, "files", &files_shown(&stages.files, &sample));
    snapshot(case, "diff", &diff_shown(&before(case), &stages.files));
    let findings: Vec<String> = stages.findings.iter().map(ToString::to_string).collect();
    snapshot(case, "diagnostics", &findings.join("\n"));
}

/// Those that end in files.
const CASES: [&str; 5] = ["composite_keys", "hostile_names", "sample", "shared_staging", "weekday_sales"];

#[test]
fn sample() {
    golden("sample");
}

#[test]
fn weekday_sales() {
    golden("weekday_sales");
}

#[test]
fn composite_keys() {
    golden("composite_keys");
}

#[test]
fn hostile_names() {
    golden("hostile_names");
}

#[test]
fn shared_staging() {
    golden("shared_staging");
}

#[test]
fn refused() {
    golden("refused");
}

/// A case without a test would be no case.
#[test]
fn every_case_is_run() {
    let mut folders: Vec<String> =
        std::fs::read_dir(fixtures()).unwrap().map(|e| e.unwrap().file_name().to_string_lossy().into_owned()).collect();
    folders.sort();
    let mut due = [&CASES[..], &["refused", "shop"]].concat();
    due.sort_unstable();
    assert_eq!(folders, due);
}

/// Rendering is a pure function: of the change set, not of the order of proposals, the same every time.
#[test]
fn the_order_of_proposals_and_the_time_change_nothing() {
    for case in CASES {
        let mut ground = workspace(case);
        let (proposals, findings) = asked(case, &mut ground).unwrap();
        let stages = stages(&ground, proposals, findings).unwrap();
        let judge = |proposals: Vec<Proposal>| {
            let at = Ground { config: &ground.config, contracts: &ground.contracts };
            render::files(&changeset::prove(&at, proposals).unwrap(), &ground.config).unwrap()
        };
        let mut proposals = stages.proposals.clone();
        assert!(judge(proposals.clone()) == stages.files, "{case}: twice");
        proposals.reverse();
        assert!(judge(proposals.clone()) == stages.files, "{case}: backwards");
        for by in 1..proposals.len().min(9) {
            proposals.rotate_left(by * 7 % stages.proposals.len());
            assert!(judge(proposals.clone()) == stages.files, "{case}: rotated");
        }
        proposals.extend(stages.proposals.clone());
        assert!(judge(proposals) == stages.files, "{case}: everything proposed twice");
    }
}

/// What was generated is read again as what it was made from, and generates the same.
#[test]
fn files_are_a_fixed_point() {
    for case in CASES {
        let files = run(case).unwrap().files;
        let mut documents = workspace(case).texts;
        let is_document = |path: &str| path == paths::CONFIG || path.starts_with("pipelines/");
        documents.extend(files.iter().filter(|(p, _)| is_document(p)).map(|(p, t)| (p.clone(), t.clone())));
        let again = Workspace::read(Path::new("."), documents, Vec::new()).unwrap();
        let mut made = stages(&again, Vec::new(), Vec::new()).unwrap().files;
        made.extend(files.iter().filter(|(p, _)| is_document(p)).map(|(p, t)| (p.clone(), t.clone())));
        for (path, text) in &files {
            assert_eq!(made.get(path), Some(text), "{case}: {path}");
        }
        assert_eq!(made.len(), files.len(), "{case}");
        let spec: Vec<Spec> = again.specs.into_values().collect();
        assert!(spec.iter().all(|s| render::spec(s).unwrap().1 == render::spec(s).unwrap().1));
    }
}
