//! `pipewright propose`

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::ask::{ask, is_somebody_there, shown};
use super::reading;
use super::report::Ui;
use super::table::table;
use crate::verbs::propose::{Answer, Input, Options, Proposed, propose};
use crate::verbs::rows::{Became, TraceRow};
use crate::vocabulary::{Diagnostic, Outcome};

/// Turn a requirement, or proposals from outside, into a change on a branch.
///
/// Leaves the work tree on the branch `pipewright/<name>`, with one commit. A requirement that could mean two things
/// comes back as a question (exit code 3), and nothing is written.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  pipewright propose \"Every weekday at 06:30 refresh a table of orders per currency\"
  pipewright propose --from proposals.json
  pipewright propose --from models/daily_sales.sql --from models/daily_sales.yml
  my-agent | pipewright propose --from -")]
pub(super) struct Args {
    /// What is wanted, in plain English.
    #[arg(required_unless_present = "from")]
    requirement: Option<String>,
    /// Read what is proposed from files or folders, or from standard input with `-`: proposals, a pipeline spec, a contract,
    /// as JSON or YAML (see `pipewright schema proposal`), or dbt's own SQL with its YAML. Repeatable.
    #[arg(long, value_name = "FILE", conflicts_with = "requirement", num_args = 1..)]
    from: Vec<PathBuf>,
    /// The day that the requirement is read on, YYYY-MM-DD.
    #[arg(long, value_name = "DATE")]
    as_of: Option<String>,
    /// Answer a question that the requirement leaves open, by one of its candidates or its number. Repeatable.
    #[arg(long = "answer", value_name = "KEY=VALUE", value_parser = answer, conflicts_with = "from")]
    answers: Vec<(String, String)>,
    #[command(flatten)]
    agents: super::agents::Args,
    #[command(flatten)]
    reading: reading::Args,
}

/// `KEY=VALUE`.
pub(super) fn answer(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.trim().is_empty() && !value.trim().is_empty() => {
            Ok((key.trim().to_owned(), value.trim().to_owned()))
        }
        _ => Err("write it as KEY=VALUE, as the question says".into()),
    }
}

/// Answers by their keys, each once.
pub(super) fn by_key(given: &[(String, String)]) -> Outcome<BTreeMap<String, String>> {
    let mut answers = BTreeMap::new();
    for (key, value) in given {
        if answers.insert(key.clone(), value.clone()).is_some_and(|had| had != *value) {
            let what = format!("`{key}` is answered twice, and differently");
            return Err(Diagnostic::error("usage", what).next("give one --answer for each question").fault());
        }
    }
    Ok(answers)
}

pub(super) fn run(args: &Args, dir: &Path, ui: &Ui) -> Outcome<u8> {
    let input = match (&args.requirement, args.from.as_slice()) {
        (Some(text), _) if text == "-" => super::handed::read(&[PathBuf::from("-")])?,
        (Some(text), _) => Input::Requirement(text.clone()),
        (None, from) => super::handed::read(from)?,
    };
    let answers = by_key(&args.answers)?;
    let (as_of, programs) = (args.as_of.clone(), args.agents.programs());
    let requirement = match &input {
        Input::Requirement(text) => text.clone(),
        Input::Outside(_) => String::new(),
    };
    let mut options = Options { dir: dir.to_owned(), input, as_of, answers, programs, reading: args.reading.reading() };
    let mut answer = propose(&options)?;
    let asks = is_somebody_there(ui);
    while let Answer::Question { questions, .. } = &answer
        && let Some(question) = questions.first().filter(|_| asks)
    {
        let said = ask(question, &requirement, &mut std::io::stdin().lock(), &mut std::io::stderr());
        let Some(said) = said.map_err(|e| Diagnostic::error("unreadable", format!("the answer can't be read: {e}")))?
        else {
            break;
        };
        options.answers.insert(question.key.clone(), said);
        answer = propose(&options)?;
    }
    ui.document(&answer);
    Ok(match &answer {
        Answer::Question { questions, model, .. } => {
            reading::used(model.as_ref(), ui);
            if asks {
                ui.say("Nothing was written.");
                return Ok(3);
            }
            for question in questions {
                ui.print(shown(question, &requirement));
            }
            let key = questions.first().map_or("KEY", |q| q.key.as_str());
            ui.say(format_args!(
                "\nNothing was written. Answer with `--answer {key}=NUMBER`, or say it in other words."
            ));
            3
        }
        Answer::Proposed(change) => {
            ui.diagnostics(&change.findings);
            say(change, ui);
            0
        }
        Answer::Unchanged(change) => {
            ui.diagnostics(&change.findings);
            ui.say(format_args!("Nothing to change: {} is as the requirement asks already.", change.pipeline));
            0
        }
    })
}

/// Words, where they went, what proves it.
fn row(row: &TraceRow) -> Vec<String> {
    let some = |all: &[String]| {
        let mut shown = all[..all.len().min(PATHS)].join(", ");
        if all.len() > PATHS {
            shown.push_str(&format!(" and {} more", all.len() - PATHS));
        }
        shown
    };
    let mut went = match row.outcome {
        Became::Spec => some(&row.became),
        Became::LeftOut => "left out".to_owned(),
        Became::NotUnderstood => "NOT UNDERSTOOD".to_owned(),
        Became::Question | Became::Waiting => row.questions.join(", "),
    };
    for answer in &row.answers {
        went.push_str(&format!(" (answered: {} = {})", answer.key, answer.value));
    }
    vec![row.words.clone(), went, some(&row.proved_by)]
}

/// Most paths of a row that are named; `--json` names all.
const PATHS: usize = 3;

/// Widest columns of the table.
const WIDTHS: [usize; 3] = [36, 44, 34];

/// Most deliverables that are named; `--json` names all.
const SHOWN: usize = 8;

fn say(change: &Proposed, ui: &Ui) {
    let mut delivered: Vec<String> =
        change.deliverables.iter().take(SHOWN).map(|d| format!("{}.{}", d.schema, d.model)).collect();
    if change.deliverables.len() > SHOWN {
        delivered.push(format!("{} more", change.deliverables.len() - SHOWN));
    }
    ui.say(format_args!("Proposed {} on branch {}", delivered.join(", "), change.branch));
    if !change.trace.is_empty() {
        ui.say("");
        let mut rows = vec![["words", "where they went", "what proves it"].map(str::to_owned).to_vec()];
        rows.extend(change.trace.iter().map(row));
        for line in table(&rows, &WIDTHS) {
            ui.say(format_args!("  {line}"));
        }
        ui.say("");
    }
    for assumed in &change.assumed {
        ui.say(format_args!("  assumed: {} ({})", assumed.field, assumed.because));
    }
    reading::used(change.model.as_ref(), ui);
    ui.say(format_args!("\n{} Change {}.\n", change.summary, change.change));
    ui.say("Next: `pipewright diff` shows it, `pipewright run` builds it, `pipewright rollback` undoes it.");
}
