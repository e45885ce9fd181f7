//! `pipewright init`

use std::path::Path;

use super::report::Ui;
use crate::verbs::init::{InitOptions, init};
use crate::vocabulary::{Diagnostic, Outcome};

/// Make this folder a workspace: write pipewright.yml.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  pipewright init --source shop=sqlite:shop.sqlite --target duckdb
  pipewright init --name analytics --source crm=sqlite:data/crm.db --source shop=sqlite:shop.db")]
pub(super) struct Args {
    /// A source, NAME=URL; may be given more than once. URLs: sqlite:PATH.
    #[arg(long, value_name = "NAME=URL", required = true)]
    source: Vec<String>,
    /// Where models are built in dev: duckdb.
    #[arg(long, value_name = "KIND", default_value = "duckdb")]
    target: String,
    /// Name of the workspace; that of the folder if not given.
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
}

pub(super) fn run(args: &Args, dir: &Path, ui: &Ui) -> Outcome<u8> {
    let source = |text: &String| match text.split_once('=') {
        Some((name, url)) => Ok((name.to_owned(), url.to_owned())),
        None => Err(Diagnostic::error("source-url", format!("`{}` is not NAME=URL", text.escape_debug()))
            .next("for example `--source shop=sqlite:shop.sqlite`")
            .fault()),
    };
    let sources = args.source.iter().map(source).collect::<Outcome<Vec<_>>>()?;
    let done = init(&InitOptions {
        dir: dir.to_owned(),
        sources,
        target: Some(args.target.clone()),
        name: args.name.clone(),
    })?;
    ui.document(&done);
    ui.say(format_args!("The workspace `{}` is ready: {}", done.name, done.files.join(", ")));
    ui.say(format_args!("Next: `{}`", done.next));
    Ok(0)
}
