//! Macros and generic tests: harmless, SQL on every way through, none defined twice.

use std::collections::BTreeMap;

use super::draft::Draft;
use super::names::near;
use crate::proposal::MacroForm;
use crate::sql::Text;
use crate::sql::jinja::Macros;
use crate::sql::jinja::macros::{self, MacroFile};
use crate::vocabulary::{DataType, Diagnostic, Dialect, Name};

/// Proves all macros; gives what can be called and the files.
pub(super) fn prove(
    draft: &Draft,
    dialects: &[Dialect],
    found: &mut Vec<Diagnostic>,
) -> (Macros, BTreeMap<Name, MacroFile>) {
    let mut files = BTreeMap::new();
    let mut owners: BTreeMap<String, &Name> = BTreeMap::new();
    for (name, item) in &draft.macros {
        let text = Text::new(&item.file, "artifact.text", &item.value.text);
        let file = match macros::read(&text) {
            Ok(file) => file,
            Err(faults) => {
                found.extend(faults);
                continue;
            }
        };
        let (wanted, names): (&str, Vec<&str>) = match item.value.form {
            MacroForm::Macro => ("macro", file.names().collect()),
            MacroForm::GenericTest => ("generic test", file.tests().map(|(name, _)| name).collect()),
        };
        if !names.contains(&name.as_str()) {
            let fault = Diagnostic::error("macro-name", format!("the file of `{name}` has no {wanted} of that name"));
            found.push(near(fault, name.as_str(), names.iter().copied()).at(item.place("text")));
        }
        for defined in file.names() {
            if let Some(other) = owners.insert(defined.to_owned(), name) {
                let fault = Diagnostic::error(
                    "duplicate-macro",
                    format!("`{defined}` is defined in `{other}` and in `{name}`"),
                );
                found.push(fault.next("define it once").at(item.place("text")));
            }
        }
        files.insert(name.clone(), file);
    }
    let mut known = macros::link(files.values());
    // Twice: what a macro gives can follow from what the macros that it calls give.
    let mut faults = Vec::new();
    for _ in 0..2 {
        faults.clear();
        for (name, file) in &files {
            let Some(item) = draft.macros.get(name) else { continue };
            let text = Text::new(&item.file, "artifact.text", &item.value.text);
            match file.prove(&text, &known, dialects) {
                Ok(returns) => {
                    for (name, ty) in returns {
                        if let Some(shape) = known.get_mut(&name) {
                            shape.returns = ty.exact();
                        }
                    }
                }
                Err(more) => faults.extend(more),
            }
        }
    }
    found.append(&mut faults);
    // Where the moment comes from differs, what it is compared with does not.
    if let Some(shape) = known.get_mut("as_of") {
        shape.returns = shape.returns.or(Some(DataType::Timestamp));
    }
    (known, files)
}
