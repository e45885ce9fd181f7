//! What can be wrong in the file of a rule. Its SQL is proved by the gate once something calls it.

use regex::Regex;

use super::{Kind, Rule, Rules};
use crate::template;
use crate::vocabulary::{Diagnostic, Dialect, Name, Place, nearest};

/// Everything that is wrong in a rule, which stands in `file`.
pub(super) fn of(rule: &Rule, file: &str) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let mut fault = |path: &str, what: String, next: &str| {
        found.push(Diagnostic::error("rule", what).at(Place::path(file, path)).next(next));
    };
    let stem = file.rsplit('/').next().unwrap_or(file).trim_end_matches(".yml");
    if stem != rule.name.as_str() {
        fault("name", format!("the rule `{}` stands in {file}", rule.name), "rename the file or the rule");
    }
    let texts = [("description", Some(&rule.description)), ("test", rule.test.as_ref().map(|t| &t.description))];
    for (path, text) in texts.into_iter().filter_map(|(path, text)| Some((path, text?))) {
        if text.trim().is_empty() || text.contains(['{', '}', '#']) {
            let next = "say what a value is afterwards, without `{`, `}` and `#`: it stands in a comment of the macro";
            fault(path, "this is no sentence about the rule".into(), next);
        }
    }
    if !rule.sql.contains_key("default") {
        fault("sql", "there is no `default`".into(), "add the SQL for databases that are not named");
    }
    let dialect = |name: &str| serde_json::from_value::<Dialect>(name.into()).is_ok();
    for name in rule.sql.keys().filter(|name| *name != "default" && !dialect(name)) {
        fault(
            &format!("sql.{name}"),
            format!("no database is called `{}`", name.escape_debug()),
            "`default`, `snowflake`, …",
        );
    }
    for (name, about) in &rule.arguments {
        let path = format!("arguments.{name}");
        if Regex::new(&about.pattern).is_err() {
            fault(&path, "its pattern is no regular expression".into(), "`[0-9]{1,3}`");
        } else if !about.fits(&about.default) || about.default.contains(['\'', '\\', '{', '%', '#']) {
            fault(&path, "its default is no value that it can have".into(), "a plain text that matches the pattern");
        }
    }
    let helpers: Vec<&str> = helpers().collect();
    for name in rule.uses.iter().chain(rule.test.iter().flat_map(|t| &t.uses)) {
        if !helpers.contains(&name.as_str()) {
            let near = nearest(name.as_str(), helpers.iter().copied());
            let known = if near.is_empty() { helpers.clone() } else { near };
            fault("uses", format!("there is no macro `{name}`"), &format!("there is `{}`", known.join("`, `")));
        }
    }
    examples(rule, &mut fault);
    found
}

/// A rule shows what it does: of a value, of none; with values that its arguments can have.
fn examples(rule: &Rule, fault: &mut impl FnMut(&str, String, &str)) {
    // What a hash makes of a value depends on its salt.
    let shown = rule.kind == Kind::Mask || rule.examples.iter().any(|e| e.given.is_some());
    if !shown || rule.examples.iter().all(|e| e.given.is_some()) {
        let next = "`- {in: \"  Oslo \", out: \"Oslo\"}` and `- {in: null, out: null}`";
        fault("examples", "a value and null are not both among its examples".into(), next);
    }
    for (i, example) in rule.examples.iter().enumerate() {
        let path = format!("examples.{i}");
        let fits = |(name, value): (&Name, &String)| rule.arguments.get(name).is_some_and(|a| a.fits(value));
        if !example.arguments.iter().all(fits) {
            fault(&path, "it has an argument that the rule does not take".into(), "name one of `arguments`");
        }
        let became_null = example.given.is_some() && example.expected.is_none();
        if became_null && !rule.nullable {
            fault(&path, "a value becomes null, and the rule says it can't".into(), "`nullable: true`");
        }
        if example.expected.is_none() && rule.fills {
            fault(&path, "null comes out of a rule that fills".into(), "leave `fills` out, or correct the example");
        }
    }
}

/// Names of the helper macros that rules may call.
fn helpers() -> impl Iterator<Item = &'static str> {
    template::list("dbt/macros/").into_iter().filter_map(|f| f.strip_prefix("dbt/macros/")?.strip_suffix(".sql"))
}

impl Rules {
    /// Two tests of one name: those of other rules, and those that are there anyway.
    pub(super) fn test_clash(&self, rule: &Rule, file: &str) -> Option<Diagnostic> {
        let test = rule.test.as_ref()?;
        let ours = Rules::default();
        // A rule that takes the place of ours may have its test too.
        if ours.cleaning.get(&rule.name).and_then(|r| r.test.as_ref()).is_some_and(|t| t.name == test.name) {
            return None;
        }
        let other = self
            .cleaning()
            .filter(|r| r.name != rule.name)
            .any(|r| r.test.as_ref().is_some_and(|t| t.name == test.name));
        let taken = other
            || template::text(&format!("dbt/tests/{}.sql", test.name)).is_some()
            || ["not_null", "unique", "accepted_values", "relationships"].contains(&test.name.as_str());
        taken.then(|| {
            Diagnostic::error("rule", format!("there is another test `{}`", test.name))
                .at(Place::path(file, "test.name"))
                .next("give it another name")
        })
    }
}
