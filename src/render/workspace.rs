//! `pipewright.yml`, and the configuration of linters that generated files keep to.

use serde_json::Value;

use super::Files;
use super::spec::document;
use crate::template;
use crate::vocabulary::{Diagnostic, Outcome, Place};
use crate::workspace::{Config, Platform};

/// Path of the workspace's configuration.
const CONFIG: &str = "pipewright.yml";

/// The configuration in `base` with production connections added, in canonical form.
///
/// # Errors
/// A text that is no configuration.
pub fn workspace_config(base: &str, platforms: &[Platform]) -> Outcome<String> {
    let config = serde_yaml::from_str(base).map_err(|e| {
        Diagnostic::error("broken-config", "pipewright.yml can't be read").at(Place::file(CONFIG)).why(e.to_string())
    })?;
    canonical(&with_platforms(config, platforms))
}

/// A configuration in canonical form.
///
/// # Errors
/// None that a configuration can cause.
pub fn canonical(config: &Config) -> Outcome<String> {
    let value: Value = serde_json::to_value(config)
        .map_err(|e| Diagnostic::error("render-yaml", format!("pipewright.yml can't be written: {e}")))?;
    Ok(document(&value, &["dev", "prod", "defaults", "airflow", "runtime", "model", "policies"], &[]))
}

/// `config` with production connections added.
pub(super) fn with_platforms(mut config: Config, platforms: &[Platform]) -> Config {
    for platform in platforms {
        let environments = match &platform.source {
            Some(source) => config.sources.get_mut(source),
            None => Some(&mut config.targets),
        };
        if let Some(environments) = environments {
            environments.prod = Some(platform.prod.clone());
        }
    }
    config
}

/// `ruff.toml`, `.yamllint` and the files of sqlfluff.
pub fn linters() -> Files {
    template::list("workspace/")
        .into_iter()
        .filter_map(|name| Some((name.strip_prefix("workspace/")?.to_owned(), template::text(name)?.to_owned())))
        .collect()
}
