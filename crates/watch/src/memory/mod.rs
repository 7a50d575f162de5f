//! A compact record of what was seen in logs, by day, in which values are looked up that nobody knew then.
//!
//! A record holds names and addresses under a random key of its own ([`Key`]): a name as 64 bits, for itself and for each domain above
//! it up to the one that was registered; an address veiled bit by bit, so that a network's addresses stay together and networks
//! can be looked up. It is a line `bongsu-seen 1`, the key, and runs ([`Run`]): the names or addresses of one day in order, each as
//! its difference from the one before. Runs are added at the end, so what breaks off costs the last one alone, and are merged
//! ([`merged`]) when there are many. Addresses that are not public are not recorded.
//!
//! The key lies in the record: it keeps records of two places apart, and names from whoever glances at a disk, but not from whoever
//! holds the file and tries names. A record is to be kept as the logs are.

mod form;
mod gather;
mod key;
mod lookup;
mod merge;

pub use form::{
    Damage, HEADER_BYTES, RUN_HEADER_BYTES, Run, RunHead, Runs, head, key_of, run_head, values_of,
};
pub use gather::Gathering;
pub use key::Key;
pub use lookup::{Hit, Lookup};
pub use merge::merged;

use stix::Timestamp;

/// Most values of a run.
pub const RUN_VALUES_MAX: usize = 1 << 20;

/// A day in UTC: how many lie between it and 1970-01-01.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(pub i32);

impl Day {
    /// The day on which an instant falls.
    #[must_use]
    pub fn of(at: Timestamp) -> Self {
        Self(i32::try_from(at.seconds().div_euclid(86_400)).unwrap_or(i32::MIN))
    }
}

impl std::fmt::Display for Day {
    /// `2026-11-28`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&Timestamp::from_micros(i64::from(self.0) * 86_400_000_000).date())
    }
}

/// What a run holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// Names, 64 bits each.
    Names,
    /// IPv4 addresses.
    Ipv4,
    /// IPv6 addresses.
    Ipv6,
}

impl Part {
    const ALL: [Self; 3] = [Self::Names, Self::Ipv4, Self::Ipv6];

    const fn code(self) -> u8 {
        self as u8
    }

    /// Bits of a value.
    const fn bits(self) -> u32 {
        match self {
            Self::Names => 64,
            Self::Ipv4 => 32,
            Self::Ipv6 => 128,
        }
    }
}
