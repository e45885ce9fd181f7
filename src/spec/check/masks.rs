//! What a mask hides must not be seen by another way: another column that is made of it, or the salt in a view.

use std::collections::BTreeSet;

use super::Found;
use crate::spec::{Materialization, Model, Spec};
use crate::vocabulary::{Act, Diagnostic, Name};

pub(super) fn check(spec: &Spec, found: &mut Found<'_>) {
    for model in spec.models.iter().filter(|m| m.sql.is_none()) {
        let path = format!("models.{}", model.name);
        seen(spec, model, &path, found);
        let salted = model.columns.iter().find(|(_, rule)| rule.mask.as_ref().is_some_and(|m| m == "pseudonym"));
        if let (Some((column, _)), Some(Materialization::View)) = (salted, model.materialization) {
            let fault = Diagnostic::error("salt-in-view", format!("`{column}` is a pseudonym in a view"))
                .why("a view's definition, which its readers may see, would hold the salt")
                .next("`materialization: table`");
            found.at(&format!("{path}.materialization"), fault);
        }
    }
}

/// Columns that show what a mask beside them hides.
fn seen(spec: &Spec, model: &Model, path: &str, found: &mut Found<'_>) {
    for (masked, rule) in model.columns.iter().filter(|(_, rule)| rule.mask.is_some()) {
        let hidden = sources(masked, rule.expr.as_deref());
        for (name, other) in model.columns.iter().filter(|(_, rule)| rule.mask.is_none()) {
            let of = format!("{}.{}.{name}", model.schema(), model.name);
            let approved = spec.approvals.iter().any(|a| a.act == Act::Unmask && a.of == of);
            if !approved && !sources(name, other.expr.as_deref()).is_disjoint(&hidden) {
                let fault = Diagnostic::error("mask-leak", format!("`{name}` shows what `{masked}` hides"))
                    .why("both are made of the same column")
                    .next(format!(
                        "mask `{name}` too, leave it out, or approve it: `{{act: unmask, of: {of}, by: …, why: …}}`"
                    ));
                found.at(&format!("{path}.columns.{name}"), fault);
            }
        }
    }
}

/// The names in an expression; the column's own where it has none.
pub(crate) fn sources<'a>(name: &'a Name, expr: Option<&'a str>) -> BTreeSet<&'a str> {
    let Some(expr) = expr else { return BTreeSet::from([name.as_str()]) };
    // Every second part stands between quotes.
    let code = expr.split('\'').step_by(2);
    let words = code.flat_map(|part| part.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')));
    words.filter(|w| w.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn codes(columns: &str, more: &str) -> Vec<String> {
        let approved = "{act: unmask, of: marts.m.agreed, by: ada, why: agreed}";
        let text = format!(
            "{{version: 1, name: x, approvals: [{approved}], models: [{{name: m, from: a, columns: {columns}{more}}}]}}"
        );
        let spec: Spec = serde_yaml::from_str(&text).unwrap();
        let mut found = Found { file: "x", list: Vec::new() };
        check(&spec, &mut found);
        found.list.into_iter().map(|d| d.code.to_string()).collect()
    }

    #[test]
    fn what_is_masked_is_not_seen_beside_it() {
        assert_eq!(codes("{name: {mask: name}, whole: {expr: \"name || ' x'\"}}", ""), ["mask-leak"]);
        assert_eq!(codes("{born: {mask: year, expr: dob}, dob: {}}", ""), ["mask-leak"]);
        assert!(codes("{name: {mask: name}, whole: {expr: \"name || 'x'\", mask: name}}", "").is_empty());
        assert!(codes("{name: {mask: name}, kind: {expr: \"'name'\"}, city: {}}", "").is_empty());
        assert!(codes("{name: {mask: name}, agreed: {expr: upper(name)}}", "").is_empty());
    }

    #[test]
    fn a_salt_is_in_no_view() {
        assert_eq!(codes("{id: {mask: pseudonym}}", ", materialization: view"), ["salt-in-view"]);
        assert!(codes("{id: {mask: pseudonym}}", ", materialization: table").is_empty());
        assert!(codes("{id: {mask: redact}}", ", materialization: view").is_empty());
    }
}
