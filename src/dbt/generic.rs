//! Generic tests that YAML names: dbt's own, those of the project, those of its packages.

use super::jinja::library::Library;
use super::nodes::Draft;
use super::{Described, Tree};
use crate::sql::Text;
use crate::vocabulary::{Diagnostic, nearest};

/// Those that dbt brings.
const OWN: &[&str] = &["unique", "not_null", "accepted_values", "relationships"];

/// Tests of the project's nodes that are nowhere; none while a package or a file of macros is not known.
pub(super) fn unknown(tree: &Tree, drafts: &[Draft], library: &Library) -> Vec<Diagnostic> {
    if library.unread || !library.missing.is_empty() {
        return Vec::new();
    }
    let of_project = drafts.iter().filter(|d| d.package == 0 && !d.entry.disabled);
    let described = of_project.filter_map(|d| Some((d.entry.name.as_str(), d.described.as_deref()?)));
    described.flat_map(|(node, described)| of_node(tree, node, described, library)).collect()
}

fn of_node<'a>(
    tree: &'a Tree,
    node: &'a str,
    described: &'a Described,
    library: &'a Library,
) -> impl Iterator<Item = Diagnostic> + 'a {
    let tests = described.tests.iter().chain(described.columns.iter().flat_map(|c| &c.tests));
    let gone = tests.filter(|t| is_name(&t.name) && !OWN.contains(&t.name.as_str()));
    gone.filter(|t| !library.has_test(&t.name)).map(move |test| {
        let what = format!("`{node}` is tested by `{}`, and there is no such test", test.name);
        let fault = Diagnostic::error("unknown-test", what).why("dbt can't compile the test");
        let near = nearest(&test.name, OWN.iter().copied().chain(library.tests()));
        let fault = match near.first() {
            Some(near) => fault.next(format!("did you mean `{near}`?")),
            None => fault.next("write it as `{% test … %}`, install its package, or take it out"),
        };
        match tree.get(&described.file) {
            Some(text) => Text::new(&described.file, "", text).fault(fault, test.at, test.name.chars().count()),
            None => fault,
        }
    })
}

/// `test` or `package.test`: anything else is Jinja, or another mistake.
fn is_name(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.'))
}
