//! How often a log-in may fail.
//!
//! Failures are counted per network (an IPv4 address, an IPv6 /64) in windows of a minute. Beyond the limit the
//! answer is 429 instead of 401. Right credentials are never refused: tokens are 256 random bits, so the
//! limit is there against load and noise, and must not let one caller lock out another behind the same
//! address. The table is bounded: when it is full of fresh entries, new networks are not counted.

use parking_lot::Mutex;
use std::collections::HashMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

/// Failures that a network may make in one window.
pub(super) const FAILURES_PER_WINDOW_MAX: u32 = 20;
/// Length of a window.
pub(super) const WINDOW: Duration = Duration::from_secs(60);
/// Networks that are remembered.
const NETWORKS_MAX: usize = 10_000;

/// Counts failed log-ins.
#[derive(Debug, Default)]
pub struct Failures {
    networks: Mutex<HashMap<IpAddr, Count>>,
}

#[derive(Debug, Clone, Copy)]
struct Count {
    since: Instant,
    failures: u32,
}

/// What to answer to a failed log-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Say that it failed.
    Answer,
    /// Say to come back later.
    Later {
        /// When the window ends.
        after: Duration,
    },
}

impl Failures {
    /// How long `peer` has to wait before a password of its is looked at: the work of that is not done for whoever guesses.
    /// This machine's own addresses are those of a proxy, behind which everybody is; accounts have locks of their own.
    pub(crate) fn wait(&self, peer: IpAddr, now: Instant) -> Option<Duration> {
        let count =
            *self.networks.lock().get(&network(peer)).filter(|_| !peer.to_canonical().is_loopback())?;
        let left = WINDOW.saturating_sub(now.saturating_duration_since(count.since));
        (count.failures >= FAILURES_PER_WINDOW_MAX && !left.is_zero()).then_some(left)
    }

    /// Counts a failure from `peer` at `now`.
    pub fn count(&self, peer: IpAddr, now: Instant) -> Verdict {
        let mut networks = self.networks.lock();
        if networks.len() >= NETWORKS_MAX {
            networks.retain(|_, count| now.duration_since(count.since) < WINDOW);
        }
        let full = networks.len() >= NETWORKS_MAX;
        let network = network(peer);
        if full && !networks.contains_key(&network) {
            return Verdict::Answer;
        }
        let count = networks.entry(network).or_insert(Count { since: now, failures: 0 });
        if now.duration_since(count.since) >= WINDOW {
            *count = Count { since: now, failures: 0 };
        }
        count.failures = count.failures.saturating_add(1);
        if count.failures <= FAILURES_PER_WINDOW_MAX {
            return Verdict::Answer;
        }
        Verdict::Later { after: WINDOW.saturating_sub(now.duration_since(count.since)) }
    }
}

/// The network that `peer` is counted with: an IPv6 host has a whole /64 to itself.
pub(super) fn network(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6((u128::from(address) & (u128::MAX << 64)).into()),
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use super::{FAILURES_PER_WINDOW_MAX, Failures, NETWORKS_MAX, Verdict, WINDOW};
    use std::net::{IpAddr, Ipv4Addr};
    use std::time::Instant;

    #[test]
    fn one_failure_too_many_waits_for_the_window_to_end() {
        let (failures, start) = (Failures::default(), Instant::now());
        let peer: IpAddr = "2001:db8::1".parse().unwrap();
        let neighbour: IpAddr = "2001:db8::ffff".parse().unwrap();
        for _ in 0..FAILURES_PER_WINDOW_MAX {
            assert_eq!(failures.count(peer, start), Verdict::Answer);
        }
        assert!(matches!(failures.count(neighbour, start), Verdict::Later { .. }));
        assert_eq!(failures.count("192.0.2.1".parse().unwrap(), start), Verdict::Answer);
        assert_eq!(failures.wait(neighbour, start), Some(WINDOW));
        assert_eq!(failures.wait(neighbour, start + WINDOW), None);
        assert_eq!(failures.wait("192.0.2.1".parse().unwrap(), start), None);
        assert_eq!(failures.count(peer, start + WINDOW), Verdict::Answer);
    }

    #[test]
    fn the_table_is_bounded() {
        let (failures, now) = (Failures::default(), Instant::now());
        for number in 0..u32::try_from(NETWORKS_MAX).unwrap() + 5 {
            failures.count(IpAddr::V4(Ipv4Addr::from(number)), now);
        }
        assert_eq!(failures.networks.lock().len(), NETWORKS_MAX);
    }
}
