//! YAML that PyYAML reads and the parser does not: lists in brackets and texts in quotes whose further lines stand too
//! far to the left. Their lines are put into one, each byte in its place.

/// The text with line ends taken out of brackets and quotes; none where there are none in them.
pub(super) fn eased(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut changed = false;
    // Brackets that are open, the quotes that are, and what a line is more indented than while a block text lasts.
    let (mut open, mut quote, mut block): (usize, Option<char>, Option<usize>) = (0, None, None);
    for line in text.split_inclusive('\n') {
        let indent = line.len() - line.trim_start_matches(' ').len();
        if let Some(than) = block {
            if line.trim().is_empty() || indent > than {
                out.push_str(line);
                continue;
            }
            block = None;
        }
        let (mut before, mut comment) = (' ', false);
        let mut chars = line.chars().peekable();
        // Whether a value may begin here.
        let mut fresh = true;
        while let Some(c) = chars.next() {
            match (quote, c) {
                _ if matches!(c, '\n' | '\r') => {
                    let within = quote.is_some() || open > 0;
                    changed |= within;
                    out.push(if within { ' ' } else { c });
                    continue;
                }
                _ if comment => {
                    // In brackets it would hide what follows.
                    match open {
                        0 => out.push(c),
                        _ => out.extend(std::iter::repeat_n(' ', c.len_utf8())),
                    }
                    continue;
                }
                (Some('"'), '\\') => {
                    out.push(c);
                    match chars.peek() {
                        Some('\n' | '\r') | None => {}
                        Some(next) => {
                            out.push(*next);
                            chars.next();
                        }
                    }
                    continue;
                }
                (Some(q), c) if c == q => quote = None,
                (Some(_), _) => {}
                (None, '"' | '\'') if fresh => quote = Some(c),
                (None, '[' | '{') if fresh || open > 0 => open += 1,
                (None, ']' | '}') => open = open.saturating_sub(1),
                (None, '#') if before.is_whitespace() => {
                    comment = true;
                    out.push(if open > 0 { ' ' } else { c });
                    continue;
                }
                _ => {}
            }
            out.push(c);
            let next_is_space = chars.peek().is_none_or(|c| c.is_whitespace());
            fresh = quote.is_none()
                && match c {
                    ' ' | '\t' => fresh,
                    ':' | '-' | '?' => next_is_space || open > 0,
                    '[' | '{' | ',' => open > 0,
                    _ => false,
                };
            before = c;
        }
        let written = line.trim_end();
        let head = written.trim_end_matches(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-'));
        if open == 0
            && quote.is_none()
            && (head.ends_with('|') || head.ends_with('>'))
            && head[..head.len() - 1].ends_with([' ', '\t'])
        {
            block = Some(indent);
        }
    }
    changed.then_some(out)
}
