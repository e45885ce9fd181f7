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
  pipewright init --name analytics --source crm=postgres:CRM_URL --source shop=mysql:SHOP_URL   names of variables
  pipewright init --source 'vendors=files:feeds/{vendor}/{date}/*.csv' --source 'exports=s3://bucket/exports/'
  pipewright init --source 'billing=rest:https://api.example.com#openapi=openapi.yml&bearer=BILLING_TOKEN'")]
pub(super) struct Args {
    /// A source, NAME=URL; may be given more than once. URLs: sqlite:FILE, postgres:VARIABLE, mysql:VARIABLE, duckdb:FILE,
    /// files:PATH (folders and patterns of CSV, JSON, Parquet, Excel), s3://BUCKET/PATH, rest:ADDRESS, graphql:ADDRESS,
    /// dbt:ADAPTER. Addresses of databases come from environment variables.
    #[arg(long, value_name = "NAME=URL", required = true)]
    source: Vec<String>,
    /// Where models are built in dev: duckdb, postgres:VARIABLE, snowflake:PREFIX.
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
