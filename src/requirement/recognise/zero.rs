//! Rows that stay though nothing belongs to them: `customers without orders stay in, with zero orders`, `including products
//! that were never sold`, and the table that has a row for each: `a customer dimension`.

use crate::requirement::piece::{Filter, Kind, Many, Others, Piece};
use crate::requirement::scan::Scan;

const LEADS: &[&str] = &[
    "including",
    "include",
    "also include",
    "also show",
    "also",
    "keep",
    "keep in",
    "even",
    "even for",
    "even if",
    "even when",
    "list also",
    "including the",
    "and keep",
    "and include",
    "and also",
    "with",
    "even those",
    "include those",
    "including those",
    "show also",
    "count",
];
#[rustfmt::skip]
const STAY: &[&str] = &[
    "stay in", "stay", "stays", "stays in", "are kept", "remain", "are included", "should be included", "should stay", "should stay in", "must stay", "must stay in", "must remain",
    "should remain", "should appear", "must appear", "appear", "appear too", "are shown", "should be shown", "must be included", "must be kept", "should be kept", "are listed",
    "should be listed", "included", "count as zero", "count as 0", "get zero", "get a zero", "get 0", "have zero", "show zero", "should show zero", "should have zero", "too", "as well", "also",
    "kept in", "kept", "stay in the table", "stay in the result", "are to stay", "are to be kept", "included too", "included as well",
];
/// What may stand after a comma: how many they have.
const ZERO: &[&str] = &[
    "with zero",
    "with 0",
    "as zero",
    "as 0",
    "with a zero",
    "with a count of zero",
    "with a count of 0",
    "showing zero",
    "showing 0",
    "zero",
];

/// Reads that rows without others stay, or that a table has a row for each of something.
pub fn read<'a>(scan: &Scan<'a>, at: usize, before: &[Piece<'a>]) -> Option<Piece<'a>> {
    if let Some(end) = scan
        .any(at, &["dimension", "dimension table", "dim", "dim table", "dimensions", "master table", "360", "360 view"])
    {
        return Some(Piece { tokens: at..end, kind: Kind::Dimension });
    }
    let lead = scan.any(at, LEADS);
    let i = scan.article(lead.unwrap_or(at));
    // `customers without orders stay in`, `those without orders too`, `even if they have none`
    let (subject, i) = match scan.head(i) {
        Some((noun, end)) if !noun.hits.tables.is_empty() => {
            (Piece { tokens: noun.tokens.clone(), kind: Kind::Noun(noun) }, end)
        }
        _ => {
            let i = scan.any(i, &["those", "the ones", "ones", "them", "they", "all"]).or(lead)?;
            let last = before.iter().rev().find(|p| matches!(&p.kind, Kind::Noun(n) if !n.hits.tables.is_empty()))?;
            (last.clone(), i)
        }
    };
    let others = super::others::read(scan, i, &[subject])?;
    let Kind::Filter(Filter::Others(Others { many: Many::None | Many::Count("=", 0), .. })) = others.kind else {
        return None;
    };
    let mut end = others.tokens.end;
    let stays = scan.any(scan.any(end, &[","]).unwrap_or(end), STAY);
    // `with orders` alone says nothing of those without.
    let weak = lead.is_none_or(|l| scan.word(l - 1) == "with" || scan.word(l - 1) == "count");
    if weak && stays.is_none() {
        return None;
    }
    end = stays.unwrap_or(end);
    let comma = scan.any(end, &[",", "and", ", and", ", but"]).unwrap_or(end);
    if let Some(zero) = scan.any(comma, ZERO) {
        end = scan.head(zero).filter(|n| !n.0.hits.tables.is_empty()).map_or(zero, |n| n.1);
    }
    Some(Piece { tokens: at..end, kind: Kind::Zero })
}
