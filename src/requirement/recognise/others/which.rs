//! Which of the other rows count: windows, and filters that can be said of them but not of the rows that have them.

use super::{LIGHT, filter};
use crate::requirement::piece::{Filter, Kind, Noun, Piece};
use crate::requirement::recognise::window;
use crate::requirement::scan::Scan;
use crate::vocabulary::TableRef;

pub(super) fn read<'a>(
    scan: &Scan<'a>,
    at: usize,
    noun: &Noun<'a>,
    subjects: &[&'a TableRef],
) -> (Vec<Piece<'a>>, usize) {
    let (mut out, mut end) = (Vec::new(), at);
    let reads = |from: &[&'a TableRef], table: &TableRef| from.iter().any(|t| *t == table || scan.leads(t, table));
    loop {
        let i = scan.any(end, &["that", "which", "and"]).unwrap_or(end);
        let made = scan.skip(scan.skip(i, &["were", "was", "have been", "has been", "are", "is"]), LIGHT);
        // `no tickets opened in the last 90 days`: a participle before a time says nothing more.
        let past = made + usize::from(scan.word(made).ends_with("ed"));
        let places = [end, i, made, past];
        let when = places.into_iter().find_map(|i| window::read(scan, i, &[]));
        let next = when.or_else(|| {
            // `and no completed order` is a condition of its own.
            let says = |i: &usize| !matches!(scan.word(*i), "no" | "without" | "never");
            let piece = [end, i, made].into_iter().filter(says).find_map(|i| filter::read(scan, i, &[]))?;
            let fits = match &piece.kind {
                Kind::Window(_) | Kind::Period { .. } => true,
                Kind::Filter(Filter::Values { values, .. }) => values.iter().all(|v| {
                    let own = v.of.iter().any(|v| noun.hits.tables.contains(&v.table));
                    let theirs = v.of.iter().any(|v| reads(subjects, v.table));
                    own || !theirs && v.of.iter().any(|v| reads(&noun.hits.tables, v.table))
                }),
                Kind::Filter(Filter::Compare { noun: n, .. } | Filter::Missing { noun: n, .. }) => {
                    n.hits.columns.iter().any(|c| noun.hits.tables.contains(&c.table))
                }
                _ => false,
            };
            fits.then_some(piece)
        });
        let Some(piece) = next else { return (out, end) };
        end = piece.tokens.end;
        out.push(piece);
    }
}
