//! What the contracts' tables, columns and values are called. Built once for a reading; every lookup is one hash.

use std::cell::OnceCell;
use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

use crate::contract::{Column, Contract};
use crate::vocabulary::{DataType, TableRef};

use super::described::Described;
use super::roles::event_of;
use super::stem::{action, noun, parts, same_action, value};
use super::synonyms;
use super::tokens::{Kind, Token};
use super::twice::Twice;

/// How sure a word is of what it names; less is surer.
pub type Tier = u8;
/// The whole name.
pub const EXACT: Tier = 0;
/// The name without what does not tell it apart: `order` for `sales_order`, `country` for `country_code`.
pub const SHORTENED: Tier = 1;
/// A word that means the same.
pub const SYNONYM: Tier = 2;
/// A word of what people wrote about it.
pub const DESCRIBED: Tier = 3;
/// A word spelt nearly like it.
pub const FUZZY: Tier = 4;

/// The longest phrase that is looked up, in tokens.
const LONGEST: usize = 5;

/// A column of a table.
#[derive(Clone, Copy, Debug)]
pub struct ColumnOf<'a> {
    /// The table.
    pub table: &'a TableRef,
    /// Its column.
    pub column: &'a Column,
}

/// A value that a column may have, or a flag: a column that is true or false.
#[derive(Clone, Copy, Debug)]
pub struct ValueOf<'a> {
    /// The table.
    pub table: &'a TableRef,
    /// Its column.
    pub column: &'a Column,
    /// The value; none for a flag.
    pub value: Option<&'a str>,
}

/// What a phrase may name, the surest only.
#[derive(Clone, Debug, Default)]
pub struct Hits<'a> {
    /// Tokens that the phrase takes.
    pub len: usize,
    /// How sure.
    pub tier: Tier,
    /// Tables of that name.
    pub tables: Vec<&'a TableRef>,
    /// Columns of that name.
    pub columns: Vec<ColumnOf<'a>>,
}

/// Tables, columns and values by the words for them.
pub struct Lexicon<'a> {
    tables: HashMap<String, Vec<(Tier, &'a TableRef)>>,
    columns: HashMap<String, Vec<(Tier, ColumnOf<'a>)>>,
    values: HashMap<String, Vec<ValueOf<'a>>>,
    /// Times by what happened then: `issu` for `issued_at`.
    times: BTreeMap<String, Vec<ColumnOf<'a>>>,
    by_letter: OnceCell<Spellings>,
    described: OnceCell<Described<'a>>,
    contracts: &'a BTreeMap<TableRef, Contract>,
}

/// Names by first letter and length.
type Spellings = HashMap<(char, usize), Vec<String>>;

impl<'a> Lexicon<'a> {
    /// Indexes the contracts.
    pub fn new(contracts: &'a BTreeMap<TableRef, Contract>, twice: &'a Twice) -> Lexicon<'a> {
        let mut out = Lexicon {
            tables: HashMap::with_capacity(contracts.len() * 2),
            columns: HashMap::with_capacity(contracts.len() * 8),
            values: HashMap::new(),
            times: BTreeMap::new(),
            by_letter: OnceCell::new(),
            described: OnceCell::new(),
            contracts,
        };
        for (table, contract) in contracts {
            let stems = name_parts(&contract.physical_name, contract.table.as_str());
            for (tier, key) in table_keys(&stems) {
                push(&mut out.tables, key, (tier, table));
            }
            for column in &contract.columns {
                let of = ColumnOf { table, column };
                let named = name_parts(&column.physical_name, column.name.as_str());
                // `emp_no` is the number of an employee, not an `employee`.
                let key = column.primary_key.is_some() || column.references.is_some();
                let bare = match &named[..] {
                    [head @ .., last] if key && last == "number" => head.concat(),
                    _ => String::new(),
                };
                for (tier, key) in column_keys(&named, &stems).into_iter().filter(|k| k.1 != bare || bare.is_empty()) {
                    push(&mut out.columns, key, (tier, of));
                }
                // `caller` for `caller_id`, where those are subscribers; what is one of several is a role.
                if let (Some(to), [head @ .., last]) = (&column.references, &named[..])
                    && last == "id"
                    && !head.is_empty()
                    && !name_parts(to.table.as_str(), to.table.as_str()).iter().any(|p| head.contains(p))
                    && !twice.iter().any(|(_, role)| role.from == *table && role.column == column.name)
                {
                    push(&mut out.columns, head.concat(), (SHORTENED, of));
                }
                // `reading_ts` as it is written, short forms and all.
                let written: String = parts(column.name.as_str()).iter().map(|p| noun(p)).collect();
                if written != named.concat() {
                    push(&mut out.columns, written, (EXACT, of));
                }
                if let Some(event) = event_of(column) {
                    out.times.entry(event).or_default().push(of);
                }
                for text in column.accepted_values.iter().chain(&column.examples) {
                    let names =
                        synonyms::CURRENCIES.iter().filter(|c| c.0.eq_ignore_ascii_case(text)).flat_map(|c| c.1);
                    for name in names {
                        let of = ValueOf { table, column, value: Some(text) };
                        out.values.entry(value(name)).or_default().push(of);
                    }
                    let of = ValueOf { table, column, value: Some(text) };
                    out.values.entry(value(text)).or_default().push(of);
                }
                let name = column.name.as_str();
                let flag = ["is_", "has_", "was_"].iter().any(|p| name.starts_with(p));
                if column.data_type == DataType::Boolean || column.data_type == DataType::Integer && flag {
                    let bare = ["is_", "has_", "was_"].iter().find_map(|p| name.strip_prefix(p)).unwrap_or(name);
                    out.values.entry(value(bare)).or_default().push(ValueOf { table, column, value: None });
                }
            }
        }
        for (key, table) in families(contracts) {
            if !out.tables.contains_key(&key) {
                push(&mut out.tables, key, (SYNONYM, table));
            }
        }
        // `destination city`, `destination address city`
        for (table, role) in twice.iter() {
            let Some(contract) = contracts.get(&role.of) else { continue };
            let stems = name_parts(&contract.physical_name, contract.table.as_str());
            let said = role.said.concat();
            let thing = stems.last().cloned().unwrap_or_default();
            for column in &contract.columns {
                for (tier, key) in column_keys(&name_parts(&column.physical_name, column.name.as_str()), &stems) {
                    push(&mut out.columns, format!("{said}{key}"), (tier, ColumnOf { table, column }));
                    push(&mut out.columns, format!("{said}{thing}{key}"), (tier, ColumnOf { table, column }));
                }
            }
        }
        out
    }

    /// Names by their first letter and length, found when the first word is spelt wrong.
    fn spellings(&self) -> &Spellings {
        self.by_letter.get_or_init(|| {
            let mut keys: Vec<&String> = self.tables.keys().chain(self.columns.keys()).collect();
            keys.sort();
            keys.dedup();
            let mut out = Spellings::new();
            for key in keys {
                if let Some(first) = key.chars().next().filter(|_| key.len() >= 4) {
                    out.entry((first, key.len())).or_default().push(key.clone());
                }
            }
            out
        })
    }

    /// The longest phrase from `at` on that names tables or columns, by their names or by synonyms.
    pub fn noun(&self, tokens: &[Token], at: usize) -> Option<Hits<'a>> {
        for len in (1..=phrase_len(tokens, at)).rev() {
            let key: String = tokens[at..at + len].iter().map(|t| t.key.as_str()).collect();
            if let Some(hits) = self.key(&key, len) {
                return Some(hits);
            }
            // `issue date`, `booking time`: the time that something happened, whatever form the column has.
            if len == 2
                && ["date", "time", "day", "timestamp"].contains(&tokens[at + 1].key.as_str())
                && let Some(columns) = self.event(&tokens[at].lower)
            {
                return Some(Hits { len, tier: SYNONYM, tables: Vec::new(), columns });
            }
        }
        None
    }

    /// The times of what a word says has happened: `cancellation` and `cancelled` are `cancelled_at`.
    pub fn event(&self, word: &str) -> Option<Vec<ColumnOf<'a>>> {
        let event = action(word);
        let all = self.times.iter().filter(|(known, _)| same_action(known, &event));
        let columns: Vec<ColumnOf<'a>> = all.flat_map(|t| t.1.iter().copied()).collect();
        (!columns.is_empty()).then_some(columns)
    }

    /// The tables of what a word says was done: `invoiced` is of `invoices`.
    pub fn done(&self, word: &str) -> Vec<&'a TableRef> {
        if !word.ends_with("ed") || word.len() < 5 {
            return Vec::new();
        }
        let deed = action(word);
        let thing = |c: &Contract| name_parts(&c.physical_name, c.table.as_str()).pop().unwrap_or_default();
        self.contracts.iter().filter(|(_, c)| same_action(&action(&thing(c)), &deed)).map(|(table, _)| table).collect()
    }

    /// The times of what means nearly the same: `left` for `termination_date`, `raised` for `opened_at`.
    pub fn like_event(&self, word: &str) -> Vec<ColumnOf<'a>> {
        let event = action(word);
        let others =
            synonyms::EVENTS.iter().filter(|line| line.iter().any(|e| same_action(e, &event))).flat_map(|l| *l);
        let times = others.flat_map(|e| self.times.iter().filter(move |(known, _)| same_action(known, e)));
        times.flat_map(|t| t.1.iter().copied()).collect()
    }

    /// What a key names.
    pub fn key(&self, key: &str, len: usize) -> Option<Hits<'a>> {
        if key.len() < 2 {
            return None;
        }
        self.direct(key, len, EXACT).or_else(|| {
            let mut found: Option<Hits<'a>> = None;
            for other in synonyms::of(key) {
                let Some(hits) = self.direct(other, len, SYNONYM) else { continue };
                match &mut found {
                    None => found = Some(hits),
                    Some(found) => {
                        found
                            .tables
                            .extend(hits.tables.iter().filter(|t| !found.tables.contains(t)).collect::<Vec<_>>());
                        found.columns.extend(hits.columns);
                    }
                }
            }
            found.or_else(|| {
                let kinds = synonyms::BROADER.iter().find(|b| b.0 == key)?.1;
                let found = kinds.iter().filter_map(|k| self.direct(k, len, SYNONYM)).filter(|h| !h.tables.is_empty());
                let mut found: Vec<Hits<'a>> = found.collect();
                if found.len() == 1 { found.pop() } else { None }
            })
        })
    }

    fn direct(&self, key: &str, len: usize, least: Tier) -> Option<Hits<'a>> {
        let tables = self.tables.get(key).map(Vec::as_slice).unwrap_or_default();
        let columns = self.columns.get(key).map(Vec::as_slice).unwrap_or_default();
        let best_table = tables.iter().map(|t| t.0).min();
        let best_column = columns.iter().map(|c| c.0).min();
        let tier = best_table.into_iter().chain(best_column).min()?;
        Some(Hits {
            len,
            tier: tier.max(least),
            tables: tables.iter().filter(|t| Some(t.0) == best_table).map(|t| t.1).collect(),
            columns: columns.iter().filter(|c| Some(c.0) == best_column).map(|c| c.1).collect(),
        })
    }

    /// The longest phrase from `at` on that is a value of some column.
    pub fn value(&self, tokens: &[Token], at: usize) -> Option<(usize, &[ValueOf<'a>])> {
        for len in (1..=phrase_len(tokens, at).min(4)).rev() {
            let key: String = tokens[at..at + len].iter().map(|t| value(&t.lower)).collect();
            let Some(found) = self.values.get(&key).filter(|_| !key.is_empty()) else { continue };
            // `their manager's name` is not the value `Manager`.
            if tokens[at..at + len]
                .iter()
                .any(|t| t.kind == Kind::Word && (t.text.ends_with("'s") || t.text.ends_with("’s")))
            {
                continue;
            }
            // Between quotation marks stands the value itself.
            let quoted = tokens[at..at + len].iter().find(|t| t.kind == Kind::Quoted);
            let same = |v: &ValueOf<'_>, t: &Token| v.value.is_some_and(|v| v.eq_ignore_ascii_case(&t.text));
            if quoted.is_none_or(|t| len == 1 && found.iter().any(|v| same(v, t))) {
                return Some((len, found));
            }
        }
        None
    }

    /// What people described by these words; the descriptions are read when the first word is no name.
    pub fn described(&self, tokens: &[Token], at: usize) -> Option<Hits<'a>> {
        self.described.get_or_init(|| Described::new(self.contracts)).noun(tokens, at)
    }

    /// The one name that `word` is nearly spelt like.
    pub fn fuzzy(&self, word: &Token) -> Option<Hits<'a>> {
        let key = word.key.as_str();
        if word.kind != Kind::Word || key.len() < 5 || !key.is_ascii() {
            return None;
        }
        let most = if key.len() >= 8 { 2 } else { 1 };
        let first = key.chars().next()?;
        let mut found: Vec<(usize, &String)> = Vec::new();
        for len in key.len().saturating_sub(most)..=key.len() + most {
            for known in self.spellings().get(&(first, len)).map(Vec::as_slice).unwrap_or_default() {
                let distance = strsim::osa_distance(key, known);
                if distance <= most {
                    found.push((distance, known));
                }
            }
        }
        found.sort();
        let best = found.first()?;
        if found.get(1).is_some_and(|next| next.0 == best.0) {
            return None;
        }
        self.direct(best.1, 1, FUZZY)
    }

    /// The columns of `table` that `key` names.
    pub fn column_of(&self, table: &TableRef, key: &str) -> Option<ColumnOf<'a>> {
        let all = self.columns.get(key).map(Vec::as_slice).unwrap_or_default();
        let of_synonyms = synonyms::of(key).flat_map(|k| self.columns.get(k).map(Vec::as_slice).unwrap_or_default());
        let mut own: Vec<_> = all.iter().chain(of_synonyms).filter(|c| c.1.table == table).collect();
        own.sort_by_key(|c| c.0);
        own.first().map(|c| c.1)
    }
}

/// Tokens from `at` on that can be one phrase: words and quoted texts up to a mark.
pub fn phrase_len(tokens: &[Token], at: usize) -> usize {
    tokens
        .get(at..)
        .unwrap_or_default()
        .iter()
        .take(LONGEST)
        .take_while(|t| matches!(t.kind, Kind::Word | Kind::Quoted | Kind::Number))
        .count()
}

fn push<T>(map: &mut HashMap<String, Vec<T>>, key: String, entry: T) {
    if !key.is_empty() {
        map.entry(key).or_default().push(entry);
    }
}

/// A name's parts without plurals and short forms. The source's own spelling tells more (`OrderDetails`), unless it is not ASCII.
pub fn name_parts(physical: &str, name: &str) -> Vec<String> {
    static SHORT: LazyLock<HashMap<&str, &str>> = LazyLock::new(|| synonyms::SHORT.iter().copied().collect());
    parts(if says_the_same(physical, name) { physical } else { name })
        .iter()
        .map(|p| {
            let long = SHORT.get(p.as_str());
            long.map_or_else(|| noun(p).into_owned(), |long| (*long).to_owned())
        })
        .collect()
}

/// Whether a name was only made safe: `OrderItems` has humps that `orderitems` lost, `{vendor}/orders_*.csv` is a place.
fn says_the_same(physical: &str, name: &str) -> bool {
    physical.is_ascii() && letters(physical).eq(letters(name))
}

fn letters(text: &str) -> impl Iterator<Item = u8> {
    text.bytes().filter(u8::is_ascii_alphanumeric).map(|b| b.to_ascii_lowercase())
}

/// What several tables are called by first, and the one of them that the others refer to: `trip` is `TripLog`, where
/// `TripStop` belongs to it.
fn families(contracts: &BTreeMap<TableRef, Contract>) -> Vec<(String, &TableRef)> {
    let mut all: BTreeMap<String, Vec<(&TableRef, &Contract)>> = BTreeMap::new();
    for (table, contract) in contracts {
        if let [first, _, ..] = &name_parts(&contract.physical_name, contract.table.as_str())[..] {
            all.entry(first.clone()).or_default().push((table, contract));
        }
    }
    let refers = |contract: &Contract, to: &TableRef| contract.parents().any(|table| *table == to.table);
    let mut out = Vec::new();
    for (first, tables) in all.into_iter().filter(|(_, tables)| tables.len() > 1) {
        let heads = tables.iter().filter(|(t, _)| tables.iter().all(|(other, c)| other == t || refers(c, t)));
        if let [(head, _)] = heads.collect::<Vec<_>>()[..] {
            out.push((first, *head));
        }
    }
    out
}

fn table_keys(stems: &[String]) -> Vec<(Tier, String)> {
    let bare = match stems {
        [first, rest @ ..] if !rest.is_empty() && synonyms::TABLE_PREFIXES.contains(&first.as_str()) => rest,
        all => all,
    };
    let mut out = vec![(EXACT, stems.concat())];
    if bare.len() < stems.len() {
        out.push((EXACT, bare.concat()));
    }
    // `customer_master` is a `customer`.
    if let [head @ .., last] = bare
        && !head.is_empty()
        && synonyms::TABLE_ENDINGS.contains(&last.as_str())
    {
        out.push((SHORTENED, head.concat()));
    }
    for from in 1..bare.len() {
        out.push((SHORTENED, bare[from..].concat()));
    }
    out
}

/// Words at the end of a column's name that people leave out: what kind of name it is, and in what it is counted.
#[rustfmt::skip]
const NO_PART: &[&str] = &[
    "code", "id", "key", "name", "number", "type", "amount", "km", "kg", "usd", "eur", "pct", "mi", "mg", "cent", "pence",
    "minute", "second", "hour", "gb", "mb", "lb", "percent", "celsius",
];

fn column_keys(stems: &[String], table: &[String]) -> Vec<(Tier, String)> {
    let mut out = vec![(EXACT, stems.concat())];
    let own = |s: &[String]| s.len() > table.len() && s.starts_with(table);
    let mut shorter: Vec<&[String]> = Vec::new();
    // `last login` is `last_login_at`.
    if let [head @ .., last] = stems
        && head.len() > 1
        && ["at", "on", "time", "utc"].contains(&last.as_str())
    {
        shorter.push(head);
    }
    if own(stems) {
        shorter.push(&stems[table.len()..]);
    }
    if let [head @ .., last] = stems
        && !head.is_empty()
        && NO_PART.contains(&last.as_str())
    {
        // `customer_id` is not a `customer`, but `billing_country_code` is a `billing country`.
        if last != "id" || head.len() > 1 {
            shorter.push(head);
        }
        if own(head) {
            shorter.push(&head[table.len()..]);
        }
    }
    if stems.len() > 1
        && !["id", "code", "name", "date", "at", "time", "number", "type"].contains(&stems[stems.len() - 1].as_str())
    {
        shorter.push(&stems[stems.len() - 1..]);
    }
    for s in shorter {
        let entry = (SHORTENED, s.concat());
        if !out.contains(&entry) {
            out.push(entry);
        }
    }
    out
}
