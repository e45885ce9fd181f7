//! Text of YAML or JSON becomes a typed value, or a diagnostic that says where and what next.
//!
//! `parse` reads one document into any serde type; `locate` and `pin` find the place of a path in a text. Both formats are
//! read into the same tree of nodes with places, so that every fault, also one that serde finds, has its line.

mod de;
mod fault;
mod json;
mod locate;
mod node;
mod yaml;

use serde::de::DeserializeOwned;

use crate::vocabulary::{Fault, Outcome};

pub use locate::{locate, pin};

/// Reads one document of YAML, or of JSON where `file` ends in `.json` or the text is JSON.
///
/// # Errors
/// Broken syntax, a duplicate key, an unknown or missing field, a wrong type: with file, line and column.
pub fn parse<T: DeserializeOwned>(file: &str, text: &str) -> Outcome<T> {
    let tree = tree(text, file).map_err(|fail| Fault::from(fail.diagnostic(file, text)))?;
    T::deserialize(de::Reader(&tree)).map_err(|fail| Fault::from(fail.or_at(&tree).diagnostic(file, text)))
}

/// The nodes of the one document in `text`.
fn tree(text: &str, file: &str) -> Result<node::Node, fault::Fail> {
    if file.ends_with(".json") {
        return json::read(text);
    }
    let bare = text.trim_start_matches('\u{feff}').trim_start();
    if bare.starts_with(['{', '['])
        && let Ok(tree) = json::read(text)
    {
        return Ok(tree);
    }
    yaml::read(text)
}

#[cfg(test)]
mod tests;
