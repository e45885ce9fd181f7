//! `pipewright schema`

use super::report::Ui;
use crate::agents::own::{OwnAnswer, OwnTask};
use crate::proposal::schema;
use crate::verbs::check::Checked;
use crate::verbs::plan::Plans;
use crate::vocabulary::Outcome;

/// Print the JSON Schema of a document, for editors and for programs that propose.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  pipewright schema spec > .vscode/pipewright-spec.json
  pipewright schema proposal | my-agent --answer-with-schema -")]
pub(super) struct Args {
    /// Which document.
    of: Document,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Document {
    /// What `propose --from` reads.
    Proposal,
    /// A pipeline spec, `pipelines/<name>.yml`.
    Spec,
    /// The configuration, `pipewright.yml`.
    Config,
    /// What `plan --json` says.
    Plan,
    /// What `check --json` says.
    Check,
    /// What an agent of one's own is told.
    Task,
    /// What an agent of one's own answers.
    Answer,
}

pub(super) fn run(args: &Args, ui: &Ui) -> Outcome<u8> {
    let schema = match args.of {
        Document::Proposal => schema::proposal(),
        Document::Spec => schema::spec(),
        Document::Config => schema::config(),
        Document::Plan => schema::of::<Plans>(),
        Document::Check => schema::of_answer::<Checked>(),
        Document::Task => schema::of::<OwnTask>(),
        Document::Answer => schema::of::<OwnAnswer>(),
    };
    ui.document(&schema);
    ui.print(format_args!("{schema:#}\n"));
    Ok(0)
}
