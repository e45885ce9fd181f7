#![allow(clippy::unwrap_used)]

use super::*;
use crate::discover::Cell;

#[test]
fn names_tell() {
    let mut seen = Seen::new();
    seen.finish();
    let tag = |table, column| find(table, column, DataType::Text, &seen).map(|(kind, _)| kind.tag());
    for (table, column, want) in [
        ("customers", "email", Some("pii.email")),
        ("customers", "contact_email", Some("pii.email")),
        ("customers", "email_status", None),
        ("customers", "mobile_number", Some("pii.phone")),
        ("customers", "first_name", Some("pii.name")),
        ("customers", "name", Some("pii.name")),
        ("products", "name", None),
        ("products", "product_name", None),
        ("orders", "shipping_address", Some("pii.address")),
        ("orders", "zip_code", Some("pii.address")),
        ("logs", "ip_address", Some("pii.ip_address")),
        ("users", "password_hash", Some("pii.credential")),
        ("patients", "iban", Some("pii.payment")),
        ("patients", "ssn", Some("pii.national_id")),
        ("patients", "national_id", Some("pii.national_id")),
        ("patients", "gender", Some("pii.gender")),
        ("patients", "date_of_birth", Some("pii.birth_date")),
        ("kunden", "geburtsdatum", Some("pii.birth_date")),
        ("kunden", "nachname", Some("pii.name")),
        ("orders", "status", None),
        ("orders", "country_code", None),
        ("orders", "owner", None),
        ("exports", "zip_file", None),
    ] {
        assert_eq!(tag(table, column), want, "{table}.{column}");
    }
}

#[test]
fn values_tell() {
    assert!(is_email(" Ada.Abt1@EXAMPLE.com "));
    assert!(!is_email("Ada at example.com") && !is_email("@x.y") && !is_email("a@b"));
    assert!(is_phone("(415) 555-0100") && is_phone("+1 415 555 0100") && is_phone("415.555.0100"));
    assert!(!is_phone("4155550100") && !is_phone("2026-03-31") && !is_phone("COF-001"));
    assert!(is_card("4111 1111 1111 1111") && !is_card("4111111111111112") && !is_card("123"));
    assert!(shapes::is_iban("DE89 3704 0044 0532 0130 00") && shapes::is_iban("GB82WEST12345698765432"));
    assert!(!shapes::is_iban("DE89 3704 0044 0532 0130 01") && !shapes::is_iban("ORDER1234567890"));
    assert!(
        shapes::is_branded_card("378282246310005") && !shapes::is_branded_card("490154203237518"),
        "an IMEI is none"
    );
    assert_eq!((shapes::is_ip("10.0.0.1"), shapes::is_ip("192.168.0.1")), (Some(false), Some(true)));
    assert_eq!(
        (shapes::is_ip("2001:db8::1"), shapes::is_ip("1.2.3"), shapes::is_ip("12:30")),
        (Some(true), None, None)
    );
    assert!(
        shapes::is_person("Ada Abt") && shapes::is_person("van der Berg, Anna") && !shapes::is_person("Dark Roast")
    );
    assert!(shapes::is_street("12 Main Street") && shapes::is_street("Hauptstraße 5") && !shapes::is_street("5 stars"));
}

/// The last digit that makes a number pass Luhn.
fn luhn(digits: &str) -> String {
    (0..10)
        .map(|d| format!("{digits}{d}"))
        .find(|n| ids::luhn(&n.bytes().map(|b| u32::from(b - b'0')).collect::<Vec<_>>()))
        .unwrap()
}

/// EAN-13 with its own check digit.
fn ean(digits: &str) -> String {
    let sum: u32 = digits.bytes().enumerate().map(|(i, b)| u32::from(b - b'0') * if i % 2 == 0 { 1 } else { 3 }).sum();
    format!("{digits}{}", (10 - sum % 10) % 10)
}

/// IBAN with its check digits.
fn iban(country: &str, account: &str) -> String {
    (2..99).map(|check| format!("{country}{check:02}{account}")).find(|text| shapes::is_iban(text)).unwrap()
}

fn cpf(n: u32) -> String {
    let base = format!("{:09}", 100_200_300 + n * 7919);
    (0..100).map(|c| format!("{base}{c:02}")).find(|t| ids::found(t) == Some(ids::Id::Sure)).unwrap()
}

const FIRST: [&str; 10] = ["Anna", "James", "Maria", "Mohammed", "Wei", "Priya", "Lukas", "Chloe", "Diego", "Yuki"];
const LAST: [&str; 7] = ["Smith", "Garcia", "Abt", "Khan", "Chen", "O'Neil", "Müller"];

type Values = fn(u32) -> String;

/// Columns of text with forty values each: what they are, under names that say so, that say nothing, and that say another
/// thing.
fn columns() -> Vec<(&'static str, &'static str, Option<&'static str>, Values)> {
    let person: Values = |n| format!("{} {}", FIRST[n as usize % 10], LAST[n as usize % 7]);
    let mail: Values = |n| format!("{}.{n}@example.com", FIRST[n as usize % 10].to_lowercase());
    let us: Values = |n| format!("(415) 555-{:04}", 100 + n);
    let intl: Values = |n| format!("+49 30 {:07}", 1_234_567 + n * 37);
    let card: Values = |n| luhn(&format!("411111{:09}", 123_456_789 + n * 7919));
    let amex: Values = |n| luhn(&format!("3782822463{:04}", n * 13));
    let ssn: Values = |n| format!("{:03}-{:02}-{:04}", 100 + n, 10 + n, 1000 + n * 17);
    let v4: Values = |n| format!("203.0.113.{n}");
    let street: Values = |n| format!("{} Main Street", n + 1);
    vec![
        // Personal, and said so.
        ("customers", "email", Some("email"), mail),
        ("customers", "backup_email", Some("email"), mail),
        ("customers", "phone", Some("phone"), us),
        ("customers", "mobile_number", Some("phone"), |n| format!("{}", 4_155_550_100_u64 + u64::from(n))),
        ("customers", "full_name", Some("name"), person),
        ("customers", "last_name", Some("name"), |n| LAST[n as usize % 7].into()),
        ("customers", "street_address", Some("address"), street),
        ("customers", "postal_code", Some("address"), |n| format!("{:05}", 10_000 + n)),
        ("customers", "ssn", Some("national_id"), ssn),
        ("customers", "card_number", Some("payment"), card),
        ("customers", "iban", Some("payment"), |n| iban("DE", &format!("37040044053{:07}", n))),
        ("customers", "date_of_birth", Some("birth_date"), |n| format!("19{:02}-03-0{}", 40 + n, 1 + n % 9)),
        ("customers", "gender", Some("gender"), |n| ["f", "m", "x"][n as usize % 3].into()),
        ("users", "password_hash", Some("credential"), |n| format!("$2b$12${n:022}")),
        ("logins", "ip_address", Some("ip_address"), v4),
        // Personal, though the name says nothing.
        ("t", "c1", Some("email"), mail),
        ("t", "c2", Some("phone"), us),
        ("t", "c3", Some("phone"), intl),
        ("t", "c4", Some("payment"), card),
        ("t", "c5", Some("payment"), amex),
        ("t", "c6", Some("payment"), |n| iban("GB", &format!("WEST{:014}", 12_345_698_765_432_u64 + u64::from(n)))),
        ("t", "c7", Some("national_id"), ssn),
        ("t", "c8", Some("national_id"), |n| format!("AB{:06}C", 123_456 + n)),
        ("t", "c9", Some("national_id"), cpf),
        ("t", "c10", Some("ip_address"), v4),
        ("t", "c11", Some("ip_address"), |n| format!("2001:db8::{n:x}")),
        ("t", "c12", Some("name"), person),
        ("t", "c13", Some("address"), street),
        ("t", "c14", Some("address"), |n| format!("Hauptstraße {}", n + 1)),
        ("orders", "contact", Some("email"), mail),
        ("orders", "owner", Some("name"), person),
        ("orders", "handled_by", Some("name"), person),
        ("orders", "contact_point", Some("phone"), intl),
        ("t", "c15", Some("national_id"), |n| {
            let day = format!("1101051949{:02}{:02}{:03}", 1 + n % 12, 1 + n % 28, n);
            (0..10).map(|c| format!("{day}{c}")).chain([format!("{day}X")]).find(|t| ids::found(t).is_some()).unwrap()
        }),
        // Not personal, though it looks a little so.
        ("orders", "order_number", None, |n| format!("{:010}", 4_155_550_100_u64 + u64::from(n))),
        ("orders", "order_no", None, |n| format!("100-200-{:04}", n)),
        ("orders", "order_ref", None, |n| format!("415-555-{:04}", n)),
        ("orders", "reference", None, |n| format!("2024-0001-{:06}", n)),
        ("orders", "invoice_number", None, |n| luhn(&format!("411111{:09}", n * 7919))),
        ("orders", "tracking_number", None, |n| format!("1Z999AA101234567{:02}", n)),
        ("orders", "c20", None, |n| format!("{:016}", 4_000_000_000_000_000_u64 + u64::from(n) * 7)),
        ("products", "ean", None, |n| ean(&format!("400638{:06}", 133_393 + n))),
        ("products", "c21", None, |n| ean(&format!("400638{:06}", 133_393 + n))),
        ("products", "gtin", None, |n| format!("{:014}", 10_012_345_678_902_u64 + u64::from(n))),
        ("products", "isbn", None, |n| format!("978-3-16-1484{:02}-0", n)),
        ("products", "c22", None, |n| format!("978-3-16-1484{:02}-0", n)),
        ("products", "upc", None, |n| format!("0-{:05}-67890-5", n)),
        ("products", "sku", None, |n| format!("COF-{n:03}")),
        ("products", "product_name", None, |n| {
            format!("{} Roast", ["Dark", "Light", "House", "Diana"][n as usize % 4])
        }),
        ("products", "name", None, |n| {
            ["Espresso", "Victoria Sponge", "French Press", "Grinder"][n as usize % 4].into()
        }),
        ("products", "brand", None, |n| {
            ["Calvin Klein", "Hugo Boss", "Tommy Hilfiger", "Michael Kors"][n as usize % 4].into()
        }),
        ("devices", "imei", None, |n| luhn(&format!("35{:012}", 490_154_203_u64 + u64::from(n)))),
        ("devices", "c23", None, |n| luhn(&format!("35{:012}", 490_154_203_u64 + u64::from(n)))),
        ("devices", "firmware", None, |n| format!("1.{n}.0.12")),
        ("devices", "version", None, |n| format!("10.1.{n}.99")),
        ("devices", "c24", None, |n| format!("2.{}.{}.1", n % 7, n % 30)),
        ("devices", "mac_address", None, |n| format!("00:1b:44:11:3a:{n:02x}")),
        ("devices", "serial_number", None, |n| format!("046 454 {:03}", n)),
        ("events", "created_ts", None, |n| format!("{}", 1_700_000_000_u64 + u64::from(n) * 60)),
        ("events", "created_ms", None, |n| format!("{}", 1_700_000_000_000_u64 + u64::from(n) * 60_000)),
        ("events", "last_login", None, |n| format!("2026-03-{:02} 10:00:00", 1 + n % 28)),
        ("events", "at_time", None, |n| format!("10:{:02}:00", n)),
        ("events", "uuid", None, |n| format!("6f1c2d3e-0000-4000-8000-{n:012}")),
        ("events", "email_status", None, |n| ["sent", "opened"][n as usize % 2].into()),
        ("events", "mobile_app_version", None, |n| format!("3.{n}.1")),
        ("events", "mail_class", None, |n| ["first", "second"][n as usize % 2].into()),
        ("events", "url", None, |n| format!("https://example.com/a?id={n}")),
        ("events", "coordinates", None, |n| format!("52.52{n:04},13.40{n:04}")),
        ("shops", "city", None, |n| ["San Jose", "Paris", "St. Louis", "Victoria"][n as usize % 4].into()),
        ("shops", "opening_hours", None, |n| format!("0{}:00 - 18:00", n % 10)),
        ("shops", "price_range", None, |n| format!("{}.00 - {}.00", n + 10, n + 100)),
        ("files", "zip_path", None, |n| format!("exports/{n}.zip")),
        ("books", "artist", None, person),
        ("plans", "customer_segment", None, |n| ["Small Business", "Enterprise"][n as usize % 2].into()),
        ("plans", "display_name", None, |n| ["Basic", "Plus", "Student Plan"][n as usize % 3].into()),
        ("notes", "note", None, |n| format!("Order {n} was called in, customer is happy with delivery")),
    ]
}

#[test]
fn sixty_columns_and_more_are_judged_both_ways() {
    let columns = columns();
    assert!(columns.len() >= 60, "{}", columns.len());
    let mut wrong = Vec::new();
    for (table, column, want, value) in columns {
        let mut seen = Seen::new();
        (0..40).for_each(|n| seen.see(&Cell::Text(&value(n))));
        seen.finish();
        let found = find(table, column, DataType::Text, &seen);
        let tag = found.map(|(kind, _)| kind.tag().trim_start_matches("pii."));
        if tag != want {
            wrong.push(format!("{table}.{column}: {found:?}, not {want:?}; {:?}", seen.evidence));
        }
        assert!(found.is_none_or(|(_, percent)| (50..=99).contains(&percent)), "{table}.{column}: {found:?}");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn numbers_are_judged_too() {
    type Judged = (&'static str, Option<&'static str>, fn(i64) -> i64);
    let columns: [Judged; 8] = [
        ("phone", Some("pii.phone"), |n| 4_155_550_100 + n),
        ("mobile", None, |n| n % 2),
        ("zip", Some("pii.address"), |n| 10_000 + n),
        ("order_id", None, |n| 4_000_000_000_000_000 + n),
        ("created_at", None, |n| 1_700_000_000 + n * 60),
        ("updated_ms", None, |n| 1_700_000_000_000 + n * 60_000),
        ("ean", None, |n| ean(&format!("{}", 400_638_133_393 + n)).parse().unwrap()),
        ("c1", Some("pii.payment"), |n| luhn(&format!("411111{:09}", 123_456_789 + n * 7919)).parse().unwrap()),
    ];
    for (column, want, value) in columns {
        let mut seen = Seen::new();
        (0..40).for_each(|n| seen.see(&Cell::Integer(value(n))));
        seen.finish();
        let found = find("t", column, DataType::Integer, &seen);
        assert_eq!(found.map(|(kind, _)| kind.tag()), want, "{column}: {found:?}");
    }
}

#[test]
fn name_and_values_agree_or_not() {
    let percent = |column: &str, value: Values| {
        let mut seen = Seen::new();
        (0..40).for_each(|n| seen.see(&Cell::Text(&value(n))));
        seen.finish();
        find("t", column, DataType::Text, &seen).map(|(_, percent)| percent)
    };
    let (mails, words): (Values, Values) = (|n| format!("a{n}@example.com"), |n| format!("word {n}"));
    let half: Values = |n| if n % 4 == 0 { "unknown".into() } else { format!("a{n}@example.com") };
    assert_eq!(percent("email", mails), Some(99));
    assert_eq!(percent("c", mails), Some(99));
    assert_eq!(percent("c", half), Some(74));
    assert_eq!(percent("email", half), Some(97));
    assert_eq!(percent("email", words), Some(59), "hashed addresses may be");
    assert_eq!(percent("order_mail", words), None, "an order by mail is none");
    assert_eq!(percent("c", words), None);
}

#[test]
fn what_holds_somebodys_is_known_within_text() {
    for text in [
        "ask ann@example.com",
        "call +1 415 555 0100",
        "Ada Abt",
        "for Ada Abt, please",
        "id 123-45-6789",
        "12 Main Street",
    ] {
        assert!(holds(text), "{text}");
    }
    for text in ["on hold", "bank transfer", "Dark Roast", "2026-03-31", "v1.2.3", "COF-001", "N/A", ""] {
        assert!(!holds(text), "{text}");
    }
}
