//! Checks that are asked: `are all e-mails valid?`, `do all customers have a phone number? Check that.`

use super::complement::complement;
use super::predicate::{self, turn};
use super::subject::{Subject, subject};
use crate::requirement::check::Rule;
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
