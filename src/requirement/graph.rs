//! Which table points to which: the many-to-one ways that a join may go without multiplying rows.

use std::cell::RefCell;
use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::rc::Rc;

use crate::contract::{Column, Contract, TableKind};
use crate::vocabulary::{DataType, Name, TableRef};

use super::lexicon::name_parts;
use super::synonyms::TABLE_PREFIXES;
use super::twice::Twice;

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
    /// Keys that lead from a table to itself.
    own: BTreeMap<&'a TableRef, Vec<Edge<'a>>>,
    /// Of tables in a role, the one key that leads there.
    roles: BTreeMap<&'a TableRef, Edge<'a>>,
    /// All that a table leads to, once it was asked for: most tables of a large source lead to few others.
    above: RefCell<HashMap<TableRef, Rc<HashSet<&'a TableRef>>>>,
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

/// Keys that a way goes by, at most.
const LONGEST: usize = 4;

impl<'a> Graph<'a> {
    /// The foreign keys of the contracts, and those that names make plain: `customer_id` beside `customers.id`.
    pub fn new(contracts: &'a BTreeMap<TableRef, Contract>, twice: &'a Twice) -> Graph<'a> {
        let mut edges: BTreeMap<&TableRef, Vec<Edge>> = BTreeMap::new();
        let mut children: BTreeMap<&TableRef, Vec<&TableRef>> = BTreeMap::new();
        let targets = targets(contracts);
        let mut own = BTreeMap::new();
        for (table, contract) in contracts {
            let (itself, found): (Vec<Edge>, Vec<Edge>) =
                keys_of(table, contract, contracts, &targets).into_iter().partition(|e| e.to == table);
            if !itself.is_empty() {
                own.insert(table, itself);
            }
            for edge in &found {
                children.entry(edge.to).or_default().push(table);
            }
            edges.insert(table, found);
        }
        let mut roles = BTreeMap::new();
        for (name, role) in twice.iter() {
            let all = edges.get(&role.from).into_iter().chain(own.get(&role.from)).flatten();
            let Some(edge) = all.into_iter().find(|e| e.on.len() == 1 && *e.on[0].0 == role.column) else { continue };
            children.entry(name).or_default().push(edge.from);
            roles.insert(name, Edge { to: name, ..edge.clone() });
        }
        Graph { edges, children, own, roles, above: RefCell::default() }
    }

    /// The keys that lead from `table` to itself.
    pub fn own(&self, table: &TableRef) -> &[Edge<'a>] {
        self.own.get(table).map(Vec::as_slice).unwrap_or_default()
    }

    /// The keys that leave `table`.
    pub fn parents(&self, table: &TableRef) -> &[Edge<'a>] {
        self.edges.get(table).map(Vec::as_slice).unwrap_or_default()
    }

    /// Tables that point to `table`.
    pub fn children(&self, table: &TableRef) -> &[&'a TableRef] {
        self.children.get(table).map(Vec::as_slice).unwrap_or_default()
    }

    /// All tables that some way leads to, no longer than those that are taken.
    fn above(&self, from: &TableRef) -> Rc<HashSet<&'a TableRef>> {
        if let Some(known) = self.above.borrow().get(from) {
            return known.clone();
        }
        let mut out = HashSet::new();
        let mut level: Vec<&Edge<'a>> = self.parents(from).iter().collect();
        for _ in 0..LONGEST {
            let fresh = std::mem::take(&mut level).into_iter().filter(|edge| out.insert(edge.to));
            level = fresh.flat_map(|edge| self.parents(edge.to)).collect();
        }
        let out = Rc::new(out);
        self.above.borrow_mut().insert(from.clone(), out.clone());
        out
    }

    /// The shortest way from the many to the one.
    pub fn way(&self, from: &TableRef, to: &TableRef) -> Way<'a> {
        if let Some(last) = self.roles.get(to) {
            let on = |mut way: Vec<Edge<'a>>| {
                way.push(last.clone());
                way
            };
            return match self.way(from, last.from) {
                Way::By(way) => Way::By(on(way)),
                Way::Several(ways) => Way::Several(ways.into_iter().map(on).collect()),
                Way::No => Way::No,
            };
        }
        if from != to && !self.above(from).contains(to) {
            return Way::No;
        }
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
            if path.len() >= LONGEST || found.first().is_some_and(|f| f.len() <= path.len()) {
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
            _ => {
                // `emp_no` is whom a request is of, and `approver_emp_no` another one.
                let mut plain = found.iter().filter(|way| way.iter().all(Edge::is_plain));
                match (plain.next(), plain.next()) {
                    (Some(one), None) => Way::By(one.clone()),
                    _ => Way::Several(found),
                }
            }
        }
    }
}

impl Edge<'_> {
    /// Whether the key is called as what it points to: `emp_no` as `employees.emp_no`, `customer_id` as `customers.id`.
    fn is_plain(&self) -> bool {
        let thing = name_parts("é", self.to.table.as_str()).concat();
        self.on.iter().all(|(ours, theirs)| {
            let ours = name_parts("é", ours.as_str()).concat();
            let theirs = name_parts("é", theirs.as_str()).concat();
            ours == theirs || ours == format!("{thing}{theirs}")
        })
    }
}

fn keys_of<'a>(
    table: &'a TableRef,
    contract: &'a Contract,
    contracts: &'a BTreeMap<TableRef, Contract>,
    targets: &Targets<'a>,
) -> Vec<Edge<'a>> {
    let mut out: Vec<Edge<'a>> = Vec::new();
    for column in &contract.columns {
        let target = match &column.references {
            Some(r) => find(contracts, table, r.table.as_str()).map(|(t, c)| (t, c, r.column.as_str().to_owned())),
            None => inferred(targets, table, contract, column),
        };
        let Some((to, parent, theirs)) = target else { continue };
        let Some(theirs) = parent.column(&theirs) else { continue };
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
            // That every row has a parent is known only where it is declared, or was counted.
            None => out.push(Edge {
                from: table,
                to,
                on: vec![pair],
                required: column.required && column.references.is_some(),
            }),
        }
    }
    for key in &contract.foreign_keys {
        let Some((to, parent)) = find(contracts, table, key.table.as_str()) else { continue };
        let on = key
            .pairs()
            .map(|(own, there)| Some((contract.column(own.as_str())?, &parent.column(there.as_str())?.name)));
        let Some(on) = on.collect::<Option<Vec<_>>>() else { continue };
        let required = on.iter().all(|(own, _)| own.required);
        let on: Vec<(&Name, &Name)> = on.into_iter().map(|(own, there)| (&own.name, there)).collect();
        // A part of it that a single column's name or key says too is no way of its own.
        out.retain(|e| e.to != to || !e.on.iter().all(|pair| on.contains(pair)));
        out.push(Edge { from: table, to, on, required });
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

/// Tables of one key column each, by what columns that point to them are called: `customer_id` for a table
/// `tbl_customers` with the key `id`, `site_code` for one with that key. None where several tables would do as well.
struct Targets<'a> {
    by_name: HashMap<(&'a Name, String), Target<'a>>,
    /// Types that keys have: a column of another one points to nothing.
    types: HashSet<DataType>,
}

struct Target<'a> {
    /// The key's name tells of its own table: `order_id` of orders, rather than of their archive.
    own: bool,
    found: Option<(&'a TableRef, &'a Contract, &'a Column)>,
}

/// Names of keys that say nothing of the table.
const BARE: &[&str] = &["id", "code", "name", "key", "number", "uuid", "guid", "date", "day", "type", "value"];

fn targets<'a>(contracts: &'a BTreeMap<TableRef, Contract>) -> Targets<'a> {
    let mut out = HashMap::new();
    for (table, contract) in contracts {
        let [key] = contract.key()[..] else { continue };
        if contract.kind == TableKind::View {
            continue;
        }
        let parts = name_parts(&contract.physical_name, contract.table.as_str());
        let thing = match &parts[..] {
            [first, rest @ ..] if !rest.is_empty() && TABLE_PREFIXES.contains(&first.as_str()) => rest.join("_"),
            all => all.join("_"),
        };
        let name = name_parts(&key.physical_name, key.name.as_str()).join("_");
        let (name, own) = match name.as_str() {
            bare if BARE.contains(&bare) => (format!("{thing}_{bare}"), true),
            _ => (name.clone(), name.starts_with(&thing)),
        };
        let target = Target { own, found: Some((table, contract, key)) };
        match out.entry((&table.source, name)) {
            Entry::Vacant(free) => {
                free.insert(target);
            }
            Entry::Occupied(mut there) if there.get().own == own => there.get_mut().found = None,
            Entry::Occupied(mut there) if own => *there.get_mut() = target,
            Entry::Occupied(_) => {}
        }
    }
    let types = out.values().filter_map(|t| Some(t.found?.2.data_type)).collect();
    Targets { by_name: out, types }
}

/// The table that a column points to by its name, also where a role stands before it: `origin_address_id`.
fn inferred<'a>(
    targets: &Targets<'a>,
    table: &'a TableRef,
    contract: &Contract,
    column: &Column,
) -> Option<(&'a TableRef, &'a Contract, String)> {
    let alone = column.primary_key.is_some() && contract.key().len() == 1;
    if alone || contract.kind == TableKind::View || !targets.types.contains(&column.data_type) {
        return None;
    }
    let parts = name_parts(&column.physical_name, column.name.as_str());
    let (to, parent, key) = (0..parts.len())
        .filter(|from| *from == 0 || from + 1 < parts.len())
        .find_map(|from| targets.by_name.get(&(&table.source, parts[from..].join("_"))).and_then(|t| t.found))?;
    (to != table && key.data_type == column.data_type).then(|| (to, parent, key.name.as_str().to_owned()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_key_of_several_columns_is_one_way() {
        let text = serde_json::json!([
            {"source": "s", "table": "tenants", "physical_name": "tenants", "columns": [column("tenant_id", Some(1))]},
            {"source": "s", "table": "orders", "physical_name": "orders",
                "columns": [column("tenant_id", Some(1)), column("order_id", Some(2))]},
            {"source": "s", "table": "items", "physical_name": "items",
                "columns": [column("tenant_id", None), column("order_id", None), column("line_no", None)],
                "foreign_keys": [{"columns": ["tenant_id", "order_id"], "table": "orders", "to": ["tenant_id", "order_id"]},
                    {"columns": ["order_id", "line_no"], "table": "orders", "to": ["order_id", "no_such"]}]},
        ]);
        let all: Vec<Contract> = serde_json::from_value(text).unwrap();
        let contracts: BTreeMap<TableRef, Contract> = all.into_iter().map(|c| (c.table_ref(), c)).collect();
        let graph = Graph::new(&contracts, &crate::requirement::twice::NONE);
        let table = |name: &str| contracts.keys().find(|t| t.table == *name).unwrap();
        let Way::By(way) = graph.way(table("items"), table("orders")) else { panic!("no way") };
        let on: Vec<String> = way.iter().flat_map(|e| &e.on).map(|(own, to)| format!("{own}={to}")).collect();
        assert_eq!(on, ["tenant_id=tenant_id", "order_id=order_id"]);
        assert!(way[0].required);
        assert!(matches!(graph.way(table("items"), table("tenants")), Way::By(way) if way.len() == 1));
        assert_eq!(graph.children(table("orders")), [table("items")]);
    }

    fn column(name: &str, key: Option<u32>) -> serde_json::Value {
        serde_json::json!({"name": name, "physical_name": name, "physical_type": "integer", "data_type": "integer",
            "required": true, "primary_key": key})
    }
}
