//! What a run leaves behind, and what would undo it.

use std::collections::BTreeSet;
use std::path::Path;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::as_of::AsOf;
use super::context::STATE;
use super::ops::Before;
use super::report::{ModelResult, Status, Target, Via};
use super::selection::Pipeline;
use crate::vocabulary::{Name, Outcome};
use crate::world::local;

/// One run, as rollback reads it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Receipt {
    /// Version of this format: 1.
    pub version: u32,
    /// Id of the run.
    pub run: String,
    /// When it began, in UTC.
    pub at: Timestamp,
    /// What ran it.
    pub via: Via,
    /// Where it was built.
    pub target: Target,
    /// The end of the period that it answers for.
    pub as_of: AsOf,
    /// The commit that was run.
    pub commit: Option<String>,
    /// The branch that it stood on.
    pub branch: Option<String>,
    /// The pipelines that were run.
    pub pipelines: Vec<Name>,
    /// How it came out.
    pub status: Status,
    /// What was built or loaded.
    pub relations: Vec<Touched>,
    /// In `dev`: what takes away again what was not there before, in order.
    pub inverse: Vec<String>,
}

/// A relation that a run built or loaded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Touched {
    /// The relation, as the database writes it.
    pub relation: String,
    /// Built by dbt, or landed by ingestion.
    pub kind: TouchedKind,
    /// Whether it was there before the run.
    pub before: bool,
    /// Whether it is there after the run.
    pub after: bool,
    /// The statement that drops it.
    pub drop: String,
}

/// What made a relation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TouchedKind {
    /// A dbt model.
    Model,
    /// A landed table.
    Landed,
    /// A schema that ingestion lands in, or that dlt keeps its own tables in.
    Schema,
}

/// What was touched, given what was there before.
pub(super) fn touched(pipelines: &[Pipeline], landed: bool, models: &[ModelResult], before: &Before) -> Vec<Touched> {
    let was = |schema: &str, name: &str| before.relations.contains_key(&(schema.to_lowercase(), name.to_lowercase()));
    let mut out = Vec::new();
    for model in models.iter().filter(|m| !m.relation.is_empty() && m.materialized != "ephemeral").rev() {
        let parts = identifiers(&model.relation);
        let [.., schema, name] = parts.as_slice() else { continue };
        let was = was(schema, name);
        let kind = if model.materialized == "view" { "view" } else { "table" };
        out.push(Touched {
            relation: model.relation.clone(),
            kind: TouchedKind::Model,
            before: was,
            after: was || model.status == Status::Success,
            drop: format!("drop {kind} if exists {}", model.relation),
        });
    }
    let tables: BTreeSet<&(String, String)> = pipelines.iter().flat_map(|p| &p.landed).collect();
    for (schema, name) in &tables {
        let relation = format!("{schema}.{name}");
        let drop = format!("drop table if exists {relation}");
        out.push(Touched {
            relation,
            kind: TouchedKind::Landed,
            before: was(schema, name),
            after: landed || was(schema, name),
            drop,
        });
    }
    let schemas: BTreeSet<&str> = tables.iter().map(|(schema, _)| schema.as_str()).collect();
    let beside: BTreeSet<&str> = pipelines.iter().flat_map(|p| p.beside.iter().map(String::as_str)).collect();
    for schema in beside.into_iter().chain(schemas).map(str::to_owned) {
        let was = before.schemas.contains(&schema.to_lowercase());
        let drop = format!("drop schema if exists {schema} cascade");
        out.push(Touched { relation: schema, kind: TouchedKind::Schema, before: was, after: landed || was, drop });
    }
    out
}

/// What undoes it in `dev`: drops of what was not there before.
pub(super) fn inverse(target: Target, touched: &[Touched]) -> Vec<String> {
    if target != Target::Dev {
        return Vec::new();
    }
    touched.iter().filter(|t| t.after && !t.before).map(|t| t.drop.clone()).collect()
}

/// The identifiers of a relation, without their quotes: `"w"."marts"."a.b"`.
fn identifiers(relation: &str) -> Vec<String> {
    let mut out = vec![String::new()];
    let mut quote = None;
    for c in relation.chars() {
        match (quote, c) {
            (None, '"' | '`') => quote = Some(c),
            (Some(q), c) if c == q => quote = None,
            (None, '.') => out.push(String::new()),
            _ => out.last_mut().into_iter().for_each(|part| part.push(c)),
        }
    }
    out
}

/// Folder of the runs' logs and receipts.
pub(super) fn folder(root: &Path) -> std::path::PathBuf {
    root.join(STATE).join("runs")
}

/// Keeps a receipt.
pub(super) fn write(root: &Path, receipt: &Receipt) -> Outcome<()> {
    let text = serde_json::to_string_pretty(receipt).unwrap_or_default() + "\n";
    local::write(&folder(root).join(&receipt.run).join("receipt.json"), &text)
}

/// The receipts of a workspace, oldest first, and how many can't be read.
///
/// # Errors
/// The folder can't be read.
pub fn receipts(root: &Path) -> Outcome<(Vec<Receipt>, usize)> {
    let (mut out, mut unread) = (Vec::new(), 0);
    for run in local::list(&folder(root))? {
        match local::read(&run.join("receipt.json"))?.map(|text| serde_json::from_str(&text)) {
            Some(Ok(receipt)) => out.push(receipt),
            // A run that was killed has none.
            _ => unread += 1,
        }
    }
    Ok((out, unread))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn only_what_is_new_is_dropped() {
        let pipeline = Pipeline {
            name: Name::parse("p").unwrap(),
            scripts: vec![],
            models: vec![],
            snapshots: vec![],
            landed: vec![("raw_shop".into(), "orders".into())],
            beside: vec!["raw_shop_staging".into()],
        };
        let mut before = Before::default();
        before.relations.insert(("marts".into(), "old".into()), false);
        before.schemas.insert("raw_shop".into());
        let built = |relation: &str, materialized: &str| ModelResult {
            name: String::new(),
            relation: relation.into(),
            status: Status::Success,
            seconds: 0.0,
            materialized: materialized.into(),
            message: None,
        };
        let built =
            [built(r#""w"."staging"."s""#, "view"), built(r#""w"."marts"."old""#, "table"), built("", "ephemeral")];
        let touched = touched(&[pipeline], true, &built, &before);
        assert_eq!(
            inverse(Target::Dev, &touched),
            [
                r#"drop view if exists "w"."staging"."s""#,
                "drop table if exists raw_shop.orders",
                "drop schema if exists raw_shop_staging cascade",
            ]
        );
        assert!(inverse(Target::Prod, &touched).is_empty());
        assert_eq!(identifiers(r#""a.b"."c".d"#), ["a.b", "c", "d"]);
    }
}
