//! Where it runs in production.

use crate::vocabulary::{Diagnostic, Dialect, Name};
use crate::workspace::{Connection, Platform};

use super::Assembly;
use crate::requirement::Question;
use crate::requirement::piece::{Kind, Piece};
use crate::requirement::scan::Scan;
use crate::spec::{Spec, Trace};

/// Where a spec runs that the rules have not written, told from the words of its requirement.
#[derive(Debug, Default)]
pub(in crate::requirement) struct Whereabouts {
    /// Connections that `pipewright.yml` lacks.
    pub(in crate::requirement) platform: Vec<Platform>,
    /// Words that name where it runs.
    pub(in crate::requirement) trace: Vec<Trace>,
    /// What is to be looked at, where `pipewright.yml` says otherwise.
    pub(in crate::requirement) findings: Vec<Diagnostic>,
}

/// Reads where it runs.
pub(in crate::requirement) fn whereabouts<'a>(scan: &Scan<'a>, pieces: &[Piece<'a>], spec: &Spec) -> Whereabouts {
    let mut assembly = Assembly::new(scan, pieces);
    let contracts = scan.ground.contracts;
    assembly.touched = spec.ingest.iter().filter_map(|i| Some(contracts.get_key_value(&i.table)?.0)).collect();
    let platform = assembly.platform();
    let words = |i: usize| scan.words(&pieces[i].tokens).to_owned();
    let row = |(i, became): (usize, Vec<String>)| Trace { words: words(i), became, answers: Vec::new() };
    let mut findings = assembly.findings;
    findings.extend(assembly.questions.iter().map(|q| Diagnostic::warning("platform", q.about.clone())));
    Whereabouts { platform, trace: assembly.became.into_iter().map(row).collect(), findings }
}

impl Assembly<'_, '_> {
    /// Connections that the words name and `pipewright.yml` lacks; a question where it says otherwise.
    pub(super) fn platform(&mut self) -> Vec<Platform> {
        let mut out: Vec<Platform> = Vec::new();
        let mut stand_ins: Vec<String> = Vec::new();
        for (i, piece) in self.pieces.iter().enumerate() {
            let Kind::Platform { source, dialect } = piece.kind else { continue };
            let words = self.scan.words(&piece.tokens).to_owned();
            let names: Vec<Option<Name>> =
                if source { self.sources().into_iter().map(Some).collect() } else { vec![None] };
            for name in names {
                self.place(i, name, dialect, &words, &mut out, &mut stand_ins);
            }
        }
        if !stand_ins.is_empty() {
            let finding = Diagnostic::warning("stand-in", format!("in dev, {}", stand_ins.join(" and ")))
                .why("the databases that the requirement names are those of prod")
                .next("set the environment variables that pipewright.yml names before it runs in prod");
            self.findings.push(finding);
        }
        out
    }

    /// The sources of the tables that are read.
    fn sources(&self) -> Vec<Name> {
        let mut out: Vec<Name> = self.touched.iter().map(|t| t.source.clone()).collect();
        out.sort();
        out.dedup();
        out
    }

    fn place(
        &mut self,
        piece: usize,
        source: Option<Name>,
        dialect: Dialect,
        words: &str,
        out: &mut Vec<Platform>,
        stand_ins: &mut Vec<String>,
    ) {
        let config = self.scan.ground.config;
        let (environments, path) = match &source {
            Some(name) => (config.sources.get(name), format!("sources.{name}")),
            None => (Some(&config.targets), "targets".to_owned()),
        };
        let Some(environments) = environments else { return };
        let prod = environments.prod.as_ref().map(Connection::dialect);
        if prod == Some(dialect) || (prod.is_none() && environments.dev.dialect() == dialect) {
            let environment = if prod == Some(dialect) { "prod" } else { "dev" };
            self.note(piece, format!("{path}.{environment}"));
            if environment == "prod" && environments.dev.dialect() != dialect {
                stand_ins.push(format!("{} stands in for {}", environments.dev.dialect().label(), dialect.label()));
            }
            return;
        }
        if let Some(prod) = prod {
            // Who wants the other one changes pipewright.yml, which is people's.
            let about = format!("`{words}`: pipewright.yml says that {path} is {} in prod.", prod.label());
            let to = if source.is_some() { "from {}" } else { "to {}" };
            self.ask_that(Question::new(about).key(format!("{path}.prod")).saying(to).or(prod.label()).or_without());
            return;
        }
        let variable = |name: &str| format!("{}_{}_URL", name.to_uppercase(), dialect.as_str().to_uppercase());
        let connection = match (&source, dialect) {
            (Some(name), Dialect::MySql) => Connection::mysql(variable(name.as_str())),
            (Some(name), Dialect::Postgres) => Connection::postgres(variable(name.as_str())),
            (None, Dialect::Postgres) => Connection::postgres(variable("target")),
            (None, Dialect::Snowflake) => Connection::Snowflake { credentials_env: "SNOWFLAKE".into() },
            _ => {
                let role = if source.is_some() { "a source" } else { "a target" };
                let candidates: &[&str] =
                    if source.is_some() { &["MySQL", "PostgreSQL"] } else { &["Snowflake", "PostgreSQL"] };
                let about = format!("`{words}`: {} can't be {role} in prod. Which database is it?", dialect.label());
                let to = if source.is_some() { "from {}" } else { "to {}" };
                self.ask_that(Question::new(about).saying(to).or_any(candidates.iter().map(|c| (*c).to_owned())));
                return;
            }
        };
        stand_ins.push(format!("{} stands in for {}", environments.dev.dialect().label(), dialect.label()));
        self.note(piece, format!("{path}.prod"));
        let platform = Platform { source, prod: connection };
        if !out.contains(&platform) {
            out.push(platform);
        }
    }
}
