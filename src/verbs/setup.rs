//! `setup`: the Python side is installed from its pinned, hashed locks.

use indexmap::IndexMap;
use serde::Serialize;

use crate::run::Listen;
use crate::run::runtime::{self, Part};
use crate::vocabulary::Outcome;

/// What is to be set up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SetupOptions {
    /// What Snowflake needs as well.
    pub snowflake: bool,
    /// Airflow as well.
    pub airflow: bool,
}

/// What was set up.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SetupReport {
    /// Each part by its name, in the order that they were set up.
    #[serde(flatten)]
    pub parts: IndexMap<&'static str, SetUp>,
}

/// A part that is there.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SetUp {
    /// `cached` where it was there, `installed` else.
    pub status: &'static str,
    /// What installed it: `uv` or `pip`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<&'static str>,
    /// Version of Python in it.
    pub python: String,
    /// Folder of its programs.
    pub bin: String,
    /// Packages that matter, with their versions.
    pub versions: Vec<(String, String)>,
}

/// Sets up the core and what is asked for besides.
///
/// # Errors
/// No Python, no network, no space: nothing half is left.
pub fn setup(options: &SetupOptions, listen: &mut Listen<'_>) -> Outcome<SetupReport> {
    let python = runtime::find_python()?;
    let mut wanted = vec![Part::Core];
    wanted.extend(options.snowflake.then_some(Part::CoreSnowflake));
    wanted.extend(options.airflow.then_some(Part::Airflow));
    let mut parts = IndexMap::new();
    for part in wanted {
        let installed = runtime::install(part, &python, listen)?;
        let set_up = SetUp {
            status: if installed.cached { "cached" } else { "installed" },
            by: installed.by,
            bin: installed.bin.display().to_string(),
            versions: part.versions(&installed.python).into_iter().map(|(n, v)| (n.to_owned(), v.to_owned())).collect(),
            python: installed.python,
        };
        parts.insert(part.as_str(), set_up);
    }
    Ok(SetupReport { parts })
}
