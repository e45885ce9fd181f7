//! A table for people: cells are wrapped to the width of the terminal.

/// Between two columns.
const GAP: usize = 2;

/// Lines of a table whose columns are at most as wide as `widths`.
pub(super) fn table(rows: &[Vec<String>], widths: &[usize]) -> Vec<String> {
    let count = |text: &str| text.chars().count();
    let wide = |i: usize| rows.iter().filter_map(|row| row.get(i)).map(|cell| count(cell)).max().unwrap_or(0);
    let widths: Vec<usize> = widths.iter().enumerate().map(|(i, most)| wide(i).min(*most).max(1)).collect();
    let mut out = Vec::new();
    for row in rows {
        let cells: Vec<Vec<String>> = row.iter().zip(&widths).map(|(cell, width)| wrap(cell, *width)).collect();
        for line in 0..cells.iter().map(Vec::len).max().unwrap_or(0) {
            let mut text = String::new();
            for (cell, width) in cells.iter().zip(&widths) {
                let part = cell.get(line).map_or("", String::as_str);
                text.push_str(part);
                text.extend(std::iter::repeat_n(' ', (width + GAP).saturating_sub(count(part))));
            }
            out.push(text.trim_end().to_owned());
        }
    }
    out
}

/// Words in lines of at most `width` characters; a longer word is cut, after a dot, an underscore or a comma if there is one.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut out = vec![String::new()];
    for word in text.split_whitespace() {
        let mut rest: Vec<char> = word.chars().filter(|c| !c.is_control()).collect();
        while !rest.is_empty() {
            let had = out.last().map_or(0, |line| line.chars().count());
            let room = width.saturating_sub(had + usize::from(had > 0));
            let take = if rest.len() <= room {
                rest.len()
            } else if had > 0 {
                out.push(String::new());
                continue;
            } else {
                let most = &rest[..width.min(rest.len())];
                most.iter().rposition(|c| "._,".contains(*c)).map_or(most.len(), |i| i + 1)
            };
            let part: String = rest.drain(..take).collect();
            if let Some(line) = out.last_mut() {
                if had > 0 {
                    line.push(' ');
                }
                line.push_str(&part);
            }
            if !rest.is_empty() {
                out.push(String::new());
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_wrapped_and_stay_in_their_columns() {
        let rows = [
            vec!["words".into(), "where they went".into()],
            vec!["last 30 days of customer orders".into(), "models.daily_customer_orders.window".into()],
            vec!["日本語🚲\u{1b}[31m".into(), String::new()],
        ];
        let expected = [
            "words             where they went",
            "last 30 days of   models.daily_",
            "customer orders   customer_orders.",
            "                  window",
            "日本語🚲[31m",
        ];
        assert_eq!(table(&rows, &[16, 20]), expected);
        assert!(table(&[], &[3]).is_empty());
        assert_eq!(table(&[vec!["abc".into()]], &[0]), ["a", "b", "c"]);
    }
}
