//! What can be wrong with the joins of a model.

use std::collections::BTreeSet;

use super::columns::reading_name;
use super::models::{Checking, Form};
use super::{Found, near};
use crate::spec::{JoinKind, Model, Rules};
use crate::sql::ScopeRelation;
use crate::vocabulary::{Diagnostic, Name};

/// What is read must have names that tell it apart.
pub(super) fn names(model: &Model, path: &str, found: &mut Found<'_>) {
    let mut names = BTreeSet::from([reading_name(&model.from)]);
    for (i, join) in model.joins.iter().enumerate() {
        if names.insert(join.alias.as_ref().unwrap_or(&join.to).as_str()) {
            continue;
        }
        let (field, fault) = match &join.alias {
            None => {
                let fault = Diagnostic::error("joined-twice", format!("`{}` is read twice", join.to));
                ("to", fault.next("say with `as` what its rows are called here: `as: billing_address`"))
            }
            Some(alias) => {
                let fault = Diagnostic::error("joined-twice", format!("something else is called `{alias}` here"));
                ("as", fault.next("call these rows something else"))
            }
        };
        found.at(&format!("{path}.joins.{i}.{field}"), fault);
    }
}

/// The joins of a model that reads `from`, with what each of them reads.
pub(super) fn check(
    model: &Model,
    from: &ScopeRelation,
    joined: &[ScopeRelation],
    path: &str,
    rules: &Rules,
    found: &mut Found<'_>,
) {
    for (i, (join, theirs)) in model.joins.iter().zip(joined).enumerate() {
        let at = format!("{path}.joins.{i}");
        on(model, i, (from, theirs), &at, found);
        let own = ScopeRelation { hidden: BTreeSet::new(), ..theirs.clone() };
        let name = join.alias.as_ref().unwrap_or(&join.to).as_str();
        let mut checking = Checking { model, path: &at, scope: vec![(name, &own)], rules, found };
        for (i, filter) in join.filters.iter().enumerate() {
            checking.expression(&format!("where.{i}"), filter, Form::Condition);
        }
        if let Some(window) = &join.window {
            checking.window(window, "window.column");
        }
    }
}

fn on(model: &Model, i: usize, (ours, theirs): (&ScopeRelation, &ScopeRelation), path: &str, found: &mut Found<'_>) {
    let join = &model.joins[i];
    let path = format!("{path}.on");
    if join.on.is_empty() {
        found.at(
            &path,
            Diagnostic::error("empty", format!("`{}` is joined on nothing", join.to))
                .next("name the pairs of columns that are equal"),
        );
        return;
    }
    for (own, their) in &join.on {
        let mut column = |name: &Name, relation: &ScopeRelation, of: &str| {
            let ty = relation.columns.iter().find(|(n, _)| n == name.as_str()).map(|(_, t)| *t);
            if ty.is_none() && !relation.open {
                let fault = Diagnostic::error("unknown-column", format!("`{of}` has no column `{name}`"));
                let names: Vec<&str> = relation.columns.iter().map(|(n, _)| n.as_str()).collect();
                found.at(&format!("{path}.{own}"), near(fault, name.as_str(), names));
            }
            ty
        };
        let of_ours = reading_name(&model.from).to_owned();
        // With several joins, ours can be a column of an earlier one.
        let earlier = i > 0 && !ours.columns.iter().any(|(n, _)| n == own.as_str());
        let (a, b) =
            (if earlier { None } else { column(own, ours, &of_ours) }, column(their, theirs, join.to.as_str()));
        if let (Some(a), Some(b)) = (a, b)
            && a.clashes(b)
        {
            let fault = Diagnostic::error("type-clash", format!("`{own}` is {a}, and `{}.{their}` is {b}", join.to));
            found.at(&format!("{path}.{own}"), fault.next("cast one of them in its staging model"));
        }
    }
    let on: BTreeSet<String> = join.on.values().map(Name::to_string).collect();
    let adds = matches!(join.kind, JoinKind::Left | JoinKind::Inner);
    if adds && !theirs.keys.is_empty() && !theirs.keys.iter().any(|k| k.is_subset(&on)) {
        let key: Vec<&str> = theirs.keys[0].iter().map(String::as_str).collect();
        let joined_on: Vec<&str> = on.iter().map(String::as_str).collect();
        let fault = Diagnostic::error(
            "fan-out",
            format!("`{}` can have many rows for one of `{}`", join.to, reading_name(&model.from)),
        )
        .why(format!("it has one row for each ({}), and is joined on ({})", key.join(", "), joined_on.join(", ")))
        .next(match key.is_empty() {
            true => "aggregate it first".to_owned(),
            false => format!(
                "read from `{}` and join `{}` to it, or aggregate it to one row for each ({}) in a model of its own",
                join.to,
                reading_name(&model.from),
                joined_on.join(", ")
            ),
        });
        found.at(&path, fault);
    }
}
