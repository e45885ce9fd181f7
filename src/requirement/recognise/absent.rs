//! Rows by whether a column has a value, where that is said beside other words: `excluding those without a phone`,
//! `(no termination date)`.

use crate::requirement::Question;
use crate::requirement::piece::{Filter, Kind, Noun, Piece};
use crate::requirement::scan::Scan;

#[rustfmt::skip]
const OUT: &[&str] = &["excluding", "exclude", "ignoring", "ignore", "leave out", "leaving out", "except", "except for", "without", "but not", "not counting", "skip", "omit", "drop", "not"];
#[rustfmt::skip]
const LACK: &[&str] = &["without", "without a", "without an", "without any", "with no", "with a missing", "with missing", "with an empty", "that have no", "who have no", "which have no", "having no", "lacking", "lacking a", "missing", "missing a", "that lack", "that lack a"];

/// Reads that a value must, or must not be there.
pub fn read<'a>(scan: &Scan<'a>, at: usize, before: &[Piece<'a>]) -> Option<Piece<'a>> {
    never_did(scan, at).or_else(|| left_out(scan, at)).or_else(|| none(scan, at, before))
}

/// `users who have not logged in`: what somebody has not done is no condition on the rows of what was done.
fn never_did<'a>(scan: &Scan<'a>, at: usize) -> Option<Piece<'a>> {
    let did = at > 0 && matches!(scan.word(at - 1), "have" | "has" | "had" | "did" | "do" | "does");
    let i = scan.any(at, &["not", "never", "not yet"]).filter(|_| did)?;
    let (values, end) = scan.values(i);
    if values.is_empty() {
        return None;
    }
    let words = scan.words(&(at - 1..end));
    let about = format!(
        "`{words}`: is it about rows that lack such rows in another table? Say it as `… without …`, with that table's name."
    );
    Some(Piece { tokens: at..end, kind: Kind::Ask(Question::new(about).or_without()) })
}

/// `ignoring those with no discharge date`, `excluding customers without a phone`.
fn left_out<'a>(scan: &Scan<'a>, at: usize) -> Option<Piece<'a>> {
    let out = scan.any(at, OUT)?;
    let i = scan.article(out);
    let those = scan.any(out, &["those", "the rows", "ones", "rows", "records", "any", "people", "entries"]);
    let i = those.or_else(|| {
        scan.head(i).filter(|(n, _)| !n.hits.tables.is_empty() && n.hits.columns.is_empty()).map(|n| n.1)
    })?;
    let (noun, end) = column(scan, scan.any(i, LACK)?)?;
    Some(Piece { tokens: at..end, kind: Kind::Filter(Filter::Missing { noun, missing: false }) })
}

/// `no termination date`, after a mark.
fn none<'a>(scan: &Scan<'a>, at: usize, before: &[Piece<'a>]) -> Option<Piece<'a>> {
    let i = scan.any(at, &["no", "without", "i.e. no", "that is no"])?;
    let fresh =
        at == 0 || scan.tokens.get(at - 1).is_some_and(|t| t.ends_clause() || matches!(t.lower.as_str(), "(" | ","));
    let (noun, end) = column(scan, i).filter(|_| fresh && !before.is_empty())?;
    Some(Piece { tokens: at..end, kind: Kind::Filter(Filter::Missing { noun, missing: true }) })
}

fn column<'a>(scan: &Scan<'a>, at: usize) -> Option<(Noun<'a>, usize)> {
    scan.head(at).filter(|(n, _)| n.hits.tables.is_empty() && !n.hits.columns.is_empty())
}
