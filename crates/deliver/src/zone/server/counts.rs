//! How many queries were answered how.

use std::sync::atomic::{AtomicU64, Ordering};

/// What a query got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answered {
    /// A whole zone.
    Whole,
    /// The difference since a serial.
    Difference,
    /// A serial alone.
    Serial,
    /// Nothing.
    Refused,
}

/// Counts since the start.
#[derive(Debug, Default)]
pub(super) struct Counts([AtomicU64; 4]);

impl Counts {
    pub(super) fn count(&self, answered: Answered) {
        self.0[answered as usize].fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn now(&self) -> [(&'static str, u64); 4] {
        let of = |answered: Answered| self.0[answered as usize].load(Ordering::Relaxed);
        [
            ("whole", of(Answered::Whole)),
            ("difference", of(Answered::Difference)),
            ("serial", of(Answered::Serial)),
            ("refused", of(Answered::Refused)),
        ]
    }
}
