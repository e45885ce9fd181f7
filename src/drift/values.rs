//! How alike the values of two columns are, by their profiles.

use super::stats::number;
use crate::contract::{Column, ColumnProfile, Counted};

/// Likeness from 0 to 1, how much it tells from 0 to 1, and what it is made of; none where nothing tells.
pub(super) fn alike(was: &Column, now: &Column, samples: (u64, u64)) -> Option<(f64, f64, Vec<&'static str>)> {
    let mut parts: Vec<(&'static str, f64, f64)> = Vec::new();
    if let (Some(p), Some(q)) = (&was.profile, &now.profile) {
        profiles(p, q, samples, &mut parts);
    }
    let list = |c: &Column| if c.accepted_values.is_empty() { c.examples.clone() } else { c.accepted_values.clone() };
    let (a, b) = (list(was), list(now));
    if !a.is_empty() && !b.is_empty() && !parts.iter().any(|(what, ..)| *what == "values") {
        let both = a.iter().filter(|v| b.contains(v)).count();
        parts.push(("values", both as f64 / (a.len() + b.len() - both) as f64, 2.0));
    }
    let weight: f64 = parts.iter().map(|(_, _, w)| w).sum();
    if weight < 1.0 {
        return None;
    }
    let likeness = parts.iter().map(|(_, l, w)| l * w).sum::<f64>() / weight;
    // Flags and constants look alike without being the same.
    let few = [was, now].iter().filter_map(|c| c.profile.as_ref()).any(|p| p.distinct <= 2);
    let telling = (weight / 3.0).min(1.0) * if few { 0.4 } else { 1.0 };
    Some((likeness, telling, parts.iter().map(|(what, ..)| *what).collect()))
}

fn profiles(p: &ColumnProfile, q: &ColumnProfile, samples: (u64, u64), parts: &mut Vec<(&'static str, f64, f64)>) {
    let share = |count: u64, of: u64| count as f64 / of.max(1) as f64;
    let nulls = (share(p.nulls, samples.0) - share(q.nulls, samples.1)).abs();
    parts.push(("nulls", (1.0 - 4.0 * nulls).max(0.0), 0.5));
    if p.distinct > 0 && q.distinct > 0 {
        let filled = |p: &ColumnProfile, of: u64| share(p.distinct, of.saturating_sub(p.nulls));
        let (a, b) = (filled(p, samples.0), filled(q, samples.1));
        parts.push(("distinct values", a.min(b) / a.max(b).max(f64::MIN_POSITIVE), 0.5));
    }
    if let Some(quantiles) = quantiles(p, q) {
        parts.push(("quantiles", quantiles, 2.0));
    } else if let Some(values) = overlap(&p.top, &q.top) {
        parts.push(("values", values, 2.0));
    }
    if let Some(patterns) = overlap(&p.patterns, &q.patterns) {
        parts.push(("patterns", patterns, 0.75));
    }
    if let (Some(a), Some(b)) = (&p.lengths, &q.lengths) {
        let both = (a.max.min(b.max) + 1).saturating_sub(a.min.max(b.min));
        let any = a.max.max(b.max) + 1 - a.min.min(b.min);
        parts.push(("lengths", f64::from(both) / f64::from(any.max(1)), 0.5));
    }
}

/// How near smallest, largest and the quantiles between lie, over the range of both.
fn quantiles(p: &ColumnProfile, q: &ColumnProfile) -> Option<f64> {
    let points = |p: &ColumnProfile| -> Option<Vec<f64>> {
        let all = std::iter::once(p.min.as_deref()?)
            .chain(p.quantiles.iter().map(String::as_str))
            .chain([p.max.as_deref()?]);
        all.map(number).collect()
    };
    let (a, b) = (points(p)?, points(q)?);
    if a.len() != b.len() {
        return None;
    }
    let low = a.iter().chain(&b).copied().fold(f64::INFINITY, f64::min);
    let high = a.iter().chain(&b).copied().fold(f64::NEG_INFINITY, f64::max);
    if high <= low {
        return Some(1.0);
    }
    let apart = a.iter().zip(&b).map(|(x, y)| (x - y).abs() / (high - low)).sum::<f64>() / a.len() as f64;
    Some((1.0 - 3.0 * apart).max(0.0))
}

/// What two counts of values share.
fn overlap(a: &[Counted], b: &[Counted]) -> Option<f64> {
    let total = |all: &[Counted]| all.iter().map(|c| c.count).sum::<u64>() as f64;
    let (n, m) = (total(a), total(b));
    if n == 0.0 || m == 0.0 {
        return None;
    }
    let of = |all: &[Counted], value: &str| all.iter().find(|c| c.value == value).map_or(0, |c| c.count) as f64;
    Some(a.iter().map(|c| (c.count as f64 / n).min(of(b, &c.value) / m)).sum())
}
