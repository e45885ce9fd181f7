//! The files around dbt projects: DAGs, scripts, contracts, settings.

use crate::dbt::Tree;

/// What a repository holds. One without a dbt project is checked as well.
#[derive(Clone, Debug, Default)]
pub struct Repository {
    /// Text files by their path from its root; those that [`Repository::wants`] at least.
    pub files: Tree,
    /// Files that it wants and that are no text: not UTF-8, or with a zero byte in them.
    pub no_text: Vec<String>,
}

/// Longest file that is read; a longer one is data or a bundle, and is named in a finding.
pub const LONGEST: usize = 4_000_000;

/// Folders that hold what others wrote, or what was made.
const OTHERS: &[&str] =
    &[".git", ".tox", ".venv", "__pycache__", "dbt_packages", "node_modules", "site-packages", "target", "venv"];

impl Repository {
    /// Whether the file at a path is one that rules look at.
    pub fn wants(path: &str) -> bool {
        let (folders, name) = path.rsplit_once('/').unwrap_or(("", path));
        if folders.split('/').any(|folder| OTHERS.contains(&folder)) {
            return false;
        }
        let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
        matches!(ending, "py" | "sql" | "yml" | "yaml" | "cfg" | "ini" | "toml" | "env" | "sh" | "tf" | "ipynb")
            || matches!(name, "Makefile" | ".airflowignore")
            || name.starts_with("Dockerfile")
            || ((name.starts_with("requirements") || name.starts_with("constraints")) && ending == "txt")
            || name.starts_with(".env")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_wrote_is_left_alone() {
        for path in ["dags/a.py", "dbt/models/a.sql", ".env.example", "Dockerfile", "requirements-dev.txt", "a.yaml"] {
            assert!(Repository::wants(path), "{path}");
        }
        for path in ["venv/lib/a.py", "dbt/target/run/a.sql", "logo.png", "README", "a/node_modules/b.yml"] {
            assert!(!Repository::wants(path), "{path}");
        }
    }
}
