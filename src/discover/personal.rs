//! Personal data, found by the names of columns and by patterns in their values.

use super::profile::Seen;
use crate::vocabulary::DataType;

/// Tables whose `name` is that of a person.
const PEOPLE: &[&str] = &[
    "author",
    "authors",
    "client",
    "clients",
    "contact",
    "contacts",
    "customer",
    "customers",
    "driver",
    "drivers",
    "employee",
    "employees",
    "guest",
    "guests",
    "lead",
    "leads",
    "member",
    "members",
    "patient",
    "patients",
    "people",
    "person",
    "persons",
    "staff",
    "student",
    "students",
    "subscriber",
    "subscribers",
    "teacher",
    "teachers",
    "user",
    "users",
];

/// Words before `name` that make it that of a person.
const NAME_OF: &[&str] = &[
    "author",
    "billing",
    "cardholder",
    "client",
    "contact",
    "customer",
    "display",
    "driver",
    "employee",
    "family",
    "first",
    "full",
    "given",
    "guest",
    "holder",
    "last",
    "maiden",
    "manager",
    "member",
    "middle",
    "nick",
    "owner",
    "patient",
    "person",
    "recipient",
    "shipping",
    "sur",
    "user",
];

/// What is said of an address rather than the address itself.
const ABOUT: &[&str] = &[
    "at", "count", "domain", "enabled", "flag", "format", "id", "is", "kind", "opt", "status", "subject", "template",
    "type", "verified",
];

/// The tag of a column that holds personal data, `pii.email`.
pub fn tag(table: &str, column: &str, data_type: DataType, seen: &Seen) -> Option<&'static str> {
    by_name(table, column, data_type, seen).or_else(|| by_values(data_type, seen))
}

fn by_name(table: &str, column: &str, data_type: DataType, seen: &Seen) -> Option<&'static str> {
    let words: Vec<&str> = column.split('_').collect();
    let has = |list: &[&str]| words.iter().any(|w| list.contains(w));
    let together = column.replace('_', "");
    let is = |list: &[&str]| list.contains(&together.as_str());
    let text = data_type == DataType::Text;
    let numeric = data_type == DataType::Integer;
    let about = has(ABOUT);
    if is(&["birthdate", "dateofbirth", "dob", "birthday", "bornon", "birthyear", "yearofbirth"]) {
        return Some("pii.birth_date");
    }
    if !(text || numeric) || about {
        return None;
    }
    if text && has(&["email", "mail", "emails"]) {
        // A column of that name whose values are something else (an order by mail) is none.
        return (seen.texts == 0 || seen.emails > 0 || is(&["email", "emailaddress"])).then_some("pii.email");
    }
    if has(&["phone", "telephone", "tel", "mobile", "cellphone", "fax", "msisdn", "whatsapp"]) || is(&["phonenumber"]) {
        return Some("pii.phone");
    }
    if has(&["iban", "ssn", "passport"])
        || is(&[
            "socialsecuritynumber",
            "nationalid",
            "taxid",
            "taxnumber",
            "insuranceno",
            "insurancenumber",
            "healthinsuranceno",
        ])
    {
        return Some(if words.contains(&"iban") { "pii.payment" } else { "pii.national_id" });
    }
    if is(&["cardnumber", "creditcard", "creditcardnumber", "ccnumber", "accountnumber", "bankaccount", "cvv", "pan"]) {
        return Some("pii.payment");
    }
    if has(&["zip", "zipcode", "postcode", "street"]) || is(&["postalcode", "housenumber"]) {
        return Some("pii.address");
    }
    if !text {
        return None;
    }
    if has(&["address", "addr"]) || is(&["addressline1", "addressline2", "addressline3", "address1", "address2"]) {
        return Some(match () {
            () if has(&["ip"]) => "pii.ip_address",
            () if has(&["mac", "web", "host", "wallet"]) => return None,
            () => "pii.address",
        });
    }
    if is(&["ip", "clientip", "userip", "remoteip", "lastloginip"]) {
        return Some("pii.ip_address");
    }
    if has(&["gender", "sex"]) {
        return Some("pii.gender");
    }
    if has(&["password", "passwd", "pwd"]) || is(&["passwordhash"]) {
        return Some("pii.credential");
    }
    if has(&["surname", "username", "firstname", "lastname", "fullname", "nickname", "forename", "login"]) {
        return Some("pii.name");
    }
    match words.as_slice() {
        ["name"] if table.split('_').any(|word| PEOPLE.contains(&word)) => Some("pii.name"),
        [.., of, "name"] if NAME_OF.contains(of) => Some("pii.name"),
        _ => None,
    }
}

/// More than half of the values look like it, in a column whose name says nothing.
fn by_values(data_type: DataType, seen: &Seen) -> Option<&'static str> {
    let most = |count: u64| count >= 3 && count * 2 > seen.texts;
    match () {
        () if data_type != DataType::Text => None,
        () if most(seen.emails) => Some("pii.email"),
        () if most(seen.cards) => Some("pii.payment"),
        () if most(seen.phones) && seen.phones >= 10 => Some("pii.phone"),
        () => None,
    }
}

/// `Ada.Abt@example.com`, with blanks around.
pub fn is_email(text: &str) -> bool {
    let text = text.trim();
    let Some((user, host)) = text.split_once('@') else { return false };
    let word = |c: char| c.is_alphanumeric() || "._%+-'".contains(c);
    !user.is_empty()
        && user.chars().all(word)
        && host.split('.').count() >= 2
        && host.split('.').all(|part| !part.is_empty() && part.chars().all(|c| c.is_alphanumeric() || c == '-'))
}

/// `+1 415 555 0100`, `(415) 555-0100`: ten to fifteen digits that are set apart as people do. Bare digits may be anything.
pub fn is_phone(text: &str) -> bool {
    let text = text.trim();
    let digits = text.chars().filter(char::is_ascii_digit).count();
    let marks = text.chars().filter(|c| " -.()/".contains(*c)).count();
    (10..=15).contains(&digits)
        && text.chars().all(|c| c.is_ascii_digit() || "+ -.()/".contains(c))
        && (text.starts_with('+') || text.starts_with('(') || (2..=4).contains(&marks))
        && !text.chars().skip(1).any(|c| c == '+')
}

/// 13 to 19 digits whose check digit (Luhn) is right.
pub fn is_card(text: &str) -> bool {
    if !text.chars().all(|c| c.is_ascii_digit() || c == ' ' || c == '-') {
        return false;
    }
    let digits: Vec<u32> = text.chars().filter_map(|c| c.to_digit(10)).collect();
    let sum: u32 =
        digits.iter().rev().enumerate().map(|(i, d)| if i % 2 == 0 { *d } else { d * 2 / 10 + d * 2 % 10 }).sum();
    (13..=19).contains(&digits.len()) && sum.is_multiple_of(10) && digits.iter().any(|d| *d != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell() {
        let tag = |table, column| tag(table, column, DataType::Text, &Seen::new());
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
            ("orders", "status", None),
            ("orders", "country_code", None),
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
    }
}
