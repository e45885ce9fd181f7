//! Whether merged projects build, all in one process of the runtime's Python.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use pipewright::render::Files;
use serde_json::{Value, json};

/// Projects to be built, and what became of each.
#[derive(Default)]
pub struct Builds {
    texts: Vec<String>,
    places: BTreeMap<String, usize>,
    projects: Vec<Value>,
    known: BTreeMap<String, usize>,
    python: BTreeSet<usize>,
    yaml: BTreeSet<usize>,
    built: Vec<Value>,
}

impl Builds {
    fn text(&mut self, text: &str) -> usize {
        let next = self.texts.len();
        let at = *self.places.entry(text.to_owned()).or_insert(next);
        if at == next {
            self.texts.push(text.to_owned());
        }
        at
    }

    /// Adds the files of a project over the tables that a DDL makes; each distinct project is built once.
    pub fn add(&mut self, files: &Files, ddl: &str) -> usize {
        let mut models = BTreeMap::new();
        for (path, text) in files {
            let at = self.text(text);
            match path.rsplit('.').next() {
                Some("py") => drop(self.python.insert(at)),
                Some("yml") => drop(self.yaml.insert(at)),
                Some("sql") if path.starts_with("dbt/models/") => {
                    let name = Path::new(path).file_stem().unwrap().to_str().unwrap().to_owned();
                    models.insert(name, at);
                }
                _ => {}
            }
        }
        // Comments of columns say nothing about types, and may name columns that a table has not.
        let tables: String =
            ddl.split_inclusive(";\n").filter(|s| s.contains("create table") || s.contains("create schema")).collect();
        let project = json!({"tables": tables, "models": models});
        let next = self.projects.len();
        let at = *self.known.entry(project.to_string()).or_insert(next);
        if at == next {
            self.projects.push(project);
        }
        at
    }

    /// Builds everything; what is wrong with Python or YAML, a message each.
    pub fn build(&mut self, python: &Path) -> Vec<String> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/merge_suite/builds.py");
        let given = json!({"texts": self.texts, "projects": self.projects, "python": self.python, "yaml": self.yaml});
        let mut child =
            Command::new(python).arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("python");
        let mut stdin = child.stdin.take().unwrap();
        let writer = std::thread::spawn(move || stdin.write_all(given.to_string().as_bytes()));
        let out = child.wait_with_output().unwrap();
        writer.join().unwrap().unwrap();
        let answer: Value = serde_json::from_slice(&out.stdout).expect("JSON");
        self.built = answer["projects"].as_array().unwrap().clone();
        let mut wrong = Vec::new();
        for (kind, places) in [("python", &self.python), ("yaml", &self.yaml)] {
            let said = answer[kind].as_array().unwrap();
            assert_eq!(said.len(), places.len());
            for (place, message) in places.iter().zip(said).filter(|(_, m)| *m != "") {
                wrong.push(format!("{}\n{}", message.as_str().unwrap(), self.texts[*place]));
            }
        }
        assert_eq!(self.built.len(), self.projects.len());
        wrong
    }

    /// The columns of each model of a project, or why it does not build.
    pub fn columns(&self, project: usize) -> Result<BTreeMap<String, BTreeSet<String>>, String> {
        match &self.built[project] {
            Value::String(message) => Err(message.clone()),
            columns => Ok(serde_json::from_value(columns.clone()).unwrap()),
        }
    }
}
