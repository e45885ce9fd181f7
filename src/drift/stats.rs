//! How far values moved between two samples.

use crate::contract::ColumnProfile;

/// Below this a distribution is held to be the same; at [`MUCH`] and above another one. The usual thresholds of the
/// population stability index (Siddiqi, Credit Risk Scorecards, 2006).
pub(super) const SOME: f64 = 0.1;
/// See [`SOME`].
pub(super) const MUCH: f64 = 0.25;
/// The smallest share that a bin is given, so that an empty one does not make the index endless.
const FLOOR: f64 = 0.0001;
/// Samples smaller than this tell nothing.
const FEW: u64 = 50;

/// The population stability index of two lists of shares.
pub(super) fn psi(was: &[f64], now: &[f64]) -> f64 {
    was.iter().zip(now).map(|(e, a)| (e.max(FLOOR), a.max(FLOOR))).map(|(e, a)| (a - e) * (a / e).ln()).sum()
}

/// The index, and with how many bins it was taken; none where the profiles do not tell.
pub(super) fn shift(was: &ColumnProfile, now: &ColumnProfile, samples: (u64, u64)) -> Option<(f64, usize)> {
    let filled = |p: &ColumnProfile, sample: u64| sample.saturating_sub(p.nulls);
    let (n, m) = (filled(was, samples.0), filled(now, samples.1));
    if n < FEW || m < FEW {
        return None;
    }
    let (e, a) = counted(was, now, n, m).or_else(|| binned(was, now))?;
    let index = psi(&e, &a);
    // By chance alone it is about (bins - 1) (1/n + 1/m) (Yurdakul 2018): three times that is a shift.
    let chance = (e.len() as f64 - 1.0) * (1.0 / n as f64 + 1.0 / m as f64);
    Some((if index > 3.0 * chance { index } else { 0.0 }, e.len()))
}

/// Shares of the most frequent values, and of all others together; where they are most of the rows.
fn counted(was: &ColumnProfile, now: &ColumnProfile, n: u64, m: u64) -> Option<(Vec<f64>, Vec<f64>)> {
    let covers = |p: &ColumnProfile, of: u64| p.top.iter().map(|t| t.count).sum::<u64>() * 2 > of;
    if was.top.len() < 2 || !covers(was, n) || now.top.is_empty() {
        return None;
    }
    let share = |p: &ColumnProfile, value: &str, of: u64| {
        let count = p.top.iter().find(|t| t.value == value).map_or(0, |t| t.count);
        count as f64 / of.max(1) as f64
    };
    let mut e: Vec<f64> = was.top.iter().map(|t| share(was, &t.value, n)).collect();
    let mut a: Vec<f64> = was.top.iter().map(|t| share(now, &t.value, m)).collect();
    let rest = |all: &[f64]| (1.0 - all.iter().sum::<f64>()).max(0.0);
    let others = (rest(&e), rest(&a));
    e.push(others.0);
    a.push(others.1);
    Some((e, a))
}

/// Shares between the quantiles of before, each read off its own quantiles: where some fall together, alike for both.
fn binned(was: &ColumnProfile, now: &ColumnProfile) -> Option<(Vec<f64>, Vec<f64>)> {
    let mut edges: Vec<f64> = was.quantiles.iter().map(|q| number(q)).collect::<Option<_>>()?;
    if edges.len() != SHARES.len() {
        return None;
    }
    edges.dedup();
    let shares = |curve: &[(f64, f64)]| {
        let mut passed = 0.0;
        let mut out: Vec<f64> = Vec::with_capacity(edges.len() + 1);
        for edge in &edges {
            let below = at(curve, *edge);
            out.push(below - passed);
            passed = below;
        }
        out.push(1.0 - passed);
        out
    };
    Some((shares(&curve(was)?), shares(&curve(now)?)))
}

/// The shares that the quantiles of a profile stand for.
const SHARES: [f64; 5] = [0.05, 0.25, 0.5, 0.75, 0.95];

/// Points of the distribution: a value, and the share of rows up to it.
fn curve(profile: &ColumnProfile) -> Option<Vec<(f64, f64)>> {
    let mut points = vec![(number(profile.min.as_deref()?)?, 0.0)];
    for (quantile, share) in profile.quantiles.iter().zip(SHARES) {
        points.push((number(quantile)?, share));
    }
    points.push((number(profile.max.as_deref()?)?, 1.0));
    Some(points)
}

/// The share of rows up to `x`, straight between the points.
fn at(curve: &[(f64, f64)], x: f64) -> f64 {
    let Some(after) = curve.iter().rposition(|(value, _)| *value <= x) else { return 0.0 };
    let (v, s) = curve[after];
    match curve.get(after + 1) {
        Some((w, t)) if w > &v => s + (t - s) * ((x - v) / (w - v)).clamp(0.0, 1.0),
        _ => s,
    }
}

/// The change of the share of nulls in points, where it is more than chance (z of two shares above 3) and at least five.
pub(super) fn nulls(was: &ColumnProfile, now: &ColumnProfile, samples: (u64, u64)) -> Option<(f64, f64)> {
    let (n, m) = (samples.0 as f64, samples.1 as f64);
    if samples.0 < FEW || samples.1 < FEW {
        return None;
    }
    let (p, q) = (was.nulls as f64 / n, now.nulls as f64 / m);
    let pooled = (was.nulls + now.nulls) as f64 / (n + m);
    let error = (pooled * (1.0 - pooled) * (1.0 / n + 1.0 / m)).sqrt();
    let moved = (q - p).abs();
    (moved >= 0.05 && error > 0.0 && moved / error > 3.0).then_some((p, q))
}

/// A number, or a moment in seconds.
pub(super) fn number(text: &str) -> Option<f64> {
    let text = text.trim();
    if let Ok(number) = text.parse::<f64>() {
        return Some(number).filter(|n| n.is_finite());
    }
    if let Ok(moment) = text.parse::<jiff::Timestamp>() {
        return Some(moment.as_second() as f64);
    }
    let civil = text.parse::<jiff::civil::DateTime>().ok()?;
    let zoned = civil.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    Some(zoned.timestamp().as_second() as f64)
}
