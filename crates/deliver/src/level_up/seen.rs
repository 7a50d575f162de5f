//! What an alert says that it saw.

use std::fmt;

/// An alert about the test entry, as a sensor wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// The sensor's kind: `suricata` or `zeek`.
    pub sensor: &'static str,
    /// The name that it saw.
    pub name: String,
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} saw {}", self.sensor, self.name)
    }
}
