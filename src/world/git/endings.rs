//! Line endings: what git's settings and attributes make of `\n` in the work tree.

use std::collections::BTreeMap;
use std::path::Path;

use git2::{AttrCheckFlags, AttrValue};

use super::{Git, fault};
use crate::vocabulary::Outcome;

/// What is known about folders: whether the attributes that hold there can ask for `\r\n`.
pub(super) type Known = BTreeMap<String, bool>;

impl Git {
    /// The bytes of a file as they stand in the work tree: with `\r\n` where git's settings or attributes ask for it.
    pub(super) fn work_bytes(&self, path: &str, bytes: Vec<u8>) -> Outcome<Vec<u8>> {
        let plain_text = bytes.contains(&b'\n') && !bytes.contains(&0) && !bytes.windows(2).any(|w| w == b"\r\n");
        if !plain_text || !self.may_be_crlf(path) || !self.is_crlf(path)? {
            return Ok(bytes);
        }
        let mut out = Vec::with_capacity(bytes.len() + bytes.len() / 32);
        for byte in bytes {
            if byte == b'\n' {
                out.push(b'\r');
            }
            out.push(byte);
        }
        Ok(out)
    }

    /// Asking git for attributes costs more than writing the file, so first whether any of them can matter.
    fn may_be_crlf(&self, path: &str) -> bool {
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        if let Some(known) = self.crlf_folders.borrow().get(folder) {
            return *known;
        }
        let speaks_of_it = |file: &Path| {
            std::fs::read(file)
                .is_ok_and(|text| ["eol", "crlf"].iter().any(|w| text.windows(w.len()).any(|t| t == w.as_bytes())))
        };
        let may = if folder.is_empty() {
            let text = |key: &str| self.repo.config().and_then(|c| c.get_string(key)).unwrap_or_default();
            let elsewhere = self.repo.config().and_then(|c| c.get_path("core.attributesfile")).unwrap_or_default();
            cfg!(windows)
                || self.setting("core.autocrlf") == Some(true)
                || text("core.eol") == "crlf"
                || speaks_of_it(&self.repo.commondir().join("info/attributes"))
                || speaks_of_it(&elsewhere)
                || speaks_of_it(Path::new("/etc/gitattributes"))
                || home_attributes().is_some_and(|file| speaks_of_it(&file))
        } else {
            self.may_be_crlf(folder)
        };
        let may = may || speaks_of_it(&self.root.join(folder).join(".gitattributes"));
        self.crlf_folders.borrow_mut().insert(folder.to_owned(), may);
        may
    }

    fn is_crlf(&self, path: &str) -> Outcome<bool> {
        let attribute = |name: &str| {
            self.repo
                .get_attr(Path::new(path), name, AttrCheckFlags::default())
                .map_err(|e| fault("read .gitattributes", &e))
        };
        let text = AttrValue::from_string(attribute("text")?);
        match AttrValue::from_string(attribute("eol")?) {
            AttrValue::String("crlf") => return Ok(text != AttrValue::False),
            AttrValue::String("lf") => return Ok(false),
            _ => {}
        }
        let config = self.repo.config().map_err(|e| fault("read git's settings", &e))?;
        let autocrlf = config.get_string("core.autocrlf").unwrap_or_default();
        let on = self.setting("core.autocrlf") == Some(true);
        match text {
            AttrValue::True | AttrValue::String("auto") => {
                let eol = config.get_string("core.eol").unwrap_or_default();
                Ok(on || (autocrlf != "input" && (eol == "crlf" || (eol != "lf" && cfg!(windows)))))
            }
            AttrValue::Unspecified => Ok(on),
            _ => Ok(false),
        }
    }
}

fn home_attributes() -> Option<std::path::PathBuf> {
    let folder = std::env::var_os("XDG_CONFIG_HOME")
        .map(std::path::PathBuf::from)
        .or_else(|| std::env::home_dir().map(|home| home.join(".config")))?;
    Some(folder.join("git/attributes"))
}
