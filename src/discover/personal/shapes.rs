//! What values of personal data look like.

use std::collections::HashSet;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::LazyLock;

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

/// A telephone number as people set it apart: `+…`, `(415) 555-0100`, `415-555-0100`, `030 1234567`. Other numbers with
/// marks may be of orders or books.
pub fn is_written_phone(text: &str) -> bool {
    let text = text.trim();
    if !text.chars().all(|c| c.is_ascii_digit() || "+ -.()/".contains(c)) {
        return false;
    }
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    if text.starts_with('+') || text.starts_with("00") {
        return (8..=17).contains(&digits) && !text[1..].contains('+');
    }
    let groups: Vec<&str> = text.split(|c: char| !c.is_ascii_digit()).filter(|g| !g.is_empty()).collect();
    let lengths: Vec<usize> = groups.iter().map(|g| g.len()).collect();
    let area = |g: &str| g.starts_with(|c: char| ('2'..='9').contains(&c));
    match (lengths.as_slice(), groups.as_slice()) {
        // The North American plan: area code and exchange begin with 2 to 9.
        ([3, 3, 4], [a, b, _]) | ([1, 3, 3, 4], ["1", a, b, _]) => area(a) && area(b),
        // Elsewhere numbers at home begin with 0 and an area.
        (_, [first, _, ..]) => {
            first.starts_with('0') && (2..=5).contains(&first.len()) && (9..=12).contains(&digits) && groups.len() <= 6
        }
        _ => false,
    }
}

/// 13 to 19 digits that begin and count as those of a brand of cards do, with a right check digit. Other numbers have
/// such a check digit too.
pub fn is_branded_card(text: &str) -> bool {
    if !is_card(text) {
        return false;
    }
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let first = |n: usize| digits.get(..n).and_then(|d| d.parse::<u32>().ok()).unwrap_or(0);
    let count = digits.len();
    match (first(1), first(2), first(4)) {
        (4, ..) => matches!(count, 13 | 16 | 19),
        (_, 51..=55, _) | (_, _, 2221..=2720) => count == 16,
        (_, 34 | 37, _) => count == 15,
        (_, 65, _) | (_, _, 6011 | 6440..=6499) => (16..=19).contains(&count),
        (_, 36 | 38 | 39, _) | (_, _, 3000..=3059) => (14..=19).contains(&count),
        (_, _, 3528..=3589) | (_, 62, _) => (16..=19).contains(&count),
        (_, _, 5018 | 5020 | 5038 | 6304 | 6759 | 6761..=6763) => true,
        _ => false,
    }
}

/// An account by ISO 13616: country, check digits (mod 97 of the whole is 1), 11 to 30 more.
pub fn is_iban(text: &str) -> bool {
    let bare: Vec<u8> = text.bytes().filter(|b| *b != b' ').map(|b| b.to_ascii_uppercase()).collect();
    let [a, b, c, d, rest @ ..] = bare.as_slice() else { return false };
    let country = a.is_ascii_uppercase() && b.is_ascii_uppercase() && c.is_ascii_digit() && d.is_ascii_digit();
    if !country || !(11..=30).contains(&rest.len()) || !rest.iter().all(u8::is_ascii_alphanumeric) {
        return false;
    }
    let moved = rest.iter().chain([a, b, c, d]);
    let left = moved.fold(0_u32, |left, byte| match byte {
        b'0'..=b'9' => (left * 10 + u32::from(byte - b'0')) % 97,
        _ => (left * 100 + u32::from(byte - b'A') + 10) % 97,
    });
    left == 1
}

/// An address of the internet, version 4 or 6. One of four small numbers may be a version of a program.
pub fn is_ip(text: &str) -> Option<bool> {
    let text = text.trim();
    if let Ok(address) = text.parse::<Ipv4Addr>() {
        return Some(address.octets().iter().any(|octet| *octet >= 64));
    }
    (text.len() >= 6 && text.parse::<Ipv6Addr>().is_ok()).then_some(true)
}

static FIRST_NAMES: LazyLock<HashSet<&'static str>> =
    LazyLock::new(|| include_str!("first_names.txt").split_whitespace().collect());

/// Small words within names.
const PARTICLES: &[&str] =
    &["al", "bin", "da", "de", "del", "della", "den", "der", "di", "dos", "el", "la", "le", "van", "von"];

/// Two to four words as the names of people are written, the first of which (or the second, after a comma or a title)
/// many people have.
pub fn is_person(text: &str) -> bool {
    let words: Vec<&str> = text.split([' ', ',']).filter(|w| !w.is_empty()).collect();
    if !(2..=5).contains(&words.len()) || !words.iter().all(|w| PARTICLES.contains(w) || is_capitalized(w)) {
        return false;
    }
    let given = text.split_once(',').and_then(|(_, given)| given.split_whitespace().next());
    words.iter().take(2).copied().chain(given).any(is_first_name)
}

/// A first name that many people have.
pub fn is_first_name(word: &str) -> bool {
    let plain = deunicode::deunicode(word).to_lowercase();
    is_capitalized(word) && FIRST_NAMES.contains(plain.split('-').next().unwrap_or_default())
}

/// `Abt`, `O'Neil`, `Anne-Marie`, `J.`, `ABT`.
fn is_capitalized(word: &str) -> bool {
    word.starts_with(char::is_uppercase) && word.chars().all(|c| c.is_alphabetic() || "'’-.".contains(c))
}

/// Words that streets end or begin with.
const STREETS: &[&str] = &[
    "allee",
    "avenue",
    "ave",
    "boulevard",
    "blvd",
    "calle",
    "chemin",
    "court",
    "ct",
    "drive",
    "dr",
    "gasse",
    "highway",
    "hwy",
    "lane",
    "ln",
    "parkway",
    "pkwy",
    "place",
    "platz",
    "plaza",
    "rd",
    "road",
    "rua",
    "rue",
    "square",
    "st",
    "str",
    "strada",
    "strasse",
    "straße",
    "street",
    "terrace",
    "ulica",
    "via",
    "way",
    "weg",
];

/// `12 Main Street`, `Hauptstraße 5`, `5 rue de Rivoli`: a number and a word for a street.
pub fn is_street(text: &str) -> bool {
    let words = || text.split([' ', ',', '\n']).map(|w| w.trim_end_matches('.').to_lowercase());
    let street = |w: &String| {
        STREETS.contains(&w.as_str())
            || ["strasse", "straße", "weg", "platz", "gasse", "str"]
                .iter()
                .any(|s| w.len() > s.len() + 2 && w.ends_with(s))
    };
    text.len() <= 200 && words().any(|w| w.starts_with(|c: char| c.is_ascii_digit())) && words().any(|w| street(&w))
}
