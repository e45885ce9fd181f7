//! Files that are no SQL: seeds and Python.

use std::collections::BTreeMap;

/// Whether a seed holds other rows: by the columns that both have, in whatever order rows and columns stand.
pub(super) fn rows_differ(base: &str, head: &str) -> bool {
    let (old, new) = (records(base), records(head));
    let (Some(names), Some(others)) = (old.first(), new.first()) else { return old.len() != new.len() };
    let both: Vec<(usize, usize)> = names
        .iter()
        .enumerate()
        .filter_map(|(i, name)| Some((i, others.iter().position(|o| o.eq_ignore_ascii_case(name))?)))
        .collect();
    let mut count: BTreeMap<Vec<&str>, isize> = BTreeMap::new();
    for row in &old[1..] {
        *count.entry(both.iter().map(|(i, _)| row.get(*i).map_or("", String::as_str)).collect()).or_default() += 1;
    }
    for row in &new[1..] {
        *count.entry(both.iter().map(|(_, i)| row.get(*i).map_or("", String::as_str)).collect()).or_default() -= 1;
    }
    count.values().any(|n| *n != 0)
}

/// The records of a CSV file, quotes understood.
fn records(text: &str) -> Vec<Vec<String>> {
    let (mut out, mut row, mut cell, mut quoted) = (Vec::new(), Vec::new(), String::new(), false);
    let mut chars = text.trim_start_matches('\u{feff}').chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => {
                chars.next();
                cell.push('"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => row.push(std::mem::take(&mut cell)),
            '\r' if !quoted => {}
            '\n' if !quoted => {
                row.push(std::mem::take(&mut cell));
                out.push(std::mem::take(&mut row));
            }
            c => cell.push(c),
        }
    }
    if !cell.is_empty() || !row.is_empty() {
        row.push(cell);
        out.push(row);
    }
    out.retain(|r| r.iter().any(|c| !c.is_empty()));
    out
}

/// Whether two Python files differ in comments on lines of their own and empty lines only.
pub(super) fn same_python(base: &str, head: &str) -> bool {
    let lines = |text: &'_ str| -> Vec<String> {
        let kept = text.lines().map(str::trim_end).filter(|l| !l.is_empty() && !l.trim_start().starts_with('#'));
        kept.map(str::to_owned).collect()
    };
    lines(base) == lines(head)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_compared_by_the_columns_that_both_have() {
        assert!(!rows_differ("a,b\n1,2\n3,4\n", "a,b\r\n3,4\r\n1,\"2\""));
        assert!(!rows_differ("a,b\n1,2\n", "b,a,c\n2,1,9\n"));
        assert!(rows_differ("a,b\n1,2\n", "a,b\n1,3\n"));
        assert!(rows_differ("a,b\n1,2\n", "a,b\n1,2\n1,2\n"));
        assert!(!rows_differ("", ""));
        assert!(rows_differ("a\n1\n", "\"a\n1\n"));
    }

    #[test]
    fn comments_in_python_say_nothing() {
        assert!(same_python("x = 1\n# one\n", "# two\n\nx = 1"));
        assert!(!same_python("x = 1\n", "x = 2\n"));
    }
}
