//! What differs in how a node is built and who may read it.

use std::mem::discriminant;

use serde_json::Value;

use super::verdict::{Difference, Verdict, What};
use crate::dbt::{Config, Kind, Node};
use crate::sql::ColumnType;
use crate::sql::fingerprint::type_name;
use crate::vocabulary::DataType;

/// Keys that say how a table is kept or described, and nothing of what is in it, or that are compared elsewhere.
const HARMLESS: &str = "alias database name enabled materialized tags schema unique_key contract access group \
    docs meta persist_docs partition_by partitions cluster_by indexes index dist sort sort_type bind unlogged \
    query_tag labels snowflake_warehouse warehouse transient file_format location_root tblproperties \
    table_properties clustered_by buckets auto_refresh backup hours_to_expiration require_partition_filter \
    partition_expiration_days kms_key_name threads comment description packages static_analysis freshness \
    concurrent_batches automatic_clustering copy_grants secure target_lag on_configuration_change refresh_mode \
    initialize loader node_color show store_failures store_failures_as";

/// Keys that decide which rows or values a table comes to hold, or what a test asks for.
const DECISIVE: &str = "incremental_strategy incremental_predicates merge_update_columns merge_exclude_columns \
    strategy updated_at check_cols hard_deletes invalidate_hard_deletes dbt_valid_to_current \
    snapshot_meta_column_names pre-hook pre_hook sql_header quote_columns column_types \
    delimiter event_time begin lookback batch_size full_refresh on_schema_change quoting external \
    loaded_at_field loaded_at_query delete_condition target_schema target_database severity warn_if error_if \
    fail_calc limit where";

/// Those of them that only a table which is added to listens to.
const OF_INCREMENTAL: &str = "incremental_strategy incremental_predicates merge_update_columns \
    merge_exclude_columns on_schema_change full_refresh";

/// Everything that differs. `readers_elsewhere`: someone in another group reads it.
pub(super) fn differences(base: &Node, head: &Node, read_from_outside_of_group: bool) -> Vec<Difference> {
    let mut out = Vec::new();
    if base.path != head.path {
        let verdict = Verdict::Safe;
        out.push(of(What::Moved, verdict, &base.path, &head.path));
    }
    if relation(base) != relation(head) {
        let verdict = if base.kind == Kind::Source { Verdict::ChangesValues } else { Verdict::Safe };
        out.push(of(What::Relation, verdict, &relation(base), &relation(head)));
    }
    let (old, new) = (&base.config, &head.config);
    if base.kind == Kind::Model && materialized(old) != materialized(new) {
        let incremental = [old, new].iter().any(|c| materialized(c) == "incremental");
        let verdict = if incremental { Verdict::ChangesValues } else { Verdict::Safe };
        let mut difference = of(What::Materialization, verdict, materialized(old), materialized(new));
        difference.note = incremental.then(|| "what it holds then depends on the runs before".to_owned());
        out.push(difference);
    }
    let keyed =
        matches!(base.kind, Kind::Snapshot) || materialized(old) == "incremental" && materialized(new) == "incremental";
    if keyed && old.unique_key != new.unique_key {
        let shown = |key: &[String]| if key.is_empty() { "none".to_owned() } else { key.join(", ") };
        out.push(of(What::UniqueKey, Verdict::ChangesValues, &shown(&old.unique_key), &shown(&new.unique_key)));
    }
    if old.contract != new.contract {
        let shown = |enforced| if enforced { "enforced" } else { "not enforced" };
        let verdict = if old.contract { Verdict::Breaking } else { Verdict::Safe };
        out.push(of(What::Contract, verdict, shown(old.contract), shown(new.contract)));
    } else if old.contract {
        out.extend(declared_types(base, head));
    }
    if access(old) != access(new) {
        let verdict = match (access(old), access(new)) {
            ("public", _) => Verdict::Breaking,
            (_, "private") if read_from_outside_of_group => Verdict::Breaking,
            _ => Verdict::Safe,
        };
        out.push(of(What::Access, verdict, access(old), access(new)));
    }
    if old.group != new.group {
        let shown = |group: &Option<String>| group.clone().unwrap_or_else(|| "none".to_owned());
        out.push(keyed_by("group", Verdict::Safe, shown(&old.group), shown(&new.group)));
    }
    // A view or table is made anew each time.
    let made_anew = |c: &Config| matches!(materialized(c), "view" | "table" | "ephemeral");
    let whole = base.kind == Kind::Model && made_anew(old) && made_anew(new);
    let mut keys: Vec<&String> = old.other.keys().chain(new.other.keys()).collect();
    keys.sort();
    keys.dedup();
    for key in keys {
        let (before, after) = (old.other.get(key), new.other.get(key));
        if before == after {
            continue;
        }
        let name = key.trim_start_matches('+');
        let verdict = if let Some(verdict) = told(name, before, after) {
            verdict
        } else if whole && OF_INCREMENTAL.split_ascii_whitespace().any(|k| k == name) {
            Verdict::Safe
        } else if DECISIVE.split_ascii_whitespace().any(|k| k == name) {
            Verdict::ChangesValues
        } else if HARMLESS.split_ascii_whitespace().any(|k| k == name) {
            Verdict::Safe
        } else {
            Verdict::Unknown
        };
        let mut difference = keyed_by(key, verdict, shown(before), shown(after));
        difference.note = (verdict == Verdict::Unknown).then(|| "what this key does is not known here".to_owned());
        out.push(difference);
    }
    out
}

/// What a grant or a hook that differs means; none of other keys.
fn told(key: &str, before: Option<&Value>, after: Option<&Value>) -> Option<Verdict> {
    let (old, new) = match key {
        "grants" => (granted(before), granted(after)),
        "post-hook" | "post_hook" => (hooks(before), hooks(after)),
        _ => return None,
    };
    let mut lost = old.iter().filter(|one| !new.contains(one));
    let gained = new.iter().filter(|one| !old.contains(one));
    Some(match key {
        // Whoever could read it and no longer can is broken, as by an access that is narrowed.
        "grants" if lost.next().is_some() => Verdict::Breaking,
        "grants" => Verdict::Safe,
        _ if lost.clone().any(|hook| hook.starts_with("grant ")) => Verdict::ChangesValues,
        _ if lost.chain(gained).all(|hook| is_upkeep(hook)) => Verdict::Safe,
        _ => Verdict::ChangesValues,
    })
}

/// Who may do what, a pair each.
fn granted(value: Option<&Value>) -> Vec<String> {
    let Some(Value::Object(all)) = value else { return Vec::new() };
    let mut out = Vec::new();
    for (privilege, who) in all {
        for one in texts(who) {
            out.push(format!("{}: {one}", privilege.trim_start_matches('+')));
        }
    }
    out
}

fn hooks(value: Option<&Value>) -> Vec<String> {
    let words = |hook: String| hook.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
    value.map(texts).unwrap_or_default().into_iter().map(words).collect()
}

fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(all) => all.iter().flat_map(texts).collect(),
        Value::Object(one) => one.get("sql").map(texts).unwrap_or_default(),
        _ => Vec::new(),
    }
}

/// One statement that leaves columns, rows and values as they are.
fn is_upkeep(hook: &str) -> bool {
    const UPKEEP: &[&str] = &["analyze", "vacuum", "optimize", "comment on ", "grant ", "create index "];
    let hook = hook.trim().trim_end_matches(';');
    let clustered = hook.starts_with("alter table ") && hook.contains(" cluster by ");
    !hook.contains(';') && !hook.contains("{%") && (clustered || UPKEEP.iter().any(|verb| hook.starts_with(verb)))
}

/// Whether an enforced contract goes on to promise a column a type that is not the one it has now.
pub(super) fn promises_other(base: &Node, head: &Node, column: &str, now: ColumnType) -> bool {
    use DataType::{Decimal, Integer};
    let said = |node: &Node| {
        let described = node.described.as_deref().filter(|_| node.config.contract)?;
        let found = described.columns.iter().find(|c| c.name.eq_ignore_ascii_case(column))?;
        let said = found.data_type.as_deref()?.to_lowercase();
        // Without digits it is an exact number all the same.
        let bare = matches!(said.as_str(), "numeric" | "decimal" | "number" | "bignumeric");
        if bare { Some(Decimal { precision: 38, scale: 9 }) } else { said.parse().ok() }
    };
    let (ColumnType::Known(now), Some(promised)) = (now, said(head)) else { return false };
    // Whole numbers are decimals in some databases.
    let exact = |t: DataType| matches!(t, Integer | Decimal { .. });
    let alike = discriminant(&now) == discriminant(&promised) || exact(now) && exact(promised);
    said(base) == Some(promised) && !alike
}

/// Types that a contract promises.
fn declared_types(base: &Node, head: &Node) -> Vec<Difference> {
    let (Some(old), Some(new)) = (&base.described, &head.described) else { return Vec::new() };
    let mut out = Vec::new();
    for column in &old.columns {
        let other = new.columns.iter().find(|c| c.name.eq_ignore_ascii_case(&column.name));
        // `bool` is `boolean`, however it is written.
        let lower = |t: &Option<String>| t.as_deref().map(type_name);
        if let Some(other) = other
            && lower(&column.data_type) != lower(&other.data_type)
        {
            let shown = |t: &Option<String>| t.clone().unwrap_or_else(|| "any type".to_owned());
            let mut difference =
                of(What::Contract, Verdict::Breaking, &shown(&column.data_type), &shown(&other.data_type));
            difference.column = Some(column.name.to_lowercase());
            out.push(difference);
        }
    }
    out
}

fn of(what: What, verdict: Verdict, before: &str, after: &str) -> Difference {
    let (before, after) = (Some(before.to_owned()), Some(after.to_owned()));
    Difference { what, verdict, before, after, ..Difference::default() }
}

fn keyed_by(key: &str, verdict: Verdict, before: String, after: String) -> Difference {
    Difference { column: Some(key.to_owned()), ..of(What::Config, verdict, &before, &after) }
}

fn shown(value: Option<&Value>) -> String {
    match value {
        None => "nothing".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

/// Where it is in the database.
pub(super) fn relation(node: &Node) -> String {
    let database = node.config.other.get("database").and_then(Value::as_str);
    let parts = [database, node.config.schema.as_deref(), Some(node.identifier.as_str())];
    parts.into_iter().flatten().collect::<Vec<_>>().join(".")
}

pub(super) fn materialized(config: &Config) -> &str {
    config.materialized.as_deref().unwrap_or("view")
}

fn access(config: &Config) -> &str {
    config.access.as_deref().unwrap_or("protected")
}
