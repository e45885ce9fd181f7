//! `pipewright plan`

use std::fmt::Write;
use std::path::Path;

use super::report::Ui;
use crate::plan::{Standing, Verdict};
use crate::publish::Nodes;
use crate::verbs::plan::{Answer, Of, Planned, RULES, Step, plan};
use crate::vocabulary::{Name, Outcome};

/// Show which agent would do what, in what order, with what it needs and gives, and the gates. Nothing is written.
///
/// Of a requirement: what `propose` would do. Of a pipeline: what it is made by, with the gates between it and the main
/// branch. Without either: every pipeline.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  pipewright plan \"daily sales per country, without cancelled orders\"
  pipewright plan --pipeline daily_sales --mermaid
  pipewright plan --json")]
pub(super) struct Args {
    /// What is wanted, in plain English.
    requirement: Option<String>,
    /// Plan a pipeline that stands.
    #[arg(long, value_name = "NAME", conflicts_with = "requirement")]
    pipeline: Option<Name>,
    /// Answer a question that the requirement leaves open, as `propose --answer` does. Repeatable.
    #[arg(long = "answer", value_name = "KEY=VALUE", value_parser = super::propose::answer, requires = "requirement")]
    answers: Vec<(String, String)>,
    /// Draw it as a Mermaid diagram.
    #[arg(long, conflicts_with = "json")]
    mermaid: bool,
}

pub(super) fn run(args: &Args, dir: &Path, ui: &Ui) -> Outcome<u8> {
    let of = match (&args.requirement, &args.pipeline) {
        (Some(text), _) => Of::Requirement(text.clone(), super::propose::by_key(&args.answers)?),
        (None, Some(name)) => Of::Pipeline(name.clone()),
        (None, None) => Of::All,
    };
    let answer = plan(dir, &of)?;
    ui.document(&answer);
    Ok(match &answer {
        Answer::Question { questions } => {
            questions.iter().for_each(|question| {
                ui.print(super::ask::shown(question, args.requirement.as_deref().unwrap_or_default()))
            });
            ui.say("\nThere is no plan before that is answered.");
            3
        }
        Answer::Planned(plans) => {
            ui.diagnostics(&plans.findings);
            for planned in &plans.plans {
                ui.print(if args.mermaid { mermaid(planned) } else { table(planned) });
            }
            match plans.waiting {
                0 => {}
                n => ui.say(format_args!("\n{n} approval{} missing: nothing is proposed before.", plural(n))),
            }
            u8::from(plans.is_stopped())
        }
    })
}

fn plural(n: usize) -> &'static str {
    if n == 1 { " is" } else { "s are" }
}

fn table(planned: &Planned) -> String {
    let mut out = format!("{}\n", planned.pipeline);
    let number = |task: &str| planned.steps.iter().position(|s| s.task == task).map_or(0, |i| i + 1);
    for (i, step) in planned.steps.iter().enumerate() {
        let after: Vec<String> = step.after.iter().map(|t| number(t).to_string()).collect();
        let after = if after.is_empty() { String::new() } else { format!("  after {}", after.join(", ")) };
        let _ = writeln!(out, "{:>3}. {:15} {}{after}", i + 1, step.role.as_str(), step.about);
        for part in &step.by {
            let _ = writeln!(out, "       {} from {}: {}", by(&part.agent), step.needs.join(", "), gives(&part.gives));
        }
        for gate in &step.gates {
            let _ = writeln!(out, "       {}", line(gate));
        }
    }
    out
}

fn by(agent: &str) -> String {
    if agent == RULES { "by rules".into() } else { format!("by the agent {agent}") }
}

fn gives(gives: &std::collections::BTreeMap<String, Option<usize>>) -> String {
    let part = |(kind, n): (&String, &Option<usize>)| match n {
        Some(n) => format!("{n} {kind}"),
        None => kind.clone(),
    };
    let all: Vec<String> = gives.iter().map(part).collect();
    if all.is_empty() { "nothing".into() } else { all.join(", ") }
}

fn line(gate: &Standing) -> String {
    let what = format!("{} {}", gate.act.as_str(), gate.of);
    match gate.verdict {
        Verdict::Approved => {
            format!("gate: {what}: approved by {} ({})", gate.by.as_deref().unwrap_or("nobody"), gate.why)
        }
        Verdict::Waits => format!("gate: {what}: waits for a named approval in the spec ({})", gate.why),
        Verdict::AtMerge => format!("gate: {what}: opens when a person merges the change ({})", gate.why),
        Verdict::Unknown => format!("gate: {what}: unknown ({})", gate.why),
    }
}

/// The plan as a flowchart: tasks, what comes after what, and gates before the tasks that they hold up.
fn mermaid(planned: &Planned) -> String {
    let mut nodes = Nodes::default();
    let mut out = String::from("flowchart LR\n");
    let label = |step: &Step| {
        let parts = step.by.iter().map(|p| format!("{}: {}", by(&p.agent), gives(&p.gives)));
        format!("{} {}", step.role.as_str(), parts.collect::<Vec<_>>().join("; "))
    };
    for step in &planned.steps {
        let node = nodes.id(&label(step));
        for before in planned.steps.iter().filter(|s| step.after.contains(&s.task)) {
            let _ = writeln!(out, "  {} --> {node}", nodes.id(&label(before)));
        }
        for gate in &step.gates {
            let shown = format!("{} {}: {}", gate.act.as_str(), gate.of, gate.verdict.as_str());
            let _ = writeln!(out, "  {} -.-> {node}", nodes.id(&shown));
        }
        if step.after.is_empty() && step.gates.is_empty() {
            let _ = writeln!(out, "  {node}");
        }
    }
    out
}
