//! Checks that are asked: `are all e-mails valid?`, `do all customers have a phone number? Check that.`

use super::complement::complement;
use super::predicate::{self, turn};
use super::subject::{Subject, subject};
use crate::requirement::Question;
use crate::requirement::check::Rule;
use crate::requirement::piece::{Kind, Piece};
use crate::requirement::scan::Scan;

const ARE: &[&str] =
    &["are all", "are the", "are our", "are all the", "are all our", "are all of the", "is every", "is each", "is the"];
const DO: &[&str] = &["do all", "do the", "do our", "do all our", "do all of our", "does every", "does each"];
const CHECK: &[&str] = &["check that", "check this", "check it", "please check", "please check that", "verify that"];

/// Reads it: what must hold, the rule, and the end.
pub(super) fn read<'a>(scan: &Scan<'a>, at: usize) -> Option<(Subject<'a>, Rule<'a>, usize)> {
    let (cond, wanted, subject, end) = if let Some(i) = scan.any(at, ARE) {
        let subject = subject(scan, i)?;
        let (cond, end) = complement(scan, &subject, subject.end, false)?;
        (cond, true, subject, end)
    } else {
        let subject = subject(scan, scan.any(at, DO)?)?;
        let said = predicate::read(scan, &subject, true)?;
        let subject = match said.property {
            Some(noun) => subject.property(noun),
            None => subject,
        };
        (said.cond, !said.negated, subject, said.end)
    };
    let end = scan.any(end, &["?"])?;
    let rule = turn(scan, cond, wanted)?;
    let told = scan.any(end, CHECK).filter(|i| scan.tokens.get(*i).is_none_or(|t| t.ends_clause()));
    Some((subject, rule, told.unwrap_or(end)))
}

/// `Are the orders paid?`: a question of yes or no that states no check; what is wanted of it is asked.
pub(super) fn unclear<'a>(scan: &Scan<'a>, at: usize) -> Option<Piece<'a>> {
    let starts = at == 0 || scan.tokens[at - 1].ends_clause();
    [ARE, DO].iter().filter(|_| starts).find_map(|list| scan.any(at, list))?;
    let end = (at..scan.tokens.len()).find(|i| scan.tokens[*i].ends_clause())?;
    let end = scan.any(end, &["?"])?;
    let about = format!("`{}`: what is wanted, a list of rows or a check of something?", scan.words(&(at..end)));
    Some(Piece { tokens: at..end, kind: Kind::Ask(Question::new(about).or("list the …").or("check that …")) })
}
