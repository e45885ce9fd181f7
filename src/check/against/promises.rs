//! Tests: which are new, gone, ask for less, or ask for what is not there.

use std::collections::BTreeMap;

use serde_json::Value;

use super::verdict::{Difference, Verdict, What};
use crate::dbt::{Described, Test};

/// Arguments that decide how grave a failure is, or over which rows a test looks.
const LOOSENING: &[&str] = &["severity", "warn_if", "error_if", "where", "limit", "enabled"];

/// A test under what it is of: a column, or the whole table.
type Of<'a> = (Option<String>, &'a Test);

/// Everything that differs. `renamed`: columns of the base by their names in the head; `gone`: columns that are not
/// there any more.
pub(super) fn differences(
    base: Option<&Described>,
    head: Option<&Described>,
    renamed: &BTreeMap<String, String>,
    gone: &dyn Fn(&str) -> bool,
) -> Vec<Difference> {
    let mut old = all(base);
    let mut new = all(head);
    // Most are the same.
    old.retain(|(column, test)| {
        let at = new.iter().position(|(c, t)| c == column && t.name == test.name && t.arguments == test.arguments);
        at.map(|at| new.remove(at)).is_none()
    });
    let mut out = Vec::new();
    for (column, test) in old {
        let follows = |c: &Option<String>| match (&column, c) {
            (Some(a), Some(b)) => a == b || renamed.get(a) == Some(b),
            (None, None) => true,
            _ => false,
        };
        let exact = new.iter().position(|(c, t)| follows(c) && t.name == test.name && t.arguments == test.arguments);
        let at = exact.or_else(|| new.iter().position(|(c, t)| follows(c) && t.name == test.name));
        let Some(at) = at else {
            // A test of a column that is gone goes with it.
            if !column.as_deref().is_some_and(|c| gone(c) || renamed.contains_key(c)) {
                out.push(of(What::TestRemoved, Verdict::ChangesValues, &column, Some(&shown(test)), None));
            }
            continue;
        };
        let (_, other) = new.remove(at);
        let what = match compare(test, other) {
            Way::Same => continue,
            Way::Less => What::TestLoosened,
            Way::More => What::TestAdded,
            Way::Other => What::TestChanged,
        };
        let verdict = if what == What::TestAdded { Verdict::Safe } else { Verdict::ChangesValues };
        out.push(of(what, verdict, &column, Some(&shown(test)), Some(&shown(other))));
    }
    for (column, test) in new {
        out.push(of(What::TestAdded, Verdict::Safe, &column, None, Some(&shown(test))));
    }
    out
}

/// Tests of columns that are there in the base and not in the head.
pub(super) fn broken(head: Option<&Described>, gone: &dyn Fn(&str) -> bool) -> Vec<(String, String)> {
    let tests = all(head).into_iter();
    tests.filter_map(|(column, test)| column.filter(|c| gone(c)).map(|c| (c, test.name.clone()))).collect()
}

/// Columns of the table that its own tests name in their arguments.
pub(super) fn named_columns(test: &Test) -> Vec<String> {
    let listed = ["combination_of_columns", "compare_columns", "group_by_columns", "column_list"];
    let values = listed.iter().filter_map(|key| test.arguments.get(*key)?.as_array());
    values.flatten().filter_map(|v| Some(v.as_str()?.to_lowercase())).collect()
}

fn all(described: Option<&Described>) -> Vec<Of<'_>> {
    let Some(described) = described else { return Vec::new() };
    let columns = described.columns.iter();
    let of_columns = columns.flat_map(|c| c.tests.iter().map(|t| (Some(c.name.to_lowercase()), t)));
    described.tests.iter().map(|t| (None, t)).chain(of_columns).collect()
}

enum Way {
    Same,
    Less,
    More,
    Other,
}

fn compare(base: &Test, head: &Test) -> Way {
    let (old, new) = (flat(base), flat(head));
    let differs = |key: &str| old.get(key) != new.get(key);
    let mut keys: Vec<&str> = old.keys().chain(new.keys()).copied().filter(|k| differs(k)).collect();
    keys.sort_unstable();
    keys.dedup();
    let (mut less, mut more) = (false, false);
    for key in keys {
        let (before, after) = (old.get(key).copied(), new.get(key).copied());
        let text = |v: Option<&Value>| v.and_then(Value::as_str).map(str::to_lowercase);
        match key {
            "severity" if text(after).as_deref() == Some("warn") => less = true,
            "severity" => more = true,
            "where" | "limit" => match (before, after) {
                (None, _) => less = true,
                (_, None) => more = true,
                _ => return Way::Other,
            },
            "enabled" if after == Some(&Value::Bool(false)) => less = true,
            "values" => match (before.and_then(Value::as_array), after.and_then(Value::as_array)) {
                (Some(b), Some(a)) if b.iter().all(|v| a.contains(v)) => less = a.len() > b.len() || less,
                (Some(b), Some(a)) if a.iter().all(|v| b.contains(v)) => more |= b.len() > a.len(),
                _ => return Way::Other,
            },
            _ => return Way::Other,
        }
    }
    match (less, more) {
        (false, false) => Way::Same,
        (true, false) => Way::Less,
        (false, true) => Way::More,
        (true, true) => Way::Other,
    }
}

/// Arguments, with those that stand under `config` or `arguments` beside the others; a name says nothing.
fn flat(test: &Test) -> BTreeMap<&str, &Value> {
    let mut out = BTreeMap::new();
    for (key, value) in &test.arguments {
        match (key.as_str(), value) {
            ("config" | "arguments", Value::Object(inner)) => out.extend(inner.iter().map(|(k, v)| (k.as_str(), v))),
            ("name" | "description" | "tags" | "meta", _) => {}
            (key, value) => {
                out.insert(key, value);
            }
        }
    }
    // What nobody says is an error.
    if out.get("severity").and_then(|v| v.as_str()).is_some_and(|s| s.eq_ignore_ascii_case("error")) {
        out.remove("severity");
    }
    out
}

fn shown(test: &Test) -> String {
    let flat = flat(test);
    let said = flat.iter().filter(|(key, _)| LOOSENING.contains(key) || matches!(**key, "values" | "expression"));
    let said: Vec<String> = said.map(|(k, v)| format!("{k}: {v}")).collect();
    if said.is_empty() { test.name.clone() } else { format!("{} ({})", test.name, said.join(", ")) }
}

fn of(what: What, verdict: Verdict, column: &Option<String>, before: Option<&str>, after: Option<&str>) -> Difference {
    let on = |name: &str| match column {
        Some(column) => format!("{name} of `{column}`"),
        None => name.to_owned(),
    };
    let (before, after) = (before.map(on), after.map(str::to_owned));
    let after = if before.is_none() { after.as_deref().map(on) } else { after };
    Difference { what, verdict, column: column.clone(), before, after, ..Difference::default() }
}
