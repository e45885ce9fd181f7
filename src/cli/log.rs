//! `pipewright log`

use std::path::Path;

use super::report::Ui;
use crate::verbs::log::{log, messages};
use crate::vocabulary::Outcome;
use crate::workspace::EventKind;

/// Show changes, runs and rollbacks: who, what, when, and what came of it.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  pipewright log
  pipewright log -n 5 --json
  pipewright log --messages --change 4k2m9x0qf7ab")]
pub(super) struct Args {
    /// Show at most so many, the newest first.
    #[arg(short = 'n', long, value_name = "N", default_value_t = 50)]
    number: usize,
    /// Show what agents asked, proposed and decided, instead of what was done.
    #[arg(long)]
    messages: bool,
    /// Show the messages of this change only.
    #[arg(long, value_name = "ID", requires = "messages")]
    change: Option<String>,
}

pub(super) fn run(args: &Args, dir: &Path, ui: &Ui) -> Outcome<u8> {
    if args.messages {
        return said(args, dir, ui);
    }
    let mut log = log(dir)?;
    let all = log.entries.len();
    log.entries.truncate(args.number);
    ui.document(&log);
    ui.diagnostics(&log.findings);
    if all == 0 {
        ui.say("Nothing was done here yet.");
    }
    for entry in &log.entries {
        let id = entry.change.as_deref().or(entry.run.as_deref()).unwrap_or("");
        let kind = match entry.event {
            EventKind::Discovered => "discover",
            EventKind::Proposed => "propose",
            EventKind::Question => "question",
            EventKind::RunStarted | EventKind::RunEnded => "run",
            EventKind::RolledBack => "rollback",
        };
        let at = entry.at.strftime("%Y-%m-%d %H:%M");
        let who = short(&entry.by);
        ui.print(format_args!("{at}  {kind:9} {:12} {id:24} {who}: {}\n", entry.result, entry.what));
    }
    more(all, log.entries.len(), ui);
    Ok(0)
}

/// What agents said to each other.
fn said(args: &Args, dir: &Path, ui: &Ui) -> Outcome<u8> {
    let mut talks = messages(dir, args.change.as_deref())?;
    let all = talks.conversations.len();
    talks.conversations.truncate(args.number);
    ui.document(&talks);
    ui.diagnostics(&talks.findings);
    if all == 0 {
        ui.say("No agent has said anything here yet.");
    }
    for talk in &talks.conversations {
        ui.print(format_args!("{}  {}: {}\n", talk.at.strftime("%Y-%m-%d %H:%M"), talk.result, talk.what));
        for message in &talk.messages {
            let number = |id: &str| id.rsplit('/').next().unwrap_or(id).to_owned();
            let to = message.answers.as_deref().map(|id| format!(" (to {})", number(id))).unwrap_or_default();
            let artifacts: Vec<String> = message.artifacts.iter().map(|(kind, n)| format!("{n} {kind}")).collect();
            let parts = [message.task.clone().unwrap_or_default(), artifacts.join(", "), message.text.clone()];
            let about = parts.into_iter().filter(|p| !p.is_empty()).collect::<Vec<_>>().join(": ");
            let who = format!("{} → {}", short(&message.from), short(&message.to));
            let place = format!("{}{to}", number(&message.id));
            ui.print(format_args!("  {place:10} {who:32} {:9} {about}\n", message.result));
        }
    }
    more(all, talks.conversations.len(), ui);
    Ok(0)
}

/// Says how many are not shown.
fn more(all: usize, shown: usize, ui: &Ui) {
    if all > shown {
        ui.say(format_args!("… and {} more (`-n {all}`).", all - shown));
    }
}

/// A person without the address.
fn short(who: &str) -> &str {
    who.split(" <").next().unwrap_or(who)
}
