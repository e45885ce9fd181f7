//! What can be wrong with a document, and how that is said.

use std::fmt;

use serde::de::{Expected, Unexpected};

use super::node::{Key, Node, Span, Value};
use crate::vocabulary::{Diagnostic, Place, nearest};

/// A fault in a document, with as much of its place as is known so far.
#[derive(Clone, Debug, PartialEq)]
pub struct Fail {
    kind: Kind,
    span: Option<Span>,
    /// From the fault up to the root, so reversed.
    path: Vec<String>,
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// No document at all.
    Empty,
    /// `---` and another document.
    SecondDocument,
    /// No YAML, no JSON.
    Syntax(String),
    /// Nested too deeply.
    Depth,
    /// Aliases that add up to too much.
    Aliases,
    /// A tag such as `!python/object`.
    Tag(String),
    /// A list or mapping as a key.
    KeyNotText,
    /// A key that stands twice in a mapping.
    Duplicate { key: String, first_line: usize },
    /// A field that the type does not have.
    Unknown { field: String, known: &'static [&'static str] },
    /// A field that is needed.
    Missing(&'static str),
    /// A value of another type.
    Type { expected: String, found: String, number: bool },
    /// A word that is none of those allowed.
    Variant { word: String, known: &'static [&'static str] },
    /// What a type says about its text.
    Value(String),
}

impl Fail {
    /// A fault whose place is found later.
    pub fn new(kind: Kind) -> Fail {
        Fail { kind, span: None, path: Vec::new() }
    }

    /// A fault at `span`.
    pub fn at(span: Span, kind: Kind) -> Fail {
        Fail { kind, span: Some(span), path: Vec::new() }
    }

    /// At `node`, if nothing nearer is known. A field that a buffered value (a tagged enum) has or lacks is looked up.
    pub fn or_at(mut self, node: &Node) -> Fail {
        if self.span.is_none() {
            let field = match &self.kind {
                Kind::Unknown { field, .. } => Some(field.as_str()),
                Kind::Duplicate { key, .. } => Some(key.as_str()),
                _ => None,
            };
            let mut span = field.and_then(|f| node.entry(f)).map_or(node.span, |(key, _)| key.span);
            if let (Kind::Type { found, .. }, Value::Map(entries)) = (&self.kind, &node.value) {
                let mut fits = entries.iter().filter(|(_, value)| found_words(value.unexpected()) == *found);
                if let (Some((key, value)), None) = (fits.next(), fits.next()) {
                    span = value.span;
                    self.path.push(key.text.clone());
                }
            }
            self.span = Some(span);
        }
        self
    }

    /// At `key`, if nothing nearer is known.
    pub fn or(mut self, key: &Key) -> Fail {
        self.span = self.span.or(Some(key.span));
        self
    }

    /// Below `segment` of the path.
    pub fn below(mut self, segment: impl fmt::Display) -> Fail {
        self.path.push(segment.to_string());
        self
    }

    /// The fault as it is shown.
    pub fn diagnostic(mut self, file: &str, text: &str) -> Diagnostic {
        self.path.reverse();
        let path = self.path.join(".");
        let of = if path.is_empty() { String::new() } else { format!(" in `{path}`") };
        let here = if path.is_empty() { "the document".into() } else { format!("`{path}`") };
        let fault = match &self.kind {
            Kind::Empty => {
                Diagnostic::error("empty-document", "the document is empty").next("write it, or delete the file")
            }
            Kind::SecondDocument => Diagnostic::error("second-document", "a second document begins here")
                .next("keep one document a file; take out the `---`"),
            Kind::Syntax(why) => syntax(why),
            Kind::Depth => Diagnostic::error("nesting", "values are nested more than 128 deep"),
            Kind::Aliases => Diagnostic::error("aliases", "aliases repeat more than 10,000 values")
                .next("write the values out where they are needed"),
            Kind::Tag(tag) => Diagnostic::error("tag", format!("the tag `{}` is not known here", tag.escape_debug()))
                .next("leave it out"),
            Kind::KeyNotText => Diagnostic::error("wrong-type", "a list or a mapping stands as a key")
                .next("keys are text; quote a key that begins with `[`, `{` or `{{`"),
            Kind::Duplicate { key, first_line } => {
                Diagnostic::error("duplicate-key", format!("`{}` stands twice{of}", key.escape_debug()))
                    .why(format!("it was set in line {first_line}"))
                    .next("keep one of the two")
            }
            Kind::Unknown { field, known } => {
                Diagnostic::error("unknown-field", format!("unknown field `{}`{of}", field.escape_debug()))
                    .next(offer(field, known, "fields"))
            }
            Kind::Missing(field) => Diagnostic::error("missing-field", format!("`{field}` is missing{of}"))
                .next(format!("add `{field}: …`")),
            Kind::Type { expected, found, number } => {
                let fault =
                    Diagnostic::error("wrong-type", format!("{here} must be {}, not {found}", plain_words(expected)));
                match expected.as_str() {
                    "a string" if *number => fault.next("put it in double quotes, so that it is text"),
                    _ if found == "nothing" => fault.next("give it a value, or leave the line out"),
                    _ => fault,
                }
            }
            Kind::Variant { word, known } => {
                Diagnostic::error("unknown-value", format!("{here} can't be `{}`", word.escape_debug()))
                    .next(offer(word, known, "values"))
            }
            Kind::Value(why) => Diagnostic::error("wrong-value", format!("{here}: {why}")),
        };
        let mut place = match self.span {
            Some(s) => Place::span(file, text, s.line, s.column, s.width),
            None => Place::file(file),
        };
        place.width = super::locate::width_on_line(&place);
        place.path = Some(path).filter(|p| !p.is_empty());
        fault.at(place)
    }
}

/// Broken syntax, in words that name the usual slip.
fn syntax(why: &str) -> Diagnostic {
    let fault = Diagnostic::error("syntax", format!("can't be read: {}", why.trim_end_matches('.')));
    let lower = why.to_lowercase();
    if lower.contains("tab") {
        fault.next("indent with spaces")
    } else if lower.contains("control character") {
        fault.next("remove the character; the file may be binary or UTF-16")
    } else if lower.contains("mapping values are not allowed") {
        fault.next("put text that holds `: ` in quotes, or mend the indentation")
    } else if lower.contains("expected") && lower.contains("found") {
        fault
    } else {
        fault.next("look for a missing quote, bracket, `:` or space of indentation at or above this line")
    }
}

fn offer(word: &str, known: &[&str], of: &str) -> String {
    match nearest(word, known.iter().copied()).as_slice() {
        [] if known.is_empty() => "leave it out".into(),
        [] => format!("{of} known here: {}", known.join(", ")),
        near => format!("did you mean {}?", near.iter().map(|n| format!("`{n}`")).collect::<Vec<_>>().join(" or ")),
    }
}

/// What serde calls a type, as people call it.
fn plain_words(expected: &str) -> String {
    match expected {
        "a string" | "str" | "string" => "text".into(),
        "a sequence" => "a list".into(),
        "a map" => "a mapping".into(),
        "a boolean" => "true or false".into(),
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number that is not negative".into(),
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number".into(),
        "f32" | "f64" => "a number".into(),
        _ if expected.contains("tagged enum ") => "a mapping".into(),
        _ if expected.contains("enum ") => "one of the values allowed here".into(),
        _ if expected.starts_with("struct ") => "a mapping".into(),
        _ => expected.to_owned(),
    }
}

impl fmt::Display for Fail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.kind)
    }
}

impl std::error::Error for Fail {}

impl serde::de::Error for Fail {
    fn custom<T: fmt::Display>(why: T) -> Fail {
        Fail::new(Kind::Value(why.to_string()))
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Fail {
        let number = matches!(
            found,
            Unexpected::Bool(_) | Unexpected::Unsigned(_) | Unexpected::Signed(_) | Unexpected::Float(_)
        );
        Fail::new(Kind::Type { expected: expected.to_string(), found: found_words(found), number })
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Fail {
        <Fail as serde::de::Error>::invalid_type(found, expected)
    }

    fn unknown_variant(word: &str, known: &'static [&'static str]) -> Fail {
        Fail::new(Kind::Variant { word: word.to_owned(), known })
    }

    fn unknown_field(field: &str, known: &'static [&'static str]) -> Fail {
        Fail::new(Kind::Unknown { field: field.to_owned(), known })
    }

    fn missing_field(field: &'static str) -> Fail {
        Fail::new(Kind::Missing(field))
    }

    fn duplicate_field(field: &'static str) -> Fail {
        Fail::new(Kind::Duplicate { key: field.to_owned(), first_line: 0 })
    }
}

/// What was found, as people call it.
fn found_words(found: Unexpected<'_>) -> String {
    match found {
        Unexpected::Unit | Unexpected::Option => "nothing".into(),
        Unexpected::Map => "a mapping".into(),
        Unexpected::Seq => "a list".into(),
        Unexpected::Bool(b) => format!("`{b}`"),
        Unexpected::Unsigned(n) => format!("the number {n}"),
        Unexpected::Signed(n) => format!("the number {n}"),
        Unexpected::Float(n) => format!("the number {n}"),
        Unexpected::Str(s) => format!("the text `{}`", shortened(s)),
        other => other.to_string(),
    }
}

/// Long text cut, so that a diagnostic stays a line.
fn shortened(text: &str) -> String {
    let mut out: String = text.chars().take(40).collect::<String>().escape_debug().to_string();
    if text.chars().nth(40).is_some() {
        out.push('…');
    }
    out
}
