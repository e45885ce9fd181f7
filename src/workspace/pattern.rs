//! Paths as people name several at once: `dbt/models/marts/*.sql`, `dags/`, `**/orders.yml`.

use regex::Regex;

/// A path, a folder, or a pattern of paths: `*` and `?` within a folder, `**` across folders.
#[derive(Clone, Debug)]
pub struct Pattern {
    text: String,
    regex: Option<Regex>,
}

impl Pattern {
    /// Reads a pattern; what is no pattern is a path.
    pub fn new(text: &str) -> Pattern {
        let text = text.trim_start_matches("./").trim_end_matches('/').to_owned();
        let mut pattern = String::from("^");
        let mut rest = text.as_str();
        while let Some(c) = rest.chars().next() {
            let (part, taken) = match c {
                '*' if rest.starts_with("**/") => ("(?:.*/)?".to_owned(), 3),
                '*' if rest.starts_with("**") => (".*".to_owned(), 2),
                '*' => ("[^/]*".to_owned(), 1),
                '?' => ("[^/]".to_owned(), 1),
                c => (regex::escape(&c.to_string()), c.len_utf8()),
            };
            pattern.push_str(&part);
            rest = &rest[taken..];
        }
        pattern.push_str("(?:/.*)?$");
        Pattern { regex: Regex::new(&pattern).ok().filter(|_| !text.is_empty()), text }
    }

    /// Whether it names `path`, or a folder that `path` is in.
    pub fn names(&self, path: &str) -> bool {
        self.regex.as_ref().map_or(self.text == path, |regex| regex.is_match(path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_name_paths() {
        for (pattern, path, want) in [
            ("dags/a.py", "dags/a.py", true),
            ("./dags/a.py", "dags/a.py", true),
            ("dags/a.py", "dags/a_py", false),
            ("dags", "dags/a.py", true),
            ("dags/", "dags/x/a.py", true),
            ("dag", "dags/a.py", false),
            ("dags/*.py", "dags/a.py", true),
            ("dags/*.py", "dags/x/a.py", false),
            ("**/*.yml", "dbt/models/a.yml", true),
            ("**/*.yml", "a.yml", true),
            ("dbt/**", "dbt/models/a.yml", true),
            ("dbt/?.sql", "dbt/a.sql", true),
            ("dbt/[a].sql", "dbt/[a].sql", true),
            ("(", "(", true),
            ("", "dags/a.py", false),
        ] {
            assert_eq!(Pattern::new(pattern).names(path), want, "{pattern} {path}");
        }
    }
}
