//! Which values are found most.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;

use super::distinct::Same;

/// A value of any kind.
#[derive(Clone, Debug, PartialEq, PartialOrd)]
pub enum Value {
    /// A whole number.
    Integer(i64),
    /// Another number.
    Real(f64),
    /// A short text.
    Text(String),
    /// A text that is too long to be kept.
    Long,
}

/// Counts of values: exact while there are few, else those that are found most, each counted too low by at most the
/// rows divided by the counters (Misra and Gries, 1982).
#[derive(Clone, Debug, PartialEq)]
pub struct Frequent<T> {
    counts: HashMap<u64, (u64, T), BuildHasherDefault<Same>>,
    counters: usize,
    exact: bool,
}

impl<T: Clone + PartialOrd> Frequent<T> {
    /// With so many counters.
    pub fn new(counters: usize) -> Frequent<T> {
        Frequent { counts: HashMap::default(), counters, exact: true }
    }

    /// One more value, by its hash.
    pub fn see(&mut self, hash: u64, value: impl FnOnce() -> T) {
        if let Some((count, _)) = self.counts.get_mut(&hash) {
            *count += 1;
        } else if self.counts.len() < self.counters {
            self.counts.insert(hash, (1, value()));
        } else {
            self.exact = false;
            self.counts.retain(|_, (count, _)| {
                *count -= 1;
                *count > 0
            });
        }
    }

    #[cfg(test)]
    pub fn held(&self) -> usize {
        self.counts.len()
    }

    /// Whether nothing was lost.
    pub fn is_exact(&self) -> bool {
        self.exact
    }

    /// All that were counted, most first, those of the same count in their order.
    pub fn most(self) -> Vec<(T, u64)> {
        let mut all: Vec<(T, u64)> = self.counts.into_values().map(|(count, value)| (value, count)).collect();
        let order = |a: &T, b: &T| a.partial_cmp(b).unwrap_or(std::cmp::Ordering::Equal);
        all.sort_by(|(a, m), (b, n)| n.cmp(m).then_with(|| order(a, b)));
        // Of many that are rare, the first ones are as good as all.
        all.truncate(200);
        all
    }
}
