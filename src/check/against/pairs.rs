//! Which node of the base is which of the head: by name, and where a name is gone and another is new, by what they give.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::super::{Analysis, Shape};
use crate::dbt::{Kind, NodeId};

/// The nodes of one side that have none on the other yet.
type Alone<'f> = &'f dyn Fn(&Analysis, &[Option<NodeId>]) -> Vec<usize>;

/// Who is who.
pub(super) struct Pairs {
    /// For each node of the base, its node in the head.
    pub head_of: Vec<Option<NodeId>>,
    /// For each node of the head, its node in the base.
    pub base_of: Vec<Option<NodeId>>,
}

impl Pairs {
    pub fn of(base: &Analysis, head: &Analysis) -> Pairs {
        let mut pairs = Pairs { head_of: vec![None; base.shapes.len()], base_of: vec![None; head.shapes.len()] };
        let (mut b, mut h) = (0, 0);
        while b < base.project.nodes.len() && h < head.project.nodes.len() {
            match base.project.nodes[b].id.cmp(&head.project.nodes[h].id) {
                std::cmp::Ordering::Less => b += 1,
                std::cmp::Ordering::Greater => h += 1,
                std::cmp::Ordering::Equal => {
                    if is_there(base, b) && is_there(head, h) {
                        pairs.join(b, h);
                    }
                    (b, h) = (b + 1, h + 1);
                }
            }
        }
        pairs.renamed(base, head);
        pairs
    }

    fn join(&mut self, base: usize, head: usize) {
        self.head_of[base] = Some(head as NodeId);
        self.base_of[head] = Some(base as NodeId);
    }

    /// Sources that are gone here and new there for the same table of the database.
    fn tables(&mut self, base: &Analysis, head: &Analysis, alone: Alone<'_>) {
        let table = |analysis: &Analysis, i: usize| {
            let node = &analysis.project.nodes[i];
            let database = node.config.other.get("database").map(ToString::to_string);
            (node.kind == Kind::Source).then(|| (database, analysis.prints[i].full.rows.deep))
        };
        let gone = alone(base, &self.head_of);
        if !gone.iter().any(|b| table(base, *b).is_some()) {
            return;
        }
        let new = alone(head, &self.base_of).into_iter().filter_map(|h| Some((table(head, h)?, h)));
        let mut new: HashMap<(Option<String>, u64), usize> = new.collect();
        for b in gone {
            if let Some(h) = table(base, b).and_then(|table| new.remove(&table)) {
                self.join(b, h);
            }
        }
    }

    /// Nodes that are gone here and new there with the same rows and mostly the same columns.
    fn renamed(&mut self, base: &Analysis, head: &Analysis) {
        let alone = |analysis: &Analysis, other: &[Option<NodeId>]| -> Vec<usize> {
            (0..other.len()).filter(|i| other[*i].is_none() && is_there(analysis, *i)).collect()
        };
        self.tables(base, head, &alone);
        let is_query = |analysis: &Analysis, i: &usize| analysis.project.nodes[*i].kind != Kind::Source;
        let mut gone = alone(base, &self.head_of);
        gone.retain(|i| is_query(base, i));
        if gone.is_empty() {
            return;
        }
        let mut new: BTreeMap<(Kind, u64), Vec<usize>> = BTreeMap::new();
        for h in alone(head, &self.base_of).into_iter().filter(|i| is_query(head, i)) {
            if head.shapes[h].known().is_some() {
                new.entry((head.project.nodes[h].kind, head.prints[h].full.rows.deep)).or_default().push(h);
            }
        }
        for b in gone {
            if base.shapes[b].known().is_none() {
                continue;
            }
            let print = &base.prints[b].full;
            let Some(candidates) = new.get_mut(&(base.project.nodes[b].kind, print.rows.deep)) else { continue };
            let mine: HashSet<(&str, u64)> = print.columns.iter().map(|c| (c.0.as_str(), c.1.deep)).collect();
            let alike = |h: usize| {
                let theirs = &head.prints[h].full.columns;
                (theirs.iter().filter(|c| mine.contains(&(c.0.as_str(), c.1.deep))).count(), theirs.len())
            };
            let best = candidates
                .iter()
                .enumerate()
                .map(|(at, h)| (alike(*h), at))
                .max_by_key(|((n, of), at)| (*n, std::cmp::Reverse(*of), std::cmp::Reverse(*at)));
            if let Some(((count, _), at)) = best
                && count * 2 > mine.len()
            {
                let h = candidates.remove(at);
                self.join(b, h);
            }
        }
    }
}

fn is_there(analysis: &Analysis, id: usize) -> bool {
    !matches!(analysis.shapes[id], Shape::Disabled)
}

/// Columns of the base by their names in the head and the other way round: same name, or gone here and new there with
/// the same values.
pub(super) struct Columns {
    /// Position in the base, position in the head.
    pub both: Vec<(usize, usize)>,
    /// Those of [`Columns::both`] that have another name.
    pub renamed: Vec<(usize, usize)>,
    /// Positions in the base.
    pub gone: Vec<usize>,
    /// Positions in the head.
    pub new: Vec<usize>,
}

impl Columns {
    pub fn of(base: &[(&str, u64)], head: &[(&str, u64)]) -> Columns {
        let at: HashMap<&str, usize> = head.iter().enumerate().rev().map(|(i, (name, _))| (*name, i)).collect();
        let mut out = Columns { both: Vec::new(), renamed: Vec::new(), gone: Vec::new(), new: Vec::new() };
        let mut met = vec![false; head.len()];
        for (b, (name, _)) in base.iter().enumerate() {
            // Mostly a column stands where it stood.
            let found = match head.get(b) {
                Some((same, _)) if same == name => Some(b),
                _ => at.get(name).copied(),
            };
            match found {
                Some(h) => {
                    met[h] = true;
                    out.both.push((b, h));
                }
                None => out.gone.push(b),
            }
        }
        out.new = (0..head.len()).filter(|h| !met[*h]).collect();
        let mut gone = Vec::new();
        for b in std::mem::take(&mut out.gone) {
            let alike = |h: &usize| head[*h].1 == base[b].1;
            let here = out.new.iter().position(|h| *h == b && alike(h));
            match here.or_else(|| out.new.iter().position(alike)) {
                Some(at) => {
                    let h = out.new.remove(at);
                    out.renamed.push((b, h));
                    out.both.push((b, h));
                }
                None => gone.push(b),
            }
        }
        out.gone = gone;
        out
    }
}
