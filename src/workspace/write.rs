//! `pipewright.yml` as it is written.

use std::fmt::Write as _;

use super::{Airflow, Config, Connection, Defaults, Environments, Granularity, Runtime};
use crate::document::{flow_scalar, scalar};
use crate::vocabulary::Act;

impl Config {
    /// The text of `pipewright.yml`. What says nothing but the defaults is left out, but for the policies.
    pub fn write(&self) -> String {
        let mut out = format!("version: {}\nname: {}\n", self.version, scalar(self.name.as_str()));
        if !self.sources.is_empty() {
            out.push_str("sources:\n");
        }
        for (name, environments) in &self.sources {
            let _ = writeln!(out, "  {}:", scalar(name.as_str()));
            write_environments(&mut out, environments, "    ");
        }
        out.push_str("targets:\n");
        write_environments(&mut out, &self.targets, "  ");
        if self.defaults != Defaults::default() {
            let Defaults { owner, timezone, country_calling_code } = &self.defaults;
            out.push_str("defaults:\n");
            for (key, value) in
                [("owner", owner), ("timezone", timezone), ("country_calling_code", country_calling_code)]
            {
                let _ = writeln!(out, "  {key}: {}", scalar(value));
            }
        }
        if self.airflow != Airflow::default() {
            let granularity = match self.airflow.granularity {
                Granularity::Layer => "layer",
                Granularity::Model => "model",
                Granularity::Pipeline => "pipeline",
            };
            let hook = scalar(&self.airflow.slack_webhook_env);
            let _ = writeln!(out, "airflow:\n  granularity: {granularity}\n  slack_webhook_env: {hook}");
        }
        if self.runtime != Runtime::default() {
            let Runtime { dbt, python, airflow } = &self.runtime;
            out.push_str("runtime:\n");
            for (key, value) in [("dbt", dbt), ("python", python), ("airflow", airflow)] {
                if let Some(value) = value {
                    let _ = writeln!(out, "  {key}: {}", scalar(value));
                }
            }
        }
        let acts: Vec<&str> = self
            .policies
            .require_approval
            .iter()
            .map(|act| match act {
                Act::Drop => "drop",
                Act::Narrow => "narrow",
                Act::Unmask => "unmask",
            })
            .collect();
        let _ = writeln!(out, "policies:\n  require_approval: [{}]", acts.join(", "));
        out
    }
}

fn write_environments(out: &mut String, environments: &Environments, indent: &str) {
    let named = [("dev", Some(&environments.dev)), ("prod", environments.prod.as_ref())];
    for (name, connection) in named.into_iter().filter_map(|(n, c)| Some((n, c?))) {
        let (key, value) = match connection {
            Connection::Sqlite { path } | Connection::DuckDb { path } => ("path", path),
            Connection::Postgres { url_env } | Connection::MySql { url_env } => ("url_env", url_env),
            Connection::Snowflake { credentials_env } => ("credentials_env", credentials_env),
        };
        let _ = writeln!(out, "{indent}{name}: {{kind: {}, {key}: {}}}", connection.dialect(), flow_scalar(value));
    }
}
