//! A column that goes, and all that specs make of it. What marts lose waits for an approval: the plan asks for it.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::{Drifted, Fix};
use crate::spec::{Model, Spec};
use crate::vocabulary::{Diagnostic, Name, Place, Relation};

/// What goes, by model.
type Gone = BTreeMap<Name, BTreeSet<String>>;

/// Takes the column of a change, and what is made of it, out of all specs.
pub(super) fn column(drifted: &Drifted, specs: &mut BTreeMap<Name, Spec>, out: &mut Fix) {
    let change = &drifted.change;
    let Some(column) = &change.column else { return };
    let mut gone: Gone = BTreeMap::from([(change.table.staging_model(), BTreeSet::from([column.to_string()]))]);
    // A model may stand before the one that it reads.
    loop {
        let before: usize = gone.values().map(BTreeSet::len).sum();
        for (name, spec) in specs.iter_mut() {
            for model in &mut spec.models {
                model_of(model, name, &mut gone, out);
            }
        }
        if gone.values().map(BTreeSet::len).sum::<usize>() == before {
            break;
        }
    }
    for spec in specs.values_mut() {
        spec.tests.retain(|test| {
            let Some(names) = gone.get(&test.model) else { return true };
            let own = test.column.as_ref().is_some_and(|c| names.contains(c.as_str()));
            !own && !says(&test.arguments, names) && !test.filter.as_deref().is_some_and(|f| mentions(f, names))
        });
    }
    out.findings.sort();
    out.findings.dedup();
}

fn model_of(model: &mut Model, pipeline: &Name, gone: &mut Gone, out: &mut Fix) {
    let staging = matches!(model.from, Relation::Table(_));
    let mut names: BTreeSet<String> = BTreeSet::new();
    if staging {
        names.extend(gone.get(&model.name).into_iter().flatten().cloned());
    } else if let Relation::Model(from) = &model.from {
        names.extend(gone.get(from).into_iter().flatten().cloned());
    }
    names.extend(model.joins.iter().filter_map(|j| gone.get(&j.to)).flatten().cloned());
    if names.is_empty() {
        return;
    }
    let mut fault = |what: String| {
        let place = Place::path(format!("pipelines/{pipeline}.yml"), format!("models.{}", model.name));
        let next = "change it by hand, or answer otherwise";
        let fault = Diagnostic::error("needs-hand", what).at(place).next(next);
        if !out.findings.contains(&fault) {
            out.findings.push(fault);
        }
    };
    if model.sql.as_deref().is_some_and(|sql| mentions(sql, &names)) {
        fault(format!("the query of `{}` is written by hand and names the column that goes", model.name));
        return;
    }
    let stuck = [
        ("a join", says(&model.joins, &names)),
        ("the window", says(&model.window, &names)),
        ("the deduplication", says(&model.dedupe, &names)),
        ("the first rows", says(&model.top, &names)),
    ];
    for (part, _) in stuck.into_iter().filter(|(_, says)| *says) {
        fault(format!("{part} of `{}` is by the column that goes", model.name));
    }
    let passes_all = !staging && model.columns.is_empty() && model.measures.is_empty() && model.sql.is_none();
    model.filters.retain(|f| !mentions(f, &names));
    model.set_aside.retain(|s| !mentions(&s.filter, &names));
    let mut lost: BTreeSet<String> = BTreeSet::new();
    let mut lose = |name: &Name, goes: bool| {
        if goes {
            lost.insert(name.to_string());
        }
        !goes
    };
    model.columns.retain(|name, rule| {
        let goes = match &rule.expr {
            Some(expr) => mentions(expr, &names),
            None => names.contains(name.as_str()),
        };
        lose(name, goes)
    });
    model.group_by.retain(|g| {
        let goes = g.expr.as_deref().map_or_else(|| names.contains(g.name.as_str()), |e| mentions(e, &names));
        lose(&g.name, goes)
    });
    model.measures.retain(|m| {
        let mut bare = m.clone();
        bare.description = None;
        bare.name = Name::from_text("x", "x");
        lose(&m.name, says(&bare, &names))
    });
    let lost_so_far = lost.clone();
    model.windowed.retain(|w| !says(w, &lost_so_far) && !says(w, &names));
    model.having.retain(|h| !mentions(h, &lost_so_far));
    if !staging && !passes_all && model.sql.is_none() && model.columns.is_empty() && model.measures.is_empty() {
        fault(format!("nothing would be left of `{}`", model.name));
    }
    if passes_all {
        lost.extend(names);
    }
    gone.entry(model.name.clone()).or_default().extend(lost);
}

/// Whether a part of a spec names one of the columns.
fn says(part: &impl Serialize, names: &BTreeSet<String>) -> bool {
    serde_json::to_string(part).is_ok_and(|text| mentions(&text, names))
}

/// Whether an expression names one of the columns, as a word.
fn mentions(text: &str, names: &BTreeSet<String>) -> bool {
    text.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| names.contains(&word.to_ascii_lowercase()))
}
