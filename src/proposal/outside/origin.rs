//! Where each proposal stands in what was handed in, so that whatever is said of it says it there.

use crate::vocabulary::{Diagnostic, Place};

/// Where an artifact came from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// The file that was handed in.
    pub file: String,
    /// Path of the artifact in it; empty where it is the whole file.
    pub path: String,
    /// Parts of the artifact that stand elsewhere: path in the artifact, file, path in that file.
    pub parts: Vec<(String, String, String)>,
}

impl Origin {
    /// File and path of what stands at `rest` of the artifact.
    pub fn of(&self, rest: &str) -> (String, String) {
        let within = |part: &str| rest.strip_prefix(part).filter(|r| r.is_empty() || r.starts_with('.'));
        let best = self.parts.iter().filter(|(part, ..)| within(part).is_some()).max_by_key(|(part, ..)| part.len());
        match best {
            Some((part, file, path)) => {
                (file.clone(), joined(path, within(part).unwrap_or_default().trim_start_matches('.')))
            }
            None => (self.file.clone(), joined(&self.path, rest)),
        }
    }

    /// Moves a place in the artifact, at `rest`, to where that stands in what was handed in. A place inside of a text that
    /// is a part of a document keeps its line and column, which count in that text.
    pub fn moved(&self, place: &Place, rest: &str) -> Place {
        let (file, path) = self.of(rest);
        let in_text = rest.ends_with("sql") || rest.ends_with("text");
        let place = Place { file, path: Some(path).filter(|p| !p.is_empty()), ..place.clone() };
        if in_text { place } else { Place { line: None, column: None, excerpt: None, width: 0, ..place } }
    }
}

fn joined(path: &str, rest: &str) -> String {
    [path, rest].into_iter().filter(|p| !p.is_empty()).collect::<Vec<_>>().join(".")
}

/// Moves what is said of `proposals[i]` to where that came from.
pub fn moved(mut diagnostic: Diagnostic, origins: &[Origin]) -> Diagnostic {
    let Some(place) = &diagnostic.place else { return diagnostic };
    let path = place.path.clone().unwrap_or_default();
    // `proposals[3]` is the file where the gate speaks, and the head of the path where the schema does.
    let (index, rest) = match (number(&place.file), path.split_once('.')) {
        (Some(i), _) => (Some(i), path.as_str()),
        (None, Some((head, rest))) => (number(head), rest),
        (None, None) => (number(&path), ""),
    };
    if let Some(origin) = index.and_then(|i| origins.get(i)) {
        let rest = rest.strip_prefix("artifact").unwrap_or(rest).trim_start_matches('.');
        diagnostic.place = Some(origin.moved(place, rest));
    }
    if let Some(why) = diagnostic.why.as_mut().filter(|why| why.contains("proposals[")) {
        for (i, origin) in origins.iter().enumerate() {
            let (file, path) = origin.of("");
            let shown = if path.is_empty() { file } else { format!("{file} {path}") };
            *why = why.replace(&format!("proposals[{i}]"), &shown);
        }
    }
    diagnostic
}

fn number(text: &str) -> Option<usize> {
    text.strip_prefix("proposals[")?.strip_suffix(']')?.parse().ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn places_are_told_where_they_stand() {
        let part = |a: &str, b: &str, c: &str| (a.to_owned(), b.to_owned(), c.to_owned());
        let spec = Origin {
            file: "marts".into(),
            path: String::new(),
            parts: vec![part("models.daily", "daily.yml", "models.daily"), part("models.daily.sql", "daily.sql", "")],
        };
        assert_eq!(spec.of("models.daily.columns.x"), ("daily.yml".into(), "models.daily.columns.x".into()));
        assert_eq!(spec.of("models.daily.sql"), ("daily.sql".into(), String::new()));
        assert_eq!(spec.of("models.daily_2.sql"), ("marts".into(), "models.daily_2.sql".into()));
        let list = Origin { file: "a.json".into(), path: "proposals.4.artifact".into(), parts: Vec::new() };
        let gate = Diagnostic::error("x", "y").at(Place::path("proposals[1]", "artifact.columns.0"));
        let place = moved(gate, &[spec, list]).place.unwrap();
        assert_eq!((place.file.as_str(), place.path.as_deref()), ("a.json", Some("proposals.4.artifact.columns.0")));
    }
}
