//! Least, greatest and quantiles of numbers, and how many lie far outside.

use crate::discover::sampling::{Reservoir, SEED};

/// Numbers that quantiles are taken of; of more, so many of them with the same chance each.
const KEPT: usize = 10_000;

/// Numbers as they come by.
#[derive(Clone, Debug, PartialEq)]
pub struct Spread {
    integers: Option<(i64, i64)>,
    reals: Option<(f64, f64)>,
    kept: Reservoir<f64>,
}

/// What they tell.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// Least and greatest whole number.
    pub integers: Option<(i64, i64)>,
    /// Least and greatest other number.
    pub reals: Option<(f64, f64)>,
    /// Numbers at 5, 25, 50, 75 and 95 %, each one that was seen (the inverse of the empirical distribution, type 1 of
    /// Hyndman and Fan, 1996).
    pub quantiles: [f64; 5],
    /// Numbers below Q1 − 1.5·IQR or above Q3 + 1.5·IQR (Tukey, 1977); none where the middle half is one number.
    pub outliers: u64,
}

impl Default for Spread {
    fn default() -> Spread {
        Spread { integers: None, reals: None, kept: Reservoir::new(KEPT, SEED) }
    }
}

impl Spread {
    /// One more whole number.
    pub fn integer(&mut self, n: i64) {
        self.integers = Some(self.integers.map_or((n, n), |(least, most)| (least.min(n), most.max(n))));
        #[allow(clippy::cast_precision_loss)] // of quantiles beyond 2^53, the last digits
        self.kept.see(n as f64);
    }

    /// One more number.
    pub fn real(&mut self, n: f64) {
        if n.is_finite() {
            self.reals = Some(self.reals.map_or((n, n), |(least, most)| (least.min(n), most.max(n))));
            self.kept.see(n);
        }
    }

    /// One more number, if it is one.
    pub fn reals(&mut self, n: Option<f64>) {
        n.into_iter().for_each(|n| self.real(n));
    }

    #[cfg(test)]
    pub fn held(&self) -> usize {
        self.kept.kept().len()
    }

    /// What they tell; none where there were none.
    pub fn summary(self) -> Option<Summary> {
        let seen = self.kept.seen();
        let mut kept = self.kept.into_kept();
        kept.sort_by(f64::total_cmp);
        // The number at the rank ⌈p·n⌉, from 1.
        let at = |percent: usize| kept.get((percent * kept.len()).div_ceil(100).max(1) - 1).copied();
        let quantiles = [at(5)?, at(25)?, at(50)?, at(75)?, at(95)?];
        let (low, high) = (quantiles[1], quantiles[3]);
        let reach = 1.5 * (high - low);
        let far = |n: &&f64| reach > 0.0 && (**n < low - reach || **n > high + reach);
        let outliers = kept.iter().filter(far).count() as u128 * u128::from(seen) / (kept.len() as u128).max(1);
        let outliers = u64::try_from(outliers).unwrap_or(u64::MAX);
        Some(Summary { integers: self.integers, reals: self.reals, quantiles, outliers })
    }
}
