//! What is said of a change: types only, so that every report draws the same thing.

use std::fmt;

use schemars::JsonSchema;
use serde::Serialize;

/// What a change means for whoever reads what it changes. The later one outweighs the earlier.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Nothing that anyone reads is other than it was; something may have been added.
    #[default]
    Safe,
    /// Everything still runs; values, rows or promises are other than they were.
    ChangesValues,
    /// It can't be told, and the reason is given. Never taken for safe.
    Unknown,
    /// Somebody reads what is gone.
    Breaking,
}

/// Everything that a change means.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub struct Against {
    /// The gravest of all.
    pub verdict: Verdict,
    /// The same in a sentence.
    pub summary: String,
    /// How many of what.
    pub counts: Counts,
    /// What changed, the gravest first, then by name.
    pub changes: Vec<Change>,
    /// What could not be read and is the same on both sides: it changed nothing, and it keeps the whole from being safe.
    pub unread: Vec<Unread>,
    /// What changed and what that reaches.
    pub graph: Graph,
}

/// How many of what.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Counts {
    /// Nodes of either side that were compared.
    pub compared: usize,
    /// Of those, how many changed.
    pub changed: usize,
    /// Of those, how many are reached by a change elsewhere.
    pub reached: usize,
    /// Of those, how many could not be read on one side or both.
    pub unknown: usize,
    /// Differences that break somebody and that nobody approved.
    pub breaking: usize,
    /// Differences that break somebody and that are approved by name.
    pub approved: usize,
}

/// A node that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Unread {
    /// As dbt writes it.
    pub node: String,
    /// Why.
    pub why: String,
}

/// What changed in one node or exposure.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Change {
    /// As dbt writes it, on the side of the change; on the base where it is gone.
    pub node: String,
    /// What it was before, where it has another name now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub was: Option<String>,
    /// What it is.
    pub kind: Thing,
    /// Its name.
    pub name: String,
    /// The file that it is defined in.
    pub file: String,
    /// The gravest of its differences.
    pub verdict: Verdict,
    /// What differs, the gravest first.
    pub differences: Vec<Difference>,
}

/// One thing that differs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Difference {
    /// What kind of thing.
    pub what: What,
    /// The column; none where it is about the whole node.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// As it was: a name, a type, a value of configuration.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// As it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// What it means.
    pub verdict: Verdict,
    /// It is not written here but comes from this node, through what is read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Whom it reaches, the broken first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub readers: Vec<Reader>,
    /// Who agreed that it breaks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approved: Option<Approved>,
    /// What to know of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// Whom a difference reaches.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Reader {
    /// A node as dbt writes it, or a name.
    pub name: String,
    /// What it is.
    pub kind: Thing,
    /// Its own columns that are reached; empty where that is all of it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<String>,
    /// How it uses what changed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub uses: Vec<Use>,
    /// It does not work any more.
    pub broken: bool,
}

/// What can change or read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)]
pub enum Thing {
    #[default]
    Model,
    Snapshot,
    Seed,
    Source,
    Test,
    Exposure,
    Dag,
    Contract,
    Pipeline,
    /// Whoever reads the table outside of what is checked.
    Outside,
}

/// How a column is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)]
pub enum Use {
    Value,
    Filter,
    Join,
    Group,
    Order,
    Window,
}

/// Kinds of differences.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum What {
    /// It is new.
    Added,
    /// It is gone.
    Removed,
    /// It has another name and is otherwise the same.
    Renamed,
    /// Its file is another.
    Moved,
    /// It is built under another schema or name, or reads its table there.
    Relation,
    /// It is written in another way and gives the same.
    #[default]
    Reformatted,
    /// A column is new.
    ColumnAdded,
    /// A column is gone.
    ColumnRemoved,
    /// A column has another name and the same values.
    ColumnRenamed,
    /// A column has another type.
    ColumnType,
    /// A column can be null now, or no longer.
    ColumnNullable,
    /// The values of a column are worked out in another way.
    ColumnLogic,
    /// The columns stand in another order.
    ColumnOrder,
    /// Other rows: filters, joins, groups, limits. It changes every column.
    Rows,
    /// Other rows in a run that meets its own table.
    IncrementalRows,
    /// What told its rows apart does so no longer.
    Grain,
    /// View, table, incremental, ephemeral.
    Materialization,
    /// What rows of an incremental model or snapshot are matched by.
    UniqueKey,
    /// Any other configuration.
    Config,
    /// The contract on its schema.
    Contract,
    /// Who may read it.
    Access,
    /// A test is new or asks for more.
    TestAdded,
    /// A test is gone.
    TestRemoved,
    /// A test asks for less.
    TestLoosened,
    /// A test asks for something else.
    TestChanged,
    /// A test is of a column that is gone.
    TestBroken,
    /// What an exposure reads.
    Reads,
    /// It can't be read on one side.
    Unreadable,
    /// It reads what is not there, and did not before.
    Broken,
    /// It could not run before and can now.
    Repaired,
}

/// A breaking change that a person agreed to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Approved {
    /// The model, by name or as dbt writes it.
    pub model: String,
    /// The column; none for all of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// Why.
    pub reason: String,
    /// Who.
    pub by: String,
}

/// What changed and what that reaches, to be drawn.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Graph {
    /// What changed first, then what is reached, by name.
    pub nodes: Vec<GraphNode>,
    /// Who reads whom.
    pub edges: Vec<Edge>,
}

/// A node of the graph.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct GraphNode {
    /// As dbt writes it, or a name.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: Thing,
    /// What the change means for it.
    pub verdict: Verdict,
    /// It changed itself; else it is reached.
    pub changed: bool,
    /// It is gone.
    pub removed: bool,
    /// Columns that changed or are reached; empty where that is all of it, or none.
    pub columns: Vec<String>,
}

/// That one node reads another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct Edge {
    /// What is read, as in [`GraphNode::id`].
    pub from: String,
    /// Who reads it.
    pub to: String,
}

impl Against {
    /// Whether a check is to fail: something breaks that nobody approved, or a change can't be told.
    pub fn fails(&self) -> bool {
        self.counts.breaking > 0
            || self.changes.iter().any(|c| c.verdict == Verdict::Unknown)
            || self.changes.iter().flat_map(|c| &c.differences).any(|d| d.verdict == Verdict::Unknown)
    }
}

impl Reader {
    /// What it is called, as people call it, with its columns that are reached.
    pub fn says(&self) -> String {
        let short = || self.name.rsplit('.').next().unwrap_or(&self.name);
        let name = match self.kind {
            // `model.shop.orders.v2`
            Thing::Model | Thing::Snapshot | Thing::Seed | Thing::Source => {
                self.name.splitn(3, '.').last().unwrap_or_default().to_owned()
            }
            Thing::Test if self.name.starts_with("test.") => format!("test {}", short()),
            Thing::Test => format!("test {}", self.name),
            Thing::Contract if self.name.starts_with("contract of ") => self.name.clone(),
            Thing::Exposure | Thing::Dag | Thing::Contract | Thing::Pipeline => format!("{} {}", self.kind, self.name),
            Thing::Outside => "whoever reads it outside of dbt".to_owned(),
        };
        let of_node = matches!(self.kind, Thing::Model | Thing::Snapshot) && !self.columns.is_empty();
        let more = self.columns.len().saturating_sub(3);
        let shown: Vec<&str> = self.columns.iter().take(3).map(String::as_str).collect();
        match (of_node, more) {
            (false, _) => name,
            (true, 0) => format!("{name} ({})", shown.join(", ")),
            (true, more) => format!("{name} ({} and {more} more)", shown.join(", ")),
        }
    }
}

impl Difference {
    /// Breaks somebody, and nobody agreed to that.
    pub fn breaks(&self) -> bool {
        self.verdict == Verdict::Breaking && self.approved.is_none()
    }

    /// What it is, in words, without the name of the node.
    pub fn says(&self) -> String {
        let column = self.column.as_deref().unwrap_or("?");
        let (before, after) = (self.before.as_deref().unwrap_or("nothing"), self.after.as_deref().unwrap_or("nothing"));
        let said = match self.what {
            What::Added => "is new".into(),
            What::Removed => "is gone".into(),
            What::Renamed => format!("was `{before}`, otherwise the same"),
            What::Moved => format!("moved from {before} to {after}"),
            What::Relation => format!("is `{after}` in the database, was `{before}`"),
            What::Reformatted => "is written in another way and gives the same".into(),
            What::ColumnAdded => format!("column `{column}` is new"),
            What::ColumnRemoved if self.verdict == Verdict::Unknown => format!("column `{column}` may be gone"),
            What::ColumnRemoved => format!("column `{column}` is gone"),
            What::ColumnRenamed => format!("column `{before}` is now `{after}`, with the same values"),
            What::ColumnType => format!("column `{column}` is {after}, was {before}"),
            What::ColumnNullable => format!("column `{column}` is {after}, was {before}"),
            What::ColumnLogic => format!("column `{column}` is worked out in another way"),
            What::ColumnOrder => "its columns stand in another order".into(),
            What::Rows => "has other rows: every column changes values".into(),
            What::IncrementalRows => "takes other rows in an incremental run".into(),
            What::Grain => format!("its rows are no longer told apart by {before}"),
            What::Materialization => format!("is materialized as {after}, was {before}"),
            What::UniqueKey => format!("its unique key is {after}, was {before}"),
            What::Config => {
                format!("configuration `{}` is {after}, was {before}", self.column.as_deref().unwrap_or(""))
            }
            What::Contract => format!("its contract: {after}, was {before}"),
            What::Access => format!("may be read as {after}, was {before}"),
            What::TestAdded => format!("test {after} is new"),
            What::TestRemoved => format!("test {before} is gone"),
            What::TestLoosened => format!("test {before} asks for less: {after}"),
            What::TestChanged => format!("test {before} asks for something else: {after}"),
            What::TestBroken => format!("test {before} is of a column that is gone"),
            What::Reads => format!("reads {after}, was {before}"),
            What::Unreadable => format!("can't be told: {after}"),
            What::Broken => format!("does not run any more: {after}"),
            What::Repaired => format!("runs again; before: {before}"),
        };
        match &self.from {
            Some(from) => format!("{said} (through `{from}`)"),
            None => said,
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Verdict::Safe => "safe",
            Verdict::ChangesValues => "changes values",
            Verdict::Unknown => "unknown",
            Verdict::Breaking => "breaking",
        })
    }
}

impl fmt::Display for Thing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Thing::Model => "model",
            Thing::Snapshot => "snapshot",
            Thing::Seed => "seed",
            Thing::Source => "source",
            Thing::Test => "test",
            Thing::Exposure => "exposure",
            Thing::Dag => "DAG",
            Thing::Contract => "contract",
            Thing::Pipeline => "pipeline",
            Thing::Outside => "whoever reads it",
        })
    }
}
