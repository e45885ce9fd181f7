//! Rows that are counted because they are the subject beside a measure: `orders and revenue per day`.

use crate::requirement::piece::{Filter, Kind, Measure, Piece, What};
use crate::requirement::scan::Scan;

use super::{functions, group, measure};

/// Reads the subject where what follows it is computed too.
pub fn read<'a>(scan: &Scan<'a>, at: usize, before: &[Piece<'a>]) -> Option<Piece<'a>> {
    let nothing_yet = before.iter().all(|p| {
        matches!(
            p.kind,
            Kind::Filler | Kind::Build | Kind::Artifact { .. } | Kind::Group(_) | Kind::Schedule(_) | Kind::Filter(_)
        )
    });
    let led = at > 0 && matches!(scan.word(at - 1), "of" | "for" | "in" | "from" | "on" | "by" | "per" | "with");
    if !nothing_yet || led {
        return None;
    }
    let (mut noun, end) = scan.noun(at).filter(|n| !n.0.hits.tables.is_empty())?;
    let grouped =
        group::read(scan, end, &[]).filter(|p| matches!(p.kind, Kind::Group(_))).map_or(end, |p| p.tokens.end);
    let next = scan.article(scan.any(grouped, &[", and", "and", ",", "plus", "as well as", "along with", "&"])?);
    let computed = functions::read(scan, next, &[])
        .or_else(|| measure::read(scan, next, &[]))
        .is_some_and(|p| matches!(&p.kind, Kind::Measure(m) if !matches!(m.what, What::Count { .. } | What::Rows)));
    let number = || {
        scan.noun(next).is_some_and(|(n, _)| {
            n.hits.tables.is_empty() && n.hits.columns.iter().all(|c| c.column.data_type.is_numeric())
        })
    };
    if !computed && !number() {
        return None;
    }
    // `cancelled subscriptions and …`: all of it is of those.
    if let Some(last) = noun.values.last() {
        let end = last.tokens.end;
        let values = std::mem::take(&mut noun.values);
        noun.tokens.start = end;
        return Some(Piece {
            tokens: at..end,
            kind: Kind::Filter(Filter::Values { negative: false, values, noun: Some(noun) }),
        });
    }
    let measure = Measure { what: What::Count { noun, distinct: false, active: false }, values: Vec::new() };
    Some(Piece { tokens: at..end, kind: Kind::Measure(measure) })
}
