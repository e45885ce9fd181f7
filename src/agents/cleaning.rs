//! Cleaning rules are data: a file a rule under `templates/cleaning/`, with its SQL for each dialect, its test, and
//! examples that run. Nothing about phone numbers or addresses is written in Rust.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use indexmap::IndexMap;
use regex::Regex;
use serde::{Deserialize, Serialize};

use crate::proposal::{Macro, MacroForm};
use crate::spec::{ColumnRule, TestSeverity};
use crate::sql::lower::Code;
use crate::template;
use crate::vocabulary::{Diagnostic, Name, Outcome, nearest};
use crate::workspace::Config;

/// One rule.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Name, as specs call it.
    pub name: Name,
    /// What a cleaned value is, in a sentence.
    pub description: String,
    /// What the rule can be told.
    #[serde(default)]
    pub arguments: IndexMap<Name, Argument>,
    /// Whether it can turn a value into null.
    pub nullable: bool,
    /// Helper macros that it calls.
    #[serde(default)]
    pub uses: Vec<Name>,
    /// Body of its macro for each dialect; `default` is there always.
    pub sql: IndexMap<String, String>,
    /// The test that a cleaned column passes.
    #[serde(default)]
    pub test: Option<FormatTest>,
    /// What goes in and what comes out.
    pub examples: Vec<Example>,
}

/// Something that a rule can be told.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Argument {
    /// What it means.
    pub description: String,
    /// Its value where neither spec nor workspace gives one.
    pub default: String,
    /// A regular expression that the whole value must match.
    pub pattern: String,
}

/// The test that a cleaned column passes.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FormatTest {
    /// Name of the generic test.
    pub name: Name,
    /// What it shows.
    pub description: String,
    /// Helper macros that it calls.
    #[serde(default)]
    pub uses: Vec<Name>,
    /// What a failure does: `warn` where the rule keeps values that it can't clean.
    #[serde(default)]
    pub severity: TestSeverity,
    /// A condition over `{{ column_name }}` that every value which is not null meets.
    pub valid: String,
}

/// What goes in and what comes out.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Example {
    /// The value as a source has it.
    #[serde(rename = "in")]
    pub given: Option<String>,
    /// The value after cleaning.
    #[serde(rename = "out")]
    pub expected: Option<String>,
    /// Arguments without which the example does not hold.
    #[serde(default)]
    pub arguments: IndexMap<Name, String>,
}

/// A rule with the arguments that it is used with.
#[derive(Clone, Debug)]
pub struct Use {
    /// The rule.
    pub rule: &'static Rule,
    /// All of its arguments.
    pub arguments: IndexMap<Name, String>,
}

impl PartialEq for Use {
    fn eq(&self, other: &Use) -> bool {
        self.rule.name == other.rule.name && self.arguments == other.arguments
    }
}

/// All rules by name.
fn rules() -> &'static BTreeMap<Name, Rule> {
    static RULES: OnceLock<BTreeMap<Name, Rule>> = OnceLock::new();
    RULES.get_or_init(|| {
        let texts = template::list("cleaning/").into_iter().filter_map(template::text);
        let rules = texts.filter_map(|text| serde_yaml::from_str::<Rule>(text).ok());
        rules.map(|rule| (rule.name.clone(), rule)).collect()
    })
}

/// Names of all rules, sorted.
pub fn names() -> Vec<&'static str> {
    rules().keys().map(Name::as_str).collect()
}

/// The rule of that name.
pub(super) fn rule(name: &str) -> Option<&'static Rule> {
    rules().get(name)
}

/// The rule that a column names, with its arguments; none where it names none. A fault carries the rest of its path,
/// `args.country_calling_code`.
pub(super) fn of_column(column: &ColumnRule, config: &Config) -> Result<Option<Use>, (String, Diagnostic)> {
    let Some(name) = &column.clean else { return Ok(None) };
    let Some(rule) = rules().get(name) else {
        let near = nearest(name.as_str(), names());
        let known = if near.is_empty() { names() } else { near };
        let fault = Diagnostic::error("unknown-rule", format!("there is no cleaning rule `{name}`"));
        return Err(("clean".into(), fault.next(format!("there is `{}`", known.join("`, `")))));
    };
    if let Some(unknown) = column.args.keys().find(|a| !rule.arguments.contains_key(*a)) {
        let known: Vec<&str> = rule.arguments.keys().map(Name::as_str).collect();
        let fault = Diagnostic::error("unknown-argument", format!("the rule `{name}` has no argument `{unknown}`"));
        let next = if known.is_empty() { "it has none".to_owned() } else { format!("it has `{}`", known.join("`, `")) };
        return Err((format!("args.{unknown}"), fault.next(next)));
    }
    let workspace = serde_json::to_value(&config.defaults).unwrap_or_default();
    let mut arguments = IndexMap::new();
    for (argument, about) in &rule.arguments {
        let default = || workspace.get(argument.as_str()).and_then(|v| v.as_str()).unwrap_or(&about.default).to_owned();
        let value = column.args.get(argument).cloned().unwrap_or_else(default);
        let fits = Regex::new(&format!("^(?:{})$", about.pattern)).is_ok_and(|pattern| pattern.is_match(&value));
        if !fits {
            let what = format!("`{}` can't be the {argument} of `{name}`", value.escape_debug());
            let fault = Diagnostic::error("argument", what).why(about.description.clone());
            return Err((format!("args.{argument}"), fault));
        }
        arguments.insert(argument.clone(), value);
    }
    Ok(Some(Use { rule, arguments }))
}

impl Use {
    /// The call of the rule's macro over `code`.
    pub(super) fn call(&self, code: &Code) -> Code {
        let mut call = format!("{}({}", self.rule.macro_name(), code.argument());
        for (name, value) in &self.arguments {
            call.push_str(&format!(", {name}={}", Code::text(value).argument()));
        }
        call.push(')');
        Code::Jinja(call)
    }

    /// The examples that hold with these arguments.
    pub(super) fn examples(&self) -> impl Iterator<Item = &'static Example> {
        let rule = self.rule;
        rule.examples.iter().filter(|e| e.arguments.iter().all(|(name, value)| self.arguments.get(name) == Some(value)))
    }
}

#[derive(Serialize)]
struct MacroContext<'a> {
    project: &'a Name,
    name: Name,
    about: &'a str,
    arguments: Vec<ArgumentContext<'a>>,
    bodies: Vec<BodyContext<'a>>,
}

#[derive(Serialize)]
struct ArgumentContext<'a> {
    name: &'a Name,
    default: &'a str,
}

#[derive(Serialize)]
struct BodyContext<'a> {
    dialect: &'a str,
    sql: &'a str,
}

impl Rule {
    /// The macro that cleans: `clean_<rule>`.
    pub(super) fn macro_name(&self) -> Name {
        super::schema::named(&format!("clean_{}", self.name))
    }

    /// The file of the macro that cleans.
    pub(super) fn cleaner(&self, project: &Name) -> Outcome<Macro> {
        let name = self.macro_name();
        let context = MacroContext {
            project,
            name: name.clone(),
            about: &self.description,
            arguments: self.arguments.iter().map(|(name, a)| ArgumentContext { name, default: &a.default }).collect(),
            bodies: self.sql.iter().map(|(dialect, sql)| BodyContext { dialect, sql: sql.trim_end() }).collect(),
        };
        Ok(Macro { name, form: MacroForm::Macro, text: template::render("dbt/macros/cleaning.sql", context)? })
    }
}

impl FormatTest {
    /// The file of the generic test.
    pub(super) fn generic_test(&self) -> Outcome<Macro> {
        let context = BTreeMap::from([
            ("name", self.name.as_str()),
            ("about", self.description.as_str()),
            ("valid", self.valid.trim_end()),
        ]);
        let text = template::render("dbt/tests/valid.sql", context)?;
        Ok(Macro { name: self.name.clone(), form: MacroForm::GenericTest, text })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn every_rule_reads_and_says_enough() {
        for name in template::list("cleaning/") {
            let rule: Rule = serde_yaml::from_str(template::text(name).unwrap()).unwrap();
            assert_eq!(name, format!("cleaning/{}.yml", rule.name));
            assert!(rule.sql.contains_key("default"), "{name} has no default");
            assert!(rule.examples.iter().any(|e| e.given.is_none()), "{name} has no example of null");
            assert!(rule.description.ends_with('.'));
            for argument in rule.arguments.values() {
                assert!(Regex::new(&argument.pattern).unwrap().is_match(&argument.default));
            }
            let helpers = rule.uses.iter().chain(rule.test.iter().flat_map(|t| &t.uses));
            helpers.for_each(|helper| assert!(template::text(&format!("dbt/macros/{helper}.sql")).is_some()));
        }
    }
}
