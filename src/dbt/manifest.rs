//! dbt's `manifest.json`: what the project runs on, and SQL that dbt has compiled, for what can't be rendered without it.

use std::collections::BTreeMap;

use serde::Deserialize;

/// A manifest, as far as it is used.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Manifest {
    /// The adapter that it was made with.
    pub adapter: Option<String>,
    /// Nodes by their unique id.
    nodes: BTreeMap<String, Compiled>,
    /// What tables are called in compiled SQL, the longest name first, and whose they are.
    relations: Vec<(String, String)>,
}

#[derive(Clone, Debug, PartialEq)]
struct Compiled {
    raw: String,
    code: String,
}

#[derive(Deserialize)]
struct File {
    metadata: Option<Metadata>,
    #[serde(default)]
    nodes: BTreeMap<String, Node>,
    #[serde(default)]
    sources: BTreeMap<String, Node>,
}

#[derive(Deserialize)]
struct Metadata {
    adapter_type: Option<String>,
}

#[derive(Deserialize)]
struct Node {
    relation_name: Option<String>,
    raw_code: Option<String>,
    compiled_code: Option<String>,
}

impl Manifest {
    /// Reads the text of a `manifest.json`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(text: &str) -> Result<Manifest, String> {
        let file: File = serde_json::from_str(text).map_err(|e| e.to_string())?;
        let adapter = file.metadata.and_then(|m| m.adapter_type);
        let mut manifest = Manifest { adapter, ..Manifest::default() };
        for (id, node) in file.sources.into_iter().chain(file.nodes) {
            if let Some(name) = node.relation_name.filter(|n| !n.is_empty()) {
                manifest.relations.push((name, id.clone()));
            }
            if let (Some(raw), Some(code)) = (node.raw_code, node.compiled_code) {
                manifest.nodes.insert(id, Compiled { raw, code });
            }
        }
        manifest.relations.sort_by(|a, b| b.0.len().cmp(&a.0.len()).then_with(|| a.cmp(b)));
        Ok(manifest)
    }

    /// The compiled SQL of a node whose text is still what was compiled, tables named by `stand_in`.
    pub(super) fn compiled<'s>(
        &self,
        id: &str,
        text: &str,
        stand_in: impl Fn(&str) -> Option<&'s str>,
    ) -> Option<String> {
        let node = self.nodes.get(id).filter(|node| node.raw.trim() == text.trim())?;
        let mut out = String::with_capacity(node.code.len());
        let mut rest = node.code.as_str();
        'text: while let Some(c) = rest.chars().next() {
            for (name, of) in &self.relations {
                if let (Some(after), Some(stand_in)) = (rest.strip_prefix(name.as_str()), stand_in(of)) {
                    out.push_str(stand_in);
                    rest = after;
                    continue 'text;
                }
            }
            out.push(c);
            rest = &rest[c.len_utf8()..];
        }
        Some(out)
    }
}
