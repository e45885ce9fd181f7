//! Masks are data, as cleaning rules are: a file a mask under `templates/masks/`, with its SQL for each dialect and
//! examples that run. What is left of a value is no personal data.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use indexmap::IndexMap;
use serde::Deserialize;
use serde_json::json;

use super::cleaning::Example;
use crate::proposal::{Macro, MacroForm};
use crate::spec::ColumnRule;
use crate::sql::lower::Code;
use crate::template;
use crate::vocabulary::{DataType, Diagnostic, Name, Outcome, nearest};

/// One mask.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mask {
    /// Name, as specs call it.
    pub name: Name,
    /// What is left, in a sentence.
    pub description: String,
    /// What it hides.
    takes: Takes,
    /// The type of what is left.
    pub gives: DataType,
    /// Helper macros that it calls.
    #[serde(default)]
    pub uses: Vec<Name>,
    /// Body of its macro for each dialect; `default` is there always.
    sql: IndexMap<String, String>,
    /// What goes in and what comes out.
    pub examples: Vec<Example>,
}

/// Types of columns that a mask hides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Takes {
    Text,
    Temporal,
    Any,
}

fn masks() -> &'static BTreeMap<Name, Mask> {
    static MASKS: OnceLock<BTreeMap<Name, Mask>> = OnceLock::new();
    MASKS.get_or_init(|| {
        let texts = template::list("masks/").into_iter().filter_map(template::text);
        let masks = texts.filter_map(|text| serde_yaml::from_str::<Mask>(text).ok());
        masks.map(|mask| (mask.name.clone(), mask)).collect()
    })
}

/// The mask of that name.
pub(super) fn mask(name: &str) -> Option<&'static Mask> {
    masks().get(name)
}

/// The mask that a column names, for a value of that type. A fault is one of its `mask`.
pub(super) fn of_column(column: &ColumnRule, data_type: Option<DataType>) -> Result<Option<&'static Mask>, Diagnostic> {
    let Some(name) = &column.mask else { return Ok(None) };
    let Some(mask) = masks().get(name) else {
        let all = || masks().keys().map(Name::as_str);
        let near = nearest(name.as_str(), all());
        let known = if near.is_empty() { all().collect() } else { near };
        let fault = Diagnostic::error("unknown-rule", format!("there is no mask `{name}`"));
        return Err(fault.next(format!("there is `{}`", known.join("`, `"))));
    };
    let fits = data_type.is_none_or(|t| match mask.takes {
        Takes::Text => t == DataType::Text,
        Takes::Temporal => t.is_temporal(),
        Takes::Any => true,
    });
    if fits {
        return Ok(Some(mask));
    }
    let shown = data_type.map(|t| t.to_string()).unwrap_or_default();
    let fault = Diagnostic::error("mask-type", format!("the mask `{name}` does not hide {shown}"));
    Err(fault.next("`redact` and `hash` hide values of any type; or leave the column out"))
}

impl Mask {
    /// The macro that masks: `mask_<name>`.
    pub(super) fn macro_name(&self) -> Name {
        super::schema::named(&format!("mask_{}", self.name))
    }

    /// The call of its macro over `code`.
    pub(super) fn call(&self, code: &Code) -> Code {
        Code::Jinja(format!("{}({})", self.macro_name(), code.argument()))
    }

    /// The file of its macro.
    pub(super) fn file(&self, project: &Name) -> Outcome<Macro> {
        let name = self.macro_name();
        let bodies: Vec<_> =
            self.sql.iter().map(|(dialect, sql)| json!({"dialect": dialect, "sql": sql.trim_end()})).collect();
        let shown = self.examples.iter().find_map(|e| Some((e.given.as_deref()?.trim(), e.expected.as_deref()?)));
        let shown = shown.map(|(from, to)| format!(" `{from}` becomes `{to}`.")).unwrap_or_default();
        let about = format!("{}{shown}", self.description);
        let context = json!({"project": project, "name": name, "about": about, "arguments": [], "bodies": bodies});
        Ok(Macro { name, form: MacroForm::Macro, text: template::render("dbt/macros/cleaning.sql", context)? })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn every_mask_reads_and_says_enough() {
        for name in template::list("masks/") {
            let mask: Mask = serde_yaml::from_str(template::text(name).unwrap()).unwrap();
            assert_eq!(name, format!("masks/{}.yml", mask.name));
            assert!(mask.sql.contains_key("default"), "{name} has no default");
            assert!(mask.examples.iter().any(|e| e.given.is_none()), "{name} has no example of null");
            assert!(mask.description.ends_with('.'));
            mask.uses.iter().for_each(|h| assert!(template::text(&format!("dbt/macros/{h}.sql")).is_some()));
            for example in &mask.examples {
                let passes = example.given.is_some() && example.given == example.expected;
                assert!(!passes, "{name} lets {:?} through", example.given);
            }
        }
    }
}
