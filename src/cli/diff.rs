//! `pipewright diff`

use std::path::Path;

use super::report::Ui;
use crate::verbs::diff::{Options, diff};
use crate::vocabulary::Outcome;

/// Show what a change changes: a summary by artifact, then the text.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  pipewright diff                    what the last change did
  pipewright diff --against main     all that this branch did
  pipewright diff --edits            hand edits in generated files
  pipewright diff --summary")]
pub(super) struct Args {
    /// Compare with this revision, from where both parted.
    #[arg(long, value_name = "REV")]
    against: Option<String>,
    /// Show what people edited in generated files, put beside them, deleted and moved.
    #[arg(long)]
    edits: bool,
    /// Only the summary by artifact.
    #[arg(long)]
    summary: bool,
    /// Lines shown around a difference.
    #[arg(long, short = 'U', value_name = "LINES", default_value_t = 3)]
    context: usize,
}

pub(super) fn run(args: &Args, dir: &Path, ui: &Ui) -> Outcome<u8> {
    let options =
        Options { dir: dir.to_owned(), against: args.against.clone(), edits: args.edits, context: args.context };
    let found = diff(&options)?;
    ui.document(&found);
    ui.diagnostics(&found.summary.unknown);
    if found.files.is_empty() {
        ui.say("Nothing differs.");
        return Ok(0);
    }
    ui.print(&found.summary);
    for file in found.files.iter().filter(|_| !args.summary) {
        ui.print("\n");
        for line in file.text.split_inclusive('\n') {
            ui.print(coloured(line));
        }
    }
    Ok(0)
}

/// Added lines green, removed ones red; the stream drops colour where it is no terminal.
pub(super) fn coloured(line: &str) -> String {
    let colour = match line.as_bytes().first() {
        Some(b'+') => "32",
        Some(b'-') => "31",
        Some(b'@') => "36",
        _ => return line.to_owned(),
    };
    let (body, end) = line.strip_suffix('\n').map_or((line, ""), |body| (body, "\n"));
    format!("\u{1b}[{colour}m{body}\u{1b}[0m{end}")
}
