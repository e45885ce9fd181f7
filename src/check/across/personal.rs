//! Personal data that reaches a mart as it is.

use std::collections::{BTreeMap, HashMap};

use super::{Seen, shown};
use crate::check::rules::is_mart;
use crate::check::{Analysis, Shape};
use crate::dbt::{Body, Kind, Node, NodeId};
use crate::sql::{self, Text, Usage};
use crate::vocabulary::{Diagnostic, Dialect, PersonalWords};

/// Words of tags that say a column is somebody's.
const TAGS: &[&str] =
    &["pii", "personal", "personal_data", "sensitive_personal", "gdpr", "phi", "spi", "contains_pii", "is_pii"];
/// Words of columns that say how something is set.
const SETTINGS: &[&str] = &["attribute", "change", "disable", "enable", "isdefault", "override"];
/// As sure as a name must be, in percent, where nothing but the name says so.
const SURE: u8 = 80;

/// A column and why it is somebody's.
struct Personal {
    why: String,
}

/// Columns of marts that show personal data.
pub(super) fn look(seen: &Seen<'_>, found: &mut Vec<Diagnostic>) {
    let contracts = contracts(seen);
    for analysis in &seen.projects {
        of_project(seen, analysis, &contracts, found);
    }
}

fn of_project(
    seen: &Seen<'_>,
    analysis: &Analysis,
    contracts: &BTreeMap<(String, String), String>,
    found: &mut Vec<Diagnostic>,
) {
    let nodes = &analysis.project.nodes;
    let mut memo = Memo::new();
    for (id, node) in nodes.iter().enumerate() {
        let public =
            node.kind == Kind::Model && is_mart(node) && node.config.materialized.as_deref() != Some("ephemeral");
        let Some(Shape::Known(resolved)) = analysis.shapes.get(id).filter(|_| public) else { continue };
        for column in resolved.columns.iter().filter(|c| !c.name.is_empty()) {
            // What a mart itself says of the column is known to whoever wrote it; masks are by policy then.
            if masked_by_policy(node, &column.name) {
                continue;
            }
            let from = origin(analysis, contracts, &mut memo, id as NodeId, &column.name, 0);
            let Some(why) = from else { continue };
            let fault = Diagnostic::warning(
                "personal-data-in-mart",
                format!("`{}` of mart `{}`{} shows personal data: {why}", column.name, node.name, seen.says(analysis)),
            )
            .why("marts are what many people and tools read")
            .next("leave it out, or mask it: a hash, a part of it, or a masking policy in the column's `meta`");
            found.push(
                fault.at(Text::new(&node.path, "", &node.text).place(at_of(node, &column.name), column.name.len())),
            );
        }
    }
}

/// Where a column is named in its model's file; its beginning where it is not.
fn at_of(node: &Node, column: &str) -> usize {
    let lower = node.text.to_lowercase();
    let word = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    let mut best = 0;
    for (i, _) in lower.match_indices(column) {
        if !word(lower[..i].chars().next_back())
            && !word(lower[i + column.len()..].chars().next())
            && lower.len() == node.text.len()
        {
            best = i;
        }
    }
    best
}

fn masked_by_policy(node: &Node, column: &str) -> bool {
    let columns = node.described.iter().flat_map(|d| &d.columns);
    columns.filter(|c| c.name.eq_ignore_ascii_case(column)).any(|c| {
        c.meta.keys().chain(c.tags.iter()).any(|k| {
            let k = k.to_lowercase();
            k.contains("mask") || k.contains("policy") || k == "approved" || k.contains("pseudonym")
        })
    })
}

/// What is known of the columns of nodes that were asked about.
type Memo<'a> = HashMap<(NodeId, &'a str), Option<String>>;

/// Why a column is somebody's, where its values come unchanged from one that is.
fn origin<'a>(
    analysis: &'a Analysis,
    contracts: &BTreeMap<(String, String), String>,
    memo: &mut Memo<'a>,
    id: NodeId,
    column: &'a str,
    depth: usize,
) -> Option<String> {
    if depth > 40 {
        return None;
    }
    if let Some(known) = memo.get(&(id, column)) {
        return known.clone();
    }
    let node = analysis.project.nodes.get(id as usize)?;
    let out = said(node, contracts, column).map(|p| p.why).or_else(|| {
        let Body::Sql { full, .. } = &node.body else { return None };
        let resolved = analysis.shapes.get(id as usize)?.known()?;
        let of = resolved.columns.iter().find(|c| c.name == column)?;
        let from = of.sources.iter().filter(|s| s.usage == Usage::Value && s.relation != id);
        // Of a value that is put together from several columns, those that it shows count.
        let mut shown = None;
        from.into_iter().find_map(|one| {
            let why = origin(analysis, contracts, memo, one.relation, &one.column, depth + 1)?;
            // Only what is somebody's is worth reading the query again.
            let shown = shown.get_or_insert_with(|| {
                let dialect = analysis.project.dialect.unwrap_or(Dialect::Snowflake);
                let parsed = sql::parse_as_is(&Text::new(&node.path, "", &node.text), full, dialect).ok();
                parsed.map_or_else(Vec::new, |parsed| shown::columns(&parsed.query, column))
            });
            shown.iter().any(|name| name.eq_ignore_ascii_case(&one.column)).then_some(why)
        })
    });
    memo.insert((id, column), out.clone());
    out
}

/// Why a column is somebody's, by what is said of it where it stands.
fn said(node: &Node, contracts: &BTreeMap<(String, String), String>, column: &str) -> Option<Personal> {
    let described = node.described.iter().flat_map(|d| &d.columns).find(|c| c.name.eq_ignore_ascii_case(column));
    if let Some(described) = described {
        let tag = described.tags.iter().find(|t| {
            let t = t.to_lowercase();
            TAGS.contains(&t.as_str()) || t.starts_with("pii.") || t.starts_with("pii_") || t.starts_with("pii:")
        });
        if let Some(tag) = tag {
            return Some(Personal { why: format!("`{}.{column}` has the tag `{tag}`", node.name) });
        }
        for (key, value) in &described.meta {
            let named = TAGS.contains(&key.to_lowercase().as_str());
            let yes = !matches!(value, serde_json::Value::Null | serde_json::Value::Bool(false));
            let class = matches!(key.as_str(), "classification" | "sensitivity" | "data_classification")
                && value.as_str().is_some_and(|v| TAGS.contains(&v.to_lowercase().as_str()));
            if (named && yes) || class {
                return Some(Personal { why: format!("`{}.{column}` has the meta `{key}: {value}`", node.name) });
            }
        }
    }
    if node.kind != Kind::Source {
        return None;
    }
    if let Some(kind) = contracts.get(&(node.name.to_lowercase(), column.to_lowercase())) {
        return Some(Personal { why: format!("the contract of `{}` says that `{column}` is {kind}", node.name) });
    }
    // A setting that has to do with names is nobody's.
    if column.to_lowercase().split('_').any(|word| SETTINGS.contains(&word)) {
        return None;
    }
    let text = crate::vocabulary::DataType::Text;
    let (kind, sure) = PersonalWords::of(&node.name, column).kind(text).filter(|(_, sure)| *sure >= SURE)?;
    let kind = kind.tag().trim_start_matches("pii.").replace('_', " ");
    Some(Personal { why: format!("by its name `{}.{column}` is {kind} (sure by {sure} %)", node.name) })
}

/// Columns that contracts tag, by table and name.
fn contracts(seen: &Seen<'_>) -> BTreeMap<(String, String), String> {
    let mut out = BTreeMap::new();
    for (path, text) in &seen.repository.files {
        if !path.ends_with(".odcs.yaml") || path.starts_with(".pipewright/") {
            continue;
        }
        let Ok(contract) = crate::contract::read(path, text) else { continue };
        for column in &contract.columns {
            if let Some(kind) = column.pii() {
                let key = (contract.table.as_str().to_owned(), column.name.as_str().to_owned());
                out.insert(key, kind.replace('_', " "));
            }
        }
    }
    out
}
