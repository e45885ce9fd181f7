//! Sentences for what nobody described: every model and column has one.

use super::Resolved;
use crate::contract::{self, Contract};
use crate::spec::{Function, Measure, Model, Over, Windowed};
use crate::vocabulary::{DataType, Name};

/// A landed column.
pub(super) fn landed(contract: &Contract, column: &contract::Column) -> String {
    if let Some(text) = &column.description {
        return sentence(text);
    }
    let row = singular(&contract.table);
    if column.primary_key.is_some() {
        let part = if contract.key().len() > 1 { "Part of the key" } else { "Key" };
        return format!("{part} of the {row}.");
    }
    if let Some(to) = &column.references {
        return format!("The {} that the {row} belongs to.", singular(&to.table));
    }
    let moment = column.data_type.is_temporal();
    match column.name.as_str().strip_suffix("_at").filter(|did| moment && did.ends_with("ed")) {
        Some(did) => format!("When the {row} was {} (UTC).", did.replace('_', " ")),
        None if column.data_type == DataType::Timestamp => format!("{} of the {row} (UTC).", words(&column.name)),
        None => format!("{} of the {row}.", words(&column.name)),
    }
}

/// What one row of a table is called: `order item` for `order_items`.
fn singular(table: &Name) -> String {
    let text = table.as_str().replace('_', " ");
    let cut = |tail: &str, instead: &str| text.strip_suffix(tail).map(|head| format!("{head}{instead}"));
    if ["ss", "us", "is", "news", "series"].iter().any(|tail| text.ends_with(tail)) {
        return text;
    }
    cut("ies", "y")
        .or_else(|| ["sses", "shes", "ches", "xes"].iter().find_map(|tail| cut(tail, &tail[..tail.len() - 2])))
        .or_else(|| cut("s", ""))
        .unwrap_or(text)
}

/// A column of the grain.
pub(super) fn group(expr: &str, of: Option<&str>, data_type: Option<DataType>) -> String {
    let flat = expr.to_lowercase();
    match (flat.split_once("date_trunc('").and_then(|(_, rest)| rest.split_once('\'')), of) {
        (Some((unit, _)), Some(of)) => format!("First day of the {unit} of {of}."),
        (None, Some(of)) if data_type == Some(DataType::Date) && flat.starts_with("cast(") => format!("Day of {of}."),
        _ => format!("Computed as {}.", code(expr)),
    }
}

/// An aggregate.
pub(super) fn measure(measure: &Measure, function: Function, expr: &str, from: &Resolved) -> String {
    let by = measure.by.as_deref().map(|by| format!(" by {}", code(by))).unwrap_or_default();
    let text = match function {
        Function::Count if expr == "*" => format!("{}.", count_of(from)),
        Function::Count => format!("Number of {} with {}.", noun(from), code(expr)),
        Function::CountDistinct => format!("Number of different values of {}.", code(expr)),
        Function::Sum => format!("Sum of {}.", code(expr)),
        Function::Avg => format!("Mean of {}.", code(expr)),
        Function::Min => format!("Smallest {}.", code(expr)),
        Function::Max => format!("Largest {}.", code(expr)),
        Function::Median => format!("Median of {}.", code(expr)),
        Function::First => format!("First {}{by}.", code(expr)),
        Function::Last => format!("Last {}{by}.", code(expr)),
        Function::Expr => format!("Computed as {}.", code(expr)),
    };
    match &measure.filter {
        Some(condition) => format!("{} where {}.", text.trim_end_matches('.'), code(condition)),
        None => text,
    }
}

/// A measure over the rows around.
pub(super) fn windowed(windowed: &Windowed, over: Over, of: &Name, order: Option<&Name>) -> String {
    let list_of = |names: &[Name]| list(&names.iter().map(Name::as_str).collect::<Vec<_>>());
    let each = if windowed.per.is_empty() { String::new() } else { format!(", for each {}", list_of(&windowed.per)) };
    let by = order.map(|o| format!(", in the order of {o}")).unwrap_or_default();
    let before = match windowed.back.unwrap_or(1) {
        1 => "the row before".to_owned(),
        n => format!("the {n}th row before"),
    };
    let (fraction, of_ten) = if windowed.percent { ("in percent", "10") } else { ("as a fraction", "0.1") };
    match over {
        Over::Running => format!("Running total of {of}{by}{each}."),
        Over::MovingAverage => {
            let rows = windowed.rows.unwrap_or(2);
            format!("Mean of {of} over the last {rows} rows, this one with them; fewer at the start{by}{each}.")
        }
        Over::MovingSum => {
            let rows = windowed.rows.unwrap_or(2);
            format!("Sum of {of} over the last {rows} rows, this one with them; fewer at the start{by}{each}.")
        }
        Over::Previous => format!("The {of} of {before}{by}{each}."),
        Over::Change => format!("The {of} less that of {before}{by}{each}."),
        Over::Growth => format!("Change of {of} over {before}, {fraction} of that: {of_ten} is ten percent{by}{each}."),
        Over::Share => {
            let whole = if windowed.per.is_empty() { "all rows".to_owned() } else { list_of(&windowed.per) };
            let whole = if windowed.per.is_empty() { whole } else { format!("the rows of the same {whole}") };
            format!("Part of {of} in the sum over {whole}, {fraction}: {of_ten} is ten percent.")
        }
        Over::Rank => {
            let first = if windowed.ascending { "smallest" } else { "largest" };
            format!("Place by {of}, 1 is the {first}; equal values share a place{each}.")
        }
    }
}

/// `Number of orders`.
fn count_of(from: &Resolved) -> String {
    format!("Number of {}", noun(from))
}

/// A model over models.
pub(super) fn query(model: &Model, base: &Resolved, grain: &[Name]) -> String {
    if let Some(text) = &model.description {
        return sentence(text);
    }
    let mut text = if model.measures.is_empty() {
        capitalised(&noun(base))
    } else {
        let measures: Vec<&str> = model.measures.iter().map(|m| m.name.as_str()).collect();
        format!("{} of {}", capitalised(&list(&measures)), noun(base))
    };
    if let Some(window) = &model.window {
        text.push_str(&format!(" over {}", window.said()));
    }
    if !model.group_by.is_empty() {
        let grain: Vec<&str> = grain.iter().map(Name::as_str).collect();
        text.push_str(&format!(", one row per {}", list(&grain)));
    }
    if let Some(top) = &model.top {
        let by: Vec<&str> = top.by.iter().map(|o| o.by.as_str()).collect();
        text.push_str(&format!(", the first {} by {}", top.rows, list(&by)));
    }
    text + "."
}

/// A staging model.
pub(super) fn staging(contract: &Contract) -> String {
    match &contract.description {
        Some(text) => sentence(text),
        None => format!("{} as {} holds them.", words(&contract.table), contract.source),
    }
}

/// With a full stop at its end.
pub(super) fn sentence(text: &str) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.is_empty() || text.ends_with(['.', '!', '?']) { text } else { text + "." }
}

fn noun(model: &Resolved) -> String {
    model.noun().as_str().replace('_', " ")
}

fn words(name: &Name) -> String {
    capitalised(&name.as_str().replace('_', " "))
}

fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

fn code(expr: &str) -> String {
    let expr = expr.split_whitespace().collect::<Vec<_>>().join(" ");
    if expr.contains('`') { expr } else { format!("`{expr}`") }
}

fn list(words: &[&str]) -> String {
    match words {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [head @ .., last] => format!("{} and {last}", head.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_row_is_called_by_its_singular() {
        for (table, row) in [
            ("orders", "order"),
            ("order_items", "order item"),
            ("categories", "category"),
            ("addresses", "address"),
            ("boxes", "box"),
            ("news", "news"),
            ("status", "status"),
            ("people", "people"),
        ] {
            assert_eq!(singular(&Name::parse(table).unwrap()), row);
        }
    }
}
