//! Questions to people: printed, or asked on a terminal.

use std::io::{BufRead, IsTerminal, Write};

use super::report::{Ui, pointed};
use crate::requirement::Question;

/// Whether somebody sits there who can be asked.
pub(super) fn is_somebody_there(ui: &Ui) -> bool {
    !ui.json && !ui.quiet && std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// A question with its candidates, numbered, under the words that it is about.
pub(super) fn shown(question: &Question, requirement: &str) -> String {
    let mut out = format!("? {}  [{}]\n", question.about, question.key);
    if let Some(excerpt) = pointed(requirement, &question.words) {
        out.push_str(&excerpt);
    }
    let width = question.candidates.iter().map(|c| c.chars().count()).max().unwrap_or(0).min(40);
    for (i, candidate) in question.candidates.iter().enumerate() {
        let line = match question.differs.get(candidate) {
            Some(differs) => format!("  {:2}  {candidate:width$}  {differs}\n", i + 1),
            None => format!("  {:2}  {candidate}\n", i + 1),
        };
        out.push_str(&line);
    }
    out
}

/// Asks until there is an answer; none where nothing is said.
pub(super) fn ask(
    question: &Question,
    requirement: &str,
    from: &mut impl BufRead,
    to: &mut impl Write,
) -> std::io::Result<Option<String>> {
    write!(to, "{}", shown(question, requirement))?;
    loop {
        let own = if question.is_open() { ", or your own words" } else { "" };
        write!(to, "Answer with 1 to {}{own}; nothing stops: ", question.candidates.len())?;
        to.flush()?;
        let mut line = String::new();
        if from.read_line(&mut line)? == 0 || line.trim().is_empty() {
            writeln!(to)?;
            return Ok(None);
        }
        if let Some(value) = question.value(&line) {
            writeln!(to)?;
            return Ok(Some(value));
        }
        writeln!(to, "`{}` is none of them.", line.trim().escape_debug())?;
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn asked(typed: &str) -> (Option<String>, String) {
        let about = "`invoices`: no table of the contracts is called that. Which one is meant?";
        let question = Question::new(about).key("table.invoices").or_that("orders", "200 rows a day").or("payments");
        let mut to = Vec::new();
        let answer = ask(&question, "Daily summary\nof invoices", &mut typed.as_bytes(), &mut to).unwrap();
        (answer, String::from_utf8(to).unwrap())
    }

    #[test]
    fn it_asks_until_there_is_an_answer() {
        let (answer, said) = asked("7\nbills\u{1b}[31m\n2\n");
        assert_eq!(answer.as_deref(), Some("payments"));
        assert!(!said.contains('\u{1b}'), "{said}");
        let expected = [
            "? `invoices`: no table of the contracts is called that. Which one is meant?  [table.invoices]",
            "    of invoices",
            "       ^^^^^^^^",
            "   1  orders    200 rows a day",
            "   2  payments",
            "Answer with 1 to 2; nothing stops: `7` is none of them.",
            "Answer with 1 to 2; nothing stops: `bills\\u{1b}[31m` is none of them.",
            "Answer with 1 to 2; nothing stops: ",
        ];
        assert_eq!(said.trim_end_matches('\n').split('\n').collect::<Vec<_>>(), expected);
        assert_eq!(asked("Orders\n").0.as_deref(), Some("orders"));
    }

    #[test]
    fn nothing_stops_it() {
        for typed in ["", "\n", "x\n", "x\n   \n"] {
            assert_eq!(asked(typed).0, None, "{typed:?}");
        }
    }
}
