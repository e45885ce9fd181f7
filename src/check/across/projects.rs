//! Which dbt projects a text means, by the folders that it names.

/// Files and folders in a project that are named for the project itself.
const INSIDE: &[&str] = &["dbt_project.yml", "profiles.yml", "manifest.json", "target", "models"];

/// The projects, out of `folders` (each empty or ending in `/`), whose folder a text names best; none where it names
/// none. A deployment may have them elsewhere: `/opt/airflow/dbt/finance` is the project in `finance/`.
pub(super) fn named(text: &str, folders: &[&str], only_paths: bool) -> Vec<usize> {
    let text = joined(text);
    let mut best = (0, Vec::new());
    let ends = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`' | ',' | ';' | '&' | '=' | '(' | ')' | '|');
    for word in text.split(ends).filter(|word| !only_paths || word.contains('/')) {
        let mut parts: Vec<&str> = word.split('/').filter(|p| !p.is_empty() && *p != ".").collect();
        // A selection by path.
        if parts.first().is_some_and(|p| p.contains(':') || *p == "models") {
            continue;
        }
        while parts.last().is_some_and(|p| INSIDE.contains(p)) {
            parts.pop();
        }
        for (i, folder) in folders.iter().enumerate() {
            let own = folder.split('/').rev().filter(|p| !p.is_empty());
            let alike = own.zip(parts.iter().rev()).take_while(|(a, b)| a == *b).count();
            match alike.cmp(&best.0) {
                std::cmp::Ordering::Greater => best = (alike, vec![i]),
                std::cmp::Ordering::Equal if alike > 0 && !best.1.contains(&i) => best.1.push(i),
                _ => {}
            }
        }
    }
    best.1.sort_unstable();
    best.1
}

/// `Path(HOME) / "dbt" / "finance"` as one path.
fn joined(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('/') {
        let (before, after) = (&rest[..at], &rest[at + 1..]);
        let bare = before.trim_end();
        let next = after.trim_start();
        let quoted = |c: Option<char>| matches!(c, Some('"' | '\''));
        match (quoted(next.chars().next()), before.len() > bare.len() || after.len() > next.len()) {
            (true, true) => {
                out.push_str(bare.trim_end_matches(['"', '\'']));
                out.push('/');
                rest = &next[1..];
            }
            _ => {
                out.push_str(before);
                out.push('/');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::named;

    #[test]
    fn folders_are_found_where_they_are_named() {
        let folders = ["dbt/finance/", "dbt/marketing/", "legacy/"];
        for (text, only_paths, want) in [
            ("dbt/finance", false, vec![0]),
            ("/opt/airflow/dbt/marketing", false, vec![1]),
            ("finance", false, vec![0]),
            ("finance", true, vec![]),
            ("{HOME}/legacy/target", false, vec![2]),
            ("x = Path(__file__).parent / \"dbt\" / \"marketing\"\n", true, vec![1]),
            ("ROOT / 'finance'", true, vec![0]),
            ("dbt run --select path:models/finance models/legacy", true, vec![]),
            ("A = '/a/dbt/finance'\nB = '/a/dbt/marketing'", true, vec![0, 1]),
            ("A = '/a/dbt/finance'\nB = '/b/marketing'", true, vec![0]),
            ("/opt/dbt", false, vec![]),
            ("é/🦆 / 'x", true, vec![]),
        ] {
            assert_eq!(named(text, &folders, only_paths), want, "{text}");
        }
        assert_eq!(named("teams/a/dbt", &["teams/a/dbt/", "teams/b/dbt/"], false), [0]);
        assert_eq!(named("/usr/app/dbt", &["teams/a/dbt/", "teams/b/dbt/"], false), [0, 1]);
        assert_eq!(named("/usr/app", &[""], false), Vec::<usize>::new());
    }
}
