//! Periods without rows that are rows too: `include days without orders`, `no gaps`, `even if nothing was sold`.

use crate::requirement::piece::{Kind, Piece, Shape};
use crate::requirement::scan::Scan;
use crate::vocabulary::Unit;

#[rustfmt::skip]
const GAPS: &[&str] = &[
    "no gaps", "without gaps", "without any gaps", "fill gaps", "fill the gaps", "fill in gaps", "fill in the gaps", "filling gaps", "filling the gaps", "gaps filled", "with gaps filled", "fill any gaps",
    "gap-free", "with no gaps", "no missing dates", "no missing days", "no missing months", "no missing weeks", "no missing hours", "no days missing", "gaps are filled", "continuous", "without missing days", "no day missing",
    "don't skip days", "do not skip days", "do not leave out days", "with the gaps filled", "fill gaps in the dates",
];
const LACKING: &[&str] = &[
    "without",
    "with no",
    "that have no",
    "that had no",
    "having no",
    "where there are no",
    "where there were no",
    "with zero",
    "on which there are no",
    "on which there were no",
    "in which there are no",
    "in which there were no",
    "where nothing",
    "when nothing",
    "on which nothing",
    "that lack",
    "with 0",
    "with none",
    "with nothing",
    "where no",
    "in which no",
    "on which no",
    "when no",
];
const LEAD: &[&str] = &[
    "include",
    "including",
    "also",
    "even",
    "show",
    "with",
    "and",
    "keep",
    "the",
    "all",
    ",",
    "fill in",
    "fill",
    "add",
    "plus",
    "with a row for",
    "a row for",
    "for",
    "on",
    "insert",
    "(",
    "any",
    "empty",
    "but",
];
const ZERO: &[&str] = &["0", "zero", "zeros", "zeroes", "a zero", "a 0"];

/// Reads the wish for periods without rows.
pub fn read<'a>(scan: &Scan<'a>, at: usize, _: &[Piece<'a>]) -> Option<Piece<'a>> {
    let i = scan.skip(at, LEAD);
    let end = scan
        .any(i, GAPS)
        .or_else(|| scan.any(at, GAPS))
        .or_else(|| missing(scan, i))
        .or_else(|| lacking(scan, at, i))
        .or_else(|| even_if(scan, at))?;
    Some(Piece { tokens: at..as_zero(scan, end), kind: Kind::Shape(Shape::Fill) })
}

fn periods(scan: &Scan<'_>, at: usize) -> Option<usize> {
    let unit = Unit::parse(scan.word(at)).is_some() || matches!(scan.word(at), "dates" | "periods" | "date" | "period");
    unit.then_some(at + 1)
}

/// `missing days`, `empty months`, `gaps in the dates`.
fn missing(scan: &Scan<'_>, i: usize) -> Option<usize> {
    let j = scan.any(i, &["missing", "absent", "empty", "quiet", "zero"])?;
    periods(scan, j).filter(|e| scan.word(e - 1).ends_with('s'))
}

/// `days without orders`, `days on which nothing was sold`.
fn lacking(scan: &Scan<'_>, at: usize, i: usize) -> Option<usize> {
    let zero = scan.any(i, ZERO).and_then(|j| scan.any(j, &["for", "on", "in"])).map(|j| scan.article(j));
    let i = zero.unwrap_or(i);
    let j = periods(scan, i)?;
    let j = scan.any(j, &["("]).unwrap_or(j);
    let k = scan.any(j, LACKING)?;
    // `orders per day without cancelled ones` stands behind a grain, not before it.
    let several = scan.word(i).ends_with('s');
    if !several && zero.is_none() && i == at {
        return None;
    }
    let end = scan.noun(k).map_or(k, |n| n.1);
    // A condition: `days without cancelled orders` leaves days out.
    if i == at && zero.is_none() && as_zero(scan, end) == end {
        return None;
    }
    Some(scan.skip(
        end,
        &[
            "any", "sales", "was", "were", "sold", "ordered", "happened", "placed", "at all", "activity", "data",
            "rows", "revenue", "are", "in them", ")",
        ],
    ))
}

/// `even if nothing was sold`, `even when there are none`.
fn even_if(scan: &Scan<'_>, at: usize) -> Option<usize> {
    let i = scan.any(at, &["even if", "even when", "even on days when", "even though", "also if", "also when"])?;
    let j = scan.any(
        i,
        &[
            "nothing",
            "there are none",
            "there were none",
            "there is none",
            "there was none",
            "there was nothing",
            "there were no",
            "there are no",
            "no",
            "none",
            "it has no",
            "they have no",
            "it is zero",
            "zero",
        ],
    )?;
    let end = scan.noun(j).map_or(j, |n| n.1);
    Some(scan.skip(
        end,
        &[
            "was", "were", "is", "are", "sold", "ordered", "happened", "placed", "made", "recorded", "at all", "that",
            "day", "came in", "on it", "happens",
        ],
    ))
}

/// `must appear with 0`, `as zero`, `count as zero`.
fn as_zero(scan: &Scan<'_>, at: usize) -> usize {
    let i = scan.skip(
        at,
        &[
            "must", "should", "shall", "have to", "need to", "are to", "also", "be", "appear", "show", "show up",
            "shown", "included", "count", "counted", "filled", "listed", "stay", "in", "too", "as well", "are", "get",
            ",",
        ],
    );
    let with = scan.any(i, &["with", "as", "by", "at"]).unwrap_or(i);
    let value = scan.any(scan.any(with, &["a"]).unwrap_or(with), ZERO);
    let end = value.or((i > at && scan.word(i - 1) != ",").then_some(i)).unwrap_or(at);
    scan.any(end, &["rows", "values", "orders", "row"]).filter(|_| value.is_some()).unwrap_or(end)
}
