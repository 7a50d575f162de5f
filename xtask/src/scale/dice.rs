//! Chance that is the same in each run.

/// A row of numbers that looks drawn by chance (splitmix64).
#[derive(Debug, Clone)]
pub(super) struct Dice(u64);

impl Dice {
    pub(super) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From 0 up to, and without, 1.
    pub(super) fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A number below another.
    pub(super) fn below(&mut self, end: usize) -> usize {
        (self.unit() * end as f64) as usize
    }

    /// Until something happens that happens so often in a second on average.
    pub(super) fn wait(&mut self, per_s: f64) -> f64 {
        -(1.0 - self.unit()).ln() / per_s
    }

    /// How many objects come at once: half of the times one, else twenty or more, and now and then very many (Pareto).
    pub(super) fn batch(&mut self, most: f64) -> f64 {
        if self.unit() < 0.5 {
            return 1.0;
        }
        // An exponent of 1.1: most objects come in large batches.
        (20.0 * (1.0 - self.unit()).powf(-1.0 / 1.1)).min(most).floor()
    }

    pub(super) fn shuffle<T>(&mut self, all: &mut [T]) {
        for at in (1..all.len()).rev() {
            all.swap(at, self.below(at + 1));
        }
    }
}
