//! How fast one credential, and one address, may ask: also where everything that it asks is right.
//!
//! Each has a rate and may save up what it does not use for two seconds (the generic cell rate algorithm: one number for each, the
//! time at which its savings are whole again; ITU-T I.371, annex A.1). Beyond it the answer is 429 with the time to wait. A
//! credential is counted wherever it is shown; a person by all its sessions together. Addresses are counted per network, as failed
//! log-ins are; this machine's own are those of a proxy, behind which everybody is, and are not counted. The tables are
//! bounded: what does not fit into a full one is not counted, which 64 tables of 4,096 make unlikely.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use uuid::Uuid;

use super::limit::network;

/// For how long what is not used is saved.
const SAVED: Duration = Duration::from_secs(2);
const TABLES: usize = 64;
/// Of one table.
const KEYS_MAX: usize = 4_096;

/// Requests per second; 0 is no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Paces {
    /// Of one credential, or one person.
    pub credential_per_s: u32,
    /// Of one address: an IPv4 address, or an IPv6 /64.
    pub address_per_s: u32,
}

impl Default for Paces {
    fn default() -> Self {
        Self { credential_per_s: 5_000, address_per_s: 10_000 }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Key {
    Holder(Uuid),
    Network(IpAddr),
}

/// Counts requests.
#[derive(Debug)]
pub struct Pace {
    paces: Paces,
    start: Instant,
    hash: RandomState,
    /// For each key: when its savings are whole again, in nanoseconds since the start.
    tables: Vec<Mutex<HashMap<Key, u64>>>,
    refused: AtomicU64,
    told: AtomicU64,
}

impl Pace {
    /// Nothing counted so far.
    #[must_use]
    pub fn new(paces: Paces) -> Self {
        let (refused, told) = (AtomicU64::new(0), AtomicU64::new(0));
        let tables = (0..TABLES).map(|_| Mutex::default()).collect();
        Self { paces, start: Instant::now(), hash: RandomState::new(), tables, refused, told }
    }

    /// Counts a request of this holder from `peer`. Gives the time to wait if it is one too many; it is not counted then.
    pub(crate) fn ask(&self, holder: Option<Uuid>, peer: IpAddr, now: Instant) -> Option<Duration> {
        let Paces { credential_per_s, address_per_s } = self.paces;
        let by_holder = holder.and_then(|holder| self.count(Key::Holder(holder), credential_per_s, now));
        let by_network = || {
            let counts = !peer.to_canonical().is_loopback();
            if counts { self.count(Key::Network(network(peer)), address_per_s, now) } else { None }
        };
        let wait = by_holder.or_else(by_network)?;
        self.note(now);
        Some(wait)
    }

    /// Requests that were refused since the start.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    fn count(&self, key: Key, per_s: u32, now: Instant) -> Option<Duration> {
        if per_s == 0 {
            return None;
        }
        let now = nanos(now.saturating_duration_since(self.start));
        let (step, saved) = (1_000_000_000 / u64::from(per_s), nanos(SAVED));
        let table = usize::try_from(self.hash.hash_one(key)).unwrap_or_default() % TABLES;
        let mut table = self.tables.get(table)?.lock();
        let known = table.get(&key).copied();
        let whole = known.unwrap_or_default().max(now);
        if whole.saturating_add(step) > now.saturating_add(saved) {
            return Some(Duration::from_nanos(whole.saturating_add(step) - now.saturating_add(saved)));
        }
        if known.is_none() && table.len() >= KEYS_MAX {
            table.retain(|_, whole| *whole > now);
            if table.len() >= KEYS_MAX {
                return None;
            }
        }
        table.insert(key, whole + step);
        None
    }

    /// Tells of what was refused, in the log, at most once a minute.
    fn note(&self, now: Instant) {
        let refused = self.refused.fetch_add(1, Ordering::Relaxed) + 1;
        let minute = now.saturating_duration_since(self.start).as_secs() / 60 + 1;
        if self.told.swap(minute, Ordering::Relaxed) < minute {
            tracing::warn!(
                refused,
                "requests come faster than the limits allow; {refused} were refused since the start"
            );
        }
    }
}

impl Default for Pace {
    fn default() -> Self {
        Self::new(Paces::default())
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::{KEYS_MAX, Pace, Paces, SAVED, TABLES};
    use proptest::prelude::*;
    use std::net::{IpAddr, Ipv4Addr};
    use std::time::{Duration, Instant};
    use uuid::Uuid;

    const FAR: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
    const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    fn pace(credential_per_s: u32, address_per_s: u32) -> (Pace, Instant) {
        (Pace::new(Paces { credential_per_s, address_per_s }), Instant::now())
    }

    fn passed(pace: &Pace, holder: Option<u128>, peer: IpAddr, times: u32, now: Instant) -> u32 {
        let asked = (0..times).filter(|_| pace.ask(holder.map(Uuid::from_u128), peer, now).is_none());
        u32::try_from(asked.count()).unwrap()
    }

    #[test]
    fn a_credential_has_its_rate_and_takes_nobody_elses() {
        let (pace, now) = pace(10, 0);
        assert_eq!(passed(&pace, Some(1), FAR, 100, now), 20, "two seconds' worth at once");
        assert_eq!(passed(&pace, Some(2), FAR, 5, now), 5);
        let wait = pace.ask(Some(Uuid::from_u128(1)), FAR, now).unwrap();
        assert!(wait <= Duration::from_millis(100), "{wait:?}");
        assert_eq!(pace.ask(Some(Uuid::from_u128(1)), FAR, now + wait), None);
        assert_eq!(passed(&pace, Some(1), FAR, 100, now + wait + Duration::from_secs(60)), 20);
        assert!(pace.refused() > 80);
    }

    #[test]
    fn an_address_has_its_rate_but_a_proxy_on_this_machine() {
        let (pace, now) = pace(0, 10);
        assert_eq!(passed(&pace, Some(1), FAR, 15, now) + passed(&pace, Some(2), FAR, 15, now), 20);
        assert_eq!(passed(&pace, None, HERE, 1_000, now), 1_000);
        let (one, neighbour) = ("2001:db8::1".parse().unwrap(), "2001:db8::ffff".parse().unwrap());
        assert_eq!(passed(&pace, None, one, 15, now) + passed(&pace, None, neighbour, 15, now), 20);
    }

    #[test]
    fn nothing_is_counted_without_limits_and_the_tables_are_bounded() {
        let (free, now) = pace(0, 0);
        assert_eq!(passed(&free, Some(1), FAR, 10_000, now), 10_000);
        assert!(free.tables.iter().all(|table| table.lock().is_empty()));
        let (pace, now) = pace(1, 0);
        for number in 0..TABLES * KEYS_MAX + 5_000 {
            pace.ask(Some(Uuid::from_u128(number as u128)), HERE, now);
        }
        assert!(pace.tables.iter().all(|table| table.lock().len() <= KEYS_MAX));
    }

    proptest! {
        /// However requests come, no more pass in a time than its rate allows, and what was saved before it.
        #[test]
        fn no_more_pass_than_the_rate_and_the_savings(
            per_s in 1_u32..2_000,
            gaps in prop::collection::vec(0_u64..20_000_000, 1..400),
        ) {
            let (pace, start) = pace(per_s, 0);
            let (mut now, mut passed) = (start, 0_u64);
            for gap in gaps {
                now += Duration::from_nanos(gap);
                passed += u64::from(pace.ask(Some(Uuid::from_u128(1)), HERE, now).is_none());
                let time = (now - start) + SAVED;
                let most = time.as_nanos() / u128::from(1_000_000_000 / per_s) + 1;
                prop_assert!(u128::from(passed) <= most, "{passed} in {time:?}");
            }
        }
    }
}
