//! Fingerprints: two expressions have the same where they are the same once names are resolved, whatever their
//! aliases, brackets, case, comments and the CTEs between. The same on every machine and in every run.

const A: u64 = 0x9e37_79b9_7f4a_7c15;
const B: u64 = 0xd6e8_feb8_6659_fd93;

/// A fingerprint that grows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Print(u64);

impl Print {
    /// One that begins with what it is of.
    pub fn of(what: &str) -> Print {
        Print(fingerprint(what))
    }

    /// With a part more; the order matters.
    pub fn with(self, part: u64) -> Print {
        Print(mix(self.0 ^ A, part ^ B))
    }

    /// With a text more.
    pub fn text(self, text: &str) -> Print {
        self.with(fingerprint(text))
    }

    /// With parts more, in this order.
    pub fn all(self, parts: impl IntoIterator<Item = u64>) -> Print {
        parts.into_iter().fold(self, Print::with)
    }

    /// With parts more, in any order.
    pub fn set(self, parts: impl IntoIterator<Item = u64>) -> Print {
        let mut parts: Vec<u64> = parts.into_iter().collect();
        parts.sort_unstable();
        parts.dedup();
        self.all(parts)
    }

    /// What it has come to; never 0, which stands for nothing known.
    pub fn done(self) -> u64 {
        self.0.max(1)
    }
}

fn mix(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    let folded = (product as u64) ^ ((product >> 64) as u64);
    // A factor of 0 must not swallow the other.
    folded ^ a.rotate_left(23) ^ b.rotate_left(41)
}

/// The fingerprint of a text as it is.
pub fn fingerprint(text: &str) -> u64 {
    let mut out = B ^ text.len() as u64;
    for chunk in text.as_bytes().chunks(8) {
        let mut bytes = [0; 8];
        bytes[..chunk.len()].copy_from_slice(chunk);
        out = mix(out ^ A, u64::from_le_bytes(bytes) ^ B);
    }
    out
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn different_things_have_different_fingerprints() {
        let texts: Vec<String> = (0..20_000).map(|i| format!("{i}")).collect();
        let prints: BTreeSet<u64> = texts.iter().map(|t| fingerprint(t)).collect();
        assert_eq!(prints.len(), texts.len());
        let pairs = (0..150u64).flat_map(|a| (0..150u64).map(move |b| Print::of("x").with(a).with(b).done()));
        assert_eq!(pairs.collect::<BTreeSet<_>>().len(), 150 * 150);
        assert_eq!(Print::of("x").set([1, 2]).done(), Print::of("x").set([2, 1]).done());
    }
}
