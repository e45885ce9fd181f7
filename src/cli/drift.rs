//! `pipewright drift`

use std::path::Path;

use super::ask::shown;
use super::progress::Progress;
use super::propose::{answer, by_key};
use super::report::{Ui, counted};
use crate::drift::fix::Drifted;
use crate::drift::{Class, Effect, Impact};
use crate::run::Event;
use crate::verbs::drift::{Options, Report, drift};
use crate::vocabulary::{Outcome, Severity};

/// Compare sources with their contracts: what changed, what it breaks, and with --fix the branch that follows.
///
/// Nothing in a source is changed. What people made of a contract is no drift.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  pipewright drift
  pipewright drift shop --exit-code        in CI: 1 where something breaks, or may
  pipewright drift --fix                   the branch that follows
  pipewright drift --fix --answer shop.orders.discount=null
  pipewright drift --dag \"0 6 * * *\"         a DAG that looks every day

Exit codes: 0 compared; 1 with --exit-code where a change breaks something or its lineage is not known, or a conflict
with a hand edit; 2 wrong usage or a broken input, nothing written; 3 a question back.")]
pub(super) struct Args {
    /// One source of pipewright.yml; all if none.
    source: Option<String>,
    /// End with 1 where a change breaks something, or may.
    #[arg(long)]
    exit_code: bool,
    /// Make the branch that follows: contracts, ingestion, DDL, models, tests.
    #[arg(long)]
    fix: bool,
    /// Answer a question by one of its candidates or its number. Repeatable.
    #[arg(long = "answer", value_name = "KEY=VALUE", value_parser = answer)]
    answers: Vec<(String, String)>,
    /// Read the catalog only, no rows: nothing is said of values.
    #[arg(long)]
    no_profile: bool,
    /// Make a DAG that looks for drift at these times, five cron fields; sources are not read now.
    #[arg(long, value_name = "CRON", conflicts_with_all = ["source", "fix", "answers", "exit_code", "no_profile"])]
    dag: Option<String>,
    #[command(flatten)]
    agents: super::agents::Args,
}

pub(super) fn run(args: &Args, dir: &Path, ui: &Ui) -> Outcome<u8> {
    let mut progress = Progress::new(ui);
    let mut at = |current: &str| {
        progress.hear(&Event::At { step: "discover".into(), done: 0, total: None, current: current.to_owned() });
    };
    let options = Options {
        dir: dir.to_owned(),
        source: args.source.clone(),
        no_profile: args.no_profile,
        fix: args.fix,
        dag: args.dag.clone(),
        answers: by_key(&args.answers)?,
        programs: args.agents.programs(),
    };
    let report = drift(&options, &mut at)?;
    drop(progress);
    ui.document(&report);
    ui.diagnostics(&report.findings);
    match (&args.dag, &report.proposed) {
        (Some(_), Some(done)) => ui.say(format_args!("Proposed the DAG pipewright_drift on {}.", done.branch)),
        (Some(_), None) => ui.say("Nothing to change: the DAG pipewright_drift is as asked."),
        (None, _) => say(&report, args.fix, ui),
    }
    let conflict = report.findings.iter().any(|f| f.severity == Severity::Error);
    Ok(match report.status {
        "question" => 3,
        _ if conflict => 1,
        _ if args.exit_code => u8::from(report.changes.iter().any(|d| d.impact.is_breaking())),
        _ => 0,
    })
}

/// Most ways that are shown of a change; `--json` has all.
const WAYS: usize = 4;

fn say(report: &Report, fix: bool, ui: &Ui) {
    let summary = &report.summary;
    if report.changes.is_empty() {
        ui.say(format_args!("No drift: {} tables are as their contracts say.", summary.tables));
        return;
    }
    for drifted in &report.changes {
        change(drifted, ui);
    }
    let untouched: Vec<String> = summary
        .untouched
        .iter()
        .filter(|(_, n)| **n > 0)
        .map(|(kind, n)| counted(*n, kind.trim_end_matches('s')))
        .collect();
    ui.say(format_args!(
        "\n{} in {} tables, {} breaking. Untouched: {}.",
        counted(summary.changes, "change"),
        summary.tables,
        summary.breaking,
        if untouched.is_empty() { "nothing".to_owned() } else { untouched.join(", ") }
    ));
    match &report.proposed {
        Some(done) => {
            ui.say(format_args!(
                "Followed on {}: {}. Change {}.",
                done.branch,
                counted(done.files.len(), "file"),
                done.change
            ));
            ui.say("Next: `pipewright diff` shows it, `pipewright run` builds it, `pipewright rollback` undoes it.");
        }
        None if report.questions.is_empty() && !fix => {
            ui.say("Next: `pipewright drift --fix` makes the branch that follows.")
        }
        None if report.questions.is_empty() => ui.say("Nothing to change: the branch follows already."),
        None => {
            for question in &report.questions {
                ui.print(format_args!("\n{}", shown(question, "")));
            }
            let key = report.questions.first().map_or("KEY", |q| q.key.as_str());
            ui.say(format_args!("\nNothing was written. Answer with `drift --fix --answer {key}=NUMBER`."));
        }
    }
}

fn change(drifted: &Drifted, ui: &Ui) {
    let (change, impact) = (&drifted.change, &drifted.impact);
    let mark = match (impact.is_breaking(), impact.shifts.is_empty(), change.class) {
        (true, ..) => '!',
        (false, false, _) => '~',
        (false, true, Class::TableRemoved | Class::ColumnRemoved) => '-',
        (false, true, _) => '+',
    };
    let score = change.score.map_or(String::new(), |s| format!(", {s} %"));
    ui.say(format_args!("{mark} {}  ({}{score})", change.said(), change.class.label()));
    if !change.evidence.is_empty() {
        ui.say(format_args!("    because {}", change.evidence.join("; ")));
    }
    for candidate in &change.candidates {
        let (names, why) = (candidate.names.join(", "), candidate.evidence.join("; "));
        ui.say(format_args!("    perhaps {names}: {} %, {why}", candidate.score));
    }
    ways(impact, ui);
}

fn ways(impact: &Impact, ui: &Ui) {
    let lists = [
        ("breaks", &impact.breaks),
        ("shifts", &impact.shifts),
        ("gains", &impact.gains),
        ("unknown", &impact.unknown),
    ];
    for (word, all) in lists.into_iter().filter(|(_, all)| !all.is_empty()) {
        // The ways to models say most; of the rest, how many.
        let telling: Vec<&Effect> = all.iter().filter(|e| e.kind != "test" && e.kind != "dag").collect();
        let shown = if telling.is_empty() { all.iter().collect() } else { telling };
        for effect in shown.iter().take(WAYS) {
            ui.say(format_args!("    {word:8} {}", effect.path.join(" → ")));
        }
        let more = all.len() - shown.len().min(WAYS);
        if more > 0 {
            let kinds = ["model", "snapshot", "test", "dag", "load", "exposure"].into_iter().filter_map(|kind| {
                let n = all.iter().filter(|e| e.kind == kind).count();
                (n > 0).then(|| counted(n, kind))
            });
            ui.say(format_args!("    {word:8} {} in all", kinds.collect::<Vec<_>>().join(", ")));
        }
    }
}
