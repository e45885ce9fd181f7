//! Cleaning rules and masks are data: a file a rule, with what it takes and gives, its SQL for each dialect, its test, and
//! examples that run. Ours stand under `templates/cleaning/` and `templates/masks/`; a workspace adds cleaning rules of its
//! own under `cleaning/`. Nothing about phone numbers or addresses is written in Rust.

mod faults;

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use indexmap::IndexMap;
use regex::Regex;
use serde::Deserialize;

use super::{ColumnRule, TestSeverity};
use crate::sql::lower::Code;
use crate::vocabulary::{DataType, Diagnostic, Name, Outcome, Place, nearest};
use crate::{document, template};

/// What a rule is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    /// It makes values alike: `clean_<rule>`.
    #[default]
    Cleaning,
    /// It hides values: `mask_<rule>`.
    Mask,
}

/// One rule.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// What it is for, by the folder that it stands in.
    #[serde(skip)]
    pub kind: Kind,
    /// Name, as specs call it.
    pub name: Name,
    /// What a value is afterwards, in a sentence.
    pub description: String,
    /// What people call what comes out, where it is not the name: `convert … to a number`.
    #[serde(default)]
    pub words: Vec<String>,
    /// Words in the names of columns that it is there for: `clean the postal codes`.
    #[serde(default)]
    pub columns: Vec<String>,
    /// Values by which a column is known that it is there for: all that it has are among them.
    #[serde(default)]
    pub values: Vec<String>,
    /// Types of columns that it is for.
    #[serde(default)]
    pub takes: Takes,
    /// The type of what it gives.
    #[serde(default = "text")]
    pub gives: DataType,
    /// What the rule can be told.
    #[serde(default)]
    pub arguments: IndexMap<Name, Argument>,
    /// Whether it can turn a value into null.
    #[serde(default)]
    pub nullable: bool,
    /// Whether nothing is null afterwards.
    #[serde(default)]
    pub fills: bool,
    /// Helper macros that it calls.
    #[serde(default)]
    pub uses: Vec<Name>,
    /// Body of its macro for each dialect; `default` is there always.
    pub sql: IndexMap<String, String>,
    /// The test that a column passes afterwards.
    #[serde(default)]
    pub test: Option<FormatTest>,
    /// What goes in and what comes out.
    pub examples: Vec<Example>,
}

fn text() -> DataType {
    DataType::Text
}

/// Types of columns that a rule is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Takes {
    /// Text.
    #[default]
    Text,
    /// Whole numbers.
    Integer,
    /// Dates and moments.
    Temporal,
    /// Anything.
    Any,
}

impl Takes {
    /// Whether values of that type fit.
    pub fn fits(self, of: DataType) -> bool {
        match self {
            Takes::Text => of == DataType::Text,
            Takes::Integer => of == DataType::Integer,
            Takes::Temporal => of.is_temporal(),
            Takes::Any => true,
        }
    }

    fn said(self) -> &'static str {
        match self {
            Takes::Text => "text",
            Takes::Integer => "whole numbers",
            Takes::Temporal => "dates and timestamps",
            Takes::Any => "anything",
        }
    }
}

/// Something that a rule can be told.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
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
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
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
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Example {
    /// The value as a source has it.
    #[serde(rename = "in")]
    pub given: Option<String>,
    /// The value afterwards.
    #[serde(rename = "out")]
    pub expected: Option<String>,
    /// Arguments without which the example does not hold.
    #[serde(default)]
    pub arguments: IndexMap<Name, String>,
}

/// A rule with the arguments that it is used with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Use {
    /// The rule.
    pub rule: Arc<Rule>,
    /// All of its arguments.
    pub arguments: IndexMap<Name, String>,
}

/// All rules, by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    cleaning: BTreeMap<Name, Arc<Rule>>,
    masks: BTreeMap<Name, Arc<Rule>>,
}

impl Default for Rules {
    /// Ours.
    fn default() -> Rules {
        static OURS: OnceLock<Rules> = OnceLock::new();
        OURS.get_or_init(|| Rules { cleaning: ours("cleaning/", Kind::Cleaning), masks: ours("masks/", Kind::Mask) })
            .clone()
    }
}

fn ours(folder: &str, kind: Kind) -> BTreeMap<Name, Arc<Rule>> {
    let texts = template::list(folder).into_iter().filter_map(|file| Some((file, template::text(file)?)));
    let rules = texts.filter_map(|(file, text)| document::parse::<Rule>(file, text).ok());
    rules.map(|rule| (rule.name.clone(), Arc::new(Rule { kind, ..rule }))).collect()
}

impl Rules {
    /// Ours, and the cleaning rules of a workspace by path and text; one of the same name takes the place of ours, which
    /// is said among `found` as are all faults.
    pub fn with(files: &BTreeMap<&str, &str>, found: &mut Vec<Diagnostic>) -> Rules {
        let mut rules = Rules::default();
        for (file, text) in files {
            match own(file, text) {
                Ok(rule) => {
                    if rules.cleaning.insert(rule.name.clone(), Arc::new(rule.clone())).is_some() {
                        let what = format!("the workspace's own rule `{}` takes the place of Pipewright's", rule.name);
                        found.push(Diagnostic::warning("rule-replaced", what).at(Place::path(*file, "name")));
                    }
                    found.extend(rules.test_clash(&rule, file));
                }
                Err(fault) => found.extend(fault.diagnostics),
            }
        }
        rules
    }

    /// All cleaning rules.
    pub fn cleaning(&self) -> impl Iterator<Item = &Arc<Rule>> {
        self.cleaning.values()
    }

    /// All masks.
    pub fn masks(&self) -> impl Iterator<Item = &Arc<Rule>> {
        self.masks.values()
    }

    /// The rule that a macro is of: `clean_trim`, `mask_name`.
    pub fn of_macro(&self, name: &str) -> Option<&Arc<Rule>> {
        let clean = || self.cleaning.get(name.strip_prefix("clean_")?);
        clean().or_else(|| self.masks.get(name.strip_prefix("mask_")?))
    }

    /// The cleaning rule of that name.
    ///
    /// # Errors
    /// There is none.
    pub fn clean(&self, name: &Name) -> Result<&Arc<Rule>, Diagnostic> {
        self.cleaning.get(name).ok_or_else(|| unknown("cleaning rule", name, &self.cleaning))
    }

    /// The mask of that name.
    ///
    /// # Errors
    /// There is none.
    pub fn mask(&self, name: &Name) -> Result<&Arc<Rule>, Diagnostic> {
        self.masks.get(name).ok_or_else(|| unknown("mask", name, &self.masks))
    }

    /// The rule that cleans a column of that type, with its arguments; none where it names none. A fault carries the rest
    /// of its path, `args.country_calling_code`.
    ///
    /// # Errors
    /// No such rule, one that is not for values of that type, arguments that it does not take.
    pub fn cleaner(
        &self,
        column: &ColumnRule,
        of: Option<DataType>,
        usual: &dyn Fn(&Name) -> Option<String>,
    ) -> Result<Option<Use>, (String, Diagnostic)> {
        let Some(name) = &column.clean else { return Ok(None) };
        let rule = self.clean(name).map_err(|fault| ("clean".to_owned(), fault))?;
        if let Some(of) = of.filter(|of| !rule.takes.fits(*of)) {
            let fault =
                Diagnostic::error("type-clash", format!("`{name}` cleans {}, and this is {of}", rule.takes.said()));
            return Err(("clean".into(), fault.next("leave the rule out, or name another column")));
        }
        let arguments = rule.arguments(&column.args, usual)?;
        Ok(Some(Use { rule: rule.clone(), arguments }))
    }

    /// The mask that a column names, for a value of that type. A fault is one of its `mask`.
    ///
    /// # Errors
    /// No such mask, or one that is not for values of that type.
    pub fn hider(&self, column: &ColumnRule, of: Option<DataType>) -> Result<Option<&Arc<Rule>>, Diagnostic> {
        let Some(name) = &column.mask else { return Ok(None) };
        let mask = self.mask(name)?;
        match of.filter(|of| !mask.takes.fits(*of)) {
            None => Ok(Some(mask)),
            Some(of) => Err(Diagnostic::error("mask-type", format!("the mask `{name}` does not hide {of}"))
                .next("`redact` and `pseudonym` hide values of any type; or leave the column out")),
        }
    }
}

/// A rule of a workspace.
fn own(file: &str, text: &str) -> Outcome<Rule> {
    let rule: Rule = document::parse(file, text)?;
    crate::vocabulary::Fault::unless_empty(faults::of(&rule, file))?;
    Ok(rule)
}

fn unknown(what: &str, name: &Name, known: &BTreeMap<Name, Arc<Rule>>) -> Diagnostic {
    let all = || known.keys().map(Name::as_str);
    let near = nearest(name.as_str(), all());
    let next = if near.is_empty() {
        format!("there is `{}`", all().collect::<Vec<_>>().join("`, `"))
    } else {
        format!("did you mean `{}`?", near.join("`, `"))
    };
    Diagnostic::error("unknown-rule", format!("there is no {what} `{name}`")).next(next)
}

impl Rule {
    /// The macro that it is: `clean_<rule>`, `mask_<rule>`.
    pub fn macro_name(&self) -> Name {
        let prefix = match self.kind {
            Kind::Cleaning => "clean",
            Kind::Mask => "mask",
        };
        let name = format!("{prefix}_{}", self.name);
        Name::parse(&name).unwrap_or_else(|_| Name::from_text(&name, "rule"))
    }

    /// What it is told: by the spec, else by the workspace, else what is usual.
    fn arguments(
        &self,
        told: &IndexMap<Name, String>,
        usual: &dyn Fn(&Name) -> Option<String>,
    ) -> Result<IndexMap<Name, String>, (String, Diagnostic)> {
        let rule = &self.name;
        if let Some(unknown) = told.keys().find(|a| !self.arguments.contains_key(*a)) {
            let known: Vec<&str> = self.arguments.keys().map(Name::as_str).collect();
            let next =
                if known.is_empty() { "it has none".to_owned() } else { format!("it has `{}`", known.join("`, `")) };
            let fault = Diagnostic::error("unknown-argument", format!("the rule `{rule}` has no argument `{unknown}`"));
            return Err((format!("args.{unknown}"), fault.next(next)));
        }
        let mut arguments = IndexMap::new();
        for (name, about) in &self.arguments {
            let value = told.get(name).cloned().or_else(|| usual(name)).unwrap_or_else(|| about.default.clone());
            if !about.fits(&value) {
                let what = format!("`{}` can't be the {name} of `{rule}`", value.escape_debug());
                let fault = Diagnostic::error("argument", what).why(about.description.clone());
                return Err((format!("args.{name}"), fault));
            }
            arguments.insert(name.clone(), value);
        }
        Ok(arguments)
    }

    /// The call of its macro over `code`.
    pub fn call(&self, code: &Code, arguments: &IndexMap<Name, String>) -> Code {
        let mut call = format!("{}({}", self.macro_name(), code.argument());
        for (name, value) in arguments {
            call.push_str(&format!(", {name}={}", Code::text(value).argument()));
        }
        call.push(')');
        Code::Jinja(call)
    }
}

impl Argument {
    /// Whether it can have that value.
    pub fn fits(&self, value: &str) -> bool {
        Regex::new(&format!("^(?:{})$", self.pattern)).is_ok_and(|pattern| pattern.is_match(value))
    }
}

impl Use {
    /// The examples that hold with these arguments.
    pub fn examples(&self) -> impl Iterator<Item = &Example> {
        let told = |e: &&Example| e.arguments.iter().all(|(name, value)| self.arguments.get(name) == Some(value));
        self.rule.examples.iter().filter(told)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn every_rule_of_ours_reads_and_says_enough() {
        let rules = Rules::default();
        let files = ["cleaning/", "masks/"].into_iter().flat_map(template::list);
        for file in files {
            document::parse::<Rule>(file, template::text(file).unwrap()).unwrap();
        }
        for rule in rules.cleaning().chain(rules.masks()) {
            assert_eq!(faults::of(rule, rule.name.as_str()), [], "{}", rule.name);
            assert!(rule.description.ends_with('.'), "{}", rule.name);
            for example in rule.examples.iter().filter(|e| rule.kind == Kind::Mask && e.given.is_some()) {
                assert_ne!(example.given, example.expected, "{} lets it through", rule.name);
            }
        }
    }

    #[test]
    fn a_rule_of_the_workspace_stands_beside_ours() {
        let file = "cleaning/vat_number.yml";
        let good = "name: vat_number\ndescription: VAT number in capitals.\ncolumns: [vat]\nsql: {default: \"upper({{ column }})\"}\n\
            examples: [{in: de1, out: DE1}, {in: null, out: null}]\n";
        let read = |file: &str, text: &str| {
            let mut found = Vec::new();
            let rules = Rules::with(&BTreeMap::from([(file, text)]), &mut found);
            (rules, found)
        };
        let (rules, found) = read(file, good);
        assert_eq!(found, []);
        assert_eq!(rules.clean(&Name::parse("vat_number").unwrap()).unwrap().columns, ["vat"]);
        let (rules, found) = read("cleaning/trim.yml", &good.replace("vat_number", "trim"));
        assert_eq!(found[0].code, "rule-replaced");
        assert_eq!(rules.clean(&Name::parse("trim").unwrap()).unwrap().columns, ["vat"]);
        for (from, to, path) in [
            ("name: vat_number", "name: vat", "name"),
            ("VAT number in capitals.", "\"#} {{ 1 }}\"", "description"),
            ("default:", "oracle:", "sql.oracle"),
            ("{in: null, out: null}", "{in: b, out: B}", "examples"),
            ("out: DE1", "out: null", "examples.0"),
            ("columns: [vat]", "uses: [regexp_mach]", "uses"),
            ("columns: [vat]", "gives: number", "gives"),
        ] {
            let (rules, found) = read(file, &good.replace(from, to));
            let at = found.first().and_then(|f| f.place.as_ref()).unwrap();
            assert_eq!((at.file.as_str(), at.path.as_deref()), (file, Some(path)), "{to}");
            assert!(rules.clean(&Name::parse("vat_number").unwrap()).is_err(), "{to}");
        }
    }
}
