//! Which table points to which: the many-to-one ways that a join may go without multiplying rows.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::contract::{Contract, TableKind};
use crate::vocabulary::{Name, TableRef};

/// One foreign key: from the many to the one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edge<'a> {
    /// The table that points.
    pub from: &'a TableRef,
    /// The table that is pointed to.
    pub to: &'a TableRef,
    /// Pairs of columns: its own, then the parent's.
    pub on: Vec<(&'a Name, &'a Name)>,
    /// Every row must have a parent.
    pub required: bool,
}

/// All foreign keys.
pub struct Graph<'a> {
    edges: BTreeMap<&'a TableRef, Vec<Edge<'a>>>,
    children: BTreeMap<&'a TableRef, Vec<&'a TableRef>>,
}

/// How a table is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Way<'a> {
    /// By these keys, one after the other; none for the table itself.
    By(Vec<Edge<'a>>),
    /// By several ways of the same length, which differ in the data.
    Several(Vec<Vec<Edge<'a>>>),
    /// Not without multiplying rows.
    No,
}

impl<'a> Graph<'a> {
    /// The foreign keys of the contracts, and those that names make plain: `customer_id` beside `customers.id`.
    pub fn new(contracts: &'a BTreeMap<TableRef, Contract>) -> Graph<'a> {
        let mut edges: BTreeMap<&TableRef, Vec<Edge>> = BTreeMap::new();
        let mut children: BTreeMap<&TableRef, Vec<&TableRef>> = BTreeMap::new();
        for (table, contract) in contracts {
            let found = keys_of(table, contract, contracts);
            for edge in &found {
                children.entry(edge.to).or_default().push(table);
            }
            edges.insert(table, found);
        }
        Graph { edges, children }
    }

    /// The keys that leave `table`.
    pub fn parents(&self, table: &TableRef) -> &[Edge<'a>] {
        self.edges.get(table).map(Vec::as_slice).unwrap_or_default()
    }

    /// Tables that point to `table`.
    pub fn children(&self, table: &TableRef) -> &[&'a TableRef] {
        self.children.get(table).map(Vec::as_slice).unwrap_or_default()
    }

    /// The shortest way from the many to the one.
    pub fn way(&self, from: &TableRef, to: &TableRef) -> Way<'a> {
        let mut queue = VecDeque::from([Vec::<Edge<'a>>::new()]);
        let mut seen = BTreeSet::from([from.clone()]);
        let mut found: Vec<Vec<Edge<'a>>> = Vec::new();
        while let Some(path) = queue.pop_front() {
            let here = path.last().map_or(from, |e| e.to);
            if here == to {
                if found.first().is_some_and(|f| f.len() < path.len()) {
                    break;
                }
                found.push(path);
                continue;
            }
            if path.len() >= 4 || found.first().is_some_and(|f| f.len() <= path.len()) {
                continue;
            }
            for edge in self.parents(here) {
                if edge.to == to || seen.insert(edge.to.clone()) {
                    let mut next = path.clone();
                    next.push(edge.clone());
                    queue.push_back(next);
                }
            }
        }
        match found.len() {
            0 => Way::No,
            1 => Way::By(found.remove(0)),
            _ => Way::Several(found),
        }
    }
}

fn keys_of<'a>(
    table: &'a TableRef,
    contract: &'a Contract,
    contracts: &'a BTreeMap<TableRef, Contract>,
) -> Vec<Edge<'a>> {
    let mut out: Vec<Edge<'a>> = Vec::new();
    for column in &contract.columns {
        let target = match &column.references {
            Some(r) => find(contracts, table, r.table.as_str()).map(|(t, c)| (t, c, r.column.as_str().to_owned())),
            None => inferred(contracts, table, contract, column.name.as_str()),
        };
        let Some((to, parent, theirs)) = target else { continue };
        let Some(theirs) = parent.column(&theirs) else { continue };
        if to == table {
            continue;
        }
        let pair = (&column.name, &theirs.name);
        // A composite key is several columns that point to different columns of one parent.
        let joint = out.iter_mut().find(|e| {
            e.to == to
                && parent.key().len() > 1
                && e.on.len() < parent.key().len()
                && e.on.iter().all(|p| p.1 != pair.1)
        });
        match joint {
            Some(edge) => {
                edge.on.push(pair);
                edge.required &= column.required;
            }
            None => out.push(Edge { from: table, to, on: vec![pair], required: column.required }),
        }
    }
    out.retain(|e| contracts.get(e.to).is_some_and(|parent| is_unique(parent, &e.on)));
    out
}

/// Whether these columns of the parent tell its rows apart.
fn is_unique(parent: &Contract, on: &[(&Name, &Name)]) -> bool {
    let key = parent.key();
    let whole_key = !key.is_empty() && key.iter().all(|k| on.iter().any(|p| *p.1 == k.name));
    whole_key || on.iter().any(|p| parent.column(p.1.as_str()).is_some_and(|c| c.unique))
}

fn find<'a>(
    contracts: &'a BTreeMap<TableRef, Contract>,
    beside: &TableRef,
    table: &str,
) -> Option<(&'a TableRef, &'a Contract)> {
    let wanted = TableRef { source: beside.source.clone(), table: Name::parse(table).ok()? };
    contracts.get_key_value(&wanted)
}

/// `customer_id` beside a table `customer` or `customers` whose key is the one column `id` or `customer_id`.
fn inferred<'a>(
    contracts: &'a BTreeMap<TableRef, Contract>,
    table: &TableRef,
    contract: &Contract,
    column: &str,
) -> Option<(&'a TableRef, &'a Contract, String)> {
    let base = column.strip_suffix("_id")?;
    if contract.kind == TableKind::View || contract.key().iter().map(|k| k.name.as_str()).eq([column]) {
        return None;
    }
    [base.to_owned(), super::stem::plural(base), format!("{base}_table")].iter().find_map(|name| {
        let (to, parent) = find(contracts, table, name)?;
        match parent.key()[..] {
            [key] if key.name == *"id" || key.name == *column => Some((to, parent, key.name.as_str().to_owned())),
            _ => None,
        }
    })
}
