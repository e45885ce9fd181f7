//! Personal data that reaches people: what a reviewer is told of.

use std::collections::BTreeMap;

use super::ChangeSet;
use crate::proposal::Layer;
use crate::spec::Spec;
use crate::vocabulary::{Act, Diagnostic, Name};

impl ChangeSet {
    /// A warning for each mart that shows personal data without a mask, unless a person approved it by name.
    pub fn exposed(&self, specs: &BTreeMap<Name, Spec>) -> Vec<Diagnostic> {
        let approved = |of: &str| specs.values().flat_map(|s| &s.approvals).any(|a| a.act == Act::Unmask && a.of == of);
        let mut shown: BTreeMap<&Name, Vec<String>> = BTreeMap::new();
        for policy in &self.policies {
            let mart = self.models.get(&policy.model).is_some_and(|m| m.layer == Layer::Marts);
            if mart && !approved(&format!("marts.{}.{}", policy.model, policy.column)) {
                shown.entry(&policy.model).or_default().push(format!("`{}` ({})", policy.column, policy.pii));
            }
        }
        let warning = |(model, columns): (&Name, Vec<String>)| {
            let what = format!("`marts.{model}` shows personal data: {}", columns.join(", "));
            Diagnostic::warning("personal-data", what).next(
                "mask it (`mask: email` beside the column), leave it out, or approve it by name: `{act: unmask, of: marts.MODEL.COLUMN, by: NAME, why: REASON}`",
            )
        };
        shown.into_iter().map(warning).collect()
    }
}
