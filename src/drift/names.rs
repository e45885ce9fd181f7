//! How alike two names are: words of them, abbreviations, and what says nothing left out.

use std::collections::BTreeSet;

/// Words that many columns of a table share: alone they tell nothing apart.
const GENERIC: &[&str] = &[
    "amount",
    "at",
    "code",
    "count",
    "date",
    "datetime",
    "flag",
    "id",
    "is",
    "key",
    "name",
    "no",
    "number",
    "of",
    "on",
    "ref",
    "time",
    "timestamp",
    "total",
    "ts",
    "type",
    "value",
];

/// How alike two names in a table of that name are, 0 to 1. Case and separators do not count.
pub(super) fn alike(was: &str, now: &str, table: &str) -> f64 {
    let (a, b) = (words(was), words(now));
    if a.is_empty() || b.is_empty() {
        return 0.0;
    }
    if a.concat() == b.concat() {
        return 1.0;
    }
    let (set_a, set_b): (BTreeSet<&String>, BTreeSet<&String>) = (a.iter().collect(), b.iter().collect());
    if set_a == set_b {
        return 0.95;
    }
    // `amount` in `orders` and `order_amount` are one name.
    let of_table: BTreeSet<String> = words(table).iter().map(|w| singular(w)).collect();
    let own = |all: &[String]| all.iter().filter(|w| !of_table.contains(&singular(w))).cloned().collect::<Vec<_>>();
    if !own(&a).is_empty() && own(&a) == own(&b) {
        return 0.9;
    }
    let telling = |all: &[String]| all.iter().filter(|w| !GENERIC.contains(&w.as_str())).cloned().collect::<Vec<_>>();
    let (c, d) = (telling(&a), telling(&b));
    match (c.is_empty(), d.is_empty()) {
        (false, false) => 0.95 * best(&c, &d),
        (true, true) => 0.8 * best(&a, &b),
        // `name` and `full_name`: the same kind of thing, perhaps.
        _ => 0.5 * best(&a, &b),
    }
}

/// The mean of how well each word finds one on the other side.
fn best(a: &[String], b: &[String]) -> f64 {
    let one = |x: &String, all: &[String]| all.iter().map(|y| word(x, y)).fold(0.0, f64::max);
    let sum: f64 = a.iter().map(|x| one(x, b)).sum::<f64>() + b.iter().map(|y| one(y, a)).sum::<f64>();
    let count = a.len() + b.len();
    if count == 0 { 0.0 } else { sum / count as f64 }
}

fn word(a: &str, b: &str) -> f64 {
    if singular(a) == singular(b) {
        return 1.0;
    }
    if abbreviates(a, b) || abbreviates(b, a) {
        return 0.85;
    }
    // Below that, letters in common are chance.
    Some(strsim::normalized_levenshtein(a, b)).filter(|l| *l >= 0.6).unwrap_or(0.0)
}

/// `qty` for `quantity`, `cust` for `customer`: the same first letter, all others in order.
fn abbreviates(short: &str, long: &str) -> bool {
    if short.len() < 2 || short.len() >= long.len() || short.chars().next() != long.chars().next() {
        return false;
    }
    let mut rest = long.chars();
    short.chars().all(|c| rest.any(|l| l == c))
}

fn singular(word: &str) -> String {
    word.strip_suffix('s').filter(|w| w.len() > 2 && !w.ends_with('s')).unwrap_or(word).to_owned()
}

/// Words of a name: parted by anything that is no letter or digit, and where capitals begin.
pub(super) fn words(name: &str) -> Vec<String> {
    let mut out = vec![String::new()];
    let mut before = ' ';
    for c in name.chars() {
        let begins = c.is_uppercase() && before.is_lowercase();
        if (begins || !c.is_alphanumeric()) && out.last().is_some_and(|w| !w.is_empty()) {
            out.push(String::new());
        }
        if c.is_alphanumeric()
            && let Some(last) = out.last_mut()
        {
            last.extend(c.to_lowercase());
        }
        before = c;
    }
    out.retain(|w| !w.is_empty());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_are_alike_and_names_that_are_not() {
        for (was, now, table, from, to) in [
            ("total_amount", "amount_total", "orders", 0.9, 1.0),
            ("totalAmount", "total_amount", "orders", 1.0, 1.0),
            ("amount", "order_amount", "orders", 0.9, 1.0),
            ("qty", "quantity", "order_items", 0.8, 0.9),
            ("cust_name", "customer_name", "customers", 0.5, 1.0),
            ("country", "country_code", "customers", 0.85, 1.0),
            ("ordered_at", "shipped_at", "orders", 0.0, 0.3),
            ("discount", "tax", "orders", 0.0, 0.1),
            ("first_name", "last_name", "customers", 0.0, 0.3),
            ("customer_id", "product_id", "orders", 0.0, 0.3),
            ("", "x", "t", 0.0, 0.0),
        ] {
            let got = alike(was, now, table);
            assert!((from..=to).contains(&got), "{was} and {now}: {got}");
        }
    }
}
