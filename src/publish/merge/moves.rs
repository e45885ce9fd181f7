//! Files that people moved or renamed, and files that are generated elsewhere now: what changes follows them.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::LazyLock;

use regex::Regex;

use crate::render::Files;
use crate::world::git::{File, Mode, Tree};

/// Where files stand that stood elsewhere when they were generated, by the path that they had.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Moves {
    /// Moved by people.
    pub by_people: BTreeMap<String, String>,
    /// Generated under another path now, with hand edits in the old one.
    pub by_generator: BTreeMap<String, String>,
}

/// Files beyond this size are not compared.
const LARGEST: usize = 1_000_000;
/// Of more pairs than these only files of one name are compared.
const MOST_PAIRS: usize = 250_000;
/// Of two files this share of lines is the same where one is the other, moved.
const ALIKE: f64 = 0.5;
/// The same where they are called the same.
const ALIKE_BY_NAME: f64 = 0.2;

/// Finds them, as git does: gone here, and there a new file that is much the same.
pub(super) fn found(base: &Tree, edited: &Tree, new: &Files) -> Moves {
    let gone = base.iter().filter(|(path, _)| !edited.contains_key(*path) && new.contains_key(*path));
    let own = edited.iter().filter(|(path, file)| {
        !base.contains_key(*path) && !new.contains_key(*path) && matches!(file.mode, Mode::Plain | Mode::Executable)
    });
    let by_people = paired(gone.map(bytes_of).collect(), own.map(bytes_of).collect());
    let left = base.iter().filter(|(path, file)| {
        !new.contains_key(*path) && edited.get(*path).is_some_and(|e| e.bytes != file.bytes && e.mode == file.mode)
    });
    let made = new.iter().filter(|(path, _)| !base.contains_key(*path) && !edited.contains_key(*path));
    let by_generator = paired(left.map(bytes_of).collect(), made.map(|(p, t)| (p.as_str(), t.as_bytes())).collect());
    Moves { by_people, by_generator }
}

fn bytes_of<'t>((path, file): (&'t String, &'t File)) -> (&'t str, &'t [u8]) {
    (path, &file.bytes)
}

fn paired(from: Vec<(&str, &[u8])>, to: Vec<(&str, &[u8])>) -> BTreeMap<String, String> {
    let small = |(_, bytes): &&(&str, &[u8])| bytes.len() <= LARGEST;
    let lines: Vec<(&str, HashMap<&[u8], usize>)> = to.iter().filter(small).map(|(p, b)| (*p, counted(b))).collect();
    let mut scored: Vec<(u32, &str, &str)> = Vec::new();
    let by_name_alone = from.len() * to.len() > MOST_PAIRS;
    for (old, bytes) in from.iter().filter(small) {
        let was = counted(bytes);
        for (path, is) in lines.iter().filter(|(path, _)| ending(path) == ending(old)) {
            let named = file_name(path) == file_name(old);
            if by_name_alone && !named {
                continue;
            }
            let score = likeness(&was, is);
            if score > ALIKE || (named && score > ALIKE_BY_NAME) {
                scored.push(((score * 1000.0) as u32 + u32::from(named) * 1000, old, path));
            }
        }
    }
    scored.sort_by(|a, b| b.0.cmp(&a.0).then((a.1, a.2).cmp(&(b.1, b.2))));
    let mut taken = BTreeSet::new();
    let mut out = BTreeMap::new();
    for (_, old, path) in scored {
        if !out.contains_key(old) && taken.insert(path) {
            out.insert(old.to_owned(), path.to_owned());
        }
    }
    out
}

/// Lines with something in them, and how often each is there.
fn counted(bytes: &[u8]) -> HashMap<&[u8], usize> {
    let mut out = HashMap::new();
    for line in bytes.split(|b| *b == b'\n').map(<[u8]>::trim_ascii).filter(|l| !l.is_empty()) {
        *out.entry(line).or_default() += 1;
    }
    out
}

fn likeness(a: &HashMap<&[u8], usize>, b: &HashMap<&[u8], usize>) -> f64 {
    let all: usize = a.values().chain(b.values()).sum();
    let common: usize = a.iter().map(|(line, n)| (*n).min(b.get(line).copied().unwrap_or(0))).sum();
    if all == 0 { 0.0 } else { 2.0 * common as f64 / all as f64 }
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

fn ending(path: &str) -> &str {
    file_name(path).rsplit_once('.').map_or("", |(_, ending)| ending)
}

fn stem(path: &str) -> &str {
    let name = file_name(path);
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}

/// Models that people renamed: what they were called, what they are called.
pub(super) fn renamed_models(moves: &Moves) -> Vec<(String, String)> {
    let models = moves.by_people.iter().filter(|(old, _)| ending(old) == "sql");
    models.filter(|(old, path)| stem(old) != stem(path)).map(|(a, b)| (stem(a).into(), stem(b).into())).collect()
}

/// Whether a file is that model.
pub(super) fn is_model(path: &str, name: &str) -> bool {
    ending(path) == "sql" && stem(path) == name
}

/// Those of the models that a text calls by no old name.
pub(super) fn called(path: &str, text: &str, models: &[(String, String)]) -> Vec<(String, String)> {
    models.iter().filter(|model| calls(path, text, std::slice::from_ref(model)) == text).cloned().collect()
}

/// A generated text that calls renamed models as people do.
pub(super) fn calls(path: &str, text: &str, models: &[(String, String)]) -> String {
    let mut out = text.to_owned();
    for (old, name) in models.iter().filter(|(old, _)| text.contains(old.as_str())) {
        if path.starts_with(DAGS) {
            out = selects(path, &out, old, name);
            continue;
        }
        for quote in ['\'', '"'] {
            out = out.replace(&format!("ref({quote}{old}{quote})"), &format!("ref({quote}{name}{quote})"));
        }
        let entry = format!(r"(?m)^(\s*(?:- )?(?:name|model): ){}$", regex::escape(old));
        if let ("yml" | "yaml", Ok(entry)) = (ending(path), Regex::new(&entry)) {
            out = entry.replace_all(&out, |found: &regex::Captures<'_>| format!("{}{name}", &found[1])).into_owned();
        }
    }
    out
}

/// The generated DAGs. Their tasks, scripts and assets may be called as a model is, and stay: only what tasks select is
/// another name.
const DAGS: &str = "dags/";

/// The text of a DAG whose tasks select `name` for `old`.
fn selects(path: &str, text: &str, old: &str, name: &str) -> String {
    static CALLS: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r#"\bdbt\(\s*"[^"]*",\s*"[^"]*",\s*\(?(?:\s*"[^"]*")+"#).ok());
    let Ok(word) = Regex::new(&format!(r"\b{}\b", regex::escape(old))) else { return text.to_owned() };
    let renamed = |selection: &str| word.replace_all(selection, name).into_owned();
    let mut out = String::with_capacity(text.len());
    if ending(path) == "py" {
        let mut done = 0;
        for call in CALLS.iter().flat_map(|calls| calls.find_iter(text)) {
            // Behind the task and the command.
            let from = call.as_str().match_indices('"').nth(3).map_or(call.end(), |(at, _)| call.start() + at + 1);
            out.push_str(&text[done..from]);
            out.push_str(&renamed(&text[from..call.end()]));
            done = call.end();
        }
        out.push_str(&text[done..]);
        return out;
    }
    let mut within: Option<usize> = None;
    for line in text.split_inclusive('\n') {
        let indent = line.len() - line.trim_start().len();
        let starts = line.trim_start().starts_with("dbt_");
        within = if starts { Some(indent) } else { within.filter(|of| indent > *of) };
        out.push_str(&if within.is_some() { renamed(line) } else { line.to_owned() });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(files: &[(&str, &str)]) -> Tree {
        files.iter().map(|(path, text)| ((*path).to_owned(), File::plain(*text))).collect()
    }

    fn files(files: &[(&str, &str)]) -> Files {
        files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect()
    }

    #[test]
    fn the_most_alike_is_the_one_that_moved() {
        let base = tree(&[("m/a.sql", "1\n2\n3\n4\n"), ("m/b.sql", "1\n2\n3\n5\n"), ("m/c.sql", "7\n8\n9\n")]);
        let edited = tree(&[("x/b.sql", "1\n2\n6\n"), ("x/d.sql", "1\n2\n3\n4\n"), ("x/c.yml", "7\n8\n9\n")]);
        let new = files(&[("m/a.sql", ""), ("m/b.sql", ""), ("m/c.sql", "")]);
        let moves = found(&base, &edited, &new);
        let want = [("m/a.sql", "x/d.sql"), ("m/b.sql", "x/b.sql")];
        assert_eq!(moves.by_people, want.map(|(a, b)| (a.to_owned(), b.to_owned())).into());
        assert_eq!(renamed_models(&moves), [("a".to_owned(), "d".to_owned())]);
    }

    #[test]
    fn only_edited_files_follow_the_generator() {
        let base = tree(&[("a.sql", "1\n2\n3\n"), ("b.sql", "4\n5\n6\n")]);
        let edited = tree(&[("a.sql", "1\n2\n3\n9\n"), ("b.sql", "4\n5\n6\n")]);
        let new = files(&[("c.sql", "1\n2\n3\n"), ("d.sql", "4\n5\n6\n")]);
        let moves = found(&base, &edited, &new);
        assert_eq!(moves.by_generator, BTreeMap::from([("a.sql".to_owned(), "c.sql".to_owned())]));
        assert_eq!(moves.by_people, BTreeMap::new());
    }

    #[test]
    fn renamed_models_are_called_as_people_do() {
        let models = [("a".to_owned(), "z".to_owned())];
        assert_eq!(
            calls("x.sql", "from {{ ref('a') }}, {{ ref('ab') }} a", &models),
            "from {{ ref('z') }}, {{ ref('ab') }} a"
        );
        let yaml = "models:\n  - name: a\n    model: ab\n  - model: a\n    to: ref(\"a\")\n";
        assert_eq!(
            calls("x.yml", yaml, &models),
            "models:\n  - name: z\n    model: ab\n  - model: z\n    to: ref(\"z\")\n"
        );
    }

    #[test]
    fn tasks_select_renamed_models_and_keep_their_own_names() {
        let models = [("a".to_owned(), "z".to_owned())];
        let text = "with DAG(dag_id=\"a\"):\n    l = load(\"a\", \"a\")\n    a = dbt(\"a\", \"run\", \"a ab b_a a\")\n\
            t = dbt(\n        \"a\",\n        \"test\",\n        (\n            \"ab a\"\n            \" a\"\n        ),\n\
            outlets=[Asset(\"x://s/marts/a\")])\n";
        let want = "with DAG(dag_id=\"a\"):\n    l = load(\"a\", \"a\")\n    a = dbt(\"a\", \"run\", \"z ab b_a z\")\n\
            t = dbt(\n        \"a\",\n        \"test\",\n        (\n            \"ab z\"\n            \" z\"\n        ),\n\
            outlets=[Asset(\"x://s/marts/a\")])\n";
        assert_eq!(calls("dags/p.py", text, &models), want);
        let text = "dag_id: a\ntasks:\n  - id: a\n    after:\n      - a\n    dbt_run: [a, ab]\n  - id: b\n    dbt_test:\n      - b\n      - a\n    outlets: [\"a\"]\n";
        let want = "dag_id: a\ntasks:\n  - id: a\n    after:\n      - a\n    dbt_run: [z, ab]\n  - id: b\n    dbt_test:\n      - b\n      - z\n    outlets: [\"a\"]\n";
        assert_eq!(calls("dags/p.yml", text, &models), want);
        assert_eq!(called("dags/p.yml", want, &models), models);
        assert!(called("dags/p.yml", text, &models).is_empty());
    }
}
