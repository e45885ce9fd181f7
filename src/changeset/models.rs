//! Models: their SQL parses in every target, reads only what exists, and gives the columns that they declare.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rayon::prelude::*;

use super::Ground;
use super::draft::{Draft, Item};
use crate::contract::Contract;
use crate::proposal::{DbtModel, DbtSource, Layer, ModelColumn};
use crate::sql::jinja::{self, Macros, Rendered};
use crate::sql::{self, ColumnType, FanOut, Parsed, Resolved, Scope, ScopeRelation, Text};
use crate::vocabulary::{Diagnostic, Name, Relation, TableRef, nearest};

/// What is known of relations once models are proved: for tests, unit tests and policies.
pub(super) struct Known {
    /// Columns of everything that can be read.
    pub scope: Scope,
    /// What each model reads.
    pub reads: BTreeMap<Name, BTreeSet<Relation>>,
}

/// A model whose SQL parses.
struct Read<'d> {
    item: &'d Item<DbtModel>,
    rendered: Rendered,
    parsed: Option<Parsed>,
}

/// Proves all models and fills in the columns of those that declare none.
pub(super) fn prove(ground: &Ground<'_>, draft: &mut Draft, macros: &Macros, found: &mut Vec<Diagnostic>) -> Known {
    let dialects = ground.config.target_dialects();
    let mut scope = Scope { relations: tables(ground, draft), dialects: dialects.clone() };
    let mut outputs: BTreeMap<Name, Resolved> = BTreeMap::new();
    let mut reads = BTreeMap::new();
    {
        let models: Vec<(&Name, &Item<DbtModel>)> = draft.models.iter().collect();
        let results: Vec<(Read<'_>, Vec<Diagnostic>)> =
            models.par_iter().map(|(_, item)| read(item, macros, &dialects)).collect();
        let mut all: BTreeMap<&Name, Read<'_>> = BTreeMap::new();
        for ((name, _), (read, faults)) in models.iter().zip(results) {
            found.extend(faults);
            check_reads(ground, draft, &read, found);
            reads.insert((*name).clone(), read.rendered.reads.iter().map(|(r, _)| r.clone()).collect::<BTreeSet<_>>());
            all.insert(name, read);
        }
        for (name, item) in &models {
            scope.relations.insert(Relation::Model((*name).clone()), declared(&item.value).into());
        }
        for level in levels(&reads, draft, found) {
            let resolved: Vec<(Name, Result<Resolved, Vec<Diagnostic>>)> = level
                .par_iter()
                .filter_map(|name| {
                    let read = all.get(name)?;
                    let parsed = read.parsed.as_ref()?;
                    let text = Text::new(&read.item.file, "artifact.sql", &read.item.value.sql);
                    Some((name.clone(), sql::resolve(&text, &read.rendered, parsed, &scope)))
                })
                .collect();
            for (name, result) in resolved {
                match result {
                    Ok(resolved) => {
                        let model = Relation::Model(name.clone());
                        let declared = scope.relations.remove(&model).unwrap_or_default();
                        scope.relations.insert(model, given(&resolved, &declared).into());
                        outputs.insert(name, resolved);
                    }
                    Err(faults) => found.extend(faults),
                }
            }
        }
    }
    for (name, item) in &mut draft.models {
        if let Some(resolved) = outputs.remove(name) {
            columns(item, &resolved, found);
            grain(item, &resolved, found);
        } else if item.value.columns.is_empty() {
            Arc::make_mut(scope.relations.entry(Relation::Model(name.clone())).or_default()).open = true;
        }
    }
    Known { scope, reads }
}

/// Landed tables as their contracts state them.
fn tables(ground: &Ground<'_>, draft: &Draft) -> BTreeMap<Relation, Arc<ScopeRelation>> {
    let mut out = BTreeMap::new();
    for contract in ground.contracts.values().chain(draft.contracts.values().map(|i| &i.value)) {
        out.insert(Relation::Table(contract.table_ref()), table(contract).into());
    }
    out
}

fn table(contract: &Contract) -> ScopeRelation {
    let key: BTreeSet<String> = contract.key().iter().map(|c| c.name.to_string()).collect();
    let unique =
        contract.columns.iter().filter(|c| c.unique && c.required).map(|c| BTreeSet::from([c.name.to_string()]));
    let mut keys: Vec<BTreeSet<String>> = Some(key).filter(|k| !k.is_empty()).into_iter().chain(unique).collect();
    keys.dedup();
    ScopeRelation {
        columns: contract.landed_columns().map(|(name, of)| (name.to_string(), of.into())).collect(),
        keys,
        ..ScopeRelation::default()
    }
}

/// A model as it declares itself; anything where it declares nothing.
fn declared(model: &DbtModel) -> ScopeRelation {
    ScopeRelation {
        columns: model.columns.iter().map(|c| (c.name.to_string(), c.data_type.into())).collect(),
        keys: Some(model.grain.iter().map(Name::to_string).collect::<BTreeSet<_>>())
            .filter(|g| !g.is_empty())
            .into_iter()
            .collect(),
        open: model.columns.is_empty(),
        ..ScopeRelation::default()
    }
}

/// A model as its query gives it; what only its declaration knows (a type, its grain) from there.
fn given(resolved: &Resolved, declared: &ScopeRelation) -> ScopeRelation {
    let columns = resolved.columns.iter().map(|c| {
        let stated = declared.columns.iter().find(|(n, _)| *n == c.name).map(|(_, t)| *t);
        let ty = match (c.column_type, stated) {
            (ColumnType::Unknown | ColumnType::Null, Some(stated)) => stated,
            (ColumnType::Number | ColumnType::Temporal, Some(stated)) if stated.exact().is_some() => stated,
            (ty, _) => ty,
        };
        (c.name.clone(), ty)
    });
    let mut keys = resolved.keys.clone();
    keys.extend(declared.keys.iter().filter(|k| !resolved.keys.contains(k)).cloned());
    ScopeRelation { columns: columns.collect(), keys, open: resolved.open, ..ScopeRelation::default() }
}

fn read<'d>(
    item: &'d Item<DbtModel>,
    macros: &Macros,
    dialects: &[crate::vocabulary::Dialect],
) -> (Read<'d>, Vec<Diagnostic>) {
    let text = Text::new(&item.file, "artifact.sql", &item.value.sql);
    let (rendered, faults) = jinja::read(&text, macros);
    if !faults.is_empty() {
        return (Read { item, rendered, parsed: None }, faults);
    }
    let mut parsed = None;
    let mut faults = Vec::new();
    for dialect in dialects {
        match sql::parse(&text, &rendered, *dialect) {
            Ok(query) => parsed = parsed.or(Some(query)),
            Err(more) => {
                // The same fault in every target is one fault.
                let new = |d: &Diagnostic| !faults.iter().any(|f: &Diagnostic| f.code == d.code && f.place == d.place);
                let more: Vec<Diagnostic> = more.into_iter().filter(new).collect();
                faults.extend(more);
            }
        }
    }
    let parsed = parsed.filter(|_| faults.is_empty());
    (Read { item, rendered, parsed }, faults)
}

/// Every `ref` and `source` must be there.
fn check_reads(ground: &Ground<'_>, draft: &Draft, read: &Read<'_>, found: &mut Vec<Diagnostic>) {
    let text = Text::new(&read.item.file, "artifact.sql", &read.item.value.sql);
    let mut told = BTreeSet::new();
    for (relation, at) in &read.rendered.reads {
        if !told.insert(relation) {
            continue;
        }
        let fault = match relation {
            Relation::Model(model) if !draft.models.contains_key(model) => {
                let near = nearest(model.as_str(), draft.models.keys().map(Name::as_str));
                let fault = Diagnostic::error("unknown-model", format!("there is no model `{model}`"));
                Some(if near.is_empty() {
                    fault.next("propose it together with this model")
                } else {
                    fault.next(format!("did you mean `{}`?", near.join("`, `")))
                })
            }
            Relation::Table(table) => unknown_table(ground, draft, table),
            Relation::Model(_) => None,
        };
        if let Some(fault) = fault.or_else(|| misplaced(&read.item.value, relation)) {
            let width = text.sql[*at..].chars().take_while(|c| *c != ')').count() + 1;
            found.push(text.fault(fault, *at, width));
        }
    }
}

/// A source is read by the staging model that stands for it, and that model reads nothing else; where rows are set aside
/// by its base model, which the staging model and that of the rows set aside read.
fn misplaced(model: &DbtModel, relation: &Relation) -> Option<Diagnostic> {
    match (&model.layer, relation) {
        (Layer::Staging(own), Relation::Table(table)) if own == table => None,
        (Layer::Staging(own), Relation::Model(base)) if *base == own.base_model() && *base != model.name => None,
        (Layer::Staging(own), other) => Some(
            Diagnostic::error("staging-reads-more", format!("the staging model of `{own}` reads `{other}` too"))
                .why("a staging model is one table, renamed, cast and cleaned")
                .next("join in a mart or an intermediate model"),
        ),
        (_, Relation::Table(table)) => Some(
            Diagnostic::error("source-past-staging", format!("`{table}` is read past its staging model"))
                .why("its names, types and cleaning would be others than elsewhere")
                .next(format!("read `{{{{ ref('{}') }}}}`", table.staging_model())),
        ),
        (_, Relation::Model(_)) => None,
    }
}

fn unknown_table(ground: &Ground<'_>, draft: &Draft, table: &TableRef) -> Option<Diagnostic> {
    if !ground.contracts.contains_key(table) && !draft.contracts.contains_key(table) {
        let known: Vec<String> =
            ground.contracts.keys().chain(draft.contracts.keys()).map(TableRef::to_string).collect();
        let near = nearest(&table.to_string(), known.iter().map(String::as_str)).join("`, `");
        let fault = Diagnostic::error("unknown-table", format!("no contract describes `{table}`"));
        return Some(match near.is_empty() {
            true => fault.next(format!("`pipewright discover {}`", table.source)),
            false => fault.next(format!("did you mean `{near}`?")),
        });
    }
    let listed = |s: &Item<DbtSource>| s.value.tables.binary_search_by(|t| t.name.cmp(&table.table)).is_ok();
    let declared = draft.sources.get(&table.source).is_some_and(listed);
    (!declared).then(|| {
        Diagnostic::error("unknown-source", format!("dbt knows no source table `{table}`"))
            .next("propose a `dbt_source` that lists it")
    })
}

/// Models in levels: each reads only models of levels before it. Cycles are reported, named in their order.
fn levels(reads: &BTreeMap<Name, BTreeSet<Relation>>, draft: &Draft, found: &mut Vec<Diagnostic>) -> Vec<Vec<Name>> {
    let mut waiting: BTreeMap<&Name, usize> = BTreeMap::new();
    let mut readers: BTreeMap<&Name, Vec<&Name>> = BTreeMap::new();
    for (name, relations) in reads {
        let models = relations.iter().filter_map(|r| match r {
            Relation::Model(m) => reads.get_key_value(m).map(|(m, _)| m),
            Relation::Table(_) => None,
        });
        let mut count = 0;
        for model in models {
            readers.entry(model).or_default().push(name);
            count += 1;
        }
        waiting.insert(name, count);
    }
    let mut out: Vec<Vec<Name>> = Vec::new();
    let mut ready: Vec<&Name> = waiting.iter().filter(|(_, n)| **n == 0).map(|(name, _)| *name).collect();
    while !ready.is_empty() {
        let mut next = Vec::new();
        for name in &ready {
            waiting.remove(name);
            for reader in readers.get(name).into_iter().flatten() {
                if let Some(count) = waiting.get_mut(reader) {
                    *count -= 1;
                    if *count == 0 {
                        next.push(*reader);
                    }
                }
            }
        }
        next.sort();
        out.push(ready.into_iter().cloned().collect());
        ready = next;
    }
    let edges = |name: &Name| -> Vec<Name> {
        let models = reads.get(name).into_iter().flatten().filter_map(|r| match r {
            Relation::Model(m) => Some(m.clone()),
            Relation::Table(_) => None,
        });
        models.collect()
    };
    let left: BTreeSet<&Name> = waiting.keys().copied().collect();
    for cycle in crate::spec::check::cycles(&left, edges) {
        let shown: Vec<&str> = cycle.iter().map(Name::as_str).collect();
        let fault = Diagnostic::error("cycle", format!("models read each other in a circle: {}", shown.join(" → ")))
            .next("take the common part into a model of its own");
        let place = cycle.first().and_then(|n| draft.models.get(n)).map(|item| item.place("sql"));
        found.push(match place {
            Some(place) => fault.at(place),
            None => fault,
        });
    }
    out
}

/// The query gives the declared columns, no more and no fewer; where none are declared, they are filled in.
fn columns(item: &mut Item<DbtModel>, resolved: &Resolved, found: &mut Vec<Diagnostic>) {
    let place = item.place("sql");
    let mut names = BTreeSet::new();
    for (i, column) in resolved.columns.iter().enumerate() {
        let fault = if column.name.is_empty() {
            Diagnostic::error("unnamed-column", format!("column {} has no name", i + 1))
                .why("each target would give it another")
                .next("add `as <name>`")
        } else if !names.insert(column.name.as_str()) {
            Diagnostic::error("duplicate-column", format!("the query gives two columns `{}`", column.name))
                .next("name the columns instead of `*`, or rename one")
        } else if let Err(why) = Name::parse(&column.name) {
            Diagnostic::error("invalid-name", format!("the column is called {:?}", column.name)).why(why)
        } else {
            continue;
        };
        found.push(fault.at(place.clone()));
    }
    let model = &mut item.value;
    if model.columns.is_empty() {
        model.columns = resolved
            .columns
            .iter()
            .filter_map(|c| Name::parse(&c.name).ok().map(|name| (name, c.data_type())))
            .map(|(name, data_type)| ModelColumn { description: described(&name), name, data_type })
            .collect();
        return;
    }
    if resolved.open {
        return;
    }
    let given: BTreeMap<&str, usize> = resolved.columns.iter().enumerate().map(|(i, c)| (c.name.as_str(), i)).collect();
    let mut complete = true;
    for (i, column) in model.columns.iter().enumerate() {
        let at = crate::vocabulary::Place::path(&item.file, format!("artifact.columns.{i}"));
        match given.get(column.name.as_str()) {
            None => {
                complete = false;
                let near = nearest(column.name.as_str(), given.keys().copied()).join("`, `");
                let fault = Diagnostic::error(
                    "column-not-given",
                    format!("the query of `{}` gives no `{}`", model.name, column.name),
                );
                found.push(if near.is_empty() { fault } else { fault.next(format!("did you mean `{near}`?")) }.at(at));
            }
            Some(at_query) => {
                let ty = resolved.columns[*at_query].column_type;
                let stated = ColumnType::from(column.data_type);
                if ty.clashes(stated) {
                    found.push(
                        Diagnostic::error("column-type", format!("`{}` is declared {stated} and is {ty}", column.name))
                            .next(format!("declare it {ty}, or cast it"))
                            .at(at),
                    );
                }
            }
        }
    }
    let declared: BTreeSet<&str> = model.columns.iter().map(|c| c.name.as_str()).collect();
    for column in &resolved.columns {
        if !declared.contains(column.name.as_str()) && !column.name.is_empty() {
            complete = false;
            found.push(
                Diagnostic::error(
                    "column-not-declared",
                    format!("the query of `{}` also gives `{}`", model.name, column.name),
                )
                .next("declare it under `columns`, or leave it out")
                .at(place.clone()),
            );
        }
    }
    if complete {
        let order = |c: &ModelColumn| given.get(c.name.as_str()).copied();
        model.columns.sort_by_key(order);
        for column in &mut model.columns {
            let of_query = given.get(column.name.as_str()).and_then(|i| resolved.columns[*i].data_type());
            column.data_type = column.data_type.or(of_query);
        }
    }
}

/// A sentence that says no more than is known.
fn described(name: &Name) -> String {
    let words = name.as_str().replace('_', " ");
    let mut chars = words.chars();
    let first: String = chars.next().into_iter().flat_map(char::to_uppercase).collect();
    format!("{first}{}.", chars.as_str())
}

fn grain(item: &Item<DbtModel>, resolved: &Resolved, found: &mut Vec<Diagnostic>) {
    let model = &item.value;
    let mut seen = BTreeSet::new();
    for (i, column) in model.grain.iter().enumerate() {
        let fault = if !model.columns.iter().any(|c| c.name == *column) {
            let near = nearest(column.as_str(), model.columns.iter().map(|c| c.name.as_str())).join("`, `");
            let fault = Diagnostic::error(
                "unknown-column",
                format!("the grain names `{column}`, which `{}` does not have", model.name),
            );
            if near.is_empty() { fault } else { fault.next(format!("did you mean `{near}`?")) }
        } else if !seen.insert(column) {
            Diagnostic::error("duplicate-column", format!("the grain names `{column}` twice"))
        } else {
            continue;
        };
        found.push(fault.at(item.place(format!("grain.{i}"))));
    }
    let grain: BTreeSet<String> = model.grain.iter().map(Name::to_string).collect();
    let shown = resolved.keys.iter().any(|k| k.is_subset(&grain));
    if let (false, false, Some(FanOut { joined, on, at, .. })) = (grain.is_empty(), shown, &resolved.repeats) {
        let text = Text::new(&item.file, "artifact.sql", &model.sql);
        let claimed: Vec<&str> = model.grain.iter().map(Name::as_str).collect();
        let on: Vec<&str> = on.iter().map(String::as_str).collect();
        let fault =
            Diagnostic::error("fan-out", format!("this join gives several rows for one ({})", claimed.join(", ")))
                .why(format!("`{joined}` can have many rows for each ({})", on.join(", ")))
                .next(format!(
                    "aggregate `{joined}` to one row for each ({}) before the join, or widen the grain",
                    on.join(", ")
                ));
        found.push(text.fault(fault, at.0, at.1));
    }
}

/// The source's table that a staging model stands for must be there.
pub(super) fn layers(ground: &Ground<'_>, draft: &Draft, found: &mut Vec<Diagnostic>) {
    for item in draft.models.values() {
        if let Layer::Staging(table) = &item.value.layer
            && let Some(fault) = unknown_table(ground, draft, table)
        {
            found.push(fault.at(item.place("layer.staging")));
        }
    }
}
