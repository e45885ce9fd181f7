//! `pipewright.yml`: what a repository says about itself. Never a secret, only the names of environment variables.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Auth, Checking, LanguageModel, OwnAgent, Profiling};
use crate::spec::rules::Use;
use crate::spec::{ColumnRule, Rules};
use crate::vocabulary::{Act, DataType, Diagnostic, Dialect, Name};

/// The whole of `pipewright.yml`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "pipewright.yml")]
pub struct Config {
    /// Version of this format: 1.
    #[schemars(range(min = 1, max = 1))]
    pub version: u32,
    /// Name of the workspace; also that of the dbt project and its profile.
    pub name: Name,
    /// Where data comes from, by the name that contracts and dbt sources use.
    #[serde(default)]
    pub sources: IndexMap<Name, Environments>,
    /// Where models are built.
    pub targets: Environments,
    /// What holds for every pipeline that says nothing else.
    #[serde(default, skip_serializing_if = "Defaults::is_default")]
    pub defaults: Defaults,
    /// How DAGs are written.
    #[serde(default, skip_serializing_if = "Airflow::is_default")]
    pub airflow: Airflow,
    /// How the rows of sources are looked at.
    #[serde(default, skip_serializing_if = "Profiling::is_default")]
    pub profile: Profiling,
    /// When a DAG looks for drift; no DAG if none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drift: Option<Watch>,
    /// The programs that run pipelines, where they are not the pinned ones.
    #[serde(default, skip_serializing_if = "Runtime::is_default")]
    pub runtime: Runtime,
    /// The language model that is asked for what the rules can't read; none is asked if none is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<LanguageModel>,
    /// What needs a named approval; written also where it is the default, for it should be seen.
    #[serde(default)]
    pub policies: Policies,
    /// Agents of one's own: programs that are asked instead of the rules. They run only as the main branch has them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub agents: Vec<OwnAgent>,
    /// Generated files that people took for themselves (`pipewright release`), as paths or patterns: never generated again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub released: Vec<String>,
    /// How `pipewright check` judges what it finds.
    #[serde(default, skip_serializing_if = "is_default")]
    pub check: Checking,
    /// Cleaning rules and masks: Pipewright's, and those under `cleaning/`. No part of the file.
    #[serde(skip)]
    #[schemars(skip)]
    pub rules: Rules,
}

/// One connection for each environment. `dev` runs freely; `prod` runs only what is on the main branch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Environments {
    /// Development, on one's own machine or in CI.
    pub dev: Connection,
    /// Production.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prod: Option<Connection>,
    /// How its rows are looked at, where it is another way than those of other sources (a source only).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<Profiling>,
}

/// How to reach a database. Paths are relative to the workspace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
pub enum Connection {
    /// A SQLite file (a source only).
    Sqlite {
        /// Path of the file.
        path: String,
    },
    /// A DuckDB file.
    DuckDb {
        /// Path of the file.
        path: String,
    },
    /// PostgreSQL.
    Postgres {
        /// Environment variable that holds the URL, `postgresql://…`.
        url_env: String,
        /// Schemas that a source is discovered from, `'*'` for all; the connection's own if none.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        schemas: Vec<String>,
        /// What discovery may ask of the server.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reading: Option<Reading>,
    },
    /// MySQL or MariaDB (a source only).
    MySql {
        /// Environment variable that holds the URL, `mysql://…` or `mariadb://…`.
        url_env: String,
        /// Databases that the source is discovered from, `'*'` for all; that of the URL if none.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        schemas: Vec<String>,
        /// What discovery may ask of the server.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reading: Option<Reading>,
    },
    /// Snowflake (a target only).
    Snowflake {
        /// Prefix of the environment variables: `SNOWFLAKE` for `SNOWFLAKE_ACCOUNT`, `SNOWFLAKE_USER`,
        /// `SNOWFLAKE_PRIVATE_KEY_PATH`, `SNOWFLAKE_ROLE`, `SNOWFLAKE_WAREHOUSE`, `SNOWFLAKE_DATABASE`.
        credentials_env: String,
    },
    /// Files (a source only): CSV, TSV, JSON, JSON lines, Parquet, Excel, packed by gzip or not. Files of one kind and of
    /// one pattern of names are one table.
    Files {
        /// A file, a folder, a glob, or `s3://BUCKET/PREFIX/*.csv`. `{vendor}` in it stands for a column.
        path: String,
        /// Prefix of the environment variables of an S3-compatible storage, `AWS` if none: `AWS_ACCESS_KEY_ID`,
        /// `AWS_SECRET_ACCESS_KEY`, and where they are needed `AWS_SESSION_TOKEN`, `AWS_REGION`, `AWS_ENDPOINT_URL`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        credentials_env: Option<String>,
    },
    /// A REST API (a source only). Every list that it gives without an argument is a table.
    Rest {
        /// Address of its OpenAPI 3 document, of one list, or of the API where `openapi` names the document.
        url: String,
        /// Path or address of its OpenAPI 3 document.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        openapi: Option<String>,
        /// How it is told who asks.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        auth: Option<Auth>,
    },
    /// A GraphQL API (a source only). Every query of a list that needs no argument is a table.
    GraphQl {
        /// Its address.
        url: String,
        /// Path or address of its schema, as SDL or as the answer to an introspection query; the API is asked if none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        schema: Option<String>,
        /// How it is told who asks.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        auth: Option<Auth>,
    },
    /// A warehouse that dbt has an adapter for (a source only).
    Dbt {
        /// The adapter, `type` in dbt's profiles: `bigquery`, `databricks`, `postgres`, ….
        adapter: String,
        /// Fields of its dbt profile, each with the environment variable that holds its value.
        profile: IndexMap<String, String>,
    },
}

/// What discovery may ask of a database server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Reading {
    /// Seconds that one statement may take.
    pub statement_seconds: u64,
    /// Seconds that a statement may wait for a lock.
    pub lock_seconds: u64,
    /// Connections at once.
    pub connections: u8,
    /// A table that has more rows than this by the server's own estimate is not counted.
    pub count_rows: u64,
}

impl Default for Reading {
    fn default() -> Self {
        Reading { statement_seconds: 60, lock_seconds: 5, connections: 4, count_rows: 1_000_000 }
    }
}

/// A production connection that a requirement names and `pipewright.yml` lacks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Platform {
    /// The source it is for; the target if none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Name>,
    /// The connection of `prod`.
    pub prod: Connection,
}

/// What holds for every pipeline that says nothing else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Defaults {
    /// Owner of pipelines that name none.
    pub owner: String,
    /// IANA time zone of schedules that name none.
    pub timezone: String,
    /// Calling code given to phone numbers without one, digits only.
    pub country_calling_code: String,
    /// Slack channel that is told where a requirement says that someone is to be told, but not who.
    pub alert_channel: String,
}

/// When a DAG looks for drift in every source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Watch {
    /// Five cron fields, `0 6 * * *`.
    pub cron: String,
    /// IANA time zone of `cron`; the workspace's default if none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timezone: Option<String>,
}

/// How DAGs are written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Airflow {
    /// Tasks: one for each layer of models, one for each model, or one for all of dbt.
    pub granularity: Granularity,
    /// Environment variable that holds the incoming-webhook URL which alerts post to.
    pub slack_webhook_env: String,
}

/// How many dbt tasks a DAG has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Granularity {
    /// One task a layer: staging, intermediate, marts.
    #[default]
    Layer,
    /// One task a model.
    Model,
    /// One task for all models.
    Pipeline,
}

/// Programs that take the place of the pinned runtime.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Runtime {
    /// Path of a `dbt` to use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dbt: Option<String>,
    /// Path of a `python` with dlt to use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub python: Option<String>,
    /// Path of an `airflow` to use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub airflow: Option<String>,
}

/// What needs a named approval in the spec.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Policies {
    /// Acts that a person must approve by name.
    pub require_approval: Vec<Act>,
    /// Loads of more rows than this are backfills; a table's rows are those that its contract counted.
    #[serde(skip_serializing_if = "is_usual_size")]
    pub backfill_rows: u64,
}

/// Rows that are loaded without a word.
const USUAL_SIZE: u64 = 10_000_000;

fn is_default(check: &Checking) -> bool {
    *check == Checking::default()
}

fn is_usual_size(rows: &u64) -> bool {
    *rows == USUAL_SIZE
}

impl Connection {
    /// PostgreSQL by the variable of its URL.
    pub fn postgres(url_env: String) -> Connection {
        Connection::Postgres { url_env, schemas: Vec::new(), reading: None }
    }

    /// MySQL or MariaDB by the variable of its URL.
    pub fn mysql(url_env: String) -> Connection {
        Connection::MySql { url_env, schemas: Vec::new(), reading: None }
    }

    /// Where it is, as OpenLineage names it; by the name of the variable where its address is a secret.
    pub fn namespace(&self) -> String {
        let dialect = self.dialect();
        match self {
            Connection::Sqlite { path } | Connection::DuckDb { path } => format!("{dialect}://{path}"),
            Connection::Postgres { url_env: env, .. } | Connection::MySql { url_env: env, .. } => {
                format!("{dialect}://${env}")
            }
            Connection::Snowflake { credentials_env } => format!("{dialect}://${credentials_env}_ACCOUNT"),
            Connection::Files { path, .. } if path.starts_with("s3://") => {
                path.split('/').take(3).collect::<Vec<_>>().join("/")
            }
            Connection::Files { path, .. } => format!("file://{path}"),
            Connection::Rest { url, .. } | Connection::GraphQl { url, .. } => {
                url.split(['?', '#']).next().unwrap_or(url).to_owned()
            }
            Connection::Dbt { adapter, profile } => {
                let at = ["account", "host", "server", "project", "path"].iter().find_map(|k| profile.get(*k));
                format!("{adapter}://${}", at.map_or("", String::as_str))
            }
        }
    }

    /// The kind of database; what is no SQL server is read through DuckDB.
    pub fn dialect(&self) -> Dialect {
        match self {
            Connection::Sqlite { .. } => Dialect::Sqlite,
            Connection::DuckDb { .. }
            | Connection::Files { .. }
            | Connection::Rest { .. }
            | Connection::GraphQl { .. }
            | Connection::Dbt { .. } => Dialect::DuckDb,
            Connection::Postgres { .. } => Dialect::Postgres,
            Connection::MySql { .. } => Dialect::MySql,
            Connection::Snowflake { .. } => Dialect::Snowflake,
        }
    }
}

impl Config {
    /// How the rows of `source` are looked at.
    pub fn profiling(&self, source: &str) -> Profiling {
        let own = self.sources.get(source).and_then(|source| source.profile.as_ref());
        own.map_or_else(|| self.profile.clone(), |own| own.or(&self.profile))
    }

    /// The rule that cleans a column of that type, told what the spec does not say by the workspace's defaults.
    ///
    /// # Errors
    /// As for [`Rules::cleaner`].
    pub fn cleaner(&self, column: &ColumnRule, of: Option<DataType>) -> Result<Option<Use>, (String, Diagnostic)> {
        let defaults = serde_json::to_value(&self.defaults).unwrap_or_default();
        self.rules.cleaner(column, of, &|name| Some(defaults.get(name.as_str())?.as_str()?.to_owned()))
    }

    /// The dialects that models are built in: that of `dev`, then that of `prod` if it is another.
    pub fn target_dialects(&self) -> Vec<Dialect> {
        let mut out = vec![self.targets.dev.dialect()];
        out.extend(self.targets.prod.as_ref().map(Connection::dialect).filter(|d| *d != out[0]));
        out
    }
}

impl Default for Defaults {
    fn default() -> Self {
        Defaults {
            owner: "data-team".into(),
            timezone: "UTC".into(),
            country_calling_code: "1".into(),
            alert_channel: "#data-alerts".into(),
        }
    }
}

impl Default for Airflow {
    fn default() -> Self {
        Airflow { granularity: Granularity::Layer, slack_webhook_env: "SLACK_WEBHOOK_URL".into() }
    }
}

impl Default for Policies {
    fn default() -> Self {
        let require_approval = vec![Act::Drop, Act::Narrow, Act::Unmask, Act::Backfill];
        Policies { require_approval, backfill_rows: USUAL_SIZE }
    }
}

/// Parts that say nothing but the defaults are left out when written.
macro_rules! is_default {
    ($($type:ty),*) => {$(
        impl $type {
            fn is_default(&self) -> bool {
                *self == <$type>::default()
            }
        }
    )*};
}
is_default!(Defaults, Airflow, Runtime);
