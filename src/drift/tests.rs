//! Every class of change, near misses among them: `fixtures/drift/<case>.yml`, with what is found and what follows.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use proptest::prelude::*;
use serde::Deserialize;

use super::fix::{self, Drifted, Ground};
use super::*;
use crate::contract::{
    self, Column, ColumnProfile, Contract, Counted, Followed, ForeignKey, Lengths, Reference, TableProfile,
};
use crate::spec::Spec;
use crate::vocabulary::{DataType, Dialect, Name, TableRef};

/// One case: tables as `name: [column, …]`, a column as `name type flag…`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    /// What it shows.
    #[serde(rename = "about")]
    _about: String,
    before: BTreeMap<String, Vec<String>>,
    after: BTreeMap<String, Vec<String>>,
    /// The contracts where people edited them; else those of before.
    #[serde(default)]
    people: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    files: BTreeMap<String, String>,
    #[serde(default)]
    pipeline: Option<Spec>,
    #[serde(default)]
    answers: BTreeMap<String, String>,
    #[serde(default)]
    catalog_only: bool,
}

fn name(text: &str) -> Name {
    Name::from_text(text, "column")
}

/// `total_amount decimal(12,2) required key unique ->customers.id values=a|b null=5 distinct=9 range=0..90 top=a:5|b:3`
fn column(text: &str) -> Column {
    let mut words = text.split_whitespace();
    let (physical, data_type) = (words.next().unwrap(), words.next().unwrap());
    let mut column = Column {
        physical_name: physical.to_owned(),
        physical_type: data_type.to_uppercase(),
        ..Column::new(name(physical), data_type.parse().unwrap())
    };
    let mut profile = ColumnProfile::default();
    let mut seen = false;
    for word in words {
        let (key, value) = word.split_once('=').unwrap_or((word, ""));
        let list = || value.split('|').map(str::to_owned).collect::<Vec<_>>();
        let counted = || {
            let one = |v: String| v.rsplit_once(':').map(|(v, n)| (v.to_owned(), n.parse().unwrap())).unwrap();
            list().into_iter().map(one).map(|(value, count)| Counted { value, count }).collect::<Vec<_>>()
        };
        seen |= matches!(key, "null" | "distinct" | "range" | "top" | "patterns" | "lengths");
        match key {
            "required" => column.required = true,
            "pii" => column.tags.push(format!("pii.{value}")),
            "unique" => column.unique = true,
            "as" => column.name = name(value),
            "was" => column.physical_type = value.to_owned(),
            "key" => {
                column.primary_key = Some(value.parse().unwrap_or(1));
                (column.required, column.unique) = (true, value.is_empty());
            }
            "values" => column.accepted_values = list(),
            "null" => profile.nulls = value.parse().unwrap(),
            "distinct" => profile.distinct = value.parse().unwrap(),
            // Evenly spread from the least to the greatest.
            "range" => {
                let (low, high) = value.split_once("..").unwrap();
                let (a, b): (f64, f64) = (low.parse().unwrap(), high.parse().unwrap());
                let at = |share: f64| (a + (b - a) * share).to_string();
                profile.quantiles = [0.05, 0.25, 0.5, 0.75, 0.95].map(at).to_vec();
                (profile.min, profile.max) = (Some(low.to_owned()), Some(high.to_owned()));
            }
            "top" => profile.top = counted(),
            "patterns" => profile.patterns = counted(),
            "lengths" => {
                let (min, max) = value.split_once("..").unwrap();
                profile.lengths = Some(Lengths { min: min.parse().unwrap(), max: max.parse().unwrap() });
            }
            other => match other.strip_prefix("->").and_then(|to| to.split_once('.')) {
                Some((table, of)) => {
                    let (table, column_there) = (name(table), name(of));
                    column.references = Some(Reference::to(table, column_there));
                }
                None => panic!("{word}"),
            },
        }
    }
    column.profile = seen.then_some(profile);
    column
}

/// The first of the columns may be `rows=N cursor=COLUMN as=TABLE`.
fn table(physical: &str, lines: &[String]) -> Contract {
    let mut contract = Contract {
        source: name("shop"),
        table: Name::from_text(physical, "table"),
        physical_schema: None,
        physical_name: physical.to_owned(),
        kind: contract::TableKind::Table,
        description: None,
        columns: Vec::new(),
        foreign_keys: Vec::new(),
        cursor: None,
        profile: None,
        reading: BTreeMap::new(),
        followed: Followed::default(),
    };
    for line in lines {
        // `(a, b) -> table (c, d)`
        if let Some((own, to)) = line.split_once(") -> ") {
            let names = |all: &str| all.trim_matches(['(', ')']).split(", ").map(name).collect::<Vec<_>>();
            let (table, to) = to.split_once(' ').unwrap();
            contract.foreign_keys.push(ForeignKey { columns: names(own), table: name(table), to: names(to) });
            contract.foreign_keys.sort();
            continue;
        }
        if !line.starts_with("rows=") {
            contract.columns.push(column(line));
            continue;
        }
        for (key, value) in line.split_whitespace().filter_map(|w| w.split_once('=')) {
            match key {
                "rows" => {
                    let rows = value.parse().unwrap();
                    let method = "all".to_owned();
                    contract.profile = Some(TableProfile { rows, sample: rows, method, ..TableProfile::default() });
                }
                "cursor" => contract.cursor = Some(name(value)),
                "as" => contract.table = name(value),
                other => panic!("{other}"),
            }
        }
    }
    contract
}

fn tables(all: &BTreeMap<String, Vec<String>>) -> Vec<Contract> {
    all.iter().map(|(physical, lines)| table(physical, lines)).collect()
}

/// A source, its contracts, and all that reads them.
struct World {
    ours: BTreeMap<TableRef, Contract>,
    last: Vec<Contract>,
    now: Vec<Contract>,
    files: BTreeMap<String, String>,
    specs: BTreeMap<Name, Spec>,
    catalog_only: bool,
}

impl World {
    fn of(case: &Case) -> World {
        let last = tables(&case.before);
        let mut ours: BTreeMap<TableRef, Contract> = last.iter().map(|c| (c.table_ref(), c.clone())).collect();
        for edited in tables(&case.people) {
            ours.retain(|_, c| c.physical_name != edited.physical_name);
            ours.insert(edited.table_ref(), edited);
        }
        World {
            ours,
            last,
            now: tables(&case.after),
            files: case.files.clone(),
            specs: case.pipeline.iter().map(|s| (s.name.clone(), s.clone())).collect(),
            catalog_only: case.catalog_only,
        }
    }

    fn drift(&self, renamed: &BTreeMap<String, String>) -> Vec<Drifted> {
        let compared = Compared {
            contracts: self.ours.values().collect(),
            last: self.last.iter().map(|c| (c.called(), c)).collect(),
            now: self.now.iter().collect(),
            catalog_only: self.catalog_only,
            renamed,
        };
        let found = changes(&compared);
        let mut project = Project::new(self.files.clone());
        let touched: BTreeSet<TableRef> = found.iter().map(|c| c.table.clone()).collect();
        project.resolve(&touched, &self.ours, &[Dialect::DuckDb]);
        let effects = Effects { project: &project, specs: &self.specs };
        found.into_iter().map(|change| Drifted { impact: impact(&change, &effects), change }).collect()
    }

    fn ground<'a>(&'a self, answers: &'a BTreeMap<String, String>) -> Ground<'a> {
        Ground { contracts: &self.ours, now: &self.now, specs: &self.specs, dialects: &[Dialect::DuckDb], answers }
    }

    /// What follows taken in, as the branch would.
    fn follow(&mut self, fix: &fix::Fix) {
        self.ours.extend(fix.contracts.clone());
        self.specs.extend(fix.specs.clone());
        for found in &fix.found {
            self.last.retain(|c| c.physical_name != found.physical_name);
            self.last.push(found.clone());
        }
    }
}

fn said(drift: &[Drifted]) -> String {
    let mut out = String::new();
    for Drifted { change, impact } in drift {
        let score = change.score.map_or(String::new(), |s| format!(", {s} %"));
        let _ = writeln!(out, "{} [{}{score}]", change.said(), change.class.label());
        for why in &change.evidence {
            let _ = writeln!(out, "  because {why}");
        }
        for c in &change.candidates {
            let _ = writeln!(out, "  perhaps {} {}: {} %", c.class.label(), c.names.join(", "), c.score);
        }
        let lists = [&impact.breaks, &impact.shifts, &impact.gains, &impact.unknown];
        for (word, all) in ["breaks", "shifts", "gains", "unknown"].iter().zip(lists) {
            for e in all {
                let _ = writeln!(out, "  {word} {}: {}", e.kind, e.path.join(" → "));
            }
        }
    }
    if out.is_empty() { "no drift\n".to_owned() } else { out }
}

/// What a case comes to, as it is kept under `snapshots/drift/`.
fn outcome(case: &Case) -> String {
    let mut world = World::of(case);
    let mut drift = world.drift(&BTreeMap::new());
    let mut out = said(&drift);
    let (mut readings, mut open) = fix::decide(&drift, &world.ground(&case.answers)).unwrap();
    let renamed = fix::renames(&readings);
    if !renamed.is_empty() {
        drift = world.drift(&renamed);
        let _ = write!(out, "\nanswered\n{}", said(&drift));
        open = fix::decide(&drift, &world.ground(&BTreeMap::new())).unwrap().1;
        readings.retain(|key, _| open.iter().any(|q| q.key == *key) || renamed.contains_key(key));
        open.retain(|q| !readings.contains_key(&q.key));
    }
    for question in &open {
        let _ = writeln!(out, "\n? {} [{}]", question.about, question.key);
        for candidate in &question.candidates {
            let _ = writeln!(out, "  {candidate} ({})", question.differs.get(candidate).cloned().unwrap_or_default());
        }
    }
    if !open.is_empty() || drift.is_empty() {
        return out;
    }
    let none = BTreeMap::new();
    let fixed = fix::fix(&drift, &readings, &world.ground(&none));
    for (table, after) in &fixed.contracts {
        let before = world.ours.get(table).map(contract::write).unwrap_or_default();
        let _ = write!(out, "\n{table}\n{}", differing(&before, &contract::write(after)));
    }
    for (name, after) in &fixed.specs {
        let text = |spec: &Spec| serde_yaml::to_string(spec).unwrap();
        let _ = write!(out, "\n{name}\n{}", differing(&text(&world.specs[name]), &text(after)));
    }
    for finding in &fixed.findings {
        let _ = writeln!(out, "\n{}: {}", finding.code, finding.what);
    }
    if fixed.findings.is_empty() {
        world.follow(&fixed);
        let again = world.drift(&BTreeMap::new());
        assert!(again.is_empty(), "what was followed drifts again: {}", said(&again));
    }
    out
}

fn differing(before: &str, after: &str) -> String {
    let diff = similar::TextDiff::from_lines(before, after);
    let lines = diff.iter_all_changes().filter(|c| c.tag() != similar::ChangeTag::Equal);
    lines.map(|c| format!("{}{c}", c.tag())).collect()
}

#[test]
fn every_class_and_near_misses() {
    let mut seen = 0;
    insta::with_settings!({snapshot_path => "../../snapshots/drift", prepend_module_to_snapshot => false}, {
        insta::glob!("../../fixtures/drift", "*.yml", |path| {
            let text = std::fs::read_to_string(path).unwrap();
            let case: Case = serde_yaml::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
            insta::assert_snapshot!(outcome(&case));
            seen += 1;
        });
    });
    assert!(seen >= 20, "{seen} cases");
}

/// Near misses are told by what they must not be: a wrong rename is taken without a question.
#[test]
fn near_misses_are_no_renames() {
    let two = |was: &str, now: &str, class: Class| {
        let fixed = ["id integer key", "status text required"].map(str::to_owned);
        let of = |last: &str| BTreeMap::from([("orders".to_owned(), [&fixed[..], &[last.to_owned()]].concat())]);
        let case = Case {
            _about: String::new(),
            before: of(was),
            after: of(now),
            people: BTreeMap::new(),
            files: BTreeMap::new(),
            pipeline: None,
            answers: BTreeMap::new(),
            catalog_only: false,
        };
        let drift = World::of(&case).drift(&BTreeMap::new());
        assert!(drift.iter().any(|d| d.change.class == class), "{was} / {now}: {}", said(&drift));
    };
    for (was, now) in [
        ("discount decimal(12,2)", "tax decimal(12,2)"),
        ("shipped_at timestamp", "cancelled_at timestamp"),
        ("customer_id integer", "product_id integer"),
        ("is_paid boolean distinct=2 top=true:60|false:40", "is_gift boolean distinct=2 top=true:60|false:40"),
        ("amount decimal(12,2) range=0..100 distinct=90", "price decimal(12,2) range=900..5000 distinct=90"),
        ("total integer", "total_text text"),
    ] {
        two(was, now, Class::ColumnRemoved);
    }
    for (was, now) in [
        ("total_amount decimal(12,2)", "amount_total decimal(12,2)"),
        ("qty integer", "quantity integer"),
        ("country text", "country_code text"),
        ("placed_at timestamp range=0..1000 distinct=90", "ordered_at timestamp range=0..1000 distinct=90"),
    ] {
        two(was, now, Class::ColumnRenamed);
    }
}

/// Any table, with profiles.
fn any_table() -> impl Strategy<Value = Contract> {
    let types = ["integer", "text", "decimal(12,2)", "timestamp", "boolean", "float", "date"];
    let column = (0usize..types.len(), any::<bool>(), 0u64..90, 0u64..50, 0i64..500);
    prop::collection::vec(column, 1..8).prop_map(move |columns| {
        let mut lines = vec!["rows=100".to_owned()];
        for (i, (at, required, nulls, distinct, low)) in columns.into_iter().enumerate() {
            let required = if required { "required" } else { "" };
            let high = low + 9;
            lines.push(format!("c{i} {} {required} null={nulls} distinct={distinct} range={low}..{high}", types[at]));
        }
        table("things", &lines)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_contract_does_not_drift_from_itself(contract in any_table()) {
        let ours = BTreeMap::from([(contract.table_ref(), contract.clone())]);
        let world = World {
            ours, last: vec![contract.clone()], now: vec![contract], files: BTreeMap::new(), specs: BTreeMap::new(), catalog_only: false,
        };
        prop_assert_eq!(world.drift(&BTreeMap::new()), Vec::new());
    }

    #[test]
    fn what_was_followed_does_not_drift_again(before in any_table(), after in any_table()) {
        let ours = BTreeMap::from([(before.table_ref(), before.clone())]);
        let mut world = World {
            ours, last: vec![before], now: vec![after], files: BTreeMap::new(), specs: BTreeMap::new(), catalog_only: false,
        };
        let drift = world.drift(&BTreeMap::new());
        let none = BTreeMap::new();
        let (readings, open) = fix::decide(&drift, &world.ground(&none)).unwrap();
        prop_assert!(open.is_empty(), "nothing reads it: {open:?}");
        let fixed = fix::fix(&drift, &readings, &world.ground(&none));
        prop_assert_eq!(&fixed.findings, &Vec::new());
        for contract in fixed.contracts.values() {
            let path = format!("contracts/{}/{}.odcs.yaml", contract.source, contract.table);
            let text = contract::write(contract);
            prop_assert_eq!(&contract::read(&path, &text).unwrap(), contract, "{}", text);
        }
        world.follow(&fixed);
        let again = world.drift(&BTreeMap::new());
        prop_assert!(again.is_empty(), "{}", said(&again));
    }
}

#[test]
fn types_of_the_language_are_all_there() {
    // A new type must be thought about in `types::step`: every pair has a step, and only a type and itself are the same.
    let all = [DataType::Integer, DataType::Float, DataType::Text, DataType::Boolean, DataType::Date, DataType::Json];
    for a in all {
        for b in all {
            assert_eq!(types::step(a, b) == types::Step::Same, a == b, "{a} to {b}");
        }
    }
}
