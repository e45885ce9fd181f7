//! What can be wrong in the histories that a spec keeps.

use std::collections::BTreeSet;

use super::columns::World;
use super::{Found, near};
use crate::spec::Spec;
use crate::sql::ColumnType;
use crate::vocabulary::Diagnostic;

pub(super) fn check(spec: &Spec, world: &World<'_>, found: &mut Found<'_>) {
    let mut names = BTreeSet::new();
    for (i, history) in spec.history.iter().enumerate() {
        let path = format!("history.{i}");
        if !names.insert(&history.name) || world.models.contains_key(&history.name) {
            let fault = Diagnostic::error("duplicate-model", format!("another model is called `{}`", history.name));
            found.at(&format!("{path}.name"), fault.next("rename one of them"));
        }
        let Some(model) = world.models.get(&history.of) else {
            let fault = Diagnostic::error("unknown-model", format!("there is no model `{}`", history.of));
            let known = world.models.keys().map(|n| n.as_str());
            found.at(&format!("{path}.of"), near(fault, history.of.as_str(), known));
            continue;
        };
        let given = world.model(model, &mut BTreeSet::from([history.of.clone()]));
        if given.open {
            continue;
        }
        let keys = history.key.iter().enumerate().map(|(n, name)| (name, format!("{path}.key.{n}")));
        for (name, at) in keys.chain(history.updated_at.iter().map(|name| (name, format!("{path}.updated_at")))) {
            let Some((_, ty)) = given.columns.iter().find(|(n, _)| n == name.as_str()) else {
                let fault = Diagnostic::error("unknown-column", format!("`{}` has no column `{name}`", history.of));
                found.at(&at, near(fault, name.as_str(), given.columns.iter().map(|(n, _)| n.as_str())));
                continue;
            };
            if at.ends_with("updated_at") && ty.clashes(ColumnType::Temporal) {
                let fault = Diagnostic::error("not-temporal", format!("`{name}` does not say when a row changed"));
                found.at(&at, fault.next("name a date or timestamp, or leave it out: all columns are compared then"));
            }
        }
    }
}
