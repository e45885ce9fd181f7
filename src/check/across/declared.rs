//! DAGs that Pipewright declares in YAML, beside the Python that it makes of them.

use serde::Deserialize;

use super::builds::{Build, By};
use crate::check::Repository;

/// A DAG in YAML.
#[derive(Debug)]
pub struct Declared {
    /// Its file.
    pub path: String,
    /// That file.
    pub text: String,
    /// Its id.
    pub id: String,
    tasks: Vec<Task>,
}

#[derive(Deserialize)]
struct File {
    dag_id: String,
    #[serde(default)]
    tasks: Vec<Task>,
}

#[derive(Debug, Deserialize)]
struct Task {
    id: String,
    #[serde(default)]
    dbt_build: Vec<String>,
    #[serde(default)]
    dbt_snapshot: Vec<String>,
}

/// Those of a repository.
pub(super) fn read(repository: &Repository) -> Vec<Declared> {
    let is_yaml = |path: &str| path.ends_with(".yml") || path.ends_with(".yaml");
    let is_dag = |path: &str| path.starts_with("dags/") || path.contains("/dags/");
    let files = repository.files.iter().filter(|(path, text)| {
        is_yaml(path) && is_dag(path) && !path.starts_with(".pipewright/") && text.contains("dag_id:")
    });
    let read = |(path, text): (&String, &std::sync::Arc<str>)| {
        let file: File = serde_yaml::from_str(text).ok()?;
        Some(Declared { path: path.clone(), text: text.to_string(), id: file.dag_id, tasks: file.tasks })
    };
    files.filter_map(read).collect()
}

impl Declared {
    /// Its tasks that run dbt.
    pub(super) fn builds(&self) -> Vec<Build<'_>> {
        let mut out = Vec::new();
        for task in &self.tasks {
            let at = self.text.find(&format!("- id: {}", task.id)).map_or(0, |at| at + "- id: ".len());
            for (command, select) in [("build", &task.dbt_build), ("snapshot", &task.dbt_snapshot)] {
                if !select.is_empty() {
                    out.push(Build {
                        by: By::Yaml(self, at),
                        command: command.to_owned(),
                        select: select.clone(),
                        exclude: Vec::new(),
                        selectors: Vec::new(),
                        unknown: false,
                        folder: String::new(),
                    });
                }
            }
        }
        out
    }
}
