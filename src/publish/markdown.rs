//! Text from outside in Markdown, so that it says just what it says.

/// Text from outside as Markdown that says just that, in one line, also in a table.
pub fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let chars: Vec<char> = text.split_whitespace().collect::<Vec<_>>().join(" ").chars().collect();
    let word = |i: Option<usize>| i.and_then(|i| chars.get(i)).is_some_and(|c| c.is_alphanumeric());
    for (i, &c) in chars.iter().enumerate() {
        let inside = word(i.checked_sub(1)) && word(Some(i + 1));
        match c {
            '<' => out.push_str("&lt;"),
            '&' => out.push_str("&amp;"),
            // A name after it would be told of the pull request.
            '@' => out.push_str("@\u{200b}"),
            '_' if inside => out.push(c),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '$' => out.extend(['\\', c]),
            '#' | '>' | '+' | '-' | '=' if i == 0 => out.extend(['\\', c]),
            c if c.is_control() || is_turn(c) => {}
            c => out.push(c),
        }
    }
    out
}

/// As [`plain`], with what stands between backticks as code.
pub fn prose(text: &str) -> String {
    let parts: Vec<&str> = text.split('`').collect();
    // An odd one out is no pair.
    if parts.len().is_multiple_of(2) {
        return plain(text);
    }
    let shown = |(i, part): (usize, &&str)| match (i % 2, part.trim().is_empty()) {
        (0, _) => {
            let (before, after) = (part.starts_with(char::is_whitespace), part.ends_with(char::is_whitespace));
            let space = |there: bool| if there { " " } else { "" };
            match plain(part) {
                text if text.is_empty() => space(before || after).to_owned(),
                text => format!("{}{text}{}", space(before), space(after)),
            }
        }
        (_, true) => String::new(),
        _ => code(part),
    };
    parts.iter().enumerate().map(shown).collect::<String>().trim().to_owned()
}

/// Text from outside as code in one line, also in a table.
pub fn code(text: &str) -> String {
    let odd = |c: char| c == '`' || c.is_control() || is_turn(c);
    let clean: String = text.chars().map(|c| if odd(c) { ' ' } else { c }).collect();
    format!("`{}`", clean.trim().replace('|', "\\|"))
}

/// Whether a character turns the direction of writing, so that text reads as what it is not.
fn is_turn(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_between_backticks_is_code_and_the_rest_says_just_that() {
        assert_eq!(prose("`a_b`: column `x|y` is *gone*"), "`a_b`: column `x\\|y` is \\*gone\\*");
        assert_eq!(prose("one ` of two"), "one \\` of two");
        assert_eq!(prose("`<b>` <b> @team"), "`<b>` &lt;b> @\u{200b}team");
        assert_eq!(code("a`b\u{202e}"), "`a b`");
    }
}
