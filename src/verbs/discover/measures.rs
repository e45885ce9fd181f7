//! What was measured, beside what people say: theirs wins.

use crate::contract::{Column, Contract, Reference};

/// Where no rows were looked at, what they told the last time stays.
pub(super) fn keep(new: &mut Contract, last: Option<&Contract>) {
    let Some(last) = last.filter(|_| new.profile.is_none()) else { return };
    new.profile.clone_from(&last.profile);
    new.cursor = new.cursor.take().or_else(|| last.cursor.clone());
    let keyed = new.columns.iter().any(|c| c.primary_key.is_some());
    for column in &mut new.columns {
        let Some(before) = last.columns.iter().find(|c| c.physical_name == column.physical_name) else { continue };
        if before.physical_type != column.physical_type {
            continue;
        }
        column.data_type = before.data_type;
        column.profile.clone_from(&before.profile);
        column.tags.clone_from(&before.tags);
        column.pii_confidence = before.pii_confidence;
        column.references = column.references.take().or_else(|| before.references.clone().filter(|r| r.inferred));
        if !keyed && before.key_evidence.is_some() {
            column.take_key(before);
        }
        column.description = column.description.take().or_else(|| before.description.clone());
        for (own, old) in
            [(&mut column.accepted_values, &before.accepted_values), (&mut column.examples, &before.examples)]
        {
            if own.is_empty() {
                own.clone_from(old);
            }
        }
    }
}

/// What people tagged as personal is, whatever the profile says: none of its values is written. What they took the tag
/// from has no confidence any more.
pub(super) fn heed(new: &mut Contract, last: Option<&Contract>, known: Option<&Contract>) {
    let Some(known) = known else { return };
    for column in &mut new.columns {
        let of =
            |contract: &Contract| contract.columns.iter().find(|c| c.physical_name == column.physical_name).cloned();
        let Some(theirs) = of(known) else { continue };
        if theirs.pii().is_some() {
            column.profile = column.profile.as_ref().map(|profile| profile.without_values());
            column.accepted_values.clear();
            column.examples.clear();
        } else if last.and_then(of).is_some_and(|last| last.pii().is_some()) {
            column.pii_confidence = None;
        }
    }
}

/// What people made of keys and references that nobody declares stays: one that they confirmed, changed or took out is
/// found as it was found last, so that theirs is an edit of it. What the source declares now is the source's.
pub(super) fn confirmed(new: &mut Contract, last: Option<&Contract>, known: Option<&Contract>) {
    let (Some(last), Some(known)) = (last, known) else { return };
    let declared = new.columns.iter().any(|c| c.primary_key.is_some() && c.key_evidence.is_none());
    let word = |c: &Column| c.key_evidence.as_ref().map(|_| c.primary_key);
    let keys: Vec<(&Column, &Column)> = pairs(last, known).filter(|(last, _)| last.key_evidence.is_some()).collect();
    let edited = !declared && keys.iter().any(|(last, theirs)| word(last) != word(theirs));
    for column in &mut new.columns {
        let Some((before, theirs)) = pairs(last, known).find(|(last, _)| last.physical_name == column.physical_name)
        else {
            continue;
        };
        if edited && (before.key_evidence.is_some() || column.key_evidence.is_some()) {
            column.take_key(before);
        }
        let same = |found: &Reference, theirs: &Reference| found.agrees(theirs) && theirs.inferred;
        let found = before.references.as_ref().filter(|found| found.inferred);
        let edited = found.is_some_and(|found| !theirs.references.as_ref().is_some_and(|theirs| same(found, theirs)));
        if edited && column.references.as_ref().is_none_or(|now| now.inferred) {
            column.references.clone_from(&before.references);
        }
    }
}

/// Columns of both, by what the source calls them.
fn pairs<'a>(one: &'a Contract, other: &'a Contract) -> impl Iterator<Item = (&'a Column, &'a Column)> {
    let same = |c: &Column| other.columns.iter().find(|o| o.physical_name == c.physical_name);
    one.columns.iter().filter_map(move |c| Some((c, same(c)?)))
}

/// What was measured of `new`, under the names that people gave its columns.
pub(super) fn under_names_of(people: Contract, new: &Contract) -> Contract {
    let mut out = Contract { profile: new.profile.clone(), ..people };
    for column in &mut out.columns {
        let measured = new.columns.iter().find(|c| c.physical_name == column.physical_name);
        column.profile = measured.and_then(|c| c.profile.clone());
        column.pii_confidence = measured.and_then(|c| c.pii_confidence);
    }
    let named = |name: &crate::vocabulary::Name| {
        let physical = &new.column(name.as_str())?.physical_name;
        Some(out.columns.iter().find(|c| c.physical_name == *physical)?.name.clone())
    };
    let cursors = new.profile.iter().flat_map(|p| &p.cursors);
    let cursors =
        cursors.filter_map(|c| Some(crate::contract::CursorCandidate { column: named(&c.column)?, ..c.clone() }));
    let cursors = cursors.collect();
    if let Some(profile) = &mut out.profile {
        profile.cursors = cursors;
    }
    out
}
