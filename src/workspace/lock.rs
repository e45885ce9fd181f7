//! `pipewright.lock`: what each pipeline was generated from, so that a check tells in a moment what is behind.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::paths;
use crate::document;
use crate::vocabulary::{Diagnostic, Name, Outcome, Place, yaml_scalar};

/// The whole of `pipewright.lock`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lock {
    /// Version of this format: 1.
    pub version: u32,
    /// By pipeline.
    #[serde(default)]
    pub pipelines: BTreeMap<Name, Locked>,
}

/// What one pipeline was generated from. Hashes are SHA-256.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Locked {
    /// Of its spec's text.
    pub spec: String,
    /// Of the texts of the contracts that it uses.
    pub contracts: String,
    /// Of the templates.
    pub templates: String,
    /// Of the prompts, where a language model read the requirement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompts: Option<String>,
    /// Version of Pipewright.
    pub tool: String,
}

impl Default for Lock {
    fn default() -> Self {
        Lock { version: 1, pipelines: BTreeMap::new() }
    }
}

impl Lock {
    /// Reads the text of a lock file.
    ///
    /// # Errors
    /// A file that was edited, or written by a later version.
    pub fn read(text: &str) -> Outcome<Lock> {
        let lock: Lock = document::parse(paths::LOCK, text).map_err(|mut fault| {
            for d in &mut fault.diagnostics {
                d.next =
                    Some("take the file of the last commit (`git checkout -- pipewright.lock`), or delete it".into());
            }
            fault
        })?;
        if lock.version != 1 {
            let what = format!("version {} of the lock file is not known here", lock.version);
            return Err(Diagnostic::error("lock-version", what)
                .at(Place::path(paths::LOCK, "version"))
                .next("use the version of Pipewright that wrote it")
                .into());
        }
        Ok(lock)
    }

    /// The text of the lock file, sorted.
    pub fn write(&self) -> String {
        let mut out = format!(
            "# What each pipeline was generated from. Written by Pipewright; not to be edited.\nversion: {}\n",
            self.version
        );
        if self.pipelines.is_empty() {
            return out + "pipelines: {}\n";
        }
        out.push_str("pipelines:\n");
        for (name, locked) in &self.pipelines {
            let prompts = locked.prompts.as_deref().map(|hash| format!("    prompts: {}\n", yaml_scalar(hash)));
            let prompts = prompts.unwrap_or_default();
            out.push_str(&format!(
                "  {}:\n    spec: {}\n    contracts: {}\n    templates: {}\n{prompts}    tool: {}\n",
                yaml_scalar(name.as_str()),
                yaml_scalar(&locked.spec),
                yaml_scalar(&locked.contracts),
                yaml_scalar(&locked.templates),
                yaml_scalar(&locked.tool)
            ));
        }
        out
    }
}

/// `sha256:…` over `parts` in their order; parts can't run into each other.
pub fn hash<'a>(parts: impl IntoIterator<Item = &'a str>) -> String {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update((part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    let mut out = String::from("sha256:");
    for byte in hasher.finalize() {
        out.push_str(&format!("{byte:02x}"));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_is_read_as_written() {
        let mut lock = Lock::default();
        assert_eq!(Lock::read(&lock.write()), Ok(lock.clone()));
        let locked = Locked {
            spec: hash(["a"]),
            contracts: hash(["a", "b"]),
            templates: hash([]),
            prompts: None,
            tool: "0.1.0".into(),
        };
        let by_model = Locked { prompts: Some(hash(["c"])), ..locked.clone() };
        lock.pipelines.insert(Name::from_text("daily", "x"), locked);
        lock.pipelines.insert(Name::from_text("weekly", "x"), by_model);
        assert_eq!(Lock::read(&lock.write()), Ok(lock.clone()));
        assert_ne!(hash(["a", "b"]), hash(["ab"]));
        assert!(Lock::read("version: 2\n").is_err());
        assert!(Lock::read("<<<<<<< ours\nversion: 1\n").is_err());
    }
}
