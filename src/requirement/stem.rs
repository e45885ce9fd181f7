//! Words without their endings: plurals for nouns, and more for the values that statuses have.

use std::borrow::Cow;

/// The parts of a name or word: `order_items`, `OrderItems`, `order-items` and `order.items` are two each.
pub fn parts(text: &str) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let chars: Vec<char> = text.chars().collect();
    let mut fresh = true;
    for (i, &c) in chars.iter().enumerate() {
        if !c.is_alphanumeric() {
            fresh = true;
            continue;
        }
        let hump = c.is_uppercase()
            && i > 0
            && (chars[i - 1].is_lowercase()
                || (chars[i - 1].is_uppercase() && chars.get(i + 1).is_some_and(|n| n.is_lowercase())));
        if fresh || hump {
            out.push(String::new());
        }
        fresh = false;
        if let Some(last) = out.last_mut() {
            last.extend(c.to_lowercase());
        }
    }
    out
}

/// A noun in lower case without its plural.
pub fn noun(word: &str) -> Cow<'_, str> {
    let irregular = match word {
        "people" | "persons" => "person",
        "children" => "child",
        "statuses" => "status",
        "addresses" => "address",
        "diagnoses" => "diagnosis",
        "prognoses" => "prognosis",
        "analyses" => "analysis",
        "hypotheses" => "hypothesis",
        "crises" => "crisis",
        "indices" => "index",
        "matrices" => "matrix",
        "criteria" => "criterion",
        "men" => "man",
        "women" => "woman",
        "feet" => "foot",
        "teeth" => "tooth",
        "mice" => "mouse",
        "shelves" => "shelf",
        "knives" => "knife",
        "wives" => "wife",
        "lives" => "life",
        "halves" => "half",
        "ids" => "id",
        "series" => "series",
        "species" => "species",
        "e" => "e",
        _ => "",
    };
    if !irregular.is_empty() {
        return Cow::Borrowed(irregular);
    }
    if word.len() > 4 && (word.ends_with("ies") || word.ends_with("ie")) {
        let base = word.trim_end_matches('s').trim_end_matches("ie");
        return Cow::Owned(format!("{base}y"));
    }
    for end in ["sses", "shes", "ches", "xes", "zzes"] {
        if word.ends_with(end) {
            return Cow::Borrowed(&word[..word.len() - 2]);
        }
    }
    let keeps = word.len() < 4 || ["ss", "us", "is"].iter().any(|e| word.ends_with(e));
    if !keeps && let Some(base) = word.strip_suffix('s') {
        return Cow::Borrowed(base);
    }
    Cow::Borrowed(word)
}

/// A value or participle without what its forms differ in: `cancelled`, `canceled`, `cancellation` are `cancel`.
pub fn value(text: &str) -> String {
    parts(text).iter().map(|p| value_part(p)).collect()
}

fn value_part(word: &str) -> String {
    match word {
        "paid" => return "pay".into(),
        "sent" => return "send".into(),
        "lost" => return "lose".into(),
        "sold" => return "sell".into(),
        "cancellation" | "cancellations" => return "cancel".into(),
        _ => {}
    }
    let base = noun(word);
    let cut = |end: &str| base.strip_suffix(end).filter(|b| b.len() >= 3 && b.contains(['a', 'e', 'i', 'o', 'u', 'y']));
    let Some(stem) = cut("ed").or_else(|| cut("ing")) else {
        return base.strip_suffix('e').filter(|b| b.len() >= 3).unwrap_or(&base).to_owned();
    };
    let mut chars: Vec<char> = stem.chars().collect();
    if let [.., a, b] = chars[..]
        && a == b
        && !"aeiousz".contains(a)
    {
        chars.pop();
    }
    chars.into_iter().collect()
}

/// What happens, whatever form the word has: `cancelled`, `cancellation`, `cancel`; `paid`, `payment`.
pub fn action(word: &str) -> String {
    let base = noun(word);
    match base.as_ref() {
        "sale" => return "sell".into(),
        "admission" => return "admit".into(),
        "left" | "leave" => return "leav".into(),
        "begun" | "began" => return "begin".into(),
        _ => {}
    }
    let cut = ["ation", "ment", "ion", "ery"].iter().find_map(|e| base.strip_suffix(e).filter(|b| b.len() >= 3));
    match cut {
        Some(stem) => value_part(&format!("{stem}ed")),
        None => value_part(&base),
    }
}

/// Whether two of [`action`]'s stems are of one verb: `registr` and `register`, `arrival` and `arriv`.
pub fn same_action(a: &str, b: &str) -> bool {
    let common = a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b).count();
    a == b || common >= 4 && common + 2 >= a.len().max(b.len())
}

/// A noun's regular plural, for names and sentences.
pub fn plural(word: &str) -> String {
    if word.ends_with('s') && noun(word) != word {
        return word.to_owned();
    }
    match word.strip_suffix('y') {
        Some(base) if !base.ends_with(['a', 'e', 'i', 'o', 'u']) => format!("{base}ies"),
        _ if ["s", "x", "ch", "sh"].iter().any(|e| word.ends_with(e)) => format!("{word}es"),
        _ => format!("{word}s"),
    }
}

/// A noun's singular as a person would write it: `categories` is `category`, `movies` is `movie`.
pub fn singular(word: &str) -> String {
    match word {
        "movies" | "movie" => "movie".into(),
        _ => noun(word).into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plurals() {
        for (a, b) in [("orders", "order"), ("categories", "category"), ("boxes", "box"), ("status", "status")] {
            assert_eq!(noun(a), b);
        }
        assert_eq!(noun("movie"), noun("movies"));
        assert_eq!(noun("purchases"), "purchase");
        assert_eq!(noun("diagnoses"), noun("diagnosis"));
        assert_eq!(plural("category"), "categories");
        assert_eq!(plural("day"), "days");
        assert_eq!(plural("orders"), "orders");
    }

    #[test]
    fn actions_in_all_their_forms() {
        for (a, b) in [
            ("cancellation", "cancelled"),
            ("registration", "registered"),
            ("delivery", "delivered"),
            ("payment", "paid"),
            ("admission", "admitted"),
            ("shipments", "shipped"),
            ("issue", "issued"),
            ("booking", "booked"),
            ("arrival", "arrived"),
            ("hires", "hire"),
        ] {
            assert!(same_action(&action(a), &action(b)), "{a}: {}, {b}: {}", action(a), action(b));
        }
        for (a, b) in [("order", "paid"), ("shipped", "booked"), ("loan", "load"), ("due", "date"), ("start", "status")]
        {
            assert!(!same_action(&action(a), &action(b)), "{a} {b}");
        }
    }

    #[test]
    fn values_in_all_their_forms() {
        for w in ["cancelled", "canceled", "Cancelled", "cancel", "cancellations"] {
            assert_eq!(value(w), "cancel", "{w}");
        }
        assert_eq!(value("complete"), value("completed"));
        assert_eq!(value("shipping"), value("Shipped"));
        assert_eq!(value("no_show"), value("no-show"));
        assert_eq!(value("paid"), "pay");
        assert_ne!(value("pending"), value("paid"));
    }
}
