//! Variables: those of the command line, of the project, of each package.

use std::collections::BTreeMap;

use serde_json::Value;

/// Values of `var(…)`.
#[derive(Clone, Debug, Default)]
pub(super) struct Vars {
    /// Given when dbt is called.
    pub given: BTreeMap<String, Value>,
    /// `vars:` of the project's `dbt_project.yml`.
    pub project: BTreeMap<String, Value>,
    /// `vars:` of each package's own.
    pub packages: BTreeMap<String, BTreeMap<String, Value>>,
}

impl Vars {
    /// The value of `name` for a file of `package`.
    pub(super) fn get(&self, package: &str, name: &str) -> Option<&Value> {
        self.given
            .get(name)
            .or_else(|| own(&self.project, package, name))
            .or_else(|| self.packages.get(package).and_then(|vars| own(vars, package, name)))
    }
}

/// What `vars` says for one package, else for all.
fn own<'v>(vars: &'v BTreeMap<String, Value>, package: &str, name: &str) -> Option<&'v Value> {
    let scoped = vars.get(package).and_then(Value::as_object).and_then(|own| own.get(name));
    scoped.or_else(|| vars.get(name))
}
