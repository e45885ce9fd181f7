#![allow(clippy::unwrap_used)]

use super::*;
use crate::contract::{
    Alteration, Column, ColumnProfile, Contract, Counted, CursorCandidate, Decision, Followed, ForeignKey,
    LandedChange, Landing, Lengths, Reference, TableKind, TableProfile,
};
use crate::vocabulary::{DataType, Name};

const FILE: &str = "contracts/shop/orders.odcs.yaml";
const ORDERS: &str = include_str!("../../../fixtures/contract/orders.odcs.yaml");

fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

fn column(name: &str, physical_type: &str, data_type: DataType) -> Column {
    Column {
        physical_type: physical_type.into(),
        examples: vec!["- on: hold".into(), "Oslo".into()],
        ..Column::new(self::name(name), data_type)
    }
}

/// A contract whose every text is hostile, and whose types need the help of `pipewright.type`.
fn hostile() -> Contract {
    let hostile = ["no", "1.0", "it's: #\n", "{{ x }}", "2026-03-31", "\u{85}\u{2028}\u{feff}", " x ", "\"", "💥", ""];
    let types = [
        ("INTEGER", DataType::Text),
        ("", DataType::Integer),
        ("REAL", DataType::Decimal { precision: 12, scale: 2 }),
        ("DECIMAL(12,2)", DataType::Decimal { precision: 12, scale: 2 }),
        ("NUMERIC", DataType::Decimal { precision: 38, scale: 9 }),
        ("TEXT", DataType::TimestampTz),
        ("TEXT", DataType::Json),
        ("BLOB", DataType::Binary),
        ("TEXT", DataType::Binary),
        ("VARCHAR(20)", DataType::Float),
        ("TIMESTAMP(6) WITH TIME ZONE", DataType::TimestampTz),
        ("what: ever #", DataType::Time),
    ];
    let mut columns: Vec<Column> =
        types.iter().enumerate().map(|(i, (p, d))| column(&format!("c{i}"), p, *d)).collect();
    for (i, text) in hostile.iter().enumerate() {
        columns[i].physical_name = format!("{text}{i}{text}");
        columns[i].description = Some(text.trim().to_owned()).filter(|t| !t.is_empty());
        columns[i].tags = vec![(*text).to_owned()];
        columns[i].accepted_values = hostile.iter().map(|t| (*t).to_owned()).collect();
        columns[i].accepted_values.sort();
    }
    columns[1].accepted_values = vec!["-1".into(), "007".into(), "1".into(), "x".into()];
    columns[2].description = Some("A long text that goes on and on. ".repeat(12).trim().to_owned());
    columns[3].description = Some("Two lines,\n  the second indented. ".repeat(12).trim().to_owned());
    columns[3].primary_key = Some(2);
    columns[4].primary_key = Some(1);
    columns[4].references = Some(Reference {
        inferred: true,
        evidence: Some("it's: # \"so\"".into()),
        ..Reference::to(name("t"), name("c"))
    });
    columns[4].pii_confidence = Some(97);
    columns[5].profile = Some(ColumnProfile { nulls: 2, distinct: 3, ..ColumnProfile::default() });
    let counted = |value: &&str| Counted { value: (*value).to_owned(), count: 3 };
    columns[6].pii_confidence = Some(60);
    columns[6].profile = Some(ColumnProfile {
        nulls: 0,
        distinct: 7,
        min: Some("-1.5".into()),
        max: Some("no".into()),
        quantiles: vec!["-1.5".into(), "0".into(), "1e300".into(), "2".into(), "y".into()],
        outliers: 1,
        top: hostile.iter().map(counted).collect(),
        patterns: vec![counted(&"Aaaa 9")],
        lengths: Some(Lengths { min: 0, max: u32::MAX }),
    });
    Contract {
        source: name("shop"),
        table: name("orders"),
        physical_schema: Some("sales: {{ y }} # 'no'".into()),
        physical_name: "Order \"Details\": {{ x }}\n#".repeat(8),
        kind: TableKind::View,
        description: Some("no".into()),
        columns,
        foreign_keys: vec![ForeignKey {
            columns: vec![name("c0"), name("c1")],
            table: name("a_table_of_a_rather_long_name_that_goes_on"),
            to: vec![name("a_column_of_a_rather_long_name_too"), name("x")],
        }],
        cursor: Some(name("c2")),
        reading: [("delimiter", "\t"), ("query", "{ \"x\": '#' }\n"), ("sheet", "Q1: {{ x }}")]
            .map(|(k, v)| (k.to_owned(), v.to_owned()))
            .into(),
        profile: Some(TableProfile {
            rows: 3,
            estimated: true,
            sample: 2,
            method: "all".into(),
            seed: Some(u64::MAX),
            bytes: Some(9),
            cursors: vec![CursorCandidate { column: name("c2"), why: "it's: \"so\"".into() }],
        }),
        followed: hostile_followed(&hostile[..3].join(" ")),
    }
}

fn hostile_followed(text: &str) -> Followed {
    let change = |column: &str, change| LandedChange {
        column: name(column),
        change,
        data_type: DataType::Decimal { precision: 12, scale: 2 },
    };
    let all = vec![change("c1", Alteration::Added), change("c2", Alteration::Gone), change("c3", Alteration::Replaced)];
    let decision =
        |because: &str| Decision { about: text.to_owned(), decided: "- no: #".into(), because: because.into() };
    Followed {
        retired: true,
        landing: Landing { version: 3, changes: all },
        decisions: vec![decision(""), decision(&text.repeat(9))],
    }
}

#[test]
fn the_example_is_read_and_written_as_it_is() {
    let contract = read(FILE, ORDERS).unwrap();
    assert_eq!(contract.cursor, Some(name("updated_at")));
    assert_eq!(contract.column("status").unwrap().accepted_values.len(), 5);
    assert_eq!(contract.column("total_amount").unwrap().data_type, DataType::Decimal { precision: 12, scale: 2 });
    assert_eq!(contract.column("customer_id").unwrap().references.as_ref().unwrap().table, name("customers"));
    assert_eq!(write(&contract), ORDERS);
}

#[test]
fn hostile_text_comes_back() {
    let contract = hostile();
    let text = write(&contract);
    assert_eq!(read(FILE, &text).unwrap(), contract, "{text}");
    assert!(text.lines().all(|l| l.chars().count() <= 120 && l.trim_end() == l), "{text}");
    serde_yaml::from_str::<serde_yaml::Value>(&text).unwrap();
    insta::with_settings!({snapshot_path => "../../../snapshots/contract", prepend_module_to_snapshot => false}, {
        insta::assert_snapshot!("hostile", text);
    });
}

#[test]
fn every_field_of_the_standard_is_known() {
    let full = include_str!("../../../fixtures/contract/full.odcs.yaml");
    let contract = read("contracts/shop/orders.odcs.yaml", full).unwrap();
    assert_eq!(contract.columns.len(), 2);
    assert_eq!(contract.columns[1].references.as_ref().unwrap().column, name("customer_id"));
}

#[test]
fn each_fault_has_its_place() {
    let faults = [
        ("physicalType: INTEGER", "physicalTyp: INTEGER"),
        ("required: true", "required: yes"),
        ("kind: DataContract", "kind: Contract"),
        ("apiVersion: v3.2.0", "apiVersion: v2.2.2"),
        ("version: 1.0.0", "version: 1.0"),
        ("id: shop.orders", "id: crm.orders"),
        ("  - name: orders", "  - name: order_list"),
        ("- name: status", "- name: Status"),
        ("- name: status", "- name: currency"),
        ("- name: status", "- name: status\n        physicalName: currency"),
        ("pipewright.cursor, value: updated_at", "pipewright.cursor, value: update_at"),
        ("pipewright.cursor", "pipewright.curser"),
        ("rows: 3000", "row: 3000"),
        ("to: customers.customer_id", "to: customers"),
        ("logicalType: string", "logicalType: text"),
        (
            "        logicalType: timestamp\n        required: true\n      - name: shipped_at",
            "      - name: shipped_at",
        ),
        (
            "physicalType: TIMESTAMP\n        logicalType: timestamp\n      - name: total",
            "physicalType: GEOMETRY\n      - name: total",
        ),
        ("primaryKeyPosition: 1", "primaryKeyPosition: 0"),
        ("- name: customer_id", "- name: customer_id\n        primaryKey: true"),
        ("enum: [{value: EUR}", "enum: [{value: [EUR]}"),
    ];
    let mut said = String::new();
    for (from, to) in faults {
        assert!(ORDERS.contains(from), "{from}");
        let text = ORDERS.replacen(from, to, 1);
        let answer = read(FILE, &text).map_or_else(|f| f.to_string(), |c| format!("read, {} columns", c.columns.len()));
        said.push_str(&format!("{to:?}\n  {}\n", answer.replace('\n', "\n  ")));
    }
    insta::with_settings!({snapshot_path => "../../../snapshots/contract", prepend_module_to_snapshot => false}, {
        insta::assert_snapshot!("faults", said);
    });
}

#[test]
fn a_contract_from_elsewhere_has_its_source_in_its_id() {
    assert_eq!(read("-", ORDERS).unwrap().source, name("shop"));
    assert!(read("-", &ORDERS.replace("id: shop.orders", "id: 5b1f")).is_err());
}

#[test]
fn what_was_measured_is_put_aside_and_put_back() {
    let contract = hostile();
    let text = write(&contract);
    let aside = put_aside(&text);
    assert!(!aside.contains("nulls:") && aside.contains("pipewright.cursor, value"), "{aside}");
    assert_eq!(put_back(&aside, &contract), text);
    let mut bare = Contract { profile: None, ..contract.clone() };
    bare.columns.iter_mut().for_each(|c| (c.profile, c.pii_confidence) = (None, None));
    assert_eq!(put_back(&aside, &bare), write(&bare));
    assert_eq!(read(FILE, &aside).unwrap(), bare);
    // Another measure is the same document.
    let mut other = contract.clone();
    other.columns[6].profile = Some(ColumnProfile { nulls: 9, ..ColumnProfile::default() });
    assert_eq!(put_aside(&write(&other)), aside);
    // As far in as people moved it; what is after it stays.
    let (head, items) = text.rsplit_once("    customProperties:\n").unwrap();
    let deeper: String = items.lines().map(|line| format!("    {line}\n")).collect();
    let moved = format!("{head}    customProperties:\n{deeper}");
    let aside = put_aside(&moved);
    assert!(!aside.contains("nulls:") && aside.contains("          # pipewright: what was measured\n"), "{aside}");
    assert_eq!(put_back(&aside, &contract), moved);
    let aside = put_aside(&(text + "team: {name: data}\n"));
    assert!(!aside.contains("nulls:") && aside.ends_with("\nteam: {name: data}\n"), "{aside}");
}

#[test]
fn tests_follow_from_what_was_seen_only_where_an_engineer_would_keep_them() {
    let told = |name: &str, rows: u64, nulls: u64, distinct: u64| {
        let mut contract = read(FILE, ORDERS).unwrap();
        contract.profile = Some(TableProfile { rows, sample: rows, method: "all".into(), ..TableProfile::default() });
        let mut own = column(name, "TEXT", DataType::Text);
        own.profile = Some(ColumnProfile { nulls, distinct, ..ColumnProfile::default() });
        contract.columns = vec![own];
        let cursor = contract.columns[0].clone();
        contract.cursor = (name == "updated_at").then_some(cursor.name);
        contract.evidence().into_iter().map(|(_, e)| e.as_str()).collect::<Vec<_>>().join(", ")
    };
    assert_eq!(told("sku", 500, 0, 500), "unique");
    assert_eq!(told("sku", 500, 0, 499), "");
    assert_eq!(told("sku", 500, 1, 499), "");
    assert_eq!(told("sku", 99, 0, 99), "");
    assert_eq!(told("sku", 100_000, 0, 97_000), "unique", "an estimate");
    assert_eq!(told("sku", 100_000, 0, 90_000), "");
    assert_eq!(told("amount", 500, 0, 500), "", "numbers that happen to differ");
    assert_eq!(told("updated_at", 1000, 0, 7), "never null");
    assert_eq!(told("updated_at", 999, 0, 7), "");
    assert_eq!(told("note", 100_000, 0, 7), "", "not everything that is never null must not be");
}

#[test]
fn foreign_keys_of_several_columns_are_checked() {
    let with = |from: &str, to: &str| {
        let table = "    logicalType: object\n";
        assert!(ORDERS.contains(table));
        ORDERS.replacen(table, &format!("{table}    relationships:\n      - from: {from}\n        to: {to}\n"), 1)
    };
    let own = "[orders.customer_id, orders.currency]";
    let contract = read(FILE, &with(own, "[accounts.customer_id, schema/accounts/properties/currency]")).unwrap();
    let [key] = &contract.foreign_keys[..] else { panic!("{:?}", contract.foreign_keys) };
    assert_eq!(
        key.pairs().map(|(a, b)| format!("{a}={b}")).collect::<Vec<_>>(),
        ["customer_id=customer_id", "currency=currency"]
    );
    assert_eq!(key.table, name("accounts"));
    assert_eq!(read(FILE, &write(&contract)).unwrap(), contract);
    // One column in a list is the column's own.
    let lone = read(FILE, &with("[orders.status]", "[states.status]")).unwrap();
    assert_eq!(lone.column("status").unwrap().references, Some(Reference::to(name("states"), name("status"))));
    for (from, to, words) in [
        (own, "[accounts.customer_id]", "a foreign key of 2 columns points to 1 of `accounts`"),
        (own, "[accounts.customer_id, others.currency]", "points to columns of one table"),
        (own, "[accounts.x, accounts.x]", "stands twice"),
        ("[orders.customer_id, orders.currencyy]", "[a.b, a.c]", "there is no column `currencyy`"),
        (own, "[accounts.customer_id, currency]", "is not TABLE.COLUMN"),
    ] {
        let fault = read(FILE, &with(from, to)).unwrap_err().to_string();
        assert!(fault.contains(words) && fault.contains("orders.odcs.yaml:"), "{words}: {fault}");
    }
}

#[test]
fn marks_of_what_was_found_are_taken_back_by_people() {
    let mut contract = read(FILE, ORDERS).unwrap();
    contract.columns[0].key_evidence = Some("named for it; no value twice".into());
    let of = contract.columns.iter().position(|c| c.references.is_some()).unwrap();
    let found = contract.columns[of].references.clone().unwrap();
    let evidence = Some("named for it; all values are there".to_owned());
    contract.columns[of].references = Some(Reference { inferred: true, evidence, ..found.clone() });
    let text = write(&contract);
    assert_eq!(read(FILE, &text).unwrap(), contract, "{text}");
    assert!(
        text.contains("property: pipewright.inferred_key\n") && text.contains("property: pipewright.inferred\n"),
        "{text}"
    );
    // As an earlier version wrote it, and as people say no.
    let lines = ["value: named for it; no value twice", "value: named for it; all values are there"];
    let with = |value: &str| {
        read(FILE, &lines.iter().fold(text.clone(), |t, line| t.replace(line, &format!("value: {value}")))).unwrap()
    };
    let (marked, confirmed) = (with("true"), with("false"));
    let reference = |c: &Contract| c.columns[of].references.clone().unwrap();
    assert_eq!((reference(&marked).inferred, reference(&marked).evidence), (true, None));
    assert_eq!(marked.columns[0].key_evidence.as_deref(), Some(""));
    assert_eq!((reference(&confirmed), confirmed.columns[0].key_evidence.clone()), (found, None));
    assert_eq!(marked.without_measures(), with("no number is told to generators").without_measures());
}
