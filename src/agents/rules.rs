//! Cleaning rules and masks become macros, and their tests generic tests, with the helper macros that they call.

use std::collections::BTreeMap;

use serde_json::json;

use crate::proposal::{Macro, MacroForm};
use crate::spec::rules::{FormatTest, Kind, Rule};
use crate::template;
use crate::vocabulary::{Name, Outcome};
use crate::workspace::Config;

/// The file of a macro, and those of the helpers that it calls itself.
pub(super) fn files(name: &Name, config: &Config) -> Outcome<Vec<Macro>> {
    let Some(rule) = config.rules.of_macro(name.as_str()) else { return Ok(vec![helper(name, &config.name)?]) };
    let mut files = vec![of_rule(rule, &config.name)?];
    for used in rule.uses.iter().chain(rule.test.iter().flat_map(|t| &t.uses)) {
        files.push(helper(used, &config.name)?);
    }
    Ok(files)
}

/// The file of a rule's macro.
fn of_rule(rule: &Rule, project: &Name) -> Outcome<Macro> {
    let name = rule.macro_name();
    let mut about = rule.description.clone();
    // What is left of a value is best shown.
    let shown = rule.examples.iter().find_map(|e| Some((e.given.as_deref()?.trim(), e.expected.as_deref()?)));
    if let Some((from, to)) = shown.filter(|_| rule.kind == Kind::Mask) {
        about.push_str(&format!(" `{from}` becomes `{to}`."));
    }
    let arguments: Vec<_> =
        rule.arguments.iter().map(|(name, a)| json!({"name": name, "default": a.default})).collect();
    let bodies: Vec<_> =
        rule.sql.iter().map(|(dialect, sql)| json!({"dialect": dialect, "sql": sql.trim_end()})).collect();
    let context = json!({"project": project, "name": name, "about": about, "arguments": arguments, "bodies": bodies});
    Ok(Macro { name, form: MacroForm::Macro, text: template::render("dbt/macros/cleaning.sql", context)? })
}

/// The file of the generic test of a rule.
pub(super) fn generic_test(test: &FormatTest) -> Outcome<Macro> {
    let context = BTreeMap::from([
        ("name", test.name.as_str()),
        ("about", test.description.as_str()),
        ("valid", test.valid.trim_end()),
    ]);
    let text = template::render("dbt/tests/valid.sql", context)?;
    Ok(Macro { name: test.name.clone(), form: MacroForm::GenericTest, text })
}

/// The project's helper macros that a text of dbt SQL calls.
pub(super) fn helpers(text: &str) -> Vec<Name> {
    let names = template::list("dbt/macros/").into_iter().filter_map(|file| {
        let name = file.strip_prefix("dbt/macros/")?.strip_suffix(".sql")?;
        text.contains(&format!("{name}(")).then(|| Name::parse(name).ok()).flatten()
    });
    names.collect()
}

/// The file of a helper macro.
pub(super) fn helper(name: &Name, project: &Name) -> Outcome<Macro> {
    let text = template::render(&format!("dbt/macros/{name}.sql"), BTreeMap::from([("project", project)]))?;
    Ok(Macro { name: name.clone(), form: MacroForm::Macro, text })
}
