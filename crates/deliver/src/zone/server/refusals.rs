//! What is logged of refusals: each stranger once in a while, and never so much that the log is the damage.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// Lines in each [`SPAN`]; of what comes beyond it, the next span's first line says how many there were.
const LINES_MAX: u32 = 20;
const SPAN: Duration = Duration::from_secs(10);

#[derive(Debug)]
struct Span {
    began: Instant,
    lines: u32,
    silent: u64,
}

/// Counts lines.
#[derive(Debug, Default)]
pub(super) struct Refusals(Mutex<Option<Span>>);

impl Refusals {
    /// Whether one more line may be written at `now`, and how many were not before it.
    fn admit(&self, now: Instant) -> Option<u64> {
        let mut span = self.0.lock();
        let current = span.get_or_insert(Span { began: now, lines: 0, silent: 0 });
        let silent = match now.duration_since(current.began) >= SPAN {
            true => std::mem::replace(current, Span { began: now, lines: 0, silent: 0 }).silent,
            false => 0,
        };
        if current.lines >= LINES_MAX {
            current.silent += 1;
            return None;
        }
        current.lines += 1;
        Some(silent)
    }

    /// Logs that `peer` was refused `what`.
    pub(super) fn log(&self, peer: IpAddr, what: &str, why: &str) {
        let Some(silent) = self.admit(Instant::now()) else { return };
        if silent > 0 {
            tracing::warn!("{silent} more DNS queries were refused before this one");
        }
        tracing::warn!(%peer, "refused: {what} by {peer}: {why}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_counted_and_not_written() {
        let (refusals, start) = (Refusals::default(), Instant::now());
        let written = (0..1_000).filter(|_| refusals.admit(start).is_some()).count();
        assert_eq!(written, 20);
        assert_eq!(refusals.admit(start + SPAN), Some(980));
        assert_eq!(refusals.admit(start + SPAN), Some(0));
    }
}
