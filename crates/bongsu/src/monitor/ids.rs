//! Names of requests: 128 bits in hexadecimal, as those of traces are, so that log, answer and trace say the same.
//!
//! They tell requests apart and are no secret: a counter, spread over all bits, after a random beginning.

use std::sync::atomic::{AtomicU64, Ordering};

/// Gives names.
pub(super) struct Ids {
    first: u64,
    next: AtomicU64,
}

impl Ids {
    /// From a random seed.
    pub(super) fn new(seed: [u8; 32]) -> Self {
        let half = |at: usize| {
            let bytes = seed.get(at..at + 8).and_then(|bytes| bytes.try_into().ok());
            u64::from_le_bytes(bytes.unwrap_or_default())
        };
        Self { first: half(0), next: AtomicU64::new(half(8)) }
    }

    /// The next name.
    pub(super) fn next(&self) -> String {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        // No name may be all zeroes: that is no trace (W3C Trace Context, 3.2.2.3).
        format!("{:016x}{:016x}", self.first | 1, spread(number))
    }
}

/// One number for one number. Source: the finaliser of SplitMix64 (Steele, Lea, Flood 2014).
const fn spread(number: u64) -> u64 {
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

#[cfg(test)]
mod tests {
    use super::Ids;
    use std::collections::BTreeSet;

    #[test]
    fn no_two_requests_have_one_name() {
        for seed in [[0; 32], [255; 32]] {
            let ids = Ids::new(seed);
            let names: BTreeSet<String> = (0..10_000).map(|_| ids.next()).collect();
            assert_eq!(names.len(), 10_000);
            assert!(names.iter().all(|name| name.len() == 32 && name.bytes().any(|byte| byte != b'0')));
        }
    }
}
