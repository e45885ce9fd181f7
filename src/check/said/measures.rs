//! What a number measures: its unit by the name of a column or by its description, and whether a text has digits after
//! the point.

use super::clauses;
use crate::dbt::DescribedColumn;

/// A unit: what it measures, and which of those it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unit {
    /// As it is written.
    pub word: &'static str,
    /// Money, time, mass and so on.
    pub of: u8,
    /// Two words for one unit have the same.
    which: u8,
}

impl Unit {
    /// Whether both measure the same in different units.
    pub fn differs(self, other: Unit) -> bool {
        self.of == other.of && self.which != other.which
    }
}

/// What amounts of money are in.
pub(in crate::check) const MONEY: u8 = 0;
/// What spans of time are in.
pub(in crate::check) const TIME: u8 = 1;

/// Units as they end a name, with what they measure and which they are.
const UNITS: &[(&str, u8, u8)] = &[
    ("cents", MONEY, 0),
    ("pence", MONEY, 0),
    ("dollars", MONEY, 1),
    ("pounds", MONEY, 1),
    ("euros", MONEY, 1),
    ("eur", MONEY, 1),
    ("usd", MONEY, 1),
    ("gbp", MONEY, 1),
    ("ms", TIME, 0),
    ("millis", TIME, 0),
    ("milliseconds", TIME, 0),
    ("secs", TIME, 1),
    ("seconds", TIME, 1),
    ("mins", TIME, 2),
    ("minutes", TIME, 2),
    ("hours", TIME, 3),
    ("days", TIME, 4),
    ("weeks", TIME, 5),
    ("grams", 2, 0),
    ("g", 2, 0),
    ("kg", 2, 1),
    ("kilograms", 2, 1),
    ("lbs", 2, 2),
    ("t", 2, 3),
    ("tonnes", 2, 3),
    ("meters", 3, 0),
    ("metres", 3, 0),
    ("m", 3, 0),
    ("km", 3, 1),
    ("kilometers", 3, 1),
    ("kilometres", 3, 1),
    ("miles", 3, 2),
    ("mi", 3, 2),
    ("cm", 3, 3),
    ("mm", 3, 4),
    ("celsius", 4, 0),
    ("fahrenheit", 4, 1),
    ("bytes", 5, 0),
    ("kb", 5, 1),
    ("mb", 5, 2),
    ("gb", 5, 3),
    ("ml", 6, 0),
    ("l", 6, 1),
    ("litres", 6, 1),
    ("liters", 6, 1),
    ("m3", 6, 2),
    ("wh", 7, 0),
    ("kwh", 7, 1),
    ("mwh", 7, 2),
    ("kw", 8, 0),
    ("mw", 8, 1),
    ("m2", 9, 0),
    ("sqm", 9, 0),
    ("ha", 9, 1),
];

/// The unit that a word is.
fn word(word: &str) -> Option<Unit> {
    UNITS.iter().find(|u| u.0 == word).map(|(word, of, which)| Unit { word, of: *of, which: *which })
}

/// The unit that a name ends with.
pub(in crate::check) fn of_name(name: &str) -> Option<Unit> {
    let name = name.to_ascii_lowercase();
    word(name.rsplit_once('_')?.1)
}

/// The unit that a name ends with, or is and nothing but.
pub(in crate::check) fn of_result(name: &str) -> Option<Unit> {
    of_name(name).or_else(|| word(&name.to_ascii_lowercase()).filter(|u| u.word.len() > 2))
}

/// What is said of the numbers in a column beside its name and type.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Measure {
    /// Their unit.
    pub unit: Option<Unit>,
    /// A text of them has digits after the point.
    pub decimals: bool,
}

/// So long a text is about more than what is measured.
const LONG: usize = 160;

/// What the description of a column says of its numbers; none where it says nothing.
pub(in crate::check) fn measure(column: &DescribedColumn) -> Option<Measure> {
    let said = &column.description;
    let written = column.data_type.as_deref().unwrap_or_default().to_ascii_lowercase();
    if said.is_empty() || said.len() > LONG || ["date", "time", "bool"].iter().any(|t| written.contains(t)) {
        return None;
    }
    let is_text = ["char", "text", "string"].iter().any(|t| written.contains(t));
    let measure = Measure {
        unit: if is_text || of_name(&column.name).is_some() { None } else { of_text(said) },
        decimals: is_text && said.split_whitespace().any(is_decimal),
    };
    (measure != Measure::default()).then_some(measure)
}

/// The unit that a text names: `Tonnes.`, `Euro cents`, `Weight in kg`, but not `per kg`.
fn of_text(said: &str) -> Option<Unit> {
    let mut found: Option<Unit> = None;
    for clause in clauses(said) {
        if clause.iter().any(|w| matches!(w.as_str(), "per" | "not" | "if" | "when" | "or" | "number")) {
            continue;
        }
        let Some((last, before)) = clause.split_last() else { continue };
        let plural = format!("{last}s");
        let unit = word(last).filter(|u| u.word.len() > 1).or_else(|| word(&plural).filter(|u| u.word.len() > 3));
        let Some(unit) = unit else { continue };
        let kinds = ["euro", "us", "dollar", "metric", "whole", "full", "cubic", "square", "eur", "usd"];
        let rest = match before.split_last() {
            Some((kind, rest)) if kinds.contains(&kind.as_str()) => rest,
            _ => before,
        };
        if !(rest.is_empty() || rest.last().is_some_and(|w| w == "in")) {
            continue;
        }
        if found.is_some_and(|f| f.differs(unit) || f.of != unit.of) {
            return None;
        }
        found = Some(unit);
    }
    // Of another unit it speaks somewhere else.
    let other = |w: &String, of: Unit| word(w).is_some_and(|u| u.word.len() > 1 && u.differs(of));
    found.filter(|of| !clauses(said).iter().flatten().any(|w| other(w, *of)))
}

/// `1250.75`, and neither a date nor a version.
fn is_decimal(token: &str) -> bool {
    let number = token.trim_matches(|c: char| !c.is_ascii_digit());
    number.split_once('.').is_some_and(|(whole, rest)| {
        let digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
        digits(&whole.replace(',', "")) && digits(rest)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(name: &str, data_type: &str, description: &str) -> Option<Measure> {
        measure(&DescribedColumn {
            name: name.to_owned(),
            data_type: (!data_type.is_empty()).then(|| data_type.to_owned()),
            description: description.to_owned(),
            ..DescribedColumn::default()
        })
    }

    #[test]
    fn descriptions_say_the_unit() {
        for (text, unit) in [
            ("Tonnes.", Some("tonnes")),
            ("Euro cents", Some("cents")),
            ("Weight in kg", Some("kg")),
            ("Length of the call in seconds, from answer to hang-up", Some("seconds")),
            ("In whole minutes.", Some("minutes")),
            ("Price, in US cents", Some("cents")),
            ("Price per kg", None),
            ("Number of days", None),
            ("Whether it took minutes", None),
            ("kg or lbs", None),
            ("Weight in kg (in lbs until 2020)", None),
        ] {
            let got = said("quantity", "integer", text).and_then(|m| m.unit);
            assert_eq!(got.map(|u| u.word), unit, "{text}");
        }
        assert_eq!(said("weight_kg", "integer", "Tonnes."), None);
    }

    #[test]
    fn examples_show_digits_after_the_point() {
        for (text, is) in
            [("e.g. 1250.75", true), ("as in `12.5`", true), ("since 1.2.3", false), ("31.12.2024", false)]
        {
            assert_eq!(said("amount", "varchar", text).is_some_and(|m| m.decimals), is, "{text}");
        }
    }
}
