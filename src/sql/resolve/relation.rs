//! What stands in FROM, and what names can mean there.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use sqlparser::ast::{Expr, Ident, NamedWindowDefinition, Select, SelectItem};

use super::column_type::{ColumnType, Family};
use super::joins;
use super::value::Value;
use crate::vocabulary::DataType;

/// Rows with columns: a table, a CTE, a subquery.
#[derive(Clone, Debug, Default)]
pub(super) struct Table {
    pub columns: Vec<Column>,
    pub keys: Vec<BTreeSet<String>>,
    pub open: bool,
    /// Where it is open: the relation whose columns it may have beyond its own, under their own names.
    pub base: Option<u32>,
    /// Where it is open: what the columns beyond its own are made of.
    pub of: Option<Rc<Value>>,
    /// The join that repeats its rows, so that even `count(*)` counts too many.
    pub fan_out: Option<usize>,
    /// Some of the rows are left out: what told them apart together may do so with less.
    pub filtered: bool,
    /// Of several versions of a row one was chosen.
    pub settled: bool,
    /// It has a row for each element of an array that a column before it holds.
    pub elements: bool,
    /// It has one row at most.
    pub single: bool,
    pub index: Index,
}

/// Where columns are, for tables that are wide.
#[derive(Debug, Default)]
pub(super) struct Index(OnceCell<HashMap<String, usize>>);

impl Clone for Index {
    /// A copy is made to be changed.
    fn clone(&self) -> Index {
        Index::default()
    }
}

/// Tables of more columns are looked up by hash.
const WIDE: usize = 24;

impl Table {
    pub fn position(&self, column: &str) -> Option<usize> {
        if self.columns.len() <= WIDE {
            return self.columns.iter().position(|c| c.name == column);
        }
        let places = || {
            let mut places = HashMap::with_capacity(self.columns.len());
            for (i, c) in self.columns.iter().enumerate() {
                places.entry(c.name.clone()).or_insert(i);
            }
            places
        };
        self.index.0.get_or_init(places).get(column).copied()
    }
}

#[derive(Clone, Debug, Default)]
pub(super) struct Column {
    pub name: String,
    pub value: Value,
    /// For `row_number() over (partition by …)`: the columns of the partition. Rows where it is 1 are one for each.
    pub partition: Option<BTreeSet<String>>,
}

impl Table {
    /// Whether its rows are of something that happened, by a moment and the key of something else beside those columns, or
    /// a day and two of them. When a row was written says nothing, and what is valid for a time is no event.
    pub fn is_of_events(&self, by: &BTreeSet<(usize, String)>) -> bool {
        const WRITTEN: &[&str] =
            &["created", "updated", "modified", "loaded", "inserted", "synced", "deleted", "changed"];
        let version = |c: &Column| super::versions::begins(&c.name) || super::versions::ends(&c.name);
        let when =
            |c: &&Column| c.value.ty.family() == Some(Family::Temporal) && !WRITTEN.iter().any(|w| c.name.contains(w));
        let day = |c: &Column| c.value.ty == ColumnType::Known(DataType::Date);
        let others = self.columns.iter().filter(|c| c.name.ends_with("_id") && !by.iter().any(|(_, n)| *n == c.name));
        let moments: Vec<&Column> = self.columns.iter().filter(when).collect();
        let needed = if moments.iter().all(|c| day(c)) { 2 } else { 1 };
        !moments.is_empty() && others.count() >= needed && !self.columns.iter().any(version)
    }
}

/// A table under the name that a query gives it.
#[derive(Clone, Debug)]
pub(super) struct Rel {
    pub alias: String,
    pub table: Rc<Table>,
    /// Columns that `using` merged into those of an earlier table.
    pub hidden: BTreeSet<usize>,
    /// The join that repeats its rows.
    pub fan_out: Option<usize>,
    /// The join in which many rows look one of its up.
    pub looked_up: Option<usize>,
    /// An outer join may leave it empty.
    pub outer: bool,
    /// Columns that a filter or inner join leaves without null.
    pub filled: BTreeSet<usize>,
    /// Columns that `using` of a right or full join took from the other side too.
    pub merged: HashMap<usize, Value>,
}

impl Rel {
    pub fn new(alias: &str, table: Rc<Table>) -> Rel {
        let (hidden, filled) = (BTreeSet::new(), BTreeSet::new());
        Rel {
            alias: alias.to_owned(),
            table,
            hidden,
            fan_out: None,
            looked_up: None,
            outer: false,
            filled,
            merged: HashMap::new(),
        }
    }

    pub fn position(&self, column: &str) -> Option<usize> {
        self.table.position(column)
    }

    /// Whether these columns, of a place in FROM each, have one of its keys, where it stands at this place.
    pub fn is_one_each(&self, at: usize, columns: &BTreeSet<(usize, String)>) -> bool {
        let has = |c: &String| columns.iter().any(|(rel, name)| *rel == at && name == c);
        self.table.keys.iter().any(|k| !k.is_empty() && k.iter().all(has))
    }

    /// The value of its column.
    pub fn value(&self, column: usize) -> Value {
        let merged = self.merged.get(&column);
        let mut value = merged.unwrap_or(&self.table.columns[column].value).clone();
        value.columns = 1;
        value.repeated = u32::from(self.fan_out.is_some() || value.repeated > 0);
        value.fan_out = self.fan_out.or(value.fan_out);
        value.looked_up = self.looked_up.or(value.looked_up);
        value.literal = None;
        if self.filled.contains(&column) {
            value.nullable = Some(false);
        } else if self.outer && merged.is_none() {
            value.nullable = Some(true);
        }
        value
    }

    pub fn visible(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.table.columns.len()).filter(|i| !self.hidden.contains(i))
    }
}

/// What names can mean at one place.
#[derive(Debug, Default)]
pub(super) struct Env<'e> {
    pub rels: Vec<Rel>,
    /// Aliases of the select list.
    pub aliases: Vec<(String, Value)>,
    /// Where aliases may be used in every target (`group by`, `order by`).
    pub aliases_everywhere: bool,
    /// The select whose aliases may be used although its list was not read yet, and those that were.
    pub ahead: Option<&'e Select>,
    pub read_ahead: RefCell<HashMap<String, Option<Value>>>,
    /// The windows that the select names.
    pub windows: &'e [NamedWindowDefinition],
    /// The query around this one.
    pub parent: Option<&'e Env<'e>>,
    /// The CTEs in reach.
    pub ctes: Option<&'e Ctes<'e>>,
    /// What is grouped by, where columns must be.
    pub grouping: Option<&'e super::grouping::Grouping>,
    /// Whether there are groups: an aggregate has a row at least then.
    pub groups: bool,
    /// Within an aggregate, where they need not.
    pub free: Cell<bool>,
    /// Parameters of lambdas, with what they hold.
    pub parameters: Vec<(String, ColumnType)>,
    /// Keys of the rows that all of `rels` make together.
    pub keys: Vec<joins::Key>,
    /// Keys of those rows that have a value in them: of what is left joined, and may find nothing.
    pub keys_or_null: Vec<joins::Key>,
    /// Columns that joins hold equal: where the first has a value, the second has that or none.
    pub equal: Vec<((usize, String), (usize, String))>,
    /// Columns that full joins hold equal: one of them can be null.
    pub full: Vec<((usize, String), (usize, String))>,
    /// Relations of which a condition may leave one row of many.
    pub picked: BTreeSet<usize>,
    /// The same of a join in brackets that was read last.
    pub keys_of_nested: Vec<joins::Key>,
    /// The join that repeats rows here.
    pub fan_out: Option<usize>,
    /// A condition may leave one row of many.
    pub narrowed: bool,
    /// Some of `rels` were joined by columns of one name.
    pub using: bool,
    /// Tables are still being joined.
    pub joins: bool,
}

impl<'e> Env<'e> {
    /// One that sees the CTEs and the queries around it.
    pub fn within(ctes: Option<&'e Ctes<'e>>, parent: Option<&'e Env<'e>>) -> Env<'e> {
        Env { ctes, parent, ..Env::default() }
    }

    /// The column that the select gives under a name, where its aliases are seen everywhere: `t.id` for `id`.
    pub fn selected(&self, name: &str) -> Option<&'e [Ident]> {
        let select = self.ahead.filter(|_| self.aliases_everywhere)?;
        select.projection.iter().find_map(|item| match item {
            SelectItem::UnnamedExpr(Expr::CompoundIdentifier(parts)) if parts.len() > 1 => {
                parts.last().is_some_and(|last| lower(last) == name).then_some(parts.as_slice())
            }
            _ => None,
        })
    }

    /// Whether it is this very place.
    pub fn same(&self, other: &Env<'_>) -> bool {
        std::ptr::eq(std::ptr::from_ref(self).cast::<()>(), std::ptr::from_ref(other).cast::<()>())
    }

    /// The relation that columns are from which nobody declared; none where it could be several.
    pub fn base(&self) -> Option<u32> {
        let mut open = self.rels.iter().filter(|r| r.table.open);
        match (open.next(), open.next()) {
            (Some(one), None) => one.table.base,
            _ => None,
        }
    }
}

/// CTEs, the inner before the outer.
#[derive(Debug, Default)]
pub(super) struct Ctes<'e> {
    pub tables: Vec<Cte>,
    pub parent: Option<&'e Ctes<'e>>,
}

/// A CTE, and whether something reads it.
#[derive(Debug)]
pub(super) struct Cte {
    pub name: String,
    pub table: Rc<Table>,
    pub used: Cell<bool>,
}

impl Ctes<'_> {
    pub fn find(&self, name: &str) -> Option<Rc<Table>> {
        let mut level = Some(self);
        while let Some(ctes) = level {
            if let Some(cte) = ctes.tables.iter().rev().find(|c| c.name == name) {
                cte.used.set(true);
                return Some(Rc::clone(&cte.table));
            }
            level = ctes.parent;
        }
        None
    }

    pub fn names(&self) -> Vec<&str> {
        let mut out = Vec::new();
        let mut level = Some(self);
        while let Some(ctes) = level {
            out.extend(ctes.tables.iter().map(|c| c.name.as_str()));
            level = ctes.parent;
        }
        out
    }
}

pub(super) fn lower(ident: &Ident) -> String {
    ident.value.to_ascii_lowercase()
}

/// An open table: it may have any column.
pub(super) fn anything() -> Rc<Table> {
    Rc::new(Table { open: true, ..Table::default() })
}

/// The key that two sides of a join both have, where each has many rows.
pub(super) fn shared(rels: &[Rel], before: usize) -> Option<String> {
    let many = |r: &&Rel| !r.table.single;
    let ids = |r: &Rel| -> Vec<String> {
        let names = r.table.columns.iter().map(|c| &c.name);
        names.filter(|n| n.ends_with("_id") || n.ends_with("_key")).cloned().collect()
    };
    let ours: Vec<String> = rels[..before].iter().filter(many).flat_map(ids).collect();
    let own = |r: &Rel| -> Vec<String> {
        r.table.keys.iter().filter(|k| k.len() == 1).flatten().filter(|c| r.position(c).is_some()).cloned().collect()
    };
    let told: Vec<String> = rels[..before].iter().filter(many).flat_map(own).collect();
    let both = rels[before..].iter().filter(many).flat_map(own).find(|n| told.contains(n));
    // The key of one side that the other points at.
    let points = |rels: &[Rel], n: &String| rels.iter().filter(many).any(|r| r.position(n).is_some());
    let in_key = |rels: &[Rel], n: &String| {
        let mut keys = rels.iter().filter(many).flat_map(|r| &r.table.keys);
        !is_of_calendar(n) && keys.any(|k| k.len() > 1 && k.contains(n))
    };
    let meets = |rels: &[Rel], n: &String| is_of_thing(n) && points(rels, n) || in_key(rels, n);
    let of_other = told
        .iter()
        .find(|n| meets(&rels[before..], n))
        .cloned()
        .or_else(|| rels[before..].iter().filter(many).flat_map(own).find(|n| meets(&rels[..before], n)));
    rels[before..].iter().filter(many).flat_map(ids).find(|n| ours.contains(n)).or(both).or(of_other)
}

/// Whether a key is a time: all of a calendar are meant for each row.
fn is_of_calendar(name: &str) -> bool {
    const TIMES: &[&str] = &["date", "day", "week", "month", "quarter", "year", "hour", "period", "at", "on", "time"];
    name.split('_').any(|w| TIMES.contains(&w))
}

/// Whether a key is called by what it is of, `tariff_code`, and is no time.
fn is_of_thing(name: &str) -> bool {
    name.contains('_')
        && ["_code", "_no", "_number", "_name", "_uuid", "_sku", "_slug"].iter().any(|end| name.ends_with(end))
}
