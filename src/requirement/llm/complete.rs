//! What follows from the rest of an answer and is not asked of a model: staging models, what is landed, safe names.

use std::collections::BTreeSet;

use crate::requirement::Ground;
use crate::spec::{Ingest, Mode, Model, Spec};
use crate::vocabulary::{Diagnostic, Name, Place, Relation, TableRef, nearest};

/// Adds what is read and not said; gives the models that were asked for.
pub fn complete(spec: &mut Spec, ground: &Ground<'_>) -> Result<Vec<Name>, Vec<Diagnostic>> {
    if ground.specs.contains_key(&spec.name) {
        let fault = Diagnostic::error("name-taken", format!("there is a pipeline `{}` already", spec.name));
        return Err(vec![
            fault.next("give this one another name").at(Place::path(super::answer::FILE, "pipeline.name")),
        ]);
    }
    let staging = |model: &Model| matches!(&model.from, Relation::Table(t) if t.staging_model() == model.name);
    // A model that reads a table by its own name reads it through staging, as all do.
    for model in spec.models.iter_mut().filter(|m| !staging(m)) {
        if let Relation::Table(table) = &model.from {
            model.from = Relation::Model(table.staging_model());
        }
    }
    let known: BTreeSet<&Name> = ground.specs.values().flat_map(|s| &s.models).map(|m| &m.name).collect();
    let own: BTreeSet<Name> = spec.models.iter().map(|m| m.name.clone()).collect();
    let mut read: Vec<Name> = Vec::new();
    for model in &spec.models {
        let from = match &model.from {
            Relation::Model(name) => Some(name),
            Relation::Table(_) => None,
        };
        for name in from.into_iter().chain(model.joins.iter().map(|j| &j.to)) {
            if !read.contains(name) {
                read.push(name.clone());
            }
        }
    }
    let (mut added, mut faults) = (Vec::new(), Vec::new());
    for name in read.iter().filter(|name| !own.contains(*name)) {
        if let Some(table) = ground.contracts.keys().find(|t| t.staging_model() == *name) {
            added.push(staged(table, name, ground));
        } else if !known.contains(name) {
            faults.push(unknown(name, &own, ground));
        }
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    added.extend(std::mem::take(&mut spec.models));
    added.sort_by_key(|model| !staging(model));
    spec.models = added;
    let tables: Vec<TableRef> = spec
        .models
        .iter()
        .filter_map(|m| match &m.from {
            Relation::Table(table) => Some(table.clone()),
            Relation::Model(_) => None,
        })
        .collect();
    for table in tables {
        if !spec.ingest.iter().any(|i| i.table == table) {
            let keyless = ground.contracts.get(&table).is_none_or(|c| c.key().is_empty());
            let mode = if keyless { Mode::Replace } else { Mode::Merge };
            spec.ingest.push(Ingest { table, mode, key: Vec::new(), cursor: None, window: None });
        }
    }
    let marts: Vec<Name> =
        spec.models.iter().filter(|m| !staging(m) && !read.contains(&m.name)).map(|m| m.name.clone()).collect();
    if marts.is_empty() {
        return Ok(spec.models.iter().map(|m| m.name.clone()).collect());
    }
    Ok(marts)
}

/// The staging model of a table, as other pipelines have it.
fn staged(table: &TableRef, name: &Name, ground: &Ground<'_>) -> Model {
    let shared = ground.specs.values().flat_map(|s| &s.models).find(|m| m.name == *name).cloned();
    shared.unwrap_or_else(|| {
        let mut fresh = Model::new(name.clone(), Relation::Table(table.clone()));
        let said = ground.contracts.get(table).and_then(|c| c.description.clone());
        fresh.description = said.or_else(|| Some(format!("Rows of {} in {}, one each.", table.table, table.source)));
        fresh
    })
}

fn unknown(name: &Name, own: &BTreeSet<Name>, ground: &Ground<'_>) -> Diagnostic {
    let staging: Vec<String> = ground.contracts.keys().map(|t| t.staging_model().to_string()).collect();
    let all = staging.iter().map(String::as_str).chain(own.iter().map(Name::as_str));
    let near = nearest(name.as_str(), all);
    let fault = Diagnostic::error("unknown-model", format!("there is no model and no table `{name}`"));
    let next = match near.is_empty() {
        true => "use only what is listed".to_owned(),
        false => format!("did you mean `{}`?", near.join("`, `")),
    };
    fault.next(next).at(Place::path(super::answer::FILE, "pipeline.models"))
}
