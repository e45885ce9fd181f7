//! `pipewright check`

mod github;
mod gitlab;
mod junit;
mod markdown;
mod sarif;
#[cfg(test)]
mod tests;
mod text;
mod watch;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Duration;

use clap::ValueEnum;
use serde_json::Value;

use super::report::Ui;
use crate::document;
use crate::verbs::check::{Asked, Checked, Desk, Fixed, fingerprint, fix};
use crate::vocabulary::{Diagnostic, Dialect, Fault, Outcome, Place, Severity};
use crate::world::files;

/// Check a workspace, or any folder with a dbt project or Airflow DAGs, without a warehouse and without dbt: what is broken,
/// what is wrong in the data, and what a change breaks for whoever reads it.
///
/// It exits 1 on errors, on breaking changes that nobody approved, on what can't be read; 2 where it was asked for
/// nothing.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  pipewright check                                 the workspace or dbt project here, against the main branch
  pipewright check -C analytics models/marts       findings of one folder of a dbt project
  pipewright check --against origin/main --changed --format github
  pipewright check --fix --dry-run                 what would be mended
  pipewright check --write-baseline                from now on only what is new
  pipewright check --format sarif --output check.sarif

Configured by `check:` in pipewright.yml; `-- pipewright: ignore CODE reason` leaves one finding alone. See docs/check.md.")]
pub(super) struct Args {
    /// Files and folders that findings are told of; the whole project is read all the same.
    #[arg(value_name = "PATH")]
    paths: Vec<String>,
    /// Compare with where REV and this branch parted; the main branch if not given, `none` for no comparison.
    #[arg(long, value_name = "REV")]
    against: Option<String>,
    /// Tell only what is found in files changed since then, and in what they reach.
    #[arg(long)]
    changed: bool,
    /// Tell only what is found in these models: names, `tag:NAME`, `path:FOLDER`, with `+` before or behind.
    #[arg(long, value_name = "MODEL", num_args = 1..)]
    select: Vec<String>,
    /// Take what dbt compiled from this manifest.json.
    #[arg(long, value_name = "PATH")]
    manifest: Option<PathBuf>,
    /// The target of dbt's profile.
    #[arg(long)]
    target: Option<String>,
    /// What models are written for, where no profile says so.
    #[arg(long, value_parser = dialect)]
    dialect: Option<Dialect>,
    /// Values of dbt's variables, as YAML or JSON.
    #[arg(long, value_name = "YAML")]
    vars: Option<String>,
    /// How the report is written.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// Write the report to this file.
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Show so many findings in text, 0 for all.
    #[arg(long, value_name = "N", default_value_t = 50)]
    limit: usize,
    /// Mend what can safely be mended.
    #[arg(long)]
    fix: bool,
    /// With `--fix`: show what it would do, and write nothing.
    #[arg(long, requires = "fix")]
    dry_run: bool,
    /// The file of old findings that are not told again.
    #[arg(long, value_name = "FILE")]
    baseline: Option<String>,
    /// Write all that is found to the baseline.
    #[arg(long, conflicts_with = "fix")]
    write_baseline: bool,
    /// Look again whenever a file changes.
    #[arg(long, conflicts_with_all = ["fix", "write_baseline", "output"])]
    watch: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people.
    Text,
    /// Everything; `pipewright schema check` says how.
    Json,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    /// Annotations of GitHub Actions.
    Github,
    /// A code quality report of GitLab.
    Gitlab,
    /// JUnit.
    Junit,
    /// One comment for a pull request.
    Markdown,
}

fn dialect(text: &str) -> Result<Dialect, String> {
    let known = serde_json::from_value(Value::String(text.to_lowercase()));
    known.map_err(|_| "one of duckdb, snowflake, postgres, bigquery, redshift, databricks, mysql, sqlite".into())
}

pub(super) fn run(args: &Args, dir: &Path, ui: &Ui) -> Outcome<u8> {
    let asked = asked(args, dir)?;
    let format = if ui.json && args.format == Format::Text { Format::Json } else { args.format };
    if args.watch {
        if format != Format::Text {
            return Err(usage("--watch", "`--watch` is for people: `--format text`"));
        }
        return watch::watch(&asked, args.limit, ui);
    }
    let told = Told::after_a_second(ui);
    let mut desk = Desk::open(&asked)?;
    if args.write_baseline {
        let (path, count) = desk.write_baseline()?;
        anstream::eprintln!("{count} findings are in {path} now.");
    }
    let checked = if args.fix { fixed(fix(&mut desk, args.dry_run)?, args.dry_run, ui) } else { desk.look()? };
    drop(told);
    let exit = u8::from(checked.status == "findings");
    show(args, format, &checked, exit, ui)?;
    // The process ends here: all that was read need not be freed piece by piece.
    std::mem::forget((desk, checked));
    Ok(exit)
}

/// What takes long says so; it is quiet when this is dropped.
struct Told {
    _done: mpsc::Sender<()>,
}

impl Told {
    fn after_a_second(ui: &Ui) -> Told {
        let (done, wait) = mpsc::channel::<()>();
        if !ui.quiet {
            std::thread::spawn(move || {
                if wait.recv_timeout(Duration::from_secs(1)) == Err(mpsc::RecvTimeoutError::Timeout) {
                    anstream::eprintln!("Reading and checking …");
                }
            });
        }
        Told { _done: done }
    }
}

fn asked(args: &Args, dir: &Path) -> Outcome<Asked> {
    let vars: BTreeMap<String, Value> = match &args.vars {
        Some(text) => document::parse("--vars", text)?,
        None => BTreeMap::new(),
    };
    Ok(Asked {
        dir: dir.to_owned(),
        paths: args.paths.clone(),
        against: args.against.clone(),
        changed: args.changed,
        select: args.select.clone(),
        manifest: args.manifest.clone(),
        target: args.target.clone(),
        dialect: args.dialect,
        vars,
        baseline: args.baseline.clone(),
    })
}

/// Says what was mended, and gives what is left.
fn fixed(fixed: Fixed, dry: bool, ui: &Ui) -> Checked {
    if dry && !ui.json {
        let diff: String = fixed.files.iter().map(|file| file.text.as_str()).collect();
        ui.print(diff);
    }
    let did = if dry { "would be applied to" } else { "applied to" };
    anstream::eprintln!("{} fixes {did} {} files.", fixed.applied, fixed.files.len());
    for file in &fixed.refused {
        anstream::eprintln!("{file} is as it was: with its fixes there would be more errors.");
    }
    fixed.checked
}

/// Writes the report, to a file or to standard output.
fn show(args: &Args, format: Format, checked: &Checked, exit: u8, ui: &Ui) -> Outcome<()> {
    let json = |value: &Value| format!("{value:#}\n");
    let text = match format {
        Format::Text => {
            let told = checked.findings.iter().filter(|f| !ui.quiet || f.severity == Severity::Error);
            let drawn = text::findings(&told.cloned().collect::<Vec<_>>(), args.limit);
            if args.output.is_none() {
                drawn.iter().for_each(|line| anstream::eprintln!("{line}"));
                ui.say(text::summary(checked).trim_end());
                return Ok(());
            }
            let drawn: String = drawn.iter().map(|d| format!("{}\n", anstream::adapter::strip_str(d))).collect();
            format!("{drawn}{}", text::summary(checked))
        }
        Format::Json => {
            let value = serde_json::to_value(checked);
            json(&value.map_err(|e| Diagnostic::error("unwritable", e.to_string()).fault())?)
        }
        Format::Sarif => json(&sarif::log(checked, exit)),
        Format::Github => github::annotations(checked),
        Format::Gitlab => json(&gitlab::report(checked)),
        Format::Junit => junit::report(checked),
        Format::Markdown => markdown::comment(checked),
    };
    match &args.output {
        Some(path) => {
            let whole = std::path::absolute(path).unwrap_or_else(|_| path.clone());
            let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
            files::write(whole.parent().unwrap_or(Path::new("/")), &name, &text)?;
            ui.say(text::summary(checked).trim_end());
        }
        None => {
            ui.result(&text);
            // What a program reads stands alone on standard output; people see the rest.
            if !ui.quiet {
                anstream::eprintln!("{}", text::counts(checked));
            }
        }
    }
    Ok(())
}

/// Findings with fingerprints that stay when they move; alike ones are numbered.
fn numbered<'a>(findings: impl IntoIterator<Item = &'a Diagnostic>) -> impl Iterator<Item = (&'a Diagnostic, String)> {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    findings.into_iter().map(move |finding| {
        let nth = seen.entry(fingerprint(finding, 0)).or_default();
        *nth += 1;
        (finding, fingerprint(finding, *nth - 1))
    })
}

/// What is wrong, why, and what to do, in one text.
fn message(finding: &Diagnostic) -> String {
    let mut out = finding.what.clone();
    for (label, more) in [("Why", &finding.why), ("Next", &finding.next)] {
        if let Some(more) = more {
            out.push_str(&format!("\n{label}: {more}"));
        }
    }
    out
}

/// The page of a rule.
fn page(code: &str) -> String {
    format!("docs/checks/{code}.md")
}

/// A place's file from the root of the repository.
fn path(checked: &Checked, place: &Place) -> String {
    format!("{}{}", checked.folder, place.file)
}

fn usage(of: &str, what: &str) -> Fault {
    Diagnostic::error("usage", what).at(Place::file(of)).fault()
}
