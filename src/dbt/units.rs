//! Unit tests as YAML has them: which columns their rows name, and whose those are to be.

use super::index::Index;
use super::jinja::mentions;
use super::yaml::Yaml;
use super::{UnitRows, UnitTest, body};

/// A column and where its name stands.
type Column = (String, usize);

/// An entry of `unit_tests:`.
#[derive(Debug)]
pub(super) struct Entry {
    name: String,
    file: String,
    at: usize,
    model: String,
    /// What is given by its `input`, and what is expected, without one.
    rows: Vec<(Option<String>, Vec<Column>)>,
}

/// Reads an entry; none where it is switched off, or names versions by itself.
pub(super) fn entry(file: &str, text: &str, yaml: &Yaml) -> Option<Entry> {
    let off = yaml.get("config").and_then(|c| c.str("enabled")).is_some_and(|e| e.eq_ignore_ascii_case("false"));
    if off || yaml.get("versions").is_some() {
        return None;
    }
    let given = yaml.list("given").iter().filter_map(|g| Some((Some(g.str("input")?.to_owned()), named(text, g))));
    // Other macros and variables may make other columns.
    let expect = yaml.get("expect").filter(|_| yaml.get("overrides").is_none_or(only_says_incremental));
    let rows = given.chain(expect.map(|e| (None, named(text, e))));
    let rows = rows.collect();
    Some(Entry {
        name: yaml.str("name")?.to_owned(),
        file: file.to_owned(),
        at: yaml.get("name")?.at,
        model: yaml.str("model")?.to_owned(),
        rows,
    })
}

fn only_says_incremental(overrides: &Yaml) -> bool {
    let macros = |y: &Yaml| y.entries().iter().all(|(key, _)| key.text == "is_incremental");
    overrides.entries().iter().all(|(key, value)| key.text == "macros" && macros(value))
}

/// The columns that rows name, each where it stands first. SQL and files of fixtures are not looked into.
fn named(text: &str, of: &Yaml) -> Vec<Column> {
    let Some(rows) = of.get("rows") else { return Vec::new() };
    match (of.str("format").unwrap_or("dict"), rows.text()) {
        ("dict", _) => {
            let mut out: Vec<Column> = Vec::new();
            for (key, _) in rows.items().iter().flat_map(Yaml::entries) {
                if !out.iter().any(|(name, _)| *name == key.text) {
                    out.push((key.text.clone(), key.at));
                }
            }
            out
        }
        ("csv", Some(csv)) => {
            let header = csv.trim_start().lines().next().unwrap_or_default();
            let mut at = rows.at + text.get(rows.at..).and_then(|rest| rest.find(header)).unwrap_or(0);
            let mut out = Vec::new();
            for cell in header.split(',') {
                let lead = cell.len() - cell.trim_start().len();
                out.push((cell.trim().to_owned(), at + lead));
                at += cell.len() + 1;
            }
            out
        }
        _ => Vec::new(),
    }
}

/// The unit tests of a project's models, and what each of their rows stands for, where that is there.
pub(super) fn all(entries: &[Entry], index: &Index, project: &str) -> Vec<UnitTest> {
    let resolve = |entry: &Entry| {
        let model = index.find(project, project, None, &entry.model, None).ok()?;
        let rows = entry.rows.iter().filter_map(|(input, columns)| {
            let of = match input.as_deref().map(str::trim) {
                None | Some("this") => model,
                Some(input) => {
                    let asked = format!("{{{{ {input} }}}}");
                    let mention = mentions(&asked, 0..asked.len()).into_iter().next()?;
                    body::resolve(index, project, project, &mention).ok()?
                }
            };
            Some(UnitRows { of, columns: columns.clone(), expected: input.is_none() })
        });
        let (name, file) = (entry.name.clone(), entry.file.clone());
        Some(UnitTest { name, file, at: entry.at, model, rows: rows.collect() })
    };
    entries.iter().filter_map(resolve).collect()
}
