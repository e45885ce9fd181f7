//! What must not be seen.

use std::path::Path;

/// Texts that are taken out of whatever a child says.
#[derive(Clone, Default)]
pub struct Secrets(Vec<String>);

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Secrets({})", self.0.len())
    }
}

impl Secrets {
    /// The values of these environment variables, where they are set; of a URL its password too.
    pub fn of_env<'a>(names: impl IntoIterator<Item = &'a str>) -> Secrets {
        Secrets::of_values(names.into_iter().filter_map(|n| std::env::var(n).ok()))
    }

    /// These values; of a URL its password too, of several lines each.
    pub fn of_values(values: impl IntoIterator<Item = String>) -> Secrets {
        let mut out = Vec::new();
        for value in values {
            if let Some((_, rest)) = value.split_once("://")
                && let Some((login, _)) = rest.rsplit_once('@')
                && let Some((_, password)) = login.split_once(':')
            {
                out.push(percent_decoded(password));
                out.push(password.to_owned());
            }
            // As SQL writes it.
            if value.contains('\'') {
                out.push(value.replace('\'', "''"));
            }
            out.extend(value.lines().map(|l| l.trim().to_owned()));
            out.push(value);
        }
        out.retain(|s| s.len() >= 4);
        out.sort_by_key(|s| std::cmp::Reverse(s.len()));
        out.dedup();
        Secrets(out)
    }

    /// `text` with `***` where a secret was.
    pub fn redact(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, secret| {
            if text.contains(secret.as_str()) { text.replace(secret.as_str(), "***") } else { text }
        })
    }

    /// Whether a file of any kind holds one of them.
    ///
    /// # Errors
    /// The file can't be read.
    pub fn in_file(&self, path: &Path) -> std::io::Result<bool> {
        if self.0.is_empty() {
            return Ok(false);
        }
        let bytes = std::fs::read(path)?;
        Ok(self.0.iter().any(|s| bytes.windows(s.len()).any(|w| w == s.as_bytes())))
    }

    /// Takes the secrets out of a log file that a child wrote by itself.
    ///
    /// # Errors
    /// The file can't be read or written anew.
    pub fn redact_file(&self, path: &Path) -> std::io::Result<()> {
        if self.0.is_empty() {
            return Ok(());
        }
        let text = String::from_utf8_lossy(&std::fs::read(path)?).into_owned();
        // In JSON a secret is escaped as JSON strings are.
        let escaped = self.0.iter().map(|s| serde_json::Value::from(s.as_str()).to_string());
        let inner = Secrets(escaped.map(|s| s.trim_matches('"').to_owned()).collect());
        let clean = self.redact(&inner.redact(&text));
        if clean != text {
            let beside = path.with_extension("redacting");
            std::fs::write(&beside, clean)?;
            std::fs::rename(beside, path)?;
        }
        Ok(())
    }
}

/// `%40` as `@`.
fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let hex = (*first == b'%' && tail.len() >= 2).then(|| std::str::from_utf8(&tail[..2]).ok()).flatten();
        match hex.and_then(|h| u8::from_str_radix(h, 16).ok()) {
            Some(byte) => (bytes.push(byte), rest = &tail[2..]).1,
            None => (bytes.push(*first), rest = tail).1,
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
