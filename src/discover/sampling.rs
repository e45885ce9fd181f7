//! Which rows of a table are looked at. The same table and the same seed give the same rows.

use crate::workspace::{Method, Profiling};

/// Rows that are looked at, where nothing else is said.
pub const SIZE: u64 = 100_000;
/// The seed, where none is said.
pub const SEED: u64 = 42;

/// What of a table is to be looked at. A table of at most `size` rows is looked at whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sampling {
    /// How rows are chosen.
    pub method: Method,
    /// Rows to look at, at most.
    pub size: u64,
    /// What the choice is drawn from.
    pub seed: u64,
    /// The column whose values are the strata, as the source calls it.
    pub by: Option<String>,
    /// Rows to choose from, at most: of a longer table only the first so many are read.
    pub max_rows: Option<u64>,
}

impl Default for Sampling {
    fn default() -> Self {
        Sampling { method: Method::default(), size: SIZE, seed: SEED, by: None, max_rows: None }
    }
}

impl From<&Profiling> for Sampling {
    fn from(said: &Profiling) -> Sampling {
        Sampling {
            method: said.method.unwrap_or_default(),
            size: said.size.unwrap_or(SIZE).max(1),
            seed: said.seed.unwrap_or(SEED),
            by: said.by.clone(),
            max_rows: said.max_rows,
        }
    }
}

/// Pseudo-random numbers by `SplitMix64` (Steele, Lea and Flood, 2014): whole numbers only, so they are the same on
/// every machine.
#[derive(Clone, Debug, PartialEq)]
pub struct Draw(u64);

impl Draw {
    /// Numbers that follow from `seed`.
    pub fn new(seed: u64) -> Draw {
        Draw(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mixed(self.0)
    }

    /// A number less than `end`; 0 for 0.
    pub fn below(&mut self, end: u64) -> u64 {
        // The upper half of the product; its bias is less than `end` / 2^64.
        u64::try_from((u128::from(self.next()) * u128::from(end)) >> 64).unwrap_or_default()
    }
}

/// Every bit of the result follows from every bit of `z`.
pub fn mixed(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Chooses among rows whose number is known, as they come by.
#[derive(Clone, Debug)]
pub struct Chooser {
    draw: Draw,
    /// A stratum each: rows to come, and how many of them are still wanted. One stratum where there are none.
    strata: Vec<(u64, u64)>,
    /// For every k-th row: rows, rows wanted, and the remainder that decides when the next one is due.
    every: Option<(u64, u64, u64)>,
    method: Method,
}

impl Chooser {
    /// Chooses among `rows`; by strata where `strata` has the rows of each.
    pub fn new(sampling: &Sampling, rows: u64, strata: &[u64]) -> Chooser {
        let size = sampling.size.min(rows);
        let mut draw = Draw::new(sampling.seed);
        // Strata that are too many for one row each are none.
        let stratified = sampling.method == Method::Stratified && strata.len() > 1 && strata.len() as u64 <= size;
        let method = match sampling.method {
            Method::Stratified if !stratified => Method::Reservoir,
            method => method,
        };
        let strata = if stratified { shares(strata, size) } else { vec![(rows, size)] };
        let every = (method == Method::Systematic).then(|| (rows, size, draw.below(rows)));
        Chooser { draw, strata, every, method }
    }

    /// How rows are chosen after all.
    pub fn method(&self) -> Method {
        self.method
    }

    /// Whether the next row, of that stratum, is looked at.
    pub fn takes(&mut self, stratum: usize) -> bool {
        if let Some((rows, size, due)) = &mut self.every {
            // As an evenly spaced line of pixels is drawn (Bresenham): `size` of `rows`, without gaps of uneven length.
            let sum = u128::from(*due) + u128::from(*size);
            let taken = *rows > 0 && sum >= u128::from(*rows);
            *due = u64::try_from(if taken { sum - u128::from(*rows) } else { sum }).unwrap_or_default();
            return taken;
        }
        let at = stratum.min(self.strata.len().saturating_sub(1));
        let Some((left, wanted)) = self.strata.get_mut(at) else { return false };
        if self.method == Method::First {
            let taken = *wanted > 0;
            *wanted = wanted.saturating_sub(1);
            return taken;
        }
        // Each row with the same chance, without replacement (selection sampling: Fan, Muller and Rezucha, 1962;
        // Knuth's algorithm S).
        let taken = self.draw.below(*left) < *wanted;
        *left = left.saturating_sub(1);
        *wanted -= u64::from(taken);
        taken
    }
}

/// Rows, and rows wanted, of each stratum: as many as its share, and at least one.
fn shares(strata: &[u64], size: u64) -> Vec<(u64, u64)> {
    let all: u128 = strata.iter().map(|n| u128::from(*n)).sum::<u128>().max(1);
    let share = |n: u64| u64::try_from(u128::from(n) * u128::from(size) / all).unwrap_or(n);
    let mut out: Vec<(u64, u64)> = strata.iter().map(|n| (*n, share(*n).max(1).min(*n))).collect();
    // What small strata got more than their share is taken from the largest.
    let mut over = out.iter().map(|(_, wanted)| wanted).sum::<u64>().saturating_sub(size);
    while over > 0 {
        let Some((_, largest)) = out.iter_mut().filter(|(_, wanted)| *wanted > 1).max_by_key(|(_, wanted)| *wanted)
        else {
            break;
        };
        let less = over.min((*largest).div_ceil(2)).min(*largest - 1);
        *largest -= less;
        over -= less;
    }
    out
}

/// So many of the things that come by, each with the same chance, where nobody knows how many will come (Vitter's
/// algorithm R, 1985).
#[derive(Clone, Debug, PartialEq)]
pub struct Reservoir<T> {
    draw: Draw,
    size: usize,
    seen: u64,
    kept: Vec<T>,
}

impl<T> Reservoir<T> {
    /// An empty one.
    pub fn new(size: usize, seed: u64) -> Reservoir<T> {
        Reservoir { draw: Draw::new(seed), size, seen: 0, kept: Vec::new() }
    }

    /// One more thing.
    pub fn see(&mut self, thing: T) {
        self.seen += 1;
        if self.kept.len() < self.size {
            self.kept.push(thing);
        } else if let Some(place) =
            usize::try_from(self.draw.below(self.seen)).ok().and_then(|at| self.kept.get_mut(at))
        {
            *place = thing;
        }
    }

    /// How many came by.
    pub fn seen(&self) -> u64 {
        self.seen
    }

    /// Those that were kept.
    pub fn kept(&self) -> &[T] {
        &self.kept
    }

    /// Those that were kept, in no order.
    pub fn into_kept(self) -> Vec<T> {
        self.kept
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(method: Method, size: u64, rows: u64, seed: u64) -> Vec<u64> {
        let mut chooser = Chooser::new(&Sampling { method, size, seed, ..Sampling::default() }, rows, &[]);
        (0..rows).filter(|_| chooser.takes(0)).collect()
    }

    #[test]
    fn each_method_takes_as_many_as_asked_and_the_same_again() {
        for method in [Method::Systematic, Method::Reservoir, Method::First] {
            for (size, rows) in [(10, 1000), (7, 1003), (1, 5), (999, 1000), (5, 5), (9, 3), (3, 0)] {
                let rows_taken = chosen(method, size, rows, 42);
                assert_eq!(rows_taken.len() as u64, size.min(rows), "{method:?} {size} of {rows}");
                assert_eq!(rows_taken, chosen(method, size, rows, 42));
            }
        }
        assert_ne!(chosen(Method::Reservoir, 10, 1000, 1), chosen(Method::Reservoir, 10, 1000, 2));
        assert_ne!(chosen(Method::Systematic, 10, 1000, 1), chosen(Method::Systematic, 10, 1000, 2));
        let gaps = chosen(Method::Systematic, 10, 1003, 42);
        assert!(gaps.windows(2).all(|w| (100..=101).contains(&(w[1] - w[0]))), "{gaps:?}");
    }

    #[test]
    fn every_row_has_the_same_chance() {
        let mut hits = [0_u32; 20];
        for seed in 0..2000 {
            for row in chosen(Method::Reservoir, 5, 20, seed) {
                hits[usize::try_from(row).unwrap_or(0)] += 1;
            }
        }
        // 500 is expected of each; six standard deviations are 116.
        assert!(hits.iter().all(|n| (384..=616).contains(n)), "{hits:?}");
        let mut kept = [0_u32; 20];
        for seed in 0..2000 {
            let mut reservoir = Reservoir::new(5, seed);
            (0..20).for_each(|n: usize| reservoir.see(n));
            assert_eq!((reservoir.seen(), reservoir.kept().len()), (20, 5));
            reservoir.into_kept().into_iter().for_each(|n| kept[n] += 1);
        }
        assert!(kept.iter().all(|n| (384..=616).contains(n)), "{kept:?}");
    }

    #[test]
    fn no_stratum_is_left_out() {
        let sampling = Sampling { method: Method::Stratified, size: 100, ..Sampling::default() };
        let strata = [9000, 900, 90, 9, 1];
        let mut chooser = Chooser::new(&sampling, 10_000, &strata);
        let mut taken = [0; 5];
        for (at, rows) in strata.iter().enumerate() {
            taken[at] = (0..*rows).filter(|_| chooser.takes(at)).count();
        }
        assert_eq!((taken, taken.iter().sum::<usize>()), ([88, 9, 1, 1, 1], 100));
        // Too many strata: each row has the same chance.
        assert_eq!(Chooser::new(&sampling, 1000, &[1; 1000]).method(), Method::Reservoir);
    }
}
