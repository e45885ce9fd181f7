//! What was measured, beside what people say: theirs wins.

use crate::contract::Contract;

/// Where no rows were looked at, what they told the last time stays.
pub(super) fn keep(new: &mut Contract, last: Option<&Contract>) {
    let Some(last) = last.filter(|_| new.profile.is_none()) else { return };
    new.profile.clone_from(&last.profile);
    new.cursor = new.cursor.take().or_else(|| last.cursor.clone());
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
