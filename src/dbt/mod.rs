//! Any dbt project as its files say, read without dbt: configuration, YAML, macros, and the SQL of every node as dbt
//! would render it. Pure: a [`Tree`] in, a [`Project`] out. What can't be known without a warehouse is
//! [`Body::Unknown`], with the reason; never a guess.

mod again;
mod body;
mod eased;
mod generic;
mod graph;
mod guess;
mod index;
mod jinja;
mod manifest;
mod nodes;
mod packages;
mod profile;
mod project;
mod properties;
mod python;
mod seeds;
#[cfg(test)]
mod tests;
mod units;
mod vars;
mod yaml;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use manifest::Manifest;
pub use packages::local_packages;

use crate::sql::Text;
use crate::sql::jinja::Rendered;
use crate::vocabulary::{DataType, Diagnostic, Dialect, Place};

/// Text files by their path in the project, with `/` between folders.
pub type Tree = BTreeMap<String, Arc<str>>;

/// A node's place in [`Project::nodes`]. What stands in rendered SQL for a `ref` or `source` holds it.
pub type NodeId = u32;

/// What is not in the project's files.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Settings {
    /// The folder of `dbt_project.yml` in the tree; empty where it is the tree's own.
    pub root: String,
    /// The target of the profile; none for the profile's own.
    pub target: Option<String>,
    /// What models are written for, where the profile does not say or says it wrongly.
    pub dialect: Option<Dialect>,
    /// What `--vars` gives.
    pub vars: BTreeMap<String, serde_json::Value>,
    /// Environment variables by name.
    pub env: BTreeMap<String, String>,
    /// What dbt wrote when it last compiled the project.
    pub manifest: Option<Arc<Manifest>>,
}

/// Reads the project in `tree`. Whatever is wrong with it is in [`Project::findings`], or the reason of a node that is
/// not known.
///
/// `before` is the same project as it was or will be: of what is alike in both nothing is read again, and its nodes are
/// shared.
pub fn read(tree: &Tree, settings: &Settings, before: Option<&Project>) -> Project {
    project::read(tree, settings, before)
}

/// A dbt project.
#[derive(Clone, Debug, Default)]
pub struct Project {
    /// Its name in `dbt_project.yml`.
    pub name: String,
    /// Its folder in the tree: empty, or ending in `/`.
    pub folder: String,
    /// What its models are written for; none where neither profile, manifest nor settings say.
    pub dialect: Option<Dialect>,
    /// Models, seeds, snapshots, sources and singular tests, sorted by [`Node::id`].
    pub nodes: Vec<Arc<Node>>,
    /// Who reads models outside the project.
    pub exposures: Vec<Exposure>,
    /// Unit tests of models that are there.
    pub unit_tests: Vec<UnitTest>,
    /// Its YAML files as written, for the places of what they say.
    pub texts: Tree,
    /// What is wrong with its files: broken YAML, duplicate names, `ref`s to nothing.
    pub findings: Vec<Diagnostic>,
    /// How it was read; none where there is nothing to read.
    how: Option<Arc<again::Reading>>,
}

impl Project {
    /// A path of the tree as one in the project's folder: as dbt writes it.
    pub fn inner<'p>(&self, path: &'p str) -> &'p str {
        path.strip_prefix(self.folder.as_str()).unwrap_or(path)
    }

    /// The place of `width` characters from byte `at` of one of its files.
    pub fn place(&self, file: &str, at: usize, width: usize) -> Place {
        match self.texts.get(file) {
            Some(text) => Text::new(file, "", text).place(at, width),
            None => Place::file(file),
        }
    }
}

/// One thing that dbt builds, reads or runs.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// As dbt writes it: `model.shop.orders`, `source.shop.raw.orders`, `model.shop.orders.v2`.
    pub id: String,
    /// What it is.
    pub kind: Kind,
    /// Its name, without version; of a source's table the table's.
    pub name: String,
    /// The package that it is from.
    pub package: String,
    /// Its version, where models have them.
    pub version: Option<String>,
    /// What it is called in the database, lower case.
    pub identifier: String,
    /// The file that it is defined in.
    pub path: String,
    /// That file; empty for sources.
    pub text: Arc<str>,
    /// Its configuration, from `dbt_project.yml`, YAML and the file together.
    pub config: Config,
    /// What YAML says of it.
    pub described: Option<Arc<Described>>,
    /// What it reads.
    pub reads: Vec<Read>,
    /// What it is, as far as that can be known.
    pub body: Body,
}

/// Kinds of nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)]
pub enum Kind {
    Model,
    Seed,
    Snapshot,
    Source,
    /// A singular test: one query that finds the rows that are wrong.
    Test,
}

impl Kind {
    /// As in a node's id.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Model => "model",
            Kind::Seed => "seed",
            Kind::Snapshot => "snapshot",
            Kind::Source => "source",
            Kind::Test => "test",
        }
    }

    /// As YAML and `dbt_project.yml` head them.
    pub fn plural(self) -> &'static str {
        match self {
            Kind::Model => "models",
            Kind::Seed => "seeds",
            Kind::Snapshot => "snapshots",
            Kind::Source => "sources",
            Kind::Test => "data_tests",
        }
    }
}

/// The SQL of a node, or what is known of it without.
#[derive(Clone, Debug, PartialEq)]
pub enum Body {
    /// A query.
    Sql {
        /// As dbt renders it where the table is built anew.
        full: Rendered,
        /// As it renders it where an incremental model meets its own table; none where that is the same.
        incremental: Option<Rendered>,
    },
    /// No query: a source, seed or Python model, with the columns that YAML or a seed's first line say.
    Columns {
        /// Name, lower case, and type where one is given.
        columns: Vec<(String, Option<DataType>)>,
        /// It may have others.
        open: bool,
    },
    /// It can't be known without running something: why, and where.
    Unknown(Diagnostic),
}

/// What a node is configured to be.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Config {
    /// `enabled: false` leaves a node out of everything.
    pub disabled: bool,
    /// `view`, `table`, `incremental`, `ephemeral`, …
    pub materialized: Option<String>,
    /// What tells rows of an incremental model or snapshot apart.
    pub unique_key: Vec<String>,
    /// Tags.
    pub tags: Vec<String>,
    /// Schema, as configured.
    pub schema: Option<String>,
    /// `contract: {enforced: true}`.
    pub contract: bool,
    /// `public`, `protected`, `private`.
    pub access: Option<String>,
    /// The group it belongs to.
    pub group: Option<String>,
    /// Every other key, as text or JSON.
    pub other: BTreeMap<String, serde_json::Value>,
}

/// What YAML says of a node.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Described {
    /// The YAML file.
    pub file: String,
    /// Byte offset of the entry in it.
    pub at: usize,
    /// Description.
    pub description: String,
    /// That of the source it is a table of.
    pub of_source: String,
    /// Its columns.
    pub columns: Vec<DescribedColumn>,
    /// Tests of the whole table.
    pub tests: Vec<Test>,
    /// Constraints tell its rows apart: a primary key, or a unique one.
    pub constrained: bool,
}

/// A column as YAML has it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribedColumn {
    /// As written.
    pub name: String,
    /// Byte offset of the name in the YAML file.
    pub at: usize,
    /// Type as written.
    pub data_type: Option<String>,
    /// Description.
    pub description: String,
    /// Tests.
    pub tests: Vec<Test>,
    /// A constraint says that it is never null.
    pub filled: bool,
    /// Tags, as `pii`.
    pub tags: Vec<String>,
    /// Meta, as `contains_pii: true`.
    pub meta: BTreeMap<String, serde_json::Value>,
}

/// A generic test.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Test {
    /// `unique`, `not_null`, `dbt_utils.unique_combination_of_columns`, …
    pub name: String,
    /// Its arguments.
    pub arguments: BTreeMap<String, serde_json::Value>,
    /// Byte offset in the YAML file.
    pub at: usize,
}

/// A unit test: rows that are given to a model, and those that it is to make of them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct UnitTest {
    /// Its name.
    pub name: String,
    /// The YAML file.
    pub file: String,
    /// Byte offset of the entry.
    pub at: usize,
    /// What is tested.
    pub model: NodeId,
    /// Its rows, as far as they stand in the YAML.
    pub rows: Vec<UnitRows>,
}

/// Rows of a unit test that stand for those of one node.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct UnitRows {
    /// The node.
    pub of: NodeId,
    /// The columns that they name, with byte offsets in the YAML file.
    pub columns: Vec<(String, usize)>,
    /// They are what the model is to make.
    pub expected: bool,
}

/// That a node reads another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Read {
    /// What it reads.
    pub node: NodeId,
    /// Byte offset of the `ref` or `source` in the node's file.
    pub at: usize,
}

/// A dashboard, application or report that reads models.
#[derive(Clone, Debug, Default)]
pub struct Exposure {
    /// Its name.
    pub name: String,
    /// The YAML file.
    pub file: String,
    /// Byte offset of the entry.
    pub at: usize,
    /// What it reads.
    pub reads: Vec<NodeId>,
    /// Who answers for it.
    pub owner: Option<String>,
}
