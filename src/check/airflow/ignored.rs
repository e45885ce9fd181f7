//! `.airflowignore`: files that Airflow reads no DAGs from.

use regex::Regex;

use crate::check::Repository;

/// The patterns of a repository, by the folder that they are for.
#[derive(Debug, Default)]
pub struct Ignored<'r> {
    folders: Vec<(&'r str, Vec<Pattern<'r>>)>,
}

/// A line, as either syntax reads it: which one it is in is a setting of Airflow, and versions differ in what it is.
#[derive(Debug)]
struct Pattern<'r> {
    line: &'r str,
    regex: Option<Regex>,
}

impl<'r> Ignored<'r> {
    /// Reads them.
    pub fn of(repository: &'r Repository) -> Ignored<'r> {
        let mut folders = Vec::new();
        for (path, text) in &repository.files {
            let Some(folder) = path.strip_suffix(".airflowignore") else { continue };
            let lines = text.lines().map(|line| line.split('#').next().unwrap_or_default().trim());
            let all = lines.filter(|line| !line.is_empty()).map(|line| Pattern { line, regex: Regex::new(line).ok() });
            folders.push((folder, all.collect()));
        }
        Ignored { folders }
    }

    /// Whether Airflow leaves a file alone.
    pub fn holds(&self, path: &str) -> bool {
        self.folders.iter().any(|(folder, all)| {
            let Some(inner) = path.strip_prefix(folder) else { return false };
            // A later line may take one back: `!keep.py`.
            let by_glob = all.iter().fold(false, |held, pattern| match pattern.line.strip_prefix('!') {
                Some(kept) => held && !glob(kept, inner),
                None => held || glob(pattern.line, inner),
            });
            by_glob || all.iter().any(|p| p.regex.as_ref().is_some_and(|regex| regex.is_match(inner)))
        })
    }
}

/// Whether a file, or a folder that it is in, fits a line as git reads it.
fn glob(line: &str, path: &str) -> bool {
    let pattern = line.trim_end_matches('/');
    let anchored = pattern.contains('/');
    let pattern = pattern.trim_start_matches('/');
    let fits = crate::check::across::fits;
    if !anchored {
        return path.split('/').any(|part| fits(pattern, part));
    }
    let ends = path.match_indices('/').map(|(at, _)| at).chain([path.len()]);
    ends.into_iter().any(|end| fits(pattern, &path[..end]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_either_syntax_hold() {
        let files = [
            ("dags/.airflowignore".to_owned(), "# old ones\n_archive/\nold_.*\\.py\n*.tmp.py\nteam/*/drafts\n".into()),
            ("dags/team/.airflowignore".to_owned(), "helpers\n".into()),
        ];
        let repository = Repository { files: files.into(), no_text: Vec::new() };
        let ignored = Ignored::of(&repository);
        for (path, want) in [
            ("dags/_archive/a.py", true),
            ("dags/old_orders.py", true),
            ("dags/a.tmp.py", true),
            ("dags/team/x/drafts/a.py", true),
            ("dags/team/helpers/a.py", true),
            ("dags/helpers/a.py", false),
            ("dags/orders.py", false),
            ("_archive/a.py", false),
        ] {
            assert_eq!(ignored.holds(path), want, "{path}");
        }
    }
}
