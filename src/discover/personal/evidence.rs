//! How many values of a column look like personal data.

use super::{Kind, ids, shapes};
use crate::discover::profile::Seen;

/// Values that look like personal data, by kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Evidence {
    /// Addresses of e-mail.
    pub emails: u64,
    /// Telephone numbers, set apart as people do.
    pub phones: u64,
    /// Values that may be a telephone number: 7 to 15 digits and marks.
    pub dialled: u64,
    /// Numbers of cards.
    pub cards: u64,
    /// Accounts.
    pub accounts: u64,
    /// Numbers of persons whose form or check digits hardly anything else has.
    pub ids: u64,
    /// Numbers that one of ten numbers is by chance.
    pub loose_ids: u64,
    /// Addresses of devices.
    pub ips: u64,
    /// Of those, addresses that no version of a program has.
    pub sure_ips: u64,
    /// Names of people.
    pub people: u64,
    /// First names.
    pub first_names: u64,
    /// Streets with a number.
    pub streets: u64,
}

impl Evidence {
    /// One more text.
    pub fn see(&mut self, text: &str) {
        let (mut digits, mut letters, mut at, mut blanks, mut dots, mut colons) = (0, 0, 0, 0, 0, 0);
        for byte in text.bytes() {
            match byte {
                b'0'..=b'9' => digits += 1,
                b'@' => at += 1,
                b' ' | b',' => blanks += 1,
                b'.' => dots += 1,
                b':' => colons += 1,
                b'a'..=b'z' | b'A'..=b'Z' | 0x80.. => letters += 1,
                _ => {}
            }
        }
        if at > 0 {
            self.emails += u64::from(shapes::is_email(text));
            return;
        }
        if digits == 0 {
            if letters > 1 && text.len() <= 60 {
                if blanks == 0 {
                    self.first_names += u64::from(shapes::is_first_name(text));
                } else {
                    self.people += u64::from(shapes::is_person(text));
                }
            }
            self.seen_ip(if colons > 1 { text } else { "" });
            return;
        }
        if dots == 3 || colons > 1 {
            self.seen_ip(text);
        }
        if letters == 0 && (7..=17).contains(&digits) {
            self.dialled += 1;
            self.phones += u64::from(shapes::is_written_phone(text));
        }
        if letters == 0 && (13..=19).contains(&digits) {
            self.cards += u64::from(shapes::is_branded_card(text));
        }
        if letters >= 2 && digits >= 8 && (15..=42).contains(&text.len()) {
            self.accounts += u64::from(shapes::is_iban(text));
        }
        if (8..=24).contains(&text.len()) {
            match ids::found(text) {
                Some(ids::Id::Sure) => self.ids += 1,
                Some(ids::Id::Loose) => self.loose_ids += 1,
                None => {}
            }
        }
        if letters > 3 && blanks > 0 {
            self.streets += u64::from(shapes::is_street(text));
        }
    }

    fn seen_ip(&mut self, text: &str) {
        if let Some(sure) = shapes::is_ip(text) {
            self.ips += 1;
            self.sure_ips += u64::from(sure);
        }
    }

    /// One more whole number: phones, cards and persons are numbered so too.
    pub fn see_integer(&mut self, n: i64) {
        if n < 1_000_000 {
            return;
        }
        self.dialled += u64::from(n < 1_000_000_000_000_000);
        if n >= 1_000_000_000_000 {
            self.cards += u64::from(shapes::is_branded_card(&n.to_string()));
        }
    }

    /// All that look like personal data.
    pub fn any(&self) -> u64 {
        self.emails + self.phones + self.cards + self.accounts + self.ids
    }

    /// Whether so many values look personal that none may be kept, whatever the column is called: one of twenty.
    pub fn is_risky(&self, filled: u64) -> bool {
        let all = self.any() + self.people + self.streets + self.sure_ips;
        all > 0 && all * 20 >= filled
    }

    /// How surely the values say that a column is of that kind, in percent: their share, and how rarely another value
    /// looks so. None where values can't tell.
    pub fn percent(&self, kind: Kind, seen: &Seen, thing: bool, nobody: bool) -> Option<u64> {
        let filled = seen.filled().max(1);
        let of = |count: u64, rare: u64| Some(if count * 2 >= filled { count * rare / filled } else { 0 });
        // What looks so by chance as well is none in a column that says what it numbers.
        let numbered = |count: u64, rare: u64| if thing { Some(0) } else { of(count, rare) };
        match kind {
            Kind::Email => of(self.emails, 99),
            Kind::Payment => of(self.accounts, 99).max(numbered(self.cards, 95)),
            Kind::NationalId => {
                let loose = (self.loose_ids + self.ids) * 20 >= filled * 19 && filled >= 20;
                numbered(self.ids, 92).max(if loose { numbered(self.loose_ids, 55) } else { None }).filter(|p| *p > 0)
            }
            Kind::Phone if self.phones == 0 && self.dialled > 0 => None,
            Kind::Phone => numbered(self.phones, 92),
            Kind::IpAddress if self.sure_ips * 2 >= filled => numbered(self.ips, 95),
            Kind::IpAddress if self.ips > 0 => None,
            Kind::IpAddress => Some(0),
            Kind::Name if nobody => None,
            Kind::Name => of(self.people, 85).max(of(self.first_names, 40)).filter(|p| *p > 0),
            Kind::Address => of(self.streets, 85).filter(|p| *p > 0),
            Kind::BirthDate | Kind::Gender | Kind::Credential => None,
        }
    }
}

/// Whether a text holds something that may be somebody's: an address, a number, a name.
pub fn holds(text: &str) -> bool {
    let mut evidence = Evidence::default();
    evidence.see(text);
    if evidence.any() + evidence.people + evidence.streets + evidence.sure_ips > 0 {
        return true;
    }
    let has = |part: &str| {
        let mut evidence = Evidence::default();
        evidence.see(part);
        evidence.any() + evidence.sure_ips > 0
    };
    let blank = |c: char| " ,;:()<>/=".contains(c);
    let words: Vec<&str> = text.split(blank).filter(|w| !w.is_empty()).collect();
    let mut numbers = text.split(|c: char| !(c.is_ascii_digit() || "+ -.()/".contains(c))).map(str::trim);
    words.iter().any(|word| has(word))
        || numbers.any(|n| n.len() > 7 && has(n))
        || words.windows(2).any(|pair| shapes::is_person(&pair.join(" ")))
}
