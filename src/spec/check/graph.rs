//! Circles in what comes after what.

use std::collections::{BTreeMap, BTreeSet};

use crate::vocabulary::Name;

/// Every circle among `names`, each once, from its smallest name around to that name again. Walked, not recursed into:
/// a chain may be long.
pub(crate) fn cycles(names: &BTreeSet<&Name>, edges: impl Fn(&Name) -> Vec<Name>) -> Vec<Vec<Name>> {
    let mut done: BTreeSet<Name> = BTreeSet::new();
    let mut out: BTreeSet<Vec<Name>> = BTreeSet::new();
    for start in names {
        if done.contains(*start) {
            continue;
        }
        let mut path: Vec<(Name, Vec<Name>)> = vec![((*start).clone(), edges(start))];
        let mut on_path: BTreeMap<Name, usize> = BTreeMap::from([((*start).clone(), 0)]);
        while let Some((_, left)) = path.last_mut() {
            match left.pop() {
                Some(next) => {
                    if let Some(at) = on_path.get(&next) {
                        out.insert(turned(path[*at..].iter().map(|(n, _)| n.clone()).collect()));
                    } else if !done.contains(&next) && names.contains(&next) {
                        let further = edges(&next);
                        on_path.insert(next.clone(), path.len());
                        path.push((next, further));
                    }
                }
                None => {
                    if let Some((name, _)) = path.pop() {
                        on_path.remove(&name);
                        done.insert(name);
                    }
                }
            }
        }
    }
    out.into_iter().collect()
}

/// From the smallest name on, and back to it.
fn turned(mut circle: Vec<Name>) -> Vec<Name> {
    let smallest = circle.iter().enumerate().min_by_key(|(_, n)| (*n).clone()).map_or(0, |(i, _)| i);
    circle.rotate_left(smallest);
    circle.extend(circle.first().cloned());
    circle
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn circles_are_named_in_their_order() {
        let name = |t: &str| Name::from_text(t, "model");
        let edges: BTreeMap<Name, Vec<Name>> =
            [("a", vec!["b"]), ("b", vec!["c"]), ("c", vec!["a"]), ("d", vec!["d"]), ("e", vec!["a"])]
                .into_iter()
                .map(|(from, to)| (name(from), to.into_iter().map(name).collect()))
                .collect();
        let names: BTreeSet<&Name> = edges.keys().collect();
        let found = cycles(&names, |n| edges.get(n).cloned().unwrap_or_default());
        let shown: Vec<String> =
            found.iter().map(|c| c.iter().map(Name::as_str).collect::<Vec<_>>().join(" ")).collect();
        assert_eq!(shown, ["a b c a", "d d"]);
    }
}
