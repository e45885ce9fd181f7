//! What dbt did, read from its JSON log: the same for a run of ours and for the many starts of a DAG's tasks.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use serde_json::Value;

use super::report::{ModelResult, Status, TestKind, TestResult, TestStatus};

/// What dbt's log and manifest say.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Seen {
    /// Models by unique id, in the order that they ended; of a model that ran twice the last time counts.
    models: IndexMap<String, ModelResult>,
    /// Tests likewise.
    tests: IndexMap<String, TestResult>,
    /// What dbt said at level `error`, each text once.
    pub errors: Vec<String>,
    /// Lines that are no event of dbt.
    pub unread: usize,
}

/// Where dbt is, from a line that it prints for people: `3 of 23 START test unique_orders_id ... [RUN]`, and whether
/// that is the line's beginning of a node (`START`) or its end.
pub fn position(line: &str) -> Option<Position<'_>> {
    let at = line.find(" of ")?;
    let index = line[..at].rsplit(' ').next()?.parse().ok()?;
    let (total, rest) = line[at + 4..].split_once(' ')?;
    let (word, rest) = rest.split_once(' ')?;
    let known = ["START", "PASS", "FAIL", "WARN", "ERROR", "SKIP", "OK"];
    if !known.contains(&word) {
        return None;
    }
    let what = rest.split(" ..").next()?.split("  [").next()?.trim();
    Some(Position { index, total: total.parse().ok()?, began: word == "START", what })
}

/// A node that dbt begins or ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position<'a> {
    /// Which node, from 1.
    pub index: usize,
    /// How many there are.
    pub total: usize,
    /// It begins; else it ended.
    pub began: bool,
    /// What it is, in dbt's words.
    pub what: &'a str,
}

fn text<'a>(value: &'a Value, path: &str) -> &'a str {
    value.pointer(path).and_then(Value::as_str).unwrap_or_default()
}

impl Seen {
    /// Reads a whole log.
    pub fn of_log(log: &str) -> Seen {
        let mut seen = Seen::default();
        for line in log.lines().filter(|l| !l.trim().is_empty()) {
            seen.line(line);
        }
        let mut once = std::collections::BTreeSet::new();
        seen.errors.retain(|e| once.insert(e.clone()));
        seen
    }

    fn line(&mut self, line: &str) {
        let Ok(event) = serde_json::from_str::<Value>(line) else {
            self.unread += 1;
            return;
        };
        let name = text(&event, "/info/name");
        if let ("NodeFinished", Some(node), Some(result)) =
            (name, event.pointer("/data/node_info"), event.pointer("/data/run_result"))
        {
            self.finished(node, result);
        }
        // What these say is in the results.
        let known = ["RunResultFailure", "RunResultError", "EndOfRunSummary", "LogTestResult", "LogModelResult"];
        let message = text(&event, "/info/msg").trim();
        if text(&event, "/info/level") == "error" && !known.contains(&name) && !message.is_empty() {
            self.errors.push(message.to_owned());
        }
    }

    fn finished(&mut self, node: &Value, result: &Value) {
        let (id, name, kind) = (text(node, "/unique_id"), text(node, "/node_name"), text(node, "/resource_type"));
        let said = text(result, "/message").trim();
        let message = |bad: bool| Some(said.to_owned()).filter(|m| bad && !m.is_empty());
        let word = text(result, "/status");
        match kind {
            "test" | "unit_test" => {
                let status = match word {
                    "pass" | "success" => TestStatus::Pass,
                    "fail" => TestStatus::Fail,
                    "warn" => TestStatus::Warn,
                    "skipped" => TestStatus::Skipped,
                    _ => TestStatus::Error,
                };
                let failures = result.pointer("/num_failures").and_then(Value::as_u64).unwrap_or_default();
                let kind = if kind == "test" { TestKind::Data } else { TestKind::Unit };
                // A unit test's id is `unit_test.<project>.<model>.<name>`.
                let model = (kind == TestKind::Unit).then(|| id.split('.').nth(2).map(str::to_owned)).flatten();
                let message = message(status != TestStatus::Pass);
                let test = TestResult { name: name.to_owned(), model, column: None, kind, status, failures, message };
                self.tests.shift_remove(id);
                self.tests.insert(id.to_owned(), test);
            }
            "model" | "snapshot" | "seed" => {
                let status = match word {
                    "success" => Status::Success,
                    "skipped" => Status::Skipped,
                    _ => Status::Failed,
                };
                let seconds = result.pointer("/execution_time").and_then(Value::as_f64).unwrap_or_default();
                let model = ModelResult {
                    name: name.to_owned(),
                    relation: text(node, "/node_relation/relation_name").to_owned(),
                    status,
                    seconds: (seconds * 1000.0).round() / 1000.0,
                    materialized: text(node, "/materialized").to_owned(),
                    message: message(status != Status::Success),
                };
                self.models.shift_remove(id);
                self.models.insert(id.to_owned(), model);
            }
            _ => {}
        }
    }

    /// Adds what only the manifest knows: which model and column a test is on.
    pub fn with_manifest(mut self, manifest: &str) -> Seen {
        let manifest: Value = serde_json::from_str(manifest).unwrap_or_default();
        let of: BTreeMap<&str, &Value> = match manifest.pointer("/nodes") {
            Some(Value::Object(nodes)) => nodes.iter().map(|(k, v)| (k.as_str(), v)).collect(),
            _ => BTreeMap::new(),
        };
        for (id, test) in &mut self.tests {
            if let Some(node) = of.get(id.as_str()) {
                test.column = Some(text(node, "/column_name").to_owned()).filter(|c| !c.is_empty());
                let attached = text(node, "/attached_node").rsplit('.').next().unwrap_or_default().to_owned();
                test.model = Some(attached).filter(|m| !m.is_empty()).or(test.model.take());
            }
        }
        self
    }

    /// Models, in the order that they ended.
    pub fn models(&self) -> Vec<ModelResult> {
        self.models.values().cloned().collect()
    }

    /// Tests, in the order that they ended.
    pub fn tests(&self) -> Vec<TestResult> {
        self.tests.values().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finished(id: &str, kind: &str, status: &str, failures: u64) -> String {
        let name = id.split('.').nth(if kind == "unit_test" { 3 } else { 2 });
        serde_json::json!({
            "info": {"name": "NodeFinished", "level": "debug", "msg": ""},
            "data": {
                "node_info": {"unique_id": id, "node_name": name, "resource_type": kind, "materialized": "table",
                    "node_relation": {"relation_name": "\"w\".\"marts\".\"m\""}},
                "run_result": {"status": status, "num_failures": failures, "message": "said", "execution_time": 0.12345}
            }
        })
        .to_string()
    }

    #[test]
    fn models_tests_and_where_they_are() {
        let log = [
            finished("model.p.m", "model", "error", 0),
            finished("model.p.m", "model", "success", 0),
            finished("test.p.unique_m_a.1f", "test", "fail", 3),
            finished("test.p.not_null_m_b.2f", "test", "warn", 1),
            finished("unit_test.p.m.edges", "unit_test", "skipped", 0),
            "half a li".to_owned(),
            r#"{"info": {"name": "MainEncounteredError", "level": "error", "msg": "  no such thing \n"}, "data": {}}"#
                .to_owned(),
        ]
        .join("\n");
        let manifest = r#"{"nodes": {"test.p.unique_m_a.1f": {"column_name": "a", "attached_node": "model.p.m"}}}"#;
        let seen = Seen::of_log(&log).with_manifest(manifest);
        let models = seen.models();
        assert_eq!((models.len(), models[0].status, models[0].seconds), (1, Status::Success, 0.123));
        let tests: Vec<_> =
            seen.tests().into_iter().map(|t| (t.name, t.model, t.column, t.status, t.failures)).collect();
        assert_eq!(
            tests,
            [
                ("unique_m_a".into(), Some("m".into()), Some("a".into()), TestStatus::Fail, 3),
                ("not_null_m_b".into(), None, None, TestStatus::Warn, 1),
                ("edges".into(), Some("m".into()), None, TestStatus::Skipped, 0),
            ]
        );
        assert_eq!((seen.errors, seen.unread), (vec!["no such thing".to_owned()], 1));
    }

    #[test]
    fn lines_for_people_tell_where_dbt_is() {
        let at = |line| position(line).map(|p| (p.index, p.total, p.began, p.what));
        assert_eq!(
            at("08:34:52  3 of 23 START test accepted_values_a__USD .............. [RUN]"),
            Some((3, 23, true, "test accepted_values_a__USD"))
        );
        assert_eq!(at("08:34:52  3 of 23 FAIL 1 accepted_values_a ..... [FAIL 1 in 0.12s]").map(|p| p.2), Some(false));
        assert_eq!(
            at("[info ] 08:34:52  12 of 23 SKIP relation marts.d ....... [SKIP] [a.b] loc=x").map(|p| p.0),
            Some(12)
        );
        assert_eq!(at("one of the models"), None);
        assert_eq!(at("3 of 23"), None);
    }

    #[test]
    fn nonsense_is_survived() {
        for line in [
            "[]",
            "null",
            "{}",
            r#"{"info":{"name":"NodeFinished"}}"#,
            r#"{"info":{"name":"NodeFinished"},"data":{"node_info":[],"run_result":7}}"#,
        ] {
            let _ = Seen::of_log(line).with_manifest("[]");
        }
    }
}
