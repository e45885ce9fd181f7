//! The rules of dbt-project-evaluator 1.2 with its default variables, over dbt's manifest: the package itself comes from
//! a hub that `make test` does not reach. Rules about exposures and public models are left out: none is generated.
//!
//! Where `unique_combination` of the project tests a key of several columns, the package wants it named in
//! `primary_key_test_macros`, as it wants any test that is not dbt's or dbt_utils'.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// Most leaves that may hang on one model, joins in one model, views in a row.
const FAN_OUT: usize = 3;
const JOINS: usize = 7;
const VIEWS: usize = 4;

struct Project<'a> {
    models: BTreeMap<&'a str, &'a Value>,
    sources: BTreeMap<&'a str, &'a Value>,
    tests: Vec<&'a Value>,
}

/// One line a rule that is broken: its name and by what.
pub fn broken(manifest: &Value) -> Vec<String> {
    let of = |part: &str, kind: &str| -> Vec<(&String, &Value)> {
        let all = manifest[part].as_object().unwrap_or_else(|| panic!("no {part}"));
        all.iter().filter(|(_, n)| n["resource_type"] == kind).collect()
    };
    let project = Project {
        models: of("nodes", "model").into_iter().map(|(id, n)| (id.as_str(), n)).collect(),
        sources: of("sources", "source").into_iter().map(|(id, n)| (id.as_str(), n)).collect(),
        tests: of("nodes", "test").into_iter().map(|(_, n)| n).collect(),
    };
    assert!(!project.models.is_empty(), "there is nothing to judge");
    let mut out = Vec::new();
    for id in project.models.keys() {
        out.extend(project.model(id).into_iter().map(|rule| format!("{rule}: {id}")));
    }
    for (id, source) in &project.sources {
        out.extend(project.source(id, source).into_iter().map(|rule| format!("{rule}: {id}")));
    }
    for test in &project.tests {
        let on = test["attached_node"].as_str().unwrap_or_default();
        let (file, stands) = (text(test, "original_file_path"), project.models.get(on));
        if stands.is_some_and(|m| folder(file) != folder(text(m, "original_file_path"))) {
            out.push(format!("test_directories: {file}"));
        }
    }
    out
}

impl Project<'_> {
    fn model(&self, id: &str) -> Vec<&'static str> {
        let model = self.models[id];
        let (name, path) = (text(model, "name"), text(model, "original_file_path"));
        let (sources, refs): (Vec<&str>, Vec<&str>) =
            reads(model).into_iter().filter(|p| !p.starts_with("macro.")).partition(|p| p.starts_with("source."));
        let layer = layer(path);
        let is_staging = layer == "staging";
        let above = |wanted: &[&str]| refs.iter().any(|r| wanted.contains(&self.layer_of(r)));
        let leaves = self.children(id).into_iter().filter(|c| self.children(c).is_empty()).count();
        let rejoins = self.children(id).into_iter().any(|child| {
            // Reads this model, and another one that only it reads and that reads this model too.
            refs_of(self.models[child]).into_iter().any(|other| {
                self.models.get(other).is_some_and(|o| refs_of(o).contains(&id)) && self.children(other) == [child]
            })
        });
        let code = text(model, "raw_code").to_lowercase();
        let rules = [
            ("direct_join_to_source", !sources.is_empty() && !refs.is_empty()),
            ("marts_or_intermediate_dependent_on_source", !is_staging && layer != "base" && !sources.is_empty()),
            ("model_fanout", leaves >= FAN_OUT),
            ("multiple_sources_joined", sources.len() > 1),
            ("rejoining_of_upstream_concepts", rejoins),
            ("root_models", sources.is_empty() && refs.is_empty()),
            ("staging_dependent_on_marts_or_intermediate", is_staging && above(&["marts", "intermediate"])),
            ("staging_dependent_on_staging", is_staging && above(&["staging"])),
            ("hard_coded_references", hard_coded(&code)),
            ("too_many_joins", code.split_whitespace().filter(|w| *w == "join").count() >= JOINS),
            ("missing_primary_key_tests", !self.key_is_tested(id)),
            ("test_coverage", self.tests_on(id).is_empty()),
            ("undocumented_models", text(model, "description").trim().is_empty()),
            ("undocumented_columns", undocumented(model)),
            ("model_naming_conventions", !fits(layer, name)),
            (
                "model_directories",
                is_staging && !sources.iter().all(|s| path.contains(&format!("/staging/{}/", source_name(s)))),
            ),
            ("chained_views_dependencies", self.views_above(id) > VIEWS),
        ];
        rules.into_iter().filter(|(_, is_broken)| *is_broken).map(|(rule, _)| rule).collect()
    }

    fn source(&self, id: &str, source: &Value) -> Vec<&'static str> {
        let readers = self.children(id);
        let relation = text(source, "relation_name");
        let rules = [
            ("source_fanout", readers.len() > 1),
            ("unused_sources", readers.is_empty()),
            ("duplicate_sources", self.sources.values().filter(|s| text(s, "relation_name") == relation).count() > 1),
            (
                "sources_without_freshness",
                ["warn_after", "error_after"].iter().all(|k| source["freshness"][k]["count"].is_null()),
            ),
            ("undocumented_source_tables", text(source, "description").trim().is_empty()),
            ("undocumented_sources", text(source, "source_description").trim().is_empty()),
            (
                "source_directories",
                !text(source, "original_file_path").contains(&format!("/staging/{}/", text(source, "source_name"))),
            ),
        ];
        rules.into_iter().filter(|(_, is_broken)| *is_broken).map(|(rule, _)| rule).collect()
    }

    fn children(&self, id: &str) -> Vec<&str> {
        self.models.iter().filter(|(_, m)| reads(m).contains(&id)).map(|(child, _)| *child).collect()
    }

    fn layer_of(&self, id: &str) -> &str {
        self.models.get(id).map_or("", |m| layer(text(m, "original_file_path")))
    }

    fn tests_on(&self, id: &str) -> Vec<&Value> {
        self.tests.iter().copied().filter(|t| t["attached_node"] == id).collect()
    }

    /// One column unique and not null, or a combination that is unique and whose columns are not null.
    fn key_is_tested(&self, id: &str) -> bool {
        let tests = self.tests_on(id);
        let columns = |test: &str| -> BTreeSet<&str> {
            tests.iter().filter(|t| t["test_metadata"]["name"] == test).map(|t| text(t, "column_name")).collect()
        };
        let filled = columns("not_null");
        let combined = tests.iter().any(|t| {
            t["test_metadata"]["name"] == "unique_combination"
                && t["test_metadata"]["kwargs"]["columns"]
                    .as_array()
                    .is_some_and(|c| c.len() > 1 && c.iter().all(|c| c.as_str().is_some_and(|c| filled.contains(c))))
        });
        combined || columns("unique").intersection(&filled).next().is_some()
    }

    /// Views in a row that end with this model's parents.
    fn views_above(&self, id: &str) -> usize {
        let parents = refs_of(self.models[id]).into_iter().filter(|p| self.models.contains_key(p));
        parents
            .map(|p| if self.models[p]["config"]["materialized"] == "view" { 1 + self.views_above(p) } else { 0 })
            .max()
            .unwrap_or(0)
    }
}

fn text<'a>(node: &'a Value, field: &str) -> &'a str {
    node[field].as_str().unwrap_or_default()
}

fn reads(model: &Value) -> Vec<&str> {
    model["depends_on"]["nodes"].as_array().map(|n| n.iter().filter_map(Value::as_str).collect()).unwrap_or_default()
}

fn refs_of(model: &Value) -> Vec<&str> {
    reads(model).into_iter().filter(|id| id.starts_with("model.")).collect()
}

fn source_name(id: &str) -> &str {
    id.split('.').nth(2).unwrap_or_default()
}

fn layer(path: &str) -> &str {
    if path.contains("/base/") {
        return "base";
    }
    path.split('/').nth(1).unwrap_or_default()
}

fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

fn fits(layer: &str, name: &str) -> bool {
    match layer {
        "base" => name.starts_with("base_"),
        "staging" => name.starts_with("stg_") && name.contains("__"),
        "intermediate" => name.starts_with("int_"),
        "marts" => !["stg_", "int_", "base_"].iter().any(|p| name.starts_with(p)),
        _ => false,
    }
}

fn undocumented(model: &Value) -> bool {
    let columns = model["columns"].as_object();
    columns.is_none_or(|c| c.is_empty() || c.values().any(|c| text(c, "description").trim().is_empty()))
}

/// `from` or `join` followed by a name with a dot in it, or by a quoted one.
fn hard_coded(code: &str) -> bool {
    let words: Vec<&str> = code.split_whitespace().collect();
    let is_relation = |word: &str| !word.starts_with(['{', '(']) && word.contains(['.', '"', '`']);
    words.windows(2).any(|w| ["from", "join"].contains(&w[0]) && is_relation(w[1]))
}
