//! Where everything lies in a workspace. Paths are relative to its root, with `/` between folders.

use crate::vocabulary::{Dialect, Name, TableRef};

/// What the workspace says about itself.
pub const CONFIG: &str = "pipewright.yml";
/// What each pipeline was generated from.
pub const LOCK: &str = "pipewright.lock";
/// Source contracts.
pub const CONTRACTS: &str = "contracts";
/// Pipeline specs, and proposals handed in from outside.
pub const PIPELINES: &str = "pipelines";
/// Cleaning rules of the workspace's own.
pub const CLEANING: &str = "cleaning";
/// The dbt project.
pub const DBT: &str = "dbt";
/// dlt scripts.
pub const INGEST: &str = "ingest";
/// Airflow's folder.
pub const DAGS: &str = "dags";
/// Landing tables.
pub const DDL: &str = "ddl";
/// The tree as last generated: committed.
pub const BASE: &str = ".pipewright/base";
/// Ledger, caches, runtime: local, ignored by git.
pub const STATE: &str = ".pipewright/state";
/// How the name of a contract ends.
pub const CONTRACT_ENDING: &str = ".odcs.yaml";
/// How the name of a spec ends.
pub const SPEC_ENDING: &str = ".yml";
/// How the name of proposals from outside ends.
pub const PROPOSALS_ENDING: &str = ".proposals.json";

/// How the name of a file ends that holds what agents of one's own answered.
pub const ANSWERS_ENDING: &str = ".agents.json";

/// `contracts/<source>`.
pub fn source(source: &Name) -> String {
    format!("{CONTRACTS}/{source}")
}

/// `contracts/<source>/<table>.odcs.yaml`.
pub fn contract(table: &TableRef) -> String {
    format!("{CONTRACTS}/{}/{}{CONTRACT_ENDING}", table.source, table.table)
}

/// `pipelines/<name>.yml`.
pub fn spec(pipeline: &Name) -> String {
    format!("{PIPELINES}/{pipeline}{SPEC_ENDING}")
}

/// `pipelines/<name>.proposals.json`.
pub fn proposals(pipeline: &Name) -> String {
    format!("{PIPELINES}/{pipeline}{PROPOSALS_ENDING}")
}

/// `pipelines/<name>.agents.json`.
pub fn answers(pipeline: &Name) -> String {
    format!("{PIPELINES}/{pipeline}{ANSWERS_ENDING}")
}

/// `ingest/<pipeline>.py`.
pub fn ingest(pipeline: &Name) -> String {
    format!("{INGEST}/{pipeline}.py")
}

/// `dags/<pipeline>.py`.
pub fn dag(pipeline: &Name) -> String {
    format!("{DAGS}/{pipeline}.py")
}

/// `dags/<pipeline>.yml`, the DAG as a reviewer reads it.
pub fn dag_declaration(pipeline: &Name) -> String {
    format!("{DAGS}/{pipeline}.yml")
}

/// `ddl/<pipeline>/<dialect>.sql`.
pub fn ddl(pipeline: &Name, dialect: Dialect) -> String {
    format!("{DDL}/{pipeline}/{dialect}.sql")
}

/// `.pipewright/base/<path>`: the file at `path` as last generated.
pub fn base(path: &str) -> String {
    format!("{BASE}/{path}")
}

/// `.pipewright/state/<name>`.
pub fn state(name: &str) -> String {
    format!("{STATE}/{name}")
}

/// `prompts/<name>`: a prompt of the workspace's own.
pub fn prompt(name: &str) -> String {
    format!("prompts/{name}")
}
