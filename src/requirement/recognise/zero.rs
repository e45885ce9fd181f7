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
    "kept in", "kept", "are to stay", "are to be kept", "included too", "included as well",
    "should show zeros", "show zeros", "must show zero", "must show zeros", "get zeros", "should get zero", "should get zeros", "should still appear", "must still appear", "still appear", "must be there", "should be there",
    "are there too", "count too", "should appear too", "must appear too", "should count as zero", "should be listed too", "are listed too", "should be there too", "as well as the others", "should have zeros",
];
/// Where they stay.
const THERE: &[&str] = &[
    "in the list",
    "in the table",
    "in the result",
    "in the output",
    "in the report",
    "in it",
    "in",
    "the list",
    "the table",
    "the result",
    "it",
];
/// What says that there are none, without their name.
#[rustfmt::skip]
const BARE: &[&str] = &[
    "with neither", "with none", "with nothing", "without any", "without", "that have none", "that have neither", "having none", "who have none", "who have neither", "with zero", "with 0", "without either",
    "with neither of them", "with neither of the two", "with none of them", "that have nothing", "without one", "that had none", "who had none", "with none at all",
];
/// What says it of whatever there is a row for.
#[rustfmt::skip]
const NONE: &[&str] = &[
    "even if they have none", "even if there are none", "even if there is none", "even if none", "even where there are none", "0 if none", "zero if none", "zero if there are none", "0 if there are none", "zero if they have none",
    "0 if they have none", "or zero if there are none", "or 0 if there are none", "or zero if none", "or 0 if none", "with 0 if there are none", "with zero if there are none", "0 where there are none", "zero where there are none",
    "0 if there is none", "zero if there is none", "with 0 where there are none", "with zero where there are none",
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
    "with zeros",
    "with zeroes",
    "as zeros",
    "with a 0",
    "with a zero",
    "showing zeros",
];

/// Reads that rows without others stay, or that a table has a row for each of something.
pub fn read<'a>(scan: &Scan<'a>, at: usize, before: &[Piece<'a>]) -> Option<Piece<'a>> {
    if let Some(end) = scan
        .any(at, &["dimension", "dimension table", "dim", "dim table", "dimensions", "master table", "360", "360 view"])
    {
        return Some(Piece { tokens: at..end, kind: Kind::Dimension });
    }
    if let Some(end) = scan.any(scan.any(at, &[",", "(", "and", "show", "showing"]).unwrap_or(at), NONE) {
        return Some(Piece { tokens: at..end, kind: Kind::Zero });
    }
    let comma = scan.any(at, &[","]).unwrap_or(at);
    let lead = scan.any(comma, LEADS);
    let i = scan.article(lead.unwrap_or(comma));
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
    let others = super::others::read(scan, i, &[subject]);
    let mut end = match others {
        Some(Piece { tokens, kind: Kind::Filter(Filter::Others(Others { many: Many::None, .. })) }) => tokens.end,
        Some(_) => return None,
        None => scan.any(i, BARE)?,
    };
    let stays = scan.any(scan.any(end, &[","]).unwrap_or(end), STAY);
    // `…, customers without orders with 0`
    let stays = stays.or_else(|| scan.any(scan.any(end, &[","]).unwrap_or(end), ZERO));
    // `with orders` alone says nothing of those without.
    let weak = lead.is_none_or(|l| scan.word(l - 1) == "with" || scan.word(l - 1) == "count");
    if weak && stays.is_none() {
        return None;
    }
    end = stays.map_or(end, |end| scan.any(end, THERE).unwrap_or(end));
    let comma = scan.any(end, &[",", "and", ", and", ", but"]).unwrap_or(end);
    if let Some(zero) = scan.any(comma, ZERO) {
        end = scan.head(zero).filter(|n| !n.0.hits.tables.is_empty()).map_or(zero, |n| n.1);
    }
    Some(Piece { tokens: at..end, kind: Kind::Zero })
}
